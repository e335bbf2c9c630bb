"""Reading images and signals: X validated, as one column (n, *space, C)."""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags

from ..._reading import (
    IMPUTE,
    Given,
    Guess,
    Shape,
    as_numbers,
    as_steps,
    channels_last,
    check_channels,
    check_channels_last,
    check_finite,
    check_gaps_of_steps,
    check_n_channels,
    check_numbers,
    check_one_scale,
    check_order_of_columns,
    check_order_of_pixels,
    check_order_of_steps,
    check_smallest,
    is_ragged,
    name_channels,
    other_length,
    rows_of_numbers,
    show_channels,
    warn_of_dated_rows,
    warn_of_other_meaning,
    warn_of_signals,
    warn_of_single_steps,
    way_of_one_image,
    way_out,
    way_to_fill,
    without_padding,
)
from ...engine import Column, Data, Streamed, as_tensor
from ._signals import SignalInputMixin, are_unequal_signals

AXES = {"image": ("image", "row", "column", "channel"), "signal": ("signal", "step", "channel")}


class ImageInputMixin(SignalInputMixin):
    """Mixin of estimators that take images or signals, channels last.

    All are of one shape, but for lists of signals where "ragged" is in ``_input_kinds``.

    Attributes
    ----------
    kind_ : {"image", "signal"}
        What the rows of X were read as.
    input_shape_ : tuple of int
        Shape of one row, channels last: (H, W, C) or (T, C); (None, C) where X was a list of
        signals of unequal length, for which there is no ``n_features_in_`` either.
    n_channels_in_ : int
        Number of channels of X.
    """

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"signals", "images"})

    def _read_images(self, X: Any, *, kind: str, shape: Shape | None, reset: bool) -> Data:
        """Images or signals as data with a column ``x`` (n, H, W, C) or (n, T, C).

        The column keeps the dtype of X. Sets or checks ``n_features_in_``, ``feature_names_in_``,
        ``channel_names_in_`` (the columns, for lists of frames), ``kind_``, ``n_channels_in_`` and
        ``input_shape_``. Errors speak of the parameters ``kind`` and ``image_shape``.

        Parameters
        ----------
        X : array-like
        kind : {"image", "signal", "auto"}
            "auto" reads flat rows as signals, as images with a ``shape``; X of four dimensions as
            images, and of three as what is likelier by its shape, values and names of columns.
        shape : tuple of int or None
            Shape of one row where X is flat: (H, W) or (H, W, C), for signals (T, C).
        reset : bool
            Whether this is a fit, which learns what later calls check.

        Raises
        ------
        ValueError
            If X is no batch of images or signals, or does not match the shape seen in ``fit``.
        """
        if reset:
            self._forget_inputs()
        given = Given(X)
        X = rows_of_numbers(given.plain)
        self._check_frames(X, given, kind if reset else self.kind_, shape, reset=reset)
        if reset:
            return Data({"x": self._read_first(X, kind, shape, given)})
        return Data({"x": self._read_like_fit(X, given)})

    def _read_first(self, X: Any, kind: str, shape: Shape | None, given: Given) -> Column:
        """The column of a fit; what the rows are is learned from its shape."""
        items = _items_of(X)
        if kind == "auto" and shape is None and self._has_named_channels():
            kind = "signal"
        if "ragged" in self._input_kinds and items and are_unequal_signals(items, kind, shape):
            return self._learn_unequal(items, shape, given)
        whole = _as_array(X, items, given)
        is_whole = getattr(whole, "ndim", 2) > 2
        array, streamed = self._validated_numbers(_as_flat(whole, shape), reset=True, allow_nd=True)
        known = self._known_kind(array, kind, shape)
        guess = Guess() if known or array.ndim != 3 else Guess.of(array)
        self.kind_ = known or ("signal" if guess.why_signals else "image")
        is_list = bool(items) and self.kind_ == "signal" and shape is None
        self._any_length = is_list and self._may_be_unequal()
        rows = _with_channels(array, self.kind_, shape, given)
        self.input_shape_, self.n_channels_in_ = rows.shape[1:], rows.shape[-1]
        self._check_values(rows, X, given, reset=True)
        # Otherwise ``shape``, the names or the values say which dimension is that of the channels.
        if not (self._has_named_channels() or guess.why_signals) and (
            shape is None or (self.kind_ == "image" and not is_whole)
        ):
            check_channels_last(
                self.input_shape_,
                self.kind_,
                given.array,
                partial(show_channels, rows),
                is_flat=shape is not None,
            )
        check_smallest(self.input_shape_, self.kind_)
        if not known:
            self._warn_of_kind(guess, array.ndim == 4, given)
        self._check_units(rows, given, reset=True)
        self._shortest = self.input_shape_[0]
        return Streamed(rows) if streamed else as_tensor(rows)

    def _known_kind(self, array: np.ndarray, kind: str, shape: Shape | None) -> str:
        """``kind``, and what "auto" is for certain; "" where it is not."""
        if kind != "auto":
            return kind
        network = self._kind_of_network()
        if shape is not None:
            return "signal" if len(shape) == 2 and network == "signal" else "image"
        if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
            return "signal"
        if array.ndim > 3:
            return ""
        return network

    def _kind_of_network(self) -> str:
        """The kind of X that a network which is given takes: "image", "signal"; "" for both."""
        return ""

    def _has_named_channels(self) -> bool:
        """Whether X has frames whose columns have names of channels."""
        return hasattr(self, "channel_names_in_") and name_channels(self.channel_names_in_)

    def _warn_of_kind(self, guess: Guess, has_axis: bool, given: Given) -> None:
        """Say how X was read where that is not certain."""
        if guess.why_signals:
            warn_of_signals(self.input_shape_, guess.why_signals)
            return
        warn_of_other_meaning(
            self.input_shape_,
            given.array,
            has_axis=has_axis,
            may_be_signals=guess.may_be_signals,
        )

    def _read_like_fit(self, X: Any, given: Given) -> Column:
        """The column of rows that must be like those of the fit."""
        items = _items_of(X)
        if items and self._have_other_lengths(items):
            return self._read_unequal(items, given)
        if not items:
            self._warn_of_missing_names(X)
        whole = _as_array(X, items, given)
        if self.input_shape_[0] is None:
            return self._read_array_of_signals(whole, X, given)
        self._check_batch(getattr(whole, "shape", ()))
        if isinstance(whole, np.ndarray):
            whole = self._in_form_of_fit(whole, given)
        array, streamed = self._validated_numbers(
            whole, reset=False, allow_nd=True, advice=partial(self._other_size, given)
        )
        is_flat = array.shape[1:] == (math.prod(self.input_shape_),)
        rows = _with_channels(array, self.kind_, self.input_shape_ if is_flat else None, given)
        self._check_values(rows, X, given, reset=False)
        self._check_size(rows.shape[1:], array.shape[1:], given)
        self._check_units(rows, given, reset=False)
        return Streamed(rows) if streamed else as_tensor(rows)

    def _have_other_lengths(self, items: list[np.ndarray]) -> bool:
        """Whether they are read one by one: signals that are not all of the length of the fit."""
        if self.kind_ != "signal":
            return False
        shapes = {item.shape for item in items}
        if self._any_length:
            return {shape[:1] for shape in shapes} != {self.input_shape_[:1]}
        return "ragged" in self._input_kinds and are_unequal_signals(items, "signal", None)

    def _read_array_of_signals(self, whole: Any, X: Any, given: Given) -> Column:
        """The column of an array of signals, after a fit on signals of unequal length."""
        array, streamed = self._validated_numbers(whole, reset=False, allow_nd=True)
        rows = _with_channels(array, "signal", None, given)
        self._check_values(rows, X, given, reset=False)
        check_smallest(rows.shape[1:], "signal")
        way = "If X is a single signal, pass [X]."
        if array.ndim == 3 and array.shape[1] == self.n_channels_in_:
            way = f"Channels come first here: use np.moveaxis({given.array}, 1, -1)."
        owner = type(self).__name__
        check_n_channels(rows.shape[-1], self.n_channels_in_, owner, "signal", way)
        warn_of_single_steps(array.shape, rows.shape[1], self._shortest, owner, "signal")
        self._check_units(rows, given, reset=False)
        return Streamed(rows) if streamed else as_tensor(rows)

    def _check_frames(
        self, X: Any, given: Given, kind: str, shape: Shape | None, *, reset: bool
    ) -> None:
        """Raise ValueError for frames, or a list of them, whose columns or order are not right."""
        check_numbers(X)
        self._check_order_of_names(X, reset=reset)
        if kind == "signal" or (kind == "auto" and shape is None):
            flat = shape if reset else self.input_shape_
            n_channels = flat[1] if flat is not None and len(flat) == 2 else None
            check_order_of_columns(X, n_channels or 1)
            if reset:
                warn_of_dated_rows(X, n_channels, type(self).__name__)
        else:
            image = shape if reset else self.input_shape_
            check_order_of_pixels(X, image[2] if image is not None and len(image) == 3 else 1)
        if is_ragged(X):
            for row, item in enumerate(X):
                check_numbers(item, f"Item {row} of X")
                check_order_of_steps(item, row)
            check_gaps_of_steps(X)
            self._check_channel_names(given.plain, X, reset=reset)

    def _check_values(self, rows: np.ndarray, X: Any, given: Given, *, reset: bool) -> None:
        """Raise ValueError for values that are not finite; warn of rows on different scales."""
        if rows.dtype.kind == "f":
            lists = self._any_length or (reset and self._may_be_unequal())
            advice = partial(self._gap_advice, rows, given) if lists else self._fill_advice(given)
            check_finite(rows, AXES[self.kind_], advice=advice)
        if not is_ragged(X):  # else before they became one array
            check_one_scale(rows, given)

    def _gap_advice(self, rows: np.ndarray, given: Given, bad: Shape) -> str:
        """What to do about NaN in X, first in the place ``bad``, where lists are taken too."""
        advice = self._fill_advice(given)
        if self.kind_ == "image" or not bad[1] or getattr(self, "image_shape", None) is not None:
            return advice
        is_flat, rest = rows.shape[2] == 1, rows[bad[0], bad[1] :]
        return advice + without_padding(rest, given, is_flat=is_flat, name="signal")

    def _fill_advice(self, given: Given) -> str:
        """What to do about NaN in X."""
        if given.is_table:
            return IMPUTE
        if self.kind_ == "signal":
            return way_to_fill(given.array, "signal")
        way = f"np.nan_to_num({given.array})"
        return f"Replace them first, for example by 0 with {way}, or leave such rows out."

    def _check_batch(self, given: Shape) -> None:
        """Raise ValueError for a single image or signal without the axis of samples."""
        shape, kind = self.input_shape_, self.kind_
        is_batch = given[1:] == shape or (given[1:] == shape[:-1] and shape[-1] == 1)
        is_single = given == shape or (given == shape[:-1] and shape[-1] == 1 and len(given) > 1)
        if is_single and not is_batch:
            raise ValueError(
                f"X of shape {given} is a single {kind}, without the axis of samples. For one "
                f"{kind} pass np.asarray(X)[None], for the first one of several X[:1]."
            )
        if kind == "image" and not is_batch and given[1:] != (math.prod(shape),):
            way = way_of_one_image(given, shape)
            if way is not None:
                raise ValueError(
                    f"X of shape {given} is a single image of other channels than the {shape[-1]} "
                    f"that {type(self).__name__} was fitted on, without the axis of samples. {way}"
                )

    def _check_size(self, shape: Shape, given_shape: Shape, given: Given) -> None:
        """Raise ValueError where rows of X, as read and as given, are not those of the fit."""
        if shape == self.input_shape_:
            return
        got, fitted = (" x ".join(map(str, sizes)) for sizes in (shape, self.input_shape_))
        raise ValueError(
            f"X holds {self.kind_}s of {got} (channels last), but {type(self).__name__} "
            f"was fitted on {fitted}. {way_out(shape, self.input_shape_, given_shape, given.array)}"
            f"{self._way_of_lists(given) if shape[1:] == self.input_shape_[1:] else ''}"
        )

    def _other_size(self, given: Given, shape: Shape) -> str:
        """What is said of flat rows of another length than in fit."""
        fitted, n_channels = self.input_shape_, self.input_shape_[-1]
        sizes = " x ".join(map(str, fitted if n_channels > 1 else fitted[:-1]))
        if self.kind_ == "image":
            return f"In fit a row was an image of {sizes}. Resize them before they are flat."
        if len(shape) != 2 or shape[1] % n_channels:
            return f"In fit a row was a signal of {sizes}, the channels of each step together."
        got = shape[1] // n_channels
        array = given.array if given.is_table or given.is_frame else "np.asarray(X)"
        told = other_length(
            "signals", got, fitted[0], array, n_channels=n_channels, any_length=False
        )
        return f"{told}{self._way_of_lists(given, as_steps(array, got, n_channels))}"

    def _in_form_of_fit(self, X: np.ndarray, given: Given) -> np.ndarray:
        """X as flat rows or as whole images or signals, whichever the fit was on."""
        shape = self.input_shape_
        if X.ndim > 2:
            read = _with_channels(X, self.kind_, None, given)
            self._check_size(read.shape[1:], X.shape[1:], given)
            return X if X.shape[1] == self.n_features_in_ else X.reshape(len(X), -1)
        flat = X.shape[1:] == (math.prod(shape),)
        return X.reshape(-1, *shape) if flat and shape[0] == self.n_features_in_ else X

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _items_of(X: Any) -> list[np.ndarray]:
    """The rows of a list, Series or object array of arrays, each as numbers; of other X none."""
    if not is_ragged(X):
        return []
    return [as_numbers(item, f"Item {row} of X") for row, item in enumerate(X)]


def _as_array(X: Any, items: list[np.ndarray], given: Given) -> Any:
    """X as it is, but lists, Series and object arrays of images or signals as one array."""
    if items:
        # Before stacking: the dtypes of the items also show their scales, and the stacked array has
        # one dtype only.
        check_one_scale(items, given)
        return _stack(items, given)
    if isinstance(X, (list, tuple)):
        with contextlib.suppress(ValueError):  # scikit-learn raises a better error
            return np.asarray(X)
    return X


def _as_flat(X: Any, shape: Shape | None) -> Any:
    """Rows that have the shape which the user gives as flat rows; others as they are."""
    if shape is not None and getattr(X, "ndim", 2) > 2 and _is_shape(X.shape[1:], tuple(shape)):
        return X.reshape(len(X), -1)
    return X


def _are_signals_but_few(items: list[np.ndarray]) -> bool:
    """Whether arrays (T_i, C) are of several lengths, and most of the same number of channels."""
    if any(item.ndim != 2 for item in items) or len({len(item) for item in items}) < 3:
        return False
    _, counts = np.unique([item.shape[1] for item in items], return_counts=True)
    return len(counts) > 1 and counts.max() > 0.8 * len(items)


def _stack(items: list[np.ndarray], given: Given) -> np.ndarray:
    """Images or signals of one shape as one array."""
    rows_of: dict[Shape, list[int]] = {}
    for row, item in enumerate(items):
        rows_of.setdefault(item.shape, []).append(row)
    if len(rows_of) > 1:
        if _are_signals_but_few(items):
            check_channels(items, given, "signal")
        usual = max(rows_of, key=lambda shape: len(rows_of[shape]))
        odd = [f"{rows[0]} has {shape}" for shape, rows in rows_of.items() if shape != usual]
        way = (
            "Crop, pad or resize them first. Signals may be of unequal length where each is "
            '(n_steps,) or (n_steps, n_channels): a CNNClassifier reads them so with kind="signal".'
            if len({shape[:2] for shape in rows_of}) > 1
            else "Give all the same channels first, images of PIL by "
            '[image.convert("RGB") for image in X].'
        )
        n_channels = {shape[0] for shape in rows_of if len(shape) == 2 and shape[0] < shape[1]}
        if len(n_channels) == 1 and all(shape[:1] == (*n_channels,) for shape in rows_of):
            way += f" {channels_last(given)}"
        raise ValueError(
            f"All images or signals in X must have the same shape, got {len(rows_of)} shapes: "
            f"row {rows_of[usual][0]} has {usual}, row {', row '.join(odd[:3])}"
            f"{' ...' if len(odd) > 3 else ''}. {way}"
        )
    return np.stack(items)


def _with_channels(array: np.ndarray, kind: str, shape: Shape | None, given: Given) -> np.ndarray:
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
    way = ""
    if array.ndim == n_dims + 2:  # (n, T, H, W, C), or (n, T, H, W)
        n_each, sizes = array.shape[1], ", ".join(map(str, array.shape[2:]))
        way = (
            f" To learn from each image of a video by itself, pass {given.array}.reshape(-1, "
            f"{sizes}), and to fit np.repeat(y, {n_each}) as y."
            if kind == "image"
            else " Make all that belongs to a step channels: "
            f"{given.array}.reshape(-1, {n_each}, {math.prod(array.shape[2:])})."
        )
    raise ValueError(f'kind="{kind}" takes X of shape {wanted}, got {array.shape}.{way}')


def _in_shape(array: np.ndarray, shape: Shape, kind: str, n_dims: int) -> np.ndarray:
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


def _is_shape(got: Shape, shape: Shape) -> bool:
    """Whether two shapes are the same up to a last axis of size 1."""
    return got == shape or (*got, 1) == shape or got == (*shape, 1)
