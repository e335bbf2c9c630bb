"""Recurrent networks (LSTM and GRU) for regression and classification of sequences."""

from ._estimators import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor

__all__ = ["GRUClassifier", "GRURegressor", "LSTMClassifier", "LSTMRegressor"]
