"""The classical catalogue is scikit-learn's own classes."""

import numpy as np
import pytest
from sklearn.utils.discovery import all_estimators

from skdl.estimators import SGDClassifier
from skdl.estimators import classical as _classical

OWN = dict(all_estimators())


@pytest.mark.parametrize("name", _classical.__all__)
def test_is_the_very_class_of_scikit_learn(name):
    assert getattr(_classical, name) is OWN[name]


def test_catalogue_is_complete():
    assert set(_classical.__all__) == {
        *("Ridge", "Lasso", "ElasticNet", "LinearRegression", "LogisticRegression", "Perceptron"),
        *("SGDClassifier", "SGDRegressor", "GaussianNB", "LinearDiscriminantAnalysis"),
        *("DecisionTreeRegressor", "DecisionTreeClassifier"),
        *("RandomForestRegressor", "RandomForestClassifier"),
        *("ExtraTreesRegressor", "ExtraTreesClassifier"),
        *("GradientBoostingRegressor", "GradientBoostingClassifier"),
        *("HistGradientBoostingRegressor", "HistGradientBoostingClassifier"),
        *("KNeighborsRegressor", "KNeighborsClassifier", "NearestCentroid"),
        *("SVC", "SVR", "LinearSVC", "LinearSVR"),
        *("BaggingRegressor", "BaggingClassifier", "StackingRegressor", "StackingClassifier"),
        *("VotingRegressor", "VotingClassifier"),
        *("PCA", "KMeans", "DBSCAN", "AgglomerativeClustering"),
    }


def test_adaline_is_sgd_of_the_squared_error():
    """Widrow and Hoff's rule: after each row, weights move by rate * error * row."""
    rng = np.random.default_rng(0)
    X, rate, w, bias = rng.normal(size=(50, 4)), 0.01, np.zeros(4), 0.0
    y = X @ [1.0, -2.0, 0.5, 0.0] > 0.3
    for _ in range(3):
        for x, target in zip(X, np.where(y, 1.0, -1.0), strict=True):
            error = target - (x @ w + bias)
            w, bias = w + rate * error * x, bias + rate * error
    adaline = SGDClassifier(
        "squared_error", penalty=None, learning_rate="constant", eta0=rate,
        max_iter=3, tol=None, shuffle=False,
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(adaline.coef_[0], w, rtol=1e-10)
    np.testing.assert_allclose(adaline.intercept_, bias, rtol=1e-10)
