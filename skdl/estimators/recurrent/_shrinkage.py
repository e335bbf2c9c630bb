"""Shrinkage of a learned correction, from rows that it was not trained on."""

from __future__ import annotations

import torch
from torch import Tensor

N_BLOCKS, N_ERRORS = 8, 2.0


def shrinkage_factor(error: Tensor, correction: Tensor) -> float:
    """Factor in [0, 1] by which a correction is multiplied, the smaller the less certain its gain.

    The factor of least squared error, then the one of least absolute error below it, each
    shrunk by ``1 - (2 se / estimate)^2``, its standard error from a jackknife over contiguous
    blocks of rows.

    Parameters
    ----------
    error : Tensor of shape (n,)
        What the correction of one target should be.
    correction : Tensor of shape (n,)
        What it is.
    """
    if len(error) < 4:
        return 0.0
    explained, size = error * correction, correction.square()
    if size.sum() <= 0 or explained.sum() <= 0:
        return 0.0
    factor = explained.sum() / size.sum()
    of_blocks = _without_blocks(explained) / _without_blocks(size).clamp_min(1e-300)
    most = min(1.0, float(factor * _certainty(factor, of_blocks)))
    factors = most * torch.linspace(0, 1, 11, dtype=error.dtype)
    misses = torch.stack([(error - f * correction).abs() for f in factors])  # (11, n)
    best = int(misses.mean(1).argmin())
    gain = misses[0] - misses[best]
    if best == 0 or gain.sum() <= 0:
        return 0.0
    n_left = _without_blocks(torch.ones_like(gain))
    return float(factors[best] * _certainty(gain.mean(), _without_blocks(gain) / n_left))


def _without_blocks(values: Tensor) -> Tensor:
    """Sums over all rows but one block's, for each block."""
    blocks = values.tensor_split(min(N_BLOCKS, len(values)))
    return values.sum() - torch.stack([block.sum() for block in blocks])


def _certainty(estimate: Tensor, of_blocks: Tensor) -> Tensor:
    """``1 - (2 se / estimate)^2``, at least 0, with the jackknife's standard error."""
    n = len(of_blocks)
    squared_error = (n - 1) / n * (of_blocks - of_blocks.mean()).square().sum()
    return (1 - N_ERRORS**2 * squared_error / estimate**2).clamp_min(0)
