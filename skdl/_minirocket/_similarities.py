"""Similarities of series to those of ``fit``: what nearest neighbours see, for linear models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from .._reading import Sequences
from ._levels import Levels
from ._neighbours import compared, n_to_compare

NEGLIGIBLE = 1e-8  # of the largest eigenvalue


@dataclass
class Similarities:
    """Features whose inner products are a Laplacian kernel of the distance between series.

    The kernel is exp(-d / s) of the Euclidean distance d, and s the median distance. The features
    are those of Nyström's method (C. K. I. Williams and M. Seeger, "Using the Nyström method to
    speed up kernel machines", NeurIPS 2000) with up to 2,048 series as landmarks, of long series
    fewer: of no more series the inner products are exact. Series are compared step by step, those
    of unequal length after they were resampled to one.

    Attributes
    ----------
    levels : Levels
        By which series are standardized and clipped.
    n_parts : int
        Parts of each series, whose means are compared.
    landmarks : ndarray of shape (m, n_parts * C)
    distance : float
        The median distance of landmarks.
    whitening : ndarray of shape (m, n_features)
    """

    levels: Levels
    n_parts: int
    landmarks: NDArray[Any]
    distance: float
    whitening: NDArray[Any]

    @classmethod
    def learned(
        cls, sequences: Sequences, levels: Levels, rng: np.random.Generator
    ) -> Similarities:
        """From some of the series, at random."""
        n_parts, most = n_to_compare(sequences)
        some = sequences.rows(np.sort(rng.permutation(sequences.n_rows)[:most]))
        nothing = np.empty((0, 0))
        learned = cls(levels, n_parts, nothing, 1.0, nothing)
        learned.landmarks = np.unique(learned._compared(some), axis=0)  # copies tell nothing more
        distances = cdist(learned.landmarks, learned.landmarks)
        if distances.any():
            learned.distance = float(np.median(distances[distances > 0]))
        values, vectors = np.linalg.eigh(np.exp(-distances / learned.distance))
        kept = values > NEGLIGIBLE * values[-1]
        learned.whitening = vectors[:, kept] / np.sqrt(values[kept])
        return learned

    @property
    def n_features(self) -> int:
        return self.whitening.shape[1]

    def features(self, sequences: Sequences) -> NDArray[np.float64]:
        """Features (n, n_features)."""
        distances = cdist(self._compared(sequences), self.landmarks)
        features: NDArray[np.float64] = np.exp(-distances / self.distance) @ self.whitening
        return features

    def projected(self, coef: NDArray[Any]) -> Similarities:
        """The same whose features are these times ``coef`` (n_features, k): small, if k is."""
        return replace(self, whitening=self.whitening @ coef)

    def _compared(self, sequences: Sequences) -> NDArray[np.float32]:
        return compared(sequences, self.levels, self.n_parts).reshape(sequences.n_rows, -1)
