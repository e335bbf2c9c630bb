"""Counts above thresholds: exact, whatever the sizes, and the same on torch's path."""

import numpy as np
import pytest
import torch

from skdl._minirocket import _counts
from skdl._minirocket._counts import Hits, write_counts, write_counts_of_arrays
from skdl._minirocket._kernels import LARGEST, Block, Dilations, responses

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n_hits", [1, 2**20])
@pytest.mark.parametrize("n_kernels", [1, 3])
@pytest.mark.parametrize(("n_steps", "width"), [(7, 3), (300, 40), (1000, 1), (2, 3000)])
def test_counts_are_exact(n_steps, width, n_kernels, n_hits, monkeypatch):
    monkeypatch.setattr(_counts, "HITS_AT_ONCE", n_hits)
    values = RNG.integers(-9, 9, (n_kernels, n_steps, width)).astype(np.int16)
    thresholds = RNG.integers(-9, 9, (n_kernels, 5)).astype(np.int16)
    thresholds[:, [0, -1]] = -20, 20
    expected = (values[:, None] > thresholds[:, :, None, None]).sum(2)
    hits = Hits()
    for _ in range(2):  # the second time into the same memory
        np.testing.assert_array_equal(counts_above(values, thresholds, hits), expected)


def counts_above(values, thresholds, hits):
    counts = np.empty((*thresholds.shape, values.shape[2]), np.min_scalar_type(values.shape[1]))
    write_counts_of_arrays(values, thresholds, hits, counts)
    return counts


def test_counts_of_every_second_kernel_and_of_some_steps_are_exact():
    values = RNG.integers(-9, 9, (6, 50, 4)).astype(np.int16)[1::2, 3:-2]
    thresholds = np.array([[0], [1], [2]], dtype=np.int16)
    expected = (values[:, None] > thresholds[:, :, None, None]).sum(2)
    np.testing.assert_array_equal(counts_above(values, thresholds, Hits()), expected)


def test_tensors_give_the_same_counts():
    series = np.zeros((54, 3), dtype=np.int16)
    lengths = np.array([30, 21, 9])
    for place, n in enumerate(lengths):
        series[12 : 12 + n, place] = RNG.integers(-LARGEST, LARGEST + 1, n)
    arrays, dilations = Block(series, 12, lengths, 2), Dilations(np.array([1, 3]), np.array([2, 2]))
    tensors = Block(torch.from_numpy(series), 12, lengths, 2)
    both = (responses(lambda *_, block=block: block, dilations) for block in (arrays, tensors))
    for of_arrays, of_tensors in zip(*both, strict=True):
        thresholds = np.tile(np.array([-500, 800], dtype=np.int16), (len(of_arrays.values), 1))
        expected, found = np.empty((2, *thresholds.shape, 3), dtype=np.uint8)
        write_counts(of_arrays, thresholds, Hits(), expected)
        write_counts(of_tensors, thresholds, Hits(), torch.from_numpy(found))
        np.testing.assert_array_equal(found, expected)
