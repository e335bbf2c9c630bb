"""Arguments of ``fit``, those about validation among them: rows held out, groups kept together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..._reading import plain_values
from ..._sklearn import check_sample_weight, num_samples
from ...engine import Data, as_tensor
from ._targets import Target


@dataclass(frozen=True)
class HeldOut:
    """The arguments of ``fit`` about validation.

    Parameters
    ----------
    X, y : array-like, list or None
        ``X_val`` and ``y_val``: rows that validate and are not trained on.
    weight : array-like or None
        ``sample_weight_val``.
    groups : array-like or None
        The group of each row of ``fit``.
    """

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None

    @property
    def is_own(self) -> bool:
        """Whether the user brings the rows that validate."""
        return self.X is not None

    def check(self, early_stopping: bool | str) -> None:
        """Raise ValueError where the arguments do not go together."""
        if (self.X is None) is not (self.y is None):
            there, missing = ("y_val", "X_val") if self.X is None else ("X_val", "y_val")
            raise ValueError(f"{there} was given without {missing}: both are needed, or neither.")
        if self.X is None:
            if self.weight is not None:
                raise ValueError("sample_weight_val was given without X_val and y_val.")
            return
        if early_stopping is False:
            raise ValueError(
                "X_val and y_val decide when to stop, but early_stopping=False never stops. Set "
                'early_stopping=True or "auto", or leave X_val and y_val out.'
            )
        if self.groups is not None:
            raise ValueError(
                "groups decide which rows of X validate, but X_val and y_val do so already. Give "
                "one of the two."
            )

    def data(self, read: Callable[[Any], Data], target: Target, dtype: torch.dtype) -> Data:
        """The user's own rows that count, with columns y and maybe weight.

        Raises
        ------
        ValueError, TypeError
            If they cannot be read as ``fit`` reads its rows; said of X_val or y_val.
        """
        with prefixed_errors("X_val"):
            data = read(self.X)
        with prefixed_errors("y_val"):
            values = target.read(self.y)
        if len(values) != len(data):
            raise ValueError(f"X_val has {len(data)} samples, but y_val has {len(values)}.")
        data = data.with_columns(y=target.column(values, dtype))
        weight = target.weights(values, target.counts(values, None))
        if self.weight is not None:
            with prefixed_errors("sample_weight_val"):
                given = plain_values(self.weight, "sample_weight_val")
                given = check_sample_weight(
                    given, values, dtype=np.float64, ensure_non_negative=True
                )
            weight = given if weight is None else weight * given
        if weight is None:
            return data
        used = np.flatnonzero(weight)
        if not len(used):
            raise ValueError(
                "sample_weight_val is zero for all samples: it must be non-zero for at least one."
            )
        data = data.with_columns(weight=as_tensor(weight / weight[used].mean()).to(dtype))
        return data if len(used) == len(data) else data.subset(used)


@dataclass(frozen=True)
class Passed:
    """What is passed to ``fit`` or ``partial_fit``."""

    X: Any
    y: Any
    sample_weight: Any = None
    held_out: HeldOut = HeldOut()


@contextlib.contextmanager
def prefixed_errors(name: str) -> Iterator[None]:
    """Inside, the messages of errors get the name of the argument as a prefix."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name}: {error}") from error


def read_groups(groups: Any, n_samples: int) -> np.ndarray:
    """The group of each row as a number.

    Raises
    ------
    ValueError
        If there is not one for each row, or one is missing.
    """
    with prefixed_errors("groups"):
        n_groups = num_samples(groups)
    if n_groups != n_samples:
        raise ValueError(f"X has {n_samples} samples, but groups has {n_groups}.")
    shape: tuple[int, ...] = getattr(groups, "shape", (n_samples,))
    if len(shape) == 2 and shape[1] == 1:
        groups = np.asarray(groups).ravel()
    elif len(shape) != 1:
        raise ValueError(
            f"groups must be (n_samples,), got {tuple(shape)}. Make one value of each row, such as "
            "a tuple in a list."
        )
    flat = np.empty(n_samples, dtype=object)
    # Tensors are the same key only where they are the same object.
    flat[:] = [each.tolist() if isinstance(each, torch.Tensor) else each for each in groups]
    try:
        numbers, _ = pd.factorize(flat)
    except TypeError as error:
        raise TypeError(
            f"groups must hold values that can be compared, such as numbers, str or tuples: {error}"
        ) from error
    if (numbers < 0).any():
        raise ValueError(
            f"groups has no value in row {(numbers < 0).argmax()}. Give each row its group; a row "
            "that belongs to none is a group of its own."
        )
    return numbers


def groups_set_aside(
    groups: np.ndarray, classes: np.ndarray, weight: np.ndarray, fraction: float, order: np.ndarray
) -> np.ndarray:
    """Which rows validate: whole groups, taken in ``order`` where that brings the fraction nearer.

    It is brought nearer in each class; the last group with a class trains, so that each class has
    training rows. At least one group validates where that leaves one.

    Parameters
    ----------
    groups, classes : ndarray of int of shape (n_rows,)
        Numbers from 0.
    weight : ndarray of shape (n_rows,)
    fraction : float
    order : ndarray of int
        All groups, in the order in which they are tried.

    Returns
    -------
    ndarray of int
        Numbers of rows; empty if each group holds the only rows of a class.
    """
    weights = np.zeros((groups.max() + 1, classes.max() + 1))  # of each class in each group
    np.add.at(weights, (groups, classes), weight)
    wanted, trains = fraction * weights.sum(0), (weights > 0).sum(0)
    taken, chosen = np.zeros_like(wanted), []

    def distance(group: int) -> float:
        return float(np.abs(taken + weights[group] - wanted).sum())

    def may_go(group: int) -> bool:
        return bool((trains[weights[group] > 0] > 1).all())

    first = [group for group in order if may_go(group)]
    for group in first:
        if may_go(group) and distance(group) < np.abs(taken - wanted).sum():
            taken, trains = taken + weights[group], trains - (weights[group] > 0)
            chosen.append(group)
    if not chosen and first:
        chosen = [min(first, key=distance)]
    return np.flatnonzero(np.isin(groups, chosen))
