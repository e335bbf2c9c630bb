"""Objectives: functions of a module and a batch that give the scalar to minimise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._data import Batch

Objective = Callable[[nn.Module, Batch], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def inputs_of(batch: Batch) -> Batch:
    """What of a batch goes into the module's ``forward``."""
    return {name: value for name, value in batch.items() if name not in ("y", "weight")}


class Supervised:
    """Mean of a loss between the module's output and ``y``, weighted by ``weight`` if given.

    Parameters
    ----------
    loss : callable
        ``loss(output, y)`` gives the losses unreduced: (B,) or (B, ...).
    decide : callable, default=None
        Makes outputs comparable with y, for skorch's scoring callbacks.
    """

    def __init__(self, loss: Loss, decide: Callable[[Tensor], Tensor] | None = None) -> None:
        self.loss, self.decide = loss, decide

    def __call__(self, module: nn.Module, batch: Batch) -> Tensor:
        losses = self.loss(module(**inputs_of(batch)), batch["y"])
        if "weight" not in batch:
            return losses.mean()
        return (
            (losses.flatten(1).mean(1) if losses.ndim > 1 else losses).mul(batch["weight"]).mean()
        )


def squared_error(output: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(output, y, reduction="none")


def absolute_error(output: Tensor, y: Tensor) -> Tensor:
    return F.l1_loss(output, y, reduction="none")


def huber(output: Tensor, y: Tensor) -> Tensor:
    return F.huber_loss(output, y, reduction="none")


def cross_entropy(output: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(output, y, reduction="none")


def most_likely(output: Tensor) -> Tensor:
    """Class indices from scores (B, n_classes)."""
    return output.argmax(1)


class Pinball:
    """Quantile loss of output (B, k, n_quantiles) against y (B, k).

    Koenker and Bassett, "Regression quantiles" (1978).
    """

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        self.quantiles = quantiles

    def __call__(self, output: Tensor, y: Tensor) -> Tensor:
        quantiles = torch.tensor(self.quantiles, dtype=output.dtype, device=output.device)
        error = y[..., None] - output  # (B, k, Q)
        return torch.maximum(quantiles * error, (quantiles - 1) * error)
