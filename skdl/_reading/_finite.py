"""Values that are finite, or an error that says where they are not and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _first_not_finite(array: np.ndarray, *, allow_nan: bool = False) -> tuple[int, ...] | None:
    """Index of the first value that is not finite in float32 or wider, or None.

    With ``allow_nan`` NaN passes.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float32)):  # fast, and enough when all is well
            return None
    limit = np.finfo(np.float32).max
    rows_at_once = max(1, 2**20 // max(1, array[0].size))
    for start in range(0, len(array), rows_at_once):
        part = array[start : start + rows_at_once]
        odd = ~(np.abs(part) <= limit)
        bad = np.argwhere(odd & ~np.isnan(part) if allow_nan else odd)
        if len(bad):
            return (int(bad[0][0]) + start, *(int(i) for i in bad[0][1:]))
    return None


IMPUTE = (
    "Impute them first, for example with sklearn.impute.SimpleImputer(keep_empty_features=True), "
    "or leave such rows out."
)


def is_finite(array: np.ndarray) -> bool:
    """Whether all values are finite in float32 or wider."""
    return _first_not_finite(array) is None


def check_finite(
    array: np.ndarray,
    dims: tuple[str, ...],
    where: str = "",
    *,
    allow_nan: bool = False,
    name: Callable[[int], Any] | None = None,
    advice: str | Callable[[tuple[int, ...]], str] = IMPUTE,
) -> None:
    """Raise ValueError for a value that is not finite, saying where by the names of dimensions.

    With ``allow_nan`` NaN passes, infinity does not. ``name`` gives what the last index is called.
    ``advice`` is what to do about NaN in X as the user has it, or gives that for the place of the
    first one.
    """
    bad = _first_not_finite(array, allow_nan=allow_nan)
    if bad is None:
        return
    shown = [*bad[:-1], bad[-1] if name is None else repr(name(bad[-1]))]
    where += ", ".join(f"{dim} {index}" for dim, index in zip(dims, shown, strict=True))
    if np.isnan(array[bad]):
        advice = advice if isinstance(advice, str) else advice(bad)
        raise ValueError(f"Input X contains NaN, first at {where}. {advice}")
    raise ValueError(
        f"Input X contains infinity or a value too large for dtype('float32'), first at {where}. "
        "Clip each array to a plausible range with np.clip, or leave such rows out."
    )
