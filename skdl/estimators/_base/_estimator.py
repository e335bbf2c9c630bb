"""TorchEstimator: the parameters every deep estimator shares, and the plumbing of ``fit``."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..._sklearn import Interval, StrOptions, check_sample_weight
from ...engine import (
    LR_SCHEDULES,
    OPTIMIZERS,
    Batch,
    Data,
    Net,
    Objective,
    Output,
    as_tensor,
    draw_seed,
    forward,
    inputs_of,
    resolve_device,
    resolve_dtype,
    scoped_threads,
    seeded,
    set_lr,
)
from ._checks import all_or_nothing, check_callbacks, described
from ._trained import Trained

PRECISIONS = {"auto", "float32", "bfloat16", "float64"}


@dataclass(kw_only=True, repr=False, eq=False, match_args=False)
class TorchEstimator(Trained, BaseEstimator):
    """Base of every deep estimator: shared parameters, ``fit`` through the engine.

    A subclass says how X is read (``_read_inputs``), how y is read (``_read_target``, see
    ``TorchRegressor`` and ``TorchClassifier``), which module is trained (``_make_module``) and on
    which objective (``_make_objective``). See CONTRIBUTING.md, "Add an estimator in six steps".
    """

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
    n_iter_no_change: int = 10
    tol: float = 1e-4
    ema_decay: float | None = None
    device: str = "auto"
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
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left"), None],
        "device": [str, torch.device],
        "precision": [StrOptions(PRECISIONS)],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "callbacks": [list, None],
    }

    # Fitted attributes, and parameters that may change while training goes on. Each base and
    # subclass names its own.
    _learned: ClassVar[tuple[str, ...]] = (
        "net_",
        "module_",
        "history_",
        "n_iter_",
        "best_epoch_",
        "device_",
        "n_parameters_",
        "n_features_in_",
        "feature_names_in_",
    )
    _of_training: ClassVar[set[str]] = set()

    # What a subclass says -----------------------------------------------------------------------

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """X as columns named like the arguments of the module's ``forward``."""
        raise NotImplementedError

    def _read_target(self, y: Any, *, reset: bool) -> np.ndarray:
        """y validated: floats (n, k) or class indices (n,)."""
        raise NotImplementedError

    def _learn_inputs(
        self,
        X: Any,
        data: Data,
        rows: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray | None,
        how: str,
    ) -> Data:
        """The columns of all rows, where reading them is learned from the training rows: "anew",
        "again" for the network that there is, or "in parts" of which these are the first."""
        return data

    def _class_weights(self, target: np.ndarray) -> np.ndarray | None:
        """A weight per row from the classes, or None."""
        return None

    def _learn_target(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        """Learn what ``_target_column`` needs, from the training rows."""

    def _target_column(self, target: np.ndarray) -> Tensor:
        """The target as the objective wants it."""
        raise NotImplementedError

    def _output_shape(self) -> tuple[int, ...]:
        """Shape of one row's output."""
        raise NotImplementedError

    def _make_module(self, train: Data, data: Data) -> nn.Module:
        """The untrained module.

        ``train`` holds the training rows, ``data`` those for validation too; both have y and
        maybe weight.
        """
        raise NotImplementedError

    def _after_training(self, net: Net, valid: Data | None) -> None:
        """What a module still learns from the validation rows."""

    def _make_objective(self) -> Objective:
        raise NotImplementedError

    def _stops_early_by_itself(self, n_samples: int) -> bool:
        """What ``early_stopping="auto"`` means."""
        return False

    def _auto_batch_size(self, n_train: int) -> int:
        """What ``batch_size="auto"`` means: an epoch of few rows needs some steps too."""
        return int(np.clip(2 ** np.floor(np.log2(n_train / 8)), 8, 64))

    def _auto_epochs(self, n_batches: int) -> int:
        """What ``max_epochs="auto"`` means."""
        return 100

    def _batch_size(self, n_train: int) -> int:
        chosen = self.batch_size
        return self._auto_batch_size(n_train) if isinstance(chosen, str) else chosen

    def _n_valid(self, n_samples: int) -> int:
        return round(self.validation_fraction * n_samples)

    def _choose_valid(
        self, target: np.ndarray, n_valid: int, rng: np.random.Generator
    ) -> np.ndarray:
        """The rows that validate."""
        raise NotImplementedError

    # Training -----------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool = False) -> Self:
        """What ``fit`` and ``partial_fit`` do: read, split, build the module, train it."""
        with all_or_nothing(self):
            go_on = hasattr(self, "net_") and (self.warm_start or incremental)
            if go_on:
                self._check_architecture()
            data, target, weight = self._read(X, y, sample_weight, reset=not go_on)
            seed = draw_seed(self.random_state)
            usable = np.arange(len(target)) if weight is None else np.flatnonzero(weight)
            if not len(usable):
                raise ValueError("sample_weight must not be zero for all samples.")
            rows, valid_rows = self._split(target[usable], seed, incremental)
            rows = usable[rows]
            if not go_on:
                self._learn_target(target[rows], None if weight is None else weight[rows])
            if not (go_on and incremental):
                how = "again" if go_on else "in parts" if incremental else "anew"
                data = self._learn_inputs(X, data, rows, target, weight, how)
            data = data.with_columns(y=self._target_column(target))
            if weight is not None:
                mean = weight[rows].mean()
                data = data.with_columns(weight=as_tensor(weight / mean).to(self._dtype))
            valid = None if valid_rows is None else data.subset(usable[valid_rows])
            train = data if len(rows) == len(target) else data.subset(rows)
            data = data if len(usable) == len(target) else data.subset(usable)
            if go_on and incremental:
                net = self._retuned(self.net_, len(train))
            else:
                net = self._make_net(train, data, seed, go_on)
            net.train(train, valid, n_epochs=1 if incremental else None)
            self._after_training(net, valid)
            self._keep(net if incremental else net.forget_optimizer())
        return self

    def _read(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool
    ) -> tuple[Data, np.ndarray, np.ndarray | None]:
        """Inputs, target and weights of all rows, validated."""
        resolve_device(self.device)  # a wrong device is said before any work
        check_callbacks(self.callbacks)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        data = self._read_inputs(X, reset=reset)
        target = self._read_target(y, reset=reset)
        if len(target) != len(data):
            raise ValueError(f"X has {len(data)} samples, but y has {len(target)}.")
        weight = self._class_weights(target)
        if sample_weight is not None:
            given = check_sample_weight(
                sample_weight, target, dtype=np.float64, ensure_non_negative=True
            )
            weight = given if weight is None else weight * given
        return data, target, weight

    def _split(
        self, target: np.ndarray, seed: int, incremental: bool
    ) -> tuple[np.ndarray | slice, np.ndarray | None]:
        """Rows to train on, and rows to validate on when stopping early."""
        stop_early = self.early_stopping
        if stop_early == "auto":
            stop_early = self._stops_early_by_itself(len(target))
        if incremental or not stop_early:
            return slice(None), None
        n_valid = self._n_valid(len(target))
        if not 0 < n_valid < len(target):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {len(target)} samples leaves "
                f"{len(target) - n_valid} rows for training and {n_valid} for validation; both "
                "need at least one. Use another validation_fraction, more data, or "
                "early_stopping=False."
            )
        valid = self._choose_valid(target, n_valid, np.random.default_rng(seed))
        if not len(valid):
            raise ValueError(
                f"No row of the {len(target)} can be set aside for validation: each class has one "
                "only. Use more data or early_stopping=False."
            )
        train = np.ones(len(target), dtype=bool)
        train[valid] = False
        return np.flatnonzero(train), np.sort(valid)

    def _make_net(self, train: Data, data: Data, seed: int, go_on: bool) -> Net:
        if not go_on:
            self._built_with = self._architecture()
        with seeded(seed, resolve_device(self.device)), scoped_threads(1):
            module = copy.deepcopy(self.module_) if go_on else self._make_module(train, data)
        early, batch_size = self.early_stopping is not False, self._batch_size(len(train))
        epochs = self.max_epochs
        if isinstance(epochs, str):
            epochs = self._auto_epochs(train.n_batches(batch_size))
        return Net(
            module,
            self._make_objective(),
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            max_epochs=epochs,
            batch_size=batch_size,
            lr_schedule=self.lr_schedule,
            warmup_fraction=self.warmup_fraction,
            gradient_clip=self.gradient_clip,
            patience=self.n_iter_no_change if early else None,
            tol=self.tol,
            ema_decay=self.ema_decay,
            device=self.device,
            precision=self.precision,
            seed=seed,
            verbose=self.verbose,
            callbacks=self.callbacks,
        ).initialize()

    def _retuned(self, net: Net, n_train: int) -> Net:
        """The net with today's rate, batch size and objective."""
        net.lr, net.batch_size = self.lr, self._batch_size(n_train)
        net.criterion_ = self._make_objective()
        set_lr(net.optimizer_, self.lr)
        return net

    def _architecture(self) -> dict[str, str]:
        """The parameters that a trained network cannot change any more."""
        free = {field.name for field in fields(TorchEstimator)} - {"precision"} | self._of_training
        params = self.get_params(deep=False)
        return {k: described(v) for k, v in params.items() if k not in free}

    def _check_architecture(self) -> None:
        changed = [k for k, v in self._architecture().items() if v != self._built_with[k]]
        if changed:
            raise ValueError(
                f"warm_start and partial_fit go on with the network there is, but "
                f"{', '.join(changed)} changed since it was built. Set "
                f"{', '.join(f'{k}={self._built_with[k]}' for k in changed)}, or fit a clone."
            )

    def _keep(self, net: Net) -> None:
        self.net_ = net
        self.n_iter_ = len(net.history)
        self.best_epoch_ = net.best_epoch_

    # After fit ----------------------------------------------------------------------------------

    def _outputs(self, X: Any, output: Output = forward) -> np.ndarray:
        """``output(module, batch)`` for every row of X."""
        check_is_fitted(self)
        return self.net_.outputs(self._read_inputs(X, reset=False), output).numpy()

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
