"""The linear model beside networks for signals: ridge regression on random convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._minirocket import (
    Competition,
    ConvolutionFeatures,
    Extremes,
    Labels,
    Levels,
    Neighbours,
    Pooled,
    Similarities,
    losses_of_rows,
)
from ..._reading import Sequences
from ._ridge import Decomposition, Ridge, ridge, smoothed_targets

# 5,000 features are as good as 10,000 in cross-validation on the development sets. Of more rows
# there are fewer features than rows, so that what a fit takes is bounded.
N_PER_KERNEL, MAX_DILATIONS, MAX_POSITIONS = 60, 32, 1024
FEW_ROWS, FEW_PER_KERNEL, MAX_ROWS = 2048, 24, 8192
DILATIONS_OF_MANY = 4  # of competing kernels and extremes, where there are more rows
# Weights of the levels of series beside the convolutions, of which cross-validation chooses; and so
# many rows that it does not choose the last one by chance.
WEIGHTS_OF_LEVELS, ROWS_FOR_LAST = (0.0, 0.3, 3.0, 30.0), 50
# Of extremes, and of similarities, which count where they are better by more than chance: the
# second is tried, and where the loss falls the third, else the first. Of more rows than
# ``ROWS_TO_CHOOSE`` so many random ones choose.
WEIGHTS, ROWS_TO_CHOOSE = (1.0, 10.0, 100.0), 1024
# Weights of the scores of neighbours, which count where the loss is less by more than chance and no
# more rows are wrong: scores that are only more certain would lower the loss, too.
SHARES = (0.25, 0.5, 0.75, 1.0)
VALUES_AT_ONCE = 2**22  # of the features of rows to predict
POOLED: tuple[type[Pooled], ...] = (Competition, Extremes)
NEGLIGIBLE = 1e-6  # weight of a row, relative to the mean
CONSTANT = 1e-12  # variance of features that rounding leaves of constant ones
FARTHEST = 10.0  # standard deviations at which levels are clipped


Factors = tuple[float, ...]


class ConvolutionModel:
    """Ridge regression of the classes on random convolutions and levels of signals, calibrated.

    The convolutions are those of :class:`skdl.preprocessing.RandomConvolutions`, the numbers of
    positions at which each of competing kernels is the largest or the smallest, as in Hydra, and
    the largest and the smallest convolution of a series, as in ROCKET; the levels are means of
    parts of the signals and their spreads, which convolutions do not see. Similarities to the
    signals of ``fit`` make it a kernel machine, for classes of several shapes and for few rows.
    Penalty, whether kernels compete, the weights of all others, and calibration (one factor of the
    scores, as in temperature scaling) minimize the log loss of leave-one-out cross-validation, in
    closed form. Its targets are smoothed as by Platt (1999), so that few rows that are separated do
    not make the scores certain.

    Neighbours stand beside the ridge regression where they are better, for classes of several
    shapes and for single channels that tell of the classes: the scores are a weighted mean of both.

    Parameters
    ----------
    n_classes : int

    Attributes
    ----------
    unseen_scores : ndarray of shape (n, n_classes)
        Scores of the rows of ``fit`` by models without them. They are not pickled.
    rows : ndarray of int of shape (n,)
        Which of the training rows these are, as the classifier says. They are not pickled.
    """

    unseen_scores: NDArray[np.float32]
    rows: NDArray[Any]
    similarities: Similarities | None
    neighbours: Neighbours | None
    share_of_neighbours: float

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def fit(
        self,
        sequences: Sequences,
        target: NDArray[Any],
        weight: NDArray[Any] | None,
        groups: NDArray[Any] | None = None,
    ) -> ConvolutionModel:
        """Learn from signals and their class indices.

        Rows of one of the ``groups`` (n,) are left out of cross-validation together.
        """
        weight = np.ones(len(target)) if weight is None else weight / weight.mean()
        rng = seeded()
        are_few = len(target) <= FEW_ROWS
        self.convolutions = ConvolutionFeatures.learned(
            sequences,
            N_PER_KERNEL if are_few else FEW_PER_KERNEL,
            rng,
            max_dilations=MAX_DILATIONS,
            normalize="both",
            max_positions=MAX_POSITIONS,
            competing=True,
            extremes=True,
            dilations_of_pooled=None if are_few else DILATIONS_OF_MANY,
        )
        known = self.convolutions
        self.levels = Levels.learned(sequences, known.mean, known.scale)
        self.similarities = Similarities.learned(sequences, self.levels, seeded())
        of_similarities = self.similarities.features(sequences).astype(np.float32)
        features = np.concatenate([self._raw_features(sequences), of_similarities], axis=1)
        fit = self._fit_ridge(features, target, weight, groups)
        smoothed = smoothed_targets(target, weight, self.n_classes)
        self._choose_share(fit, sequences, Labels(target, smoothed, weight, groups))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Without what is needed in ``fit`` alone."""
        of_fit = {"unseen_scores", "rows"}
        return {name: value for name, value in vars(self).items() if name not in of_fit}

    def scores(self, sequences: Sequences) -> NDArray[np.float64]:
        """Scores (n, n_classes): log-probabilities up to a constant of each row."""
        n_rows = sequences.n_rows
        of_row = max(len(self.coef), sequences.values.size // n_rows)
        n_at_once = max(1, VALUES_AT_ONCE // of_row)
        parts = []
        for start in range(0, n_rows, n_at_once):
            some = sequences.rows(np.arange(start, min(start + n_at_once, n_rows)))
            # In float64, so that scores do not depend on the number of rows by rounding.
            features = self._standardized(self._raw_features(some)).astype(np.float64)
            scores = features @ self.coef + self.intercept
            if self.similarities is not None:
                scores += self.similarities.features(some)
            if self.neighbours is not None:
                share = self.share_of_neighbours
                scores = (1 - share) * scores + share * self.neighbours.scores(some)
            parts.append(scores)
        return np.concatenate(parts)

    def _raw_features(self, sequences: Sequences) -> NDArray[np.float32]:
        """Convolutions, and behind them levels."""
        convolutions = self.convolutions.transform(sequences)
        return np.concatenate([convolutions, self.levels.features(sequences)], axis=1)

    def _standardized(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features -= self.mean
        return self._scaled(features)

    def _scaled(self, centred: NDArray[np.float32], n_similarities: int = 0) -> NDArray[np.float32]:
        centred /= self.spread
        stop = centred.shape[1] - n_similarities
        behind = centred[:, self.convolutions.n_of_thresholds : stop]
        np.clip(behind, -FARTHEST, FARTHEST, out=behind)
        return centred

    def _fit_ridge(
        self,
        features: NDArray[np.float32],
        target: NDArray[Any],
        weight: NDArray[Any],
        groups: NDArray[Any] | None,
    ) -> Ridge:
        """The ridge regression of least log loss in cross-validation."""
        self.mean = np.average(features, axis=0, weights=weight).astype(np.float32)
        features -= self.mean
        squares = np.einsum("n,nf,nf->f", weight / len(weight), features, features)
        # Of similarities one for all: their inner products count.
        of_similarities = squares[len(squares) - self._n_similarities :]
        of_similarities[:] = of_similarities.mean() if self._n_similarities else 1
        varies = squares > CONSTANT
        self.spread = np.where(varies, np.sqrt(squares), 1).astype(np.float32)
        features = self._scaled(features, self._n_similarities)
        features *= np.sqrt(weight).astype(np.float32)[:, None]
        fit, factors = self._chosen(features, varies, target, weight, groups)
        of_features = np.repeat(np.asarray(factors, dtype=np.float32), self._sizes(features))
        self.coef = features.T @ fit.dual.astype(np.float32)
        self.coef *= of_features[:, None]
        self.intercept = fit.intercept
        for kind, factor in zip(POOLED, factors[1:], strict=False):
            if factor == 0:
                self._drop(kind)
        if self.similarities is not None:
            self._project(self.similarities)
        return fit

    def _choose_share(self, fit: Ridge, sequences: Sequences, labels: Labels) -> None:
        """Let neighbours count where they improve the scores of rows left out."""
        self.unseen_scores, self.neighbours = fit.unseen_scores, None
        if labels.most_of_a_class == 1:  # nothing can be judged without the only row of a class
            return
        neighbours, scores = Neighbours.learned(sequences, self.levels, labels, seeded())
        lowest = fit.losses
        for share in SHARES:
            mixed = (1 - share) * fit.unseen_scores + share * scores
            losses = labels.weight * losses_of_rows(mixed, labels.smoothed)
            are_right = labels.share_wrong(mixed) <= labels.share_wrong(fit.unseen_scores)
            if (
                are_right
                and losses.mean() < lowest.mean()
                and is_better(losses, fit.losses, labels.groups)
            ):
                lowest, self.share_of_neighbours = losses, share
                self.neighbours, self.unseen_scores = neighbours, mixed.astype(np.float32)

    @property
    def _n_similarities(self) -> int:
        return 0 if self.similarities is None else self.similarities.n_features

    def _sizes(self, features: NDArray[np.float32]) -> list[int]:
        """Numbers of features: thresholds, each kind of ``POOLED``, levels and similarities."""
        known, n_similarities = self.convolutions, self._n_similarities
        of_pooled = [known.n_of(kind) for kind in POOLED]
        n_levels = features.shape[1] - known.n_features - n_similarities
        return [known.n_of_thresholds, *of_pooled, n_levels, n_similarities]

    def _chosen(
        self,
        features: NDArray[np.float32],
        varies: NDArray[np.bool_],
        target: NDArray[Any],
        weight: NDArray[Any],
        groups: NDArray[Any] | None,
    ) -> tuple[Ridge, Factors]:
        """The best fit, and by what the squares of features count in it, as in ``_sizes``."""
        sizes, n_rows = self._sizes(features), len(target)
        # Constant features, such as the length of series of one length, do not count.
        n_varying = [int(some.sum()) for some in np.split(varies, np.cumsum(sizes)[:-1])]

        def fits(rows: NDArray[Any]) -> Callable[[Factors], tuple[Ridge, Factors]]:
            """Fits to some rows."""
            known = weight[rows] / weight[rows].mean()
            root = np.sqrt(known).astype(np.float32)[:, None]
            some = features if len(rows) == n_rows else features[rows]
            if len(rows) < n_rows:
                some = some - root * (root.T @ some / len(rows))
            decomposition = Decomposition(np.split(some, np.cumsum(sizes)[:-1], axis=1))
            of_groups = None if groups is None else groups[rows]

            def fitted(factors: Factors) -> tuple[Ridge, Factors]:
                vectors = decomposition.left_vectors(factors)
                fit = ridge(*vectors, target[rows], known, self.n_classes, of_groups)
                return fit, factors

            return fitted

        all_rows = np.arange(n_rows)
        if n_rows <= ROWS_TO_CHOOSE:
            return self._best(fits(all_rows), n_varying, np.bincount(target).max(), groups, n_rows)
        rng = np.random.default_rng(0)
        some = np.sort(rng.choice(n_rows, ROWS_TO_CHOOSE, replace=False))
        of_some, most = None if groups is None else groups[some], np.bincount(target[some]).max()
        _, factors = self._best(fits(some), n_varying, most, of_some, n_rows)
        return fits(all_rows)(factors)

    def _best(
        self,
        fitted: Callable[[Factors], tuple[Ridge, Factors]],
        sizes: Sequence[int],
        most_of_a_class: int,
        groups: NDArray[Any] | None,
        n_rows: int,
    ) -> tuple[Ridge, Factors]:
        """The fit of least loss: levels are chosen first, then what stands beside them."""
        # All have the same variance at weight 1.
        units = [sizes[0] / max(1, size) for size in sizes]
        if most_of_a_class == 1:  # nothing can be judged without the only row of a class
            return fitted((1, 1, 0, units[3], units[4]))
        weights = WEIGHTS_OF_LEVELS[: None if n_rows >= ROWS_FOR_LAST else -1]
        best = min((fitted((1, 0, 0, each * units[3], 0)) for each in weights), key=loss_of)
        if sizes[1]:
            best = min(best, fitted(replaced(best[1], 1, 1)), key=loss_of)
        for place in (2, 4):  # extremes and similarities
            if sizes[place]:
                less, usual, more = (
                    replaced(best[1], place, each * units[place]) for each in WEIGHTS
                )
                other = fitted(usual)
                last = fitted(more if loss_of(other) < loss_of(best) else less)
                found = min(other, last, key=loss_of)
                best = found if is_better(found[0].losses, best[0].losses, groups) else best
        return best

    def _drop(self, kind: type[Pooled]) -> None:
        """Do not compute features of a kind that do not count."""
        kept = self.convolutions.without(kind)
        n_others = len(self.coef) - len(kept)
        self._keep(np.append(kept, np.full(n_others, True)))

    def _project(self, similarities: Similarities) -> None:
        """Keep what similarities add to the scores, not each of them: a pickle is small then."""
        kept = np.arange(len(self.coef)) < len(self.coef) - similarities.n_features
        coef = self.coef[~kept] / self.spread[~kept, None]
        self.intercept = self.intercept - self.mean[~kept] @ coef
        self.similarities = similarities.projected(coef) if coef.any() else None
        self._keep(kept)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        for name in ("coef", "mean", "spread"):
            setattr(self, name, getattr(self, name)[kept])


def seeded() -> np.random.Generator:
    """A fixed seed: candidates of a search with the same rows differ in the network alone."""
    return np.random.default_rng(0)


def replaced(factors: Factors, place: int, factor: float) -> Factors:
    return (*factors[:place], factor, *factors[place + 1 :])


def loss_of(fit: tuple[Ridge, Factors]) -> float:
    return fit[0].loss


def is_better(
    losses: NDArray[Any], others: NDArray[Any], groups: NDArray[Any] | None = None
) -> bool:
    """Whether losses are less than others by more than the standard error of the difference.

    Rows of one of the ``groups`` are one observation: copies are no evidence.
    """
    gains = others - losses
    if groups is not None and (groups != groups[0]).any():
        gains = np.bincount(np.unique(groups, return_inverse=True)[1], weights=gains)
    return bool(gains.mean() > gains.std() / np.sqrt(len(gains)))


def rows_to_learn(
    weight: NDArray[Any] | None, n_rows: int, most: int | None = None
) -> NDArray[Any]:
    """Numbers of the rows that a model is fitted to.

    Random ones of more than ``most``, ``MAX_ROWS`` when None, and none of next to no weight.
    """
    most = MAX_ROWS if most is None else most
    rows = np.arange(n_rows)
    if weight is not None:
        rows = np.flatnonzero(weight > NEGLIGIBLE * weight.mean())
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
