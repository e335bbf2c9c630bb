"""Neighbours: probabilities by hand, rows judged without themselves, channels that tell."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import log_softmax
from sklearn.neighbors import KNeighborsClassifier

from skdl._minirocket import Labels, Levels, Neighbours
from skdl._minirocket._neighbours import (
    MOST_ROWS,
    SHARPNESS,
    UNCERTAIN,
    losses_of_rows,
    what_channels_tell,
)
from skdl._reading import Sequences


def learned(sequences, target, weight=None, groups=None, mean=0.0, scale=1.0):
    each, target = np.ones(sequences.n_channels), np.asarray(target)
    levels = Levels(mean * each, scale * each, -10 * each, 10 * each, each)
    weight = np.ones(len(target)) if weight is None else np.asarray(weight)
    labels = Labels(target, np.eye(target.max() + 1)[target], weight, groups)
    return Neighbours.learned(sequences, levels, labels, np.random.default_rng(0))


def walks(n, n_channels=1, seed=0):
    """Random walks of two classes, of five shapes each, in channel 0; others are noise."""
    rng = np.random.default_rng(seed)
    shapes = np.random.default_rng(9).normal(size=(2, 5, 30)).cumsum(2)
    target = np.arange(n) % 2
    X = rng.normal(size=(n, 30, n_channels)).cumsum(1)
    X[:, :, 0] = shapes[target, rng.integers(0, 5, n)] + rng.normal(size=(n, 30))
    return X, target


def by_hand(distances, target, weight, rate):
    near = weight * np.exp(-rate * distances)
    shares = np.stack([near[:, target == c].sum(1) for c in range(target.max() + 1)], axis=1)
    shares /= shares.sum(1, keepdims=True)
    return np.log((shares + UNCERTAIN / shares.shape[1]) / (1 + UNCERTAIN))


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_computed_by_hand(weighted):
    X, target = walks(40)
    weight = np.random.default_rng(1).uniform(0.1, 2, 40) if weighted else np.ones(40)
    some, unseen = learned(Sequences(5 * X + 3), target, weight, mean=3, scale=5)
    clipped = X[..., 0].clip(-10, 10)
    distances = cdist(clipped, clipped)
    usual = np.median(distances[distances > 0])
    assert np.isclose(some.rate * usual, SHARPNESS).any()
    expected = by_hand(distances, target, weight, some.rate)
    np.testing.assert_allclose(some.scores(Sequences(5 * X + 3)), expected, atol=1e-4)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(unseen, by_hand(distances, target, weight, some.rate), atol=1e-4)


def test_the_sharpest_is_the_nearest_neighbour():
    X, target = walks(60)
    some, _ = learned(Sequences(X), target)
    some.rate *= 1e4
    new, _ = walks(100, seed=2)
    nearest = KNeighborsClassifier(1).fit(X[..., 0].clip(-10, 10), target)
    np.testing.assert_array_equal(
        some.scores(Sequences(new)).argmax(1), nearest.predict(new[..., 0].clip(-10, 10))
    )


def test_sharpness_is_that_of_least_log_loss():
    X, target = walks(60)
    some, unseen = learned(Sequences(X), target)
    clipped = X[..., 0].clip(-10, 10)
    distances = cdist(clipped, clipped)
    usual = np.median(distances[distances > 0])
    np.fill_diagonal(distances, np.inf)
    losses = {}
    for sharpness in SHARPNESS:
        scores = by_hand(distances, target, np.ones(60), sharpness / usual)
        losses[sharpness] = -log_softmax(scores, axis=1)[np.arange(60), target].mean()
    assert np.isclose(some.rate * usual, min(losses, key=losses.get))
    assert np.isclose(losses_of_rows(unseen, np.eye(2)[target]).mean(), min(losses.values()))


@pytest.mark.parametrize("grouped", [False, True])
def test_copies_and_groups_do_not_tell_of_each_other(grouped):
    rng = np.random.default_rng(0)
    X, target = rng.normal(size=(30, 20, 2)), rng.integers(0, 2, 30)  # nothing to be learned
    noise = 1e-3 * rng.normal(size=(30, 20, 2)) if grouped else 0
    twice, of_both = np.concatenate([X, X + noise]), np.concatenate([target, target])
    groups = np.tile(np.arange(30), 2) if grouped else None
    _, unseen = learned(Sequences(twice), of_both, groups=groups)
    assert (unseen.argmax(1) == of_both).mean() < 0.8  # each has its copy beside it


@pytest.mark.parametrize("groups", [np.zeros(8), None])
def test_rows_of_one_group_are_left_out_one_by_one(groups):
    X, target = walks(8)
    _, unseen = learned(Sequences(X), target, groups=groups)
    _, expected = learned(Sequences(X), target)
    np.testing.assert_array_equal(unseen, expected)


def test_a_channel_that_tells_counts_alone():
    X, target = walks(200, n_channels=12)
    some, unseen = learned(Sequences(X), target)
    assert some.of_channels[0] == 1
    assert some.of_channels[1:].max() < 0.2
    assert (unseen.argmax(1) == target).mean() > 0.9
    new, expected = walks(200, n_channels=12, seed=1)
    assert (some.scores(Sequences(new)).argmax(1) == expected).mean() > 0.9


def test_channels_that_tell_together_alone_count_alike():
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], (200, 2))
    X = 2 * signs[:, None] + 0.3 * rng.normal(size=(200, 10, 2))
    some, unseen = learned(Sequences(X), (signs.prod(1) > 0).astype(int))
    np.testing.assert_array_equal(some.of_channels, 1)
    assert (unseen.argmax(1) == (signs.prod(1) > 0)).mean() > 0.95


def told(x, target, weight=None):
    """What the channels of x (n, n_parts, C) tell, no row being related to another."""
    weight = np.ones(len(target)) if weight is None else weight
    labels = Labels(target, np.eye(2)[target], weight, None)
    return what_channels_tell(x.astype(np.float32), labels, np.eye(len(x), dtype=bool))


def test_of_neighbours_at_one_distance_all_count():
    """In whatever order the rows come: values of few kinds have many such."""
    rng = np.random.default_rng(0)
    target = (np.arange(120) >= 90).astype(int)
    x = (rng.random((120, 3, 6)) < 0.1).astype(float)
    x[:, 0, 0] += 5 * target
    expected = told(x, target)
    assert expected.tolist() == [1, 0, 0, 0, 0, 0]
    for order in (np.arange(120)[::-1], rng.permutation(120)):
        np.testing.assert_allclose(told(x[order], target[order]), expected, atol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 4.0, 20.0])
def test_weights_make_no_channel_of_noise_tell(factor):
    rng = np.random.default_rng(0)
    target = (rng.random(300) < 0.1).astype(int)
    x = rng.normal(size=(300, 10, 5))
    assert told(x, target, np.where(target, factor, 1.0)).tolist() == [1] * 5


def test_many_series_are_compared_with_some():
    X = np.random.default_rng(0).normal(size=(MOST_ROWS + 500, 3, 1))
    target = (X.sum((1, 2)) > 0).astype(int)
    some, unseen = learned(Sequences(X), target)
    assert len(some.known) == MOST_ROWS
    assert (unseen.argmax(1) == target).mean() > 0.9


def test_series_of_unequal_length_are_compared_after_resampling():
    steps = [np.linspace(0, 6, n) for n in (30, 60, 90, 45)]
    series = [np.stack([np.sin(s), np.cos(s)], axis=1) for s in steps]
    series[-1] = -series[-1]
    sequences = Sequences.of(np.concatenate(series), np.array([len(s) for s in series]))
    some, _ = learned(sequences, [0, 0, 0, 1])
    distances = cdist(some.known, some.known)
    assert distances[:3, :3].max() < 0.1 * distances[:3, 3].min()
    np.testing.assert_array_equal(some.scores(sequences).argmax(1), [0, 0, 0, 1])
    alone = some.scores(Sequences(series[1][None]))
    np.testing.assert_allclose(alone[0], some.scores(sequences)[1], atol=1e-6)


@pytest.mark.parametrize("n_steps", [1, 5000])
def test_sizes(n_steps):
    X = np.random.default_rng(0).normal(size=(6, n_steps, 3))
    some, unseen = learned(Sequences(X), [0, 1, 0, 1, 0, 1])
    assert some.n_parts == min(n_steps, 1024 // 3)
    assert np.isfinite(unseen).all()
    assert np.isfinite(some.scores(Sequences(1e300 * X))).all()


def test_equal_series_tell_nothing():
    some, unseen = learned(Sequences(np.ones((5, 4, 1))), [0, 1, 0, 1, 0])
    np.testing.assert_allclose(np.exp(unseen), 0.5)
    np.testing.assert_allclose(
        np.exp(some.scores(Sequences(np.ones((1, 4, 1))))), [[0.6, 0.4]], atol=0.01
    )
