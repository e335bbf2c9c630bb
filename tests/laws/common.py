"""What the laws are written with: instances from the table, how they are fitted and compared."""

from __future__ import annotations

import functools
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.utils.validation import has_fit_parameter

import skdl.estimators
from skdl.estimators._base import Trained
from tests.laws.instances import CHECKS, TABLE
from tests.laws.kinds import KINDS, Kind

N_ROWS = 60
PLAIN = (str, int, float, tuple)


@dataclass(frozen=True, eq=False)
class Instance:
    """An estimator of the table and one kind of data that it is fitted on."""

    estimator: BaseEstimator
    kind: Kind

    def data(self, n_rows: int = N_ROWS, random_state: int = 0) -> tuple[Any, np.ndarray]:
        """X and y that the estimator can learn."""
        task = "regression" if is_regressor(self.estimator) else "classification"
        return self.kind.make(n_rows, task, random_state)

    def fitted(self, *args: Any, **params: Any) -> Any:
        """A fitted clone; X, y and maybe weights are those of ``data`` unless given."""
        return clone(self.estimator).set_params(**params).fit(*(args or self.data()))

    def as_fitted(self, **params: Any) -> Any:
        """What ``fitted(**params)`` gives, from a fit that all who ask for it share."""
        return pickle.loads(_pickle_of_fit(self, **params))

    def answers_of_fit(self, X: Any, *args: Any, **params: Any) -> Any:
        """What a clone answers on the X that it was fitted on."""
        return answers(self.fitted(X, *args, **params), X)

    def known(self, **params: Any) -> dict[str, Any]:
        """Those of the parameters that the estimator has."""
        return {k: v for k, v in params.items() if k in self.estimator.get_params()}

    def __str__(self) -> str:
        return f"{name_of(self.estimator)}-{self.kind.name.replace(' ', '-')}"


@functools.cache
def _pickle_of_fit(instance: Instance, **params: Any) -> bytes:
    return pickle.dumps(instance.fitted(**params))


@functools.cache
def name_of(estimator: BaseEstimator) -> str:
    """The class and what sets the instance apart from most others of its class in the table."""
    alike = [e for e, *kinds in TABLE if type(e) is type(estimator) and kinds[0] != CHECKS]
    odd = []
    for name, value in estimator.get_params().items():
        usual = Counter(repr(other.get_params()[name]) for other in alike).most_common(1)[0][0]
        if repr(value) != usual:
            odd.append(f"{name}={value if isinstance(value, PLAIN) else type(value).__name__}")
    return f"{type(estimator).__name__}({','.join(odd)})"


INSTANCES = [
    Instance(estimator, KINDS[kind])
    for estimator, *kinds in TABLE
    for kind in kinds
    if isinstance(kind, str) and kind != CHECKS
]
# For laws that hold alike for all instances of a class, such as what a callback sees.
ONE_EACH = list({type(instance.estimator): instance for instance in reversed(INSTANCES)}.values())
CHECKED: list[BaseEstimator] = [estimator for estimator, *kinds in TABLE if CHECKS in kinds]
CATALOGUE = [getattr(skdl.estimators, name) for name in skdl.estimators.__all__]
DEEP: list[type[BaseEstimator]] = [cls for cls in CATALOGUE if issubclass(cls, Trained)]

Condition = Callable[[Instance], bool]
every_class = pytest.mark.parametrize("cls", DEEP, ids=lambda cls: cls.__name__)


def every(*conditions: Condition) -> pytest.MarkDecorator:
    """A law for all instances that meet the conditions."""
    held = [i for i in INSTANCES if all(condition(i) for condition in conditions)]
    return pytest.mark.parametrize("instance", held, ids=str)


def one_of_each(*conditions: Condition) -> pytest.MarkDecorator:
    """A law for one instance of each class that meets the conditions."""
    held = [i for i in ONE_EACH if all(condition(i) for condition in conditions)]
    return pytest.mark.parametrize("instance", held, ids=str)


def classifies(instance: Instance) -> bool:
    return is_classifier(instance.estimator)


def regresses(instance: Instance) -> bool:
    return is_regressor(instance.estimator)


def predicts(instance: Instance) -> bool:
    return hasattr(instance.estimator, "predict")


def takes_weights(instance: Instance) -> bool:
    return has_fit_parameter(instance.estimator, "sample_weight")


def numeric(instance: Instance) -> bool:
    return instance.kind.is_numeric


def tabular(instance: Instance) -> bool:
    return instance.kind.is_table


def takes_numbers_alone(instance: Instance) -> bool:
    return not instance.kind.takes_gaps


def any_shape(instance: Instance) -> bool:
    return instance.kind.any_shape


def has(name: str) -> Condition:
    """Whether the estimator has a parameter or method."""
    return lambda instance: hasattr(instance.estimator, name)


def answers(estimator: Any, X: Any) -> Any:
    """What tells two fits apart: probabilities, predictions, or what X is transformed to."""
    if is_classifier(estimator):
        return estimator.predict_proba(X)
    return (estimator.predict if hasattr(estimator, "predict") else estimator.transform)(X)


def learned(estimator: Any) -> list[str]:
    """Names of what a fit left."""
    return [name for name in vars(estimator) if name.endswith("_")]


def assert_same(first: Any, second: Any) -> None:
    """Equal bit for bit; of lists, each item."""
    if isinstance(first, list):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)
    elif isinstance(first, pd.DataFrame):
        pd.testing.assert_frame_equal(first, second)
    else:
        np.testing.assert_array_equal(first, second)


def assert_close(first: Any, second: Any, atol: float = 1e-5) -> None:
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)
