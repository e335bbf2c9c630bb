"""The classical catalogue is scikit-learn's own classes."""

import pytest
from sklearn.utils.discovery import all_estimators

from skdl.estimators import classical as _classical

OWN = dict(all_estimators())


@pytest.mark.parametrize("name", _classical.__all__)
def test_is_the_very_class_of_scikit_learn(name):
    assert getattr(_classical, name) is OWN[name]


def test_catalogue_is_complete():
    assert set(_classical.__all__) == {
        *("Ridge", "Lasso", "LinearRegression", "LogisticRegression", "Perceptron"),
        *("DecisionTreeRegressor", "DecisionTreeClassifier"),
        *("RandomForestRegressor", "RandomForestClassifier"),
        *("KNeighborsClassifier", "NearestCentroid", "SVC", "SVR", "LinearSVC"),
    }
