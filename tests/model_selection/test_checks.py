"""Bad input to compare: each with an error that says what to do."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer, mean_squared_error

from skdl.model_selection import compare
from skdl.model_selection._checks import as_metrics, make_scorers

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10.0)


class Duck:
    """Has a fit, but is no scikit-learn estimator."""

    def fit(self, X, y):
        return self


@pytest.mark.parametrize(
    ("estimators", "error", "message"),
    [
        ({}, ValueError, "at least one estimator"),
        ([Ridge()], TypeError, "must be a dict of name to estimator.*got list"),
        ({1: Ridge()}, TypeError, r"must be str, got 1\. Use str"),
        ({"ridge": Ridge}, TypeError, r"estimators\['ridge'\] must be an instance"),
        ({"none": None}, TypeError, r"estimators\['none'\] must be an instance"),
        ({"duck": Duck()}, TypeError, r"estimators\['duck'\] must be an instance"),
    ],
)
def test_estimators(estimators, error, message):
    with pytest.raises(error, match=message):
        compare(estimators, X, Y)


def test_lengths():
    with pytest.raises(ValueError, match="got 10 rows of X and 9 of y"):
        compare({"ridge": Ridge()}, X, Y[:-1])


@pytest.mark.parametrize("scoring", ["R2", ["r2", "mse"], {"mine": "mse"}])
def test_unknown_names_list_the_options(scoring):
    with pytest.raises(ValueError, match=r"neg_mean_absolute_error.*got '(R2|mse)'"):
        compare({"ridge": Ridge()}, X, Y, scoring=scoring)


@pytest.mark.parametrize("scoring", [3, [], {}, [Ridge()], {1: "r2"}])
def test_other_scoring(scoring):
    with pytest.raises(ValueError, match="scoring must be a name, a callable, a list"):
        compare({"ridge": Ridge()}, X, Y, scoring=scoring)


@pytest.mark.parametrize("other", [LogisticRegression(), KMeans()])
def test_default_scores_that_cannot_be_compared(other):
    with pytest.raises(ValueError, match="scoring must be given"):
        compare({"ridge": Ridge(), "other": other}, X, Y)


def test_names_of_metrics():
    def mine(estimator, X, y):
        return 0.0

    scorer = make_scorer(mean_squared_error, greater_is_better=False)
    assert list(make_scorers(None, {"a": Ridge()})) == ["r2"]
    assert list(make_scorers(None, {"a": LogisticRegression()})) == ["accuracy"]
    assert list(make_scorers(mine, {})) == ["mine"]
    assert list(make_scorers(scorer, {})) == ["score"]
    assert list(make_scorers(("r2", "neg_max_error"), {})) == ["r2", "neg_max_error"]
    assert list(make_scorers({"mse": scorer, "r2": "r2"}, {})) == ["mse", "r2"]


@pytest.mark.parametrize("metric", [accuracy_score, lambda y, predicted: 1.0, lambda: 1.0])
def test_a_metric_is_no_scorer(metric):
    """What scikit-learn's ``make_scorer`` makes of it is one."""
    for scoring in (metric, {"mine": metric}):
        with pytest.raises(ValueError, match=r"score\(estimator, X, y\), got .*make_scorer\("):
            make_scorers(scoring, {})
    assert len(make_scorers(make_scorer(metric), {})) == 1
    assert len(make_scorers(lambda estimator, X, y, more=1: more, {})) == 1
    assert len(make_scorers(lambda *args: 1.0, {})) == 1


@pytest.mark.parametrize("value", [1, 0.5, True, np.float32(0.5), np.array(0.5), np.array([0.5])])
def test_numbers_of_any_kind_are_scores(value):
    assert as_metrics({"r2": value, "other": 2}) == {"r2": float(np.ravel(value)[0]), "other": 2.0}
    assert as_metrics({"mine": {"a": value, 1: value}}).keys() == {"a", "1"}
