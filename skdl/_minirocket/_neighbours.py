"""The classes of the nearest series of ``fit``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import log_softmax

from .._reading import Sequences
from ._levels import Levels, means_of_parts

# Series that are compared with, their values in all, and the values of one.
MOST_ROWS, ALL_VALUES, MOST_VALUES = 2048, 2**19, 1024
# How much more the nearest count, of which cross-validation chooses.
SHARPNESS = (4.0, 8.0, 16.0, 32.0, 64.0)
UNCERTAIN = 0.02  # which all classes share: however near a series is, it may be of another class
DISTANCES_AT_ONCE = 2**20


def losses_of_rows(scores: NDArray[Any], smoothed: NDArray[Any]) -> NDArray[Any]:
    """Log losses (n,) of scores (n, n_classes)."""
    losses: NDArray[Any] = -(smoothed * log_softmax(scores, axis=1)).sum(1)
    return losses


class Labels(NamedTuple):
    """What is known of the rows of ``fit``.

    Attributes
    ----------
    target : ndarray of int of shape (n,)
        Class indices.
    smoothed : ndarray of shape (n, n_classes)
        Probabilities of the classes that the log loss is of.
    weight : ndarray of shape (n,)
    groups : ndarray of shape (n,) or None
        Rows that do not tell of each other. Copies of a row never do.
    """

    target: NDArray[Any]
    smoothed: NDArray[Any]
    weight: NDArray[Any]
    groups: NDArray[Any] | None

    @property
    def most_of_a_class(self) -> int:
        return int(np.bincount(self.target).max())

    def share_wrong(self, scores: NDArray[Any]) -> float:
        """What the rows whose scores (n, n_classes) are highest for other classes weigh, of all."""
        return float(self.weight @ (scores.argmax(1) != self.target) / self.weight.sum())

    def rows(self, rows: NDArray[Any]) -> Labels:
        groups = None if self.groups is None else self.groups[rows]
        return Labels(self.target[rows], self.smoothed[rows], self.weight[rows], groups)


@dataclass
class Neighbours:
    """Classification by the classes of the series of ``fit``, of which the nearest count most.

    A series counts by exp(-p d / s): d is its Euclidean distance, and s the median distance. These
    are the weighted means of E. A. Nadaraya ("On estimating regression", 1964) and G. S. Watson
    ("Smooth regression analysis", 1964); the larger p, the closer to the nearest neighbour alone.
    Series are compared step by step, those of unequal length after they were resampled to one.
    Channels count alike, or by what they tell of the classes: where one of many tells, the distance
    over all of them is mostly chance.

    Attributes
    ----------
    levels : Levels
        By which series are standardized and clipped.
    n_parts : int
        Parts of each series, whose means are compared.
    of_channels : ndarray of shape (C,)
        By what differences in each channel are multiplied.
    known : ndarray of shape (m, n_parts * C)
        The series that are compared with: up to 2,048 random ones, of long ones fewer.
    votes : ndarray of shape (m, n_classes)
        Their weights, each for its class.
    rate : float
        p / s.
    """

    levels: Levels
    n_parts: int
    of_channels: NDArray[Any]
    known: NDArray[Any]
    votes: NDArray[Any]
    rate: float

    @classmethod
    def learned(
        cls, sequences: Sequences, levels: Levels, labels: Labels, rng: np.random.Generator
    ) -> tuple[Neighbours, NDArray[np.float64]]:
        """Those of least log loss in cross-validation, and the scores of each row without it."""
        n_channels, (n_parts, most) = sequences.n_channels, n_to_compare(sequences)
        x = compared(sequences, levels, n_parts)
        rows = np.sort(rng.permutation(len(x))[:most])
        some, kinds = labels.rows(rows), [np.ones(n_channels, np.float32)]
        related = Related(x, labels.groups)
        if n_channels > 1:
            kinds.append(what_channels_tell(x[rows], some, related.among(rows, rows)))
        is_of_class = np.arange(labels.smoothed.shape[1]) == some.target[:, None]
        votes = (some.weight[:, None] * is_of_class).astype(np.float32)
        losses: dict[float, Neighbours] = {}
        for of_channels in kinds:
            known = (x[rows] * of_channels).reshape(len(rows), -1)
            distances = cdist(known, known)
            usual = np.median(distances[distances > 0]) if distances.any() else 1.0
            distances[related.among(rows, rows)] = np.inf
            for p in SHARPNESS:
                each = cls(levels, n_parts, of_channels, known, votes, p / usual)
                of_rows = losses_of_rows(each._scores(distances), some.smoothed)
                losses.setdefault(some.weight @ of_rows, each)
        best = losses[min(losses)]
        return best, best._scores_of_rows(x, rows, related)

    def scores(self, sequences: Sequences) -> NDArray[np.float64]:
        """Log-probabilities (n, n_classes)."""
        x = compared(sequences, self.levels, self.n_parts) * self.of_channels
        return self._scores(cdist(x.reshape(len(x), -1), self.known))

    def _scores_of_rows(
        self, x: NDArray[Any], rows: NDArray[Any], related: Related
    ) -> NDArray[np.float64]:
        """Log-probabilities of each row of ``fit`` by others than it, ``rows`` being known."""
        n_at_once = max(1, DISTANCES_AT_ONCE // len(rows))
        parts = []
        for start in range(0, len(x), n_at_once):
            some = np.arange(start, min(start + n_at_once, len(x)))
            flat = (x[some] * self.of_channels).reshape(len(some), -1)
            distances = cdist(flat, self.known)
            distances[related.among(some, rows)] = np.inf
            parts.append(self._scores(distances))
        return np.concatenate(parts)

    def _scores(self, distances: NDArray[Any]) -> NDArray[np.float64]:
        """Log-probabilities (n, n_classes) for distances (n, m); equal where all are infinite."""
        n_classes = self.votes.shape[1]
        nearest = distances.min(axis=1, keepdims=True)
        nearest[np.isinf(nearest)] = 0
        sums = np.exp(-self.rate * (distances - nearest)) @ self.votes
        total = sums.sum(axis=1, keepdims=True)
        equal = np.full_like(sums, 1 / n_classes)
        found = np.divide(sums, total, out=equal, where=total > 0)
        scores: NDArray[np.float64] = np.log((found + UNCERTAIN / n_classes) / (1 + UNCERTAIN))
        return scores


class Related:
    """Which rows of ``fit`` do not tell of each other: copies, and those of one group.

    Parameters
    ----------
    x : ndarray of shape (n, ...)
    groups : ndarray of shape (n,) or None
    """

    def __init__(self, x: NDArray[Any], groups: NDArray[Any] | None) -> None:
        self.names = [np.array([hash(row.tobytes()) for row in x])]
        if groups is not None and (groups != groups[0]).any():  # of one group rows are alone
            self.names.append(groups)

    def among(self, rows: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
        """Of each of the rows and of others: (len(rows), len(others))."""
        pairs = [names[rows][:, None] == names[others] for names in self.names]
        return np.logical_or.reduce(pairs)


def n_to_compare(sequences: Sequences) -> tuple[int, int]:
    """Parts of a series whose means are compared, and series that are compared with at most."""
    lengths, n_channels = sequences.lengths, sequences.n_channels
    length = sequences.values.shape[1] if lengths is None else np.median(lengths)
    n_parts = max(1, min(MOST_VALUES // n_channels, int(length)))
    return n_parts, min(MOST_ROWS, max(1, ALL_VALUES // (n_parts * n_channels)))


def compared(sequences: Sequences, levels: Levels, n_parts: int) -> NDArray[np.float32]:
    """What is compared of each series: (n, n_parts, C)."""
    pieces = levels.standardized(sequences)
    parts = [means_of_parts(x.clip(levels.low, levels.high), n_parts) for x in pieces]
    return (np.concatenate(parts) / levels.unit).astype(np.float32)


def what_channels_tell(
    x: NDArray[Any], labels: Labels, are_related: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Of each channel, how much more often than by chance the nearest neighbour is of the class.

    Parameters
    ----------
    x : ndarray of shape (n, n_parts, C)
    labels : Labels
    are_related : ndarray of bool of shape (n, n)
        Rows that are no neighbours.

    Returns
    -------
    ndarray of shape (C,)
        1 for the channel that tells the most, 0 for those that tell no more than the best of so
        many would by chance; 1 for all where none does.
    """
    n_channels, target = x.shape[2], labels.target
    weight = labels.weight / labels.weight.sum()
    are_alike = target[:, None] == target
    chance = share_of(are_alike, ~are_related)
    deviation = np.sqrt(np.square(weight) @ (chance * (1 - chance)))
    by_chance = weight @ chance + np.sqrt(2 * np.log(n_channels)) * deviation  # of the best
    gains = np.empty(n_channels, np.float32)
    for channel in range(n_channels):
        values = x[:, :, channel]
        distances = np.where(are_related, np.inf, cdist(values, values))
        are_nearest = ~are_related & (distances == distances.min(axis=1, keepdims=True))
        gains[channel] = max(0.0, weight @ share_of(are_alike, are_nearest) - by_chance)
    return gains / gains.max() if gains.any() else np.ones_like(gains)


def share_of(are_alike: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each row, how many of the others (n, n) are alike; 0 where there are none."""
    n_others = others.sum(axis=1)
    share: NDArray[np.float64] = (are_alike & others).sum(axis=1) / np.maximum(1, n_others)
    return share
