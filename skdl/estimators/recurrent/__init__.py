"""The recurrent family: LSTM and GRU, for regression and classification."""

from ._estimators import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor

__all__ = ["GRUClassifier", "GRURegressor", "LSTMClassifier", "LSTMRegressor"]
