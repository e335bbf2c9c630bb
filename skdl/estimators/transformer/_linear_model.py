"""The linear model beside a Transformer: a linear support vector machine on n-grams."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from ._ngrams import Ngrams
from ._tokenizers import CACHE, digest

N_FOLDS = 3
SCALES = np.geomspace(0.5, 20, 40)
NEGLIGIBLE = 1e-6  # weight of a row, relative to the mean
MAX_COEFFICIENTS = 2**25  # of all classes together: 128 MiB


class NgramClassifier:
    """Linear support vector machine on tf-idf of n-grams, with calibrated scores.

    Calibration is one factor (temperature scaling), which minimizes the log loss of cross-validated
    scores. It does not depend on a seed, so that all fits on the same texts can share one.

    Parameters
    ----------
    n_classes : int
    lowercase : bool

    Attributes
    ----------
    unseen_scores : ndarray of shape (n_texts, n_classes)
        Scores of the rows of ``fit`` in cross-validation; of those left out, by a model of all
        others. They are not pickled.
    """

    def __init__(self, n_classes: int, *, lowercase: bool) -> None:
        self.n_classes = n_classes
        self.ngrams = Ngrams(lowercase=lowercase, max_features=MAX_COEFFICIENTS // n_classes)

    def fit(
        self,
        texts: Sequence[str],
        target: np.ndarray,
        weight: np.ndarray | None,
        left_out: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> NgramClassifier:
        """Learn features, coefficients and scale from texts and their class indices.

        ``left_out`` are numbers of texts that are one fold of the cross-validation. Texts of one of
        the ``groups`` (n_texts,) are in one fold.
        """
        features = self.ngrams.fit_transform(texts)
        weight = np.ones(len(target)) if weight is None else weight / weight.mean()
        counts = weight > NEGLIGIBLE  # the solver would not converge on the other rows
        fold = folds_of(target, counts, left_out, groups)[counts]
        features, target, weight = features[counts], target[counts], weight[counts]
        self.coef, self.intercept = self._fitted(features, target, weight)
        self.unseen_scores = np.zeros((len(counts), self.n_classes), dtype=np.float32)
        scores = self._scores_of_folds(features, target, weight, fold)
        self.scale = self._calibrated(scores, target, weight)
        self.unseen_scores[counts] = self.scale * scores
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Without what is needed in ``fit`` alone."""
        return {name: value for name, value in vars(self).items() if name != "unseen_scores"}

    def fitted_or_cached(
        self,
        texts: Sequence[str],
        target: np.ndarray,
        weight: np.ndarray | None,
        left_out: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> NgramClassifier:
        """As ``fit``, or the cached result for the same data: for candidates of a grid search."""
        given = target, weight, left_out, groups
        of_rows = [b"" if each is None else each.tobytes() for each in given]
        key = (digest(texts), *of_rows, self.n_classes, self.ngrams.lowercase)

        def fit() -> tuple[NgramClassifier, int]:
            self.fit(texts, target, weight, left_out, groups)
            n_bytes = self.coef.nbytes + self.unseen_scores.nbytes
            return self, n_bytes + 12 * len(self.coef)

        fitted: NgramClassifier = CACHE.get(key, fit)
        return fitted

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores (n_texts, n_classes): log-probabilities up to a constant of each row."""
        features = self.ngrams.transform(texts)
        scores: np.ndarray = self.scale * (features @ self.coef + self.intercept)
        return scores

    def _fitted(
        self, features: sp.csr_array, target: np.ndarray, weight: np.ndarray, tol: float = 1e-2
    ) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (n_features, n_classes), intercepts; a class that is missing scores -1."""
        coef = np.zeros((features.shape[1], self.n_classes), dtype=np.float32)
        intercept = np.full(self.n_classes, -1.0, dtype=np.float32)
        present = np.unique(target)
        if len(present) < 2 or not features.shape[1]:
            intercept[present] = 1.0
            return coef, intercept
        # A fixed seed: one fit serves all candidates of a search, whatever their random_state.
        model = LinearSVC(tol=tol, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # an approximate solution suffices
            warnings.filterwarnings("ignore", message="The number of unique classes")
            model.fit(features, target, sample_weight=weight)
        if len(present) == 2:  # one decision function
            coef[:, present] = np.stack([-model.coef_[0], model.coef_[0]], 1)
            intercept[present] = np.concatenate([-model.intercept_, model.intercept_])
        else:
            coef[:, present], intercept[present] = model.coef_.T, model.intercept_
        return coef, intercept

    def _scores_of_folds(
        self, features: sp.csr_array, target: np.ndarray, weight: np.ndarray, fold: np.ndarray
    ) -> np.ndarray:
        """Scores (n_texts, n_classes) of each row by a model of the other folds."""
        scores = np.zeros((len(target), self.n_classes))
        for each in np.unique(fold):
            rows, others = np.flatnonzero(fold == each), np.flatnonzero(fold != each)
            if len(rows) and len(others):
                coef, intercept = self._fitted(
                    features[others], target[others], weight[others], tol=0.1
                )
                scores[rows] = features[rows] @ coef + intercept
        return scores

    @staticmethod
    def _calibrated(scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.float32:
        """The scale of least log loss on scores of cross-validation."""
        # A grid is enough: the log loss is flat around its minimum.
        own = np.arange(len(target)), target
        losses = [-weight @ log_softmax(scale * scores, 1)[own] for scale in SCALES]
        return np.float32(SCALES[int(np.argmin(losses))])


def folds_of(
    target: np.ndarray,
    counts: np.ndarray,
    left_out: np.ndarray | None,
    groups: np.ndarray | None,
) -> np.ndarray:
    """The fold of each text: those of each class, or whole groups, in random order dealt out."""
    fold = np.full(len(target), N_FOLDS)  # a fold of its own is left out
    dealt = counts.copy()
    dealt[[] if left_out is None else left_out] = False
    rng, rows = np.random.default_rng(0), np.flatnonzero(dealt)
    names, numbers = np.unique(rows if groups is None else groups[rows], return_inverse=True)
    if groups is None or len(names) < 2:
        order = rng.permutation(rows)
        order = order[np.argsort(target[order], kind="stable")]
        fold[order] = np.arange(len(order)) % N_FOLDS
        return fold
    sizes, of_folds = np.bincount(numbers), np.zeros(N_FOLDS)
    of_group = np.empty(len(names), dtype=int)
    for group in rng.permutation(len(names)):
        of_group[group] = of_folds.argmin()
        of_folds[of_group[group]] += sizes[group]
    fold[rows] = of_group[numbers]
    return fold
