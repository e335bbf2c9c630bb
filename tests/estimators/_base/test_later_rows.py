"""Rows of later calls that are far from the first."""

import numpy as np
import pytest
import torch
from torch import nn

from skdl.engine import Data, Ragged
from skdl.estimators._base._later_rows import far_channel, far_target
from skdl.estimators._base._targets import ClassificationTarget, RegressionTarget


def learned(values, **params):
    target = RegressionTarget("Regressor", "squared_error", **params)
    target.learn(target.read(values), None)
    return target


def test_targets():
    target = learned([[0.0, 10.0], [2.0, 10.0]])  # the second does not vary
    assert far_target(target, np.array([[9.0, 12.0]])) is None
    assert far_target(target, np.array([[9.0, 50.0]])) == (1, 40.0)
    assert far_target(target, np.array([[9.0, 50.0], [9.0, 10.0], [9.0, 10.0]])) is None
    assert far_target(learned([0.0, 2.0], standardize=False), np.array([[1e9]])) is None
    assert far_target(ClassificationTarget("Classifier"), np.array([7])) is None


def module(mean, scale):
    part = nn.Module()
    part.register_buffer("mean", torch.tensor([mean, [0.0] * len(mean)]))
    part.register_buffer("scale", torch.tensor(scale))
    return nn.Sequential(nn.Linear(1, 1), part)


def test_channels():
    x = torch.tensor([[[1.0, 0.0], [2.0, 100.0]]])
    assert far_channel(module([1.0, 50.0], [1.0, 1.0]), Data({"x": x})) == (1, 50.0)
    assert far_channel(module([1.0, 50.0], [1.0, 2.0]), Data({"x": x})) is None
    assert far_channel(module([0.0, 0.0], [1.0, 1.0]), Data({"x": 1e9 * x})) is None
    assert far_channel(nn.Linear(1, 1), Data({"x": 1e9 * x})) is None


@pytest.mark.parametrize("value", [0.0, 40.0])
def test_padding_is_no_value(value):
    steps = torch.full((5, 1), 1000.0 + value)
    ragged = Data({"x": Ragged(steps, torch.tensor([4, 1]))})
    expected = None if value == 0 else (0, 40.0)
    assert far_channel(module([1000.0], [1.0]), ragged) == expected
