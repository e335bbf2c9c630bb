"""ComparisonDisplay: one row per estimator, the best on top."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from skdl.inspection import ComparisonDisplay
from skdl.model_selection import Comparison

mpl.use("Agg")
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_comparison(**scores):
    rows = [
        {
            "estimator": name, "fold": fold, "metric": metric, "score": sign * score,
            "fit_seconds": 0.1, "predict_seconds": 0.1, "n_train": 9, "n_test": 3,
            "device": "cpu", "error": "ValueError: bad" if np.isnan(score) else "",
        }
        for name, folds in scores.items()
        for metric, sign in (("r2", 1), ("opposite", -1))
        for fold, score in enumerate(folds)
    ]  # fmt: skip
    return Comparison(pd.DataFrame(rows), [])


@pytest.fixture
def comparison():
    return make_comparison(
        middle=[0.5, 0.6, 0.7],
        best=[0.7, 0.8, 0.9],
        failed=[0.9, np.nan, 0.9],
        last=[0.3, 0.4, 0.6],
    )


def labels(display):
    """Return the estimators from top to bottom, as they are seen."""
    ticks = [(tick.get_position()[1], tick.get_text()) for tick in display.ax_.get_yticklabels()]
    bottom, top = display.ax_.get_ylim()
    return [text for _, text in sorted(ticks, reverse=bool(top > bottom))]


def test_best_on_top_and_failed_at_the_bottom(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    assert labels(display) == ["best", "middle", "last", "failed"]
    assert [text.get_text() for text in display.ax_.texts] == ["raised an error"]
    assert display.ax_.get_xlabel() == "r2 of each fold (diamond: mean)"
    assert display.figure_ is display.ax_.figure


def test_another_metric_has_its_own_order(comparison):
    display = ComparisonDisplay.from_comparison(comparison, metric="opposite")
    assert labels(display) == ["last", "middle", "best", "failed"]
    with pytest.raises(ValueError, match=r"one of \['r2', 'opposite'\], got 'mse'"):
        ComparisonDisplay.from_comparison(comparison, metric="mse")


def test_draws_on_given_axes_and_again(comparison):
    _, (left, right) = plt.subplots(1, 2)
    display = ComparisonDisplay.from_comparison(comparison, ax=left)
    assert display.ax_ is left
    assert display.plot(ax=right) is display
    assert display.ax_ is right
    assert len(left.collections) == len(right.collections) == 2 * 3  # folds and mean of each


def test_every_fold_is_a_dot(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    np.testing.assert_allclose(display.ax_.collections[0].get_offsets()[:, 0], [0.7, 0.8, 0.9])
    np.testing.assert_allclose(display.ax_.collections[1].get_offsets()[:, 0], [0.8])


def test_scores_far_off_are_told_and_do_not_squeeze_the_others():
    display = ComparisonDisplay.from_comparison(
        make_comparison(good=[0.7, 0.8], fair=[0.6, 0.7], off=[-4000.0, -5000.0])
    )
    assert display.ax_.get_xlim()[0] > -1
    (text,) = display.ax_.texts
    assert "mean -4.5e+03, off the axis" in text.get_text()


@pytest.mark.parametrize(
    "scores",
    [{"a": [0.5, 0.5], "b": [0.5, 0.5]}, {"a": [np.nan]}, {"a": [1.0]}, {"a": [-2.0, -9.0]}],
    ids=["equal", "all failed", "one fold", "one estimator"],
)
def test_edge_cases_draw_without_warnings(scores):
    display = ComparisonDisplay.from_comparison(make_comparison(**scores))
    display.figure_.canvas.draw()
    low, high = display.ax_.get_xlim()
    assert low < high


def test_missing_matplotlib_names_the_extra(comparison, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match=r'pip install "skdl\[plot\]"'):
        ComparisonDisplay.from_comparison(comparison)
