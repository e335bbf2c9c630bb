"""Ridge regression of classes, judged by leave-one-out cross-validation in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._minirocket import losses_of_rows

PENALTIES = np.logspace(-6, 2, 17)  # relative to the mean eigenvalue and the number of rows
# The least where groups are left out: below it counts what rounding leaves of copies in a group.
LEAST_OF_GROUPS = 1e-4
SCALES = np.geomspace(0.25, 64, 25)
# Of one row a class, and the least scale of few rows.
FEW_OF_A_CLASS, USUAL_PENALTY, USUAL_SCALE = 3, 1e-3, 2.0
VALUES_AT_ONCE = 2**22  # of the scores whose loss is computed
LEAST = 1e-9  # of what leverages leave of 1


class Ridge(NamedTuple):
    """Ridge regression of the classes, one against all: 1 for a class, -1 for others.

    Attributes
    ----------
    loss : float
        Log loss of ``unseen_scores``.
    losses : ndarray of shape (n,)
        That of each row, times its weight.
    dual : ndarray of shape (n, n_classes)
        Coefficients are the sum of the rows of the features, times the root of their weights,
        weighted by these.
    intercept : ndarray of shape (n_classes,)
    unseen_scores : ndarray of shape (n, n_classes)
        Calibrated scores of rows by models without them.
    """

    loss: float
    losses: NDArray[Any]
    dual: NDArray[Any]
    intercept: NDArray[np.float32]
    unseen_scores: NDArray[np.float32]


def ridge(
    vectors: NDArray[Any],
    values: NDArray[Any],
    target: NDArray[Any],
    weight: NDArray[Any],
    n_classes: int,
    groups: NDArray[Any] | None = None,
) -> Ridge:
    """The penalty and the scale of least log loss in leave-one-out cross-validation.

    Parameters
    ----------
    vectors, values : ndarray of shape (n, r) and (r,)
        Left singular vectors and squares of singular values of the features, whose weighted means
        are 0, times the root of the weights of rows.
    target : ndarray of shape (n,)
        Class indices.
    weight : ndarray of shape (n,)
        With mean 1.
    n_classes : int
    groups : ndarray of shape (n,) or None
        Rows that are left out together; None, or one group, leaves out one by one.
    """
    n_rows, root = len(target), np.sqrt(weight)[:, None]
    signs = np.where(np.arange(n_classes) == target[:, None], 1.0, -1.0)
    mean = weight @ signs / n_rows
    y = ((signs - mean) * root).astype(vectors.dtype)
    rotated, left_out = vectors.T @ y, LeftOut(vectors, root, groups)
    smoothed = smoothed_targets(target, weight, n_classes)
    best: tuple[Any, ...] = (np.inf,)
    penalties = PENALTIES[PENALTIES >= LEAST_OF_GROUPS] if left_out.members else PENALTIES
    scales, most_of_a_class = SCALES, np.bincount(target).max()
    if most_of_a_class < FEW_OF_A_CLASS:  # a model without one of them knows far less
        scales = SCALES[SCALES >= USUAL_SCALE]
    if most_of_a_class == 1:  # without the only row of a class nothing can be judged
        penalties, scales = np.array([USUAL_PENALTY]), scales[:1]
    penalties = penalties * (values.sum() or 1.0)
    n_at_once = max(1, VALUES_AT_ONCE // (len(scales) * signs.size))
    for start in range(0, len(penalties), n_at_once):  # the time of each call counts for few rows
        some = penalties[start : start + n_at_once]
        rests, unseen = [], np.empty((len(some), *signs.shape))
        for place, penalty in enumerate(some):
            kept = (values / (values + penalty)).astype(vectors.dtype)
            rests.append(y - vectors @ (kept[:, None] * rotated))
            unseen[place] = signs - left_out.errors(rests[-1], kept) / root
        losses = losses_of_scales(unseen, smoothed, weight / n_rows, scales)
        place, number = map(int, np.unravel_index(np.argmin(losses), losses.shape))
        if losses[place, number] < best[0]:
            dual = rests[place] / some[place]
            best = losses[place, number], scales[number], dual, unseen[place]
    loss, scale, dual, unseen = best
    intercept, unseen = ((scale * each).astype(np.float32) for each in (mean, unseen))
    of_rows = weight * losses_of_rows(unseen, smoothed)
    return Ridge(float(loss), of_rows, scale * dual, intercept, unseen)


def ridge_of_numbers(
    vectors: NDArray[Any],
    values: NDArray[Any],
    y: NDArray[Any],
    weight: NDArray[Any],
    groups: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
    """Ridge regression of numbers y (n, k), each with the penalty of least squared error.

    Squared errors are of leave-one-out cross-validation. Returns the dual coefficients (n, k), the
    intercepts (k,), and the predictions (n, k) for rows by models without them; the other arguments
    are as in :func:`ridge`.
    """
    root = np.sqrt(weight)[:, None]
    mean = weight @ y / len(y)
    centred = ((y - mean) * root).astype(vectors.dtype)
    rotated, left_out = vectors.T @ centred, LeftOut(vectors, root, groups)
    dual, errors = np.empty_like(centred), np.full_like(centred, np.inf)
    penalties = PENALTIES[PENALTIES >= LEAST_OF_GROUPS] if left_out.members else PENALTIES
    for penalty in penalties * (values.sum() or 1.0):
        kept = (values / (values + penalty)).astype(vectors.dtype)
        rests = centred - vectors @ (kept[:, None] * rotated)
        unseen = left_out.errors(rests, kept)
        better = np.square(unseen).sum(0) < np.square(errors).sum(0)
        errors[:, better], dual[:, better] = unseen[:, better], rests[:, better] / penalty
    return dual, mean.astype(np.float32), (y - errors / root).astype(np.float32)


class LeftOut:
    """Errors of a ridge regression for rows by the models without them, in closed form.

    Parameters
    ----------
    vectors : ndarray of shape (n, r)
        Left singular vectors of the features.
    root : ndarray of shape (n, 1)
        Roots of the weights, whose mean is 1.
    groups : ndarray of shape (n,) or None
        Rows that are left out together.
    """

    def __init__(
        self, vectors: NDArray[Any], root: NDArray[Any], groups: NDArray[Any] | None
    ) -> None:
        self.members: list[NDArray[Any]] = []
        groups = np.arange(len(root)) if groups is None else groups
        names, numbers = np.unique(groups, return_inverse=True)
        if 1 < len(names) < len(root):
            order = np.argsort(numbers, kind="stable")
            self.members = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
        self.vectors, self.root = vectors, root
        self.squares, self.of_mean = np.square(vectors), np.square(root[:, 0]) / len(root)

    def errors(self, residuals: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
        """For residuals (n, n_classes) of all rows and how much of each vector is kept (r,)."""
        if not self.members:
            leverage = self.squares @ kept + self.of_mean
            return residuals / np.maximum(1 - leverage, LEAST)[:, None]
        errors = np.empty_like(residuals)
        for rows in self.members:
            some, root = self.vectors[rows], self.root[rows]
            leverage = (some * kept) @ some.T + root @ root.T / len(self.root)
            rest = (1 + LEAST) * np.eye(len(rows)) - leverage
            errors[rows] = np.linalg.solve(rest, residuals[rows])
        return errors


def losses_of_scales(
    scores: NDArray[Any], smoothed: NDArray[Any], weight: NDArray[Any], scales: NDArray[Any]
) -> NDArray[np.float64]:
    """Weighted log losses (m, n_scales) of scores (m, n, n_classes) times each of the scales."""
    losses = np.empty((len(scores), len(scales)))
    scores = scores - scores.max(axis=2, keepdims=True)
    expected = (smoothed * scores).sum(2)
    n_at_once = max(1, VALUES_AT_ONCE // scores.size)
    for start in range(0, len(scales), n_at_once):
        some = slice(start, start + n_at_once)
        each = scales[some, None, None]
        sums = np.exp(each * scores[:, None]).sum(3)  # (m, scales, n)
        losses[:, some] = (np.log(sums) - each[:, :, 0] * expected[:, None]) @ weight
    return losses


class Decomposition:
    """Of blocks of features (n, f_i) side by side, the squares of each counting by a factor."""

    def __init__(self, blocks: Sequence[NDArray[np.float32]]) -> None:
        self.blocks = blocks
        self.is_wide = len(blocks[0]) <= sum(block.shape[1] for block in blocks)
        if self.is_wide:
            self.grams = [(block @ block.T).astype(np.float64) for block in blocks]

    def left_vectors(self, factors: Sequence[float]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Left singular vectors (n, r), and the squares of the singular values (r,)."""
        if self.is_wide:
            gram = sum(factor * gram for factor, gram in zip(factors, self.grams, strict=True))
            values, vectors = np.linalg.eigh(gram)
            return vectors, values.clip(0)
        roots = np.sqrt(factors, dtype=np.float32)
        counted = [(root, block) for root, block in zip(roots, self.blocks, strict=True) if root]
        z = np.concatenate([root * block for root, block in counted], axis=1)
        values, right = np.linalg.eigh((z.T @ z).astype(np.float64))
        kept = values > values[-1] * 1e-7
        left = z @ right[:, kept].astype(np.float32)  # of many rows: half the memory of float64
        left /= np.sqrt(values[kept], dtype=np.float32)
        return left, values[kept]


def smoothed_targets(
    target: NDArray[Any], weight: NDArray[Any], n_classes: int
) -> NDArray[np.float64]:
    """Probabilities (n, n_classes) of the classes: of n rows of a class, 1 / (n + 2) are others."""
    rows = np.bincount(target, weights=weight, minlength=n_classes)
    rest = 1 / (rows[target] + 2)
    smoothed = np.repeat((rest / max(1, n_classes - 1))[:, None], n_classes, axis=1)
    smoothed[np.arange(len(target)), target] = 1 - rest
    return smoothed
