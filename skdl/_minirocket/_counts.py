"""How often convolutions are above thresholds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._kernels import Response

# Sizes at which numpy is fast: values of a row of the hits that are summed, and hits that are made
# at once.
ROW_VALUES, HITS_AT_ONCE = 2**11, 2**20
MOST_OF_BYTES = 255  # ones whose sum is a byte
ON_CARD = 64  # times as many are made at once


class Hits:
    """Memory for bools that is used again: to ask for it each time takes as long as to fill it."""

    def __init__(self) -> None:
        self._memory = np.empty(0, dtype=bool)

    def of_shape(self, *shape: int) -> NDArray[np.bool_]:
        size = math.prod(shape)
        if size > len(self._memory):
            self._memory = np.empty(size, dtype=bool)
        return self._memory[:size].reshape(shape)


def write_counts(response: Response, thresholds: NDArray[Any], hits: Hits, out: Any) -> None:
    """Write how often each series is above thresholds.

    Parameters
    ----------
    response : Response
        Of m kernels.
    thresholds : ndarray of shape (m, n)
    hits : Hits
    out : ndarray or Tensor of shape (m, n, W)
    """
    values = response.values
    if isinstance(values, torch.Tensor):
        limits = torch.from_numpy(thresholds).to(values.device)
        n_at_once = max(1, HITS_AT_ONCE * ON_CARD // values.numel())
        counts = [
            (values[:, None] > some[:, :, None, None]).sum(2)
            for some in limits.split(n_at_once, dim=1)
        ]
        out[...] = torch.cat(counts, 1)
    else:
        write_counts_of_arrays(values, thresholds, hits, out)


def of_positions(counts: Any, n_positions: NDArray[Any]) -> NDArray[np.float32]:
    """Counts (..., W) as proportions of the positions (..., W or 1) of each series."""
    if isinstance(counts, torch.Tensor):
        counts = counts.cpu().numpy()
    proportions: NDArray[np.float32] = counts.astype(np.float32)
    proportions /= n_positions
    return proportions


def write_counts_of_arrays(
    values: NDArray[Any], thresholds: NDArray[Any], hits: Hits, out: NDArray[Any]
) -> None:
    """Write how many of the values (m, t, W) of each column are above thresholds (m, n)."""
    n_kernels, n_steps, width = values.shape
    n_at_once = max(1, HITS_AT_ONCE // values.size)
    for start in range(0, thresholds.shape[1], n_at_once):
        some = slice(start, start + n_at_once)
        limits = thresholds[:, some, None, None]
        above = hits.of_shape(n_kernels, limits.shape[1], n_steps, width)
        np.greater(values[:, None], limits, out=above)
        out[:, some] = column_counts(above)


def column_counts(hits: NDArray[np.bool_]) -> NDArray[Any]:
    """How often each column of hits (..., t, W) is true: (..., W), of 8 bits if they can be."""
    *shape, n_steps, width = hits.shape
    # Several steps in a row: numpy sums long rows of bytes fast. A power of 2, to halve it.
    fold = 2 ** max(0, math.floor(math.log2(ROW_VALUES / width)))
    ones = hits.view(np.uint8).reshape(-1, n_steps * width)
    n_folded = n_steps // fold * fold * width
    counts = sums_of_rows(ones[:, :n_folded].reshape(len(ones), n_steps // fold, fold * width))
    if n_steps > MOST_OF_BYTES:
        counts = counts.astype(np.uint32)
    rest = ones[:, n_folded:]
    counts[:, : rest.shape[1]] += rest
    while fold > 1:
        fold //= 2
        counts[:, : fold * width] += counts[:, fold * width : 2 * fold * width]
    return counts[:, :width].reshape(*shape, width)


def sums_of_rows(ones: NDArray[np.uint8]) -> NDArray[Any]:
    """Sums of bytes (m, rows, W) that are 0 or 1 over rows: (m, W), bytes if they can be."""
    starts = range(0, max(1, ones.shape[1]), MOST_OF_BYTES)
    sums = [
        np.add.reduce(ones[:, start : start + MOST_OF_BYTES], axis=1, dtype=np.uint8)
        for start in starts
    ]
    total: NDArray[Any] = sums[0] if len(sums) == 1 else np.stack(sums).sum(0, dtype=np.uint32)
    return total
