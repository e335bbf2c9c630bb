"""Columns of several types in one table: numbers, dates, categories, as numbers and as codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype, is_complex_dtype, is_numeric_dtype

from ._time import INDEX_OF, as_times
from ._words import composed

DAY, WEEK, YEAR = 1.0, 7.0, 365.2425  # in days
UNKNOWN = 0  # code of a missing value, and of one that was not among the rows that taught


class ColumnKind(Enum):
    """What a column holds."""

    NUMBER = "numbers"
    DATE = "dates"
    DURATION = "durations"
    CATEGORY = "categories"


_KIND_OF = {
    **dict.fromkeys(INDEX_OF, ColumnKind.DATE),
    **dict.fromkeys(("timedelta", "timedelta64"), ColumnKind.DURATION),
    **dict.fromkeys(("string", "bytes", "categorical"), ColumnKind.CATEGORY),
    **dict.fromkeys(("boolean", "integer", "floating", "mixed-integer-float"), ColumnKind.NUMBER),
    "decimal": ColumnKind.NUMBER,
    "empty": ColumnKind.NUMBER,  # nothing but missing values
}


def kind_of_column(column: pd.Series, called: str) -> ColumnKind:
    """What a column holds, by its dtype, or by its values where that is object.

    Raises
    ------
    TypeError
        For values of several types, and of types that are none of these, naming the first.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return ColumnKind.CATEGORY
    if is_numeric_dtype(dtype) and not is_complex_dtype(dtype):
        return ColumnKind.NUMBER
    kind = _KIND_OF.get(infer_dtype(column, skipna=True))
    if kind is None:
        raise TypeError(_neither(column, called))
    return kind


def _neither(column: pd.Series, called: str) -> str:
    """What is said of a column that is of no kind."""
    values = column.to_numpy(dtype=object)
    known = np.flatnonzero(column.notna().to_numpy())
    first = type(values[known[0]])
    for row in known:
        value = values[row]
        if not isinstance(value, (str, bytes, bool, int, float, np.number, np.bool_)):
            return (
                f"Each value of X as argument must be a string, date or real number, got "
                f"{value!r:.60} ({type(value).__name__}) in row {row} of {called}. Leave such a "
                "column out, or make numbers of it first."
            )
        if isinstance(value, (str, bytes)) != issubclass(first, (str, bytes)):
            return (
                f"Each column of X must hold strings or numbers, not both: {called} has "
                f"{values[known[0]]!r:.60} ({first.__name__}) in row {known[0]} and {value!r:.60} "
                f"({type(value).__name__}) in row {row}. Make them alike, for example by "
                ".astype(str)."
            )
    return f"The values of {called} must be strings, dates or real numbers, got {column.dtype}."


@dataclass
class Categories:
    """The categories of a column, whose codes are 1, 2, ... in their order.

    Attributes
    ----------
    code_of : dict
        Code of each category.
    of_text : bool
        Whether they are texts.
    """

    code_of: dict[Any, int]
    of_text: bool

    @classmethod
    def of(cls, column: pd.Series) -> Categories:
        """Those that occur, sorted, so that the order of the rows does not matter."""
        found = {_key(value) for value in pd.unique(column.dropna())}
        try:
            values = sorted(found)
        except TypeError:  # categories of several types
            values = sorted(found, key=lambda value: (type(value).__name__, repr(value)))
        of_text = any(isinstance(value, (str, bytes)) for value in values)
        return cls({value: code for code, value in enumerate(values, 1)}, of_text)

    def __len__(self) -> int:
        return len(self.code_of)

    def codes(self, column: pd.Series, called: str) -> NDArray[np.int64]:
        """Codes (n,); 0 for a missing value and for a category that is not known.

        Raises
        ------
        ValueError
            If they were texts in ``fit`` and are numbers now, or the other way round: none would
            be known.
        """
        numbers, values = pd.factorize(column.astype(object), use_na_sentinel=True)
        keys = [_key(value) for value in values]
        of_text = [isinstance(key, (str, bytes)) for key in keys]
        if keys and len(self) and not any(each == self.of_text for each in of_text):
            had, has = ("text", "numbers") if self.of_text else ("numbers", "text")
            raise ValueError(
                f"{called} held {had} as categories in fit, and holds {has} now ({keys[0]!r:.60}). "
                "Convert it to the dtype that it had."
            )
        codes = np.array(
            [self.code_of.get(key, UNKNOWN) for key in keys] + [UNKNOWN], dtype=np.int64
        )
        return codes[numbers]

    def only(self, codes: NDArray[np.int64]) -> tuple[Categories, NDArray[np.int64]]:
        """Those of some codes alone, and the new code (n_categories + 1,) for each old one."""
        kept = np.zeros(len(self) + 1, dtype=bool)
        kept[codes] = True
        kept[UNKNOWN] = False
        new = np.where(kept, np.cumsum(kept), UNKNOWN)
        code_of = {value: int(new[code]) for value, code in self.code_of.items() if kept[code]}
        return Categories(code_of, self.of_text), new


def _key(value: Any) -> Any:
    """A value by which categories are told apart: text in one normal form of Unicode."""
    return composed(value) if isinstance(value, str) else value


def as_days(column: pd.Series, zone: Any = None) -> NDArray[np.float64]:
    """Dates as days since 1970, durations as days; NaN where one is missing.

    Dates are those of the clock in ``zone``, where that is given; periods are their starts.
    """
    index = as_times(pd.Index(column))
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if zone is not None:
        index = index.tz_convert(zone).tz_localize(None)
    days = index.asi8 / {"s": 86400.0, "ms": 864e5, "us": 864e8, "ns": 864e11}[index.unit]
    return np.where(index.isna(), np.nan, days)


def zone_of(column: pd.Series) -> Any:
    """The time zone of dates; None where they have none."""
    return getattr(as_times(pd.Index(column)), "tz", None)


def parts_of_dates(days: NDArray[np.float64], *, with_clock: bool) -> NDArray[np.float64]:
    """Days (n,) as numbers (n, 6) or (n, 9): the days, the day of the week, and the cycles.

    Cycles are sine and cosine of the time of the year and of the week, ``with_clock`` of the day
    too, beside its hour.
    """
    whole = np.floor(days)
    weekday = np.mod(whole + 3, WEEK)  # 0 is Monday; 1970 began on a Thursday
    columns = [days, weekday, *_cycle(days / YEAR), *_cycle(weekday / WEEK)]
    if with_clock:
        columns += [24 * (days - whole), *_cycle(days / DAY)]
    return np.stack(columns, axis=1)


def _cycle(turns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)


class MixedColumns:
    """What each column of a table holds, and how it becomes numbers or codes.

    Parameters
    ----------
    frame : DataFrame
        The rows of ``fit``.
    is_category : ndarray of bool of shape (n_columns,), default=None
        Which columns hold categories whatever their dtype; None, where dtypes decide.

    Attributes
    ----------
    kinds : list of ColumnKind
    categories : dict of int to Categories
        By the place of the column.
    """

    def __init__(self, frame: pd.DataFrame, is_category: NDArray[np.bool_] | None = None) -> None:
        self.names = list(frame.columns)
        columns = [frame.iloc[:, i] for i in self._places]
        self.kinds = [kind_of_column(c, self._called(i)) for i, c in enumerate(columns)]
        if is_category is not None:
            chosen = zip(self.kinds, is_category, strict=True)
            self.kinds = [ColumnKind.CATEGORY if given else kind for kind, given in chosen]
        self.empty = {i for i, column in enumerate(columns) if column.isna().all()}
        self.categories = {i: Categories.of(columns[i]) for i in self._of(ColumnKind.CATEGORY)}
        dates = self._of(ColumnKind.DATE)
        self.zones = {i: zone_of(columns[i]) for i in dates}
        self.with_clock = {
            i: bool((np.nan_to_num(as_days(columns[i], self.zones[i])) % 1).any()) for i in dates
        }

    @property
    def _places(self) -> Sequence[int]:
        return range(len(self.names))

    def _of(self, kind: ColumnKind) -> list[int]:
        return [i for i, each in enumerate(self.kinds) if each is kind]

    def _called(self, place: int) -> str:
        return f"column {self.names[place]!r}"

    def numbers(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Numbers (n, n_numbers): of columns of numbers, durations and dates; NaN for missing.

        Raises
        ------
        ValueError
            If a column held something else in ``fit``.
        """
        places = self._of(ColumnKind.NUMBER)
        parts = [self._plain_numbers(frame, places)]
        parts += [self._days(frame, i)[:, None] for i in self._of(ColumnKind.DURATION)]
        parts += [
            parts_of_dates(self._days(frame, i), with_clock=clock)
            for i, clock in self.with_clock.items()
        ]
        return np.concatenate(parts, axis=1)

    def _plain_numbers(self, frame: pd.DataFrame, places: list[int]) -> NDArray[np.float64]:
        some = frame.iloc[:, places]
        if not all(map(is_numeric_dtype, set(some.dtypes))):
            kept = [i for i in places if not self._says_nothing(frame, i)]
            some = frame.iloc[:, kept].set_axis(kept, axis=1).reindex(columns=places)
        return some.to_numpy(dtype=np.float64, na_value=np.nan)

    def _days(self, frame: pd.DataFrame, place: int) -> NDArray[np.float64]:
        if self._says_nothing(frame, place):
            return np.full(len(frame), np.nan)
        column, zone = frame.iloc[:, place], self.zones.get(place)
        if place in self.zones and (zone_of(column) is None) is not (zone is None):
            had, has = ("a", "no") if zone is not None else ("no", "a")
            raise ValueError(
                f"{self._called(place)} had {had} time zone in fit, and has {has} time zone now. "
                "Convert it with .dt.tz_localize."
            )
        return as_days(column, zone)

    def _says_nothing(self, frame: pd.DataFrame, place: int) -> bool:
        """Whether a column is missing altogether, now or in ``fit``; else it is of its kind.

        Raises
        ------
        ValueError
            If it held something else in ``fit``.
        """
        column, called = frame.iloc[:, place], self._called(place)
        if place in self.empty or column.isna().all():
            return True
        kind = kind_of_column(column, called)
        if kind is not self.kinds[place]:
            raise ValueError(
                f"{called} held {self.kinds[place].value} in fit, and holds {kind.value} now "
                f"({column.dtype}). Convert it to the dtype that it had."
            )
        return False

    def name_of_number(self, number: int) -> Any:
        """The name of the column that gives one of the numbers."""
        names = [self.names[i] for i in self._of(ColumnKind.NUMBER)]
        names += [self.names[i] for i in self._of(ColumnKind.DURATION)]
        for i, clock in self.with_clock.items():
            names += [self.names[i]] * (9 if clock else 6)
        return names[number]

    def codes(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Codes (n, n_categorical) of the columns of categories."""
        columns = [
            known.codes(frame.iloc[:, i], self._called(i)) for i, known in self.categories.items()
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(frame), 0), dtype=np.int64)

    def learn_categories(self, codes: NDArray[np.int64], rows: NDArray[Any]) -> NDArray[np.int64]:
        """Keep the categories of some rows alone; the new codes of all rows."""
        new = np.empty_like(codes)
        for column, (place, known) in enumerate(list(self.categories.items())):
            self.categories[place], table = known.only(codes[rows, column])
            new[:, column] = table[codes[:, column]]
        return new

    @property
    def n_categories(self) -> list[int]:
        """Number of categories of each column that holds such."""
        return list(map(len, self.categories.values()))
