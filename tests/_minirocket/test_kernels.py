"""Convolutions with the kernels of MiniRocket, against plain loops."""

import numpy as np
import pytest

from skdl._minirocket._kernels import (
    KERNELS,
    LARGEST,
    LOWEST,
    Block,
    Dilations,
    responses,
)

RNG = np.random.default_rng(0)


def block_of(series, margin, stride):
    """Series of unequal length side by side."""
    lengths = np.array([len(each) for each in series])
    values = np.zeros((lengths.max() + 2 * margin, len(series)), dtype=np.int16)
    for place, each in enumerate(series):
        values[margin : margin + len(each), place] = each
    same = (lengths == lengths[0]).all()
    return Block(values, margin, None if same else lengths, stride)


def plain_convolution(x, kernel, dilation, *, padded, stride):
    """One number after another: weights 2 at the taps of the kernel, and else -1."""
    weights = [2 if tap in kernel else -1 for tap in range(9)]
    found = []
    for t in range(0, len(x), stride):
        steps = [t + (tap - 4) * dilation for tap in range(9)]
        if not padded and not all(0 <= step < len(x) for step in steps):
            continue
        inside = [(w, step) for w, step in zip(weights, steps, strict=True) if 0 <= step < len(x)]
        found.append(sum(w * int(x[step]) for w, step in inside))
    return found


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("lengths", [[23, 23], [40, 17, 5, 1]], ids=["equal", "unequal"])
def test_convolutions_are_those_of_plain_loops(lengths, stride):
    series = [RNG.integers(-LARGEST, LARGEST + 1, n) for n in lengths]
    dilations = Dilations(np.array([1, 2, 5]), np.array([1, 1, 1]))
    block = block_of(series, 20, stride)
    n_within = 0
    for number, response in enumerate(responses(lambda *_: block, dilations, n_at_once=1)):
        place, kernel = divmod(number, len(KERNELS))
        dilation, padded = int(dilations.steps[place]), (place + kernel) % 2 == 0
        for column, x in enumerate(series):
            options = {"stride": stride}
            expected = plain_convolution(x, KERNELS[kernel], dilation, padded=padded, **options)
            n_within += bool(expected and not padded)
            # Where the kernel lies nowhere within the series, it is padded all the same.
            if not expected:
                expected = plain_convolution(x, KERNELS[kernel], dilation, padded=True, **options)
            values = response.values[0, :, column]
            assert values[values != LOWEST].tolist() == expected
            assert np.broadcast_to(response.n_positions, len(series))[column] == len(expected)
        assert response.rows_of(np.arange(3 * len(KERNELS))).tolist() == [[number]]
    assert number == 3 * 84 - 1
    assert n_within > 0


def test_no_convolution_exceeds_16_bits():
    extreme = np.where(np.isin(np.arange(9), KERNELS[0]), LARGEST, -LARGEST)
    assert 12 * LARGEST <= 2**15 - 1
    block = block_of([extreme, -extreme], 4, 1)
    first = next(responses(lambda *_: block, Dilations(np.array([1]), np.array([1]))))
    assert first.values[0, 4].tolist() == [12 * LARGEST, -12 * LARGEST]


@pytest.mark.parametrize("n_at_once", [2, 9, 84, None])
def test_many_kernels_at_once_give_the_same(n_at_once):
    series = [RNG.integers(-LARGEST, LARGEST + 1, n) for n in (30, 21, 9)]
    blocks = {n: block_of(series, 12, 1) for n in range(2)}  # other channels from tap 3 on
    dilations = Dilations(np.array([1, 3]), np.array([2, 1]))

    def by_feature(n_at_once):
        found, numbers = {}, np.arange(3 * 84)
        for response in responses(lambda _, i: blocks[i >= 3], dilations, n_at_once):
            for each, features in zip(response.values, response.rows_of(numbers), strict=True):
                found[tuple(features.tolist())] = each.tolist(), response.n_positions.tolist()
        return found

    blocks[1].values[:] = blocks[1].values[:, ::-1].copy()
    found, expected = by_feature(n_at_once), by_feature(1)
    assert len(expected) == 2 * 84
    assert found == expected


@pytest.mark.parametrize("length", [1, 8, 9, 100, 5000])
@pytest.mark.parametrize("n_per_kernel", [1, 7, 119])
def test_dilations_grow_to_the_length(length, n_per_kernel):
    steps, n_thresholds = Dilations.spread(length, n_per_kernel, 32)
    assert steps[0] == 1
    assert (np.diff(steps) > 0).all()
    assert n_thresholds.sum() == n_per_kernel
    assert (n_thresholds >= 1).all()
    assert steps[-1] <= max(1, (length - 1) / 8)
    if n_per_kernel == 119 and length > 100:
        assert steps[-1] * 8 > 0.9 * (length - 1) - 8


@pytest.mark.parametrize("length", [5, 15, 40, 1000])
@pytest.mark.parametrize("n_per_kernel", [1, 5, 119])
def test_few_dilations_are_repeated(length, n_per_kernel):
    once = Dilations.spread(length, n_per_kernel, 32)
    steps, n_thresholds = Dilations.spread(length, n_per_kernel, 32, least=8)
    assert np.unique(steps).tolist() == once.steps.tolist()
    assert (np.diff(steps) >= 0).all()
    assert n_thresholds.sum() == n_per_kernel
    assert (n_thresholds >= 1).all()
    assert len(steps) < 8 + len(once.steps)
    if n_per_kernel == 119 and length < 40:
        assert len(steps) > 4
