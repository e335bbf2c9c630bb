"""sliding_windows of frames with times: columns of dates, order, gaps, several series."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest

from skdl.preprocessing import sliding_windows

DAYS = pd.date_range("2024-01-01", periods=30)


def series_at(index):
    return pd.Series(np.arange(len(index), dtype=float), index=index)


# Columns -----------------------------------------------------------------------------------------

COLUMNS = {
    "dates": DAYS,
    "dates in a time zone": DAYS.tz_localize("Asia/Tokyo"),
    "durations": DAYS - DAYS[0],
    "periods": DAYS.to_period("D"),
    "dates as objects": pd.Series(DAYS.date, dtype=object),
    "numpy dates as objects": pd.Series(list(DAYS.to_numpy()), dtype=object),
    "text": [f"day {i}" for i in range(30)],
    "categories": pd.Categorical(["a", "b", "c"] * 10),
    "complex": np.arange(30) * 1j,
    "lists": [[1.0, 2.0]] * 30,
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("others", [{"close": range(30)}, {}], ids=["mixed", "alone"])
def test_columns_that_are_no_numbers_are_named(column, others):
    frame = pd.DataFrame({**others, "when": column})
    with pytest.raises(ValueError, match=r"series must be numeric, got .* of column 'when'"):
        sliding_windows(frame, 3)
    if others:  # as advised
        assert sliding_windows(frame.select_dtypes("number")[["close"]], 3)[0].shape == (27, 3, 1)


def test_numbers_of_any_dtype_are_channels():
    frame = pd.DataFrame(
        {
            "int": range(6),
            "bool": [True, False] * 3,
            "nullable": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
            "object": pd.Series([1, 2.5, None, 4, 5, 6], dtype=object),
            "category": pd.Categorical([3, 1, 2] * 2),
        }
    )
    X, _ = sliding_windows(frame, 2)
    np.testing.assert_array_equal(X[:, 0], frame.to_numpy(float, na_value=np.nan)[:4])


# Order -------------------------------------------------------------------------------------------

REGULAR = {
    "dates": DAYS,
    "no freq": pd.DatetimeIndex(list(DAYS)),
    "days in a time zone": pd.DatetimeIndex(
        list(pd.date_range("2024-03-20", periods=30, tz="Europe/Berlin"))
    ),
    "hours in a time zone": pd.DatetimeIndex(
        list(pd.date_range("2024-03-30", periods=50, freq="h", tz="Europe/Berlin"))
    ),
    "months": pd.DatetimeIndex(list(pd.date_range("2024-01-31", periods=20, freq="ME"))),
    "quarters": pd.date_range("2020", periods=9, freq="QS"),
    "business days": pd.DatetimeIndex(list(pd.bdate_range("2024-01-01", periods=30))),
    "periods": pd.period_range("2024-01", periods=9, freq="M"),
    "quarters of an hour": pd.period_range("2024-01", periods=9, freq="15min"),
    "durations": pd.timedelta_range(0, periods=9, freq="3s"),
    "date objects": pd.Index(DAYS.date),
    "seconds": pd.Index(1.7e9 + 3600 * np.arange(9) + np.sin(np.arange(9))),
    "years": pd.Index(range(1990, 2000)),
    "ordered categories": pd.CategoricalIndex(list("cab"), list("cab"), ordered=True),
    "one step": DAYS[:2],
}  # fmt: skip


@pytest.mark.parametrize("index", REGULAR.values(), ids=REGULAR)
@pytest.mark.parametrize("gaps", ["error", "drop", "ignore"])
def test_regular_times_are_taken(index, gaps):
    X, y = sliding_windows(series_at(index), 1, gaps=gaps)
    np.testing.assert_array_equal(y, np.arange(1, len(index)))
    np.testing.assert_array_equal(X.ravel(), y - 1)


@pytest.mark.parametrize(
    "index",
    [i for i in REGULAR.values() if len(i) > 2],
    ids=[k for k in REGULAR if k != "one step"],
)
@pytest.mark.parametrize("gaps", ["error", "drop", "ignore"])
def test_times_that_do_not_rise_are_told_and_the_advice_helps(index, gaps):
    series = series_at(index)
    shuffled = series.iloc[[1, 0, *range(2, len(series))]]
    for wrong in (series.iloc[::-1], shuffled):
        with pytest.raises(ValueError, match=r"must rise .* in row 1 after .*sort_index"):
            sliding_windows(wrong, 1, gaps=gaps)
        np.testing.assert_array_equal(
            sliding_windows(wrong.sort_index(), 1)[1], sliding_windows(series, 1)[1]
        )
        as_they_are = sliding_windows(wrong.reset_index(drop=True), 1)
        np.testing.assert_array_equal(as_they_are[1], wrong.iloc[1:])
    twice = pd.concat([series, series.iloc[-1:]])
    with pytest.raises(ValueError, match=r"must rise .*duplicated\(\)"):
        sliding_windows(twice, 1, gaps=gaps)
    assert (
        sliding_windows(twice[~twice.index.duplicated()].sort_index(), 1)[1][-1] == series.iloc[-1]
    )


def test_a_missing_time_is_told():
    series = series_at(DAYS.insert(3, None).delete(4))
    with pytest.raises(ValueError, match=r"got NaT in row 3.*notna"):
        sliding_windows(series, 2)
    X, _ = sliding_windows(series[series.index.notna()], 2, gaps="drop")
    assert X[..., 0].tolist()[1] != [1, 4]


@pytest.mark.parametrize(
    "index",
    [list("abcd"), pd.CategoricalIndex(list("abcd")), [True, False] * 2, [1, "b", 2, "c"]],
    ids=["text", "categories without order", "bool", "mixed"],
)  # fmt: skip
def test_an_index_without_times_is_told(index):
    series = series_at(pd.Index(index))
    with pytest.raises(ValueError, match=r"must hold its times, got .*reset_index\(drop=True\)"):
        sliding_windows(series, 2)
    assert len(sliding_windows(series.reset_index(drop=True), 2)[0]) == 2


def clock(*hours):
    return [datetime.time(hour, 30) for hour in hours]


CONVERTED = {
    "times of day": clock(1, 2, 3, 4, 5, 6),
    "times with microseconds": [datetime.time(1, 0, s, 5) for s in range(6)],
    "clocks in text": [f"{hour:02d}:30" for hour in range(6)],
    "clocks with seconds": [f"{hour:02d}:30:00" for hour in range(6)],
    "dates in text": [f"2024-01-{day:02d}" for day in range(1, 7)],
    "months in text": [f"2024-{month:02d}" for month in range(1, 7)],
    "numbers in text": [str(number) for number in range(8, 14)],
    "days first": [f"{day:02d}.01.2024" for day in range(1, 7)],
    "days first over a month": ["31/01/2024", *[f"0{day}/02/2024" for day in range(1, 6)]],
    "months first over a month": ["01/31/2024", *[f"02/0{day}/2024" for day in range(1, 6)]],
    "months by name": ["Nov 2023", "Dec 2023", "Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024"],
    "first days of months": [f"01.{month:02d}.2024" for month in (1, 2, 3, 4, 5, 6)],
    "months behind years": ["2023/11", "2023/12", "2024/01", "2024/02", "2024/03", "2024/04"],
    "months that look like numbers": ["2023.11", "2023.12", *[f"2024.0{i}" for i in range(1, 5)]],
    "hours of twelve": [f"{hour:02d}:00 AM" for hour in range(1, 7)],
    "weeks": ["2023-W51", "2023-W52", *[f"2024-W0{week}" for week in range(1, 5)]],
    "weeks without a dash": ["2023W51", "2023W52", *[f"2024W0{week}" for week in range(1, 5)]],
    "weeks first": ["W51 2023", "W52 2023", *[f"W0{week} 2024" for week in range(1, 5)]],
    "years": [str(year) for year in range(2018, 2024)],
}
OF_QUARTERS = ["Q{1} {0}", "{0}Q{1}", "{0}-Q{1}", "{0} Q{1}", "Q{1}-{0}", "{1}Q{0}", "Q{1}/{0}"]
PLACES = [(2023 + place // 4, 1 + place % 4) for place in range(2, 8)]
CONVERTED |= {form: [form.format(*place) for place in PLACES] for form in OF_QUARTERS}


@pytest.mark.parametrize("labels", CONVERTED.values(), ids=CONVERTED)
@pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame])
def test_an_index_that_can_be_converted_is_told_how(labels, kind):
    series = kind(np.arange(6.0), index=pd.Index(labels, dtype=object))
    with pytest.raises(ValueError, match=r"must hold its times.*Convert it, series") as told:
        sliding_windows(series, 2)
    code = re.search(r"Convert it, (.*), or, if", str(told.value))[1]
    converted = eval(code, {"series": series, "pd": pd})
    np.testing.assert_array_equal(sliding_windows(converted, 2)[1], [2, 3, 4, 5])
    holed = converted.drop(converted.index[3])
    assert len(sliding_windows(holed, 1, gaps="drop")[0]) == 3


@pytest.mark.parametrize(
    "labels",
    [
        clock(22, 23, 0, 1),
        clock(1, 2, 1, 2),
        ["01/02/2024", "02/02/2024", "03/02/2024", "04/02/2024"],
        [pd.NaT, *clock(1, 2, 3)],
    ],
    ids=["over midnight", "of two days", "days or months first", "one missing"],
)
def test_an_index_of_unsure_times_is_not_to_be_converted(labels):
    series = series_at(pd.Index(labels, dtype=object))
    with pytest.raises(ValueError, match=r"format=\.\.\.\)\), or, if the rows.*reset_index"):
        sliding_windows(series, 2)
    assert len(sliding_windows(series.reset_index(drop=True), 2)[0]) == 2


@pytest.mark.parametrize("step", [1, 5])
def test_gaps_of_whole_numbers_are_filled_as_advised(step):
    series = series_at(step * pd.RangeIndex(9)).drop([3 * step, 4 * step])
    with pytest.raises(ValueError, match=r"rows, series\.reindex\(range") as told:
        sliding_windows(series, 2)
    code = re.search(r"rows, (series\.reindex.*), pass gaps", str(told.value))[1]
    filled = eval(code, {"series": series})
    assert len(filled) == 9
    assert len(sliding_windows(filled, 2)[0]) == 7


def numbers(form, freq, start="2023-11-28"):
    """Dates in numbers over the end of a year."""
    dates = pd.date_range(start, periods=70, freq=freq)
    return dates.strftime(form).astype(np.int64)


IN_NUMBERS = {
    "days": numbers("%Y%m%d", "D"),
    "floats": numbers("%Y%m%d", "D").astype(float),
    "months": numbers("%Y%m", "MS"),
    "weeks": numbers("%G%V", "W-MON"),
    "days of years": numbers("%Y%j", "D"),
    "hours": numbers("%Y%m%d%H", "h"),
    "minutes": numbers("%Y%m%d%H%M", "min", "2023-12-31 23:00"),
    "seconds": numbers("%Y%m%d%H%M%S", "s", "2023-12-31 23:59:00"),
    "quarters": pd.Index([10 * year + q for year in range(2010, 2028) for q in (1, 2, 3, 4)][:70]),
}


@pytest.mark.parametrize("as_text", [False, True], ids=["numbers", "text"])
@pytest.mark.parametrize("index", IN_NUMBERS.values(), ids=IN_NUMBERS)
def test_dates_in_numbers_are_converted_as_advised(index, as_text):
    """Days after the 31st of a month are no missing rows."""
    if as_text and index.dtype == float:
        return
    series = series_at(index.astype(str) if as_text else index)
    with pytest.raises(ValueError, match=r"[Cc]onvert (them|it), ") as told:
        sliding_windows(series, 2)
    assert "range(" not in str(told.value)
    code = re.search(r"onvert (?:them|it), (.*?)(; else|, or, if)", str(told.value))[1]
    converted = eval(code, {"series": series, "pd": pd})
    assert len(sliding_windows(converted, 2)[0]) == 68
    if not as_text:
        assert len(sliding_windows(series, 2, gaps="drop")[0]) == 68
        assert len(sliding_windows(series.drop(index[9]), 2, gaps="drop")[0]) == 65
    holed = converted.drop(converted.index[3])
    with pytest.raises(ValueError, match=r"equally spaced.*series\.asfreq or series\.reindex"):
        sliding_windows(holed, 2)


@pytest.mark.parametrize("first", [100, 1801, 210100, 20240])
def test_other_numbers_are_no_dates(first):
    index = pd.RangeIndex(first, first + 60).drop([first + 5])
    with pytest.raises(ValueError, match=r"rows, series\.reindex\(range"):
        sliding_windows(series_at(index), 2)


@pytest.mark.parametrize(
    "index", [np.r_[0:4, 10**12 : 10**12 + 4], np.r_[0:4, 6:10] / 2], ids=["far", "floats"]
)
def test_gaps_that_cannot_be_filled_by_whole_numbers(index):
    series = series_at(pd.Index(index))
    with pytest.raises(ValueError, match=r"equally spaced.*gaps='drop'") as told:
        sliding_windows(series, 2)
    assert "range(" not in str(told.value)
    assert "asfreq" not in str(told.value)
    assert len(sliding_windows(series, 2, gaps="drop")[0]) == 4


def test_years_and_months_are_one_series_and_one_level_is_an_index():
    levels = pd.MultiIndex.from_product([[2023, 2024], range(1, 7)], names=["year", "month"])
    with pytest.raises(ValueError, match=r"year and month are.*reset_index\(drop=True\)"):
        sliding_windows(series_at(levels), 2)
    assert len(sliding_windows(series_at(levels).reset_index(drop=True), 2)[0]) == 10
    one = pd.MultiIndex.from_arrays([np.r_[0:4, 6:10]])
    assert len(sliding_windows(series_at(one), 2, gaps="drop")[0]) == 4


# Gaps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [i for i in REGULAR.values() if len(i) > 5 and i.dtype.kind != "f"],
    ids=[k for k, i in REGULAR.items() if len(i) > 5 and i.dtype.kind != "f"],
)
def test_a_missing_row_is_a_gap(index):
    holed = series_at(index).drop(index[3])
    with pytest.raises(ValueError, match=r"equally spaced.*row 2 to 3.*gaps='drop'.*gaps='ignore'"):
        sliding_windows(holed, 2)
    X, y = sliding_windows(holed, 2, horizon=[1], gaps="drop")
    np.testing.assert_array_equal(np.diff(np.column_stack([X[..., 0], y]), axis=1), 1)
    assert 3 not in X
    assert len(X) == len(index) - 5  # one row less, no window on it, none over it
    X, y = sliding_windows(holed, 2, gaps="ignore")
    assert len(X) == len(holed) - 2
    assert X[1, :, 0].tolist() == [1, 2]
    assert y[1] == 4


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("horizon", [1, 3, [1, 2]])
def test_windows_that_reach_over_no_gap_are_all_kept(stride, horizon):
    clock = np.delete(np.arange(40), [7, 8, 20])
    frame = pd.DataFrame({"a": clock, "b": -clock}, index=DAYS[0] + pd.to_timedelta(clock, "h"))
    X, y = sliding_windows(frame, 4, horizon, stride, target="a", gaps="drop")
    everything, ahead = sliding_windows(frame, 4, horizon, stride, target="a", gaps="ignore")
    last = np.reshape(ahead, (len(ahead), -1))[:, -1]
    whole = last - everything[:, 0, 0] == 3 + np.max(horizon)
    np.testing.assert_array_equal(X, everything[whole])
    np.testing.assert_array_equal(y, ahead[whole])


def test_other_irregular_steps():
    half = DAYS.append(DAYS[-1:] + pd.Timedelta("12h"))  # twice as often at the end
    rows = pd.Index([0, 1, 3])  # two steps, of which one is long
    dropped = series_at(pd.RangeIndex(20)).where(lambda s: s % 7 > 0).dropna().index
    for index in (half, rows, dropped, DAYS.date[[0, 1, 2, 9]]):
        with pytest.raises(ValueError, match="equally spaced"):
            sliding_windows(series_at(pd.Index(index)), 1)


def test_a_holiday_is_a_gap_in_business_days_and_a_weekend_is_none():
    days = pd.DatetimeIndex(list(pd.bdate_range("2024-12-20", periods=20)))
    assert len(sliding_windows(series_at(days), 3)[0]) == 17
    without = days[days != "2024-12-25"]
    with pytest.raises(ValueError, match=r"from 2024-12-24 .* to 2024-12-26"):
        sliding_windows(series_at(without), 3)
    own = pd.offsets.CustomBusinessDay(holidays=["2024-12-25"])  # a calendar that knows it
    known = pd.date_range("2024-12-20", periods=19, freq=own)
    assert len(sliding_windows(series_at(known), 3)[0]) == 16


def test_no_window_without_a_gap():
    index = DAYS[[0, 1, 5, 6, 10, 11]]
    with pytest.raises(
        ValueError, match=r"= 3 steps without a gap, got 2 gaps in 6 steps.*'ignore'"
    ):
        sliding_windows(series_at(index), 2, gaps="drop")
    assert len(sliding_windows(series_at(index), 2, gaps="ignore")[0]) == 4


# Several series ----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["stock", "day"], [None, None]])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame])
def test_several_series_are_told_and_the_advice_helps(names, swapped, kind):
    index = pd.MultiIndex.from_product([["A", "B"], DAYS[:6]], names=names)
    panel = kind(np.arange(12.0), index=index)
    panel = panel.swaplevel() if swapped else panel
    with pytest.raises(ValueError, match=r"several: a MultiIndex of 2 levels.*droplevel") as error:
        sliding_windows(panel, 2)
    keys = 1 if swapped else 0
    assert f"keys = {keys}" in str(error.value)
    parts = [sliding_windows(p.droplevel(keys), 2) for _, p in panel.groupby(level=keys)]
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    assert X.shape == (8, 2, 1)
    np.testing.assert_array_equal(y, [2, 3, 4, 5, 8, 9, 10, 11])


NUMBERED = {
    "step last": (["id", "step"], 0),
    "step first": (["step", "id"], 1),
    "no names": ([None, None], 0),
    "text first": (["name", "t"], 0),
    "text last": (["week", "name"], 1),
    "three": (["region", "id", "month"], [0, 1]),
}


@pytest.mark.parametrize(("names", "keys"), NUMBERED.values(), ids=NUMBERED)
def test_series_with_numbered_steps_are_told_and_the_advice_helps(names, keys):
    sizes = {
        "step": range(6),
        "t": range(6),
        "week": range(6),
        "month": range(6),
        "name": ["a", "b"],
    }
    levels = [sizes.get(name, [7, 8]) for name in names]
    levels = [[7, 8], range(6)] if names[0] is names[1] else levels
    panel = pd.Series(1.0, index=pd.MultiIndex.from_product(levels, names=names))
    for part in (panel, panel.sample(frac=1, random_state=0)):
        with pytest.raises(ValueError, match=re.escape(f"keys = {keys},")):
            sliding_windows(part, 2)
    parts = [sliding_windows(p.droplevel(keys), 2) for _, p in panel.groupby(level=keys)]
    assert [len(X) for X, _ in parts] == [4] * (len(panel) // 6)


@pytest.mark.parametrize("key", ["id", 0])
@pytest.mark.parametrize("names", [[7, 8], ["A", "B"]], ids=["numbers", "text"])
@pytest.mark.parametrize("by_time", [False, True])
def test_the_column_that_names_several_series_is_told_and_the_advice_helps(key, names, by_time):
    panel = pd.DataFrame({key: np.repeat(names, 6), "v": np.arange(12.0)}, index=[*DAYS[:6]] * 2)
    panel = panel.sort_index(kind="stable") if by_time else panel
    with pytest.raises(ValueError, match=rf"column {key!r} holds the names of several") as told:
        sliding_windows(panel, 2)
    code = re.search(r"each, (\[.*\]), and join", str(told.value))[1].replace("...", "2")
    parts = eval(code, {"series": panel, "sliding_windows": sliding_windows})
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    assert X.shape == (8, 2, 1)
    np.testing.assert_array_equal(y, [2, 3, 4, 5, 8, 9, 10, 11])


def stacked(n_series=4, n_steps=6, **columns):
    """Series one below the other, in a frame whose index numbers the rows."""
    own = {"step": np.tile(range(n_steps), n_series), "v": np.arange(float(n_series * n_steps))}
    return pd.DataFrame({**columns, **own})


PANELS = {
    "numbers": (stacked(store=np.repeat([3, 1, 2, 7], 6)), ["store"]),
    "two keys": (
        stacked(store=np.repeat([1, 2], 12), item=np.tile(np.repeat([1, 2], 6), 2)),
        ["store", "item"],
    ),
    "beside what is known of each": (
        stacked(size=np.repeat([5.0, 5.0, 7.0, 7.0], 6), unit=np.repeat([1, 2, 3, 4], 6)),
        ["unit"],
    ),
    "over several years": (
        stacked(id=np.repeat([1, 2], 12), year=np.tile(np.repeat([2023, 2024], 6), 2)),
        ["id"],
    ),
    "numbered columns": (stacked(id=np.repeat(range(4), 6)).set_axis(range(3), axis=1), [0]),
    "nullable": (stacked(id=np.repeat(range(4), 6)).convert_dtypes(), ["id"]),
    "rows left out": (
        stacked(id=np.repeat(range(4), 6)).drop([3, 10]).reset_index(drop=True),
        ["id"],
    ),
}


@pytest.mark.parametrize(("panel", "keys"), PANELS.values(), ids=PANELS)
def test_series_one_below_the_other_are_told_by_their_columns(panel, keys):
    with pytest.raises(ValueError, match=r"must be one series, but its column .* starts") as told:
        sliding_windows(panel, 2)
    row = int(re.search(r"first in row (\d+)", str(told.value))[1])
    assert row == panel.groupby(keys, sort=False).size().iloc[0]
    code = re.search(r"each, (\[.*\]), and join", str(told.value))[1].replace("...", "2")
    scope = {"series": panel, "sliding_windows": sliding_windows}
    parts = eval(code, scope)
    assert sum(len(X) for X, _ in parts) == len(panel) - 2 * len(panel.groupby(keys))
    as_one = re.search(r"one series, pass (.*), with the number", str(told.value))[1]
    assert len(sliding_windows(eval(as_one, scope), 2)[0]) == len(panel) - 2


def test_advice_about_series_in_a_table_of_arrow():
    table = pytest.importorskip("pyarrow").Table.from_pandas(PANELS["numbers"][0])
    with pytest.raises(ValueError, match="'step' starts again") as told:
        sliding_windows(table, 2)
    code = re.search(r"each, (\[.*\]), and join", str(told.value))[1].replace("...", "2")
    parts = eval(code, {"series": table, "sliding_windows": sliding_windows, "pd": pd})
    assert [len(X) for X, _ in parts] == [4] * 4


OFTEN = pd.date_range("2023-01-01", periods=900)
HOURLY = pd.date_range("2023-01-01", periods=900, freq="h")
ONE_SERIES = {
    "months and days": {"month": OFTEN.month, "day": OFTEN.day},
    "years and months": {"year": OFTEN.year, "Month": OFTEN.month, "mday": OFTEN.day},
    "years in a column of any name": {"a": OFTEN.year, "b": OFTEN.day_of_year},
    "dates as numbers": {"d": HOURLY.strftime("%Y%m%d").astype(int), "h": HOURLY.hour},
    "numbered weeks": {"week_no": np.arange(900) // 7, "dow": np.arange(900) % 7},
    "a flag beside days": {"day": OFTEN.day, "month": OFTEN.month, "b": np.arange(900) // 450},
    "a regime beside steps": {"regime": np.arange(900) // 300, "t": range(900)},
    "a regime beside weekdays": {"regime": np.arange(900) // 300, "dow": np.arange(900) % 7},
    "holidays": {"holiday": np.arange(900) % 9 == 0, "dow": np.arange(900) % 7},
    "what rises at times": {"flag": [0] * 450 + [1] * 450, "v": np.arange(900) % 450 // 2},
    "no number": {"id": np.repeat([1, 2], 450), "v": [np.nan] * 900},
}


@pytest.mark.parametrize("columns", ONE_SERIES.values(), ids=ONE_SERIES)
def test_columns_of_one_series_are_not_told(columns):
    frame = pd.DataFrame({**columns, "x": np.sin(np.arange(900.0))})
    assert len(sliding_windows(frame, 2)[0]) == 898


def test_times_in_the_index_are_those_of_one_series():
    assert len(sliding_windows(PANELS["numbers"][0].set_axis(OFTEN[:24]), 2)[0]) == 22


def test_columns_that_name_no_series_are_not_told():
    frame = pd.DataFrame({"flag": [0, 1] * 3, "v": range(6)}, index=DAYS[[5, 4, 3, 2, 1, 0]])
    with pytest.raises(ValueError, match=r"must rise .*Sort it") as told:
        sliding_windows(frame, 2)
    assert "column" not in str(told.value)


def test_series_one_below_the_other_are_told():
    one = series_at(DAYS[:5])
    for panel in (pd.concat([one, one]), pd.concat([one, one]).sort_index()):
        with pytest.raises(ValueError, match=r"must rise.*groupby\(key\)"):
            sliding_windows(panel, 2)


def test_dates_of_python_are_dates():
    index = pd.Index([datetime.date(2024, 1, day) for day in (1, 2, 3, 9)])
    with pytest.raises(ValueError, match="from 2024-01-03 to 2024-01-09"):
        sliding_windows(series_at(index), 1)


# Containers and names ----------------------------------------------------------------------------


def test_dates_in_a_frame_of_polars_are_told_and_the_advice_helps():
    polars = pytest.importorskip("polars")
    series = polars.DataFrame({"when": list(DAYS[:6]), "v": range(6)})
    with pytest.raises(ValueError, match=r"of column 'when'.*set_index\(column\)"):
        sliding_windows(series, 2)
    frame = pd.DataFrame({name: series[name] for name in ("when", "v")}).set_index("when")
    np.testing.assert_array_equal(sliding_windows(frame, 2)[1], range(2, 6))
    np.testing.assert_array_equal(sliding_windows(series[["v"]], 2)[1], range(2, 6))


@pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame, lambda x: np.reshape(x, (-1, 1))])
def test_several_series_in_a_list_are_told_and_the_advice_helps(kind):
    series = [kind(np.arange(6.0)), kind(np.arange(4.0))]
    with pytest.raises(ValueError, match=r"one series, got a list of 2\. Cut windows from each"):
        sliding_windows(series, 2)
    y = np.concatenate([sliding_windows(one, 2)[1].ravel() for one in series])
    np.testing.assert_array_equal(y, [2, 3, 4, 5, 2, 3])


def test_masked_values_are_no_numbers():
    series = np.ma.masked_equal(np.arange(6), 4)
    with pytest.raises(ValueError, match=r"one at index \(4\).*series\.filled\(0\)"):
        sliding_windows(series, 2)
    np.testing.assert_array_equal(sliding_windows(series.filled(0), 2)[1], [2, 3, 0, 5])


def test_numbers_as_names_of_the_target():
    frame = pd.DataFrame({1: range(5), 0: range(0, -5, -1), 205: range(10, 15)})
    for target in (0, 1):
        with pytest.raises(ValueError, match=rf"target={target} is the name .*target='{target}'"):
            sliding_windows(frame, 2, target=target)
        by_name = sliding_windows(frame, 2, target=str(target))[1]  # as advised
        np.testing.assert_array_equal(by_name, frame[target][2:])
    np.testing.assert_array_equal(sliding_windows(frame, 2, target=205)[1], [12, 13, 14])
    np.testing.assert_array_equal(sliding_windows(frame, 2, target=-2)[1], [-2, -3, -4])
    plain = frame.set_axis([0, 1, 2], axis=1)
    np.testing.assert_array_equal(sliding_windows(plain, 2, target=1)[1], [-2, -3, -4])
    levels = frame.set_axis(pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")]), axis=1)
    np.testing.assert_array_equal(sliding_windows(levels, 2, target=("b", "x"))[1], [12, 13, 14])
