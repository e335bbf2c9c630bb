"""Arguments of skorch's callbacks, and Ctrl-C beside a callback that ends the training."""

import math
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EpochScoring,
    TrainEndCheckpoint,
)
from skorch.history import History
from torch import nn

from skdl.engine import Data, Net, Ragged, Supervised, cross_entropy, squared_error
from skdl.engine._callbacks import (
    InterruptSignal,
    Pairs,
    dataset_of,
    lowest_recorded,
    pair_of,
)
from skdl.engine._data import BatchIterator
from tests.engine.by_hand import Labels

X = torch.linspace(-1, 1, 60).reshape(20, 3)
DATA = Data({"x": X, "y": X.sum(1, keepdim=True)})
VALID = DATA.subset(np.arange(0, 20, 3))


class MLP(nn.Sequential):
    def forward(self, x):
        return super().forward(x)


def make_net(objective=None, n_out=1, **params):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = MLP(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, n_out))
    objective = objective or Supervised(squared_error)
    return Net(module, objective, **{"max_epochs": 3, "batch_size": 6, **params}).initialize()


def test_pairs_are_inputs_and_y():
    batch = {"x": X, "weight": X[:, 0], "y": X[:, 1]}
    inputs, y = pair_of(batch)
    assert set(inputs) == {"x", "weight"}
    assert y is batch["y"]
    assert pair_of({"x": X})[1] is None
    pairs = Pairs(BatchIterator(DATA, 6))
    assert len(pairs) == len(list(pairs)) == 4


def test_a_dataset_knows_its_rows():
    dataset = dataset_of(VALID)
    assert len(dataset) == 7
    assert dataset.X is VALID
    assert dataset.y.equal(X[::3].sum(1, keepdim=True))
    assert dataset_of(None) is None
    (one, y_of_one), (several, y) = dataset[-1], dataset[0:3:2]
    assert one["x"].equal(X[18])
    assert y_of_one.equal(dataset.y[-1])
    assert several["x"].equal(X[[0, 6]])
    assert y.equal(dataset.y[[0, 2]])


class Log(Callback):
    """All that there is to see of batches."""

    def __init__(self):
        self.log = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.log.append(("begin", training, net.module_.training))
        self.before = net.module_[0].weight.detach().clone()

    def on_grad_computed(self, net, named_parameters, batch, **kwargs):
        names = [name for name, parameter in named_parameters if parameter.grad is not None]
        again = [name for name, _ in named_parameters]
        assert len(names) == len(again) == 4
        assert net.module_[0].weight.equal(self.before)
        self.log.append(("gradients", len(batch[0]["x"])))

    def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
        inputs, y = batch
        if not training:
            assert torch.equal(y_pred, net.module_(inputs["x"]))
        expected = (y_pred - y).square().mean()
        assert loss.item() == pytest.approx(expected.item())
        assert not y_pred.requires_grad
        assert net.module_[0].weight.equal(self.before) is not training
        prefix = "train" if training else "valid"
        assert net.history[-1, "batches", -1, f"{prefix}_loss"] == loss.item()
        assert net.history[-1, "batches", -1, f"{prefix}_batch_size"] == len(y)
        self.log.append(("end", training))


def test_events_of_batches():
    net = make_net(callbacks=[("log", Log())], max_epochs=2).train(DATA, VALID)
    ((_, callback),) = net.callbacks_
    sizes = [6, 6, 6, 2]
    train = [
        event
        for size in sizes
        for event in (("begin", True, True), ("gradients", size), ("end", True))
    ]
    epoch = [*train, ("begin", False, False), ("end", False)]
    assert callback.log == epoch * 2
    assert net.history[:, ("train_batch_count", "valid_batch_count")] == [(4, 1)] * 2
    assert not any(row["batches"] for row in net.history)


class PredictsAmidAnEpoch(Callback):
    def on_batch_end(self, net, training, **kwargs):
        net.predict(VALID)


def test_a_callback_that_predicts_changes_nothing():
    def loss(module, batch):
        dropped = nn.functional.dropout(batch["x"], 0.5, module.training)
        return (module(dropped) - batch["y"]).square().mean()

    plain, watched = (
        make_net(loss, callbacks=callbacks).train(DATA, VALID)
        for callbacks in (None, [PredictsAmidAnEpoch()])
    )
    for ours, theirs in zip(plain.module_.parameters(), watched.module_.parameters(), strict=True):
        assert ours.equal(theirs)


@pytest.mark.parametrize("use_caching", [True, False])
def test_batch_scoring(use_caching):
    callback = BatchScoring("r2", name="r2", lower_is_better=False, use_caching=use_caching)
    net = make_net(callbacks=[callback]).train(DATA, VALID)
    predicted = net.predict(VALID)
    y = VALID.columns["y"][VALID.rows].numpy()
    expected = 1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert net.history[-1, "r2"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_epoch_scoring_of_classes(use_caching, scoring):
    labels = (X.sum(1) > 0).long()
    data = Data({"x": X, "y": labels})
    callback = EpochScoring(scoring, lower_is_better=False, name="score", use_caching=use_caching)
    objective = Supervised(cross_entropy, Labels(0, 1))
    net = make_net(objective, 2, callbacks=[callback], lr=0.05, max_epochs=5).train(data, data)
    expected = float((net.predict(data) == labels.numpy()).mean())
    assert net.history[-1, "score"] == pytest.approx(expected)
    assert expected > 0.6


def test_ragged_data_is_watched_too():
    lengths = torch.arange(1, 9)
    data = Data({"x": Ragged(torch.ones(36, 1), lengths), "y": lengths[:, None].float()})

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x, lengths):
            return self.scale * x.sum(1)

    callback = EpochScoring("r2", lower_is_better=False, use_caching=True)
    net = Net(Sum(), Supervised(squared_error), max_epochs=2, callbacks=[callback]).initialize()
    net.train(data, data)
    score = 1 - (net.history[-1, "valid_loss"] / lengths.float().var(correction=0).item())
    assert net.history[-1, "r2"] == pytest.approx(score, abs=1e-5)


def test_a_checkpoint_at_the_end_is_written(tmp_path):
    net = make_net(callbacks=[TrainEndCheckpoint(dirname=tmp_path)]).train(DATA)
    other = make_net(seed=1)
    other.load_params(tmp_path / "train_end_params.pt")
    assert other.predict(DATA).tolist() == net.predict(DATA).tolist()


# Ends --------------------------------------------------------------------------------------------


class Stops(Callback):
    """As skorch's EarlyStopping does."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


class StopsElsewhere(Callback):
    """The same, raised by a function of C."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            (_ for _ in ()).throw(KeyboardInterrupt)


class CtrlC(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)


class CatchesCtrlC(Callback):
    """Cleans up, and goes on as Python does."""

    def on_epoch_end(self, net, **kwargs):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None


@pytest.mark.parametrize("callback", [Stops(), StopsElsewhere()])
def test_a_callback_ends_the_training(callback):
    net = make_net(callbacks=[callback], max_epochs=9).train(DATA)
    assert len(net.history) == 2
    assert net.best_epoch_ == 2


@pytest.mark.parametrize("callback", [Stops(), StopsElsewhere()])
def test_a_callback_ends_the_training_in_a_thread(callback):
    net = make_net(callbacks=[callback], max_epochs=9)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(net.train, DATA).result()
    assert len(net.history) == 2


@pytest.mark.parametrize("callback", [CtrlC(), CatchesCtrlC()])
def test_ctrl_c_amid_a_callback_is_the_users(callback):
    net = make_net(callbacks=[callback], max_epochs=9)
    with pytest.raises(KeyboardInterrupt):
        net.train(DATA)


def test_the_handler_of_signals_is_given_back():
    before = signal.getsignal(signal.SIGINT)
    make_net(callbacks=[Stops()]).train(DATA)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        make_net(callbacks=[CtrlC()]).train(DATA)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_of_a_program_is_called():
    """A server that ends in its own way, say: nothing is raised, and training goes on."""
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        net = make_net(callbacks=[CtrlC()]).train(DATA)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
    assert len(net.history) == 3


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_handler_that_is_no_function_stays(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with InterruptSignal() as interrupt:
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert not interrupt.came


def test_no_handler_is_set_in_a_thread():
    def look():
        with InterruptSignal():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(look).result() is signal.getsignal(signal.SIGINT)
    assert threading.current_thread() is threading.main_thread()


def test_the_lowest_loss_is_that_of_the_last_best_row():
    """Epochs without that loss, and with one that is not a number, do not count."""
    net = make_net().train(DATA, VALID)
    losses = net.history[:, "train_loss"]
    assert net.history[:, "train_loss_best"] == [
        loss < min(losses[:epoch], default=math.inf) for epoch, loss in enumerate(losses)
    ]
    rows = [(3.0, True), (2.0, True), (4.0, False), (math.nan, False)]
    history = History({"train_loss": loss, "train_loss_best": best} for loss, best in rows)
    history.append({"valid_loss": 1.0})
    assert lowest_recorded(history, "train_loss") == 2
    assert lowest_recorded(history, "valid_loss") == math.inf
