"""The estimators of ``classical.py`` on scikit-learn-intelex, where it has the class.

Names, parameters and attributes are the same, so that only the import changes::

    from skdl.estimators.accelerated import RandomForestRegressor

- From scikit-learn-intelex: random forests and extremely randomized trees, ``LinearRegression``,
  ``LogisticRegression``, ``Ridge``, nearest neighbours, ``SVC``, ``SVR``, ``KMeans``, ``DBSCAN``
  and ``PCA``. Forests draw their random numbers in another way than scikit-learn's, so that a seed
  gives a different (equally good) forest; cases that a class does not accelerate are computed by
  scikit-learn.
- From scikit-learn, because scikit-learn-intelex has none: all others.

Importing this module raises ImportError where the extra ``fast`` is not installed. No other module
of skdl imports it.
"""

from .classical import (
    AgglomerativeClustering,
    BaggingClassifier,
    BaggingRegressor,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ElasticNet,
    GaussianNB,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    Lasso,
    LinearDiscriminantAnalysis,
    LinearSVC,
    LinearSVR,
    NearestCentroid,
    Perceptron,
    SGDClassifier,
    SGDRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)

try:
    from sklearnex.cluster import DBSCAN, KMeans
    from sklearnex.decomposition import PCA
    from sklearnex.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearnex.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearnex.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearnex.svm import SVC, SVR
except ImportError as error:
    raise ImportError(
        "skdl.estimators.accelerated needs scikit-learn-intelex, which could not be imported "
        f'({error}). Install it with: pip install "skdl[fast]", or import the same names from '
        "skdl.estimators, which need nothing more."
    ) from error

__all__ = [
    "DBSCAN",
    "PCA",
    "SVC",
    "SVR",
    "AgglomerativeClustering",
    "BaggingClassifier",
    "BaggingRegressor",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GaussianNB",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "Lasso",
    "LinearDiscriminantAnalysis",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "NearestCentroid",
    "Perceptron",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
    "StackingClassifier",
    "StackingRegressor",
    "VotingClassifier",
    "VotingRegressor",
]
