"""How much a network counts beside a linear model, by rows that neither of them was trained on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...engine import Data
from ._calibration import temperature_and_cost
from ._held_out import groups_set_aside
from ._placeholders import counts
from ._targets import Target

RATIOS = np.geomspace(2**-8, 2**8, 33)  # network to linear model, relative to the usual ratio
# Standard deviations of its logarithm, before rows are seen. A network of half of the rows tells
# less of how good the one of all is: it needs better reasons to count more.
SPREAD, SPREAD_ABOVE_OF_HALF = 1.0, 0.5
# The network of all rows is more certain than that of half of them, and the linear model better
# than in cross-validation: the ratio that suits those is so many times as large. It is not where
# the usual one is 1 or more, as of a network that was trained before.
OF_HALF = 3.0
MIN_TEMPERATURE = 1e-2  # with which ratios are compared
MAX_ROWS = 5000  # more rows do not change the choice

# Training rows that are set aside for it, of so many that count or more: a tenth, within limits. Of
# fewer a second network is trained on half, as for the temperature.
MANY_ROWS, FRACTION, N_SET_ASIDE = 500, 0.1, (100, 500)
MAX_FRACTION = 0.25  # of rows in whole groups


def has_weights(module: nn.Module) -> bool:
    """Whether the module adds the scores of a linear model to those of a network."""
    return hasattr(module, "network_weight") and hasattr(module, "linear_weight")


def weights_of(module: nn.Module) -> tuple[float, float]:
    """Weights of the network and of the linear model."""
    return float(module.network_weight), float(module.linear_weight)  # type: ignore[arg-type]


def set_weights(module: nn.Module, network: float, linear: float) -> None:
    """Set them, the larger one to 1: the scores of either alone are calibrated so."""
    most = max(network, linear)
    module.network_weight, module.linear_weight = network / most, linear / most  # type: ignore[assignment]


def network_fraction(module: nn.Module) -> float:
    """The weight of the network as a fraction of both."""
    network, linear = weights_of(module)
    return network / (network + linear)


def best_ratio(
    network: Tensor,
    linear: Tensor,
    y: Tensor,
    weight: Tensor | None,
    usual: float,
    *,
    of_half: bool = False,
) -> float:
    """The ratio of the network's weight to the linear model's with the best log loss of y (n,).

    The logarithm of the ratio has a normal prior around the usual one, so that few rows change
    little. Each ratio is judged with the temperature that suits it: else a larger one would also be
    chosen to make the scores more certain, a smaller one to make them less so.

    Parameters
    ----------
    network, linear : Tensor of shape (n, n_classes)
        Scores of rows that neither was trained on.
    y : Tensor of shape (n,)
    weight : Tensor of shape (n,) or None
    usual : float
        It is returned where there are no rows, or scores that are not finite.
    of_half : bool, default=False
        Whether the scores are those of a network of half of the rows.
    """
    some = slice(None, None, -(-len(y) // MAX_ROWS) or 1)
    network, linear, y = network[some].double(), linear[some].double(), y[some]
    weight = None if weight is None else weight[some]

    def cost(ratio: float) -> float:
        _, loss = temperature_and_cost(linear + ratio * network, y, weight, least=MIN_TEMPERATURE)
        distance = np.log(ratio / usual)
        spread = SPREAD_ABOVE_OF_HALF if of_half and distance > 0 else SPREAD
        return loss + (distance / spread) ** 2 / 2

    ratios = RATIOS * usual
    costs = [cost(ratio) for ratio in ratios]
    return float(ratios[int(np.argmin(costs))]) if np.isfinite(costs).any() else usual


def rows_set_aside(
    target: Target,
    values: np.ndarray,
    weight: np.ndarray | None,
    data: Data,
    groups: np.ndarray | None,
) -> np.ndarray | None:
    """Numbers of rows that decide the weight; None where rows are few, or groups leave none.

    They are the same for the same rows: a warm start has not trained on them before.
    """
    n_rows = len(values) if weight is None else int(counts(torch.from_numpy(weight)).sum())
    if n_rows < MANY_ROWS:
        return None
    rng = np.random.default_rng(len(values))
    n_wanted = int(np.clip(FRACTION * len(values), *N_SET_ASIDE))
    if groups is None:
        return np.sort(target.validation_rows(values, data, weight, n_wanted, rng))
    groups = np.unique(groups, return_inverse=True)[1]
    order = target.group_order(groups, rng)
    weight = np.ones(len(values)) if weight is None else weight
    chosen = groups_set_aside(groups, values, weight, n_wanted / len(values), order)
    return chosen if 0 < len(chosen) <= MAX_FRACTION * len(values) else None


def without_linear(data: Data) -> Data:
    """The same rows without the scores of a linear model."""
    columns = {name: column for name, column in data.columns.items() if name != "linear"}
    return Data(columns, data.rows, data.prepare)
