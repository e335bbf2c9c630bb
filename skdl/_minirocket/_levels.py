"""Levels and spreads of series: what convolutions with kernels of sum 0 do not see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._reading import Sequences

# Parts of which the means are taken: fewer of many channels, of which there are so many in all. In
# cross-validation more parts are better where single steps decide, and no worse elsewhere.
MOST_PARTS, LEAST_PARTS, MOST_OF_ALL = 128, 16, 1024
# Features that are the logarithm of the length, for one would hardly count among hundreds; and the
# periods, in octaves, of waves of it, of which functions of the length are made.
N_OF_LENGTH, PERIODS = 8, (1.0, 2.0, 4.0, 8.0)
AT_ONCE = 2**18  # values that are read at once
# Robust standard deviations from the median at which values are clipped, or standard deviations
# from the mean where more than half of the values are equal; and as many values as tell them.
MOST_DEVIATIONS, FARTHEST, MAX_VALUES = 3.0, 10.0, 2**22
OF_NORMAL = 1.4826  # standard deviations of normal values in one median absolute deviation


@dataclass
class Levels:
    """Levels and spreads of series.

    Outliers do not decide: means are those of clipped values.

    Attributes
    ----------
    mean, scale : ndarray of shape (C,)
        By which channels are standardized.
    low, high : ndarray of shape (C,)
        At which standardized values are clipped.
    unit : ndarray of shape (C,)
        Standard deviations of clipped values, in which series are compared: of levels of two sorts
        the scale is larger than that.
    """

    mean: NDArray[Any]
    scale: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]
    unit: NDArray[Any]

    @classmethod
    def learned(cls, sequences: Sequences, mean: NDArray[Any], scale: NDArray[Any]) -> Levels:
        """Limits from the steps of the series, of very many from some."""
        steps = sequences.values.reshape(-1, sequences.n_channels)
        steps = (steps[:: -(-steps.size // MAX_VALUES)] - mean) / scale
        middle = np.median(steps, axis=0)
        deviation = OF_NORMAL * np.median(np.abs(steps - middle), axis=0)
        farthest = np.where(deviation > 0, MOST_DEVIATIONS * deviation, FARTHEST)
        middle = np.where(deviation > 0, middle, 0)
        low, high = middle - farthest, middle + farthest
        unit = steps.clip(low, high).std(axis=0)
        return cls(mean, scale, low, high, np.where(unit > 0, unit, 1))

    def features(self, sequences: Sequences) -> NDArray[np.float32]:
        """Means of parts of equal length, spreads and largest values of channels, and the length.

        Parameters
        ----------
        sequences : Sequences

        Returns
        -------
        ndarray of shape (n, (n_parts + 5) * C + 16)
            There are 128 parts, of more than 8 channels fewer, but at least 16. Spreads are
            standard deviations, and their logarithms, of clipped values and of all. The last ones
            are the logarithm of the length, and waves of it.
        """
        return np.concatenate([self._of_length(x) for x in self.standardized(sequences)])

    def standardized(self, sequences: Sequences) -> Iterator[NDArray[Any]]:
        """Some series at a time (n, T, C), of one length, with standardized channels."""
        values = sequences.values
        if sequences.lengths is None:
            n = max(1, AT_ONCE // values[0].size)
            for start in range(0, len(values), n):
                yield (values[start : start + n] - self.mean) / self.scale
        else:
            for row in sequences.each(np.arange(sequences.n_rows)):
                yield (row[None] - self.mean) / self.scale

    def _of_length(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Those of series (n, T, C)."""
        clipped = x.clip(self.low, self.high)
        features = [means_of_parts(clipped, n_parts(x.shape[2])), np.abs(x).max(1, keepdims=True)]
        for values in (clipped, x):
            spread = values.std(axis=1, keepdims=True)
            features += [spread, np.log(spread + 1e-6)]
        of_channels = np.concatenate(features, axis=1).reshape(len(x), -1)
        of_length = np.tile(length_features(x.shape[1]), (len(x), 1))
        return np.concatenate([of_channels, of_length], axis=1).astype(np.float32)


def length_features(n_steps: int) -> NDArray[Any]:
    """The logarithm of a length, and waves of it: (16,)."""
    octaves = np.log2(n_steps)
    angles = 2 * np.pi * octaves / np.array(PERIODS)
    return np.concatenate([np.full(N_OF_LENGTH, octaves), np.sin(angles), np.cos(angles)])


def n_parts(n_channels: int) -> int:
    return int(np.clip(MOST_OF_ALL // n_channels, LEAST_PARTS, MOST_PARTS))


def means_of_parts(x: NDArray[Any], n: int) -> NDArray[Any]:
    """Means (., n, C) of n parts of equal length of series (., T, C)."""
    n_steps = x.shape[1]
    sums = np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x, axis=1)], axis=1)
    ends = np.linspace(0, n_steps, n + 1)  # they may lie between two steps
    below = np.minimum(ends.astype(int), n_steps - 1)
    within = (ends - below)[:, None]
    at_ends = sums[:, below] + within * (sums[:, below + 1] - sums[:, below])
    return np.diff(at_ends, axis=1) * (n / n_steps)
