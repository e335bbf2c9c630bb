"""Layers for signals (B, C, T) that are padded at their ends: each is answered as if alone.

A padding mask (B, 1, T) is True on the steps of the signals. Between layers padding is 0, which is
also what a convolution sees beyond the end of a signal that is not padded. So a layer that makes
other values of it, or reads more of it than sums, takes the mask: ``takes_mask`` says so.

Behind a layer of stride s the mask is every s-th step. All layers here give ceil(L / s) steps for
L, the window of each beginning at, or its centre lying on, a multiple of s; of a padded signal the
first ceil(L / s) are those that it has alone.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ...modules import largest_of_three


def through(part: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    """The output of a layer, which is given the padding mask if it takes one."""
    takes_mask = mask is not None and getattr(part, "takes_mask", False)
    output: Tensor = part(x, mask) if takes_mask else part(x)
    return output


def stride_of(part: nn.Module) -> int:
    """By how much a layer of signals divides the number of steps."""
    stride: Any = getattr(part, "stride", 1)
    return int(stride[0] if isinstance(stride, tuple) else stride)


def behind(part: nn.Module, mask: Tensor) -> Tensor:
    """The padding mask of the output of a layer."""
    return mask[..., :: stride_of(part)]


class Blocks(nn.Sequential):
    """``nn.Sequential`` whose layers get the padding mask."""

    takes_mask = True

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for part in self:
            x = through(part, x, mask)
            mask = None if mask is None else behind(part, mask)
        return x

    @property
    def stride(self) -> int:
        return math.prod(map(stride_of, self))

    @property
    def reach(self) -> int:
        """No layer reads steps of its input that are this far, or farther, from its output's."""
        layers = [part for part in self.modules() if isinstance(part, nn.Conv1d)]
        reaches = [part.kernel_size[0] // 2 * part.dilation[0] for part in layers]
        return self.stride * max(1, *reaches)  # 1 of the maximum of neighbours


STEPS = 512  # packed signals are a multiple of it


class Packing:
    """Signals of unequal length one behind the other: there is less padding than side by side.

    Between them are so many zeros that no convolution reaches from one signal into another, and
    they begin at multiples of the stride: each is answered as if alone.

    Parameters
    ----------
    lengths : Tensor of shape (B,)
    features : Blocks
    """

    def __init__(self, lengths: Tensor, features: Blocks) -> None:
        self.lengths, self.stride = lengths, features.stride
        slots = -(-(lengths + features.reach) // self.stride) * self.stride
        self.starts = slots.cumsum(0) - slots
        # Few different numbers: kernels that were made for a shape are used again.
        self.n_steps = -(-int(slots.sum()) // (STEPS * self.stride)) * STEPS * self.stride

    def pack(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Padded signals (B, T, C) as one (1, n_steps, C), and its mask (1, 1, n_steps)."""
        steps = torch.arange(x.shape[1], device=x.device)
        inside = steps < self.lengths[:, None]
        places = (self.starts[:, None] + steps)[inside]
        packed, mask = x.new_zeros(self.n_steps, x.shape[2]), inside.new_zeros(self.n_steps)
        packed[places], mask[places] = x[inside], True
        return packed[None], mask[None, None]

    def unpack(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (1, F, n_steps / stride) side by side again, (B, F, t), and their mask."""
        lengths = -(-self.lengths // self.stride)
        steps = torch.arange(int(lengths.max()), device=features.device)
        places = (self.starts // self.stride)[:, None] + steps
        mask = steps < lengths[:, None]  # (B, t)
        places = places.clamp_max(features.shape[2] - 1)
        return features[0].mT[places].mT * mask[:, None], mask[:, None]


class MaxPool1d(nn.MaxPool1d):
    """Maximum of each window, without padding; windows do not overlap."""

    takes_mask = True

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().forward(x)
        pooled = super().forward(x.masked_fill(~mask, -torch.inf))
        return pooled.masked_fill(~behind(self, mask), 0)  # windows of nothing but padding


class AvgPool1d(nn.AvgPool1d):
    """Mean of each window, without padding; windows do not overlap."""

    takes_mask = True

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().forward(x)
        fraction = super().forward(mask.to(x.dtype))  # of each window that is no padding
        return super().forward(x) / fraction.masked_fill(~behind(self, mask), 1)


def max_of_neighbours(x: Tensor, mask: Tensor | None) -> Tensor:
    """Maximum of each step and those beside it, without padding."""
    if mask is None:
        return largest_of_three(x)
    return largest_of_three(x.masked_fill(~mask, -torch.inf)).masked_fill(~mask, 0)
