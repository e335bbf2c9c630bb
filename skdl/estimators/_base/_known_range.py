"""The range of values of signals that a classifier has seen: later ones are clipped to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..._reading import Sequences
from ...engine import Data, Ragged, Streamed

AT_ONCE = 2**20  # values that are read at once


@dataclass
class KnownRange:
    """What a classifier knows of the values of each channel.

    A single value far beyond all that was trained on would decide an answer: networks and linear
    models extrapolate. So values beyond the range are clipped: to its end, or to the farthest known
    distance from the median of the signal, whichever is nearer, so that a signal at another level
    keeps its shape. A channel that had one value keeps that. Few signals tell less of the range: of
    n, both are 1 + 2 / n times as wide as seen.

    Attributes
    ----------
    n_rows : int
        How many signals were seen.
    low, high : ndarray of shape (C,)
        Smallest and largest value.
    below, above : ndarray of shape (C,)
        Farthest distances from the median of a signal, below it (negative) and above it.
    """

    n_rows: int
    low: NDArray[Any]
    high: NDArray[Any]
    below: NDArray[Any]
    above: NDArray[Any]

    @classmethod
    def of(cls, sequences: Sequences) -> KnownRange:
        """That of signals of one length (n, T, C), or of unequal lengths."""
        values = sequences.values
        if sequences.lengths is None:
            n = max(1, AT_ONCE // values[0].size)
            parts: Iterable[NDArray[Any]] = (values[i : i + n] for i in range(0, len(values), n))
        else:
            parts = (row[None] for row in sequences.each(np.arange(sequences.n_rows)))
        return reduce(cls.joined, map(cls._of_one_length, parts))

    @classmethod
    @np.errstate(over="ignore")  # distances of huge values are infinite: none is clipped then
    def _of_one_length(cls, x: NDArray[Any]) -> KnownRange:
        x = as_floats(x)
        away = x - np.median(x, axis=1, keepdims=True)
        return cls(len(x), *(each((0, 1)) for each in (x.min, x.max, away.min, away.max)))

    def joined(self, other: KnownRange, *, may_be_same: bool = False) -> KnownRange:
        """That of the signals of both, which may be the same signals if ``may_be_same``."""
        n_rows = max if may_be_same else int.__add__
        return KnownRange(
            n_rows(self.n_rows, other.n_rows),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            np.minimum(self.below, other.below),
            np.maximum(self.above, other.above),
        )

    def clipped(self, data: Data) -> Data:
        """Data just read, with the column x of later signals; those of memory maps stay."""
        x = data.columns["x"]
        if isinstance(x, Streamed):
            return data
        if not isinstance(x, Ragged):
            beyond = self._beyond(x.numpy())
            if not beyond.any():
                return data
            return data.with_columns(x=torch.from_numpy(self._within(x.numpy(), beyond)))
        values, starts = x.values.numpy(), x.starts.numpy()
        low, high = self._widened(self.low, self.high)
        smallest, largest = (each.reduceat(values, starts) for each in (np.minimum, np.maximum))
        is_beyond = (smallest < low) | (largest > high)  # (n, C)
        rows = np.flatnonzero(is_beyond.any(1))
        if not len(rows):
            return data
        values = as_floats(values, copy=True)
        for row in rows:
            steps = slice(starts[row], starts[row] + x.host_lengths[row])
            values[steps] = self._within(values[None, steps], is_beyond[None, row])[0]
        lengths = torch.from_numpy(x.host_lengths)
        return data.with_columns(x=Ragged(torch.from_numpy(values), lengths))

    @np.errstate(over="ignore")
    def _widened(self, low: NDArray[Any], high: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Ends of a range that is 1 + 2 / n times as wide."""
        margin = (high - low) / self.n_rows
        return low - margin, high + margin

    def _beyond(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Which channels of signals (n, T, C) leave the range: (n, C)."""
        n_rows, n_steps, n_channels = x.shape
        # Long rows are compared at once: steps of some channels would take ten times as long.
        low, high = (np.tile(end, n_steps) for end in self._widened(self.low, self.high))
        flat = x.reshape(n_rows, -1)
        is_beyond = (flat < low) | (flat > high)
        if not is_beyond.any():
            return np.zeros((n_rows, n_channels), dtype=bool)
        return np.asarray(is_beyond.reshape(x.shape).any(1))

    @np.errstate(over="ignore")
    def _within(self, x: NDArray[Any], is_beyond: NDArray[np.bool_]) -> NDArray[Any]:
        """Signals (n, T, C), with the channels (n, C) that leave the range clipped."""
        row, channel = np.nonzero(is_beyond)
        x = as_floats(x, copy=True)
        some = x[row, :, channel]  # (n_some, T)
        middle = np.median(some, axis=1, keepdims=True)
        # A channel that had one value keeps it: another level says nothing either.
        is_constant = (self.low == self.high)[channel, None]
        middle = np.where(is_constant, self.low[channel, None], middle)
        of_range = (end[channel, None] for end in self._widened(self.low, self.high))
        of_shape = (middle + end[channel, None] for end in self._widened(self.below, self.above))
        in_range, in_shape = some.clip(*of_range), some.clip(*of_shape)
        keeps_shape = np.abs(some - in_shape) <= np.abs(some - in_range)
        x[row, :, channel] = np.where(keeps_shape, in_shape, in_range)
        return x


def as_floats(x: NDArray[Any], *, copy: bool = False) -> NDArray[Any]:
    """Values of any dtype that users have, such as bytes, in one in which they have differences."""
    return x.astype(np.result_type(x, np.float32), copy=copy)
