"""The order of steps in frames: by the times and names that they have."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ._cycles import falls_on_cycle, places_on_cycle
from ._lags import lag_of, lags_of
from ._time import (
    fall_in_words,
    first_fall,
    first_fall_of_numbers,
    holds_times,
    in_order,
    irregular_steps,
    is_in_time,
)
from ._time_text import are_numbered, orders_of_names, text_as_dates
from ._years import years_of

# Words for steps, before numbers that count them; and words that are steps themselves.
STEP_WORDS = {"t", "step", "time", "day", "hour", "week", "month", "year", "lag", "min", "sec", "s"}
TIME_WORDS = {"pre", "post", "before", "after", "start", "end", "first", "last", "old", "new"}


def check_order_of_steps(sequence: Any, row: int) -> None:
    """Raise ValueError for a frame or Series, row ``row`` of X, whose times or numbers fall."""
    if not isinstance(sequence, (pd.DataFrame, pd.Series)):
        return
    index = sequence.index
    if is_numeric_dtype(index.dtype) and index.is_monotonic_increasing:
        return  # most often, and soon seen
    if isinstance(index, pd.MultiIndex):
        index = _one_that_varies(index)
    found, way = _fall(index, strictly=False), "Sort them, [x.sort_index(kind='stable') for x in X]"
    if found is None and not isinstance(index, pd.MultiIndex) and not is_in_time(index):
        place = _first_older(index)
        if place is not None:
            way = f"Turn it round, X[{row}][::-1], as all that fall"
        else:
            place = first_fall_of_numbers(index)
        found = None if place is None else fall_in_words(index, place)
    if found is not None:
        raise ValueError(
            f"Steps must be in time order, but the index of sequence {row} in X has {found}. "
            f"{way}, or, if they are in time order already, pass "
            "[x.reset_index(drop=True) for x in X]."
        )


def check_gaps_of_steps(X: Any) -> None:
    """Raise ValueError for a missing step in the dates of a frame or Series in a list of them.

    Where a quarter of the steps are far from the median one, as between events, none is missing.
    """
    n_steps, n_irregular, gaps = 0, 0, []
    for row, sequence in enumerate(X):
        if not isinstance(sequence, (pd.DataFrame, pd.Series)):
            continue
        index = text_as_dates(sequence.index)
        if len(index) < 3 or not holds_times(index):
            continue
        times: Any = in_order(index)
        steps, irregular = np.diff(times), irregular_steps(index, times)
        n_steps, n_irregular = n_steps + len(steps), n_irregular + int(irregular.sum())
        long = irregular & (steps > np.median(steps))  # times may come twice
        gaps += [(row, place, index) for place in np.flatnonzero(long)]
    if gaps and 4 * n_irregular < n_steps:
        row, place, index = gaps[0]
        raise ValueError(
            f"Steps must be equally spaced, but the index of sequence {row} in X goes from "
            f"{index[place]} to {index[place + 1]} (step {place} to {place + 1}); {len(gaps)} of "
            f"{n_steps} steps of all are far longer than the median step. Fill the missing ones, "
            f"for example with X[{row}].asfreq or X[{row}].reindex, or, if steps are to be counted "
            "whatever time lies between them, pass [x.reset_index(drop=True) for x in X]."
        )


def check_order_of_columns(X: Any, n_channels: int) -> None:
    """Raise ValueError for a frame of flat sequences whose columns are not in time order.

    Seen by dates as names of columns, by lags in their names that rise, by years, months, clocks
    and the like that fall, by other numbers in their names that neither rise nor fall, and where
    there are several channels by their names or a MultiIndex: all steps of one channel come before
    those of the next.
    """
    if not isinstance(X, pd.DataFrame):
        return
    place = _newest_first(X.columns, n_channels)
    if place is not None:
        names = X.columns.tolist()
        raise ValueError(
            "Columns are steps and must be in time order, but X has the column "
            f"{names[place]!r} in place {place}, after {names[place - 1]!r}, which is "
            f"newer. Turn them round, {_turned(n_channels)}; or pass X.to_numpy() if they are in "
            "order."
        )
    found = None
    for level in _times_of(X.columns, n_channels):
        found = found or _fall(level, strictly=n_channels == 1)
    found = found or _out_of_order(X.columns, n_channels)
    if found is not None:
        raise ValueError(
            "Columns are steps and must be in time order, but X has the column "
            f"{found.replace(' in row ', ' in place ')}. Sort them, for dates with "
            "X.sort_index(axis=1, kind='stable'), for names with X[names]; or pass X.to_numpy() "
            "if they are in order."
        )
    n_steps, rest = divmod(X.shape[1], n_channels)
    if n_channels == 1 or n_steps < 2 or rest:
        return
    levels = _levels(X.columns)
    place = next(filter(None, (_swapped(level, n_channels) for level in levels)), None)
    if place is not None:
        raise ValueError(
            f"With n_channels={n_channels} the channels of each step must come in one order, but X "
            f"has {X.columns[place]!r} in place {place}, where the first step has "
            f"{X.columns[place % n_channels]!r}. Select them so, X[names]; or pass X.to_numpy() if "
            "they are in one order whatever they are called."
        )
    by_step = any(_cut_into(level, n_steps) for level in levels)
    if by_step and not (n_steps == n_channels and _are_steps_within(X.columns, n_steps)):
        return
    if any(_cut_into(level, n_channels) for level in levels):
        raise ValueError(
            f"With n_channels={n_channels} the channels of one step come together, but the columns "
            f"of X, {X.columns[0]!r}, {X.columns[1]!r} ..., hold the steps of one channel "
            f"together. Pass X.to_numpy().reshape(len(X), {n_channels}, {n_steps}).swapaxes(1, 2)"
            f"{'' if _first_older(X.columns[:n_steps]) is None else '[:, ::-1]'}; or X.to_numpy() "
            "if the channels are together whatever they are called."
        )


def check_order_of_pixels(X: Any, n_channels: int) -> None:
    """Raise ValueError for a frame of flat images whose columns are numbered and out of order.

    As text sorts them, pixel0, pixel1, pixel10 ..., or all pixels of one channel together.
    """
    if not isinstance(X, pd.DataFrame):
        return
    found = _out_of_order(X.columns, n_channels)
    if found is not None:
        raise ValueError(
            "Columns are pixels and must be in the order of the image, row by row, but X has the "
            f"column {found.replace(' in row ', ' in place ')}. Select them in order, X[names]; or "
            "pass X.to_numpy() if they are."
        )
    if n_channels == 1 or X.shape[1] % n_channels:
        return
    n_pixels, levels = X.shape[1] // n_channels, _levels(X.columns)
    if n_pixels > n_channels and any(_cut_into(level, n_channels) for level in levels):
        raise ValueError(
            f"The {n_channels} channels of a pixel come together, but the columns of X, "
            f"{X.columns[0]!r}, {X.columns[1]!r} ..., hold the pixels of one channel together. "
            f"Pass X.to_numpy().reshape(len(X), {n_channels}, {n_pixels}).swapaxes(1, 2)"
            ".reshape(len(X), -1)."
        )


def warn_of_dated_rows(X: Any, n_channels: int | None, owner: str) -> None:
    """Warn of a frame whose rows are more likely the steps of one series than sequences.

    That is one whose index holds times, and whose columns are not named as steps: by numbers, times
    or lags. Where ``n_channels`` says what columns are, they are steps if there are several.
    """
    if not isinstance(X, pd.DataFrame) or not _is_dated(X.index):
        return
    n_steps = X.shape[1] // (n_channels or 1)
    if len(X) < 2 or (n_steps > 1 and (n_channels is not None or _are_steps(X.columns))):
        return
    if n_steps == 1 and n_channels is None and lag_of(X.columns[0]):
        return
    warnings.warn(
        f"X is a frame of {len(X)} rows with times in its index and the columns "
        f"{X.columns.tolist()[:5]}{' ...' if X.shape[1] > 5 else ''}; {owner} reads each row as a "
        f"sequence of {n_steps} step(s). Where the rows are the steps of one series and the "
        "columns its channels, pass windows of it, windows, _ = "
        "skdl.preprocessing.sliding_windows(X, width), with np.asarray(y)[width:] as y, which "
        "belongs to the row behind each window. Where the columns are steps, pass X.to_numpy().",
        UserWarning,
        stacklevel=2,
    )


def _are_steps(columns: pd.Index) -> bool:
    """Whether columns are named as steps are: by numbers, times or lags, in one pattern."""
    if columns.nlevels > 1 or is_numeric_dtype(columns.dtype) or is_in_time(columns):
        return True
    names = [str(name) for name in columns]
    return are_numbered(names) or any(map(lag_of, names))


def _is_dated(index: pd.Index) -> bool:
    """Whether an index holds times, also as objects or text; not its levels."""
    if isinstance(index, pd.MultiIndex) or is_numeric_dtype(index.dtype):
        return False
    return holds_times(text_as_dates(index))


def _times_of(columns: pd.Index, n_channels: int) -> list[pd.Index]:
    """What may hold times that must rise: of a MultiIndex the levels that come before channels."""
    if not isinstance(columns, pd.MultiIndex):
        return [columns]
    levels = [columns.get_level_values(level) for level in range(columns.nlevels)]
    n_steps = max(1, len(columns) // n_channels)
    if n_channels > 1 and len(columns) % n_channels == 0:
        levels = [each for each in levels if _is_of_steps(each, n_steps)]
    return levels


def _is_of_steps(level: pd.Index, n_steps: int) -> bool:
    """Whether a label stays the same over the channels of each step."""
    blocks = pd.factorize(level)[0].reshape(n_steps, -1)
    return bool((blocks == blocks[:, :1]).all())


def _one_that_varies(index: pd.MultiIndex) -> pd.Index:
    """The level that is not the same in all rows, as in a part of a panel; several as they are."""
    varying = [level for level in range(index.nlevels) if len(index.unique(level)) > 1]
    return index.get_level_values(varying[0]) if len(varying) == 1 else index


def _fall(index: pd.Index, *, strictly: bool) -> str | None:
    """In words, the first date in an index that does not rise; None if there is none."""
    dates = text_as_dates(index)
    times = None if isinstance(index, pd.RangeIndex) or not is_in_time(dates) else in_order(dates)
    row = None if times is None else first_fall(times, strictly=strictly)
    return None if row is None else fall_in_words(index, row)


def _out_of_order(columns: pd.Index, n_channels: int) -> str | None:
    """In words, the first name out of order where names have one, as t0, t1, t10, t2 have."""
    if isinstance(columns, pd.MultiIndex) or isinstance(text_as_dates(columns), pd.DatetimeIndex):
        return None
    for channel, names in enumerate(_names_of_channels(columns, n_channels)):
        if is_numeric_dtype(columns.dtype):
            orders = [names.tolist(), names.tolist()[::-1]] if n_channels == 1 else []
        else:
            orders = orders_of_names([str(name) for name in names])
        falls = [_first_fall(keys) for keys in orders]
        place = None if None in falls else next(iter(falls), None)
        if place is not None:
            found, above = channel + place * n_channels, names[place - 1]
            return f"{columns[found]} in row {found} after {above}"
    return None


def _names_of_channels(columns: pd.Index, n_channels: int) -> list[pd.Index]:
    """The names of each channel's steps, if those of a channel differ as names of steps do."""
    if n_channels == 1:
        return [columns]
    if len(columns) % n_channels or len(columns) < 2 * n_channels:
        return []
    each = [columns[channel::n_channels] for channel in range(n_channels)]
    return each if all(are_numbered([str(name) for name in names]) for names in each) else []


def _newest_first(columns: pd.Index, n_channels: int) -> int | None:
    """Place of the first older step where names fall in time, or count steps back and rise."""
    is_one = n_channels == 1 or isinstance(columns, pd.MultiIndex)
    for level in _times_of(columns, n_channels):
        place = _first_older(level) if is_one else _first_longer_ago(level)
        if place is not None:
            return place
    for names in [] if is_one else _names_of_channels(columns, n_channels):
        place = _first_older(names)
        if place is not None:
            return place * n_channels
    return None


def _first_older(names: pd.Index) -> int | None:
    """The first place of a step before the one above where all fall, or stay the same."""
    place = _first_longer_ago(names)
    if place is not None:
        return place
    years = years_of(names)
    if years is not None:
        return _first_rise([-year for year in years])
    if is_numeric_dtype(names.dtype) or len(names) < 2:
        return None
    texts = [str(name) for name in names]  # also times of day
    on_cycle = places_on_cycle(texts)
    if on_cycle is None or not falls_on_cycle(*on_cycle):
        return None
    return next(i for i, (a, b) in enumerate(itertools.pairwise(on_cycle[0]), 1) if a != b)


def _first_longer_ago(names: pd.Index) -> int | None:
    lags = lags_of(names)
    return None if lags is None else _first_rise(lags)


def _first_rise(numbers: list[Any]) -> int | None:
    """The first place where numbers rise, None where one falls or all are the same."""
    rises = [after - before for before, after in itertools.pairwise(numbers)]
    if not rises or min(rises) < 0 or max(rises) == 0:
        return None
    return next(place for place, rise in enumerate(rises, 1) if rise)


def _turned(n_channels: int) -> str:
    """Code that turns the steps of a frame round, and leaves the channels in their order."""
    if n_channels == 1:
        return "X[X.columns[::-1]]"
    return f"X[X.columns.to_numpy().reshape(-1, {n_channels})[::-1].ravel()]"


def _first_fall(keys: list[Any]) -> int | None:
    pairs = enumerate(itertools.pairwise(keys), 1)
    return next((place for place, (before, after) in pairs if after < before), None)


def _levels(columns: pd.Index) -> list[np.ndarray]:
    """Levels of a MultiIndex; of names that hold numbers each number and the text around them."""
    if isinstance(columns, pd.MultiIndex):
        return [np.asarray(codes) for codes in columns.codes]
    parts = [re.split(r"(\d+)", str(name)) for name in columns]
    if min(map(len, parts)) < 3:  # a name without a number
        return []
    # Of names that hold more numbers than others, as "x1(t-1)" beside "x1(t)", the first ones.
    return [np.array(level) for level in zip(*parts, strict=False)]


def _swapped(level: np.ndarray, n_channels: int) -> int | None:
    """Where labels that each step has once are in another order than in the first step."""
    steps = level.reshape(-1, n_channels)
    same = (np.sort(steps, 1) == np.sort(steps[0])).all()
    if not same or len(set(steps[0])) < n_channels or (steps == steps[0]).all():
        return None
    return int(np.argmax((steps != steps[0]).ravel()))


def _are_steps_within(columns: pd.Index, n: int) -> bool:
    """Whether names within each of n blocks of n columns are rather of steps than of channels.

    They are if they count lags; or if they are numbered, or times, and the blocks are told apart by
    other words, or by numbers that have no word for steps before them, as these have.
    """
    lags = lags_of(columns[:n])
    if lags is not None and len(set(lags)) == n:
        return True
    levels = _levels(columns)
    if isinstance(columns, pd.MultiIndex):
        labels = [columns.get_level_values(level) for level in range(columns.nlevels)]
        is_counted = [is_numeric_dtype(level.dtype) or _is_dated(level) for level in labels]
        words = [str(name) for name in columns.names]
    else:
        is_counted = [place % 2 == 1 for place in range(len(levels))]
        words = ["", *(str(level[0]) for level in levels)]  # before each level
    apart = [place for place, level in enumerate(levels) if _cut_into(level, n)]
    within = [place for place, level in enumerate(levels) if _is_same_in_each(level, n)]
    if not within or not all(is_counted[place] for place in within):
        return False
    if any(is_counted[place] for place in apart):
        of_steps = [bool(STEP_WORDS.intersection(_words(word)[-1:])) for word in words]
        return any(of_steps[i] for i in within) and not any(of_steps[i] for i in apart)
    told = labels if isinstance(columns, pd.MultiIndex) else levels
    named = [_words(str(label)) for place in apart for label in told[place][::n]]
    return not any(
        TIME_WORDS.intersection(words) or places_on_cycle(words) is not None
        for words in zip(*named, strict=False)
    )


def _words(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"[^\W\d_]+", text)]


def _is_same_in_each(level: np.ndarray, n_blocks: int) -> bool:
    """Whether each of so many blocks has the same labels, all different."""
    blocks = level.reshape(n_blocks, -1)
    return len(set(blocks[0])) == blocks.shape[1] and bool((blocks == blocks[0]).all())


def _cut_into(level: np.ndarray, n_blocks: int) -> bool:
    """Whether labels are those of so many blocks of equal size, each with a label of its own."""
    blocks = level.reshape(n_blocks, -1)
    return len(set(blocks[:, 0])) == n_blocks and bool((blocks == blocks[:, :1]).all())
