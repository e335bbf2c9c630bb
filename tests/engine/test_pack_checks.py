"""Which nets are trained as one."""

from functools import partial

import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skdl.engine import Data, Net, Pinball, Supervised, cross_entropy, squared_error
from skdl.engine import _pack_checks as checks
from skdl.engine._pack_checks import groups_of, reason_against, same_value, similar


class Perceptron(nn.Module):
    stackable = True

    def __init__(self, size=8, activation="tanh", scale=1.0, p=0.1):
        super().__init__()
        self.hidden, self.head = nn.Linear(3, size), nn.Linear(size, 2)
        self.dropout, self.activation, self.scale = nn.Dropout(p), activation, torch.tensor(scale)

    def forward(self, x):
        hidden = getattr(torch, self.activation)(self.hidden(x)) * self.scale
        return self.head(self.dropout(hidden))


class OnBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        """Something."""


def net_of(module=None, loss=cross_entropy, training_loss=None, **parameters):
    objective = Supervised(loss, None, training_loss)
    return Net(module or Perceptron(), objective, batch_size=16, **parameters).initialize()


def data_of(n_rows=40, n_columns=3):
    return Data({"x": torch.randn(n_rows, n_columns), "y": torch.zeros(n_rows, dtype=torch.long)})


def smoothed(value):
    return partial(cross_entropy, label_smoothing=value)


@pytest.mark.parametrize(
    "others",
    [
        {"lr": 0.5, "weight_decay": 0.1, "lr_schedule": "cosine", "seed": 3, "max_epochs": 2},
        {"module": Perceptron(p=0.9)},
        {"patience": 3, "gradient_clip": 1.0, "ema_decay": 0.9},
    ],
)
def test_what_members_may_differ_in(others):
    assert reason_against((net_of(), net_of(**others)), (data_of(), data_of(41))) is None


def test_numbers_of_the_training_loss_may_differ():
    nets = net_of(training_loss=smoothed(0.0)), net_of(training_loss=smoothed(0.1))
    assert reason_against(nets, (data_of(), data_of())) is None
    nets = net_of(training_loss=smoothed(0.0)), net_of()
    assert reason_against(nets, (data_of(), data_of())) == "objectives differ"


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"module": Perceptron(size=4)}, "architectures"),
        ({"module": Perceptron(activation="sin")}, "architectures"),
        ({"module": Perceptron(scale=2.0)}, "architectures"),
        ({"loss": squared_error}, "objectives"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"optimizer": "rmsprop"}, "optimizer"),
        ({"precision": "float64"}, "precision"),
        ({"callbacks": [OnBatches()]}, "callback"),
        ({"module": nn.Linear(3, 2)}, "stackable"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_they_may_not_differ_in(others, reason):
    found = reason_against((net_of(), net_of(**others)), (data_of(), data_of()))
    assert found is not None
    assert reason in found


@pytest.mark.parametrize(
    ("data", "reason"), [(data_of(200), "numbers of batches"), (data_of(40, 4), "shapes of rows")]
)
def test_data_that_differ(data, reason):
    assert reason in reason_against((net_of(), net_of()), (data_of(), data))


def test_frozen_parameters_and_further_trainings():
    frozen, trained = net_of(), net_of()
    frozen.module_.hidden.weight.requires_grad_(False)
    assert "architectures" in reason_against((net_of(), frozen), (data_of(), data_of()))
    trained.train(data_of(), n_epochs=1)
    assert "n_epochs" in reason_against((net_of(), trained), (data_of(), data_of()))


def test_groups():
    nets = [net_of(module) for module in (Perceptron(), Perceptron(4), Perceptron(), Perceptron(4))]
    assert similar(nets, [data_of()] * 4) == [[0, 2], [1, 3]]


def test_packs_fit_the_caches(monkeypatch):
    nets, data = [net_of() for _ in range(10)], [data_of()] * 10
    assert groups_of(nets, data) == [list(range(10))]
    monkeypatch.setattr(checks, "MOST_BYTES", 4 * 16 * 8 * 4)  # four results of 16 x 8 floats
    assert groups_of(nets, data) == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]


def test_values():
    assert same_value([torch.ones(2), {"a": (1, "b")}], [torch.ones(2), {"a": (1, "b")}])
    assert not same_value([torch.ones(2)], [torch.zeros(2)])
    assert not same_value((1,), [1])
    assert same_value(Pinball((0.1, 0.9)), Pinball((0.1, 0.9)))
    assert not same_value(Pinball((0.1, 0.9)), Pinball((0.2, 0.9)))
