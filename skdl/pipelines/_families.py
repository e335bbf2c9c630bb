"""Which preparation an estimator needs: the one table that every ``make_*_pipeline`` reads."""

from enum import Enum
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags

from ..estimators._base import TorchEstimator
from ..preprocessing import Flatten

# Names of base classes, looked up among the ancestors of an estimator: so scikit-learn's trees,
# those of scikit-learn-intelex and of the boosting libraries are known without being imported.
# Bagging and AdaBoost grow trees when they are given no estimator.
_INDIFFERENT_TO_SCALE = frozenset(
    {
        "BaseBagging",
        "BaseDecisionTree",
        "BaseForest",
        "BaseGradientBoosting",
        "BaseHistGradientBoosting",
        "BaseWeightBoosting",
        "CatBoost",
        "DummyClassifier",
        "DummyRegressor",
        "LGBMModel",
        "XGBModel",
    }
)


class Family(Enum):
    """What an estimator needs of its input.

    Attributes
    ----------
    DEEP : skdl's deep estimators
        Take sequences and images as they are and standardize inside; on tables they need
        scaled numbers, like any network.
    TREE : trees, forests, boosted trees, dummies
        Compare values of one column with each other only: neither scaling nor one-hot columns.
    SCALED : everything else
        Linear models, SVMs, neighbours and the unknown: columns of one scale. Harmless where it
        is not needed.
    UNSCALED : estimators that declare (by scikit-learn's tag) to take positive numbers only
        Naive Bayes on counts and such; centering would break them.
    """

    DEEP = "deep"
    TREE = "tree"
    SCALED = "scaled"
    UNSCALED = "unscaled"


def held(estimator: Any) -> tuple[str, Any] | None:
    """Return name and value of what a meta-estimator or a Pipeline wraps, if it is one."""
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1]
    # Parameters only: a forest has an attribute estimator, which is its own tree.
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    for name in ("estimator", "regressor"):
        if hasattr(params.get(name), "fit"):
            return name, params[name]
    return None


def innermost(estimator: Any) -> Any:
    """Return the estimator that a meta-estimator or a Pipeline wraps, however deep it lies."""
    inner = held(estimator)
    return estimator if inner is None else innermost(inner[1])


def check_instance(estimator: Any) -> None:
    """Raise TypeError for what is no estimator, or its class."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be an instance with a fit method, such as Ridge(), got {estimator!r}."
        )


def family_of(estimator: Any) -> Family:
    """Return the family of an estimator, of the wrapped one for a meta-estimator."""
    check_instance(estimator)
    model = innermost(estimator)
    if isinstance(model, TorchEstimator):
        return Family.DEEP
    if _INDIFFERENT_TO_SCALE.intersection(base.__name__ for base in type(model).__mro__):
        return Family.TREE
    if get_tags(model).input_tags.positive_only:
        return Family.UNSCALED
    return Family.SCALED


def make_flat_pipeline(estimator: Any, scaler: Any) -> Pipeline:
    """Return a Pipeline that flattens X and scales it, each where the estimator needs it."""
    steps = {
        Family.DEEP: [],
        Family.TREE: [Flatten()],
        Family.UNSCALED: [Flatten()],
        Family.SCALED: [Flatten(), scaler],
    }[family_of(estimator)]
    return make_pipeline(*steps, estimator)
