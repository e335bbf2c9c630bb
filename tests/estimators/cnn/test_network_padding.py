"""Padded signals against the same signals alone, layer by layer and through whole networks."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from skdl.estimators.cnn import _network
from skdl.estimators.cnn._network import Backbone, ConvolutionalNetwork, MeanPool
from skdl.estimators.cnn._network_architectures import ARCHITECTURES, GridPool
from skdl.estimators.cnn._network_padding import (
    AvgPool1d,
    Blocks,
    MaxPool1d,
    Packing,
    behind,
    max_of_neighbours,
    stride_of,
    through,
)
from skdl.modules import BatchNorm

SIGNALS = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def padded(lengths, n_channels=3, more=0):
    """Signals (B, C, T) below 0, zero on their padding, and the mask of their steps."""
    x = -1 - torch.rand(len(lengths), n_channels, max(lengths) + more, dtype=torch.float64)
    mask = (torch.arange(x.shape[2]) < torch.tensor(lengths)[:, None])[:, None]
    return x * mask, mask


def assert_as_alone(layer, lengths, more=0):
    x, mask = padded(lengths, more=more)
    got, steps = through(layer, x, mask), behind(layer, mask)
    assert got.shape[2] == steps.shape[2]
    for row, n_steps in enumerate(lengths):
        alone = layer(x[row : row + 1, :, :n_steps])
        n_left = int(steps[row].sum())
        assert alone.shape[2] == n_left
        torch.testing.assert_close(got[row : row + 1, :, :n_left], alone)
        assert not got[row, :, n_left:].any()


def halved(n_in, n_out):
    convolution = nn.Conv1d(n_in, n_out, 5, 2, 2, bias=False)
    return Blocks(convolution, BatchNorm(n_out), nn.ReLU(), MaxPool1d(3, ceil_mode=True))


LAYERS = {
    "maximum": MaxPool1d(2, ceil_mode=True),
    "maximum of three": MaxPool1d((3,), ceil_mode=True),
    "mean": AvgPool1d(2, ceil_mode=True),
    "convolution, maximum": halved(3, 4),
    "nested": Blocks(halved(3, 4), Blocks(), AvgPool1d(2, ceil_mode=True)),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@settings(max_examples=20, deadline=None)
@given(SIGNALS, st.integers(0, 7))
def test_what_a_layer_gives_for_a_signal_does_not_depend_on_padding(layer, lengths, more):
    assert_as_alone(layer.double().eval(), lengths, more)


def test_the_maximum_beside_each_step_does_not_see_padding():
    x, mask = padded([1, 4, 6])
    for row, n_steps in enumerate([1, 4, 6]):
        expected = F.max_pool1d(x[row, :, :n_steps], 3, 1, 1)
        got = max_of_neighbours(x, mask)[row]
        assert torch.equal(got[:, :n_steps], expected)
        assert not got[:, n_steps:].any()


def test_strides_of_a_sequence_are_multiplied():
    assert stride_of(LAYERS["nested"]) == 12
    assert stride_of(nn.ReLU()) == 1


def network(name, longest, n_channels=2, *, own_scale=False):
    """A network in float64 whose normalizations change what they are given."""
    n_seen = 3 * n_channels if own_scale else n_channels
    features = ARCHITECTURES[name]((n_seen, longest), (4, 6, 6), 3)
    scale = torch.full((n_channels,), 2.0)
    made = ConvolutionalNetwork(
        features,
        GridPool(1),
        12,
        3,
        dropout=0.0,
        mean=torch.ones(2, n_channels),
        scale=scale,
        own_scale=own_scale,
    ).double()
    for part in made.modules():
        if isinstance(part, BatchNorm):
            for values in (part.weight.data, part.bias.data, part.running_mean):
                values.normal_()
            part.running_var.uniform_(0.5, 2)
    return made.eval()


def batch_of(lengths, n_channels=2, more=0):
    """Signals (B, T, C) as they are stored: zeros behind their ends."""
    x = 5 + torch.randn(len(lengths), max(lengths) + more, n_channels, dtype=torch.float64)
    inside = torch.arange(x.shape[1]) < torch.tensor(lengths)[:, None]
    return x * inside[..., None], torch.tensor(lengths)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("longest", [1, 20, 700, 5000])
@pytest.mark.parametrize("own_scale", [False, True])
def test_a_padded_signal_is_answered_as_alone(name, longest, own_scale):
    made = network(name, longest, own_scale=own_scale)
    x, lengths = batch_of([1, 2, 5, 9, 33, 40, 300, 1300], more=12)
    got = made(**made.prepare(x, lengths))
    for row, n_steps in enumerate(lengths.tolist()):
        alone = made(**made.prepare(x[row : row + 1, :n_steps]))
        torch.testing.assert_close(got[row : row + 1], alone)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training_does_not_see_padding(name):
    """Outputs, statistics and gradients of signals of one length, with and without padding."""
    made = network(name, 700).train()
    other = copy.deepcopy(made)
    x, lengths = batch_of([77] * 4, more=50)
    got = made(**made.prepare(x, lengths))
    expected = other(**other.prepare(x[:, :77]))
    torch.testing.assert_close(got, expected)
    for mine, theirs in zip(made.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)
    for output in (got, expected):
        output.square().sum().backward()
    for mine, theirs in zip(made.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def test_what_stands_on_padding_does_not_matter():
    """prepare sets it to zero, which is not what zeros are after standardization."""
    made = network("fcn", 40)
    x, lengths = batch_of([3, 20])
    spoilt = torch.where(x == 0, 1e6, x)
    assert torch.equal(made(**made.prepare(spoilt, lengths)), made(**made.prepare(x, lengths)))


def test_a_backbone_hands_the_lengths_on():
    inner = network("resnet", 40)
    inner.drop_head()
    made = ConvolutionalNetwork(
        Backbone(inner), MeanPool(), 12, 3, dropout=0.0, mean=inner.mean, scale=inner.scale
    ).double()
    made.eval()
    assert made.takes_lengths
    assert not ConvolutionalNetwork(
        Backbone(nn.Conv1d(2, 12, 3)), MeanPool(), 12, 3, dropout=0.0, mean=inner.mean,
        scale=inner.scale,
    ).takes_lengths  # fmt: skip
    x, lengths = batch_of([3, 20])
    alone = made(**made.prepare(x[:1, :3]))
    torch.testing.assert_close(made(**made.prepare(x, lengths))[:1], alone)
    made.fixed = True
    torch.testing.assert_close(made(**made.prepare(x, lengths))[:1], alone)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("longest", [1, 20, 700, 5000])
def test_packed_signals_are_answered_as_padded_ones(name, longest, monkeypatch):
    """Outputs, statistics and gradients; whether they are packed is decided by what it saves."""
    made = network(name, longest, own_scale=True).train()
    other = copy.deepcopy(made)
    x, lengths = batch_of([1, 2, 5, 9, 33, 40, 300, 1300])
    outputs = []
    for net, most in ((made, torch.inf), (other, 0.0)):
        monkeypatch.setattr(_network, "MOST_PACKED", most)
        outputs.append(net(**net.prepare(x, lengths)))
        outputs[-1].square().sum().backward()
    torch.testing.assert_close(*outputs)
    for mine, theirs in zip(made.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)
    for mine, theirs in zip(made.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


@settings(max_examples=30, deadline=None)
@given(SIGNALS)
def test_signals_are_packed_and_unpacked(lengths):
    features = ARCHITECTURES["fcn"]((3, 40), (2, 2), 3)
    x, mask = padded(lengths)
    packing = Packing(torch.tensor(lengths), features)
    packed, of_packed = packing.pack(x.mT)
    assert packed.shape[1] % features.stride == 0
    assert int(of_packed.sum()) == sum(lengths)
    side_by_side, steps = packing.unpack(packed.mT[..., :: features.stride])
    torch.testing.assert_close(side_by_side, x[..., :: features.stride])
    assert torch.equal(steps, mask[..., :: features.stride])


def test_no_layer_reaches_farther_than_the_gaps():
    features = ARCHITECTURES["fcn"]((1, 2000), (4, 4, 4), 5)
    reach = features.reach
    x = torch.zeros(1, 1, 2000)
    mask = torch.ones(1, 1, 2000, dtype=torch.bool)
    mask[..., 1000 : 1000 + reach] = False
    made = features.eval()
    x[..., :1000] = 1
    before = made(x, mask)
    x[..., 1000 + reach :] = 5
    after = made(x, mask)
    end = -(-1000 // features.stride)
    torch.testing.assert_close(before[..., :end], after[..., :end])
