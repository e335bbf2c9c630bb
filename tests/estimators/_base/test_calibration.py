"""Temperatures: probabilities that are as certain as they are right."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from skorch.callbacks import Callback, Checkpoint

from skdl.engine import Data
from skdl.estimators import CNNClassifier
from skdl.estimators._base import _classifier
from skdl.estimators._base._calibration import all_of, halves, temperature_of


def labels_of(scores, temperature, seed=0):
    """Drawn from the softmax of scores over a temperature."""
    chances = (scores / temperature).softmax(1)
    return torch.multinomial(chances, 1, generator=torch.Generator().manual_seed(seed))[:, 0]


@pytest.mark.parametrize("temperature", [1.5, 4.0, 20.0])
def test_the_temperature_is_found(temperature):
    scores = 5 * torch.randn(5000, 3, generator=torch.Generator().manual_seed(1))
    found = temperature_of(scores, labels_of(scores, temperature))
    assert found == pytest.approx(temperature, rel=0.1)


def test_scores_are_never_sharpened():
    scores = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    assert temperature_of(scores, scores.argmax(1)) == pytest.approx(1, abs=1e-3)


def test_few_rows_change_little():
    scores = torch.tensor([[6.0, 0.0]])
    assert 1 < temperature_of(scores, torch.tensor([1])) < 4
    assert temperature_of(scores[:0], torch.zeros(0, dtype=torch.int64)) == 1


def test_heavy_rows_decide():
    scores = torch.tensor([[6.0, 0.0]] * 100)
    y = torch.tensor([0, 1] * 50)
    ones, light = torch.ones(100), torch.where(y == 1, 1e-9, 1.0)
    assert temperature_of(scores, y, light) == pytest.approx(1, abs=1e-2)
    assert temperature_of(scores, y, ones) > 10
    assert temperature_of(scores, y, 1000 * ones) == temperature_of(scores, y, ones)


def test_columns_of_the_rows_in_use():
    data = Data({"x": torch.zeros(4, 1), "y": torch.arange(4)}).subset(np.array([2, 0]))
    assert {name: column.tolist() for name, column in all_of(data).items()} == {"y": [2, 0]}


def noise(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 20)), rng.integers(0, 2, n)


def model(**params):
    return CNNClassifier(
        linear_model=False,
        **{
            "channels": (8,),
            "max_epochs": 30,
            "lr": 0.01,
            "random_state": 0,
            "device": "cpu",
            **params,
        },
    )


@pytest.mark.parametrize("n_rows", [60, 200, 520])
def test_noise_is_not_predicted_with_certainty(n_rows):
    (X, y), (X_test, y_test) = noise(n_rows, 0), noise(500, 1)
    fitted = model(channels=(32,), max_epochs=40).fit(X, y)
    assert fitted.temperature_ > 2
    assert log_loss(y_test, fitted.predict_proba(X_test)) < 0.85
    scores = fitted.decision_function(X_test) * fitted.temperature_
    assert log_loss(y_test, 1 / (1 + np.exp(-scores))) > 1


def test_many_rows_that_are_learned_at_sight_are_not_parted():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 700)
    X = rng.normal(size=(700, 20)) + 2 * y[:, None]
    assert model(max_epochs=6).fit(X, y).temperature_ == 1
    shuffled = rng.permutation(y)
    assert model(max_epochs=4).fit(X, shuffled).temperature_ == 1  # too few passes to learn noise
    fitted = model(max_epochs=6, warm_start=True).fit(X, shuffled)
    assert min(fitted.temperature_, fitted.fit(X, shuffled).temperature_) > 1


def test_labels_do_not_depend_on_it(monkeypatch):
    (X, y), (X_test, _) = noise(120, 0), noise(50, 1)
    calibrated = model(max_epochs=5).fit(X, y)
    monkeypatch.setattr(_classifier, "FEW_ROWS", range(0))
    plain = model(max_epochs=5).fit(X, y)
    assert plain.temperature_ == 1 < calibrated.temperature_
    np.testing.assert_array_equal(calibrated.predict(X_test), plain.predict(X_test))
    np.testing.assert_allclose(
        calibrated.decision_function(X_test) * calibrated.temperature_,
        plain.decision_function(X_test),
        rtol=1e-4,
        atol=1e-5,
    )


def test_validation_rows_are_used_where_there_are_some():
    X, y = noise(80, 0)
    fitted = model(early_stopping=True, validation_fraction=0.5, n_iter_no_change=30).fit(X, y)
    assert fitted.temperature_ >= 1
    assert model().fit(X[:30], y[:30]).temperature_ == 1  # too few rows to part them


def test_a_fit_from_the_fit_before_begins_without_it():
    X, y = noise(200, 0)
    fitted = model(warm_start=True, max_epochs=20).fit(X, y)
    before = fitted.temperature_
    fitted.partial_fit(X, y)
    assert fitted.temperature_ == before
    assert fitted.fit(X[:30], y[:30]).temperature_ == 1


def test_a_warm_start_from_parts_has_one_too():
    X, y = noise(600, 0)
    fitted = model(channels=(32,), warm_start=True, max_epochs=40)
    for part in (slice(300), slice(300, 600)):
        fitted.partial_fit(X[part], y[part])
    assert fitted.fit(X, y).temperature_ == 1  # many rows, whose first epoch was not seen
    assert fitted.fit(X[:200], y[:200]).temperature_ > 1


def test_callbacks_see_one_training_only():
    class Counter(Callback):
        epochs = 0

        def on_epoch_end(self, net, **_):
            type(self).epochs += 1

    model(max_epochs=3, callbacks=[Counter()]).fit(*noise(150, 0))
    assert Counter.epochs == 3


def test_weights_of_a_checkpoint_keep_it(tmp_path):
    """They are saved after each epoch, before it is learned; like the labels it is no weight."""
    (X, y), (X_test, _) = noise(120, 0), noise(50, 1)
    checkpoint = Checkpoint(monitor=None, dirname=str(tmp_path))
    fitted = model(callbacks=[checkpoint]).fit(X, y)
    expected, before = fitted.predict_proba(X_test), fitted.temperature_
    for weight in fitted.module_.parameters():
        weight.data.fill_(1)
    fitted.net_.load_params(checkpoint=checkpoint)
    assert fitted.temperature_ == before > 1
    np.testing.assert_array_equal(fitted.predict_proba(X_test), expected)
    fitted.net_.save_params(f_params=tmp_path / "net.pt")
    other = model(max_epochs=1).fit(X[:30], y[:30])
    assert other.temperature_ == 1
    other.net_.load_params(f_params=tmp_path / "net.pt")
    assert other.temperature_ == 1
    np.testing.assert_array_equal(other.predict(X_test), fitted.predict(X_test))
    copied = pickle.loads(pickle.dumps(fitted))
    assert copied.temperature_ == before
    np.testing.assert_array_equal(copied.predict_proba(X_test), expected)


def test_a_network_of_the_user_is_calibrated_too():
    def make(shape, n_classes):
        size = shape[0] * shape[1]
        return torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(size, 64),
            torch.nn.ReLU(),
            torch.nn.Linear(64, n_classes),
        )

    X, y = noise(200, 0)
    fitted = model(architecture=make, max_epochs=40).fit(X, y)
    assert fitted.temperature_ > 1.5


def half_known(n, seed):
    """Labels that follow the first column, beside as much noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 10))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


@pytest.mark.parametrize("n_fits", [4, 20])
def test_warm_starts_are_calibrated_as_one_fit(n_fits):
    (X, y), (X_test, y_test) = half_known(200, 0), half_known(300, 1)
    fitted = model(channels=(32,), max_epochs=40 // n_fits, warm_start=True)
    for _ in range(n_fits):
        fitted.fit(X, y)
    whole = model(channels=(32,), max_epochs=40).fit(X, y)
    losses = [log_loss(y_test, each.predict_proba(X_test)) for each in (fitted, whole)]
    assert losses[0] < losses[1] + 0.1
    assert min(fitted.temperature_, whole.temperature_) > 2


def test_groups_are_in_one_half():
    centres, labels = half_known(30, 0)
    groups = np.repeat(np.arange(30), 6)
    rng = np.random.default_rng(1)
    X, y = centres[groups] + 0.05 * rng.normal(size=(180, 10)), labels[groups]
    X_test, y_test = half_known(300, 2)
    known, unknown = (
        model(max_epochs=40).fit(X, y, groups=given).predict_proba(X_test)
        for given in (groups, None)
    )
    assert log_loss(y_test, known) < log_loss(y_test, unknown) - 0.2
    data = Data({"y": torch.from_numpy(y)})
    first, others = halves(data, 0, groups)
    assert not set(groups[first]) & set(groups[others])
    assert sorted([*first.tolist(), *others.tolist()]) == list(range(180))
    assert len(halves(data, 0, np.zeros(180))[0]) == 0


def test_halves_have_rows_of_each_class():
    y = torch.tensor([0] * 90 + [1] * 6 + [2] * 4)
    for seed in range(5):
        counts = [torch.bincount(y[rows], minlength=3) for rows in halves(Data({"y": y}), seed)]
        assert (counts[0] - counts[1]).abs().max() <= 1
    weight = torch.where(torch.arange(100) < 12, 1.0, 1e-6)
    assert sum(map(len, halves(Data({"y": y, "weight": weight}), 0))) == 12


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_one_row_of_each_class():
    X = np.random.default_rng(0).normal(size=(60, 20))
    assert model(max_epochs=3).fit(X, np.arange(60)).temperature_ == 1


def test_weights_count_as_their_effective_number():
    scores = torch.tensor([[6.0, 0.0]] * 100)
    y = torch.tensor([0, 1] * 50)
    heavy = torch.where(torch.arange(100) < 2, 1.0, 1e-6)
    few = temperature_of(scores[:2], y[:2])
    assert temperature_of(scores, y, heavy) == pytest.approx(few, rel=1e-2)
