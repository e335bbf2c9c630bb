"""The catalogue: deep estimators of skdl, and scikit-learn's classics beside them."""

from .classical import (
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
from .cnn import CNNClassifier
from .recurrent import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor
from .transformer import TransformerClassifier
from .word2vec import Word2VecTransformer

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
