"""What regressors and what classifiers do with y, whatever module is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from pandas.api.types import is_bool_dtype
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_array, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor

from ..._sklearn import StrOptions, fit_context
from ...engine import (
    Objective,
    Pinball,
    Supervised,
    absolute_error,
    as_tensor,
    cross_entropy,
    huber,
    most_likely,
    squared_error,
)
from ._estimator import TorchEstimator

REGRESSION_LOSSES = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
}
DEFAULT_QUANTILES = (0.1, 0.5, 0.9)


def estimates_quantiles(estimator: TorchRegressor) -> bool:
    """Whether predict_quantiles exists: by the loss fitted with, before fit by the one set."""
    if hasattr(estimator, "quantiles_") and estimator.quantiles_ is not None:
        return True
    if estimator.loss != "quantile" or hasattr(estimator, "quantiles_"):
        raise AttributeError(
            f'predict_quantiles needs a fit with loss="quantile", got loss={estimator.loss!r}.'
        )
    return True


@dataclass(kw_only=True, repr=False, eq=False, match_args=False)
class TorchRegressor(RegressorMixin, TorchEstimator):
    """The face of regressors: y in its own units outside, standardized inside."""

    _learned: ClassVar[tuple[str, ...]] = ("y_mean_, y_scale_", "n_targets_", "quantiles_")

    standardize: bool = True
    loss: str = "squared_error"
    quantiles: tuple[float, ...] | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TorchEstimator._parameter_constraints,
        "standardize": ["boolean"],
        "loss": [StrOptions({*REGRESSION_LOSSES, "quantile"})],
        "quantiles": ["array-like", None],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to the rows of X and their targets.

        Parameters
        ----------
        X : array-like or list
            See the class's notes.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative; relative to each other.

        Returns
        -------
        self
        """
        self._check_quantiles()
        return self._fit(X, y, sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        The first call builds the network and learns what goes before training: the scales of X
        and y, and the line of the recurrent regressors. Later calls keep them.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.

        Returns
        -------
        self
        """
        self._check_quantiles()
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The median when ``loss="quantile"``. float32 for one target, float64 for several.
        """
        outputs = self._outputs(X)
        if self.quantiles_ is not None:
            outputs = outputs[..., self.quantiles_.index(0.5)]
        return self._in_units(outputs)

    @available_if(estimates_quantiles)
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the ``quantiles``; a higher one is never below a lower one.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_targets, n_quantiles)

        Raises
        ------
        AttributeError
            If the loss is not "quantile".
        """
        outputs = self._outputs(X)
        levels = self.quantiles_ or []
        wanted = [levels.index(level) for level in self._asked_quantiles]
        outputs = outputs[..., wanted]  # (n, k, Q)
        return np.stack([self._in_units(column) for column in np.moveaxis(outputs, -1, 0)], -1)

    def _in_units(self, outputs: np.ndarray) -> np.ndarray:
        values = outputs * self.y_scale_ + self.y_mean_  # float64
        if self._y_ndim == 2:
            return values
        # float32 says how much of a prediction is meant, unless offset or size exceed it.
        offset_is_huge = np.abs(self.y_mean_) > 4096 * self.y_scale_
        out_of_range = np.abs(np.log10(self.y_scale_)) > 30
        exact = outputs.dtype == np.float64 or (offset_is_huge | out_of_range).any()
        return values[:, 0] if exact else values[:, 0].astype(np.float32)

    def _check_quantiles(self) -> None:
        if self.quantiles is None:
            return
        if self.loss != "quantile":
            raise ValueError(
                f'quantiles={self.quantiles} needs loss="quantile", got loss={self.loss!r}.'
            )
        try:
            levels = np.asarray(self.quantiles, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"quantiles must be numbers, got {self.quantiles}.") from error
        if levels.ndim != 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(f"quantiles must lie between 0 and 1, got {self.quantiles}.")
        if (np.diff(levels) <= 0).any():
            raise ValueError(f"quantiles must be sorted and distinct, got {self.quantiles}.")

    def _levels(self) -> list[float]:
        """The levels that the network estimates: the median is always among them."""
        return sorted({0.5, *self._asked()})

    def _asked(self) -> list[float]:
        asked = DEFAULT_QUANTILES if self.quantiles is None else self.quantiles
        return [float(level) for level in asked]

    def _read_target(self, y: Any, *, reset: bool) -> np.ndarray:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        if y.ndim > 2:
            raise ValueError(f"y must be (n_samples,) or (n_samples, n_targets), got {y.shape}.")
        target = y.reshape(len(y), -1)  # (n, k)
        if reset:
            self._y_ndim, self.n_targets_ = y.ndim, target.shape[1]
            self.quantiles_ = self._levels() if self.loss == "quantile" else None
            self._asked_quantiles = self._asked()
        elif target.shape[1] != self.n_targets_:
            raise ValueError(f"y has {target.shape[1]} targets, but fitted were {self.n_targets_}.")
        return target

    def _learn_target(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        n_targets = target.shape[1]
        self.y_mean_, self.y_scale_ = np.zeros(n_targets), np.ones(n_targets)
        if self.standardize:
            size = np.abs(target).max(0)
            size = np.where(size > 0, size, 1.0)  # squares of huge or tiny numbers do not exist
            mean = np.average(target / size, axis=0, weights=weight)
            spread = np.sqrt(np.average((target / size - mean) ** 2, axis=0, weights=weight))
            constant = spread <= 10 * np.finfo(float).eps * np.abs(mean)
            self.y_mean_, self.y_scale_ = mean * size, np.where(constant, 1.0, spread * size)

    def _stops_early_by_itself(self, n_samples: int) -> bool:
        return n_samples >= 8

    def _n_valid(self, n_samples: int) -> int:
        return max(super()._n_valid(n_samples), min(4, n_samples // 2))

    def _choose_valid(
        self, target: np.ndarray, n_valid: int, rng: np.random.Generator
    ) -> np.ndarray:
        """The last rows: random ones would overlap with their neighbours in windows of a series."""
        return np.arange(len(target) - n_valid, len(target))

    def _target_column(self, target: np.ndarray) -> Tensor:
        return as_tensor((target - self.y_mean_) / self.y_scale_).to(self._dtype)  # (n, k)

    def _make_objective(self) -> Objective:
        if self.quantiles_ is not None:
            return Supervised(Pinball(tuple(self.quantiles_)))
        return Supervised(REGRESSION_LOSSES[self.loss])

    def _output_shape(self) -> tuple[int, ...]:
        if self.quantiles_ is not None:
            return (self.n_targets_, len(self.quantiles_))
        return (self.n_targets_,)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


@dataclass(kw_only=True, repr=False, eq=False, match_args=False)
class TorchClassifier(ClassifierMixin, TorchEstimator):
    """The face of classifiers: any labels outside, class indices inside."""

    _learned: ClassVar[tuple[str, ...]] = ("classes_",)
    _of_training: ClassVar[set[str]] = {"class_weight"}

    class_weight: dict[Any, float] | str | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TorchEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to the rows of X and their labels.

        Parameters
        ----------
        X : array-like or list
            See the class's notes.
        y : array-like of shape (n_samples,)
            Labels of any type that scikit-learn takes; at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative; relative to each other. Multiplied by the class weights.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; on the first call, if its y lacks some.

        Returns
        -------
        self
        """
        self._announced = classes
        try:
            return self._fit(X, y, sample_weight, incremental=True)
        finally:
            del self._announced

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of the classes before the softmax.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes: the second's score less the first's.
        """
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to 1.
        """
        return torch.from_numpy(self._outputs(X)).softmax(1).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable label.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        indices = self._outputs(X).argmax(1)
        return self.classes_[indices]

    def _read_target(self, y: Any, *, reset: bool) -> np.ndarray:
        if is_bool_dtype(y):
            y = np.asarray(y, dtype=bool)  # pandas' own boolean would become numbers
        missing = np.asarray(pd.isna(y))
        if missing.ndim == 1 and missing.any():
            raise ValueError(
                f"Input y contains NaN or another missing label, first in row {missing.argmax()}. "
                "Leave such rows out."
            )
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(y)
        announced = getattr(self, "_announced", None)
        if reset:
            self.classes_ = np.unique(y if announced is None else np.asarray(announced))
        elif announced is not None and not np.array_equal(np.unique(announced), self.classes_):
            raise ValueError(
                f"classes={np.unique(announced).tolist()} differ from those of the first call, "
                f"{self.classes_.tolist()}: all must be named then."
            )
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise ValueError(
                f"y holds the label {y[unknown][0]!r}, which is not among the classes "
                f"{self.classes_.tolist()}."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, got only one class: "
                f"{self.classes_[0]!r}."
            )
        return np.searchsorted(self.classes_, y)

    def _class_weights(self, target: np.ndarray) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        weights = compute_sample_weight(self.class_weight, self.classes_[target])
        if (weights < 0).any():
            raise ValueError(f"class_weight must not be negative, got {self.class_weight}.")
        return weights

    def _target_column(self, target: np.ndarray) -> Tensor:
        return torch.from_numpy(target.astype(np.int64))

    def _output_shape(self) -> tuple[int, ...]:
        return (len(self.classes_),)

    def _choose_valid(
        self, target: np.ndarray, n_valid: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Random rows of each class in proportion, by largest remainder; never a class's last."""
        order = rng.permutation(len(target))
        counts = np.bincount(target, minlength=len(self.classes_))
        wanted = n_valid * counts / len(target)
        n_of_class = np.minimum(wanted.astype(int), np.maximum(counts - 1, 0))
        room = np.where(n_of_class < counts - 1, wanted - n_of_class, -1.0)
        n_more = min(n_valid - n_of_class.sum(), (room >= 0).sum())
        n_of_class[np.argsort(-room, kind="stable")[:n_more]] += 1
        grouped = np.split(order[np.argsort(target[order], kind="stable")], np.cumsum(counts)[:-1])
        return np.concatenate([rows[:n] for rows, n in zip(grouped, n_of_class, strict=True)])

    def _make_objective(self) -> Objective:
        return Supervised(cross_entropy, decide=most_likely)
