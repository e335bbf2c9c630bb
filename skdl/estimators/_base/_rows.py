"""The rows of a fit: their targets and weights, and which of them train and validate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ..._reading import plain_values
from ..._sklearn import check_sample_weight
from ...engine import Data, as_tensor
from ._contract import Split
from ._held_out import groups_set_aside
from ._placeholders import LIGHT
from ._targets import Target

N_EFFECTIVE = 8  # rows of equal weight that validation needs


@dataclass(frozen=True)
class Seen:
    """Counts of the rows of earlier calls: weights of a next chunk are relative to their mean.

    Attributes
    ----------
    n_rows : int
    weight : float
        Sum of their weights.
    of_class : ndarray of shape (n_classes,) or None
        How many there were of each class; None for regression.
    """

    n_rows: int = 0
    weight: float = 0.0
    of_class: np.ndarray | None = None


@dataclass
class Rows:
    """Targets and weights of the rows of a fit, and their split for validation.

    Attributes
    ----------
    target : ndarray of shape (n_samples, ...)
        y as the target reads it.
    weight : ndarray of shape (n_samples,) or None
        Weights of class and sample, multiplied; None where all rows count the same.
    used : ndarray of int
        The rows of weight above 0.
    train, valid : ndarray of int
        Those of them that are trained on, and that validate. ``valid`` is None where nothing is
        set aside.
    before : Seen
        The rows of earlier calls, where these are a further chunk of one data set.
    of_class : ndarray of shape (n_classes,) or None
        How many rows of each class there were with these; None for regression.
    given : ndarray of shape (n_samples,) or None
        The user's weights.
    """

    target: np.ndarray
    weight: np.ndarray | None
    used: np.ndarray
    train: np.ndarray
    valid: np.ndarray | None = None
    before: Seen = field(default_factory=Seen)
    of_class: np.ndarray | None = None
    given: np.ndarray | None = None

    @classmethod
    def read(
        cls,
        target: Target,
        y: Any,
        sample_weight: Any,
        n_samples: int,
        before: Seen | None = None,
    ) -> Rows:
        """Targets and weights of all rows, validated; all that count are trained on.

        Raises
        ------
        ValueError
            If y or the weights cannot be read, or are not one for each row.
        """
        values = target.read(y)
        if len(values) != n_samples:
            raise ValueError(f"X has {n_samples} samples, but y has {len(values)}.")
        given = sample_weight
        if given is not None:
            given = plain_values(given, "sample_weight")
            given = check_sample_weight(given, values, dtype=np.float64, ensure_non_negative=True)
        return cls._of(target, values, given, before or Seen())

    @classmethod
    def _of(
        cls, target: Target, values: np.ndarray, given: np.ndarray | None, before: Seen
    ) -> Rows:
        of_class = target.counts(values, before.of_class)
        weight = target.weights(values, of_class)
        if given is not None:
            weight = given if weight is None else weight * given
        used = np.arange(len(values)) if weight is None else np.flatnonzero(weight)
        if not len(used):
            raise ValueError(
                "sample_weight is zero for all samples: it must be non-zero for at least one."
            )
        return cls(values, weight, used, used, before=before, of_class=of_class, given=given)

    def can_validate(self, fraction: float) -> bool:
        """Whether some rows can stand for a fraction of the weight.

        Not where weights are so uneven that it is less than that of ``N_EFFECTIVE`` equal rows:
        the heaviest few would decide.
        """
        if self.weight is None:
            return True
        weight = self.weight[self.used]
        weight = weight[weight >= LIGHT * weight.mean()]
        n_effective = effective_number(weight)
        return bool(n_effective >= len(weight) / 2 or fraction * n_effective >= N_EFFECTIVE)

    def joined(self, target: Target, later: Rows) -> Rows:
        """These rows and later ones, all trained on."""
        given = None
        if self.given is not None or later.given is not None:
            both = (np.ones(len(r.target)) if r.given is None else r.given for r in (self, later))
            given = np.concatenate([*both])
        return self._of(target, np.concatenate([self.target, later.target]), given, Seen())

    def set_aside(
        self,
        target: Target,
        data: Data,
        fraction: float,
        seed: int,
        groups: np.ndarray | None = None,
    ) -> None:
        """Set a fraction of the rows aside for validation; whole groups where there are numbers.

        ``data`` holds X of all rows.

        Raises
        ------
        ValueError
            If that leaves no row for one of the two.
        """
        values = self.target[self.used]
        weight = None if self.weight is None else self.weight[self.used]
        rng = np.random.default_rng(seed)
        if groups is None:
            chosen = self._chosen_rows(
                target, values, data.subset(self.used), weight, fraction, rng
            )
        else:
            chosen = chosen_groups(target, values, weight, groups[self.used], fraction, rng)
        trains = np.ones(len(values), dtype=bool)
        trains[chosen] = False
        self.train, self.valid = self.used[trains], self.used[np.sort(chosen)]

    @staticmethod
    def _chosen_rows(
        target: Target,
        values: np.ndarray,
        data: Data,
        weight: np.ndarray | None,
        fraction: float,
        rng: np.random.Generator,
    ) -> np.ndarray:
        n_rows, n_valid = len(values), target.n_valid(len(values), fraction)
        if not 0 < n_valid < n_rows:
            raise ValueError(
                f"validation_fraction={fraction} of {n_rows} samples leaves {n_rows - n_valid} "
                f"rows for training and {n_valid} for validation; both need at least one. Use "
                "another validation_fraction, more data, or early_stopping=False."
            )
        chosen = target.validation_rows(values, data, weight, n_valid, rng)
        if not len(chosen):
            raise ValueError(
                f"No row of the {n_rows} can be set aside for validation: each class has one "
                "only. Use more data or early_stopping=False."
            )
        return chosen

    @property
    def train_weight(self) -> np.ndarray | None:
        return None if self.weight is None else self.weight[self.train]

    @property
    def seen(self) -> Seen:
        """The rows of earlier calls and the training rows of this one."""
        weight = self.train_weight
        added = float(len(self.train)) if weight is None else float(weight.sum())
        return Seen(self.before.n_rows + len(self.train), self.before.weight + added, self.of_class)

    def of(self, data: Data, target: Target, dtype: torch.dtype) -> Split:
        """Training, validation and all used rows of ``data``, with columns y and maybe weight.

        Weights are relative to the mean weight of the training rows, those of earlier calls
        included: in chunks of one class each, classes count by their weights all the same.
        """
        data = data.with_columns(y=target.column(self.target, dtype))
        mean = self.seen.weight / self.seen.n_rows
        if self.weight is not None or mean != 1:
            weight = np.ones(len(self.target)) if self.weight is None else self.weight
            data = data.with_columns(weight=as_tensor(weight / mean).to(dtype))
        n_rows = len(data)
        train, used = (
            data if len(rows) == n_rows else data.subset(rows) for rows in (self.train, self.used)
        )
        return Split(train, None if self.valid is None else data.subset(self.valid), used)


# From fewer rows, scales and linear models are learned again when more rows come.
MIN_ROWS = 10


@dataclass
class RowsBelowMinimum:
    """The first rows, where they are fewer than ``MIN_ROWS``.

    The next call of ``partial_fit`` starts again with them and its own rows, a warm start without
    them: one row has no scale, and a linear model of it is persistence.
    """

    data: Data
    rows: Rows

    @classmethod
    def copied(cls, data: Data, rows: Rows) -> RowsBelowMinimum | None:
        """A copy of rows, or None where there are enough."""
        return cls(Data.joined([data]), rows) if len(rows.target) < MIN_ROWS else None

    def joined(self, target: Target, data: Data, rows: Rows) -> tuple[Data, Rows]:
        """The data and rows of both parts."""
        return Data.joined([self.data, data]), self.rows.joined(target, rows)


def chosen_groups(
    target: Target,
    values: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray,
    fraction: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Which rows validate where groups stay together."""
    groups = np.unique(groups, return_inverse=True)[1]  # of the used rows
    n_groups = groups.max() + 1
    classes = np.zeros(len(groups), dtype=int) if target.classes is None else values
    order = target.group_order(groups, rng)
    weight = np.ones(len(groups)) if weight is None else weight
    chosen = groups_set_aside(groups, classes, weight, fraction, order)
    if not len(chosen):
        raise ValueError(
            f"No group of the {n_groups} can be set aside for validation: at least one must, and "
            "the others must hold rows of each class. Give more groups, X_val and y_val, or set "
            "early_stopping=False."
        )
    return chosen


def effective_number(weight: np.ndarray | torch.Tensor) -> float:
    """How many rows of equal weight the rows are worth (Kish, 1965)."""
    return float(weight.sum() ** 2 / (weight @ weight))
