"""The recurrent encoder against torch's own layers on packed sequences."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from skdl.estimators.recurrent._network import Head, RecurrentEncoder, in_order
from skdl.modules._sequences import padding_mask

LENGTHS = torch.tensor([5, 1, 3, 6])
N_CHANNELS, HIDDEN = 2, 3
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
POOLINGS = ["last", "mean", "max", "attention"]


def padded(padding=0.0, n_more=0):
    """Sequences (B, T, C), whatever stands behind their ends."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(len(LENGTHS), int(LENGTHS.max()), N_CHANNELS, generator=generator)
    x = torch.cat([x, torch.zeros(len(x), n_more, N_CHANNELS)], 1)
    return torch.where(padding_mask(x, LENGTHS), x, padding)


def make_encoder(cell, **params):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = RecurrentEncoder(
            cell, N_CHANNELS, HIDDEN, **{"n_layers": 1, "pooling": "last", **params}
        )
    return encoder.eval()


def torchs_own(encoder, cell, n_layers, bidirectional):
    """nn.LSTM or nn.GRU with the encoder's weights."""
    layer = CELLS[cell](N_CHANNELS, HIDDEN, n_layers, batch_first=True, bidirectional=bidirectional)
    for index, directions in enumerate(encoder.layers):
        for direction, suffix in zip(directions, ("", "_reverse"), strict=False):
            for name, weight in direction.named_parameters():
                own = getattr(layer, name.replace("_l0", f"_l{index}") + suffix)
                own.data.copy_(weight.data)
    return layer


def states_by_torch(encoder, cell, n_layers, bidirectional):
    """All states (B, T, D), zeros on padding, and the final ones (B, D)."""
    layer = torchs_own(encoder, cell, n_layers, bidirectional)
    packed = pack_padded_sequence(padded(), LENGTHS, batch_first=True, enforce_sorted=False)
    states, final = layer(packed)
    hidden = final[0] if cell == "lstm" else final  # (n_layers * n_directions, B, H)
    ends = hidden[-2:] if bidirectional else hidden[-1:]
    return pad_packed_sequence(states, batch_first=True)[0], torch.cat(list(ends), -1)


def pooled_by_hand(encoder, states, ends, pooling):
    if pooling == "last":
        return ends
    rows = []
    for row, length in zip(states, LENGTHS, strict=True):
        real = row[:length]
        if pooling == "mean":
            rows.append(real.mean(0))
        elif pooling == "max":
            rows.append(real.max(0).values)
        else:
            score = encoder.pool.score
            weights = torch.exp(real @ score.weight[0] + score.bias)
            rows.append((weights[:, None] * real).sum(0) / weights.sum())
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("cell", "bidirectional", "n_layers", "pooling"),
    list(itertools.product(CELLS, [False, True], [1, 2], POOLINGS)),
)
def test_encoder_is_torchs_layer_on_packed_sequences(cell, bidirectional, n_layers, pooling):
    params = {"n_layers": n_layers, "bidirectional": bidirectional}
    encoder = make_encoder(cell, pooling=pooling, **params)
    states, ends = states_by_torch(encoder, cell, **params)
    expected = pooled_by_hand(encoder, states, ends, pooling)
    got = encoder(padded(), LENGTHS)
    assert got.shape == (len(LENGTHS), encoder.n_features)
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_never_changes_the_answer(pooling, bidirectional):
    encoder = make_encoder("lstm", n_layers=2, bidirectional=bidirectional, pooling=pooling)
    expected = encoder(padded(), LENGTHS)
    for other in (padded(1e3), padded(n_more=4), padded(-7.0, n_more=1)):
        torch.testing.assert_close(encoder(other, LENGTHS), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_sequence_alone_gives_the_same(pooling, bidirectional):
    encoder = make_encoder("gru", n_layers=2, bidirectional=bidirectional, pooling=pooling)
    together = encoder(padded(), LENGTHS)
    for row, (x, length) in enumerate(zip(padded(), LENGTHS, strict=True)):
        alone = encoder(x[None, :length])  # no lengths: nothing is padded
        torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_gets_no_gradient(pooling):
    encoder = make_encoder("lstm", bidirectional=True, pooling=pooling)
    x = padded().requires_grad_()
    encoder(x, LENGTHS).sum().backward()
    real = padding_mask(x, LENGTHS)
    assert torch.isfinite(x.grad).all()
    assert not torch.where(real, 0, x.grad).any()
    assert x.grad[3].all(), "every step of a sequence counts"


def test_dropout_stands_between_layers_in_training_only():
    one, two = (make_encoder("lstm", n_layers=n, dropout=0.5) for n in (1, 2))
    for encoder, changes in [(one, False), (two, True)]:
        calm = encoder(padded(), LENGTHS)
        assert calm.equal(encoder(padded(), LENGTHS))
        training = encoder.train()(padded(), LENGTHS)
        assert calm.equal(training) is not changes


# Quantiles ---------------------------------------------------------------------------------------


def test_isolated_outputs_do_not_shape_the_features():
    head, features = Head(3, 4), torch.randn(5, 3, requires_grad=True)
    head.isolate(torch.tensor([False, True]))  # of each of two parts
    head(features)[:, [1, 3]].sum().backward()
    assert not features.grad.any()
    assert head.weight.grad[[1, 3]].all()
    head(features)[:, [0, 2]].sum().backward()
    assert features.grad.all()
    assert head.state_dict().keys() == nn.Linear(3, 4).state_dict().keys()


def test_a_head_without_isolated_outputs_is_linear():
    head, features = Head(3, 2), torch.randn(5, 3)
    head.isolate(torch.tensor([False, False]))
    assert head.isolated is None
    assert head(features).equal(nn.functional.linear(features, head.weight, head.bias))


def test_quantiles_in_order_keep_the_median():
    outputs = torch.tensor([[5.0, 1.0, 2.0, 0.0, 9.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    expected = torch.tensor([[1.0, 1.0, 2.0, 2.0, 9.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    assert in_order(outputs, 2).equal(expected)
    assert in_order(outputs[:1, :3], 0).tolist() == [[5, 5, 5]]
