"""Times in an index, in the order of its dtype."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skdl._reading._time import (
    first_fall,
    first_fall_of_numbers,
    holds_times,
    in_order,
    irregular_steps,
)

DAYS = pd.date_range("2024-01-01", periods=4)


@pytest.mark.parametrize(
    "values",
    [
        DAYS,
        DAYS.tz_localize("UTC"),
        DAYS.to_period("D"),
        DAYS - DAYS[0],
        pd.Index(DAYS.date),
        pd.Series(DAYS),
        DAYS.to_numpy(),
        np.array(list(DAYS), dtype=object),
        pd.Series([None, datetime.date(2024, 1, 1)], dtype=object),
    ],
)
def test_dates_periods_and_durations_are_times(values):
    assert holds_times(values)


@pytest.mark.parametrize("values", [pd.Index([1, 2]), pd.Index(["2024"]), pd.RangeIndex(3)])
def test_numbers_and_text_are_none(values):
    assert not holds_times(values)


@pytest.mark.parametrize(
    "index",
    [
        DAYS,
        pd.Index(list(DAYS.date)),
        DAYS.to_period("W"),
        pd.Index([3, 5, 8, 9]),
        pd.Index([0.5, 1.5, 2.0, 3.0]),
        pd.CategoricalIndex(list("zyxw"), list("zyxw"), ordered=True),
    ],
)
def test_order_of_numbers_is_that_of_the_dtype(index):
    order = [2, 0, 3, 1]
    numbers, mixed = in_order(index), in_order(index[order])
    assert (np.diff(numbers) >= 0).all()
    np.testing.assert_array_equal(mixed, numbers[order])


@pytest.mark.parametrize(
    "index", [pd.Index(list("ab")), pd.CategoricalIndex(list("ab")), pd.Index([True, False])]
)
def test_text_has_no_order_of_time(index):
    assert in_order(index) is None


@pytest.mark.parametrize(
    ("times", "strict", "loose"),
    [
        ([1, 2, 3], None, None),
        ([1, 1, 3], 1, None),
        ([1, 3, 2], 2, 2),
        ([np.nan, 1, 2], 0, 0),
        ([1, np.nan, 2], 1, 1),
        ([1], None, None),
        ([], None, None),
    ],
)
def test_first_fall(times, strict, loose):
    times = np.array(times)
    assert first_fall(times, strictly=True) == strict
    assert first_fall(times, strictly=False) == loose


def test_steps_are_compared_with_the_median():
    index = pd.Index([0.0, 1.0, 1.9, 3.0, 5.0, 5.5, 6.5])
    assert irregular_steps(index, in_order(index)).tolist() == [0, 0, 0, 1, 1, 0]
    assert irregular_steps(index[:1], in_order(index[:1])).tolist() == []
    frequent = pd.date_range("2024-01-01", periods=3, freq="QE")
    assert not irregular_steps(frequent, in_order(frequent)).any()


HOURS = [*range(22, 24), *range(24), 0, 1]


@pytest.mark.parametrize(
    ("numbers", "row"),
    [
        ([2, 1, 0], 1),
        ([1, 0], 1),
        ([0.5, 0.0], 1),
        ([3, 5, 1, 0, 2, 4], 2),
        ([7, 7, 3, 3], 2),
        (pd.RangeIndex(5, 0, -1), 1),
        (pd.Index([3, 2, 1], dtype=object), 1),
        (pd.Index([2, 1, 1], dtype="Int64"), 1),
        ([0.0, np.nan, 1.0], 1),
        ([50, 51, 10, 11, 0, 1], 2),
        ([10, 20, 30], None),
        ([7, 7, 7], None),
        ([1, 1, 2, 2], None),
        ([0, 1, 2, 0, 1, 0, 1, 2], None),
        (HOURS, None),
        ([True, False], None),
        (["b", "a"], None),
        (DAYS[::-1], None),
        ([2 + 1j, 1], None),
        ([], None),
    ],
)
def test_numbers_fall_but_where_they_start_again(numbers, row):
    assert first_fall_of_numbers(pd.Index(numbers)) == row
