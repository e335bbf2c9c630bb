"""Mean and scale of the channels of training data."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from ...engine import Batch, Data
from ...modules import padding_mask
from ._placeholders import counts, warn_of_placeholders

EPS = torch.finfo(torch.float64).eps
# A value that makes more than this fraction of the variance of so many values or more.
DOMINANT, MANY = 0.5, 100
MAGNITUDE, MOST_SERIES = 10.0, (0.1, 0.5, 0.9)
NARROW = (torch.uint8, torch.bool)  # dtypes in which no value is far from all others


def channel_statistics(train: Data) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and standard deviation of each channel of ``x`` without padding, weighted by row.

    The channels (of tables: the columns) are the last dimension; all between it and the rows are
    steps. Channels that do not vary get the scale 1. The third is the fraction of the variance that
    the value farthest from the mean makes, 0 of few values.
    """
    shift = steps_of(next(train.batches(1))["x"])[0, 0].double()  # keeps the squares small
    total, sums, squares = torch.zeros(3, len(shift), dtype=torch.float64)
    lowest, highest = torch.full_like(shift, torch.inf), torch.full_like(shift, -torch.inf)
    for batch in train.chunks():
        x = steps_of(batch["x"]).double() - shift  # (B, T, C)
        is_plain = not {"lengths", "weight"} & set(batch)
        if batch["x"].dtype not in NARROW:
            steps = x.flatten(0, 1) if is_plain else x[steps_that_count(batch)]
            low, high = steps.aminmax(dim=0)
            lowest, highest = torch.minimum(lowest, low), torch.maximum(highest, high)
        if is_plain:
            total = total + x[..., 0].numel()
            sums = sums + x.sum((0, 1))
            squares = squares + x.square_().sum((0, 1))
            continue
        step_weight = torch.ones_like(x[..., :1])
        if "lengths" in batch:
            step_weight = padding_mask(x, batch["lengths"]).double()
        if "weight" in batch:
            step_weight = step_weight * batch["weight"].double()[:, None, None]
        total = total + step_weight.sum()
        sums = sums + (step_weight * x).sum((0, 1))
        squares = squares + (step_weight * x * x).sum((0, 1))
    mean = sums / total
    spread = (squares / total - mean**2).clamp_min(0).sqrt()
    size = torch.maximum(mean.abs(), shift.abs())
    scale = torch.where(spread <= 10 * EPS * size, torch.ones_like(spread), spread)
    farthest = torch.maximum(highest - mean, mean - lowest).clamp_min(0)
    fraction = torch.where(total < MANY, 0.0, farthest**2 / (total * scale**2))
    return mean + shift, scale, fraction


def channel_scales(
    train: Data, n_channels: int, dtype: torch.dtype, *, measured: bool
) -> tuple[Tensor, Tensor]:
    """Mean (2, C) and scale (C,) of the channels as weights are kept; 0 and 1 if not ``measured``.

    The mean is the sum of two rows: far from 0 one alone may be many scales off. Warns of numbers
    in the first rows of X that seem to stand for missing values.
    """
    first, warned = next(train.chunks()), False
    if first["x"].dtype not in NARROW:
        # In float64, for torch has no extremes of unsigned integers.
        steps = steps_of(first["x"])[steps_that_count(first)].double()
        warned = warn_of_placeholders(steps, "X", "channel")
    if not measured:
        return unit_scales(n_channels, dtype)
    mean, scale, fraction = channel_statistics(train)
    dominated = (fraction > DOMINANT).nonzero()[:, 0]
    if not warned and len(dominated):
        _warn_of_dominant(train, dominated, mean, fraction)
    rounded = mean.to(dtype)
    rest = mean - rounded
    rest = torch.where(rest.abs() > 1e-6 * scale, rest, 0.0)  # X in float32 is read without it
    return torch.stack([rounded, rest.to(dtype)]), scale.to(dtype)


def _warn_of_dominant(train: Data, channels: Tensor, mean: Tensor, fraction: Tensor) -> None:
    """Warn of the value farthest from its mean in the first of the channels where most values vary.

    In others, such as indicators of what is rare, most values are the same whatever is done.
    """
    parts, places, n_before = [], [], 0
    for batch in train.chunks():
        x, chosen = steps_of(batch["x"]), steps_that_count(batch)  # (B, T, C), (B, T)
        parts.append(x[..., channels.to(x.device)][chosen].double().cpu())
        places.append(chosen.nonzero().cpu() + torch.tensor([n_before, 0]))
        n_before += len(x)
    values = torch.cat(parts)  # (N, k)
    varies = (values - values.median(0).values).abs().median(0).values > 0
    if not varies.any():
        return
    at = int(varies.int().argmax())
    channel = int(channels[at])
    farthest = int((values[:, at] - mean[channel].cpu()).abs().argmax())
    row, step = torch.cat(places)[farthest].tolist()
    row = row if train.rows is None else int(train.rows[row])
    warnings.warn(
        f"X holds {float(values[farthest, at]):.6g} in row {row}, step {step}, channel {channel}, "
        f"which alone makes {float(fraction[channel]):.0%} of the variance of that channel: all "
        "other values are nearly the same beside it. If it is an error, correct it or leave the "
        "row out; if it is right, transform X, for example by np.arcsinh.",
        UserWarning,
        stacklevel=2,
    )


def differ_in_size(train: Data) -> bool:
    """Whether series differ in level or spread by an order of magnitude, by the first of them.

    Standardized by channel, small ones are then next to constant beside the others.
    """
    batch = next(train.chunks())
    x = steps_of(batch["x"]).double()
    mask = torch.ones_like(x[..., :1])
    if "lengths" in batch:
        mask = padding_mask(x, batch["lengths"]).double()
    n_steps = mask.sum(1)  # (B, 1)
    level = (x * mask).sum(1) / n_steps  # (B, C)
    spread = ((x - level[:, None]).square() * mask).sum(1).div(n_steps).sqrt()
    quantiles = spread.new_tensor(MOST_SERIES)
    low, usual, high = spread.quantile(quantiles, 0)
    lowest, _, highest = level.quantile(quantiles, 0)
    differ = (high > MAGNITUDE * low) | (highest - lowest > MAGNITUDE * usual)
    return bool(differ.any())


def unit_scales(n_channels: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Mean 0 (2, C) and scale 1 (C,), for a module that has not learned its scales yet."""
    return torch.zeros(2, n_channels, dtype=dtype), torch.ones(n_channels, dtype=dtype)


def learn_channel_scales(module: Any, train: Data, *, measured: bool) -> None:
    """Set the buffers ``mean`` and ``scale`` of a module to ``channel_scales`` of training rows.

    For ``_learn_before_training``: a pass over the data in ``_make_module`` would make fits in
    other threads wait.
    """
    module.mean, module.scale = channel_scales(
        train, len(module.scale), module.scale.dtype, measured=measured
    )


def steps_that_count(batch: Batch) -> Tensor:
    """Which steps of ``x`` (B, T) are no padding, in rows that count."""
    x = steps_of(batch["x"])
    chosen = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
    if "lengths" in batch:
        chosen = padding_mask(x, batch["lengths"])[..., 0] > 0
    return chosen & counts(batch["weight"])[:, None] if "weight" in batch else chosen


def unpadded_steps(batch: Batch) -> Tensor:
    """The steps of ``x`` in a batch, without padding: (N, C)."""
    x = steps_of(batch["x"])
    if "lengths" not in batch:
        return x.flatten(0, 1)
    return x[padding_mask(x, batch["lengths"])[..., 0]]


def steps_of(x: Tensor) -> Tensor:
    """(B, *steps, C) as (B, T, C), with one step where there are none."""
    return x.flatten(1, -2) if x.ndim > 2 else x[:, None]
