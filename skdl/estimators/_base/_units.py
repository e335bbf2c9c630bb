"""Units of X: whether the values to predict are on the scale of those of the fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

Rows = np.ndarray | Sequence[np.ndarray]
N_LOOKED_AT = 32  # rows of a fit
SMALLEST_SCALE = 16  # below, whole numbers may be counts or codes beside which fractions are usual


def learn_units(estimator: BaseEstimator, rows: Rows) -> None:
    """Learn from some rows whether X holds large whole numbers, such as bytes, or fractions."""
    step = -(-len(rows) // N_LOOKED_AT)
    estimator._units = _units_of(rows[::step])


def check_units(estimator: BaseEstimator, rows: Rows) -> None:
    """Warn where the fit was on whole numbers up to 255, say, and these are fractions of 1.

    And the other way round. All rows must be so: it is the scale that is another one, then.
    """
    learned: tuple[str, float] = getattr(estimator, "_units", ("", 0.0))
    opposite = {"whole": "fractions", "fractions": "whole"}.get(learned[0])
    # Most rows differ at once from what would be wrong.
    if opposite is None or _units_of(rows[:1])[0] not in (opposite, ""):
        return
    got, largest = _units_of(rows)
    if got != opposite:
        return
    name, fitted = type(estimator).__name__, f"{learned[1]:g}"
    kinds, way = ("fractions", "whole numbers"), "X * 255"
    if got == "whole":
        kinds, way = kinds[::-1], "X / 255"
    warnings.warn(
        f"X holds {kinds[0]} up to {largest:g}, but {name} was fitted on {kinds[1]} up to "
        f"{fitted}: it seems to be in other units. Scale it as in fit, by {way} for images of "
        "bytes.",
        UserWarning,
        stacklevel=2,
    )


def _units_of(rows: Rows) -> tuple[str, float]:
    """ "whole" (up to 16 or more), "fractions" (of 1) or "", and the largest absolute value."""
    largest, is_whole = 0.0, True
    at_once = max(1, 2**18 // max(1, rows[0].size)) if isinstance(rows, np.ndarray) else 1
    for start in range(0, len(rows), at_once):
        part = np.asarray(rows[start : start + at_once] if at_once > 1 else rows[start])
        largest = max(largest, float(np.abs(part, dtype=float).max()))
        is_whole = is_whole and (part.dtype.kind in "iub" or bool((part == np.rint(part)).all()))
        if largest > 1 and not is_whole:
            return "", largest
    if is_whole:
        return "whole" if largest >= SMALLEST_SCALE else "", largest
    return "fractions", largest
