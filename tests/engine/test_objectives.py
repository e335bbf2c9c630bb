"""Objectives against scikit-learn's metrics and formulas written out."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_pinball_loss
from torch import nn

from skdl.engine import (
    Augmented,
    Data,
    Pinball,
    Ragged,
    Supervised,
    absolute_error,
    cross_entropy,
    huber,
    inputs_of,
    squared_error,
)

rng = np.random.default_rng(0)
OUTPUT, Y, WEIGHT = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), rng.random(6)


class Echo(nn.Module):
    def forward(self, x):
        return x


def loss_of(loss, output, y, weight=None):
    batch = {"x": torch.tensor(output), "y": torch.tensor(y)}
    if weight is not None:
        batch["weight"] = torch.tensor(weight)
    return Supervised(loss)(Echo(), batch).item()


def by_hand(loss):
    error = np.abs(OUTPUT - Y)
    return {
        squared_error: error**2,
        absolute_error: error,
        huber: np.where(error <= 1, error**2 / 2, error - 0.5),
    }[loss]


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_losses_of_regression(loss):
    expected = by_hand(loss)
    assert loss_of(loss, OUTPUT, Y) == pytest.approx(expected.mean())
    weighted = (expected.mean(1) * WEIGHT).mean()
    assert loss_of(loss, OUTPUT, Y, WEIGHT) == pytest.approx(weighted)


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_weights_of_one_change_nothing(loss):
    assert loss_of(loss, OUTPUT, Y, np.ones(6)) == pytest.approx(loss_of(loss, OUTPUT, Y))


def test_a_row_of_weight_zero_gives_no_gradient():
    x = torch.tensor(OUTPUT, requires_grad=True)
    batch = {"x": x, "y": torch.tensor(Y), "weight": torch.tensor([0.0, 1, 1, 1, 1, 1])}
    Supervised(squared_error)(Echo(), batch).backward()
    assert not x.grad[0].any()
    assert x.grad[1:].all()


def test_cross_entropy():
    labels = rng.integers(3, size=6)
    scores = rng.normal(size=(6, 3))
    proba = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert loss_of(cross_entropy, scores, labels) == pytest.approx(log_loss(labels, proba))
    weighted = log_loss(labels, proba, sample_weight=WEIGHT) * WEIGHT.mean()
    assert loss_of(cross_entropy, scores, labels, WEIGHT) == pytest.approx(weighted)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_pinball_is_the_mean_of_scikit_learns(weight):
    quantiles = (0.05, 0.5, 0.8)
    output = rng.normal(size=(6, 2, 3))
    expected = np.mean(
        [
            mean_pinball_loss(Y, output[..., i], sample_weight=weight, alpha=quantile)
            for i, quantile in enumerate(quantiles)
        ]
    )
    scale = 1 if weight is None else weight.mean()
    assert loss_of(Pinball(quantiles), output, Y, weight) == pytest.approx(expected * scale)


def test_pinball_is_lowest_at_the_quantile():
    y = torch.linspace(0, 1, 1001)[:, None]
    candidates = torch.linspace(0, 1, 101)
    loss = Pinball((0.3,))
    losses = [loss(torch.full((1001, 1, 1), float(c)), y).mean() for c in candidates]
    assert candidates[int(torch.stack(losses).argmin())] == pytest.approx(0.3)


def test_inputs_are_all_but_target_and_weight():
    batch = {name: torch.zeros(1) for name in ("x", "lengths", "y", "weight")}
    assert set(inputs_of(batch)) == {"x", "lengths"}


def weighted_batch(n_rows=5):
    torch.manual_seed(0)
    return {
        "x": torch.randn(n_rows, 3),
        "y": torch.arange(n_rows) % 3,
        "weight": torch.rand(n_rows),
    }


def test_the_training_loss_is_for_training_only():
    smoothed = partial(cross_entropy, label_smoothing=0.3)
    module, batch = Echo(), weighted_batch()
    objective = Supervised(cross_entropy, training_loss=smoothed)
    assert objective(module.train(), batch) == Supervised(smoothed)(module, batch)
    assert objective(module.eval(), batch) == Supervised(cross_entropy)(module, batch)


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_nothing_is_augmented_in_validation(mixup):
    objective = Augmented(cross_entropy, column="x", augment=torch.zeros_like, mixup=mixup)
    module, batch = Echo().eval(), weighted_batch()
    assert objective(module, batch) == Supervised(cross_entropy)(module, batch)


def test_the_column_is_augmented_in_training():
    objective = Augmented(cross_entropy, column="x", augment=lambda x: 2 * x)
    module, batch = Echo().train(), weighted_batch()
    expected = Supervised(cross_entropy)(module, {**batch, "x": 2 * batch["x"]})
    assert objective(module, batch) == expected


@pytest.mark.parametrize("weighted", [False, True])
def test_mixup_mixes_inputs_and_losses_alike(weighted):
    """As written in the paper: lambda x_i + (1 - lambda) x_j, and so the losses."""
    batch = weighted_batch()
    if not weighted:
        del batch["weight"]
    seen = []

    class Spy(Echo):
        def forward(self, x):
            seen.append(x)
            return x

    torch.manual_seed(3)
    got = Augmented(cross_entropy, column="x", augment=lambda x: x + 1, mixup=0.5)(Spy(), batch)
    torch.manual_seed(3)
    share = float(torch.distributions.Beta(0.5, 0.5).sample())
    order = torch.randperm(5)
    x, w = batch["x"] + 1, batch.get("weight", torch.ones(5))
    mixed = share * x + (1 - share) * x[order]
    torch.testing.assert_close(seen[0], mixed)
    log_p = mixed.log_softmax(1)
    own, other = (-log_p[torch.arange(5), y] * v for y, v in
                  [(batch["y"], w), (batch["y"][order], w[order])])  # fmt: skip
    torch.testing.assert_close(got, (share * own + (1 - share) * other).mean())
    assert 0 < share < 1


class EchoOfSteps(nn.Module):
    """The sum of each padded row, and what it was given."""

    def forward(self, x, lengths):
        self.seen = x, lengths
        return x.sum(1)


def ragged_batch():
    """Rows of 1 to 4 steps of 2 channels, as the engine serves them."""
    lengths = torch.tensor([2, 4, 1, 3, 1])
    x = torch.randn(int(lengths.sum()), 2)
    columns = {"x": Ragged(x, lengths), "y": torch.tensor([0, 1, 1, 0, 1])}
    (batch,) = Data(columns).batches(5)
    return batch


def test_mixed_rows_of_unequal_length_have_the_steps_of_the_longer_one():
    batch, module = ragged_batch(), EchoOfSteps().train()
    torch.manual_seed(3)
    Augmented(cross_entropy, column="x", mixup=0.5)(module, batch)
    torch.manual_seed(3)
    torch.distributions.Beta(0.5, 0.5).sample()
    order = torch.randperm(5)
    x, lengths = module.seen
    assert order.tolist() != [0, 1, 2, 3, 4]
    assert lengths.tolist() == [
        max(int(own), int(other))
        for own, other in zip(batch["lengths"], batch["lengths"][order], strict=True)
    ]
    for row, n_steps in enumerate(lengths):
        assert x[row, :n_steps].all()
        assert not x[row, n_steps:].any()


@pytest.mark.parametrize("takes_generator", [False, True])
def test_augmentations_are_told_the_lengths(takes_generator):
    """On the host, where the function is the user's: the device is not waited for."""
    given, batch = [], ragged_batch()

    def augment(x, *generator, lengths):
        given.append((generator, lengths))
        return 2 * x

    augment.draws_from_generator = takes_generator
    objective = Augmented(cross_entropy, column="x", augment=augment)
    module = EchoOfSteps().train()
    objective(module, batch)
    torch.testing.assert_close(module.seen[0], 2 * batch["x"])
    ((generator, lengths),) = given
    assert (len(generator), isinstance(lengths, torch.Tensor)) == (takes_generator, takes_generator)
    assert lengths.tolist() == [2, 4, 1, 3, 1]
    objective(module, dict(batch))  # of a batch that knows nothing of the host
    assert given[1][1].tolist() == [2, 4, 1, 3, 1]


class OfOneShape(nn.Module):
    """Gives outputs of a shape that the targets have not."""

    def __init__(self, shape):
        super().__init__()
        self.shape, self.weight = shape, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.weight + torch.zeros(len(x), *self.shape)


@pytest.mark.parametrize("shape", [(), (1,), (2, 1), (3,)])
def test_outputs_of_another_shape_are_told(shape):
    class Converter:
        output_shape = (2,)

    objective = Supervised(squared_error, Converter())
    batch = {"x": torch.zeros(4, 3), "y": torch.zeros(4, 2)}
    for call in (objective, objective.row_losses):
        with pytest.raises(ValueError, match=r"must return \(n, 2\) for n rows, got \(4.* for 4"):
            call(OfOneShape(shape), batch)
    assert objective(OfOneShape((2,)), batch) == 0
