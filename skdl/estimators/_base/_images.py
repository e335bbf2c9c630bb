"""Reading images and signals: X validated, as one column (n, *space, C)."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ...engine import Data, Streamed, as_tensor
from ...preprocessing._containers import plain_container, rows_of_numbers
from ...preprocessing._frames import check_channel_names, check_names_of_cells, check_order_of_names
from ._checks import IMPUTE, check_finite, check_numbers, validated_numbers
from ._image_shapes import (
    array_in_words,
    check_batch,
    check_channels_last,
    check_size,
    check_smallest,
    warn_of_other_meaning,
)
from ._sequences import is_ragged
from ._steps import check_order_of_columns, check_order_of_steps
from ._units import check_one_scale, check_units, learn_units

AXES = {"image": ("image", "row", "column", "channel"), "signal": ("signal", "step", "channel")}


def read_images(
    estimator: BaseEstimator,
    X: Any,
    *,
    kind: str,
    shape: tuple[int, ...] | None,
    reset: bool,
) -> Data:
    """Images or signals as data with a column ``x`` of shape (n, H, W, C) or (n, T, C).

    The column keeps the dtype of X. Sets or checks ``n_features_in_``, ``feature_names_in_``,
    ``channel_names_in_`` (the columns, for lists of frames), ``kind_``, ``n_channels_in_`` and
    ``input_shape_``, the shape of one row.

    Parameters
    ----------
    estimator : BaseEstimator
        Its parameters ``kind`` and ``image_shape``, where it has them, are what errors speak of.
    X : array-like
    kind : {"image", "signal", "auto"}
        "auto" reads X of three dimensions or more as images, and flat rows as signals, as images
        with a ``shape``.
    shape : tuple of int or None
        Shape of one row where X is flat: (H, W) or (H, W, C), for signals (T, C).
    reset : bool
        Whether this is a fit, which learns what later calls check.

    Raises
    ------
    ValueError
        If X is no batch of images or signals, or does not match the shape seen in ``fit``.
    """
    in_words = array_in_words(X)
    X = plain_container(X)
    check_names_of_cells(estimator, X, reset=reset)
    X = rows_of_numbers(X)
    shape_given_twice = shape is not None and getattr(X, "ndim", 2) > 2
    _check_frames(estimator, X, kind if reset else estimator.kind_, shape, reset=reset)
    given, X = X, _as_array(X, shape if reset else None)
    if not reset:
        check_batch(estimator, getattr(X, "shape", ()))
    if not reset and isinstance(X, np.ndarray):
        X = _as_fitted(estimator, X, in_words)
    array, streamed = validated_numbers(estimator, X, reset=reset, allow_nd=True)
    shape_of_rows, is_said = array.shape[1:], kind != "auto" or shape is not None
    if reset:
        kind = _kind_of(array, kind, shape)
    else:
        kind = estimator.kind_
        flat = array.shape[1:] == (math.prod(estimator.input_shape_),)
        shape = estimator.input_shape_ if flat else None
    array = _with_channels(array, kind, shape)
    if array.dtype.kind == "f":
        check_finite(array, AXES[kind], advice=_fill_advice(given, in_words))
    if reset:
        if not (shape_given_twice or (kind == "signal" and shape is not None)):
            check_channels_last(array.shape[1:], kind, in_words)
        check_smallest(array.shape[1:], kind)
        if not is_said and kind == "image":
            warn_of_other_meaning(array.shape[1:], in_words)
        estimator.kind_, estimator.input_shape_ = kind, array.shape[1:]
        estimator.n_channels_in_ = array.shape[-1]
    check_size(estimator, array.shape[1:], shape_of_rows, in_words)
    if not is_ragged(given):  # else before its rows became one array
        check_one_scale(array)
    (learn_units if reset else check_units)(estimator, array)
    return Data({"x": Streamed(array) if streamed else as_tensor(array)})


def _check_frames(
    estimator: BaseEstimator, X: Any, kind: str, shape: tuple[int, ...] | None, *, reset: bool
) -> None:
    """Raise ValueError for frames, or a list of them, whose columns or order are not right."""
    check_numbers(X)
    check_order_of_names(estimator, X, reset=reset)
    if kind == "signal" or (kind == "auto" and shape is None):
        flat = shape if reset else estimator.input_shape_
        check_order_of_columns(X, flat[1] if flat is not None and len(flat) == 2 else 1)
    if is_ragged(X):
        for row, item in enumerate(X):
            check_numbers(item, f"Item {row} of X")
            check_order_of_steps(item, row)
        check_channel_names(estimator, X, reset=reset)
    elif reset:
        estimator.__dict__.pop("channel_names_in_", None)


def _fill_advice(X: Any, in_words: str) -> str:
    """What to do about NaN in X as the user has it."""
    if getattr(X, "ndim", 1) == 2:
        return IMPUTE
    way = f"np.nan_to_num({in_words})"
    return f"Replace them first, for example by 0 with {way}, or leave such rows out."


def _as_array(X: Any, shape: tuple[int, ...] | None) -> Any:
    """X as it is, but lists, Series and object arrays of images or signals as one array.

    With a ``shape``, arrays of that shape as flat rows.
    """
    if is_ragged(X):
        X = _stack(X)
    elif isinstance(X, (list, tuple)):
        with contextlib.suppress(ValueError):  # scikit-learn raises a better error
            X = np.asarray(X)
    if shape is not None and getattr(X, "ndim", 2) > 2 and _is_shape(X.shape[1:], tuple(shape)):
        return X.reshape(len(X), -1)
    return X


def _as_fitted(estimator: BaseEstimator, X: np.ndarray, in_words: str) -> np.ndarray:
    """X as flat rows or as whole images or signals, whichever the fit was on."""
    shape = estimator.input_shape_
    if X.ndim > 2:
        read = _with_channels(X, estimator.kind_, None)
        check_size(estimator, read.shape[1:], X.shape[1:], in_words)
        return X if X.shape[1] == estimator.n_features_in_ else X.reshape(len(X), -1)
    flat = X.shape[1:] == (math.prod(shape),)
    return X.reshape(-1, *shape) if flat and shape[0] == estimator.n_features_in_ else X


def _stack(X: Any) -> np.ndarray:
    """A list of images or signals of one shape as one array."""
    items = [np.asarray(item) for item in X]
    check_one_scale(items)
    rows_of: dict[tuple[int, ...], list[int]] = {}
    for row, item in enumerate(items):
        rows_of.setdefault(item.shape, []).append(row)
    if len(rows_of) > 1:
        usual = max(rows_of, key=lambda shape: len(rows_of[shape]))
        odd = [f"{rows[0]} has {shape}" for shape, rows in rows_of.items() if shape != usual]
        way = (
            "Crop, pad or resize them first; LSTMClassifier takes sequences of unequal length."
            if len({shape[:2] for shape in rows_of}) > 1
            else "Give all the same channels first, images of PIL by "
            '[image.convert("RGB") for image in X].'
        )
        raise ValueError(
            f"All images or signals in X must have the same shape, got {len(rows_of)} shapes: "
            f"row {rows_of[usual][0]} has {usual}, row {', row '.join(odd[:3])}"
            f"{' ...' if len(odd) > 3 else ''}. {way}"
        )
    stacked = np.stack(items)
    if stacked.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold real numbers.")
    if stacked.dtype.kind not in "fiub":
        try:
            stacked = stacked.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must hold numbers, got objects: {error}") from error
    return stacked


def _kind_of(array: np.ndarray, kind: str, shape: tuple[int, ...] | None) -> str:
    """``kind``, with "auto" resolved."""
    if kind != "auto":
        return kind
    return "image" if array.ndim > 2 or shape is not None else "signal"


def _with_channels(array: np.ndarray, kind: str, shape: tuple[int, ...] | None) -> np.ndarray:
    """Rows of X in the shape (H, W, C) or (T, C)."""
    n_dims = len(AXES[kind]) - 1
    if shape is not None:
        return _in_shape(array, tuple(shape), kind, n_dims)
    if array.ndim - 1 == n_dims:
        return array
    if array.ndim == n_dims:
        return array[..., None]
    if kind == "image" and array.ndim == 2:
        raise ValueError(
            f"Images as rows of a table need image_shape=(H, W) or (H, W, C), which cannot be "
            f"inferred from the {array.shape[1]} columns of X of shape {array.shape}."
        )
    wanted = "(n, H, W) or (n, H, W, C)" if kind == "image" else "(n, T) or (n, T, C)"
    raise ValueError(f'kind="{kind}" takes X of shape {wanted}, got {array.shape}.')


def _in_shape(array: np.ndarray, shape: tuple[int, ...], kind: str, n_dims: int) -> np.ndarray:
    """Flat rows in the shape that the user gives."""
    full = shape if len(shape) == n_dims else (*shape, 1)
    if len(full) != n_dims:
        wanted = "(H, W) or (H, W, C)" if kind == "image" else "(T, C)"
        raise ValueError(f'image_shape must be {wanted} for kind="{kind}", got {shape}.')
    if array.shape[1:] != (math.prod(shape),):
        sizes, own = " x ".join(map(str, shape)), ", ".join(map(str, shape))
        raise ValueError(
            f"image_shape={shape} means {sizes} = {math.prod(shape)} columns, or X of shape "
            f"(n, {own}), but X has shape {array.shape}."
        )
    return array.reshape(len(array), *full)


def _is_shape(got: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether two shapes are the same up to a last axis of size 1."""
    return got == shape or (*got, 1) == shape or got == (*shape, 1)
