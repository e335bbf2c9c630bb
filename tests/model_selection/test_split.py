"""ForwardChainingSplit never trains on the future."""

import enum

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from skdl.model_selection import ForwardChainingSplit, compare
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
        (np.array([1, 2, "a"] + [3] * 7, dtype=object), "got 1 in row 0 and 'a' in row 2"),
        (pd.Series(["b", 0] * 5), "got 'b' in row 0 and 0 in row 1"),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        list(ForwardChainingSplit(2).split(np.zeros(10), groups=groups))


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]


def ordered_months(order):
    return pd.Categorical(np.repeat(order, 10), categories=MONTHS, ordered=True)


@pytest.mark.parametrize("kind", [pd.Series, pd.Categorical, pd.CategoricalIndex])
@pytest.mark.parametrize("order", [MONTHS, MONTHS[::-1]], ids=["rising", "falling"])
def test_ordered_categories_are_in_their_order(kind, order):
    months = ordered_months(order)
    codes = months.codes
    for train, test in ForwardChainingSplit(2).split(np.zeros(60), groups=kind(months)):
        assert codes[train].max() < codes[test].min()
    folds = compare({"r": Ridge()}, np.zeros((60, 1)), np.zeros(60), cv=ForwardChainingSplit(2),
                    groups=kind(months)).folds  # fmt: skip
    assert [set(codes[test]) for _, test in folds] == [{2, 3}, {4, 5}]


DATES = pd.date_range("2024-01-30", periods=3, freq="16D")[[1, 0, 2]]


@pytest.mark.parametrize(
    "times",
    [
        DATES.tz_localize("America/New_York"),
        pd.Series(DATES.tz_localize("America/New_York")),
        DATES.to_period("W"),
        pd.Series(DATES.to_period("W")),
        DATES - DATES[0],
        DATES.date,
        list(DATES),
        pd.Series(["b", "a", "c"], dtype="string"),
        pd.Categorical([2, 1, 3]),
        pd.array([2, 1, 3], dtype="Int64"),
        DATES.strftime("%Y-%m-%d"),
        DATES.strftime("%Y%m%d"),
        ["2024-W05", "2024-W04", "2024-W10"],
        ["2024Q1", "2023Q4", "2024Q2"],
        ["t02", "t01", "t10"],
        ["FY99", "FY98", "FY00"],
        ["Q2 '99", "Q1 '99", "Q3 '99"],
        ["FY99Q4", "FY98Q1", "FY00Q1"],
        [b"2024-02", b"2024-01", b"2024-03"],
        np.array([b"2024-02", b"2024-01", b"2024-03"]),
        pd.Categorical([b"b", b"a", b"c"]),
    ],
)
def test_more_kinds_of_times(times):
    folds = list(ForwardChainingSplit(2).split(np.zeros(3), groups=times))
    assert [(a.tolist(), b.tolist()) for a, b in folds] == [([1], [0]), ([0, 1], [2])]


@pytest.mark.parametrize(
    ("text", "convert"),
    [
        (["Jan", "Feb", "Mar"], lambda t: pd.Categorical(t, MONTHS, ordered=True)),
        (["january", "february", "march"], lambda t: pd.to_datetime(t, format="%B")),
        (["Mon", "Tue", "Wed", "Thu"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["9", "10", "11"], pd.to_numeric),
        (["week 9", "week 10", "week 11"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["1/31/2024", "2/1/2024", "10/2/2024"], pd.to_datetime),
        (
            ["31.01.2024", "15.02.2024", "16.03.2024"],
            lambda t: pd.to_datetime(t, format="%d.%m.%Y"),
        ),
        (
            ["05.01.2024", "02.03.2024", "03.04.2024"],
            lambda t: pd.to_datetime(t, format="%d.%m.%Y"),
        ),
        (["Jan 2024", "Feb 2024", "Mar 2024"], lambda t: pd.to_datetime(t, format="%b %Y")),
        (["2024-Jan", "2024-Feb", "2024-Mar"], lambda t: pd.to_datetime(t, format="%Y-%b")),
        (["Q3 2023", "Q1 2024", "Q2 2024"], lambda t: [s[3:] + s[:2] for s in t]),
        (["31.01.24", "01.02.24", "02.02.24"], lambda t: pd.to_datetime(t, format="%d.%m.%y")),
        (["12/30/23", "12/31/23", "01/01/24"], lambda t: pd.to_datetime(t, format="%m/%d/%y")),
        (["Q3-23", "Q1-24", "Q2-24"], lambda t: [s[3:] + s[:2] for s in t]),
        (["12/23", "01/24", "02/24"], lambda t: pd.to_datetime(t, format="%m/%y")),
        (
            ["winter 2023", "spring 2024", "summer 2024"],
            lambda t: pd.Categorical(t, t, ordered=True),
        ),
        (
            ["30-Jan", "31-Jan", "01-Feb"],
            lambda t: pd.to_datetime([f"{day}-2024" for day in t], format="%d-%b-%Y"),
        ),
        (["09:00 AM", "10:00 AM", "01:00 PM"], lambda t: pd.to_datetime(t, format="%I:%M %p")),
        (["98", "99", "00", "01"], lambda t: pd.to_datetime(t, format="%y")),
        (["98-12", "99-01", "00-01"], lambda t: pd.to_datetime(t, format="%y-%m")),
        (["991231", "000101", "000102"], lambda t: pd.to_datetime(t, format="%y%m%d")),
        (["31.12.99", "01.01.00", "02.01.00"], lambda t: pd.to_datetime(t, format="%d.%m.%y")),
        (["Dec 99", "Jan 00", "Feb 00"], lambda t: pd.to_datetime(t, format="%b %y")),
        (["Q4FY23", "Q1FY24", "Q2FY24"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["4Q99", "1Q00", "2Q00"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["FY00", "FY50", "FY51"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["Q3", "Q4", "Q1"], lambda t: pd.Categorical(t, t, ordered=True)),
        (["22:00", "23:00", "00:00"], lambda t: pd.Categorical(t, t, ordered=True)),
        (
            ["2024-01-01T00:00+05:00", "2023-12-31T23:00+00:00", "2024-01-01T00:00+00:00"],
            lambda t: pd.to_datetime(t, utc=True),
        ),
    ],
)
@pytest.mark.parametrize("kind", [list, pd.Series, pd.Categorical])
def test_text_that_does_not_sort_by_time_is_told_and_the_advice_helps(text, convert, kind):
    splitter = ForwardChainingSplit(2)
    with pytest.raises(ValueError, match=r"sort by time.*to_datetime.*ordered=True"):
        list(splitter.split(np.zeros(len(text)), groups=kind(text)))
    folds = list(splitter.split(np.zeros(len(text)), groups=convert(text)))
    assert all(train.max() < test.min() for train, test in folds)


WORDS = {
    "German": ["Januar", "Februar", "März", "April"],
    "German with years": ["Nov 2023", "Dez 2023", "Jan 2024"],
    "French": ["janvier", "février", "mars", "avril"],
    "French, short": ["janv.", "févr.", "avr.", "août"],
    "Spanish": ["enero", "febrero", "marzo", "abril"],
    "Italian": ["gennaio", "febbraio", "marzo", "aprile"],
    "Dutch days": ["maandag", "dinsdag", "woensdag"],
    "Chinese": ["一月", "二月", "三月"],
    "stages": ["pre", "during", "post"],
    "visits": ["screening", "baseline", "followup"],
    "visits with numbers": ["baseline", "week 2", "week 4"],
    "before and after": ["before", "after"],
    "times of day": ["morning", "noon", "evening"],
    "seasons": ["spring", "summer", "autumn"],
    "numbers in words": ["week one", "week two", "week three"],
    "Roman": ["IV", "V", "IX"],
    "lags": ["t-3", "t-2", "t-1"],
    "lags from now on": ["t-2", "t-1", "t"],
    "lags and horizons": ["t-1", "t", "t+1"],
    "named lags": ["lag_3", "lag_2", "lag_1"],
    "ago": ["3 days ago", "2 days ago", "1 day ago"],
    "negative": ["-3", "-2", "-1"],
    "case": ["week 1", "Week 2"],
    "an empty one": ["", "a", "b"],
    "days before": ["day -3", "day -2", "day -1"],
}


@pytest.mark.parametrize("kind", [list, pd.Series, pd.Categorical])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_words_have_no_order_in_time_and_the_advice_helps(words, kind):
    """In whatever language: the alphabet does not know it."""
    splitter, times = ForwardChainingSplit(len(words) - 1), words * 3
    X = np.zeros(len(times))
    with pytest.raises(ValueError, match=r"the alphabet.*pd\.Categorical\(groups, categories"):
        list(splitter.split(X, groups=kind(times)))
    groups = pd.Categorical(times, categories=words, ordered=True)
    for train, test in splitter.split(X, groups=groups):
        assert groups.codes[train].max() < groups.codes[test].min()


@pytest.mark.parametrize(
    "names",
    [
        ["2024", "2024-01", "2024-02"],
        ["phase a", "phase b", "phase c"],
        ["2024-01-30 Tue", "2024-01-31 Wed", "2024-02-01 Thu"],
        ["2024a", "2024b", "2025a"],
        ["year 1, spring", "year 2, autumn", "year 3, autumn"],
    ],
    ids=str,
)
def test_words_behind_what_tells_the_order_are_taken(names):
    folds = list(ForwardChainingSplit(2).split(np.zeros(3), groups=names))
    assert [test.tolist() for _, test in folds] == [[1], [2]]


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_text_in_bytes_that_does_not_sort_by_time_is_to_be_decoded(kind):
    groups = kind([b"9", b"10", b"11"])
    with pytest.raises(ValueError, match=r"Decode it, \[time\.decode\(\) for time in groups\]"):
        next(ForwardChainingSplit(2).split(np.zeros(3), groups=groups))
    decoded = pd.to_numeric([time.decode() for time in groups])
    for train, test in ForwardChainingSplit(2).split(np.zeros(3), groups=decoded):
        assert train.max() < test.min()
    with pytest.raises(ValueError, match=r"got b'\\xe9' in row 1, .*time\.decode\(encoding\)"):
        next(ForwardChainingSplit(1).split(np.zeros(2), groups=kind([b"a", b"\xe9"])))


def test_objects_without_an_order_are_told_and_the_advice_helps():
    stages = enum.Enum("Stage", ["PRE", "POST"])
    groups = pd.Series([stages.PRE, stages.POST], dtype=object)
    with pytest.raises(ValueError, match=r"can be sorted, got .* in row 0.*ordered=True"):
        next(ForwardChainingSplit(1).split(np.zeros(2), groups=groups))
    ordered = pd.Categorical(groups, categories=list(stages), ordered=True)
    ((_, test),) = ForwardChainingSplit(1).split(np.zeros(2), groups=ordered)
    assert test.tolist() == [1]


@pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame])
@pytest.mark.parametrize(
    "order", [[5, 4, 3, 2, 1, 0], [0, 2, 1, 3, 4, 5], [0, 1, 2, 0, 1, 2]],
    ids=["falling", "shuffled", "two series"],
)  # fmt: skip
@pytest.mark.parametrize("periods", [False, True])
def test_dates_in_the_index_of_x_that_do_not_rise_are_told(kind, order, periods):
    days = pd.date_range("2024-01-01", periods=6)
    X = kind(np.arange(6.0), index=(days.to_period("D") if periods else days)[order])
    with pytest.raises(ValueError, match=r"time order.*2024.* after 2024.*groups=X\.index"):
        list(ForwardChainingSplit(2).split(X))
    for train, test in ForwardChainingSplit(2).split(X, groups=X.index):
        assert X.index[train].max() < X.index[test].min()
    with pytest.raises(ValueError, match=r"groups=y\.index"):
        list(ForwardChainingSplit(2).split(np.zeros(6), X))
    panel = X.set_axis(pd.MultiIndex.from_arrays([list("aabbcc"), X.index]))
    with pytest.raises(ValueError, match=r"get_level_values\(level\)"):
        list(ForwardChainingSplit(2).split(panel))
    assert list(ForwardChainingSplit(2).split(panel, groups=panel.index.get_level_values(1)))


def test_an_index_of_rising_dates_or_of_numbers_is_taken():
    days = pd.date_range("2024-01-01", periods=6)
    for index in (days, days[[0, 1, 2, 3, 4, 5]], range(1, 13, 2), list("abcabc")):
        X = pd.DataFrame({"a": range(6)}, index=index)
        assert [test.tolist() for _, test in ForwardChainingSplit(2).split(X)] == [[2, 3], [4, 5]]


@pytest.mark.parametrize(
    "index",
    [
        ["2024-01-02", "2024-01-01", "2024-01-03", "2024-01-04"],
        [2024, 2023, 2022, 2021],
        ["2021", "2022", "2021", "2022"],
        [20240101, 20231231, 20240102, 20240103],
        [3, 1, 2, 0],
        [2, 3, 0, 1],
        range(4, 0, -1),
        pd.MultiIndex.from_arrays([[4, 2, 3, 1]]),
        [1.7e9, 1.7e9 - 60, 1.7e9 - 120, 1.7e9 - 120],
        pd.MultiIndex.from_product([["A", "B"], [1, 2]]),
        pd.MultiIndex.from_product([["A", "B"], ["2024-01", "2024-02"]]),
    ],
    ids=[
        "text",
        "years",
        "years as text",
        "dates in numbers",
        "shuffled",
        "parts",
        "falling",
        "one level",
        "seconds",
        "steps",
        "months as text",
    ],
)
def test_other_indices_with_times_must_rise(index):
    X = pd.DataFrame({"x": range(4)}, index=index)
    with pytest.raises(ValueError, match=r"Without groups.* has .* after .*groups=X\.index"):
        next(ForwardChainingSplit(1).split(X))
    level = X.index.nlevels - 1
    assert len(list(ForwardChainingSplit(1).split(X, groups=X.index.get_level_values(level)))) == 1
    assert len(list(ForwardChainingSplit(1).split(X.reset_index(drop=True)))) == 1  # as advised


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_product([[2023, 2024], [1, 2]]),
        pd.MultiIndex.from_tuples([("A", 1), ("A", 2), ("A", 3), ("B", 4)]),
        pd.MultiIndex.from_product([["A", "B"], ["x", "y"]]),
        [7, 7, 8, 8],
        [0, 1, 0, 1],
        [0.5, 1.5, 2.5, 4.5],
        [True, False, True, False],
        ["24-01-30", "24-01-31", "24-02-01", "24-02-02"],
    ],
)
def test_indices_that_may_be_in_order(index):
    X = pd.DataFrame({"x": range(4)}, index=index)
    ((train, test),) = ForwardChainingSplit(1).split(X)
    assert train.max() < test.min()


def test_an_enumeration_of_polars_is_in_its_order():
    pl = pytest.importorskip("polars")
    stages = ["start", "middle", "end"]
    groups = pl.Series(2 * stages, dtype=pl.Enum(stages))
    (train, test), (_, last) = ForwardChainingSplit(2).split(np.zeros((6, 1)), groups=groups)
    assert (set(groups[train]), set(groups[test])) == ({"start"}, {"middle"})
    assert set(groups[last]) == {"end"}


def test_ordered_categories_in_an_index_must_rise():
    stages = pd.CategoricalIndex(list("cba"), categories=list("abc"), ordered=True)
    X = pd.DataFrame({"x": range(3)}, index=stages)
    with pytest.raises(ValueError, match="the index of X has b in row 1 after c"):
        next(ForwardChainingSplit(1).split(X))
    next(ForwardChainingSplit(1).split(X[::-1]))
