"""Batches of several members, stacked."""

import pytest
import torch

from skdl.engine import Data
from skdl.engine._data import BatchIterator
from skdl.engine._pack_batches import PackBatches


def data_of(n_rows, first=0, **columns):
    return Data({"x": torch.arange(first, first + n_rows), "y": torch.zeros(n_rows), **columns})


def iterators_of(data, seeds, batch_size=4):
    generators = [None if seed is None else torch.Generator().manual_seed(seed) for seed in seeds]
    return [
        BatchIterator(each, batch_size, generator)
        for each, generator in zip(data, generators, strict=True)
    ]


def batches_alone(data, seeds):
    return [[batch["x"] for batch in iterator] for iterator in iterators_of(data, seeds)]


@pytest.mark.parametrize("kind", ["one data", "several data", "prepared"])
def test_each_member_has_the_batches_it_has_alone(kind):
    data = [data_of(10)] * 3 if kind != "several data" else [data_of(10, 100 * k) for k in range(3)]
    if kind == "prepared":
        data = [Data(data[0].columns, prepare=lambda b, k=k: {**b, "x": b["x"] + k}) for k in "abc"]
        for k, each in enumerate(data):
            each.prepare = lambda batch, k=k: {**batch, "x": batch["x"] + 100 * k}
    alone = batches_alone(data, [0, 1, 2])
    iterators = iterators_of(data, [0, 1, 2])
    together = list(PackBatches(iterators))
    assert [batch.is_shared for batch in together] == [False] * 3
    assert [batch.n_rows for batch in together] == [12, 12, 6]
    assert [iterator.counts for iterator in iterators] == [[4, 4, 2]] * 3
    for number, batch in enumerate(together):
        assert batch.own_rows is None
        for k in range(3):
            assert torch.equal(batch["x"][k], alone[k][number])


def test_the_same_rows_in_the_same_order_are_taken_once():
    data = [data_of(10)] * 3
    alone = batches_alone(data, [5, 5, 5])[0]
    for batch, expected in zip(PackBatches(iterators_of(data, [5, 5, 5])), alone, strict=True):
        assert batch.is_shared
        assert torch.equal(batch["x"], expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_last_batches_of_other_sizes_are_filled_up(weighted):
    columns = {"weight": torch.full((20,), 2.0)} if weighted else {}
    whole = data_of(20, **columns)
    data = [whole.subset(torch.arange(10)), whole.subset(torch.arange(5, 16))]
    iterators = iterators_of(data, [None, None])
    *_, last = PackBatches(iterators)
    assert last.own_rows == [2, 3]
    assert [iterator.counts for iterator in iterators] == [[4, 4, 2], [4, 4, 3]]
    assert last["x"][0, :2].tolist() == [8, 9]
    assert last["x"][1].tolist() == [13, 14, 15]
    factor = 2.0 if weighted else 1.0
    expected = factor * torch.tensor([[1.5, 1.5, 0], [1, 1, 1]], dtype=last["weight"].dtype)
    assert torch.equal(last["weight"], expected)
