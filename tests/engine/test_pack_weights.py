"""Stacked weights and their optimizers."""

import copy

import pytest
import torch
from torch import nn

from skdl.engine._optim import make_optimizer, rates_of, set_lr
from skdl.engine._pack_weights import STACKED, StackedWeights

K = 3


class Network(nn.Module):
    """Two groups of parameters, a frozen parameter and a buffer."""

    def __init__(self):
        super().__init__()
        self.hidden, self.head = nn.Linear(3, 4), nn.Linear(4, 2)
        self.frozen = nn.Parameter(torch.randn(2), requires_grad=False)
        self.register_buffer("n_calls", torch.zeros(()))

    def parameter_groups(self):
        return [(self.hidden.parameters(), 0.1), (self.head.parameters(), 1.0)]


def modules_of():
    torch.manual_seed(0)
    return [Network().double() for _ in range(K)]


def test_modules_and_stacks_share_their_memory():
    modules = modules_of()
    before = copy.deepcopy(modules)
    weights = StackedWeights(modules)
    with torch.no_grad():
        weights.flat.add_(1)
        weights.buffers["n_calls"].add_(torch.arange(K))
        modules[1].frozen.mul_(2)
    for k, (module, old) in enumerate(zip(modules, before, strict=True)):
        torch.testing.assert_close(module.head.weight.data, old.head.weight.data + 1)
        assert module.n_calls == k
    assert torch.equal(weights.parameters["frozen"][1], modules[1].frozen)
    weights.release([0, 2])
    with torch.no_grad():
        weights.flat.zero_()
    torch.testing.assert_close(modules[0].head.weight.data, before[0].head.weight.data + 1)
    assert not modules[1].head.weight.any()


def test_gradients_are_clipped_by_member():
    modules = modules_of()
    weights = StackedWeights(modules)
    weights.gradient.copy_(torch.randn_like(weights.gradient))
    gradients = {name: part.clone() for name, part in weights.split(weights.gradient).items()}
    most = [0.5, torch.inf, 1e9]
    weights.clip(weights.flat.new_tensor(most))
    for k, module in enumerate(modules):
        params = [dict(module.named_parameters())[name] for name in weights.trained]
        for name, param in zip(weights.trained, params, strict=True):
            param.grad = gradients[name][k].clone()
        nn.utils.clip_grad_norm_(params, most[k])
        for name, param in zip(weights.trained, params, strict=True):
            torch.testing.assert_close(weights.split(weights.gradient)[name][k], param.grad)


@pytest.mark.parametrize("name", STACKED)
def test_steps_are_those_of_the_members_own_optimizers(name):
    """With rates, groups, decay and numbers of steps before that differ from member to member."""
    modules, alone = modules_of(), modules_of()
    rates, decays = [0.1, 0.01, 0.3], [0.0, 0.5, 0.1]
    pairs = [
        [
            make_optimizer(name, each, lr, decay)
            for each, lr, decay in zip(side, rates, decays, strict=True)
        ]
        for side in (alone, modules)
    ]
    gradient = torch.Generator().manual_seed(1)

    def step_alone(module, optimizer):
        for param in module.parameters():
            if param.requires_grad:
                param.grad = torch.randn(param.shape, generator=gradient, dtype=param.dtype)
        optimizer.step()
        return {n: p.grad for n, p in module.named_parameters() if p.requires_grad}

    for k in range(K):  # different numbers of steps before
        for _ in range(k):
            found = step_alone(alone[k], pairs[0][k])
            for n, p in modules[k].named_parameters():
                p.grad = found.get(n)
            pairs[1][k].step()
    weights = StackedWeights(modules)
    optimizer = STACKED[name](weights, pairs[1])
    for number in range(3):
        for each in (*pairs[0], *pairs[1]):
            set_lr(each, 0.1 / (1 + number))
        found = [step_alone(*pair) for pair in zip(alone, pairs[0], strict=True)]
        for n, part in weights.split(weights.gradient).items():
            part.copy_(torch.stack([each[n] for each in found]))
        with torch.no_grad():
            optimizer.step([rates_of(each) for each in pairs[1]])
    for first, second in zip(alone, modules, strict=True):
        for p, q in zip(first.parameters(), second.parameters(), strict=True):
            torch.testing.assert_close(p, q)
    optimizer.release(range(K))
    weights.release(range(K))
    for k in range(K):  # and alone from there
        found = step_alone(alone[k], pairs[0][k])
        for n, p in modules[k].named_parameters():
            p.grad = found.get(n)
        pairs[1][k].step()
        torch.testing.assert_close(alone[k].head.weight, modules[k].head.weight)
