"""Standardization by given statistics, and batch normalization."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def standardized(x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """x less mean over scale, in the dtype of scale, but subtracted in that of x.

    Offsets may be large: x is in float64 where they are, and mean may be two rows (2, C) whose sum
    it is, what the first one lacks by rounding in the second.
    """
    # float32 holds halves and integers of up to 16 bits exactly; longer ones need float64.
    if x.dtype not in (torch.float32, torch.float64):
        is_exact = x.is_floating_point() or x.element_size() <= 2  # in float32
        x = x.to(scale.dtype if is_exact else torch.float64)
    mean = mean.to(x.dtype)
    mean = mean.sum(0) if mean.ndim > 1 else mean  # (C,)
    return ((x - mean) / scale.to(x.dtype)).to(scale.dtype)


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
