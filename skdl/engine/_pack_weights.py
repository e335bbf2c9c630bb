"""The stacked weights of a pack of modules, and the optimizers that move them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


class StackedWeights:
    """Parameters and buffers of K modules of one architecture, stacked: (K, ...) for each name.

    The modules' own tensors become views of the stacks, so that what changes the one changes the
    other, until ``release``. Trained parameters lie one behind the other in one tensor, and so do
    their gradients: an optimizer needs few operations for all of them.

    Parameters
    ----------
    modules : sequence of nn.Module

    Attributes
    ----------
    parameters, buffers : dict of str to Tensor
        The stacks, by name.
    trained : list of str
        Names of the parameters that are trained.
    flat, gradient : Tensor of shape (n_weights,)
        Those of ``trained``, and their gradients.
    member : Tensor of int64 of shape (n_weights,)
        To which member a weight belongs.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = list(modules)
        of_modules = [dict(module.named_parameters()) for module in modules]
        first = of_modules[0]
        self.trained = [name for name, param in first.items() if param.requires_grad]
        stacks = {name: stacked([each[name] for each in of_modules]) for name in first}
        self.flat = torch.cat([stacks[name].flatten() for name in self.trained])
        self.gradient = torch.zeros_like(self.flat)
        sizes = [stacks[name].numel() for name in self.trained]
        self.parameters = stacks
        for name, weights in zip(self.trained, self.flat.split(sizes), strict=True):
            stacks[name] = weights.view(stacks[name].shape).detach().requires_grad_()
        self.buffers = {
            name: stacked([dict(module.named_buffers())[name] for module in modules])
            for name, _ in modules[0].named_buffers()
        }
        self.member = torch.cat(
            [
                torch.arange(len(modules), device=self.flat.device).repeat_interleave(
                    size // len(modules)
                )
                for size in sizes
            ]
        )
        for k in range(len(modules)):
            for tensor, part in self._pairs(k):
                tensor.data = part

    def _pairs(self, k: int) -> list[tuple[Tensor, Tensor]]:
        """The tensors of a module and their parts of the stacks."""
        stacks, module = {**self.parameters, **self.buffers}, self.modules[k]
        tensors = (*module.named_parameters(), *module.named_buffers())
        return [(tensor, stacks[name].detach()[k]) for name, tensor in tensors]

    def is_shared(self, members: Iterable[int]) -> bool:
        """Whether these modules still have their parts of the stacks, and no others put there."""
        pairs = [pair for k in members for pair in self._pairs(k)]
        return all(tensor.data_ptr() == part.data_ptr() for tensor, part in pairs)

    def release(self, members: Iterable[int]) -> None:
        """Give the modules of these members tensors of their own again."""
        for k in members:
            for tensor, part in self._pairs(k):
                if tensor.data_ptr() == part.data_ptr():
                    tensor.data = part.clone()

    def split(self, values: Tensor) -> dict[str, Tensor]:
        """Values of ``flat`` (n_weights,) as stacks (K, ...) by name."""
        stacks = [self.parameters[name] for name in self.trained]
        parts = values.split([stack.numel() for stack in stacks])
        return {
            name: part.view(stack.shape)
            for name, part, stack in zip(self.trained, parts, stacks, strict=True)
        }

    def clip(self, most: Tensor) -> None:
        """Scale the gradients of each member down to a norm of ``most`` (K,)."""
        squares = self.gradient.new_zeros(len(self.modules))
        squares.index_add_(0, self.member, self.gradient.square())
        factor = (most / (squares.sqrt() + 1e-6)).clamp_max(1.0)
        self.gradient.mul_(factor[self.member])


def stacked(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.detach() for tensor in tensors])


class StackedOptimizer:
    """The optimizer of a pack: each member at its own rates, as its own optimizer would step.

    Parameters
    ----------
    weights : StackedWeights
    optimizers : sequence of torch.optim.Optimizer
        Those of the members, of one class, from whose state it starts and to which it is given back
        by ``release``.
    """

    moments: ClassVar[tuple[str, ...]]
    counts_steps: ClassVar[bool] = False  # in the state of its parameters

    def __init__(self, weights: StackedWeights, optimizers: Sequence[Any]) -> None:
        self.weights, self.optimizers = weights, list(optimizers)
        names = {param: name for name, param in weights.modules[0].named_parameters()}
        self.group_of = {
            names[param]: number
            for number, group in enumerate(optimizers[0].param_groups)
            for param in group["params"]
        }
        # In the order of the flat weights.
        self.group = torch.cat(
            [
                torch.full_like(stack, self.group_of[name], dtype=torch.int64).flatten()
                for name, stack in weights.split(weights.flat).items()
            ]
        )
        self.n_steps = [0] * len(optimizers)
        self.states = {name: torch.zeros_like(weights.flat) for name in self.moments}
        self.last: list[list[float]] = []
        for k in range(len(optimizers)):
            for name, state in self._states_of(k):
                if state:
                    self.n_steps[k] = int(state.get("step", 0))
                    for moment in self.moments:
                        if state.get(moment) is not None:
                            weights.split(self.states[moment])[name][k].copy_(state[moment])

    def _states_of(self, k: int) -> list[tuple[str, dict[str, Any]]]:
        """The state of each trained parameter of a member, by name."""
        params = dict(self.weights.modules[k].named_parameters())
        state = self.optimizers[k].state
        return [(name, state[params[name]]) for name in self.weights.trained]

    def release(self, members: Iterable[int]) -> None:
        """Give the optimizers of these members their state."""
        moments = {name: self.weights.split(values) for name, values in self.states.items()}
        member = self.weights.member
        for k in members if any(self.n_steps) else ():
            for name, state in self._states_of(k):
                state.update(
                    {moment: stacks[name][k].clone() for moment, stacks in moments.items()}
                )
                if self.counts_steps:
                    state["step"] = torch.tensor(float(self.n_steps[k]), device=member.device)

    def step(self, rates: list[list[float]]) -> None:
        """Move the weights by their gradients; ``rates`` are those of each group of each member."""
        if rates != self.last:
            self.last = rates
            weights, member = self.weights, self.weights.member
            rate = weights.flat.new_tensor(rates)  # (K, n_groups)
            self.rate = rate[member, self.group]
            decay = [
                [group["weight_decay"] for group in each.param_groups] for each in self.optimizers
            ]
            self.decays = any(map(any, decay))
            self.decay = weights.flat.new_tensor(decay)[member, self.group]
        self.n_steps = [n + 1 for n in self.n_steps]
        self.move(self.weights.flat, self.weights.gradient)

    def move(self, weights: Tensor, gradient: Tensor) -> None:
        raise NotImplementedError


class StackedAdam(StackedOptimizer):
    """D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization" (ICLR 2015)."""

    moments = ("exp_avg", "exp_avg_sq")
    counts_steps = True

    def shrink(self, weights: Tensor, gradient: Tensor) -> Tensor:
        """The gradient with that of the penalty of the weights."""
        return gradient.addcmul(weights, self.decay) if self.decays else gradient

    def move(self, weights: Tensor, gradient: Tensor) -> None:
        group = self.optimizers[0].param_groups[0]
        beta1, beta2 = group["betas"]
        gradient = self.shrink(weights, gradient)
        mean, square = (self.states[name] for name in self.moments)
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        correction1 = self.of_steps(lambda n: 1 - beta1**n)
        correction2 = self.of_steps(lambda n: math.sqrt(1 - beta2**n))
        spread = square.sqrt().div_(correction2).add_(group["eps"])
        weights.addcdiv_(mean * (self.rate / correction1), spread, value=-1)

    def of_steps(self, value: Callable[[int], float]) -> float | Tensor:
        """A number for the numbers of steps, one for each weight where members differ in them."""
        if len(set(self.n_steps)) == 1:
            return value(self.n_steps[0])
        return self.weights.flat.new_tensor(list(map(value, self.n_steps)))[self.weights.member]


class StackedAdamW(StackedAdam):
    """I. Loshchilov and F. Hutter, "Decoupled weight decay regularization" (ICLR 2019)."""

    def shrink(self, weights: Tensor, gradient: Tensor) -> Tensor:
        if self.decays:
            weights.mul_(1 - self.rate * self.decay)
        return gradient


class StackedSGD(StackedOptimizer):
    """Stochastic gradient descent with momentum."""

    moments = ("momentum_buffer",)

    def move(self, weights: Tensor, gradient: Tensor) -> None:
        momentum = self.optimizers[0].param_groups[0]["momentum"]
        if self.decays:
            gradient = gradient.addcmul(weights, self.decay)
        velocity = self.states["momentum_buffer"]
        velocity.mul_(momentum).add_(gradient)
        weights.addcmul_(self.rate, velocity, value=-1)


STACKED: dict[str, type[StackedOptimizer]] = {
    "adam": StackedAdam,
    "adamw": StackedAdamW,
    "sgd": StackedSGD,
}
