"""What a family may leave unsaid."""

import numpy as np
import pytest
import torch

from skdl.engine import Data
from skdl.estimators._base._contract import Family, batch_size_between


class Least(Family):
    """Only what must be said."""

    def _read_inputs(self, X, *, reset):
        return Data({"x": torch.as_tensor(X)})

    def _make_module(self, train):
        return torch.nn.Linear(1, 1)


def test_two_hooks_must_be_written():
    assert Family.__abstractmethods__ == {"_read_inputs", "_make_module"}
    Least()


@pytest.mark.parametrize(("n_rows", "expected"), [(10, 8), (500, 32), (513, 64), (9999, 64)])
def test_auto_is_an_eighth_of_the_rows(n_rows, expected):
    data = Least()._read_inputs(np.zeros((n_rows, 1)), reset=True)
    assert Least()._auto_training(data, None) == (expected, 100)
    assert Least()._auto_training(data, 7) == (7, 100)


@pytest.mark.parametrize("n_rows", [1, 9, 40, 63, 64, 640, 641, 5000, 10**6])
def test_batches_are_of_like_size(n_rows):
    size = batch_size_between(n_rows, usual=16, largest=128)
    assert 1 <= size <= 128
    assert n_rows < 32 or size >= 8
    n_batches = -(-n_rows // size)
    assert n_batches * size - n_rows < n_batches, "none is smaller by more than one row each"
