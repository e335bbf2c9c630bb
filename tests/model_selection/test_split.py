"""ForwardChainingSplit never trains on the future."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from skdl.model_selection import ForwardChainingSplit
from skdl.preprocessing import sliding_windows

sizes = st.none() | st.integers(1, 8)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(2, 60), n_splits=st.integers(2, 6), gap=st.integers(0, 6), test_size=sizes,
    max_train_size=sizes,
)  # fmt: skip
def test_is_time_series_split_when_rows_are_time_steps(n, n_splits, gap, test_size, max_train_size):
    parameters = {"gap": gap, "test_size": test_size, "max_train_size": max_train_size}
    rows = np.zeros(n)
    try:
        expected = list(TimeSeriesSplit(n_splits, **parameters).split(rows))
    except ValueError:
        with pytest.raises(ValueError, match="need"):
            list(ForwardChainingSplit(n_splits, **parameters).split(rows))
        return
    got = list(ForwardChainingSplit(n_splits, **parameters).split(rows))
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@st.composite
def times_and_folds(draw):
    """Times in any order, some twice, seldom too few for the folds."""
    n_splits, gap, test_size = draw(st.integers(1, 5)), draw(st.integers(0, 3)), draw(sizes)
    n_least = gap + 1 + n_splits * (test_size or 1)
    once = draw(st.lists(st.integers(-99, 99), min_size=n_least, max_size=60, unique=True))
    again = draw(st.lists(st.sampled_from(once), max_size=30))
    return draw(st.permutations(once + again)), n_splits, gap, test_size


@settings(deadline=None, max_examples=60)
@given(drawn=times_and_folds(), max_train_size=sizes)
def test_never_leaks_whatever_the_order_of_the_rows(drawn, max_train_size):
    times, n_splits, gap, test_size = drawn
    splitter = ForwardChainingSplit(
        n_splits, gap=gap, test_size=test_size, max_train_size=max_train_size
    )
    times = np.array(times)
    distinct = np.unique(times)
    assume(len(distinct) > gap + n_splits * (test_size or max(1, len(distinct) // (n_splits + 1))))
    folds = list(splitter.split(times, groups=times))
    assert len(folds) == n_splits
    for train, test in folds:
        between = (distinct > times[train].max()) & (distinct < times[test].min())
        assert between.sum() == gap
        assert times[train].max() < times[test].min()
        assert len(np.unique(times[train])) <= (max_train_size or len(distinct))
        for rows in (train, test):  # rows of one time stay together
            assert set(np.flatnonzero(np.isin(times, times[rows]))) == set(rows)
    tested = np.concatenate([test for _, test in folds])
    assert len(set(tested)) == len(tested)


@settings(deadline=None, max_examples=60)
@given(width=st.integers(1, 8), horizon=st.integers(1, 5), stride=st.integers(1, 4))
def test_the_gaps_in_the_docstring_are_the_least_that_hold(width, horizon, stride):
    steps = np.arange(120)
    X, y = sliding_windows(steps, width, horizon, stride)
    known = -(-horizon // stride) - 1
    disjoint = -(-(width + horizon) // stride) - 1

    def folds(gap):
        return list(ForwardChainingSplit(2, gap=gap, test_size=3).split(X))

    assert all(y[train].max() <= X[test[0]].max() for train, test in folds(known))
    assert all(y[train].max() < X[test].min() for train, test in folds(disjoint))
    if known:
        assert any(y[train].max() > X[test[0]].max() for train, test in folds(known - 1))
    if disjoint:
        assert any(y[train].max() >= X[test].min() for train, test in folds(disjoint - 1))


@pytest.mark.parametrize(
    "times",
    [
        pd.Series(pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-03"] * 2)),
        ["b", "a", "c"] * 2,
        [0.5, -1.0, 2.0] * 2,
    ],
    ids=["dates", "strings", "floats"],
)
def test_times_of_any_kind(times):
    (train, test), (more, last) = ForwardChainingSplit(2).split(np.zeros(6), groups=times)
    assert (train.tolist(), test.tolist()) == ([1, 4], [0, 3])
    assert (more.tolist(), last.tolist()) == ([0, 1, 3, 4], [2, 5])


def test_lists_of_sequences_and_searches():
    ragged = [np.zeros(1 + i % 3) for i in range(20)]
    assert len(list(ForwardChainingSplit().split(ragged))) == 5
    X = np.random.default_rng(0).normal(size=(40, 2))
    search = GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=ForwardChainingSplit(3, gap=1))
    assert search.fit(X, X[:, 0], groups=np.repeat(np.arange(10), 4)).n_splits_ == 3


def test_groups_are_requested_when_metadata_is_routed():
    X = np.random.default_rng(0).normal(size=(40, 2))
    groups = np.tile(np.arange(10), 4)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            Ridge(), X, X[:, 0], cv=ForwardChainingSplit(3), params={"groups": groups}
        )
    np.testing.assert_allclose(
        scores, cross_val_score(Ridge(), X, X[:, 0], cv=ForwardChainingSplit(3), groups=groups)
    )


def test_repr_and_n_splits():
    splitter = ForwardChainingSplit(3, gap=2)
    assert repr(splitter) == (
        "ForwardChainingSplit(gap=2, max_train_size=None, n_splits=3, test_size=None)"
    )
    assert splitter.get_n_splits() == 3


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_splits": 0}, ValueError, "n_splits must be at least 1, got 0"),
        ({"n_splits": 2.0}, TypeError, r"n_splits must be an int, got 2\.0"),
        ({"n_splits": True}, TypeError, "n_splits must be an int, got True"),
        ({"gap": -1}, ValueError, "gap must be at least 0, got -1"),
        ({"test_size": 0}, ValueError, "test_size must be at least 1, got 0"),
        ({"max_train_size": "9"}, TypeError, "max_train_size must be an int"),
        ({"n_splits": 10}, ValueError, "need 11 time steps, got 10.*fewer n_splits"),
        ({"gap": 5}, ValueError, "a gap of 5 .* need 11 time steps, got 10"),
        ({"test_size": 2}, ValueError, "test 2 time steps each.*need 11 time steps, got 10"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        list(ForwardChainingSplit(**parameters).split(np.zeros(10)))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.arange(9), r"shape \(10,\), got shape \(9,\)"),
        (np.zeros((10, 1)), r"got shape \(10, 1\)"),
        ([0.0, 1.0, np.nan] + [2.0] * 7, "missing values first at row 2"),
        (pd.to_datetime(["2024"] * 9 + [None]), "missing values first at row 9"),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        list(ForwardChainingSplit(2).split(np.zeros(10), groups=groups))
