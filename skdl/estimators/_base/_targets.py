"""Targets: what y means, from reading it to predictions in the user's units and labels."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight
from torch import Tensor

from ..._reading import check_numbers, column_names, different_columns, plain_values
from ...engine import (
    Data,
    ErrorLoss,
    Loss,
    Pinball,
    absolute_error,
    as_tensor,
    cross_entropy,
    huber,
    squared_error,
    weighted_quantiles,
)
from ._labels import read_labels
from ._placeholders import counted, warn_of_placeholders
from ._series import is_series

REGRESSION_LOSSES: dict[str, ErrorLoss] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
}
DEFAULT_QUANTILES = (0.1, 0.5, 0.9)
# Standard deviations between 0 and the mean of y up to which predictions of one target are float32.
MAX_OFFSET = 4
N_PARTS, N_PARTS_OF_SERIES = 10, 3  # of the rows, each with validation rows at its end


class Target(ABC):
    """One kind of y: how it is read, learned, weighed, trained on, and predicted.

    Parameters
    ----------
    owner : str
        The estimator's class, for messages.
    """

    owner: str
    classes: np.ndarray | None = None

    @abstractmethod
    def read(self, y: Any) -> np.ndarray:
        """y validated: numbers, one row per sample. The first call learns what later ones check.

        Raises
        ------
        ValueError
            If y cannot be read, or does not fit to what was learned.
        """

    def counts(self, values: np.ndarray, before: np.ndarray | None) -> np.ndarray | None:
        """How many rows of each class there are, with those before; None without classes."""
        return None

    def weights(self, values: np.ndarray, of_class: np.ndarray | None) -> np.ndarray | None:
        """A weight for each row that comes from its target, or None.

        ``of_class`` is the result of ``counts``.
        """
        return None

    def learn(self, values: np.ndarray, weight: np.ndarray | None) -> None:
        """Learn what scales targets, from the training rows."""

    def distances(self, values: np.ndarray) -> np.ndarray | None:
        """Distances (n, k) from the learned mean in standard deviations; None if not scaled."""
        return None

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

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities of the classes (n, n_classes); the predictions where there are none."""
        return self.predictions(outputs)

    @abstractmethod
    def values(self, column: np.ndarray) -> np.ndarray:
        """y in the user's labels or units, from the column that ``column`` returned."""

    # Validation ----------------------------------------------------------------------------------

    def stops_early_by_default(self, n_samples: int) -> bool:
        """What ``early_stopping="auto"`` means for so many rows."""
        return False

    def n_valid(self, n_samples: int, fraction: float) -> int:
        """How many rows validate."""
        return round(fraction * n_samples)

    def group_order(self, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The groups, numbered from 0, in the order in which they are tried for validation."""
        return rng.permutation(groups.max() + 1)

    @abstractmethod
    def validation_rows(
        self,
        values: np.ndarray,
        data: Data,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Which rows validate; ``data`` holds X of the same rows."""


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
    names : tuple or None
        Names of the targets, where y is a frame that has some.
    mean, scale : ndarray of shape (n_targets,)
    """

    owner: str
    loss_name: str
    levels: Sequence[float] | NDArray[Any] | None = None
    standardize: bool = True
    ndim: int = 0
    n_targets: int = 0
    names: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        asked = DEFAULT_QUANTILES if self.levels is None else self.levels
        self.asked_quantiles = [float(level) for level in asked]
        # The median is always estimated too: it is what is predicted.
        of_network = sorted({0.5, *self.asked_quantiles})
        self.quantiles = of_network if self.loss_name == "quantile" else None

    def read(self, y: Any) -> np.ndarray:
        names = column_names(y)
        y = self._as_floats(plain_values(y, "y"))
        if y.ndim > 2:
            raise ValueError(
                f"y must be (n_samples,) or (n_samples, n_targets), got shape {y.shape}. Pass "
                "np.reshape(y, (len(y), -1)), one target for each value; predictions come back "
                f"with predicted.reshape(-1, {', '.join(map(str, y.shape[1:]))})."
            )
        values = y.reshape(len(y), -1)  # (n, k)
        if not self.n_targets:
            self.ndim, self.n_targets, self.names = y.ndim, values.shape[1], names
        elif values.shape[1] != self.n_targets:
            raise ValueError(
                f"y has {values.shape[1]} targets, but fitted were {self.n_targets}. Pass these, "
                "or fit a clone to others."
            )
        elif self.n_targets > 1 and None not in (names, self.names) and names != self.names:
            raise ValueError(different_columns("y", names, self.names))
        finite = np.isfinite(values).all(1)
        if not finite.all():
            row = int(np.argmin(finite))
            what = "infinity or a value too large for dtype('float64')"
            raise ValueError(
                f"Input y contains {'NaN' if np.isnan(values[row]).any() else what}, first in row "
                f"{row}. Leave such rows out."
            )
        return values

    def _as_floats(self, y: Any) -> np.ndarray:
        check_numbers(y, "y")
        try:
            return check_array(
                y,
                ensure_2d=False,
                allow_nd=True,
                ensure_all_finite=False,
                dtype=np.float64,
                input_name="y",
                estimator=self.owner,
            )
        except (TypeError, ValueError) as error:
            if "float" not in str(error):
                raise
            raise ValueError(
                f"y must hold numbers: {error}. Labels are for classifiers; dates become days with "
                "(dates - start) / pd.Timedelta(days=1)."
            ) from error

    def learn(self, values: np.ndarray, weight: np.ndarray | None) -> None:
        known = torch.from_numpy(values)
        known = known if weight is None else known[counted(torch.from_numpy(weight))]
        warn_of_placeholders(known, "y", "target", only_usual=True)  # outliers of y may be true
        self.mean, self.scale = np.zeros(self.n_targets), np.ones(self.n_targets)
        if self.standardize:
            size = np.abs(values).max(0)
            size = np.where(size > 0, size, 1.0)  # squares of huge or tiny numbers do not exist
            weights = np.ones(len(values)) if weight is None else weight
            weights = np.broadcast_to(weights[:, None], values.shape)
            if self.loss_name != "squared_error":
                weights = weights * self._are_usual(values, weights[:, 0])
            mean = np.average(values / size, axis=0, weights=weights)
            spread = np.sqrt(np.average((values / size - mean) ** 2, axis=0, weights=weights))
            constant = spread <= 10 * np.finfo(float).eps * np.abs(mean)
            self.mean, self.scale = mean * size, np.where(constant, 1.0, spread * size)

    @staticmethod
    def _are_usual(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Which of the values (n, k) are within the limits of outliers around the median."""
        y, of_rows = torch.from_numpy(values), torch.tensor(weight, dtype=torch.float64)
        errors = y - weighted_quantiles(y, of_rows, [0.5])[:, 0]
        return (errors.abs() <= outlier_limits(errors, of_rows)).numpy()

    def distances(self, values: np.ndarray) -> np.ndarray | None:
        return np.abs(values - self.mean) / self.scale if self.standardize else None

    def column(self, values: np.ndarray, dtype: torch.dtype) -> Tensor:
        if not self.standardize and dtype == torch.float32:
            self._warn_of_offset(values)
        return as_tensor((values - self.mean) / self.scale).to(dtype)  # (n, k)

    def _warn_of_offset(self, values: np.ndarray) -> None:
        """Without standardizing, float32 cannot tell values apart that are too far from 0."""
        rounding = np.finfo(np.float32).eps * np.abs(values).max(0)
        spread = np.ptp(values, axis=0)
        if ((spread > 0) & (spread < 1000 * rounding)).any():
            warnings.warn(
                f"y varies by {spread.min():.3g} around values that {self.owner} computes in steps "
                f"of {rounding.max():.3g}. Use standardize=True, or precision='float64'.",
                UserWarning,
                stacklevel=2,
            )

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.n_targets, *([] if self.quantiles is None else [len(self.quantiles)]))

    @property
    def loss(self) -> ErrorLoss:
        if self.quantiles is not None:
            return Pinball(tuple(self.quantiles))
        return REGRESSION_LOSSES[self.loss_name]

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The mean, or the median where quantiles are estimated: (n,) or (n, k)."""
        if self.quantiles is not None:
            outputs = outputs[..., self.quantiles.index(0.5)]
        return self.in_units(outputs)

    def values(self, column: np.ndarray) -> np.ndarray:
        values = column * self.scale + self.mean
        return values if self.ndim == 2 else values[:, 0]

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
        # Where y lies around 0, float32 holds the outputs of a float32 network without loss. Far
        # from 0, as for times in seconds, its resolution is coarser than that of the outputs.
        is_far = np.abs(self.mean) > MAX_OFFSET * self.scale
        out_of_range = np.abs(np.log10(self.scale)) > 30
        exact = outputs.dtype == np.float64 or (is_far | out_of_range).any()
        return values[:, 0] if exact else values[:, 0].astype(np.float32)

    def stops_early_by_default(self, n_samples: int) -> bool:
        return n_samples >= 8

    def n_valid(self, n_samples: int, fraction: float) -> int:
        return max(super().n_valid(n_samples, fraction), min(4, n_samples // 2))

    def group_order(self, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Those that come last first, as the last rows validate where there are no groups."""
        last = np.zeros(groups.max() + 1, dtype=int)
        np.maximum.at(last, groups, np.arange(len(groups)))
        return np.argsort(-last)

    def validation_rows(
        self,
        values: np.ndarray,
        data: Data,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The last rows of each of several parts of the data, of equal weight.

        Contiguous ones, because in windows of a series random rows would overlap with their
        neighbours; of several parts, so that what is different at the end does not decide alone.
        Where the rows are a series, the parts are few and large.

        With weights, rows of less than half of the weighted median weight are passed over, and the
        others carry their fraction of the weight: light rows do not decide.
        """
        n_rows = len(values)
        weight = np.ones(n_rows) if weight is None else weight
        heavy = heavy_rows(weight)
        n_parts = N_PARTS_OF_SERIES if is_series(values, data) else N_PARTS
        n_parts = int(np.clip(n_valid // 4, 1, n_parts))
        fraction = n_valid / n_rows * weight.sum() / weight[heavy].sum()
        ends = np.cumsum(weight[heavy])
        place = (ends - weight[heavy] / 2) / ends[-1] * n_parts % 1  # within its part
        chosen = heavy[place > max(1 - fraction, 0.5 + 1e-9)]  # a half is not more by rounding
        return chosen if len(chosen) else heavy[-1:]


def outlier_limits(errors: Tensor, weight: Tensor, n_deviations: float = 10) -> Tensor:
    """What absolute errors (n, k) are outliers beyond: so many robust standard deviations (k,).

    The standard deviation of normal errors is 1.4826 times their median absolute value. Where more
    than half of the errors are 0 there is no limit.
    """
    spread = 1.4826 * weighted_quantiles(errors.abs(), weight, [0.5])[:, 0]
    return torch.where(spread > 0, n_deviations * spread, torch.inf)


def decided_by_outliers(residuals: Tensor, weight: Tensor, levels: Sequence[float]) -> Tensor:
    """Which quantiles of residuals (n, k) outliers decide, (k * n_levels,); never the median.

    Those beyond which outliers are more than a quarter of the rows.
    """
    middle = weighted_quantiles(residuals, weight, [0.5])[:, 0]
    errors = residuals - middle
    limits, total = outlier_limits(errors, weight), weight.sum()
    below, above = (weight @ (side * errors > limits).double() / total for side in (-1, 1))  # (k,)
    of_levels = [
        below > level / 4 if level < 0.5 else (above > (1 - level) / 4) & (level > 0.5)
        for level in levels
    ]
    return torch.stack(of_levels, 1).flatten()


def heavy_rows(weight: np.ndarray) -> np.ndarray:
    """The rows of half of the weighted median weight or more."""
    order = np.argsort(weight)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return np.flatnonzero(weight >= weight[order[middle]] / 2)


@dataclass
class ClassificationTarget(Target):
    """Labels of any type, class indices inside.

    Parameters
    ----------
    owner : str
    class_weight : dict, "balanced" or None
    declared_classes : array-like or None
        All classes that there will be, where the first y may lack some.
    is_partial_fit : bool
        Whether y is one of the parts that ``partial_fit`` gets.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    temperature : float
        What the outputs of the network are divided by.
    """

    owner: str
    class_weight: dict[Any, Any] | str | None = None
    declared_classes: Any = None
    is_partial_fit: bool = False
    classes: np.ndarray | None = None
    temperature: float = 1.0

    def read(self, y: Any) -> np.ndarray:
        y, declared = read_labels(y), None
        if self.declared_classes is not None:
            declared = np.unique(read_labels(self.declared_classes, "classes"))
        if self.classes is None:
            self.classes = np.unique(y) if declared is None else declared
        elif declared is not None and not np.array_equal(declared, self.classes):
            raise ValueError(
                f"classes={declared.tolist()} differ from those of the first call, "
                f"{self.classes.tolist()}: all must be named then."
            )
        unknown = ~np.isin(y, self.classes)
        if unknown.any():
            raise ValueError(
                f"y holds the label {y[unknown].tolist()[0]!r}, which is not among the classes "
                f"{self.classes.tolist()}."
                f"{self._name_all() or ' Leave such rows out, or fit a clone to all rows.'}"
            )
        if len(self.classes) < 2:
            raise ValueError(
                f"{self.owner} needs samples of at least 2 classes, got only one class: "
                f"{_plain(self.classes[0])!r}.{self._name_all()}"
            )
        return np.searchsorted(self.classes, y)

    def _name_all(self) -> str:
        if self.is_partial_fit:
            return " Name all that there will be in the first call: partial_fit(X, y, classes=...)."
        return ""

    def counts(self, values: np.ndarray, before: np.ndarray | None) -> np.ndarray:
        counts = np.bincount(values, minlength=self.output_shape[0])
        return counts if before is None else counts + before

    def weights(self, values: np.ndarray, of_class: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        assert self.classes is not None
        if self.class_weight == "balanced" and of_class is not None:
            # As scikit-learn's, but also where other rows than these are counted.
            even = of_class.sum() / np.count_nonzero(of_class)
            return even / of_class[values]
        if isinstance(self.class_weight, str):
            weights = compute_sample_weight(self.class_weight, self.classes[values])
        else:  # a chunk may lack classes that have a weight
            weights = compute_sample_weight(self.class_weight, self.classes)[values]
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
        return self.values(outputs.argmax(1))

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """Scores (n, n_classes) whose softmax are the probabilities."""
        return outputs / outputs.dtype.type(self.temperature)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        return torch.from_numpy(self.scores(outputs)).softmax(1).numpy()

    def values(self, column: np.ndarray) -> np.ndarray:
        assert self.classes is not None
        return self.classes[column]

    def validation_rows(
        self,
        values: np.ndarray,
        data: Data,
        weight: np.ndarray | None,
        n_valid: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Random rows of each class in proportion, by largest remainder; never a class's last.

        Light rows of a class are passed over.
        """
        (n_classes,) = self.output_shape
        if weight is not None:
            of_classes = (np.flatnonzero(values == c) for c in np.unique(values))
            heavy = np.sort(np.concatenate([rows[heavy_rows(weight[rows])] for rows in of_classes]))
            if len(heavy) < len(values):
                share = weight.sum() / weight[heavy].sum() / len(values)
                n_heavy = int(np.clip(round(n_valid * share * len(heavy)), 1, len(heavy) // 2))
                of_heavy = self.validation_rows(
                    values[heavy], data.subset(heavy), None, n_heavy, rng
                )
                return heavy[of_heavy]
        order = rng.permutation(len(values))
        counts = np.bincount(values, minlength=n_classes)
        wanted = n_valid * counts / len(values)
        n_of_class = np.minimum(wanted.astype(int), np.maximum(counts - 1, 0))
        room = np.where(n_of_class < counts - 1, wanted - n_of_class, -1.0)
        n_more = min(n_valid - n_of_class.sum(), (room >= 0).sum())
        n_of_class[np.argsort(-room, kind="stable")[:n_more]] += 1
        grouped = np.split(order[np.argsort(values[order], kind="stable")], np.cumsum(counts)[:-1])
        return np.concatenate([rows[:n] for rows, n in zip(grouped, n_of_class, strict=True)])


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label
