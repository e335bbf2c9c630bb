"""Columns of several types become numbers and codes."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdl._reading import ColumnKind, MixedColumns, kind_of_column
from skdl._reading._mixed_columns import as_days, parts_of_dates

DAYS = pd.date_range("2026-01-01", periods=3)
COLUMNS = {
    ColumnKind.NUMBER: [
        [1, 2, 3],
        [1.0, None, 3.0],
        [True, False, True],
        np.array([1, 2.5, None], dtype=object),
        np.array([True, None, False], dtype=object),
        [Decimal("1.5")] * 3,
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([True, None, False], dtype="boolean"),
        [None, None, None],
    ],
    ColumnKind.CATEGORY: [
        ["a", "b", None],
        pd.array(["a", None, "b"], dtype="string"),
        pd.Categorical([1, 2, 1]),
        [b"a", b"b", b"a"],
    ],
    ColumnKind.DATE: [
        DAYS,
        DAYS.tz_localize("Europe/Paris"),
        DAYS.to_period("M"),
        np.array([DAYS[0].date(), None, DAYS[2].date()], dtype=object),
    ],
    ColumnKind.DURATION: [DAYS - DAYS[0], np.array([pd.Timedelta(1), None, None], dtype=object)],
}


@pytest.mark.parametrize(
    ("kind", "values"), [(kind, each) for kind, columns in COLUMNS.items() for each in columns]
)
def test_kinds_are_found_by_dtype_and_by_values(kind, values):
    assert kind_of_column(pd.Series(values), "it") is kind


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, "a", 2], r"not both: column 'x' has 1 \(int\) in row 0 and 'a' \(str\) in row 1"),
        ([None, "a", True], r"has 'a' \(str\) in row 1 and True \(bool\) in row 2"),
        ([[1], [2], [3]], r"got \[1\] \(list\) in row 0 of column 'x'"),
        ([1.0, {"a": 1}, 2.0], r"argument must be a string.* number, got \{'a': 1\} \(dict\)"),
        ([1j, 2j, 3j], r"got 1j \(complex\)"),
    ],
)
def test_columns_of_no_kind_are_named(values, said):
    with pytest.raises(TypeError, match=said):
        MixedColumns(pd.DataFrame({"x": pd.Series(values, dtype=object)}))


def test_numbers_come_first_then_durations_then_parts_of_dates():
    frame = pd.DataFrame({"when": DAYS, "for": DAYS - DAYS[0], "city": [*"aba"], "n": [1, 2, None]})
    columns = MixedColumns(frame)
    numbers = columns.numbers(frame)
    assert numbers.shape == (3, 1 + 1 + 6)  # no clock: all are midnight
    np.testing.assert_array_equal(numbers[:, 0], [1, 2, np.nan])
    np.testing.assert_array_equal(numbers[:, 1], [0, 1, 2])
    np.testing.assert_array_equal(numbers[:, 2], 20454 + np.arange(3))  # days since 1970
    np.testing.assert_array_equal(numbers[:, 3], [3, 4, 5])  # Thursday to Saturday
    names = [columns.name_of_number(i) for i in range(8)]
    assert names == ["n", "for", *["when"] * 6]
    np.testing.assert_array_equal(columns.codes(frame), [[1], [2], [1]])


def test_cycles_of_dates():
    days = np.array([0.0, 0.25, 7.0, np.nan])
    parts = parts_of_dates(days, with_clock=True)
    assert parts.shape == (4, 9)
    np.testing.assert_allclose(parts[0, 4:6], parts[2, 4:6])  # a week later
    np.testing.assert_allclose(parts[1, 6:], [6, 1, 0], atol=1e-12)  # at six: sine 1, cosine 0
    assert np.isnan(parts[3]).all()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_days_do_not_depend_on_the_unit(unit):
    dates = pd.Series(pd.to_datetime(["1970-01-02 00:00", None, "2026-05-03 12:00"])).dt.as_unit(
        unit
    )
    np.testing.assert_array_equal(as_days(dates), [1, np.nan, 20576.5])
    np.testing.assert_array_equal(as_days(dates - pd.Timestamp(0)), [1, np.nan, 20576.5])


def test_the_clock_is_that_of_the_zone_in_fit():
    paris = pd.DataFrame({"t": DAYS.tz_localize("Europe/Paris") + pd.Timedelta(hours=9)})
    columns = MixedColumns(paris)
    expected = columns.numbers(paris)
    np.testing.assert_allclose(expected[:, 4 + 2], 9)
    utc = pd.DataFrame({"t": paris["t"].dt.tz_convert("UTC")})
    np.testing.assert_array_equal(columns.numbers(utc), expected)
    with pytest.raises(ValueError, match="'t' had a time zone in fit, and has no time zone now"):
        columns.numbers(pd.DataFrame({"t": DAYS}))
    with pytest.raises(ValueError, match="'t' had no time zone in fit, and has a time zone now"):
        MixedColumns(pd.DataFrame({"t": DAYS})).numbers(utc)


CHANGED = {
    "text for numbers": ("n", [*"abc"], "held numbers in fit, and holds categories now"),
    "dates for numbers": ("n", DAYS, "held numbers in fit, and holds dates now"),
    "numbers for dates": ("when", [1, 2, 3], "held dates in fit, and holds numbers now"),
    "numbers for text": ("city", [1, 2, 3], "held text as categories in fit, and holds numbers"),
}


@pytest.mark.parametrize(("name", "values", "said"), CHANGED.values(), ids=CHANGED)
def test_columns_that_hold_something_else_are_named(name, values, said):
    frame = pd.DataFrame({"when": DAYS, "city": [*"aba"], "n": [1, 2, 3]})
    columns = MixedColumns(frame)
    changed = frame.assign(**{name: values})
    with pytest.raises(ValueError, match=f"column '{name}' {said}"):
        (columns.codes if name == "city" else columns.numbers)(changed)


def test_columns_without_a_value_say_nothing():
    frame = pd.DataFrame({"when": DAYS, "city": [*"aba"], "n": [1, 2, 3], "none": [None] * 3})
    columns = MixedColumns(frame)
    nothing = pd.DataFrame({name: pd.Series([None], dtype=object) for name in frame})
    assert np.isnan(columns.numbers(nothing)).all()
    assert columns.codes(nothing).tolist() == [[0]]
    anything = frame.assign(none=[*"xyz"])
    np.testing.assert_array_equal(columns.numbers(anything), columns.numbers(frame))


@given(
    st.lists(st.sampled_from(["a", "b", "c", None, "d"]), min_size=1),
    st.lists(st.sampled_from(["a", "z", None, "d"]), min_size=1),
    st.data(),
)
def test_codes_are_of_the_categories_of_the_training_rows(first, later, data):
    """Sorted, from 1; 0 for missing ones and those that are not known."""
    rows = np.array(data.draw(st.lists(st.integers(0, len(first) - 1), min_size=1)))
    frame = pd.DataFrame({"x": pd.Series(first, dtype=object)})
    columns = MixedColumns(frame, np.array([True]))
    codes = columns.learn_categories(columns.codes(frame), rows)
    known = sorted({first[row] for row in rows} - {None})
    code = {value: place for place, value in enumerate(known, 1)}
    assert codes[:, 0].tolist() == [code.get(value, 0) for value in first]
    again = columns.codes(pd.DataFrame({"x": pd.Series(later, dtype=object)}))
    assert again[:, 0].tolist() == [code.get(value, 0) for value in later]
    assert columns.n_categories == [len(known)]


def test_texts_in_both_normal_forms_are_one_category():
    frame = pd.DataFrame({"x": ["caf\u00e9", "cafe\u0301", "tea"]})
    assert MixedColumns(frame).codes(frame)[:, 0].tolist() == [1, 1, 2]


def test_numbers_that_are_categories_are_told_by_their_value():
    frame = pd.DataFrame({"region": [3, 1, 3], "size": [1.0, 2.0, 3.0]})
    columns = MixedColumns(frame, np.array([True, False]))
    assert columns.codes(frame.astype(float))[:, 0].tolist() == [2, 1, 2]
    assert columns.numbers(frame).shape == (3, 1)
