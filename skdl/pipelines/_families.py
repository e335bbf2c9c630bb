"""Which preparation an estimator needs: the one table that every ``make_*_pipeline`` reads."""

from enum import Enum
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..estimators._base import TorchEstimator

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


def innermost(estimator: Any) -> Any:
    """Return the estimator that a meta-estimator or a Pipeline wraps, however deep it lies."""
    if isinstance(estimator, Pipeline):
        return innermost(estimator.steps[-1][1])
    for attribute in ("estimator", "regressor"):
        wrapped = getattr(estimator, attribute, None)
        if hasattr(wrapped, "fit"):
            return innermost(wrapped)
    return estimator


def family_of(estimator: Any) -> Family:
    """Return the family of an estimator, of the wrapped one for a meta-estimator."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"estimator must be an instance with a fit method, such as Ridge(), got {estimator!r}."
        )
    model = innermost(estimator)
    if isinstance(model, TorchEstimator):
        return Family.DEEP
    if _INDIFFERENT_TO_SCALE.intersection(base.__name__ for base in type(model).__mro__):
        return Family.TREE
    if get_tags(model).input_tags.positive_only:
        return Family.UNSCALED
    return Family.SCALED
