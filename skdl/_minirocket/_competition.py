"""Competing convolutions: how often each kernel of a group is the largest or the smallest.

As in Hydra (A. Dempster, D. F. Schmidt and G. I. Webb, "Hydra: competing convolutional kernels for
fast and accurate time series classification", Data Mining and Knowledge Discovery 37, 2023), with
the kernels of MiniRocket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._counts import Hits, column_counts, of_positions
from ._kernels import LOWEST, Block, convolutions
from ._pooled import Pooled

GROUP = 7


class Competition(Pooled):
    """Roots of the proportions of the positions at which each kernel wins."""

    def _pooled(
        self, block_of: Callable[[int], Block], dilation: int, hits: Hits
    ) -> Iterator[NDArray[np.float32]]:
        for proportions in proportions_of(block_of(0), dilation, hits):
            yield np.sqrt(proportions)


def proportions_of(block: Block, dilation: int, hits: Hits) -> Iterator[Any]:
    """Of each group those at which the kernels are the largest, and the smallest: (m, W)."""
    _, largest, n_positions = block.positions(0)
    counted = None if largest is None else largest != LOWEST
    for _, _, values in convolutions(lambda _: block, dilation, group=GROUP):
        groups = values.reshape(-1, GROUP, *values.shape[1:])
        counts = counts_of_wins(groups, counted, hits)
        yield of_positions(counts, n_positions).reshape(-1, counts.shape[-1])


def counts_of_wins(groups: Any, counted: Any, hits: Hits) -> Any:
    """How often each kernel is the largest, and the smallest, of its group: (g, 2, 7, W).

    Kernels that are equal win together.

    Parameters
    ----------
    groups : ndarray or Tensor of shape (g, 7, t, W)
    counted : ndarray or Tensor of bool of shape (t, W), or None
        Which positions count; None where all do.
    hits : Hits
    """
    if isinstance(groups, torch.Tensor):
        extremes = groups.amax(1), groups.amin(1)
        both = [groups == extreme[:, None] for extreme in extremes]
        both = both if counted is None else [wins & counted for wins in both]
        return torch.stack([wins.sum(2) for wins in both], dim=1)
    counts = []
    for extreme in (groups.max(1), groups.min(1)):
        wins = np.equal(groups, extreme[:, None], out=hits.of_shape(*groups.shape))
        if counted is not None:
            wins &= counted
        counts.append(column_counts(wins))
    return np.stack(counts, axis=1)
