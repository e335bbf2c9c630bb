"""MiniRocket: how often dilated convolutions with 84 fixed kernels are above thresholds.

The kernels have 9 weights, three of them 2 and the others -1. Series are rounded to integers of 12
bits, so that convolutions are sums of integers of 16 bits: fast, and the same in whatever order and
on whatever device they are added.

Blocks of series are (T, W): steps by series, so that a shift in time is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

N_TAPS = 9
N_FIRST_TAPS = N_TAPS - 2  # taps of which two others can come behind
KERNELS = tuple(combinations(range(N_TAPS), 3))  # where the weight is 2
LARGEST = (2**15 - 1) // 12  # a convolution of values up to this is an integer of 16 bits
LOWEST = -(2**15)  # below all convolutions: no threshold is lower
# Sizes at which numpy is fast: values of a row of the hits that are summed, and hits that are made
# at once.
ROW_VALUES, HITS_AT_ONCE = 2**11, 2**20


class Dilations(NamedTuple):
    """Steps between the taps of a kernel, and the number of thresholds of each kernel."""

    steps: np.ndarray
    n_thresholds: np.ndarray

    @classmethod
    def spread(cls, length: int, n_per_kernel: int, most: int) -> Dilations:
        """Exponentially from 1 to where a kernel is as long as the series, as in MiniRocket."""
        n_drawn = min(n_per_kernel, most)
        steps, counts = np.unique(spread_steps(length, n_drawn), return_counts=True)
        ends = np.rint(np.cumsum(counts) * (n_per_kernel / n_drawn)).astype(int)
        return cls(steps, np.diff(ends, prepend=0))


def spread_steps(length: int, n: int) -> np.ndarray:
    """So many dilations, from 1 to where a kernel is as long as the series; some are the same."""
    top = np.log2(max(1, (length - 1) / (N_TAPS - 1)))
    return np.logspace(0, top, n, base=2).astype(int)


class Response(NamedTuple):
    """The convolutions of a block with one kernel.

    Attributes
    ----------
    values : ndarray or Tensor of shape (t, W)
        Of 16 bits; ``LOWEST`` at positions that do not count.
    n_positions : ndarray of shape (W,) or (1,)
        Positions that count in each series.
    features : slice
        The features that are made of them.
    """

    values: Any
    n_positions: Any
    features: slice


@dataclass
class Block:
    """Series of 16 bits, side by side, with zeros before, behind and where they have ended.

    Parameters
    ----------
    values : ndarray or Tensor of shape (margin + T + margin, W)
    margin : int
    lengths : ndarray of shape (W,) or None
        Steps of each series, where they differ.
    stride : int
        Convolutions are computed at every so many steps.
    """

    values: Any
    margin: int
    lengths: np.ndarray | None
    stride: int

    @property
    def n_steps(self) -> int:
        return len(self.values) - 2 * self.margin

    @cached_property
    def tripled(self) -> Any:
        return 3 * self.values

    def taps(self, dilation: int) -> tuple[Any, list[Any]]:
        """Less the sum of the values at all taps (t, W), and three times those at each."""
        first = self.margin - N_TAPS // 2 * dilation
        starts = [first + tap * dilation for tap in range(N_TAPS)]
        steps = [slice(start, start + self.n_steps, self.stride) for start in starts]
        return -sum(self.values[some] for some in steps), [self.tripled[some] for some in steps]

    def positions(self, margin: int) -> Positions:
        """The positions that are not within ``margin`` steps of the ends of a series.

        A series that has no others keeps all.
        """
        lengths = np.array([self.n_steps]) if self.lengths is None else self.lengths
        # The first position of the stride that counts, and the one behind the last.
        starts = np.full_like(lengths, -(-margin // self.stride))
        ends, of_all = -(-(lengths - margin) // self.stride), -(-lengths // self.stride)
        none = ends <= starts
        starts, ends = np.where(none, 0, starts), np.where(none, of_all, ends)
        if self.lengths is None:
            return Positions(slice(starts[0], ends[0]), None, ends - starts)
        place = np.arange(-(-self.n_steps // self.stride))[:, None]
        counts = (place >= starts) & (place < ends)
        largest: Any = np.where(counts, np.int16(2**15 - 1), np.int16(LOWEST))
        if isinstance(self.values, torch.Tensor):
            largest = torch.from_numpy(largest).to(self.values.device)
        return Positions(slice(None), largest, ends - starts)


class Positions(NamedTuple):
    """The positions of the convolutions of a block that count.

    Attributes
    ----------
    steps : slice
    largest : ndarray or Tensor of shape (t, W), or None
        What convolutions are at most; ``LOWEST`` where they do not count. None where all do.
    n : ndarray of shape (W,) or (1,)
        How many there are in each series.
    """

    steps: slice
    largest: Any
    n: np.ndarray

    def of(self, values: Any) -> Any:
        """The values (t, W) at the positions, and ``LOWEST`` at others."""
        if self.largest is None:
            return values[self.steps]
        least = torch.minimum if isinstance(values, torch.Tensor) else np.minimum
        return least(values, self.largest)


def responses(block_of: Callable[[int, int], Block], dilations: Dilations) -> Iterator[Response]:
    """The convolutions of a block with all kernels, dilation by dilation.

    Every second one has the series padded with zeros; of the others only the positions count at
    which the kernel lies within the series, where there are any.

    Parameters
    ----------
    block_of : callable
        The block for a dilation and the first tap of weight 2, both by number.
    dilations : Dilations
    """
    first = 0
    for place, (dilation, n) in enumerate(zip(*dilations, strict=True)):
        block, number = block_of(place, 0), place
        minus, taps = block.taps(int(dilation))
        padded, within = (block.positions(m) for m in (0, N_TAPS // 2 * int(dilation)))
        for i in range(N_FIRST_TAPS):
            before, block = block, block_of(place, i)
            if block is not before:
                minus, taps = block.taps(int(dilation))
            for values in sums_of_three(minus, taps, i):
                positions = within if number % 2 else padded
                yield Response(positions.of(values), positions.n, slice(first, first + n))
                first, number = first + n, number + 1


def sums_of_three(minus: Any, taps: list[Any], i: int) -> Iterator[Any]:
    """``minus`` and three of the taps, of which the first is ``i``."""
    one = minus + taps[i]
    for j in range(i + 1, N_TAPS - 1):
        two = one + taps[j]
        for k in range(j + 1, N_TAPS):
            yield two + taps[k]


def proportions_above(response: Response, thresholds: np.ndarray) -> Any:
    """Proportion of the positions of each series at which it is above thresholds: (n, W)."""
    values, n_positions, _ = response
    if isinstance(values, torch.Tensor):
        limits = torch.from_numpy(thresholds).to(values.device)
        n_at_once = max(1, HITS_AT_ONCE * 64 // values.numel())
        counts = [(values > some[:, None, None]).sum(1) for some in limits.split(n_at_once)]
        return torch.cat(counts) / torch.as_tensor(n_positions, device=values.device)
    return counts_above(values, thresholds) / n_positions.astype(np.float32)


def counts_above(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many of the values (t, W) of each column are above thresholds (n,): (n, W) of float32."""
    width = values.shape[1]
    values = folded(values, LOWEST)
    counts = np.empty((len(thresholds), width), dtype=np.float32)
    n_at_once = max(1, HITS_AT_ONCE // values.size)
    for start in range(0, len(thresholds), n_at_once):
        some = slice(start, start + n_at_once)
        counts[some] = column_counts(values > thresholds[some, None, None], width)
    return counts


def folded(values: np.ndarray, fill: int) -> np.ndarray:
    """Values (..., t, W) with several steps in a row: numpy sums long rows of bytes fast."""
    *others, n_steps, width = values.shape
    fold = max(1, ROW_VALUES // width)
    rows = -(-n_steps // fold)
    if n_steps % fold:
        behind = np.full((*others, rows * fold - n_steps, width), fill, values.dtype)
        values = np.concatenate([values, behind], axis=-2)
    return values.reshape(*others, rows, fold * width)


def column_counts(hits: np.ndarray, width: int) -> np.ndarray:
    """How often each of ``width`` columns is true, (m, W), of folded values (m, rows, fold * W)."""
    hits = hits.view(np.uint8)
    # Sums of up to 255 bytes are bytes.
    ends = [*range(0, hits.shape[1], 255), hits.shape[1]]
    sums = [np.add.reduce(hits[:, a:b], axis=1, dtype=np.uint8) for a, b in pairwise(ends)]
    total = sums[0] if len(sums) == 1 else np.sum(sums, axis=0, dtype=np.int32)
    counts: np.ndarray = total.reshape(len(hits), -1, width).sum(1, dtype=np.int32)
    return counts
