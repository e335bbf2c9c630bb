"""Losses of errors: what they are, how they grow, and which constant has the least.

A new one is a class here and a name in ``REGRESSION_LOSSES`` of ``estimators/_base/_targets.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[..., Tensor]


def cross_entropy(
    output: Tensor,
    y: Tensor,
    reduction: str = "mean",
    label_smoothing: float | Tensor = 0.0,
) -> Tensor:
    """``torch.nn.functional.cross_entropy``; ``label_smoothing`` may be a tensor ()."""
    if not isinstance(label_smoothing, Tensor):
        return F.cross_entropy(output, y, reduction=reduction, label_smoothing=label_smoothing)
    scores = F.log_softmax(output, dim=1)
    of_rows = F.nll_loss(scores, y, reduction="none")
    losses = torch.lerp(of_rows, -scores.mean(1), label_smoothing.to(scores))
    return losses.mean() if reduction == "mean" else losses


class ErrorLoss(ABC):
    """A loss of errors, y less output.

    Attributes
    ----------
    power : int
        2 for squared errors, of which one outlier's could decide alone; 1 for losses that grow like
        absolute errors.
    """

    power: ClassVar[int] = 1

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @abstractmethod
    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        """The losses of y (B, k), of the shape of output; with ``reduction="mean"`` their mean."""

    @abstractmethod
    def minimizer(self, y: Tensor, weight: Tensor) -> Tensor:
        """The output (k,) or (k, Q) with the least loss for all rows of y (n, k).

        ``weight`` (n,) are those of the rows.
        """


class SquaredError(ErrorLoss):
    """Squared errors; the mean has the least."""

    power = 2

    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        return F.mse_loss(output, y, reduction=reduction)

    def minimizer(self, y: Tensor, weight: Tensor) -> Tensor:
        return (weight @ y) / weight.sum()


class AbsoluteError(ErrorLoss):
    """Absolute errors; the median has the least."""

    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        return F.l1_loss(output, y, reduction=reduction)

    def minimizer(self, y: Tensor, weight: Tensor) -> Tensor:
        return weighted_quantiles(y, weight, [0.5])[:, 0]


class Huber(ErrorLoss):
    """Half of the squared error up to 1, above it grows like the absolute one.

    Huber, "Robust estimation of a location parameter" (1964).
    """

    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        return F.huber_loss(output, y, reduction=reduction)

    def minimizer(self, y: Tensor, weight: Tensor) -> Tensor:
        found = weighted_quantiles(y, weight, [0.5])[:, 0]
        for _ in range(50):  # a mean in which far values weigh less
            inside = weight[:, None] / (y - found).abs().clamp_min(1)
            found = (inside * y).sum(0) / inside.sum(0)
        return found


class Pinball(ErrorLoss):
    """Quantile loss of output (B, k, n_quantiles) against y (B, k).

    Koenker and Bassett, "Regression quantiles" (1978).
    """

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        self.quantiles = quantiles

    def levels(self, like: Tensor) -> Tensor:
        """The quantiles, filled in on the device: a copy from the host would be waited for."""
        return torch.stack([like.new_full((), level) for level in self.quantiles])

    def __call__(self, output: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        error, levels = y[..., None] - output, self.levels(output)  # (B, k, Q), (Q,)
        losses = torch.maximum(levels * error, (levels - 1) * error)
        return losses.mean() if reduction == "mean" else losses

    def minimizer(self, y: Tensor, weight: Tensor) -> Tensor:
        return weighted_quantiles(y, weight, self.quantiles)


squared_error, absolute_error, huber = SquaredError(), AbsoluteError(), Huber()


def error_power(loss: Loss) -> int | None:
    """How a loss of errors grows; None for other losses."""
    return loss.power if isinstance(loss, ErrorLoss) else None


def weighted_quantiles(values: Tensor, weight: Tensor, levels: Sequence[float]) -> Tensor:
    """Quantiles (k, n_levels) of each column of values (n, k) whose rows have weights (n,)."""
    order = values.argsort(0)
    below = weight[order].cumsum(0)  # (n, k)
    below = (below - weight[order] / 2) / below[-1]
    wanted = torch.tensor(levels, dtype=below.dtype).expand(values.shape[1], -1).contiguous()
    place = torch.searchsorted(below.T.contiguous(), wanted).clamp_max(len(values) - 1)
    return values.gather(0, order).T.gather(1, place)
