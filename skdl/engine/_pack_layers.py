"""A copy of a module that stands for the members of a pack under ``torch.vmap``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..modules import Dropout, RandomLayer, of_all_members, of_one_member, outside_of_vmap


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
            owner[key] = tensors[name]


def drawing_from(layer: Any, generator: torch.Generator) -> Dropout:
    """torch's dropout with a generator; the same masks on a CPU."""
    drawing = Dropout(layer.p)
    drawing.generator = generator
    return drawing


class LinearOfMembers(nn.Linear):
    """A linear layer inside of ``torch.vmap``, as :class:`StackedLinear` computes it."""

    n_members: int

    def forward(self, x: Tensor) -> Tensor:
        x, weight = (of_all_members(each, self.n_members) for each in (x, self.weight))
        bias = None if self.bias is None else of_all_members(self.bias, self.n_members)
        with outside_of_vmap():
            output = StackedLinear.apply(x, weight, bias)
        return of_one_member(output)


class StackedLinear(torch.autograd.Function):
    """K linear layers: inputs (K, ..., n_in), weights (K, n_out, n_in), biases (K, n_out).

    The products are written so that batched products of small matrices are fast on a CPU: those
    with one column take ten times as long as those with one row.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        rows = x.flatten(1, -2) if x.ndim != 3 else x  # (K, B, n_in)
        if weight.shape[1] == 1:
            output = torch.bmm(weight, rows.mT).mT
            output = output if bias is None else output + bias[:, None]
        elif bias is None:
            output = torch.bmm(rows, weight.mT)
        else:
            output = torch.baddbmm(bias[:, None], rows, weight.mT)
        return output if x.ndim == 3 else output.unflatten(1, x.shape[1:-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows, of_rows = x.flatten(1, -2), gradient.flatten(1, -2)  # (K, B, n_in), (K, B, n_out)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            one = weight.shape[1] == 1
            of_x = (of_rows * weight if one else torch.bmm(of_rows, weight)).view(x.shape)
        if ctx.needs_input_grad[1]:
            if weight.shape[1] < weight.shape[2]:
                of_weight = torch.bmm(of_rows.mT, rows)
            else:
                of_weight = torch.bmm(rows.mT, of_rows).mT
        if ctx.needs_input_grad[2]:
            of_bias = of_rows.sum(1)
        return of_x, of_weight, of_bias
