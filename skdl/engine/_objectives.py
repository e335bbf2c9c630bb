"""Objectives: functions of a module and a batch that give the scalar to minimise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._data import Batch

Objective = Callable[[nn.Module, Batch], Tensor]
Loss = Callable[..., Tensor]


def inputs_of(batch: Batch) -> Batch:
    """What of a batch goes into the module's ``forward``."""
    return {name: value for name, value in batch.items() if name not in ("y", "weight")}


class Supervised:
    """Mean of a loss between the module's output and ``y``, weighted by ``weight`` if given.

    Parameters
    ----------
    loss : callable
        ``loss(output, y, reduction="none")`` gives the losses, (B,) or (B, ...); with
        "mean" their mean.
    decide : callable, default=None
        Makes outputs comparable with y, for skorch's scoring callbacks.
    """

    def __init__(self, loss: Loss, decide: Callable[[Tensor], Tensor] | None = None) -> None:
        self.loss, self.decide = loss, decide

    def __call__(self, module: nn.Module, batch: Batch) -> Tensor:
        output = module(**inputs_of(batch))
        if "weight" not in batch:
            return self.loss(output, batch["y"], reduction="mean")
        losses = self.loss(output, batch["y"], reduction="none")
        of_rows = losses.flatten(1).mean(1) if losses.ndim > 1 else losses
        return (of_rows * batch["weight"]).mean()


squared_error: Loss = F.mse_loss
absolute_error: Loss = F.l1_loss
huber: Loss = F.huber_loss
cross_entropy: Loss = F.cross_entropy


def most_likely(output: Tensor) -> Tensor:
    """Class indices from scores (B, n_classes)."""
    return output.argmax(1)


class Pinball:
    """Quantile loss of output (B, k, n_quantiles) against y (B, k).

    Koenker and Bassett, "Regression quantiles" (1978).
    """

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        self.quantiles = quantiles

    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        quantiles = torch.tensor(self.quantiles, dtype=output.dtype, device=output.device)
        error = y[..., None] - output  # (B, k, Q)
        losses = torch.maximum(quantiles * error, (quantiles - 1) * error)
        return losses.mean() if reduction == "mean" else losses
