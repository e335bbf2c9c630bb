"""Maxima whose gradients are fast on CPUs.

Comparisons are written into numbers, 0 or 1: torch has no vector instructions for those that give
bools, nor for products with these, and its search for the place of each maximum has none either.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def needs_own_gradient(x: Tensor) -> bool:
    return x.is_cpu and x.requires_grad and torch.is_grad_enabled()


def largest_of_three(x: Tensor) -> Tensor:
    """Maximum of each step (B, C, T) and those beside it: ``F.max_pool1d(x, 3, 1, 1)``."""
    return LargestOfThree.apply(x) if needs_own_gradient(x) else F.max_pool1d(x, 3, 1, 1)


def largest(x: Tensor, dim: int) -> Tensor:
    """``x.amax(dim)``; equal ones share the gradient."""
    return Largest.apply(x, dim) if needs_own_gradient(x) else x.amax(dim)


class LargestOfThree(torch.autograd.Function):
    """Of equal ones the first has the gradient, as in torch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        before = x.clone()  # the maximum of each step and the one before it
        torch.maximum(x[..., 1:], x[..., :-1], out=before[..., 1:])
        largest = before.clone()
        torch.maximum(before[..., :-1], x[..., 1:], out=largest[..., :-1])
        is_next = torch.gt(largest, before, out=torch.empty_like(x))
        is_previous = torch.zeros_like(x)
        torch.ge(x[..., :-1], x[..., 1:], out=is_previous[..., 1:])
        ctx.save_for_backward(is_previous, is_next)
        return largest

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        is_previous, is_next = ctx.saved_tensors
        of_next = grad * is_next
        out = grad - of_next
        of_previous = out * is_previous
        out -= of_previous
        out[..., :-1] += of_previous[..., 1:]
        out[..., 1:] += of_next[..., :-1]
        return out


class Largest(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        values = x.amax(dim)
        ctx.dim = dim
        ctx.save_for_backward(x, values)
        return values

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, values = ctx.saved_tensors
        is_largest = torch.eq(x, values.unsqueeze(ctx.dim), out=torch.empty_like(x))
        is_largest *= (grad / is_largest.sum(ctx.dim)).unsqueeze(ctx.dim)
        return is_largest, None
