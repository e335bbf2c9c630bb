"""Units of X: whether the values to predict are on the scale of those of the fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

N_LOOKED_AT = 32  # rows of a fit


def learn_units(estimator: BaseEstimator, rows: np.ndarray | Sequence[np.ndarray]) -> None:
    """Learn from some rows whether X holds whole numbers beyond 1, such as bytes, or fractions."""
    step = -(-len(rows) // N_LOOKED_AT)
    estimator._units = _units_of(rows[::step])


def check_units(estimator: BaseEstimator, rows: np.ndarray | Sequence[np.ndarray]) -> None:
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
    if got == "fractions":
        text = (
            f"X holds fractions up to {largest:g}, but {name} was fitted on whole numbers up to "
            f"{fitted}: are these scaled to 1 or -1? Scale them as in fit, by X * 255 for images "
            "of bytes."
        )
    else:
        text = (
            f"X holds whole numbers up to {largest:g}, but {name} was fitted on fractions up to "
            f"{fitted}: are these not scaled yet? Scale them as in fit, by X / 255 for images of "
            "bytes."
        )
    warnings.warn(text, UserWarning, stacklevel=2)


def _units_of(rows: np.ndarray | Sequence[np.ndarray]) -> tuple[str, float]:
    """ "whole", "fractions" (between -1 and 1) or "", and the largest absolute value."""
    parts: Any = [rows] if isinstance(rows, np.ndarray) else rows
    largest = max((float(np.abs(part, dtype=float).max()) for part in parts), default=0.0)
    is_whole = all(part.dtype.kind in "iub" or (part == np.rint(part)).all() for part in parts)
    if largest > 1:
        return "whole" if is_whole else "", largest
    return "" if is_whole else "fractions", largest
