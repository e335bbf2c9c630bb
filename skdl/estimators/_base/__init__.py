"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ._checks import all_or_nothing, check_callbacks
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._fitted_parameter import KeepsFitted
from ._given_vectors import given_vectors
from ._sequences import (
    channel_scales,
    channel_statistics,
    check_finite,
    is_ragged,
    read_sequences,
    shortest_sequence,
)
from ._targets import TorchClassifier, TorchRegressor
from ._trained import Trained

__all__ = [
    "KeepsFitted",
    "TorchClassifier",
    "TorchEstimator",
    "TorchRegressor",
    "Trained",
    "all_or_nothing",
    "channel_scales",
    "channel_statistics",
    "check_callbacks",
    "check_finite",
    "deep_estimator",
    "given_vectors",
    "is_ragged",
    "read_sequences",
    "shortest_sequence",
]
