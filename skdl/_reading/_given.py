"""X as the user has it, for advice in code that works on it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ._containers import is_frame, plain_container
from ._frames import holds_arrays


class Given:
    """What X is, and code that works on it: looked at when there is advice to give.

    Parameters
    ----------
    X : array-like
        Before anything is converted.
    """

    def __init__(self, X: Any) -> None:
        self.X = X

    @cached_property
    def plain(self) -> Any:
        """As a container that the readers know; see ``plain_container``."""
        return plain_container(self.X)

    @property
    def is_frame(self) -> bool:
        return isinstance(self.X, pd.DataFrame) or is_frame(self.X)

    @property
    def has_cells(self) -> bool:
        """Whether it is a frame of arrays."""
        return self.is_frame and holds_arrays(self.plain)

    @property
    def frame(self) -> str:
        """A frame as one of pandas."""
        if isinstance(self.X, pd.DataFrame):
            return "X"
        columns = "to_dict(as_series=False)" if self._has("to_dict") else "to_pydict()"
        return f"pd.DataFrame(X.{columns})"

    @property
    def rows(self) -> str:
        """What gives the rows one by one, where these are arrays."""
        if self.is_frame:
            return f"{self.frame}.iloc[:, 0]"
        of_polars = self._has("to_list") and not isinstance(self.X, (pd.Series, pd.Index))
        return "X.to_list()" if of_polars else "X.to_pylist()" if self._has("to_pylist") else "X"

    @property
    def array(self) -> str:
        """One array of all."""
        if isinstance(self.X, np.ndarray) and self.X.dtype != object:
            return "X"
        if not self.is_frame:
            return f"np.stack({self.rows})" if self.rows == "X" else f"np.array({self.rows})"
        if not self.has_cells:
            return f"{self.frame}.to_numpy()"
        if self.X.shape[1] == 1:
            return f"np.stack({self.rows})"
        return f"np.stack([np.stack(row, -1) for row in {self.frame}.to_numpy()])"

    def each(self, expression: str) -> str:
        """An expression of numbers ``x``, such as "x * 255", for all of X."""
        if self.has_cells:
            return f"{self.frame}.map(lambda x: {expression.replace('x', 'np.asarray(x)')})"
        if self.is_table or self._is_numbers:
            return expression.replace("x", "X")
        return f"[{expression} for x in map(np.asarray, {self.rows})]"

    def each_row(self, expression: str) -> str:
        """An expression of a row ``x``, an array, for all of X."""
        if self.has_cells:
            return f"{self.frame}.map(lambda x: (lambda x: {expression})(np.asarray(x)))"
        rows = f"{self.frame}.to_numpy()" if self.is_frame else self.rows
        return f"[{expression} for x in map(np.asarray, {rows})]"

    @property
    def is_table(self) -> bool:
        """Whether it is a frame, or an array of two dimensions, of numbers."""
        return getattr(self.X, "ndim", 2 * self.is_frame) == 2 and not self.has_cells

    @property
    def _is_numbers(self) -> bool:
        is_objects = isinstance(self.X, np.ndarray) and self.X.dtype == object
        return getattr(self.X, "ndim", 1) > 1 and not is_objects

    def _has(self, method: str) -> bool:
        return hasattr(self.X, method)
