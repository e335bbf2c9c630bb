"""Median and spread of the numbers of a table, where some are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Data

MOST_VALUES = 2**25  # which quantiles are taken of
BLOCK_VALUES = 2**19  # at a time
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class NumberScales:
    """How the numbers of a table are centred and scaled.

    Attributes
    ----------
    median : ndarray of shape (F,)
        0 where all are missing.
    scale : ndarray of shape (F,)
        What they are divided by: the distance of the quartiles, where that is 0 half of that of the
        extremes. Infinite for a column that does not vary.
    missing : ndarray of bool of shape (F,)
        Whether some are missing.
    """

    median: NDArray[np.float64]
    scale: NDArray[np.float64]
    missing: NDArray[np.bool_]

    @classmethod
    def of(cls, train: Data, weight: NDArray[np.float64] | None) -> NumberScales:
        """From the column ``x`` (n, F) of training rows and their weights (n,)."""
        x, weight = _some_rows(train, weight)
        # Some columns at a time: their order and copies in float64 take several times their memory.
        n_blocks = max(1, min(x.shape[1], x.size // BLOCK_VALUES))
        parts = [_of_columns(block, weight) for block in np.array_split(x, n_blocks, axis=1)]
        return cls(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _of_columns(
    x: NDArray[Any], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Median, scale and whether values are missing, of each column."""
    x = x.astype(np.float64)
    known = ~np.isnan(x)
    low, median, high = weighted_quantiles_by_column(x, weight, QUARTILES)
    spread = high - low
    with np.errstate(invalid="ignore"):
        ends = np.where(known, x, -np.inf).max(0), np.where(known, x, np.inf).min(0)
        spread = np.where(spread > 0, spread, (ends[0] - ends[1]) / 2)
    varies = np.isfinite(spread) & (spread > 0)
    return (
        np.where(np.isnan(median), 0.0, median),
        np.where(varies, spread, np.inf),
        ~known.all(0) & known.any(0),
    )


def _some_rows(
    train: Data, weight: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The numbers of the rows, of very many values those of evenly spaced rows, with weights."""
    weight = np.ones(len(train)) if weight is None else weight
    parts, places, start, every = [], [], 0, 1
    for batch in train.chunks():
        x = batch["x"].cpu().numpy()
        every = max(1, int(np.ceil(len(train) * x.shape[1] / MOST_VALUES)))
        kept = np.arange(-start % every, len(x), every)
        parts.append(x[kept])
        places.append(kept + start)
        start += len(x)
    return np.concatenate(parts), weight[np.concatenate(places)]


def weighted_quantiles_by_column(
    x: NDArray[np.float64], weight: NDArray[np.float64], levels: tuple[float, ...]
) -> list[NDArray[np.float64]]:
    """For each level the least value of a column up to which that share of the weight lies.

    Missing values (NaN) count for nothing; a column of such has NaN. A row of weight 2 counts as
    two rows.
    """
    order = np.argsort(x, axis=0)  # NaN last
    below = np.cumsum(weight[order] * ~np.isnan(np.take_along_axis(x, order, 0)), axis=0)
    found = []
    for level in levels:
        place = np.argmax(below >= level * below[-1] * (1 - 1e-12), axis=0)
        found.append(np.take_along_axis(x, np.take_along_axis(order, place[None], 0), 0)[0])
    return found
