"""Labels of classifiers: y as an array that can be sorted, or an error that names the row."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ..._reading import composed, plain_values


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
        For anything else; labels that are missing or of another type are named with their row. So
        are those of a list of several types of which numpy makes one class, as of 1 and "1", or
        two of equal ones.

    Warns
    -----
    UserWarning
        If two labels look alike, in different normal forms of Unicode.
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
    if array.dtype.kind in "OS" and array.ndim and array.size == len(array):
        _check_types(array.ravel().tolist(), given, name)
    if isinstance(y, list) and array.dtype != object and len(y) and array.size == len(y):
        _check_classes(y, array.ravel().tolist(), name)
    array = check_array(y, ensure_2d=False, allow_nd=True, dtype=None, input_name=name)
    if array.size > len(array):
        raise ValueError(_several_columns_message(y, array))
    array = column_or_1d(array, warn=True)
    check_classification_targets(array)
    if array.dtype.kind in "OU":
        _warn_of_labels_alike(array.tolist(), name)
    return array


def _check_classes(labels: Sequence[Any], classes: Sequence[Any], name: str) -> None:
    """Raise ValueError where labels of a list, in the dtype of an array, are other classes.

    That is one class of labels of different types, as of 1 and "1", or several of equal ones, as
    of 1 and 1.0 beside text.
    """
    in_rows = np.ndim(labels[0]) > 0  # of one column
    labels = [label[0] for label in labels] if in_rows else labels
    kinds = {of: _kind(label) for of, label in {type(label): label for label in labels}.items()}
    if len(kinds) == 1 and isinstance(classes[0], (bool, int)):
        return
    first_of_class: dict[Any, tuple[int, Any]] = {}
    first_of_label: dict[Any, tuple[int, Any]] = {}
    for row, (label, found) in enumerate(zip(labels, classes, strict=True)):
        key = (kinds[type(label)], label)
        before, same = first_of_class.setdefault(found, (row, key))
        merged = key != same
        if not merged:
            before, same = first_of_label.setdefault(label, (row, found))
        if merged or found != same:
            each = f"for {'(label,)' if in_rows else 'label'} in {name}]"
            same = _as_one(labels, merged)
            together = f"[{same} {each} to make them one class, or " if same else ""
            raise ValueError(
                f"Unknown label type: {name} must hold labels of one type, got "
                f"{labels[before]!r:.60} of type {type(labels[before]).__name__} in row {before} "
                f"and {label!r:.60} of type {type(label).__name__} in row {row}, which would be "
                f"{'one class' if merged else 'two classes, though they are equal'}. Pass "
                f"{together}[repr(label) {each} to keep them apart."
            )


def _kind(label: Any) -> str:
    """What labels are that may be equal."""
    kinds: dict[str, Any] = {
        "text": str,
        "bool": (bool, np.bool_),
        "duration": np.timedelta64,  # numpy's are numbers
        "number": Number,
    }
    return next((kind for kind, of in kinds.items() if isinstance(label, of)), str(type(label)))


def _as_one(labels: Sequence[Any], merged: bool) -> str | None:
    """Code for a label that makes those of several types one class, where there is some."""
    kinds = set(map(_kind, labels))
    if any(isinstance(label, bytes) for label in labels):
        return "label.decode() if isinstance(label, bytes) else str(label)"
    if kinds == {"text"}:
        return r"label.rstrip('\0')"  # numpy's text cannot end in it
    if kinds <= {"bool", "number"}:
        return "float(label)"
    if not kinds <= {"bool", "number", "text"}:
        return None
    return "str(label)" if merged else "label if isinstance(label, str) else str(float(label))"


def _warn_of_labels_alike(labels: Sequence[str], name: str) -> None:
    """Warn of two labels that are the same text in Unicode's normal form C, as é and e + accent."""
    spelled: dict[str, str] = {}
    for label in sorted({label for label in labels if not label.isascii()}):
        other = spelled.setdefault(composed(label), label)
        if other != label:
            warnings.warn(
                f"{name} holds two labels that look alike, {other!a} in row "
                f"{labels.index(other)} and {label!a} in row {labels.index(label)}: they are "
                "two classes. To make them one, pass "
                f"[unicodedata.normalize('NFC', label) for label in {name}].",
                UserWarning,
                stacklevel=2,
            )
            return


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
