"""compare: identical folds, honest rows, one bad estimator ends no other."""

import sys
import time

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import BaggingRegressor, VotingRegressor
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdl.model_selection import ForwardChainingSplit, compare

X, Y = load_diabetes(return_X_y=True)
X, Y = X[:100], Y[:100]


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts the mean, whatever X is, and can be told to misbehave."""

    seen = []  # noqa: RUF012

    def __init__(self, *, device=None, error=None, fail_from=0, seconds=0.0):
        self.device = device
        self.error = error
        self.fail_from = fail_from
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        Recorder.seen.append((X, y))
        if self.error is not None and np.min(y) >= self.fail_from:
            raise self.error
        self.mean_ = np.mean(y, axis=0)
        if self.device is not None:
            self.device_ = self.device
        return self

    def predict(self, X):
        return np.full((len(X), *np.shape(self.mean_)), self.mean_)


@pytest.fixture(autouse=True)
def forget():
    Recorder.seen.clear()


def means(comparison):
    return comparison.table["mean"].to_dict()


def test_equals_cross_val_score_on_the_same_folds():
    estimators = {"ridge": Ridge(), "tree": DecisionTreeRegressor(random_state=0)}
    comparison = compare(estimators, X, Y, cv=4)
    for name, estimator in estimators.items():
        scores = comparison.scores.loc[comparison.scores["estimator"] == name, "score"]
        np.testing.assert_allclose(scores, cross_val_score(estimator, X, Y, cv=4))
    folds = comparison.folds
    np.testing.assert_allclose(cross_val_score(Ridge(), X, Y, cv=folds).mean(),
                               means(comparison)["ridge"])  # fmt: skip


def test_random_state_shuffles_int_folds_and_fills_in_seeds():
    expected = cross_val_score(
        DecisionTreeRegressor(max_features=2, random_state=3),
        X, Y, cv=KFold(5, shuffle=True, random_state=3),
    )  # fmt: skip
    tree = DecisionTreeRegressor(max_features=2)
    comparison = compare({"tree": tree}, X, Y, random_state=3)
    np.testing.assert_allclose(comparison.scores["score"], expected)
    assert tree.random_state is None


def test_classifiers_get_stratified_folds_and_accuracy():
    iris, kinds = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[kinds]
    estimators = {"tree": DecisionTreeClassifier(), "prior": DummyClassifier()}
    comparison = compare(estimators, iris, names, random_state=0)
    expected = StratifiedKFold(5, shuffle=True, random_state=0).split(iris, names)
    for (train, test), (own_train, own_test) in zip(expected, comparison.folds, strict=True):
        np.testing.assert_array_equal(train, own_train)
        np.testing.assert_array_equal(test, own_test)
    assert comparison.metrics == ["accuracy"]
    assert list(comparison.table.index) == ["tree", "prior"]


def test_every_estimator_sees_identical_folds_drawn_once():
    cv = ShuffleSplit(3)  # unseeded: another draw at each call of split
    compare({"a": Recorder(), "b": Recorder(), "c": Recorder()}, X, Y, cv=cv)
    for fold in range(3):
        seen = Recorder.seen[fold::3]
        assert len(seen) == 3
        for X_train, y_train in seen[1:]:
            np.testing.assert_array_equal(X_train, seen[0][0])
            np.testing.assert_array_equal(y_train, seen[0][1])


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(0)])
def test_same_seed_same_scores_and_the_global_state_is_untouched(random_state):
    estimators = {
        "sgd": make_pipeline(StandardScaler(), SGDRegressor()),
        "bagging": BaggingRegressor(DecisionTreeRegressor(), n_estimators=3),
    }
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = compare(estimators, X, Y, random_state=random_state)
    if random_state != 0:
        random_state = np.random.RandomState(0)
    second = compare(estimators, X, Y, random_state=random_state)
    pd.testing.assert_series_equal(first.scores["score"], second.scores["score"])
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_seeds_that_are_set_are_kept():
    tree = DecisionTreeRegressor(max_features=1, random_state=7)
    expected = cross_val_score(tree, X, Y, cv=KFold(5, shuffle=True, random_state=0))
    np.testing.assert_allclose(compare({"t": tree}, X, Y, random_state=0).scores["score"], expected)


def test_an_estimator_that_raises_is_reported_and_ends_no_other():
    estimators = {
        "bad": Recorder(error=ValueError("lr must be positive,\ngot -1")),
        "mean": DummyRegressor(),
        "search": GridSearchCV(Ridge(), {"alpha": ["one"]}, cv=2, error_score="raise"),
        "ridge": Ridge(),
    }
    comparison = compare(estimators, X, Y)
    assert list(comparison.table.index) == ["ridge", "mean", "bad", "search"]
    assert comparison.errors["bad"] == "fold 0: ValueError: lr must be positive,\ngot -1"
    assert comparison.errors["search"].startswith("fold 0: InvalidParameterError: ")
    assert comparison.table.loc["bad", ["mean", "std"]].isna().all()
    assert comparison.table.loc["ridge", "error"] == ""
    assert "fold 0: ValueError: lr must be positive, got -1" in repr(comparison)


def test_one_bad_fold_gives_no_mean_but_keeps_the_other_scores():
    order = np.argsort(Y)  # the fold that tests the smallest y trains without them
    bad = Recorder(error=RuntimeError("boom"), fail_from=np.sort(Y)[10])
    comparison = compare({"bad": bad, "mean": DummyRegressor()}, X[order], Y[order])
    assert comparison.scores.query("estimator == 'bad'")["score"].isna().tolist() == [True] + 4 * [
        False
    ]
    assert np.isnan(means(comparison)["bad"])
    assert comparison.errors == {"bad": "fold 0: RuntimeError: boom"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_ends_all(error):
    with pytest.raises(error):
        compare({"bad": Recorder(error=error()), "mean": Recorder()}, X, Y)
    assert len(Recorder.seen) == 1


def test_a_failing_metric_is_reported_too():
    def broken(estimator, X, y):
        raise ZeroDivisionError("no rows")

    comparison = compare({"ridge": Ridge()}, X, Y, scoring={"r2": "r2", "broken": broken})
    assert comparison.errors == {"ridge": "fold 0: ZeroDivisionError: no rows"}
    assert comparison.table["fit_seconds"].notna().all()


def test_several_metrics_rank_by_the_first():
    estimators = {"ridge": Ridge(), "mean": DummyRegressor()}
    comparison = compare(estimators, X, Y, scoring=["neg_mean_absolute_error", "r2"])
    expected = cross_val_score(Ridge(), X, Y, cv=5, scoring="r2").mean()
    assert comparison.table.loc["ridge", "mean_r2"] == pytest.approx(expected)
    assert comparison.table.loc["ridge", "mean"] < 0
    assert len(comparison.scores) == 2 * 5 * 2


def test_a_callable_metric():
    def negative_bias(estimator, X, y):
        return -abs(np.mean(estimator.predict(X) - y))

    comparison = compare({"ridge": Ridge()}, X, Y, scoring=negative_bias)
    assert comparison.metrics == ["negative_bias"]


@pytest.mark.parametrize("n_jobs", [2, None])
def test_jobs_and_backends_change_nothing(n_jobs):
    estimators = {"bad": Recorder(error=ValueError("x")), "sgd": SGDRegressor(), "tree": SVR()}
    alone = compare(estimators, X, Y, random_state=0)
    with parallel_config("threading", n_jobs=2):
        together = compare(estimators, X, Y, random_state=0, n_jobs=n_jobs)
    untimed = alone.scores.columns.difference(["fit_seconds", "predict_seconds"])
    pd.testing.assert_frame_equal(alone.scores[untimed], together.scores[untimed])


def test_two_processes_give_equal_scores():
    alone = compare({"sgd": SGDRegressor()}, X, Y, cv=2, random_state=0)
    together = compare({"sgd": SGDRegressor()}, X, Y, cv=2, random_state=0, n_jobs=2)
    np.testing.assert_array_equal(alone.scores["score"], together.scores["score"])


RAGGED = np.empty(100, dtype=object)
RAGGED[:] = [np.zeros((1 + i % 7, 2)) for i in range(100)]


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((100, 4, 4, 3), dtype=np.uint8),
        pd.DataFrame({"a": range(100), "b": ["x"] * 100}, index=range(500, 600)),
        list(RAGGED),
        RAGGED,
        ["a text"] * 100,
        pd.Series(["a text"] * 100),
    ],
    ids=["images", "frame", "list", "objects", "texts", "series"],
)
def test_any_kind_of_x(data):
    comparison = compare({"mean": Recorder()}, data, Y)
    assert comparison.errors == {}
    X_train, y_train = Recorder.seen[0]
    assert type(X_train) is type(data)
    assert len(X_train) == len(y_train) == 80


def test_sparse_x_lists_and_several_outputs():
    sparse = compare({"ridge": Ridge(solver="lsqr")}, csr_matrix(X), list(Y))
    dense = compare({"ridge": Ridge()}, X, Y)
    assert means(sparse)["ridge"] == pytest.approx(means(dense)["ridge"], rel=1e-3)
    assert compare({"mean": Recorder()}, X, np.column_stack([Y, -Y])).errors == {}


def test_groups_reach_the_splitter():
    groups = np.arange(100) % 10
    folds = compare({"r": Ridge()}, X, Y, cv=GroupKFold(5), groups=groups).folds
    assert all(not set(groups[train]) & set(groups[test]) for train, test in folds)
    folds = compare({"r": Ridge()}, X, Y, cv=ForwardChainingSplit(3), groups=groups).folds
    assert all(groups[train].max() < groups[test].min() for train, test in folds)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: GridSearchCV(model, {"seconds": [0.0]}, cv=2),
        MultiOutputRegressor,
        TransformedTargetRegressor,
        lambda model: BaggingRegressor(model, n_estimators=2),
        lambda model: VotingRegressor([("ridge", Ridge()), ("deep", model)]),
        lambda model: make_pipeline(TransformedTargetRegressor(make_pipeline(model))),
    ],
)
def test_device_is_found_through_wrappers(wrap):
    y = np.column_stack([Y, Y]) if wrap is MultiOutputRegressor else Y
    comparison = compare({"deep": wrap(Recorder(device="cuda:0"))}, X, y, cv=2)
    assert comparison.table["device"].tolist() == ["cuda:0"]


def test_device_is_cpu_by_default():
    assert compare({"ridge": Ridge()}, X, Y).table.loc["ridge", "device"] == "cpu"


def test_seconds_are_those_of_fit_and_predict():
    comparison = compare({"slow": Recorder(seconds=0.02)}, X, Y, cv=2)
    row = comparison.table.loc["slow"]
    assert 0.02 <= row["fit_seconds"] < 0.2
    assert 0 < row["predict_seconds_per_1000"] < 0.1


def test_a_scorer_must_return_the_same_metrics_for_all():
    def metrics(estimator, X, y):
        return {"r2": estimator.score(X, y)} | (
            {"alpha": 1.0} if isinstance(estimator, Ridge) else {}
        )

    comparison = compare({"ridge": Ridge(), "mean": Recorder()}, X, Y, cv=2, scoring=metrics)
    assert list(comparison.errors) == ["mean"]
    assert "fold 0: scoring returned no 'alpha' here, but ['r2']" in comparison.errors["mean"]
    scores = comparison.scores.set_index(["estimator", "metric"])["error"].sort_index()
    assert (scores["mean", "r2"] == "").all()
    assert comparison.table["mean"].notna().all()


def test_estimators_are_left_unfitted():
    ridge = Ridge()
    before = clone(ridge).get_params()
    compare({"ridge": ridge}, X, Y, random_state=0)
    assert not hasattr(ridge, "coef_")
    assert ridge.get_params() == before


def test_one_bar_on_stderr_only_when_asked_for_or_on_a_terminal(capsys):
    compare({"ridge": Ridge()}, X, Y)
    assert capsys.readouterr() == ("", "")
    compare({"ridge": Ridge()}, X, Y, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "5/5" in err
    assert "ridge" in err


@pytest.mark.parametrize("verbose", [None, 0, 1])
def test_it_needs_no_console(verbose, monkeypatch):
    """As under pythonw, in a service or a windowed program of Windows."""
    monkeypatch.setattr(sys, "stderr", None)
    assert len(compare({"ridge": Ridge()}, X, Y, verbose=verbose).folds)


def test_empty_folds():
    with pytest.raises(ValueError, match="at least one"):
        compare({"ridge": Ridge()}, X, Y, cv=[])
    assert len(compare({"ridge": Ridge()}, X, Y, cv=None).folds) == 5


def two_metrics(estimator, X, y):
    error = np.abs(estimator.predict(X) - y)
    return {"neg_mae": -error.mean(), "neg_max": -error.max()}


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_scorer_of_several_metrics(n_jobs):
    estimators = {"ridge": Ridge(), "broken": Recorder(error=KeyError("no")), "mean": Recorder()}
    comparison = compare(estimators, X, Y, cv=3, scoring=two_metrics, n_jobs=n_jobs)
    assert comparison.metrics == ["neg_mae", "neg_max"]
    assert list(comparison.errors) == ["broken"]
    expected = cross_validate(Ridge(), X, Y, cv=3, scoring=two_metrics)
    ridge = comparison.scores[comparison.scores["estimator"] == "ridge"]
    for metric in comparison.metrics:
        got = ridge.loc[ridge["metric"] == metric, "score"]
        np.testing.assert_allclose(got, expected[f"test_{metric}"])
    assert comparison.table.loc["broken", ["mean", "mean_neg_max"]].isna().all()
    assert comparison.table.index[-1] == "broken"


def test_a_scorer_of_several_metrics_where_all_estimators_fail():
    broken = {"broken": Recorder(error=KeyError("no"))}
    comparison = compare(broken, X, Y, cv=2, scoring=two_metrics)
    assert comparison.metrics == ["two_metrics"]
    assert "KeyError" in comparison.errors["broken"]


@pytest.mark.parametrize("returned", [None, "0.5", [0.5, 0.6], np.ones(2), {}, {"a": "b"}, 1j])
def test_a_scorer_that_returns_no_number_is_no_fault_of_the_estimator(returned):
    with pytest.raises(ValueError, match="scoring must return"):
        compare({"ridge": Ridge()}, X, Y, cv=2, scoring=lambda estimator, X, y: returned)


def test_several_scorers_return_a_number_each():
    with pytest.raises(ValueError, match=r"scoring must return a number.*for 'two'"):
        compare({"r": Ridge()}, X, Y, cv=2, scoring={"r2": "r2", "two": two_metrics})
