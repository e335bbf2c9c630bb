"""The preparation of X that an estimator needs, for every ``make_*`` of this package."""

import contextlib
import inspect
from enum import Enum
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags

from ..preprocessing import Flatten

# Parameters of decision trees and of their ensembles, in every package: scikit-learn has no tag for
# estimators whose predictions do not depend on the scale of a column. Bagging and AdaBoost have the
# second one, and grow trees unless they wrap another estimator, which then decides.
_TREE_PARAMETERS = frozenset({"max_depth", "n_estimators"})


class Preparation(Enum):
    """What an estimator needs of its input.

    Attributes
    ----------
    DEEP : skdl's deep estimators
        Take sequences and images as they are and standardize inside; on tables they need
        scaled numbers, like any network.
    TABLE : skdl's deep estimators that take tables of numbers alone
        Take flat rows, and standardize inside.
    ANY_TABLE : skdl's deep estimators that take tables with columns of any types
        Take DataFrames as they are, and flat rows; wrapped in bagging, which takes numbers alone,
        they are treated as SCALED.
    TREE : trees, forests, boosted trees, and dummies
        Compare values of one column with each other only, or ignore X: neither scaling nor one-hot
        columns. They have the parameter ``max_depth`` or ``n_estimators``; dummies have
        scikit-learn's tag ``no_validation``.
    SCALED : all other estimators
        Linear models, SVMs, nearest neighbours, and those that are not known here: standardized
        columns. Standardizing does no harm where it is not needed.
    MIXED : voting and stacking of deep and other estimators
        Can take tables of scaled numbers; of anything else, the deep ones take X as it is, and the
        others do not.
    UNSCALED : estimators that declare (by scikit-learn's tag) to take positive numbers only
        Naive Bayes on counts, for instance: centering would make negative numbers.
    """

    DEEP = "deep"
    TABLE = "table"
    ANY_TABLE = "any table"
    TREE = "tree"
    SCALED = "scaled"
    MIXED = "mixed"
    UNSCALED = "unscaled"


def held(estimator: Any) -> tuple[str, Any] | None:
    """Return name and value of the estimator that a meta-estimator or a Pipeline wraps, if any."""
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1]
    # Parameters only: the attribute estimator of a forest is the template of its trees.
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    for name in ("estimator", "regressor"):
        if hasattr(params.get(name), "fit"):
            return name, params[name]
    return None


def innermost(estimator: Any) -> Any:
    """Return the estimator that a meta-estimator or a Pipeline wraps, however deep it lies."""
    inner = held(estimator)
    return estimator if inner is None else innermost(inner[1])


def is_bagged(estimator: Any) -> bool:
    """Whether bagging or boosting, which take tables of numbers alone, hold the innermost."""
    inner = held(estimator)
    if inner is None:
        return False
    return "n_estimators" in parameters_of(estimator) or is_bagged(inner[1])


def members(estimator: Any) -> list[Any]:
    """Return the estimators that voting and stacking hold; none of others."""
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    pairs = params.get("estimators")
    given = pairs if isinstance(pairs, list) else []
    return [each[-1] for each in given if isinstance(each, tuple) and hasattr(each[-1], "fit")]


def input_kinds(estimator: Any) -> frozenset[str]:
    """Return the kinds of X that one of skdl's own estimators takes; none for others."""
    kinds: frozenset[str] = getattr(estimator, "_input_kinds", frozenset())
    return kinds


def parameters_of(estimator: Any) -> frozenset[str]:
    """Return the names of the parameters of an estimator, those that are not set among them."""
    given = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    declared: Any = {}
    with contextlib.suppress(ValueError):  # a class written in C may have no signature
        # CatBoost's get_params leaves out those that are not set.
        declared = inspect.signature(type(estimator)).parameters
    return frozenset(given) | frozenset(declared)


def check_instance(estimator: Any) -> None:
    """Raise TypeError unless it is an estimator instance."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be an instance with a fit method, such as Ridge(), got {estimator!r}."
        )


def preparation_of(estimator: Any) -> Preparation:
    """Return the preparation that an estimator needs; of a meta-estimator, the wrapped one's."""
    check_instance(estimator)
    model = innermost(estimator)
    if several := members(model):
        of_members = {preparation_of(member) for member in several}
        if Preparation.DEEP not in of_members:
            return Preparation.SCALED
        return Preparation.DEEP if len(of_members) == 1 else Preparation.MIXED
    if kinds := input_kinds(model):
        if "mixed tables" in kinds:
            return Preparation.SCALED if is_bagged(estimator) else Preparation.ANY_TABLE
        return Preparation.TABLE if kinds == {"tables"} else Preparation.DEEP
    if parameters_of(model) & _TREE_PARAMETERS:
        return Preparation.TREE
    tags = get_tags(model)
    if tags.no_validation:
        return Preparation.TREE
    if tags.input_tags.positive_only:
        return Preparation.UNSCALED
    return Preparation.SCALED


def check_one_form(estimator: Any) -> None:
    """Raise ValueError for voting and stacking whose members take X in different forms."""
    if preparation_of(estimator) is Preparation.MIXED:
        owner = type(innermost(estimator)).__name__
        raise ValueError(
            f"The members of {owner} must take X in one form: the deep ones take it as it is, the "
            "others need it prepared. Wrap the members, each in such a pipeline of its own, and "
            f"use {owner} as it is."
        )


def make_flat_pipeline(estimator: Any, scaler: Any) -> Pipeline:
    """Return a Pipeline that flattens X and scales it, each where the estimator needs it."""
    check_one_form(estimator)
    steps = {
        Preparation.DEEP: [],
        Preparation.TABLE: [Flatten()],
        Preparation.ANY_TABLE: [Flatten()],
        Preparation.TREE: [Flatten()],
        Preparation.UNSCALED: [Flatten()],
        Preparation.SCALED: [Flatten(), scaler],
    }[preparation_of(estimator)]
    return make_pipeline(*steps, estimator)
