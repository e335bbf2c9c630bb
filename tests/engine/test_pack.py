"""Nets that are trained as a pack are those that each would be alone."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from torch import nn

from skdl.engine import (
    Data,
    Net,
    Supervised,
    cross_entropy,
    seeded,
    squared_error,
    train_pack,
)
from skdl.engine._pack import PackedRun
from skdl.engine._pack_checks import groups_of
from skdl.modules import Dropout, FeatureDropout

N_ROWS, N_MEMBERS = 83, 4
RNG = np.random.default_rng(0)
X = torch.from_numpy(RNG.normal(size=(N_ROWS, 5)))
LABELS = torch.from_numpy(RNG.integers(0, 3, N_ROWS))
CODES = torch.from_numpy(RNG.integers(0, 7, (N_ROWS, 6)))


class Perceptron(nn.Module):
    stackable = True

    def __init__(self, n_out=3, p=0.2, dropout=nn.Dropout):
        super().__init__()
        self.hidden, self.head = nn.Linear(5, 16), nn.Linear(16, n_out)
        self.norm, self.dropout = nn.LayerNorm(16), dropout(p)

    def forward(self, x):
        return self.head(self.dropout(torch.relu(self.norm(self.hidden(x)))))


class Convolutions(nn.Module):
    """Convolution, batch normalization, activation, mean over steps."""

    stackable = draws_from_generator = True
    uses_batch_statistics = True

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(1, 8, 3, padding=1, bias=False)
        self.norm, self.head = nn.BatchNorm1d(8), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(nn.functional.gelu(self.norm(self.convolution(x[:, None]))).mean(2))


class Attention(nn.Module):
    """Embedding, attention, dropout of features."""

    stackable = draws_from_generator = True

    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(7, 8), nn.Linear(8, 3)
        self.inputs, self.dropout = nn.Linear(8, 24), FeatureDropout(0.3)

    def forward(self, x):
        q, k, v = self.dropout(self.inputs(self.table(x))).unflatten(2, (3, 2, 4)).unbind(2)
        attended = nn.functional.scaled_dot_product_attention(
            *(t.transpose(1, 2) for t in (q, k, v))
        )
        return self.head(attended.transpose(1, 2).flatten(2).mean(1))


def make(module, seed, **parameters):
    with seeded(seed, torch.device("cpu")):
        return module(**parameters)


def net_of(module, k=0, *, loss=cross_entropy, smoothing=None, **parameters):
    smoothed = None if smoothing is None else partial(loss, label_smoothing=smoothing)
    settings = {"max_epochs": 4, "batch_size": 32, "precision": "float64", "seed": k, **parameters}
    return Net(module, Supervised(loss, None, smoothed), **settings).initialize()


def differing(optimizer):
    """Nets that differ in all that members may differ in."""
    return [
        net_of(
            make(Perceptron, k, p=[0.1, 0.0, 0.5, 0.2][k]),
            k,
            smoothing=[0.0, 0.1, 0.2, 0.05][k],
            optimizer=optimizer,
            lr=[1e-2, 3e-3, 2e-2, 1e-3][k],
            weight_decay=[0.0, 0.1, 0.01, 0.0][k],
            lr_schedule=["cosine", "constant", "linear", "plateau"][k],
            warmup_fraction=[0.0, 0.2, 0.0, 0.0][k],
            gradient_clip=[None, 0.5, 1.0, None][k],
            ema_decay=[None, 0.9, None, None][k],
            patience=[3, 1, 5, 4][k],
            max_epochs=[4, 6, 5, 4][k],
        )
        for k in range(N_MEMBERS)
    ]


def folds(columns):
    """Training and validation rows; the first three members have a row less than the last."""
    data, rows = Data(columns), np.arange(N_ROWS)
    valid = [rows[k::N_MEMBERS] for k in range(N_MEMBERS)]
    return [data.subset(np.setdiff1d(rows, each)) for each in valid], [
        data.subset(each) for each in valid
    ]


def furthest(first, second):
    """The largest difference of weights and buffers."""
    states = zip(
        first.module_.state_dict().values(), second.module_.state_dict().values(), strict=True
    )
    return max(float((a - b).abs().max()) for a, b in states)


def assert_same(alone, packed, atol=1e-10):
    for first, second in zip(alone, packed, strict=True):
        assert furthest(first, second) < atol
        assert first.best_epoch_ == second.best_epoch_
        losses = [[row["train_loss"] for row in net.history] for net in (first, second)]
        np.testing.assert_allclose(*losses, atol=atol)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_members_that_differ_in_all_are_trained_as_alone(optimizer):
    alone, packed = differing(optimizer), differing(optimizer)
    train, valid = folds({"x": X, "y": LABELS})
    assert groups_of(packed, train) == [[0, 1, 2, 3]]
    for net, rows, others in zip(alone, train, valid, strict=True):
        net.train(rows, others)
    assert train_pack(packed, train, valid) == [None] * N_MEMBERS
    assert_same(alone, packed)
    assert len({len(net.history) for net in packed}) > 1  # some ended before others
    for first, second in zip(alone, packed, strict=True):  # what a further training starts from
        for p, q in zip(first.module_.parameters(), second.module_.parameters(), strict=True):
            states = first.optimizer_.state[p], second.optimizer_.state[q]
            assert states[0].keys() == states[1].keys()
            for name in states[0]:
                torch.testing.assert_close(states[0][name], states[1][name], atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("module", "column"), [(Convolutions, X), (Attention, CODES)], ids=["convolution", "attention"]
)
def test_layers(module, column):
    alone, packed = ([net_of(make(module, k), k, lr=0.01) for k in range(3)] for _ in range(2))
    data = [Data({"x": column, "y": LABELS})] * 3
    for net, rows in zip(alone, data, strict=True):
        net.train(rows)
    assert groups_of(packed, data) == [[0, 1, 2]]
    assert train_pack(packed, data) == [None] * 3
    assert_same(alone, packed)


@pytest.mark.parametrize("n_members", [1, 3])
def test_one_stream_of_batches(n_members):
    """Members with one seed have their batches in common; one alone is a pack too."""
    alone, packed = (
        [net_of(make(Perceptron, k), 0, gradient_clip=0.1) for k in range(n_members)]
        for _ in range(2)
    )
    data = Data({"x": X, "y": LABELS, "weight": torch.rand(N_ROWS, dtype=torch.float64)})
    for net in alone:
        net.train(data)
    pack = PackedRun(packed, [data] * n_members, [None] * n_members)
    while not pack.finished:
        pack.epoch()
    assert_same(alone, packed)


def test_further_training_goes_on():
    alone, packed = ([net_of(make(Perceptron, k), k) for k in range(2)] for _ in range(2))
    data = Data({"x": X, "y": LABELS})
    for _ in range(2):
        for net in alone:
            net.train(data)
        train_pack(packed, [data] * 2)
    assert_same(alone, packed)
    packed[0].train(data)  # and alone after that
    alone[0].train(data)
    assert_same(alone, packed)


def test_what_cannot_be_stacked_is_trained_alone():
    class Recurrent(Perceptron):
        stackable = False

    made = [Perceptron, Recurrent, Perceptron, partial(Perceptron, dropout=Dropout)]
    alone, packed = ([net_of(make(module, k), k) for k, module in enumerate(made)] for _ in "ab")
    data = [Data({"x": X, "y": LABELS})] * 4
    for net, rows in zip(alone, data, strict=True):
        net.train(rows)
    assert groups_of(packed, data) == [[0, 2], [1], [3]]
    assert train_pack(packed, data) == [None] * 4
    assert_same(alone, packed)


def regressors(rates):
    return [
        net_of(make(partial(Perceptron, n_out=1, p=0.0), k), k, loss=squared_error, lr=lr)
        for k, lr in enumerate(rates)
    ]


@pytest.mark.parametrize("rate", [1e300, 1e150], ids=["at once", "later"])
def test_a_member_that_diverges_leaves_its_siblings_alone(rate):
    data = [Data({"x": X, "y": X[:, :1] ** 2})] * 3
    good, bad = regressors([0.01, 0.02, 0.03]), regressors([0.01, rate, 0.03])
    assert train_pack(good, data) == [None] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        errors = train_pack(bad, data)
    assert isinstance(errors[1], ValueError)
    assert "not finite" in str(errors[1])
    assert [errors[0], errors[2]] == [None, None]
    for k in (0, 2):
        assert furthest(good[k], bad[k]) == 0
    assert all(param.isfinite().all() for param in bad[2].module_.parameters())


def test_weights_that_a_callback_replaces():
    class Replaces(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                net.module_.head.weight.data = net.module_.head.weight.data * 0.5

    alone, packed = (
        [net_of(make(Perceptron, k), k, callbacks=[Replaces()]) for k in range(2)] for _ in "ab"
    )
    data = [Data({"x": X, "y": LABELS})] * 2
    for net in alone:
        net.train(data[0])
    assert train_pack(packed, data) == [None, None]
    assert_same(alone, packed)


def test_an_interrupt_leaves_nets_that_can_be_used():
    class Interrupt(Supervised):
        n_calls = 0

        def __call__(self, module, batch):
            type(self).n_calls += 1
            if self.n_calls > 1:
                raise KeyboardInterrupt
            return super().__call__(module, batch)

    packed = [net_of(make(Perceptron, k), k) for k in range(2)]
    data = [Data({"x": X, "y": LABELS})] * 2
    train_pack(packed, data)
    before = [net.outputs(data[0]) for net in packed]
    for net in packed:
        net.criterion_ = Interrupt(cross_entropy)
    with pytest.raises(KeyboardInterrupt):
        train_pack(packed, data)
    for net, outputs in zip(packed, before, strict=True):
        assert not net.module_.training
        torch.testing.assert_close(net.outputs(data[0]), outputs)
        assert all(param.is_leaf and param.grad is None for param in net.module_.parameters())
