"""Sequences as a column of the engine."""

import numpy as np
import torch

from skdl._reading import Sequences
from skdl.engine import Data, Ragged, Streamed
from skdl.estimators._base._sequences import as_column, lengths_of


def test_sequences_of_unequal_length_are_a_ragged_column():
    steps = np.arange(12.0).reshape(6, 2)
    column = as_column(Sequences.of(steps, np.array([1, 3, 2])))
    assert isinstance(column, Ragged)
    assert [x.tolist() for x in column.take(slice(1, 2))] == [[*[steps[1:4].tolist()]], [3]]
    of_one_length = as_column(Sequences.of(steps, np.array([3, 3])))
    assert of_one_length.tolist() == steps.reshape(2, 3, 2).tolist()


def test_large_memory_maps_are_not_copied():
    array = np.zeros((2, 3, 1))
    column = as_column(Sequences(array, is_streamed=True))
    assert isinstance(column, Streamed)
    assert column.array is array


def test_lengths_of_the_rows_in_use():
    lengths = torch.tensor([3, 1, 2])
    column = Ragged(torch.zeros(6, 1), lengths)
    assert lengths_of(Data({"x": column})).tolist() == lengths.tolist()
    assert lengths_of(Data({"x": column}).subset(np.array([0, 2]))).tolist() == [3, 2]
    assert lengths_of(Data({"x": torch.zeros(2, 5, 1)})).tolist() == [5]
