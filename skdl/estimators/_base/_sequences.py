"""Reading sequences: what users pass becomes a column of the engine, or a clear error."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags

from ..._reading import (
    IMPUTE,
    ChannelNamesMixin,
    Given,
    check_finite,
    check_gaps_of_steps,
    check_numbers,
    check_one_scale,
    check_order_of_columns,
    column_names,
    other_length,
    rows_of_numbers,
    warn_of_dated_rows,
    way_to_length,
)
from ..._sklearn import Interval
from ...engine import Column, Data, Streamed, as_tensor
from ._docs import deep_estimator
from ._input import InputMixin
from ._ragged import (
    FILL,
    as_column,
    check_n_channels,
    is_ragged,
    read_each,
    warn_of_single_steps,
    way_of_channels,
    without_padding,
)


@deep_estimator
class SequenceInputMixin(ChannelNamesMixin, InputMixin):
    """Mixin of estimators that take sequences, of equal or unequal lengths.

    See the table of inputs in the README.

    Parameters
    ----------
    n_channels : int or None, default=None
        Channels of each step where X is flat: (n_samples, n_steps * n_channels), the channels of
        one step together. None reads a 2-D X as sequences of one channel.

    Attributes
    ----------
    n_features_in_ : int
        Not set where X was a list of sequences.
    n_channels_in_ : int
        Number of channels of X.
    n_steps_in_ : int
        Steps of each sequence; not set where X was a list of sequences.
    """

    _: KW_ONLY
    n_channels: int | None = None

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"sequences", "ragged"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
    }

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """Sequences as data with a column ``x`` (n, T, C), in the dtype of X.

        Sets or checks ``n_features_in_`` and ``n_steps_in_`` (for arrays), ``feature_names_in_``,
        ``n_channels_in_`` and ``channel_names_in_`` (the columns, for lists of frames).

        Raises
        ------
        ValueError
            For what cannot be read as sequences, or does not match what was fitted.
        """
        if reset:
            self._forget_inputs()
        given = Given(X)
        X = rows_of_numbers(given.plain)
        if isinstance(X, (list, tuple)) and not len(X):
            raise ValueError(
                "Found an empty list with 0 sample(s), while a minimum of 1 is required."
            )
        if is_ragged(X) and "ragged" not in self._input_kinds:
            X = self._of_one_length(X, given, reset=reset)
        read = self._read_ragged if is_ragged(X) else self._read_array
        column, n_found = read(X, given, reset=reset)
        if reset:
            self.n_channels_in_ = n_found
        else:
            n_fitted, owner = self.n_channels_in_, type(self).__name__
            way = way_of_channels(X if is_ragged(X) else [], n_fitted, given, "sequence")
            check_n_channels(n_found, n_fitted, owner, "sequence", way)
        return Data({"x": column})

    def _of_one_length(self, X: Any, given: Given, *, reset: bool) -> np.ndarray:
        """A list of sequences as one array, for an estimator that takes no others."""
        self._check_channel_names(given.plain, X, reset=reset)
        arrays, _ = read_each(X, given, n_channels=self.n_channels or 1)
        lengths = [len(array) for array in arrays]
        if len(set(lengths)) > 1:
            shortest, name = min(lengths), type(self).__name__
            raise ValueError(
                f"X holds sequences of {shortest} to {max(lengths)} steps, but {name} takes "
                f"sequences of one length. Cut them, for example to their last {shortest} steps: "
                f"[x[-{shortest}:] for x in {given.rows}]."
            )
        return np.stack(arrays)

    def _read_array(self, X: Any, given: Given, *, reset: bool) -> tuple[Column, int]:
        check_numbers(X)
        check_order_of_columns(X, self.n_channels or 1)
        self._check_order_of_names(X, reset=reset)
        if reset:
            warn_of_dated_rows(X, self.n_channels, type(self).__name__)
        else:
            self._check_not_single(X)
            X = self._in_form_of_fit(X)
        array, streamed = self._validated_numbers(
            X, reset=reset, allow_nd=True, advice=partial(self._other_length, given)
        )
        if array.ndim > 3:
            raise ValueError(
                f"X must be (n_samples, n_steps) or (n_samples, n_steps, n_channels), got shape "
                f"{array.shape}. If its second dimension is time, make all that belongs to a step "
                "channels: np.reshape(X, (*np.shape(X)[:2], -1))."
            )
        is_flat, array = array.ndim == 2, _with_channels(array, self.n_channels)

        def advice(bad: tuple[int, ...]) -> str:
            rest = array[bad[0], bad[1] :]
            return _fill_advice(rest, given, is_flat=is_flat, is_first=not bad[1])

        check_finite(array, ("row", "step", "channel"), advice=advice)
        if reset:
            self.n_steps_in_, self._shortest = array.shape[1], 1
        else:
            shape, owner = array.shape[: 2 if is_flat else 3], type(self).__name__
            warn_of_single_steps(shape, array.shape[1], self._shortest, owner, "sequence")
        check_one_scale(array, given)
        self._check_units(array, given, reset=reset)
        return Streamed(array) if streamed else as_tensor(array), array.shape[2]

    def _check_not_single(self, X: Any) -> None:
        """Raise ValueError for one sequence like those that were fitted on, in place of many."""
        names = getattr(self, "channel_names_in_", None)
        shape, steps = getattr(X, "shape", None), getattr(self, "n_steps_in_", None)
        found = None if names is None else column_names(X)
        is_flat = shape is not None and shape[1:] == (getattr(self, "n_features_in_", None),)
        is_like_fitted = shape == (steps, self.n_channels_in_) and not is_flat
        if is_like_fitted or (names is not None and found == tuple(names)):
            raise ValueError(
                f"X of shape {shape} is a single sequence, like those that "
                f"{type(self).__name__} was fitted on. Pass it in a list: [X]."
            )
        if names is not None and found is None:
            warnings.warn(
                f"X has no column names, but {type(self).__name__} was fitted on frames with the "
                f"columns {list(names)}.",
                UserWarning,
                stacklevel=2,
            )

    def _in_form_of_fit(self, X: Any) -> Any:
        """An array as flat rows or with an axis of channels, whichever the fit was on.

        Raises ValueError for one of three dimensions whose sequences have another shape.
        """
        n_steps, n_channels = getattr(self, "n_steps_in_", None), self.n_channels_in_
        if n_steps is None or not isinstance(X, np.ndarray) or X.ndim not in (2, 3):
            return X
        was_flat, shape = self.n_features_in_ != n_steps, X.shape[1:]
        if was_flat and shape == (n_steps, n_channels):
            return X.reshape(len(X), -1)
        if not was_flat and n_channels > 1 and shape == (n_steps * n_channels,):
            return X.reshape(len(X), n_steps, n_channels)
        is_swapped = shape == (n_channels, n_steps) != (n_steps, n_channels)
        if is_swapped:
            way = "Channels come first here: use np.swapaxes(np.asarray(X), 1, 2)."
        else:
            way = way_to_length(shape[0], n_steps, "X", n_dims=X.ndim, any_length=True)
        if is_swapped or (X.ndim == 3 and shape[1] == n_channels and shape[0] != n_steps):
            raise ValueError(
                f"X holds sequences of {shape[0]} steps and {shape[1]} channels, but "
                f"{type(self).__name__} was fitted on {n_steps} steps and {n_channels} channels. "
                f"{way}"
            )
        return X

    def _other_length(self, given: Given, shape: tuple[int, ...]) -> str:
        """What is said of flat rows of another length than in fit."""
        n_steps, n_channels = getattr(self, "n_steps_in_", None), self.n_channels_in_
        if n_steps is None or len(shape) != 2 or shape[1] % n_channels:
            return f"A flat row has {n_channels} values for each step, the channels together."
        got, array = shape[1] // n_channels, given.array
        return other_length(
            "sequences", got, n_steps, array, n_channels=n_channels, any_length=True
        )

    def _read_ragged(self, X: Any, given: Given, *, reset: bool) -> tuple[Column, int]:
        self._check_order_of_names(X, reset=reset)
        self._check_channel_names(given.plain, X, reset=reset)
        arrays, values = read_each(X, given, n_channels=self.n_channels or 1)
        check_gaps_of_steps(X)
        n_found = arrays[0].shape[1]
        if self.n_channels not in (None, n_found):
            raise ValueError(
                f"n_channels={self.n_channels}, but the sequences in X have {n_found} channels. "
                "n_channels is for flat rows: fit with n_channels=None for sequences like these."
            )
        check_one_scale(arrays, given)
        self._check_units(arrays, given, reset=reset)
        lengths = np.array([len(array) for array in arrays])
        if reset:
            self._shortest = int(lengths.min())
        elif hasattr(self, "n_steps_in_") and (lengths != self.n_steps_in_).any():
            raise ValueError(
                f"X has sequences of {lengths.min()} to {lengths.max()} steps, but "
                f"{type(self).__name__} was fitted on an array, with {self.n_steps_in_} steps for "
                "all. Fit it on a list of sequences to predict for any length."
            )
        return as_column(values, lengths), n_found

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _fill_advice(rest: np.ndarray, given: Given, *, is_flat: bool, is_first: bool) -> str:
    """What to do about NaN in an array X; ``rest`` (t, C) is the first sequence from there on."""
    name = "sequence"
    advice = (
        IMPUTE if is_flat else FILL.format(name, "np.stack([", "pd.DataFrame(x)", "X", "])", name)
    )
    padding = "" if is_first else without_padding(rest, given, is_flat=is_flat, name=name)
    return f"{advice}{padding}"


def _with_channels(array: np.ndarray, n_channels: int | None) -> np.ndarray:
    """(n, T), (n, T * C) or (n, T, C) as (n, T, C)."""
    if array.ndim == 3:
        if n_channels not in (None, array.shape[2]):
            raise ValueError(
                f"n_channels={n_channels}, but X of shape {array.shape} has {array.shape[2]} "
                "channels in its last dimension. n_channels is for flat rows: fit with "
                "n_channels=None for X of this shape."
            )
        if 0 in array.shape[1:]:
            raise ValueError(
                f"X must have at least one step and one channel, got shape {array.shape}."
            )
        return array
    n_channels = n_channels or 1
    if array.shape[1] % n_channels:
        raise ValueError(
            f"X has {array.shape[1]} columns, which n_channels={n_channels} does not divide: a "
            "flattened X has n_steps * n_channels columns, the channels of one step together. With "
            "n_channels=None each column is a step of one channel."
        )
    return array.reshape(len(array), -1, n_channels)  # (n, T, C)
