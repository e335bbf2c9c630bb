"""Comparison: the table is made of the long form, and prints well."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skdl.model_selection import Comparison

FOLDS = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]


def runs(name, scores, error="", metric="r2"):
    return [
        {
            "estimator": name, "fold": fold, "metric": metric, "score": score,
            "fit_seconds": 1.0 + fold, "predict_seconds": 0.001 * (1 + fold),
            "n_train": 2, "n_test": 2, "device": "cpu",
            "error": error if np.isnan(score) else "",
        }
        for fold, score in enumerate(scores)
    ]  # fmt: skip


@pytest.fixture
def comparison():
    rows = [
        *runs("first", [0.5, 0.7]),
        *runs("broken", [0.9, np.nan], "ValueError: <b>bad</b>\n" + 200 * "long "),
        *runs("best", [0.8, 0.9]),
        *runs("equal", [0.7, 0.5]),
    ]
    return Comparison(pd.DataFrame(rows), FOLDS)


def test_table_is_sorted_with_ties_in_order_and_failures_last(comparison):
    assert list(comparison.table.index) == ["best", "first", "equal", "broken"]
    assert comparison.table.index.name == "estimator"


def test_columns_and_units(comparison):
    row = comparison.table.loc["best"]
    assert list(comparison.table.columns) == [
        *("mean", "std", "fit_seconds", "predict_seconds_per_1000", "device", "error")
    ]
    assert row["mean"] == pytest.approx(0.85)
    assert row["std"] == pytest.approx(0.05)
    assert row["fit_seconds"] == pytest.approx(1.5)
    assert row["predict_seconds_per_1000"] == pytest.approx(0.75)  # 3 ms for 4 rows


def test_further_metrics_have_columns_of_their_own():
    rows = runs("a", [0.1, 0.2]) + runs("a", [-3.0, -5.0], metric="neg_error")
    table = Comparison(pd.DataFrame(rows), FOLDS).table
    assert table.loc["a", ["mean", "mean_neg_error", "std_neg_error"]].tolist() == [
        pytest.approx(0.15), -4, 1,
    ]  # fmt: skip
    assert table.loc["a", "fit_seconds"] == 1.5


def test_errors_name_the_first_bad_fold(comparison):
    assert list(comparison.errors) == ["broken"]
    assert comparison.errors["broken"].startswith("fold 1: ValueError: <b>bad</b>\nlong")


def test_prints_a_title_and_one_line_per_estimator(comparison):
    lines = repr(comparison).splitlines()
    assert lines[0] == "4 estimators on 2 folds, by r2"
    assert len(lines) == 3 + 4
    assert lines[-1].endswith("...")
    assert max(map(len, lines)) < 150


def test_no_error_column_is_printed_without_errors(comparison):
    good = comparison.scores[comparison.scores["estimator"] == "best"]
    assert "error" not in repr(Comparison(good, FOLDS))


def test_html_escapes_messages(comparison):
    html = comparison._repr_html_()
    assert "<p>4 estimators" in html
    assert "<b>" not in html


def test_pickles(comparison):
    copy = pickle.loads(pickle.dumps(comparison))
    pd.testing.assert_frame_equal(copy.table, comparison.table)
