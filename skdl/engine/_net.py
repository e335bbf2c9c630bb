"""The skorch net: what is trained, how, on which device; its prediction and its pickle."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags, Tags
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from skorch.dataset import Dataset
from skorch.history import History
from torch import Tensor, nn

from ._callback_checks import instances_of, prints, sets_rate
from ._callbacks import Pair, Pairs, event_arguments, resume_schedule
from ._contract import attribute_or_default
from ._data import Batch, BatchIterator, Data, StoredRows, in_order
from ._loop import TrainingRun
from ._objectives import Objective, TargetConverter, inputs_of
from ._optim import make_optimizer, rates_of, set_lr
from ._scope import (
    autocast,
    default_torch_modes,
    resolve_device,
    resolve_dtype,
)
from ._threads import scoped_threads, threads_for

PREDICT_VALUES = 2**17
MOST_VALUES = 2**21  # of the largest result of a layer, where a module says how many there are
Output = Callable[[nn.Module, Batch], Tensor]


def forward(module: nn.Module, batch: Batch) -> Tensor:
    """The module's output for a batch."""
    return module(**inputs_of(batch))


class Net(NeuralNet):
    """A skorch net that slices tensors into batches and does not synchronize between batches.

    It consists of a module and an objective, a function of module and batch; it does not depend on
    the architecture. The loop itself is :class:`skdl.engine._loop.TrainingRun`.

    As ``net_`` of a fitted estimator it does what a skorch net does on the arrays that the
    estimator takes: ``predict``, ``predict_proba`` and ``score`` give what the estimator gives, in
    its labels and units; ``forward`` gives the outputs of the module; ``save_params``,
    ``load_params`` and ``history`` are skorch's. On :class:`Data` they give the same labels and
    units, or outputs of the module where the objective has no ``converter``. It is trained through
    the estimator. A pickle or a deep copy of the net has a copy of the estimator with it.

    Parameters
    ----------
    module : nn.Module
        Trained in place. Its optional methods and attributes beyond ``forward`` are in
        :mod:`skdl.engine._contract`.
    objective : callable or None
        ``objective(module, batch)`` gives the loss, a scalar tensor; None for a module with a step
        of its own.
    patience : int or None
        Early stopping when not None; needs validation data in :meth:`train`.
    min_steps : int
        Steps of the optimizer before which training is not stopped early.
    seed : int
        Decides shuffling and dropout.
    adapts_threads : bool
        Whether the number of threads in training follows the times of steps: this changes results
        by rounding, so a fit is no longer decided by its seed. False follows them only where
        threads wait for other processes a quarter of the time.
    resumable : bool
        Whether a training that ran out of epochs keeps its last weights in ``resume_state``, beside
        the best ones in ``module_``, for another net to resume from.

    The others are those of every deep estimator, see :mod:`skdl.estimators`.
    """

    verbose: int
    device: torch.device

    def __init__(
        self,
        module: nn.Module,
        objective: Objective | None,
        *,
        optimizer: str = "adam",
        lr: float = 1e-3,
        min_lr: float = 0.0,
        weight_decay: float = 0.0,
        max_epochs: int = 10,
        batch_size: int = 64,
        lr_schedule: str = "constant",
        warmup_fraction: float = 0.0,
        gradient_clip: float | None = None,
        patience: int | None = None,
        min_steps: int = 0,
        tol: float = 1e-4,
        ema_decay: float | None = None,
        device: str | torch.device = "cpu",
        precision: str = "auto",
        seed: int = 0,
        adapts_threads: bool = False,
        resumable: bool = False,
        verbose: int = 0,
        callbacks: list[Any] | None = None,
    ) -> None:
        super().__init__(
            module,
            objective,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            train_split=None,
            callbacks=callbacks,
            verbose=verbose,
            device=resolve_device(device),
        )
        self.weight_decay, self.min_lr = weight_decay, min_lr
        self.lr_schedule, self.warmup_fraction = lr_schedule, warmup_fraction
        self.gradient_clip, self.ema_decay = gradient_clip, ema_decay
        self.patience, self.min_steps, self.tol = patience, min_steps, tol
        self.precision, self.seed, self.adapts_threads = precision, seed, adapts_threads
        self.objective = objective
        self.resumable = resumable
        self.resume_state: dict[str, Any] | None = None
        self.best_epoch_ = 0
        self._estimator: weakref.ref[Any] | None = None
        self._kept: Any = None  # its estimator, where nothing else refers to that

    # Training ----------------------------------------------------------------------------------

    def train(self, data: Data, valid: Data | None = None, *, n_epochs: int | None = None) -> Net:
        """Train the module for ``max_epochs`` epochs, or for ``n_epochs`` more at a constant rate.

        Ctrl-C ends it with KeyboardInterrupt. A loss that is not finite ends it with a warning
        and the weights of the epoch whose training loss was lowest.

        Raises
        ------
        ValueError
            If the loss is not finite, and no epoch before was good.
        """
        run = self.start(data, valid, n_epochs=n_epochs)
        try:
            while not run.finished:
                run.epoch()
            run.finish()
        except BaseException:
            run.abandon()
            raise
        return self

    def start(
        self, data: Data, valid: Data | None = None, *, n_epochs: int | None = None
    ) -> TrainingRun:
        """The run that ``train`` makes, before its first epoch."""
        return TrainingRun(self, data, valid, n_epochs)

    def prepared(self, data: Data, *, at_once: bool = False) -> Data:
        """Data on the device, as the module's ``prepare`` (if it has one) makes it."""
        data = data.to(self.device)
        prepare = attribute_or_default(self.module_, "prepare")
        if prepare is None:
            return data

        @torch.no_grad()
        def prepare_batch(batch: Batch) -> Batch:
            inputs = inputs_of(batch)
            # y and weight pass through unchanged: the objective reads them.
            rest = {name: value for name, value in batch.items() if name not in inputs}
            return {**prepare(**inputs), **rest}

        costly, max_steps = (
            attribute_or_default(self.module_, name) for name in ("prepare_is_costly", "max_steps")
        )
        # As in prediction, see ``_size_of_batches``.
        max_steps = max_steps and max_steps // 4
        return data.prepared(prepare_batch, at_once=at_once, costly=costly, max_steps=max_steps)

    # Prediction --------------------------------------------------------------------------------

    def outputs(
        self, data: Data, output: Output = forward, batch_size: int | None = None
    ) -> Tensor:
        """``output(module, batch)`` for all rows of ``data``, in their order, on the CPU.

        ``batch_size=None`` takes what fits the caches: more rows the smaller they are.
        """
        with default_torch_modes():
            order = data.by_length()  # similar lengths together: less padding
            ordered = data if order is None else data.subset(order)
            result = torch.cat(self.outputs_of_batches(ordered, output, batch_size)).to("cpu")
            # numpy has no bfloat16.
            if result.dtype is torch.bfloat16:
                result = result.float()
            return result if order is None else in_order(result, order)

    def outputs_of_batches(
        self,
        data: Data,
        output: Callable[[nn.Module, Batch], Any],
        batch_size: int | None = None,
        *,
        prepared: bool = True,
    ) -> list[Any]:
        """``output(module, batch)`` for all batches, in the order of rows.

        ``prepared=False`` gives them as they are stored.
        """
        chosen, max_steps = self._size_of_batches(data)
        batch_size = batch_size or chosen
        self.module_.eval()
        n_threads = threads_for(self.module_, batch_size, self.device)
        with default_torch_modes(), torch.inference_mode(), scoped_threads(n_threads):
            data = self.prepared(data) if prepared else data.to(self.device)
            batches = data.batches(batch_size, max_steps=max_steps)
            with autocast(self.module_, self.device, self.precision):
                return [output(self.module_, batch) for batch in batches]

    def most_rows(self, usual: int) -> int:
        """Rows of a batch in evaluation: fewer where a module makes many values of each."""
        values = attribute_or_default(self.module_, "values_per_row")
        return usual if values is None else int(np.clip(MOST_VALUES // values, 16, usual))

    def _size_of_batches(self, data: Data) -> tuple[int, int | None]:
        """Maximum number of rows and steps of a batch in prediction."""
        max_steps = attribute_or_default(self.module_, "max_steps")
        if max_steps is not None:
            max_steps //= 4  # fewer than in training: fewer fit the caches
            ragged = data.by_length() is not None
            return 1024 if ragged else int(np.clip(max_steps // data.longest(), 1, 1024)), max_steps
        if attribute_or_default(self.module_, "values_per_row") is not None:
            return self.most_rows(1024), None
        # A convolution makes many values of one: fewer rows fit the caches.
        convolves = attribute_or_default(self.module_, "work_per_row") is not None
        n_values = PREDICT_VALUES // 2 if convolves else PREDICT_VALUES
        return int(np.clip(data.chunk_size(n_values), 16, 1024)), None

    # What skorch asks for ----------------------------------------------------------------------

    @property
    def _default_callbacks(self) -> list[Any]:
        return []  # history, progress and timing are the loop's own

    @property
    def converter(self) -> TargetConverter | None:
        """Converts outputs and targets to the user's labels or units, if the objective can."""
        objective = getattr(self, "criterion_", None)
        converter: TargetConverter | None = attribute_or_default(objective, "converter")
        return converter

    @property
    def classes_(self) -> np.ndarray:
        """The labels; there are none where targets are numbers."""
        classes = None if self.converter is None else self.converter.classes
        if classes is None:
            raise AttributeError("This net has no classes: it does not classify.")
        return classes

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.converter is None:
            return tags
        if self.converter.classes is None:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        else:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        return tags

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Call the callbacks at an event; see :func:`event_arguments` for those that score."""
        # As in skorch, the net's own method comes before those of the callbacks.
        getattr(self, method_name)(self, **kwargs)
        made: list[LRScheduler] = []
        for _, callback in self.callbacks_:
            if method_name == "on_train_begin" and isinstance(callback, LRScheduler):
                if getattr(callback.lr_scheduler_, "optimizer", None) is self.optimizer_:
                    continue  # partial_fit: a new schedule would count from 0 again
                made.append(callback)
                # Schedules of torch that begin after epoch 0 need the initial rate.
                for group in self.optimizer_.param_groups if self.history else ():
                    group.setdefault("initial_lr", group["lr"])
            # skorch's PrintLog prints only where ``verbose`` of the net is above 0.
            verbose: int = self.verbose
            self.verbose = max(verbose, int(prints(callback)))
            try:
                arguments = event_arguments(callback, kwargs, self.converter)
                getattr(callback, method_name)(self, **arguments)
            finally:
                self.verbose = verbose
        for callback in made:  # when all are there: one may have loaded an earlier training
            resume_schedule(callback, self)

    def use_callbacks(self, callbacks: list[Any] | None) -> None:
        """Use these callbacks from now on; they start again if they are not those in use."""
        in_use = {id(callback) for _, callback in self.callbacks_}
        if in_use != {id(callback) for callback in instances_of(callbacks)}:
            self.callbacks = callbacks
            self._initialize_callbacks()

    def initialize_module(self) -> Net:
        self.module_ = self.module.to(resolve_dtype(self.precision))
        return self

    def initialize_criterion(self) -> Net:
        self.criterion_ = self.criterion
        return self

    def initialize_optimizer(self, triggered_directly: object = None) -> Net:
        self.optimizer_ = make_optimizer(self.optimizer, self.module_, self.lr, self.weight_decay)
        return self

    def evaluation_step(self, batch: Pair, training: bool = False) -> Tensor:
        with default_torch_modes(), torch.set_grad_enabled(training):
            self._set_training(training)
            with autocast(self.module_, self.device, self.precision):
                output = forward(self.module_, batch[0])
        return output.float() if output.dtype is torch.bfloat16 else output

    def get_dataset(self, X: Any, y: Any = None) -> Data | Batch:
        """Data, or a batch as a callback was given it; arrays as the estimator reads them."""
        if isinstance(X, Dataset):
            X = X.X
        return X if isinstance(X, (Data, dict)) else self._call_estimator("_read_again", X)

    def get_iterator(self, dataset: Data | Batch, training: bool = False) -> Any:
        if isinstance(dataset, StoredRows):
            dataset = Data(dataset)
        if isinstance(dataset, dict):
            return [(dataset, None)]
        batch_size, max_steps = self._size_of_batches(dataset)
        return Pairs(BatchIterator(self.prepared(dataset), batch_size, None, max_steps))

    def predict(self, X: Any) -> np.ndarray:
        """Labels or targets for rows of X as the estimator takes them."""
        if not is_engine_data(X):
            return self._call_estimator("predict", X)
        outputs = super().predict_proba(X)
        return outputs if self.converter is None else self.converter.predictions(outputs)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes; what ``predict`` gives where there are none."""
        if is_engine_data(X):
            outputs = super().predict_proba(X)
            return outputs if self.converter is None else self.converter.probabilities(outputs)
        name = "predict_proba" if hasattr(self.estimator, "predict_proba") else "predict"
        return self._call_estimator(name, X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy or R^2, as ``score`` of the estimator."""
        if not is_engine_data(X):
            return float(self._call_estimator("score", X, y, sample_weight))
        metric = accuracy_score if hasattr(self, "classes_") else r2_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))

    def _get_param_names(self) -> list[str]:
        return [name for name in super()._get_param_names() if not name.startswith("_")]

    def fit(self, X: Any, y: Any = None, **_: Any) -> NoReturn:
        """Raise TypeError: an estimator trains its net."""
        raise TypeError(
            "This net is trained by its estimator: use its fit, with warm_start=True to go on, or "
            "its partial_fit."
        )

    partial_fit = fit_loop = fit
    train_step = train_step_single = validation_step = run_single_epoch = fit

    def __sklearn_clone__(self) -> NoReturn:
        """Raise TypeError: the net alone cannot read arrays or be trained again."""
        raise TypeError(
            "This net cannot be cloned: clone its estimator, which is also what cross-validation "
            "and searches take."
        )

    def infer(self, x: Any, **_: Any) -> Tensor:
        """The module's output for a batch: a dict of tensors, as callbacks are given it.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if not isinstance(x, dict):
            raise TypeError(
                "infer takes a batch, a dict of tensors. Use forward(X) for the X of predict, or "
                "module_(**module_.prepare(x=x)) for a tensor."
            )
        return forward(self.module_, x)

    def save_params(
        self,
        f_params: Any = None,
        f_optimizer: Any = None,
        f_criterion: Any = None,
        f_history: Any = None,
        **options: Any,
    ) -> None:
        """As skorch's; the criterion is a function, of which there is nothing to save."""
        super().save_params(f_params, f_optimizer, None, f_history, **options)

    def load_params(
        self,
        f_params: Any = None,
        f_optimizer: Any = None,
        f_criterion: Any = None,
        f_history: Any = None,
        checkpoint: Any = None,
        **options: Any,
    ) -> None:
        """As skorch's, from files or those of a ``Checkpoint``; but for the criterion.

        The history comes last: it is that of the weights, or nothing is loaded. Rates of an
        optimizer are this net's, unless a callback schedules them.
        """
        found, epoch = ({}, None) if checkpoint is None else self._files_of(checkpoint)
        f_optimizer = f_optimizer or found.get("f_optimizer")
        f_history = f_history or found.get("f_history")
        self._load(f_params or found.get("f_params"), f_optimizer, **options)
        if f_history:
            self.history = History.from_file(f_history)
        self.best_epoch_ = epoch or len(self.history)

    def _load(self, f_params: Any, f_optimizer: Any, **options: Any) -> None:
        rates = rates_of(self.optimizer_)
        device = self.device
        self.device = str(device)  # type: ignore[assignment]  # all that safetensors takes
        try:
            super().load_params(f_params, f_optimizer, None, None, **options)
        finally:
            self.device = device
        if not sets_rate(self.callbacks_):
            for group, rate in zip(self.optimizer_.param_groups, rates, strict=True):
                group["lr"] = rate

    def _files_of(self, checkpoint: Any) -> tuple[dict[str, Any], int]:
        """Names of the files of a ``Checkpoint``, and the epoch of their weights.

        Names may be formatted with the history's values of an epoch and of its last batch.
        """
        own, rows = self.history, self.history
        if checkpoint.f_history is not None:
            rows = History.from_file(checkpoint.f_history_)
        self.history = History({**row, "batches": row["batches"] or [{}]} for row in rows)
        if not self.history:
            self.history.append({"epoch": 0, "batches": [{}], checkpoint.event_name: False})
        try:
            files: dict[str, Any] = checkpoint.get_formatted_files(self)
        finally:
            self.history = own
        saved = [row["epoch"] for row in rows if row.get(checkpoint.event_name)]
        return files, (saved or [len(rows)])[-1]

    # Its estimator -----------------------------------------------------------------------------

    def bound_to(self, estimator: Any) -> Net:
        """This net, bound by a weak reference to the estimator that reads arrays for it.

        It uses the estimator's ``_read_again``, which gives X as the columns that the module was
        trained on, and its ``predict``, ``predict_proba`` and ``score``.
        """
        self._estimator = weakref.ref(estimator)
        return self

    def loosened_from(self, estimator: Any) -> None:
        """Bind a net that was loaded as part of this estimator by a weak reference alone."""
        if vars(self).get("_kept") is estimator:  # not of one that is loaded as part of its net
            self.bound_to(estimator)._kept = None

    def _call_estimator(self, name: str, *args: Any) -> Any:
        """The result of a method of the estimator."""
        estimator = self.estimator
        if not hasattr(estimator, name):
            raise TypeError(
                f"The net of {type(estimator).__name__} takes no X for {name.strip('_')}: use "
                "transform of the estimator."
            )
        return getattr(estimator, name)(*args)

    def _estimator_or_none(self) -> Any:
        bound = None if self._estimator is None else self._estimator()
        return self._kept if bound is None else bound

    @property
    def estimator(self) -> Any:
        """The estimator that reads arrays for this net.

        Raises
        ------
        TypeError
            If there is none.
        """
        estimator = self._estimator_or_none()
        if estimator is None:
            raise TypeError(
                "This net has no estimator that could read arrays for it. Keep the estimator in a "
                "variable and use its net_, or its own methods; on disk, keep the estimator in "
                "place of its net: joblib.dump(estimator, path)."
            )
        return estimator

    # Moving and keeping ------------------------------------------------------------------------

    def to(self, device: str | torch.device) -> Net:
        """Move weights and optimizer to a device."""
        self.device = resolve_device(device)
        self.module_.to(self.device)
        optimizer = getattr(self, "optimizer_", None)
        for state in optimizer.state.values() if optimizer is not None else ():
            for name, value in state.items():
                if isinstance(value, Tensor):
                    state[name] = value.to(self.device)
        return self

    def clear_optimizer(self) -> Net:
        """Drop the optimizer's state: a finished training needs it no more."""
        if hasattr(self, "optimizer_"):
            self.optimizer_.state.clear()
            if not sets_rate(self.callbacks_):
                set_lr(self.optimizer_, self.lr)
        return self

    def __getstate__(self) -> dict[str, Any]:
        # With the estimator, so that the net alone can predict, as from a file of ``Checkpoint``.
        kept = self._estimator_or_none()
        state = {**self.__dict__, "_estimator": None, "_kept": None}
        # On the CPU, so that a machine without CUDA can load it.
        if self.device.type != "cpu" and "module_" in state:
            state = copy.deepcopy(state)
            on_cpu = object.__new__(Net)
            on_cpu.__dict__.update(state)
            state = on_cpu.to("cpu").__dict__
        return {**state, "device": self.device, "_kept": kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if torch.is_inference_mode_enabled():  # tensors that are made there can never be trained
            names = ["module", "module_", "optimizer_"]
            trained: dict[str, Any] = {name: state[name] for name in names if name in state}
            with torch.inference_mode(False):
                state = {**state, **copy.deepcopy(trained)}
        self.__dict__.update(state)
        if self.device.type == "cuda":
            there = (self.device.index or 0) < torch.cuda.device_count()
            self.to(self.device if there else "cpu")


def is_engine_data(X: Any) -> bool:
    """Whether X is data of the engine, as callbacks get it, not what an estimator takes."""
    return isinstance(X, (Data, Dataset, dict))
