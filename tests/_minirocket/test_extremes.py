"""Largest and smallest convolutions, against plain loops; each series is answered as if alone."""

from itertools import islice

import numpy as np
import pytest
import torch

from skdl._minirocket._extremes import Extremes, extremes
from skdl._minirocket._kernels import (
    KERNELS,
    LARGEST,
    LOWEST,
    N_FIRST_TAPS,
    N_TAPS,
    Block,
    Positions,
    convolutions,
)
from skdl._minirocket._series import standardized_by_channel
from skdl._reading import Sequences
from tests._minirocket.series import features_of, ragged

RNG = np.random.default_rng(0)


def plain_extremes(kernels, x, dilation, stride):
    """Of each of the kernels: one number after another, where it lies within the series."""
    middle, found = N_TAPS // 2, []
    margin = middle * dilation
    places = [t for t in range(0, len(x), stride) if margin <= t < len(x) - margin]
    for kernel in kernels:
        weights = [2 if tap in kernel else -1 for tap in range(N_TAPS)]
        convolved = [
            sum(
                w * x[t + (tap - middle) * dilation]
                for tap, w in enumerate(weights)
                if 0 <= t + (tap - middle) * dilation < len(x)
            )
            for t in places or range(0, len(x), stride)
        ]
        found += [max(convolved), min(convolved)]
    return found


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("lengths", [[30] * 4, [40, 3, 17, 1, 26]], ids=["equal", "unequal"])
def test_features_are_those_of_plain_loops(lengths, stride):
    batch, mean, scale = standardized_by_channel(sequences := ragged(lengths, RNG))
    some = Extremes.learned(
        batch, int(np.median(lengths)), stride, np.random.default_rng(0), standardizes=False
    )
    found = features_of(some, batch)
    assert found.shape == (len(lengths), some.n_features)
    for row, series in enumerate(sequences.each(np.arange(len(lengths)))):
        expected, sets = [], zip(some.channels, some.limits, strict=True)
        for dilation in some.dilations:
            for first_tap, (channels, limit) in enumerate(islice(sets, N_FIRST_TAPS)):
                x = ((series - mean) / scale)[:, channels].sum(1) * (LARGEST / limit)
                x = np.rint(x.clip(-LARGEST, LARGEST)).astype(int)
                kernels = [kernel for kernel in KERNELS if kernel[0] == first_tap]
                expected += plain_extremes(kernels, x, int(dilation), stride)
        np.testing.assert_allclose(found[row], np.array(expected) / LARGEST, rtol=1e-6)


def test_tensors_give_the_same():
    values = np.zeros((54, 3), dtype=np.int16)
    lengths = np.array([30, 21, 9])
    for place, n in enumerate(lengths):
        values[12 : 12 + n, place] = RNG.integers(-LARGEST, LARGEST + 1, n)
    arrays, tensors = (Block(each, 12, lengths, 1) for each in (values, torch.from_numpy(values)))
    for (_, _, some), (_, _, others) in zip(
        *(convolutions(lambda _, block=block: block, 2) for block in (arrays, tensors)),
        strict=True,
    ):
        both = extremes(some, arrays.positions(8)), extremes(others, tensors.positions(8))
        np.testing.assert_array_equal(*both)


def test_positions_that_do_not_count_are_neither_largest_nor_smallest():
    values = np.array([[[5, 9], [-7, 30], [3, -30]]], dtype=np.int16)  # (m, t, W)
    largest = np.array([[2**15 - 1] * 2, [2**15 - 1, LOWEST], [LOWEST, LOWEST]], dtype=np.int16)
    most, least = extremes(values, Positions(slice(None), largest, np.array([2, 1])))
    assert most.tolist() == [[5, 9]]
    assert least.tolist() == [[-7, 9]]


def test_most_are_of_single_channels_each_about_as_often():
    batch, _, _ = standardized_by_channel(Sequences(RNG.normal(size=(4, 100, 5))))
    some = Extremes.learned(batch, 100, 1, np.random.default_rng(0), standardizes=False)
    dilations, n_times = np.unique(some.dilations, return_counts=True)
    assert set(n_times) == {3}  # two of five channels one by one, one of sums
    sets = np.reshape(np.array(some.channels, dtype=object), (len(dilations), 3, N_FIRST_TAPS))
    singles = np.concatenate(sets[:, :2].ravel())
    assert len(singles) == len(dilations) * 2 * N_FIRST_TAPS
    counts = np.bincount(singles)
    assert np.ptp(counts) <= len(dilations)
    assert max(map(len, sets[:, 2].ravel())) > 1
