"""The classical catalogue on scikit-learn-intelex, where it has the class.

The same names as the classical part of ``skdl.estimators``, with the same parameters and
attributes, so that changing the import is the whole change::

    from skdl.estimators.accelerated import RandomForestRegressor

- From scikit-learn-intelex: KNeighborsClassifier, LinearRegression, LogisticRegression,
  RandomForestClassifier, RandomForestRegressor, Ridge, SVC, SVR. A forest draws its random
  numbers otherwise than scikit-learn does, so that one seed gives another (equally good)
  forest; what a class cannot accelerate it hands to scikit-learn.
- scikit-learn's own, because scikit-learn-intelex has none: DecisionTreeClassifier,
  DecisionTreeRegressor, Lasso, LinearSVC, NearestCentroid, Perceptron.

Importing this module raises ImportError where the extra ``fast`` is not installed. Nothing
in skdl imports it: it is the user's choice.
"""

from .classical import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    Lasso,
    LinearSVC,
    NearestCentroid,
    Perceptron,
)

try:
    from sklearnex.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearnex.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearnex.neighbors import KNeighborsClassifier
    from sklearnex.svm import SVC, SVR
except ImportError as error:
    raise ImportError(
        "skdl.estimators.accelerated needs scikit-learn-intelex, which could not be imported "
        f'({error}). Install it with: pip install "skdl[fast]", or import the same names from '
        "skdl.estimators, which need nothing more."
    ) from error

__all__ = [
    "SVC",
    "SVR",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "KNeighborsClassifier",
    "Lasso",
    "LinearRegression",
    "LinearSVC",
    "LogisticRegression",
    "NearestCentroid",
    "Perceptron",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
]
