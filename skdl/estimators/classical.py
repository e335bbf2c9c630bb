"""The classical catalogue: scikit-learn's own classes under one roof.

They are the very classes of scikit-learn, never subclassed, so that everything scikit-learn
documents about them holds here. They stand beside the deep estimators to be compared with
them on the same folds.
"""

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Perceptron, Ridge
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

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
