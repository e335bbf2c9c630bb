"""Arguments of skorch's callbacks (datasets, batches), and how a callback ends a training."""

from __future__ import annotations

import math
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import torch
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.callbacks.scoring import ScoringBase
from skorch.dataset import Dataset
from skorch.history import History
from skorch.utils import TeeGenerator
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ._contract import attribute_or_default
from ._data import Batch, BatchIterator, Data, ServedBatch
from ._objectives import TargetConverter
from ._optim import set_lr
from ._scope import default_torch_modes

if TYPE_CHECKING:
    from ._net import Net

Pair = tuple[Batch, Tensor | None]


def pair_of(batch: Batch) -> Pair:
    """The inputs and the y of a batch, as skorch's callbacks take it."""
    return {name: value for name, value in batch.items() if name != "y"}, batch.get("y")


def dataset_of(data: Data | None, converter: TargetConverter | None = None) -> Dataset | None:
    """Data as a skorch dataset, with y in the user's labels or units."""
    if data is None:
        return None
    y = data.columns.get("y")
    if isinstance(y, Tensor) and data.rows is not None:
        y = y[data.rows]
    return Dataset(data, in_user_units(y, converter), length=len(data))


def in_user_units(y: Any, converter: TargetConverter | None) -> Any:
    """A column of targets in the labels or units that ``predict`` of the net gives."""
    if converter is None or not isinstance(y, Tensor):
        return y
    return converter.values(y.detach().cpu().numpy())


def event_arguments(
    callback: Any, kwargs: dict[str, Any], converter: TargetConverter | None
) -> dict[str, Any]:
    """The arguments of a callback at an event: y in the user's units for one that scores."""
    if "batch" not in kwargs or not isinstance(callback, ScoringBase):
        return kwargs
    inputs, y = kwargs["batch"]
    return {**kwargs, "batch": (inputs, in_user_units(y, converter))}


def record_batches(history: History, prefix: str, losses: list[Tensor], sizes: list[int]) -> None:
    """Rows of batches as ``BatchEvents`` records them, after a pass without batch events."""
    for loss, size in zip(torch.stack(losses).tolist(), sizes, strict=True):
        history.new_batch()
        history.record_batch(f"{prefix}_loss", loss)
        history.record_batch(f"{prefix}_batch_size", size)
    history.record(f"{prefix}_batch_count", len(sizes))


def lowest_recorded(history: History, name: str) -> float:
    """The lowest loss of this name in the epochs before: that of the last row that was the best."""
    for row in reversed(history):
        if row.get(f"{name}_best"):
            return float(row[name])
    return math.inf


def record_epoch(
    history: History, losses: dict[str, float | None], lr: float, seconds: float
) -> None:
    """Write an epoch to its row of the history; as skorch's, without what was not measured."""
    for name, loss in losses.items():
        if loss is not None:
            lowest = lowest_recorded(history, name)
            history.record(name, loss)
            history.record(f"{name}_best", loss < lowest)
    history.record("lr", lr)
    history.record("seconds", seconds)


def epoch_loaded_by(callbacks: list[tuple[str, Any]], last_epoch: int) -> int | None:
    """The epoch whose weights an EarlyStopping has loaded at the end; the net does not see it."""
    for _, callback in callbacks:
        keeps = isinstance(callback, EarlyStopping) and callback.best_model_weights_ is not None
        if keeps and callback.best_epoch_ != last_epoch:
            return int(callback.best_epoch_)
    return None


def resume_schedule(callback: LRScheduler, net: Net) -> None:
    """Repeat the steps of a schedule that was made during a training, from the training's start.

    Not all schedules of torch can be made in the middle of a training. One that the training did
    not have before stays as it is.
    """
    by_batch, history = callback.step_every == "batch", net.history
    if not history or not (by_batch or callback.event_name in history[-1]):
        return
    if by_batch:
        callback.batch_idx_ = sum(row.get("train_batch_count", 0) for row in history)
    scores: list[tuple[Any, ...]] = [()] * (callback.batch_idx_ if by_batch else len(history))
    if callback.policy_ is ReduceLROnPlateau:
        if by_batch or callable(callback.monitor):  # what it saw is not there any more
            set_lr(net.optimizer_, history[-1]["lr"])
            return
        scores = [(row[callback.monitor],) for row in history]
    set_lr(net.optimizer_, net.lr)
    for group in net.optimizer_.param_groups:
        group.pop("initial_lr", None)  # schedules of torch keep one that is there
    schedule = callback.policy_(net.optimizer_, **callback.kwargs)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
        for score in scores:
            schedule.step(*score)
    callback.lr_scheduler_ = schedule


class Pairs:
    """Batches as pairs, for skorch's loops over data to predict."""

    def __init__(self, batches: BatchIterator) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Pair]:
        batches = iter(self.batches)
        while True:
            with default_torch_modes():  # batches are prepared here
                batch = next(batches, None)
            if batch is None:
                return
            yield pair_of(batch)


class BatchEvents:
    """Calls skorch's callbacks at each batch of one pass over training or validation data.

    A context manager: inside, a forward hook keeps the module's last output, for ``y_pred``. It is
    what the module predicts, in training too, see :class:`skdl.engine._contract.HasEvaluated`.

    Parameters
    ----------
    net : Net
    notify : callable
        Calls the net's callbacks, given the name of an event and its arguments.
    training : bool
    """

    def __init__(self, net: Net, notify: Callable[..., None], training: bool) -> None:
        self.net, self.notify, self.training = net, notify, training
        self.prefix = "train" if training else "valid"
        self.n_batches = 0
        self.output: Tensor | None = None
        self.pair: Pair = ({}, None)

    def __enter__(self) -> BatchEvents:
        self.hook = self.net.module_.register_forward_hook(self._keep_output, with_kwargs=True)
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

    @torch.no_grad()
    def _keep_output(
        self, module: nn.Module, _: tuple[Any, ...], inputs: Batch, output: Tensor
    ) -> None:
        evaluated = attribute_or_default(module, "evaluated")
        adds = module.training and evaluated is not None
        self.output = evaluated(output, **inputs) if adds else output

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
    """Distinguishes Ctrl-C from a KeyboardInterrupt that a callback raises to end the training.

    skorch's EarlyStopping raises one. Signals are handled in the main thread only.

    Attributes
    ----------
    came : bool
        Whether SIGINT was received inside.
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
