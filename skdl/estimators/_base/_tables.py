"""Reading tables: 2-D arrays and DataFrames of numbers become one column (n, F), or an error."""

from __future__ import annotations

from typing import Any, ClassVar

from ..._reading import ColumnsMixin, check_finite, check_numbers, plain_container
from ...engine import Data, Streamed, as_tensor
from ._input import InputMixin


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
        X = plain_container(X)
        check_numbers(X)
        self._check_order_of_names(X, reset=reset)
        array, streamed = self._validated_numbers(X, reset=reset)
        check_finite(array, ("row", "column"))
        return Data({"x": Streamed(array) if streamed else as_tensor(array)})
