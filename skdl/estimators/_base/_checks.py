"""What ``fit`` checks: one schedule, numbers, and that a failure changes nothing."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from ...engine import NUMBERS, STREAM_BYTES, sets_rate
from ...preprocessing._frames import first_not_numeric
from ...preprocessing._time import INDEX_OF, holds_times


def check_one_schedule(estimator: BaseEstimator) -> None:
    """Raise ValueError where a callback and a parameter would both set the learning rate.

    A parameter at its default gives way to the callback.
    """
    if not sets_rate(estimator.callbacks):
        return
    parameters = inspect.signature(type(estimator)).parameters
    asked = [
        f"{name}={value!r}"
        for name in ("lr_schedule", "warmup_fraction", "min_lr")
        if name in parameters
        and (value := getattr(estimator, name)) not in (parameters[name].default, "constant", 0)
    ]
    if asked:
        raise ValueError(
            f"callbacks holds an LRScheduler, which sets the learning rate, and so does "
            f"{', '.join(asked)}. Leave that at its default, which gives way to the LRScheduler, "
            "or leave the LRScheduler out."
        )


def check_sizes(estimator: BaseEstimator, *names: str) -> None:
    """Raise ValueError where parameters, such as shapes, hold no whole numbers of at least 1."""
    for name in names:
        sizes = getattr(estimator, name)
        if sizes is not None and not is_sizes(sizes):
            raise ValueError(f"{name} must hold whole numbers of at least 1, got {sizes}.")


def is_sizes(sizes: Any) -> bool:
    """Whether it is a sequence of whole numbers of at least 1."""
    numbers = np.ndim(sizes) == 1 and len(sizes) > 0
    return numbers and all(
        isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0
        for size in sizes
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


@cache
def parameter_names(cls: Any) -> tuple[str, ...]:
    """Names of a class's parameters; ``get_params`` reads the signature anew each time."""
    return tuple(cls._get_param_names())


@contextlib.contextmanager
def plain_parameters(estimator: BaseEstimator) -> Iterator[None]:
    """Numbers of numpy among the parameters are Python's inside: torch takes no others."""
    cls: Any = type(estimator)
    params = {name: getattr(estimator, name) for name in parameter_names(cls)}
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


IMPUTE = (
    "Impute them first, for example with sklearn.impute.SimpleImputer(keep_empty_features=True), "
    "or leave such rows out."
)


def validated_numbers(
    estimator: BaseEstimator, X: Any, *, reset: bool, allow_nd: bool = False
) -> tuple[np.ndarray, bool]:
    """X as scikit-learn validates it, in the dtype that it has, and whether it is streamed.

    A large memory map is neither copied nor converted whole. Whether values are finite is left to
    ``check_finite``, which says where they are not.
    """
    streamed = isinstance(X, np.memmap) and X.nbytes > STREAM_BYTES
    array = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=None if streamed else NUMBERS,
        allow_nd=allow_nd,
        ensure_all_finite=False,
    )
    return array, streamed


def check_finite(
    array: np.ndarray,
    dims: tuple[str, ...],
    where: str = "",
    *,
    advice: str | Callable[[tuple[int, ...]], str] = IMPUTE,
) -> None:
    """Raise ValueError for a value that is not finite, saying where by the names of dimensions.

    ``advice`` is what to do about NaN in X as the user has it, or gives that for the place of the
    first one.
    """
    bad = _first_not_finite(array)
    if bad is None:
        return
    where += ", ".join(f"{dim} {index}" for dim, index in zip(dims, bad, strict=True))
    if np.isnan(array[bad]):
        advice = advice if isinstance(advice, str) else advice(bad)
        raise ValueError(f"Input X contains NaN, first at {where}. {advice}")
    raise ValueError(
        f"Input X contains infinity or a value too large for dtype('float32'), first at {where}. "
        "Clip each array to a plausible range with np.clip, or leave such rows out."
    )


def check_numbers(X: Any, what: str = "X") -> None:
    """Raise ValueError for a frame with a column that holds no numbers, and for arrays of dates."""
    is_object = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OU"
    if isinstance(X, pd.DataFrame) or is_object:
        frame = pd.DataFrame(X)
        if is_object:  # dicts and the like are left to scikit-learn
            frame = frame.loc[
                :, [infer_dtype(c) in {*INDEX_OF, "string"} for _, c in frame.items()]
            ]
        found = first_not_numeric(frame)
        advice = "Drop that column, or encode it as numbers first"
    else:
        is_column = isinstance(X, (pd.Series, pd.Index)) and holds_times(X)
        is_dates = is_column or (isinstance(X, np.ndarray) and X.dtype.kind in "mM")
        found = f"the dtype {X.dtype}" if is_dates else None
        advice = "Convert it first"
    if found is not None:
        raise ValueError(
            f"{what} must hold numbers, got {found}. {advice}; dates become days with "
            "(dates - start) / pd.Timedelta(days=1)."
        )
