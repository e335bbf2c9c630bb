"""Reading texts: whether X holds text, and X validated, as a list of str."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from ._containers import one_column, plain_container


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


def read_texts(X: Any, *, decode: Callable[[bytes], str] | None = None) -> list[str]:
    """The texts in X.

    Parameters
    ----------
    X : list, 1-D array, Series or DataFrame with one column of str, or another iterable in order
    decode : callable, default=None
        Makes a str of bytes. With None they are an error.

    Raises
    ------
    TypeError
        For sets, mappings, and what can be read only once.
    ValueError
        For anything that is not a str, naming its row, and for a str alone.
    """
    if isinstance(X, (str, bytes)):
        advice = "Pass [X]." if isinstance(X, str) or decode else "Decode it, and pass [X]."
        raise ValueError(
            f"X must be a list, array or Series of texts, got one text: {_shortened(X)}. {advice}"
        )
    items = one_column(list(X) if _is_read_by_iterating(X) else X)
    if items is None:
        raise ValueError(_no_column(X))
    if not len(items):
        raise ValueError("Found no text in X: 0 sample(s), while a minimum of 1 is required.")
    if decode is not None:
        items = [decode(item) if isinstance(item, bytes) else item for item in items]
    for row, item in enumerate(items):
        if not isinstance(item, str):
            raise ValueError(_not_a_text(row, item, items))
    return [str(item) for item in items]


def _no_column(X: Any) -> str:
    got = f"{type(X).__name__} of shape {tuple(np.shape(X))}" if hasattr(X, "shape") else type(X)
    table, advice = plain_container(X), "Choose the column of texts."
    if isinstance(table, np.ndarray) and table.dtype.kind not in "OSUT":
        advice = "It holds numbers: pass the texts themselves."
    elif isinstance(table, np.ndarray) and table.ndim == 2 and len(table) == 1:
        advice = "Pass its only row, X[0]."
    return (
        "X must hold texts: a list, 1-D array, Series or DataFrame with one column of str; "
        f"got {got}. {advice}"
    )


def _is_read_by_iterating(X: Any) -> bool:
    """Whether X is an object whose ``__iter__`` is all that it has: a corpus on disk, say."""
    others = (Iterator, Mapping, Set)  # which have no order, or are read only once
    if isinstance(X, others) or not isinstance(X, Iterable):
        return False
    return not any(hasattr(X, name) for name in ("__getitem__", "__array__", "shape"))


def _not_a_text(row: int, item: Any, items: Any) -> str:
    if _is_missing(item):
        return (
            f"X holds a missing text, {item!r}, first in row {row}. Drop such rows, or replace it "
            'by an empty text "".'
        )
    advice = "Make it a str, or drop such rows."
    if isinstance(item, bytes):
        advice = "Decode it first."
    elif isinstance(item, Mapping):
        advice = "A row is one str: pass the value that is the text."
    elif isinstance(item, (list, tuple)) or _has_words(item):
        advice = "A row is one str: join its words."
    elif isinstance(item, Number) or np.ndim(item):
        advice = "Texts and numbers cannot be mixed. Make it a str, or drop such rows."
        texts = [place for place, other in enumerate(items) if isinstance(other, str)]
        if 0 < 2 * len(texts) < len(items):
            advice = (
                f"Texts and numbers cannot be mixed: row {texts[0]} is one of {len(texts)} texts "
                f"among {len(items)} rows. Leave out the texts, or make all rows str."
            )
    return f"X must hold texts only, got {type(item).__name__} in row {row}: {item!r:.60}. {advice}"


def _has_words(item: Any) -> bool:
    try:
        return any(isinstance(part, str) for part in item)
    except TypeError:
        return False


def _shortened(text: str | bytes) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}..."
