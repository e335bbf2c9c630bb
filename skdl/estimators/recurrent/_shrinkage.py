"""Shrinkage factor of a learned correction, estimated on validation rows."""

from __future__ import annotations

import torch
from torch import Tensor

from ...engine import (
    LIMIT_RMS,
    Loss,
    error_limit,
    error_power,
    losses_of_targets,
    without_outliers,
)

N_BLOCKS, N_ERRORS = 8, 2.0
FACTORS = torch.linspace(0, 1, 21, dtype=torch.float64)


def shrinkage_factors(
    loss: Loss, y: Tensor, uncorrected: Tensor, corrected: Tensor, weight: Tensor
) -> list[float]:
    """A factor for each target, by the loss that was minimised.

    Parameters
    ----------
    loss : callable
    y : Tensor of shape (n, k)
    uncorrected, corrected : Tensor of shape (n, k) or (n, k, n_quantiles)
        Outputs without and with the whole correction.
    weight : Tensor of shape (n,)
    """
    outputs = (torch.lerp(uncorrected, corrected, factor) for factor in FACTORS)
    losses = torch.stack([losses_of_targets(loss, output, y) for output in outputs])  # (F, n, k)
    power = error_power(loss) or 1  # other losses grow like absolute errors
    limits = error_limit(losses[0], weight, power)  # (k,)
    if power == 2:  # one outlier's squared error could decide alone
        losses = without_outliers(losses, limits)
    of_targets = zip(losses.unbind(2), limits, strict=True)
    return [shrinkage_factor(of_target, weight, limit) for of_target, limit in of_targets]


def shrinkage_factor(losses: Tensor, weight: Tensor, limit: Tensor) -> float:
    """Factor in [0, 1] by which a correction is multiplied; 0 where its gain is not significant.

    It is the factor of least loss, times ``1 - (2 se / gain)^2``: the gain is the fraction by which
    the loss falls, ``se`` its standard error, of a jackknife over contiguous blocks of rows. It may
    be significant for all rows, as where a correction foresees rare events, or for those without
    outliers, which would else decide the standard error alone.

    Parameters
    ----------
    losses : Tensor of shape (n_factors, n)
        Losses of rows with each of ``FACTORS``.
    weight : Tensor of shape (n,)
        Weights of rows.
    limit : Tensor of shape ()
        What the loss of an outlier exceeds before the correction.
    """
    if losses.shape[1] < 4:
        return 0.0
    best = int((losses @ weight).argmin())
    if best == 0:  # any correction makes it worse
        return 0.0
    # Outliers count in the gain, but the loss that it is a fraction of is limited: one outlier
    # there would make any gain look small.
    gain = (losses[0] - losses[best]) * weight
    before = losses[0].clamp_max(LIMIT_RMS * limit) * weight
    inside = losses[0] <= limit
    certain = max(_shrinkage(gain, before), _shrinkage(gain * inside, before * inside))
    return float(FACTORS[best]) * certain


def _leave_one_block_out(values: Tensor) -> Tensor:
    """Sums over the rows outside of each block (n_blocks,)."""
    blocks = values.tensor_split(min(N_BLOCKS, len(values)))
    return values.sum() - torch.stack([block.sum() for block in blocks])


def _shrinkage(gain: Tensor, before: Tensor) -> float:
    """``1 - (2 se / estimate)^2``, at least 0, of the fraction by which the loss before falls."""
    estimate = gain.sum() / before.sum().clamp_min(1e-300)
    if estimate <= 0:
        return 0.0
    of_blocks = _leave_one_block_out(gain) / _leave_one_block_out(before).clamp_min(1e-300)
    # Variance of a jackknife: the estimates without a block vary little, for they share most rows.
    n = len(of_blocks)
    squared_error = (n - 1) / n * (of_blocks - of_blocks.mean()).square().sum()
    return float((1 - N_ERRORS**2 * squared_error / estimate**2).clamp_min(0))
