"""Order of steps by dates and names of columns."""

import datetime
import re
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skdl._reading._steps import check_order_of_columns, check_order_of_steps
from skdl.estimators import (
    CNNClassifier,
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    TransformerClassifier,
)
from skdl.preprocessing import sliding_windows

DAYS = pd.date_range("2024-01-01", periods=4)
X = np.random.default_rng(0).normal(size=(20, 8))
Y = X[:, -1]
SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}


def frame(columns):
    columns = list(columns) if not isinstance(columns, pd.MultiIndex) else columns
    return pd.DataFrame(X[:, : len(columns)], columns=columns)


RISING = {
    "dates": (DAYS, 1),
    "dates of two channels": (DAYS.repeat(2), 2),
    "unnamed": (range(8), 2),
    "numbers that fall": (range(8, 0, -1), 1),
    "lags": ([f"lag {i}" for i in range(8, 0, -1)], 1),
    "ISO dates": (["2024-01-01", "2024-01-02"], 1),
    "text": (list("hgfedcba"), 2),
    "steps, then channels": (pd.MultiIndex.from_product([range(4), ["temp", "flow"]]), 2),
    "names by step": ([f"{name}_{step}" for step in range(4) for name in ("temp", "flow")], 2),
    "names by step, then channel": ([f"t{step}c{c}" for step in range(4) for c in range(2)], 2),
    "months": (["2023-11", "2023-12", "2024-01", "2024-02"], 1),
    "months around the year": (["Nov", "Dec", "Jan", "Feb"], 1),
    "quarters": (["Q3 2023", "Q4 2023", "Q1 2024"], 1),
    "quarters of short years": (["Q3-23", "Q4-23", "Q1-24"], 1),
    "fractions as text": (["0.10", "0.25", "1.00"], 1),
    "days of months": (["30.01.2024", "31.01.2024", "01.02.2024"], 1),
    "days, the month first": (["1/31/24", "2/1/24", "10/2/24"], 1),
    "hours over midnight": (["22:00", "23:00", "0:00", "1:00"], 1),
    "hours of twelve": (["11 AM", "12 PM", "1 PM"], 1),
    "pixels by row": ([f"p_{i}_{j}_0" for i in range(2) for j in range(12)][:8], 1),
    "pixels by column": ([f"p_{i}_{j}" for j in range(4) for i in range(2)], 1),
    "pixels of colours": ([f"{i} {j} {c}" for i in (0, 1) for j in (0, 1) for c in (0, 1)], 1),
    "other names": (["b2", "a1", "c0"], 1),
    "steps before now": (["y(t-2)", "y(t-1)", "y(t)"], 1),
    "steps before now, of two": (["a(t-1)", "b(t-1)", "a(t)", "b(t)"], 2),
    "days ago": (["2 days ago", "1 day ago"], 1),
    "no lags": (["flag_1", "flag_2", "flag_3"], 1),
    "numbered steps": (["t0", "t1", "t2"], 1),
    "fractions": ([0.5, 1.5, 2.5], 1),
    "one channel": ([f"x{i}" for i in range(8)], 2),
    "two digits of years": (["98", "99", "00", "01"], 1),
    "marked years": (["FY98", "FY99", "FY00"], 1),
    "quarters of no year": (["Q3", "Q4", "Q1"], 1),
    "from January to December": (["Jan", "Dec"], 1),
    "from evening to morning": (["18:00", "06:00"], 1),
    "half-years": (["H2", "H1"], 1),
    "wavenumbers that fall": ([2100.5, 2000.5, 1900.5], 1),
    "numbers that fall beyond years": ([2500, 2400, 2300], 1),
    "weeks that fall": (["week 3", "week 2", "week 1"], 1),
    "up to now": (["t_2", "t_1", "t"], 1),
    "from now on": (["t", "t+1", "t+2"], 1),
    "lags of a name": (["temp_lag2", "temp_lag1", "temp"], 1),
    "words that are months too": (["may", "mark"], 1),
}


@pytest.mark.parametrize(("columns", "n_channels"), RISING.values(), ids=RISING)
def test_columns_in_order(columns, n_channels):
    check_order_of_columns(frame(columns), n_channels)


@pytest.mark.parametrize(
    "names",
    [
        sorted(f"t{i}" for i in range(12)),
        sorted(map(str, range(12))),
        [1, 0, 2, 3],
        ["2024-01-02", "2024-01-01"],
        ["2024-02", "2024-01"],
        ["2023-12", "2024-02", "2024-01"],
        ["2023Q4", "2024Q2", "2024Q1"],
        ["8:00", "10:00", "9:00", "11:00"],
        ["1h", "10h", "2h"],
        ["day 1 of", "day 10 of", "day 2 of"],
        [0.5, 2.5, 1.5],
        ["2024-01-01 10:00", "2024-01-01 09:00"],
    ],
)
@pytest.mark.parametrize(
    "model",
    [
        GRURegressor(**SMALL),
        CNNClassifier(max_epochs=1, channels=(2,)),
        TransformerClassifier(8, 2, 1, max_epochs=1),
    ],
)
def test_names_of_columns_out_of_order(model, names):
    wide = pd.DataFrame(np.zeros((4, len(names))), columns=names)
    with pytest.raises(ValueError, match=r"must be in time order.* in place . after"):
        model.fit(wide, [0, 1, 0, 1])
    ordered = sorted(names, key=lambda name: (len(str(name)), name))
    model.fit(wide[ordered], [0, 1, 0, 1])
    model.fit(wide.to_numpy(), [0, 1, 0, 1])


@pytest.mark.parametrize(
    "names",
    [
        ["Jan", "Mar", "Feb", "Apr"],
        ["31.01.2024", "01.02.2024", "30.01.2024"],
        ["01.02.24", "15.02.24", "31.01.24"],
        ["11 AM", "1 PM", "12 PM", "2 PM"],
        ["Q4 2023", "Q1 2024", "Q3 2023"],
        ["Q1-23", "Q1-24", "Q2-23", "Q2-24"],
        ["01/23", "01/24", "02/23", "02/24"],
        ["FY00", "FY01", "FY98", "FY99"],
    ],
)
def test_times_in_text_out_of_order(names):
    with pytest.raises(ValueError, match=r"must be in time order.* in place . after"):
        check_order_of_columns(frame(names), 1)


@pytest.mark.parametrize("names", [["1", "10", "2"], ["2024Q2", "2024Q1"]])
def test_steps_of_several_channels_out_of_order(names):
    X = frame([f"{channel}_{name}" for name in names for channel in "ab"])
    with pytest.raises(ValueError, match=r"must be in time order.* in place . after a_"):
        check_order_of_columns(X, 2)


def test_signals_with_all_steps_of_one_channel_together_are_told():
    wide = frame(CHANNELS_FIRST["names"])
    model = CNNClassifier(max_epochs=1, channels=(2,), kind="signal", image_shape=(4, 2))
    with pytest.raises(ValueError, match="swapaxes"):
        model.fit(wide, Y > 0)
    turned = wide.to_numpy().reshape(len(wide), 2, 4).swapaxes(1, 2)
    model.fit(turned, Y > 0)


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [0, 2, 1, 3]])
@pytest.mark.parametrize("dates", [DAYS, DAYS.to_period("D"), DAYS - DAYS[0]])
def test_dates_of_columns_must_rise(order, dates):
    falling = pd.DataFrame(X[:, :4], columns=dates[order])
    with pytest.raises(ValueError, match=r"must be in time order.* in place . after"):
        GRURegressor(**SMALL).fit(falling, Y)
    GRURegressor(**SMALL).fit(falling.sort_index(axis=1, kind="stable"), Y)


@pytest.mark.parametrize("levels", [["dates"], ["dates", "channels"], ["channels", "dates"]])
def test_dates_in_levels_must_rise(levels):
    def columns(dates):
        tuples = [(date, channel) for date in dates for channel in "ab"]
        table = pd.DataFrame(tuples, columns=["dates", "channels"])
        return pd.MultiIndex.from_frame(table[levels])

    n_channels = len(levels) if len(levels) == 2 else 1
    model = GRURegressor(**SMALL, n_channels=n_channels if n_channels > 1 else None)
    if n_channels == 1:
        falling, rising = (
            pd.DataFrame(X[:, :4], columns=pd.MultiIndex.from_product([dates, ["a"]]))
            for dates in (DAYS[[1, 0, 2, 3]], DAYS)
        )
    else:
        falling, rising = frame(columns(DAYS[[1, 0, 2, 3]])), frame(columns(DAYS))
    with pytest.raises(ValueError, match=r"must be in time order.* in place . after"):
        model.fit(falling, Y)
    model.fit(rising, Y)


CHANNELS_FIRST = {
    "names": [f"{name}_{step}" for name in ("temp", "flow") for step in range(4)],
    "names with the channel last": [f"t{step}c{c}" for c in range(2) for step in range(4)],
    "channel last": [f"{step}_{name}" for name in ("temp", "flow") for step in range(4)],
    "lags": [f"var{c}(t{f'-{lag}' * (lag > 0)})" for c in (1, 2) for lag in (3, 2, 1, 0)],
    "levels": pd.MultiIndex.from_product([["temp", "flow"], range(4)]),
    "levels with dates": pd.MultiIndex.from_product([["temp", "flow"], DAYS]),
}


@pytest.mark.parametrize("columns", CHANNELS_FIRST.values(), ids=CHANNELS_FIRST)
def test_all_steps_of_one_channel_together_are_told(columns):
    wide = frame(columns)
    with pytest.raises(ValueError, match=r"channels of one step come together.*swapaxes") as error:
        GRURegressor(**SMALL, n_channels=2).fit(wide, Y)
    assert "reshape(len(X), 2, 4)" in str(error.value)
    turned = wide.to_numpy().reshape(len(wide), 2, 4).swapaxes(1, 2)  # as advised
    np.testing.assert_array_equal(turned[:, :, 1], wide.to_numpy()[:, 4:])
    GRURegressor(**SMALL, n_channels=2).fit(turned, Y)


AS_MANY_CHANNELS = {
    "steps with a word": [f"{name}_t{step}" for name in "ab" for step in (1, 2)],
    "names": [f"{name}_{step}" for name in ("temp", "flow") for step in (1, 2)],
    "three": [f"{name}_{step}" for name in ("temp", "flow", "wind") for step in range(3)],
    "numbered channels": [f"c{c}_step{step}" for c in range(2) for step in range(2)],
    "lags": [f"var{c}(t{f'-{lag}' * (lag > 0)})" for c in (1, 2) for lag in (1, 0)],
    "levels": pd.MultiIndex.from_product([["temp", "flow"], range(2)]),
    "levels with dates": pd.MultiIndex.from_product([["temp", "flow"], DAYS[:2]]),
    "named levels": pd.MultiIndex.from_product([range(2), range(2)], names=["sensor", "step"]),
}


@pytest.mark.parametrize("columns", AS_MANY_CHANNELS.values(), ids=AS_MANY_CHANNELS)
def test_as_many_steps_of_one_channel_together_are_told(columns):
    n = round(len(columns) ** 0.5)
    wide = pd.DataFrame(np.arange(20.0 * n * n).reshape(20, -1), columns=columns)
    with pytest.raises(ValueError, match=r"channels of one step come together.*swapaxes") as error:
        GRURegressor(**SMALL, n_channels=n).fit(wide, Y)
    ways = re.search(r"Pass (.*); or (.*) if", str(error.value)).groups()
    turned, as_it_is = (eval(code, {"X": wide}) for code in ways)
    np.testing.assert_array_equal(turned[:, 1], wide.to_numpy()[:, 1::n])
    for advised in (turned, as_it_is):
        clone(GRURegressor(**SMALL, n_channels=n)).fit(advised, Y)


@pytest.mark.parametrize(
    "columns",
    [
        [f"{step}_{c}" for step in ("Jan", "Feb") for c in (1, 2)],
        [f"{step}_x{c}" for step in ("pre", "post") for c in (1, 2)],
        [f"Jan_x{c}" for c in (1, 2)] + [f"Feb_x{c}" for c in (1, 2)],
        [f"t{step}_c{c}" for step in range(2) for c in range(2)],
        [f"{step}_{c}" for step in range(2) for c in range(2)],
        [f"{name}_t{step}" for step in (1, 2) for name in "ab"],
        [f"{name}(t-{lag})" for lag in (2, 1) for name in "ab"],
        pd.MultiIndex.from_product([range(2), ["temp", "flow"]]),
        pd.MultiIndex.from_product([DAYS[:2], [7, 8]]),
        pd.MultiIndex.from_product([range(2), range(2)]),
    ],
    ids=str,
)
def test_as_many_channels_of_one_step_together_are_taken(columns):
    check_order_of_columns(frame(columns), 2)


def test_dates_of_steps_may_repeat_but_not_fall():
    check_order_of_steps(pd.Series(range(3), index=DAYS[[0, 1, 1]]), 0)
    check_order_of_steps([3, 2, 1], 0)
    with pytest.raises(ValueError, match="sequence 7 in X has 2024-01-01"):
        check_order_of_steps(pd.Series(range(2), index=DAYS[[1, 0]]), 7)
    with pytest.raises(ValueError, match="sequence 7 in X has 2024-01-30 in row 1"):
        check_order_of_steps(pd.Series(range(2), index=["2024-02-01", "2024-01-30"]), 7)
    with pytest.raises(ValueError, match="sequence 7 in X has NaT in row 1"):
        check_order_of_steps(pd.Series(range(2), index=[DAYS[0], pd.NaT]), 7)


FALLING = {
    "numbers": range(6, 0, -1),
    "shuffled": [3, 5, 1, 0, 2, 4],
    "seconds": [2.5, 2.0, 1.5, 1.0, 0.5, 0.0],
    "of a panel": pd.MultiIndex.from_product([["a"], range(6, 0, -1)]),
    "dates of a panel": pd.MultiIndex.from_product([["a"], pd.date_range("2024", periods=6)[::-1]]),
}


@pytest.mark.parametrize("index", FALLING.values(), ids=FALLING)
@pytest.mark.parametrize("kind", [pd.DataFrame, pd.Series])
def test_numbers_of_steps_do_not_fall_and_the_advice_helps(index, kind):
    X = [kind(np.arange(6.0) + i, index=index) for i in range(4)]
    for model in (GRURegressor(**SMALL), CNNClassifier((2,), max_epochs=1, kind="signal")):
        with pytest.raises(ValueError, match=r"the index of sequence 0 in X has .* after") as told:
            model.fit(X, [0, 1, 0, 1])
        ways = re.search(r"Sort them, (.*), or, .* pass (.*)\.", str(told.value)).groups()
        by_time, as_they_are = (eval(code, {"X": X}) for code in ways)
        assert all(x.index.is_monotonic_increasing for x in by_time)
        assert np.ravel(as_they_are[1]).tolist() == np.ravel(X[1]).tolist()
        for advised in (by_time, as_they_are):
            model.fit(advised, [0, 1, 0, 1])


@pytest.mark.parametrize(
    "index",
    [
        [7, 7, 7],
        range(100, 103),
        [22, 23, 0],
        [0.1, 0.4, 0.4],
        pd.MultiIndex.from_tuples([(2023, 12), (2024, 1), (2024, 2)]),
        pd.MultiIndex.from_tuples([("a", 3), ("a", 4), ("a", 9)]),
    ],
)
def test_numbers_of_steps_that_may_be_in_order(index):
    check_order_of_steps(pd.Series(range(3), index=index), 0)


STEPS = range(4)
SWAPPED = {
    "names": (lambda step, c: f"{'ab'[c]}_{step}", [0, 1, 1, 0, 0, 1, 0, 1]),
    "lags": (lambda step, c: f"var{c}(t-{3 - step})", [0, 1, 0, 1, 1, 0, 0, 1]),
    "levels": (lambda step, c: (step, "ab"[c]), [0, 1, 0, 1, 0, 1, 1, 0]),
}


@pytest.mark.parametrize(("name", "channels"), SWAPPED.values(), ids=SWAPPED)
def test_channels_in_another_order_in_a_later_step_are_told(name, channels):
    wide = frame([name(i // 2, channel) for i, channel in enumerate(channels)])
    with pytest.raises(ValueError, match=r"channels of each step must come in one order.*in place"):
        GRURegressor(**SMALL, n_channels=2).fit(wide, Y)
    names = [name(step, channel) for step in STEPS for channel in (0, 1)]
    GRURegressor(**SMALL, n_channels=2).fit(wide[names], Y)
    GRURegressor(**SMALL, n_channels=2).fit(wide.to_numpy(), Y)


def test_ordered_categories_are_times():
    stages = pd.CategoricalIndex(["end", "start"], categories=["start", "end"], ordered=True)
    with pytest.raises(ValueError, match="sequence 7 in X has start in row 1 after end"):
        check_order_of_steps(pd.Series(range(2), index=stages), 7)
    with pytest.raises(ValueError, match=r"must be in time order.*start in place 1 after end"):
        check_order_of_columns(pd.DataFrame(np.eye(2), columns=stages), 1)
    check_order_of_columns(pd.DataFrame(np.eye(2), columns=stages[::-1]), 1)


NEWEST_FIRST = {
    "lag": [f"lag_{i}" for i in range(1, 5)],
    "of y": [f"y lag {i}" for i in range(4)],
    "delayed": ["delay1", "delay2", "delay3", "delay24"],
    "days": ["D-1", "D-2", "D-3"],
    "the number first": ["1_lag", "2_lag"],
    "minus": ["minus_1", "minus_2", "minus_3"],
    "before now": ["x(t)", "x(t-1)", "x(t-2)"],
    "steps": ["t-1", "t-2", "t-3"],
    "ago": ["1 day ago", "2 days ago"],
    "beside now": ["t", "t_1", "t_2"],
    "beside the name": ["temp", "temp_lag1", "temp_lag2"],
    "years": ["2024", "2023", "2022"],
    "fiscal years": ["FY01", "FY00", "FY99"],
    "dates in numbers": ["20240301", "20240229", "20240228"],
    "months in numbers": ["202402", "202401", "202312"],
    "clocks": ["10:00", "9:30", "9:00"],
    "clocks over midnight": ["1:00", "0:00", "23:00"],
    "two clocks": ["10:00", "09:00"],
    "hours of twelve": ["1 PM", "12 PM", "11 AM"],
    "quarters": ["Q4", "Q3", "Q2"],
    "quarters of two years": ["Q1", "Q4", "Q3"],
    "months": ["Mar", "Feb", "Jan"],
    "months around the year": ["Feb", "Jan", "Dec"],
    "days of the week": ["Wed", "Tue", "Mon"],
}


@pytest.mark.parametrize("names", NEWEST_FIRST.values(), ids=NEWEST_FIRST)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_lags_from_the_newest_on_are_told(names, n_channels):
    columns = [
        name if n_channels == 1 else f"{c}_{name}" for name in names for c in "ab"[:n_channels]
    ]
    X = frame(columns)
    with pytest.raises(ValueError, match="which is newer") as caught:
        check_order_of_columns(X, n_channels)
    message = str(caught.value)
    assert f"{columns[n_channels]!r} in place {n_channels}" in message
    advised = eval(message.partition("Turn them round, ")[2].partition(";")[0])
    check_order_of_columns(advised, n_channels)
    assert list(advised)[-n_channels:] == columns[:n_channels]


def test_lags_of_a_series_from_the_newest_on_are_told_in_fit():
    X = pd.DataFrame({f"lag_{i}": Y for i in range(1, 5)})
    for model in (GRURegressor(**SMALL), CNNClassifier((2,), max_epochs=1)):
        with pytest.raises(ValueError, match="'lag_2' in place 1, after 'lag_1'"):
            model.fit(X, (Y > 0).astype(int))
    GRURegressor(**SMALL).fit(X[X.columns[::-1]], Y)


@pytest.mark.parametrize(
    ("columns", "n_channels"),
    [
        ([0, -1, -2, -3], 1),
        (["0", "-1", "-2"], 1),
        (pd.MultiIndex.from_product([["lag_1", "lag_2"], ["temp", "flow"]]), 2),
        (pd.MultiIndex.from_product([[0, -1, -2], ["temp", "flow"]]), 2),
        (pd.MultiIndex.from_product([[2024, 2023], ["temp", "flow"]]), 2),
        (pd.MultiIndex.from_product([["Q4", "Q3"], ["temp", "flow"]]), 2),
        ([2024, 2023, 2022], 1),
        ([2024.0, 2023.0], 1),
        ([202401, 202312], 1),
        ([datetime.time(10), datetime.time(9)], 1),
    ],
)
def test_levels_and_numbers_may_be_newest_first(columns, n_channels):
    X = frame(columns)
    with pytest.raises(ValueError, match="which is newer") as caught:
        check_order_of_columns(X, n_channels)
    advised = eval(str(caught.value).partition("Turn them round, ")[2].partition(";")[0])
    check_order_of_columns(advised, n_channels)


def test_lags_of_one_channel_after_the_other_are_turned_round_too():
    X = pd.DataFrame([[1, 2, 3, 10, 20, 30]] * 4)
    X.columns = [f"{name}(t-{lag})" for name in "ab" for lag in (1, 2, 3)]
    with pytest.raises(ValueError, match="hold the steps of one channel") as caught:
        check_order_of_columns(X, 2)
    advised = eval(re.search(r"Pass (.*); or", str(caught.value))[1])
    np.testing.assert_array_equal(advised[0], [[3, 30], [2, 20], [1, 10]])


# Rows with times ---------------------------------------------------------------------------------

DATED = pd.date_range("2024-01-01", periods=60, freq="h")
OF_CHANNELS = {
    "words": ["temp", "wind"],
    "prices": ["open", "high", "low", "close"],
    "one column": ["value"],
    "one number": [0],
    "words and numbers": ["pm25", "temp", "wind10"],
    "capitals": ["T", "P", "RH"],
}
OF_STEPS = {
    "numbers": [0, 1, 2],
    "years": [2021, 2022, 2023],
    "numbers in text": ["0", "1", "2"],
    "steps": ["t0", "t1", "t2"],
    "lags": ["lag_3", "lag_2", "lag_1"],
    "lags up to now": ["t-2", "t-1", "t"],
    "one lag": ["lag_1"],
    "lags of a name": ["temp_lag2", "temp_lag1", "temp"],
    "months": ["Jan", "Feb", "Mar"],
    "clocks": ["00:00", "01:00", "02:00"],
    "dates": list(pd.date_range("2024-02-01", periods=3)),
    "a MultiIndex": pd.MultiIndex.from_product([[0, 1], ["temp", "wind"]]),
}
ESTIMATORS = [
    LSTMRegressor(4, max_epochs=1, device="cpu"),
    GRUClassifier(4, max_epochs=1, device="cpu"),
    TransformerClassifier(8, 2, 1, max_epochs=1, device="cpu"),
    CNNClassifier((4,), max_epochs=1, device="cpu"),
]
every_reader = pytest.mark.parametrize("model", ESTIMATORS, ids=lambda m: type(m).__name__)
KINDS_OF_TIMES = {
    "dates": DATED,
    "periods": DATED.to_period("h"),
    "durations": DATED - DATED[0],
    "falling": DATED[::-1],
    "in a time zone": DATED.tz_localize("UTC"),
    "objects": pd.Index(list(pd.date_range("2024", periods=60).date)),
    "text": DATED.strftime("%Y-%m-%d %H:%M"),
}


def dated(columns, index=DATED):
    values = np.random.default_rng(0).normal(size=(len(index), len(columns)))
    return pd.DataFrame(values, columns=columns, index=index)


@every_reader
@pytest.mark.parametrize("columns", OF_CHANNELS.values(), ids=OF_CHANNELS)
def test_dated_rows_of_channels_are_warned_of_and_the_advice_helps(model, columns):
    X, y, width = dated(columns), np.arange(60) % 2, 12
    with pytest.warns(
        UserWarning, match=rf"60 rows.*sequence of {len(columns)} step.*windows, _ ="
    ):
        model.fit(X, y)
    windows, _ = sliding_windows(X, width)
    assert windows.shape == (48, width, len(columns))
    clone(model).set_params(**signal(model)).fit(windows, np.asarray(y)[width:])
    model.fit(X.to_numpy(), y).predict(X.to_numpy())  # a warning would be an error


def signal(model):
    return {"kind": "signal"} if hasattr(model, "kind") else {}


@pytest.mark.parametrize("index", KINDS_OF_TIMES.values(), ids=KINDS_OF_TIMES)
def test_times_of_every_kind(index):
    with pytest.warns(UserWarning, match="with times in its index"):
        ESTIMATORS[0].fit(dated(["temp", "wind"], index), np.arange(60) % 2)


@every_reader
@pytest.mark.parametrize("columns", OF_STEPS.values(), ids=OF_STEPS)
def test_dated_rows_of_steps_are_not_warned_of(model, columns):
    n_channels = {"n_channels": 2} if len(columns) == 4 and hasattr(model, "n_channels") else {}
    X = dated(columns)
    clone(model).set_params(**n_channels).fit(X, np.arange(60) % 2).predict(X)


@every_reader
def test_rows_without_times_are_not_warned_of(model):
    X = dated(["temp", "wind", "rain"])
    for other in (X.reset_index(drop=True), X.set_axis(list(map(str, range(60)))), X.to_numpy()):
        model.fit(other, np.arange(60) % 2)


@pytest.mark.parametrize(("n_channels", "warns"), [(2, False), (4, True)])
def test_rows_whose_channels_are_said(n_channels, warns):
    X, model = dated(["a", "b", "c", "d"]), LSTMRegressor(4, max_epochs=1, n_channels=n_channels)
    with pytest.warns(UserWarning, match="sequence of 1 step") if warns else nullcontext():
        model.fit(X, np.arange(60.0))
