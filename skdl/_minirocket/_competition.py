"""Competing convolutions: how often each kernel of a group is the largest or the smallest.

As in Hydra (A. Dempster, D. F. Schmidt and G. I. Webb, "Hydra: competing convolutional kernels for
fast and accurate time series classification", Data Mining and Knowledge Discovery 37, 2023), with
the kernels of MiniRocket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, reduce
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._kernels import (
    KERNELS,
    LOWEST,
    N_FIRST_TAPS,
    Block,
    column_counts,
    folded,
    spread_steps,
    sums_of_three,
)
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

    def features(self, batch: Batch, device: torch.device | None = None) -> NDArray[Any]:
        """Roots of the proportions of the positions at which each kernel wins: (W, n_features)."""
        combined, longest = partial(self._combined, batch), int(self.dilations[-1])
        block = kept_blocks(combined, longest, batch.lengths, self.stride, device)
        proportions: Any = []
        for some, limit, dilation in zip(self.channels, self.limits, self.dilations, strict=True):
            proportions += proportions_of(block(some, limit), int(dilation))
        if device is None:
            proportions = np.concatenate(proportions)
        else:
            proportions = torch.cat(proportions).cpu().numpy()
        return np.sqrt(proportions).T

    def _combined(self, batch: Batch, channels: NDArray[Any]) -> NDArray[Any]:
        x = batch.combined(channels, standardizes=True)
        return batch.differences(x) if self.of_differences else x


def proportions_of(block: Block, dilation: int) -> Iterator[Any]:
    """Of each group those at which the kernels are the largest, and the smallest: (7, W)."""
    _, largest, n_positions = block.positions(0)
    counted = None if largest is None else largest != LOWEST
    minus, taps = block.taps(dilation)
    kernels = chain.from_iterable(sums_of_three(minus, taps, i) for i in range(N_FIRST_TAPS))
    while group := list(islice(kernels, GROUP)):
        yield from proportions_of_wins(group, counted, n_positions)


def proportions_of_wins(group: list[Any], counted: Any, n_positions: NDArray[Any]) -> list[Any]:
    """Proportion of the positions at which each kernel is the largest, and the smallest.

    Kernels that are equal win together.

    Parameters
    ----------
    group : list of ndarray or Tensor of shape (t, W)
    counted : ndarray or Tensor of bool of shape (t, W), or None
        Which positions count; None where all do.
    n_positions : ndarray of shape (W,) or (1,)
    """
    if isinstance(group[0], torch.Tensor):
        extremes = [reduce(pick, group) for pick in (torch.maximum, torch.minimum)]
        wins = [torch.stack([values == extreme for values in group]) for extreme in extremes]
        wins = wins if counted is None else [each & counted for each in wins]
        n: Any = torch.as_tensor(n_positions, device=group[0].device)
        return [each.sum(1) / n for each in wins]
    width, n = group[0].shape[1], n_positions.astype(np.float32)
    folds = folded(np.stack(group), 0)
    counts = []
    # Positions behind the last one are no wins.
    is_position = folded(np.ones_like(group[0], dtype=bool) if counted is None else counted, 0)
    for pick in (np.maximum, np.minimum):
        wins = folds == pick.reduce(folds)
        wins &= is_position
        counts.append(column_counts(wins, width).astype(np.float32) / n)
    return counts
