"""Early stopping: the validation score of an epoch, when to stop, and copies of weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ._data import Data

# Squared errors beyond so many root mean squares count by their size, not by their square.
LIMIT_RMS = 5.0
OUTLIERS = 0.05  # fraction of the rows that the root mean square leaves out
LIMIT_MEDIANS = 15.0  # absolute errors beyond so many medians are outliers
PLATEAU = 0.75  # of the loss at the start, at or below which the start-up plateau is over


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
        # In place: there is one copy of the weights, however often they improve.
        torch._foreach_copy_(self.kept, self.live)

    @torch.no_grad()
    def restore(self) -> None:
        torch._foreach_copy_(self.live, self.kept)

    def state(self) -> list[Tensor]:
        """A copy of what is kept; empty before the first ``take``."""
        return [tensor.clone() for tensor in self.kept]

    def keep(self, state: list[Tensor]) -> None:
        """Restore what ``state`` returned."""
        self.kept = [tensor.clone() for tensor in state]


class ValidationScore:
    """Validation score of an epoch: the validation loss relative to that before training.

    The loss of each target is divided by its loss before training, and the score is the mean over
    targets. The score of a target that becomes worse, such as one that drifts, grows by the
    logarithm of the ratio only, so that it cannot outweigh the gains of the others. Squared errors
    above a limit grow linearly (Huber's loss), so that one outlier does not decide. The part of
    absolute errors above a limit before training is subtracted from both losses of the ratio:
    training cannot reduce it, and with it every gain would look negligible.

    Parameters
    ----------
    error_power : int or None
        2 where losses are squared errors, 1 where they grow like absolute ones, None for others.
    target_weight : Tensor of shape (k,), default=None
        Weights of the targets in the mean; None are equal ones.

    Attributes
    ----------
    limit : Tensor of shape (k,) or None
        Errors above it are outliers; None where losses are not errors, and before training.
    start : Tensor of shape (k,) or None
        The losses before training.
    excess : Tensor of shape (k,) or None
        The part of them that is subtracted.
    batches : list of (Tensor, Tensor or None)
        Losses and weights since the last ``compute``.
    """

    def __init__(self, error_power: int | None, target_weight: Tensor | None = None) -> None:
        self.error_power, self.target_weight = error_power, target_weight
        self.limit: Tensor | None = None
        self.start: Tensor | None = None
        self.excess: Tensor | None = None
        self.batches: list[tuple[Tensor, Tensor | None]] = []

    @classmethod
    def of(cls, error_power: int | None, train: Data) -> ValidationScore:
        """The score of a training; targets count by what is usual in their training rows."""
        if error_power != 2:
            return cls(error_power)
        y, weight = train.column("y").cpu().double(), train.row_weights()
        return cls(error_power, fraction_of_usual_rows(y, weight))

    def update(self, losses: Tensor, weight: Tensor | None) -> None:
        """Add the losses of a batch, (B,) or (B, k)."""
        self.batches.append((losses.detach().reshape(len(losses), -1), weight))

    def compute(self) -> float:
        """The score of the batches since the last call; the first call is before training.

        Lower is better, and 1 is as before training.
        """
        # On the host, which decides by the score; in float64, as ratios near 1 differ by little.
        losses = torch.cat([losses for losses, _ in self.batches]).cpu().double()  # (n, k)
        given = [weight for _, weight in self.batches if weight is not None]
        weight = torch.cat(given).cpu().double() if given else torch.ones(len(losses)).double()
        self.batches = []
        if self.limit is None and self.error_power is not None:
            self.limit = error_limit(losses, weight, self.error_power)
        if self.limit is not None and self.error_power == 2:
            losses = without_outliers(losses, self.limit)
        means = weighted_means(losses, weight)
        # The first call sets what later losses are relative to.
        if self.start is None or self.excess is None:
            self.start, self.excess = means, torch.zeros_like(means)
            if self.limit is not None and self.error_power == 1:
                self.excess = weighted_means((losses - self.limit).clamp_min(0), weight)
        # With ``tiny`` the ratio of a target that is perfect from the start is 1, not 0 / 0.
        tiny = torch.finfo(torch.float64).tiny
        ratio = (means - self.excess + tiny) / (self.start - self.excess + tiny)
        scores = torch.where(ratio > 1, 1 + ratio.log() / 4, ratio)
        if self.target_weight is None:
            return float(scores.mean())
        return float(self.target_weight @ scores / self.target_weight.sum())

    def state(self) -> list[Tensor | None]:
        return [self.limit, self.start, self.excess]

    def restore(self, state: list[Tensor | None]) -> None:
        self.limit, self.start, self.excess = state


def weighted_means(values: Tensor, weight: Tensor) -> Tensor:
    """Means (k,) over rows of values (n, k)."""
    return (weight[:, None] * values).sum(0) / weight.sum()


def error_limit(losses: Tensor, weight: Tensor, power: int) -> Tensor:
    """Errors (k,) above which rows are outliers, from those of all rows (n, k).

    Parameters
    ----------
    power : int
        2 for squared errors, 1 for absolute ones.
    """
    if power == 1:
        usual, factor = losses[weight > 0].median(0).values, LIMIT_MEDIANS
    else:
        usual, factor = mean_without_highest(losses, weight), LIMIT_RMS**2
    # Where most errors are 0, there is no scale by which one is an outlier.
    return torch.where(usual > 0, factor * usual, math.inf)


def mean_without_highest(losses: Tensor, weight: Tensor) -> Tensor:
    """Means (k,) of losses (n, k) without the highest ones."""
    order = losses.argsort(0)  # (n, k)
    n_outliers = math.ceil(OUTLIERS * len(losses)) if len(losses) > 4 else 0
    inside = order[: len(losses) - n_outliers]
    total = (weight[inside] * losses.gather(0, inside)).sum(0)
    return total / weight[inside].sum(0).clamp_min(torch.finfo(torch.float64).tiny)


def without_outliers(losses: Tensor, limit: Tensor) -> Tensor:
    """Squared errors (n, k) with Huber's loss above the limit, where it grows linearly."""
    return torch.where(losses > limit, 2 * (limit * losses).sqrt() - limit, losses)


def fraction_of_usual_rows(y: Tensor, weight: Tensor) -> Tensor | None:
    """How much of each target's squared error around its mean is not that of outliers, (k,).

    Relative to the target with the most; None where all are equal. Where outliers make most of the
    error, training follows them, and the fit to the other rows is arbitrary.
    """
    losses = (y - weighted_means(y, weight)) ** 2  # (n, k)
    usual = without_outliers(losses, error_limit(losses, weight, 2))
    means = weighted_means(losses, weight)
    fraction = torch.where(means > 0, weighted_means(usual, weight) / means, 1.0)
    fraction = fraction / fraction.max()
    return fraction if (fraction < 1).any() else None


class EarlyStopping:
    """Early stopping: keeps the weights of the lowest validation loss, and counts patience.

    Parameters
    ----------
    module : nn.Module
    patience : int
        Epochs in a row without an improvement of more than ``tol`` before stopping.
    tol : float
        Improvement that counts, relative to the lowest loss so far.
    min_epochs : int
        Epochs before which training is not stopped.
    plateau_epochs : int
        How long a start-up plateau may last: in so many first epochs patience waits as long as the
        training loss is below that of the first epoch, until the validation loss has fallen by a
        quarter.
    """

    numbers = ("start", "first_train", "best", "best_epoch", "n_worse", "n_epochs", "mark")

    def __init__(
        self,
        module: nn.Module,
        patience: int,
        tol: float,
        min_epochs: int = 0,
        plateau_epochs: int = 0,
    ) -> None:
        self.snapshot = Snapshot(module)
        self.patience, self.tol = patience, tol
        self.min_epochs, self.plateau_epochs = min_epochs, plateau_epochs
        self.start = self.first_train = self.best = math.inf
        self.best_epoch, self.n_worse, self.n_epochs = 0, 0, 0
        self.mark = math.inf  # the loss that the next one must beat to reset patience

    def update(self, epoch: int, loss: float, train_loss: float = math.inf) -> bool:
        """Record an epoch's validation loss; True when training should stop.

        The first one is that before training.
        """
        if self.n_epochs == 0:
            self.start = loss
        elif self.n_epochs == 1:
            self.first_train = train_loss
        # Any improvement is kept; ``tol`` only decides whether it resets the patience.
        if loss < self.best:
            self.best, self.best_epoch = loss, epoch
            self.snapshot.take()
        # The first loss always counts: inf - tol * inf would not be a number.
        if not math.isfinite(self.mark) or self._improves(loss, self.mark):
            self.mark, self.n_worse = loss, 0
        elif self._on_plateau() and self._improves(train_loss, self.first_train):
            self.n_worse = 0
        else:
            self.n_worse += 1
        is_over = self.n_worse >= self.patience and self.n_epochs >= self.min_epochs
        self.n_epochs += 1
        return is_over

    def _improves(self, loss: float, before: float) -> bool:
        return loss < before - self.tol * abs(before)

    def _on_plateau(self) -> bool:
        fallen = self.best <= self.start - (1 - PLATEAU) * abs(self.start)
        return self.n_epochs <= self.plateau_epochs and not fallen

    def state(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in self.numbers}
        return {**numbers, "weights": self.snapshot.state()}

    def restore(self, state: dict[str, Any]) -> None:
        vars(self).update({name: state[name] for name in self.numbers})
        self.snapshot.keep(state["weights"])
