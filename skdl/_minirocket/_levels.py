"""Levels and spreads of series: what convolutions with kernels of sum 0 do not see."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._reading import Sequences

N_SEGMENTS = 16


def level_features(
    sequences: Sequences, mean: NDArray[Any], scale: NDArray[Any]
) -> NDArray[np.float32]:
    """Means of 16 parts of equal length, spreads and largest values of each channel.

    Parameters
    ----------
    sequences : Sequences
    mean, scale : ndarray of shape (C,)
        By which channels are standardized.

    Returns
    -------
    ndarray of shape (n, 19 * C)
        Spreads are standard deviations, and their logarithms.
    """
    values = sequences.values
    if sequences.lengths is None:
        n = max(1, 2**18 // values[0].size)  # rows that are read at once
        parts = [_of_length((values[i : i + n] - mean) / scale) for i in range(0, len(values), n)]
        return np.concatenate(parts)
    rows = sequences.each(np.arange(sequences.n_rows))
    return np.concatenate([_of_length((row[None] - mean) / scale) for row in rows])


def _of_length(x: NDArray[Any]) -> NDArray[np.float32]:
    """Those of series (n, T, C)."""
    n_steps = x.shape[1]
    # Sums up to the ends of the parts, which may lie between two steps.
    sums = np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x, axis=1)], axis=1)
    ends = np.linspace(0, n_steps, N_SEGMENTS + 1)
    below = np.minimum(ends.astype(int), n_steps - 1)
    within = (ends - below)[:, None]
    sums = sums[:, below] + within * (sums[:, below + 1] - sums[:, below])
    means = np.diff(sums, axis=1) * (N_SEGMENTS / n_steps)  # (n, 16, C)
    spread = x.std(axis=1, keepdims=True)
    largest = np.abs(x).max(axis=1, keepdims=True)
    features = np.concatenate([means, spread, np.log(spread + 1e-6), largest], axis=1)
    return features.reshape(len(x), -1).astype(np.float32)
