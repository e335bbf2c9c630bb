"""The loop with a module that has a step of its own."""

import numpy as np
import pytest
import torch
from skorch.callbacks import EarlyStopping, LRScheduler
from torch import nn

from skdl.engine import Data, Net, Streamed
from tests.engine.by_hand import (
    PerBatch,
    interrupt,
    losses_of,
    train,
)


class OwnStep(nn.Module):
    """Learns the mean of what it sees, by itself; keeps a diary."""

    def __init__(self, act=None):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(()))
        self.register_buffer("n_seen", torch.zeros((), dtype=torch.int64))
        self.act, self.diary = act, []

    @torch.no_grad()
    def train_on(self, tokens, document, *, lr):
        error = tokens.float().mean() - self.mean
        self.mean += lr * error
        self.n_seen += len(tokens)
        self.diary.append((tokens.tolist(), document.tolist(), lr))
        loss = error.square()
        return loss if self.act is None else self.act(self, loss)

    @property
    def rates(self):
        return [lr for _, _, lr in self.diary]


TOKENS = Data({"tokens": torch.arange(10), "document": torch.arange(10) // 5})


def own_net(act=None, **params):
    params = {"optimizer": "sgd", "lr": 0.5, "batch_size": 4, "max_epochs": 3, "seed": 5, **params}
    return Net(OwnStep(act), None, **params).initialize()


def own_rule(n_epochs, lr=0.5, rates=None):
    """What OwnStep has learned, and the losses of epochs."""
    mean, losses, step = 0.0, [], 0
    for _ in range(n_epochs):
        total = 0.0
        for rows in (range(4), range(4, 8), range(8, 10)):
            error = float(np.mean(rows)) - mean
            mean += (lr if rates is None else rates[step]) * error
            total += len(rows) * error**2
            step += 1
        losses.append(total / 10)
    return mean, losses


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_an_own_step_gets_rows_in_their_order_in_every_epoch(callbacks):
    net = own_net(callbacks=callbacks).train(TOKENS)
    expected = [
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([4, 5, 6, 7], [0, 1, 1, 1]),
        ([8, 9], [1, 1]),
    ]
    assert [entry[:2] for entry in net.module_.diary] == expected * 3


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_an_own_step_alone_changes_the_weights(callbacks):
    net = own_net(callbacks=callbacks).train(TOKENS)
    mean, losses = own_rule(3)
    assert net.module_.mean.item() == pytest.approx(mean, rel=1e-5)
    assert net.module_.mean.grad is None
    assert not net.optimizer_.state
    assert losses_of(net) == pytest.approx(losses, rel=1e-5)
    assert losses_of(net, "epoch") == [1, 2, 3]
    assert not any("valid_loss" in row for row in net.history)
    assert all(seconds >= 0 for seconds in losses_of(net, "seconds"))
    assert not any(row["batches"] for row in net.history)
    assert net.best_epoch_ == 3


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_an_own_step_is_told_the_rate_of_the_schedule(callbacks):
    net = own_net(lr_schedule="linear", min_lr=0.05, callbacks=callbacks).train(TOKENS)
    rates = [0.5 - 0.45 * step / 9 for step in range(9)]
    assert net.module_.rates == pytest.approx(rates)
    assert losses_of(net, "lr") == pytest.approx(rates[2::3])
    mean, losses = own_rule(3, rates=rates)
    assert net.module_.mean.item() == pytest.approx(mean, rel=1e-5)
    assert losses_of(net) == pytest.approx(losses, rel=1e-5)


def test_more_epochs_of_an_own_step_run_at_a_constant_rate():
    net = own_net(lr_schedule="linear", min_lr=0.05)
    for n_epochs in (1, 2):
        net.train(TOKENS, n_epochs=n_epochs)
    assert net.module_.rates == [0.5] * 9
    assert losses_of(net, "epoch") == [1, 2, 3]
    assert net.module_.mean.item() == pytest.approx(own_rule(3)[0], rel=1e-5)


def test_an_own_step_watched_by_callbacks_sees_every_batch():
    net = own_net(callbacks=[PerBatch()]).train(TOKENS)
    ((_, callback),) = net.callbacks_
    assert callback.n_batches == 9


def test_skorchs_lr_scheduler_sets_the_rate_of_an_own_step():
    callback = LRScheduler(policy="StepLR", step_size=1, gamma=0.5)
    net = own_net(callbacks=[callback]).train(TOKENS)
    assert net.module_.rates == pytest.approx([0.5] * 3 + [0.25] * 3 + [0.125] * 3)


def test_skorchs_early_stopping_stops_an_own_step():
    callback = EarlyStopping(monitor="train_loss", patience=2, threshold=1e9, sink=lambda _: None)
    net = own_net(callbacks=[callback], max_epochs=20).train(TOKENS)
    assert len(net.history) < 5


def test_an_own_step_keeps_no_copy_of_the_weights(monkeypatch):
    def take(snapshot):
        raise AssertionError("a copy was taken")

    monkeypatch.setattr("skdl.engine._loop.Snapshot.take", take)
    net = own_net().train(TOKENS)
    net.train(TOKENS, n_epochs=1)
    assert len(net.history) == 4
    with pytest.raises(AssertionError, match="a copy was taken"):
        train()


def test_an_own_step_takes_random_numbers_from_the_seed():
    def act(module, loss):
        module.diary.append(([], [], torch.rand(()).item()))
        return loss

    first, second = (own_net(act).train(TOKENS).module_.rates for _ in range(2))
    assert first == second
    assert first != own_net(act, seed=6).train(TOKENS).module_.rates
    torch.manual_seed(3)
    before = torch.get_rng_state()
    own_net(act).train(TOKENS)
    assert torch.get_rng_state().equal(before)


def test_an_own_step_of_another_call_draws_other_numbers():
    def act(module, loss):
        module.drawn = [*getattr(module, "drawn", []), torch.rand(()).item()]
        return loss

    net = own_net(act)
    for _ in range(2):
        net.train(TOKENS, n_epochs=1)
    assert len(set(net.module_.drawn)) == 6


def test_an_own_step_starts_threads_by_itself_if_any():
    seen, before = [], torch.get_num_threads()
    net = own_net(lambda module, loss: seen.append(torch.get_num_threads()) or loss)
    net.module_.large = nn.Parameter(torch.zeros(3000, 3000))  # enough for more
    torch.set_num_threads(3)
    try:
        net.train(TOKENS)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_an_own_step_trains_a_column_that_is_streamed():
    streamed = {name: Streamed(column.numpy()) for name, column in TOKENS.columns.items()}
    net = own_net().train(Data(streamed))
    assert net.module_.mean.item() == pytest.approx(own_rule(3)[0], rel=1e-5)


@pytest.mark.parametrize("at", ["loss", "weights"])
@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_divergence_of_an_own_step_is_an_error(at, epoch, callbacks):
    """No copy of the weights is there to go back to."""

    def act(module, loss):
        if len(module.diary) == 3 * epoch:
            if at == "loss":
                return loss * torch.nan
            module.mean.fill_(torch.inf)
        return loss

    net = own_net(act, callbacks=callbacks)
    message = rf"not finite.*epoch {epoch}.*smaller lr \(now 0.5\)"
    with pytest.raises(ValueError, match=message):
        net.train(TOKENS)
    assert not net.module_.training


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_ctrl_c_in_an_own_step_ends_the_training(callbacks):
    def act(module, loss):
        if len(module.diary) == 5:
            interrupt()
        return loss

    net = own_net(act, max_epochs=1000, callbacks=callbacks)
    with pytest.raises(KeyboardInterrupt):
        net.train(TOKENS)
    assert len(net.module_.diary) == 5
    assert not net.module_.training


def test_an_own_step_trains_in_training_mode_and_ends_in_the_other():
    modes = []
    net = own_net(lambda module, loss: modes.append(module.training) or loss).train(TOKENS)
    assert modes == [True] * 9
    assert not net.module_.training
