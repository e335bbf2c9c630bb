"""Reading texts: whether X holds text, and X validated, as a list of str."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...preprocessing._containers import one_column, plain_container


def holds_text(X: Any) -> bool:
    """Whether X is meant as text, also where it holds an error that ``read_texts`` reports.

    That is: a str among the items of a list, 1-D array, Series or one column; also bytes, lists of
    str, dicts, missing items only, and a table with words in its first row.
    """
    if isinstance(X, (str, bytes)):
        return True
    X = plain_container(X)
    items = one_column(X)
    if items is None:
        table = isinstance(X, (pd.DataFrame, np.ndarray)) and np.ndim(X) == 2 and len(X) > 0
        return table and any(map(_is_word, X.iloc[0] if isinstance(X, pd.DataFrame) else X[0]))
    if any(isinstance(item, (str, bytes, Mapping)) or _begins_with_word(item) for item in items):
        return True
    return len(items) > 0 and all(map(_is_missing, items))


def _begins_with_word(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) > 0 and _is_word(item[0])


def _is_word(item: Any) -> bool:
    """Whether it is a str that is not a number."""
    if not isinstance(item, str):
        return False
    try:
        float(item)
    except ValueError:
        return True
    return False


def _is_missing(item: Any) -> bool:
    return item is None or (np.ndim(item) == 0 and bool(pd.isna(item)))


def input_type_of(X: Any, wanted: str) -> str:
    """ "text" or "numeric": ``wanted``, or by the content of X where that is "auto".

    Raises
    ------
    TypeError
        If X has no rows to count.
    ValueError
        If X holds text and numbers are wanted.
    """
    found = "text" if holds_text(X) else "numeric"
    if wanted == "numeric" and found == "text":
        raise ValueError(
            "X holds text where sequences of numbers are expected: this estimator was fitted on "
            'numbers, or has input_type="numeric". For text fit it with input_type="text" or '
            '"auto".'
        )
    return found if wanted == "auto" else wanted


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
    items = one_column(X)
    if items is None:
        got = f"{type(X).__name__} of shape {np.shape(X)}" if hasattr(X, "shape") else type(X)
        raise ValueError(
            "X must hold texts: a list, 1-D array, Series or DataFrame with one column of str; "
            f"got {got}. Choose the column of texts."
        )
    if not len(items):
        raise ValueError("Found no text in X: 0 sample(s), while a minimum of 1 is required.")
    for row, item in enumerate(items):
        if not isinstance(item, str):
            raise ValueError(_not_a_text(row, item))
    return [str(item) for item in items]


def _not_a_text(row: int, item: Any) -> str:
    if _is_missing(item):
        return (
            f"X holds a missing text, {item!r}, first in row {row}. Drop such rows, or replace it "
            'by an empty text "".'
        )
    advice = "Texts and numbers cannot be mixed."
    if isinstance(item, bytes):
        advice = "Decode it first."
    elif isinstance(item, (list, tuple)):
        advice = "A row is one str: join its words."
    elif isinstance(item, Mapping):
        advice = "A row is one str: pass the value that is the text."
    return f"X must hold texts only, got {type(item).__name__} in row {row}: {item!r:.60}. {advice}"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
