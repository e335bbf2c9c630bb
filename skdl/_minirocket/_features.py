"""Features of series by random convolutions, as they are and standardized one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from .._reading import Sequences
from ._competition import Competition
from ._counts import Hits, of_positions, write_counts
from ._extremes import Extremes
from ._kernels import (
    KERNELS,
    N_FIRST_TAPS,
    Block,
    Dilations,
    Response,
    responses,
)
from ._pooled import MAX_DILATIONS, Pooled
from ._series import (
    Batch,
    drawn_channels,
    kept_blocks,
    limits_of,
    standardized_by_channel,
)

# Rows of which limits and thresholds are learned, and their values, unless they are very long.
FIT_ROWS, MIN_FIT_ROWS, FIT_VALUES = 256, 16, 2**20
LONGEST = 8  # times the median length; of longer series that is learned from
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2
# Values of a block, of one channel and of all, and its series, at most.
BLOCK_VALUES, BATCH_VALUES, MAX_BLOCK = 2**18, 2**21, 1024
COLUMNS_AT_ONCE = 256
# Of several channels, of which each dilation has random ones: by cross-validation (JapaneseVowels
# 0.86 -> 0.95, indoor movement 0.85 -> 0.88).
LEAST_DILATIONS = 8
MIN_BLOCK, LEAST_FILLED = 32, 0.75  # series of unequal length of a block, and their lengths
SAME_SPREAD = 0.01  # series whose standard deviations differ by less are standardized already


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
    limits : list of float
        Beyond which the sums of channels are clipped, for each of ``channels``.
    thresholds : ndarray of shape (n_features,)
        Of 16 bits.
    """

    standardizes: bool
    dilations: Dilations
    channels: list[NDArray[Any]]
    stride: int
    limits: list[float]
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
        n_places = len(dilations.steps) * N_FIRST_TAPS
        channels = drawn_channels(len(batch.values), n_places, rng)
        combined = partial(batch.combined, standardizes=standardizes)
        limits = limits_of(channels, combined, batch.n_steps)
        n_features = len(KERNELS) * int(dilations.n_thresholds.sum())
        unknown = np.zeros(n_features, dtype=np.int16)
        view = cls(standardizes, dilations, channels, stride, limits, unknown)
        levels = np.arange(1, n_features + 1) * GOLDEN_RATIO % 1
        for response in view.responses(batch, n_at_once=1):
            column = rng.integers(response.values.shape[2])
            n = int(response.n_positions[column % len(response.n_positions)])
            known = np.sort(response.values[0, :, column])[-n:]
            # Between two neighbours in the order of size, as quantiles are.
            places = (response.rows_of(levels) * n).astype(int)
            response.rows_of(view.thresholds)[...] = known[places]
        return view

    def responses(
        self, batch: Batch, device: torch.device | None = None, n_at_once: int | None = None
    ) -> Iterator[Response]:
        combined = partial(batch.combined, standardizes=self.standardizes)
        longest = int(self.dilations.steps[-1])
        block = kept_blocks(combined, longest, batch.lengths, self.stride, device)

        def block_of(dilation: int, first_tap: int) -> Block:
            place = dilation * N_FIRST_TAPS + first_tap
            return block(self.channels[place], self.limits[place])

        return responses(block_of, self.dilations, n_at_once)

    def features(
        self, batch: Batch, device: torch.device | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Proportions of the positions that are above thresholds, in pieces (n, W)."""
        _, n_steps, width = batch.values.shape
        counts: Any = np.empty((self.n_features, width), dtype=np.min_scalar_type(n_steps))
        if device is not None:
            counts = torch.empty(counts.shape, dtype=torch.int32, device=device)
        hits, of_feature = Hits(), np.empty(self.n_features, dtype=int)
        n_positions: list[NDArray[Any]] = []  # of each response
        for response in self.responses(batch, device):
            thresholds = response.rows_of(self.thresholds)
            write_counts(response, thresholds, hits, response.rows_of(counts))
            response.rows_of(of_feature)[...] = len(n_positions)
            n_positions.append(response.n_positions)
        if device is not None:
            counts = counts.cpu().numpy()
        known = np.stack(n_positions).astype(np.float32)
        for first in range(0, self.n_features, COLUMNS_AT_ONCE):
            some = slice(first, first + COLUMNS_AT_ONCE)
            yield of_positions(counts[some], known[of_feature[some]])

    @property
    def n_features(self) -> int:
        return len(self.thresholds)


@dataclass
class ConvolutionFeatures:
    """Learned features of series.

    Attributes
    ----------
    mean, scale : ndarray of shape (C,)
        Of each channel: channels are standardized before they are added.
    views : list of View
    pooled : list of Pooled
        Competing kernels and extremes, whose features come behind those of the views.
    """

    mean: NDArray[Any]
    scale: NDArray[Any]
    views: list[View]
    pooled: list[Pooled]

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
        competing: bool = False,
        extremes: bool = False,
        dilations_of_pooled: int | None = None,
    ) -> ConvolutionFeatures:
        """Learn from series.

        Parameters
        ----------
        sequences : Sequences
        n_per_kernel : int
            Thresholds of each kernel.
        rng : Generator
        max_dilations : int
        normalize : bool or "both"
            Whether series are standardized one by one; if they differ in size, "both" divides the
            features among the two.
        max_positions : int or None
            Convolutions are computed at about so many positions of a series; None is all.
        competing : bool, default=False
            Whether there are features of competing kernels too.
        extremes : bool, default=False
            Whether there are the largest and smallest convolutions too.
        dilations_of_pooled : int or None, default=None
            Maximum number of dilations of the latter two; None is 16, of extremes
            ``max_dilations``.
        """
        of_row = sequences.values.size // sequences.n_rows
        n_rows = int(np.clip(FIT_VALUES // of_row, MIN_FIT_ROWS, FIT_ROWS))
        rows = np.sort(rng.permutation(sequences.n_rows)[:n_rows])
        batch, mean, scale = standardized_by_channel(cut_longest(sequences.rows(rows)))
        length = int(np.median(batch.n_steps))
        level, spread = batch.values.sum(1) / batch.n_steps, batch.centred(batch.values)[1]
        differ = np.ptp(spread) > SAME_SPREAD * spread.min() or np.ptp(level) > SAME_SPREAD
        views = [bool(normalize)]
        if isinstance(normalize, str):
            views = [False, True] if differ else [True]
        stride = max(1, length // (max_positions or length))
        n_of_views = np.diff(np.linspace(0, n_per_kernel, len(views) + 1).astype(int))
        least = LEAST_DILATIONS if sequences.n_channels > 1 else 1
        learned = [
            View.learned(
                batch,
                Dilations.spread(length, n, max_dilations, least),
                stride,
                rng,
                standardizes=standardizes,
            )
            for standardizes, n in zip(views, n_of_views, strict=True)
            if n
        ]
        most = dilations_of_pooled or MAX_DILATIONS
        pooled: list[Pooled] = [
            Competition.learned(
                batch, length, stride, rng, of_differences=of_differences, max_dilations=most
            )
            for of_differences in (False, True)
            if competing
        ]
        if extremes:
            most = dilations_of_pooled or max_dilations
            pooled.append(
                Extremes.learned(batch, length, stride, rng, standardizes=False, max_dilations=most)
            )
        return cls(mean, scale, learned, pooled)

    @property
    def n_of_thresholds(self) -> int:
        return sum(view.n_features for view in self.views)

    @property
    def n_features(self) -> int:
        return self.n_of_thresholds + sum(each.n_features for each in self.pooled)

    def n_of(self, kind: type[Pooled]) -> int:
        """Number of features of one kind."""
        return sum(each.n_features for each in self.pooled if isinstance(each, kind))

    def without(self, kind: type[Pooled]) -> NDArray[np.bool_]:
        """Leave out the features of one kind; which of those that there were are left."""
        kept = [np.full(self.n_of_thresholds, True)]
        kept += [np.full(each.n_features, not isinstance(each, kind)) for each in self.pooled]
        self.pooled = [each for each in self.pooled if not isinstance(each, kind)]
        return np.concatenate(kept)

    def transform(
        self, sequences: Sequences, n_jobs: int | None = None, device: torch.device | None = None
    ) -> NDArray[Any]:
        """Features (n, n_features) of float32."""
        out = np.empty((sequences.n_rows, self.n_features), dtype=np.float32)
        parts: list[View | Pooled] = [*self.views, *self.pooled]

        def fill(rows: NDArray[Any]) -> None:
            batch, start = Batch(sequences, rows, self.mean, self.scale), 0
            in_order = (np.diff(rows) == 1).all()
            places = slice(rows[0], rows[-1] + 1) if in_order else rows  # a slice is faster
            for part in parts:
                for some in part.features(batch, device):
                    # A piece at a time: else the caches hold none of what is written.
                    out[places, start : start + len(some)] = some.T
                    start += len(some)

        blocks = list(blocks_of_rows(sequences, self.views[0].stride))
        if len(blocks) == 1:
            fill(blocks[0])
        else:
            Parallel(n_jobs=n_jobs, require="sharedmem")(map(delayed(fill), blocks))
        return out


def cut_longest(sequences: Sequences) -> Sequences:
    """The first steps alone of very long series among others: all are padded to the longest."""
    if sequences.lengths is None:
        return sequences
    most = LONGEST * int(np.median(sequences.lengths))
    if sequences.lengths.max() <= most:
        return sequences
    cut = [series[:most] for series in sequences.each(np.arange(sequences.n_rows))]
    return Sequences.of(np.concatenate(cut), np.minimum(sequences.lengths, most))


def blocks_of_rows(sequences: Sequences, stride: int = 1) -> Iterator[NDArray[Any]]:
    """Numbers of the rows of each block: of about the same length, and as numpy is fast with."""
    lengths = sequences.lengths
    # Of many channels fewer, for all are kept at once.
    n_values = min(BLOCK_VALUES * stride, BATCH_VALUES // sequences.n_channels)
    if lengths is None:
        n_steps = sequences.values.shape[1]
        size = int(np.clip(n_values // n_steps, 1, MAX_BLOCK))
        n_blocks = -(-sequences.n_rows // size)
        yield from np.array_split(np.arange(sequences.n_rows), n_blocks)
        return
    order, start = np.argsort(-lengths, kind="stable"), 0
    while start < len(order):
        longest = lengths[order[start]]
        size = int(np.clip(n_values // longest, 1, MAX_BLOCK))
        # Rows that are much shorter would be padding mostly, but few rows take as long as some.
        n_alike = int(np.searchsorted(-lengths[order], -LEAST_FILLED * longest, side="right"))
        size = min(size, max(n_alike - start, MIN_BLOCK))
        yield order[start : start + size]
        start += size
