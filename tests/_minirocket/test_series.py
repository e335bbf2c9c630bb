"""Blocks of series: standardized, differenced, with channels added, rounded to integers."""

import numpy as np
import pytest
import torch

from skdl._minirocket._kernels import LARGEST
from skdl._minirocket._series import (
    Batch,
    block_of_integers,
    drawn_channels,
    highest_value,
    kept_blocks,
    limits_of,
    standardized_by_channel,
)
from skdl._reading import Sequences

RNG = np.random.default_rng(0)
LENGTHS = np.array([5, 1, 9, 2])


def unequal():
    sequences = Sequences(RNG.normal(size=(LENGTHS.sum(), 2)) * [1, 50] + 3, LENGTHS)
    return sequences, Batch(sequences, np.arange(4), np.zeros(2), np.ones(2))


def test_a_batch_holds_steps_by_series_and_zeros_behind_their_ends():
    sequences, batch = unequal()
    assert batch.values.shape == (2, 9, 4)
    for row, series in enumerate(sequences.each(np.arange(4))):
        np.testing.assert_array_equal(batch.values[:, : len(series), row], series.T)
        assert not batch.values[:, len(series) :, row].any()


def test_sums_of_channels_are_standardized_one_by_one():
    sequences, batch = unequal()
    found = batch.combined(np.array([0, 1]), standardizes=True)
    for row, series in enumerate(sequences.each(np.arange(4))):
        total = series.sum(1)
        expected = (total - total.mean()) / (total.std() or 1)
        np.testing.assert_allclose(found[: len(series), row], expected, atol=1e-12)
        assert not found[len(series) :, row].any()


def test_differences_end_with_their_series():
    sequences, batch = unequal()
    found = batch.differences(batch.values[0])
    for row, series in enumerate(sequences.each(np.arange(4))):
        np.testing.assert_allclose(found[: len(series) - 1, row], np.diff(series[:, 0]))
        assert not found[len(series) - 1 :, row].any()
    x = RNG.normal(size=(6, 3, 1))
    equal = Batch(Sequences(x), np.arange(6), np.zeros(1), np.ones(1))
    np.testing.assert_allclose(equal.differences(equal.values[0])[:-1], np.diff(x[..., 0]).T)


def test_channels_are_standardized_by_what_most_series_have():
    x = RNG.normal(size=(100, 40, 2)) * [1, 1e3] + [5, -7e5]
    x[0] *= 1e9  # one series
    _, mean, scale = standardized_by_channel(Sequences(x))
    np.testing.assert_allclose(mean, [5, -7e5], rtol=0.1)
    np.testing.assert_allclose(scale, [1, 1e3], rtol=0.3)


def test_series_are_clipped_far_from_the_usual_ones():
    x = RNG.normal(size=(50, 20))
    assert highest_value(x, 50) == pytest.approx(2 * np.abs(x).max())
    x[3, 4] = 1e6
    assert highest_value(x, 50) == pytest.approx(32, rel=0.5)
    assert highest_value(0 * x, 50) == 1


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
def test_blocks_are_integers_of_12_bits_with_margins(device):
    x = np.array([[0.0, 0.5], [1.0, -9.0]])
    block = block_of_integers(x, 2.0, 3, None, 1, device)
    values = np.asarray(block.values)
    assert values.dtype == np.int16
    assert (block.margin, values.shape) == (12, (26, 2))
    middle = [[0, round(LARGEST / 4)], [LARGEST / 2, -LARGEST]]
    np.testing.assert_allclose(values[12:14], middle, atol=0.5)
    assert not values[:12].any()
    assert not values[14:].any()


def test_channels_are_drawn_from_one_to_nine():
    drawn = drawn_channels(20, 210, np.random.default_rng(0))
    sizes = np.array([len(each) for each in drawn])
    assert len(drawn) == 210
    assert (sizes.min(), sizes.max()) == (1, 9)
    assert all(len(set(each.tolist())) == len(each) for each in drawn)
    assert (sizes <= 3).mean() > 0.5
    assert {tuple(each) for each in drawn_channels(1, 3, np.random.default_rng(0))} == {(0,)}


def test_blocks_of_the_same_channels_are_made_once():
    x, made = RNG.normal(size=(3, 6, 4)), []

    def combined(channels):
        made.append(channels.tolist())
        return x[channels].sum(0)

    drawn = [np.array(some) for some in ([0], [0, 2], [0], [0, 2])]
    limits = limits_of(drawn, combined, 6)
    assert made == [[0], [0, 2]]
    assert limits == [highest_value(x[some].sum(0), 6) for some in drawn]
    made.clear()
    block = kept_blocks(combined, 2, None, 1, None)
    blocks = [block(some, limit) for some, limit in zip(drawn, limits, strict=True)]
    assert made == [[0], [0, 2]]
    assert blocks[0] is blocks[2]
    assert blocks[0] is not blocks[1]
    expected = block_of_integers(x[drawn[1]].sum(0), limits[1], 2, None, 1, None)
    np.testing.assert_array_equal(blocks[1].values, expected.values)
