"""Containers: whatever holds the rows of X, as one of the few that the readers know."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd
import torch
from pandas.api.types import is_numeric_dtype
from torch.nn.utils.rnn import PackedSequence, unpack_sequence

from ._time import holds_times

KNOWN = (np.ndarray, list, tuple, pd.DataFrame, pd.Series, pd.Index)


def plain_container(X: Any, what: str = "X") -> Any:
    """X as an array, list, tuple or object of pandas, where it is another container of rows.

    - a ``Sequence`` or deque as a list; packed or nested tensors of torch as one of arrays,
    - an array of pandas, and a column of polars or pyarrow, as a 1-D array,
    - a frame of polars or pyarrow, and a structured array, as a DataFrame,
    - other tensors of torch, an image, and a masked array without masked values, as an array.

    What scikit-learn reads itself (objects with a shape, scalars) is left as it is.

    ``what`` is what messages call it.

    Raises
    ------
    TypeError
        For what has no rows in order, or can be read only once.
    ValueError
        For masked values.
    """
    if isinstance(X, (*KNOWN, torch.Tensor, PackedSequence)):
        return plain_values(X, what)
    if isinstance(X, (Mapping, Set, Iterator)) and not hasattr(X, "shape"):  # sparse ones have one
        way = "list(X.values())" if isinstance(X, Mapping) else "list(X)"
        raise TypeError(
            f"{what} must be a list, array, Series or DataFrame, got {type(X).__name__}. Make it a "
            f"list, {way.replace('X', what)}."
        )
    if is_frame(X):
        return _as_pandas(X)
    if isinstance(X, pd.api.extensions.ExtensionArray):
        return X.to_numpy(dtype=object)
    if hasattr(X, "to_list") or hasattr(X, "to_pylist"):
        return _as_array(X)
    if isinstance(X, (str, bytes, bytearray, memoryview)):
        return X
    if isinstance(X, (Sequence, deque)):
        return list(X)
    if hasattr(X, "__array_interface__") and not hasattr(X, "dtype"):  # an image of PIL
        return np.asarray(X.convert("RGB") if getattr(X, "mode", "") == "P" else X)
    if any(hasattr(X, name) for name in ("shape", "__array__")) or not (
        hasattr(X, "__getitem__") or hasattr(X, "__iter__")
    ):
        return X
    if hasattr(X, "collect"):  # a frame of polars that is not computed yet
        raise TypeError(
            f"{what} must be a table with rows, got {type(X).__name__}. Compute it first: "
            f"{what}.collect()."
        )
    rows = "rows: np.stack([np.asarray(row) for row in X]), with row[0] for row where its items"
    rows += " are pairs of row and label"
    if hasattr(X, "get_group"):  # grouped rows of pandas
        rows = "groups: [group for _, group in X], or [group[channels] for _, group in X] where "
        rows += "columns are no channels"
    raise TypeError(
        f"{what} must be an array or a list of arrays, got {type(X).__name__}. Pass its {rows}."
    )


def plain_values(X: Any, what: str) -> Any:
    """Arrays and tensors as plain arrays, or as lists or frames of some; others as they are.

    Raises
    ------
    ValueError
        For masked values, which numpy's functions would take for numbers.
    """
    if isinstance(X, PackedSequence):
        return [_from_tensor(row) for row in unpack_sequence(X)]
    if isinstance(X, torch.Tensor):
        return [_from_tensor(row) for row in X.unbind()] if X.is_nested else _from_tensor(X)
    if isinstance(X, np.ma.MaskedArray):
        masked = np.argwhere(np.ma.getmaskarray(X))
        if len(masked):
            place = ", ".join(map(str, masked[0].tolist()))
            way = f"{what}.filled(0)" if what.isidentifier() else "[np.ma.filled(x, 0) for x in X]"
            raise ValueError(
                f"{what} must have no masked values, got one at index ({place}). Fill them first, "
                f"for example with {way}, or leave such rows out."
            )
        return X.data
    if isinstance(X, np.ndarray) and X.dtype.names:
        return pd.DataFrame({name: X[name] for name in X.dtype.names})
    return X


def _from_tensor(X: torch.Tensor) -> np.ndarray:
    X = X.detach().to_dense().cpu().resolve_conj().resolve_neg()
    return (X.float() if X.dtype is torch.bfloat16 else X).numpy()


def is_frame(X: Any) -> bool:
    """Whether it is a table of another library than pandas, not one that does as pandas does."""
    if not hasattr(X, "__len__") or hasattr(X, "iloc"):
        return False
    return hasattr(X, "columns") or hasattr(X, "column_names")


def _as_pandas(frame: Any) -> pd.DataFrame:
    names = getattr(frame, "column_names", None) or frame.columns
    columns = {name: _as_array(frame[name]) for name in names}
    # A column of arrays of one size comes as a 2-D array.
    return pd.DataFrame({k: v if v.ndim == 1 else as_objects(list(v)) for k, v in columns.items()})


def _as_array(column: Any) -> np.ndarray:
    """A column of another library, such as polars or pyarrow."""
    array = np.asarray(column.to_numpy()) if hasattr(column, "to_numpy") else None
    if array is not None and array.dtype != object:
        return array
    # Lists in lists would be objects in objects.
    lists = getattr(column, "to_list", None) or getattr(column, "to_pylist", None)
    return as_objects(list(column) if lists is None else lists())


def as_objects(items: Sequence[Any]) -> np.ndarray:
    """The items in a 1-D array of objects."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def one_column(X: Any) -> Sequence[Any] | None:
    """The items of a list, tuple, or 1-D container of objects or str, or of the column of a table
    that has one; None for anything else.
    """
    X = plain_container(X)
    if isinstance(X, (list, tuple)):
        return X
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            return None
        X = X.iloc[:, 0]
    if isinstance(X, (pd.Series, pd.Index)):
        X = X.to_numpy(dtype=object)
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "OSUT":
        return None
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    return X if X.ndim == 1 else None


# Rows of numbers ---------------------------------------------------------------------------------


def rows_of_numbers(X: Any) -> Any:
    """X as an array, a list, or a DataFrame of numbers; its rows as arrays where it holds such.

    As :func:`plain_container`; so are the rows of a list, Series or object array. A frame whose
    cells are arrays gives a row of X for each of its rows, its columns side by side in the last
    dimension.

    Raises
    ------
    TypeError, ValueError
        For what has no rows, and for rows that are no arrays of numbers, naming the first.
    """
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(f"X must hold numbers, got {X!r:.60}. {_advice_for(X)}")
    X = plain_container(X)
    if isinstance(X, pd.DataFrame):
        X = _rows_of_cells(X) if holds_arrays(X) else X
    if isinstance(X, (pd.Series, pd.Index)) and not (is_numeric_dtype(X) or holds_times(X)):
        X = X.to_numpy(dtype=object)
    is_objects = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if is_objects or isinstance(X, (list, tuple)):
        if not len(X):
            raise ValueError(
                "Found an empty list with 0 sample(s), while a minimum of 1 is required."
            )
        return _checked_rows(X)
    if isinstance(X, np.ndarray) and not X.dtype.isnative and not isinstance(X, np.memmap):
        return X.astype(X.dtype.newbyteorder("="))
    if isinstance(X, np.ndarray) and X.dtype.kind in "US" and X.ndim == 1 and len(X):
        raise _no_numbers(X[0], 0)
    return X


def holds_arrays(frame: pd.DataFrame) -> bool:
    """Whether cells of a frame are arrays or Series, as in a column of images."""
    objects = [i for i, dtype in enumerate(frame.dtypes) if dtype.kind == "O"]
    cells = (item for place in objects for item in frame.iloc[:, place].dropna().head(1))
    return any(map(_is_row, cells))


def _rows_of_cells(frame: pd.DataFrame) -> Any:
    columns = [frame.iloc[:, place].to_numpy(dtype=object) for place in range(frame.shape[1])]
    if len(columns) == 1:
        return columns[0]
    rows = []
    for place, cells in enumerate(zip(*columns, strict=True)):
        shapes = {np.shape(cell) for cell in cells}
        if len(shapes) > 1 or not all(map(_is_row, cells)):
            got = ", ".join(map(str, sorted(shapes)))
            raise ValueError(
                "The cells in one row of X must be arrays of one shape, a channel each; got the "
                f"shapes {got} in row {place}, of the columns {list(frame.columns)[:5]}. Choose "
                "the columns that hold the channels."
            )
        rows.append(np.stack([np.asarray(cell) for cell in cells], axis=-1))
    return as_objects(rows)


def _is_row(item: Any) -> bool:
    """Whether an item of X may be a row: it has items itself."""
    if isinstance(item, (str, bytes, Mapping, Set)):
        return False
    return isinstance(item, (Sequence, deque)) or bool(np.ndim(item))


def _checked_rows(X: Any) -> Any:
    """The items of X, those that are containers of other libraries as arrays."""
    rows, changed = list(X), False
    for place, item in enumerate(rows):
        if _is_array_of_numbers(item):
            continue  # most rows: the other questions would take as long as reading
        if isinstance(item, tuple):
            _check_not_pair(item, place)
        if isinstance(item, (list, tuple)):
            continue
        if isinstance(item, (str, bytes, os.PathLike, Mapping, Set, Iterator)):
            raise _no_numbers(item, place)
        if item is None or (pd.api.types.is_scalar(item) and np.ndim(item) == 0):
            if any(map(_is_row, rows)):
                raise ValueError(
                    f"X holds {item!r} in row {place}, where other rows are arrays. Leave such "
                    "rows out, of y too."
                )
            return X  # numbers: scikit-learn says what is wrong with that
        if hasattr(item, "toarray"):
            raise TypeError(
                f"Rows of X must be dense arrays, got {type(item).__name__} in row {place}. Pass "
                "[x.toarray() for x in X]."
            )
        plain = plain_container(item, f"Row {place} of X")
        if plain is not item:
            rows[place], changed = plain, True
    if not changed:
        return X
    return as_objects(rows) if isinstance(X, np.ndarray) else rows


def _is_array_of_numbers(item: Any) -> bool:
    is_array = type(item) is np.ndarray and item.ndim > 0
    return is_array and item.dtype.kind in "biuf" and bool(item.dtype.isnative)


def _check_not_pair(item: tuple[Any, ...], place: int) -> None:
    """Raise TypeError for a row and what belongs to it: its label, or the name of its group."""
    sizes = [0 if isinstance(part, (str, bytes)) else np.ndim(part) for part in item[:5]]
    if 1 < len(item) < 5 and len(set(sizes)) > 1 and not isinstance(item[0], (list, tuple)):
        raise TypeError(
            f"Rows of X must be arrays, got a tuple of {', '.join(type(i).__name__ for i in item)} "
            f"in row {place}. Pass the arrays alone: [row[{int(np.argmax(sizes))}] for row in X]."
        )


def _no_numbers(item: Any, place: int) -> Exception:
    error = ValueError if isinstance(item, (str, bytes)) else TypeError
    return error(
        f"X must hold numbers, not {type(item).__name__!r} as in row {place}: {item!r:.60}. "
        f"{_advice_for(item)}"
    )


def _advice_for(item: Any) -> str:
    load = "np.stack([np.asarray(Image.open(name)) for name in names])"
    if isinstance(item, os.PathLike) or (isinstance(item, str) and "." in item[-6:]):
        return f"Names of files are not opened: load them first, for images by {load}."
    if isinstance(item, bytes):
        return "Decode them first, images by np.asarray(Image.open(io.BytesIO(data)))."
    if isinstance(item, str):
        return "TransformerClassifier and Word2VecTransformer take texts."
    if isinstance(item, Mapping):
        return "Pass the value that is the array."
    return "Make each row an array."
