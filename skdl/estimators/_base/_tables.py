"""Reading tables: 2-D arrays and DataFrames of numbers become one column (n, F), or an error."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..._reading import (
    ColumnsMixin,
    InputMixin,
    check_finite,
    check_numbers,
    plain_container,
    rows_of_numbers,
)
from ...engine import Data, Streamed, as_tensor


class TableInputMixin(ColumnsMixin, InputMixin):
    """Mixin of estimators that take tables of finite numbers (n_samples, n_columns)."""

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"tables"})

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """A table of numbers as data with a column ``x`` (n, F), in the dtype of X.

        A large memory map stays where it is. Sets or checks ``n_features_in_`` and
        ``feature_names_in_``.

        Raises
        ------
        ValueError
            For what is no table of finite numbers, or does not match what was fitted.
        """
        if reset:
            self._forget_inputs()
        X = rows_of_numbers(plain_container(X))
        check_numbers(X)
        check_one_length(X)
        self._check_order_of_names(X, reset=reset)
        array, streamed = self._validated_numbers(X, reset=reset)
        check_finite(array, ("row", "column"))
        return Data({"x": Streamed(array) if streamed else as_tensor(array)})


def check_one_length(X: Any) -> None:
    """Raise ValueError for a list of rows that differ in length."""
    if not isinstance(X, (list, tuple)) and not (isinstance(X, np.ndarray) and X.ndim == 1):
        return
    sizes = [np.size(row) for row in X if np.ndim(row) > 0]
    odd = next((row for row, size in enumerate(sizes) if size != sizes[0]), None)
    if odd is not None:
        raise ValueError(
            f"X must be a table, rows of one length, but row 0 has {sizes[0]} values and row {odd} "
            f"has {sizes[odd]}. Make them columns first, such as the mean and the last value of "
            "each; LSTMClassifier and LSTMRegressor take rows of unequal length."
        )
