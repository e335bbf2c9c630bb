"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ...preprocessing._containers import one_column, plain_container, rows_of_numbers
from ._checks import (
    all_or_nothing,
    check_one_schedule,
    check_sizes,
    plain_parameters,
)
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
from ._images import read_images
from ._regressor import TorchRegressor
from ._rows import Rows, weights_of
from ._scales import channel_scales, learn_channel_scales, unit_scales
from ._sequences import lengths_of, read_sequences
from ._tables import read_table
from ._targets import is_series, outlier_limits, weighted_quantiles
from ._texts import input_type_of, read_texts
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
    "check_one_schedule",
    "check_sizes",
    "deep_estimator",
    "given_vectors",
    "input_type_of",
    "is_series",
    "learn_channel_scales",
    "lengths_of",
    "none_known",
    "one_column",
    "other_spellings",
    "outlier_limits",
    "plain_container",
    "plain_parameters",
    "read_images",
    "read_sequences",
    "read_table",
    "read_texts",
    "rows_of_numbers",
    "torchvision_explained",
    "unit_scales",
    "weighted_quantiles",
    "weights_of",
]
