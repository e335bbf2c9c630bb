"""Times in text: the orders that names such as "2024-01", "31.01.24", "Feb" or "9:30" may mean."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ._cycles import PLACES, places_on_cycle, starts_on_cycle, with_hours_of_24
from ._years import whole_year, with_whole_years

ISO_DATE = re.compile(r"\d{4}-\d{2}(-\d{2}([ T]|$)|$)")
# A part of a year and its last two digits: "Q4-23", "W52 23", "2H23", "12/23".
OF_YEAR = re.compile(
    r"(?:[QHWSTM]|KW|CW)\W?\d{1,2}\W{1,2}\d{2}|\d[QHST]\W?\d{2}|\d{1,2}/\d{2}", re.IGNORECASE
)
SHORT_DATE = re.compile(r"(\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?")  # 991231
SEASON_OF_YEAR = re.compile(r"[^\W\d_]+\W*((?:19|20)\d{2})")  # "winter 2023"


def text_as_dates(index: pd.Index) -> pd.Index:
    """An index of text as dates if all are such in ISO 8601; as it is otherwise."""
    if len(index) and all(isinstance(name, str) and ISO_DATE.match(name) for name in index):
        dates = pd.to_datetime(index, format="ISO8601", errors="coerce", utc=True)
        return index if dates.isna().any() else dates
    return index


def keys_of_time(names: Sequence[str]) -> list[list[Any]]:
    """Keys that sort names by time, for each order that they may mean; the likeliest first.

    Months, days of the week, clocks and quarters that stand for no year or date may begin
    anywhere.
    """
    keys = [order for spelled in _spellings(names) for order in _keys_as_spelled(spelled)]
    places, length = places_on_cycle(names) or ([], 0)
    starts = starts_on_cycle(places, length) if places else []
    if len(starts) == 1:
        keys.append([(place - starts[0]) % length for place in places])
    return keys


def _spellings(names: Sequence[str]) -> list[list[str]]:
    """Names with years of four digits where two may be meant, after the names as they are.

    Years that are marked as such are written in four digits always.
    """
    spelled = with_whole_years(names)
    with_centuries = [_with_centuries(each) for each in spelled]
    return [*spelled, *(each for each in with_centuries if each is not None)]


def _with_centuries(names: Sequence[str]) -> list[str] | None:
    """Names whose two digits at one place are clearly on both sides of a century, in four.

    As of "98", "99", "00", and "991231", "000101". None for others.
    """
    if all(SHORT_DATE.fullmatch(name) for name in names):
        names = [SHORT_DATE.sub(r"\1-\2\3", name) for name in names]
    rows = _text_and_numbers(names)
    for place in range(1, min(map(len, rows)), 2):
        if all(len(row[place]) == 2 for row in rows):
            years = [int(row[place]) for row in rows]
            starts = starts_on_cycle(years, 100)
            if len(starts) == 1 and starts[0] != min(years):
                whole = [str(whole_year(year, starts[0])) for year in years]
                pairs = zip(rows, whole, strict=True)
                return ["".join([*row[:place], year, *row[place + 1 :]]) for row, year in pairs]
    return None


def _keys_as_spelled(names: Sequence[str]) -> list[list[Any]]:
    dates = text_as_dates(pd.Index(names, dtype=object))
    if isinstance(dates, pd.DatetimeIndex):
        return [dates.tolist()]
    keys: list[list[Any]] = [
        [[int(part) if i % 2 else part for i, part in enumerate(row)] for row in parts]
        for parts in [_text_and_numbers(names)]
    ]
    keys += _keys_of_last_years(names) if year_is_last(names) else []
    years = [SEASON_OF_YEAR.fullmatch(name) for name in names]
    if all(years):
        keys.append([[int(year[1]), name] for year, name in zip(years, names, strict=True) if year])
    return keys


def _keys_of_last_years(names: Sequence[str]) -> list[list[Any]]:
    """Of "31.01.2024" by day, of "01/31/2024" by month, of "Q4 2023"."""
    numbers = [[int(number) for number in row[1::2]] for row in _text_and_numbers(names)]
    orders = [row[::-1] for row in numbers], [row[-1:] + row[:-1] for row in numbers]
    may_be = [rows for rows in orders if all(len(r) != 3 or 1 <= r[1] <= 12 for r in rows)]
    return [*may_be] or [*orders]


def _text_and_numbers(names: Sequence[str]) -> list[list[str]]:
    """Text and numbers by turns, "week 9" before "week 10", "Jan 2024" as "1 2024"."""
    return [re.split(r"(\d+)", _with_numbers(name)) for name in names]


def year_is_last(names: Sequence[str]) -> bool:
    """Whether the last number in each name may be its year, of two digits or four."""
    rows = [re.findall(r"\d+", _with_numbers(name)) for name in names]
    n_numbers = {len(row) for row in rows}
    if n_numbers <= {0, 1}:
        return False
    if all(len(row) > 1 and len(row[0]) < 4 == len(row[-1]) for row in rows):
        return True
    if all(OF_YEAR.fullmatch(name) for name in names):
        return True
    has_words = any(_with_numbers(name) != name for name in names)
    if n_numbers not in ({3}, {2} if has_words else {3}) or any(":" in name for name in names):
        return False
    pattern = rf"\d{{1,2}}([-./{' ' * has_words}]\d{{1,2}})+"
    is_short = all(re.fullmatch(pattern, _with_numbers(name)) for name in names)
    return is_short and len({row[-1] for row in rows}) <= len({row[0] for row in rows})


def are_numbered(names: Sequence[str]) -> bool:
    """Whether names differ in numbers alone, or in names of months or days."""
    parts = _text_and_numbers(names)
    return len(parts[0]) > 1 and len({tuple(row[::2]) for row in parts}) == 1


def orders_of_names(names: Sequence[str]) -> list[list[Any]]:
    """Keys for each order in which names of one pattern may be in time; none for other names.

    Names that hold no year may stand for the same time of several: they may begin anywhere, from
    November to February, and newest first.
    """
    return [order for spelled in _spellings(names) for order in _orders_as_spelled(spelled)]


def _orders_as_spelled(names: Sequence[str]) -> list[list[Any]]:
    if not are_numbered(names):
        return []
    parts = _text_and_numbers(names)
    if year_is_last(names):
        return _keys_of_last_years(names)
    if all(len(row[1]) == 4 and len(row) > 3 for row in parts):
        return _keys_as_spelled(names)
    numbers = [[int(number) for number in row[1::2]] for row in parts]
    places = range(len(numbers[0]))
    several = itertools.permutations(places) if len(places) < 4 else [places, places[::-1]]
    orders: list[list[Any]] = [[[row[i] for i in order] for row in numbers] for order in several]
    orders += [keys[::-1] for keys in orders]
    if places_on_cycle(names) or any(_with_numbers(name) != name for name in names):
        orders = [turned(keys) for keys in orders]
    return orders


def turned(keys: list[Any]) -> list[Any]:
    """Keys that begin anywhere, from the smallest on."""
    start = keys.index(min(keys))
    return keys[start:] + keys[:start]


def first_unordered(names: Sequence[str]) -> tuple[str, str] | None:
    """The first two of sorted names of which nothing says that this is their order in time.

    That is said by numbers, and by single letters, where the names begin to differ.
    """
    for before, after in itertools.pairwise(names):
        two = [re.findall(r"\d+|[^\W\d_]+|[\W_]", _with_numbers(n)) for n in (before, after)]
        pairs = enumerate(itertools.zip_longest(*two, fillvalue=""))
        place, differ = next((each for each in pairs if len(set(each[1])) > 1), (0, ("", "")))
        if "" in differ and place:  # "2024" before "2024-01", but not "t" before "t-1"
            differ = two[0][place - 1], two[1][place - 1]
        if not (all(map(str.isdigit, differ)) or all(len(d) == 1 and d.isalpha() for d in differ)):
            return before, after
    return None


def _with_numbers(name: str) -> str:
    """Names of months and of days of the week in a text as numbers, hours as those of 24."""

    def number(word: re.Match[str]) -> str:
        return str(PLACES.get(word[0].casefold(), word[0]))

    return re.sub(r"[^\W\d_]+", number, with_hours_of_24(name))
