"""Bringing numbers to one scale: of given statistics, and of a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def standardized(x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """x less mean over scale, in their dtype, but subtracted in that of x: offsets may be large."""
    if x.dtype not in (torch.float32, torch.float64):
        is_exact = x.is_floating_point() or x.element_size() <= 2  # in float32
        x = x.to(mean.dtype if is_exact else torch.float64)
    return ((x - mean.to(x.dtype)) / scale.to(x.dtype)).to(mean.dtype)


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalization of any dimensions; a single value is normalized as in evaluation."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Any dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x[:, 0].numel() == 1:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)
