"""The batches of a pack: those of its members, stacked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ._data import BatchIterator, Data, ServedBatch


class StackedBatch(ServedBatch):
    """The batches of all members: columns (K, B, ...), or (B, ...) where all have the same rows.

    Attributes
    ----------
    is_shared : bool
        Whether columns are (B, ...).
    own_rows : list of int or None
        How many rows are those of each member, where some have fewer than others; the rest has
        weight 0.
    """

    is_shared: bool = False
    own_rows: list[int] | None = None


class PackBatches:
    """Batches of several members, each in its own order of its own rows.

    The members have equally many batches; the last ones may differ by some rows.

    Parameters
    ----------
    iterators : sequence of BatchIterator
        Those of the members.
    """

    def __init__(self, iterators: Sequence[BatchIterator]) -> None:
        self.iterators = iterators
        self.batch_size = iterators[0].batch_size

    def __iter__(self) -> Iterator[StackedBatch]:
        data = [each.data for each in self.iterators]
        orders = [each.data.order(self.batch_size, each.generator) for each in self.iterators]
        parts = [each.parts(self.batch_size) for each in data]
        for iterator, of_member in zip(self.iterators, parts, strict=True):
            iterator.counts = [part.stop - part.start for part in of_member]
        columns = data[0].columns
        is_one = all(
            each.columns[name] is column for each in data[1:] for name, column in columns.items()
        )
        is_shared = is_one and all(torch.equal(orders[0], order) for order in orders[1:])
        is_one = is_one and data[0].prepare is None
        # Shorter orders are filled up: their last batches are then as long as those of the others.
        most = max(map(len, data))
        order = torch.stack([torch.cat([each, each[: most - len(each)]]) for each in orders])
        longest = max(parts, key=lambda of_member: of_member[-1].stop)
        own_rows = [of_member[-1].stop - longest[-1].start for of_member in parts]
        for number, part in enumerate(longest):
            if is_shared:
                batch = StackedBatch(data[0].take(order[0, part]))
                batch.is_shared, batch.n_rows = True, len(data) * (part.stop - part.start)
                yield batch
                continue
            batch = stacked(data[:1] if is_one else data, order[:, part])
            if number == len(longest) - 1 and min(own_rows) < max(own_rows):
                weigh_own_rows(batch, own_rows)
            yield batch


def stacked(data: Sequence[Data], rows: Tensor) -> StackedBatch:
    """The batches (K, B, ...) of rows (K, B) of each of the data, or of one for all."""
    if len(data) == 1:
        of_all = data[0].take(rows.flatten())
        columns = {name: column.unflatten(0, rows.shape) for name, column in of_all.items()}
    else:
        parts = [of_member.take(each) for of_member, each in zip(data, rows, strict=True)]
        columns = {name: torch.stack([part[name] for part in parts]) for name in parts[0]}
    batch = StackedBatch(columns)
    batch.n_rows = rows.numel()
    return batch


def weigh_own_rows(batch: StackedBatch, own_rows: list[int]) -> None:
    """Give rows beyond those of a member the weight 0, and the others more.

    Losses are means over all rows of the batch.
    """
    batch.own_rows = own_rows
    n_rows = max(own_rows)
    weights = [(torch.arange(n_rows) < n).double() * (n_rows / n) for n in own_rows]
    weight, known = torch.stack(weights).to(batch["y"].device), batch.get("weight")
    batch["weight"] = weight if known is None else known * weight.to(known)
