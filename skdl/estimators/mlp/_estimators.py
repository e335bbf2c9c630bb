"""Multilayer perceptrons for regression and classification of tables."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import KW_ONLY, field
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..._reading import plain_container
from ..._sklearn import Interval, StrOptions
from ...engine import Batch, Data, Net, Objective, Supervised, as_tensor, inputs_of, mean_loss
from .._base import (
    FitMode,
    MixedTableInputMixin,
    Passed,
    Rows,
    RowsBelowMinimum,
    Split,
    TorchClassifier,
    TorchEstimator,
    TorchRegressor,
    batch_size_between,
    deep_estimator,
    joined_tables,
    network_fraction,
    without_linear,
)
from ._linear_model import LinearTableModel, TableFeatures
from ._network import (
    ACTIVATIONS,
    PerceptronClassifierNetwork,
    PerceptronNetwork,
    PerceptronRegressorNetwork,
    TableInputs,
)

# Numbers of more columns are taken as they are: cosines of each would be most of the network.
MOST_EMBEDDED = 256
ROWS_OF_A_FOLD = 4
N_STEPS, N_EPOCHS = 3000, (16, 64)  # what max_epochs="auto" means
# Factors of the networks beside the linear model, and that of fits without rows that tell.
SHARES, USUAL_WEIGHT = torch.linspace(0, 1, 21), 0.5


class OfMembers(Supervised):
    """A supervised objective of several networks: in training the mean of their losses.

    A row does not count for the member whose number is in ``left_out``.
    """

    def __call__(self, module: nn.Module, batch: Batch) -> Tensor:
        if not module.training:
            return super().__call__(module, batch)
        members = module(**inputs_of(batch))  # (B, K, *output_shape)
        n_members = members.shape[1]
        of_members: Batch = {"y": batch["y"].repeat_interleave(n_members, dim=0)}
        weight = batch["weight"][:, None].expand(-1, n_members) if "weight" in batch else None
        if "left_out" in batch:
            counts = torch.arange(n_members, device=members.device) != batch["left_out"][:, None]
            counts = counts * (n_members / (n_members - 1))
            weight = counts.to(members.dtype) if weight is None else weight * counts
        if weight is not None:
            of_members["weight"] = weight.flatten()
        return mean_loss(self.training_loss, members.flatten(0, 1), of_members)


def folds_of(y: np.ndarray, n_folds: int, groups: np.ndarray | None = None) -> NDArray[np.int64]:
    """Numbers of folds (n,) in which y (n,) is spread alike; rows of a group are in one.

    The same for the same y.
    """
    rng = np.random.default_rng(len(y))
    if groups is not None:
        names, number = np.unique(groups, return_inverse=True)
        return (rng.permutation(len(names)) % n_folds)[number]
    order = np.lexsort((rng.permutation(len(y)), y))
    # In each run of n_folds neighbours every fold comes once, in random order.
    n_runs = -(-len(y) // n_folds)
    of_rank = np.argsort(rng.random((n_runs, n_folds)), axis=1).ravel()[: len(y)]
    folds = np.empty(len(y), dtype=np.int64)
    folds[order] = of_rank
    return folds


@deep_estimator
class _Perceptron(MixedTableInputMixin, TorchEstimator):
    """Parameters and network of all multilayer perceptrons.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(256, 256, 256)
        Number of features of each hidden layer, at least 1 each.
    activation : {"auto", "identity", "logistic", "mish", "relu", "selu", "tanh"}, default="auto"
        Activation of the hidden layers: "relu", "tanh", "logistic" (the sigmoid function), "selu"
        (Klambauer et al., 2017), "mish" (Misra, 2019), or "identity" for none. How much of it is
        used is learned for each feature. "auto" is "selu" for classification and "mish" for
        regression.
    numeric_embedding : {"auto", "periodic"} or None, default="auto"
        "periodic" puts learned features of cosines of each number beside it, None takes numbers as
        they are. "auto" is "periodic" for tables of up to 256 numbers a row.
    max_onehot : int, default=9
        Maximum number of categories of a column that become one-hot columns, at least 0; of more
        a vector is learned for each category.
    n_members : int or "auto", default="auto"
        How many networks are trained side by side; their mean answers. They differ in initial
        weights and dropout, and each leaves out one part of the rows (see `early_stopping`). "auto"
        is 8.
    linear_model : bool, default=True
        Whether a ridge regression on the same columns, with a column for each category, stands
        beside the networks. It is fitted in closed form to the training rows (to 8,192 random ones
        of more), not in ``partial_fit``; how much it counts is learned (``network_weight_``).
    dropout : float, default=0.15
        Fraction of the features that is zeroed in training, in [0, 1). It is applied after each
        hidden layer.
    early_stopping : bool or "auto", default="auto"
        "auto": of two networks or more each leaves out one part of the rows, and their losses for
        these rows decide when to stop and how much the linear model counts; no row is lost to all.
        Of fewer than 4 rows a network, of one network and where ``fit`` is given ``X_val`` it is as
        for other estimators.
    batch_size : int or "auto", default="auto"
        "auto" is 64 for some hundreds of rows, less for fewer, and up to 256 for more.
    max_epochs : int or "auto", default="auto"
        "auto" is 64; of many rows fewer, the number that makes 3,000 steps of the optimizer, but at
        least 16.

    Attributes
    ----------
    n_members_ : int
        Number of networks.
    """

    hidden_layer_sizes: Sequence[int] = (256, 256, 256)
    _: KW_ONLY
    activation: str = "auto"
    numeric_embedding: str | None = "auto"
    max_onehot: int = 9
    n_members: int | str = "auto"
    linear_model: bool = True
    dropout: float = 0.15
    max_epochs: int | str = "auto"
    optimizer: str = "adamw"
    weight_decay: float = 0.02
    lr_schedule: str = "cosine"
    warmup_fraction: float = 0.1

    _changeable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    _usual_activation: ClassVar[str]
    _network: ClassVar[type[PerceptronNetwork]]
    _is_part = False
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions({"auto", *ACTIVATIONS})],
        "numeric_embedding": [StrOptions({"auto", "periodic"}), None],
        "max_onehot": [Interval(Integral, 0, None, closed="left")],
        "n_members": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "linear_model": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }
    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _linear: LinearTableModel | None = field(init=False)
    else:
        _linear = None

    def _check_parameters(self) -> None:
        super()._check_parameters()
        sizes = np.asarray(self.hidden_layer_sizes)
        if sizes.ndim != 1 or not len(sizes) or sizes.dtype.kind not in "iu" or (sizes < 1).any():
            raise ValueError(
                "hidden_layer_sizes must be integers of at least 1, one for each hidden layer, got "
                f"{self.hidden_layer_sizes!r}."
            )

    def _make_module(self, train: Data) -> nn.Module:
        scales, dtype = self._scales, self._dtype
        median = torch.from_numpy(scales.median)
        rounded = median.to(dtype)
        periodic = self.numeric_embedding == "periodic"
        if self.numeric_embedding == "auto":
            periodic = len(median) <= MOST_EMBEDDED
        inputs = TableInputs(
            self._n_members,
            torch.stack([rounded, (median - rounded).to(dtype)]),
            torch.from_numpy(scales.scale).to(dtype),
            torch.from_numpy(scales.missing),
            self._n_categories,
            max_onehot=self.max_onehot,
            periodic=periodic,
        )
        return self._network(
            inputs,
            [int(size) for size in self.hidden_layer_sizes],
            self._target.output_shape,
            activation=self._usual_activation if self.activation == "auto" else self.activation,
            dropout=self.dropout,
        )

    @property
    def _n_members(self) -> int:
        return 8 if isinstance(self.n_members, str) else int(self.n_members)

    # Parts of the rows that one member each leaves out --------------------------------------------

    def _has_folds(self, n_rows: int) -> bool:
        """Whether each of so many training rows is left out by one of the members."""
        n = self._n_members
        return self.early_stopping == "auto" and n > 1 and n_rows >= ROWS_OF_A_FOLD * n

    def _sets_aside_by_default(self, n_rows: int) -> bool:
        return not self._has_folds(n_rows) and super()._sets_aside_by_default(n_rows)

    def _split(self, data: Data, rows: Rows, passed: Passed) -> Split:
        """The training rows, which validate too, each by the member that leaves it out."""
        split, unseen = super()._split(data, rows, passed), self.__dict__.pop("_unseen", None)
        if split.valid is not None or self._is_part or not self._has_folds(len(split.train)):
            return split
        y = rows.target[rows.train]
        fold = as_tensor(folds_of(y.reshape(len(y), -1)[:, 0], self._n_members, self._train_groups))
        valid = split.train.with_columns_of_rows(fold=fold)
        if unseen is not None:
            valid = valid.with_columns_of_rows(linear=self._as_column(unseen))
        return split._replace(train=split.train.with_columns_of_rows(left_out=fold), valid=valid)

    def _joined_rows(self, first: RowsBelowMinimum, passed: Passed) -> Split:
        """The rows before, which were too few, and these: their columns are learned anew."""
        self._target = copy.copy(self._same_target(FitMode.PARTIAL_FIT))
        rows = self._read_rows(self._read_inputs(passed.X, reset=False), passed, None)
        rows = first.rows.joined(self._target, rows)
        table = joined_tables(self._first, plain_container(passed.X))
        read = self._read_inputs(table, reset=True)
        self._target.learn(rows.target[rows.train], rows.train_weight)
        data = self._learn_inputs(table, read, rows, FitMode.PARTIAL_FIT)
        self._rows_below_minimum = RowsBelowMinimum.copied(data, rows)
        return self._split(data, rows, passed)

    # The linear model -----------------------------------------------------------------------------

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        data = super()._read_inputs(X, reset=reset)
        if reset or self._linear is None:
            return data
        return data.with_columns(linear=self._as_column(self._linear.answers(data)))

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        data = super()._learn_inputs(X, data, rows, mode)
        self._linear, self._is_part = None, mode is FitMode.PARTIAL_FIT
        if not self._takes_linear_model or self._is_part:
            return data
        features = TableFeatures(self._scales, self._n_categories)
        train, target = data.subset(rows.train), rows.target[rows.train]
        weight, (target, n_classes) = rows.train_weight, self._of_linear_model(target)
        model, self._unseen = LinearTableModel.fit(
            features, train, target, weight, n_classes, self._train_groups
        )
        self._linear = model
        return data.with_columns(linear=self._as_column(model.answers(data)))

    @property
    def _takes_linear_model(self) -> bool:
        return self.linear_model

    def _of_linear_model(self, target: np.ndarray) -> tuple[np.ndarray, int | None]:
        """Targets as the linear model learns them, and the number of classes."""
        raise NotImplementedError

    def _as_column(self, answers: np.ndarray) -> Tensor:
        return torch.from_numpy(answers).to(self._dtype)

    def _read_for_network(self, X: Any) -> Data:
        return without_linear(self._read_again(X))

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        super()._prepare_module(module, mode)
        module.dropout.p = self.dropout

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        batch_size = batch_size or batch_size_between(len(train), usual=64, largest=256)
        enough = np.ceil(N_STEPS / train.n_batches(batch_size))
        return batch_size, int(np.clip(enough, *N_EPOCHS))

    @property
    def n_members_(self) -> int:
        module: Any = self.module_
        n_members: int = module.inputs.n_members
        return n_members

    def _search_grid(self) -> dict[str, list[Any]]:
        return {"dropout": [0.0, 0.15, 0.3], "hidden_layer_sizes": [(64, 64), (256, 256, 256)]}

    def _outputs_of_members(self, X: Any) -> Tensor:
        """Outputs of each member (n, K, *output_shape)."""
        return self.net_.outputs(self._read_again(X), of_members)


def of_members(module: nn.Module, batch: Batch) -> Tensor:
    """The outputs of each member of a network."""
    inputs = {name: value for name, value in inputs_of(batch).items() if name != "linear"}
    outputs: Tensor = module.members(**inputs)  # type: ignore[operator]
    return outputs


def widen_limits(module: Any, train: Data, mode: FitMode) -> None:
    """Let values beyond those of y before be predicted, once a network is trained further."""
    if mode is FitMode.PARTIAL_FIT:
        module.lowest.fill_(-torch.inf)
        module.highest.fill_(torch.inf)
    elif mode is FitMode.WARM_START:
        y = train.column("y")
        torch.minimum(module.lowest, y.min(0).values.to(module.lowest), out=module.lowest)
        torch.maximum(module.highest, y.max(0).values.to(module.highest), out=module.highest)


@deep_estimator
class MLPRegressor(_Perceptron, TorchRegressor):
    """Regression of tables with multilayer perceptrons.

    Attributes
    ----------
    network_weight_ : ndarray of shape (`n_targets_`,)
        Factor of the mean of the networks in predictions, for each target, in [0, 1]; that of the
        linear model is the rest of 1. It is learned from rows that neither was trained on, without
        such rows it is 0.5; 1 without a linear model.

    Notes
    -----
    X is a table, an array or a DataFrame of shape (n_samples, n_columns) with columns of any mix:

    - numbers and booleans, pandas' nullable ones too,
    - dates and durations, which become days; of dates also the time of the day, of the week and of
      the year,
    - categories: strings, and columns of pandas' dtype ``category``.

    Values may be missing anywhere; categories first seen in ``predict`` are as missing. Nothing
    needs to be scaled or encoded before.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS (2024).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl.estimators import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = MLPRegressor(max_epochs=20, random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    lr: float = 0.1

    _usual_activation = "mish"
    _network = PerceptronRegressorNetwork

    @property
    def _takes_linear_model(self) -> bool:
        return self.linear_model and self.loss != "quantile"

    def _of_linear_model(self, target: np.ndarray) -> tuple[np.ndarray, int | None]:
        return (target - self.y_mean_) / self.y_scale_, None

    def _make_objective(self) -> Objective:
        return OfMembers(self._target.loss, self._target)

    def _learn_before_training(self, module: Any, train: Data, used: Data) -> None:
        super()._learn_before_training(module, train, used)
        if not self._is_part:  # later parts may have other values
            y = used.column("y").cpu()
            module.lowest, module.highest = y.min(0).values, y.max(0).values

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        super()._prepare_module(module, mode)
        if mode is not FitMode.PARTIAL_FIT:  # the networks are validated as they are
            is_alone = self._linear is None or self.early_stopping is not False
            module.network_weight.fill_(1.0 if is_alone else USUAL_WEIGHT)

    def _after_training(self, net: Net, train: Data, valid: Data | None, mode: FitMode) -> None:
        """Learn how much the networks count beside the linear model, for each target."""
        widen_limits(net.module_, train, mode)
        if self._linear is None or mode is FitMode.PARTIAL_FIT:
            return
        weight: Tensor = net.module_.network_weight
        if valid is None:
            weight.fill_(USUAL_WEIGHT)
            return
        weight.fill_(1.0)
        network, linear = net.outputs(valid).double(), valid.column("linear").cpu().double()
        y, of_rows = valid.column("y").cpu().double(), valid.row_weights()
        losses = torch.stack(
            [
                of_rows @ self._target.loss(torch.lerp(linear, network, share), y)
                for share in SHARES.tolist()
            ]
        )  # (n_shares, n_targets)
        weight.copy_(SHARES[losses.argmin(0)])

    @property
    def network_weight_(self) -> np.ndarray:
        module: Any = self.module_
        if self._linear is None:
            return np.ones(self.n_targets_)
        found: np.ndarray = module.network_weight.double().cpu().numpy()
        return found

    def predict_members(self, X: Any) -> np.ndarray:
        """Predictions of each network, in the units of y.

        Parameters
        ----------
        X : array-like
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_targets)
        """
        outputs = self._outputs_of_members(X).numpy()
        return np.stack([self._target.predictions(each) for each in np.moveaxis(outputs, 1, 0)])


@deep_estimator
class MLPClassifier(_Perceptron, TorchClassifier):
    """Classification of tables with multilayer perceptrons.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Fraction of the target that is spread over all classes in training, in [0, 1).

    Attributes
    ----------
    network_weight_ : float
        Weight of the networks' scores as a fraction of both weights, that of the linear model's
        being the other; in (0, 1]; 1 where there is no linear model. It is learned from rows that
        neither was trained on, as ``temperature_`` is.

    Notes
    -----
    X as in :class:`MLPRegressor`.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS (2024).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skdl.estimators import MLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> model = MLPClassifier(max_epochs=10, random_state=0).fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) > 0.9
    True
    """

    _: KW_ONLY
    label_smoothing: float = 0.0
    lr: float = 0.02

    _usual_activation = "selu"
    _network = PerceptronClassifierNetwork
    _changeable: ClassVar[frozenset[str]] = frozenset({"label_smoothing"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def _of_linear_model(self, target: np.ndarray) -> tuple[np.ndarray, int | None]:
        return target, len(self.classes_)

    @property
    def network_weight_(self) -> float:
        return 1.0 if self._linear is None else network_fraction(self.module_)

    def _make_objective(self) -> Objective:
        smoothed = partial(self._target.loss, label_smoothing=self.label_smoothing)
        return OfMembers(self._target.loss, self._target, smoothed)

    def predict_proba_members(self, X: Any) -> np.ndarray:
        """Probabilities of the classes by each network.

        Parameters
        ----------
        X : array-like
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
        """
        outputs = self._outputs_of_members(X).numpy()
        return np.stack([self._target.probabilities(each) for each in np.moveaxis(outputs, 1, 0)])
