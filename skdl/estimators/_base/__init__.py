"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ._classifier import TorchClassifier
from ._contract import FitMode, Split, batch_size_between
from ._deep import DeepEstimator
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._fitted_parameter import FittedParameterMixin
from ._given_vectors import (
    WordVectorTable,
    all_given_vectors,
    given_vectors,
    none_known,
    other_spellings,
    unfrozen,
)
from ._held_out import Passed
from ._images import ImageInputMixin
from ._linear_beside import SignalClassifier
from ._linear_weight import network_fraction, without_linear
from ._mixed_tables import MixedTableInputMixin, joined_tables
from ._own_check import OwnCheck
from ._regressor import TorchRegressor
from ._ridge import Decomposition, ridge, ridge_of_numbers
from ._robust_scales import NumberScales
from ._rows import Rows, RowsBelowMinimum
from ._scales import differ_in_size, learn_channel_scales, unit_scales
from ._sequences import SequenceInputMixin, lengths_of
from ._series import is_series
from ._signal_model import rows_to_learn
from ._tables import TableInputMixin
from ._targets import decided_by_outliers, outlier_limits
from ._torchvision import torchvision_explained
from ._trained import Trained

__all__ = [
    "Decomposition",
    "DeepEstimator",
    "FitMode",
    "FittedParameterMixin",
    "ImageInputMixin",
    "MixedTableInputMixin",
    "NumberScales",
    "OwnCheck",
    "Passed",
    "Rows",
    "RowsBelowMinimum",
    "SequenceInputMixin",
    "SignalClassifier",
    "Split",
    "TableInputMixin",
    "TorchClassifier",
    "TorchEstimator",
    "TorchRegressor",
    "Trained",
    "WordVectorTable",
    "all_given_vectors",
    "batch_size_between",
    "decided_by_outliers",
    "deep_estimator",
    "differ_in_size",
    "given_vectors",
    "is_series",
    "joined_tables",
    "learn_channel_scales",
    "lengths_of",
    "network_fraction",
    "none_known",
    "other_spellings",
    "outlier_limits",
    "ridge",
    "ridge_of_numbers",
    "rows_to_learn",
    "torchvision_explained",
    "unfrozen",
    "unit_scales",
    "without_linear",
]
