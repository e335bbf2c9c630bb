"""Early stopping, and copies of weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Snapshot:
    """A copy of a module's weights and buffers, overwritten in place."""

    def __init__(self, module: nn.Module) -> None:
        self.live: list[Tensor] = [*module.parameters(), *module.buffers()]
        self.kept: list[Tensor] = []

    @torch.no_grad()
    def take(self) -> None:
        if not self.kept:
            self.kept = [tensor.detach().clone() for tensor in self.live]
            return
        torch._foreach_copy_(self.kept, self.live)

    @torch.no_grad()
    def restore(self) -> None:
        torch._foreach_copy_(self.live, self.kept)

    def state(self) -> list[Tensor]:
        """A copy of what is kept; empty before the first ``take``."""
        return [tensor.clone() for tensor in self.kept]

    def keep(self, state: list[Tensor]) -> None:
        """Keep what ``state`` gave, in place of what is kept."""
        self.kept = [tensor.clone() for tensor in state]


class EarlyStopping:
    """Early stopping: keeps the weights of the lowest validation loss, and counts patience.

    Parameters
    ----------
    module : nn.Module
    patience : int
        Epochs in a row without an improvement of more than ``tol`` before stopping.
    tol : float
        Improvement that counts, relative to the lowest loss so far.
    """

    numbers = ("best", "best_epoch", "n_worse", "mark")

    def __init__(self, module: nn.Module, patience: int, tol: float) -> None:
        self.snapshot = Snapshot(module)
        self.patience, self.tol = patience, tol
        self.best, self.best_epoch, self.n_worse = math.inf, 0, 0
        self.mark = math.inf  # the loss that the next one must beat to reset patience

    def update(self, epoch: int, loss: float) -> bool:
        """Take note of an epoch's validation loss; True when training should stop."""
        if loss < self.best:
            self.best, self.best_epoch = loss, epoch
            self.snapshot.take()
        if loss < self.mark - self.tol * abs(self.mark) if math.isfinite(self.mark) else True:
            self.mark, self.n_worse = loss, 0
        else:
            self.n_worse += 1
        return self.n_worse >= self.patience

    def state(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in self.numbers}
        return {**numbers, "weights": self.snapshot.state()}

    def restore(self, state: dict[str, Any]) -> None:
        vars(self).update({name: state[name] for name in self.numbers})
        self.snapshot.keep(state["weights"])
