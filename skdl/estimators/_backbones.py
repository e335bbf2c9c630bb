"""What ``backbone`` may be: networks, fitted classifiers, names of torchvision and timm."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.frozen import FrozenEstimator
from torch import Tensor, nn

from ..modules import Backbone, ConvolutionalNetwork, CustomNetwork


def read_backbone(
    backbone: Any, owner: type, n_channels: int
) -> tuple[Backbone, tuple[Tensor, Tensor] | None]:
    """A copy of a backbone as features; the mean and scale of its channels if it was fitted.

    Raises
    ------
    TypeError, ValueError
        If it is none, or not fitted, or made for another number of channels.
    ImportError
        If a name is given, and the package that knows it is not installed.
    """
    if isinstance(backbone, FrozenEstimator):
        backbone = backbone.estimator
    if isinstance(backbone, str):
        network = named_network(backbone)
    elif isinstance(backbone, nn.Module):
        network = copy.deepcopy(backbone)
    elif isinstance(backbone, owner):
        return _of_fitted(backbone, n_channels)
    else:
        raise TypeError(
            f"backbone must be a torch.nn.Module, a fitted {owner.__name__} or the name of a "
            f"network of timm or torchvision, got {type(backbone).__name__}."
        )
    return Backbone(network, _n_repeats(network, n_channels)), None


def _of_fitted(estimator: Any, n_channels: int) -> tuple[Backbone, tuple[Tensor, Tensor]]:
    if not hasattr(estimator, "net_"):
        raise ValueError(
            "backbone must be fitted, and this one is not. (clone, and so a grid over backbones, "
            "unfits estimators: wrap it as sklearn.frozen.FrozenEstimator(backbone) there.)"
        )
    if estimator.n_channels_in_ != n_channels:
        raise ValueError(
            f"backbone was fitted on {estimator.n_channels_in_} channels, but X has {n_channels}."
        )
    module = copy.deepcopy(estimator.module_).to("cpu").requires_grad_(True)
    for part in list(module.modules()):
        if isinstance(part, (ConvolutionalNetwork, CustomNetwork)):
            part.drop_head()
    return Backbone(module), (module.mean, module.scale)


def _n_repeats(network: nn.Module, n_channels: int) -> int:
    """How often a single channel must come for a network of several."""
    first = next((m for m in network.modules() if isinstance(m, (nn.Conv1d, nn.Conv2d))), None)
    return first.in_channels if first is not None and n_channels == 1 else 1


def named_network(name: str) -> nn.Module:
    """A pretrained network by its name in timm or torchvision, without its head."""
    try:
        import timm
    except ImportError:
        return _of_torchvision(name)
    if not timm.is_model(name):
        return _of_torchvision(name)
    network: nn.Module = timm.create_model(name, pretrained=True, num_classes=0)
    return network


def _of_torchvision(name: str) -> nn.Module:
    try:
        from torchvision import models
    except ImportError as error:
        raise ImportError(
            f"backbone={name!r} is the name of a network, which needs timm or torchvision. "
            'Install them with: pip install "skdl[vision]"'
        ) from error
    if name not in models.list_models():
        raise ValueError(f"backbone={name!r} is neither a network of timm nor of torchvision.")
    network = models.get_model(name, weights="DEFAULT")
    for head in ("fc", "classifier", "head", "heads"):
        if hasattr(network, head):
            setattr(network, head, nn.Identity())
            break
    result: nn.Module = network
    return result
