"""Trained networks to start from: what they may be, their names, what they may not be."""

import copy
import pickle
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from torch import nn

from skdl.estimators import CNNClassifier, LSTMClassifier, Ridge
from tests.estimators.cnn.backbones import (
    COLOUR,
    FITTED,
    SIGNALS,
    SMALL,
    X,
    Y,
    assert_unchanged,
    classifier,
    every,
    every_fitted,
    every_freeze,
    linear,
    of_two_layers,
    stages,
    state_of,
    without_a_linear_layer,
)

# What a backbone may be --------------------------------------------------------------------------


@every
@every_freeze
def test_a_backbone_is_used_and_never_changed(backbone, freeze):
    before = state_of(backbone)
    model = classifier(backbone, freeze=freeze).fit(X, Y)
    model.partial_fit(X, Y)
    proba = model.predict_proba(X)
    assert_unchanged(backbone, before)
    assert model.get_params()["backbone"] is backbone
    assert proba.shape == (40, 3)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-5)
    again = clone(model).fit(X, Y).partial_fit(X, Y)
    assert again.backbone is backbone
    np.testing.assert_array_equal(again.predict_proba(X), proba)


@every_fitted
def test_a_fitted_backbone_goes_on_predicting(backbone):
    before = backbone.predict_proba(X), backbone.encode(X), backbone.history_
    classifier(backbone, max_epochs=4, lr=0.1).fit(X, Y)
    np.testing.assert_array_equal(backbone.predict_proba(X), before[0])
    np.testing.assert_array_equal(backbone.encode(X), before[1])
    assert backbone.history_.equals(before[2])
    again = copy.deepcopy(backbone)
    again.partial_fit(X, Y)
    assert not np.array_equal(again.predict_proba(X), before[0])


@every_fitted
@pytest.mark.parametrize("params", [{}, {"augment": "shift", "mixup": 0.2}], ids=str)
def test_a_fitted_backbone_brings_what_it_learned(backbone, params):
    """Frozen, it gives the representation that it gave before: weights, statistics and scales."""
    model = classifier(backbone, freeze=True, lr=0.1, **params).fit(X, Y)
    np.testing.assert_allclose(model.encode(X), backbone.encode(X), atol=1e-5)
    other = classifier(backbone, freeze=True, normalize=False).fit(np.zeros_like(X), Y)
    np.testing.assert_allclose(other.encode(X), backbone.encode(X), atol=1e-5)


@every_fitted
def test_training_starts_from_what_was_learned(backbone):
    """One step at no rate: statistics of normalization move a little, weights do not."""
    model = classifier(backbone, lr=1e-9, weight_decay=0.0, max_epochs=1, batch_size=40)
    got, expected = model.fit(X, Y).encode(X), backbone.encode(X)
    assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.95


@every_fitted
@every_freeze
def test_a_classifier_on_a_backbone_is_itself_a_backbone(backbone, freeze):
    first = classifier(backbone, freeze=freeze).fit(X, Y)
    second = classifier(first, freeze=freeze).fit(X, Y)
    third = classifier(FrozenEstimator(second), freeze=True).fit(X, Y)
    np.testing.assert_allclose(third.encode(X), second.encode(X), atol=1e-5)


def test_the_old_head_is_no_part_of_the_backbone():
    backbone = FITTED["callable"]
    model = classifier(backbone).fit(X, Y)
    by_hand = 3 * 9 + 3 + 48 * 7 + 7 + 7 * 3 + 3
    assert model.n_parameters_ == backbone.n_parameters_ == by_hand
    with pytest.raises(ValueError, match="freeze=3, but the backbone has 2 blocks"):
        classifier(backbone, freeze=3).fit(X, Y)
    own = FITTED["own architecture"]
    assert classifier(own).fit(X, Y).n_parameters_ == own.n_parameters_
    no_linear = classifier(architecture=without_a_linear_layer).fit(X, Y)
    with pytest.raises(ValueError, match=r"nn\.Linear"):
        classifier(no_linear).fit(X, Y)


def test_a_callable_that_is_a_head_alone_leaves_its_input():
    flat = classifier(architecture=linear).fit(X, Y)
    for freeze in (False, True):
        model = classifier(flat, freeze=freeze).fit(X, Y)
        np.testing.assert_array_equal(model.encode(X), flat.encode(X))
        assert model.encode(X).shape == (40, 36)


def test_a_backbone_of_other_classes_and_another_size():
    labels = np.array(["b", "a"])[Y % 2]
    model = classifier(FITTED["own architecture"]).fit(X, labels)
    assert model.predict_proba(X).shape == (40, 2)
    larger = X.repeat(2, axis=1).repeat(3, axis=2)
    model = classifier(stages(), freeze=True).fit(larger, labels)
    assert model.predict_proba(larger).shape == (40, 2)
    with pytest.raises(ValueError, match="fitted on 12 x 18 x 1"):
        model.predict(X)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@every
def test_precisions(backbone, precision):
    proba = classifier(backbone, precision=precision).fit(X, Y).predict_proba(X)
    assert proba.dtype == (np.float64 if precision == "float64" else np.float32)
    fixed = classifier(backbone, precision=precision, freeze=True).fit(X, Y)
    assert np.isfinite(fixed.predict_proba(X)).all()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_backbone_of_another_precision(precision):
    backbone = classifier(precision="float64").fit(X, Y)
    model = classifier(backbone, precision=precision, freeze=True).fit(X, Y)
    np.testing.assert_allclose(model.encode(X), backbone.encode(X), atol=1e-4)
    assert backbone.predict_proba(X).dtype == np.float64


def test_modules_without_a_convolution():
    for network in (nn.Identity(), nn.Flatten(), nn.Sequential(nn.Flatten(), nn.Linear(36, 5))):
        for freeze in (False, True):
            model = classifier(network, freeze=freeze).fit(X, Y)
            assert np.isfinite(model.predict_proba(X)).all()
    linear = nn.Linear(36, 5)
    model = classifier(nn.Sequential(nn.Flatten(), linear), freeze=True).fit(X, Y)
    standardized = (X - X.mean()) / X.std()
    by_hand = linear(torch.tensor(standardized.reshape(40, -1), dtype=torch.float32))
    np.testing.assert_allclose(model.encode(X), by_hand.detach(), atol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_weights_that_get_no_gradient(optimizer):
    """A part that is never called, whatever trains the others."""

    class Spare(nn.Module):
        def __init__(self):
            super().__init__()
            self.spare = nn.Linear(2, 2)

        def forward(self, x):
            return x

    spare = Spare()
    model = classifier(spare, optimizer=optimizer).fit(X, Y)
    inside = next(part for part in model.module_.modules() if isinstance(part, Spare))
    assert inside.spare.weight.equal(spare.spare.weight)


def test_a_module_of_lazy_layers():
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU())
    model = classifier(lazy).fit(X, Y)
    assert model.encode(X).shape == (40, 4)
    assert type(lazy[0]) is nn.LazyConv2d


def test_a_backbone_says_whether_x_holds_images_or_signals():
    signals = np.random.default_rng(0).normal(size=(40, 8, 2)).cumsum(1)
    images = np.repeat(X[..., :2] / 255, 4, 1)
    of_signals = CNNClassifier(**SMALL, kind="signal").fit(signals, Y)
    of_images = CNNClassifier(**SMALL, kind="image").fit(images, Y)
    for backbone in (of_signals, FrozenEstimator(of_signals), nn.Conv1d(2, 4, 3)):
        assert classifier(backbone).fit(images, Y).kind_ == "signal"
        assert classifier(backbone, image_shape=(24, 2)).fit(images, Y).kind_ == "signal"
    for backbone in (of_images, nn.Conv2d(1, 4, 2)):
        assert classifier(backbone).fit(signals.repeat(8, 1), Y).kind_ == "image"


def test_backbones_of_signals():
    for network in (nn.Conv1d(1, 4, 3), nn.Sequential(nn.Conv1d(1, 4, 3), nn.Flatten())):
        model = classifier(network, freeze=True).fit(SIGNALS, Y)
        assert model.kind_ == "signal"
        assert model.encode(SIGNALS).shape == (40, 4 if isinstance(network, nn.Conv1d) else 16)
    fitted = CNNClassifier(**SMALL).fit(SIGNALS, Y)
    other = classifier(fitted, freeze=True).fit(SIGNALS, Y)
    np.testing.assert_allclose(other.encode(SIGNALS), fitted.encode(SIGNALS), atol=1e-5)


def test_features_are_averaged_over_the_image():
    convolution = nn.Conv2d(1, 5, 3)
    standardized = torch.tensor((X[:, None] - X.mean()) / X.std(), dtype=torch.float32)
    expected = convolution(standardized).mean((2, 3)).detach()
    model = classifier(convolution, freeze=True).fit(X, Y)
    np.testing.assert_allclose(model.encode(X), expected, atol=1e-5)
    plain = classifier(convolution, freeze=True, normalize=False).fit(X, Y)
    expected = convolution(torch.tensor(X[:, None], dtype=torch.float32)).mean((2, 3)).detach()
    np.testing.assert_allclose(plain.encode(X), expected, rtol=1e-4, atol=1e-3)


@every_freeze
def test_grey_images_are_repeated_for_a_network_of_colour_images(freeze):
    grey = classifier(stages(3), freeze=freeze).fit(X, Y)
    thrice = np.repeat(X[..., None], 3, axis=-1)
    colour = classifier(stages(3), freeze=freeze).fit(thrice, Y)
    np.testing.assert_allclose(grey.predict_proba(X), colour.predict_proba(thrice), atol=1e-4)
    assert grey.n_channels_in_ == 1


class BodyFirst(nn.Module):
    """Takes grey images, though the layer that is defined first takes 16 channels."""

    def __init__(self):
        super().__init__()
        self.body, self.stem = nn.Conv2d(16, 5, 3), nn.Conv2d(1, 16, 3)

    def forward(self, x):
        return self.body(self.stem(x))


def test_grey_images_are_repeated_for_colour_networks_only():
    assert classifier(BodyFirst()).fit(X, Y).module_.features.n_repeats == 1
    assert classifier(stages(3)).fit(X, Y).module_.features.n_repeats == 3
    with pytest.raises(ValueError, match="backbone fails on an input of shape"):
        classifier(stages(64)).fit(X, Y)


# Names -------------------------------------------------------------------------------------------


class Headed(nn.Module):
    """As torchvision's networks: features, pooled, and a head of some name."""

    def __init__(self, head):
        super().__init__()
        self.features, self.name = stages(3), head
        setattr(self, head, nn.Linear(6, 1000))

    def forward(self, x):
        return getattr(self, self.name)(self.features(x).mean((2, 3)))


@pytest.fixture
def calls(monkeypatch):
    """What timm and torchvision were asked for; neither is there, but their names are."""
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    return []


def put_timm(monkeypatch, calls):
    timm = ModuleType("timm")
    timm.is_model = lambda name: name == "tiny"

    def create_model(name, **params):
        calls.append((name, params))
        return stages(3)

    timm.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", timm)


def put_torchvision(monkeypatch, calls, head="fc"):
    torchvision = ModuleType("torchvision")
    torchvision.models = ModuleType("torchvision.models")
    torchvision.models.list_models = lambda: ["small", "smaller"]

    def get_model(name, **params):
        calls.append((name, params))
        return Headed(head)

    torchvision.models.get_model = get_model
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.models", torchvision.models)


@pytest.mark.usefixtures("calls")
def test_a_name_without_the_packages_says_how_to_install_them():
    model = classifier("resnet18")
    with pytest.raises(ImportError, match=r"'resnet18'.*timm or torchvision.*skdl\[vision\]"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


def test_a_name_of_timm(monkeypatch, calls):
    put_timm(monkeypatch, calls)
    model = classifier("tiny", freeze=True).fit(COLOUR, Y)
    assert calls == [("tiny", {"pretrained": True, "num_classes": 0})]
    expected = classifier(stages(3), freeze=True).fit(COLOUR, Y)
    np.testing.assert_array_equal(model.predict_proba(COLOUR), expected.predict_proba(COLOUR))
    model.partial_fit(COLOUR, Y)
    pickle.loads(pickle.dumps(model)).predict(COLOUR)
    assert len(calls) == 1, "asked for once, when the network is built"
    assert clone(model).backbone == "tiny"
    assert classifier("tiny").fit(X, Y).n_channels_in_ == 1


@pytest.mark.parametrize("head", ["fc", "classifier", "head", "heads"])
@pytest.mark.parametrize("with_timm", [False, True])
def test_a_name_of_torchvision(monkeypatch, calls, head, with_timm):
    put_torchvision(monkeypatch, calls, head)
    if with_timm:
        put_timm(monkeypatch, [])
    model = classifier("small", freeze=True).fit(COLOUR, Y)
    assert calls == [("small", {"weights": "DEFAULT"})]
    expected = classifier(stages(3), freeze=True).fit(COLOUR, Y)
    np.testing.assert_allclose(model.encode(COLOUR), expected.encode(COLOUR), atol=1e-5)
    assert model.n_parameters_ == expected.n_parameters_, "the head is taken off"


@pytest.mark.parametrize("with_timm", [False, True])
def test_a_name_that_nobody_knows(monkeypatch, calls, with_timm):
    put_torchvision(monkeypatch, calls)
    if with_timm:
        put_timm(monkeypatch, calls)
    with pytest.raises(ValueError, match="'tinier' is neither a network of timm nor of torchv"):
        classifier("tinier").fit(COLOUR, Y)
    assert calls == []


def test_a_name_that_timm_does_not_know_needs_torchvision(monkeypatch, calls):
    put_timm(monkeypatch, calls)
    with pytest.raises(ImportError, match=r"'small'.*skdl\[vision\]"):
        classifier("small").fit(COLOUR, Y)


# What it may not be ------------------------------------------------------------------------------


class Gives(nn.Module):
    """A network that gives a function of its features (n, 4, 6, 6)."""

    def __init__(self, function):
        super().__init__()
        self.convolution, self.function = nn.Conv2d(1, 4, 1), function

    def forward(self, x):
        return self.function(self.convolution(x))


def fails(_):
    raise RuntimeError("too hot")


SHAPES = r"\(n, n_features\) or \(n, n_features, height, width\).*got"
BAD = {
    "tuple": (Gives(lambda x: (x, x)), "must give one tensor of floats.*got tuple"),
    "dict": (Gives(lambda x: {"x": x}), "must give one tensor of floats.*got dict"),
    "nothing": (Gives(lambda x: None), "must give one tensor of floats.*got NoneType"),
    "integers": (Gives(lambda x: x.int()), "must give one tensor of floats.*got torch.int32"),
    "complex": (Gives(lambda x: x * 1j), "must give one tensor of floats.*got torch.complex64"),
    "one dimension": (Gives(lambda x: x[:, 0, 0, 0]), rf"{SHAPES} \(2,\)"),
    "three dimensions": (Gives(lambda x: x.flatten(2)), rf"{SHAPES} \(2, 4, 36\)"),
    "five dimensions": (Gives(lambda x: x[..., None]), rf"{SHAPES} \(2, 4, 6, 6, 1\)"),
    "a number": (Gives(lambda x: x.mean()), rf"{SHAPES} \(\)"),
    "no features": (Gives(lambda x: x[:, :0]), rf"{SHAPES} \(2, 0, 6, 6\)"),
    "one row of two": (Gives(lambda x: x[:1]), rf"{SHAPES} \(1, 4, 6, 6\)"),
    "rows mixed up": (Gives(lambda x: x.flatten(0, 1).flatten(1)), rf"{SHAPES} \(8, 36\)"),
    "another dtype": (Gives(lambda x: x.double()), "backbone.*float64"),
    "failure": (
        Gives(fails),
        r"backbone fails on an input of shape \(2, 1, 6, 6\) .*RuntimeError: too hot",
    ),
    "two channels": (stages(2).append(nn.Conv2d(7, 2, 1)), r"backbone fails on .*\(2, 1, 6, 6\)"),
    "too small an image": (nn.Conv2d(1, 4, 9), r"backbone fails on .*\(2, 1, 6, 6\)"),
    "network of signals": (nn.Conv1d(3, 4, 1), r"backbone fails on .*\(2, 6, 6\)"),
    "unfitted": (CNNClassifier(), r"must be fitted.*FrozenEstimator\(backbone\)"),
    "unfitted, frozen": (FrozenEstimator(CNNClassifier()), "must be fitted"),
}
WRONG = {
    "ridge": (Ridge(), "a torch.nn.Module, a fitted CNNClassifier or the name.*got Ridge"),
    "frozen ridge": (FrozenEstimator(Ridge()), "a fitted CNNClassifier or the name.*got Ridge"),
    "recurrent": (LSTMClassifier(), "got LSTMClassifier"),
    "pipeline": (make_pipeline(FITTED["callable"]), "got Pipeline"),
    "number": (3, "'backbone' parameter of CNNClassifier"),
    "class": (CNNClassifier, "'backbone' parameter of CNNClassifier"),
    "class of a module": (nn.Flatten, "'backbone' parameter of CNNClassifier"),
    "function": (of_two_layers, "'backbone' parameter of CNNClassifier"),
}


@pytest.mark.parametrize(("backbone", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_told(backbone, message):
    model = classifier(backbone)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("convert", [lambda x: (x, x), lambda x: x.int()])
def test_another_output_in_training_is_told(convert):
    """As that of networks with auxiliary heads."""

    class Moody(nn.Conv2d):
        def forward(self, x):
            features = super().forward(x)
            return convert(features) if self.training else features

    model = classifier(Moody(1, 4, 1))
    with pytest.raises(ValueError, match=r"backbone must give one tensor of floats.*training"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")
    classifier(Moody(1, 4, 1), freeze=True, augment="flip").fit(X, Y)


@pytest.mark.parametrize(("backbone", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_backbone_is_told(backbone, message):
    model = classifier(backbone)
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    ("backbone", "rows", "message"),
    [
        (FITTED["own architecture"], COLOUR, "fitted on 1 channels, but X has 3"),
        (FITTED["callable"], COLOUR, "fitted on 1 channels, but X has 3"),
        (FITTED["on a colour backbone"], COLOUR, "fitted on 1 channels, but X has 3"),
        (classifier().fit(COLOUR, Y), X, "fitted on 3 channels, but X has 1"),
        (stages(1), COLOUR, r"backbone fails on .*\(2, 3, 6, 6\).*3 channels"),
        (stages(3), COLOUR[..., :2], r"backbone fails on .*\(2, 2, 6, 6\).*2 channels"),
        (FITTED["own architecture"], SIGNALS, r"backbone"),
        (FITTED["callable"], X.repeat(2, axis=1), r"backbone fails on .*\(2, 1, 12, 6\)"),
    ],
)
def test_other_channels_and_sizes_are_told(backbone, rows, message):
    model = classifier(backbone)
    with pytest.raises(ValueError, match=message):
        model.fit(rows, Y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("freeze", [True, False])
def test_images_in_other_units_than_those_of_the_backbone_are_told(freeze):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)
    y = np.arange(20) % 2
    backbone = CNNClassifier((2,), max_epochs=1).fit(images, y)
    model = CNNClassifier(backbone=FrozenEstimator(backbone), freeze=freeze, max_epochs=1)
    with pytest.warns(UserWarning, match=r"the backbone was fitted on whole numbers.*X \* 255"):
        model.fit(images / 255, y)
    model.fit(images / 255 * 255, y)
