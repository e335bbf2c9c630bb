"""Numbers that stand for missing values, such as -999, which distort scales and what is learned."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

FILL = 1e15  # as the 1e20 of netCDF files, or the largest float
FAR, LIGHT = 10, 1e-3
LIMITS = {float(sign * 2**bits - (sign > 0)) for sign in (-1, 1) for bits in (15, 16, 31, 32)}


def counts(weight: Tensor) -> Tensor:
    """Which rows count: others, of less than a thousandth of the mean weight, spoil nothing."""
    return weight >= LIGHT * weight.mean()


def counted(weight: Tensor) -> Tensor:
    """The numbers of the rows that count."""
    return counts(weight).nonzero()[:, 0]


def warn_of_placeholders(
    values: Tensor, name: str, column: str, *, only_usual: bool = False
) -> bool:
    """Warn where the extreme value of a column (n, k) seems to stand for missing ones.

    Returns whether it did.

    It is farther from all others than these are from each other, comes twice or more, and is a
    number that data formats use so: nines (-99, -999, 9999, 999.9), the limits of integers, 1e20.
    Unless ``only_usual``, it may come once where it is ten times as far; so may any other number
    that comes three times or more.
    """
    if len(values) < 3:
        return False
    lowest, highest = values.aminmax(dim=0)  # (k,) each
    for sign, extreme, opposite in ((1, highest, lowest), (-1, lowest, highest)):
        is_extreme = values == extreme
        # Most columns have one extreme value, near the others: they are passed over at once.
        others = values.masked_fill(is_extreme, -sign * torch.inf)
        nearest = others.amax(0) if sign > 0 else others.amin(0)
        is_far = (extreme - nearest).abs() > (nearest - opposite).abs()
        for at in is_far.nonzero()[:, 0].tolist():
            n_times, value = int(is_extreme[:, at].sum()), float(extreme[at])
            rest = values[~is_extreme[:, at], at]
            if not len(rest):
                continue
            low, high = float(rest.min()), float(rest.max())
            often = "once" if n_times == 1 else f"{n_times} times"
            distance = min(abs(value - low), abs(value - high))
            least = _times_spread(value, n_times)
            least = least if least == 1 or not only_usual else math.inf
            if high > low and distance > least * (high - low):
                warnings.warn(
                    f"{name} holds {value:g} {often} in {column} {at}, where all else is "
                    f"from {low:.4g} to {high:.4g}. If that stands for missing values, it spoils "
                    "what is learned. Leave such rows out, or fill these values first.",
                    UserWarning,
                    stacklevel=2,
                )
                return True
    return False


def _times_spread(value: float, n_times: int) -> float:
    """How many times their spread the others must be away for it to stand for missing values."""
    if is_placeholder(value):
        return 1 if n_times > 1 else FAR
    return FAR if n_times > 2 and value != 0 else math.inf  # 0 is usual among amounts


def is_placeholder(value: float) -> bool:
    """Whether data formats use the number for what is missing."""
    digits = f"{abs(value):.6g}".replace(".", "") if abs(value) < FILL else ""
    is_nines = len(digits) > 1 and set(digits) == {"9"} and abs(value) > 9
    return is_nines or value in LIMITS or abs(value) >= FILL
