"""FitHistoryDisplay: the losses of a fit by epoch, and the epoch whose weights were kept."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import make_sequences
from skdl.estimators import LSTMClassifier, LSTMRegressor, Ridge
from skdl.inspection import FitHistoryDisplay
from skdl.preprocessing import Encoder

mpl.use("Agg")
from matplotlib import pyplot as plt

SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0, "device": "cpu"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    return make_sequences(60, n_steps=8, random_state=0)


@pytest.fixture(scope="module")
def regressor(data):
    return LSTMRegressor(**SMALL).fit(*data)


def make_display(train, valid=np.nan, lr=1e-3, best_epoch=1):
    history = {"train_loss": train, "valid_loss": valid, "lr": lr}
    history = pd.DataFrame({"epoch": np.arange(1, len(train) + 1), **history})
    return FitHistoryDisplay(history=history, best_epoch=best_epoch)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def diamonds(display):
    return [line for line in display.ax_.get_lines() if line.get_marker() == "D"]


def test_draws_the_history_of_a_fit(regressor):
    display = FitHistoryDisplay.from_estimator(regressor)
    history = regressor.history_
    for name in ("train_loss", "valid_loss"):
        np.testing.assert_array_equal(display.lines_[name].get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), history[name])
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "loss"
    assert display.figure_ is display.ax_.figure
    assert display.lr_ax_ is None
    kept = f"epoch {display.best_epoch}" if display.best_epoch else "the start"
    assert legend(display) == ["training", "validation", f"weights kept: {kept}"]
    assert display.best_epoch == regressor.best_epoch_
    assert list(display.lines_["best_epoch"].get_xdata()) == [regressor.best_epoch_] * 2


def test_without_validation(data):
    display = FitHistoryDisplay.from_estimator(
        LSTMRegressor(**SMALL, early_stopping=False).fit(*data)
    )
    assert legend(display) == ["training", "weights kept: epoch 3"]
    (diamond,) = diamonds(display)
    np.testing.assert_array_equal(diamond.get_ydata(), display.history["train_loss"][2:])
    assert same_color(diamond.get_color(), display.lines_["train_loss"].get_color())


def test_finds_the_estimator_inside_of_others(data, regressor):
    X, y = data
    search = GridSearchCV(LSTMRegressor(**SMALL), {"lr": [1e-3]}, cv=2)
    inside = [
        FrozenEstimator(regressor),
        make_pipeline(StandardScaler(), FrozenEstimator(regressor)).fit(X, y),
        search.fit(X, y),
        make_pipeline(StandardScaler(), search).fit(X, y),
        TransformedTargetRegressor(LSTMRegressor(**SMALL)).fit(X, y),
        Encoder(LSTMRegressor(**SMALL)).fit(X, y),
    ]
    for estimator in inside:
        display = FitHistoryDisplay.from_estimator(estimator)
        assert len(display.history) == 3
        plt.close(display.figure_)
    found = FitHistoryDisplay.from_estimator(search)
    np.testing.assert_array_equal(found.history, search.best_estimator_.history_)


def test_the_best_epoch_is_marked_where_it_was_chosen():
    display = make_display([3.0, 2, 1], [3.0, 1.5, 2], best_epoch=2).plot()
    (diamond,) = diamonds(display)
    np.testing.assert_array_equal(diamond.get_xydata(), [[2, 1.5]])
    assert same_color(diamond.get_color(), display.lines_["valid_loss"].get_color())


def test_the_start_is_the_best_epoch_where_training_only_did_harm():
    display = make_display([3.0, 2, 1], [3.0, 4, 5], best_epoch=0).plot()
    assert legend(display)[-1] == "weights kept: the start"
    assert list(display.lines_["best_epoch"].get_xdata()) == [0, 0]
    assert display.ax_.get_xlim()[0] < 0
    assert all(len(diamond.get_xdata()) == 0 for diamond in diamonds(display))


def test_the_learning_rate_is_drawn_where_it_varies():
    assert make_display([2.0, 1]).plot().lr_ax_ is None
    display = make_display([2.0, 1], lr=[1e-3, 1e-4]).plot()
    assert display.lr_ax_ is not display.ax_
    assert display.lr_ax_.get_ylabel() == "learning rate"
    assert display.lr_ax_.get_zorder() < display.ax_.get_zorder()
    assert "learning rate" in legend(display)
    np.testing.assert_array_equal(display.lines_["lr"].get_ydata(), [1e-3, 1e-4])
    assert display.plot(learning_rate=False).lr_ax_ is None
    assert "lr" not in display.lines_
    assert make_display([2.0, 1]).plot(learning_rate=True).lr_ax_ is not None


def test_a_schedule_of_an_estimator_is_drawn(data):
    X, _ = data
    classifier = LSTMClassifier(**SMALL).fit(X, np.arange(60) % 2)  # cosine by default
    assert FitHistoryDisplay.from_estimator(classifier).lr_ax_ is not None
    assert FitHistoryDisplay.from_estimator(classifier, learning_rate=False).lr_ax_ is None


@pytest.mark.parametrize(
    ("train", "valid", "scale"),
    [
        ([1.0, 0.5, 0.02], np.nan, "linear"),
        ([1.0, 0.5, 0.005], np.nan, "log"),
        ([1.0, 0.5, 0.4], [1.0, 1e3, 1.0], "log"),
        ([1.0, 0.0, 0.005], np.nan, "log"),
        ([1.0, 0.0, 0.5], np.nan, "linear"),
        ([1.0, -0.1, 0.005], np.nan, "linear"),
        ([0.0, 0.0, 0.0], np.nan, "linear"),
        ([1.0, 0.5, np.inf], np.nan, "linear"),
    ],
)
def test_the_scale_is_logarithmic_beyond_two_decades(train, valid, scale):
    display = make_display(train, valid).plot()
    assert display.ax_.get_yscale() == scale
    display.figure_.canvas.draw()
    assert display.plot(log_scale=False).ax_.get_yscale() == "linear"


def test_the_scale_can_be_chosen():
    assert make_display([2.0, 1]).plot(log_scale=True).ax_.get_yscale() == "log"
    for train in ([1.0, -0.5], [0.0, 0.0], [np.nan, np.nan]):
        with pytest.raises(ValueError, match=r"log_scale=True needs losses above zero.* got .* to"):
            make_display(train).plot(log_scale=True)


@pytest.mark.parametrize(
    ("train", "valid"),
    [([0.5], np.nan), ([0.5], [0.4]), ([1.0, np.nan], [1.0, np.nan]), ([1.0] * 500, 1.0)],
    ids=["one epoch", "one epoch with validation", "diverged", "long and flat"],
)
@pytest.mark.parametrize("learning_rate", [True, "auto"])
def test_edge_cases_draw_without_warnings(train, valid, learning_rate):
    display = make_display(train, valid).plot(learning_rate=learning_rate)
    display.figure_.canvas.draw()
    ticks = [tick for tick in display.ax_.get_xticks() if tick <= len(train)]
    assert all(float(tick).is_integer() for tick in ticks)
    low, high = display.ax_.get_xlim()
    assert low < 0 < len(train) < high


def test_single_epochs_can_be_seen():
    assert make_display([0.5]).plot().lines_["train_loss"].get_marker() == "o"
    assert not make_display([0.5] * 100).plot().lines_["train_loss"].get_marker()


def test_draws_on_given_axes_and_again(regressor):
    _, (left, right) = plt.subplots(1, 2)
    display = FitHistoryDisplay.from_estimator(regressor, ax=left)
    assert display.ax_ is left
    assert display.plot(ax=right) is display
    assert display.ax_ is right
    assert len(left.lines) == len(right.lines)


@pytest.mark.parametrize("name", ["log_scale", "learning_rate"])
def test_bad_options_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be True, False or \"auto\", got 'yes'"):
        make_display([1.0]).plot(**{name: "yes"})
    assert plt.get_fignums() == []


def test_estimators_that_are_not_fitted_are_refused():
    search = GridSearchCV(LSTMRegressor(), {"lr": [1e-3]})
    for estimator in (LSTMRegressor(), make_pipeline(StandardScaler(), LSTMRegressor()), search):
        with pytest.raises(NotFittedError):
            FitHistoryDisplay.from_estimator(estimator)


def test_estimators_without_a_history_are_refused(data):
    X, y = data
    wanted = r"needs a deep estimator .*history_ .* Got "
    with pytest.raises(TypeError, match=wanted + r"Ridge\."):
        FitHistoryDisplay.from_estimator(Ridge().fit(X, y))
    with pytest.raises(TypeError, match=wanted + r"Ridge in Pipeline\."):
        FitHistoryDisplay.from_estimator(make_pipeline(StandardScaler(), Ridge()).fit(X, y))
    search = GridSearchCV(LSTMRegressor(**SMALL), {"lr": [1e-3]}, cv=2, refit=False)
    with pytest.raises(TypeError, match=wanted + r"GridSearchCV\."):
        FitHistoryDisplay.from_estimator(search.fit(X, y))
    odd = Ridge().fit(X, y)
    odd.history_ = [{"epoch": 1, "train_loss": 0.5}]  # as other libraries keep theirs
    with pytest.raises(TypeError, match=wanted + r"Ridge\."):
        FitHistoryDisplay.from_estimator(odd)


def test_missing_matplotlib_names_the_display_and_the_extra(monkeypatch):
    display = make_display([1.0])
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match=r'FitHistoryDisplay needs .*pip install "skdl\[plot\]"'):
        display.plot()
