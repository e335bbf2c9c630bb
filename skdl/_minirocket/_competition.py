"""Competing convolutions: how often each kernel of a group is the largest or the smallest.

As in Hydra (A. Dempster, D. F. Schmidt and G. I. Webb, "Hydra: competing convolutional kernels for
fast and accurate time series classification", Data Mining and Knowledge Discovery 37, 2023), with
the kernels of MiniRocket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._counts import Hits, column_counts, of_positions
from ._kernels import KERNELS, LOWEST, Block, convolutions, spread_steps
from ._series import Batch, drawn_channels, kept_blocks, limits_of

GROUP, MAX_DILATIONS = 7, 16


@dataclass
class Competition:
    """Features of series that are standardized one by one, or of their differences.

    Attributes
    ----------
    of_differences : bool
    dilations : ndarray of shape (n_dilations,)
    channels : list of ndarray
        Numbers of the channels that are added, by dilation.
    stride : int
        Convolutions are computed at every so many steps.
    limits : list of float
        Beyond which the sums of channels are clipped, by dilation.
    """

    of_differences: bool
    dilations: NDArray[Any]
    channels: list[NDArray[Any]]
    stride: int
    limits: list[float]

    @classmethod
    def learned(
        cls,
        batch: Batch,
        length: int,
        stride: int,
        rng: np.random.Generator,
        *,
        of_differences: bool,
    ) -> Competition:
        """Draw channels, and learn limits from some series."""
        dilations = np.unique(spread_steps(length, MAX_DILATIONS))
        channels = drawn_channels(len(batch.values), len(dilations), rng)
        learned = cls(of_differences, dilations, channels, stride, [])
        learned.limits = limits_of(channels, partial(learned._combined, batch), batch.n_steps)
        return learned

    @property
    def n_features(self) -> int:
        return 2 * len(KERNELS) * len(self.dilations)

    def features(
        self, batch: Batch, device: torch.device | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Roots of the proportions of the positions at which each kernel wins, in pieces (n, W)."""
        combined, longest = partial(self._combined, batch), int(self.dilations[-1])
        block = kept_blocks(combined, longest, batch.lengths, self.stride, device)
        hits = Hits()
        for some, limit, dilation in zip(self.channels, self.limits, self.dilations, strict=True):
            for proportions in proportions_of(block(some, limit), int(dilation), hits):
                yield np.sqrt(proportions)

    def _combined(self, batch: Batch, channels: NDArray[Any]) -> NDArray[Any]:
        x = batch.combined(channels, standardizes=True)
        return batch.differences(x) if self.of_differences else x


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
