"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ._checks import all_or_nothing, check_callbacks, check_finite, plain_parameters
from ._classifier import TorchClassifier
from ._contract import FitMode, batch_size_between
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._fitted_parameter import FittedParameterMixin
from ._given_vectors import (
    WordVectorTable,
    all_given_vectors,
    given_vectors,
    none_known,
    other_spellings,
)
from ._regressor import TorchRegressor
from ._rows import Rows
from ._scales import channel_scales, channel_statistics
from ._sequences import is_ragged, read_sequences, shortest_sequence
from ._tables import read_table
from ._torchvision import torchvision_explained
from ._trained import Trained

__all__ = [
    "FitMode",
    "FittedParameterMixin",
    "Rows",
    "TorchClassifier",
    "TorchEstimator",
    "TorchRegressor",
    "Trained",
    "WordVectorTable",
    "all_given_vectors",
    "all_or_nothing",
    "batch_size_between",
    "channel_scales",
    "channel_statistics",
    "check_callbacks",
    "check_finite",
    "deep_estimator",
    "given_vectors",
    "is_ragged",
    "none_known",
    "other_spellings",
    "plain_parameters",
    "read_sequences",
    "read_table",
    "shortest_sequence",
    "torchvision_explained",
]
