"""The largest and the smallest convolution of each series: where short events in long ones show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ._counts import Hits
from ._kernels import (
    LARGEST,
    LOWEST,
    N_FIRST_TAPS,
    N_TAPS,
    Block,
    Positions,
    convolutions,
    spread_steps,
)
from ._pooled import Pooled
from ._series import drawn_channels

HIGHEST = 2**15 - 1  # above all convolutions
# Of several channels there are so many dilations, each once for about so many channels, but at most
# so many times.
DILATIONS_OF_CHANNELS, CHANNELS_AT_ONCE, MOST_TIMES = 8, 3, 8


class Extremes(Pooled):
    """The largest convolution of each series with each kernel, and the smallest.

    Of the positions at which the kernel lies within the series: beyond its ends zeros stand for
    steps, and differ from all others. An event of some steps changes the proportions of MiniRocket
    by little in a long series, but these. An event in one of many channels would be lost in their
    sum: so most are of one channel, and some of sums, for events in many.
    """

    n_sets: ClassVar[int] = N_FIRST_TAPS

    def _pooled(
        self, block_of: Callable[[int], Block], dilation: int, hits: Hits
    ) -> Iterator[NDArray[np.float32]]:
        for _, block, values in convolutions(block_of, dilation):
            positions = block.positions(N_TAPS // 2 * dilation)
            both = [
                np.asarray(extreme.cpu() if isinstance(extreme, torch.Tensor) else extreme)
                for extreme in extremes(values, positions)
            ]
            of_kernels: NDArray[np.float32] = np.stack(both, axis=1).astype(np.float32)
            of_kernels /= LARGEST
            yield of_kernels.reshape(-1, of_kernels.shape[-1])

    @classmethod
    def _drawn(
        cls, length: int, n_channels: int, max_dilations: int, rng: np.random.Generator
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        if n_channels == 1:
            return super()._drawn(length, n_channels, max_dilations, rng)
        dilations = np.unique(spread_steps(length, min(max_dilations, DILATIONS_OF_CHANNELS)))
        n_times = min(-(-n_channels // CHANNELS_AT_ONCE), MOST_TIMES, max_dilations)
        channels = []
        for _ in dilations:
            channels += single_channels(n_channels, n_times * cls.n_sets, rng)
            channels += drawn_channels(n_channels, cls.n_sets, rng)
        return np.repeat(dilations, n_times + 1), channels


def single_channels(n_channels: int, n: int, rng: np.random.Generator) -> list[NDArray[Any]]:
    """Each channel alone, about as often as the others."""
    orders = [rng.permutation(n_channels) for _ in range(-(-n // n_channels))]
    return [np.array([channel]) for channel in np.concatenate(orders)[:n]]


def extremes(values: Any, positions: Positions) -> tuple[Any, Any]:
    """The largest and the smallest of convolutions (m, t, W) at positions that count: (m, W)."""
    counted, largest = positions.of(values), positions.largest
    if largest is None:
        return (
            (counted.amax(1), counted.amin(1))
            if isinstance(values, torch.Tensor)
            else (counted.max(1), counted.min(1))
        )
    if isinstance(values, torch.Tensor):
        return counted.amax(1), values.masked_fill(largest == LOWEST, HIGHEST).amin(1)
    smallest = np.where(largest == LOWEST, np.int16(HIGHEST), np.int16(LOWEST))
    return counted.max(1), np.maximum(values, smallest).min(1)
