"""Names on a cycle, such as months without a year and clocks without a date; where they begin."""

from __future__ import annotations

import itertools
import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Iterable, Sequence

HOUR = re.compile(r"(\d{1,2})((?::\d\d)*)\s*([ap])\.?m\b", re.IGNORECASE)
CLOCK = re.compile(r"\D*?([01]?\d|2[0-3])(?::([0-5]\d))(?::([0-5]\d))?\D*")
QUARTER = re.compile(r"(?:.*[\W_])?(?:Q[\W_]?([1-4])|([1-4])Q)(?:[\W_].*)?", re.IGNORECASE)

# Months and days of the week, by their names in English or the language of the process.
MONTHS, DAYS = (
    {name.casefold(): place for names in both for place, name in enumerate(names) if name}
    for both in ((month_name, month_abbr), (day_name, day_abbr))
)
PLACES = {**MONTHS, **DAYS}


def with_hours_of_24(name: str) -> str:
    """Hours such as "1:30 pm" as those of a day."""

    def hour(found: re.Match[str]) -> str:
        return f"{int(found[1]) % 12 + 12 * (found[3] in 'pP')}{found[2] or ':00'}"

    return HOUR.sub(hour, name)


def places_on_cycle(names: Sequence[str]) -> tuple[list[int], int] | None:
    """Where names are on the cycle that all are of, and its length; None for other names.

    The cycles are months, days of the week, clocks in seconds, and quarters.
    """
    for words, length in ((MONTHS, 12), (DAYS, 7)):
        found = [_place_of_word(name, words) for name in names]
        if None not in found:
            return [place for place in found if place is not None], length
    clocks = [CLOCK.fullmatch(with_hours_of_24(name)) for name in names]
    if all(clocks):
        times = [[int(part or 0) for part in clock.groups()] for clock in clocks if clock]
        return [3600 * h + 60 * m + s for h, m, s in times], 86400
    quarters = [QUARTER.fullmatch(name) for name in names]
    if all(quarters) and all(len(re.findall(r"\d", name)) == 1 for name in names):
        return [int(quarter[1] or quarter[2]) for quarter in quarters if quarter], 4
    return None


def _place_of_word(name: str, words: dict[str, int]) -> int | None:
    found = [words.get(word.casefold()) for word in re.findall(r"[^\W\d_]+", name)]
    known = [place for place in found if place is not None]
    return known[0] if len(known) == 1 and not re.search(r"\d", name) else None


def starts_on_cycle(places: Iterable[int], length: int) -> list[int]:
    """The places at which times on a cycle may begin: those behind the largest gaps between them.

    There is one where its gap is twice as large as any other.
    """
    distinct = sorted(set(places))
    gaps = [b - a for a, b in itertools.pairwise([*distinct, distinct[0] + length])]
    behind = [*distinct[1:], distinct[0]]
    return [start for start, gap in zip(behind, gaps, strict=True) if 2 * gap > max(gaps)]


def falls_on_cycle(places: Sequence[int], length: int) -> bool:
    """Whether times on a cycle go back, which takes fewer steps than to go on."""
    steps = [b - a for a, b in itertools.pairwise(places)]
    if not any(steps) or min(steps) >= 0:
        return False
    back = sum(-step % length for step in steps)
    return back < min(length, sum(step % length for step in steps))
