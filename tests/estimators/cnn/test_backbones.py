"""Trained networks to start from: what they may be, what of them is kept, that they stay whole."""

import copy
import pickle
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from torch import nn

from skdl.datasets import make_images
from skdl.estimators import CNNClassifier, LSTMClassifier, Ridge

SMALL = {"channels": (4,), "max_epochs": 2, "random_state": 0, "device": "cpu"}
X, Y = make_images(40, size=(6, 6), random_state=0)
COLOUR, _ = make_images(40, size=(6, 6), n_channels=3, random_state=0)
SIGNALS = X[:, 0].astype(float)


def classifier(backbone=None, **params):
    return CNNClassifier(**{**SMALL, "backbone": backbone, **params})


def stage(n_in, n_out):
    convolution = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.ReLU())


def stages(n_channels=1):
    """A network of three blocks and 6 features."""
    with torch.random.fork_rng():
        torch.manual_seed(n_channels)
        return nn.Sequential(stage(n_channels, 4), stage(4, 5), stage(5, 6))


def of_two_layers(shape, n_classes):
    """A callable architecture."""
    return nn.Sequential(
        nn.Conv2d(shape[0], 3, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(48, 7),
        nn.Linear(7, n_classes),
    )


def without_a_linear_layer(shape, n_classes):
    return nn.Sequential(nn.Conv2d(shape[0], n_classes, 6), nn.Flatten())


def linear(shape, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(36, n_classes))


# What a fitted CNNClassifier may be, by how it came to its network.
FITTED = {
    "own architecture": classifier(max_epochs=4).fit(X, Y),
    "callable": classifier(architecture=of_two_layers, max_epochs=4).fit(X, Y),
    "on a backbone": classifier(stages(), max_epochs=4).fit(X, Y),
    "on a frozen backbone": classifier(stages(), freeze=True, max_epochs=4).fit(X, Y),
    "on a colour backbone": classifier(stages(3), max_epochs=4).fit(X, Y),
}
FITTED["on a fitted one"] = classifier(FITTED["on a backbone"], freeze=1).fit(X, Y)
FITTED["on a callable one"] = classifier(FITTED["callable"]).fit(X, Y)
BACKBONES = {
    "module": stages(),
    "module in training": stages().train(),
    "module in evaluation": stages().eval(),
    "module of half precision": stages().half(),
    "module of float64": stages().double(),
    "module that is frozen": stages().requires_grad_(False),
    "module of colour": stages(3),
    **FITTED,
    "FrozenEstimator": FrozenEstimator(FITTED["own architecture"]),
}
every = pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
every_fitted = pytest.mark.parametrize("backbone", FITTED.values(), ids=FITTED)
every_freeze = pytest.mark.parametrize("freeze", [False, True, 1])


def network_of(backbone):
    backbone = getattr(backbone, "estimator", backbone)
    return backbone if isinstance(backbone, nn.Module) else backbone.module_


def state_of(backbone):
    """All that a fit might change of a backbone, in comparable form."""
    network = network_of(backbone)
    values = {name: value.clone() for name, value in network.state_dict().items()}
    trained = [param.requires_grad for param in network.parameters()]
    modes = [part.training for part in network.modules()]
    grads = [param.grad for param in network.parameters()]
    hooks = [len(part._forward_hooks) for part in network.modules()]
    return values, (trained, modes, grads, hooks, [*map(str, network.modules())])


def assert_unchanged(backbone, before):
    values, rest = state_of(backbone)
    assert rest == before[1]
    assert values.keys() == before[0].keys()
    assert all(value.equal(before[0][name]) for name, value in values.items())


def stages_of(model):
    """The three stages inside a fitted classifier on ``stages()``."""
    return next(part for part in model.module_.modules() if str(part) == str(stages()))


def what_changed(model, before):
    """For each stage: whether weights, and statistics of the normalization, changed."""
    return [
        (
            any(
                not new.equal(old) for new, old in zip(*(s.parameters() for s in pair), strict=True)
            ),
            any(not new.equal(old) for new, old in zip(*(s.buffers() for s in pair), strict=True)),
        )
        for pair in zip(stages_of(model), before, strict=True)
    ]


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
    "network of signals": (nn.Conv1d(3, 4, 1), r"backbone fails on .*\(2, 1, 6, 6\)"),
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


# Freezing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_kept"),
    [(False, 0), (0, 0), (1, 1), (2, 2), (3, 3), (True, 3), (np.int64(2), 2), (np.True_, 3)],
)
@pytest.mark.parametrize("params", [{}, {"augment": "flip"}, {"ema_decay": 0.5}], ids=str)
def test_freeze_keeps_the_first_blocks(freeze, n_kept, params):
    backbone = stages()
    model = classifier(backbone, freeze=freeze, lr=0.1, **params).fit(X, Y)
    kept, trained = [(False, False)] * n_kept, [(True, True)] * (3 - n_kept)
    assert what_changed(model, backbone) == kept + trained
    model.partial_fit(X, Y)
    assert what_changed(model, backbone) == kept + trained
    heads = [part for part in model.module_.modules() if isinstance(part, nn.Linear)]
    assert all(param.requires_grad for head in heads for param in head.parameters())
    before = [param.clone() for param in heads[-1].parameters()]
    model.partial_fit(X, Y)
    after = next(p for p in [*model.module_.modules()][::-1] if isinstance(p, nn.Linear))
    assert not all(a.equal(b) for a, b in zip(after.parameters(), before, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_weight_decay_does_not_reach_what_is_frozen(optimizer):
    backbone = stages()
    model = classifier(backbone, freeze=2, optimizer=optimizer, weight_decay=0.5).fit(X, Y)
    assert what_changed(model, backbone) == [(False, False)] * 2 + [(True, True)]
    model = classifier(backbone, freeze=True, optimizer=optimizer, weight_decay=0.5).fit(X, Y)
    assert what_changed(model, backbone) == [(False, False)] * 3


@pytest.mark.parametrize("params", [{}, {"augment": "shift"}, {"mixup": 0.2}], ids=str)
def test_freeze_true_keeps_what_belongs_to_no_block(params):
    """Parameters of the module itself, statistics without weights, dropout between the blocks."""

    class Loose(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.ones(4, 1, 1))
            self.first, self.second = nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 1)
            self.norm, self.dropout = nn.BatchNorm2d(4, affine=False), nn.Dropout(0.9)

        def forward(self, x):
            seen.append(self.dropout.training)
            return self.second(self.dropout(self.norm(self.first(x) + self.token)))

    seen, backbone = [], Loose()
    before = copy.deepcopy(backbone.state_dict())
    model = classifier(backbone, freeze=True, lr=0.1, **params).fit(X, Y)
    model.partial_fit(X, Y)
    inside = next(part for part in model.module_.modules() if isinstance(part, Loose))
    assert all(value.equal(before[name]) for name, value in inside.state_dict().items())
    assert not any(seen)


@pytest.mark.parametrize("freeze", [False, True, 1, 2])
def test_what_is_frozen_is_in_evaluation_while_training(freeze):
    class Watched(nn.Conv2d):
        def forward(self, x):
            modes[self.place].append(self.training)
            return super().forward(x)

    modes = {0: [], 1: [], 2: []}
    layers = [Watched(n_in, 4, 1) for n_in in (1, 4, 4)]
    for place, layer in enumerate(layers):
        layer.place = place
    classifier(nn.Sequential(*layers), freeze=freeze, augment="flip").fit(X, Y)
    n_kept = 3 if freeze is True else int(freeze)
    assert [any(modes[place]) for place in range(3)] == [place >= n_kept for place in range(3)]


def test_features_that_are_computed_once_are_those_of_every_epoch():
    params = {"max_epochs": 3, "lr": 0.05}
    once = classifier(stages(), freeze=True, **params).fit(X, Y)
    every_time = classifier(stages(), freeze=3, **params).fit(X, Y)
    np.testing.assert_allclose(once.predict_proba(X), every_time.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(once.history_.train_loss, every_time.history_.train_loss, atol=1e-4)


def test_a_frozen_backbone_is_asked_once_per_fit():
    class Counted(nn.Conv2d):
        def forward(self, x):
            if len(x) > 2:  # a probe has two
                rows.append(len(x))
            return super().forward(x)

    rows = []
    classifier(Counted(1, 4, 3), freeze=True, max_epochs=7, early_stopping=True).fit(X, Y)
    assert sum(rows) == 40
    rows.clear()
    classifier(Counted(1, 4, 3), freeze=True, max_epochs=7, augment="shift").fit(X, Y)
    assert sum(rows) == 7 * 40


def test_warm_starts_and_chunks_keep_what_is_frozen_whatever_changes():
    """augment and mixup may change after a fit; so may what was computed once."""
    backbone = stages()
    for first, then in [({}, {"augment": "shift"}), ({}, {"mixup": 0.2}), ({"mixup": 0.2}, {})]:
        model = classifier(backbone, freeze=True, warm_start=True, **first).fit(X, Y)
        before = model.predict_proba(X)
        model.set_params(**{"augment": None, "mixup": 0.0, **then}).fit(X, Y)
        model.partial_fit(X, Y)
        assert what_changed(model, backbone) == [(False, False)] * 3
        assert not np.array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("freeze", [4, 100])
def test_more_frozen_blocks_than_there_are(freeze):
    with pytest.raises(ValueError, match=f"freeze={freeze}, but the backbone has 3 blocks"):
        classifier(stages(), freeze=freeze).fit(X, Y)


@pytest.mark.parametrize("freeze", [True, 1, 2])
def test_freeze_needs_a_backbone(freeze):
    model = classifier(freeze=freeze)
    with pytest.raises(ValueError, match=f"freeze={freeze} needs a backbone"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match=f"freeze={freeze} needs a backbone"):
        model.partial_fit(X, Y)
    assert not hasattr(model, "net_")


def test_nothing_frozen_needs_no_backbone():
    classifier(freeze=np.False_).fit(X, Y)


@pytest.mark.parametrize("freeze", [-1, 1.5, "all", None])
def test_bad_values_of_freeze_are_told(freeze):
    with pytest.raises(ValueError, match="'freeze' parameter of CNNClassifier"):
        classifier(stages(), freeze=freeze).fit(X, Y)


# The rate of the backbone ------------------------------------------------------------------------


def step(factor, **params):
    """What one step of plain gradient descent does to the backbone's and the head's weights."""
    backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1))
    with torch.no_grad():
        for value, param in enumerate(backbone.parameters()):
            param.copy_(torch.linspace(-1, 1, param.numel()).view_as(param) + 0.1 * value)
    plain = {"lr_schedule": "constant", "warmup_fraction": 0.0, "weight_decay": 0.0, "dropout": 0.0}
    descent = {"optimizer": "sgd", "batch_size": 40, "max_epochs": 1, "lr": 0.01}
    model = classifier(backbone, backbone_lr_factor=factor, **{**plain, **descent, **params})
    model.fit(X, Y)
    inside = next(part for part in model.module_.modules() if str(part) == str(backbone))
    pairs = zip(inside.parameters(), backbone.parameters(), strict=True)
    moved = [(new - old).detach().numpy() for new, old in pairs]
    heads = [part for part in model.module_.modules() if isinstance(part, nn.Linear)]
    return moved, [param.detach().numpy() for param in heads[-1].parameters()], model


@pytest.mark.parametrize("factor", [0.1, 0.5, 3])
def test_the_rate_of_the_backbone_is_a_part_of_the_heads(factor):
    full, head, _ = step(1.0)
    part, other_head, model = step(factor)
    assert all(np.abs(values).max() > 1e-5 for values in full)
    for slow, fast in zip(part, full, strict=True):
        np.testing.assert_allclose(slow, factor * fast, rtol=1e-2, atol=1e-6)
    for one, other in zip(head, other_head, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)
    assert model.history_.lr.tolist() == [0.01]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "one-cycle", "plateau"])
def test_the_factor_holds_along_the_schedule(schedule):
    params = {"lr_schedule": schedule, "warmup_fraction": 0.3, "max_epochs": 4, "batch_size": 20}
    model = step(0.25, **params)[-1]
    assert model.history_.equals(step(0.25, **params)[-1].history_) is False  # seconds differ
    rates = [group["lr"] for group in model.net_.optimizer_.param_groups]
    assert min(rates) == pytest.approx(0.25 * max(rates))
    model.partial_fit(X, Y)
    rates = [group["lr"] for group in model.net_.optimizer_.param_groups]
    assert sorted(rates) == pytest.approx([0.25 * 0.01, 0.01])


@pytest.mark.parametrize("factor", [0, -1.0, "slow", None])
def test_bad_factors_are_told(factor):
    with pytest.raises(ValueError, match="'backbone_lr_factor' parameter of CNNClassifier"):
        classifier(stages(), backbone_lr_factor=factor).fit(X, Y)


# Copies and searches -----------------------------------------------------------------------------


@every
def test_clones_keep_the_backbone_and_copies_predict_the_same(backbone):
    model = classifier(backbone, freeze=1).fit(X, Y)
    twin = clone(model)
    assert twin.backbone is backbone
    assert not hasattr(twin, "net_")
    assert clone(make_pipeline(model))[-1].backbone is backbone
    expected = model.predict_proba(X)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(copied.predict_proba(X), expected)
        np.testing.assert_array_equal(clone(copied).fit(X, Y).predict_proba(X), expected)
        copied.partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@every_fitted
def test_a_warm_start_on_a_backbone_goes_on(backbone):
    model = classifier(backbone, warm_start=True).fit(X, Y)
    before = state_of(backbone)
    for again in (model, pickle.loads(pickle.dumps(model))):
        again.fit(X, Y)
        assert_unchanged(backbone, before)
    with pytest.raises(ValueError, match="backbone changed since it was built"):
        model.set_params(backbone=None).fit(X, Y)


def test_a_search_over_backbones():
    fitted = FITTED["own architecture"]
    before = state_of(fitted), fitted.predict_proba(X)
    grid = {"backbone": [None, FrozenEstimator(fitted), stages()]}
    found = []
    for n_jobs in (1, 2):
        search = GridSearchCV(classifier(), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        found.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*found)
    assert_unchanged(fitted, before[0])
    np.testing.assert_array_equal(fitted.predict_proba(X), before[1])
    assert search.predict_proba(X).shape == (40, 3)


def test_a_search_over_bare_fitted_classifiers_says_what_to_do():
    search = GridSearchCV(
        classifier(), {"backbone": [FITTED["callable"]]}, cv=2, error_score="raise"
    )
    with pytest.raises(ValueError, match=r"must be fitted.*FrozenEstimator"):
        search.fit(X, Y)


@pytest.mark.parametrize("backbone", [FITTED["own architecture"], stages()])
def test_a_search_with_a_fixed_backbone(backbone):
    before = state_of(backbone)
    grid = {"lr": [1e-3, 0.03], "freeze": np.array([True, False])}
    found = []
    for n_jobs in (1, 2):
        search = GridSearchCV(classifier(backbone), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        found.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*found)
    assert_unchanged(backbone, before)
    assert search.best_estimator_.backbone is backbone
    by_hand = cross_val_score(classifier(backbone, lr=1e-3, freeze=True), X, Y, cv=2)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(by_hand.mean())


def test_what_a_backbone_knows_helps():
    """A head on trained features, from few rows, against one on features as they were drawn."""
    many, labels = make_images(400, size=(8, 8), n_classes=4, noise=0.3, random_state=1)
    rows, answer = make_images(300, size=(8, 8), n_classes=4, noise=0.3, random_state=2)
    params = {"channels": (8, 8), "device": "cpu", "random_state": 0}
    scores = []
    for lr, n_epochs in [(3e-3, 12), (1e-9, 1)]:
        teacher = CNNClassifier(**params, lr=lr, max_epochs=n_epochs).fit(many, labels)
        model = CNNClassifier(**params, backbone=teacher, freeze=True, lr=0.03, max_epochs=30)
        scores.append(model.fit(rows[:16], answer[:16]).score(rows[100:], answer[100:]))
    assert scores[0] > scores[1] + 0.2


def test_a_shared_backbone_keeps_its_parameters():
    base = classifier().fit(X, Y)
    model = classifier(base)
    assert "backbone__lr" not in model.get_params()
    with pytest.raises(ValueError, match="backbone keeps its parameters; got backbone__lr"):
        clone(model).set_params(backbone__lr=1.0)
    assert base.lr == CNNClassifier().lr
    assert clone(model).set_params(lr=1.0).lr == 1.0


def test_parameters_that_came_frozen_are_fine_tuned_all_the_same():
    backbone = stages().requires_grad_(False)
    tuned = classifier(backbone).fit(X, Y).module_.features.network
    frozen = classifier(backbone, freeze=True).fit(X, Y).module_.features.network
    assert not torch.equal(tuned[0][0].weight, backbone[0][0].weight)
    assert torch.equal(frozen[0][0].weight, backbone[0][0].weight)
    assert not backbone[0][0].weight.requires_grad


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
