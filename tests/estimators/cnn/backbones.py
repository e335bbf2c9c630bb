"""Trained networks to start from, and what changed of them."""

import pytest
import torch
from sklearn.frozen import FrozenEstimator
from torch import nn

from skdl.datasets import make_images
from skdl.estimators import CNNClassifier

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
