"""A linear model beside the networks of classifiers of signals and sequences."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from skdl._reading import Sequences
from skdl.engine import Data
from skdl.estimators import CNNClassifier, GRUClassifier, LSTMClassifier, TransformerClassifier
from skdl.estimators._base import _signal_model
from skdl.estimators._base._linear_beside import as_sequences
from tests.waves import noisy_waves

SMALL = {"max_epochs": 2, "random_state": 0, "device": "cpu"}
MODELS = [
    CNNClassifier((4,), kind="signal", **SMALL),
    LSTMClassifier(4, **SMALL),
    GRUClassifier(4, **SMALL),
    TransformerClassifier(8, 2, 1, **SMALL),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


def waves(n, seed=0, noise=0.4):
    X, y = noisy_waves(n, seed, noise)
    return X, np.array(["a", "b"])[y]


def fitted(model, *args, **params):
    return copy.deepcopy(model).set_params(**params).fit(*args)


@every_model
@pytest.mark.parametrize("n_of_class", [1, 2])
def test_of_few_rows_it_is_no_worse_than_the_nearest_neighbour(model, n_of_class):
    steps, y = np.arange(80), np.arange(204) % 2
    rng, scores, of_neighbour = np.random.default_rng(0), [], []
    for _ in range(3):
        X = 0.3 * rng.normal(size=(204, 80)) + np.sin(0.3 * steps + y[:, None])
        train, test = slice(2 * n_of_class), slice(4, None)
        classifier = fitted(model, X[train], y[train], max_epochs="auto")
        scores.append(classifier.score(X[test], y[test]))
        of_linear = classifier._signal_model.scores(Sequences(X[test][..., None]))
        assert np.ptp(of_linear, axis=1).mean() > 0.5
        neighbour = KNeighborsClassifier(1).fit(X[train], y[train])
        of_neighbour.append(neighbour.score(X[test], y[test]))
    assert np.mean(scores) > np.mean(of_neighbour) - 0.05


@every_model
def test_with_little_training_it_is_the_linear_model_that_answers(model):
    (X, y), (X_test, y_test) = waves(40), waves(200, 1)
    alone = fitted(model, X, y, linear_model=False)
    assert alone.network_weight_ == 1
    beside = fitted(model, X, y)
    # There are no rows that could decide.
    assert beside.network_weight_ == pytest.approx(model._usual_network_weight)
    assert beside.score(X_test, y_test) > max(0.9, alone.score(X_test, y_test))


@every_model
def test_from_few_rows_of_a_class_the_network_counts_less(model):
    X, y = waves(4)
    beside = fitted(model, X, y)
    assert beside.network_weight_ == pytest.approx(model._usual_network_weight / 4)


@every_model
def test_scores_are_those_of_both(model):
    X, y = waves(40)
    beside = fitted(model, X, y)
    linear = beside._signal_model.scores(as_sequences(beside._read_again(X)))
    network = fitted(model, X, y, linear_model=False)
    weight = model._usual_network_weight / (1 - model._usual_network_weight)
    sums = linear + weight * network.net_.outputs(network._read_again(X)).numpy()
    probabilities = torch.from_numpy(sums).softmax(1).numpy()
    np.testing.assert_allclose(beside.predict_proba(X), probabilities, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(beside.net_.predict_proba(X), probabilities, rtol=1e-4, atol=1e-6)


@every_model
def test_its_weight_is_learned(model):
    """With these learning rates training fails, and so the network counts little."""
    is_transformer = isinstance(model, TransformerClassifier)
    lr, noise = (0.05, 1.0) if is_transformer else (2.0, 3.0)
    X, y = waves(300, noise=noise)
    weight = fitted(model, X, y, lr=lr, max_epochs=4).network_weight_
    assert weight < 0.8 * model._usual_network_weight


@every_model
@pytest.mark.parametrize("is_ragged", [False, True])
def test_signals_of_very_different_sizes_are_told_apart_by_their_shape(model, is_ragged):
    """Beside the largest, standardized by channel, all others would be constant."""
    (X, y), (X_test, y_test) = waves(60), waves(100, 1)
    rng = np.random.default_rng(0)
    X, X_test = (each * 10.0 ** rng.uniform(-3, 3, (len(each), 1)) for each in (X, X_test))
    if is_ragged:
        X, X_test = ([x[: 30 + row % 11] for row, x in enumerate(each)] for each in (X, X_test))
    is_slow = hasattr(model, "hidden_size")  # to learn
    model = fitted(model, X, y, linear_model=False, max_epochs=2 if is_slow else 30)
    own_scales = [getattr(part, "own_scale", False) for part in model.module_.modules()]
    assert any(own_scales)
    assert is_slow or model.score(X_test, y_test) > 0.85
    alone = np.concatenate([model.predict_proba(X_test[row : row + 1]) for row in range(4)])
    np.testing.assert_allclose(model.predict_proba(X_test)[:4], alone, rtol=1e-4, atol=1e-5)


@every_model
def test_series_of_any_length(model):
    X, y = waves(30)
    series = [x[: 20 + row % 15] for row, x in enumerate(X)]
    beside = fitted(model, series, y)
    alone = np.concatenate([beside.predict_proba([x]) for x in series[:5]])
    np.testing.assert_allclose(beside.predict_proba(series)[:5], alone, rtol=1e-4, atol=1e-6)


@every_model
def test_parts_are_learned_without_it(model):
    X, y = waves(40)
    parts = copy.deepcopy(model).partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
    assert parts.network_weight_ == 1
    beside = fitted(model, X, y)
    before = beside._signal_model
    beside.partial_fit(X, y)
    assert beside._signal_model is before
    few = fitted(model, X[:5], y[:5]).partial_fit(X[5:], y[5:])  # all rows are learned again
    assert np.isfinite(few.predict_proba(X)).all()


@every_model
def test_a_warm_start_fits_it_to_the_new_rows(model):
    X, y = waves(40)
    warm = fitted(model, X[:20], y[:20], warm_start=True)
    before = warm._signal_model
    warm.fit(X[20:], y[20:])
    assert warm._signal_model is not before
    of_these = fitted(model, X[20:], y[20:])._signal_model
    data = as_sequences(warm._read_again(X))
    np.testing.assert_array_equal(warm._signal_model.scores(data), of_these.scores(data))
    with pytest.raises(ValueError, match="linear_model changed"):
        warm.set_params(linear_model=False).fit(X, y)


@every_model
def test_pickles_answer_the_same(model):
    X, y = waves(60)
    beside = fitted(model, X, y)
    copied = pickle.loads(pickle.dumps(beside))
    np.testing.assert_array_equal(copied.predict_proba(X), beside.predict_proba(X))


def linear_network(shape, n_classes):
    n_channels, n_steps = shape
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(n_channels * n_steps, n_classes))


def test_there_is_none_on_images_beside_other_networks_and_backbones():
    X, y = waves(20)
    images = CNNClassifier((4,), **SMALL).fit(X.reshape(20, 8, 5), y)
    own = CNNClassifier(architecture=linear_network, **SMALL).fit(X, y)
    beside = CNNClassifier((4,), **SMALL).fit(X, y)
    reused = CNNClassifier(backbone=beside, **SMALL).fit(X, y)
    weights = [m.network_weight_ for m in (images, own, beside, reused)]
    assert weights == pytest.approx([1, 1, 0.2, 1])


def test_of_very_many_rows_some_are_learned_from(monkeypatch):
    """The others are not copied from a memory map, and their scores are those of the model."""
    monkeypatch.setattr(_signal_model, "MAX_ROWS", 50)
    (X, y), (X_test, y_test) = waves(120), waves(200, 1)
    beside = fitted(MODELS[0], X, y)
    assert beside.score(X_test, y_test) > 0.9
    data = beside._read_again(X)
    assert len(beside._signal_model.rows) == 50
    train = Data({"x": data.columns["x"]})
    unseen = beside._as_unseen(train).column("linear")
    others = np.setdiff1d(np.arange(120), beside._signal_model.rows)
    torch.testing.assert_close(unseen[others], data.column("linear")[others])
    assert (unseen != data.column("linear")).any()


@every_model
def test_representations_need_no_linear_model(model, monkeypatch):
    """It is asked for predictions alone."""
    X, y = waves(20)
    beside = fitted(model, X, y)
    expected = beside.encode(X)

    def asked(self, sequences):
        raise AssertionError("the linear model was asked")

    monkeypatch.setattr(_signal_model.ConvolutionModel, "scores", asked)
    np.testing.assert_array_equal(beside.encode(X), expected)
    with pytest.raises(AssertionError, match="was asked"):
        beside.predict(X)
    for maps in ("attention_maps", "_activation_inputs"):
        if hasattr(beside, maps):
            getattr(beside, maps)(X, *([16] if maps.startswith("_") else []))
    assert beside._signal_model is not None


@every_model
def test_groups_stay_together_in_calibration(model):
    """Of copies with random labels one knows the other, which says nothing of new rows."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 20)), rng.integers(2, size=30)
    new, unknown = rng.normal(size=(200, 20)), rng.integers(2, size=200)
    groups = np.repeat(np.arange(30), 3)
    losses = []
    for each in (None, groups):
        beside = copy.deepcopy(model).fit(X[groups], y[groups], groups=each)
        losses.append(log_loss(unknown, beside.predict_proba(new)))
    assert losses[1] < 0.85
    assert losses[1] < losses[0] - 0.05
