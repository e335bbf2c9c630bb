"""Objectives against scikit-learn's metrics and formulas written out."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_pinball_loss
from torch import nn

from skdl.engine import (
    Pinball,
    Supervised,
    absolute_error,
    cross_entropy,
    huber,
    inputs_of,
    squared_error,
)

rng = np.random.default_rng(0)
OUTPUT, Y, WEIGHT = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), rng.random(6)


class Echo(nn.Module):
    def forward(self, x):
        return x


def loss_of(loss, output, y, weight=None):
    batch = {"x": torch.tensor(output), "y": torch.tensor(y)}
    if weight is not None:
        batch["weight"] = torch.tensor(weight)
    return Supervised(loss)(Echo(), batch).item()


def by_hand(loss):
    error = np.abs(OUTPUT - Y)
    return {
        squared_error: error**2,
        absolute_error: error,
        huber: np.where(error <= 1, error**2 / 2, error - 0.5),
    }[loss]


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_losses_of_regression(loss):
    expected = by_hand(loss)
    assert loss_of(loss, OUTPUT, Y) == pytest.approx(expected.mean())
    weighted = (expected.mean(1) * WEIGHT).mean()
    assert loss_of(loss, OUTPUT, Y, WEIGHT) == pytest.approx(weighted)


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_weights_of_one_change_nothing(loss):
    assert loss_of(loss, OUTPUT, Y, np.ones(6)) == pytest.approx(loss_of(loss, OUTPUT, Y))


def test_a_row_of_weight_zero_gives_no_gradient():
    x = torch.tensor(OUTPUT, requires_grad=True)
    batch = {"x": x, "y": torch.tensor(Y), "weight": torch.tensor([0.0, 1, 1, 1, 1, 1])}
    Supervised(squared_error)(Echo(), batch).backward()
    assert not x.grad[0].any()
    assert x.grad[1:].all()


def test_cross_entropy():
    labels = rng.integers(3, size=6)
    scores = rng.normal(size=(6, 3))
    proba = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert loss_of(cross_entropy, scores, labels) == pytest.approx(log_loss(labels, proba))
    weighted = log_loss(labels, proba, sample_weight=WEIGHT) * WEIGHT.mean()
    assert loss_of(cross_entropy, scores, labels, WEIGHT) == pytest.approx(weighted)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_pinball_is_the_mean_of_scikit_learns(weight):
    quantiles = (0.05, 0.5, 0.8)
    output = rng.normal(size=(6, 2, 3))
    expected = np.mean(
        [
            mean_pinball_loss(Y, output[..., i], sample_weight=weight, alpha=quantile)
            for i, quantile in enumerate(quantiles)
        ]
    )
    scale = 1 if weight is None else weight.mean()
    assert loss_of(Pinball(quantiles), output, Y, weight) == pytest.approx(expected * scale)


def test_pinball_is_lowest_at_the_quantile():
    y = torch.linspace(0, 1, 1001)[:, None]
    candidates = torch.linspace(0, 1, 101)
    loss = Pinball((0.3,))
    losses = [loss(torch.full((1001, 1, 1), float(c)), y).mean() for c in candidates]
    assert candidates[int(torch.stack(losses).argmin())] == pytest.approx(0.3)


def test_inputs_are_all_but_target_and_weight():
    batch = {name: torch.zeros(1) for name in ("x", "lengths", "y", "weight")}
    assert set(inputs_of(batch)) == {"x", "lengths"}
