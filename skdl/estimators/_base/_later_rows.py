"""Warning where rows of later calls are far from the range whose scales the first call learned."""

from __future__ import annotations

import warnings

import numpy as np
from torch import nn

from ...engine import Data
from ...modules import standardized
from ._scales import unpadded_steps
from ._targets import Target

MAX_DISTANCE = 30.0  # standard deviations; drifting or trending values stay below this


def warn_of_other_range(
    target: Target, values: np.ndarray, module: nn.Module, train: Data, way: str
) -> None:
    """Warn where most of y, or of a channel of X, is far from where the first call had it.

    Networks learn next to nothing of values that are thousands of standard deviations away, or
    that vary by so many because the first rows were all alike.

    Parameters
    ----------
    target : Target
        As learned in the first call.
    values : ndarray of shape (n_rows, ...)
        y as the target reads it.
    module : nn.Module
        Of the first call.
    train : Data
        The rows of this call, with a column ``x`` where X holds numbers.
    way : str
        Name of the method or parameter that keeps the scales, for the message.
    """
    found = {"y": far_target(target, values), "X": far_channel(module, train)}
    for name, far in found.items():
        if far is not None:
            part = "column" if name == "y" else "channel"
            warnings.warn(
                f"{name} is far from where it was at first: half of {part} {far[0]} is more than "
                f"{far[1]:.3g} standard deviations of the first rows away from their mean, and "
                f"{way} keeps both. Start again, with a clone of the estimator and first rows that "
                "vary as all will.",
                UserWarning,
                stacklevel=2,
            )


def far_target(target: Target, values: np.ndarray) -> tuple[int, float] | None:
    """The farthest column of y and its median distance in standard deviations, if that is far."""
    distances = target.distances(values)
    return None if distances is None else _farthest(distances)


def far_channel(module: nn.Module, train: Data) -> tuple[int, float] | None:
    """The same of the channels of X, where a part of the module standardizes them."""
    of_parts = (dict(part.named_buffers(recurse=False)) for part in module.modules())
    scales = next((buffers for buffers in of_parts if {"mean", "scale"} <= set(buffers)), None)
    batch = next(train.chunks())
    if scales is None or "x" not in batch:
        return None
    mean, scale = (scales[name].cpu() for name in ("mean", "scale"))
    if not mean.any() and (scale == 1).all():  # not measured
        return None
    distance = standardized(unpadded_steps(batch).cpu(), mean, scale).abs()  # (N, C)
    return _farthest(distance.double().numpy())


def _farthest(distances: np.ndarray) -> tuple[int, float] | None:
    medians = np.median(distances, axis=0)
    column = int(medians.argmax())
    return (column, float(medians[column])) if medians[column] > MAX_DISTANCE else None
