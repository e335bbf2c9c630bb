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


FARTHEST = 1e6  # standard deviations


def bounded(x: Tensor) -> Tensor:
    """Standardized values, huge ones clipped: the squares that layers compute of them exist."""
    return x.clamp(-FARTHEST, FARTHEST)


# Spreads are compared with that of all series, which is 1: logarithms of lower ones are this one's.
LOWEST_SPREAD = 1e-3


def with_own_scale(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Series (B, T, C), beside them each standardized by itself, and its spread: (B, T, 3 C).

    What is alike in shape, but not in size, looks alike in the second. The third is the same at all
    steps: half the decimal logarithm, which is about as large as the others. Series that do not
    vary are 0 in the second.

    Parameters
    ----------
    x : Tensor of shape (B, T, C)
        Standardized by channel.
    mask : Tensor of bool of shape (B, T, 1) or None
        False on padding, where the result is 0.
    """
    x = x if mask is None else x * mask
    n_steps = x.shape[1] if mask is None else mask.sum(1, keepdim=True)
    centred = x - x.sum(1, keepdim=True) / n_steps
    if mask is not None:
        centred = centred * mask
    spread = (centred.square().sum(1, keepdim=True) / n_steps).sqrt()  # (B, 1, C)
    # Of a constant series rounding errors remain.
    least = 16 * torch.finfo(x.dtype).eps * x.abs().amax(1, keepdim=True)
    varies = spread > least
    own = torch.where(varies, centred / torch.where(varies, spread, 1), 0)
    size = (spread.clamp_min(LOWEST_SPREAD).log10() / 2).expand_as(x)
    return torch.cat([x, own, size if mask is None else size * mask], 2)


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalization of any dimensions; a single value is normalized as in evaluation.

    Of padded signals (B, F, T) it takes the padding mask (B, 1, T) too, True on their steps:
    statistics are of these alone, and padding becomes 0.
    """

    takes_mask = True

    def _check_input_dim(self, input: Tensor) -> None:
        """Any dimensions."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None and self.training:
            return self._of_steps(x, mask)
        if self.training and x[:, 0].numel() == 1:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        y = super().forward(x)
        return y if mask is None else y.masked_fill(~mask, 0)

    def _of_steps(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalized by the statistics of the steps under the mask, as ``F.batch_norm``."""
        running_mean, running_var = self.running_mean, self.running_var
        assert running_mean is not None
        assert running_var is not None
        assert self.momentum is not None
        values = x.to(running_mean.dtype)  # autocast gives halves
        counts = mask.to(values.dtype)
        # On the device, whose answer to an ``if`` the host would wait for.
        n_steps = counts.sum()
        several = n_steps > 1
        mean = torch.where(several, (values * counts).sum((0, 2)) / n_steps, running_mean)
        centred = (values - mean[:, None]) * counts
        var = torch.where(several, centred.square().sum((0, 2)) / n_steps, running_var)
        with torch.no_grad():
            # As where there is no mask: a single step is not learned from.
            momentum = several.to(values.dtype) * self.momentum
            unbiased = var * (n_steps / (n_steps - 1).clamp_min(1))
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(unbiased, momentum)
            self.num_batches_tracked.add_(several)  # type: ignore[union-attr]
        gain = self.weight * (var + self.eps).rsqrt()
        return (centred * gain[:, None] + counts * self.bias[:, None]).to(x.dtype)
