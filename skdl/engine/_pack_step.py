"""One step of a pack: the losses of all members for their batches, and the gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ._loop import TrainingRun
from ._pack_batches import StackedBatch
from ._pack_layers import StandIn
from ._pack_weights import StackedWeights
from ._scope import autocast
from ._tape import RepeatedStep


class PackStep(RepeatedStep):
    """The losses (K,) of a batch, with the gradients in ``weights.gradient``.

    Parameters
    ----------
    runs : sequence of TrainingRun
    weights : StackedWeights
    """

    def __init__(self, runs: Sequence[TrainingRun], weights: StackedWeights) -> None:
        super().__init__()
        self.runs, self.weights = runs, weights
        generators = [run.random.generators.device for run in runs]
        self.stand_in = StandIn(weights.modules, generators)
        self.objective, self.settings = joined_objective([run.objective for run in runs])
        net, device = runs[0].net, weights.flat.device
        self.ones = torch.ones(len(runs), device=device)
        self.mixed = partial(autocast, self.stand_in.module, net.device, net.precision)

    def __call__(self, batch: StackedBatch) -> Tensor:
        compute = partial(self._compute, list(batch), batch.is_shared)
        for layer in self.stand_in.layers:
            layer.n_rows = batch.own_rows
        columns = list(batch.values())
        if batch.own_rows is not None:
            losses, _ = compute(*columns)
        else:
            losses, _ = self.repeated(self._key(batch), compute, columns)
        return losses

    def _key(self, batch: StackedBatch) -> Any:
        """What a tape holds for: shapes, and what layers have as plain numbers."""
        rates = tuple(
            getattr(member, "p", 0)
            for layer in self.stand_in.layers
            for member in layer.members or ()
        )
        shapes = tuple((name, column.shape, column.dtype) for name, column in batch.items())
        return batch.is_shared, shapes, rates

    def state(self) -> tuple[Any, ...]:
        buffers = [buffer.clone() for buffer in self.weights.buffers.values()]
        return buffers, [run.random.state() for run in self.runs]

    @torch.no_grad()
    def restore(self, state: tuple[Any, ...]) -> None:
        buffers, generators = state
        for buffer, before in zip(self.weights.buffers.values(), buffers, strict=True):
            buffer.copy_(before)
        for run, before in zip(self.runs, generators, strict=True):
            run.random.restore(before)

    def _compute(self, names: list[str], is_shared: bool, *columns: Tensor) -> list[Tensor]:
        """The losses, and ``weights.gradient`` with the gradients."""
        weights = self.weights
        stacks = (*weights.parameters.items(), *weights.buffers.items(), *self.settings.items())
        dims = [0] * len(stacks) + [None if is_shared else 0] * len(columns)
        all_names = [name for name, _ in stacks] + names
        # Flat arguments: torch takes long to flatten dicts.
        losses_of = vmap(partial(self._loss, all_names), in_dims=tuple(dims))
        # Of torch's kernels for attention only the plain one can be computed for all at once.
        with self.mixed(), sdpa_kernel(SDPBackend.MATH):
            losses = losses_of(*(stack for _, stack in stacks), *columns)
        trained = [weights.parameters[name] for name in weights.trained]
        ones = self.ones.to(losses.dtype)
        gradients = torch.autograd.grad(losses, trained, ones, materialize_grads=True)
        torch.cat([gradient.flatten() for gradient in gradients], out=weights.gradient)
        return [losses.detach(), weights.gradient]

    def _loss(self, names: Sequence[str], *tensors: Tensor) -> Tensor:
        """The loss of one member, from its weights, numbers of the objective and batch."""
        n_weights = len(self.weights.parameters) + len(self.weights.buffers)
        n_stacks = n_weights + len(self.settings)
        named = list(zip(names, tensors, strict=True))
        self.stand_in.put(dict(named[:n_weights]))
        settings, batch = dict(named[n_weights:n_stacks]), dict(named[n_stacks:])
        return self.objective(self.stand_in, batch, settings)


def joined_objective(
    objectives: Sequence[Any],
) -> tuple[Callable[..., Tensor], dict[str, Tensor]]:
    """The objective of all members and its numbers in which they differ, (K,) by name."""
    first = objectives[0]
    numbers = [getattr(each.training_loss, "keywords", {}) for each in objectives]
    differing = {
        name: torch.tensor([each[name] for each in numbers], dtype=torch.float64)
        for name, value in numbers[0].items()
        if any(each[name] != value for each in numbers)
    }
    if not differing:
        return (lambda module, batch, settings: first(module, batch)), {}

    def call(module: Any, batch: Any, settings: dict[str, Tensor]) -> Tensor:
        objective = copy.copy(first)
        loss = first.training_loss
        objective.training_loss = partial(loss.func, **{**loss.keywords, **settings})
        result: Tensor = objective(module, batch)
        return result

    return call, differing
