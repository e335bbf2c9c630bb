"""A training run: epochs over batches, and what happens between them."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from ._callback_checks import check_monitors, check_own_step, has_batch_hooks, sets_rate
from ._callbacks import (
    BatchEvents,
    InterruptSignal,
    dataset_of,
    epoch_loaded_by,
    record_batches,
    record_epoch,
)
from ._contract import attribute_or_default
from ._data import Batch, BatchIterator, Data, ServedBatch
from ._gradients import Gradients
from ._objectives import mean_of_rows
from ._optim import (
    Schedule,
    WeightAverage,
    clip_gradients,
    plain_copy,
    rates_of,
    restore_moments,
    restore_state,
    state_of,
)
from ._progress import Progress
from ._random import RandomNumbers
from ._scope import autocast, default_torch_modes
from ._stopping import EarlyStopping, Snapshot, ValidationScore
from ._threads import ThreadCount, scoped_threads, threads_for

if TYPE_CHECKING:
    from ._net import Net

VALID_ROWS = 512  # rows of a validation batch
# Steps of the optimizer that a start-up plateau may last: a network whose output is zero at first
# may need some hundred until its loss falls.
PLATEAU_STEPS = 500
# Attributes of a run that are plain numbers; ``state`` has them.
NUMBERS = (
    "n_before",
    "n_done",
    "stopped",
    "start_loss",
    "lowest_loss",
    "lowest_epoch",
    "best_epoch",
)


class TrainingRun:
    """One training of a net, epoch by epoch, whose state can be saved and restored.

    ``while not run.finished: run.epoch()``, then ``run.finish()``; after an error,
    ``run.abandon()``. Between epochs another run may train the same net, if the state of this one
    is restored afterwards.

    Parameters
    ----------
    net : Net
        Initialized; its module is trained in place.
    train : Data
        The training rows.
    valid : Data or None
        The validation rows.
    n_epochs : int or None
        None: ``max_epochs`` with the net's schedule. A number: so many, at a constant rate.

    Attributes
    ----------
    n_before : int
        Epochs of earlier runs of the net; the epochs of this run are counted from there.
    n_done : int
        Epochs of this run.
    stopped : bool
        Whether it ends before its last epoch: by early stopping, a callback or divergence.
    best_epoch : int
        Epoch of the weights that ``finish`` keeps, counted from the net's first one.
    """

    progress: Progress | None = None

    def __init__(self, net: Net, train: Data, valid: Data | None, n_epochs: int | None) -> None:
        self.net, self.module = net, net.module_
        self.objective, self.optimizer = net.criterion_, net.optimizer_
        self.own_step = attribute_or_default(self.module, "train_on")
        check_monitors(net.callbacks_, validated=valid is not None)
        if self.own_step is not None:
            check_own_step(net.callbacks_)
        self.n_epochs = net.max_epochs if n_epochs is None else n_epochs
        self.n_before, self.n_done = len(net.history), 0
        self.stopped = self.asked_to_stop = self.diverged = False
        self.start_loss = self.lowest_loss = math.inf
        self.random = self._new_random()
        n_threads = threads_for(self.module, min(net.batch_size, len(train)), net.device)
        self.threads = ThreadCount(n_threads, repeatable=not net.adapts_threads)
        self.has_batch_hooks = any(has_batch_hooks(callback) for _, callback in net.callbacks_)
        self.gradients = self._new_gradients()
        self.events: BatchEvents | None = None
        self.data = train
        self.datasets = {
            "dataset_train": dataset_of(train, net.converter),
            "dataset_valid": dataset_of(valid, net.converter),
        }
        with self._scope():
            rates = rates_of(self.optimizer)  # that a callback may replace by its own
            self._notify("on_train_begin", X=train, y=None)
            if len(net.history) != self.n_before:  # a callback has loaded an earlier training
                self.n_before = len(net.history)
                self.random, rates = self._new_random(), []
                self.gradients = self._new_gradients()
            self.best_epoch = self.lowest_epoch = self.n_before
            self._start(train, valid, rates, is_part=n_epochs is not None)

    def _start(self, train: Data, valid: Data | None, rates: list[float], *, is_part: bool) -> None:
        """Prepare data, schedule, averages and early stopping."""
        net, max_steps = self.net, attribute_or_default(self.module, "max_steps")
        count = attribute_or_default(self.objective, "count")
        # A module with a step of its own gets its rows in their order.
        shuffle = None if self.own_step else self.random.generators.shuffle
        # Once for all epochs where memory allows: it does not depend on trainable weights.
        prepared = net.prepared(train, at_once=True)
        mixed = attribute_or_default(self.module, "uses_batch_statistics")
        self.train = BatchIterator(
            prepared, net.batch_size, shuffle, max_steps, count, mixed_lengths=mixed
        )
        self.valid: BatchIterator | None = None
        if valid is not None:
            prepared, n_rows = net.prepared(valid, at_once=True), net.most_rows(VALID_ROWS)
            self.valid = BatchIterator(prepared, n_rows, None, max_steps, count)
        # Constant where the number of steps is not known (parts), or a callback sets the rate.
        shape = (net.lr_schedule, net.warmup_fraction, net.min_lr / net.lr)
        constant_rate = is_part or sets_rate(net.callbacks_)
        shape = ("constant", 0.0, 0.0) if constant_rate else shape
        n_steps = self.n_epochs * len(self.train)
        self.schedule = Schedule(self.optimizer, n_steps, *shape, rates=rates)
        self.average = self._new_average()
        self.last_good = Snapshot(self.module)
        self.stopping: EarlyStopping | None = None
        self.validation_score: ValidationScore | None = None
        if net.patience is not None and self.valid is not None:
            if attribute_or_default(self.objective, "row_losses") is not None:
                error_power = attribute_or_default(self.objective, "error_power")
                self.validation_score = ValidationScore.of(error_power, train)
            min_epochs, plateau_epochs = (
                math.ceil(n / len(self.train)) for n in (net.min_steps, self._plateau_steps())
            )
            self.stopping = EarlyStopping(
                self.module, net.patience, net.tol, min_epochs, plateau_epochs
            )
            # The weights at the start are a candidate too: training may only make things worse.
            valid_loss = self._valid_loss(self.valid)
            self.stopping.update(self.n_before, self._score(valid_loss))
        if net.resume_state is not None and not is_part:
            self._resume(net.resume_state)
        # An abandoned run restores it. A net that was not trained before is not used then.
        # Rows of the history do not change any more: copies of all would make many short runs slow.
        self.at_start: dict[str, Any] | None = None
        if self.n_before and not self.own_step:
            self.at_start = {**self._state_of_training(), "history": list(net.history)}

    def _plateau_steps(self) -> int:
        """Steps that a start-up plateau may last, where no minimum of steps covers it."""
        may_last = attribute_or_default(self.module, "on_plateau") and not self.net.min_steps
        return PLATEAU_STEPS if may_last else 0

    def _new_random(self) -> RandomNumbers:
        net = self.net
        return RandomNumbers(net.seed, self.n_before, net.device, self.module, self.objective)

    def _new_gradients(self) -> Gradients:
        by_tape = not self.has_batch_hooks
        return Gradients(self.module, self.random, by_tape=by_tape)

    @torch.no_grad()
    def _resume(self, resume_state: dict[str, Any]) -> None:
        """Continue from the last state of another run; the weights that it kept are a candidate."""
        for live, last in zip(self.last_good.live, resume_state["weights"], strict=True):
            live.copy_(last)
        if resume_state["optimizer"] == self.net.optimizer:
            kept = resume_state["moments"]  # other parameters may be frozen now
            restore_moments(self.optimizer, [kept.get(name, {}) for name in self._trained()])
        if resume_state["device"] == self.net.device:
            self.random.restore(resume_state["generators"])

    def _trained(self) -> list[str]:
        """Names of the parameters that the optimizer has, in its order."""
        names = {param: name for name, param in self.module.named_parameters()}
        return [names[param] for group in self.optimizer.param_groups for param in group["params"]]

    def _make_resume_state(self) -> dict[str, Any]:
        """The state that another run resumes from, on the CPU."""
        moments = plain_copy(state_of(self.optimizer)["parameters"], "cpu")
        return {
            "weights": [live.detach().cpu().clone() for live in self.last_good.live],
            "optimizer": self.net.optimizer,
            "moments": dict(zip(self._trained(), moments, strict=True)),
            "device": self.net.device,
            "generators": self.random.state(),
        }

    def _new_average(self) -> WeightAverage | None:
        return WeightAverage(self.module, self.net.ema_decay) if self.net.ema_decay else None

    # Running -------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether there is no further epoch."""
        return self.stopped or self.n_done >= self.n_epochs

    def epoch(self) -> None:
        """Train and validate once.

        Raises
        ------
        ValueError
            If the loss or the weights are not finite, and no epoch before was good.
        """
        if self.begin_epoch():
            with self._scope():
                started = time.perf_counter()
                losses = self._pass(self.train, self._chosen_step, notify=True)
            self.end_epoch(losses, started)

    def begin_epoch(self) -> bool:
        """Put the module into training mode; False where a callback has ended the training."""
        if self.progress is None:
            self.progress = Progress(self.net.verbose, self.n_epochs)
        with self._scope():
            self._notify("on_epoch_begin", **self.datasets)
        if self.asked_to_stop:
            del self.net.history[-1]  # the row of the epoch that was not begun
            self.stopped = True
            return False
        self.module.train()
        self.params: list[Any] = [p for p in self.module.parameters() if p.requires_grad]
        if self.own_step is None and not self.params:
            raise ValueError(
                "No weight is left to train: all are frozen (requires_grad=False). Freeze fewer; "
                "patterns of skorch's Freezer match names of net.module_.named_parameters()."
            )
        return True

    def end_epoch(self, losses: list[Tensor] | Tensor, started: float) -> None:
        """Validate, record and decide, after a pass over the training rows with these losses.

        ``started`` is when the pass began, by ``time.perf_counter``.
        """
        if math.isinf(self.start_loss):
            self.start_loss = float(losses[0])
        with self._scope():
            train_loss = self.train.mean(losses)
            self.stopped = not self._end_epoch(self.n_before + self.n_done + 1, train_loss, started)
        self.n_done += 1
        self.progress.update(self.net.history[-1])  # type: ignore[union-attr]

    def finish(self) -> None:
        """End the run: keep the best weights, or the averaged ones, in evaluation mode.

        It may be called before ``finished``.
        """
        ran_out = self.net.resumable and not self.stopped and not self.own_step
        # Before the best weights are restored: a later run resumes from the last ones.
        self.net.resume_state = self._make_resume_state() if ran_out else None
        if self.stopping is not None:
            self.stopping.snapshot.restore()
            self.best_epoch = self.stopping.best_epoch
        elif self.average is not None:
            self.average.swap()
        self.net.best_epoch_ = self.best_epoch
        self._end()
        with self._scope():
            self._notify("on_train_end", X=self.data, y=None)
        loaded = epoch_loaded_by(self.net.callbacks_, self.n_before + self.n_done)
        self.net.best_epoch_ = loaded or self.net.best_epoch_
        for row in self.net.history:
            row["batches"] = []  # rows of batches would make up most of a pickle

    def abandon(self) -> None:
        """End the run after an error; a net that was trained before is as it was before the run."""
        if self.at_start is not None:
            self.restore(self.at_start)
        self._end()

    def _end(self) -> None:
        self.module.eval()
        if self.progress is not None:
            self.progress.close()

    # State ---------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Copy all that the following epochs depend on, except data, parameters and callbacks.

        Returns
        -------
        dict
            Of dicts, lists and tuples of tensors, numbers, strings and None, which ``torch.load``
            reads with ``weights_only=True``.
        """
        rows = [plain_copy(dict(row)) for row in self.net.history]
        return {**self._state_of_training(), "history": rows}

    def _state_of_training(self) -> dict[str, Any]:
        """The state but for the history."""
        return {
            "numbers": {name: getattr(self, name) for name in NUMBERS},
            "weights": plain_copy(self.last_good.live),
            "last_good": self.last_good.state(),
            "optimizer": state_of(self.optimizer),
            "schedule": self.schedule.state(),
            "average": None if self.average is None else self.average.state(),
            "stopping": None if self.stopping is None else self.stopping.state(),
            "validation_score": self.validation_score and self.validation_score.state(),
            "generators": self.random.state(),
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state of this run, or of another run with equal net, data and parameters.

        The following epochs are then bit for bit those that followed when it was saved, on the
        same device.
        """
        vars(self).update(state["numbers"])
        self.asked_to_stop = False
        torch._foreach_copy_(self.last_good.live, state["weights"])
        self.last_good.keep(state["last_good"])
        restore_state(self.optimizer, state["optimizer"])
        self.schedule.restore(state["schedule"])
        self.average = None if state["average"] is None else self._new_average()
        if self.average is not None:
            self.average.restore(state["average"])
        if self.stopping is not None:
            self.stopping.restore(state["stopping"])
        if self.validation_score is not None:
            self.validation_score.restore(state["validation_score"])
        self.random.restore(state["generators"])
        self.net.history[:] = [plain_copy(row) for row in state["history"]]

    # One epoch -----------------------------------------------------------------------------------

    def _end_epoch(self, epoch: int, train_loss: float, started: float) -> bool:
        """Validate, record and decide; False when training should stop."""
        valid_loss = None
        # Checked before validation: weights that are not finite must not be kept as the best ones.
        self.diverged = not (math.isfinite(train_loss) and self._weights_are_finite())
        stop = self.diverged
        if not self.diverged:
            self.best_epoch = epoch
            # The averaged weights are validated and kept, because they are those that predict.
            with self._averaged_weights():
                score = train_loss
                if self.valid is not None:
                    valid_loss = self._valid_loss(self.valid, notify=True)
                    score = self._score(valid_loss)
                if self.stopping is not None:
                    stop = self.stopping.update(epoch, score, train_loss)
                self._keep_if_lowest(epoch, train_loss)
            self.schedule.after_epoch(score)
        losses = {"train_loss": train_loss, "valid_loss": valid_loss}
        record_epoch(self.net.history, losses, self.schedule.lr, time.perf_counter() - started)
        if self.diverged:
            self._report_divergence(epoch)
        with contextlib.nullcontext() if self.average is None else self.average.swapped():
            self._notify("on_epoch_end", **self.datasets)
        return not (self.asked_to_stop or stop)

    @property
    def _chosen_step(self) -> Callable[[ServedBatch], Tensor]:
        return self._step if self.own_step is None else self._own_step

    def _valid_loss(self, batches: BatchIterator, notify: bool = False) -> float:
        """Mean loss of the validation rows, with the weights as they are."""
        self.module.eval()
        with torch.no_grad():
            return batches.mean(self._pass(batches, self._valid_step, notify=notify))

    def _pass(
        self,
        batches: BatchIterator,
        step: Callable[[ServedBatch], Tensor],
        *,
        notify: bool,
    ) -> list[Tensor]:
        """One pass over data; the losses of its batches, which stay on the device.

        ``notify`` says whether callbacks get its batches, as they do in an epoch.
        """
        losses, sizes, trains = [], [], self.module.training
        self.mixed = autocast(self.module, self.net.device, self.net.precision)
        by_batch = notify and self.has_batch_hooks
        events = BatchEvents(self.net, self._notify, trains) if by_batch else None
        with self.random.with_generators(), events or contextlib.nullcontext():
            self.events = events
            for batch in batches:
                if events is not None:
                    events.begin(batch)
                loss = self.threads.timed(step, batch) if trains else step(batch)
                if events is not None:
                    events.end(batch, loss)
                # Not read here: each read would wait for the device. The mean is read once a pass.
                losses.append(loss)
                sizes.append(batch.n_rows)
                if trains and self.asked_to_stop:
                    break
        if notify and self.net.callbacks_ and not by_batch:
            record_batches(self.net.history, "train" if trains else "valid", losses, sizes)
        return losses

    def _loss(self, batch: Batch) -> Tensor:
        with self.mixed:
            return self.objective(self.module, batch)

    def _step(self, batch: ServedBatch) -> Tensor:
        """Gradient and optimizer."""
        loss = self.gradients(self._loss, batch, self.params)
        # Before clipping: callbacks get the gradients of the loss.
        if self.events is not None:
            self.events.gradients_computed()
        if self.net.gradient_clip is not None:
            clip_gradients(self.params, self.net.gradient_clip)
        self.schedule.before_step()
        self.optimizer.step()
        # As zero_grad, without its profiler hook.
        for param in self.params:
            param.grad = None
        if self.average is not None:
            self.average.update()
        return loss.detach()

    def _own_step(self, batch: ServedBatch) -> Tensor:
        """The step of a module that has its own."""
        self.schedule.before_step()
        with self.random.redirected():
            loss: Tensor = self.own_step(**batch, lr=self.schedule.lr)
        self.optimizer.step()  # moves nothing: schedulers of torch want to see it
        return loss

    def _valid_step(self, batch: ServedBatch) -> Tensor:
        with self.random.redirected():
            if self.validation_score is None:
                return self._loss(batch)
            with self.mixed:
                losses: Tensor = self.objective.row_losses(self.module, batch)
        self.validation_score.update(losses, batch.get("weight"))
        return mean_of_rows(losses, batch.get("weight"))

    def _score(self, valid_loss: float) -> float:
        """What decides when to stop and to lower the rate, after a pass over validation rows."""
        return valid_loss if self.validation_score is None else self.validation_score.compute()

    # Between epochs ------------------------------------------------------------------------------

    def _keep_if_lowest(self, epoch: int, train_loss: float) -> None:
        if train_loss < self.lowest_loss:
            self.lowest_loss, self.lowest_epoch = train_loss, epoch
            if self.own_step is None:
                self.last_good.take()

    def _weights_are_finite(self) -> bool:
        # One sum over all weights, so that the host waits for the device once.
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
        # Early stopping, if any, restores its own best weights in ``finish``.
        self.last_good.restore()
        self.best_epoch = self.lowest_epoch
        self.average = None  # not finite either; the last good weights are averaged ones
        warnings.warn(
            f"{advice} The weights of epoch {self.lowest_epoch}, the best one, are kept.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _notify(self, event: str, **kwargs: Any) -> None:
        """Call the net's callbacks, whose random numbers come from generators of the run too.

        A KeyboardInterrupt that one raises ends the training, unless it is the user's Ctrl-C: at
        the end of an epoch as skorch's EarlyStopping does, within one after the batch at hand.
        """
        if not self.net.callbacks_:
            self.net.notify(event, **kwargs)
            return
        with self.random.callback_mode, InterruptSignal() as interrupt:
            try:
                self.net.notify(event, **kwargs)
            except KeyboardInterrupt:
                if interrupt.came or event in ("on_train_begin", "on_train_end"):
                    raise
                self.asked_to_stop = True

    @contextlib.contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        """The averaged weights in place of the trained ones: they are validated and kept."""
        if self.average is not None:
            self.average.swap()
        try:
            yield
        finally:
            if self.average is not None:
                self.average.swap()

    @contextlib.contextmanager
    def _scope(self) -> Iterator[None]:
        """The number of threads chosen for the run, and torch's default modes."""
        with scoped_threads(self.threads.number), default_torch_modes():
            yield
