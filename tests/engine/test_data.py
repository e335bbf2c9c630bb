"""Columns, batches, padding and streaming."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdl.engine import Data, Net, Ragged, Streamed, as_tensor
from skdl.engine._data import BatchIterator

SEQUENCES = [[1.0, 2.0], [3.0], [4.0, 5.0, 6.0]]


def ragged():
    values = torch.tensor(sum(SEQUENCES, []))[:, None]
    return Ragged(values, torch.tensor([len(sequence) for sequence in SEQUENCES]))


def rows_of(data, batch_size, generator=None):
    return [batch["row"].tolist() for batch in data.batches(batch_size, generator)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_as_tensor_shares_memory_and_keeps_the_dtype(dtype):
    array = np.arange(4, dtype=dtype)
    tensor = as_tensor(array)
    array[0] = 7
    assert tensor[0] == 7
    assert tensor.numpy().dtype == dtype


@pytest.mark.parametrize("view", [lambda a: a[::2], lambda a: a[::-1], lambda a: a.T])
def test_as_tensor_takes_any_strides(view):
    array = view(np.arange(12.0).reshape(4, 3))
    np.testing.assert_array_equal(as_tensor(array).numpy(), array)


def test_as_tensor_takes_read_only_memory_in_silence(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = as_tensor(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert tensor.tolist() == [0, 1, 2]


@pytest.mark.parametrize("rows", [slice(1, 4), torch.tensor([4, 0, 0])])
def test_streamed_takes_what_an_array_would(rows):
    array = np.arange(10, dtype=np.uint8).reshape(5, 2)
    column = Streamed(array)
    taken = column.take(rows)
    assert taken.dtype is torch.uint8
    np.testing.assert_array_equal(
        taken.numpy(), array[rows if isinstance(rows, slice) else rows.numpy()]
    )
    assert len(column) == 5
    assert column.to(torch.device("cpu")).take(rows).equal(taken)


def test_ragged_pads_to_the_longest_of_the_batch():
    padded, lengths = ragged().take(torch.tensor([1, 0]))
    assert padded[..., 0].tolist() == [[3, 0], [1, 2]]
    assert lengths.tolist() == [1, 2]
    assert ragged().take(slice(0, 3))[0].shape == (3, 3, 1)
    tokens = Ragged(torch.tensor([4, 5, 6]), torch.tensor([1, 2])).take(slice(0, 2))[0]
    assert tokens.tolist() == [[4, 0], [5, 6]]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 3))
def test_ragged_gives_back_every_sequence(lengths, n_channels):
    sequences = [torch.rand(length, n_channels) + 1 for length in lengths]
    taken, _ = Ragged(torch.cat(sequences), torch.tensor(lengths)).take(slice(None))
    for padded, sequence, length in zip(taken, sequences, lengths, strict=True):
        assert padded[:length].equal(sequence)
        assert not padded[length:].any()


def test_batches_in_row_order():
    data = Data({"row": torch.arange(5)})
    assert rows_of(data, 3) == [[0, 1, 2], [3, 4]]
    assert data.n_batches(3) == 2
    assert len(data) == 5
    assert len(list(BatchIterator(data, 3))) == len(BatchIterator(data, 3)) == 2


@given(st.integers(1, 30), st.integers(1, 9))
def test_a_single_last_row_joins_the_batch_before(n_rows, batch_size):
    batches = BatchIterator(Data({"row": torch.arange(n_rows)}), batch_size)
    sizes = [len(batch["row"]) for batch in batches]
    assert sum(sizes) == n_rows
    assert len(sizes) == len(batches)
    assert set(sizes[:-1]) <= {batch_size}
    assert sizes[-1] <= batch_size + (batch_size > 1)
    assert sizes[-1] > 1 or 1 in (batch_size, n_rows)
    mean = batches.mean([batch["row"].double().mean() for batch in batches])
    assert mean == pytest.approx((n_rows - 1) / 2)


def test_shuffled_batches_follow_the_generator():
    data = Data({"row": torch.arange(50)})
    expected = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    got = rows_of(data, 7, torch.Generator().manual_seed(3))
    assert sum(got, []) == expected.tolist()


def test_each_epoch_has_an_order_of_its_own():
    batches = BatchIterator(Data({"row": torch.arange(50)}), 7, torch.Generator().manual_seed(3))
    first, second = ([batch["row"].tolist() for batch in batches] for _ in range(2))
    assert first != second
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(50))


def test_one_full_batch_keeps_the_row_order():
    assert rows_of(Data({"row": torch.arange(5)}), 5, torch.Generator()) == [[0, 1, 2, 3, 4]]


def test_subset_of_a_subset_shares_the_columns():
    data = Data({"row": torch.arange(10)})
    subset = data.subset(np.array([9, 3, 5])).subset(torch.tensor([2, 0]))
    assert rows_of(subset, 8) == [[5, 9]]
    assert len(subset) == 2
    assert subset.columns["row"] is data.columns["row"]


def test_shuffling_a_subset_stays_inside_it():
    subset = Data({"row": torch.arange(10)}).subset(np.array([1, 4, 7, 8]))
    got = rows_of(subset, 3, torch.Generator().manual_seed(0))
    assert sorted(sum(got, [])) == [1, 4, 7, 8]


def test_with_columns_adds_to_every_batch_and_leaves_the_original():
    data = Data({"x": torch.arange(3)})
    more = data.subset(np.array([2, 1])).with_columns(y=torch.tensor([10, 11, 12]))
    assert next(more.batches(5))["y"].tolist() == [12, 11]
    assert set(data.columns) == {"x"}


def test_columns_of_all_kinds_stay_aligned():
    array = np.arange(3.0)[:, None]
    data = Data({"a": torch.arange(3), "b": Streamed(array), "x": ragged()})
    batch = next(data.subset(np.array([2, 0])).to(torch.device("cpu")).batches(5))
    assert batch["a"].tolist() == [2, 0]
    assert batch["b"][:, 0].tolist() == [2, 0]
    assert batch["x"][:, 0, 0].tolist() == [4, 1]
    assert batch["lengths"].tolist() == [3, 2]


def test_by_length_orders_from_short_to_long():
    data = Data({"x": ragged()})
    assert data.by_length().tolist() == [1, 0, 2]
    assert data.subset(np.array([2, 1])).by_length().tolist() == [1, 0]
    assert Data({"x": torch.arange(3)}).by_length() is None


def doubled(batch):
    return {**batch, "x": 2 * batch["x"]}


@pytest.mark.parametrize("at_once", [True, False])
def test_prepared_data_serves_what_the_function_makes(at_once):
    data = Data({"x": torch.arange(5.0), "y": torch.arange(5)}).subset(np.array([4, 0, 2, 1]))
    prepared = data.prepared(doubled, at_once=at_once)
    assert len(prepared) == 4
    batches = list(prepared.batches(2))
    assert [batch["x"].tolist() for batch in batches] == [[8, 0], [4, 2]]
    assert [batch["y"].tolist() for batch in batches] == [[4, 0], [2, 1]]
    assert next(prepared.subset(np.array([1, 2])).batches(2))["x"].tolist() == [0, 4]
    assert next(data.batches(2))["x"].tolist() == [4, 0], "the original serves as before"


@pytest.mark.parametrize(("at_once", "n_calls"), [(True, 1), (False, 2)])
def test_prepared_at_once_is_prepared_once_for_all_epochs(at_once, n_calls):
    calls = []

    def prepare(batch):
        calls.append(1)
        return batch

    prepared = Data({"x": torch.arange(5.0)}).prepared(prepare, at_once=at_once)
    for _ in range(2):
        list(prepared.batches(5))
    assert len(calls) == n_calls


def in_floats(batch):
    return {"x": batch["x"].float()}


def test_bytes_that_would_fill_the_memory_as_floats_are_converted_batch_by_batch(monkeypatch):
    data = Data({"x": torch.arange(100, dtype=torch.uint8)[:, None]})
    assert data.prepared(in_floats, at_once=True).columns["x"].dtype is torch.float32
    monkeypatch.setattr("skdl.engine._data.GROW_BYTES", 399)
    per_batch = data.prepared(in_floats, at_once=True)
    assert per_batch.columns["x"] is data.columns["x"]
    assert next(per_batch.batches(4))["x"].dtype is torch.float32
    halves = data.prepared(lambda batch: {"x": batch["x"] // 2}, at_once=True)
    assert halves.columns["x"][99] == 49, "what does not grow is prepared at once"


def test_streamed_and_ragged_columns_are_never_prepared_at_once():
    streamed = Data({"x": Streamed(np.arange(3.0))}).prepared(doubled, at_once=True)
    assert isinstance(streamed.columns["x"], Streamed)
    assert next(streamed.batches(3))["x"].tolist() == [0, 2, 4]
    padded = Data({"x": ragged()}).prepared(doubled, at_once=True)
    assert next(padded.batches(1))["x"][..., 0].tolist() == [[2, 4]]


def anonymous_memory():
    with open("/proc/self/status") as status:
        kilobytes = next(line.split()[1] for line in status if line.startswith("RssAnon"))
    return int(kilobytes) * 1024


@pytest.mark.slow
def test_training_from_a_memory_map_needs_memory_for_a_batch_only(tmp_path):
    n_rows, n_columns = 100_000, 1_000
    array = np.memmap(tmp_path / "x", np.float32, "w+", shape=(n_rows, n_columns))  # 400 MB
    used = []

    def objective(module, batch):
        used.append(anonymous_memory())
        return module(batch["x"]).square().mean()

    data = Data({"x": Streamed(array)})
    net = Net(torch.nn.Linear(n_columns, 1), objective, max_epochs=1, batch_size=1_000)
    net.initialize().train(data)
    assert len(used) == 100
    assert max(used) - used[0] < 40e6  # ten batches
