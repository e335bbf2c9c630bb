"""Columns of DataFrames: whether they hold numbers, and whether those of many frames agree."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype, is_complex_dtype, is_numeric_dtype

from ._containers import holds_arrays
from ._time import INDEX_OF, holds_times
from ._words import composed

Names = tuple[Any, ...]


def first_not_numeric(frame: pd.DataFrame) -> str | None:
    """The first column that holds no real numbers, in words; None if there is none."""
    if all(is_numeric_dtype(d) and not is_complex_dtype(d) for d in set(frame.dtypes)):
        return None  # fast for many columns
    for name, column in frame.items():
        if not _is_numeric(column):
            row = int(np.argmax([_fails(value) for value in column.tolist()]))
            return f"{column.iloc[row]!r} in row {row} of column {name!r} ({column.dtype})"
    return None


def check_numbers(X: Any, what: str = "X") -> None:
    """Raise ValueError for a frame with a column that holds no numbers, and for arrays of dates."""
    is_object = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OU"
    if isinstance(X, pd.DataFrame) or is_object:
        frame = pd.DataFrame(X)
        if is_object:  # dicts and the like are left to scikit-learn
            frame = frame.loc[
                :, [infer_dtype(c) in {*INDEX_OF, "string"} for _, c in frame.items()]
            ]
        found = first_not_numeric(frame)
        advice = "Drop that column, or encode it as numbers first"
    else:
        is_column = isinstance(X, (pd.Series, pd.Index)) and holds_times(X)
        is_dates = is_column or (isinstance(X, np.ndarray) and X.dtype.kind in "mM")
        found = f"the dtype {X.dtype}" if is_dates else None
        advice = "Convert it first"
    if found is not None:
        raise ValueError(
            f"{what} must hold numbers, got {found}. {advice}; dates become days with "
            "(dates - start) / pd.Timedelta(days=1)."
        )


def _fails(value: Any) -> bool:
    """Whether a value is no real number and not missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return True
    return holds_times([value])


def _is_numeric(column: pd.Series) -> bool:
    if is_numeric_dtype(column.dtype):  # booleans are numbers too
        return not is_complex_dtype(column.dtype)
    if holds_times(column):
        return False
    try:  # numbers as objects, as categories, as text
        column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return False
    return True


def column_names(item: Any) -> Names | None:
    """Names of the columns of a frame; None where there are none, or they are only numbered."""
    columns = getattr(item, "columns", None)
    names = None if columns is None else tuple(columns)
    return None if names is None or names == tuple(range(len(names))) else names


def _first_other_name(columns: pd.Index, fitted: pd.Index) -> int | None:
    """The first place where a level of the names is not as it was, in text or in order."""
    for level in range(columns.nlevels):
        names, expected = (index.get_level_values(level) for index in (columns, fitted))
        if names.is_monotonic_decreasing and expected.is_monotonic_increasing and len(names) > 1:
            return 0  # newest first, where the oldest came first
        is_text = infer_dtype(names) == infer_dtype(expected) == "string"
        if not names.equals(expected) and (is_text or set(names) == set(expected)):
            pairs = enumerate(zip(names, expected, strict=True))
            return next(i for i, pair in pairs if len({*pair}) > 1)
    return None


def columns_alike(names: Iterable[Any], expected: Iterable[Any], each: str) -> str:
    """What is said of the first names that look like others, in another normal form of Unicode.

    ``each`` is code for a frame with other names, where "{}" is how they are renamed. Empty where
    none look alike.
    """
    fitted = {composed(name): name for name in expected if isinstance(name, str)}
    others = {
        name: fitted[composed(name)]
        for name in names
        if isinstance(name, str) and fitted.get(composed(name), name) != name
    }
    if not others:
        return ""
    name, other = next(iter(others.items()))
    renamed = ", ".join(f"{given!a}: {wanted!a}" for given, wanted in others.items())
    return (
        f"{name!a} looks like {other!a} and is another text, in another normal form of Unicode. "
        f"Rename such columns: {each.format(f'rename(columns={{{renamed}}})')}."
    )


def different_columns(what: str, names: Names | None, fitted: Names | None) -> str:
    """What is said of a frame with other columns than in fit, or in another order."""
    wanted = list(fitted or ())
    alike = columns_alike(names or (), wanted, f"{what}.{{}}")
    return (
        f"{what} must have the columns of fit, {wanted}, in this order, but has "
        f"{list(names or ())}. {alike or f'Select them: {what}[{wanted}].'}"
    )


def agreed_names(
    owner: str, items: Iterable[Any], fitted: Names | None, *, reset: bool
) -> Names | None:
    """The column names that all frames among the items have; None where they have none.

    Parameters
    ----------
    owner : str
        The estimator, for messages.
    items : iterable
        Frames, and what has no columns, such as arrays.
    fitted : tuple or None
        The names in ``fit``, unless ``reset``.
    reset : bool
        Whether this is ``fit``: the others must then be like the first frame with names.

    Raises
    ------
    ValueError
        If a frame has other columns, or the same in another order.

    Warns
    -----
    UserWarning
        If there are names on one side only, which cannot be compared.
    """
    named = [(place, column_names(item)) for place, item in enumerate(items)]
    first = next(((place, names) for place, names in named if names is not None), None)
    expected, had = fitted, "fit"
    if reset and first is not None:
        expected, had = first[1], f"item {first[0]}"
    if expected is None:
        if first is not None:
            _warn(f"X has column names, but {owner} was fitted without.")
        return None
    for place, names in named:
        if names is not None and names != expected:
            raise ValueError(_difference(place, names, expected, had))
    unnamed = next((place for place, names in named if names is None), None)
    if unnamed is not None:
        _warn(
            f"Item {unnamed} of X has no column names, but {had} had: its columns are taken for "
            f"{list(expected)}."
        )
    return expected


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)


def _difference(place: int, names: Names, expected: Names, had: str) -> str:
    missing = [name for name in expected if name not in names]
    unseen = [name for name in names if name not in expected]
    found = [f"lacks {missing[:5]}"] if missing else []
    found += [f"also has {unseen[:5]}"] if unseen else []
    advice = "Select them" if not missing else "Add what is missing, then select them"
    advice += f": [frame[{list(expected)}] for frame in X]."
    return (
        f"All frames in X must have the columns of {had}, {list(expected)}, in this order, but "
        f"item {place} {' and '.join(found) or 'has them in another order'}: it has {list(names)}. "
        f"{columns_alike(names, expected, '[frame.{} for frame in X]') or advice}"
    )


class ColumnsMixin:
    """Mixin of what reads frames: the columns of later X must be in the order of ``fit``."""

    _columns: pd.Index | None = None  # of the frame in ``fit``

    def _check_order_of_names(self, X: Any, *, reset: bool) -> None:
        """Raise ValueError for a frame that has the columns of ``fit`` in another order or form.

        scikit-learn compares names that are all of type str. These are the others, numbers and the
        levels of a MultiIndex, in which further labels are no fault unless they are text: years and
        dates move on. It does not say either why names differ that look alike.
        """
        columns = X.columns if isinstance(X, pd.DataFrame) else None
        if reset:
            self._columns = columns
            return
        fitted = self._columns
        if columns is None or fitted is None or columns.equals(fitted):
            return
        if columns.nlevels == fitted.nlevels == 1:
            alike = columns_alike(columns.difference(fitted, sort=False), fitted, "X.{}")
            if alike:
                raise ValueError(f"X must have the columns of fit, but {alike}")
        if len(columns) != len(fitted) or columns.nlevels != fitted.nlevels:
            return
        place = None if infer_dtype(columns) == "string" else _first_other_name(columns, fitted)
        if place is None:
            return
        raise ValueError(
            f"The columns of X must be in the order of fit, but X has {columns[place]!r} in place "
            f"{place}, where {type(self).__name__} was fitted on {fitted[place]!r}. Select "
            "them as they were in fit, X[X_fit.columns], or pass X.to_numpy() if they are in that "
            "order whatever they are called."
        )


class ChannelNamesMixin(ColumnsMixin):
    """Mixin of what reads frames of arrays and lists of frames too, whose columns are channels.

    Attributes
    ----------
    channel_names_in_ : ndarray of shape (`n_channels_in_`,)
        Column names of the DataFrames in a list, which all must have, or of a DataFrame whose
        cells are arrays; only where X was such in ``fit``, with named columns.
    """

    channel_names_in_: NDArray[Any]

    def _check_channel_names(self, X: Any, rows: Iterable[Any], *, reset: bool) -> None:
        """Raise ValueError unless channels are called as in ``fit``, in the same order.

        Sets ``channel_names_in_`` if ``reset``, where they have names: the columns of a frame whose
        cells are arrays, or of all frames among the rows.
        """
        fitted = None if reset else getattr(self, "channel_names_in_", None)
        fitted = None if fitted is None else tuple(fitted)
        is_cells = isinstance(X, pd.DataFrame) and X.shape[1] > 1 and holds_arrays(X)
        names = column_names(X) if is_cells else None
        if names is None:
            names = agreed_names(type(self).__name__, rows, fitted, reset=reset)
        elif fitted is not None and names != fitted:
            raise ValueError(different_columns("X", names, fitted))
        if reset and names is not None:
            self.channel_names_in_ = np.empty(len(names), dtype=object)
            self.channel_names_in_[:] = names

    def _warn_of_missing_names(self, X: Any) -> None:
        """Warn where channels had names in ``fit``, and an array X has none."""
        names = getattr(self, "channel_names_in_", None)
        if names is not None and column_names(X) is None:
            warnings.warn(
                f"X has no column names, but {type(self).__name__} was fitted on frames with the "
                f"columns {list(names)}.",
                UserWarning,
                stacklevel=2,
            )
