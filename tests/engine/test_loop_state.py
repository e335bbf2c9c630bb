"""A training run that is paused, changed, restored and gone on with is as one without a pause."""

import io

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F

from skdl.engine import (
    LR_SCHEDULES,
    OPTIMIZERS,
    Augmented,
    Data,
    Net,
    Ragged,
    Supervised,
    seeded,
    squared_error,
)
from skdl.modules import BatchNorm, Dropout

X = torch.linspace(-3, 3, 40 * 4).reshape(40, 4).sin()
Y = X[:, :1] * X[:, 1:2] + X[:, 2:3]
DATA, VALID = Data({"x": X[:30], "y": Y[:30]}), Data({"x": X[30:], "y": Y[30:]})


class Network(nn.Module):
    """Weights, buffers and dropout."""

    draws_from_generator = True

    def __init__(self, dropout=0.2):
        super().__init__()
        with seeded(0, torch.device("cpu")):
            self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)
        self.norm, self.dropout = BatchNorm(8), Dropout(dropout)

    def forward(self, x):
        return self.last(self.dropout(self.norm(self.first(x)).tanh()))


class OverSteps(Network):
    """The same at each step of a sequence, and the mean of them."""

    max_steps = 40

    def forward(self, x, lengths):
        mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        h = self.last(self.dropout(self.first(x).tanh()))
        return (h * mask[..., None]).sum(1) / lengths[:, None]


class Foreign(nn.Module):
    """Draws from torch's global generator."""

    def __init__(self):
        super().__init__()
        self.inner = Network(0.0)

    def forward(self, x):
        return self.inner(F.dropout(x, 0.3, self.training))


def ragged_data():
    lengths = torch.arange(30) % 7 + 1
    values = torch.linspace(0, 9, 4 * int(lengths.sum())).reshape(-1, 4).cos()
    return Data({"x": Ragged(values, lengths), "y": lengths[:, None] / 7.0})


def noisy(x):
    return x + 0.1 * torch.randn_like(x)


VARIANTS = {
    "averages": {"ema_decay": 0.9},
    "clipping": {"gradient_clip": 0.1},
    "early stopping": {"patience": 50},
    "warmup": {"lr_schedule": "linear", "warmup_fraction": 0.4, "min_lr": 0.001},
    "weight decay": {"optimizer": "adamw", "weight_decay": 0.1},
    "all": {"ema_decay": 0.9, "gradient_clip": 0.5, "patience": 50, "lr_schedule": "one-cycle"},
    "ragged": {"module": OverSteps, "data": ragged_data(), "valid": ragged_data()},
    "foreign draws": {"module": Foreign},
    "augmentation": {
        "objective": Augmented(squared_error, column="x", augment=noisy, mixup=0.4),
    },
    "no validation": {"valid": None},
    "float64": {
        "precision": "float64",
        "data": Data({"x": X.double(), "y": Y.double()}),
        "valid": None,
    },
}
EVERY = {
    f"{optimizer} {schedule}": {"optimizer": optimizer, "lr_schedule": schedule, "patience": 50}
    for optimizer in OPTIMIZERS
    for schedule in LR_SCHEDULES
}


def start(module=Network, objective=None, data=DATA, valid=VALID, **params):
    params = {"lr": 0.02, "batch_size": 8, "max_epochs": 6, "seed": 3, **params}
    net = Net(module(), objective or Supervised(squared_error), **params).initialize()
    return net.start(data, valid)


def finished(run):
    while not run.finished:
        run.epoch()
    run.finish()
    return run


def result(run):
    """Weights, buffers, and what the history says but for the time that it took."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in run.net.history]
    return run.module.state_dict(), rows, run.net.best_epoch_, run.n_done


def assert_same_result(first, second):
    weights, *rest = result(first)
    other_weights, *other_rest = result(second)
    assert rest == other_rest
    assert weights.keys() == other_weights.keys()
    for name, weight in weights.items():
        assert weight.equal(other_weights[name]), name


def is_plain(value):
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and is_plain(list(value.values()))
    if isinstance(value, (list, tuple)):
        return all(is_plain(each) for each in value)
    return value is None or isinstance(value, (Tensor, bool, int, float, str))


def everything(*params):
    return pytest.mark.parametrize("params", params[0].values(), ids=params[0])


@everything({"defaults": {}, **VARIANTS, **EVERY})
def test_going_on_after_a_pause_is_going_on(params):
    """Also in a new net, and where the paused run trained on in between."""
    straight = finished(start(**params))
    run = start(**params)
    for _ in range(2):
        run.epoch()
    state = run.state()
    assert is_plain(state)
    other = start(**params)
    other.restore(state)
    assert_same_result(finished(other), straight)
    run.epoch()
    run.epoch()
    run.restore(state)
    assert_same_result(finished(run), straight)


@everything({"defaults": {}, **VARIANTS})
def test_a_run_is_paused_before_its_first_epoch_and_after_its_last(params):
    straight = finished(start(**params))
    for n_epochs in (0, 6):
        run = start(**params)
        for _ in range(n_epochs):
            run.epoch()
        state = run.state()
        run.finish()
        run.restore(state)
        assert run.n_done == n_epochs
        assert_same_result(finished(run), straight)


@everything(VARIANTS)
def test_a_state_is_kept_in_a_file(params):
    run = start(**params)
    run.epoch()
    file = io.BytesIO()
    torch.save(run.state(), file)
    file.seek(0)
    other = start(**params)
    other.restore(torch.load(file, weights_only=True))
    assert_same_result(finished(other), finished(run))


def test_a_state_is_a_copy():
    run = start(**VARIANTS["all"])
    run.epoch()
    state = run.state()
    weights = [weight.clone() for weight in state["weights"]]
    epochs = [row["epoch"] for row in state["history"]]
    run.epoch()
    assert all(before.equal(after) for before, after in zip(weights, state["weights"], strict=True))
    run.restore(state)
    run.epoch()
    assert all(before.equal(after) for before, after in zip(weights, state["weights"], strict=True))
    assert epochs == [row["epoch"] for row in state["history"]] == [1]


@pytest.mark.parametrize("n_epochs", [2, 9])
def test_early_stopping_goes_on_with_its_patience_and_its_best_weights(n_epochs):
    """Validation that gets worse: the best weights are those of an early epoch."""
    worse = Data({"x": X[30:], "y": Network()(X[30:]).detach()})
    params = {"valid": worse, "patience": 4, "max_epochs": 30, "lr": 0.05}
    straight = finished(start(**params))
    assert straight.n_done < 30
    run = start(**params)
    while run.n_done < min(n_epochs, straight.n_done - 1):
        run.epoch()
    state = run.state()
    other = start(**params)
    other.restore(state)
    assert_same_result(finished(other), straight)


class StopsAt(Callback):
    """Asks to stop as skorch's EarlyStopping does."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **_):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def test_a_run_that_a_callback_stopped_is_restored():
    straight, stops = finished(start(callbacks=[StopsAt(99)])), StopsAt(3)
    run = start(callbacks=[stops])
    run.epoch()
    state = run.state()
    while not run.finished:
        run.epoch()
    assert run.n_done == 3
    stops.epoch = 99
    run.restore(state)
    assert_same_result(finished(run), straight)


def test_plateau_goes_on_with_what_it_counted():
    worse = Data({"x": X[30:], "y": Network()(X[30:]).detach()})
    params = {"valid": worse, "lr_schedule": "plateau", "max_epochs": 8}
    straight = finished(start(**params))
    assert len(set(straight.net.history[:, "lr"])) > 1
    run = start(**params)
    for _ in range(4):
        run.epoch()
    other = start(**params)
    other.restore(run.state())
    assert_same_result(finished(other), straight)


class NaNAt:
    """Squared error, NaN from a training step on."""

    def __init__(self, step):
        self.step, self.n_steps = step, 0

    def __call__(self, module, batch):
        self.n_steps += module.training
        loss = (module(batch["x"]) - batch["y"]).square().mean()
        return loss * torch.nan if self.n_steps > self.step else loss


@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_a_run_that_diverged_is_restored(ema_decay):
    """With its averages, which divergence drops."""
    params = {"ema_decay": ema_decay}
    straight = finished(start(**params))
    objective = NaNAt(9)
    run = start(objective=objective, **params)
    run.epoch()
    run.epoch()
    state = run.state()
    with pytest.warns(ConvergenceWarning):
        run.epoch()
    assert run.finished
    run.restore(state)
    assert not run.finished
    objective.step = 10_000
    assert_same_result(finished(run), straight)


def test_a_run_that_diverged_is_paused():
    first, second = (start(objective=NaNAt(9), ema_decay=0.9) for _ in range(2))
    first.epoch()
    first.epoch()
    with pytest.warns(ConvergenceWarning):
        first.epoch()
    second.restore(first.state())
    assert second.finished
    assert_same_result(finished(second), finished(first))


def test_more_epochs_of_a_trained_net_go_on_counting():
    def trained():
        net = Net(Network(), Supervised(squared_error), batch_size=8, seed=3).initialize()
        return net.train(DATA, n_epochs=2)

    straight = trained().start(DATA, n_epochs=3)
    run = trained().start(DATA, n_epochs=3)
    assert (run.n_before, run.n_done) == (2, 0)
    run.epoch()
    other = trained().start(DATA, n_epochs=3)
    other.restore(run.state())
    assert_same_result(finished(other), finished(straight))
    assert [row["epoch"] for row in other.net.history] == [1, 2, 3, 4, 5]


# Life of a run -----------------------------------------------------------------------------------


def test_train_is_a_run_to_its_end():
    net = Net(Network(), Supervised(squared_error), lr=0.02, batch_size=8, max_epochs=6, seed=3)
    net.initialize().train(DATA, VALID)
    run = finished(start())
    assert net.outputs(VALID).equal(run.net.outputs(VALID))
    assert not run.module.training


def test_a_run_may_end_before_its_last_epoch():
    """As when the worse half of several is given up."""
    run = start(ema_decay=0.9, patience=9)
    run.epoch()
    assert not run.finished
    run.finish()
    assert run.net.best_epoch_ in (0, 1)
    assert run.net.history[-1, "valid_loss"] is not None
    assert not run.module.training


def test_no_generator_is_left_between_epochs():
    run = start()
    run.epoch()
    assert run.module.dropout.generator is None


def weights_of(net):
    return torch.cat([weight.detach().flatten() for weight in net.module_.parameters()])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_abandoned_run_leaves_a_trained_net_as_it_was(optimizer):
    first, second = (
        Net(Network(), Supervised(squared_error), optimizer=optimizer, batch_size=8, seed=3)
        .initialize()
        .train(DATA, n_epochs=2)
        for _ in range(2)
    )
    run = first.start(DATA, n_epochs=4)
    run.epoch()
    run.epoch()
    assert not weights_of(first).equal(weights_of(second))
    run.abandon()
    assert weights_of(first).equal(weights_of(second))
    assert len(first.history) == 2
    for net in (first, second):
        net.train(DATA, n_epochs=1)
    assert weights_of(first).equal(weights_of(second))


def test_a_run_does_not_copy_the_history_of_those_before():
    """Many short runs, as ``partial_fit`` makes them, take time in proportion to their number."""
    net = Net(Network(), Supervised(squared_error)).initialize().train(DATA, n_epochs=3)
    before = list(net.history)
    run = net.start(DATA, n_epochs=1)
    assert all(kept is row for kept, row in zip(run.at_start["history"], before, strict=True))
    copies = run.state()["history"]
    assert copies == before
    assert not any(row is copied for row, copied in zip(before, copies, strict=True))
    run.epoch()
    run.abandon()
    assert net.history == before


def test_an_error_amid_training_abandons_the_run():
    n_steps = []

    def objective(module, batch):
        n_steps.append(1)
        if len(n_steps) == 7:  # the third of the second training
            raise ZeroDivisionError
        return module(batch["x"]).square().mean()

    net = Net(Network(0.0), objective, batch_size=8).initialize().train(DATA, n_epochs=1)
    before = weights_of(net)
    with pytest.raises(ZeroDivisionError):
        net.train(DATA, n_epochs=1)
    assert weights_of(net).equal(before)
    assert len(net.history) == 1


def test_two_runs_of_two_nets_may_take_turns():
    """Nothing is shared between runs: neither generators nor torch's global state."""
    straight = [finished(start(seed=seed)) for seed in (1, 2)]
    runs = [start(seed=seed) for seed in (1, 2)]
    while not runs[0].finished:
        for run in runs:
            run.epoch()
    for run, expected in zip(runs, straight, strict=True):
        assert_same_result(finished(run), expected)
