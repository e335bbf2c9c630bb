"""Operators that are recorded once and called again."""

import pytest
import torch
from torch import nn

from skdl.engine._tape import BUFFERED_BYTES, NotRepeatableError, Tape, out_variant

RNG = torch.Generator().manual_seed(0)


def batch(n_rows=64):
    return torch.randn(n_rows, 128, generator=RNG)


def test_a_step_on_other_inputs():
    module = nn.Sequential(nn.Linear(128, 96), nn.Tanh(), nn.LayerNorm(96), nn.Linear(96, 2))
    params = list(module.parameters())

    def step(x, y):
        loss = nn.functional.mse_loss(module(x), y)
        return [loss.detach(), *torch.autograd.grad(loss, params)]

    inputs = [(batch(), torch.randn(64, 2, generator=RNG)) for _ in range(3)]
    tape = Tape(step, inputs[0])
    for x, y in inputs:
        for found, expected in zip(tape(x, y), step(x, y), strict=True):
            assert torch.equal(found, expected)
    with torch.no_grad():  # weights are those of now
        params[0].mul_(2)
    assert torch.equal(tape(*inputs[1])[0], step(*inputs[1])[0])


def test_results_in_kept_memory_do_not_mix():
    """Results that live at the same time have places of their own."""

    def step(x):
        parts = [x * k for k in range(1, 6)]
        total = parts[0] + parts[4]
        viewed = (total * 2).T.unsqueeze(0)
        del parts[2:]
        return [total, parts[1], viewed.sum(0)]

    tape = Tape(step, [batch()])
    assert batch().nbytes >= BUFFERED_BYTES
    first, second = batch(), batch()
    for x in (first, second):
        for result, expected in zip(tape(x), step(x), strict=True):
            assert torch.equal(result, expected)


def test_buffers_and_random_numbers_go_on():
    norm, generator = nn.BatchNorm1d(128), torch.Generator().manual_seed(1)

    def step(x):
        mask = torch.empty_like(x).bernoulli_(0.5, generator=generator)
        return [(norm(x) * mask).detach()]

    tape, (first, second) = Tape(step, [batch()]), (batch(), batch())
    state = generator.get_state(), norm.running_mean.clone()
    found = [tape(x)[0].clone() for x in (first, second)]
    assert norm.num_batches_tracked == 3
    generator.set_state(state[0])
    norm.running_mean.copy_(state[1])
    for result, x in zip(found, (first, second), strict=True):
        assert torch.equal(result, step(x)[0])


def test_lists_of_tensors():
    def step(x):
        left, right = x.split(64, dim=1)
        return [torch.cat([right, left], dim=1)]

    x = batch()
    assert torch.equal(Tape(step, [batch()])(x)[0], step(x)[0])


@pytest.mark.parametrize(
    "read", [lambda x: x.sum().item(), lambda x: x[x > 0], lambda x: x if x.sum() > 0 else -x]
)
def test_a_step_that_reads_values_is_not_repeatable(read):
    with pytest.raises(NotRepeatableError):
        Tape(lambda x: [torch.as_tensor(read(x))], [batch()])


def test_operators_that_write_their_result():
    aten = torch.ops.aten
    assert out_variant(aten.mul.Tensor) == (aten.mul.out, "out")
    assert out_variant(aten.bmm.default) == (aten.bmm.out, "out")
    assert out_variant(aten.view.default) is None
    assert out_variant(aten.add_.Tensor) is None
