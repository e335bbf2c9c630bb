"""Optimizers, learning-rate schedules and the moving average of the weights."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim

from ._contract import attribute_or_default


class OptimizerWithoutCompiler(optim.Optimizer):
    """Optimizer whose creation does not import torch's compiler, which takes 1 s and 65 MiB."""

    add_param_group = inspect.unwrap(optim.Optimizer.add_param_group)


class NoOpOptimizer(OptimizerWithoutCompiler):
    """Optimizer without updates: it holds the learning rate of a module with a step of its own."""

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        return None if closure is None else closure()


class FusedAdam(OptimizerWithoutCompiler, optim.Adam):
    """torch's Adam with the fused kernel, called directly.

    Same state and result; a third of the time per step for small networks, where torch's checks
    and hooks around the kernel cost more than the kernel.
    """

    update = staticmethod(torch._fused_adam_)

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay, fused=True)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None if closure is None else closure()
        with torch.no_grad():
            for group in self.param_groups:
                self._update(group)
        return loss

    step.hooked = True  # type: ignore[attr-defined]  # torch leaves the method as it is

    def _update(self, group: dict[str, Any]) -> None:
        params = [param for param in group["params"] if param.grad is not None]
        if not params:
            return
        states = [self.state[param] or self._start(param) for param in params]
        steps = [state["step"] for state in states]
        # The kernel reads the numbers of steps, for its bias correction, but does not count.
        torch._foreach_add_(steps, 1)
        self.update(
            params,
            [param.grad for param in params],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    def _start(self, param: nn.Parameter) -> dict[str, Tensor]:
        state = {
            # A tensor on the device of the parameter, as the fused kernel wants it.
            "step": torch.zeros((), dtype=torch.float32, device=param.device),
            "exp_avg": torch.zeros_like(param),
            "exp_avg_sq": torch.zeros_like(param),
        }
        self.state[param] = state
        return state


class FusedAdamW(FusedAdam):
    """The same with decoupled weight decay."""

    update = staticmethod(torch._fused_adamw_)


OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, momentum=0.9, fused=True),
    "adagrad": partial(optim.Adagrad, fused=True),
    "rmsprop": optim.RMSprop,
    "adam": FusedAdam,
    "adamw": FusedAdamW,
}


def make_optimizer(name: str, module: nn.Module, lr: float, weight_decay: float) -> optim.Optimizer:
    """One of ``OPTIMIZERS`` on what is trained of a module, in torch's fused form if there is one.

    For a module that trains itself, one that does nothing.
    """
    kind = NoOpOptimizer if attribute_or_default(module, "train_on") else OPTIMIZERS[name]
    groups_of = attribute_or_default(module, "parameter_groups")
    optimizer = kind(
        [
            {"params": trained, "lr_factor": factor}
            for params, factor in (groups_of() if groups_of else [(module.parameters(), 1.0)])
            if (trained := [param for param in params if param.requires_grad])
        ],
        lr=lr,
        weight_decay=weight_decay,
    )
    # The constructor gives all groups the same rate, without their factors.
    set_lr(optimizer, lr)
    return optimizer


def state_of(optimizer: optim.Optimizer) -> dict[str, Any]:
    """Copy of what an optimizer has learned, as plain tensors and numbers.

    ``optimizer.state_dict`` shares its tensors, and its counterpart imports torch's compiler.
    """
    groups = optimizer.param_groups
    return {
        "parameters": [
            plain_copy(dict(optimizer.state.get(param, {})))
            for group in groups
            for param in group["params"]
        ],
        "groups": [
            plain_copy({name: value for name, value in group.items() if name != "params"})
            for group in groups
        ],
    }


def restore_state(optimizer: optim.Optimizer, state: dict[str, Any]) -> None:
    """Restore a state that ``state_of`` returned."""
    restore_moments(optimizer, state["parameters"])
    for group, kept in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(plain_copy(kept))


def restore_moments(optimizer: optim.Optimizer, moments: list[dict[str, Any]]) -> None:
    """Restore the state of each parameter, but not the learning rates."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    optimizer.state.clear()
    for param, kept in zip(params, moments, strict=True):
        if kept:
            optimizer.state[param] = {
                # Numbers of steps stay on the host.
                name: plain_copy(value, param.device if getattr(value, "ndim", 0) else None)
                for name, value in kept.items()
            }


def plain_copy(value: Any, device: Any = None) -> Any:
    """A copy of nested dicts, lists and tuples of tensors, numbers and strings, on a device."""
    if isinstance(value, Tensor):
        return value.detach().to(device or value.device, copy=True)
    if isinstance(value, dict):
        return {name: plain_copy(each, device) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain_copy(each, device) for each in value)
    return value


def set_lr(optimizer: optim.Optimizer, lr: float) -> None:
    """Train at this rate; a group with a factor at so many times the rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_factor", 1.0)


def rates_of(optimizer: optim.Optimizer) -> list[Any]:
    """The rate of each group."""
    return [group["lr"] for group in optimizer.param_groups]


def lr_of(optimizer: optim.Optimizer) -> float:
    """The rate of the groups with the factor 1."""
    group = optimizer.param_groups[-1]
    return float(group["lr"] / group.get("lr_factor", 1.0))


def _one_cycle(progress: float) -> float:
    """Rise to the full rate over 30 % of training, then fall to nearly nothing.

    Smith and Topin, "Super-Convergence" (2018), with cosine segments; momentum is not cycled.
    """
    start, end, peak = 0.04, 0.0, 0.3
    low, span = (start, progress / peak) if progress < peak else (end, (1 - progress) / (1 - peak))
    return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * span))


LR_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
    "one-cycle": _one_cycle,
    "plateau": lambda progress: 1.0,
}


class Schedule:
    """Sets the optimizer's rate before each step; "plateau" halves it between epochs.

    A rate that somebody else sets, such as a callback, is left alone from then on.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    n_steps : int
        Steps of the whole training.
    shape : {"constant", "linear", "cosine", "one-cycle", "plateau"}
    warmup_fraction : float in [0, 1)
        Fraction of the steps over which the rate grows linearly from nothing.
    floor : float in [0, 1]
        Fraction of the peak at which a falling rate ends.
    rates : list of float
        The rates as they were before callbacks could set others; empty where that is not known.

    Attributes
    ----------
    lr : float
        The rate of the last step.
    """

    numbers = ("peak", "n_done", "best", "n_worse", "active", "lr")
    plateau_factor, plateau_epochs = 0.5, 3

    def __init__(
        self,
        optimizer: optim.Optimizer,
        n_steps: int,
        shape: str,
        warmup_fraction: float = 0.0,
        floor: float = 0.0,
        *,
        rates: Sequence[float] = (),
    ) -> None:
        self.optimizer, self.shape, self.n_steps = optimizer, LR_SCHEDULES[shape], max(1, n_steps)
        self.n_warmup = round(warmup_fraction * n_steps)
        self.peak = self.lr = lr_of(optimizer)
        self.floor, self.on_plateau = floor, shape == "plateau"
        self.rates = list(rates)  # as they were set last
        self.active = shape != "constant" or self.n_warmup > 0
        self.n_done, self.best, self.n_worse = 0, math.inf, 0

    def factor(self, step: int) -> float:
        """Rate of one step, as a fraction of the peak."""
        if step < self.n_warmup:
            return (step + 1) / self.n_warmup
        # Batches that are cut to size may be some more in one epoch than in another.
        progress = min(1.0, (step - self.n_warmup) / max(1, self.n_steps - self.n_warmup))
        return self.floor + (1 - self.floor) * self.shape(progress)

    def before_step(self) -> None:
        # A rate that differs from the one set last was set by somebody else, who keeps control.
        if self.rates and self.rates != rates_of(self.optimizer):
            self.active = False
        if self.active:
            set_lr(self.optimizer, self.peak * self.factor(self.n_done))
            self.rates = rates_of(self.optimizer)
        self.lr = lr_of(self.optimizer)
        self.n_done += 1

    def after_epoch(self, loss: float) -> None:
        if not self.on_plateau:
            return
        self.n_worse = 0 if loss < self.best else self.n_worse + 1
        self.best = min(self.best, loss)
        if self.n_worse >= self.plateau_epochs:
            self.peak, self.n_worse = self.peak * self.plateau_factor, 0

    def state(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.numbers}

    def restore(self, state: dict[str, float]) -> None:
        """Restore what ``state`` returned; the optimizer's own state is restored separately."""
        vars(self).update(state)
        self.rates = []


class WeightAverage:
    """Exponential moving average of a module's weights, and of the statistics it keeps.

    ``average <- decay * average + (1 - decay) * weights`` after every step; the decay grows
    from 0 so that the first weights do not linger (Tarvainen and Valpola, "Mean teachers", 2017).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        # Integer buffers, such as numbers of batches, have no average.
        buffers = [buffer for buffer in module.buffers() if buffer.is_floating_point()]
        self.weights: list[Tensor] = [*module.parameters(), *buffers]
        self.average = [weight.detach().clone() for weight in self.weights]
        self.decay, self.n_updates = decay, 0

    @torch.no_grad()
    def update(self) -> None:
        self.n_updates += 1
        decay = min(self.decay, self.n_updates / (self.n_updates + 10))
        torch._foreach_lerp_(self.average, self.weights, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the module's weights and their average; a second call undoes the first."""
        # In place: the optimizer and snapshots hold these tensors.
        for weight, average in zip(self.weights, self.average, strict=True):
            kept = weight.detach().clone()
            weight.copy_(average)
            average.copy_(kept)

    @contextlib.contextmanager
    def swapped(self) -> Iterator[None]:
        """The average in place of the weights; a weight that is changed inside is changed in both.

        For callbacks, which must see the weights that will predict and may set them.
        """
        self.swap()
        before = [weight.detach().clone() for weight in self.weights]
        try:
            yield
        finally:
            self.swap()
            self._adopt_changes(before)

    @torch.no_grad()
    def _adopt_changes(self, before: list[Tensor]) -> None:
        for weight, average, known in zip(self.weights, self.average, before, strict=True):
            if not torch.equal(average, known):
                weight.copy_(average)

    def state(self) -> dict[str, Any]:
        return {"weights": plain_copy(self.average), "n_updates": self.n_updates}

    def restore(self, state: dict[str, Any]) -> None:
        self.average, self.n_updates = plain_copy(state["weights"]), state["n_updates"]


def clip_gradients(params: list[nn.Parameter], max_norm: float) -> Tensor:
    """Scale all gradients down together when their norm exceeds ``max_norm``."""
    return nn.utils.clip_grad_norm_(params, max_norm)
