"""Standardizing by given statistics; batch normalization against torch's own."""

import math

import pytest
import torch
from torch import nn

from skdl.modules import BatchNorm, padding_mask, standardized, with_own_scale


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


# Padded signals ----------------------------------------------------------------------------------


def padded(lengths, n_features=3):
    """Signals with arbitrary numbers on their padding, and their mask."""
    x = torch.randn(len(lengths), n_features, max(lengths), dtype=torch.float64)
    return x, (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])[:, None]


def shifted(training):
    norm = BatchNorm(3).double().train(training)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    return norm


@pytest.mark.parametrize("training", [True, False])
def test_steps_under_a_mask_are_normalized_as_if_there_were_no_others(training):
    x, mask = padded([4, 1, 7, 2])
    own, other = shifted(training), shifted(training)
    other.load_state_dict(own.state_dict())
    for _ in range(2):
        steps = x.mT[mask[:, 0]].requires_grad_()  # (N, F)
        leaf = x.clone().requires_grad_()
        got, expected = own(leaf, mask), other(steps)
        torch.testing.assert_close(got.mT[mask[:, 0]], expected)
        assert not got.mT[~mask[:, 0]].any()
        got.square().sum().backward()
        expected.square().sum().backward()
        torch.testing.assert_close(leaf.grad.mT[mask[:, 0]], steps.grad)
    for name, value in own.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name])
    for mine, theirs in zip(own.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def test_a_single_step_under_a_mask_is_normalized_as_in_evaluation():
    x, _ = padded([5])
    mask = torch.arange(5)[None, None] < 1
    norm = shifted(True)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    got = norm(x, mask)
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name])
    torch.testing.assert_close(got, norm.eval()(x, mask))


def test_series_beside_themselves_standardized_and_their_spread():
    x = (
        torch.randn(4, 9, 2, dtype=torch.float64)
        * torch.tensor([1.0, 1e-2, 10.0, 0.5])[:, None, None]
    )
    x[3, :, 1] = 0.3  # constant
    plain, own, size = with_own_scale(x).chunk(3, 2)
    assert torch.equal(plain, x)
    mean, spread = x.mean(1, keepdim=True), x.std(1, correction=0, keepdim=True)
    expected = (x - mean) / spread
    expected[3, :, 1] = 0
    torch.testing.assert_close(own, expected)
    torch.testing.assert_close(size, (spread.clamp_min(1e-3).log10() / 2).expand_as(x))


def test_own_scales_do_not_see_padding():
    lengths = torch.tensor([1, 4, 9])
    x = torch.randn(3, 9, 2, dtype=torch.float64)
    mask = padding_mask(x, lengths)
    found = with_own_scale(x, mask)
    assert not found[~mask.expand_as(found)].any()
    for row, n_steps in enumerate(lengths.tolist()):
        alone = with_own_scale(x[row : row + 1, :n_steps])
        torch.testing.assert_close(found[row : row + 1, :n_steps], alone)
