"""CNNClassifier on signals of unequal length: each counts as it does alone."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skdl.datasets import fetch_ucr
from skdl.engine import Augmented
from skdl.estimators import SVC, CNNClassifier
from skdl.preprocessing import Encoder
from tests.estimators.cnn.classifiers import SIGNALS, TWO, classifier, linear

RNG = np.random.default_rng(0)
NAMES = np.array(["low", "high"])


def waves(n_rows=60, n_channels=1, longest=60):
    """Waves of two frequencies and of any length, on an offset that zeros would be far from."""
    lengths = RNG.integers(12, longest + 1, n_rows)
    y = RNG.permutation(n_rows) % 2
    X = []
    for n, label in zip(lengths, y, strict=True):
        steps = np.arange(n)[:, None] + RNG.normal(0, 9, size=(1, n_channels))
        X.append(np.sin((0.5 + label) * steps) + RNG.normal(0, 0.2, size=(n, n_channels)) + 20)
    return X, NAMES[y]


X, Y = waves()
ARCHITECTURES = ("fcn", "plain", "resnet")
BIG = {"channels": (8, 8), "max_epochs": 25, "lr": 0.01}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_answers_do_not_depend_on_padding(architecture, n_channels):
    signals, labels = waves(40, n_channels)
    model = classifier(architecture=architecture, channels=(4, 6)).fit(signals, labels)
    unseen = [RNG.normal(20, 1, size=(n, n_channels)) for n in (1, 2, 3, 11, 150, 700)]
    mates = signals + unseen
    for answer in (model.decision_function, model.encode, model.predict_proba):
        alone = np.concatenate([answer([x]) for x in mates])
        np.testing.assert_allclose(answer(mates), alone, atol=2e-5)
        as_array = np.concatenate([answer(x[None]) for x in mates if len(x) > 1])
        expected = alone[[len(x) > 1 for x in mates]]
        np.testing.assert_allclose(as_array, expected, atol=2e-5)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(mates), model.predict_proba(mates))


def test_the_weights_that_are_learned_do_not_depend_on_padding():
    """The gradients of one batch, with more padding and with less."""
    model = classifier(precision="float64", dropout=0.0).fit(X, Y)
    padded = model.net_.prepared(model._read_again(X))
    batch = dict(next(padded.batches(100)))
    longer = {**batch, "inputs": nn.functional.pad(batch["inputs"], (0, 0, 0, 41))}
    losses, gradients = [], []
    for given in (batch, longer):
        module = model.module_.train()
        state = {name: value.clone() for name, value in module.state_dict().items()}
        scores = module(**given)
        loss = nn.functional.cross_entropy(scores, torch.arange(60) % 2)
        gradients.append(torch.autograd.grad(loss, list(module.parameters())))
        losses.append(loss.detach())
        module.load_state_dict(state)
    torch.testing.assert_close(*losses)
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shapes_are_learned(architecture):
    model = classifier(**BIG, architecture=architecture).fit(X, Y)
    test, labels = waves(60)
    assert model.score(test, labels) > 0.9
    longer, labels = waves(60, longest=200)
    assert model.score(longer, labels) > 0.85


def test_training_batches_are_of_mixed_lengths(monkeypatch):
    """Of one length each, what goes with it would be normalized away in training alone."""
    spreads, output = [], Augmented._output

    def watched(objective, module, batch):
        if module.training:
            spreads.append(batch["lengths"].double().std().item())
        return output(objective, module, batch)

    monkeypatch.setattr(Augmented, "_output", watched)
    classifier(batch_size=15, early_stopping=False).fit(X, Y)
    assert np.mean(spreads) > 0.8 * np.std([len(x) for x in X])


def test_one_long_signal_does_not_fill_the_memory(monkeypatch):
    sizes, output = [], Augmented._output

    def watched(objective, module, batch):
        sizes.append(batch["inputs"].shape[:2])
        return output(objective, module, batch)

    monkeypatch.setattr(Augmented, "_output", watched)
    signals = [*X[:30], RNG.normal(20, 1, size=(40_000, 1))]
    model = classifier(batch_size=31, max_epochs=1, early_stopping=False)
    model.fit(signals, [*Y[:30], "low"])
    assert max(n_steps for _, n_steps in sizes) >= 40_000
    assert max(n_rows * n_steps for n_rows, n_steps in sizes) <= 2**16
    assert model.predict(signals).shape == (31,)


@pytest.mark.parametrize("augment", ["shift", "flip", "crop-flip", "randaugment", "own"])
def test_augmentation(augment):
    seen = []

    def own(x):
        seen.append(x)
        return x * 1.1

    params = {**BIG, "augment": own if augment == "own" else augment, "mixup": 0.1}
    model = classifier(**params).fit(X, Y)
    assert model.score(X, Y) > 0.85
    assert (len({x.shape[2] for x in seen}) > 10) is (augment == "own")
    assert all(len(x) == 1 and x.all() for x in seen)  # no padding


def test_augmented_inputs_are_zero_on_padding(monkeypatch):
    given = []
    output = Augmented._output

    def watched(objective, module, batch):
        given.append(batch)
        return output(objective, module, batch)

    monkeypatch.setattr(Augmented, "_output", watched)
    classifier(augment="randaugment", mixup=0.5, early_stopping=False).fit(X[:45], Y[:45])
    batches = [batch for batch in given if "lengths" in batch]
    assert len(batches) > 4
    for batch in batches:
        x, lengths = batch["inputs"], batch["lengths"]
        inside = torch.arange(x.shape[1]) < lengths[:, None]
        assert not x[~inside].any()
        assert x[inside].any()


# scikit-learn ------------------------------------------------------------------------------------


def test_searches_folds_and_pipelines():
    steps = make_pipeline(FunctionTransformer(), classifier(**BIG))
    assert cross_val_score(steps, X, Y, cv=3).mean() > 0.8
    as_objects = np.empty(len(X), dtype=object)
    as_objects[:] = X
    grid = {"architecture": ["fcn", "plain"], "augment": [None, "shift"]}
    search = GridSearchCV(classifier(max_epochs=2), grid, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(as_objects, Y).predict(as_objects).shape == Y.shape
    features = make_pipeline(Encoder(classifier(**BIG)), SVC()).fit(X, Y)
    assert features.score(X, Y) > 0.9


def test_folds_of_one_length_by_chance():
    """In one fold all signals have the length of the fit, in another none."""
    signals = [RNG.normal(size=n) for n in (8, 8, 8, 8, 8, 8, 5, 9, 7)]
    for kind in ("auto", "signal"):
        scores = cross_val_score(
            classifier(kind=kind), signals, [0, 1] * 4 + [0], cv=[([*range(6)], [6, 7, 8])]
        )
        assert np.isfinite(scores).all()


def test_early_stopping_with_validation_rows_of_other_lengths():
    test, labels = waves(20, longest=100)
    model = classifier(early_stopping=True, max_epochs=4).fit(X, Y, X_val=test, y_val=labels)
    assert model.history_.valid_loss.notna().all()
    model.fit(X, Y)
    assert model.history_.valid_loss.notna().all()


def test_more_training_on_other_lengths():
    longer, labels = waves(30, longest=150)
    array = np.stack([x[:12] for x in longer])
    model = classifier(kind="signal", warm_start=True).fit(X, Y)
    weights = model.module_.head.weight.clone()
    assert model.fit(longer, labels).module_.head.weight.ne(weights).all()
    assert model.partial_fit(array, labels).predict(X).shape == Y.shape
    first = classifier(kind="signal").partial_fit([x[:12] for x in X[:4]], Y[:4], classes=NAMES)
    assert first.input_shape_ == (12, 1)
    first.partial_fit(longer, labels)  # with the four rows before
    assert first.input_shape_ == (None, 1)
    assert first.predict_proba(X).shape == (60, 2)


def test_fewer_rows_than_classes_and_than_steps():
    signals = [np.zeros(1), np.ones(1), np.arange(3.0)]
    proba = classifier().fit(signals, ["a", "b", "c"]).predict_proba([*signals, np.zeros(9)])
    assert np.isfinite(proba).all()
    constant = [np.full(n, 7.0) for n in (3, 5, 9, 2)]
    assert np.isfinite(classifier().fit(constant, [0, 1, 2, 3]).predict_proba(constant)).all()


# Networks of the user ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["auto", "signal"])
def test_networks_of_the_user_take_one_length(kind):
    network = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU())
    of_callable = classifier(architecture=linear).fit(SIGNALS, TWO)
    models = {
        "a callable as architecture": classifier(architecture=linear, kind=kind),
        "a module as backbone": classifier(backbone=network, kind=kind),
        "a backbone whose architecture": classifier(backbone=of_callable, kind=kind),
    }
    signals = [x[: 9 + i % 4] for i, x in enumerate(SIGNALS)]
    for reason, model in models.items():
        with pytest.raises(ValueError, match=rf"(?s){reason}.*9 to 12 steps.*\"fcn\""):
            model.fit(signals, TWO)
        assert model.fit(list(SIGNALS), TWO).predict(list(SIGNALS)).shape == TWO.shape
        with pytest.raises(
            ValueError, match=r"9 to 12 steps, but .* 12 steps for all\. Cut"
        ) as got:
            model.predict(signals)
        assert "list of signals" not in str(got.value)  # it would not help


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("on_array", [False, True])
def test_a_fitted_classifier_is_a_backbone_for_any_length(freeze, on_array):
    array = np.stack([x[:12] for x in X])
    source = classifier(**BIG, kind="signal").fit(array if on_array else X, Y)
    backbone = FrozenEstimator(source)
    model = classifier(**{**BIG, "max_epochs": 10}, backbone=backbone, freeze=freeze).fit(X, Y)
    assert on_array or model.score(X, Y) > 0.8
    for answer in (model.predict_proba, model.encode):
        alone = np.concatenate([answer([x]) for x in X[:20]])
        np.testing.assert_allclose(answer(X)[:20], alone, atol=2e-5)
    if freeze and not on_array:
        np.testing.assert_allclose(model.encode(X), source.encode(X), atol=2e-5)
    again = classifier(backbone=model).fit(X, Y)
    np.testing.assert_allclose(again.predict_proba(X[:1]), again.predict_proba(X)[:1], atol=2e-5)
    assert classifier(backbone=model, kind="signal").fit(array, Y).predict(array).shape == Y.shape


def test_the_units_of_a_backbone_are_not_those_of_padding():
    fractions = [RNG.permutation(np.linspace(0, 1, n)) for n in [20] * 15 + [400] * 15]
    source = classifier().fit(fractions, Y[:30])
    classifier(backbone=source).fit(fractions, Y[:30])  # without a warning
    with pytest.warns(UserWarning, match="many values below 0 in each row.*the backbone was"):
        classifier(backbone=source).fit([2 * x - 1 for x in fractions], Y[:30])


# Real data ---------------------------------------------------------------------------------------


def plaid(split):
    """Currents of appliances at 100 to 1344 steps, each standardized, and what they are."""
    signals, labels = fetch_ucr("PLAID", split=split, download_if_missing=False)
    return [(x - x.mean()) / (x.std() + 1e-8) for x in signals], labels


@pytest.mark.slow
@pytest.mark.realdata("ucr-dev")
def test_currents_of_appliances():
    """Right on 0.83, after half of the epochs of the default."""
    model = CNNClassifier(max_epochs=12, device="cpu", random_state=0).fit(*plaid("train"))
    signals, labels = plaid("test")
    assert model.score(signals, labels) > 0.75
    alone = np.concatenate([model.predict_proba([x]) for x in signals[:50]])
    np.testing.assert_allclose(model.predict_proba(signals)[:50], alone, atol=1e-5)


@pytest.mark.parametrize("kind", ["auto", "signal"])
def test_the_signal_with_other_channels_is_named(kind):
    X = [RNG.normal(size=(n, 3)) for n in range(20, 40)]
    X[7] = X[7][:, :2]
    with pytest.raises(ValueError, match="signal 0 has 3, signal 7 has 2"):
        CNNClassifier(kind=kind).fit(X, np.arange(20) % 2)
