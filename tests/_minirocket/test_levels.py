"""Levels of series: means of parts and spreads."""

import numpy as np
import pytest

from skdl._minirocket import level_features
from skdl._reading import Sequences

RNG = np.random.default_rng(0)


def test_means_spreads_and_largest_values():
    x = RNG.normal(size=(3, 256, 2))
    found = level_features(Sequences(x), np.zeros(2), np.ones(2))
    np.testing.assert_allclose(found[:, 262:], np.full((3, 16), np.log(256)), rtol=1e-6)
    found = found[:, :262].reshape(3, 131, 2)
    np.testing.assert_allclose(found[:, :128], x.reshape(3, 128, 2, 2).mean(2), atol=1e-6)
    np.testing.assert_allclose(found[:, 128], x.std(1), rtol=1e-5)
    np.testing.assert_allclose(found[:, 129], np.log(x.std(1)), atol=1e-4)
    np.testing.assert_allclose(found[:, 130], np.abs(x).max(1), rtol=1e-5)


@pytest.mark.parametrize(("n_channels", "expected"), [(1, 128), (8, 128), (10, 102), (100, 16)])
def test_fewer_parts_of_many_channels(n_channels, expected):
    x = np.ones((2, 5, n_channels))
    found = level_features(Sequences(x), np.zeros(n_channels), np.ones(n_channels))
    assert found.shape == (2, (expected + 3) * n_channels + 16)


def test_parts_may_end_between_two_steps():
    """Each step counts as long as it is: the mean of all parts is that of all steps."""
    for n_steps in (1, 2, 7, 16, 50):
        x = RNG.normal(size=(1, n_steps, 1))
        means = level_features(Sequences(x), np.zeros(1), np.ones(1))[0, :128]
        np.testing.assert_allclose(means.mean(), x.mean(), atol=1e-6)
    x = RNG.normal(size=(1, 200, 1))  # parts of 1.5625 steps
    means = level_features(Sequences(x), np.zeros(1), np.ones(1))[0]
    np.testing.assert_allclose(means[0], (x[0, 0] + 0.5625 * x[0, 1]) / 1.5625, rtol=1e-5)


def test_those_of_unequal_length_are_those_of_each_alone():
    series = [RNG.normal(size=(n, 2)) for n in (1, 5, 40)]
    ragged = Sequences.of(np.concatenate(series), np.array([1, 5, 40]))
    mean, scale = np.array([0.5, 1.0]), np.array([2.0, 3.0])
    alone = [level_features(Sequences(x[None]), mean, scale) for x in series]
    np.testing.assert_array_equal(level_features(ragged, mean, scale), np.concatenate(alone))
