"""Dropout with a generator of its own, against torch's."""

import copy
import pickle

import pytest
import torch
from torch.nn import functional as F

from skdl.modules import Dropout, FeatureDropout, RandomLayer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_masks_are_those_of_torch(p, dtype):
    x, dropout = torch.randn(50, 7, dtype=dtype), Dropout(p)
    dropout.generator = generator(3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = F.dropout(x, p)
    assert dropout(x).equal(expected)


@pytest.mark.parametrize("layer", [Dropout, FeatureDropout])
def test_without_a_generator_the_global_one_is_used(layer):
    x, dropout = torch.ones(20, 3, 4), layer(0.5)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = dropout(x)
    dropout.generator = generator(1)
    assert dropout(x).equal(first)


@pytest.mark.parametrize("layer", [Dropout, FeatureDropout])
def test_a_generator_leaves_the_global_state(layer):
    dropout = layer(0.5)
    dropout.generator = generator()
    before = torch.get_rng_state()
    assert not dropout(torch.ones(20, 3, 4)).equal(dropout(torch.ones(20, 3, 4)))
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("layer", [Dropout, FeatureDropout])
def test_nothing_is_dropped_in_evaluation_or_with_p_zero(layer):
    x = torch.randn(5, 3, 4)
    assert layer(0.5).eval()(x).equal(x)
    assert layer(0.0)(x).equal(x)


def test_gradients_are_those_of_what_is_kept():
    x, dropout = torch.ones(100, requires_grad=True), Dropout(0.5)
    y = dropout(x)
    y.sum().backward()
    assert x.grad.equal(y.detach())


def test_feature_dropout_is_shared_by_the_steps_of_a_row():
    torch.manual_seed(0)
    dropout, x = FeatureDropout(0.5), torch.ones(50, 7, 6)
    got = dropout.train()(x)
    assert got.equal(got[:, :1].expand_as(got)), "the same at all steps"
    assert set(got.unique().tolist()) == {0.0, 2.0}
    assert len(got[:, 0].unique(dim=0)) > 20, "each row has its own"
    assert dropout.eval()(x).equal(x)
    assert FeatureDropout(0.0).train()(x).equal(x)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_feature_dropout_is_unbiased(p):
    torch.manual_seed(0)
    got = FeatureDropout(p).train()(torch.full((20_000, 1, 4), 3.0))
    torch.testing.assert_close(got.mean((0, 1)), torch.full((4,), 3.0), atol=0.1, rtol=0)
    assert (got == 0).float().mean().item() == pytest.approx(p, abs=0.02)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_generator_is_in_no_copy(copied):
    layer = Dropout(0.25)
    layer.generator = generator()
    twin = copied(layer)
    assert twin.generator is None
    assert layer.generator is not None
    assert (twin.p, twin.training) == (0.25, True)
    assert "generator" not in twin.__dict__


def test_dropout_says_its_probability():
    assert repr(Dropout(0.25)) == "Dropout(p=0.25)"
    assert issubclass(Dropout, RandomLayer)
