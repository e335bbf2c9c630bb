"""The training loop: epochs over batches, and what happens between them."""

from __future__ import annotations

import contextlib
import copy
import dis
import math
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from torch import Tensor

from ._data import Batch, BatchIterator, Data
from ._optim import Schedule, WeightAverage, clip_gradients
from ._progress import Progress
from ._scope import autocast
from ._stopping import EarlyStopping, Snapshot

if TYPE_CHECKING:
    from ._net import Net

BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def watches_batches(callback: Any) -> bool:
    """Whether a skorch callback does something at every batch."""
    return any(
        getattr(type(callback), event, None) is not getattr(Callback, event)
        for event in BATCH_EVENTS
    )


def raised_by_statement(error: BaseException) -> bool:
    """Whether an exception comes from a ``raise``, not from a signal."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and (
        trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    )


class SkorchBatches:
    """Batches as the pairs (inputs, y) that skorch's own loop and callbacks expect."""

    def __init__(self, batches: BatchIterator) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Batch, Tensor | None]]:
        for batch in self.batches:
            yield {k: v for k, v in batch.items() if k != "y"}, batch.get("y")


def skorch_dataset(data: Data | None) -> Dataset | None:
    """Data as skorch's callbacks know it."""
    if data is None:
        return None
    y = data.columns.get("y")
    if isinstance(y, Tensor) and data.rows is not None:
        y = y[data.rows]
    return Dataset(data, y, length=len(data))


class TrainingRun:
    """One call of ``Net.train``: everything that lives only while training.

    Parameters
    ----------
    net : Net
        Initialized; its module is trained in place.
    train, valid : Data
        On the net's device; ``valid`` may be None.
    n_epochs : int or None
        None: ``max_epochs`` with the net's schedule. A number: so many, at a constant rate.
    """

    def __init__(self, net: Net, train: Data, valid: Data | None, n_epochs: int | None) -> None:
        self.net, self.module = net, net.module_
        self.n_before = len(net.history)  # epochs of earlier calls: partial_fit goes on counting
        self.n_epochs = net.max_epochs if n_epochs is None else n_epochs
        self.objective, self.optimizer = net.criterion_, net.optimizer_
        # A module with a step of its own decides about its rows' order and its weights' backup.
        self.own_step = getattr(self.module, "train_on", None)
        generator = (
            None if self.own_step else torch.Generator().manual_seed(net.seed + self.n_before)
        )
        max_steps = getattr(self.module, "max_steps", None)
        self.train = BatchIterator(train, net.batch_size, generator, max_steps)
        self.valid = None if valid is None else BatchIterator(valid, 512, max_steps=max_steps)
        self.datasets = {
            "dataset_train": skorch_dataset(train),
            "dataset_valid": skorch_dataset(valid),
        }
        shape = (net.lr_schedule, net.warmup_fraction, net.min_lr / net.lr)
        shape = shape if n_epochs is None else ("constant", 0.0, 0.0)
        self.schedule = Schedule(self.optimizer, self.n_epochs * len(self.train), *shape)
        self.average = net.ema_decay and WeightAverage(self.module, net.ema_decay)
        self.last_good = Snapshot(self.module)
        self.start_loss, self.lowest_loss, self.lowest_epoch = math.inf, math.inf, self.n_before
        self.stopping: EarlyStopping | None = None
        self.best_epoch = self.n_before
        self.at_start = Snapshot(self.module)
        self.optimizer_at_start = None
        if self.n_before and not self.own_step:  # a stopped partial_fit must leave what was there
            self.at_start.take()
            self.optimizer_at_start = copy.deepcopy(self.optimizer.state_dict())
        self.calls_back_per_batch = any(watches_batches(callback) for _, callback in net.callbacks_)

    def run(self) -> None:
        """All epochs, or fewer when training stops early, diverges or a callback stops it."""
        if self.net.patience is not None and self.valid is not None:
            self.stopping = EarlyStopping(self.module, self.net.patience, self.net.tol)
            # The weights at the start are a candidate too: training may only make things worse.
            self.stopping.update(self.n_before, self._valid_loss(self.valid))
        with Progress(self.net.verbose, self.n_epochs) as progress:
            for epoch in range(1, self.n_epochs + 1):
                go_on = self._epoch(self.n_before + epoch)
                progress.update(self.net.history[-1])
                if not go_on:
                    break
        self._keep_best_weights()

    def _epoch(self, epoch: int) -> bool:
        """Train and validate once; False when training should stop."""
        net, started = self.net, time.perf_counter()
        net.notify("on_epoch_begin", **self.datasets)
        train_loss, valid_loss = self._train_epoch(), None
        diverged = not (math.isfinite(train_loss) and self._weights_are_finite())
        stop = diverged
        if not diverged:
            self.best_epoch = epoch
            with self._averaged_weights():
                valid_loss = None if self.valid is None else self._valid_loss(self.valid)
                if self.stopping is not None and valid_loss is not None:
                    stop = self.stopping.update(epoch, valid_loss)
                if train_loss < self.lowest_loss:
                    self.lowest_loss, self.lowest_epoch = train_loss, epoch
                    if not self.own_step:
                        self.last_good.take()
            self.schedule.after_epoch(train_loss if valid_loss is None else valid_loss)
        for name, value in (
            ("train_loss", train_loss),
            ("train_loss_best", self.lowest_epoch == epoch),
            ("valid_loss", valid_loss),
            ("valid_loss_best", self.stopping is not None and self.stopping.best_epoch == epoch),
            ("lr", self.schedule.lr),
            ("seconds", time.perf_counter() - started),
        ):
            net.history.record(name, value)
        if diverged:
            self._report_divergence(epoch)
        return not (self._callbacks_ask_to_stop() or stop)

    def _train_epoch(self) -> float:
        """One pass over the training data; the mean loss of its rows."""
        self.module.train()
        if self.calls_back_per_batch:
            return self._epoch_with_skorch(self.train, "train")
        self.net.history.new_batch()  # skorch's checkpoints want to see one
        if self.own_step:
            return self.train.mean([self.train_on(batch) for batch in self.train])
        params = [param for param in self.module.parameters() if param.requires_grad]
        clip, optimizer = self.net.gradient_clip, self.optimizer
        losses, mixed = [], autocast(self.module, self.net.device, self.net.precision)
        for batch in self.train:
            with mixed:
                loss = self.objective(self.module, batch)
            loss.backward()
            if clip is not None:
                clip_gradients(params, clip)
            self.schedule.before_step()
            optimizer.step()
            for param in params:
                param.grad = None
            if self.average:
                self.average.update()
            losses.append(loss.detach())  # stays on the device: no waiting within an epoch
        if math.isinf(self.start_loss):
            self.start_loss = float(losses[0])
        return self.train.mean(losses)

    def train_on(self, batch: Batch) -> Tensor:
        """The step of a module that has its own."""
        self.schedule.before_step()
        loss: Tensor = self.own_step(**batch, lr=self.schedule.lr)  # type: ignore[misc]
        self.optimizer.step()  # moves nothing: schedulers of torch want to see it
        return loss

    def _valid_loss(self, batches: BatchIterator) -> float:
        """Mean loss of the validation rows, with the weights as they are."""
        self.module.eval()
        if self.calls_back_per_batch and len(self.net.history):
            return self._epoch_with_skorch(batches, "valid")
        with torch.no_grad(), autocast(self.module, self.net.device, self.net.precision):
            return batches.mean([self.objective(self.module, batch) for batch in batches])

    def _epoch_with_skorch(self, batches: BatchIterator, prefix: str) -> float:
        """The same through skorch's own loop, for callbacks that watch every batch."""
        training = prefix == "train"
        step = self.net.train_step if training else self.net.validation_step
        NeuralNet.run_single_epoch(
            self.net, SkorchBatches(batches), training=training, prefix=prefix, step_fn=step
        )
        columns = (f"{prefix}_loss", f"{prefix}_batch_size")
        rows = self.net.history[-1, "batches", :, columns]
        rows = [row for row in rows if isinstance(row, tuple)]
        return sum(loss * size for loss, size in rows) / sum(size for _, size in rows)

    def before_step(self) -> None:
        """For skorch's loop: what happens between the gradient and the step."""
        if self.net.gradient_clip is not None:
            clip_gradients(list(self.module.parameters()), self.net.gradient_clip)
        self.schedule.before_step()

    def _weights_are_finite(self) -> bool:
        norms = torch._foreach_norm([param.detach() for param in self.module.parameters()])
        return math.isfinite(float(torch.stack(norms).sum()))

    def _report_divergence(self, epoch: int) -> None:
        """Warn, or raise when no epoch was good: finite, and not far above the start."""
        ways = f"a smaller lr (now {self.net.lr:g})"
        if self.own_step is None:
            ways += ", gradient_clip=1.0, or scaling X and y"
        advice = f"The training loss is not finite any more in epoch {epoch}. Try {ways}."
        if not self.last_good.kept or self.lowest_loss > 10 * self.start_loss:
            raise ValueError(advice)
        self.last_good.restore()
        self.best_epoch = self.lowest_epoch
        self.average = None  # spoilt by the same step; the last good weights are averaged
        warnings.warn(
            f"{advice} The weights of epoch {self.lowest_epoch}, the best one, are kept.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _callbacks_ask_to_stop(self) -> bool:
        try:
            self.net.notify("on_epoch_end", **self.datasets)
        except KeyboardInterrupt as interrupt:
            if not raised_by_statement(interrupt):
                raise
            return True  # how skorch's EarlyStopping ends a training
        return False

    @contextlib.contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        """The averaged weights in place of the trained ones, for validation."""
        if self.average:
            self.average.swap()
        try:
            yield
        finally:
            if self.average:
                self.average.swap()

    def roll_back(self) -> None:
        """Undo this run, where an earlier one has left something."""
        if self.optimizer_at_start is not None:
            self.at_start.restore()
            self.optimizer.load_state_dict(self.optimizer_at_start)
            del self.net.history[self.n_before :]

    def _keep_best_weights(self) -> None:
        if self.stopping is not None:
            self.stopping.snapshot.restore()
            self.best_epoch = self.stopping.best_epoch
        elif self.average:
            self.average.swap()
