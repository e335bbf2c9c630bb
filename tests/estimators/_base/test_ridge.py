"""The ridge regression of classes: its closed forms, against models fitted without a row."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import Ridge

from skdl.estimators._base._ridge import (
    LEAST_OF_GROUPS,
    PENALTIES,
    SCALES,
    Decomposition,
    ridge,
    smoothed_targets,
)

RNG = np.random.default_rng(0)


def features(n, n_features, weight):
    z = RNG.normal(size=(n, n_features)).astype(np.float32)
    z -= np.average(z, axis=0, weights=weight).astype(np.float32)
    return z


@pytest.mark.parametrize("shape", [(20, 40), (40, 8)], ids=["few rows", "many rows"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_groups", [None, 6])
def test_scores_of_unseen_rows_are_those_of_models_without_them(shape, weighted, n_groups):
    """With the features as they are: standardizing is not repeated without the row."""
    (n, n_features), n_classes = shape, 3
    target = RNG.integers(0, n_classes, n)
    weight = RNG.uniform(0.5, 2, n) if weighted else np.ones(n)
    weight /= weight.mean()
    z = features(n, n_features, weight)
    root = np.sqrt(weight).astype(np.float32)[:, None]
    factors = np.repeat([1.0, 0.0, 4.0], [4, 2, n_features - 6])
    blocks = np.split(root * z, [4, 6], axis=1)
    vectors, values = Decomposition(blocks).left_vectors([1.0, 0.0, 4.0])
    groups = np.arange(n) if n_groups is None else RNG.integers(n_groups, size=n)
    found = ridge(vectors, values, target, weight, n_classes, groups)
    z *= np.sqrt(factors).astype(np.float32)

    signs = np.where(np.arange(n_classes) == target[:, None], 1.0, -1.0)
    smoothed = smoothed_targets(target, weight, n_classes)
    best = (np.inf,)
    penalties = PENALTIES if n_groups is None else PENALTIES[PENALTIES >= LEAST_OF_GROUPS]
    for penalty in penalties * values.sum():
        unseen = np.zeros((n, n_classes))
        for group in np.unique(groups):
            others = groups != group
            model = Ridge(penalty).fit(z[others], signs[others], sample_weight=weight[others])
            unseen[~others] = model.predict(z[~others])
        for scale in SCALES:
            loss = -(weight[:, None] * smoothed * log_softmax(scale * unseen, 1)).sum() / n
            best = min(best, (loss, penalty, scale), key=lambda each: each[0])
            if best[0] == loss:
                scores = scale * unseen
    assert found.loss == pytest.approx(best[0], rel=1e-3)
    np.testing.assert_allclose(found.unseen_scores, scores, rtol=1e-2, atol=1e-2)
    model = Ridge(best[1]).fit(z, signs, sample_weight=weight)
    coef = (root * z).T @ found.dual
    np.testing.assert_allclose(coef, best[2] * model.coef_.T, rtol=1e-2, atol=1e-3)


def test_targets_are_smoothed_as_by_platt():
    smoothed = smoothed_targets(np.array([0, 0, 1]), np.ones(3), 3)
    np.testing.assert_allclose(smoothed, [[3 / 4, 1 / 8, 1 / 8]] * 2 + [[1 / 6, 2 / 3, 1 / 6]])
