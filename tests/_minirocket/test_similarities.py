"""Similarities: their inner products are the kernel, exactly of few series; each as if alone."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from skdl._minirocket import Levels, Similarities
from skdl._minirocket._neighbours import MOST_ROWS
from skdl._reading import Sequences

RNG = np.random.default_rng(0)


def learned(sequences, mean=0.0, scale=1.0):
    each = np.ones(sequences.n_channels)
    levels = Levels(mean * each, scale * each, -10 * each, 10 * each, each)
    return Similarities.learned(sequences, levels, np.random.default_rng(0))


def test_inner_products_are_the_kernel():
    X = RNG.normal(size=(40, 30, 2))
    some = learned(Sequences(5 * X + 3), 3, 5)
    features = some.features(Sequences(5 * X + 3))
    distances = cdist(X.reshape(40, -1), X.reshape(40, -1))
    kernel = np.exp(-distances / np.median(distances[distances > 0]))
    np.testing.assert_allclose(features @ features.T, kernel, atol=1e-5)


def test_of_many_series_they_are_close():
    X = RNG.normal(size=(2 * MOST_ROWS, 3, 1)).cumsum(1)
    some = learned(Sequences(X))
    features = some.features(Sequences(X))
    assert features.shape[1] == some.n_features <= MOST_ROWS
    kernel = np.exp(-cdist(X[..., 0], X[..., 0]) / some.distance)
    assert np.abs(features @ features.T - kernel).mean() < 0.01


def test_series_of_unequal_length_are_compared_after_resampling():
    steps = [np.linspace(0, 6, n) for n in (30, 60, 90, 45)]
    series = [np.stack([np.sin(s), np.cos(s)], axis=1) for s in steps]
    series[-1] = -series[-1]
    some = learned(Sequences.of(np.concatenate(series), np.array([len(s) for s in series])))
    features = some.features(Sequences.of(np.concatenate(series), np.array([30, 60, 90, 45])))
    similar = features @ features.T
    assert similar[:3, :3].min() > 0.9
    assert similar[:3, 3].max() < 0.4
    alone = some.features(Sequences(series[1][None]))
    np.testing.assert_allclose(alone[0], features[1], atol=1e-6)


@pytest.mark.parametrize("n_steps", [1, 5000])
def test_sizes(n_steps):
    X = RNG.normal(size=(6, n_steps, 3))
    some = learned(Sequences(X))
    assert some.n_parts == min(n_steps, 1024 // 3)
    assert np.isfinite(some.features(Sequences(1e300 * X))).all()


def test_projected_features_are_times_coefficients():
    X = RNG.normal(size=(20, 30, 1))
    some = learned(Sequences(X))
    coef = RNG.normal(size=(some.n_features, 3))
    found = some.projected(coef).features(Sequences(X))
    np.testing.assert_allclose(found, some.features(Sequences(X)) @ coef, atol=1e-4)


def test_equal_series_have_one_feature():
    some = learned(Sequences(np.ones((5, 4, 1))))
    np.testing.assert_allclose(some.features(Sequences(np.ones((2, 4, 1)))) ** 2, 1)
