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

N_BLOCKS = 8  # contiguous ones, of the validation rows
# Standard errors that a gain must exceed: more in a series, whose rows are not independent, so that
# they are estimated too low.
N_ERRORS, N_ERRORS_OF_SERIES = 1.5, 2.0
MIN_ROWS = 4
MIN_ROWS_OF_SERIES = 48  # for trimmed means over blocks, those of few rows are alike
N_SMALL_BLOCKS = 16  # of absolute errors
TRIMMED = 0.25  # fraction of the blocks at each end
FACTORS = torch.linspace(0, 1, 21, dtype=torch.float64)


def shrinkage_factors(
    loss: Loss,
    y: Tensor,
    uncorrected: Tensor,
    corrected: Tensor,
    weight: Tensor,
    *,
    of_series: bool = False,
) -> list[float]:
    """A factor for each target, by the loss that was minimised.

    Parameters
    ----------
    loss : callable
    y : Tensor of shape (n, k)
    uncorrected, corrected : Tensor of shape (n, k) or (n, k, n_quantiles)
        Outputs without and with the whole correction.
    weight : Tensor of shape (n,)
    of_series : bool
        Whether neighbouring rows are alike, as windows of a series are.
    """
    outputs = (torch.lerp(uncorrected, corrected, factor) for factor in FACTORS)
    losses = torch.stack([losses_of_targets(loss, output, y) for output in outputs])
    losses = _means_over_quantiles(losses.unflatten(2, (y.shape[1], -1)), weight)  # (F, n, k)
    power = error_power(loss) or 1  # other losses grow like absolute errors
    limits = error_limit(losses[0], weight, power)  # (k,)
    if power == 2:  # one outlier's squared error could decide alone
        losses = without_outliers(losses, limits)
    absolute = losses.sqrt() if power == 2 else losses
    of_targets = zip(losses.unbind(2), absolute.unbind(2), limits, strict=True)
    return [shrinkage_factor(*of_target, weight, of_series=of_series) for of_target in of_targets]


def _means_over_quantiles(losses: Tensor, weight: Tensor) -> Tensor:
    """Means of losses (F, n, k, Q), in which each quantile counts as much as the others.

    Where some rows are far above all others, that of the far quantile would decide alone.
    """
    if losses.shape[3] == 1:
        return losses[..., 0]
    limits = error_limit(losses[0].flatten(1), weight, 1).unflatten(0, losses.shape[2:])  # (k, Q)
    return (losses / limits).mean(3)


def shrinkage_factor(
    losses: Tensor, absolute: Tensor, limit: Tensor, weight: Tensor, *, of_series: bool = False
) -> float:
    """Factor in [0, 1] by which a correction is multiplied; 0 where its gain is not significant.

    It is the highest of two estimates, each a factor of least loss times its significance,
    ``1 - (n_errors * se / gain)^2`` with the standard error ``se`` of the gain over contiguous
    blocks of rows. In a series the second one counts from 48 rows on: fewer rows depend on each
    other, and on training rows beside them, so that small gains of most blocks are not significant.

    Parameters
    ----------
    losses : Tensor of shape (n_factors, n)
        Losses of rows with each of ``FACTORS``.
    absolute : Tensor of shape (n_factors, n)
        The same as absolute errors, where they are squared ones.
    limit : Tensor of shape ()
        What the loss of an outlier exceeds before the correction.
    weight : Tensor of shape (n,)
        Weights of rows.
    of_series : bool
        Whether neighbouring rows are alike, as windows of a series are.
    """
    n_rows = losses.shape[1]
    if n_rows < MIN_ROWS:
        return 0.0
    gains = (losses[0] - losses) * weight
    # Outliers count in the gain, but the loss that it is a fraction of is limited: one outlier
    # there would make any gain look small.
    before = losses[0].clamp_max(LIMIT_RMS * limit) * weight
    n_errors = N_ERRORS
    if of_series:  # fewer neighbouring rows than blocks are far from independent
        n_errors = N_ERRORS_OF_SERIES * max(1.0, N_BLOCKS / n_rows)
    of_all = _factor_of_all(gains, before, n_errors, inside=losses[0] <= limit)
    if of_series and n_rows < MIN_ROWS_OF_SERIES:
        return of_all
    return max(of_all, _factor_of_most(gains, (absolute[0] - absolute) * weight, n_errors))


def _factor_of_all(gains: Tensor, before: Tensor, n_errors: float, inside: Tensor) -> float:
    """The factor by the mean of all rows.

    Its gain may be significant for all, as where a correction predicts rare events, or for those
    without outliers.
    """
    best = int(gains.sum(1).argmax())
    if best == 0:  # any correction makes it worse
        return 0.0
    gain = gains[best]
    significant = max(
        _significance(*_jackknife(gain, before), n_errors),
        _significance(*_jackknife(gain * inside, before * inside), n_errors),
    )
    return float(FACTORS[best]) * significant


def _factor_of_most(gains: Tensor, absolute_gains: Tensor, n_errors: float) -> float:
    """The factor by trimmed means over blocks, in which rows that contradict others do not decide.

    Its gain may be significant as it is, or in absolute errors: squared errors of rows that
    contradict grow by three times what those of others fall by, so that a few of them in each block
    make any gain uncertain. The gain in absolute errors need only exceed one standard error, since
    the factor is that of least loss by the objective itself.
    """
    best = int(_trimmed_mean(_sums_of_blocks(gains.T, N_BLOCKS)).argmax())
    if best == 0:
        return 0.0
    blocks = _sums_of_blocks(gains[best], N_BLOCKS)
    significant = _significance(_trimmed_mean(blocks), _squared_error_of_trimmed(blocks), n_errors)
    if gains.shape[1] >= N_BLOCKS:  # fewer rows are too few for one standard error
        blocks = _sums_of_blocks(absolute_gains[best], N_SMALL_BLOCKS)
        in_absolute = _significance(_trimmed_mean(blocks), _squared_error_of_trimmed(blocks), 1.0)
        significant = max(significant, in_absolute)
    return float(FACTORS[best]) * significant


def _significance(estimate: Tensor, squared_error: Tensor, n_errors: float) -> float:
    """``1 - (n_errors * se / estimate)^2``, at least 0."""
    if estimate <= 0:
        return 0.0
    return float((1 - n_errors**2 * squared_error / estimate**2).clamp_min(0))


def _jackknife(gain: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """The fraction by which the loss before falls, and its squared standard error."""
    total, of_gain = before.sum().clamp_min(1e-300), _sums_of_blocks(gain, N_BLOCKS)
    without = (total - _sums_of_blocks(before, N_BLOCKS)).clamp_min(1e-300)
    of_blocks = (of_gain.sum() - of_gain) / without
    # Variance of a jackknife: the estimates without a block vary little, for they share most rows.
    n = len(of_blocks)
    squared_error = (n - 1) / n * (of_blocks - of_blocks.mean()).square().sum()
    return gain.sum() / total, squared_error


def _sums_of_blocks(values: Tensor, n_blocks: int) -> Tensor:
    """Sums (n_blocks, ...) over the rows of each contiguous block of values (n, ...)."""
    return torch.stack([rows.sum(0) for rows in values.tensor_split(min(n_blocks, len(values)))])


def _trimmed_mean(values: Tensor) -> Tensor:
    """Mean (...) over rows of values (n, ...), without the quarter at each end."""
    n_cut = int(TRIMMED * len(values))
    return values.sort(0).values[n_cut : len(values) - n_cut].mean(0)


def _squared_error_of_trimmed(values: Tensor) -> Tensor:
    """Squared standard error of the trimmed mean of values (n,).

    That of the winsorized values (Tukey and McLaughlin, 1963; see Wilcox, "Introduction to robust
    estimation and hypothesis testing", section 3.3).
    """
    values, n = values.sort().values, len(values)
    n_cut = int(TRIMMED * n)
    middle = values[n_cut : n - n_cut]
    winsorized = values.clamp(middle[0], middle[-1])
    return winsorized.var() * n / len(middle) ** 2
