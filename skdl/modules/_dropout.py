"""Dropout whose random numbers come from a generator of its own, not from torch's global one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from ._members import of_all_members, of_one_member, outside_of_vmap


class RandomLayer(nn.Module):
    """A layer that draws random numbers in training.

    Attributes
    ----------
    generator : torch.Generator or None
        Where the numbers come from; None is torch's global generator. The engine sets it while it
        trains. It is part of no pickle and no copy.
    members : sequence of RandomLayer or None
        The layers of a pack that this one stands for inside of ``torch.vmap``: each draws its own
        numbers.
    n_rows : sequence of int or None
        How many rows of the batch are those of each member, if not all: alone it would draw numbers
        for no more.
    """

    generator: torch.Generator | None = None
    members: Sequence[RandomLayer] | None = None
    n_rows: Sequence[int] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "generator"}

    def fill(self, empty: Tensor) -> Tensor:
        """Fill a tensor with random numbers, in place."""
        raise NotImplementedError

    def drawn(self, like: Tensor) -> Tensor:
        """Random numbers of the shape, dtype and device of ``like``."""
        if self.members is None:
            return self.fill(torch.empty_like(like))
        like = of_all_members(like.detach(), len(self.members))
        with outside_of_vmap():
            # In the order of rows, whatever the layout: so a member alone draws them.
            drawn = torch.empty_like(like, memory_format=torch.contiguous_format)
            for k, each in enumerate(self.members):
                n_rows = drawn.shape[1] if self.n_rows is None else self.n_rows[k]
                each.fill(drawn[k, :n_rows])
                drawn[k, n_rows:] = 0
        return of_one_member(drawn)

    def of_pack(self, members: Sequence[Self]) -> None:
        """Stand for these layers of a pack from now on."""
        self.members = members


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

    def fill(self, empty: Tensor) -> Tensor:
        """Zeros with probability ``p``, else 1 / (1 - p)."""
        if not self.p:  # of one member of a pack: alone it would draw nothing
            return empty.fill_(1)
        # The same operations as in torch.nn.Dropout, so that the masks are the same.
        return empty.bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)

    def of_pack(self, members: Sequence[Self]) -> None:
        super().of_pack(members)
        self.p = max(each.p for each in members)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.drawn(x) if self.training and self.p else x

    def extra_repr(self) -> str:
        return f"p={self.p}"


class FeatureDropout(Dropout):
    """Zeroes some features (B, T, D) of a row, the same at all of its steps, in training.

    Drawing a number for each step would take a third of a training step's time on a CPU. Y. Gal and
    Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks"
    (2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        return x * self.drawn(x[:, :1]) if self.training and self.p else x
