"""The copy of a module that stands for the members of a pack."""

import pytest
import torch
from torch import nn
from torch.func import vmap

from skdl.engine._pack_layers import StandIn

K, B = 3, 5


def stacks_of(modules):
    return {
        name: torch.stack([dict(module.named_parameters())[name] for module in modules])
        for name, _ in modules[0].named_parameters()
    }


def outputs_of(stand_in, stacks, x, in_dims):
    def one(tensors, x):
        stand_in.put(tensors)
        return stand_in(input=x)

    return vmap(one, in_dims=(0, in_dims))(stacks, x)


@pytest.mark.parametrize("is_shared", [True, False])
def test_it_computes_what_each_module_does(is_shared):
    modules = [nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)) for _ in range(K)]
    stand_in = StandIn(modules, [torch.Generator()] * K)
    x = torch.randn(B, 4) if is_shared else torch.randn(K, B, 4)
    found = outputs_of(stand_in, stacks_of(modules), x, None if is_shared else 0)
    for k, module in enumerate(modules):
        torch.testing.assert_close(found[k], module(x if is_shared else x[k]))
    assert type(modules[0][0]) is nn.Linear


def test_dropout_of_torch_draws_from_the_generators_of_the_members():
    modules = [nn.Sequential(nn.Linear(4, 6), nn.Dropout(p)).train() for p in (0.2, 0.5, 0.0)]
    generators = [torch.Generator().manual_seed(k) for k in range(K)]
    stand_in = StandIn(modules, generators)
    found = outputs_of(stand_in, stacks_of(modules), x := torch.randn(K, B, 4), 0)
    for k, module in enumerate(modules):
        torch.manual_seed(k)
        torch.testing.assert_close(found[k], module(x[k]))


def test_tied_weights_stay_tied():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
            self.second.weight = self.first.weight

        def forward(self, input):
            return self.second(self.first(input))

    modules = [Tied() for _ in range(K)]
    stand_in = StandIn(modules, [torch.Generator()] * K)
    found = outputs_of(stand_in, stacks_of(modules), x := torch.randn(K, B, 4), 0)
    for k, module in enumerate(modules):
        torch.testing.assert_close(found[k], module(x[k]))
