"""DeepEstimator: the parameters that every deep estimator has, and how its network is trained."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, fields
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from torch import nn

from ..._sklearn import BaseEstimator, Interval, StrOptions
from ...engine import (
    Data,
    Net,
    Snapshot,
    check_callbacks,
    resolve_device,
    scoped_threads,
    seeded,
    set_lr,
    sets_rate,
)
from ._contract import Family, FitMode, Split
from ._described import described
from ._docs import deep_estimator
from ._learning import LearningMixin, parameter_names
from ._trained import Trained


@deep_estimator
class DeepEstimator(LearningMixin, Trained, Family, BaseEstimator):
    """Base of every deep estimator, with targets or without: shared parameters and training.

    The hooks of a family are in :class:`Family`. Where there are targets, :class:`TorchEstimator`
    reads them, and has the parameters of training by gradients.

    Parameters
    ----------
    max_epochs : int or "auto", default=100
        Maximum number of passes over the training rows, at least 1. "auto" is 100.
    batch_size : int or "auto", default="auto"
        Size of a mini-batch, at least 1. "auto" depends on the data.
    lr : float, default=0.001
        Learning rate at its peak, above 0.
    device : str or torch.device, default="auto"
        "auto" is CUDA when there is one, else the CPU. Also "cpu", "cuda" and "cuda:1".
    random_state : int, RandomState instance or None, default=None
        Decides all random numbers of a fit. None draws a new seed each time, and lets the number of
        torch's threads follow the times of training steps, so that other processes that compute
        slow a large network down less. Results depend on that number by rounding, so with a seed it
        stays the same, unless threads wait for other processes more than a quarter of the time: the
        fit would take several times as long. ``torch.use_deterministic_algorithms(True)`` keeps it
        even so. numpy's and torch's global random states are left alone.
    verbose : int, default=0
        0 is silent, 1 shows one bar with loss and remaining time, 2 a line per epoch.
    callbacks : list or None, default=None
        Instances of skorch callbacks, or pairs (name, callback). What they record by epoch, such as
        scores, are columns of ``history_``. The callbacks that are given are used themselves, as by
        skorch, and keep what they saw; ``clone``, and so a search, copies them, which fails for one
        that holds an open file or a connection: open it in ``on_train_begin``. A net that
        ``Checkpoint(f_pickle=)`` has written takes what the estimator takes, and has a copy of it
        as ``estimator``. None: no callbacks.
    """

    _: KW_ONLY
    max_epochs: int | str = 100
    batch_size: int | str = "auto"
    lr: float = 1e-3
    device: str | torch.device = "auto"
    random_state: Any = None
    verbose: int = 0
    callbacks: list[Any] | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "callbacks": [list, None],
    }

    # The order of the last parameters in signature and help, whichever base declares them.
    _last_parameters: ClassVar[tuple[str, ...]] = ("device", "random_state", "verbose", "callbacks")

    # Around each way to learn --------------------------------------------------------------------

    @contextlib.contextmanager
    def _fitting(self) -> Iterator[None]:
        """Around each way to learn: parameters are checked first; what fails changes nothing."""
        with self._learning():
            self._keep_parameters(self._reading_parameters())
            resolve_device(self.device)
            check_callbacks(self.callbacks)
            self._check_one_schedule()
            if not hasattr(self, "_input_kinds"):
                raise TypeError(f"{type(self).__name__} must say what X may be, in _input_kinds.")
            self._check_parameters()
            yield

    # Training, in each way to learn --------------------------------------------------------------

    def _train_new(self, rows: Split, seed: int, mode: FitMode) -> None:
        """Draw a network, and train it on rows by which it was learned how to read."""
        self._built_with = self._architecture()
        module = self._new_module(rows.train, rows.used, seed)
        self._train(self._new_net(module, rows.train, seed, mode), rows.train, rows.valid, mode)

    def _train_further(self, rows: Split, seed: int) -> None:
        """Train a copy of the network of the fit before on these rows."""
        net = self._new_net(copy.deepcopy(self.module_), rows.train, seed, FitMode.WARM_START)
        net.resume_state = self.net_.resume_state
        self._train(net, rows.train, rows.valid, FitMode.WARM_START)

    def _train_part(self, train: Data) -> None:
        """Train the net for one epoch, with the state that its optimizer had at last."""
        net = self.net_
        with self._with_current_parameters(net, train):
            self._train(net, train, None, FitMode.PARTIAL_FIT)

    def _new_module(self, train: Data, used: Data, seed: int) -> nn.Module:
        with scoped_threads(1):
            with seeded(seed, resolve_device(self.device)):
                module = self._make_module(train)
            self._learn_before_training(module, train, used)
        return module

    def _training_sizes(self, train: Data) -> tuple[int, int]:
        """Batch size and maximum number of epochs."""
        chosen = None if isinstance(self.batch_size, str) else self.batch_size
        batch_size, max_epochs = self._auto_training(train, chosen)
        return batch_size, max_epochs if isinstance(self.max_epochs, str) else self.max_epochs

    def _new_net(self, module: nn.Module, train: Data, seed: int, mode: FitMode) -> Net:
        self._prepare_module(module, mode)
        batch_size, max_epochs = self._training_sizes(train)
        return Net(
            module,
            self._make_objective(),
            lr=self.lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            device=self.device,
            seed=seed,
            adapts_threads=self.random_state is None,
            verbose=self.verbose,
            callbacks=self.callbacks,
            **self._net_options(),
        ).initialize()

    def _net_options(self) -> dict[str, Any]:
        """What else the net is made with: arguments of :class:`skdl.engine.Net`."""
        return {}

    @contextlib.contextmanager
    def _with_current_parameters(self, net: Net, train: Data) -> Iterator[None]:
        """The net with the current parameters; with those before where training fails."""
        names = ("lr", "batch_size", "criterion_", "callbacks", "callbacks_")
        before, weights = {name: getattr(net, name) for name in names}, Snapshot(net.module_)
        weights.take()
        self._prepare_module(net.module_, FitMode.PARTIAL_FIT)
        net.use_callbacks(self.callbacks)
        if self.lr != net.lr or not sets_rate(self.callbacks):
            set_lr(net.optimizer_, self.lr)
        net.lr, net.batch_size = self.lr, self._training_sizes(train)[0]
        net.criterion_ = self._make_objective()
        try:
            yield
        except BaseException:
            weights.restore()
            for name, value in before.items():
                setattr(net, name, value)
            if not sets_rate(net.callbacks):
                set_lr(net.optimizer_, net.lr)
            raise

    def _train(self, net: Net, train: Data, valid: Data | None, mode: FitMode) -> None:
        """Train a net and keep it; after a whole fit without the state of its optimizer."""
        self.net_ = net  # so that callbacks can predict
        is_part = mode is FitMode.PARTIAL_FIT
        net.bound_to(self).train(train, valid, n_epochs=1 if is_part else None)
        self._after_training(net, train, valid, mode)
        if not is_part:
            net.clear_optimizer()
        self.n_iter_ = len(net.history)
        self.best_epoch_ = net.best_epoch_

    def _reading_parameters(self) -> Iterable[str]:
        """The parameters that reading X depends on: after ``fit`` they count as they were in it."""
        return self._fixed_parameters()

    # Whether a network can go on -----------------------------------------------------------------

    def _fixed_parameters(self) -> dict[str, Any]:
        """The parameters that a trained network cannot change any more."""
        free = {shared.name for shared in fields(DeepEstimator)} | self._changeable
        return {
            name: getattr(self, name) for name in parameter_names(type(self)) if name not in free
        }

    def _architecture(self) -> dict[str, str]:
        """The parameters that a trained network cannot change, as text to compare."""
        return {
            name: repr(os.fspath(value))
            if isinstance(value, (str, os.PathLike))
            else described(value)
            for name, value in self._fixed_parameters().items()
        }

    def _check_architecture(self) -> None:
        changed = [k for k, v in self._architecture().items() if v != self._built_with[k]]
        if changed:
            before = {name: self._built_with[name] for name in changed}
            ways = [
                f"{k} to what it was, {v}" if v[0] == "<" else f"{k}={v}" for k, v in before.items()
            ]
            raise ValueError(
                f"warm_start and partial_fit go on with the network there is, but "
                f"{', '.join(changed)} changed since it was built. Set {', '.join(ways)}, or fit a "
                "clone."
            )
