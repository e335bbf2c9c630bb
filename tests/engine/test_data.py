"""Columns, batches, padding and streaming."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.engine import Data, Net, Ragged, Streamed, as_tensor
from skdl.engine._data import BatchIterator, cut, in_order, padded_length

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


@settings(deadline=None)
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


@settings(deadline=None)
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


# Batches by length -------------------------------------------------------------------------------


def tokens_of_lengths(lengths):
    """Each row is its own number so many times over; a column tells which it is."""
    values = torch.repeat_interleave(torch.arange(len(lengths)) + 1, lengths)
    return Data({"x": Ragged(values, lengths), "row": torch.arange(len(lengths))})


def long_tailed(n_rows=600, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.lognormal(3, 0.6, n_rows).astype(int) + 1)


many_lengths = st.lists(st.integers(1, 40), min_size=2, max_size=60).map(torch.tensor)


@settings(deadline=None, max_examples=60)
@given(many_lengths, st.integers(1, 12), st.none() | st.integers(1, 90), st.booleans())
def test_every_row_comes_once_an_epoch_within_the_steps_allowed(
    lengths, batch_size, max_steps, shuffles
):
    data, generator = tokens_of_lengths(lengths), torch.Generator().manual_seed(1)
    batches = list(data.batches(batch_size, generator if shuffles else None, max_steps))
    rows = torch.cat([batch["row"] for batch in batches])
    assert sorted(rows.tolist()) == list(range(len(lengths)))
    for batch in batches:
        n_rows, n_steps = batch["x"].shape
        assert n_rows <= batch_size + 1
        assert n_steps == padded_length(int(lengths[batch["row"]].max()))
        assert batch["lengths"].equal(lengths[batch["row"]])
        assert batch["x"].equal(
            torch.where(
                torch.arange(n_steps) < batch["lengths"][:, None], batch["row"][:, None] + 1, 0
            )
        )
        assert max_steps is None or n_rows == 1 or n_rows * n_steps <= max_steps
    if not shuffles:
        assert rows.tolist() == list(range(len(lengths)))


@settings(deadline=None)
@given(st.integers(2, 200), st.integers(2, 32))
def test_shuffled_batches_by_length_are_alike_in_size(n_rows, batch_size):
    data = tokens_of_lengths(torch.arange(n_rows) % 7 + 1)
    batches = list(data.batches(batch_size, torch.Generator().manual_seed(0)))
    sizes = [len(batch["row"]) for batch in batches]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= batch_size + 1
    assert len(batches) == data.n_batches(batch_size)


def waste(data, batch_size, generator):
    """Part of all steps that is padding."""
    batches = list(data.batches(batch_size, generator))
    n_steps = sum(batch["x"].numel() for batch in batches)
    return 1 - sum(int(batch["lengths"].sum()) for batch in batches) / n_steps


def test_rows_of_about_the_same_length_meet():
    data = tokens_of_lengths(long_tailed(2000))
    assert waste(data, 32, None) > 0.5, "these lengths differ much"
    assert waste(data, 32, torch.Generator().manual_seed(0)) < 0.2


def test_long_and_short_batches_come_in_any_order():
    data = tokens_of_lengths(long_tailed())
    longest = [b["x"].shape[1] for b in data.batches(32, torch.Generator().manual_seed(0))]
    turns = np.sign(np.diff(longest))
    assert (turns > 0).sum() > 4
    assert (turns < 0).sum() > 4


def test_batches_by_length_follow_the_generator_and_differ_between_epochs():
    data = tokens_of_lengths(long_tailed())
    epochs, again = (
        [[frozenset(rows) for rows in rows_of(data, 32, generator)] for _ in range(3)]
        for generator in (torch.Generator().manual_seed(5), torch.Generator().manual_seed(5))
    )
    assert epochs == again
    first, second, third = map(set, epochs)
    assert not first & second
    assert not second & third
    other = {frozenset(rows) for rows in rows_of(data, 32, torch.Generator().manual_seed(6))}
    assert not first & other


def test_rows_of_one_length_are_shuffled_freely():
    data = tokens_of_lengths(torch.full((60,), 4))
    pairs = set()
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        pairs |= {tuple(sorted((a, b))) for a, b in rows_of(data, 2, generator)}
    assert len(pairs) > 600, "of 1,770"


def test_the_rows_of_a_subset_come_by_length_too():
    lengths = long_tailed(2000)
    rows = torch.arange(1, 2000, 2)
    subset = tokens_of_lengths(lengths).subset(rows)
    assert sorted(sum(rows_of(subset, 16, torch.Generator().manual_seed(0)), [])) == rows.tolist()
    assert waste(subset, 16, torch.Generator().manual_seed(0)) < 0.2
    assert subset.mean_length() == pytest.approx(lengths[rows].double().mean().item())
    assert subset.longest() == lengths[rows].max()


def test_batches_of_mixed_lengths_are_drawn_as_those_of_one_length():
    lengths = long_tailed(2000)
    data = tokens_of_lengths(lengths)
    generator = torch.Generator().manual_seed(0)
    batches = list(data.batches(20, generator, mixed_lengths=True))
    rows = torch.cat([batch["row"] for batch in batches])
    assert rows.tolist() != sorted(rows.tolist())
    assert sorted(rows.tolist()) == list(range(2000))
    means = torch.stack([lengths[batch["row"]].double().mean() for batch in batches])
    expected = lengths.double().std().item() / 20**0.5  # of independent draws
    assert means.std().item() == pytest.approx(expected, rel=0.4)
    sorted_ones = data.batches(20, torch.Generator().manual_seed(0))
    by_length = torch.stack([lengths[batch["row"]].double().mean() for batch in sorted_ones])
    assert by_length.std().item() > 2 * expected


def test_a_long_row_in_a_batch_of_mixed_lengths_is_cut_off_with_few_others():
    lengths = torch.full((400,), 10)
    lengths[7] = 1000
    data = tokens_of_lengths(lengths)
    generator = torch.Generator().manual_seed(0)
    batches = list(data.batches(40, generator, 4000, mixed_lengths=True))
    (long,) = (batch for batch in batches if batch["x"].shape[1] > 10)
    assert len(long["row"]) <= 4
    rows = [row for batch in batches for row in batch["row"].tolist()]
    assert sorted(rows) == list(range(400))


@pytest.mark.parametrize("place", [0, 20, 63])
def test_a_very_long_row_does_not_pad_the_others(place):
    lengths = torch.full((64,), 10)
    lengths[place] = 100_000
    batches = list(tokens_of_lengths(lengths).batches(64))
    assert len(batches) <= 3
    (long,) = (batch for batch in batches if batch["x"].shape[1] > 10)
    assert len(long["row"]) <= 2


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=40).map(torch.tensor),
    st.integers(1, 60),
    st.data(),
)
def test_cut(lengths, max_steps, draw):
    start = draw.draw(st.integers(0, len(lengths) - 1))
    stop = draw.draw(st.integers(start + 1, len(lengths)))
    pieces = cut(slice(start, stop), lengths, max_steps)
    covered = [row for piece in pieces for row in range(piece.start, piece.stop)]
    assert covered == list(range(start, stop))
    sizes = [piece.stop - piece.start for piece in pieces]
    for piece, size in zip(pieces, sizes, strict=True):
        assert size == 1 or size * padded_length(int(lengths[piece].max())) <= max_steps
    longest = padded_length(int(lengths[start:stop].max()))
    at_once = max(1, max_steps // longest)  # rows, if all were the longest
    assert len(pieces) <= -(-(stop - start) // at_once)


@settings(deadline=None)
@given(st.integers(1, 10_000))
def test_padded_length_is_little_longer(n_steps):
    assert n_steps <= padded_length(n_steps) <= n_steps * 9 / 8
    assert padded_length(padded_length(n_steps)) == padded_length(n_steps)


def test_padded_lengths_are_few():
    assert len({padded_length(n) for n in range(129, 257)}) == 8
    assert [padded_length(n) for n in range(1, 17)] == list(range(1, 17))


def test_batches_of_few_shapes():
    data = tokens_of_lengths(long_tailed(6_000))
    shapes = [b["x"].shape for b in data.batches(32, torch.Generator().manual_seed(0))]
    assert len(set(shapes)) < 50 < len(shapes) / 3


def test_what_is_short_enough_is_not_cut():
    assert cut(slice(2, 6), torch.full((8,), 3), 12) == [slice(2, 6)]


@settings(deadline=None)
@given(many_lengths, st.integers(1, 9), st.none() | st.integers(1, 60), st.booleans())
def test_the_mean_over_uneven_batches_is_the_mean_over_rows(
    lengths, batch_size, max_steps, shuffles
):
    data = tokens_of_lengths(lengths)
    values = torch.linspace(-3, 5, len(lengths), dtype=torch.float64) ** 3
    generator = torch.Generator().manual_seed(0) if shuffles else None
    batches = BatchIterator(data, batch_size, generator, max_steps)
    means = [values[batch["row"]].mean() for batch in batches]
    assert batches.mean(means) == pytest.approx(values.mean().item(), abs=1e-9)


def test_batches_are_counted_as_they_come():
    data = tokens_of_lengths(long_tailed())
    for max_steps in (None, 200, 1000):
        found = len(list(data.batches(32, torch.Generator().manual_seed(0), max_steps)))
        assert data.n_batches(32, max_steps) == pytest.approx(found, rel=0.2)


@settings(deadline=None)
@given(st.permutations(range(7)))
def test_in_order_undoes_an_order(order):
    values, order = torch.arange(14.0).reshape(7, 2), torch.tensor(order)
    assert in_order(values[order], order).equal(values)


# Costly preparation of ragged data ---------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(many_lengths, st.none() | st.integers(1, 60), st.booleans())
def test_costly_features_of_ragged_rows_are_computed_once_in_row_order(
    lengths, max_steps, of_subset
):
    n_seen, sizes = [], []

    def prepare(batch):
        n_seen.append(len(batch["x"]))
        sizes.append(batch["x"].numel() if len(batch["x"]) > 1 else 0)
        return {"encoded": batch["x"].sum(1), "row": batch["row"]}

    data = tokens_of_lengths(lengths)
    rows = torch.arange(len(lengths)).flip(0)[::2] if of_subset else torch.arange(len(lengths))
    data = data.subset(rows) if of_subset else data
    prepared = data.prepared(prepare, at_once=True, costly=True, max_steps=max_steps)
    (batch,) = prepared.batches(1000)
    assert batch["row"].equal(rows)
    assert batch["encoded"].equal((rows + 1) * lengths[rows])
    list(prepared.batches(3, torch.Generator().manual_seed(0)))
    assert sum(n_seen) == len(rows)
    assert max_steps is None or max(sizes) <= max_steps


def test_costly_features_may_grow(monkeypatch):
    monkeypatch.setattr("skdl.engine._data.GROW_BYTES", 1)

    def prepare(batch):
        return {"encoded": torch.ones(len(batch["x"]), 1000)}

    data = tokens_of_lengths(torch.tensor([1, 2, 3]))
    prepared = data.prepared(prepare, at_once=True, costly=True)
    assert prepared.columns["encoded"].shape == (3, 1000)
    assert data.prepared(prepare, at_once=False, costly=True).prepare is prepare
