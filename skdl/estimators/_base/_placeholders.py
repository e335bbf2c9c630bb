"""Numbers that stand for missing values, such as -999, which distort scales and what is learned."""

from __future__ import annotations

import warnings

from torch import Tensor

FILL = 1e15  # as the 1e20 of netCDF files, or the largest float
LIMITS = {float(sign * 2**bits - (sign > 0)) for sign in (-1, 1) for bits in (15, 16, 31, 32)}


def warn_of_placeholders(values: Tensor, name: str, column: str) -> None:
    """Warn where the extreme value of a column (n, k) seems to stand for missing ones.

    It occurs twice or more, is farther from all others than these are from each other, and is a
    number that data formats use so: nines (-99, -999, 9999), the limits of integers, 1e20.
    """
    if len(values) < 3:
        return
    for sign in (1, -1):
        extreme = values.amax(0) if sign > 0 else values.amin(0)  # (k,)
        for at in (at for at, value in enumerate(extreme.tolist()) if is_placeholder(value)):
            rest = values[values[:, at] != extreme[at], at]
            n_times = len(values) - len(rest)
            if n_times < 2 or not len(rest):
                continue
            low, high = float(rest.min()), float(rest.max())
            value = float(extreme[at])
            if min(abs(value - low), abs(value - high)) > high - low > 0:
                warnings.warn(
                    f"{name} holds {value:g} {n_times} times in {column} {at}, where all else is "
                    f"from {low:.4g} to {high:.4g}. If that stands for missing values, it spoils "
                    "what is learned. Leave such rows out, or fill these values first.",
                    UserWarning,
                    stacklevel=2,
                )
                return


def is_placeholder(value: float) -> bool:
    """Whether data formats use the number for what is missing."""
    digits = f"{abs(value):.0f}" if abs(value) < FILL else ""
    is_nines = len(digits) > 1 and set(digits) == {"9"} and value == round(value)
    return is_nines or value in LIMITS or abs(value) >= FILL
