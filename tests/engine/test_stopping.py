"""Snapshots of the weights, and patience."""

import math

import pytest
import torch
from torch import nn

from skdl.engine._stopping import (
    EarlyStopping,
    Snapshot,
    ValidationScore,
    fraction_of_usual_rows,
)


def weight_of(module):
    return module.weight.item()


def set_weight(module, value):
    with torch.no_grad():
        module.weight.fill_(value)


def test_snapshot_restores_weights_and_buffers():
    module = nn.BatchNorm1d(2)
    snapshot = Snapshot(module)
    snapshot.take()
    kept = {name: value.clone() for name, value in module.state_dict().items()}
    module(torch.randn(5, 2) + 3)
    with torch.no_grad():
        module.weight.add_(1)
    assert not module.state_dict()["running_mean"].equal(kept["running_mean"])
    snapshot.restore()
    assert all(value.equal(kept[name]) for name, value in module.state_dict().items())


def test_a_second_take_overwrites_the_first():
    module = nn.Linear(1, 1, bias=False)
    snapshot = Snapshot(module)
    for value in (1.0, 2.0):
        set_weight(module, value)
        snapshot.take()
    set_weight(module, 3.0)
    snapshot.restore()
    assert weight_of(module) == 2


def run(losses, patience=2, tol=0.0):
    """Weight k in epoch k; the epochs taken note of, until told to stop."""
    module = nn.Linear(1, 1, bias=False)
    stopping = EarlyStopping(module, patience, tol)
    for epoch, loss in enumerate(losses, start=1):
        set_weight(module, epoch)
        if stopping.update(epoch, loss):
            break
    stopping.snapshot.restore()
    assert weight_of(module) == stopping.best_epoch
    return epoch, stopping


def test_stops_when_patience_runs_out_and_keeps_the_best():
    last, stopping = run([3.0, 1.0, 2.0, 2.0, 0.0])
    assert (last, stopping.best_epoch, stopping.best) == (4, 2, 1.0)


def test_an_improvement_renews_patience():
    last, stopping = run([3.0, 4.0, 2.0, 4.0, 1.0])
    assert (last, stopping.best_epoch) == (5, 5)


def test_improvements_within_tol_do_not_renew_patience_but_are_kept():
    last, stopping = run([1.0, 0.99, 0.98, 0.5], patience=2, tol=0.1)
    assert (last, stopping.best_epoch) == (3, 3)


def test_small_improvements_add_up():
    last, _ = run([1.0, 0.95, 0.89, 0.85, 0.8], patience=2, tol=0.1)
    assert last == 5


def test_tol_is_relative_to_negative_losses_too():
    last, stopping = run([-1.0, -1.05, -1.06], patience=2, tol=0.1)
    assert (last, stopping.best_epoch) == (3, 3)
    assert run([-1.0, -1.2, -1.5], patience=1, tol=0.1)[0] == 3


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_no_improvement(bad):
    last, stopping = run([1.0, bad, bad])
    assert (last, stopping.best_epoch) == (3, 1)


def test_training_is_not_stopped_before_its_least_number_of_epochs():
    stopping = EarlyStopping(nn.Linear(1, 1), patience=2, tol=0.0, min_epochs=4)
    stops = [stopping.update(epoch, loss) for epoch, loss in enumerate([1.0, *[2.0] * 5])]
    assert stops == [False, False, False, False, True, True]


def stops(losses, train_losses, patience=2, plateau_epochs=6, tol=0.0):
    """The number of the epoch that ends training, counted from 1; None where none does."""
    stopping = EarlyStopping(nn.Linear(1, 1), patience, tol, plateau_epochs=plateau_epochs)
    assert not stopping.update(0, 1.0)
    for epoch, (loss, train_loss) in enumerate(zip(losses, train_losses, strict=True), start=1):
        if stopping.update(epoch, loss, train_loss):
            return epoch
    return None


FALLING = [1 - 0.01 * epoch for epoch in range(12)]


def test_patience_does_not_end_on_a_plateau():
    """Noise of the first epochs, an early gain among it, is no sign that nothing is learned."""
    plateau = [0.9, 0.95, 0.92, 0.93, 0.94, 0.91]
    assert stops([*plateau, 0.5, 0.6, 0.6], FALLING[:9]) == 9
    assert stops([*plateau, 0.5, 0.6, 0.6], FALLING[:9], plateau_epochs=0) == 3


def test_a_plateau_ends():
    assert stops([0.9] * 12, FALLING) == 8  # its longest duration, and patience
    assert stops([0.7, 0.8, 0.8, 0.8], FALLING[:4]) == 3  # fallen by a quarter: patience counts
    assert stops([1.1] * 12, [1.0] * 12) == 2  # nothing is learned
    assert stops([0.9] * 12, FALLING, tol=0.5) == 2  # nothing that counts


# How good an epoch is ----------------------------------------------------------------------------

GENERATOR = torch.Generator().manual_seed(0)
SQUARES = torch.rand(200, 2, generator=GENERATOR)


def scores_of(*losses, error_power=2):
    score, scores = ValidationScore(error_power), []
    for each in losses:
        for part in each.split(64):
            score.update(part, None)
        scores.append(score.compute())
    return scores


def test_the_score_is_relative_to_the_start():
    assert scores_of(SQUARES, SQUARES / 2, SQUARES / 4) == pytest.approx([1, 0.5, 0.25])


@pytest.mark.parametrize("worse", [2.0, 100.0])
def test_a_target_that_becomes_worse_does_not_decide_for_the_other(worse):
    other = SQUARES * torch.tensor([0.1, worse])
    assert scores_of(SQUARES, other)[1] < 1 + math.log(worse) / 8
    much_better = SQUARES * torch.tensor([0.01, worse])
    assert scores_of(SQUARES, much_better)[1] < scores_of(SQUARES, other)[1]


def test_an_outlier_does_not_hide_what_is_gained():
    before, after = SQUARES.clone(), SQUARES / 10
    before[7], after[7] = 1e8, 1.00006e8  # an error of 10,000, and 0.3 more
    assert scores_of(before, after)[1] < 1


def test_an_absolute_outlier_does_not_hide_what_is_gained():
    before, after = SQUARES.clone(), SQUARES / 10
    before[7], after[7] = 1e8, 1e8 + 0.3
    assert scores_of(before, after, error_power=1)[1] < 0.2
    assert scores_of(SQUARES, SQUARES / 10, error_power=1)[1] == pytest.approx(0.1)


def test_targets_count_by_what_usual_rows_make_of_their_error():
    y = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)).double()
    weight = torch.ones(1000).double()
    assert fraction_of_usual_rows(y, weight) is None
    y[7, 1], y[8, 2] = 30.0, 1e6
    first, second, third = fraction_of_usual_rows(y, weight)
    assert first == 1
    assert 0.4 < second < 0.8
    assert third < 0.02
    assert fraction_of_usual_rows(y[:, 2:], weight) is None  # the only one
    weight[7:9] = 0
    assert fraction_of_usual_rows(y, weight) is None


def test_scores_are_weighted_by_target():
    score = ValidationScore(2, torch.tensor([1.0, 0.0]).double())
    for losses in (SQUARES, SQUARES * torch.tensor([0.1, 100.0])):
        score.update(losses, None)
        last = score.compute()
    assert last == pytest.approx(0.1)


def test_losses_of_classes_are_taken_as_they_are():
    assert scores_of(SQUARES[:, 0], 3 * SQUARES[:, 0], error_power=None)[1] == pytest.approx(
        1 + math.log(3) / 4
    )


def test_perfect_from_the_start():
    assert scores_of(0 * SQUARES, 0 * SQUARES)[1] == 1
    assert scores_of(0 * SQUARES, SQUARES)[1] > 2
