"""Times in an index: whether they rise, and where a step between them is no regular one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype, is_bool_dtype, is_complex_dtype, is_numeric_dtype

# A step between two times is regular within these multiples of the median step: months have 28 to
# 31 days and clocks jitter, but where a row is missing the step is twice as long.
SHORTEST, LONGEST = 2 / 3, 3 / 2
INDEX_OF = {
    **dict.fromkeys(("date", "datetime", "datetime64"), pd.DatetimeIndex),
    **dict.fromkeys(("timedelta", "timedelta64"), pd.TimedeltaIndex),
    "period": pd.PeriodIndex,
}

NUMBERS = ("integer", "floating", "mixed-integer-float")


def holds_times(values: Any) -> bool:
    """Whether an index, a column or an array holds dates, periods or durations."""
    return infer_dtype(values, skipna=True) in INDEX_OF


def as_index(values: Any) -> pd.Index:
    """Values as an index of pandas; an enumeration of polars as ordered categories."""
    categories: Any = getattr(getattr(values, "dtype", None), "categories", None)
    is_pandas = isinstance(values, (pd.Series, pd.Index, pd.Categorical))
    if is_pandas or not hasattr(categories, "to_list"):
        return pd.Index(values)
    names = categories.to_list()
    return pd.CategoricalIndex(values.to_list(), categories=names, ordered=True)


def is_in_time(index: pd.Index) -> bool:
    """Whether an index holds times, or categories that have an order, which is that of time."""
    return holds_times(index) or (isinstance(index, pd.CategoricalIndex) and index.ordered)


def as_times(index: pd.Index) -> pd.Index:
    """An index of dates, periods or durations in pandas' own type; others as they are."""
    make = INDEX_OF.get(infer_dtype(index, skipna=True))
    if make is None or isinstance(index, make):
        return index
    try:
        return make(index)
    except ValueError:  # dates in several time zones
        return pd.to_datetime(index, utc=True)


def in_order(index: pd.Index) -> NDArray[Any] | None:
    """An index as numbers in the order of its dtype, NaN where one is missing.

    None for what has no order in time: text, categories without order.
    """
    index = as_times(index)
    if isinstance(index, pd.CategoricalIndex):
        numbers = index.codes if index.ordered else None
    elif isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)):
        numbers = index.asi8
    elif is_bool_dtype(index.dtype) or is_complex_dtype(index.dtype):
        numbers = None
    else:
        numbers = np.asarray(index) if is_numeric_dtype(index.dtype) else None
    if numbers is None or not index.hasnans:
        return numbers
    return np.where(index.isna(), np.nan, numbers.astype(np.float64))


def first_fall(times: NDArray[Any], *, strictly: bool) -> int | None:
    """The first row whose time is missing or before that of the row above, None if all rise.

    ``strictly``: or the same.
    """
    rises = times[1:] > times[:-1] if strictly else times[1:] >= times[:-1]
    rises = np.append(times[:1] == times[:1], rises)  # a first time that is missing
    return None if rises.all() else int(np.argmin(rises))


def first_fall_of_numbers(index: pd.Index) -> int | None:
    """The first row of an index of numbers that is missing or below the one above, None if none is.

    Nor where there are rises, and all falls are to the smallest number: hours of the day around
    midnight, or parts of which each begins there.
    """
    if infer_dtype(index, skipna=True) not in NUMBERS:
        return None
    numbers = in_order(index)
    numbers = np.asarray(index, dtype=np.float64) if numbers is None else numbers
    row = first_fall(numbers, strictly=False)
    if row is None or index.hasnans:
        return row
    falls = numbers[1:] < numbers[:-1]
    starts_again = (numbers[1:] > numbers[:-1]).any() and (
        numbers[1:][falls] == numbers.min()
    ).all()
    return None if starts_again else row


def fall_in_words(index: pd.Index, row: int) -> str:
    """What ``first_fall`` found."""
    return f"{index[row]} in row {row}" + (f" after {index[row - 1]}" if row else "")


def irregular_steps(index: pd.Index, times: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each step between rising times is much longer or shorter than the median: (n - 1,).

    Weekends are no gaps where all times are days from Monday to Friday. An index of dates that has
    a frequency (``freq``) is regular.
    """
    index, steps = as_times(index), np.diff(times)
    if isinstance(index, pd.DatetimeIndex):
        if index.freq is not None:
            return np.zeros(len(steps), dtype=bool)
        days = index.tz_localize(None).to_numpy().astype("datetime64[D]")
        if (days[1:] > days[:-1]).all() and np.is_busday(days).all():
            steps = np.busday_count(days[:-1], days[1:])
    usual = np.sort(steps)[(len(steps) - 1) // 2] if len(steps) else 0
    return (steps < SHORTEST * usual) | (steps > LONGEST * usual)
