"""A pack: the training runs of several nets of one architecture, computed as one.

Each net is trained as ``net.train`` would train it alone: with its own data, hyper-parameters,
random numbers, early stopping and best weights. Only the steps of the optimizer are shared: the
weights are stacked, and ``torch.vmap`` computes the losses of all members at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ._data import Data
from ._loop import TrainingRun
from ._net import Net
from ._optim import rates_of
from ._pack_batches import PackBatches
from ._pack_checks import groups_of
from ._pack_step import PackStep
from ._pack_weights import STACKED, StackedOptimizer, StackedWeights
from ._scope import default_torch_modes
from ._threads import ThreadCount, scoped_threads, threads_for


def train_pack(
    nets: Sequence[Net], train: Sequence[Data], valid: Sequence[Data | None] | None = None
) -> list[Exception | None]:
    """Train nets, those of one architecture as packs, the others one after the other.

    Parameters
    ----------
    nets : sequence of Net
        Initialized.
    train : sequence of Data
        The training rows of each.
    valid : sequence of Data or None, default=None
        The validation rows of each.

    Returns
    -------
    list of Exception or None
        For each net the error that its training has ended with, such as a loss that is not finite.
    """
    valid = [None] * len(nets) if valid is None else valid
    errors: list[Exception | None] = [None] * len(nets)
    for group in groups_of(nets, train):
        if len(group) == 1:
            (k,) = group
            try:
                nets[k].train(train[k], valid[k])
            except Exception as failure:
                errors[k] = failure
            continue
        members = [[each[k] for k in group] for each in (nets, train, valid)]
        pack = PackedRun(*members)  # type: ignore[arg-type]
        try:
            while not pack.finished:
                pack.epoch()
        except BaseException:
            pack.abandon()
            raise
        for k, error in pack.errors.items():
            errors[group[k]] = error
    return errors


class PackedRun:
    """Training runs of several nets, epoch by epoch, as one.

    ``while not pack.finished: pack.epoch()``; after an error, ``pack.abandon()``. A member that has
    ended leaves the pack and costs nothing. One whose loss is not finite keeps its place until
    another ends: in a stack of another height, the siblings' last digits would be others.

    Parameters
    ----------
    nets : sequence of Net
        Initialized, of one architecture, see :func:`reason_against`.
    train, valid : sequence of Data
        Those of each net; in ``valid`` None for nets without validation rows.

    Attributes
    ----------
    runs : list of TrainingRun
        Those that have not ended.
    errors : dict of int to Exception
        The errors of nets that failed, by their numbers.
    """

    def __init__(
        self, nets: Sequence[Net], train: Sequence[Data], valid: Sequence[Data | None]
    ) -> None:
        self.errors: dict[int, Exception] = {}
        self.runs: list[TrainingRun] = []
        self.number: dict[TrainingRun, int] = {}
        self.weights: StackedWeights | None = None
        for number, (net, rows, validation) in enumerate(zip(nets, train, valid, strict=True)):
            with self._failing(number):
                run = net.start(rows, validation)
                self.runs.append(run)
                self.number[run] = number
        self._drop_ended()

    @property
    def finished(self) -> bool:
        return not self.runs

    def epoch(self) -> None:
        """Train and validate all members once."""
        for run in list(self.runs):
            with self._failing(self.number[run]):
                run.begin_epoch()
        self._drop_ended()
        if not self.runs:
            return
        started = time.perf_counter()
        losses = self._pass()
        for run in list(self.runs):
            with self._failing(self.number[run]):
                run.end_epoch(losses[self.stacked.index(run)], started)
        self._drop_ended()

    def abandon(self) -> None:
        """End all runs after an error, as ``TrainingRun.abandon`` does."""
        self._release(self.runs)
        for run in self.runs:
            run.abandon()
        self.runs = []

    @contextlib.contextmanager
    def _failing(self, number: int) -> Iterator[None]:
        """An error inside ends this member alone."""
        try:
            yield
        except Exception as error:
            self.errors[number] = error

    def _drop_ended(self) -> None:
        """Let the members go that have ended; stack the others again, if any has."""
        failed = [run for run in self.runs if self.number[run] in self.errors]
        ended = [run for run in self.runs if run.finished and run not in failed]
        gone = [*failed, *ended]
        if self.weights is not None and not gone and self._is_shared():
            return
        stays = bool(gone) and self.weights is not None and all(run.diverged for run in gone)
        self._release(gone if stays else self.runs)
        for run in failed:
            run.abandon()
        for run in ended:
            with self._failing(self.number[run]):
                run.finish()
        self.runs = [run for run in self.runs if run not in gone]
        if self.runs and not stays:
            self._stack()

    # The stack -----------------------------------------------------------------------------------

    def _stack(self) -> None:
        self.stacked = list(self.runs)  # whose weights are in the stack
        nets, modules = [run.net for run in self.runs], [run.module for run in self.runs]
        for module in modules:
            module.train()
        self.weights = StackedWeights(modules)
        kind = STACKED[nets[0].optimizer]
        self.optimizer: StackedOptimizer = kind(self.weights, [run.optimizer for run in self.runs])
        self.step = PackStep(self.runs, self.weights)
        self.clips: Tensor | None = None
        if any(net.gradient_clip is not None for net in nets):
            most = [torch.inf if net.gradient_clip is None else net.gradient_clip for net in nets]
            self.clips = self.weights.flat.new_tensor(most)
        n_rows = len(nets) * nets[0].batch_size
        n_threads = threads_for(modules[0], n_rows, nets[0].device)
        adapts = all(net.adapts_threads for net in nets)
        self.threads = ThreadCount(n_threads, repeatable=not adapts)

    def _is_shared(self) -> bool:
        """Whether no callback has put other tensors in the place of those of the stack."""
        assert self.weights is not None
        return self.weights.is_shared([self.stacked.index(run) for run in self.runs])

    def _release(self, runs: Sequence[TrainingRun]) -> None:
        """Give these members weights and moments of their own."""
        if self.weights is not None:
            members = [self.stacked.index(run) for run in runs]
            self.optimizer.release(members)
            self.weights.release(members)

    # Steps ---------------------------------------------------------------------------------------

    def _pass(self) -> list[Tensor]:
        """One pass over the training rows; the losses of the batches of each member."""
        losses = []
        with contextlib.ExitStack() as stack:
            stack.enter_context(scoped_threads(self.threads.number))
            stack.enter_context(default_torch_modes())
            for run in self.stacked:
                stack.enter_context(run.random.with_generators())
            for batch in PackBatches([run.train for run in self.stacked]):
                losses.append(self.threads.timed(self._step, batch))
        return list(torch.stack(losses, dim=1))

    def _step(self, batch: Any) -> Tensor:
        """Gradients and optimizer; the losses (K,)."""
        losses = self.step(batch)
        with torch.no_grad():
            if self.clips is not None:
                self.optimizer.weights.clip(self.clips)
            for run in self.runs:
                run.schedule.before_step()
            self.optimizer.step([rates_of(run.optimizer) for run in self.stacked])
        for run in self.runs:
            if run.average is not None:
                run.average.update()
        return losses
