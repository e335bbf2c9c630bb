"""Levels of series: means of parts, spreads and lengths, of which outliers do not decide."""

import numpy as np
import pytest

from skdl._minirocket import Levels
from skdl._reading import Sequences

RNG = np.random.default_rng(0)


def unlimited(n_channels=1, mean=0.0, scale=1.0):
    """Levels that clip nothing."""
    each = np.ones(n_channels)
    return Levels(mean * each, scale * each, -np.inf * each, np.inf * each, each)


def test_means_spreads_and_largest_values():
    x = RNG.normal(size=(3, 256, 2))
    found = unlimited(2).features(Sequences(x))
    octaves = found[:, 266:]
    np.testing.assert_allclose(octaves[:, :8], np.full((3, 8), 8), rtol=1e-6)
    np.testing.assert_allclose(octaves[:, 8:], [[0] * 4 + [1] * 4] * 3, atol=1e-6)
    found = found[:, :266].reshape(3, 133, 2)
    np.testing.assert_allclose(found[:, :128], x.reshape(3, 128, 2, 2).mean(2), atol=1e-6)
    np.testing.assert_allclose(found[:, 128], np.abs(x).max(1), rtol=1e-5)
    for place in (129, 131):  # of clipped values, and of all
        np.testing.assert_allclose(found[:, place], x.std(1), rtol=1e-5)
        np.testing.assert_allclose(found[:, place + 1], np.log(x.std(1)), atol=1e-4)


@pytest.mark.parametrize(("n_channels", "expected"), [(1, 128), (8, 128), (10, 102), (100, 16)])
def test_fewer_parts_of_many_channels(n_channels, expected):
    found = unlimited(n_channels).features(Sequences(np.ones((2, 5, n_channels))))
    assert found.shape == (2, (expected + 5) * n_channels + 16)


def test_parts_may_end_between_two_steps():
    """Each step counts as long as it is: the mean of all parts is that of all steps."""
    for n_steps in (1, 2, 7, 16, 50):
        x = RNG.normal(size=(1, n_steps, 1))
        means = unlimited().features(Sequences(x))[0, :128]
        np.testing.assert_allclose(means.mean(), x.mean(), atol=1e-6)
    x = RNG.normal(size=(1, 200, 1))  # parts of 1.5625 steps
    means = unlimited().features(Sequences(x))[0]
    np.testing.assert_allclose(means[0], (x[0, 0] + 0.5625 * x[0, 1]) / 1.5625, rtol=1e-5)


def test_those_of_unequal_length_are_those_of_each_alone():
    series = [RNG.normal(size=(n, 2)) for n in (1, 5, 40)]
    ragged = Sequences.of(np.concatenate(series), np.array([1, 5, 40]))
    levels = Levels.learned(ragged, np.array([0.5, 1.0]), np.array([2.0, 3.0]))
    alone = [levels.features(Sequences(x[None])) for x in series]
    np.testing.assert_array_equal(levels.features(ragged), np.concatenate(alone))


def test_a_few_outliers_do_not_decide():
    x = RNG.normal(size=(40, 128, 2)) + [0, 1000]
    mean, scale = np.array([0.0, 1000.0]), np.array([0.5, 2.0])
    clean = Levels.learned(Sequences(x), mean, scale)
    np.testing.assert_allclose(clean.low, -3 / scale, atol=0.2)
    np.testing.assert_allclose(clean.high, 3 / scale, atol=0.2)
    is_outlier = RNG.random(x.shape) < 0.01
    dirty = np.where(is_outlier, 1e9, x)
    levels = Levels.learned(Sequences(dirty), mean, scale)
    means = [found[:, : 128 * 2] for found in map(levels.features, map(Sequences, (x, dirty)))]
    assert np.abs(means[1] - means[0]).max() <= (levels.high - levels.low).max()
    np.testing.assert_allclose(means[0].std(), means[1].std(), rtol=0.05)


def test_where_most_values_are_equal_the_others_are_kept():
    x = np.zeros((20, 30, 1))
    x[:, 3] = 5
    levels = Levels.learned(Sequences(x), np.zeros(1), np.ones(1))
    assert (levels.low, levels.high) == (-10, 10)
    assert levels.features(Sequences(x))[:, :128].max() == 5
