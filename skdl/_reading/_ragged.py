"""Sequences of unequal length, each an array of its own: reading them as numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from ._finite import check_finite, is_finite
from ._frames import check_numbers
from ._given import Given
from ._input import NUMBERS
from ._steps import check_order_of_steps

FILL = (
    "Fill the gaps in each {} first, for example {}{}.ffill().bfill().fillna(0) for x in {}{}, or "
    "leave such {}s out."
)
SEQUENCES = (np.ndarray, list, tuple, pd.DataFrame, pd.Series)


def is_ragged(X: Any) -> bool:
    """Whether X is a list, Series or object array of sequences, each an array of its own.

    Lists of lists count only when their lengths differ: otherwise they are a table.
    """
    if isinstance(X, pd.Series) or (
        isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    ):
        return len(X) > 0 and all(np.ndim(item) > 0 for item in X)
    if not isinstance(X, (list, tuple)) or not len(X):
        return False
    if not any(isinstance(item, SEQUENCES) for item in X):
        return False
    if all(isinstance(item, (list, tuple)) for item in X):
        return len({len(item) for item in X}) > 1
    return True


def as_numbers(item: Any, name: str) -> np.ndarray:
    """An array, or what can be made one, in a dtype that torch has; ``name`` is for messages."""
    try:
        if isinstance(item, (pd.DataFrame, pd.Series)):  # also of nullable columns
            return np.asarray(item.to_numpy(dtype=np.float64, na_value=np.nan))
        array = np.asarray(item)
        if array.dtype.kind == "c":
            raise TypeError(
                "complex data are not supported. Make real and imaginary parts channels, "
                "np.stack([x.real, x.imag], axis=-1)"
            )
        return array if array.dtype in NUMBERS else np.asarray(item, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a numeric array: {error}.") from error


def read_each(
    X: Any, given: Given, *, name: str = "sequence", n_channels: int | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Each sequence as numbers (T, C), in the dtype that it has; and all steps of all, (N, C).

    Parameters
    ----------
    X : iterable of array-like
        The sequences, each (T, C) or (T,).
    given : Given
        X as the user has it.
    name : str
        What messages call one of them.
    n_channels : int or None
        Channels of those that are flat, (T * C,); None where only sequences of one channel are.

    Raises
    ------
    ValueError
        If one holds no finite numbers, is empty, or has another number of channels.
    """
    arrays = [_read_one(item, row, name, n_channels) for row, item in enumerate(X)]
    check_channels(arrays, given, name)
    values = np.concatenate(arrays)
    if not is_finite(values):  # asked once for all: each sequence is short
        _check_each_finite(arrays, X, given, name)
    return arrays, values


def _read_one(item: Any, row: int, name: str, n_channels: int | None) -> np.ndarray:
    """One sequence as numbers (T, C)."""
    what = f"{name.capitalize()} {row} in X"
    if type(item) is np.ndarray and item.dtype in NUMBERS:
        array = item
    else:
        check_numbers(item, what)
        check_order_of_steps(item, row)
        array = as_numbers(item, what)
    if array.ndim == 1 and array.size and array.size % (n_channels or 1) == 0:
        array = array.reshape(-1, n_channels or 1)  # flattened, like the rows of a 2-D X
    if array.ndim != 2 or 0 in array.shape:
        way = "Leave it out, of y too."
        if array.ndim > 2:
            way = "[np.reshape(x, (len(x), -1)) for x in X]"
            way = f"Make all that belongs to a step channels: {way}."
        shapes = "(n_steps,) or (n_steps, n_channels)"
        if n_channels is not None:
            shapes = "(n_steps,), (n_steps, n_channels) or, with n_channels, "
            shapes += "(n_steps * n_channels,)"
        raise ValueError(
            f"{what} must be {shapes}, with at least one step; got shape {array.shape}. {way}"
        )
    return array


def check_channels(arrays: list[np.ndarray], given: Given, name: str) -> None:
    """Raise ValueError for the first of the arrays (T, C) that has another C."""
    counts = [array.shape[1] for array in arrays]
    odd = next((row for row, count in enumerate(counts) if count != counts[0]), None)
    if odd is None:
        return
    way = f"Choose the same channels in each, or leave such {name}s out, of y too."
    if len({len(array) for array in arrays}) == 1:
        way = f"{channels_last(given)} If they come last already: {way.lower()}"
    raise ValueError(
        f"All {name}s must have the same number of channels; {name} 0 has {counts[0]}, {name} "
        f"{odd} has {counts[odd]}. {way}"
    )


def channels_last(given: Given) -> str:
    """Advice for sequences (C, T_i) of one C, in a list."""
    return f"If channels come first, put them last: [np.transpose(x) for x in {given.rows}]."


def way_of_channels(sequences: Any, n_fitted: int, given: Given, name: str) -> str:
    """What to do about sequences (T, C) in a list, of another C than in fit."""
    if len(sequences) and all(len(sequence) == n_fitted for sequence in sequences):
        return channels_last(given)
    return f"If X is a single {name}, pass [X]."


def check_n_channels(n_found: int, n_fitted: int, owner: str, name: str, way: str) -> None:
    """Raise ValueError where sequences, called ``name``, have other channels than in fit."""
    if n_found != n_fitted:
        raise ValueError(
            f"X has {n_found} channels, but {owner} was fitted on {name}s of {n_fitted} channels. "
            f"{way}"
        )


def warn_of_single_steps(
    shape: tuple[int, ...], n_steps: int, shortest: int, owner: str, name: str
) -> None:
    """Warn where an array is more likely one sequence than many of one step (n, 1, C)."""
    n_rows = shape[0]
    if n_steps == 1 < min(n_rows, shortest):
        warnings.warn(
            f"X of shape {shape} is read as {n_rows} {name}s of 1 step, shorter than all that "
            f"{owner} was fitted on. For one {name} of {n_rows} steps pass [X].",
            UserWarning,
            stacklevel=2,
        )


def _check_each_finite(arrays: list[np.ndarray], X: Any, given: Given, name: str) -> None:
    """Raise ValueError for the first value of arrays (T, C), read from X, that is not finite."""
    for row, (array, item) in enumerate(zip(arrays, X, strict=True)):
        if not is_finite(array):
            advice = _gap_advice(item, array.shape[1], given, name)
            check_finite(array, ("step", "channel"), f"{name} {row}, ", advice=advice)


def _gap_advice(item: Any, n_channels: int, given: Given, name: str) -> str:
    """What to do about NaN in one sequence of X."""
    if given.has_cells:
        filled = "pd.DataFrame(x).ffill().bfill().fillna(0).to_numpy().reshape(x.shape)"
        return f"Fill the gaps first, for example with {given.each_row(filled)}."
    is_frame = isinstance(item, (pd.DataFrame, pd.Series))
    own = "x" if is_frame else f"pd.DataFrame(np.asarray(x).reshape(-1, {n_channels}))"
    return FILL.format(name, "[", own, given.rows, "]", name)


def way_to_fill(array: str, name: str) -> str:
    """What to do about NaN in an array of sequences (n, T, C), of which ``array`` is the code."""
    return FILL.format(name, "np.stack([", "pd.DataFrame(x)", array, "])", name)


def without_padding(rest: np.ndarray, given: Given, *, is_flat: bool, name: str) -> str:
    """Advice where NaN seems to pad shorter sequences in an array X; else nothing.

    ``rest`` (t, C) is the first sequence from its first NaN on.
    """
    if not np.isnan(rest).all() or (is_flat and rest.shape[1] > 1):
        return ""
    if given.is_frame:
        cut = f"[x.dropna() for _, x in {given.frame}.iterrows()]"
    else:
        cut = f"[x[~np.isnan(x){'' if is_flat else '.any(1)'}] for x in np.asarray(X, float)]"
    return f" Where NaN pads shorter {name}s, pass a list of them without it: {cut}."
