"""Dropout whose random numbers come from a generator of its own, not from torch's global one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class RandomLayer(nn.Module):
    """A layer that draws random numbers in training.

    Attributes
    ----------
    generator : torch.Generator or None
        Where the numbers come from; None is torch's global generator. The engine sets it while it
        trains. It is part of no pickle and no copy.
    """

    generator: torch.Generator | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "generator"}


class Dropout(RandomLayer):
    """Zeroes each value with probability ``p`` in training, and scales the others by 1 / (1 - p).

    ``torch.nn.Dropout`` with a generator; the same masks for the same state of it on a CPU.
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014).

    Parameters
    ----------
    p : float in [0, 1)
        Probability of a zero.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def mask(self, like: Tensor) -> Tensor:
        """Zeros with probability ``p``, else 1 / (1 - p); of the shape of ``like``."""
        # The same operations as in torch.nn.Dropout, so that the masks are the same.
        kept = torch.empty_like(like).bernoulli_(1 - self.p, generator=self.generator)
        return kept.div_(1 - self.p)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask(x) if self.training and self.p else x

    def extra_repr(self) -> str:
        return f"p={self.p}"


class FeatureDropout(Dropout):
    """Zeroes some features (B, T, D) of a row, the same at all of its steps, in training.

    Drawing a number for each step would take a third of a training step's time on a CPU. Y. Gal and
    Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks"
    (2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask(x[:, :1]) if self.training and self.p else x
