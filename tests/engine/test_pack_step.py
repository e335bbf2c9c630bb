"""One step of a pack, computed each time or by a tape."""

import contextlib
from functools import partial

import pytest
import torch
from torch import nn

from skdl.engine import Data, Net, Supervised, cross_entropy
from skdl.engine._pack_batches import PackBatches
from skdl.engine._pack_step import PackStep, joined_objective
from skdl.engine._pack_weights import StackedWeights
from skdl.modules import Dropout


class Perceptron(nn.Sequential):
    stackable = draws_from_generator = True

    def __init__(self, p=0.3):
        super().__init__(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), Dropout(p), nn.Linear(6, 3))

    def forward(self, x):
        return super().forward(x)


class Counting(Perceptron):
    """A module that breaks the contract: its output depends on how often it was called."""

    n_calls = 0

    def forward(self, x):
        type(self).n_calls += 1
        return super().forward(x) * self.n_calls


class Reading(Perceptron):
    def forward(self, x):
        torch.ones(()).item()
        return super().forward(x)


def parts_of(kind, n_members=3):
    torch.manual_seed(0)
    data = Data({"x": torch.randn(64, 4), "y": torch.arange(64) % 3})
    nets = [
        Net(kind(), Supervised(cross_entropy), seed=k, batch_size=8).initialize()
        for k in range(n_members)
    ]
    runs = [net.start(data) for net in nets]
    for run in runs:
        run.begin_epoch()
    weights = StackedWeights([run.module for run in runs])
    return runs, weights, PackStep(runs, weights)


def losses_of(kind, *, with_tape):
    runs, weights, step = parts_of(kind)
    found = []
    with contextlib.ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.random.with_generators())
        for batch in PackBatches([run.train for run in runs]):
            if not with_tape:
                step.tapes[step._key(batch)] = None
            found += [step(batch).clone(), weights.gradient.clone()]
    return found, step, [buffer.clone() for buffer in weights.buffers.values()]


def test_steps_by_a_tape_are_those_without():
    by_tape, step, buffers = losses_of(Perceptron, with_tape=True)
    assert len(step.checked) == 1
    without, step, others = losses_of(Perceptron, with_tape=False)
    assert not step.checked
    for found, expected in zip([*by_tape, *buffers], [*without, *others], strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("kind", [Counting, Reading])
def test_no_tape_where_it_would_be_wrong(kind):
    kind.n_calls = 0
    _, step, _ = losses_of(kind, with_tape=True)
    assert not step.checked
    assert list(step.tapes.values()) == [None]


def test_numbers_of_objectives_that_differ():
    objectives = [
        Supervised(cross_entropy, None, partial(cross_entropy, label_smoothing=value))
        for value in (0.0, 0.2)
    ]
    call, numbers = joined_objective(objectives)
    assert numbers["label_smoothing"].tolist() == [0.0, 0.2]
    module, y = nn.Linear(4, 3), torch.tensor([0, 2])
    module.forward = lambda x, forward=module.forward: forward(x)
    batch = {"x": torch.randn(2, 4), "y": y}
    for objective, value in zip(objectives, numbers["label_smoothing"], strict=True):
        expected = objective(module, batch)
        torch.testing.assert_close(call(module, batch, {"label_smoothing": value}), expected)
    assert joined_objective(objectives[:1] * 2)[1] == {}
