"""Features of each kernel and dilation, without thresholds: the parts of them that are alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ._counts import Hits
from ._kernels import KERNELS, Block, spread_steps
from ._series import Batch, drawn_channels, kept_blocks, limits_of

MAX_DILATIONS = 16


@dataclass
class Pooled(ABC):
    """Two features of each kernel and dilation, pooled over the positions of a series.

    Attributes
    ----------
    standardizes : bool
        Whether series are standardized one by one.
    of_differences : bool
        Whether convolutions are those of the differences of steps.
    dilations : ndarray of shape (n_dilations,)
        Some may be the same: each has channels of its own.
    channels : list of ndarray
        Numbers of the channels that are added, by dilation and, of ``n_sets``, first tap.
    stride : int
        Convolutions are computed at every so many steps.
    limits : list of float
        Beyond which the sums of channels are clipped, for each of ``channels``.
    """

    n_sets: ClassVar[int] = 1  # of channels, for each dilation

    standardizes: bool
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
        standardizes: bool = True,
        of_differences: bool = False,
        max_dilations: int = MAX_DILATIONS,
    ) -> Self:
        """Draw channels, and learn limits from some series."""
        dilations, channels = cls._drawn(length, len(batch.values), max_dilations, rng)
        learned = cls(standardizes, of_differences, dilations, channels, stride, [])
        learned.limits = limits_of(channels, partial(learned._combined, batch), batch.n_steps)
        return learned

    @property
    def n_features(self) -> int:
        return 2 * len(KERNELS) * len(self.dilations)

    def features(
        self, batch: Batch, device: torch.device | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """The features, in pieces (n, W)."""
        combined, longest = partial(self._combined, batch), int(self.dilations[-1])
        block = kept_blocks(combined, longest, batch.lengths, self.stride, device)
        hits = Hits()
        for place, dilation in enumerate(self.dilations):

            def block_of(first_tap: int, start: int = place * self.n_sets) -> Block:
                known = start + first_tap % self.n_sets
                return block(self.channels[known], self.limits[known])

            yield from self._pooled(block_of, int(dilation), hits)

    @classmethod
    def _drawn(
        cls, length: int, n_channels: int, max_dilations: int, rng: np.random.Generator
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Dilations, and ``n_sets`` of channels for each."""
        dilations = np.unique(spread_steps(length, max_dilations))
        return dilations, drawn_channels(n_channels, cls.n_sets * len(dilations), rng)

    def _combined(self, batch: Batch, channels: NDArray[Any]) -> NDArray[Any]:
        x = batch.combined(channels, standardizes=self.standardizes)
        return batch.differences(x) if self.of_differences else x

    @abstractmethod
    def _pooled(
        self, block_of: Callable[[int], Block], dilation: int, hits: Hits
    ) -> Iterator[NDArray[np.float32]]:
        """The features of one dilation, in pieces (n, W); their order is that of the kernels."""
