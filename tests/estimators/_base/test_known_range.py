"""The range of values that a classifier of signals knows."""

import copy
import pickle

import numpy as np
import pytest
import torch

from skdl._reading import Sequences
from skdl.engine import Data, Ragged
from skdl.estimators import CNNClassifier, GRUClassifier, LSTMClassifier, TransformerClassifier
from skdl.estimators._base._known_range import KnownRange
from tests.waves import noisy_waves

SMALL = {"random_state": 0, "device": "cpu"}
MODELS = [
    CNNClassifier((8,), kind="signal", max_epochs=20, **SMALL),
    LSTMClassifier(8, max_epochs=10, **SMALL),
    GRUClassifier(8, max_epochs=30, linear_model=False, **SMALL),
    TransformerClassifier(8, 2, 1, max_epochs=10, **SMALL),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
SEEN = np.array([[0.0, 1, 2, 3, 4], [10, 10, 10, 10, 16]])[..., None]


def clipped(known, x):
    return known.clipped(Data({"x": torch.tensor(x)})).columns["x"].numpy()


def fitted(model, X, y):
    return copy.deepcopy(model).fit(X, y)


def test_it_is_of_values_and_of_distances_from_the_median():
    known = KnownRange.of(Sequences(SEEN))
    assert known.n_rows == 2
    assert [*known.low, *known.high, *known.below, *known.above] == [0, 16, -2, 6]
    ragged = KnownRange.of(Sequences(SEEN.reshape(-1, 1), np.array([5, 5])))
    assert ragged == known


def test_a_signal_within_it_stays():
    known = KnownRange.of(Sequences(SEEN))
    x = np.array([[0.0, 16, 0, 0, 0], [16, 16, 0, 16, 16]])[..., None]
    np.testing.assert_array_equal(clipped(known, x), x)


def test_values_beyond_it_are_clipped_to_its_end_or_to_the_distances_from_the_median():
    """Both are twice as wide for two signals: -8 to 24, and -6 to 10."""
    known = KnownRange.of(Sequences(SEEN))
    x = np.array([[1.0, 0, 99, 0, -99], [40, 41, 42, 43, 99], [40, 41, 42, 35, 0]])[..., None]
    # Another level keeps its shape, and what is within the range stays.
    expected = [[1, 0, 24, 0, -8], [40, 41, 42, 43, 52], [40, 41, 42, 35, 0]]
    np.testing.assert_array_equal(clipped(known, x)[..., 0], expected)
    ragged = Ragged(torch.tensor(x[:2, 2:].reshape(-1, 1)), torch.tensor([3, 3]))
    got = known.clipped(Data({"x": ragged})).columns["x"]
    np.testing.assert_array_equal(got.values.numpy()[:, 0], [24, 0, -8, 42, 43, 53])
    assert got.host_lengths.tolist() == [3, 3]


@pytest.mark.parametrize("value", [23.9, 24.0, 24.1, 35.0])
def test_at_its_end_nothing_jumps(value):
    """Of a signal at its baseline for most steps, where those of fit were not."""
    known = KnownRange.of(Sequences(SEEN))
    x = np.array([[0.0, 0, 0, 20, value]])[..., None]
    np.testing.assert_array_equal(clipped(known, x)[0, :, 0], [0, 0, 0, 20, min(value, 24)])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.float16, np.int64])
def test_differences_of_bytes_do_not_overflow(dtype):
    x = np.array([[100, 0, 0, 100, 0], [127, 0, 0, 0, 0]], dtype=dtype)[..., None]
    known = KnownRange.of(Sequences(x[:1]))
    assert [*known.low, *known.high, *known.below, *known.above] == [0, 100, 0, 100]
    if dtype is np.int8:
        x[1, 1] = -127
        known = KnownRange.of(Sequences(x[1:]))
        assert [*known.below, *known.above] == [-127, 127]
    known = KnownRange(4, *(np.array([value]) for value in (0.0, 100.0, 0.0, 50.0)))
    np.testing.assert_array_equal(clipped(known, x[1:])[0, 0], [125 if x[1, 0] > 125 else 0])


def test_huge_values_are_no_error():
    huge = np.array([[-3e38, 0, 3e38], [0, 1, 2]], dtype=np.float32)[..., None]
    known = KnownRange.of(Sequences(huge))
    np.testing.assert_array_equal(clipped(known, huge), huge)
    small = KnownRange.of(Sequences(huge[1:]))
    np.testing.assert_array_equal(clipped(small, huge)[0, :, 0], [-3, 0, 3])


def test_channels_are_clipped_by_themselves():
    known = KnownRange.of(Sequences(np.stack([SEEN[..., 0], 0 * SEEN[..., 0]], 2)))
    x = np.array([[[0.0, 1], [99, 2], [0, 3]], [[1, 0], [2, 0], [3, 0]]])
    got = clipped(known, x)
    np.testing.assert_array_equal(got[0], [[0, 0], [24, 0], [0, 0]])
    np.testing.assert_array_equal(got[1], x[1])


@every_model
@pytest.mark.parametrize("kind", [np.asarray, list])
def test_one_odd_step_does_not_decide(model, kind):
    (X, y), (X_test, y_test) = noisy_waves(60), noisy_waves(200, 1)
    known = fitted(model, kind(X), y)
    score = known.score(kind(X_test), y_test)
    spoilt, rng = X_test.copy(), np.random.default_rng(0)
    spoilt[np.arange(200), rng.integers(X.shape[1], size=200)] = 1e6 * rng.normal(size=200)
    with pytest.warns(UserWarning, match="in other units"):
        assert known.score(kind(spoilt), y_test) > score - 0.15
    assert score > 0.8


@every_model
def test_a_channel_that_said_nothing_in_fit_says_nothing_later(model):
    (X, y), (X_test, _) = noisy_waves(60), noisy_waves(200, 1)
    both = np.stack([X, np.zeros_like(X)], axis=2)
    known = fitted(model, both, y)
    noise = 10 * np.random.default_rng(0).normal(size=X_test.shape)
    dead, alive = (np.stack([X_test, other], axis=2) for other in (0 * noise, noise))
    np.testing.assert_array_equal(known.predict_proba(alive), known.predict_proba(dead))


@every_model
def test_it_grows_with_the_rows_of_later_fits(model):
    """Which are trained on as they are."""
    X, y = noisy_waves(60)
    known = copy.deepcopy(model).set_params(max_epochs=1).fit(X, y)
    high = known._known_range.high
    known.partial_fit(3 * X, y)
    np.testing.assert_allclose(known._known_range.high, 3 * high, rtol=1e-6)
    assert known._known_range.n_rows == 120
    before = known.predict_proba(3 * X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(known)).predict_proba(3 * X), before)
    known.set_params(warm_start=True).fit(9 * X, y)
    assert known._known_range.n_rows == 120, "they may be the same rows"
    np.testing.assert_allclose(known._known_range.high, 9 * high, rtol=1e-6)
    known.set_params(warm_start=False).fit(X, y)
    np.testing.assert_array_equal(known._known_range.high, high)


def test_rows_of_next_to_no_weight_tell_nothing_of_it():
    X, y = noisy_waves(60)
    known = GRUClassifier(4, max_epochs=1, **SMALL).fit(X, y)._known_range
    both, twice = np.concatenate([X, 1e3 * X]), np.concatenate([y, y])
    weight = np.repeat([1.0, 1e-9], 60)
    light = GRUClassifier(4, max_epochs=1, **SMALL).fit(both, twice, sample_weight=weight)
    assert light._known_range == known


def test_there_is_none_of_images_and_texts():
    images = np.random.default_rng(0).random((20, 8, 8))
    assert CNNClassifier((4,), max_epochs=1).fit(images, np.arange(20) % 2)._known_range is None
    model = TransformerClassifier(8, 2, 1, max_epochs=1, min_frequency=1, **SMALL)
    model.fit(*noisy_waves(20))
    assert model._known_range is not None
    assert model.fit(["a b", "b c"] * 4, [0, 1] * 4)._known_range is None
