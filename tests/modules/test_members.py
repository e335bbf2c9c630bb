"""The tensors of all members inside of vmap."""

import torch
from torch.func import vmap

from skdl.modules import of_all_members, of_one_member, outside_of_vmap

K = 3


def test_whole_tensors_and_back():
    first, shared = torch.randn(K, 4, requires_grad=True), torch.randn(4)

    def one(x, y):
        whole = of_all_members(x, K)
        assert whole.shape == (K, 4)
        assert of_all_members(y, K).shape == (K, 4)
        return of_one_member(whole * torch.arange(K)[:, None]) + y

    found = vmap(one, in_dims=(0, None))(first, shared)
    torch.testing.assert_close(found, first * torch.arange(K)[:, None] + shared)
    (gradient,) = torch.autograd.grad(found.sum(), first)
    torch.testing.assert_close(gradient, torch.arange(K)[:, None].expand(K, 4).float())


def test_members_in_another_dimension():
    x = torch.randn(4, K)
    found = vmap(lambda part: of_one_member(of_all_members(part, K).clone()), in_dims=1)(x)
    assert torch.equal(found, x.T)


def test_outside_random_numbers_are_drawn():
    def one(x):
        whole = of_all_members(x, K)
        with outside_of_vmap():
            drawn = torch.rand(whole.shape)
        return of_one_member(drawn)

    assert len(vmap(one)(torch.zeros(K)).unique()) == K
