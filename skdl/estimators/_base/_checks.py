"""What ``fit`` checks, compares and gives back around the training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


def check_callbacks(callbacks: list[Any] | None) -> None:
    """Raise TypeError for what is not a skorch callback or a pair of name and callback."""
    for given in callbacks or []:
        callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks must hold skorch callbacks or pairs (name, callback), got {given!r}."
            )


def described(value: Any) -> str:
    """A parameter in words that do not change when it is pickled: no address in memory."""
    if callable(value) or hasattr(value, "get_params"):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    if isinstance(value, (list, tuple, np.ndarray)):
        return str(tuple(np.asarray(value).tolist()))
    return str(value)


@contextlib.contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Leave the estimator as it was when something goes wrong inside."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
