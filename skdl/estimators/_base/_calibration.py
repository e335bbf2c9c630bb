"""Temperature scaling: calibration of a network's scores on rows that it was not trained on.

C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML
(2017).
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ...engine import Data, Net
from ._placeholders import counted
from ._rows import effective_number

MAX_TEMPERATURE = 100.0
GUESSING, MIN_PASSES = 0.9, 5


def temperature_of(scores: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """What scores (n, n_classes) are divided by for the best log loss of y (n,): at least 1.

    The logarithm of the temperature has a standard normal prior, so that few rows change little.
    With weights they are as few as their effective number.
    """
    return temperature_and_cost(scores, y, weight)[0]


def temperature_and_cost(
    scores: Tensor, y: Tensor, weight: Tensor | None = None, least: float = 1.0
) -> tuple[float, float]:
    """As ``temperature_of``, at least ``least``; and the loss of all rows with it and the prior."""
    known = -scores.double().log_softmax(1)
    if not len(y) or not known.isfinite().all():
        return 1.0, np.inf
    weight = (torch.ones(len(y)) if weight is None else weight).double()
    weight = weight * (effective_number(weight) / weight.sum())

    def cost(logarithm: float) -> float:
        scaled = -known / np.exp(logarithm)
        losses = scaled.logsumexp(1) - scaled.gather(1, y[:, None])[:, 0]
        return float((weight * losses).sum()) + logarithm**2 / 2

    bounds = (np.log(least), np.log(MAX_TEMPERATURE))
    found, as_they_are = minimize_scalar(cost, bounds=bounds, method="bounded"), cost(0.0)
    if found.fun < as_they_are:
        return float(np.exp(found.x)), float(found.fun)
    return 1.0, as_they_are


def rows_of_known_classes(data: Data, n_classes: int, trained: Data | None) -> Data:
    """The rows of classes that are among those of ``trained``, where that is given.

    No temperature makes a network predict the others.
    """
    if trained is None:
        return data
    seen = torch.bincount(all_of(trained)["y"], minlength=n_classes) > 0
    return data.subset(seen[all_of(data)["y"]].nonzero()[:, 0])


def n_counted(data: Data, groups: np.ndarray | None = None) -> int:
    """How many rows ``halves`` divides."""
    if groups is not None or "weight" not in data.columns:
        return len(data)
    return len(counted(data.column("weight")))


def halves(data: Data, seed: int, groups: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
    """Numbers of the rows of two halves of the data.

    The rows of each class are divided evenly, and those of next to no weight left out; or, where
    there are ``groups`` of rows, these stay together.
    """
    columns, rng = all_of(data), np.random.default_rng(seed)
    if groups is not None:
        _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        order = rng.permutation(len(sizes))
        is_first = np.empty(len(sizes), dtype=bool)
        is_first[order] = np.cumsum(sizes[order]) <= len(groups) / 2
        chosen = torch.from_numpy(is_first[groups])
        return chosen.nonzero()[:, 0], (~chosen).nonzero()[:, 0]
    rows = torch.arange(len(data)) if "weight" not in columns else counted(columns["weight"])
    rows = rows[torch.from_numpy(rng.permutation(len(rows)))]
    rows = rows[columns["y"][rows].argsort(stable=True)]
    return rows[::2], rows[1::2]


def guessed_at_first(net: Net, train: Data) -> bool:
    """Whether the first pass over the training rows was little better than guessing by class.

    Several must have followed, in which the network could overfit them.
    """
    columns = all_of(train)
    frequencies = torch.bincount(columns["y"], weights=columns.get("weight")).double()
    entropy = float(torch.special.entr(frequencies / frequencies.sum()).sum())
    return len(net.history) >= MIN_PASSES and net.history[0]["train_loss"] > GUESSING * entropy


def all_of(data: Data) -> dict[str, Tensor]:
    """Targets, and weights where there are any, of all rows."""
    names = [name for name in ("y", "weight") if name in data.columns]
    whole = Data({name: data.columns[name] for name in names}, data.rows)
    return dict(next(whole.batches(max(1, len(whole)))))
