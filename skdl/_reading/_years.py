"""Years in names and numbers: of two digits, of four, and before months and days in one number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from ._cycles import starts_on_cycle

FIRST, LAST = 1900, 2100  # numbers beyond are no years
# A year of two digits that is marked as one: "FY98", "Q4FY23", "'98".
MARKED = re.compile(r"((?<![^\W\d_])[FC]Y[\W_]?|['\u2019])(\d\d)(?!\d)", re.IGNORECASE)


def _week(text: pd.Index) -> pd.Index:
    return pd.to_datetime(text + "-1", format="%G%V-%u")


def _quarter(text: pd.Index) -> pd.Index:
    return pd.PeriodIndex(text.str.replace(r"(\d)$", r"Q\1", regex=True), freq="Q")


def _reader(form: str) -> Callable[[pd.Index], pd.Index]:
    return lambda text: pd.to_datetime(text, format=form)


# How the text of numbers that are dates is read, in code and as a function, by its digits.
READERS: dict[int, list[tuple[str, Callable[[pd.Index], pd.Index]]]] = {
    n: [(f"pd.to_datetime({{}}, format={form!r})", _reader(form))]
    for n, form in {
        6: "%Y%m",
        7: "%Y%j",
        8: "%Y%m%d",
        10: "%Y%m%d%H",
        12: "%Y%m%d%H%M",
        14: "%Y%m%d%H%M%S",
    }.items()
}
READERS[6].append(("pd.to_datetime({} + '-1', format='%G%V-%u')", _week))  # of ISO 8601
READERS[5] = [(r"pd.PeriodIndex({}.str.replace(r'(\d)$', r'Q\1', regex=True), freq='Q')", _quarter)]


def dates_in_numbers(numbers: pd.Index) -> tuple[str, pd.Index] | None:
    """Dates that whole numbers such as 20240131 stand for, behind the code that reads their text.

    None where they stand for none; their years must be in 1900 to 2100.
    """
    if not len(numbers) or not is_numeric_dtype(numbers.dtype) or is_bool_dtype(numbers.dtype):
        return None
    values = np.asarray(numbers, dtype=np.float64)
    if not np.isfinite(values).all() or (values != np.rint(values)).any():
        return None
    digits = len(str(int(values.max())))
    power = 10.0 ** (digits - 4)
    if digits not in READERS or values.min() < FIRST * power or values.max() >= (LAST + 1) * power:
        return None
    text = numbers.astype(np.int64).astype(str)
    for code, read in READERS[digits]:
        try:
            return code, read(text)
        except ValueError:
            continue
    return None


def years_of(names: pd.Index) -> list[float] | None:
    """Numbers in the order of the years, or of the dates in one number, that all names are.

    Names are numbers, or text of one pattern that holds one number. None for others.
    """
    numbers = names
    if not is_numeric_dtype(names.dtype):
        texts = [name for name in names if isinstance(name, str)]
        centuries = with_whole_years(texts)
        parts = [re.split(r"(\d+)", text) for text in centuries[0]]
        if len(texts) < len(names) or len(centuries) > 1 or {*map(len, parts)} != {3}:
            return None
        if len({tuple(part[::2]) for part in parts}) > 1 or len(max(parts, key=_digits)[1]) > 14:
            return None
        numbers = pd.Index([int(part[1]) for part in parts])
    values = np.asarray(numbers, dtype=np.float64)
    if (values != np.rint(values)).any():  # also NaN
        return None
    is_year = bool(((values >= FIRST) & (values <= LAST)).all())
    return values.tolist() if is_year or dates_in_numbers(numbers) is not None else None


def _digits(part: list[str]) -> int:
    return len(part[1])


def with_whole_years(names: Sequence[str]) -> list[list[str]]:
    """Names with four digits in place of years of two that are marked: "FY98" as "FY1998".

    One list for each year that may be the first, so that there is one where the order is clear.
    """
    marked = [int(year[2]) for name in names for year in MARKED.finditer(name)]
    if not marked:
        return [list(names)]
    spelled = []
    for first in starts_on_cycle(marked, 100):
        years = {f"{two:02d}": str(whole_year(two, first)) for two in marked}
        parts = [MARKED.split(name) for name in names]  # text, mark and year by turns
        spelled.append(
            ["".join(years[p] if i % 3 == 2 else p for i, p in enumerate(row)) for row in parts]
        )
    return spelled


def whole_year(two: int, first: int) -> int:
    """A year of two digits in four, where the first of all is ``first``."""
    century = 1900 if first >= 50 else 2000
    return century + two + 100 * (two < first)
