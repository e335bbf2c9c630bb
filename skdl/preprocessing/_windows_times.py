"""The index of a series in messages: how it becomes times that rise and are equally spaced."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .._reading import (
    Given,
    dates_in_numbers,
    fall_in_words,
    first_fall,
    holds_times,
    in_order,
    irregular_steps,
    years_of,
)

MAX_FILLED = 10  # rows with those that are missing, as a multiple of those that are there
MAX_GROUPED = 100  # columns that may hold the names of several series
TIME_NAMES = ("step", "time", "t", "date", "day", "hour", "week", "month", "quarter", "year")
CALENDAR = ("minute", "second", "season", "weekday", "yr", "qtr", "mon", "wk", "dow", "doy", "hr")
MIN_STEPS = 4  # of a series on average, where several lie one below the other

Convert = Callable[[pd.Index], pd.Index]
# Dates in text, of which pandas reads no others without a format for sure.
ISO_DATE = r"\d{4}-\d{2}(-\d{2}.*)?"
# Days may come first, or months; with dots it is days.
EITHER = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y")
FORMS = (
    *("%d.%m.%Y", "%d.%m.%y", *EITHER),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y/%m", "%Y.%m", "%m/%Y", "%m.%Y", "%m-%Y"),
    *("%b %Y", "%B %Y", "%b-%Y", "%Y-%b", "%Y %b", "%b %y", "%b-%y"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y"),
    *("%H:%M", "%I:%M %p"),
)
WEEKS = ("%G-W%V", "%GW%V", "%G-%V", "%G W%V", "W%V %G", "W%V-%G")  # of ISO 8601
QUARTERS = ((r"^(\d{4})\W*Q([1-4])$", r"\1Q\2"), (r"^Q?([1-4])Q?\W*(\d{4})$", r"\2Q\1"))


def conversion(index: pd.Index) -> str:
    """The beginning of advice: how an index is converted to rising times, if that is known."""
    if is_bool_dtype(index) or isinstance(index, pd.CategoricalIndex):
        return "Set its times, series.set_axis(times), or, "
    found: list[tuple[int, str, list[Any]]] = []
    for code, convert in _conversions(index).items():
        times = _rising(index, convert)
        if times is not None:
            numbers = in_order(times)
            n_irregular = int(irregular_steps(times, np.asarray(numbers)).sum())
            found.append((n_irregular, code, list(times)))
    least = min((n_irregular for n_irregular, _, _ in found), default=0)
    best = [(code, times) for n_irregular, code, times in found if n_irregular == least]
    either = [times for code, times in best if any(form in code for form in EITHER)]
    if best and all(times == either[0] for times in either):
        return f"Convert it, series.set_axis({best[0][0]}), or, "
    return "Convert it, for example series.set_axis(pd.to_datetime(series.index, format=...)), or, "


def _conversions(index: pd.Index) -> dict[str, Convert]:
    """Code that may convert an index of text, or of times of day, and what it does."""
    ways: dict[str, Convert] = {}
    text = all(isinstance(label, str) for label in index)
    if text and index.str.fullmatch(r"\d{5,14}").all():
        dates = dates_in_numbers(index.astype(np.int64))
        if dates is not None:
            ways[dates[0].format("series.index")] = lambda _: dates[1]
    ways["pd.to_numeric(series.index)"] = pd.to_numeric
    if not text:
        as_text = "pd.to_timedelta(series.index.astype(str))"
        return {**ways, as_text: lambda index: pd.to_timedelta(index.astype(str))}
    if index.str.fullmatch(ISO_DATE).all():
        ways["pd.to_datetime(series.index)"] = pd.to_datetime
    for form in FORMS:
        code = f"pd.to_datetime(series.index, format={form!r})"
        ways[code] = partial(pd.to_datetime, format=form)
    ways["pd.to_timedelta(series.index)"] = pd.to_timedelta
    for form in WEEKS:
        code = f"pd.to_datetime(series.index + '-1', format='{form}-%u')"
        ways[code] = partial(_first_days, form=form)
    for pattern, order in QUARTERS:
        text_code = f"series.index.str.replace(r'{pattern}', r'{order}', regex=True)"
        ways[f"pd.PeriodIndex({text_code}, freq='Q')"] = partial(_quarters, of=(pattern, order))
    return ways


def _first_days(index: pd.Index, form: str) -> pd.Index:
    return pd.to_datetime(index + "-1", format=f"{form}-%u")


def _quarters(index: pd.Index, of: tuple[str, str]) -> pd.Index:
    return pd.PeriodIndex(index.str.replace(*of, regex=True), freq="Q")


def _rising(index: pd.Index, convert: Convert) -> pd.Index | None:
    """An index of rising times, converted; None where it cannot be."""
    try:
        with warnings.catch_warnings(record=True) as guesses:  # of formats
            warnings.simplefilter("always")
            converted = convert(index)
            times = in_order(converted)
    except (TypeError, ValueError):
        return None
    rises = times is not None and first_fall(times, strictly=True) is None
    return converted if rises and not guesses else None


def filling(index: pd.Index, times: NDArray[Any]) -> str:
    """The beginning of advice about gaps: how they are filled, or numbers made dates."""
    dates = dates_in_numbers(index)
    if dates is not None:
        whole = "series.index" if times.dtype.kind in "iu" else "series.index.astype(int)"
        code = f"series.set_axis({dates[0].format(f'{whole}.astype(str)')})"
        return f"If these are dates, convert them, {code}; else pass"
    if times.dtype.kind not in "iu" or not is_numeric_dtype(index.dtype):
        ways = "series.asfreq or series.reindex" if holds_times(index) else "series.reindex"
        return f"Fill the missing rows, for example with {ways}, pass"
    step = int(np.gcd.reduce(np.diff(times)))
    stop = int(times[-1]) + 1
    if stop - times[0] > MAX_FILLED * step * len(times):
        return "Pass"
    return f"Fill the missing rows, series.reindex(range({times[0]}, {stop}, {step})), pass"


def grouping(series: Any, times: NDArray[Any]) -> str:
    """Advice where a column of a frame tells series apart whose times rise; else none."""
    n_columns = series.shape[1] if isinstance(series, pd.DataFrame) else 0
    for place in range(min(n_columns, MAX_GROUPED)):
        codes, names = pd.factorize(series.iloc[:, place])
        by_series = np.argsort(codes, kind="stable")
        is_same = codes[by_series][1:] == codes[by_series][:-1]
        rises = times[by_series][1:] > times[by_series][:-1]
        if 1 < len(names) <= is_same.sum() and (rises | ~is_same).all():
            return _by_keys([series.columns.tolist()[place]])
    return ""


def _by_keys(keys: list[Any], frame: str = "series") -> str:
    """Advice where columns tell series apart; ``frame`` is code."""
    which = f"column {keys[0]!r} holds" if len(keys) == 1 else f"columns {keys} hold"
    return (
        f"Where the {which} the names of several series, cut windows from each, "
        f"[sliding_windows(part.drop(columns={keys}), ...) for _, part in "
        f"{frame}.groupby({keys})], and join their X and y with np.concatenate. "
    )


def check_not_stacked(series: Any, values: NDArray[Any], given: Given) -> None:
    """Raise ValueError where columns (T, C) of a frame show several series, one below the other.

    Then one rises within each and starts again where the others, constant within, change. So do
    hours beside days: columns that are called by a unit of time, or hold years or dates, tell no
    series apart.
    """
    if not isinstance(series, pd.DataFrame) or holds_times(series.index) or len(values) < 3:
        return
    values, names = values[:, :MAX_GROUPED], series.columns.tolist()
    changes = values[1:] != values[:-1]
    falls, rises = values[1:] < values[:-1], values[1:] > values[:-1]
    n_series = falls.sum(0) + 1  # if this column is their time
    may_be_time = (falls | rises).all(0) & (n_series > 1) & (n_series * MIN_STEPS <= len(values))
    for time in np.flatnonzero(may_be_time):
        starts = np.append(True, falls[:, time])
        is_key = ~(changes & ~falls[:, time, None]).any(0) & changes.any(0)
        labels, n = values[starts], int(n_series[time])
        of_time = [c for c in np.flatnonzero(is_key) if _is_of_time(names[c], labels[:, c])]
        others = [c for c in np.flatnonzero(is_key) if c not in of_time]
        if _n_distinct(labels[:, of_time]) == n or _n_distinct(labels[:, of_time + others]) < n:
            continue
        one = next(([c] for c in others if _n_distinct(labels[:, [c]]) == n), others)
        row, keys = int(np.argmax(changes[:, one].any(1))) + 1, [names[c] for c in one]
        what = f"column {keys[0]!r} changes" if len(one) == 1 else f"columns {keys} change"
        frame = given.frame.replace("X", "series")
        raise ValueError(
            f"series must be one series, but its column {names[time]!r} starts again where the "
            f"{what}, first in row {row}. {_by_keys(keys, frame)}If all are one series, pass "
            f"{frame}.to_numpy(), with the number of the column to predict as target."
        )


def _n_distinct(labels: NDArray[Any]) -> int:
    return len(np.unique(labels, axis=0)) if labels.size else 1


def _is_of_time(name: Any, labels: NDArray[Any]) -> bool:
    """Whether a column is a unit of time: by its name, or years and dates as numbers."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", str(name))
    units = {word.casefold().removesuffix("s") for word in words}
    return bool(units & {*TIME_NAMES, *CALENDAR}) or years_of(pd.Index(labels)) is not None


def panel_message(index: pd.MultiIndex) -> str:
    levels = range(index.nlevels)
    of_time = [i for i in levels if holds_times(index.levels[i])]
    if not of_time:
        numbers = [i for i in levels if is_numeric_dtype(index.levels[i].dtype)]
        named = [i for i in numbers if str(index.names[i]).casefold() in TIME_NAMES]
        of_time = (named or numbers or list(levels))[-1:]
    found = [i for i in levels if i not in of_time] or list(levels)[:-1]
    keys = found if len(found) > 1 else found[0]  # a list of one is another thing to pandas 2
    return (
        f"series must be one series, got several: a MultiIndex of {index.nlevels} levels. Cut "
        "windows from each: [sliding_windows(part.droplevel(keys), ...) for _, part in "
        f"series.groupby(level=keys)] with keys = {keys}, and join their X and y with "
        "np.concatenate. If its levels together are the times of one series, as year and month "
        "are, in time order, pass series.reset_index(drop=True)."
    )


def fall_message(series: Any, index: pd.Index, times: NDArray[Any], row: int) -> str:
    several = grouping(series, times)
    advice = "Sort it with series.sort_index()"
    if index.hasnans:
        advice = "Leave out rows without a time, series[series.index.notna()]"
    elif index.has_duplicates:
        several = several or (
            "Where it holds several series, cut windows from each by itself, series.groupby(key). "
        )
        advice = (
            "Drop rows that come twice, series[~series.index.duplicated()], and sort with "
            "sort_index()"
        )
    return (
        f"The times in the index of series must rise from row to row, got "
        f"{fall_in_words(index, row)}. {several}{advice}; or, "
        "if the rows are in time order already, pass series.reset_index(drop=True)."
    )
