"""The private skorch net: what is trained, how, on which device; its prediction and its pickle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ._data import Batch, BatchIterator, Data, in_order
from ._loop import SkorchBatches, TrainingRun
from ._objectives import Objective, inputs_of
from ._optim import make_optimizer
from ._scope import autocast, resolve_device, resolve_dtype, scoped_threads, seeded, threads_for

PREDICT_VALUES = 2**17
Output = Callable[[nn.Module, Batch], Tensor]


def forward(module: nn.Module, batch: Batch) -> Tensor:
    """The module's output for a batch."""
    return module(**inputs_of(batch))


class Net(NeuralNet):
    """A skorch net that slices tensors into batches and does not wait for the device in between.

    It knows a module, an objective (function of module and batch) and :class:`Data`; nothing of
    any architecture. The loop itself is :class:`skdl.engine._loop.TrainingRun`.

    Parameters
    ----------
    module : nn.Module
        Trained in place. What it takes may come from its method ``prepare(**inputs)``, if it has
        one: everything that no weight comes into is then computed once, not in every epoch. (For
        data in memory, unless that would fill it; for all with an attribute ``prepare_is_costly``.)
        An attribute ``max_steps`` bounds the steps of a batch of unequal lengths, padding counted.
        A method ``train_on(**columns, lr)`` is the module's own step, in place of gradient and
        optimizer: it changes the weights and gives the loss. Rows then come in their order, and
        no copy of the weights is kept to go back to.
    objective : callable or None
        ``objective(module, batch)`` gives the loss, a scalar tensor; None for a module with a step
        of its own.
    patience : int or None
        Early stopping when not None; needs validation data in :meth:`train`.
    seed : int
        Decides shuffling and dropout.

    The others are those of every deep estimator, see :class:`skdl.estimators.LSTMRegressor`.
    """

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
        tol: float = 1e-4,
        ema_decay: float | None = None,
        device: str = "cpu",
        precision: str = "auto",
        seed: int = 0,
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
            callbacks=copy.deepcopy(callbacks),
            verbose=verbose,
            device=resolve_device(device),
        )
        self.weight_decay, self.min_lr = weight_decay, min_lr
        self.lr_schedule, self.warmup_fraction = lr_schedule, warmup_fraction
        self.gradient_clip, self.ema_decay = gradient_clip, ema_decay
        self.patience, self.tol = patience, tol
        self.precision, self.seed = precision, seed
        self.best_epoch_ = 0
        self._run: TrainingRun | None = None

    # Training ----------------------------------------------------------------------------------

    def train(self, data: Data, valid: Data | None = None, *, n_epochs: int | None = None) -> Net:
        """Train the module for ``max_epochs`` epochs, or for ``n_epochs`` more at a constant rate.

        Ctrl-C ends it with KeyboardInterrupt. A loss that is not finite ends it with a warning
        and the weights of the epoch before.

        Raises
        ------
        ValueError
            If the loss is not finite in the first epoch.
        """
        with seeded(self.seed + len(self.history), self.device):
            n_threads = threads_for(self.module_, min(self.batch_size, len(data)), self.device)
            with scoped_threads(n_threads):
                self.notify("on_train_begin", X=data, y=None)
                try:
                    self.fit_loop(data, valid, epochs=n_epochs)
                finally:
                    self.module_.eval()
                self.notify("on_train_end", X=data, y=None)
        for row in self.history:
            row["batches"] = []  # per-batch rows would make up most of a pickle
        return self

    def fit_loop(self, X: Data, y: Data | None = None, epochs: int | None = None, **_: Any) -> Net:
        """Epochs over training data ``X`` with validation data ``y``."""
        train = self._prepared(X, at_once=True)
        valid = None if y is None else self._prepared(y, at_once=True)
        self._run = TrainingRun(self, train, valid, epochs)
        try:
            self._run.run()
            self.best_epoch_ = self._run.best_epoch
        except BaseException:
            self._run.roll_back()
            raise
        finally:
            self._run = None
        return self

    def _prepared(self, data: Data, *, at_once: bool = False) -> Data:
        """Data on the device, as the module's ``prepare`` (if it has one) makes it."""
        data = data.to(self.device)
        prepare = getattr(self.module_, "prepare", None)
        if prepare is None:
            return data

        @torch.no_grad()
        def prepare_batch(batch: Batch) -> Batch:
            inputs = inputs_of(batch)
            rest = {name: value for name, value in batch.items() if name not in inputs}
            return {**prepare(**inputs), **rest}

        costly = getattr(self.module_, "prepare_is_costly", False)
        max_steps = getattr(self.module_, "max_steps", None)
        max_steps = max_steps and max_steps // 4
        return data.prepared(prepare_batch, at_once=at_once, costly=costly, max_steps=max_steps)

    # Prediction --------------------------------------------------------------------------------

    def outputs(
        self, data: Data, output: Output = forward, batch_size: int | None = None
    ) -> Tensor:
        """``output(module, batch)`` for all rows of ``data``, in their order, on the CPU.

        ``batch_size=None`` takes what fits the caches: more rows the smaller they are.
        """
        order = data.by_length()  # similar lengths together: less padding
        ordered = data if order is None else data.subset(order)
        result = torch.cat(self.outputs_of_batches(ordered, output, batch_size)).to("cpu")
        if result.dtype is torch.bfloat16:
            result = result.float()
        return result if order is None else in_order(result, order)

    @torch.inference_mode()
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
        with scoped_threads(threads_for(self.module_, batch_size, self.device)):
            data = self._prepared(data) if prepared else data.to(self.device)
            batches = data.batches(batch_size, max_steps=max_steps)
            with autocast(self.module_, self.device, self.precision):
                return [output(self.module_, batch) for batch in batches]

    def _size_of_batches(self, data: Data) -> tuple[int, int | None]:
        """Rows and steps that are predicted at once."""
        max_steps = getattr(self.module_, "max_steps", None)
        if max_steps is not None:
            max_steps //= 4  # fewer than in training: fewer fit the caches
            ragged = data.by_length() is not None
            return 1024 if ragged else int(np.clip(max_steps // data.longest(), 1, 1024)), max_steps
        # A convolution makes many values of one: fewer rows fit the caches.
        convolves = getattr(self.module_, "work_per_row", None) is not None
        n_values = PREDICT_VALUES // 2 if convolves else PREDICT_VALUES
        return int(np.clip(data.chunk_size(n_values), 16, 1024)), None

    # What skorch asks for ----------------------------------------------------------------------

    @property
    def _default_callbacks(self) -> list[Any]:
        return []  # history, progress and timing are the loop's own

    def initialize_module(self) -> Net:
        self.module_ = self.module.to(resolve_dtype(self.precision))
        return self

    def initialize_criterion(self) -> Net:
        self.criterion_ = self.criterion
        return self

    def initialize_optimizer(self, triggered_directly: object = None) -> Net:
        self.optimizer_ = make_optimizer(self.optimizer, self.module_, self.lr, self.weight_decay)
        return self

    def train_step_single(self, batch: tuple[Batch, Tensor | None], **_: Any) -> dict[str, Tensor]:
        step = self._observed_step(batch)
        step["loss"].backward()
        if self._run is not None:
            self._run.before_step()
        return step

    def train_step(self, batch: tuple[Batch, Tensor | None], **fit_params: Any) -> Any:
        if self._run is not None and self._run.own_step:
            loss = self._run.train_on(batch[0])
            return {"loss": loss, "y_pred": loss}
        step = super().train_step(batch, **fit_params)
        if self._run is not None and self._run.average:
            self._run.average.update()
        return step

    def validation_step(self, batch: tuple[Batch, Tensor | None], **_: Any) -> dict[str, Tensor]:
        with torch.no_grad():
            return self._observed_step(batch)

    def _observed_step(self, batch: tuple[Batch, Tensor | None]) -> dict[str, Tensor]:
        """Loss of a (inputs, y) pair and the output that the module gave on the way."""
        inputs, y = batch
        seen: list[Tensor] = []
        hook = self.module_.register_forward_hook(lambda _module, _args, out: seen.append(out))
        try:
            with autocast(self.module_, self.device, self.precision):
                loss = self.criterion_(self.module_, inputs if y is None else {**inputs, "y": y})
        finally:
            hook.remove()
        y_pred = seen[-1].detach() if seen else loss.detach()
        return {
            "loss": loss,
            "y_pred": y_pred.float() if y_pred.dtype is torch.bfloat16 else y_pred,
        }

    def evaluation_step(self, batch: tuple[Batch, Any], training: bool = False) -> Tensor:
        with torch.set_grad_enabled(training):
            self._set_training(training)
            return forward(self.module_, batch[0])

    def predict(self, X: Data) -> np.ndarray:
        outputs = torch.from_numpy(super().predict(X))
        decide = getattr(self.criterion_, "decide", None)
        return (outputs if decide is None else decide(outputs)).numpy()

    def get_dataset(self, X: Data, y: Any = None) -> Data:
        return X

    def get_iterator(self, dataset: Data, training: bool = False) -> SkorchBatches:
        return SkorchBatches(BatchIterator(dataset, self.batch_size))

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

    def forget_optimizer(self) -> Net:
        """Drop the optimizer's state: a finished training needs it no more."""
        if hasattr(self, "optimizer_"):
            self.initialize_optimizer()
        return self

    def __getstate__(self) -> dict[str, Any]:
        # On the CPU, so that a machine without CUDA can load it.
        state = self.__dict__
        if self.device.type != "cpu" and "module_" in state:
            state = copy.deepcopy(state)
            on_cpu = object.__new__(Net)
            on_cpu.__dict__.update(state)
            state = on_cpu.to("cpu").__dict__
        return {**state, "device": self.device}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.device.type == "cuda":
            there = (self.device.index or 0) < torch.cuda.device_count()
            self.to(self.device if there else "cpu")
