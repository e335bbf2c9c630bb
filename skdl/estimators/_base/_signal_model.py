"""The linear model beside networks for signals: ridge regression on random convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from ..._minirocket import ConvolutionFeatures, level_features
from ..._reading import Sequences

N_PER_KERNEL, MAX_DILATIONS, MAX_POSITIONS = 119, 32, 256
# With more rows there are fewer features than rows, so that what a fit takes is bounded.
FEW_ROWS, FEW_PER_KERNEL, MAX_ROWS = 2048, 24, 8192
# Weights of the levels of series beside the convolutions, of which cross-validation chooses.
WEIGHTS_OF_LEVELS = (0.0, 0.3, 3.0)
PENALTIES = np.logspace(-6, 2, 17)  # relative to the mean eigenvalue and the number of rows
SCALES = np.geomspace(0.25, 64, 25)
NEGLIGIBLE = 1e-6  # weight of a row, relative to the mean
FARTHEST = 10.0  # standard deviations at which levels are clipped


class ConvolutionModel:
    """Ridge regression of the classes on random convolutions and levels of signals, calibrated.

    The convolutions are those of :class:`skdl.preprocessing.RandomConvolutions`; the levels are
    means of parts of the signals and their spreads, which convolutions do not see. Penalty, weight
    of the levels and calibration (one factor of the scores, as in temperature scaling) minimize the
    log loss of leave-one-out cross-validation, in closed form. Its targets are smoothed as by Platt
    (1999), so that few rows that are separated do not make the scores certain.

    Parameters
    ----------
    n_classes : int

    Attributes
    ----------
    unseen_scores : ndarray of shape (n, n_classes)
        Scores of the rows of ``fit`` by models without them. They are not pickled.
    """

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def fit(
        self, sequences: Sequences, target: NDArray[Any], weight: NDArray[Any] | None
    ) -> ConvolutionModel:
        """Learn from signals and their class indices."""
        weight = np.ones(len(target)) if weight is None else weight / weight.mean()
        # A fixed seed: candidates of a search with the same rows differ in the network alone.
        rng = np.random.default_rng(0)
        used = np.flatnonzero(weight > NEGLIGIBLE)
        if len(used) > MAX_ROWS:
            used = np.sort(rng.choice(used, MAX_ROWS, replace=False))
        some, of_some, weight = sequences.rows(used), target[used], weight[used]
        self.convolutions = ConvolutionFeatures.learned(
            some,
            N_PER_KERNEL if len(used) <= FEW_ROWS else FEW_PER_KERNEL,
            rng,
            max_dilations=MAX_DILATIONS,
            normalize="both",
            max_positions=MAX_POSITIONS,
        )
        self._fit_ridge(self._raw_features(some), of_some, weight / weight.mean())
        known = self.unseen_scores
        self.unseen_scores = np.zeros((len(target), self.n_classes), dtype=np.float32)
        self.unseen_scores[used] = known
        others = np.setdiff1d(np.arange(len(target)), used)
        if len(others):
            self.unseen_scores[others] = self.scores(sequences.rows(others))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Without what is needed in ``fit`` alone."""
        return {name: value for name, value in vars(self).items() if name != "unseen_scores"}

    def scores(self, sequences: Sequences) -> NDArray[np.float32]:
        """Scores (n, n_classes): log-probabilities up to a constant of each row."""
        n_rows = sequences.n_rows
        n_at_once = max(1, 2**24 // len(self.coef))
        parts = []
        for start in range(0, n_rows, n_at_once):
            some = sequences.rows(np.arange(start, min(start + n_at_once, n_rows)))
            parts.append(self._standardized(self._raw_features(some)) @ self.coef + self.intercept)
        return np.concatenate(parts)

    def _raw_features(self, sequences: Sequences) -> NDArray[np.float32]:
        """Convolutions, and behind them levels."""
        convolutions, known = self.convolutions.transform(sequences), self.convolutions
        levels = level_features(sequences, known.mean, known.scale)
        return np.concatenate([convolutions, levels], axis=1)

    def _standardized(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features -= self.mean
        features /= self.spread
        levels = features[:, self.convolutions.n_features :]
        np.clip(levels, -FARTHEST, FARTHEST, out=levels)
        return features

    def _fit_ridge(
        self, features: NDArray[np.float32], target: NDArray[Any], weight: NDArray[Any]
    ) -> None:
        """The ridge regression of least log loss in cross-validation."""
        mean = np.average(features, axis=0, weights=weight)
        spread = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
        self.mean = mean.astype(np.float32)
        self.spread = np.where(spread > 1e-6, spread, 1).astype(np.float32)
        features = self._standardized(features)
        n_convolutions = self.convolutions.n_features
        convolutions, levels = features[:, :n_convolutions], features[:, n_convolutions:]
        fits = []
        for of_levels in WEIGHTS_OF_LEVELS:
            factor = np.sqrt(of_levels * n_convolutions / levels.shape[1]).astype(np.float32)
            scaled = np.concatenate([convolutions, factor * levels], axis=1)
            coef, intercept, unseen, loss = ridge(scaled, target, weight, self.n_classes)
            coef[n_convolutions:] *= factor
            fits.append((loss, coef, intercept, unseen))
        _, self.coef, self.intercept, self.unseen_scores = min(fits, key=lambda fit: fit[0])


def ridge(
    features: NDArray[np.float32], target: NDArray[Any], weight: NDArray[Any], n_classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], float]:
    """Coefficients, intercepts, scores of rows by models without them, and their log loss.

    One against all: of each class 1, of others -1. The scores are calibrated.

    Parameters
    ----------
    features : ndarray of shape (n, F)
        With weighted mean 0.
    target : ndarray of shape (n,)
        Class indices.
    weight : ndarray of shape (n,)
        With mean 1.
    n_classes : int
    """
    n_rows, root = len(target), np.sqrt(weight)[:, None]
    signs = np.where(np.arange(n_classes) == target[:, None], 1.0, -1.0)
    mean = weight @ signs / n_rows
    z, y = features * root.astype(np.float32), (signs - mean) * root
    vectors, values = left_vectors(z)
    unit = values.sum() / n_rows or 1.0
    rotated, smoothed = vectors.T @ y, smoothed_targets(target, weight, n_classes)
    best = (np.inf,)
    for penalty in PENALTIES * unit * n_rows:
        kept = values / (values + penalty)
        rest = y - vectors @ (kept[:, None] * rotated)
        leverage = np.square(vectors) @ kept + weight / n_rows
        unseen = signs - rest / np.maximum(1 - leverage, 1e-9)[:, None] / root
        losses = [
            -weight @ (smoothed * log_softmax(scale * unseen, 1)).sum(1) / n_rows
            for scale in SCALES
        ]
        lowest = int(np.argmin(losses))
        if losses[lowest] < best[0]:
            best = (losses[lowest], SCALES[lowest], penalty, rest, unseen)
    loss, scale, penalty, rest, unseen = best
    coef = scale * (z.T @ (rest / penalty))  # the dual form
    as_single = [each.astype(np.float32) for each in (coef, scale * mean, scale * unseen)]
    return *as_single, float(loss)


def left_vectors(z: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Left singular vectors (n, r) of z (n, F), and the squares of the singular values."""
    n_rows, n_features = z.shape
    if n_rows <= n_features:
        values, vectors = np.linalg.eigh((z @ z.T).astype(np.float64))
        return vectors, values.clip(0)
    values, right = np.linalg.eigh((z.T @ z).astype(np.float64))
    kept = values > values[-1] * 1e-7
    return (z @ right[:, kept]) / np.sqrt(values[kept]), values[kept]


def smoothed_targets(
    target: NDArray[Any], weight: NDArray[Any], n_classes: int
) -> NDArray[np.float64]:
    """Probabilities (n, n_classes) of the classes: of n rows of a class, 1 / (n + 2) are others."""
    rows = np.bincount(target, weights=weight, minlength=n_classes)
    rest = 1 / (rows[target] + 2)
    smoothed = np.repeat((rest / max(1, n_classes - 1))[:, None], n_classes, axis=1)
    smoothed[np.arange(len(target)), target] = 1 - rest
    return smoothed
