"""Callables as architecture."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from torch import nn
from torch.nn import functional as F

from tests.estimators.cnn.classifiers import (
    CHANNELS,
    COLOUR,
    SIGNALS,
    X,
    Y,
    assert_unfitted,
    classifier,
    linear,
)

# Callables as architecture -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "params", "shape"),
    [
        (X, {}, (1, 6, 6)),
        (COLOUR[:, :5], {}, (3, 5, 6)),
        (SIGNALS, {}, (1, 12)),
        (CHANNELS, {"kind": "signal"}, (2, 9)),
        (X.reshape(40, -1), {"image_shape": (4, 3, 3)}, (3, 4, 3)),
    ],
)
def test_a_callable_is_given_shape_and_number_of_classes(rows, params, shape):
    calls, seen = [], []

    class Watched(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            seen.append((tuple(x.shape[1:]), x.dtype))
            return self.network(x)

    def make(*args):
        calls.append(args)
        return Watched(linear(*args))

    model = classifier(architecture=make, **params).fit(rows, Y)
    assert calls == [(shape, 3)]
    assert set(seen) == {(shape, torch.float32)}
    assert model.predict_proba(rows).shape == (40, 3)


def test_a_callable_trains_as_a_loop_by_hand():
    """Full batches of plain gradient descent on standardized pixels."""
    made = []

    def make(*args):
        made.append(linear(*args))
        return made[-1]

    model = classifier(
        architecture=make,
        optimizer="sgd",
        lr=0.1,
        lr_schedule="constant",
        warmup_fraction=0.0,
        weight_decay=0.0,
        batch_size=40,
        max_epochs=5,
    ).fit(X, Y)
    network = copy.deepcopy(made[0])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    seen = torch.tensor((X - X.mean()) / X.std(), dtype=torch.float32)[:, None]
    losses = []
    for _ in range(5):
        loss = F.cross_entropy(network(seen), torch.tensor(Y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(model.history_.train_loss, losses, rtol=1e-4)
    expected = network(seen).softmax(1).detach()
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-4)
    np.testing.assert_allclose(model.encode(X), seen.flatten(1), atol=1e-5)


def test_encode_gives_what_the_last_linear_layer_takes():
    def make(shape, n_classes):
        return nn.Sequential(
            nn.Conv2d(shape[0], 3, 3), nn.Flatten(), nn.Linear(48, 7), nn.Tanh(),
            nn.Linear(7, n_classes), nn.LogSoftmax(1),
        )  # fmt: skip

    model = classifier(architecture=make).fit(X, Y)
    encoded = model.encode(X)
    assert encoded.shape == (40, 7)
    assert (np.abs(encoded) <= 1).all()
    last = [part for part in model.module_.modules() if isinstance(part, nn.Linear)][-1]
    scores = last(torch.tensor(encoded)).softmax(1).detach()
    np.testing.assert_allclose(model.predict_proba(X), scores, atol=1e-5)


def test_a_callable_without_a_linear_layer_has_no_representation():
    def make(shape, n_classes):
        return nn.Sequential(nn.Conv2d(shape[0], n_classes, 6), nn.Flatten())

    model = classifier(architecture=make).fit(X, Y)
    assert model.predict_proba(X).shape == (40, 3)
    with pytest.raises(ValueError, match=r"no torch\.nn\.Linear"):
        model.encode(X)


def test_modules_of_any_precision_mode_and_laziness():
    expected = classifier(architecture=linear).fit(X, Y).predict_proba(X)
    for change in (nn.Module.eval, nn.Module.train, nn.Module.float):
        model = classifier(architecture=lambda *args, change=change: change(linear(*args)))
        np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), expected)
    for make in (
        lambda *args: linear(*args).double(),
        lambda *args: linear(*args).half(),
        lambda shape, k: nn.Sequential(nn.Flatten(), nn.LazyLinear(k)),
    ):
        assert classifier(architecture=make).fit(X, Y).predict_proba(X).dtype == np.float32


def test_a_callable_that_gives_the_same_module_again_is_not_trained():
    network = linear((1, 6, 6), 3)
    before = copy.deepcopy(network.state_dict())
    model = classifier(architecture=lambda *_: network, lr=0.1)
    first = model.fit(X, Y).predict_proba(X)
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), first)


def gives(output):
    """An architecture whose module gives this function of its scores."""

    class Gives(nn.Linear):
        def forward(self, x):
            return output(super().forward(x.flatten(1)))

    return lambda shape, n_classes: Gives(36, n_classes)


BAD = {
    "one score too many": (
        lambda *_: linear((36,), 4),
        r"scores of shape \(n, 3\), one for each.*\(2, 4\) for n=2",
    ),
    "no flat scores": (
        lambda *_: nn.Conv2d(1, 3, 1),
        r"scores of shape \(n, 3\), one for each.*\(2, 3, 6, 6\)",
    ),
    "one row": (
        gives(lambda scores: scores[:1]),
        r"scores of shape \(n, 3\), one for each.*\(1, 3\) for n=2",
    ),
    "a number": (
        gives(lambda scores: scores.mean()),
        r"scores of shape \(n, 3\), one for each.*got \(\) for n=2",
    ),
    "tuple": (
        gives(lambda scores: (scores, scores)),
        "architecture must give one tensor of floats.*got tuple",
    ),
    "dict": (
        gives(lambda scores: {"logits": scores}),
        "architecture must give one tensor of floats.*got dict",
    ),
    "nothing": (
        gives(lambda scores: None),
        "architecture must give one tensor of floats.*got NoneType",
    ),
    "integers": (
        gives(lambda scores: scores.argmax(1)),
        "architecture must give one tensor of floats.*got torch.int64",
    ),
    "failure": (
        lambda *_: nn.Linear(7, 3),
        r"architecture fails on an input of shape \(2, 1, 6, 6\) \(n, n_channels, \.\.\.\)",
    ),
}


@pytest.mark.parametrize(("architecture", "message"), BAD.values(), ids=BAD)
def test_bad_modules_are_told(architecture, message):
    model = classifier(architecture=architecture)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (lambda *_: None, "architecture must return a torch.nn.Module, got NoneType"),
        (lambda *_: nn.Linear, "architecture must return a torch.nn.Module, got type"),
        (lambda *_: "resnet", "architecture must return a torch.nn.Module, got str"),
        (linear((36,), 3), "architecture must be a callable.*backbone"),
    ],
    ids=["nothing", "class", "name", "module"],
)
def test_what_makes_no_module_is_told(architecture, message):
    model = classifier(architecture=architecture)
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y)
    assert_unfitted(model)


def test_the_error_of_a_callable_is_seen():
    def make(shape, n_classes):
        raise KeyError("no such depth")

    with pytest.raises(KeyError, match="no such depth"):
        classifier(architecture=make).fit(X, Y)


def test_another_output_in_training_is_told():
    class Moody(nn.Linear):
        def forward(self, x):
            scores = super().forward(x.flatten(1))
            return (scores, scores) if self.training else scores

    model = classifier(architecture=lambda *_: Moody(36, 3))
    with pytest.raises(ValueError, match="architecture must give one tensor of floats, in train"):
        model.fit(X, Y)
    assert_unfitted(model)


class Maker:
    """An architecture with a size of its own."""

    def __init__(self, size):
        self.size = size

    def __call__(self, shape, n_classes):
        return nn.Sequential(
            nn.Flatten(), nn.Linear(36, self.size), nn.Linear(self.size, n_classes)
        )


def test_an_object_as_architecture_is_pickled_searched_and_trained_on():
    model = classifier(architecture=Maker(4), warm_start=True).fit(X, Y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
        twin.partial_fit(X, Y)
        twin.fit(X, Y)
    grid = {"architecture": ["plain", linear, Maker(2), Maker(5)]}
    search = GridSearchCV(classifier(), grid, cv=2, error_score="raise").fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
