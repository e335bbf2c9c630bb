"""Reading texts: what users pass becomes a list of str, then tokens, or a clear error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def holds_text(X: Any) -> bool:
    """Whether X is a list, 1-D array, Series or one column with a str somewhere in it."""
    if isinstance(X, str):
        return True
    items = _one_column(X)
    return items is not None and any(isinstance(item, str) for item in items)


def holds_columns_of_text(X: Any) -> bool:
    """Whether X is a table whose first row has nothing but str."""
    if not isinstance(X, (pd.DataFrame, np.ndarray)) or np.ndim(X) != 2 or 0 in np.shape(X):
        return False
    first = X.iloc[0] if isinstance(X, pd.DataFrame) else X[0]
    return all(isinstance(item, str) and not _is_number(item) for item in first)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def input_type_of(X: Any, wanted: str) -> str:
    """ "text" or "numeric", as ``wanted`` or, where that is "auto", by what X holds.

    Raises
    ------
    ValueError
        If X holds text and numbers are wanted.
    """
    found = "text" if holds_text(X) else "numeric"
    if wanted != "numeric" and holds_columns_of_text(X):
        found = "text"  # to be refused as such
    if wanted == "numeric" and found == "text":
        raise ValueError(
            "X holds text where sequences of numbers are expected: this estimator was fitted on "
            'them, or input_type="numeric" says so. For text fit it with input_type="text" or '
            '"auto".'
        )
    return found if wanted == "auto" else wanted


def _one_column(X: Any) -> Sequence[Any] | None:
    """The items of what has one dimension, or one column."""
    if isinstance(X, (list, tuple)):
        return X
    if isinstance(X, (pd.Series, pd.DataFrame)):
        X = X.to_numpy(dtype=object)
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "OSUT":
        return None
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    return X if X.ndim == 1 else None


def read_texts(X: Any) -> list[str]:
    """The texts in X.

    Raises
    ------
    ValueError
        For anything that is not a str, naming its row, and for a str alone.
    """
    if isinstance(X, str):
        raise ValueError(
            f"X must be a list, array or Series of texts, got one text: {_shortened(X)}. Pass [X]."
        )
    items = _one_column(X)
    if items is None:
        got = f"{type(X).__name__} of shape {np.shape(X)}" if hasattr(X, "shape") else type(X)
        raise ValueError(
            "X must hold texts: a list, 1-D array, Series or DataFrame with one column of str; "
            f"got {got}."
        )
    if not len(items):
        raise ValueError("Found no text in X: 0 sample(s), while a minimum of 1 is required.")
    for row, item in enumerate(items):
        if not isinstance(item, str):
            raise ValueError(_not_a_text(row, item))
    return [str(item) for item in items]


def _not_a_text(row: int, item: Any) -> str:
    if item is None or (np.ndim(item) == 0 and pd.isna(item)):
        return (
            f"X holds a missing text, {item!r}, first in row {row}. Leave such rows out, or put "
            'an empty text "" there.'
        )
    advice = "Decode it first." if isinstance(item, bytes) else "Texts and numbers do not mix."
    return f"X must hold texts only, got {type(item).__name__} in row {row}: {item!r:.60}. {advice}"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
