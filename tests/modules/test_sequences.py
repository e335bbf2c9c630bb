"""The padding mask, last steps and pooling over the steps of padded sequences."""

import pytest
import torch

from skdl.modules import Pool, last_steps, padding_mask

LENGTHS = torch.tensor([3, 1])


def test_padding_mask_is_false_on_padding():
    mask = padding_mask(torch.zeros(2, 3, 5), LENGTHS)
    assert mask[..., 0].tolist() == [[True] * 3, [True, False, False]]


def test_last_steps_end_with_the_sequence_and_repeat_its_first():
    x = torch.arange(6.0).view(2, 3, 1)
    assert last_steps(x, None, 2).tolist() == [[1, 2], [4, 5]]
    assert last_steps(x, LENGTHS, 2).tolist() == [[1, 2], [3, 3]]
    assert last_steps(x, None, 4).tolist() == [[0, 0, 1, 2], [3, 3, 4, 5]]


@pytest.mark.parametrize("kind", ["last", "mean", "max", "attention"])
def test_pooling_over_padded_rows_is_that_of_each_row_alone(kind):
    torch.manual_seed(0)
    x, pool = torch.randn(2, 3, 4), Pool(kind, 4)
    alone = torch.cat([pool(x[i : i + 1, :n]) for i, n in enumerate(LENGTHS.tolist())])
    torch.testing.assert_close(pool(x, LENGTHS), alone)


def test_mean_and_maximum_by_hand():
    x = torch.tensor([[[1.0], [5.0], [9.0]], [[2.0], [7.0], [8.0]]])
    assert Pool("mean", 1)(x, LENGTHS).tolist() == [[5], [2]]
    assert Pool("max", 1)(x, LENGTHS).tolist() == [[9], [2]]
    assert Pool("last", 1)(x, LENGTHS).tolist() == [[9], [2]]
