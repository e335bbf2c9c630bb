"""Optimizers, schedules, clipping and the moving average, against closed forms."""

import copy
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from skdl.engine import LR_SCHEDULES, OPTIMIZERS
from skdl.engine._optim import (
    FusedAdam,
    FusedAdamW,
    Schedule,
    WeightAverage,
    clip_gradients,
    make_optimizer,
    set_lr,
)

KINDS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": FusedAdam,
    "adamw": FusedAdamW,
}


def rates(shape, n_steps, warmup_fraction=0.0, lr=2.0, **floor):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = Schedule(optimizer, n_steps, shape, warmup_fraction, **floor)
    seen = []
    for _ in range(n_steps):
        schedule.before_step()
        seen.append(schedule.lr)
    return np.array(seen)


def test_all_optimizers_are_known():
    assert set(OPTIMIZERS) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_make_optimizer(name):
    module = nn.Linear(2, 1)
    module.bias.requires_grad_(False)
    optimizer = make_optimizer(name, module, 0.3, 0.2)
    (group,) = optimizer.param_groups
    assert type(optimizer) is KINDS[name]
    assert (group["lr"], group["weight_decay"]) == (0.3, 0.2)
    assert len(group["params"]) == 1, "frozen weights are not optimised"
    assert name != "sgd" or group["momentum"] == 0.9


class TwoParts(nn.Module):
    """Two layers, the first of which trains at a tenth of the rate."""

    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Linear(2, 2), nn.Linear(2, 1)

    def parameter_groups(self):
        return [(self.low.parameters(), 0.1), (self.high.parameters(), 1.0)]

    def forward(self, x):
        return self.high(self.low(x))


@pytest.mark.parametrize("name", KINDS)
def test_parts_of_a_module_train_at_rates_of_their_own(name):
    module = TwoParts()
    optimizer = make_optimizer(name, module, 0.5, 0.0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.5]
    schedule = Schedule(optimizer, 4, "linear")
    for expected in (0.5, 0.375, 0.25, 0.125):
        schedule.before_step()
        assert schedule.lr == pytest.approx(expected)
        low, high = (group["lr"] for group in optimizer.param_groups)
        assert (low, high) == pytest.approx((expected / 10, expected))
    set_lr(optimizer, 3.0)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.3, 3.0])


def test_a_rate_a_tenth_moves_sgd_a_tenth():
    torch.manual_seed(0)
    module, x = TwoParts(), torch.randn(5, 2)
    module(x).sum().backward()
    before = [weight.detach().clone() for weight in module.parameters()]
    make_optimizer("sgd", module, 0.5, 0.0).step()
    steps = [old - weight.detach() for old, weight in zip(before, module.parameters(), strict=True)]
    for step, weight, rate in zip(steps, module.parameters(), [0.05, 0.05, 0.5, 0.5], strict=True):
        torch.testing.assert_close(step, rate * weight.grad, atol=1e-6, rtol=1e-4)


def test_frozen_parts_leave_no_group():
    module = TwoParts()
    module.low.requires_grad_(False)
    (group,) = make_optimizer("adam", module, 0.5, 0.0).param_groups
    assert group["lr"] == 0.5


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("constant", np.ones(10)),
        ("plateau", np.ones(10)),
        ("linear", 1 - np.arange(10) / 10),
        ("cosine", (1 + np.cos(np.pi * np.arange(10) / 10)) / 2),
    ],
)
def test_schedules(shape, expected):
    np.testing.assert_allclose(rates(shape, 10), 2 * expected)


def test_one_cycle_rises_then_falls():
    got = rates("one-cycle", 100) / 2
    rise = 0.04 + 0.96 * (1 - np.cos(np.pi * np.arange(30) / 30)) / 2
    fall = (1 + np.cos(np.pi * np.arange(70) / 70)) / 2
    np.testing.assert_allclose(got, np.concatenate([rise, fall]), atol=1e-12)


@pytest.mark.parametrize("shape", LR_SCHEDULES)
def test_warmup_grows_linearly_to_the_peak_and_the_shape_takes_the_rest(shape):
    got = rates(shape, 20, warmup_fraction=0.25) / 2
    np.testing.assert_allclose(got[:5], [0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(got[5:], rates(shape, 15) / 2)


@pytest.mark.parametrize("shape", LR_SCHEDULES)
def test_rates_are_never_negative_nor_above_the_peak(shape):
    got = rates(shape, 7, warmup_fraction=0.3)
    assert (got >= 0).all()
    assert (got <= 2).all()
    assert got.max() == pytest.approx(2, rel=0.2)


def test_plateau_halves_after_three_epochs_without_a_lower_loss():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 100, "plateau")
    seen = []
    for loss in [5, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3]:
        schedule.before_step()
        seen.append(schedule.lr)
        schedule.after_epoch(loss)
    assert seen == [2, 2, 2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]
    schedule.before_step()
    assert schedule.lr == 0.25


def test_only_plateau_looks_at_the_loss():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 100, "cosine")
    for _ in range(9):
        schedule.after_epoch(1.0)
    schedule.before_step()
    assert schedule.lr == 2


def test_a_constant_rate_is_left_to_whoever_sets_it():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 10, "constant")
    optimizer.param_groups[0]["lr"] = 0.5
    schedule.before_step()
    assert schedule.lr == 0.5


def test_a_rate_that_was_set_before_the_first_step_stays():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 10, "linear", rates=[1.0])
    schedule.before_step()
    schedule.before_step()
    assert schedule.lr == 2.0


def test_weight_average_in_closed_form():
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0.0)
    average = WeightAverage(module, decay=0.2)
    expected = 0.0
    for step, value in enumerate([1.0, 2.0, 4.0, 8.0], start=1):
        module.weight.data.fill_(value)
        average.update()
        decay = min(0.2, step / (step + 10))
        expected = decay * expected + (1 - decay) * value
    average.swap()
    assert module.weight.item() == pytest.approx(expected)
    average.swap()
    assert module.weight.item() == 8


def test_weight_average_takes_the_statistics_along():
    module = nn.BatchNorm1d(1)
    average = WeightAverage(module, decay=0.5)
    module.running_mean.fill_(8.0)
    module.num_batches_tracked.fill_(5)
    average.update()
    average.swap()
    assert module.running_mean.item() == pytest.approx(8 * (1 - 1 / 11))
    assert module.num_batches_tracked.item() == 5


def test_weight_average_tends_to_constant_weights():
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0.0)
    average = WeightAverage(module, decay=0.9)
    module.weight.data.fill_(3.0)
    for _ in range(200):
        average.update()
    average.swap()
    assert module.weight.item() == pytest.approx(3, rel=1e-5)


@pytest.mark.parametrize("max_norm", [1.0, 100.0])
def test_clip_scales_all_gradients_together(max_norm):
    params = [nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(2))]
    gradients = [torch.tensor([3.0]), torch.tensor([0.0, 4.0])]  # norm 5
    for param, gradient in zip(params, gradients, strict=True):
        param.grad = gradient.clone()
    clip_gradients(params, max_norm)
    factor = min(1, max_norm / 5)
    for param, gradient in zip(params, gradients, strict=True):
        torch.testing.assert_close(param.grad, gradient * factor, rtol=1e-5, atol=0)
    norm = math.sqrt(sum(float(param.grad.square().sum()) for param in params))
    assert norm == pytest.approx(min(5, max_norm), rel=1e-5)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(FusedAdam, torch.optim.Adam), (FusedAdamW, torch.optim.AdamW)]
)
def test_fused_adam_is_torchs(ours, theirs):
    """Bit for bit, over changing rates, a parameter without gradient, and a copied state."""
    weights = [torch.randn(3, 4), torch.randn(5), torch.randn(2)]
    twins = [[nn.Parameter(w.clone()) for w in weights] for _ in range(2)]
    first = ours(twins[0], lr=0.1, weight_decay=0.05)
    second = theirs(twins[1], lr=0.1, weight_decay=0.05, fused=True)
    for step in range(6):
        for params, optimizer in zip(twins, (first, second), strict=True):
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + step)
            for index, param in enumerate(params[:2]):
                generator = torch.Generator().manual_seed(10 * step + index)
                param.grad = torch.randn(param.shape, generator=generator)
            optimizer.step()
        if step == 2:
            first.load_state_dict(copy.deepcopy(second.state_dict()))
    for a, b in zip(*twins, strict=True):
        assert torch.equal(a, b)


def test_fused_adam_takes_a_closure():
    param = nn.Parameter(torch.ones(1))
    optimizer = FusedAdam([param], lr=0.1, weight_decay=0.0)

    def closure():
        loss = param.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1
    assert param.item() == pytest.approx(0.9)


@pytest.mark.parametrize("shape", ["linear", "cosine", "one-cycle"])
@pytest.mark.parametrize("warmup_fraction", [0.0, 0.3])
def test_more_steps_than_planned_end_at_the_last_rate(shape, warmup_fraction):
    """Batches that are cut to size may be some more in one epoch than in another."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 10, shape, warmup_fraction)
    seen = []
    for _ in range(30):
        schedule.before_step()
        seen.append(schedule.lr)
    np.testing.assert_allclose(seen[:10], rates(shape, 10, warmup_fraction))
    np.testing.assert_allclose(seen[10:], 0, atol=1e-12)


# The rate at the end -----------------------------------------------------------------------------


def test_a_linear_rate_falls_to_its_floor():
    got = rates("linear", 10, floor=0.25)
    np.testing.assert_allclose(got, 2 - 1.5 * np.arange(10) / 10)


@pytest.mark.parametrize("shape", ["linear", "cosine", "one-cycle"])
@pytest.mark.parametrize("floor", [0.0, 0.1, 1.0])
def test_falling_rates_end_at_the_floor(shape, floor):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = Schedule(optimizer, 50, shape, floor=floor)
    seen = []
    for _ in range(60):  # more than were planned
        schedule.before_step()
        seen.append(schedule.lr)
    assert min(seen) >= 2 * floor - 1e-12
    assert max(seen) <= 2 + 1e-12
    np.testing.assert_allclose(seen[50:], 2 * floor, atol=1e-12)


@pytest.mark.parametrize("shape", LR_SCHEDULES)
def test_without_a_floor_rates_are_as_they_were(shape):
    np.testing.assert_array_equal(rates(shape, 10, floor=0.0), rates(shape, 10))


@pytest.mark.parametrize("shape", ["constant", "plateau"])
def test_a_rate_that_does_not_fall_has_no_use_for_a_floor(shape):
    np.testing.assert_allclose(rates(shape, 10, floor=0.3), 2)


def test_warmup_starts_from_nothing_below_the_floor():
    got = rates("linear", 8, warmup_fraction=0.5, floor=0.5)
    np.testing.assert_allclose(got, [0.5, 1.0, 1.5, 2.0, 2.0, 1.75, 1.5, 1.25])


# What is imported --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_a_first_fit_does_not_import_torchs_compiler(optimizer):
    """It takes a second and 65 MiB."""
    script = (
        "import sys, numpy as np\n"
        "from skdl.estimators import LSTMRegressor, Word2VecTransformer\n"
        f"model = LSTMRegressor(max_epochs=2, optimizer={optimizer!r}, device='cpu')\n"
        "model.fit(np.random.default_rng(0).random((40, 8)), np.arange(40.0))\n"
        "Word2VecTransformer(8, device='cpu').fit(['some words'] * 20)\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == 0
