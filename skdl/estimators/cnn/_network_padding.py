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
from torch.nn import functional as F


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
        return F.max_pool1d(x, 3, 1, 1)
    return F.max_pool1d(x.masked_fill(~mask, -torch.inf), 3, 1, 1).masked_fill(~mask, 0)
