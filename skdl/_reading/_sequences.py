"""Reading sequences: what users pass becomes numbers, or a clear error."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.utils import Tags

from ._containers import rows_of_numbers
from ._finite import IMPUTE, check_finite
from ._frames import ChannelNamesMixin, check_numbers, column_names
from ._given import Given
from ._image_or_signal import warn_of_channels_first
from ._input import InputMixin
from ._lengths import other_length, way_to_length
from ._ragged import (
    check_n_channels,
    is_ragged,
    read_each,
    warn_of_single_steps,
    way_of_channels,
    way_to_fill,
    without_padding,
)
from ._steps import check_gaps_of_steps, check_order_of_columns, warn_of_dated_rows
from ._units import check_one_scale


class Sequences(NamedTuple):
    """Sequences as numbers, in the dtype of X.

    Attributes
    ----------
    values : ndarray of shape (n, T, C), or (N, C) where they are of unequal length
        In the second case all steps, one sequence after the other.
    lengths : ndarray of shape (n,) or None
        Steps of each; None where they are of one length.
    is_streamed : bool
        Whether the values are a large memory map that must not be copied whole.
    """

    values: np.ndarray
    lengths: np.ndarray | None = None
    is_streamed: bool = False

    @property
    def n_channels(self) -> int:
        return int(self.values.shape[-1])

    @property
    def n_rows(self) -> int:
        return len(self.values if self.lengths is None else self.lengths)

    def each(self, numbers: np.ndarray) -> list[np.ndarray]:
        """Some of the sequences (T_i, C) one by one, without a copy where they may differ."""
        if self.lengths is None:
            return list(self.values[numbers])
        ends, lengths = np.cumsum(self.lengths)[numbers], self.lengths[numbers]
        return [self.values[end - n : end] for end, n in zip(ends, lengths, strict=True)]

    def rows(self, numbers: np.ndarray) -> Sequences:
        """Some of the sequences, copied."""
        if self.lengths is None:
            return Sequences(self.values[numbers])
        return Sequences(np.concatenate(self.each(numbers)), self.lengths[numbers])

    @classmethod
    def of(cls, values: np.ndarray, lengths: np.ndarray) -> Sequences:
        """From all steps (N, C) and the number of each; of equal length where they can be."""
        if (lengths == lengths[0]).all():
            return cls(values.reshape(len(lengths), lengths[0], -1))
        return cls(values, lengths)


class SequencesMixin(ChannelNamesMixin, InputMixin):
    """Mixin of estimators and transformers that take sequences, of equal or unequal lengths.

    The user guide, "sequences", has a table of what X may be.
    """

    n_channels: int | None
    n_channels_in_: int
    n_steps_in_: int
    _shortest: int  # steps of the shortest sequence of ``fit``
    _input_kinds: ClassVar[frozenset[str]] = frozenset({"sequences", "ragged"})

    def _read_sequences(self, X: Any, *, reset: bool) -> Sequences:
        """Sequences as numbers, in the dtype of X.

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
        if is_ragged(X) and "ragged" not in self._input_kinds:
            X = self._of_one_length(X, given, reset=reset)
        read = self._read_ragged if is_ragged(X) else self._read_array
        sequences = read(X, given, reset=reset)
        n_found = sequences.n_channels
        if reset:
            self.n_channels_in_ = n_found
        else:
            n_fitted, owner = self.n_channels_in_, type(self).__name__
            way = way_of_channels(X if is_ragged(X) else [], n_fitted, given, "sequence")
            check_n_channels(n_found, n_fitted, owner, "sequence", way)
        return sequences

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

    def _read_array(self, X: Any, given: Given, *, reset: bool) -> Sequences:
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
            warn_of_channels_first(array)
        else:
            shape, owner = array.shape[: 2 if is_flat else 3], type(self).__name__
            warn_of_single_steps(shape, array.shape[1], self._shortest, owner, "sequence")
        check_one_scale(array, given)
        self._check_units(array, given, reset=reset)
        return Sequences(array, is_streamed=streamed)

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
        self._warn_of_missing_names(X)

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

    def _read_ragged(self, X: Any, given: Given, *, reset: bool) -> Sequences:
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
        sequences = Sequences.of(values, lengths)
        if reset and sequences.lengths is None:
            warn_of_channels_first(sequences.values)
        return sequences

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _fill_advice(rest: np.ndarray, given: Given, *, is_flat: bool, is_first: bool) -> str:
    """What to do about NaN in an array X; ``rest`` (t, C) is the first sequence from there on."""
    name = "sequence"
    advice = IMPUTE if is_flat else way_to_fill("X", name)
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
