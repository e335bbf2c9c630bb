"""An instance of every estimator of the catalogue."""

from sklearn.base import is_classifier, is_regressor

from skdl import estimators
from skdl.estimators import classical
from skdl.estimators.classical import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    LogisticRegression,
    Ridge,
)


def instance_of(name, catalogue=estimators):
    """The estimator with its defaults; voting and stacking hold a linear model and a small tree."""
    cls = getattr(catalogue, name)
    if not name.startswith(("Voting", "Stacking")):
        return cls()
    members = (
        (LogisticRegression(), DecisionTreeClassifier(max_depth=3, random_state=0))
        if name.endswith("Classifier")
        else (Ridge(), DecisionTreeRegressor(max_depth=3, random_state=0))
    )
    return cls(list(zip(("linear", "tree"), members, strict=True)))


CLASSICAL_CLASSIFIERS = [n for n in classical.__all__ if is_classifier(instance_of(n))]
CLASSICAL_REGRESSORS = [n for n in classical.__all__ if is_regressor(instance_of(n))]
