"""Standardizing by given statistics; batch normalization against torch's own."""

import math

import pytest
import torch
from torch import nn

from skdl.modules import BatchNorm, standardized


def test_standardizing_subtracts_in_the_dtype_of_x():
    mean, scale = torch.tensor([1e9]), torch.tensor([2.0])
    x = torch.tensor([[1e9 + 1]], dtype=torch.float64)
    assert standardized(x, mean, scale).tolist() == [[0.5]]
    assert standardized(x, mean, scale).dtype is torch.float32
    assert standardized(torch.tensor([[7]], dtype=torch.uint8), mean * 0, scale).item() == 3.5


@pytest.mark.parametrize(
    ("theirs", "shape"), [(nn.BatchNorm1d, (5, 3, 7)), (nn.BatchNorm2d, (5, 3, 4, 6))]
)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_torchs(theirs, shape, training):
    x = torch.randn(shape)
    own, other = BatchNorm(3).train(training), theirs(3).train(training)
    for _ in range(2):
        torch.testing.assert_close(own(x), other(x))
    torch.testing.assert_close(own.running_var, other.running_var)


@pytest.mark.parametrize("shape", [(1, 3, 1), (1, 3, 1, 1)])
def test_a_single_value_is_normalized_as_in_evaluation(shape):
    norm, x = BatchNorm(3).train(), torch.randn(shape)
    norm.running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    expected = (x - norm.running_mean.view(1, 3, *shape[2:])) / math.sqrt(1 + norm.eps)
    torch.testing.assert_close(norm(x), expected)
    assert norm.running_mean.tolist() == [1, 2, 3]
