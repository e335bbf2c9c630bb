"""Reading tables: 2-D arrays and DataFrames of numbers become one column (n, F), or an error."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from ...engine import Data, Streamed, as_tensor
from ...preprocessing._containers import plain_container
from ...preprocessing._frames import check_order_of_names
from ._checks import check_finite, check_numbers, validated_numbers


def read_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> Data:
    """A table of numbers as data with a column ``x`` (n, F), in the dtype of X.

    A memory map that is large stays where it is. Sets or checks ``n_features_in_`` and
    ``feature_names_in_``.

    Raises
    ------
    ValueError
        For what is no table of finite numbers, or does not match what was fitted.
    """
    X = plain_container(X)
    check_numbers(X)
    check_order_of_names(estimator, X, reset=reset)
    array, streamed = validated_numbers(estimator, X, reset=reset)
    check_finite(array, ("row", "column"))
    return Data({"x": Streamed(array) if streamed else as_tensor(array)})
