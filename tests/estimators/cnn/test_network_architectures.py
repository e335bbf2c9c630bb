"""Blocks against torch's own and formulas written out; sizes of whole networks."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from skdl.estimators.cnn._network_architectures import (
    ARCHITECTURES,
    GridPool,
    Inception,
    InceptionBlock,
    Residual,
    make_fcn,
    make_plain,
    make_resnet,
    stem_strides,
)
from tests.ids import short


def sizes_of(features, shape):
    """Space after each block."""
    x, sizes = torch.randn(2, *shape), []
    for block in features.eval():
        x = block(x)
        sizes.append(tuple(x.shape[2:]))
    return sizes


# Pooling ------------------------------------------------------------------------------------------


def test_pool_of_images_is_a_grid_of_means_and_the_maximum():
    x = torch.arange(32.0).view(1, 2, 4, 4)
    pooled = GridPool(2)(x)
    quarters = [2.5, 4.5, 10.5, 12.5]
    assert pooled.tolist() == [[*quarters, *(q + 16 for q in quarters), 15, 31]]


@pytest.mark.parametrize("grid", [1, 4])
def test_pool_of_signals_is_mean_and_maximum(grid):
    x = torch.tensor([[[1.0, 2.0, 6.0]]])
    assert GridPool(grid)(x).tolist() == [[3, 6]]


def test_pool_of_one_cell_is_mean_and_maximum():
    x = torch.randn(2, 3, 5, 4)
    torch.testing.assert_close(GridPool(1)(x), torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


# Blocks ------------------------------------------------------------------------------------------


def test_plain_blocks_are_two_convolutions_each_and_a_maximum_between():
    (one, two) = make_plain((1, 8, 8), (4, 6), 3).eval()
    x = torch.randn(2, 1, 8, 8)
    a, _, _, b, _, _ = one
    by_hand = F.relu(b(F.relu(a(x) / math.sqrt(1 + 1e-5))) / math.sqrt(1 + 1e-5))
    torch.testing.assert_close(one(x), by_hand)
    assert isinstance(two[0], nn.MaxPool2d)
    assert [type(part) for part in two[1:]] == [type(part) for part in one]
    assert a.weight.shape == (4, 1, 3, 3)


@pytest.mark.parametrize("n_out", [4, 6])
@pytest.mark.parametrize("halve", [True, False])
def test_a_new_residual_block_is_its_shortcut(n_out, halve):
    block, x = Residual(2, 4, n_out, 3, halve=halve).eval(), torch.randn(2, 4, 7, 6)
    expected = F.avg_pool2d(x, 2, ceil_mode=True) if halve else x
    if n_out != 4:
        *_, convolution, norm = block.shortcut
        expected = norm(convolution(expected))
    torch.testing.assert_close(block(x), F.relu(expected))
    nn.init.ones_(block.body[-1].weight)
    assert not torch.allclose(block(x), F.relu(expected))


def test_inception_by_hand():
    unit, x = Inception(3, 8, 40, 9, (1, 2, 4)).eval(), torch.randn(2, 3, 40)
    h = F.conv1d(x, unit.bottleneck.weight)
    parts = [
        F.conv1d(h, branch.weight, padding=4 * dilation, dilation=dilation)
        for branch, dilation in zip(unit.branches, (1, 2, 4), strict=True)
    ]
    parts.append(F.conv1d(F.max_pool1d(x, 3, 1, 1), unit.pooled.weight))
    torch.testing.assert_close(unit(x), torch.cat(parts, 1) / math.sqrt(1 + 1e-5))
    assert {part.shape for part in parts} == {(2, 2, 40)}


@pytest.mark.parametrize("length", [1, 2, 3, 9, 10, 33])
@pytest.mark.parametrize("n_out", [1, 3, 8])
@pytest.mark.parametrize("n_in", [1, 2])
def test_inception_keeps_any_length_and_looks_no_farther_than_it(length, n_out, n_in):
    unit = Inception(n_in, n_out, length, 9, (1, 2, 4)).eval()
    assert unit(torch.randn(2, n_in, length)).shape == (2, n_out, length)
    for branch in unit.branches:
        reach = (branch.kernel_size[0] - 1) * branch.dilation[0]
        assert reach <= max(length, branch.kernel_size[0] - 1)


def test_inception_blocks_have_a_shortcut():
    block, x = InceptionBlock(2, 8, 40, 9, halve=True).eval(), torch.randn(3, 2, 40)
    half = F.max_pool1d(x, 2)
    first, second = block.units
    expected = F.relu(second(F.relu(first(half))) + block.shortcut(half))
    torch.testing.assert_close(block(x), expected)


# Whole networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape", "expected"),
    [
        (make_plain, (1, 8, 8), [(8, 8), (4, 4), (4, 4)]),
        (make_plain, (1, 28, 28), [(28, 28), (14, 14), (7, 7)]),
        (make_plain, (3, 64, 64), [(32, 32), (32, 32), (16, 16), (8, 8)]),
        (make_plain, (3, 256, 256), [(32, 32), (32, 32), (16, 16), (8, 8)]),
        (make_plain, (1, 2, 2), [(2, 2)] * 3),
        (make_resnet, (1, 8, 8), [(8, 8), (8, 8), (4, 4), (4, 4)]),
        (make_resnet, (3, 100, 64), [(25, 32), (25, 32), (13, 16), (7, 8)]),
        (make_plain, (2, 1000), [(500,), (500,), (250,), (125,)]),
        (make_fcn, (1, 1), [(1,)] * 3),
        (make_fcn, (1, 24), [(24,)] * 3),
        (make_fcn, (1, 150), [(150,), (75,), (38,)]),
        (make_fcn, (6, 10_000), [(500,), (500,), (250,), (125,)]),
    ],
    ids=short,
)
def test_space_halves_between_blocks_while_there_is_room(make, shape, expected):
    assert sizes_of(make(shape, (4, 6, 8), 3), shape) == expected


@pytest.mark.parametrize(
    ("space", "strides"),
    [
        ((32, 32), (1, 1)),
        ((33, 33), (2, 2)),
        ((105, 105), (4, 4)),
        ((40, 60), (2, 2)),
        ((32, 344), (2, 8)),
        ((344, 32), (8, 2)),
        ((2, 3000), (1, 8)),
        ((512,), (1,)),
        ((513,), (2,)),
    ],
)
def test_both_sides_are_reduced_the_longer_one_more(space, strides):
    assert stem_strides(space) == strides


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_the_work_does_not_depend_on_the_shape(height, width):
    pixels = math.prod(
        side // stride
        for side, stride in zip((height, width), stem_strides((height, width)), strict=True)
    )
    assert pixels <= 32**2
    assert height * width <= 32**2 or pixels >= 32**2 / 5


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(1, 50), (3, 2)])
def test_every_architecture_takes_signals(name, shape):
    x = ARCHITECTURES[name](shape, (4, 6), 5)(torch.randn(2, *shape))
    assert x.shape[:2] == (2, 6)
    assert x.isfinite().all()


def test_the_kernel_size_is_that_of_the_convolutions():
    sizes = {
        part.kernel_size
        for part in make_plain((1, 16, 16), (4, 4), 5).modules()
        if isinstance(part, nn.Conv2d)
    }
    assert sizes == {(5, 5)}
    branches = make_fcn((1, 100), (4, 4), 5)[0].units[0].branches
    assert {branch.kernel_size for branch in branches} == {(15,)}
