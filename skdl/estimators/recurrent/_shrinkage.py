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
TRIMMED = 0.25  # fraction of the blocks at each end
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
    losses = torch.stack([losses_of_targets(loss, output, y) for output in outputs])
    losses = _means_over_quantiles(losses.unflatten(2, (y.shape[1], -1)), weight)  # (F, n, k)
    power = error_power(loss) or 1  # other losses grow like absolute errors
    limits = error_limit(losses[0], weight, power)  # (k,)
    if power == 2:  # one outlier's squared error could decide alone
        losses = without_outliers(losses, limits)
    of_targets = zip(losses.unbind(2), limits, strict=True)
    return [shrinkage_factor(of_target, weight, limit) for of_target, limit in of_targets]


def _means_over_quantiles(losses: Tensor, weight: Tensor) -> Tensor:
    """Means of losses (F, n, k, Q), in which each quantile counts as much as the others.

    Where some rows are far above all others, that of the far quantile would decide alone.
    """
    if losses.shape[3] == 1:
        return losses[..., 0]
    limits = error_limit(losses[0].flatten(1), weight, 1).unflatten(0, losses.shape[2:])  # (k, Q)
    return (losses / limits).mean(3)


def shrinkage_factor(losses: Tensor, weight: Tensor, limit: Tensor) -> float:
    """Factor in [0, 1] by which a correction is multiplied; 0 where its gain is not significant.

    It is the factor of least loss, times ``1 - (2 se / gain)^2``: the gain is the fraction by which
    the loss falls, ``se`` its standard error over contiguous blocks of rows. It may be significant
    for all rows, as where a correction predicts rare events; for those without outliers; or for the
    blocks without the quarters of largest and smallest gain, so that rows of a part of the data
    that contradict all others do not decide alone.

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
    significant = max(
        _significance_factor(*_jackknife(gain, before)),
        _significance_factor(*_jackknife(gain * inside, before * inside)),
        _significance_factor(*_trimmed_mean(_sums_of_blocks(gain))),
    )
    return float(FACTORS[best]) * significant


def _significance_factor(estimate: Tensor, squared_error: Tensor) -> float:
    """``1 - (2 se / estimate)^2``, at least 0."""
    if estimate <= 0:
        return 0.0
    return float((1 - N_ERRORS**2 * squared_error / estimate**2).clamp_min(0))


def _sums_of_blocks(values: Tensor) -> Tensor:
    """Sums over the rows of each contiguous block (n_blocks,)."""
    return torch.stack([part.sum() for part in values.tensor_split(min(N_BLOCKS, len(values)))])


def _jackknife(gain: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """The fraction by which the loss before falls, and its squared standard error."""
    total, of_gain = before.sum().clamp_min(1e-300), _sums_of_blocks(gain)
    without = (total - _sums_of_blocks(before)).clamp_min(1e-300)
    of_blocks = (of_gain.sum() - of_gain) / without
    # Variance of a jackknife: the estimates without a block vary little, for they share most rows.
    n = len(of_blocks)
    squared_error = (n - 1) / n * (of_blocks - of_blocks.mean()).square().sum()
    return gain.sum() / total, squared_error


def _trimmed_mean(values: Tensor) -> tuple[Tensor, Tensor]:
    """The mean without a fraction of the values at each end, and its squared standard error.

    That of the values moved to the ends of what is left (Tukey and McLaughlin, 1963; see Wilcox,
    "Introduction to robust estimation and hypothesis testing", section 3.3).
    """
    values, n = values.sort().values, len(values)
    n_cut = int(TRIMMED * n)
    middle = values[n_cut : n - n_cut]
    moved = values.clamp(middle[0], middle[-1])
    return middle.mean(), moved.var() * n / len(middle) ** 2
