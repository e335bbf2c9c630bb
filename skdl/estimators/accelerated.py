"""The estimators of ``classical.py`` on scikit-learn-intelex, where it has the class.

Names, parameters and attributes are the same, so that only the import changes::

    from skdl.estimators.accelerated import RandomForestRegressor

- From scikit-learn-intelex: KNeighborsClassifier, LinearRegression, LogisticRegression,
  RandomForestClassifier, RandomForestRegressor, Ridge, SVC, SVR. Forests draw their random
  numbers in another way than scikit-learn's, so that a seed gives a different (equally good)
  forest; cases that a class does not accelerate are computed by scikit-learn.
- From scikit-learn, because scikit-learn-intelex has none: DecisionTreeClassifier,
  DecisionTreeRegressor, Lasso, LinearSVC, NearestCentroid, Perceptron.

Importing this module raises ImportError where the extra ``fast`` is not installed. No other module
of skdl imports it.
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
