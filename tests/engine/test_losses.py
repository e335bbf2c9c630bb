"""Losses of errors: the constants of least loss, and how they grow."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from skdl.engine import (
    Pinball,
    absolute_error,
    cross_entropy,
    error_power,
    huber,
    squared_error,
    weighted_quantiles,
)

rng = np.random.default_rng(0)
Y = torch.from_numpy(rng.exponential(2, size=(201, 2)) ** 2)
WEIGHT = torch.from_numpy(rng.random(201))
LOSSES = {"squared": squared_error, "absolute": absolute_error, "huber": huber}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_minimizer_has_the_least_loss(loss):
    found = loss.minimizer(Y, WEIGHT)
    for column in range(2):
        y = Y[:, column]

        def cost(constant, y=y):
            return float(WEIGHT @ loss(torch.full_like(y, constant), y))

        best = minimize_scalar(cost, bounds=(0, float(y.max())), method="bounded")
        assert cost(float(found[column])) <= best.fun * (1 + 1e-3)


def test_quantiles_have_the_least_pinball_loss():
    levels = (0.1, 0.5, 0.9)
    found = Pinball(levels).minimizer(Y, WEIGHT)
    assert found.shape == (2, 3)
    for at, level in enumerate(levels):
        below = (WEIGHT[:, None] * (found[:, at] > Y)).sum(0) / WEIGHT.sum()
        np.testing.assert_allclose(below, level, atol=0.02)


def test_quantiles_without_weights_are_order_statistics():
    values = torch.tensor([[3.0], [1.0], [2.0]])
    found = weighted_quantiles(values, torch.ones(3), [0.0, 0.5, 1.0])
    assert found.tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize("factor", [10.0, 1000.0])
def test_losses_grow_as_they_say(factor):
    far, zero = torch.full((1, 1), 100.0), torch.zeros(1, 1)
    for loss in (*LOSSES.values(), Pinball((0.5,))):
        output = zero[..., None] if isinstance(loss, Pinball) else zero
        one, other = (float(loss(output, y).mean()) for y in (far, factor * far))
        assert other / one == pytest.approx(factor**loss.power, rel=0.02)
        assert error_power(loss) == loss.power
    assert error_power(cross_entropy) is None
