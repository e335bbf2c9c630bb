"""What ``fit`` checks: callbacks, finite numbers, and that a failure changes nothing."""

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


@contextlib.contextmanager
def plain_parameters(estimator: BaseEstimator) -> Iterator[None]:
    """Numbers of numpy among the parameters are Python's inside: torch takes no others."""
    params = estimator.get_params(deep=False)
    given = {name: value for name, value in params.items() if plain(value) is not value}
    for name, value in given.items():
        setattr(estimator, name, plain(value))
    try:
        yield
    finally:
        for name, value in given.items():
            setattr(estimator, name, value)


def plain(value: Any) -> Any:
    """A number of numpy, or a list or tuple of some, as Python's; all else as it is."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)) and any(isinstance(item, np.generic) for item in value):
        return type(value)(plain(item) for item in value)
    return value


def _first_not_finite(array: np.ndarray) -> tuple[int, ...] | None:
    """Index of the first value that is not finite in float32 or wider, or None."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float32)):  # fast, and enough when all is well
            return None
    limit = np.finfo(np.float32).max
    rows_at_once = max(1, 2**20 // max(1, array[0].size))
    for start in range(0, len(array), rows_at_once):
        part = array[start : start + rows_at_once]
        bad = np.argwhere(~(np.abs(part) <= limit))
        if len(bad):
            return (int(bad[0][0]) + start, *(int(i) for i in bad[0][1:]))
    return None


def check_finite(array: np.ndarray, dims: tuple[str, ...], where: str = "") -> None:
    """Raise ValueError for a value that is not finite, saying where by the names of dimensions."""
    bad = _first_not_finite(array)
    if bad is None:
        return
    where += ", ".join(f"{dim} {index}" for dim, index in zip(dims, bad, strict=True))
    what = "NaN" if np.isnan(array[bad]) else "infinity or a value too large for dtype('float32')"
    raise ValueError(
        f"Input X contains {what}, first at {where}. Impute or drop such values first, for "
        "example with sklearn.impute.SimpleImputer."
    )
