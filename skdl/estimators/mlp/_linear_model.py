"""The linear model beside multilayer perceptrons: ridge regression on the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Batch, Data
from .._base import (
    Decomposition,
    NumberScales,
    ridge,
    ridge_of_numbers,
    rows_to_learn,
)

MAX_CATEGORIES = 256  # of a column; the vectors of rarer ones are the network's alone
FAR = 3.0


@dataclass
class TableFeatures:
    """Numbers and codes of a table as features of a linear model.

    Attributes
    ----------
    scales : NumberScales
    n_categories : list of int
    """

    scales: NumberScales
    n_categories: list[int]

    def of(self, data: Data) -> NDArray[np.float32]:
        """(n, p): numbers within a few spreads, which are missing, and a column a category."""
        return np.concatenate([self._of_batch(batch) for batch in data.chunks()])

    def _of_batch(self, batch: Batch) -> NDArray[np.float32]:
        x = batch["x"].cpu().double().numpy()
        z = (x - self.scales.median) / self.scales.scale
        missing = np.isnan(z)
        z = np.where(missing, 0.0, z)
        parts = [z / np.sqrt(1 + (z / FAR) ** 2), missing[:, self.scales.missing]]
        if "codes" in batch:
            codes = batch["codes"].cpu().numpy()
            parts += [
                codes[:, [i]] == np.arange(1, n + 1)
                for i, n in enumerate(self.n_categories)
                if n <= MAX_CATEGORIES
            ]
        return np.concatenate(parts, axis=1).astype(np.float32)


@dataclass
class LinearTableModel:
    """Ridge regression of classes or numbers, its penalty by leave-one-out cross-validation.

    Attributes
    ----------
    features : TableFeatures
    mean : ndarray of shape (p,)
        Of the features of the rows it was fitted to.
    coef : ndarray of shape (p, k)
    intercept : ndarray of shape (k,)
    """

    features: TableFeatures
    mean: NDArray[np.float32]
    coef: NDArray[np.float32]
    intercept: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        features: TableFeatures,
        train: Data,
        target: NDArray[Any],
        weight: NDArray[np.float64] | None,
        n_classes: int | None,
        groups: NDArray[Any] | None = None,
    ) -> tuple[LinearTableModel, NDArray[np.float32]]:
        """The model, and the answers (n, k) that models without a row give for it.

        ``target`` holds classes (n,) for ``n_classes``, else numbers (n, k). Of very many rows
        random ones are learned from. Rows of one of the ``groups`` (n,) are left out together.
        """
        learned = rows_to_learn(weight, len(train))
        z, y = features.of(train.subset(learned)), target[learned]
        weight = (
            np.ones(len(learned)) if weight is None else weight[learned] / weight[learned].mean()
        )
        groups = None if groups is None else groups[learned]
        mean = (weight @ z / len(z)).astype(np.float32)
        counted = (z - mean) * np.sqrt(weight).astype(np.float32)[:, None]
        vectors, values = Decomposition([counted]).left_vectors([1.0])
        if n_classes is None:
            dual, intercept, unseen = ridge_of_numbers(vectors, values, y, weight, groups)
        else:
            found = ridge(vectors, values, y, weight, n_classes, groups)
            dual, intercept, unseen = found.dual, found.intercept, found.unseen_scores
        model = cls(features, mean, (counted.T @ dual).astype(np.float32), intercept)
        answers = np.empty((len(train), unseen.shape[1]), dtype=np.float32)
        answers[learned] = unseen
        others = np.setdiff1d(np.arange(len(train)), learned)
        if len(others):
            answers[others] = model.answers(train.subset(others))
        return model, answers

    def answers(self, data: Data) -> NDArray[np.float32]:
        """Scores of the classes (n, n_classes), or numbers (n, k)."""
        answers = (self.features.of(data) - self.mean) @ self.coef + self.intercept
        return answers.astype(np.float32, copy=False)
