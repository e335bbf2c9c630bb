"""Recurrent networks (LSTM and GRU) for regression and classification of sequences."""

from __future__ import annotations

from dataclasses import KW_ONLY
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..._sklearn import Interval, StrOptions
from ...engine import Batch, Data, Net, forward
from .._base import (
    FitMode,
    SequenceInputMixin,
    SignalClassifier,
    TorchEstimator,
    TorchRegressor,
    decided_by_outliers,
    deep_estimator,
    differ_in_size,
    learn_channel_scales,
    lengths_of,
    outlier_limits,
    unit_scales,
)
from ._linear_model import (
    LinearModel,
    fit_linear_model,
    fit_robustly,
    possible_inputs,
)
from ._network import (
    RecurrentClassifierNetwork,
    RecurrentEncoder,
    RecurrentNetwork,
    ResidualRecurrentNetwork,
)
from ._shrinkage import shrinkage_factors

# Of longer sequences a convolution makes about so many steps: recurrent layers take their time step
# by step, and learn little from hundreds of them.
MAX_STEPS = 64
# What max_epochs="auto" means for classifiers: so many steps of the optimizer, but some epochs.
N_STEPS, MIN_EPOCHS = 1200, 30


@deep_estimator
class _Recurrent(SequenceInputMixin, TorchEstimator):
    """Parameters and network of all recurrent estimators.

    Parameters
    ----------
    hidden_size : int, default=64
        Number of features of the hidden state, in each direction; at least 1.
    n_layers : int, default=1
        Number of stacked layers, at least 1.
    bidirectional : bool, default=False
        Whether a second layer reads each sequence backwards.
    pooling : {"last", "mean", "max", "attention"}, default="last"
        Pooling of the states over the steps: "mean" and "max" take the mean and maximum,
        "attention" a weighted mean whose weights are learned. "last" takes the hidden state of the
        last step (never of padding).
    dropout : float, default=0.0
        Fraction of the features that is zeroed in training, in [0, 1). It is applied between layers
        and before the head.
    standardize : bool, default=True
        If True, each channel of X is scaled to mean 0 and variance 1, which are learned from the
        training rows of ``fit``.
    """

    hidden_size: int = 64
    n_layers: int = 1
    _: KW_ONLY
    bidirectional: bool = False
    pooling: str = "last"
    dropout: float = 0.0
    standardize: bool = True

    _cell: ClassVar[str]
    _network: ClassVar[type[RecurrentNetwork]] = RecurrentNetwork
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "pooling": [StrOptions({"last", "mean", "max", "attention"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "standardize": ["boolean"],
    }

    def _make_module(self, train: Data) -> nn.Module:
        mean, scale = unit_scales(self.n_channels_in_, self._dtype)
        return self._network(
            self._make_encoder(self.n_channels_in_, **self._preprocessing(train)),
            self._target.output_shape,
            dropout=self.dropout,
            mean=mean,
            scale=scale,
            median=self._median,
        )

    @property
    def _median(self) -> int:
        """Which of the quantiles is the median, where there are any."""
        return 0

    def _preprocessing(self, train: Data) -> dict[str, Any]:
        """What the encoder does with sequences before its recurrent layers."""
        return {}

    def _make_encoder(self, n_channels: int, **preprocessing: Any) -> RecurrentEncoder:
        return RecurrentEncoder(
            self._cell,
            n_channels,
            self.hidden_size,
            self.n_layers,
            bidirectional=self.bidirectional,
            pooling=self.pooling,
            dropout=self.dropout,
            **preprocessing,
        )

    def _learn_before_training(self, module: Any, train: Data, used: Data) -> None:
        learn_channel_scales(module, train, measured=self.standardize)

    def _search_grid(self) -> dict[str, list[Any]]:
        return {"hidden_size": [16, 64], "lr": [1e-3, 3e-3, 1e-2]}


@deep_estimator
class _RecurrentRegressor(_Recurrent, TorchRegressor):
    """Recurrent regressors: the network learns the residuals of a linear model.

    Parameters
    ----------
    linear_model : bool, default=True
        Whether a ridge regression on the last steps of each sequence, fitted in closed form to all
        rows of ``fit``, comes first, and the network learns its residuals. The validation rows
        decide by which factor the network's correction is shrunk (``network_weight_``). The linear
        model has at most 256 inputs: all channels of the last steps, or where these are more values
        those most correlated with y, as cross-validation chooses; with more than 256 channels the
        last step of those that are most correlated with y.
    n_iter_no_change : int or "auto", default="auto"
        Beside a linear model the network's output is zero at first, and its loss may fall late. So
        a number of epochs counts from where the validation loss has fallen by a quarter; before
        that from step 500, or where the training loss is not below that of the first epoch.
    warm_start : bool, default=False
        The linear model is kept as the scales are.

    Attributes
    ----------
    network_weight_ : ndarray of shape (`n_targets_`,)
        Factor of the network's correction of the linear model in predictions (shrinkage), for each
        target, in [0, 1]; 1 without a linear model, without early stopping, and after
        ``partial_fit``, which goes on from the shrunk correction.
    """

    _: KW_ONLY
    linear_model: bool = True
    lr: float = 3e-3

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"linear_model": ["boolean"]}

    def _make_module(self, train: Data) -> nn.Module:
        if not self.linear_model:
            return super()._make_module(train)
        mean, scale = unit_scales(self.n_channels_in_, self._dtype)
        return ResidualRecurrentNetwork(
            self._make_encoder(2 * self.n_channels_in_),
            self._target.output_shape,
            dropout=self.dropout,
            mean=mean,
            scale=scale,
            median=self._median,
        )

    @property
    def _median(self) -> int:
        quantiles = self._target.quantiles
        return quantiles.index(0.5) if quantiles else 0

    def _learn_before_training(self, module: Any, train: Data, used: Data) -> None:
        super()._learn_before_training(module, train, used)
        if not self.linear_model:
            self._isolate_quantiles(module, used.column("y").cpu().double(), used.row_weights())
            return
        linear_model = self._fit_linear_model(used, module.mean, module.scale)
        self._of_series = linear_model.of_series
        residuals, weight = linear_model.residuals, used.row_weights()
        limits = None if residuals is None else outlier_limits(residuals, weight)
        module.set_linear_model(linear_model.coefficients, train.chunks(), limits)
        if residuals is not None:
            module.set_initial_output(self._target.loss.minimizer(residuals, weight))
            self._isolate_quantiles(module, residuals, weight)

    def _isolate_quantiles(self, module: Any, residuals: Tensor, weight: Tensor) -> None:
        """Keep from the encoder the gradients of quantiles that outliers decide.

        An output cannot come near outliers, so the gradients of their rows stay as they are, and
        the head's weights grow until the encoder serves these rows alone.
        """
        if self._target.quantiles:
            module.head.isolate(decided_by_outliers(residuals, weight, self._target.quantiles))

    def _fit_linear_model(self, used: Data, mean: Tensor, scale: Tensor) -> LinearModel:
        """A linear model of the last steps, standardized, on training and validation rows.

        Cross-validation chooses its inputs: of sequences of unequal length as many steps as all
        have, nine of ten, or half of them; of many values the last ones or those most correlated
        with y. Where the loss is robust, so is the fit.
        """
        mean, scale = mean.double().sum(0), scale.double()
        y_mean, y_scale = torch.from_numpy(self.y_mean_), torch.from_numpy(self.y_scale_)
        offset, slope = (mean[:, None] - y_mean) / y_scale, scale[:, None] / y_scale
        lengths = [int(n) for n in np.quantile(lengths_of(used), (0, 0.1, 0.5, 0.9))]
        possible = possible_inputs(used, mean, scale, lengths)
        is_robust = self._target.loss.power != 2

        def fitted(data: Data) -> LinearModel:
            models = (
                fit_linear_model(data, inputs, (offset, slope), with_residuals=is_robust)
                for inputs in possible
            )
            return min(models, key=lambda model: model.log_error)

        return fit_robustly(fitted, used) if is_robust else fitted(used)

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        if not self.linear_model:
            return
        if mode is FitMode.PARTIAL_FIT or self.early_stopping is False:
            module.shrink_head()  # there will be no validation rows that shrink it again
        else:
            module.network_weight.fill_(1.0)  # the network is validated as it is

    def _after_training(self, net: Net, train: Data, valid: Data | None, mode: FitMode) -> None:
        """Shrink the network's correction by factors that the validation rows decide."""
        if not self.linear_model:
            return
        network_weight: Tensor = net.module_.network_weight
        network_weight.fill_(1.0)
        if valid is None:
            return
        y = valid.column("y").cpu().double()
        without, corrected = (net.outputs(valid, each).double() for each in (uncorrected, forward))
        factors = shrinkage_factors(
            self._target.loss, y, without, corrected, valid.row_weights(), of_series=self._of_series
        )
        network_weight.copy_(torch.tensor(factors))

    @property
    def network_weight_(self) -> np.ndarray:
        module: Any = self.module_
        if module.network_weight is None:
            return np.ones(self.n_targets_)
        weight: np.ndarray = module.network_weight.double().cpu().numpy()
        return weight


def uncorrected(module: Any, batch: Batch) -> Tensor:
    """The output of the linear model and the initial constants, without the network."""
    output: Tensor = module.uncorrected(batch["linear"])
    return output


@deep_estimator
class _RecurrentClassifier(_Recurrent, SignalClassifier):
    """Recurrent classifiers: states of all steps, in both directions, are pooled by default.

    Parameters
    ----------
    max_epochs : int or "auto", default="auto"
        "auto" is 100; of many rows fewer, the number that makes 1,200 steps of the optimizer, but
        at least 30.
    standardize : bool, default=True
        Sequences whose levels or spreads differ by an order of magnitude are seen a second time,
        each standardized by itself, beside the logarithm of its spread.
    """

    _: KW_ONLY
    bidirectional: bool = True
    pooling: str = "max"
    dropout: float = 0.2
    max_epochs: int | str = "auto"
    lr: float = 3e-3
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    lr_schedule: str = "cosine"
    warmup_fraction: float = 0.1
    gradient_clip: float | None = 1.0

    _network = RecurrentClassifierNetwork

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        batch_size, usual = super()._auto_training(train, batch_size)
        enough = np.ceil(N_STEPS / train.n_batches(batch_size))
        return batch_size, int(np.clip(enough, MIN_EPOCHS, usual))

    def _preprocessing(self, train: Data) -> dict[str, Any]:
        stride = int(np.ceil(train.mean_length() / MAX_STEPS))
        return {"own_scale": self.standardize and differ_in_size(train), "stride": stride}

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        return self._with_linear_scores(super()._read_inputs(X, reset=reset), reset=reset)


@deep_estimator
class LSTMRegressor(_RecurrentRegressor):
    """Regression on sequences with long short-term memory (LSTM).

    Notes
    -----
    X may be

    - (n_samples, n_steps): sequences of one channel, columns in time order;
    - (n_samples, n_steps, n_channels);
    - (n_samples, n_steps * n_channels) with ``n_channels``: the same, flattened time-major;
    - a list, Series or object array of sequences (n_steps_i,) or (n_steps_i, n_channels) of any
      lengths. They are padded per batch; no prediction depends on the padding.

    Frames in a list must have the same columns in the same order, as in ``fit``. Steps are in time
    order: where a sequence or the columns of a frame have dates, these must not fall.

    y may be (n_samples,) or (n_samples, n_targets).

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).

    Examples
    --------
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import LSTMRegressor
    >>> X, y = make_sequences(300, n_steps=12, random_state=0)
    >>> regressor = LSTMRegressor(hidden_size=16, max_epochs=20, random_state=0).fit(X, y)
    >>> regressor.predict(X[:2]).shape
    (2,)
    """

    _cell = "lstm"


@deep_estimator
class GRURegressor(_RecurrentRegressor):
    """Regression on sequences with gated recurrent units (GRU).

    Notes
    -----
    X and y as in :class:`LSTMRegressor`.

    References
    ----------
    K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
    machine translation", EMNLP (2014).

    Examples
    --------
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import GRURegressor
    >>> X, y = make_sequences(300, n_steps=12, random_state=0)
    >>> regressor = GRURegressor(hidden_size=16, max_epochs=20, random_state=0).fit(X, y)
    >>> regressor.predict(X[:2]).shape
    (2,)
    """

    _cell = "gru"


@deep_estimator
class LSTMClassifier(_RecurrentClassifier):
    """Classification of sequences with long short-term memory (LSTM).

    Notes
    -----
    X as in :class:`LSTMRegressor`; y holds labels of any type that scikit-learn takes. The default
    parameters were chosen by cross-validation. Sequences of more than 64 steps on average are
    reduced to about 64 by a convolution in front of the recurrent layers.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).

    Examples
    --------
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import LSTMClassifier
    >>> X, y = make_sequences(200, task="classification", ragged=True, random_state=0)
    >>> classifier = LSTMClassifier(hidden_size=16, max_epochs=20, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X[:3]).shape
    (3, 2)
    """

    _cell = "lstm"


@deep_estimator
class GRUClassifier(_RecurrentClassifier):
    """Classification of sequences with gated recurrent units (GRU).

    Notes
    -----
    X as in :class:`LSTMRegressor`; y holds labels of any type that scikit-learn takes. The default
    parameters were chosen by cross-validation. Sequences of more than 64 steps on average are
    reduced to about 64 by a convolution in front of the recurrent layers.

    References
    ----------
    K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
    machine translation", EMNLP (2014).

    Examples
    --------
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import GRUClassifier
    >>> X, y = make_sequences(200, task="classification", ragged=True, random_state=0)
    >>> classifier = GRUClassifier(hidden_size=16, max_epochs=20, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X[:3]).shape
    (3, 2)
    """

    _cell = "gru"
