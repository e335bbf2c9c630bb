"""MiniRocket: how often dilated convolutions with 84 fixed kernels are above thresholds.

The kernels have 9 weights, three of them 2 and the others -1. Series are rounded to integers of 12
bits, so that convolutions are sums of integers of 16 bits: fast, and the same in whatever order and
on whatever device they are added.

Blocks of series are (T, W): steps by series, so that a shift in time is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations, groupby
from typing import Any, NamedTuple

import numpy as np
import torch

N_TAPS = 9
N_FIRST_TAPS = N_TAPS - 2  # taps of which two others can come behind
KERNELS = tuple(combinations(range(N_TAPS), 3))  # where the weight is 2
LARGEST = (2**15 - 1) // 12  # a convolution of values up to this is an integer of 16 bits
LOWEST = -(2**15)  # below all convolutions: no threshold is lower
# Values of the convolutions that are made at once, if not of a single kernel.
VALUES_AT_ONCE, VALUES_ON_CARD = 2**18, 2**22


class Dilations(NamedTuple):
    """Steps between the taps of a kernel, and the number of thresholds of each kernel.

    Several may be of the same steps: each has channels of its own.
    """

    steps: np.ndarray
    n_thresholds: np.ndarray

    @classmethod
    def spread(cls, length: int, n_per_kernel: int, most: int, least: int = 1) -> Dilations:
        """Exponentially from 1 to where a kernel is as long as the series, as in MiniRocket.

        Those of short series are repeated, so that there are about ``least``.
        """
        n_drawn = min(n_per_kernel, most)
        steps, counts = np.unique(spread_steps(length, n_drawn), return_counts=True)
        n_times = np.minimum(counts, -(-least // len(steps)))
        ends = np.cumsum(np.repeat(counts / n_times, n_times)) * (n_per_kernel / n_drawn)
        return cls(np.repeat(steps, n_times), np.diff(np.rint(ends).astype(int), prepend=0))


def spread_steps(length: int, n: int) -> np.ndarray:
    """So many dilations, from 1 to where a kernel is as long as the series; some are the same."""
    top = np.log2(max(1, (length - 1) / (N_TAPS - 1)))
    return np.logspace(0, top, n, base=2).astype(int)


class Response(NamedTuple):
    """The convolutions of a block with some kernels.

    Attributes
    ----------
    values : ndarray or Tensor of shape (m, t, W)
        Of 16 bits; ``LOWEST`` at positions that do not count. The next response overwrites them.
    n_positions : ndarray of shape (W,) or (1,)
        Positions that count in each series.
    first, n : int
        The features of a dilation begin at number ``first``: n of each kernel.
    kernels : slice
        Which of all kernels these are.
    """

    values: Any
    n_positions: np.ndarray
    first: int
    n: int
    kernels: slice

    def rows_of(self, features: Any) -> Any:
        """The rows (F, ...) of all features that are made of these convolutions: (m, n, ...)."""
        of_dilation = features[self.first : self.first + len(KERNELS) * self.n]
        return of_dilation.reshape(len(KERNELS), self.n, *features.shape[1:])[self.kernels]


@dataclass(eq=False)
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
        taps = [self.tripled[some] for some in steps]
        if self.stride > 1:  # they are added more often than it takes to copy them
            is_array = isinstance(self.values, np.ndarray)
            taps = [np.ascontiguousarray(tap) if is_array else tap.contiguous() for tap in taps]
        return -sum(self.values[some] for some in steps), taps

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
        """The values (m, t, W) at the positions, and ``LOWEST`` at others."""
        if self.largest is None:
            return values[:, self.steps]
        least = torch.minimum if isinstance(values, torch.Tensor) else np.minimum
        return least(values, self.largest)


def responses(
    block_of: Callable[[int, int], Block], dilations: Dilations, n_at_once: int | None = None
) -> Iterator[Response]:
    """The convolutions of a block with all kernels, dilation by dilation.

    Every second one has the series padded with zeros; of the others only the positions count at
    which the kernel lies within the series, where there are any.

    Parameters
    ----------
    block_of : callable
        The block for a dilation and the first tap of weight 2, both by number.
    dilations : Dilations
    n_at_once : int or None
        As in ``convolutions``.
    """
    first = 0
    for place, (dilation, n) in enumerate(zip(*dilations, strict=True)):
        known: Block | None = None
        for start, block, values in convolutions(partial(block_of, place), dilation, n_at_once):
            if block is not known:
                known = block
                both = [block.positions(m) for m in (0, N_TAPS // 2 * int(dilation))]
            for offset, positions in enumerate(both):
                begin = (place + start + offset) % 2
                if begin < len(values):
                    kernels = slice(start + begin, start + len(values), 2)
                    yield Response(positions.of(values[begin::2]), positions.n, first, n, kernels)
        first += len(KERNELS) * n


def convolutions(
    block_of: Callable[[int], Block], dilation: int, n_at_once: int | None = None, group: int = 1
) -> Iterator[tuple[int, Block, Any]]:
    """Convolutions with kernels in a row: number of the first, block, and values (m, t, W).

    The next ones overwrite the values.

    Parameters
    ----------
    block_of : callable
        The block for the first tap of weight 2, by number.
    dilation : int
    n_at_once : int or None
        Kernels that are convolved with at once, at most. None is as many as is fast.
    group : int
        Of which their number is a multiple.
    """
    for block, places in groupby(range(N_FIRST_TAPS), block_of):
        first_taps = set(places)
        numbers = [n for n, kernel in enumerate(KERNELS) if kernel[0] in first_taps]
        minus, taps = block.taps(int(dilation))
        sums = SumsOfThree(minus, taps)
        size = n_at_once or max(1, n_of_size(minus) // group) * group
        out = empty_like(minus, min(size, len(numbers)))
        for start in range(0, len(numbers), size):
            some = numbers[start : start + size]
            for number, row in zip(some, out, strict=False):
                sums.write(KERNELS[number], row)
            yield some[0], block, out[: len(some)]


class SumsOfThree:
    """Sums of ``minus`` and three of the taps, each (t, W); that of the first two is kept."""

    def __init__(self, minus: Any, taps: list[Any]) -> None:
        self.minus, self.taps = minus, taps
        self.first: tuple[int, ...] = ()
        self.add: Any = torch.add if isinstance(minus, torch.Tensor) else np.add

    def write(self, kernel: tuple[int, int, int], out: Any) -> None:
        first, last = kernel[:2], kernel[2]
        if first != self.first:
            if first[:1] != self.first[:1]:
                self.one = self.minus + self.taps[first[0]]
            self.two, self.first = self.one + self.taps[first[1]], first
        self.add(self.two, self.taps[last], out=out)


def n_of_size(values: Any) -> int:
    """How many kernels are convolved with at once: the time of each call counts for few values."""
    if isinstance(values, torch.Tensor):
        return int(np.clip(VALUES_ON_CARD // values.numel(), 1, len(KERNELS)))
    return int(np.clip(VALUES_AT_ONCE // values.size, 1, len(KERNELS)))


def empty_like(values: Any, n: int) -> Any:
    """An uninitialized (n, *shape) of the same type and device."""
    if isinstance(values, torch.Tensor):
        return values.new_empty(n, *values.shape)
    return np.empty((n, *values.shape), values.dtype)
