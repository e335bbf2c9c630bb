"""Maxima and their gradients, against those of torch."""

import pytest
import torch
from torch.nn import functional as F

from skdl.modules import largest, largest_of_three


def outputs_and_gradients(functions, values):
    grads, outputs = [], []
    for function in functions:
        x = values.clone().requires_grad_()
        outputs.append(function(x))
        torch.manual_seed(0)
        outputs[-1].backward(torch.randn_like(outputs[-1]))
        grads.append(x.grad)
        torch.testing.assert_close(function(values), outputs[-1].detach(), rtol=0, atol=0)
    return outputs, grads


@pytest.mark.parametrize("n_steps", [1, 2, 3, 40])
def test_the_largest_of_three_is_that_of_torch_with_its_gradient(n_steps):
    values = torch.randint(4, (3, 5, n_steps)).double()  # many are equal
    values[0, 0, 0] = -torch.inf
    functions = largest_of_three, lambda x: F.max_pool1d(x, 3, 1, 1)
    (own, expected), (own_grad, expected_grad) = outputs_and_gradients(functions, values)
    torch.testing.assert_close(own, expected, rtol=0, atol=0)
    torch.testing.assert_close(own_grad, expected_grad)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_the_largest_is_that_of_torch_with_its_gradient(dim):
    values = torch.randint(4, (3, 5, 40)).double()
    functions = (lambda x: largest(x, dim)), (lambda x: x.amax(dim))
    (own, expected), (own_grad, expected_grad) = outputs_and_gradients(functions, values)
    torch.testing.assert_close(own, expected, rtol=0, atol=0)
    torch.testing.assert_close(own_grad, expected_grad)
