"""What the mixins that read X have in common."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from .._sklearn import BaseEstimator
from ._frames import check_numbers
from ._given import Given
from ._units import Arrays, Units

# Dtypes in which numbers are kept: those that torch has too, so that a column takes the memory
# that it takes in X. Other numbers become the first of them.
NUMBERS = [np.dtype(code) for code in ("f8", "f4", "f2", "?", "u1", "u2", "u4", "u8")]
NUMBERS += [np.dtype(code) for code in ("i1", "i2", "i4", "i8")]

STREAM_BYTES = 256 * 2**20  # a memory map above this size is not copied whole


class InputMixin(BaseEstimator):
    """Mixin of the mixins that read X."""

    _units: Units  # of X in ``fit``

    def _forget_inputs(self) -> None:
        """Delete what was learned by reading X in a fit before."""
        private = ("_columns", "_units", "_shortest", "_any_length")
        for name in [name for name in vars(self) if name.endswith("_in_") or name in private]:
            delattr(self, name)

    def _validated_numbers(
        self,
        X: Any,
        *,
        reset: bool,
        allow_nd: bool = False,
        advice: Callable[[tuple[int, ...]], str] | None = None,
    ) -> tuple[np.ndarray, bool]:
        """X as scikit-learn validates it, in the dtype that it has, and whether it is streamed.

        A large memory map is neither copied nor converted whole. Whether values are finite is left
        to ``check_finite``, which says where they are not. ``advice``, of the shape of X, follows
        the error for another number of columns than in ``fit``.
        """
        streamed = isinstance(X, np.memmap) and X.nbytes > STREAM_BYTES
        if is_one_row(X):
            raise ValueError(
                f"X of shape ({len(X)},) is one-dimensional. Reshape your data: if it is a single "
                "row, such as one sequence, pass [X]; if it is one long series, cut windows from "
                "it: skdl.preprocessing.sliding_windows(X, width); if it holds a feature of many "
                "rows, np.reshape(X, (-1, 1))."
            )
        try:
            array = validate_data(
                self,
                X,
                reset=reset,
                dtype=None if streamed else NUMBERS,
                allow_nd=allow_nd,
                ensure_all_finite=False,
            )
        except ValueError as error:
            if "could not convert string" in str(error) and np.ndim(X) == 2:
                check_numbers(pd.DataFrame(X))  # which names the first value that is none
            if advice is not None and "is expecting" in str(error):
                raise ValueError(f"{error} {advice(np.shape(X))}") from None
            raise
        return array, streamed

    def _check_units(self, rows: Arrays, given: Given, *, reset: bool) -> None:
        """Learn in what units X is, or warn where it is in others than in ``fit``."""
        if reset:
            self._units = Units.of_fit(rows)
        else:
            self._units.check(rows, type(self).__name__, given)


def is_one_row(X: Any) -> bool:
    """Whether X is an array, Series or list of numbers, not of rows."""
    if isinstance(X, (np.ndarray, pd.Series)) and isinstance(X.dtype, np.dtype):
        return X.ndim == 1 and X.dtype.kind in "biuf"
    return isinstance(X, (list, tuple)) and len(X) > 0 and isinstance(X[0], Real)
