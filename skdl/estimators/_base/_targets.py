"""Targets: what y means, from reading it to predictions in the user's units and labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor

from ...engine import (
    Loss,
    Pinball,
    absolute_error,
    as_tensor,
    cross_entropy,
    huber,
    most_likely,
    squared_error,
)

REGRESSION_LOSSES: dict[str, Loss] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
}
DEFAULT_QUANTILES = (0.1, 0.5, 0.9)


class Target(ABC):
    """One kind of y: how it is read, learned, weighed, trained on, and predicted.

    Parameters
    ----------
    owner : str
        The estimator's class, for messages.
    """

    owner: str
    # Makes outputs comparable with the column of targets, for scoring callbacks.
    decide: Any = None

    @abstractmethod
    def read(self, y: Any) -> np.ndarray:
        """y validated: numbers, one row per sample. The first call learns what later ones check.

        Raises
        ------
        ValueError
            If y cannot be read, or does not fit to what was learned.
        """

    def weights(self, values: np.ndarray) -> np.ndarray | None:
        """A weight for each row that comes from its target, or None."""
        return None

    def learn(self, values: np.ndarray, weight: np.ndarray | None) -> None:
        """Learn what scales targets, from the training rows."""

    @abstractmethod
    def column(self, values: np.ndarray, dtype: torch.dtype) -> Tensor:
        """The targets as the loss takes them."""

    @property
    @abstractmethod
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one row's output of the network."""

    @property
    @abstractmethod
    def loss(self) -> Loss:
        """What is minimised."""

    @abstractmethod
    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs of the network in the user's units or labels."""

    # Validation ----------------------------------------------------------------------------------

    def stops_early_by_default(self, n_samples: int) -> bool:
        """What ``early_stopping="auto"`` means for so many rows."""
        return False

    def n_valid(self, n_samples: int, fraction: float) -> int:
        """How many rows validate."""
        return round(fraction * n_samples)

    @abstractmethod
    def validation_rows(
        self,
        values: np.ndarray,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Which rows validate."""


@dataclass
class RegressionTarget(Target):
    """Numbers, (n,) or (n, k), standardized inside.

    Parameters
    ----------
    owner : str
    loss_name : {"squared_error", "absolute_error", "huber", "quantile"}
    levels : sequence of float or None
        The quantiles that the user asked for; None for the default ones.
    standardize : bool

    Attributes
    ----------
    ndim : int
        Dimensions of y: 1 or 2.
    n_targets : int
    mean, scale : ndarray of shape (n_targets,)
    """

    owner: str
    loss_name: str
    levels: Sequence[float] | NDArray[Any] | None = None
    standardize: bool = True
    ndim: int = 0
    n_targets: int = 0

    def __post_init__(self) -> None:
        asked = DEFAULT_QUANTILES if self.levels is None else self.levels
        self.asked_quantiles = [float(level) for level in asked]
        # The median is always estimated too: it is what is predicted.
        of_network = sorted({0.5, *self.asked_quantiles})
        self.quantiles = of_network if self.loss_name == "quantile" else None

    def read(self, y: Any) -> np.ndarray:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self.owner)
        if y.ndim > 2:
            raise ValueError(f"y must be (n_samples,) or (n_samples, n_targets), got {y.shape}.")
        values = y.reshape(len(y), -1)  # (n, k)
        if not self.n_targets:
            self.ndim, self.n_targets = y.ndim, values.shape[1]
        elif values.shape[1] != self.n_targets:
            raise ValueError(f"y has {values.shape[1]} targets, but fitted were {self.n_targets}.")
        return values

    def learn(self, values: np.ndarray, weight: np.ndarray | None) -> None:
        self.mean, self.scale = np.zeros(self.n_targets), np.ones(self.n_targets)
        if self.standardize:
            size = np.abs(values).max(0)
            size = np.where(size > 0, size, 1.0)  # squares of huge or tiny numbers do not exist
            mean = np.average(values / size, axis=0, weights=weight)
            spread = np.sqrt(np.average((values / size - mean) ** 2, axis=0, weights=weight))
            constant = spread <= 10 * np.finfo(float).eps * np.abs(mean)
            self.mean, self.scale = mean * size, np.where(constant, 1.0, spread * size)

    def column(self, values: np.ndarray, dtype: torch.dtype) -> Tensor:
        return as_tensor((values - self.mean) / self.scale).to(dtype)  # (n, k)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.n_targets, *([] if self.quantiles is None else [len(self.quantiles)]))

    @property
    def loss(self) -> Loss:
        if self.quantiles is not None:
            return Pinball(tuple(self.quantiles))
        return REGRESSION_LOSSES[self.loss_name]

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The mean, or the median where quantiles are estimated: (n,) or (n, k)."""
        if self.quantiles is not None:
            outputs = outputs[..., self.quantiles.index(0.5)]
        return self.in_units(outputs)

    def quantile_predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The quantiles that were asked for: (n, Q) or (n, k, Q)."""
        levels = self.quantiles or []
        wanted = outputs[..., [levels.index(level) for level in self.asked_quantiles]]
        return np.stack([self.in_units(column) for column in np.moveaxis(wanted, -1, 0)], -1)

    def in_units(self, outputs: np.ndarray) -> np.ndarray:
        """Standardized outputs (n, k) in the units of y."""
        values = outputs * self.scale + self.mean  # float64
        if self.ndim == 2:
            return values
        # float32 says how much of a prediction is meant, unless offset or size exceed it.
        offset_is_huge = np.abs(self.mean) > 4096 * self.scale
        out_of_range = np.abs(np.log10(self.scale)) > 30
        exact = outputs.dtype == np.float64 or (offset_is_huge | out_of_range).any()
        return values[:, 0] if exact else values[:, 0].astype(np.float32)

    def stops_early_by_default(self, n_samples: int) -> bool:
        return n_samples >= 8

    def n_valid(self, n_samples: int, fraction: float) -> int:
        return max(super().n_valid(n_samples, fraction), min(4, n_samples // 2))

    def validation_rows(
        self,
        values: np.ndarray,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The last rows: random ones would overlap with their neighbours in windows of a series.

        With weights, the last ones of those that weigh at least half of the weighted median, so
        many that they carry their fraction of the weight: light rows at the end do not decide.
        """
        n_rows = len(values)
        last = np.arange(n_rows - n_valid, n_rows)
        if weight is None:
            return last
        order = np.argsort(weight)
        middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
        heavy = np.flatnonzero(weight >= weight[order[middle]] / 2)
        carried = np.cumsum(weight[heavy][::-1]) / weight.sum()
        enough = int(np.searchsorted(carried, n_valid / n_rows * (1 - 1e-9))) + 1
        most = int(np.searchsorted(carried, 0.5, side="right"))  # half of the weight trains
        chosen = min(max(enough, min(4, n_rows // 2)), most)
        return heavy[len(heavy) - chosen :] if chosen else last


@dataclass
class ClassificationTarget(Target):
    """Labels of any type, class indices inside.

    Parameters
    ----------
    owner : str
    class_weight : dict, "balanced" or None
    announced : array-like or None
        All classes that there will be, where the first y may lack some.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    owner: str
    class_weight: dict[Any, Any] | str | None = None
    announced: Any = None
    classes: np.ndarray | None = None

    decide = staticmethod(most_likely)

    def read(self, y: Any) -> np.ndarray:
        y = self._checked(y)
        if self.classes is None:
            self.classes = np.unique(y if self.announced is None else np.asarray(self.announced))
        elif self.announced is not None:
            announced = np.unique(self.announced)
            if not np.array_equal(announced, self.classes):
                raise ValueError(
                    f"classes={announced.tolist()} differ from those of the first call, "
                    f"{self.classes.tolist()}: all must be named then."
                )
        unknown = ~np.isin(y, self.classes)
        if unknown.any():
            raise ValueError(
                f"y holds the label {y[unknown].tolist()[0]!r}, which is not among the classes "
                f"{self.classes.tolist()}."
            )
        if len(self.classes) < 2:
            raise ValueError(
                f"{self.owner} needs samples of at least 2 classes, got only one class: "
                f"{self.classes.tolist()[0]!r}."
            )
        return np.searchsorted(self.classes, y)

    @staticmethod
    def _checked(y: Any) -> np.ndarray:
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
        return y

    def weights(self, values: np.ndarray) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        assert self.classes is not None
        weights = compute_sample_weight(self.class_weight, self.classes[values])
        if (weights < 0).any():
            raise ValueError(f"class_weight must not be negative, got {self.class_weight}.")
        return weights

    def column(self, values: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(values.astype(np.int64))

    @property
    def output_shape(self) -> tuple[int, ...]:
        assert self.classes is not None
        return (len(self.classes),)

    @property
    def loss(self) -> Loss:
        return cross_entropy

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The label of the highest score (n,)."""
        assert self.classes is not None
        return self.classes[outputs.argmax(1)]

    def validation_rows(
        self,
        values: np.ndarray,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Random rows of each class in proportion, by largest remainder; never a class's last."""
        (n_classes,) = self.output_shape
        order = rng.permutation(len(values))
        counts = np.bincount(values, minlength=n_classes)
        wanted = n_valid * counts / len(values)
        n_of_class = np.minimum(wanted.astype(int), np.maximum(counts - 1, 0))
        room = np.where(n_of_class < counts - 1, wanted - n_of_class, -1.0)
        n_more = min(n_valid - n_of_class.sum(), (room >= 0).sum())
        n_of_class[np.argsort(-room, kind="stable")[:n_more]] += 1
        grouped = np.split(order[np.argsort(values[order], kind="stable")], np.cumsum(counts)[:-1])
        return np.concatenate([rows[:n] for rows, n in zip(grouped, n_of_class, strict=True)])
