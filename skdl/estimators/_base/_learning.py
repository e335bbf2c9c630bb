"""What surrounds each way to learn: parameters are checked, and a failure changes nothing."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np

from ..._sklearn import BaseEstimator
from ...engine import default_torch_modes, outside_of_runs, sets_rate


class LearningMixin(BaseEstimator):
    """Mixin of all deep estimators, for ``fit`` and ``partial_fit``."""

    callbacks: list[Any] | None

    @contextlib.contextmanager
    def _learning(self) -> Iterator[None]:
        """Around all that learns: the estimator is left as it was when something goes wrong.

        Inside, numbers of numpy among the parameters are Python's, for torch takes no others, and
        torch records gradients in its usual dtypes.
        """
        with contextlib.ExitStack() as stack:
            for context in (
                self._all_or_nothing(),
                self._plain_parameters(),
                default_torch_modes(),
                outside_of_runs(),
            ):
                stack.enter_context(context)
            yield

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    @contextlib.contextmanager
    def _plain_parameters(self) -> Iterator[None]:
        cls: Any = type(self)
        params = {name: getattr(self, name) for name in parameter_names(cls)}
        given = {name: value for name, value in params.items() if plain(value) is not value}
        for name, value in given.items():
            setattr(self, name, plain(value))
        try:
            yield
        finally:
            for name, value in given.items():
                setattr(self, name, value)

    def _check_one_schedule(self) -> None:
        """Raise ValueError where a callback and a parameter would both set the learning rate.

        A parameter at its default gives way to the callback.
        """
        if not sets_rate(self.callbacks):
            return
        parameters = inspect.signature(type(self)).parameters
        asked = [
            f"{name}={value!r}"
            for name in ("lr_schedule", "warmup_fraction", "min_lr")
            if name in parameters
            and (value := getattr(self, name)) not in (parameters[name].default, "constant", 0)
        ]
        if asked:
            raise ValueError(
                f"callbacks holds an LRScheduler, which sets the learning rate, and so does "
                f"{', '.join(asked)}. Leave that at its default, which gives way to the "
                "LRScheduler, or leave the LRScheduler out."
            )

    def _check_sizes(self, *names: str) -> None:
        """Raise ValueError where parameters, such as shapes, hold no whole numbers from 1 on."""
        for name in names:
            sizes = getattr(self, name)
            if sizes is not None and not _is_sizes(sizes):
                raise ValueError(f"{name} must hold whole numbers of at least 1, got {sizes}.")


def _is_sizes(sizes: Any) -> bool:
    """Whether it is a sequence of whole numbers of at least 1."""
    numbers = np.ndim(sizes) == 1 and len(sizes) > 0
    return numbers and all(
        isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0
        for size in sizes
    )


@cache
def parameter_names(cls: Any) -> tuple[str, ...]:
    """Names of a class's parameters; ``get_params`` reads the signature anew each time."""
    return tuple(cls._get_param_names())


def plain(value: Any) -> Any:
    """A number of numpy, or a list or tuple of some, as Python's; all else as it is."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)) and any(isinstance(item, np.generic) for item in value):
        return type(value)(plain(item) for item in value)
    return value
