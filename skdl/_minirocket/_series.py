"""Blocks of series: standardized, with channels added, rounded to integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._reading import Sequences
from ._kernels import LARGEST, N_TAPS, Block

# Series are clipped to so many times the largest value of these rows, but to so many of their usual
# spread, which so many of the rows do not exceed: the integers of 12 bits shall tell usual values
# apart.
HEADROOM, MOST_DEVIATIONS, USUAL = 2.0, 32.0, 0.9
KEPT_BLOCKS = 16
FARTHEST = 1e6  # standard deviations: squares of huge numbers do not exist
NOTHING, TINY = 1e-10, 1e-30


class Batch:
    """Some series by channel, (C, T, W): standardized by channel, 0 behind their ends.

    Parameters
    ----------
    sequences : Sequences
    rows : ndarray of int of shape (W,)
    mean, scale : ndarray of shape (C,)
    """

    def __init__(
        self, sequences: Sequences, rows: NDArray[Any], mean: NDArray[Any], scale: NDArray[Any]
    ) -> None:
        self.lengths = None if sequences.lengths is None else sequences.lengths[rows]
        if self.lengths is None:
            x = np.asarray(sequences.values[rows], dtype=np.float64)
            self.n_steps: Any = x.shape[1]
        else:
            self.n_steps = self.lengths
            x = np.zeros((len(rows), self.lengths.max(), sequences.n_channels))
            for place, series in enumerate(sequences.each(rows)):
                x[place, : len(series)] = series
        x = ((x - mean) / scale).clip(-FARTHEST, FARTHEST)
        if self.lengths is not None:
            x[self.is_padding.T] = 0
        self.values = np.ascontiguousarray(x.transpose(2, 1, 0))

    @property
    def is_padding(self) -> NDArray[Any]:
        """What is behind the ends of the series: (T, W)."""
        assert self.lengths is not None
        padding: NDArray[Any] = np.arange(self.lengths.max())[:, None] >= self.lengths
        return padding

    def centred(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Series (..., T, W) less their means, and their standard deviations (..., 1, W)."""
        x = x - x.sum(-2, keepdims=True) / self.n_steps
        if self.lengths is not None:
            x[..., self.is_padding] = 0
        return x, np.sqrt(np.square(x).sum(-2, keepdims=True) / self.n_steps)

    def combined(self, channels: NDArray[Any], *, standardizes: bool) -> NDArray[Any]:
        """The sum of some channels (T, W); standardized one by one if ``standardizes``."""
        x = self.values[channels[0]] if len(channels) == 1 else self.values[channels].sum(0)
        if not standardizes:
            return x
        largest = np.abs(x).max(0)
        x, spread = self.centred(x)
        # Of a constant series rounding errors remain.
        return np.where(spread > NOTHING * largest, x / np.maximum(spread, TINY), 0)

    def differences(self, x: NDArray[Any]) -> NDArray[Any]:
        """What each step of series (T, W) adds to the one before it; 0 at their ends."""
        differences = np.zeros_like(x)
        np.subtract(x[1:], x[:-1], out=differences[:-1])
        if self.lengths is not None:
            differences[np.arange(len(x))[:, None] >= self.lengths - 1] = 0
        return differences


def drawn_channels(n_channels: int, n_places: int, rng: np.random.Generator) -> list[NDArray[Any]]:
    """Channels that are added, so many times: from 1 to 9, few more often."""
    if n_channels == 1:
        return [np.zeros(1, dtype=int)] * n_places
    most = min(n_channels, N_TAPS)
    sizes = (2 ** rng.uniform(0, np.log2(most + 1), n_places)).astype(int)
    return [np.sort(rng.choice(n_channels, size, replace=False)) for size in sizes]


def standardized_by_channel(some: Sequences) -> tuple[Batch, NDArray[Any], NDArray[Any]]:
    """All of these series, and by what each channel was centred and divided.

    By the median of the means of series, and a high quantile of their spreads around it: so a few
    series that are far from all others do not decide.
    """
    steps = np.abs(np.asarray(some.values, dtype=np.float64)).reshape(-1, some.n_channels)
    unit = steps.max(0)  # squares of huge or tiny numbers do not exist
    unit[unit == 0] = 1
    rows = np.arange(some.n_rows)
    batch = Batch(some, rows, np.zeros(some.n_channels), unit)
    mean = np.median(batch.values.sum(1) / batch.n_steps, axis=1)  # (C,)
    batch = Batch(some, rows, unit * mean, unit)
    scale = usual_spread(batch.values, batch.n_steps)
    scale = np.where(scale > NOTHING * np.abs(mean), scale, 1)
    return Batch(some, rows, unit * mean, unit * scale), unit * mean, unit * scale


def usual_spread(x: NDArray[Any], n_steps: Any) -> NDArray[Any]:
    """A high quantile of the root mean squares of series (..., T, W); the highest if that is 0."""
    of_series = np.sqrt(np.square(x).sum(-2) / n_steps)
    usual: NDArray[Any] = np.quantile(of_series, USUAL, axis=-1)
    return np.where(usual > 0, usual, of_series.max(-1))


def limits_of(
    channels: list[NDArray[Any]], combined: Callable[[NDArray[Any]], NDArray[Any]], n_steps: Any
) -> list[float]:
    """Beyond which each sum of channels, as ``combined`` makes it, is clipped."""
    known: dict[bytes, float] = {}  # few channels are drawn often
    for some in channels:
        if some.tobytes() not in known:
            known[some.tobytes()] = highest_value(combined(some), n_steps)
    return [known[some.tobytes()] for some in channels]


def highest_value(x: NDArray[Any], n_steps: Any) -> float:
    """Beyond which series (T, W) are clipped before they are rounded."""
    usual = MOST_DEVIATIONS * usual_spread(x, n_steps)
    return float(min(HEADROOM * np.abs(x).max(), usual)) or 1.0


def kept_blocks(
    combined: Callable[[NDArray[Any]], NDArray[Any]],
    longest_dilation: int,
    lengths: NDArray[Any] | None,
    stride: int,
    device: torch.device | None,
) -> Callable[[NDArray[Any], float], Block]:
    """``block_of_integers`` of sums of channels, with a limit; some of the last ones are kept."""
    of_channels: dict[bytes, NDArray[Any]] = {}

    @lru_cache(maxsize=KEPT_BLOCKS)
    def made(key: bytes, limit: float) -> Block:
        x = combined(of_channels[key])
        return block_of_integers(x, limit, longest_dilation, lengths, stride, device)

    def block(channels: NDArray[Any], limit: float) -> Block:
        key = channels.tobytes()
        of_channels[key] = channels
        return made(key, limit)

    return block


def block_of_integers(
    x: NDArray[Any],
    limit: float,
    longest_dilation: int,
    lengths: NDArray[Any] | None,
    stride: int,
    device: torch.device | None,
) -> Block:
    """Series (T, W) of 12 bits, with margins for kernels of a dilation; on a device if given."""
    margin = N_TAPS // 2 * longest_dilation
    x = np.clip(x * (LARGEST / limit), -LARGEST, LARGEST)
    values: Any = np.zeros((len(x) + 2 * margin, x.shape[1]), dtype=np.int16)
    np.rint(x, out=values[margin : margin + len(x)], casting="unsafe")
    if device is not None:
        values = torch.from_numpy(values).to(device)
    return Block(values, margin, lengths, stride)
