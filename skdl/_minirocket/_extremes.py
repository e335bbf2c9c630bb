"""The largest and the smallest convolution of each series: where short events in long ones show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._counts import Hits
from ._kernels import LARGEST, LOWEST, N_TAPS, Block, Positions, convolutions
from ._pooled import Pooled

HIGHEST = 2**15 - 1  # above all convolutions


class Extremes(Pooled):
    """The largest convolution of each series with each kernel, and the smallest.

    Of the positions at which the kernel lies within the series: beyond its ends zeros stand for
    steps, and differ from all others. An event of some steps changes the proportions of MiniRocket
    by little in a long series, but these.
    """

    def _pooled(self, block: Block, dilation: int, hits: Hits) -> Iterator[NDArray[np.float32]]:
        positions = block.positions(N_TAPS // 2 * dilation)
        for _, _, values in convolutions(lambda _: block, dilation):
            both = [
                np.asarray(extreme.cpu() if isinstance(extreme, torch.Tensor) else extreme)
                for extreme in extremes(values, positions)
            ]
            of_kernels: NDArray[np.float32] = np.stack(both, axis=1).astype(np.float32)
            of_kernels /= LARGEST
            yield of_kernels.reshape(-1, of_kernels.shape[-1])


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
