"""The loss of a batch, with the gradients of what is trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..modules import Dropout
from ._contract import attribute_or_default
from ._data import Batch
from ._random import RandomNumbers
from ._tape import RepeatedStep

LossOfBatch = Callable[[Batch], Tensor]


class Gradients(RepeatedStep):
    """Computes the loss of a batch, and leaves the gradients in the parameters.

    For a module that ``repeats_operators``, by tapes of its operators.

    Parameters
    ----------
    module : nn.Module
    random : RandomNumbers
        Those of the run.
    by_tape : bool
        Whether tapes may be used: gradients that callbacks see must be those of backward passes.
    """

    def __init__(self, module: nn.Module, random: RandomNumbers, *, by_tape: bool) -> None:
        super().__init__()
        self.random, self.buffers = random, list(module.buffers())
        self.dropouts = [layer for layer in module.modules() if isinstance(layer, Dropout)]
        self.params: list[Tensor] = []
        self.places: list[int] = []  # of their memory and that of buffers: tapes keep it
        self.used: dict[Any, list[Tensor]] = {}
        repeats = attribute_or_default(module, "repeats_operators")
        self.by_tape = by_tape and repeats and not random.may_use_global_generators

    def __call__(self, loss: LossOfBatch, batch: Batch, params: list[Tensor]) -> Tensor:
        """The loss of a batch; ``params`` have no gradients before."""
        if self.by_tape:
            return self._by_tape(loss, batch, params)
        if self.random.may_use_global_generators:
            return self.random.loss_and_gradients(partial(loss, batch), params)
        value = loss(batch)
        value.backward()
        return value

    def _by_tape(self, loss: LossOfBatch, batch: Batch, params: list[Tensor]) -> Tensor:
        if params is not self.params:  # a new epoch, before which a callback may change them
            self.params, before = params, self.places
            self.places = [tensor.data_ptr() for tensor in (*params, *self.buffers)]
            if self.places != before:
                self.forget()
        shapes = tuple((name, column.shape, column.dtype) for name, column in batch.items())
        key = (shapes, tuple(layer.p for layer in self.dropouts))

        def compute(*columns: Tensor) -> list[Tensor]:
            value = loss(dict(zip(batch, columns, strict=True)))
            found = torch.autograd.grad(value, params, allow_unused=True)
            pairs = [pair for pair in zip(params, found, strict=True) if pair[1] is not None]
            self.used[key] = [param for param, _ in pairs]
            return [value.detach(), *(in_layout_of(*pair) for pair in pairs)]

        value, *gradients = self.repeated(key, compute, list(batch.values()))
        for param, gradient in zip(self.used[key], gradients, strict=True):
            param.grad = gradient
        return value

    def state(self) -> Any:
        return [buffer.clone() for buffer in self.buffers], self.random.state()

    @torch.no_grad()
    def restore(self, state: Any) -> None:
        for buffer, before in zip(self.buffers, state[0], strict=True):
            buffer.copy_(before)
        self.random.restore(state[1])


def in_layout_of(param: Tensor, gradient: Tensor) -> Tensor:
    """The gradient in the memory layout of its parameter, as a backward pass accumulates it.

    The fused optimizers of torch go through both in the order of memory.
    """
    if gradient.stride() == param.stride():
        return gradient
    return torch.empty_like(param).copy_(gradient)
