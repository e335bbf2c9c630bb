"""The loss of a batch with its gradients, by a tape or without."""

import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skdl.engine import Data, Net, Supervised, squared_error
from skdl.modules import Dropout, stacked_linear

X, Y = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60.0)[:, None]


class Network(nn.Module):
    draws_from_generator = repeats_operators = True

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.head = nn.Linear(4, 8), nn.Linear(8, 1)
        self.unused, self.norm = nn.Linear(2, 2), nn.BatchNorm1d(8)
        self.dropout = Dropout(0.2)

    def forward(self, x):
        return self.head(self.dropout(torch.relu(self.norm(self.hidden(x)))))


class WithoutTape(Network):
    repeats_operators = False


class Breaks(Network):
    """What the attribute says is not true of it."""

    n_calls = 0

    def forward(self, x):
        self.n_calls += 1
        return super().forward(x) * self.n_calls


class BreaksWithoutTape(Breaks):
    repeats_operators = False


def run_of(module, *, epochs=3, change=None, **parameters):
    net = Net(module(), Supervised(squared_error), max_epochs=9, batch_size=16, **parameters)
    run = net.initialize().start(Data({"x": X, "y": Y}))
    for epoch in range(epochs):
        if change is not None and epoch == 1:
            change(net.module_)
        run.epoch()
    return run


def assert_same_weights(first, second):
    states = (each.module.state_dict() for each in (first, second))
    torch.testing.assert_close(*states, atol=0, rtol=0)


def freeze(module):
    module.hidden.weight.requires_grad_(False)


def replace(module):
    module.head.weight.data = module.head.weight.data * 2


def drop_more(module):
    module.dropout.p = 0.9


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("change", [None, freeze, replace, drop_more])
def test_weights_are_those_without_a_tape(change, optimizer):
    """Batches of two sizes; a parameter that is frozen and a rate that is set after an epoch."""
    runs = [
        run_of(kind, change=change, optimizer=optimizer, weight_decay=0.1)
        for kind in (Network, WithoutTape)
    ]
    assert_same_weights(*runs)
    assert runs[0].gradients.checked
    assert not runs[1].gradients.tapes


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_gradients_lie_as_their_parameters_do(optimizer):
    """Fused optimizers go through both in the order of memory."""

    class Stacked(nn.Module):
        draws_from_generator = repeats_operators = True

        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.weights = nn.ParameterList([torch.randn(2, 6, 4), torch.randn(2, 1, 6)])

        def forward(self, x):
            x = torch.tanh(stacked_linear(x.expand(2, *x.shape), self.weights[0], None))
            return stacked_linear(x, self.weights[1], None).mean(0)

    class StackedWithoutTape(Stacked):
        repeats_operators = False

    runs = [run_of(kind, optimizer=optimizer) for kind in (Stacked, StackedWithoutTape)]
    assert runs[0].gradients.checked
    assert_same_weights(*runs)


def test_a_module_that_breaks_its_word_is_noticed():
    runs = [run_of(kind) for kind in (Breaks, BreaksWithoutTape)]
    assert not runs[0].gradients.checked


def test_callbacks_on_batches_see_gradients_of_backward_passes():
    class Sees(Callback):
        n = 0

        def on_grad_computed(self, net, named_parameters, **kwargs):
            self.n += sum(param.grad is not None for _, param in named_parameters)

    sees = Sees()
    assert not run_of(Network, callbacks=[sees]).gradients.tapes
    assert sees.n > 0
