"""Reading tables with columns of several types: numbers with gaps, and codes of categories."""

from __future__ import annotations

import copy
from dataclasses import KW_ONLY, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_complex_dtype, is_numeric_dtype
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, validate_data

from ..._reading import (
    ColumnKind,
    ColumnsMixin,
    InputMixin,
    MixedColumns,
    check_finite,
    check_numbers,
    kind_of_column,
    plain_container,
    rows_of_numbers,
)
from ..._sklearn import StrOptions, num_samples
from ...engine import Data, Streamed, as_tensor
from ._contract import FitMode
from ._docs import deep_estimator
from ._robust_scales import NumberScales
from ._rows import MIN_ROWS, Rows
from ._tables import check_one_length


@deep_estimator
class MixedTableInputMixin(ColumnsMixin, InputMixin):
    """Mixin of estimators that take tables with columns of several types.

    Parameters
    ----------
    categorical_features : "from_dtype" or array-like, default="from_dtype"
        Which columns hold categories. "from_dtype": those whose values are strings, and those of
        pandas' dtype ``category``. Names or numbers of columns, or a boolean for each column, name
        others that do, such as numbers of regions; strings always are categories.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X.
    """

    _: KW_ONLY
    categorical_features: str | ArrayLike = "from_dtype"

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"tables", "mixed tables"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "categorical_features": [StrOptions({"from_dtype"}), "array-like"],
    }
    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _first: Any  # the rows of a first call, where they are too few
        _mixed: MixedColumns | None = field(init=False)  # None where all columns are plain numbers
        _scales: NumberScales = field(init=False)  # of the numbers

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """A column ``x`` (n, F) of numbers, NaN where one is missing, and codes of categories.

        ``codes`` (n, Q) are, with ``reset``, among the categories of all rows, and else among those
        of the training rows; absent where no column holds categories. A table of numbers alone
        stays in its dtype, a large memory map where it is.

        Raises
        ------
        TypeError, ValueError
            For what is no such table, for infinity, and where columns are not as in ``fit``.
        """
        if reset:
            self._forget_inputs()
        X = plain_container(X)
        if reset:
            self._first = copy.copy(X) if num_samples(X) < MIN_ROWS else None
        frame = self._as_frame(X, reset=reset)
        if frame is None:
            return Data({"x": self._read_numbers(X, reset=reset)})
        self._check_order_of_names(frame, reset=reset)
        validate_data(self, frame, reset=reset, skip_check_array=True)
        if reset:
            self._mixed = MixedColumns(frame, self._chosen_columns(frame))
        assert self._mixed is not None
        numbers, codes = self._mixed.numbers(frame), self._mixed.codes(frame)
        check_finite(numbers, ("row", "column"), allow_nan=True, name=self._mixed.name_of_number)
        columns: dict[str, Any] = {"x": as_tensor(numbers)}
        if codes.shape[1]:
            columns["codes"] = as_tensor(codes)
        return Data(columns)

    def _read_numbers(self, X: Any, *, reset: bool) -> Any:
        """A table of plain numbers (n, F) as a column, in the dtype of X."""
        if reset:
            self._mixed = None
        X = rows_of_numbers(X)
        check_numbers(X)
        check_one_length(X)
        self._check_order_of_names(X, reset=reset)
        array, streamed = self._validated_numbers(X, reset=reset)
        check_finite(array, ("row", "column"), allow_nan=True)
        return Streamed(array) if streamed else as_tensor(array)

    def _as_frame(self, X: Any, *, reset: bool) -> pd.DataFrame | None:
        """X as a frame where columns of several types are read; None for plain numbers."""
        if isinstance(X, pd.DataFrame):
            check_array(np.broadcast_to(0.0, X.shape), estimator=type(self).__name__)
            plain = all(is_numeric_dtype(d) and not is_complex_dtype(d) for d in set(X.dtypes))
            frame = X
        else:
            plain = not _may_hold_text(X)
            if plain and not (reset and self._chooses_columns) and (reset or self._mixed is None):
                return None
            check_one_length(X)
            array = check_array(X, dtype=object, ensure_all_finite=False, estimator=self)
            frame = pd.DataFrame(array).infer_objects()
        if not reset:
            return None if self._mixed is None else frame
        if self._chooses_columns:
            return frame
        if not plain and not isinstance(X, pd.DataFrame):  # objects may be numbers
            kinds = {kind_of_column(column, f"column {i}") for i, column in frame.items()}
            plain = kinds == {ColumnKind.NUMBER}
        return None if plain else frame

    @property
    def _chooses_columns(self) -> bool:
        return not isinstance(self.categorical_features, str)

    def _chosen_columns(self, frame: pd.DataFrame) -> NDArray[np.bool_] | None:
        """Which columns ``categorical_features`` names; None for "from_dtype".

        Raises
        ------
        ValueError
            For columns that X has not.
        """
        if not self._chooses_columns:
            return None
        given = np.asarray(self.categorical_features)
        chosen = np.zeros(frame.shape[1], dtype=bool)
        if given.dtype.kind == "b":
            if given.shape != chosen.shape:
                raise ValueError(
                    f"categorical_features must have a boolean for each of the {len(chosen)} "
                    f"columns of X, got the shape {given.shape}."
                )
            return given
        names = list(frame.columns)
        by_number = given.dtype.kind in "iu"
        for each in given.ravel().tolist():
            known = -len(names) <= each < len(names) if by_number else each in names
            if not known:
                has = f"{len(names)} columns" if by_number else f"the columns {names[:20]}"
                raise ValueError(
                    f"categorical_features names {each!r}, which is no column of X: it has {has}."
                )
            chosen[each if by_number else names.index(each)] = True
        return chosen

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        """Learn categories and scales from the training rows; the categories' codes of all."""
        data = super()._learn_inputs(X, data, rows, mode)  # type: ignore[misc]
        if mode is FitMode.WARM_START:
            return data
        if self._mixed is not None and "codes" in data.columns:
            codes = data.column("codes").numpy()
            learned = as_tensor(self._mixed.learn_categories(codes, rows.train))
            data = data.with_columns(codes=learned)
        weight = None if rows.weight is None else rows.weight[rows.train]
        self._scales = NumberScales.of(data.subset(rows.train), weight)
        return data

    @property
    def _n_categories(self) -> list[int]:
        return [] if self._mixed is None else self._mixed.n_categories

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def joined_tables(first: Any, second: Any) -> Any:
    """The rows of both, the columns called as in the first; an array where neither is a frame."""
    if not any(isinstance(each, pd.DataFrame) for each in (first, second)):
        return np.concatenate([np.asarray(each) for each in (first, second)])
    first, second = pd.DataFrame(first), pd.DataFrame(second)
    return pd.concat([first, second.set_axis(first.columns, axis=1)], ignore_index=True)


def _may_hold_text(X: Any) -> bool:
    """Whether an array or list may hold something else than numbers."""
    if isinstance(X, np.ndarray):
        return X.dtype.kind in "OUSmM"
    if isinstance(X, (list, tuple)) and len(X):
        cells = [cell for row in X for cell in (row if isinstance(row, (list, tuple)) else [])]
        return any(cell is None or isinstance(cell, (str, bytes)) for cell in cells)
    return False
