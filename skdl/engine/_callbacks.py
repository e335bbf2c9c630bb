"""What skorch's callbacks are told: datasets, batches, and how they end a training."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.utils import TeeGenerator
from torch import Tensor, nn

from ._data import Batch, BatchIterator, Data, ServedBatch

if TYPE_CHECKING:
    from ._net import Net

Pair = tuple[Batch, Tensor | None]
BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def watches_batches(callback: Any) -> bool:
    """Whether a skorch callback does something at every batch."""
    return any(
        getattr(type(callback), event, None) is not getattr(Callback, event)
        for event in BATCH_EVENTS
    )


def pair_of(batch: Batch) -> Pair:
    """A batch as skorch knows it: inputs and y."""
    return {name: value for name, value in batch.items() if name != "y"}, batch.get("y")


def dataset_of(data: Data | None) -> Dataset | None:
    """Data as skorch's callbacks know it."""
    if data is None:
        return None
    y = data.columns.get("y")
    if isinstance(y, Tensor) and data.rows is not None:
        y = y[data.rows]
    return Dataset(data, y, length=len(data))


class Pairs:
    """Batches as pairs, for skorch's loops over data to predict."""

    def __init__(self, batches: BatchIterator) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Pair]:
        return map(pair_of, self.batches)


class BatchEvents:
    """Tells skorch's callbacks of each batch of one pass over training or validation data.

    A context, inside of which the outputs of the module are seen.

    Parameters
    ----------
    net : Net
    notify : callable
        Calls the net's callbacks, given the name of an event and what is said about it.
    training : bool
    """

    def __init__(self, net: Net, notify: Callable[..., None], training: bool) -> None:
        self.net, self.notify, self.training = net, notify, training
        self.prefix = "train" if training else "valid"
        self.n_batches = 0
        self.output: Tensor | None = None
        self.pair: Pair = ({}, None)

    def __enter__(self) -> BatchEvents:
        self.hook = self.net.module_.register_forward_hook(self._see)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hook.remove()
        if kind is None:
            self.net.history.record(f"{self.prefix}_batch_count", self.n_batches)

    def _see(self, module: nn.Module, given: Any, output: Tensor) -> None:
        self.output = output

    def begin(self, batch: ServedBatch) -> None:
        self.pair, self.output = pair_of(batch), None
        self.notify("on_batch_begin", batch=self.pair, training=self.training)
        self.net.module_.train(self.training)  # a callback may have predicted

    def gradients_computed(self) -> None:
        parameters = TeeGenerator(self.net.get_all_learnable_params())
        self.notify("on_grad_computed", named_parameters=parameters, batch=self.pair)

    def end(self, batch: ServedBatch, loss: Tensor) -> None:
        history = self.net.history
        history.record_batch(f"{self.prefix}_loss", loss.item())
        history.record_batch(f"{self.prefix}_batch_size", batch.n_rows)
        output = (loss if self.output is None else self.output).detach()
        self.notify(
            "on_batch_end",
            batch=self.pair,
            training=self.training,
            loss=loss,
            y_pred=output.float() if output.dtype.itemsize == 2 else output,
        )
        self.n_batches += 1


class InterruptSignal:
    """Tells Ctrl-C inside from a KeyboardInterrupt that a callback raises to end the training.

    skorch's EarlyStopping does so. Signals come to the main thread only.

    Attributes
    ----------
    came : bool
        Whether there was a signal of an interrupt.
    """

    def __init__(self) -> None:
        self.came = False
        self.before: Any = None

    def __enter__(self) -> InterruptSignal:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self.before = before
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        self.before(number, frame)
