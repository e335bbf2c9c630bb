"""Shrinkage factor of a learned correction, estimated on validation rows."""

from __future__ import annotations

import torch
from torch import Tensor

N_BLOCKS, N_ERRORS = 8, 2.0


def shrinkage_factor(error: Tensor, correction: Tensor) -> float:
    """Factor in [0, 1] by which a correction is multiplied; 0 where its gain is not significant.

    It is the factor of least squared error, or a smaller one of less absolute error. Each of the
    two steps is shrunk by ``1 - (2 se / estimate)^2``, with the standard error ``se`` of a
    jackknife over contiguous blocks of rows.

    Parameters
    ----------
    error : Tensor of shape (n,)
        Residuals of one target before the correction.
    correction : Tensor of shape (n,)
        The corrections predicted for them.
    """
    if len(error) < 4:
        return 0.0
    explained, size = error * correction, correction.square()
    if size.sum() <= 0 or explained.sum() <= 0:
        return 0.0
    factor = explained.sum() / size.sum()
    of_blocks = _leave_one_block_out(explained) / _leave_one_block_out(size).clamp_min(1e-300)
    largest = min(1.0, float(factor * _shrinkage(factor, of_blocks)))
    factors = largest * torch.linspace(0, 1, 11, dtype=error.dtype)
    absolute = torch.stack([(error - f * correction).abs() for f in factors])  # (11, n)
    best = int(absolute.mean(1).argmin())
    gain = absolute[0] - absolute[best]
    if best == 0 or gain.sum() <= 0:
        return 0.0
    n_left = _leave_one_block_out(torch.ones_like(gain))
    return float(factors[best] * _shrinkage(gain.mean(), _leave_one_block_out(gain) / n_left))


def _leave_one_block_out(values: Tensor) -> Tensor:
    """Sums over the rows outside of each block (n_blocks,)."""
    blocks = values.tensor_split(min(N_BLOCKS, len(values)))
    return values.sum() - torch.stack([block.sum() for block in blocks])


def _shrinkage(estimate: Tensor, of_blocks: Tensor) -> Tensor:
    """``1 - (2 se / estimate)^2``, at least 0, with the jackknife's standard error."""
    n = len(of_blocks)
    squared_error = (n - 1) / n * (of_blocks - of_blocks.mean()).square().sum()
    return (1 - N_ERRORS**2 * squared_error / estimate**2).clamp_min(0)
