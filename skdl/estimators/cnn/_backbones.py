"""Pretrained backbones: modules, fitted classifiers, networks of torchvision and timm."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ..._reading import Given, Units
from ...engine import Batch, host_lengths
from .._base import torchvision_explained, unfrozen
from ._network import Backbone, ConvolutionalNetwork, CustomNetwork


def read_backbone(
    backbone: Any, owner: type, probe: Tensor
) -> tuple[Backbone, tuple[Tensor, Tensor] | None]:
    """A copy of a backbone as features; the mean and scale of its channels if it was fitted.

    ``probe`` is a batch (n, C, *space) as it will be given.

    Raises
    ------
    TypeError, ValueError
        If it is no backbone, not fitted, or made for another number of channels.
    ImportError
        If a name is given, and neither timm nor torchvision is installed.
    """
    backbone = unfrozen(backbone)
    if isinstance(backbone, str):
        network = named_network(backbone)
    elif isinstance(backbone, nn.Module):
        network = copy.deepcopy(backbone)
    elif isinstance(backbone, owner):
        return _of_fitted(backbone, probe.shape[1])
    else:
        raise TypeError(
            f"backbone must be a torch.nn.Module, a fitted {owner.__name__} or the name of a "
            f"network of timm or torchvision, got {type(backbone).__name__}."
        )
    return Backbone(network, _n_repeats(network, probe)), None


def kind_of_backbone(backbone: Any, owner: type) -> str:
    """What rows a backbone takes: "image" or "signal"; "" where it does not say."""
    backbone = unfrozen(backbone)
    if isinstance(backbone, str):
        return "image"
    if isinstance(backbone, owner):
        kind: str = getattr(backbone, "kind_", "")  # one that is not fitted is an error later
        return kind
    layers = backbone.modules() if isinstance(backbone, nn.Module) else ()
    kinds = {nn.Conv1d: "signal", nn.Conv2d: "image"}
    return next((kinds[of] for layer in layers for of in kinds if isinstance(layer, of)), "")


def check_units_of(backbone: Any, batch: Batch) -> None:
    """Warn where a fitted classifier was fitted on other units than those of the rows of x."""
    units: Units | None = getattr(unfrozen(backbone), "_units", None)
    if units is not None:
        rows: Any = batch["x"].cpu().numpy()
        if "lengths" in batch:  # padding has no unit
            rows = [row[:n] for row, n in zip(rows, host_lengths(batch), strict=True)]
        units.check(rows, "the backbone", Given(rows))


def _of_fitted(classifier: Any, n_channels: int) -> tuple[Backbone, tuple[Tensor, Tensor]]:
    if not hasattr(classifier, "net_"):
        raise ValueError(
            "backbone must be fitted, and this one is not. (clone, and so a grid over backbones, "
            "makes estimators unfitted: wrap it as sklearn.frozen.FrozenEstimator(backbone) there.)"
        )
    if classifier.n_channels_in_ != n_channels:
        raise ValueError(
            f"backbone was fitted on {classifier.n_channels_in_} channels, but X has {n_channels}."
        )
    module = copy.deepcopy(classifier.module_).to("cpu").requires_grad_(True)
    for part in list(module.modules()):
        if isinstance(part, (ConvolutionalNetwork, CustomNetwork)):
            part.drop_head()
    return Backbone(module), (module.mean, module.scale)


@torch.no_grad()
def _n_repeats(network: nn.Module, probe: Tensor) -> int:
    """3 where grey images are refused by a network that takes colour images."""
    n_colours = 3
    if probe.shape[1] == 1 and not _takes(network, probe):
        colours = probe.repeat(1, n_colours, *[1] * (probe.ndim - 2))
        return n_colours if _takes(network, colours) else 1
    return 1


def _takes(network: nn.Module, probe: Tensor) -> bool:
    try:
        network.to(probe.dtype).eval()(probe)
    except Exception:
        return False
    return True


def named_network(name: str) -> nn.Module:
    """A pretrained network by its name in timm or torchvision, without its head."""
    with torchvision_explained(f"backbone={name!r}"):
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
