"""Levels of series: means of parts and spreads."""

import numpy as np

from skdl._minirocket import level_features
from skdl._reading import Sequences

RNG = np.random.default_rng(0)


def test_means_spreads_and_largest_values():
    x = RNG.normal(size=(3, 32, 2))
    found = level_features(Sequences(x), np.zeros(2), np.ones(2)).reshape(3, 19, 2)
    np.testing.assert_allclose(found[:, :16], x.reshape(3, 16, 2, 2).mean(2), atol=1e-6)
    np.testing.assert_allclose(found[:, 16], x.std(1), rtol=1e-5)
    np.testing.assert_allclose(found[:, 17], np.log(x.std(1)), atol=1e-4)
    np.testing.assert_allclose(found[:, 18], np.abs(x).max(1), rtol=1e-5)


def test_parts_may_end_between_two_steps():
    """Each step counts as long as it is: the mean of all parts is that of all steps."""
    for n_steps in (1, 2, 7, 16, 50):
        x = RNG.normal(size=(1, n_steps, 1))
        means = level_features(Sequences(x), np.zeros(1), np.ones(1))[0, :16]
        np.testing.assert_allclose(means.mean(), x.mean(), atol=1e-6)
    np.testing.assert_allclose(means[0], (x[0, :3].sum() + x[0, 3] / 8) / 3.125, rtol=1e-5)


def test_those_of_unequal_length_are_those_of_each_alone():
    series = [RNG.normal(size=(n, 2)) for n in (1, 5, 40)]
    ragged = Sequences.of(np.concatenate(series), np.array([1, 5, 40]))
    mean, scale = np.array([0.5, 1.0]), np.array([2.0, 3.0])
    alone = [level_features(Sequences(x[None]), mean, scale) for x in series]
    np.testing.assert_array_equal(level_features(ragged, mean, scale), np.concatenate(alone))
