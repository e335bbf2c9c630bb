"""The loop against one written by hand, and how it ends."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from torch import nn

from skdl.engine import Data, Net, Streamed, Supervised, squared_error
from tests.engine.by_hand import (
    DATA,
    MLP,
    N_EPOCHS,
    VALID,
    PerBatch,
    X,
    Y,
    adam,
    assert_as_by_hand,
    assert_same_weights,
    by_hand,
    interrupt,
    losses_of,
    make_net,
    rng,
    train,
    weights_of,
)

# Against the hand-written loop -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "make_optimizer"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1)),
        ("adagrad", lambda p: torch.optim.Adagrad(p, lr=0.01, weight_decay=0.1)),
        ("rmsprop", lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=0.1)),
        ("adam", lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1)),
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    ],
)
def test_every_optimizer_trains_as_by_hand(name, make_optimizer):
    assert_as_by_hand(train(optimizer=name, weight_decay=0.1), *by_hand(make_optimizer))


def test_weights_of_rows_as_by_hand():
    weight = torch.tensor(rng.random(40), dtype=torch.float32)
    data = DATA.with_columns(weight=weight)
    assert_as_by_hand(train(data=data), *by_hand(adam, data))


def test_gradient_clip_as_by_hand():
    assert_as_by_hand(train(gradient_clip=0.1), *by_hand(adam, clip=0.1))
    assert not weights_of(train(gradient_clip=0.1)).equal(weights_of(train()))


def test_schedule_with_warmup_as_by_hand():
    n_steps, n_warmup = 9, 2

    def rate(step):
        if step < n_warmup:
            return 0.01 * (step + 1) / n_warmup
        return 0.01 * (1 - (step - n_warmup) / (n_steps - n_warmup))

    net = train(lr_schedule="linear", warmup_fraction=0.2)
    assert_as_by_hand(net, *by_hand(adam, rate=rate))
    assert losses_of(net, "lr") == pytest.approx([rate(2), rate(5), rate(8)])


def test_the_floor_of_the_rate_is_as_by_hand():
    net = train(lr_schedule="linear", min_lr=0.004)
    assert_as_by_hand(net, *by_hand(adam, rate=lambda step: 0.01 - 0.006 * step / 9))


def test_average_of_the_weights_as_by_hand():
    average, steps = MLP(), []

    def after_step(module):
        steps.append(1)
        decay = min(0.3, len(steps) / (len(steps) + 10))
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), module.parameters(), strict=True):
                mean.mul_(decay).add_((1 - decay) * weight)

    _, losses = by_hand(adam, after_step=after_step)
    net = train(VALID, ema_decay=0.3)
    assert_as_by_hand(net, average, losses)
    expected = (average(X[40:]) - Y[40:]).square().mean().item()
    assert losses_of(net, "valid_loss")[-1] == pytest.approx(expected, rel=1e-5)


def test_valid_loss_is_the_mean_over_rows_with_dropout_off():
    net = train(VALID, dropout=0.5)
    expected = (net.module_(X[40:]) - Y[40:]).square().mean().item()
    assert losses_of(net, "valid_loss")[-1] == pytest.approx(expected, rel=1e-5)


def test_a_streamed_column_trains_as_a_tensor_does():
    streamed = Data({"x": Streamed(X[:40].numpy()), "y": Y[:40]})
    assert_same_weights(train(data=streamed), train(), atol=0)


def test_a_subset_trains_as_its_rows_do():
    subset = Data({"x": X, "y": Y}).subset(np.arange(40))
    assert_same_weights(train(data=subset), train(), atol=0)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"gradient_clip": 0.1},
        {"ema_decay": 0.5},
        {"lr_schedule": "cosine", "warmup_fraction": 0.3},
        {"patience": 2},
        {"dropout": 0.3},
        {"optimizer": "rmsprop"},
    ],
    ids=str,
)
def test_callbacks_that_watch_batches_change_nothing(params):
    plain = train(VALID, **params)
    watched = train(VALID, callbacks=[PerBatch()], **params)
    assert_same_weights(plain, watched, atol=0)
    for column in ("train_loss", "valid_loss", "lr"):
        np.testing.assert_allclose(losses_of(plain, column), losses_of(watched, column))


# Repeatable --------------------------------------------------------------------------------------


def test_same_seed_same_weights_whatever_ran_before():
    first = train(dropout=0.5)
    torch.rand(7)
    assert_same_weights(first, train(dropout=0.5), atol=0)
    assert not weights_of(first).equal(weights_of(train(dropout=0.5, seed=6)))


def test_the_global_state_is_left_as_it_was():
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(VALID, dropout=0.5)
    assert torch.get_rng_state().equal(before)
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() is torch.float32


def test_epochs_one_by_one_keep_the_optimizers_state():
    net = make_net(batch_size=40)  # full batches: the order of rows does not matter
    for _ in range(N_EPOCHS):
        net.train(DATA, n_epochs=1)
    assert_same_weights(net, train(batch_size=40))
    assert losses_of(net, "epoch") == [1, 2, 3]


def test_a_number_of_epochs_runs_at_a_constant_rate():
    net = make_net(lr_schedule="cosine", warmup_fraction=0.5).train(DATA, n_epochs=2)
    assert losses_of(net, "lr") == [0.01, 0.01]


# Early stopping ----------------------------------------------------------------------------------


def test_stops_early_with_the_weights_of_the_lowest_valid_loss():
    net = train(VALID, lr=0.3, patience=4, max_epochs=60)
    valid = losses_of(net, "valid_loss")
    assert len(valid) < 60
    assert net.best_epoch_ == int(np.argmin(valid)) + 1 == len(valid) - 4
    expected = (net.module_(X[40:]) - Y[40:]).square().mean().item()
    assert min(valid) == pytest.approx(expected, rel=1e-5)


def test_the_weights_at_the_start_are_a_candidate():
    worse = Data({"x": X[40:], "y": MLP()(X[40:]).detach()})  # the start is perfect
    net = train(worse, patience=2, max_epochs=20)
    assert net.best_epoch_ == 0
    assert len(net.history) == 2
    assert_same_weights(net, make_net(), atol=0)


def test_without_patience_the_last_weights_are_kept():
    net = train(VALID, max_epochs=4)
    assert net.best_epoch_ == 4
    assert_same_weights(net, train(max_epochs=4), atol=0)


def test_plateau_halves_the_rate_between_epochs():
    worse = Data({"x": X[40:], "y": MLP()(X[40:]).detach()})
    net = train(worse, lr_schedule="plateau", max_epochs=5, lr=0.08)
    first, *_, last = losses_of(net, "lr")
    assert first == 0.08
    assert last == 0.04


class Constants(nn.Module):
    """Two numbers that are learned, the answer for each row."""

    def __init__(self):
        super().__init__()
        self.values = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return self.values.expand(len(x), 2)


def test_plateau_is_judged_as_early_stopping_is():
    """A target that drifts away does not lower the rate at which the other one is learned."""
    train_rows = Data({"x": X[:40], "y": torch.ones(40, 2)})
    drifted = Data({"x": X[40:], "y": torch.tensor([1.0, -100.0]).expand(10, 2)})
    params = {"lr_schedule": "plateau", "patience": 20, "max_epochs": 8, "batch_size": 40}
    net = Net(Constants(), Supervised(squared_error), lr=0.05, **params).initialize()
    net.train(train_rows, drifted)
    assert net.best_epoch_ == 8
    assert losses_of(net, "lr") == [0.05] * 8
    assert losses_of(net, "valid_loss") == sorted(losses_of(net, "valid_loss"))


# Divergence --------------------------------------------------------------------------------------


class NaNAt:
    """Squared error, NaN from the given training step on."""

    def __init__(self, step):
        self.step, self.n_steps = step, 0

    def __call__(self, module, batch):
        loss = (module(batch["x"]) - batch["y"]).square().mean()
        self.n_steps += module.training
        return loss * torch.nan if self.n_steps > self.step else loss


@pytest.mark.parametrize("valid", [None, VALID])
@pytest.mark.parametrize("step", [7, 8])  # 3 steps an epoch: inside and at the end of the third
@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_a_loss_that_is_not_finite_keeps_the_epoch_before(valid, step, callbacks):
    net = make_net(objective=NaNAt(step), max_epochs=10, callbacks=callbacks)
    with pytest.warns(ConvergenceWarning, match=r"epoch 3.*smaller lr.*gradient_clip.*epoch 2"):
        net.train(DATA, valid)
    assert len(net.history) == 3
    assert net.best_epoch_ == 2
    assert_same_weights(net, train(max_epochs=2))


def test_weights_that_are_not_finite_count_as_divergence():
    class LastStepSpoils(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            if training and len(net.history) == 2:
                next(net.module_.parameters()).data.fill_(torch.inf)

    with pytest.warns(ConvergenceWarning, match="epoch 2"):
        # Spoilt after the last batch, so that no loss shows it.
        net = train(callbacks=[LastStepSpoils()], batch_size=40)
    assert_same_weights(net, train(max_epochs=1, batch_size=40))


def test_divergence_with_early_stopping_keeps_the_best():
    net = make_net(objective=NaNAt(6), max_epochs=10, patience=5)
    with pytest.warns(ConvergenceWarning, match="epoch 3"):
        net.train(DATA, VALID)
    assert torch.isfinite(weights_of(net)).all()
    assert net.best_epoch_ == int(np.argmin(losses_of(net, "valid_loss")[:2])) + 1


def test_divergence_with_averaging_keeps_finite_weights():
    net = make_net(objective=NaNAt(6), max_epochs=10, ema_decay=0.9)
    with pytest.warns(ConvergenceWarning, match="epoch 3"):
        net.train(DATA, VALID)
    assert_same_weights(net, train(max_epochs=2, ema_decay=0.9))


@pytest.mark.parametrize("params", [{}, {"patience": 3}, {"callbacks": [PerBatch()]}])
def test_divergence_in_the_first_epoch_is_an_error(params):
    net = make_net(objective=NaNAt(1), **params)
    with pytest.raises(ValueError, match=r"not finite.*epoch 1.*smaller lr \(now 0.01\)"):
        net.train(DATA, VALID)


# Interrupts --------------------------------------------------------------------------------------


class Interrupts(Callback):
    """A real Ctrl-C in the middle of a callback, at one event."""

    def __init__(self, event):
        setattr(self, event, lambda net, **kwargs: interrupt())


def test_ctrl_c_in_a_step_ends_the_training():
    seen = []

    def objective(module, batch):
        seen.append(1)
        if len(seen) == 5:
            interrupt()
        return module(batch["x"]).square().mean()

    net = make_net(objective=objective, max_epochs=1000)
    with pytest.raises(KeyboardInterrupt):
        net.train(DATA)
    assert len(seen) == 5
    assert not net.module_.training


class Stops(Callback):
    """Ends the training as skorch's callbacks do, at one event of the second epoch."""

    def __init__(self, event):
        setattr(self, event, self.stop)

    def stop(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


# How many steps are made, and how many epochs are recorded, until each event in epoch 2.
STOPPED = {
    "on_epoch_begin": (3, 1),
    "on_batch_begin": (4, 2),
    "on_grad_computed": (4, 2),
    "on_batch_end": (4, 2),
    "on_epoch_end": (6, 2),
}


@pytest.mark.parametrize("event", STOPPED)
def test_a_callback_ends_the_training_at_each_event(event):
    """Within an epoch after the batch at hand; what was trained is validated and kept."""
    net = train(VALID, callbacks=[Stops(event)], max_epochs=9)
    n_steps, n_epochs = STOPPED[event]
    assert len(net.history) == net.best_epoch_ == n_epochs
    assert all(np.isfinite(losses_of(net, "valid_loss")))
    assert weights_of(net).isfinite().all()
    assert net.optimizer_.state[net.optimizer_.param_groups[0]["params"][0]]["step"] == n_steps


def test_a_callback_that_ends_the_training_before_it_begins():
    class Never(Callback):
        def on_epoch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    net = train(callbacks=[Never()])
    assert net.history == []
    assert_same_weights(net, make_net())


@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_ctrl_c_inside_a_callback_ends_the_training(event):
    with pytest.raises(KeyboardInterrupt):
        train(callbacks=[Interrupts(event)], max_epochs=5)


# skorch's callbacks ------------------------------------------------------------------------------


def test_skorchs_early_stopping_stops():
    callback = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, sink=lambda _: None)
    net = train(callbacks=[callback], max_epochs=20)
    assert 2 <= len(net.history) < 5


def test_skorchs_lr_scheduler_sets_the_rate():
    callback = LRScheduler(policy="StepLR", step_size=1, gamma=0.5)
    net = train(callbacks=[callback])
    module, losses = by_hand(adam, rate=lambda step: 0.01 * 0.5 ** (step // 3))
    assert_as_by_hand(net, module, losses)


def test_skorchs_gradient_clipping_clips():
    net = train(callbacks=[GradientNormClipping(gradient_clip_value=0.1)])
    assert_as_by_hand(net, *by_hand(adam, clip=0.1))


@pytest.mark.parametrize("use_caching", [True, False])
def test_skorchs_epoch_scoring_scores(use_caching):
    callback = EpochScoring("r2", lower_is_better=False, name="r2", use_caching=use_caching)
    net = train(VALID, callbacks=[callback])
    errors = (net.module_(X[40:]) - Y[40:]).square().sum()
    expected = 1 - errors / (Y[40:] - Y[40:].mean()).square().sum()
    assert losses_of(net, "r2")[-1] == pytest.approx(expected.item(), abs=1e-5)


def test_a_callback_that_has_batch_hooks_sees_every_one():
    net = train(VALID, callbacks=[("mine", PerBatch())])
    ((_, callback),) = net.callbacks_
    assert callback.n_batches == N_EPOCHS * (3 + 1)
    assert not any(row["batches"] for row in net.history), "not kept: they would fill a pickle"


def test_callbacks_that_are_given_are_the_ones_used():
    callback = PerBatch()
    net = train(callbacks=[("mine", callback)])
    assert net.callbacks_ == [("mine", callback)]
    assert callback.n_batches == 9


def test_events_come_in_skorchs_order():
    class Log(Callback):
        def __init__(self):
            self.events = []

    for event in ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"):

        def note(self, net, event=event, **kwargs):
            self.events.append(event)

        setattr(Log, event, note)
    net = train(callbacks=[Log()], max_epochs=2)
    ((_, log),) = net.callbacks_
    epoch = ["on_epoch_begin", "on_epoch_end"]
    assert log.events == ["on_train_begin", *epoch, *epoch, "on_train_end"]
