"""The convolutional classifier: networks, normalization, augmentation, losses and large data."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EpochScoring
from torch import nn
from torch.nn import functional as F

from skdl.datasets import fetch_ucr, get_data_home, make_images, make_sequences
from skdl.engine import _data
from skdl.estimators import CNNClassifier
from skdl.estimators.cnn._augmentation import AUGMENTATIONS
from tests.fits import InterruptsIn

SMALL = {"channels": (4,), "max_epochs": 2, "random_state": 0, "device": "cpu"}
X, Y = make_images(40, size=(6, 6), random_state=0)
COLOUR, _ = make_images(40, size=(6, 6), n_channels=3, random_state=0)
SIGNALS, TWO = make_sequences(40, n_steps=12, task="classification", random_state=0)
CHANNELS, _ = make_sequences(40, n_steps=9, n_channels=2, task="classification", random_state=0)


def classifier(**params):
    return CNNClassifier(**{**SMALL, **params})


def linear(shape, n_classes):
    """A callable architecture without normalization, dropout and convolutions."""
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), n_classes))


def assert_unfitted(model):
    assert not [name for name in vars(model) if name.endswith("_")]


# Sizes -------------------------------------------------------------------------------------------

SIZES = [(2, 2), (2, 9), (9, 2), (3, 3), (5, 4), (8, 8), (28, 28), (33, 17), (64, 64), (256, 256)]
LENGTHS = [1, 2, 3, 5, 8, 17, 100, 513, 1000, 10_000]


@pytest.mark.parametrize("architecture", ["auto", "plain", "resnet"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_images_of_any_size(size, architecture):
    rng = np.random.default_rng(0)
    for n_channels, channels in [((), (3,)), ((3,), (2, 3, 4))]:
        rows = rng.integers(0, 256, (5, *size, *n_channels), dtype=np.uint8)
        model = classifier(channels=channels, architecture=architecture, max_epochs=1)
        proba = model.fit(rows, [0, 1, 2, 0, 1]).predict_proba(rows)
        assert proba.shape == (5, 3)
        assert np.isfinite(proba).all()
        assert model.encode(rows).ndim == 2
        assert model.input_shape_ == (*size, *(n_channels or (1,)))


@pytest.mark.parametrize("architecture", ["auto", "plain", "resnet", "fcn"])
@pytest.mark.parametrize("length", LENGTHS)
def test_signals_of_any_length(length, architecture):
    rng = np.random.default_rng(0)
    for n_channels, channels in [(1, (3,)), (2, (2, 3, 4))]:
        rows = rng.normal(size=(5, length, n_channels))
        model = classifier(
            channels=channels,
            architecture=architecture,
            max_epochs=1,
            kind="signal",
            image_shape=(length, n_channels),
        )
        proba = model.fit(rows, [0, 1, 2, 0, 1]).predict_proba(rows)
        assert proba.shape == (5, 3)
        assert np.isfinite(proba).all()
        assert model.encode(rows).ndim == 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(2, 20), min_size=2, max_size=2),
    st.integers(1, 3),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from([1, 3, 5, 9]),
    st.sampled_from(["plain", "resnet"]),
)
def test_any_network_of_images(size, n_channels, channels, kernel_size, architecture):
    rows = np.random.default_rng(0).random((3, *size, n_channels))
    model = classifier(
        channels=tuple(channels),
        kernel_size=kernel_size,
        architecture=architecture,
        max_epochs=1,
        image_shape=(*size, n_channels),
    )
    proba = model.fit(rows, [0, 1, 0]).predict_proba(rows)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 3),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from([1, 3, 5, 9]),
    st.sampled_from(["plain", "resnet", "fcn"]),
)
def test_any_network_of_signals(length, n_channels, channels, kernel_size, architecture):
    rows = np.random.default_rng(0).random((3, length, n_channels))
    model = classifier(
        channels=tuple(channels),
        kernel_size=kernel_size,
        architecture=architecture,
        max_epochs=1,
        kind="signal",
        image_shape=(length, n_channels),
    )
    proba = model.fit(rows, [0, 1, 0]).predict_proba(rows)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("architecture", ["plain", "resnet", "fcn"])
@pytest.mark.parametrize(
    ("n_rows", "batch_size"), [(9, 8), (17, 8), (5, 4), (3, 2), (9, 1), (65, 64), (65, "auto")]
)
def test_a_last_batch_of_one_row(architecture, n_rows, batch_size):
    """Where a single value is left of each channel, there is nothing to normalize by."""
    shape = (1,) if architecture == "fcn" else (2, 2)
    rows = np.random.default_rng(0).normal(size=(n_rows, *shape))
    model = classifier(architecture=architecture, channels=(2, 2, 2), batch_size=batch_size)
    model.fit(rows, np.arange(n_rows) % 2)
    assert np.isfinite(model.predict_proba(rows)).all()
    assert np.isfinite(model.history_.train_loss).all()


@pytest.mark.parametrize("shape", [(1,), (6,), (2, 2), (6, 6)], ids=str)
def test_chunks_of_one_row(shape):
    rows = np.random.default_rng(0).normal(size=(4, *shape))
    model = classifier(channels=(2, 2, 2)).partial_fit(rows[:1], [0], classes=[0, 1])
    for row in range(1, 4):
        model.partial_fit(rows[row : row + 1], [row % 2])
    assert model.n_iter_ == 4
    assert np.isfinite(model.predict_proba(rows)).all()


# Learning ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["plain", "resnet"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_stripes_are_told_apart(architecture, n_channels):
    rows, labels = make_images(360, size=(10, 9), n_channels=n_channels, random_state=0)
    model = classifier(channels=(8, 8), architecture=architecture, max_epochs=12)
    model.fit(rows[:240], labels[:240])
    assert model.score(rows[240:], labels[240:]) > 0.85
    assert rows.dtype == np.uint8


@pytest.mark.parametrize("architecture", ["plain", "resnet", "fcn"])
def test_where_a_bump_is_and_how_wide_is_told_apart(architecture):
    """Signals of two channels: the width of a bump in the second one, anywhere in time."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 2
    rows = 0.2 * rng.normal(size=(300, 40, 2))
    center, width = rng.uniform(8, 32, size=(300, 1)), np.where(labels, 3.0, 1.0)[:, None]
    rows[..., 1] += np.exp(-(((np.arange(40) - center) / width) ** 2))
    model = classifier(channels=(8, 8), architecture=architecture, kind="signal", max_epochs=12)
    model.fit(rows[:200], labels[:200])
    assert model.score(rows[200:], labels[200:]) > 0.85


def test_the_kind_decides_between_images_and_signals():
    as_image, as_signal = (classifier(kind=kind).fit(X, Y) for kind in ("image", "signal"))
    assert (as_image.kind_, as_signal.kind_) == ("image", "signal")
    assert as_image.input_shape_ == (6, 6, 1)
    assert as_signal.input_shape_ == (6, 6)
    layers = [{type(part) for part in m.module_.modules()} for m in (as_image, as_signal)]
    assert nn.Conv2d in layers[0] - layers[1]
    assert nn.Conv1d in layers[1] - layers[0]


@pytest.mark.parametrize(
    "params",
    [
        {"channels": (5,)},
        {"channels": (4, 4)},
        {"architecture": "resnet"},
        {"kernel_size": 5},
        {"dropout": 0.7},
        {"normalize": False},
        {"mixup": 0.4},
        {"label_smoothing": 0.3},
        *({"augment": name} for name in AUGMENTATIONS),
    ],
    ids=str,
)
def test_every_parameter_changes_the_model(params):
    plain = classifier(architecture="plain", dropout=0.0).fit(X, Y).predict_proba(X)
    model = classifier(**{"architecture": "plain", "dropout": 0.0, **params})
    assert not np.array_equal(model.fit(X, Y).predict_proba(X), plain)


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
        (linear((36,), 3), "architecture must make a module.*backbone"),
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


# Normalization -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_units_do_not_matter(scale, offset):
    rows = X.astype(float)
    expected = classifier().fit(rows, Y).predict_proba(rows)
    other = scale * (rows + offset)
    got = classifier().fit(other, Y).predict_proba(other)
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_each_channel_has_its_own_units():
    rows = COLOUR.astype(float)
    expected = classifier().fit(rows, Y).predict_proba(rows)
    other = rows * [1.0, 1e-4, 1e4] + [0.0, 7.0, -100.0]
    np.testing.assert_allclose(classifier().fit(other, Y).predict_proba(other), expected, atol=2e-3)
    model = classifier().fit(other, Y)
    np.testing.assert_allclose(model.module_.mean, other.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(model.module_.scale, other.std((0, 1, 2)), rtol=1e-5)


def test_without_normalize_values_are_as_they_are():
    model = classifier(architecture=linear, normalize=False).fit(X, Y)
    np.testing.assert_array_equal(model.encode(X), X.reshape(40, -1))
    assert model.module_.mean.tolist() == [0]
    assert model.module_.scale.tolist() == [1]


def test_statistics_are_those_of_weighted_training_rows():
    weight = np.arange(40.0)
    model = classifier().fit(X, Y, weight)
    mean = np.average(X.mean((1, 2)), weights=weight)
    assert float(model.module_.mean) == pytest.approx(mean)
    spread = np.average(((X - mean) ** 2).mean((1, 2)), weights=weight) ** 0.5
    assert float(model.module_.scale) == pytest.approx(spread)


def test_statistics_do_not_look_at_the_validation_rows():
    params = {"early_stopping": True, "validation_fraction": 0.25, "max_epochs": 1}
    moved = 0
    for row in range(40):
        far = X.astype(np.float32)
        far[row] += 1e6
        moved += float(classifier(**params).fit(far, Y).module_.mean) > 1e3
    assert moved == 30


def test_statistics_stay_when_training_goes_on():
    model = classifier(warm_start=True).fit(X, Y)
    mean = float(model.module_.mean)
    model.partial_fit(X // 2, Y).fit(X // 2, Y)
    assert float(model.module_.mean) == mean


# Augmentation ------------------------------------------------------------------------------------


class Watches:
    """An augmentation that changes nothing and remembers what it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, x):
        self.seen.append(x.clone())
        return x


@pytest.mark.parametrize(
    ("rows", "params", "shape"),
    [
        (X, {}, (1, 6, 6)),
        (COLOUR, {}, (3, 6, 6)),
        (SIGNALS, {}, (1, 12)),
        (CHANNELS, {"kind": "signal"}, (2, 9)),
    ],
    ids=["grey", "colour", "signal", "channels"],
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_callable_gets_normalized_rows_channels_first(rows, params, shape, precision):
    augment = Watches()
    model = classifier(augment=augment, batch_size=40, precision=precision, **params).fit(rows, Y)
    assert len(augment.seen) == 2
    for x in augment.seen:
        assert x.shape == (40, *shape)
        assert x.dtype is getattr(torch, precision)
        assert x.device.type == "cpu"
        assert not x.requires_grad
        dims = [0, *range(2, x.ndim)]
        assert x.mean(dims).abs().max() < 1e-3
        torch.testing.assert_close(x.std(dims), torch.ones_like(x.std(dims)), atol=0.02, rtol=0)
    twin = classifier(batch_size=40, precision=precision, **params).fit(rows, Y)
    np.testing.assert_array_equal(model.predict_proba(rows), twin.predict_proba(rows))


@pytest.mark.parametrize("callbacks", [None, "per batch"])
def test_augmentation_is_for_training_rows_only(callbacks):
    class PerBatch(Callback):
        def on_batch_end(self, net, **kwargs):
            pass

    augment = Watches()
    model = classifier(
        augment=augment,
        early_stopping=True,
        validation_fraction=0.25,
        max_epochs=3,
        callbacks=callbacks and [PerBatch()],
    ).fit(X, Y)
    assert sum(map(len, augment.seen)) == 3 * 30
    assert len({row.numpy().tobytes() for batch in augment.seen for row in batch}) == 30
    augment.seen.clear()
    for method in (model.predict, model.predict_proba, model.decision_function, model.encode):
        method(X)
    model.score(X, Y)
    assert augment.seen == []
    model.partial_fit(X[:10], Y[:10])
    assert sum(map(len, augment.seen)) == 10


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("rows", [X, COLOUR, SIGNALS], ids=["grey", "colour", "signal"])
def test_augmentations_are_seeded(name, rows):
    def proba(seed=0):
        return (
            classifier(augment=name, mixup=0.2, random_state=seed).fit(rows, Y).predict_proba(rows)
        )

    first = proba()
    torch.rand(3)
    np.testing.assert_array_equal(proba(), first)
    assert not np.array_equal(proba(1), first)


def test_each_epoch_is_augmented_anew():
    drawn = []

    def noise(x):
        drawn.append(torch.rand(()).item())
        return x + torch.randn_like(x)

    classifier(augment=noise, batch_size=40, max_epochs=5).fit(X, Y)
    assert len(set(drawn)) == 5


def test_what_augments_in_place_spoils_nothing():
    means = []

    def add(x):
        means.append(x.mean().item())
        return x.add_(1)

    model = classifier(augment=add, batch_size=40, max_epochs=3).fit(X, Y)
    np.testing.assert_allclose(means, 0, atol=1e-4)
    model.partial_fit(X, Y)
    np.testing.assert_allclose(means, 0, atol=1e-4)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda x: x[:, :, 1:], r"\(14?0?, 1, 6, 6\)|shape it was given.*1, 6, 6\).*1, 5, 6\)"),
        (lambda x: x[:1], r"shape it was given.*got .*\(1, 1, 6, 6\)"),
        (lambda x: None, "augment must return a tensor, got NoneType"),
        (lambda x: x.int(), r"augment must return floats.*torch\.int32"),
        (lambda x: x * np.nan, "training loss is not finite"),
    ],
    ids=["shape", "rows", "nothing", "integers", "NaN"],
)
def test_bad_augmentations_are_told(augment, message):
    model = classifier(augment=augment)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X, Y)
        assert_unfitted(model)


def test_an_augmentation_of_another_precision_is_fine():
    model = classifier(augment=lambda x: x.double()).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, Y).predict_proba(X))


def test_a_shift_teaches_that_places_do_not_matter():
    """Trained on bars in the middle, asked for bars beside it."""
    rng = np.random.default_rng(0)
    rows = 20 * rng.normal(size=(200, 16, 16)) + 100
    labels = np.arange(200) % 2
    rows[labels == 0, :, 7:9] += 100
    rows[labels == 1, 7:9, :] += 100
    moved = np.roll(rows, (2, -2), (1, 2))
    params = {"architecture": linear, "max_epochs": 20, "lr": 0.01}
    plain, taught = (
        classifier(augment=augment, **params).fit(rows[:100], labels[:100])
        for augment in (None, "shift")
    )
    assert taught.score(moved[100:], labels[100:]) > plain.score(moved[100:], labels[100:]) + 0.1


# Losses ------------------------------------------------------------------------------------------

# Rows that have one bright pixel each, another one for each: what was mixed can be read off.
ONE_HOT = np.eye(36).reshape(36, 6, 6)
LABELS = np.arange(36) % 3


class Recorder(nn.Module):
    """A linear network that remembers what it was given and gave in training."""

    def __init__(self, shape, n_classes):
        super().__init__()
        self.layer = nn.Linear(36, n_classes)

    def forward(self, x):
        scores = self.layer(x.flatten(1))
        if self.training:
            recorded.append((x.flatten(1).detach().clone(), scores.detach().clone()))
        return scores


recorded = []


@pytest.fixture(autouse=True)
def forget():
    recorded.clear()


def fit_recorder(y=LABELS, weight=None, **params):
    """One epoch of one batch of ONE_HOT; the order of its rows is theirs."""
    model = classifier(
        architecture=Recorder, normalize=False, batch_size=36, max_epochs=1, **params
    )
    return model.fit(ONE_HOT, y, weight)


@pytest.mark.parametrize("mixup", [0.2, 1.0, 8.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_mixup_mixes_pairs_of_rows_and_their_losses(mixup, weighted, label_smoothing):
    weight = np.linspace(0.5, 3, 36) if weighted else None
    for seed in range(3):
        recorded.clear()
        model = fit_recorder(
            weight=weight, mixup=mixup, label_smoothing=label_smoothing, random_state=seed
        )
        [(mixed, scores)] = recorded
        share = 1.0
        order = []
        for row in range(36):
            others = [place for place in mixed[row].nonzero()[:, 0].tolist() if place != row]
            order.append(others[0] if others else row)
            if others:
                share = float(mixed[row, row])
                assert float(mixed[row, others[0]]) == pytest.approx(1 - share, abs=1e-5)
            assert len(others) <= 1
            assert float(mixed[row].sum()) == pytest.approx(1, abs=1e-5)
        by = mixed.diagonal()[torch.tensor(order) != torch.arange(36)]
        torch.testing.assert_close(by, torch.full_like(by, share), atol=1e-5, rtol=0)
        assert sorted(order) == list(range(36)), "each row is a partner once"
        y = torch.tensor(LABELS)
        losses = F.cross_entropy(
            scores, y, reduction="none", label_smoothing=label_smoothing
        ), F.cross_entropy(
            scores, y[order], reduction="none", label_smoothing=label_smoothing
        )  # fmt: skip
        w = torch.ones(36) if weight is None else torch.tensor(weight / weight.mean()).float()
        by_hand = share * (losses[0] * w).mean() + (1 - share) * (losses[1] * w[order]).mean()
        assert model.history_.train_loss[0] == pytest.approx(float(by_hand), rel=1e-4)


def test_mixup_draws_a_share_for_each_batch():
    classifier(architecture=Recorder, normalize=False, batch_size=6, max_epochs=4, mixup=1.0).fit(
        ONE_HOT, LABELS
    )
    largest = {round(float(mixed.max(1).values.min()), 4) for mixed, _ in recorded}
    assert len(recorded) == 24
    assert len(largest) > 12


def test_label_smoothing_is_for_training_only():
    model = fit_recorder(label_smoothing=0.3)
    [(_, scores)] = recorded
    by_hand = F.cross_entropy(scores, torch.tensor(LABELS), label_smoothing=0.3)
    assert model.history_.train_loss[0] == pytest.approx(float(by_hand), rel=1e-5)
    still = {"lr": 1e-9, "early_stopping": True, "validation_fraction": 0.25}
    for more in ({"label_smoothing": 0.3}, {"mixup": 1.0}, {"augment": lambda x: -x}):
        plain, other = fit_recorder(**still), fit_recorder(**still, **more)
        assert other.history_.valid_loss[0] == pytest.approx(plain.history_.valid_loss[0], rel=1e-4)
        assert other.history_.train_loss[0] != pytest.approx(plain.history_.train_loss[0], rel=1e-4)


@pytest.mark.parametrize("params", [{"label_smoothing": 0.4}, {"mixup": 2.0}], ids=str)
def test_smoothed_labels_and_mixed_rows_make_less_sure_of_it(params):
    rows, labels = make_images(120, size=(8, 8), random_state=0)
    base = {"channels": (8, 8), "max_epochs": 15, "lr": 0.01}
    plain, other = (
        classifier(**base, **more).fit(rows, labels).predict_proba(rows).max(1).mean()
        for more in ({}, params)
    )
    assert other < plain - 0.02


def test_class_weights_and_sample_weights_multiply_with_everything_on():
    params = {"mixup": 0.3, "label_smoothing": 0.1, "augment": "shift"}
    weight = np.linspace(0.5, 1.5, 40)
    both = classifier(class_weight={0: 3.0, 1: 1.0, 2: 0.5}, **params).fit(X, Y, weight)
    by_row = classifier(**params).fit(X, Y, weight * np.array([3.0, 1.0, 0.5])[Y])
    np.testing.assert_allclose(both.predict_proba(X), by_row.predict_proba(X), atol=1e-5)
    unweighted = classifier(**params).fit(X, Y)
    assert not np.allclose(both.predict_proba(X), unweighted.predict_proba(X), atol=1e-4)


def test_balanced_classes():
    rows, labels = np.concatenate([X, X[Y == 0], X[Y == 0]]), np.concatenate([Y, np.zeros(28, int)])
    assert len(rows) == len(labels), "28 rows of class 0 were added"
    params = {"architecture": linear, "max_epochs": 20, "lr": 0.01}
    plain, even = (
        classifier(class_weight=weight, **params).fit(rows, labels).predict_proba(rows)[:, 0].mean()
        for weight in (None, "balanced")
    )
    assert even < plain - 0.02


# What comes out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("auto", np.float32),
        ("float32", np.float32),
        ("bfloat16", np.float32),
        ("float64", np.float64),
    ],
)
def test_scores_and_probabilities(n_classes, precision, dtype):
    labels = np.arange(40) % n_classes
    model = classifier(precision=precision, max_epochs=1).fit(X, labels)
    proba, scores = model.predict_proba(X), model.decision_function(X)
    assert proba.shape == (40, n_classes)
    assert proba.dtype == scores.dtype == dtype
    np.testing.assert_allclose(
        proba.sum(1, dtype=float), 1, atol=1e-6 if dtype == np.float32 else 1e-14
    )
    assert ((proba >= 0) & (proba <= 1)).all()
    assert scores.shape == ((40,) if n_classes == 2 else (40, n_classes))
    if n_classes == 2:
        np.testing.assert_allclose(scores, np.log(proba[:, 1] / proba[:, 0]), atol=1e-2)
        np.testing.assert_array_equal(model.predict(X), (scores > 0).astype(int))
    else:
        odds = np.log(proba) - np.log(proba[:, :1])
        np.testing.assert_allclose(scores - scores[:, :1], odds, atol=1e-2)
        np.testing.assert_array_equal(model.predict(X), scores.argmax(1))


@pytest.mark.parametrize("architecture", ["plain", "resnet", "fcn"])
def test_scores_are_linear_in_the_representation(architecture):
    rows, labels = (SIGNALS, TWO) if architecture == "fcn" else (X, Y)
    rows, labels = np.concatenate([rows] * 4), np.concatenate([labels] * 4)
    rows = rows + np.random.default_rng(0).normal(size=rows.shape)
    labels = labels + 5 * (np.arange(160) % 2)
    model = classifier(channels=(3,), architecture=architecture).fit(rows, labels)
    encoded, scores = model.encode(rows), model.decision_function(rows)
    assert encoded.shape[0] == 160
    design = np.column_stack([encoded, np.ones(160)]).astype(float)
    assert design.shape[1] < 120
    rest = scores - design @ np.linalg.lstsq(design, scores, rcond=None)[0]
    assert np.abs(rest).max() < 1e-3 * np.abs(scores).max()
    np.testing.assert_allclose(model.encode(rows[7:8])[0], encoded[7], atol=1e-4)


def test_encode_feeds_classical_estimators():
    rows, labels = make_images(240, size=(8, 8), random_state=0)
    encoder = classifier(channels=(8, 8), max_epochs=8).fit(rows[:120], labels[:120])
    pipeline = make_pipeline(FunctionTransformer(encoder.encode), LogisticRegression(max_iter=2000))
    assert pipeline.fit(rows[:120], labels[:120]).score(rows[120:], labels[120:]) > 0.8


# Going on ----------------------------------------------------------------------------------------


def test_chunks_with_classes_to_come():
    model = classifier().partial_fit(COLOUR[:8], np.zeros(8, int), classes=[0, 1, 2])
    for start in range(8, 40, 8):
        model.partial_fit(COLOUR[start : start + 8], Y[start : start + 8])
    assert model.n_iter_ == 5
    assert model.predict_proba(COLOUR).shape == (40, 3)
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(COLOUR[:1], [3])
    with pytest.raises(ValueError, match="fitted on 6 x 6 x 3"):
        model.partial_fit(X, Y)
    assert model.n_iter_ == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"augment": "flip"},
        {"augment": None},
        {"mixup": 0.5},
        {"label_smoothing": 0.2},
        {"class_weight": "balanced"},
        {"backbone_lr_factor": 0.5},
        {"batch_size": 10, "early_stopping": True, "optimizer": "sgd"},
    ],
    ids=str,
)
def test_a_warm_start_may_change_how_it_is_trained(changed):
    model = classifier(augment="shift", warm_start=True).fit(X, Y)
    weights = [param.clone() for param in model.module_.parameters()]
    model.set_params(**changed, max_epochs=1, lr=1e-8).fit(X, Y)
    for before, now in zip(weights, model.module_.parameters(), strict=True):
        torch.testing.assert_close(now, before, atol=1e-4, rtol=0)
    model.partial_fit(X, Y)


@pytest.mark.parametrize(
    "changed",
    [
        {"channels": (5,)},
        {"channels": (4, 4)},
        {"architecture": "resnet"},
        {"architecture": linear},
        {"kernel_size": 5},
        {"dropout": 0.0},
        {"normalize": False},
        {"kind": "signal"},
        {"image_shape": (9, 4)},
        {"precision": "float64"},
        {"backbone": nn.Identity()},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_warm_start_cannot_change_the_network(changed, method):
    model = classifier(architecture="plain", warm_start=True).fit(X, Y)
    before = model.predict_proba(X)
    [name] = changed
    with pytest.raises(ValueError, match=f"{name} changed since it was built"):
        getattr(model.set_params(**changed), method)(X, Y)
    model.set_params(**{name: classifier(architecture="plain").get_params()[name]})
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("params", [{}, {"augment": "randaugment", "mixup": 0.2}], ids=str)
def test_stopping_early(params):
    noise = np.random.default_rng(0).integers(0, 2, 40)
    model = classifier(
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=3,
        max_epochs=200,
        lr=0.01,
        **params,
    ).fit(X, noise)
    assert model.n_iter_ < 200
    losses = model.history_.valid_loss
    assert model.best_epoch_ == 0 or losses[model.best_epoch_ - 1] == losses.min()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    "params", [{"augment": "crop-flip"}, {"backbone": nn.Conv2d(1, 3, 3), "freeze": True}], ids=str
)
def test_ctrl_c_ends_a_fit_and_leaves_the_estimator_as_it_was(method, params):
    fresh = classifier(callbacks=[InterruptsIn(1)], **params)
    with pytest.raises(KeyboardInterrupt):
        getattr(fresh, method)(X, Y)
    assert_unfitted(fresh)
    model = classifier(callbacks=[InterruptsIn(3)], **params).fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        getattr(model.set_params(max_epochs=9, warm_start=True), method)(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert (model.n_iter_, len(model.history_)) == (2, 2)


# Searches ----------------------------------------------------------------------------------------


def test_a_search_over_what_is_special_here():
    grid = [
        {"augment": [None, "shift", "randaugment"], "mixup": [0.0, 0.3]},
        {"architecture": ["plain", "resnet", linear], "channels": [(2,), (3, 3)]},
        {"label_smoothing": np.array([0.0, 0.1]), "kernel_size": np.array([1, 3])},
        {"normalize": np.array([True, False])},
    ]
    search = GridSearchCV(classifier(max_epochs=1), grid, cv=2, error_score="raise")
    search.fit(COLOUR, Y)
    assert len(search.cv_results_["params"]) == 6 + 6 + 4 + 2
    expected = clone(search.best_estimator_).fit(COLOUR, Y).predict_proba(COLOUR)
    np.testing.assert_array_equal(search.predict_proba(COLOUR), expected)


@pytest.mark.parametrize(
    ("rows", "params"),
    [(X, {"augment": "randaugment", "mixup": 0.2}), (X.reshape(40, -1), {"image_shape": (6, 6)})],
    ids=["images", "flat"],
)
def test_folds_in_parallel_are_folds(rows, params):
    scores = [
        cross_val_score(classifier(**params), rows, Y, cv=3, n_jobs=n, error_score="raise")
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)


# What is refused ---------------------------------------------------------------------------------

NAMED = {
    "architecture": ["vgg", None, 3],
    "kernel_size": [0, -1, 3.0, "3"],
    "kind": ["video", None],
    "channels": [4, "48", None],
    "image_shape": [36, "66"],
    "dropout": [1.0, -0.1, "half"],
    "normalize": ["yes", 2],
    "augment": ["rotate", 3, ["shift"]],
    "mixup": [-0.1, "auto", np.inf],
    "label_smoothing": [1.0, -0.1],
    "backbone_lr_factor": [0.0, -1.0],
    "max_epochs": [0, "some", 1.5],
    "batch_size": [0, "some"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in NAMED for value in NAMED[name]]
)
def test_parameters_out_of_range_are_told(name, value):
    model = classifier(**{name: value})
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of CNNClassifier must be"):
            method(X, Y)
    assert_unfitted(model)


@pytest.mark.parametrize(
    "channels",
    [
        (),
        (0,),
        (4, 0),
        (-1,),
        (4.0,),
        ("4",),
        (None,),
        [[4]],
        np.array([4.0]),
        np.zeros((1, 1), int),
    ],
    ids=repr,
)
def test_bad_channels_are_told(channels):
    model = classifier(channels=channels)
    with pytest.raises(ValueError, match="channels must hold whole numbers of at least 1, got"):
        model.fit(X, Y)
    assert_unfitted(model)


@pytest.mark.parametrize("channels", [[3, 2], np.array([3, 2]), (np.int64(3), 2)], ids=repr)
def test_channels_in_any_container(channels):
    expected = classifier(channels=(3, 2)).fit(X, Y).predict_proba(X)
    model = classifier(channels=channels).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    model.partial_fit(X, Y).set_params(channels=(3, 2)).partial_fit(X, Y)


@pytest.mark.parametrize("kernel_size", [2, 4, np.int64(8)])
def test_even_kernels_are_told(kernel_size):
    model = classifier(kernel_size=kernel_size)
    with pytest.raises(ValueError, match=f"kernel_size must be odd, got {kernel_size}"):
        model.fit(X, Y)
    assert_unfitted(model)


BAD_LABELS = {
    "length": (np.arange(39) % 2, "X has 40 samples, but y has 39|inconsistent numbers of samples"),
    "NaN": (np.where(np.arange(40) == 7, np.nan, np.arange(40) % 2), "y contains NaN"),
    "continuous": (np.linspace(0, 1, 40), "Unknown label type: continuous"),
    "one class": (np.full(40, "a"), "at least 2 classes, got only one class: .*'a'"),
    "two columns": (np.zeros((40, 2)), "y should be a 1d array"),
    "one-hot": (np.eye(3, dtype=int)[Y], "y should be a 1d array"),
    "None": (None, "requires y to be passed, but the target y is None"),
}


@pytest.mark.parametrize(("y", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_told(y, message):
    model = classifier()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert_unfitted(model)


# Large data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"augment": "shift", "mixup": 0.2}], ids=str)
def test_bytes_that_are_converted_batch_by_batch_train_the_same(monkeypatch, params):
    at_once = classifier(early_stopping=True, **params).fit(COLOUR, Y)
    monkeypatch.setattr(_data, "GROW_BYTES", 0)
    by_batch = classifier(early_stopping=True, **params).fit(COLOUR, Y)
    np.testing.assert_allclose(
        by_batch.predict_proba(COLOUR), at_once.predict_proba(COLOUR), atol=1e-5
    )


def test_bytes_and_floats_train_the_same():
    expected = classifier().fit(COLOUR, Y).predict_proba(COLOUR)
    for dtype in (np.float32, np.float64, np.int64):
        rows = COLOUR.astype(dtype)
        model = classifier().fit(rows, Y)
        np.testing.assert_allclose(model.predict_proba(rows), expected, atol=1e-5)
        np.testing.assert_allclose(model.predict_proba(COLOUR), expected, atol=1e-5)


FIT_OF_A_MEMORY_MAP = """
import sys, threading
import numpy as np
from skdl.estimators import CNNClassifier


def used():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def watch():
    while not done.wait(0.005):
        seen.append(used())


X = np.memmap(sys.argv[1], np.uint8, "r", shape=(60_000, 28, 28))
y = np.arange(60_000) % 10
model = CNNClassifier(channels=(4,), max_epochs=1, device="cpu", random_state=0)
model.fit(X[:500], y[:500]).predict(X[:500])  # what torch needs once
seen, done = [], threading.Event()
before = used()
thread = threading.Thread(target=watch)
thread.start()
model.fit(X, y)
model.predict(X)
done.set()
thread.join()
sys.stdout.write(str(max(seen) - before))
"""


@pytest.mark.slow
def test_sixty_thousand_images_fit_in_little_more_than_their_bytes(tmp_path):
    """They are 47 MB; as floats they would be 188 MB."""
    X = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(60_000, 28, 28))
    X[:] = np.random.default_rng(0).integers(0, 256, X.shape, dtype=np.uint8)
    X.flush()
    command = [sys.executable, "-c", FIT_OF_A_MEMORY_MAP, str(tmp_path / "x")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 600e6  # what is promised; about 45e6 on a quiet machine


# Mixed precision ---------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["auto", "bfloat16"])
def test_callbacks_see_floats_that_numpy_knows(precision):
    score = EpochScoring("accuracy", on_train=True, lower_is_better=False)
    model = classifier(precision=precision, callbacks=[score]).fit(X, Y)
    assert len(model.net_.history[:, "accuracy"]) == 2


def test_images_are_trained_on_in_bfloat16_where_the_cpu_is_fast_and_predicted_in_float32(
    monkeypatch,
):
    monkeypatch.setattr("skdl.engine._scope.cpu_multiplies_bfloat16", lambda: True)
    mixed, exact = classifier().fit(X, Y), classifier(precision="float32").fit(X, Y)
    assert not np.array_equal(mixed.predict_proba(X), exact.predict_proba(X))
    one_by_one = np.concatenate([mixed.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(one_by_one, mixed.predict_proba(X), rtol=0, atol=1e-5)
    of_signals = [classifier(precision=p).fit(SIGNALS, TWO) for p in ("auto", "float32")]
    assert np.array_equal(*(model.predict_proba(SIGNALS) for model in of_signals))


@pytest.mark.realdata
@pytest.mark.skipif(
    not (get_data_home() / "ucr-dev").is_dir(), reason="SKDL_DATA names no folder with ucr-dev"
)
def test_gun_point():
    X, y = fetch_ucr("GunPoint", split="train", download_if_missing=False)
    X_test, y_test = fetch_ucr("GunPoint", split="test", download_if_missing=False)
    assert CNNClassifier(random_state=0, device="cpu").fit(X, y).score(X_test, y_test) >= 0.98
