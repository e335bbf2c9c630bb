"""Mean and scale of the channels of training data."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...engine import Batch, Data
from ...modules import padding_mask
from ._placeholders import counted, warn_of_placeholders

EPS = torch.finfo(torch.float64).eps


def channel_statistics(train: Data) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of ``x`` without padding, weighted by row.

    The channels (of tables: the columns) are the last dimension; all between it and the rows are
    steps. Channels that do not vary get the scale 1.
    """
    shift = steps_of(next(train.batches(1))["x"])[0, 0].double()  # keeps the squares small
    total, sums, squares = torch.zeros(3, len(shift), dtype=torch.float64)
    for batch in train.chunks():
        x = steps_of(batch["x"]).double() - shift  # (B, T, C)
        if not {"lengths", "weight"} & set(batch):
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
    return mean + shift, scale


def channel_scales(
    train: Data, n_channels: int, dtype: torch.dtype, *, measured: bool
) -> tuple[Tensor, Tensor]:
    """Mean (2, C) and scale (C,) of the channels as weights are kept; 0 and 1 if not ``measured``.

    The mean is the sum of two rows: far from 0 one alone may be many scales off. Warns of numbers
    in the first rows of X that seem to stand for missing values.
    """
    first = next(train.chunks())
    if first["x"].dtype not in (torch.uint8, torch.bool):
        # In float64, for torch has no extremes of unsigned integers.
        warn_of_placeholders(unpadded_steps(_counted_rows(first)).double(), "X", "channel")
    if not measured:
        return unit_scales(n_channels, dtype)
    mean, scale = channel_statistics(train)
    rounded = mean.to(dtype)
    rest = mean - rounded
    rest = torch.where(rest.abs() > 1e-6 * scale, rest, 0.0)  # X in float32 is read without it
    return torch.stack([rounded, rest.to(dtype)]), scale.to(dtype)


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


def _counted_rows(batch: Batch) -> Batch:
    if "weight" not in batch:
        return batch
    rows = counted(batch["weight"])
    return {name: batch[name][rows] for name in ("x", "lengths") if name in batch}


def unpadded_steps(batch: Batch) -> Tensor:
    """The steps of ``x`` in a batch, without padding: (N, C)."""
    x = steps_of(batch["x"])
    if "lengths" not in batch:
        return x.flatten(0, 1)
    return x[padding_mask(x, batch["lengths"])[..., 0]]


def steps_of(x: Tensor) -> Tensor:
    """(B, *steps, C) as (B, T, C), with one step where there are none."""
    return x.flatten(1, -2) if x.ndim > 2 else x[:, None]
