"""The catalogue: deep estimators of skdl, and scikit-learn's classics beside them."""

from ._classical import (
    SVC,
    SVR,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    KNeighborsClassifier,
    Lasso,
    LinearRegression,
    LinearSVC,
    LogisticRegression,
    NearestCentroid,
    Perceptron,
    RandomForestClassifier,
    RandomForestRegressor,
    Ridge,
)
from ._cnn import CNNClassifier
from ._recurrent import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor
from ._transformer import TransformerClassifier
from ._word2vec import Word2VecTransformer

__all__ = [
    "SVC",
    "SVR",
    "CNNClassifier",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GRUClassifier",
    "GRURegressor",
    "KNeighborsClassifier",
    "LSTMClassifier",
    "LSTMRegressor",
    "Lasso",
    "LinearRegression",
    "LinearSVC",
    "LogisticRegression",
    "NearestCentroid",
    "Perceptron",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "TransformerClassifier",
    "Word2VecTransformer",
]
