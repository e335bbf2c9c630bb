"""Checks of the arguments of ``compare``."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import get_scorer, get_scorer_names

from .._sklearn import num_samples

Scorer = Callable[[Any, Any, Any], Any]


def check_estimators(estimators: Any) -> None:
    """Raise unless estimators is a dict of str to estimator instances, and not empty."""
    if not isinstance(estimators, Mapping):
        raise TypeError(
            "estimators must be a dict of name to estimator, such as {'ridge': Ridge()}, got "
            f"{type(estimators).__name__}."
        )
    if not estimators:
        raise ValueError("estimators must name at least one estimator, got an empty dict.")
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise TypeError(f"The names in estimators must be str, got {name!r}. Use str(name).")
        needed = ("fit", "get_params", "__sklearn_tags__")
        if isinstance(estimator, type) or not all(hasattr(estimator, need) for need in needed):
            raise TypeError(
                f"estimators[{name!r}] must be an instance of a scikit-learn estimator, such as "
                f"Ridge(), got {estimator!r}."
            )


def check_lengths(X: Any, y: Any) -> None:
    """Raise unless X and y hold the same number of samples."""
    if num_samples(X) != num_samples(y):
        raise ValueError(
            f"X and y must have one row per sample, got {num_samples(X)} rows of X and "
            f"{num_samples(y)} of y. Check that both hold the same samples."
        )


def make_scorers(scoring: Any, estimators: Mapping[str, Any]) -> dict[str, Scorer]:
    """Return the scorers by name; the first is the one that ranks.

    One callable alone may return several metrics: see ``as_metrics``.
    """
    if scoring is None:
        scoring = _default_scoring(estimators)
    if isinstance(scoring, str):
        return {scoring: _scorer(scoring)}
    if callable(scoring):
        return {getattr(scoring, "__name__", "score"): _scorer(scoring)}
    if isinstance(scoring, (list, tuple)) and scoring and all(isinstance(s, str) for s in scoring):
        return {name: _scorer(name) for name in scoring}
    if isinstance(scoring, Mapping) and scoring and all(isinstance(s, str) for s in scoring):
        return {name: _scorer(scorer) for name, scorer in scoring.items()}
    raise ValueError(
        "scoring must be a name, a callable, a list of names or a dict of name to either, got "
        f"{scoring!r}. For example: scoring='neg_mean_absolute_error'."
    )


def as_metrics(results: Mapping[str, Any]) -> dict[str, float]:
    """The results of scorers by metric; a single scorer may return a dict of several metrics.

    Raises
    ------
    ValueError
        If something else than a number was returned.
    """
    if len(results) == 1 and isinstance(several := next(iter(results.values())), Mapping):
        results = several
    metrics = {}
    for name, value in results.items():
        if hasattr(value, "item"):
            with contextlib.suppress(ValueError, RuntimeError):  # an array of several
                value = value.item()
        if not isinstance(value, Number) or isinstance(value, complex):
            raise ValueError(
                f"scoring must return a number, or be one callable alone that returns a dict of "
                f"str to numbers; got {value!r} of type {type(value).__name__} for {name!r}."
            )
        metrics[str(name)] = float(value)  # type: ignore[arg-type]
    if not metrics:
        raise ValueError("scoring must return at least one metric, got an empty dict.")
    return metrics


def _default_scoring(estimators: Mapping[str, Any]) -> str:
    if all(map(is_classifier, estimators.values())):
        return "accuracy"
    if all(map(is_regressor, estimators.values())):
        return "r2"
    raise ValueError(
        "scoring must be given unless all estimators are classifiers or all are regressors: "
        "their default scores cannot be compared. Pass scoring=, or compare them separately."
    )


def _scorer(scoring: Any) -> Scorer:
    if callable(scoring):
        _check_arguments(scoring)
        return scoring
    if scoring in get_scorer_names():
        return get_scorer(scoring)
    raise ValueError(
        f"scoring must be a callable or one of {', '.join(get_scorer_names())}; got {scoring!r}."
    )


def _check_arguments(scorer: Scorer) -> None:
    """Raise ValueError for a metric of y and predictions where a scorer of estimators is needed."""
    try:
        signature = inspect.signature(scorer)
    except (TypeError, ValueError):  # written in C: it says nothing
        return
    try:
        signature.bind("estimator", "X", "y")
    except TypeError as error:
        name = getattr(scorer, "__name__", type(scorer).__name__)
        raise ValueError(
            f"scoring must be called as score(estimator, X, y), got {name}{signature}. Pass "
            f"sklearn.metrics.make_scorer({name}) for a metric of y and predictions."
        ) from error
