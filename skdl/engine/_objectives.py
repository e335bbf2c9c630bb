"""Objectives: functions of a module and a batch that give the scalar to minimise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ._contract import attribute_or_default
from ._data import Batch, host_lengths
from ._losses import Loss, error_power

Objective = Callable[[nn.Module, Batch], Tensor]


def inputs_of(batch: Batch) -> Batch:
    """The columns of a batch that are arguments of the module's ``forward``."""
    return {name: value for name, value in batch.items() if name not in ("y", "weight")}


class TargetConverter(Protocol):
    """Converts outputs and targets to the user's labels or units; all arrays are numpy's.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,) or None
        The labels, sorted; None where targets are numbers.
    """

    classes: np.ndarray | None

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """What ``predict`` gives for outputs of the module."""

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """What ``predict_proba`` gives; the predictions where there are no classes."""

    def values(self, column: np.ndarray) -> np.ndarray:
        """Targets as the user gave them, from the column ``y`` of the data."""


class Supervised:
    """Mean over rows of a loss of the module's output and ``y``, weighted by ``weight`` if given.

    Parameters
    ----------
    loss : callable
        ``loss(output, y, reduction="none")`` gives the losses, (B,) or (B, ...); with
        "mean" their mean.
    converter : TargetConverter or None, default=None
        Converts outputs and y to the user's labels or units, for ``predict`` of the net and
        skorch's scoring callbacks.
    training_loss : callable, default=None
        Replaces ``loss`` in training, such as one with label smoothing; validation uses ``loss``.
    """

    draws_from_generator = True
    stackable = True

    def __init__(
        self,
        loss: Loss,
        converter: TargetConverter | None = None,
        training_loss: Loss | None = None,
    ) -> None:
        self.loss, self.converter, self.training_loss = loss, converter, training_loss or loss
        self.output_shape: tuple[int, ...] | None = getattr(converter, "output_shape", None)

    @property
    def error_power(self) -> int | None:
        return error_power(self.loss)

    def __call__(self, module: nn.Module, batch: Batch) -> Tensor:
        loss = self.training_loss if module.training else self.loss
        return mean_loss(loss, self._output(module, batch), batch)

    def _output(self, module: nn.Module, batch: Batch) -> Tensor:
        """The module's output, of the right shape: losses would broadcast others."""
        output: Tensor = module(**inputs_of(batch))
        if self.output_shape not in (None, output.shape[1:]):
            raise ValueError(
                f"The module must return (n, {', '.join(map(str, self.output_shape or ()))}) for n "
                f"rows, got {tuple(output.shape)} for {len(batch['y'])}."
            )
        return output

    def row_losses(self, module: nn.Module, batch: Batch) -> Tensor:
        """The losses of each row, (B,), and of each of its targets and quantiles, (B, k * Q)."""
        return losses_of_targets(self.loss, self._output(module, batch), batch["y"])


def losses_of_targets(loss: Loss, output: Tensor, y: Tensor) -> Tensor:
    """The losses of rows (B,), of rows and targets (B, k), or of their quantiles too (B, k * Q)."""
    losses: Tensor = loss(output, y, reduction="none")
    return losses.flatten(1) if losses.ndim > 2 else losses


def mean_loss(loss: Loss, output: Tensor, batch: Batch) -> Tensor:
    """Mean of a loss over a batch, weighted where the batch has weights."""
    if "weight" not in batch:
        return loss(output, batch["y"], reduction="mean")
    return mean_of_rows(loss(output, batch["y"], reduction="none"), batch["weight"])


def mean_of_rows(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of losses (B, ...), weighted by row."""
    if weight is None:
        return losses.mean()
    of_rows = losses.flatten(1).mean(1) if losses.ndim > 1 else losses
    return (of_rows * weight).mean()


class Augmented(Supervised):
    """A supervised objective on inputs that are changed at random in training.

    Parameters
    ----------
    loss, converter, training_loss
        As in :class:`Supervised`.
    column : str
        Which input is changed.
    augment : callable, default=None
        Gives the changed column for the column. One with an attribute ``draws_from_generator``
        that is true takes a generator as its second argument. Of rows of unequal length it gets
        the number of steps of each as ``lengths`` (B,): with a generator a tensor on the device,
        else an array on the host. It leaves padding as it is.
    mixup : float, default=0.0
        When above 0, each row is then mixed with another one of the batch: both inputs and both
        losses in the proportion lambda to 1 - lambda, lambda drawn per batch from
        Beta(mixup, mixup). Of rows of unequal length the mixed one has the steps of the longer one.
        Zhang et al., "mixup: beyond empirical risk minimization" (2018).

    Attributes
    ----------
    generator : torch.Generator or None
        Where random numbers come from; None is torch's global generator.
    """

    generator: torch.Generator | None = None

    def __init__(
        self,
        loss: Loss,
        converter: TargetConverter | None = None,
        training_loss: Loss | None = None,
        *,
        column: str,
        augment: Callable[..., Tensor] | None = None,
        mixup: float = 0.0,
    ) -> None:
        super().__init__(loss, converter, training_loss)
        self.column, self.augment, self.mixup = column, augment, mixup
        self.takes_generator = attribute_or_default(augment, "draws_from_generator")
        self.draws_from_generator = augment is None or self.takes_generator
        self.stackable = augment is None and not mixup

    def __call__(self, module: nn.Module, batch: Batch) -> Tensor:
        if not module.training:
            return super().__call__(module, batch)
        if self.augment is not None:
            batch = {**batch, self.column: self.augmented(batch)}
        return self.mixed(module, batch) if self.mixup else super().__call__(module, batch)

    def augmented(self, batch: Batch) -> Tensor:
        """The column as ``augment`` changes it."""
        assert self.augment is not None
        x, is_ragged = batch[self.column], "lengths" in batch
        if self.takes_generator:
            lengths = {"lengths": batch["lengths"]} if is_ragged else {}
            return self.augment(x, self.generator, **lengths)
        return self.augment(x, lengths=host_lengths(batch)) if is_ragged else self.augment(x)

    def mixed(self, module: nn.Module, batch: Batch) -> Tensor:
        """The loss of rows that are mixed with others."""
        x = batch[self.column]
        n_rows, device, generator = len(x), x.device, self.generator
        # On the device: its numbers are never waited for.
        both = torch.full((2,), self.mixup, device=device)
        share = torch._sample_dirichlet(both, generator)[0].to(x.dtype)
        order = torch.randperm(n_rows, device=device, generator=generator)
        changed = {self.column: torch.lerp(x[order], x, share)}
        if "lengths" in batch:
            changed["lengths"] = torch.maximum(batch["lengths"], batch["lengths"][order])
        output = self._output(module, {**batch, **changed})
        others: Batch = {key: batch[key][order] for key in ("y", "weight") if key in batch}
        own_loss, other_loss = (
            mean_loss(self.training_loss, output, rows) for rows in (batch, others)
        )
        return torch.lerp(other_loss, own_loss, share)
