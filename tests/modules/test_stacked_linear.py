"""Linear layers side by side."""

import pytest
import torch
from torch import nn
from torch.func import vmap

from skdl.modules import stacked_linear

K, B = 3, 5


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(B,), (B, 4)], ids=["rows", "steps"])
@pytest.mark.parametrize(("n_in", "n_out"), [(2, 17), (17, 18), (7, 2), (4, 1)])
def test_stacked_linear_layers(n_in, n_out, shape, bias):
    x = torch.randn(K, *shape, n_in, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(K, n_out, n_in, dtype=torch.float64, requires_grad=True)
    of_bias = torch.randn(K, n_out, dtype=torch.float64, requires_grad=True) if bias else None
    given = [each for each in (x, weight, of_bias) if each is not None]
    output = stacked_linear(x, weight, of_bias)
    expected = torch.stack(
        [
            nn.functional.linear(x[k], weight[k], None if of_bias is None else of_bias[k])
            for k in range(K)
        ]
    )
    torch.testing.assert_close(output, expected)
    factor = torch.randn_like(output)
    found = torch.autograd.grad((output * factor).sum(), given)
    wanted = torch.autograd.grad((expected * factor).sum(), given)
    torch.testing.assert_close(found, wanted)


def test_several_stacks_at_once():
    x, weight = torch.randn(2, K, B, 4), torch.randn(2, K, 3, 4)
    found = vmap(lambda x, weight: stacked_linear(x, weight, None))(x, weight)
    for k in range(2):
        torch.testing.assert_close(found[k], stacked_linear(x[k], weight[k], None))
