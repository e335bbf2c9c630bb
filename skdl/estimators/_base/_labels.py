"""Labels of classifiers: y as an array that can be sorted, or an error that names the row."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ..._reading import plain_values


def read_labels(y: Any, name: str = "y") -> np.ndarray:
    """Labels (n,) as scikit-learn's classifiers take them: text, numbers, bool or dates of numpy.

    Parameters
    ----------
    y : array-like of shape (n,)
    name : str, default="y"
        The argument that it is.

    Raises
    ------
    TypeError, ValueError
        For anything else; labels that are missing or of another type are named with their row.
    """
    given, y = y, plain_values(y, name)
    if isinstance(y, Sequence) and not isinstance(y, (str, bytes)):
        y = list(y)  # a tuple or deque, in which pandas would see nothing missing
    missing = np.asarray(pd.isna(y))
    if missing.ndim == 2 and missing.shape[1] == 1:
        missing = missing[:, 0]
    if missing.ndim == 1 and missing.any():
        raise ValueError(
            f"Input {name} contains NaN or another missing label, first in row "
            f"{missing.argmax()}. Leave such rows out."
        )
    if is_bool_dtype(y):
        y = np.asarray(y, dtype=bool)  # pandas' own boolean would become numbers
    array = np.asarray(y)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(
            f"Input {name} contains infinity or a value too large for {array.dtype}, first in row "
            f"{int(np.argwhere(~np.isfinite(array))[0][0])}. Leave such rows out."
        )
    if array.dtype == object and array.ndim and array.size == len(array):
        _check_types(array.ravel().tolist(), given, name)
    array = check_array(y, ensure_2d=False, allow_nd=True, dtype=None, input_name=name)
    if array.size > len(array):
        raise ValueError(_several_columns_message(y, array))
    array = column_or_1d(array, warn=True)
    check_classification_targets(array)
    return array


def _check_types(labels: Sequence[Any], given: Any, name: str) -> None:
    """Raise ValueError unless all labels are str."""
    row = next((row for row, label in enumerate(labels) if not isinstance(label, str)), None)
    if row is None:
        return
    got = f"{labels[row]!r:.60} of type {type(labels[row]).__name__} in row {row}"
    text = next((row for row, label in enumerate(labels) if isinstance(label, str)), None)
    if text is not None:
        got += f" beside the text {labels[text]!r:.60} in row {text}"
    raise ValueError(
        f"Unknown label type: {name} must hold labels that are all text, or numbers or bool in an "
        f"array of their own dtype, got {got}. Pass {_advice(labels, given, name)}."
    )


def _advice(labels: Sequence[Any], given: Any, name: str) -> str:
    if all(isinstance(label, bytes) for label in labels):
        return f"[label.decode() for label in {name}]"
    dtype = "str"
    if all(isinstance(label, (bool, np.bool_)) for label in labels):
        dtype = "bool"
    elif all(isinstance(label, Number) and _is_whole(label) for label in labels):
        dtype = "int"
    if isinstance(given, pd.DataFrame):
        return f"{name}.astype({dtype})"
    return f"[{dtype}(label) for label in {f'np.ravel({name})' if np.ndim(given) > 1 else name}]"


def _is_whole(label: Any) -> bool:
    """Whether it is a whole number; True and 1 would be the same class."""
    if isinstance(label, (bool, np.bool_)):
        return False
    if isinstance(label, complex):
        return False
    return isinstance(label, Integral) or bool(label == label // 1)


def _several_columns_message(y: Any, array: np.ndarray) -> str:
    """What to do about labels in several columns."""
    message = f"y should be a 1d array of labels, got an array of shape {array.shape} instead."
    is_binary = array.dtype.kind in "biuf" and ((array == 0) | (array == 1)).all()
    if is_binary and array.ndim == 2 and (array.sum(1) == 1).all():
        one = "y.idxmax(axis=1)" if isinstance(y, pd.DataFrame) else "np.argmax(y, axis=1)"
        return f"{message} Its rows are one-hot: pass {one}."
    return (
        f"{message} Pass one column; several labels for each row are learned by "
        "sklearn.multioutput.MultiOutputClassifier(estimator)."
    )
