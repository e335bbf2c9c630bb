"""Units of X: whether the values to predict are on the scale of those of the fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ._given import Given

Arrays = np.ndarray | Sequence[np.ndarray]
N_LOOKED_AT = 32  # rows of a fit
GOLDEN = (5**0.5 - 1) / 2
N_VALUES = 16  # of a row, from which its values say in what units it is
SMALLEST_SCALE = 16  # below, whole numbers may be counts or codes beside which fractions are usual
BYTES = 128  # whole numbers up to here or more are no flags
OTHER_SCALE = 64  # times the largest value of the fit, or a fraction of the least row's
OF_BYTES = 8  # that fraction where each row of the fit has large bytes: of 255, 16 are black
BELOW_ZERO = (0.25, -0.1)  # so many values of a row are below that
KINDS = {"whole": "whole numbers", "fractions": "fractions"}


@dataclass(frozen=True)
class Units:
    """What some rows of X hold, and how later ones differ.

    Attributes
    ----------
    kind : {"whole", "fractions", ""}
        Whole numbers up to 16 or more, fractions of 1, or else.
    largest : float
        Largest absolute value.
    least : float
        Largest absolute value of the row in which that is smallest.
    is_negative : bool
        Whether a value is below 0.
    """

    kind: str
    largest: float
    least: float
    is_negative: bool

    @classmethod
    def of(cls, rows: Arrays) -> Units:
        """The units of all these rows."""
        largest, least, all_whole, is_negative = 0.0, np.inf, True, False
        for part in _parts(rows):
            of_rows = np.abs(part, dtype=float).max(1)
            largest, least = max(largest, float(of_rows.max())), min(least, float(of_rows.min()))
            is_negative = is_negative or bool((part < 0).any())
            all_whole = all_whole and is_whole(part)
        kind = "" if all_whole or largest > 1 else "fractions"
        kind = "whole" if all_whole and largest >= SMALLEST_SCALE else kind
        return cls(kind, largest, least, is_negative)

    @classmethod
    def of_fit(cls, rows: Arrays) -> Units:
        """The units of the rows of a fit, of which some are looked at, and those with gaps not."""
        some = rows_without_gaps(rows[:: -(-len(rows) // N_LOOKED_AT)])
        return cls.of(some) if len(some) else cls("", 0.0, 0.0, False)

    def check(self, rows: Arrays, owner: str, given: Given) -> None:
        """Warn where these are whole numbers up to 255, say, and the other rows are fractions of 1.

        And the other way round, and where their values are far larger or smaller than those of the
        fit, or below 0 where there were none. All rows must be so: it is their scale that differs.
        """
        found = self._other_scale(rows, given)
        if found is None:
            return
        was = f"{KINDS.get(self.kind, 'values')} up to {self.largest:g}"
        warnings.warn(
            f"X holds {found[0]}, but {owner} was fitted on {was}: it seems to be in other units. "
            f"Scale it as in fit{found[1]}.",
            UserWarning,
            stacklevel=2,
        )

    def _other_scale(self, rows: Arrays, given: Given) -> tuple[str, str] | None:
        """In words, what all rows hold, and what to do for images of bytes; None if all is well."""
        if self.kind == "fractions" and _all(rows, is_whole):
            got = Units.of(rows)
            if got.kind == "whole":
                is_bytes = BYTES <= got.largest < 256
                way = f", for images of bytes by {given.each('x / 255')}" if is_bytes else ""
                return f"whole numbers up to {got.largest:g}", way
        # Resized images of fractions have some values above 1.
        limit = max(1.0, self.largest / OTHER_SCALE)
        if self.kind == "whole" and _all(rows, lambda part: _is_below(part, limit)):
            got = Units.of(rows)
            is_shifted = got.largest > 1 and _all(rows, _is_below_zero)
            if not (is_shifted or all(map(is_whole, _parts(rows)))):
                return _fractions(rows, given)
            if self.largest >= BYTES and got.largest == 1 and rows[0].dtype == bool:
                return "booleans", f", for images of bytes by {given.array} * 255"
        if self.largest and _all(rows, lambda part: _is_above(part, OTHER_SCALE * self.largest)):
            return f"values more than {OTHER_SCALE} times those of fit in each row", ""
        if self.kind == "whole" and _all(
            rows, lambda part: _is_above(part, OF_BYTES * self.largest)
        ):
            got = Units.of(rows)
            if got.kind == "whole" and BYTES <= got.largest < 256:
                return f"whole numbers up to {got.largest:g}", ""
        if self.kind and not self.is_negative and _all(rows, _is_below_zero):
            # Whole numbers that fall below 0 may be temperatures; standardized bytes are small.
            limit = self.largest / SMALLEST_SCALE if self.kind == "whole" else np.inf
            if _all(rows, lambda part: _is_below(part, limit)):
                return "many values below 0 in each row, where there were none", ""
        is_bytes = self.kind == "whole" and self.least >= BYTES
        ratio = OF_BYTES if is_bytes else OTHER_SCALE
        if _all(rows, lambda part: _is_below(part, self.least / ratio)):
            got = Units.of(rows)
            if got.largest:  # a row of nothing but 0 is as usual as any
                least = f"less than 1/{ratio} of those in any row of the fit"
                return f"values up to {got.largest:g}, {least}", ""
        return None


def _fractions(rows: Arrays, given: Given) -> tuple[str, str]:
    """In words, what fractions there are, and how they become bytes: some are centred on 0."""
    least = min(float(part.min()) for part in _parts(rows))
    most = max(float(part.max()) for part in _parts(rows))
    code = "x * 255" if least > BELOW_ZERO[1] else ""
    if -1 <= least < -0.75 and most <= 1:
        code = "(x + 1) * 127.5"
    elif -0.5 <= least < -0.4 and most <= 0.5:
        code = "(x + 0.5) * 255"
    words = f"up to {most:g}" if least >= 0 else f"from {least:g} to {most:g}"
    return f"fractions {words}", f", for images of bytes by {given.each(code)}" if code else ""


def check_one_scale(rows: Arrays, given: Given) -> None:
    """Warn where some rows hold large whole numbers, such as bytes, and others fractions of 1."""
    groups: dict[np.dtype, list[int]] = {}
    for place, item in enumerate(rows if not isinstance(rows, np.ndarray) else []):
        groups.setdefault(item.dtype, []).append(place)
    in_groups: list[Sequence[int]] = [*groups.values()] or [range(len(rows))]
    places = [group[i] for group in in_groups for i in _some_of(len(group))]
    if isinstance(rows, np.ndarray) and not _may_differ(rows[places]):
        return
    kinds: dict[str, int] = {}
    for place in places:
        row = np.asarray(rows[place])
        if row.size >= N_VALUES and row.dtype.kind in "biuf" and np.isfinite(row).all():
            kinds.setdefault(Units.of([row]).kind, place)
    if {"whole", "fractions"} <= set(kinds):
        warnings.warn(
            f"X holds large whole numbers in row {kinds['whole']} and fractions of 1 in row "
            f"{kinds['fractions']}: its rows seem to be in different units. Scale them alike, for "
            f"images of which some are bytes by {given.each_row('x / 255 if x.max() > 1 else x')}.",
            UserWarning,
            stacklevel=2,
        )


def rows_without_gaps(rows: Arrays) -> Arrays:
    """The rows of an array whose values are all finite; others were checked before."""
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "fc":
        return rows
    is_complete = np.isfinite(rows.reshape(len(rows), -1)).all(1)
    return rows if is_complete.all() else rows[is_complete]


def _may_differ(rows: np.ndarray) -> bool:
    """Whether some rows could be whole numbers and others fractions: quickly, of most X not."""
    if rows.dtype.kind not in "biuf" or not rows[0].size:
        return False
    largest = np.abs(rows.reshape(len(rows), -1), dtype=float).max(1)
    return bool((largest <= 1).any() and (largest >= SMALLEST_SCALE).any())


def _some_of(n_rows: int) -> list[int]:
    """Rows evenly spread but without a period: multiples of the golden ratio, less whole ones."""
    if n_rows <= N_LOOKED_AT:
        return list(range(n_rows))
    return sorted({int(n_rows * (GOLDEN * place % 1)) for place in range(N_LOOKED_AT)})


def _parts(rows: Arrays) -> Iterator[np.ndarray]:
    """Rows of equal length, some at once: (n, n_values)."""
    at_once = max(1, 2**18 // max(1, rows[0].size)) if isinstance(rows, np.ndarray) else 1
    for start in range(0, len(rows), at_once):
        part = np.asarray(rows[start : start + at_once] if at_once > 1 else rows[start])
        yield part.reshape(-1 if at_once > 1 else 1, part[0].size if at_once > 1 else part.size)


def _all(rows: Arrays, condition: Callable[[np.ndarray], bool]) -> bool:
    """Whether all rows are so. Most are not in their first row, which is tried first."""
    return all(map(condition, _parts(rows[:1]))) and all(map(condition, _parts(rows)))


def _is_above(part: np.ndarray, limit: float) -> bool:
    return bool((np.abs(part, dtype=float).max(1) > limit).all())


def _is_below(part: np.ndarray, limit: float) -> bool:
    return bool(np.abs(part, dtype=float).max() <= limit)


def _is_below_zero(part: np.ndarray) -> bool:
    share, limit = BELOW_ZERO
    is_long = part.dtype.kind in "if" and part.shape[1] >= N_VALUES
    return is_long and bool(((part < limit).mean(1) >= share).all())


def is_whole(part: np.ndarray) -> bool:
    """Whether all numbers are whole."""
    return part.dtype.kind in "iub" or bool((part == np.rint(part)).all())
