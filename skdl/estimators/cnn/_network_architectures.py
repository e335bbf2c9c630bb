"""The architectures of convolutional networks: features of images and of signals.

Each is a function of the shape of one row (C, *space), the widths of the blocks and the size of
the convolutions. It gives the features, a sequence of blocks, whose strides and pooling sizes
follow from the size of the input.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...modules import BatchNorm, Pool
from ._network_padding import (
    AvgPool1d,
    Blocks,
    MaxPool1d,
    behind,
    max_of_neighbours,
    stride_of,
    through,
)

Shape = tuple[int, ...]
Features = Callable[..., Blocks]

# By the number of dimensions of space: 1 for signals, 2 for images.
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}
MAX_POOLS = {1: MaxPool1d, 2: nn.MaxPool2d}
MEAN_POOLS = {1: AvgPool1d, 2: nn.AvgPool2d}
# Steps, or pixels a side of a square, of the input of the first block, at most.
WORKING_SIDES = {1: 512, 2: 32}
SMALLEST_SIDE = 4  # blocks do not halve inputs of this side


class GridPool(nn.Module):
    """Means over the cells of a grid, and the maximum over space, joined."""

    takes_mask = True

    def __init__(self, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.of_steps = nn.ModuleList(Pool(kind, 0) for kind in ("mean", "max"))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, F * cells + F) of (B, F, *space), of padded signals with their mask (B, 1, T)."""
        if mask is not None:
            return torch.cat([pool.over(x.mT, mask.mT) for pool in self.of_steps], 1)  # type: ignore[operator]
        if self.grid == 1 or x.ndim == 3:
            means = x.flatten(2).mean(2)
        else:
            means = F.adaptive_avg_pool2d(x, self.grid).flatten(1)
        return torch.cat([means, x.flatten(2).amax(2)], 1)


def convolved(
    n_dims: int, n_in: int, n_out: int, size: int | Shape, stride: int | Shape = 1
) -> list[nn.Module]:
    """A convolution that keeps the size, and its normalization."""
    sizes = (size,) * n_dims if isinstance(size, int) else size
    padding = tuple(size // 2 for size in sizes)
    make: Any = CONVOLUTIONS[n_dims]
    # Without a bias, which the normalization would subtract again.
    convolution = make(n_in, n_out, sizes, stride, padding, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return [convolution, BatchNorm(n_out)]


def stem_strides(space: Shape) -> Shape:
    """By how much each side of the input is reduced before the first block, in powers of 2.

    To about as many pixels as a square of the working side has: what a fit takes depends on their
    number. Of a line of text, 32 x 344 pixels, the long side is reduced by 8 and the short one by
    2, so that both keep some of their detail.
    """
    strides, largest = [1] * len(space), WORKING_SIDES[len(space)] ** len(space)
    while math.prod(map(operator.floordiv, space, strides)) > largest:
        rests = [side // stride**2 for side, stride in zip(space, strides, strict=True)]
        longest = max(rests)
        strides = [
            2 * stride if rest == longest else stride
            for stride, rest in zip(strides, rests, strict=True)
        ]
    return tuple(strides)


def make_stem(shape: Shape, n_out: int, kernel_size: int) -> tuple[Blocks, int]:
    """A first convolution that reduces large inputs to the working size, and their side then."""
    n_dims, n_in, strides = len(shape) - 1, shape[0], stem_strides(shape[1:])
    sizes = tuple({1: kernel_size, 2: 3}.get(stride, 7) for stride in strides)
    of_convolution = tuple(min(stride, 4) for stride in strides)
    of_pool = tuple(max(1, stride // 4) for stride in strides)
    stem = [*convolved(n_dims, n_in, n_out, sizes, of_convolution), nn.ReLU()]
    if max(of_pool) > 1:
        stem.append(MAX_POOLS[n_dims](of_pool, ceil_mode=True))
    sides = (-(-side // stride) for side, stride in zip(shape[1:], strides, strict=True))
    return Blocks(*stem), min(sides)


def make_plain(shape: Shape, channels: Sequence[int], kernel_size: int) -> Blocks:
    """Blocks of two convolutions with batch normalization, halved by a maximum between them."""
    n_dims, n_in, side = len(shape) - 1, shape[0], min(shape[1:])
    blocks: list[nn.Module] = []
    if max(stem_strides(shape[1:])) > 1:
        stem, side = make_stem(shape, channels[0], kernel_size)
        blocks, n_in = [stem], channels[0]
    for place, n_out in enumerate(channels):
        halve = place > 0 and side > SMALLEST_SIDE
        blocks.append(
            Blocks(
                *([MAX_POOLS[n_dims](2, ceil_mode=True)] if halve else []),
                *convolved(n_dims, n_in, n_out, kernel_size),
                nn.ReLU(),
                *convolved(n_dims, n_out, n_out, kernel_size),
                nn.ReLU(),
            )
        )
        n_in, side = n_out, -(-side // 2) if halve else side
    return Blocks(*blocks)


class Residual(nn.Module):
    """Two convolutions with a shortcut; a new block is the shortcut alone."""

    takes_mask = True

    def __init__(self, n_dims: int, n_in: int, n_out: int, size: int, *, halve: bool) -> None:
        super().__init__()
        self.body = Blocks(
            *convolved(n_dims, n_in, n_out, size, 2 if halve else 1),
            nn.ReLU(),
            *convolved(n_dims, n_out, n_out, size),
        )
        # The scale of the last normalization: the body gives 0 at first.
        nn.init.zeros_(self.body[-1].weight)  # type: ignore[arg-type]
        shortcut = [MEAN_POOLS[n_dims](2, ceil_mode=True)] if halve else []
        shortcut += convolved(n_dims, n_in, n_out, 1) if n_in != n_out else []
        self.shortcut = Blocks(*shortcut)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.relu(self.body(x, mask) + self.shortcut(x, mask))

    @property
    def stride(self) -> int:
        return self.body.stride


def make_resnet(shape: Shape, channels: Sequence[int], kernel_size: int) -> Blocks:
    """A first convolution, then two residual blocks of each width (He et al., 2016)."""
    n_dims = len(shape) - 1
    stem, side = make_stem(shape, channels[0], kernel_size)
    blocks: list[nn.Module] = [stem]
    n_in = channels[0]
    for place, n_out in enumerate(channels):
        halve = place > 0 and side > SMALLEST_SIDE
        blocks.append(
            Blocks(
                Residual(n_dims, n_in, n_out, kernel_size, halve=halve),
                Residual(n_dims, n_out, n_out, kernel_size, halve=False),
            )
        )
        n_in, side = n_out, -(-side // 2) if halve else side
    return Blocks(*blocks)


class Inception(nn.Module):
    """Dilated convolutions and a pooled branch side by side, joined and normalized."""

    takes_mask = True

    def __init__(
        self, n_in: int, n_out: int, length: int, size: int, dilations: Sequence[int]
    ) -> None:
        super().__init__()
        # As in InceptionTime, a bottleneck reduces the channels before the long convolutions.
        n_mid = max(1, n_out // 2) if n_in > 1 else 1
        self.bottleneck = nn.Conv1d(n_in, n_mid, 1, bias=False) if n_in > 1 else nn.Identity()
        size = min(size, length) | 1  # odd, and no longer than the signal asks for
        # So that a dilated kernel is no longer than the signal.
        longest = max(1, (length - 1) // max(1, size - 1))
        n_parts = len(dilations) + 1
        widths = [(n_out + n_parts - 1 - part) // n_parts for part in range(n_parts)]
        self.branches = nn.ModuleList(
            nn.Conv1d(n_mid, width, size, padding=size // 2 * d, dilation=d, bias=False)
            for width, d in zip(widths, (min(d, longest) for d in dilations), strict=False)
            if width
        )
        self.pooled = nn.Conv1d(n_in, widths[-1], 1, bias=False) if widths[-1] else None
        self.norm = BatchNorm(n_out)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        h = self.bottleneck(x)
        parts = [branch(h) for branch in self.branches]
        if self.pooled is not None:
            parts.append(self.pooled(max_of_neighbours(x, mask)))
        return self.norm(torch.cat(parts, 1), mask)


class InceptionBlock(nn.Module):
    """Inception modules and a shortcut beside them, on half the steps if ``halve``."""

    takes_mask = True
    n_units, dilations = 2, (1, 2, 4)

    def __init__(self, n_in: int, n_out: int, length: int, size: int, *, halve: bool) -> None:
        super().__init__()
        self.pool = MaxPool1d(2, ceil_mode=True) if halve else nn.Identity()
        length = -(-length // 2) if halve else length
        self.units = nn.ModuleList(
            Inception(n_out if unit else n_in, n_out, length, size, self.dilations)
            for unit in range(self.n_units)
        )
        self.shortcut = Blocks(nn.Conv1d(n_in, n_out, 1, bias=False), BatchNorm(n_out))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = h = through(self.pool, x, mask)
        mask = None if mask is None else behind(self.pool, mask)
        for place, unit in enumerate(self.units):
            h = unit(F.relu(h) if place else h, mask)
        return F.relu(h + self.shortcut(x, mask))

    @property
    def stride(self) -> int:
        return stride_of(self.pool)


def make_fcn(
    shape: Shape, channels: Sequence[int], kernel_size: int, most_steps: int = 512
) -> Blocks:
    """Residual blocks of Inception modules for signals, over all steps.

    Convolutions of ``3 * kernel_size`` steps with dilations 1, 2 and 4 cover the scales of
    InceptionTime (Ismail Fawaz et al., 2020) with few weights. A first convolution reduces signals
    of over ``most_steps``; each block but the first halves the steps if there are 32 or more.
    """
    n_in, length = shape
    blocks: list[nn.Module] = []
    if length > most_steps:
        stride = math.ceil(length / most_steps)
        first = nn.Conv1d(n_in, channels[0], 2 * stride + 1, stride, stride, bias=False)
        blocks.append(Blocks(first, BatchNorm(channels[0]), nn.ReLU()))
        n_in, length = channels[0], math.ceil(length / stride)
    for place, n_out in enumerate(channels):
        halve = place > 0 and length >= 32
        blocks.append(InceptionBlock(n_in, n_out, length, 3 * kernel_size, halve=halve))
        n_in, length = n_out, -(-length // 2) if halve else length
    return Blocks(*blocks)


ARCHITECTURES: dict[str, Features] = {"plain": make_plain, "resnet": make_resnet, "fcn": make_fcn}
BEST_ARCHITECTURE = {"image": "plain", "signal": "fcn"}
POOL_GRID = {"image": 4, "signal": 1}
