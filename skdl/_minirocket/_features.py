"""Features of series by random convolutions, as they are and standardized one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from .._reading import Sequences
from ._kernels import (
    KERNELS,
    LARGEST,
    N_FIRST_TAPS,
    N_TAPS,
    Block,
    Dilations,
    Response,
    proportions_above,
    responses,
)

# Rows of which limits and thresholds are learned, and their values, unless they are very long.
FIT_ROWS, MIN_FIT_ROWS, FIT_VALUES = 256, 16, 2**20
# Series are clipped to so many times the largest value of these rows, but to so many of their usual
# spread, which so many of the rows do not exceed: the integers of 12 bits shall tell usual values
# apart.
HEADROOM, MOST_DEVIATIONS, USUAL = 2.0, 32.0, 0.9
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2
# Values of a block, of one channel and of all, and its series, at most.
BLOCK_VALUES, BATCH_VALUES, MAX_BLOCK = 2**18, 2**20, 1024
MIN_BLOCK, LEAST_FILLED = 32, 0.75  # series of unequal length of a block, and their lengths
FARTHEST = 1e6  # standard deviations: squares of huge numbers do not exist
NOTHING, TINY = 1e-10, 1e-30
SAME_SPREAD = 0.01  # series whose standard deviations differ by less are standardized already


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


@dataclass
class View:
    """Features of series as they are, or standardized one by one.

    Attributes
    ----------
    standardizes : bool
    dilations : Dilations
    channels : list of ndarray
        Numbers of the channels that are added, by dilation and first tap.
    stride : int
        Convolutions are computed at every so many steps.
    limits : ndarray
        Beyond which the sums of channels are clipped, for each of ``channels``.
    thresholds : ndarray of shape (n_features,)
        Of 16 bits.
    """

    standardizes: bool
    dilations: Dilations
    channels: list[NDArray[Any]]
    stride: int
    limits: NDArray[Any]
    thresholds: NDArray[Any]

    @classmethod
    def learned(
        cls,
        batch: Batch,
        dilations: Dilations,
        stride: int,
        rng: np.random.Generator,
        *,
        standardizes: bool,
    ) -> View:
        """Draw channels, and learn limits and thresholds from some series."""
        channels = drawn_channels(len(batch.values), len(dilations.steps), rng)
        limits = np.zeros(len(channels))
        for place, some in enumerate(channels):
            if place and some is channels[place - 1]:
                limits[place] = limits[place - 1]
                continue
            x = batch.combined(some, standardizes=standardizes)
            usual = MOST_DEVIATIONS * usual_spread(x, batch.n_steps)
            limits[place] = min(HEADROOM * np.abs(x).max(), usual) or 1.0
        n_features = len(KERNELS) * int(dilations.n_thresholds.sum())
        unknown = np.zeros(n_features, dtype=np.int16)
        view = cls(standardizes, dilations, channels, stride, limits, unknown)
        levels = np.arange(1, n_features + 1) * GOLDEN_RATIO % 1
        for response in view.responses(batch):
            values, n, features = response
            column = rng.integers(values.shape[1])
            known = np.sort(values[:, column])[-int(np.broadcast_to(n, values.shape[1])[column]) :]
            # Between two neighbours in the order of size, as quantiles are.
            view.thresholds[features] = known[(levels[features] * len(known)).astype(int)]
        return view

    def responses(self, batch: Batch, device: torch.device | None = None) -> Iterator[Response]:
        margin = N_TAPS // 2 * int(self.dilations.steps[-1])
        before: tuple[Any, Block] | None = None

        def block_of(dilation: int, first_tap: int) -> Block:
            nonlocal before
            place = dilation * N_FIRST_TAPS + first_tap
            if before is not None and before[0] is self.channels[place]:
                return before[1]
            x = batch.combined(self.channels[place], standardizes=self.standardizes)
            x = np.clip(x * (LARGEST / self.limits[place]), -LARGEST, LARGEST)
            values: Any = np.zeros((len(x) + 2 * margin, x.shape[1]), dtype=np.int16)
            np.rint(x, out=values[margin : margin + len(x)], casting="unsafe")
            if device is not None:
                values = torch.from_numpy(values).to(device)
            block = Block(values, margin, batch.lengths, self.stride)
            before = self.channels[place], block
            return block

        return responses(block_of, self.dilations)

    def features(self, batch: Batch, device: torch.device | None = None) -> NDArray[Any]:
        """Proportions of the positions that are above thresholds: (W, n_features)."""
        of_kernels = [
            proportions_above(each, self.thresholds[each.features])
            for each in self.responses(batch, device)
        ]
        if device is None:
            return np.concatenate(of_kernels).T
        return torch.cat(of_kernels).T.cpu().numpy()


def drawn_channels(
    n_channels: int, n_dilations: int, rng: np.random.Generator
) -> list[NDArray[Any]]:
    """Channels that are added, for each dilation and first tap: from 1 to 9, few more often."""
    n_places = n_dilations * N_FIRST_TAPS
    if n_channels == 1:
        return [np.zeros(1, dtype=int)] * n_places
    most = min(n_channels, N_TAPS)
    sizes = (2 ** rng.uniform(0, np.log2(most + 1), n_places)).astype(int)
    return [rng.choice(n_channels, size, replace=False) for size in sizes]


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


@dataclass
class ConvolutionFeatures:
    """Learned features of series.

    Attributes
    ----------
    mean, scale : ndarray of shape (C,)
        Of each channel: channels are standardized before they are added.
    views : list of View
    """

    mean: NDArray[Any]
    scale: NDArray[Any]
    views: list[View]

    @classmethod
    def learned(
        cls,
        sequences: Sequences,
        n_per_kernel: int,
        rng: np.random.Generator,
        *,
        max_dilations: int,
        normalize: bool | str,
        max_positions: int | None,
    ) -> ConvolutionFeatures:
        """Learn from series; ``normalize`` is True, False or "both"."""
        of_row = sequences.values.size // sequences.n_rows
        n_rows = int(np.clip(FIT_VALUES // of_row, MIN_FIT_ROWS, FIT_ROWS))
        rows = np.sort(rng.permutation(sequences.n_rows)[:n_rows])
        batch, mean, scale = standardized_by_channel(sequences.rows(rows))
        length = int(np.median(batch.n_steps))
        level, spread = batch.values.sum(1) / batch.n_steps, batch.centred(batch.values)[1]
        differ = np.ptp(spread) > SAME_SPREAD * spread.min() or np.ptp(level) > SAME_SPREAD
        views = [bool(normalize)]
        if isinstance(normalize, str):
            views = [False, True] if differ else [True]
        stride = max(1, length // (max_positions or length))
        n_of_views = np.diff(np.linspace(0, n_per_kernel, len(views) + 1).astype(int))
        return cls(
            mean,
            scale,
            [
                View.learned(
                    batch,
                    Dilations.spread(length, n, max_dilations),
                    stride,
                    rng,
                    standardizes=standardizes,
                )
                for standardizes, n in zip(views, n_of_views, strict=True)
                if n
            ],
        )

    @property
    def n_features(self) -> int:
        return sum(len(view.thresholds) for view in self.views)

    def transform(
        self, sequences: Sequences, n_jobs: int | None = None, device: torch.device | None = None
    ) -> NDArray[Any]:
        """Features (n, n_features) of float32."""
        out = np.empty((sequences.n_rows, self.n_features), dtype=np.float32)

        def fill(rows: NDArray[Any]) -> None:
            batch, start = Batch(sequences, rows, self.mean, self.scale), 0
            for view in self.views:
                stop = start + len(view.thresholds)
                out[rows, start:stop] = view.features(batch, device)
                start = stop

        blocks = list(blocks_of_rows(sequences))
        if len(blocks) == 1:
            fill(blocks[0])
        else:
            Parallel(n_jobs=n_jobs, require="sharedmem")(map(delayed(fill), blocks))
        return out


def values_of(n_channels: int) -> int:
    """Values of each channel in a block: of many channels fewer, for all are kept at once."""
    return min(BLOCK_VALUES, BATCH_VALUES // n_channels)


def blocks_of_rows(sequences: Sequences) -> Iterator[NDArray[Any]]:
    """Numbers of the rows of each block: of about the same length, and as numpy is fast with."""
    lengths = sequences.lengths
    if lengths is None:
        _, n_steps, n_channels = sequences.values.shape
        size = int(np.clip(values_of(n_channels) // n_steps, 1, MAX_BLOCK))
        n_blocks = -(-sequences.n_rows // size)
        yield from np.array_split(np.arange(sequences.n_rows), n_blocks)
        return
    order, start = np.argsort(-lengths, kind="stable"), 0
    while start < len(order):
        longest = lengths[order[start]]
        size = int(np.clip(values_of(sequences.n_channels) // longest, 1, MAX_BLOCK))
        # Rows that are much shorter would be padding mostly, but few rows take as long as some.
        n_alike = int(np.searchsorted(-lengths[order], -LEAST_FILLED * longest, side="right"))
        size = min(size, max(n_alike - start, MIN_BLOCK))
        yield order[start : start + size]
        start += size
