"""Training data as named columns, served in batches that are dicts of tensors.

Data of the engine are :class:`Data`: columns of equal length. A batch is a dict from column name to
tensor; the names are those of the module's ``forward`` arguments, besides ``y`` and ``weight``,
which the objective reads.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

Batch = dict[str, Tensor]


class StoredRows(Batch):
    """Rows as they are stored, not as the module's ``prepare`` makes them."""


class ServedBatch(Batch):
    """A batch of :class:`Data` with its sizes, which are known without waiting for the device.

    Attributes
    ----------
    n_rows : int
    lengths : dict of str to ndarray of shape (n_rows,)
        Number of steps of each row, of the columns whose rows are of unequal length.
    """

    n_rows: int
    lengths: Mapping[str, np.ndarray] = MappingProxyType({})

    @property
    def size(self) -> int:
        """Rows times steps of the longest, or rows: what computing it takes grows with that."""
        longest = max((int(lengths.max()) for lengths in self.lengths.values()), default=1)
        return self.n_rows * longest


def host_lengths(batch: Batch) -> np.ndarray:
    """Steps of each row of a batch with ``lengths``; the device is asked only if it must be."""
    known = batch.lengths if isinstance(batch, ServedBatch) else {}
    return known["x"] if "x" in known else batch["lengths"].cpu().numpy()


def as_tensor(array: np.ndarray) -> Tensor:
    """Tensor over a numpy array, sharing its memory where it is contiguous and native."""
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    if min(array.strides, default=0) < 0:  # one row read backwards is contiguous to numpy
        array = array.copy()
    with warnings.catch_warnings():
        # Training only reads X, so a read-only memory map may be shared.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


class Streamed:
    """A column that is not copied, such as a memory map: each batch is converted when taken.

    Parameters
    ----------
    array : ndarray or object
        A numpy array, or an object with a length that gives one for a slice or an array of rows.
    device : torch.device, default=None
        Where batches are copied to; the CPU when None.
    """

    def __init__(self, array: Any, device: torch.device | None = None) -> None:
        self.array, self.device = array, device

    def __len__(self) -> int:
        return len(self.array)

    def to(self, device: torch.device) -> Streamed:
        return Streamed(self.array, device)

    def take(self, rows: Tensor | slice) -> Tensor:
        """Rows by number, as a tensor; the numbers are on the host."""
        picked = self.array[rows if isinstance(rows, slice) else rows.numpy()]
        return as_tensor(picked).to(self.device, non_blocking=True)


class Ragged:
    """A column of sequences of unequal length; a batch is padded to about its longest sequence.

    Parameters
    ----------
    values : Tensor of shape (total_steps, ...)
        All sequences one after the other: (total_steps, n_channels) numbers, (total_steps,) tokens.
    lengths : Tensor of shape (n_samples,)
        Steps of each sequence.

    Attributes
    ----------
    host_lengths : ndarray of shape (n_samples,)
        The same on the host: the shape of a batch is computed without waiting for the device.
    """

    def __init__(self, values: Tensor, lengths: Tensor) -> None:
        self.values, self.lengths = values, lengths.to(values.device)
        self.host_lengths: np.ndarray = lengths.cpu().numpy()
        self.starts = self.lengths.cumsum(0) - self.lengths
        self.size_of_step = math.prod(values.shape[1:])

    def __len__(self) -> int:
        return len(self.host_lengths)

    def to(self, device: torch.device) -> Ragged:
        if device == self.values.device:
            return self
        return Ragged(self.values.to(device), torch.from_numpy(self.host_lengths))

    def take(
        self, rows: Tensor | slice, device_rows: Tensor | slice | None = None
    ) -> tuple[Tensor, Tensor]:
        """Padded sequences (B, T, ...), zeros behind each end, and their lengths (B,).

        ``rows`` are on the host, ``device_rows`` the same ones on the device of the values.
        """
        device_rows = rows if device_rows is None else device_rows
        lengths, starts = self.lengths[device_rows], self.starts[device_rows]
        n_steps = padded_length(int(self.lengths_of(rows).max()))
        steps = torch.arange(n_steps, device=lengths.device)
        mask = steps < lengths[:, None]  # (B, T), False on padding
        # Padding reads the first step of the column and is set to 0 by the product below: an index
        # by a boolean mask would have a size that the host must wait for.
        index = torch.where(mask, starts[:, None] + steps, 0)
        padded = self.values[index]
        mask = mask.view(*mask.shape, *[1] * (padded.ndim - 2))
        return padded * mask.to(padded.dtype), lengths

    def lengths_of(self, rows: Tensor | slice) -> np.ndarray:
        """Number of steps of the given rows."""
        return self.host_lengths[rows if isinstance(rows, slice) else rows.numpy()]


Column = Tensor | Streamed | Ragged


def joined_columns(columns: Sequence[Column]) -> Column:
    """The rows of several columns, copied; ragged where they are of unequal length."""
    parts = [part.take(slice(None)) if isinstance(part, Streamed) else part for part in columns]
    tensors = [part for part in parts if isinstance(part, Tensor)]
    if len(tensors) == len(parts) and len({part.shape[1:] for part in tensors}) == 1:
        return torch.cat(tensors)
    ragged = [part if isinstance(part, Ragged) else as_ragged(part) for part in parts]
    lengths = np.concatenate([part.host_lengths for part in ragged])
    return Ragged(torch.cat([part.values for part in ragged]), torch.from_numpy(lengths))


def as_ragged(column: Tensor) -> Ragged:
    """Sequences of equal length (n, T, ...) as those of unequal length are kept."""
    return Ragged(column.flatten(0, 1), torch.full((len(column),), column.shape[1]))


CHUNK_VALUES = 2**19
# Of a batch of rows of unequal length, padding included, if a module does not say: one very long
# row would make the others as long.
MOST_STEPS = 2**18
# Up to here, data may grow twice or more when it is prepared once for all epochs.
GROW_BYTES = 64 * 2**20
# Shuffled sequences are sorted by length times a random factor between 1 and 1 + this, so that
# batches differ between epochs.
LENGTH_NOISE = 0.2


def padded_length(n_steps: int) -> int:
    """Round a length up to one of eight values between powers of 2, an eighth more at most.

    oneDNN compiles a kernel for each shape, which took a sixth of the time of training: with few
    shapes most kernels are compiled already.
    """
    step = 1 << max(0, n_steps.bit_length() - 4)
    return -(-n_steps // step) * step


def bytes_of(batch: Batch) -> int:
    """Memory of a batch."""
    return sum(column.nbytes for column in batch.values())


def values_per_row(column: Column) -> int:
    """How many numbers a row holds, at most."""
    if isinstance(column, Ragged):
        return int(column.host_lengths.max()) * column.size_of_step
    shape = np.shape(column.array[:1]) if isinstance(column, Streamed) else column.shape
    return math.prod(shape[1:])


class Data:
    """Columns of equal length, and which of their rows are in use.

    Parameters
    ----------
    columns : mapping of str to Tensor, Streamed or Ragged
        Each adds its name to a batch; a ``Ragged`` one named ``x`` adds ``lengths`` too.
    rows : Tensor of int64, default=None
        The rows in use, in order, on the host; all when None.
    prepare : callable, default=None
        Turns a batch as it is stored into a batch as it is served.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        rows: Tensor | None = None,
        prepare: Callable[[Batch], Batch] | None = None,
    ) -> None:
        self.columns, self.rows, self.prepare = dict(columns), rows, prepare

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.rows is None else len(self.rows)

    def __getitem__(self, rows: int | slice | np.ndarray) -> StoredRows:
        """All columns but y of one row, or of several, as skorch's datasets are indexed."""
        chosen = np.arange(len(self))[rows]  # IndexError where there is no such row
        numbers = torch.as_tensor(chosen).reshape(-1)
        numbers = numbers if self.rows is None else self.rows[numbers]
        batch = self._take(numbers, numbers.to(self.device))
        names = [name for name in batch if name != "y"]
        return StoredRows({n: batch[n] if chosen.ndim else batch[n][0] for n in names})

    def column(self, name: str) -> Tensor:
        """A column that is a tensor, of the rows in use: without taking the others from X."""
        column = self.columns[name]
        assert isinstance(column, Tensor)
        return column if self.rows is None else column[self.rows.to(column.device)]

    def row_weights(self) -> Tensor:
        """The weights of rows in float64 on the CPU; ones where there are none."""
        weight = self.column("weight") if "weight" in self.columns else torch.ones(len(self))
        return weight.cpu().double()

    @property
    def device(self) -> torch.device:
        """Where batches come out."""
        column = next(iter(self.columns.values()))
        if isinstance(column, Ragged):
            return column.values.device
        return column.device or torch.device("cpu")

    def subset(self, rows: np.ndarray | Tensor) -> Data:
        """The given rows of this data; nothing is copied."""
        rows = torch.as_tensor(rows)
        rows = rows if self.rows is None else self.rows[rows]
        return Data(self.columns, rows, self.prepare)

    def with_columns(self, **columns: Column) -> Data:
        """This data with more columns, each as long as all rows of the others."""
        return Data({**self.columns, **columns}, self.rows, self.prepare)

    def with_columns_of_rows(self, **columns: Tensor) -> Data:
        """This data with more columns, each as long as the rows in use."""
        if self.rows is None:
            return self.with_columns(**columns)
        n_rows = len(next(iter(self.columns.values())))
        of_all = {
            name: column.new_zeros(n_rows, *column.shape[1:]).index_copy(0, self.rows, column)
            for name, column in columns.items()
        }
        return self.with_columns(**of_all)

    def prepared(
        self,
        prepare: Callable[[Batch], Batch],
        *,
        at_once: bool,
        costly: bool = False,
        max_steps: int | None = None,
    ) -> Data:
        """This data with ``prepare`` applied to each batch.

        ``at_once`` applies it now, once for all epochs, where all columns are in memory and the
        result takes little more of it (bytes and halves are converted batch by batch), or where
        ``prepare`` is ``costly``.
        """
        kinds = {type(column) for column in self.columns.values()}
        if not at_once or ({Ragged, Streamed} & kinds and not costly):
            return Data(self.columns, self.rows, prepare)
        # In the order of lengths, rows of a chunk need little padding.
        order = self.by_length()
        chunks = (self if order is None else self.subset(order)).chunks(max_steps)
        parts = [prepare(stored := next(chunks))]
        # The first chunk shows how much the data grow; columns that pass through do not count.
        same = sum(stored[name].nbytes for name in stored if parts[0].get(name) is stored[name])
        growth = (bytes_of(parts[0]) - same) / max(1, bytes_of(stored) - same)
        n_rows = len(next(iter(stored.values())))
        n_bytes = bytes_of(parts[0]) * len(self) / n_rows
        if growth >= 2 and n_bytes > GROW_BYTES and not costly:
            return Data(self.columns, self.rows, prepare)
        parts += [prepare(batch) for batch in chunks]
        columns = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        if order is not None:
            columns = {name: in_order(column, order) for name, column in columns.items()}
        return Data(columns)

    @classmethod
    def joined(cls, parts: Sequence[Data]) -> Data:
        """The rows of several data of the same columns, all in use, copied."""
        names = parts[0].columns
        return cls({name: joined_columns([part.columns[name] for part in parts]) for name in names})

    def to(self, device: torch.device) -> Data:
        """This data on a device; columns already there are shared."""
        columns = {name: column.to(device) for name, column in self.columns.items()}
        return Data(columns, self.rows, self.prepare)

    def n_batches(self, batch_size: int, max_steps: int | None = None) -> int:
        """Number of batches of an epoch; approximate where ``max_steps`` cuts batches."""
        lengths = self._lengths()
        lengths = None if lengths is None else np.sort(lengths)
        return len(self._parts(lengths, batch_size, max_steps))

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator | None = None,
        max_steps: int | None = None,
        *,
        mixed_lengths: bool = False,
    ) -> Iterator[ServedBatch]:
        """Batches in row order, or shuffled by ``generator``.

        A last batch of a single row is added to the one before: batch normalization needs two.
        Sequences of unequal length are shuffled into batches of about the same length, so that
        there is little padding, unless batches shall have ``mixed_lengths``. ``max_steps`` is the
        maximum number of steps of a batch, padding included: a batch of more is cut into several.
        None is 2**18 for rows of unequal length.
        """
        order, lengths = self.rows, self._lengths()
        shuffles = generator is not None and len(self) > batch_size  # no need for a full batch
        if shuffles:
            shuffled = self._shuffled(None if mixed_lengths else lengths, generator)
            lengths = None if lengths is None else lengths[shuffled.numpy()]
            order = shuffled if order is None else order[shuffled]
        parts = self._parts(lengths, batch_size, max_steps, equal_sizes=shuffles)
        if shuffles and lengths is not None:
            # Rows are sorted by length, so the batches must come in random order.
            order_of_parts = torch.randperm(len(parts), generator=generator).tolist()
            parts = [parts[i] for i in order_of_parts]
        if order is None:
            yield from (self._take(part, part) for part in parts)
            return
        device_rows = order.to(self.device, non_blocking=True)  # once an epoch, not once a batch
        for part in parts:
            rows = order[part]
            yield self._take(rows, rows if device_rows is order else device_rows[part])

    def order(self, batch_size: int, generator: torch.Generator | None) -> Tensor:
        """The rows of an epoch in order, as ``batches`` has them where all are of one length."""
        order = torch.arange(len(self)) if self.rows is None else self.rows
        if generator is None or len(self) <= batch_size:
            return order
        return order[self._shuffled(None, generator)]

    def parts(self, batch_size: int) -> list[slice]:
        """Where the batches of such rows begin and end."""
        return self._parts(None, batch_size, None)

    def take(self, rows: Tensor) -> ServedBatch:
        """A batch of rows, given by number on the host."""
        return self._take(rows, rows.to(self.device, non_blocking=True))

    def _lengths(self) -> np.ndarray | None:
        """Steps of each row in use, on the host, where they differ."""
        for column in self.columns.values():
            if isinstance(column, Ragged):
                return column.lengths_of(slice(None) if self.rows is None else self.rows)
        return None

    def _shuffled(self, lengths: np.ndarray | None, generator: torch.Generator | None) -> Tensor:
        """A random order of the rows; by length, but for some noise, where lengths differ."""
        if lengths is None:
            return torch.randperm(len(self), generator=generator)
        noise = 1 + LENGTH_NOISE * torch.rand(len(self), generator=generator)
        return torch.argsort(torch.from_numpy(lengths) * noise)

    def _parts(
        self,
        lengths: np.ndarray | None,
        batch_size: int,
        max_steps: int | None,
        equal_sizes: bool = False,
    ) -> list[slice]:
        """Where batches begin and end, in rows of these lengths.

        With ``equal_sizes`` the batches of rows of unequal length differ by one row at most: else
        the longest rows would often be in a small batch.
        """
        n_rows = len(self)
        # Rounded up from one row less: a last batch of a single row joins the one before.
        n_batches = max(1, -(-(n_rows - 1) // batch_size)) if batch_size > 1 else n_rows
        if equal_sizes and lengths is not None:
            size, n_larger = divmod(n_rows, n_batches)  # few shapes: the larger ones come first
            bounds = [size * i + min(i, n_larger) for i in range(n_batches + 1)]
        else:
            bounds = [*range(0, n_rows, batch_size)[:n_batches], n_rows]
        parts = [slice(start, stop) for start, stop in pairwise(bounds)]
        if lengths is None:
            return parts
        return [piece for part in parts for piece in cut(part, lengths, max_steps or MOST_STEPS)]

    def chunks(self, max_steps: int | None = None) -> Iterator[ServedBatch]:
        """Batches in row order, of as many rows as take little memory."""
        return self.batches(self.chunk_size(CHUNK_VALUES), max_steps=max_steps)

    def longest(self) -> int:
        """Steps of the longest row."""
        lengths = self._lengths()
        if lengths is not None:
            return int(lengths.max())
        x = self.columns["x"]
        return (x.array if isinstance(x, Streamed) else x).shape[1]  # type: ignore[union-attr]

    def mean_length(self) -> float:
        """Steps of a row, on average."""
        lengths = self._lengths()
        return float(self.longest() if lengths is None else lengths.mean())

    def chunk_size(self, n_values: int) -> int:
        """Rows that hold about so many values, at least one."""
        of_row = sum(values_per_row(column) for column in self.columns.values())
        return max(1, n_values // max(1, of_row))

    def by_length(self) -> Tensor | None:
        """Row order from short to long sequences, or None when all are equally long."""
        lengths = self._lengths()
        return None if lengths is None else torch.argsort(torch.from_numpy(lengths), stable=True)

    def _take(self, rows: Tensor | slice, device_rows: Tensor | slice) -> ServedBatch:
        """A batch of rows, given by number: ``rows`` on the host, ``device_rows`` on the device."""
        batch = ServedBatch()
        batch.n_rows = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        for name, column in self.columns.items():
            if isinstance(column, Tensor):
                if isinstance(device_rows, slice):
                    batch[name] = column[device_rows]  # a view
                else:  # with less overhead than an index
                    batch[name] = column.index_select(0, device_rows)
            elif isinstance(column, Ragged):
                batch[name], lengths = column.take(rows, device_rows)
                batch.lengths = {**batch.lengths, name: column.lengths_of(rows)}
                if name == "x":
                    batch["lengths"] = lengths
            else:
                batch[name] = column.take(rows)
        if self.prepare is not None:
            prepared = self.prepare(batch)
            batch.clear()
            batch.update(prepared)
        return batch


def cut(part: slice, lengths: np.ndarray, max_steps: int) -> list[slice]:
    """Cut a batch into as few pieces as there can be, of at most ``max_steps`` padded steps.

    They are of about the same size, unless a few long rows would make all of them small. A piece
    has at least one row, however long.
    """

    def fits(piece: slice) -> bool:
        n_rows = piece.stop - piece.start
        return n_rows == 1 or n_rows * padded_length(int(lengths[piece].max())) <= max_steps

    if fits(part):
        return [part]
    bounds = [part.start]
    for row in range(part.start, part.stop):
        if not fits(slice(bounds[-1], row + 1)):
            bounds.append(row)
    n_rows, n_pieces = part.stop - part.start, len(bounds)
    even = [part.start + n_rows * i // n_pieces for i in range(n_pieces + 1)]
    for candidate in (even, [*bounds, part.stop]):
        pieces = [slice(start, stop) for start, stop in pairwise(candidate)]
        if all(map(fits, pieces)):
            break
    return pieces


def in_order(values: Tensor, order: Tensor) -> Tensor:
    """Values that were computed for the rows in ``order``, in the order of the rows."""
    return torch.empty_like(values).index_copy_(0, order.to(values.device), values)


class BatchIterator:
    """Batches of one :class:`Data`, iterable once per epoch; what the net's loops run over.

    Parameters
    ----------
    data, batch_size, generator, max_steps, mixed_lengths
        As in ``Data.batches``.
    count : callable, default=None
        How many terms the loss of a batch is the mean of; its rows when None.
    """

    def __init__(
        self,
        data: Data,
        batch_size: int,
        generator: torch.Generator | None = None,
        max_steps: int | None = None,
        count: Callable[[ServedBatch], int] | None = None,
        *,
        mixed_lengths: bool = False,
    ) -> None:
        self.data, self.batch_size, self.generator = data, batch_size, generator
        self.max_steps, self.count, self.mixed_lengths = max_steps, count, mixed_lengths
        self.counts: list[int] = []

    def __iter__(self) -> Iterator[ServedBatch]:
        self.counts = []
        for batch in self.data.batches(
            self.batch_size, self.generator, self.max_steps, mixed_lengths=self.mixed_lengths
        ):
            self.counts.append(batch.n_rows if self.count is None else self.count(batch))
            yield batch

    def __len__(self) -> int:
        return self.data.n_batches(self.batch_size, self.max_steps)

    def mean(self, losses: list[Tensor] | Tensor) -> float:
        """Mean loss of the last pass, from the mean losses of its batches."""
        losses = losses if isinstance(losses, Tensor) else torch.stack(losses)
        # In float64, for sums over many batches; all losses come from the device in one copy.
        counts = torch.tensor(self.counts, dtype=torch.float64)
        return float(losses.double().cpu() @ counts / counts.sum())
