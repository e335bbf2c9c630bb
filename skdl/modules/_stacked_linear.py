"""Linear layers side by side, as batched products that are fast on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Batched products whose result has few columns take up to ten times as long as those whose result
# has few rows.
FEW = 16


def stacked_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """K linear layers at once.

    Parameters
    ----------
    x : Tensor of shape (K, ..., n_in)
    weight : Tensor of shape (K, n_out, n_in)
    bias : Tensor of shape (K, n_out) or None

    Returns
    -------
    Tensor of shape (K, ..., n_out)
    """
    if torch._C._are_functorch_transforms_active():  # several stacks in a pack
        output = x.flatten(1, -2) @ weight.mT
        output = output if bias is None else output + bias[:, None]
        return output.unflatten(1, x.shape[1:-1])
    result: Tensor = StackedLinear.apply(x, weight, bias)
    return result


class StackedLinear(torch.autograd.Function):
    """See :func:`stacked_linear`; products are written so that few rows are few columns nowhere."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        rows = x.flatten(1, -2) if x.ndim != 3 else x  # (K, B, n_in)
        if weight.shape[1] <= FEW:
            output = torch.bmm(weight, rows.mT).mT
            output = output if bias is None else output + bias[:, None]
        elif bias is None:
            output = torch.bmm(rows, weight.mT)
        else:
            output = torch.baddbmm(bias[:, None], rows, weight.mT)
        return output if x.ndim == 3 else output.unflatten(1, x.shape[1:-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows, of_rows = x.flatten(1, -2), gradient.flatten(1, -2)  # (K, B, n_in), (K, B, n_out)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            one = weight.shape[1] == 1
            of_x = (of_rows * weight if one else torch.bmm(of_rows, weight)).view(x.shape)
        if ctx.needs_input_grad[1]:
            if weight.shape[1] < weight.shape[2]:
                of_weight = torch.bmm(of_rows.mT, rows)
            else:
                of_weight = torch.bmm(rows.mT, of_rows).mT
        if ctx.needs_input_grad[2]:
            of_bias = of_rows.sum(1)
        return of_x, of_weight, of_bias
