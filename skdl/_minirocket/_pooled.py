"""Features of each kernel and dilation, without thresholds: the parts of them that are alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

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
    channels : list of ndarray
        Numbers of the channels that are added, by dilation.
    stride : int
        Convolutions are computed at every so many steps.
    limits : list of float
        Beyond which the sums of channels are clipped, by dilation.
    """

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
        dilations = np.unique(spread_steps(length, max_dilations))
        channels = drawn_channels(len(batch.values), len(dilations), rng)
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
        for some, limit, dilation in zip(self.channels, self.limits, self.dilations, strict=True):
            yield from self._pooled(block(some, limit), int(dilation), hits)

    def _combined(self, batch: Batch, channels: NDArray[Any]) -> NDArray[Any]:
        x = batch.combined(channels, standardizes=self.standardizes)
        return batch.differences(x) if self.of_differences else x

    @abstractmethod
    def _pooled(self, block: Block, dilation: int, hits: Hits) -> Iterator[NDArray[np.float32]]:
        """The features of one dilation, in pieces (n, W); their order is that of the kernels."""
