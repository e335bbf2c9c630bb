"""A copy of a module that stands for the members of a pack under ``torch.vmap``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..modules import (
    Dropout,
    RandomLayer,
    of_all_members,
    of_one_member,
    outside_of_vmap,
    stacked_linear,
)


class StandIn:
    """A module with the tensors of one member at a time, as an objective asks it.

    Parameters
    ----------
    modules : sequence of nn.Module
        Those of the members; the first is copied.
    generators : sequence of torch.Generator
        Where the numbers of torch's dropout come from, of each member.

    Attributes
    ----------
    layers : list of RandomLayer
        The layers that draw.
    """

    training = True

    def __init__(self, modules: Sequence[nn.Module], generators: Sequence[torch.Generator]) -> None:
        self.module = copy.deepcopy(modules[0]).train()
        self.layers: list[RandomLayer] = []
        for name, layer in list(self.module.named_modules()):
            of_members = [module.get_submodule(name) for module in modules]
            if type(layer) is nn.Dropout:
                of_members = [
                    drawing_from(each, generator)
                    for each, generator in zip(of_members, generators, strict=True)
                ]
                layer = Dropout(0.0).train()
                self.module.set_submodule(name, layer)
            elif type(layer) is nn.Linear:
                layer.__class__ = LinearOfMembers
                layer.n_members = len(modules)  # type: ignore[assignment]
            if isinstance(layer, RandomLayer):
                layer.of_pack(of_members)  # type: ignore[arg-type]
                self.layers.append(layer)
        # Where each tensor is put; tied weights have one name and several places.
        tensors = (*self.module.named_parameters(), *self.module.named_buffers())
        names = {id(tensor): name for name, tensor in tensors}
        self.places = [
            (owner, key, names[id(owner[key])])
            for layer in self.module.modules()
            for owner in (layer._parameters, layer._buffers)
            for key in owner
            if owner[key] is not None
        ]

    def __call__(self, **inputs: Tensor) -> Any:
        return self.module(**inputs)

    def put(self, tensors: dict[str, Tensor]) -> None:
        """Compute with these tensors from now on, by name."""
        for owner, key, name in self.places:
            owner[key] = tensors[name]  # type: ignore[assignment]


def drawing_from(layer: Any, generator: torch.Generator) -> Dropout:
    """torch's dropout with a generator; the same masks on a CPU."""
    drawing = Dropout(layer.p)
    drawing.generator = generator
    return drawing


class LinearOfMembers(nn.Linear):
    """A linear layer inside of ``torch.vmap``, by :func:`skdl.modules.stacked_linear`."""

    n_members: int

    def forward(self, x: Tensor) -> Tensor:
        x, weight = (of_all_members(each, self.n_members) for each in (x, self.weight))
        bias = None if self.bias is None else of_all_members(self.bias, self.n_members)
        with outside_of_vmap():
            output = stacked_linear(x, weight, bias)
        return of_one_member(output)
