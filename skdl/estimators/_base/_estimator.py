"""TorchEstimator: the parameters that all deep estimators share, and their three ways to learn."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Iterator
from dataclasses import KW_ONLY, field, fields
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..._sklearn import Interval, StrOptions, fit_context, num_samples
from ...engine import (
    LR_SCHEDULES,
    OPTIMIZERS,
    Batch,
    Data,
    Net,
    Objective,
    Output,
    Snapshot,
    Supervised,
    check_callbacks,
    check_validated,
    default_torch_modes,
    draw_seed,
    forward,
    inputs_of,
    resolve_device,
    resolve_dtype,
    scoped_threads,
    seeded,
    set_lr,
    sets_rate,
)
from ._contract import Family, FitMode
from ._described import described
from ._docs import deep_estimator
from ._held_out import HeldOut, read_groups
from ._later_rows import warn_of_other_range
from ._learning import LearningMixin, parameter_names
from ._rows import Rows, RowsBelowMinimum
from ._targets import Target
from ._trained import Trained

# What n_iter_no_change="auto" means: epochs without improvement, but not before so many steps of
# the optimizer. A network whose output is zero at first may need some hundred until its loss falls.
PATIENCE, MIN_STEPS = 10, 500
PRECISIONS = {"auto", "float32", "bfloat16", "float64"}


@deep_estimator
class TorchEstimator(LearningMixin, Trained, Family, BaseEstimator):
    """Base of every deep estimator: shared parameters, ``fit`` through the engine.

    The hooks of a family are in :class:`Family`; how y is read and converted, in :class:`Target`.
    How to write an estimator: CONTRIBUTING.md, "Add an estimator".

    Parameters
    ----------
    max_epochs : int or "auto", default=100
        Maximum number of passes over the training rows, at least 1. "auto" is 100.
    batch_size : int or "auto", default="auto"
        Rows per step of the optimizer, at least 1. "auto" is an eighth of the training rows,
        rounded down to a power of 2, between 8 and 64. A single row that would be left over joins
        the batch before.
    lr : float, default=0.001
        Learning rate at its peak, above 0.
    optimizer : {"sgd", "adagrad", "rmsprop", "adam", "adamw"}, default="adam"
        The optimizer: "sgd" has momentum 0.9; "adagrad", "rmsprop", "adam" and "adamw" have the
        defaults of torch.
    weight_decay : float, default=0.0
        Decay of the weights, 0 or more: decoupled for "adamw", an L2 penalty for the others.
    lr_schedule : {"constant", "linear", "cosine", "one-cycle", "plateau"}, default="constant"
        Schedule of the learning rate. "constant" keeps it, "linear" and "cosine" let it fall to 0;
        "one-cycle" lets it rise over 30 % of the steps, then fall; "plateau" halves it after 3
        epochs that are no better, by what early stopping goes by, or by the training loss without.
        An ``LRScheduler`` among the callbacks takes the place of schedule and warmup at their
        defaults; with others it is an error. The rate of any other callback that sets it in
        ``net.optimizer_`` stays from then on.
    warmup_fraction : float, default=0.0
        Fraction of the steps over which the learning rate first grows from 0; in [0, 1).
    gradient_clip : float or None, default=None
        Maximum norm of the gradient, above 0; None does not clip.
    early_stopping : bool or "auto", default="auto"
        Whether to set ``validation_fraction`` of the rows aside, stop when their loss does not
        improve, and keep the weights that were best on them. "auto" does so where ``fit`` is given
        rows of their own for it, ``X_val``.
    validation_fraction : float, default=0.1
        Fraction of the rows of ``fit`` set aside when stopping early; in (0, 1).
    n_iter_no_change : int or "auto", default="auto"
        Epochs without improvement before stopping early, at least 1. "auto" is 10, but not before
        500 steps of the optimizer, for the loss may only fall after some hundred.
    tol : float, default=0.0001
        Improvement of the validation loss that counts, relative to the loss; 0 or more.
    ema_decay : float or None, default=None
        Decay of an exponential moving average of the weights, in [0, 1), such as 0.999; used for
        validation and prediction. None uses the weights themselves.
    device : str or torch.device, default="auto"
        "auto" is CUDA when there is one, else the CPU. Also "cpu", "cuda" and "cuda:1".
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        "float32" and "float64" are the dtype of weights and computation. "bfloat16" trains in mixed
        precision; "auto" does so on CUDA and on CPUs with matrix units (Intel AMX), where the
        network is known to be as accurate, and is "float32" otherwise. With "auto" predictions are
        in float32.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the fit before, and from what else was learned
        before training, such as scales. A fit of fewer than 10 rows is not continued where now
        there are more. A fit that ran out of epochs is continued from its last weights, not from
        those that were best on its validation rows: so many short fits learn what a long one does.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, validation split, shuffling and dropout. None draws a new seed each
        time. numpy's and torch's global random states are left alone.
    verbose : int, default=0
        0 is silent, 1 shows one bar with loss and remaining time, 2 a line per epoch.
    callbacks : list or None, default=None
        Instances of skorch callbacks, or pairs (name, callback). What they record by epoch, such as
        scores, are columns of ``history_``: ``EpochScoring("roc_auc", lower_is_better=False)``
        scores the validation rows, in the labels and units of y; with ``on_train=True`` the outputs
        of training, with dropout, and with ``use_caching=False`` predictions of the training rows.
        ``net.predict(X)`` in a callback takes what ``predict`` takes. With ``ema_decay`` the
        averaged weights are in place at the end of an epoch. The callbacks that are given are used
        themselves, as by skorch, and keep what they saw; ``clone``, and so a search, copies them,
        which fails for one that holds an open file or a connection: open it in ``on_train_begin``.
        None is no callback.

    Attributes
    ----------
    n_features_in_ : int
        Size of the second dimension of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame; only where X was one in ``fit``.
    module_ : torch.nn.Module
        Where it has a method ``prepare``, it takes what that returns:
        ``module_(**module_.prepare(x=x))``. ``x`` holds rows of X as a tensor, channels or columns
        last; rows of unequal length are padded at their ends, with ``lengths`` (n_samples,). What
        it returns is not yet in classes or in units of y. ``net_.forward(X)`` returns the same for
        the X of ``predict``.
    history_ : DataFrame
        The losses are means of the objective over rows, and lr is that of the last step.
    """

    _: KW_ONLY
    max_epochs: int | str = 100
    batch_size: int | str = "auto"
    lr: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    lr_schedule: str = "constant"
    warmup_fraction: float = 0.0
    gradient_clip: float | None = None
    early_stopping: bool | str = "auto"
    validation_fraction: float = 0.1
    n_iter_no_change: int | str = "auto"
    tol: float = 1e-4
    ema_decay: float | None = None
    device: str | torch.device = "auto"
    precision: str = "auto"
    warm_start: bool = False
    random_state: Any = None
    verbose: int = 0
    callbacks: list[Any] | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions(set(OPTIMIZERS))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "lr_schedule": [StrOptions(set(LR_SCHEDULES))],
        "warmup_fraction": [Interval(Real, 0, 1, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left"), None],
        "device": [str, torch.device],
        "precision": [StrOptions(PRECISIONS)],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "callbacks": [list, None],
    }

    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _target: Target = field(init=False)
        _rows_below_minimum: RowsBelowMinimum | None = field(init=False)

    # Hooks of regressors and classifiers ---------------------------------------------------------

    def _make_target(self) -> Target:
        """The target of this kind of estimator, nothing of it learned yet."""
        raise NotImplementedError

    def _same_target(self) -> Target:
        """The target of the fit before, with the current values of parameters that may change."""
        return self._target

    def _make_objective(self) -> Objective:
        return Supervised(self._target.loss, self._target)

    # Three ways to learn -------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Fit to the rows of X and their targets.

        Parameters
        ----------
        X : array-like or list
            See the class's notes.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers for a regressor, of one target or several. Labels for a classifier, of any type
            that scikit-learn takes, (n_samples,), of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative; relative to each other. A classifier multiplies them by the weights of
            the classes.
        X_val, y_val : array-like or list, default=None
            Rows that validate in place of some of X, which all train then: with them training
            stops early unless ``early_stopping=False``, which is an error. A Pipeline hands
            ``X_val`` over as it is; steps before this one transform it with
            ``Pipeline(..., transform_input=["X_val"])`` and metadata routing.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the rows of X_val in their loss, not negative.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, such as those of one patient: with early stopping whole groups
            are set aside, for a regressor those that come last, for a classifier random ones, in
            about the proportion of the classes. They have no effect where nothing is set aside.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X, y, weights and parameters do not go together, or training diverges in its first
            epoch. The estimator is then as it was before.
        """
        held_out = HeldOut(X_val, y_val, sample_weight_val, groups)
        with self._fitting(y):
            held_out.check(self.early_stopping)
            is_warm = self.warm_start and hasattr(self, "net_") and not self._had_too_few_rows(y)
            (self._fit_warm if is_warm else self._fit)(X, y, sample_weight, held_out)
        return self

    def _had_too_few_rows(self, y: Any) -> bool:
        """Whether the rows before were fewer than the minimum, and fewer than these."""
        first = self._rows_below_minimum
        return first is not None and num_samples(y) > len(first.rows.target)

    def _fit(self, X: Any, y: Any, sample_weight: Any, held_out: HeldOut) -> None:
        """``fit`` from nothing: learn how to read X and y, draw a network, train it."""
        self._target = self._make_target()
        read = self._read_inputs(X, reset=True)
        rows, seed = self._read_rows(read, y, sample_weight, held_out)
        self._target.learn(rows.target[rows.train], rows.train_weight)
        data = self._learn_inputs(X, read, rows, FitMode.FIT)
        self._rows_below_minimum = RowsBelowMinimum.copied(data, rows) if data is read else None
        train, valid, used = rows.of(data, self._target, self._dtype)
        valid = self._read_held_out(held_out) if held_out.is_own else valid
        self._built_with = self._architecture()
        module = self._new_module(train, used, seed)
        net = self._new_net(module, train, seed, FitMode.FIT)
        self._train(net, train, valid, FitMode.FIT)
        self._seen = rows.seen

    def _fit_warm(self, X: Any, y: Any, sample_weight: Any, held_out: HeldOut) -> None:
        """``fit`` from the fit before: its network is trained further, on these rows."""
        self._check_architecture()
        self._target = self._same_target()
        data = self._read_inputs(X, reset=False)
        rows, seed = self._read_rows(data, y, sample_weight, held_out)
        data = self._learn_inputs(X, data, rows, FitMode.WARM_START)
        train, valid, _ = rows.of(data, self._target, self._dtype)
        self._warn_of_other_range(rows, train, "warm_start")
        valid = self._read_held_out(held_out) if held_out.is_own else valid
        module = copy.deepcopy(self.module_)
        net = self._new_net(module, train, seed, FitMode.WARM_START)
        net.resume_state = self.net_.resume_state
        self._train(net, train, valid, FitMode.WARM_START)
        self._seen = rows.seen

    def _fit_part(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """``partial_fit``: one epoch on one part of the data, with the optimizer's last state."""
        if not hasattr(self, "net_"):
            return self._fit_first_part(X, y, sample_weight)
        with self._fitting(y):
            self._check_architecture()
            self._target = self._same_target()
            check_validated(self.callbacks, "Use fit with early_stopping=True")
            data = self._read_inputs(X, reset=False)
            rows = Rows.read(self._target, y, sample_weight, len(data), self._seen)
            if self._rows_below_minimum is not None:
                self._target = copy.copy(self._target)
                self._start_in_parts(*self._rows_below_minimum.joined(self._target, data, rows))
                return self
            train, _, _ = rows.of(data, self._target, self._dtype)
            self._warn_of_other_range(rows, train, "partial_fit")
            net = self.net_
            with self._with_current_parameters(net, train):
                self._train(net, train, None, FitMode.PARTIAL_FIT)
            self._seen = rows.seen
        return self

    def _fit_first_part(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """The first ``partial_fit``: scales and the like are learned from these rows."""
        with self._fitting(y):
            self._target = self._make_target()
            check_validated(self.callbacks, "Use fit with early_stopping=True")
            data = self._read_inputs(X, reset=True)
            rows = Rows.read(self._target, y, sample_weight, len(data))
            self._start_in_parts(self._learn_inputs(X, data, rows, FitMode.PARTIAL_FIT), rows)
        return self

    def _start_in_parts(self, data: Data, rows: Rows) -> None:
        """A new network, and one epoch: on the first part, or several where these are small."""
        self._rows_below_minimum = RowsBelowMinimum.copied(data, rows)
        self._target.learn(rows.target[rows.train], rows.train_weight)
        train, _, used = rows.of(data, self._target, self._dtype)
        self._built_with = self._architecture()
        seed = draw_seed(self.random_state)
        module = self._new_module(train, used, seed)
        net = self._new_net(module, train, seed, FitMode.PARTIAL_FIT)
        self._train(net, train, None, FitMode.PARTIAL_FIT)
        self._seen = rows.seen

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

    # Their steps ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _fitting(self, y: Any) -> Iterator[None]:
        """Around each way to learn: parameters are checked first; what fails changes nothing."""
        with self._learning():
            self._keep_parameters(self._fixed_parameters())
            resolve_device(self.device)
            check_callbacks(self.callbacks)
            self._check_one_schedule()
            if not hasattr(self, "_input_kinds"):
                raise TypeError(f"{type(self).__name__} must say what X may be, in _input_kinds.")
            self._check_parameters()
            if y is None:
                raise ValueError(
                    f"This {type(self).__name__} estimator requires y to be passed, but the "
                    "target y is None."
                )
            yield

    def _read_rows(
        self, data: Data, y: Any, sample_weight: Any, held_out: HeldOut
    ) -> tuple[Rows, int]:
        """Targets and weights, with rows set aside where training may stop early; the seed."""
        rows = Rows.read(self._target, y, sample_weight, len(data))
        seed, stops_early = draw_seed(self.random_state), self.early_stopping
        groups = held_out.groups
        if groups is not None:
            groups = read_groups(groups, len(data))
        if held_out.is_own:
            return rows, seed
        if stops_early == "auto":
            stops_early = self._target.stops_early_by_default(len(rows.used))
        if stops_early:
            rows.set_aside(self._target, data, self.validation_fraction, seed, groups)
        else:
            check_validated(self.callbacks, "Set early_stopping=True, or give fit X_val and y_val")
        return rows, seed

    def _read_held_out(self, held_out: HeldOut) -> Data:
        """The user's own rows that validate."""
        return held_out.data(partial(self._read_inputs, reset=False), self._target, self._dtype)

    def _warn_of_other_range(self, rows: Rows, train: Data, way: str) -> None:
        warn_of_other_range(self._target, rows.target[rows.train], self.module_, train, way)

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
        asked, min_steps = self.n_iter_no_change, 0
        if isinstance(asked, str):
            asked, min_steps = PATIENCE, MIN_STEPS
        return Net(
            module,
            self._make_objective(),
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr_schedule=self.lr_schedule,
            warmup_fraction=self.warmup_fraction,
            gradient_clip=self.gradient_clip,
            patience=asked if self.early_stopping is not False else None,
            min_steps=min_steps,
            tol=self.tol,
            ema_decay=self.ema_decay,
            device=self.device,
            precision=self.precision,
            seed=seed,
            resumable=bool(self.warm_start),
            verbose=self.verbose,
            callbacks=self.callbacks,
        ).initialize()

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

    def _fixed_parameters(self) -> dict[str, Any]:
        """The parameters that a trained network cannot change any more."""
        free = {shared.name for shared in fields(TorchEstimator)} - {"precision"} | self._changeable
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

    # After fit ------------------------------------------------------------------------------------

    def _outputs(self, X: Any, output: Output = forward) -> np.ndarray:
        """``output(module, batch)`` for every row of X."""
        check_is_fitted(self)
        return self.net_.outputs(self._read_again(X), output).numpy()

    def _read_again(self, X: Any) -> Data:
        """X after ``fit``, read with the parameters of ``fit``; others may be set by now."""
        with default_torch_modes():
            return self._as_fitted()._read_inputs(X, reset=False)

    def encode(self, X: Any) -> np.ndarray:
        """The learned representation of each row, before the head.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        return self._outputs(X, encode)

    @property
    def _dtype(self) -> torch.dtype:
        return resolve_dtype(self.precision)


def encode(module: nn.Module, batch: Batch) -> Tensor:
    """The module's representation of a batch."""
    representation: Tensor = module.encode(**inputs_of(batch))  # type: ignore[operator]
    return representation
