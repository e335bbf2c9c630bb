"""TorchEstimator: deep estimators with targets, trained by gradients."""

from __future__ import annotations

import copy
from dataclasses import KW_ONLY, field
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..._sklearn import Interval, StrOptions, fit_context, num_samples
from ...engine import (
    LR_SCHEDULES,
    OPTIMIZERS,
    PLATEAU_STEPS,
    Batch,
    Data,
    Objective,
    Supervised,
    check_validated,
    default_torch_modes,
    draw_seed,
    inputs_of,
    resolve_dtype,
)
from ._contract import FitMode, Split
from ._deep import DeepEstimator
from ._docs import deep_estimator
from ._held_out import HeldOut, Passed, read_groups
from ._later_rows import warn_of_other_range
from ._rows import Rows, RowsBelowMinimum, Seen
from ._targets import Target

# What n_iter_no_change="auto" means: epochs without improvement, but not before PLATEAU_STEPS.
PATIENCE = 10
PRECISIONS = {"auto", "float32", "bfloat16", "float64"}


@deep_estimator
class TorchEstimator(DeepEstimator):
    """Base of the deep estimators with targets: y, weights, validation, training by gradients.

    The hooks of a family are in :class:`Family`, the ways to learn in :class:`DeepEstimator`; how y
    is read and converted, in :class:`Target`. How to write an estimator: CONTRIBUTING.md, "Add an
    estimator".

    Parameters
    ----------
    optimizer : {"sgd", "adagrad", "rmsprop", "adam", "adamw"}, default="adam"
        The optimizer: "sgd" has momentum 0.9; "adagrad", "rmsprop", "adam" and "adamw" have the
        defaults of torch.
    weight_decay : float, default=0.0
        Decay of the weights, 0 or more: decoupled for "adamw", an L2 penalty for the others.
    lr_schedule : {"constant", "linear", "cosine", "one-cycle", "plateau"}, default="constant"
        Schedule of the learning rate. "constant" keeps it, "linear" and "cosine" let it fall to 0;
        "one-cycle" lets it rise over 30 % of the steps, then fall; "plateau" halves it where
        the score of early stopping, or the training loss without it, has not become better for 3
        epochs.
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
        validation rows, ``X_val``.
    validation_fraction : float, default=0.1
        Fraction of the rows of ``fit`` set aside when stopping early; in (0, 1).
    n_iter_no_change : int or "auto", default="auto"
        Epochs without improvement before stopping early, at least 1. "auto" is 10, but not before
        500 steps of the optimizer, for the loss may only fall after some hundred steps.
    tol : float, default=0.0001
        Improvement of the validation loss that counts, relative to the loss; 0 or more.
    ema_decay : float or None, default=None
        Decay of an exponential moving average of the weights, in [0, 1), such as 0.999; used for
        validation and prediction. None uses the weights themselves.
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
    batch_size : int or "auto", default="auto"
        It counts rows. A single row that would be left over joins the batch before. "auto" is an
        eighth of the training rows, rounded down to a power of 2, between 8 and 64.
    random_state : int, RandomState instance or None, default=None
        Initial weights, validation split, shuffling and dropout are random.
    callbacks : list or None, default=None
        ``EpochScoring`` scores the validation rows, in the labels or units of y; with
        ``on_train=True`` the outputs of training, with dropout, augmentation and the weights that
        each batch had, and with ``use_caching=False`` predictions of the training rows at the end
        of the epoch. ``net.predict(X)`` in a callback takes what ``predict`` takes.
        With ``ema_decay`` the averaged weights are in place at the end of an epoch.

    Attributes
    ----------
    n_features_in_ : int
        Size of the second dimension of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
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
    precision: str = "auto"
    warm_start: bool = False

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
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
        "precision": [StrOptions(PRECISIONS)],
        "warm_start": ["boolean"],
    }

    _last_parameters: ClassVar[tuple[str, ...]] = (
        *("max_epochs", "batch_size", "lr", "optimizer", "weight_decay", "lr_schedule"),
        *("warmup_fraction", "gradient_clip", "early_stopping", "validation_fraction"),
        *("n_iter_no_change", "tol", "ema_decay", "device", "precision", "warm_start"),
        *("random_state", "verbose", "callbacks"),
    )
    # Another precision needs a new network.
    _changeable: ClassVar[frozenset[str]] = frozenset(_last_parameters) - {"precision"}

    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _target: Target = field(init=False)
        _rows_below_minimum: RowsBelowMinimum | None = field(init=False)
        _train_groups: np.ndarray | None = field(init=False)  # while fit trains, if there are any
    else:
        _train_groups = None

    # Hooks of regressors and classifiers ---------------------------------------------------------

    def _make_target(self) -> Target:
        """The target of this kind of estimator, nothing of it learned yet."""
        raise NotImplementedError

    def _same_target(self, mode: FitMode) -> Target:
        """The target of the fit before, with the current values of parameters that may change."""
        return self._target

    def _sets_aside_by_default(self, n_rows: int) -> bool:
        """Whether some of so many rows validate where ``early_stopping`` is "auto"."""
        return self._target.stops_early_by_default(n_rows)

    def _make_objective(self) -> Objective:
        return Supervised(self._target.loss, self._target)

    # fit and partial_fit -------------------------------------------------------------------------

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
            about the proportion of the classes. Calibration keeps them together too. They have no
            other effect where nothing is set aside.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X, y, weights and parameters do not go together, or training diverges in its first
            epoch. The estimator is then as it was before.
        KeyboardInterrupt
            After Ctrl-C, or what a notebook has for it. The estimator is as it was before.
        """
        held_out = HeldOut(X_val, y_val, sample_weight_val, groups)
        passed = Passed(X, y, sample_weight, held_out)
        with self._fitting():
            self._check_has_target(y)
            held_out.check(self.early_stopping)
            is_warm = self.warm_start and hasattr(self, "net_") and not self._had_too_few_rows(y)
            (self._fit_warm if is_warm else self._fit_new)(passed)
            self.__dict__.pop("_train_groups", None)
        return self

    def _learn_part(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """``partial_fit`` of regressors and classifiers."""
        with self._fitting():
            self._check_has_target(y)
            check_validated(self.callbacks, "Use fit with early_stopping=True")
            self._fit_part(Passed(X, y, sample_weight))
        return self

    def _fit_new(self, passed: Passed) -> None:
        """``fit`` from nothing: learn how to read the data, draw a network, train it."""
        seed = draw_seed(self.random_state)
        self._train_new(self._first_rows(passed, seed, FitMode.FIT), seed, FitMode.FIT)

    def _fit_warm(self, passed: Passed) -> None:
        """``fit`` from the fit before: its network is trained further, on these rows."""
        self._check_architecture()
        seed = draw_seed(self.random_state)
        self._train_further(self._further_rows(passed, seed, FitMode.WARM_START), seed)

    def _fit_part(self, passed: Passed) -> None:
        """One epoch on one part of the data; from nothing while rows are below the minimum."""
        if not hasattr(self, "net_"):
            rows = self._first_rows(passed, None, FitMode.PARTIAL_FIT)
            self._train_new(rows, draw_seed(self.random_state), FitMode.PARTIAL_FIT)
            return
        self._check_architecture()
        if self._rows_below_minimum is None:
            self._train_part(self._further_rows(passed, None, FitMode.PARTIAL_FIT).train)
        else:
            rows = self._joined_rows(self._rows_below_minimum, passed)
            self._train_new(rows, draw_seed(self.random_state), FitMode.PARTIAL_FIT)

    def _had_too_few_rows(self, y: Any) -> bool:
        """Whether the rows before were fewer than the minimum, and fewer than these."""
        first = self._rows_below_minimum
        return first is not None and num_samples(y) > len(first.rows.target)

    def _check_has_target(self, y: Any) -> None:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the "
                "target y is None."
            )

    # What they read ------------------------------------------------------------------------------

    def _first_rows(self, passed: Passed, seed: int | None, mode: FitMode) -> Split:
        """What was passed for a new network, and how its rows are used.

        ``seed`` decides which are set aside for validation; None in ``partial_fit``, where none is.
        """
        self._target = self._make_target()
        read = self._read_inputs(passed.X, reset=True)
        rows = self._read_rows(read, passed, seed)
        self._target.learn(rows.target[rows.train], rows.train_weight)
        data = self._learn_inputs(passed.X, read, rows, mode)
        # Of a whole fit they are read again by a warm start, where reading is learned from rows.
        kept = data if mode is FitMode.PARTIAL_FIT else read
        keeps = kept.columns.keys() <= data.columns.keys()
        self._rows_below_minimum = RowsBelowMinimum.copied(kept, rows) if keeps else None
        return self._split(data, rows, passed)

    def _joined_rows(self, first: RowsBelowMinimum, passed: Passed) -> Split:
        """The rows before, which were too few, and those of this ``partial_fit``."""
        self._target = copy.copy(self._same_target(FitMode.PARTIAL_FIT))
        data = self._read_inputs(passed.X, reset=False)
        data, rows = first.joined(self._target, data, self._read_rows(data, passed, None))
        self._target.learn(rows.target[rows.train], rows.train_weight)
        self._rows_below_minimum = RowsBelowMinimum.copied(data, rows)
        return self._split(data, rows, passed)

    def _further_rows(self, passed: Passed, seed: int | None, mode: FitMode) -> Split:
        """The same for the network of the fit before, read as then."""
        self._target = self._same_target(mode)
        data = self._read_inputs(passed.X, reset=False)
        before = self._seen if mode is FitMode.PARTIAL_FIT else None
        rows = self._read_rows(data, passed, seed, before)
        if mode is FitMode.WARM_START:
            data = self._learn_inputs(passed.X, data, rows, mode)
        split = self._split(data, rows, passed)
        values = rows.target[rows.train]
        warn_of_other_range(self._target, values, self.module_, split.train, mode.value)
        return split

    def _read_rows(
        self, data: Data, passed: Passed, seed: int | None, before: Seen | None = None
    ) -> Rows:
        """Targets and weights; with a seed, rows are set aside where training may stop early."""
        rows = Rows.read(self._target, passed.y, passed.sample_weight, len(data), before)
        groups, stops_early = passed.held_out.groups, self.early_stopping
        if groups is not None:
            groups = read_groups(groups, len(data))
        if seed is None or passed.held_out.is_own:
            return rows
        if stops_early == "auto":
            stops_early = self._sets_aside_by_default(len(rows.used))
            stops_early = stops_early and rows.can_validate(self.validation_fraction)
        if stops_early:
            rows.set_aside(self._target, data, self.validation_fraction, seed, groups)
        else:
            check_validated(self.callbacks, "Set early_stopping=True, or give fit X_val and y_val")
        if groups is not None:
            self._train_groups = groups[rows.train]
        return rows

    def _split(self, data: Data, rows: Rows, passed: Passed) -> Split:
        """The rows by their use; those that validate are the user's own where there are some."""
        split, held_out = rows.of(data, self._target, self._dtype), passed.held_out
        self._seen = rows.seen
        if held_out.is_own:
            read = partial(self._read_inputs, reset=False)
            split = split._replace(valid=held_out.data(read, self._target, self._dtype))
        return split

    def _net_options(self) -> dict[str, Any]:
        asked, min_steps = self.n_iter_no_change, 0
        if isinstance(asked, str):
            asked, min_steps = PATIENCE, PLATEAU_STEPS
        return {
            "optimizer": self.optimizer,
            "weight_decay": self.weight_decay,
            "lr_schedule": self.lr_schedule,
            "warmup_fraction": self.warmup_fraction,
            "gradient_clip": self.gradient_clip,
            "patience": asked if self.early_stopping is not False else None,
            "min_steps": min_steps,
            "tol": self.tol,
            "ema_decay": self.ema_decay,
            "precision": self.precision,
            "resumable": bool(self.warm_start),
        }

    # After fit ------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> np.ndarray:
        """The output of the module for every row of X."""
        check_is_fitted(self)
        return self.net_.outputs(self._read_again(X)).numpy()

    def _read_again(self, X: Any) -> Data:
        """X after ``fit``, read with the parameters of ``fit``; others may be set by now."""
        with default_torch_modes():
            return self._as_fitted()._read_inputs(X, reset=False)

    def _read_for_network(self, X: Any) -> Data:
        """The same for the network alone, without the scores of a linear model beside it."""
        return self._read_again(X)

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
        check_is_fitted(self)
        return self.net_.outputs(self._read_for_network(X), encode).numpy()

    @property
    def _dtype(self) -> torch.dtype:
        return resolve_dtype(self.precision)


def encode(module: nn.Module, batch: Batch) -> Tensor:
    """The module's representation of a batch."""
    representation: Tensor = module.encode(**inputs_of(batch))  # type: ignore[operator]
    return representation
