"""make_sequences and make_images: shapes, seeds, and something to learn that has an order."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC, SVR

from skdl.datasets import make_images, make_sequences


@pytest.mark.parametrize(("n_channels", "shape"), [(1, (20, 9)), (3, (20, 9, 3))])
def test_sequence_shapes(n_channels, shape):
    X, y = make_sequences(20, n_steps=9, n_channels=n_channels, random_state=0)
    assert X.shape == shape
    assert X.dtype == y.dtype == np.float64
    assert y.shape == (20,)
    y = make_sequences(20, n_channels=n_channels, n_targets=2, random_state=0)[1]
    assert y.shape == (20, 2)
    assert abs(np.corrcoef(y.T)[0, 1]) < 0.999


@pytest.mark.parametrize(("n_channels", "tail"), [(1, ()), (2, (2,))])
def test_ragged_sequences(n_channels, tail):
    X, y = make_sequences(
        200, n_steps=10, min_steps=4, n_channels=n_channels, ragged=True, random_state=0
    )
    assert isinstance(X, list)
    assert {len(x) for x in X} == set(range(4, 11))
    assert all(x.shape == (len(x), *tail) for x in X)
    assert y.shape == (200,)
    assert min(len(x) for x in make_sequences(100, ragged=True, random_state=0)[0]) >= 12


def test_classes_are_balanced_integers():
    y = make_sequences(31, task="classification", n_classes=3, random_state=0)[1]
    assert y.dtype.kind == "i"
    assert sorted(np.bincount(y)) == [10, 10, 11]


def test_sequences_reward_order_and_curves():
    X, y = make_sequences(1500, random_state=0)
    line = cross_val_score(Ridge(), X, y, cv=3).mean()
    curve = cross_val_score(SVR(C=10.0), X, y, cv=3).mean()
    assert 0.2 < line < 0.7
    assert 0.85 < curve < 1 / (1 + 0.1**2)
    blurred = np.sort(X, axis=1)  # the same values, their order lost
    assert cross_val_score(Ridge(), blurred, y, cv=3).mean() < line - 0.1


def test_noise_bounds_what_can_be_learned():
    clean = make_sequences(500, noise=0.0, random_state=0)[1]
    noisy = make_sequences(500, noise=1.0, random_state=0)[1]
    assert clean.std() == pytest.approx(1.0)
    assert np.std(noisy - clean) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("make", [make_sequences, make_images])
def test_the_seed_decides_and_the_global_state_stays(make):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    X, y = make(50, random_state=3)
    X_again, y_again = make(50, random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(X, X_again)
    np.testing.assert_array_equal(y, y_again)
    assert not np.array_equal(X, make(50, random_state=4)[0])
    assert not np.array_equal(make(50)[0], make(50)[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(("n_channels", "shape"), [(1, (10, 6, 9)), (3, (10, 6, 9, 3))])
def test_image_shapes(n_channels, shape):
    X, y = make_images(10, size=(6, 9), n_channels=n_channels, random_state=0)
    assert X.shape == shape
    assert X.dtype == np.uint8
    assert sorted(np.bincount(y)) == [3, 3, 4]


def test_images_ask_for_more_than_a_line():
    X, y = make_images(300, random_state=0)
    rows = X.reshape(300, -1) / 255.0
    assert cross_val_score(LogisticRegression(max_iter=2000), rows, y, cv=3).mean() < 0.6
    assert cross_val_score(SVC(), rows, y, cv=3).mean() > 0.9


@pytest.mark.parametrize(
    ("make", "kwargs", "message"),
    [
        (make_sequences, {"n_samples": 0}, "n_samples must be at least 1, got 0"),
        (make_sequences, {"n_samples": 1, "task": "classification"}, "n_samples must be at"),
        (make_sequences, {"n_steps": 1}, "n_steps must be at least 2, got 1"),
        (make_sequences, {"n_channels": 0}, "n_channels must be at least 1"),
        (make_sequences, {"n_targets": 0}, "n_targets must be at least 1"),
        (make_sequences, {"n_classes": 1}, "n_classes must be at least 2"),
        (make_sequences, {"noise": -1.0}, "noise must be at least 0, got -1.0"),
        (make_sequences, {"task": "ranking"}, "task must be one of .*'ranking'"),
        (make_sequences, {"ragged": True, "min_steps": 25}, "min_steps must be from 2 to 24"),
        (make_images, {"size": (3, 8)}, "each side of size must be at least 4, got 3"),
        (make_images, {"n_samples": 2}, "n_samples must be at least 3, got 2"),
        (make_images, {"noise": -0.1}, "noise must be at least 0"),
    ],
)
def test_bad_parameters_are_refused(make, kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_one_sequence_is_enough_for_regression():
    X, y = make_sequences(1, random_state=0)
    assert X.shape == (1, 24)
    assert np.isfinite(y).all()
