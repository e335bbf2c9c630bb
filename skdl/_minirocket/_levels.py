"""Levels and spreads of series: what convolutions with kernels of sum 0 do not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._reading import Sequences

# Parts of which the means are taken: fewer of many channels, of which there are so many in all. In
# cross-validation more parts are better where single steps decide, and no worse elsewhere.
MOST_PARTS, LEAST_PARTS, MOST_OF_ALL = 128, 16, 1024
N_OF_LENGTH = 16  # features that are the length: one would hardly count among hundreds
AT_ONCE = 2**18  # values that are read at once


def level_features(
    sequences: Sequences, mean: NDArray[Any], scale: NDArray[Any]
) -> NDArray[np.float32]:
    """Means of parts of equal length, spreads and largest values of each channel, and the length.

    Parameters
    ----------
    sequences : Sequences
    mean, scale : ndarray of shape (C,)
        By which channels are standardized.

    Returns
    -------
    ndarray of shape (n, (n_parts + 3) * C + 16)
        There are 128 parts, of more than 8 channels fewer, but at least 16. Spreads are standard
        deviations, and their logarithms. The last ones are the logarithm of the length.
    """
    return np.concatenate([_of_length(x) for x in standardized_pieces(sequences, mean, scale)])


def standardized_pieces(
    sequences: Sequences, mean: NDArray[Any], scale: NDArray[Any]
) -> Iterator[NDArray[Any]]:
    """Some series at a time (n, T, C), of one length, with standardized channels."""
    values = sequences.values
    if sequences.lengths is None:
        n = max(1, AT_ONCE // values[0].size)
        for start in range(0, len(values), n):
            yield (values[start : start + n] - mean) / scale
    else:
        for row in sequences.each(np.arange(sequences.n_rows)):
            yield (row[None] - mean) / scale


def _of_length(x: NDArray[Any]) -> NDArray[np.float32]:
    """Those of series (n, T, C)."""
    means = means_of_parts(x, n_parts(x.shape[2]))
    spread = x.std(axis=1, keepdims=True)
    largest = np.abs(x).max(axis=1, keepdims=True)
    features = np.concatenate([means, spread, np.log(spread + 1e-6), largest], axis=1)
    length = np.full((len(x), N_OF_LENGTH), np.log(x.shape[1]))
    return np.concatenate([features.reshape(len(x), -1), length], axis=1).astype(np.float32)


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
