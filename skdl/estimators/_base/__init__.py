"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ...preprocessing._frames import check_channel_names
from ._checks import (
    IMPUTE,
    all_or_nothing,
    check_finite,
    check_numbers,
    check_one_schedule,
    plain_parameters,
)
from ._classifier import TorchClassifier
from ._containers import one_column, plain_container, rows_of_numbers
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
from ._rows import Rows, weights_of
from ._scales import channel_scales, channel_statistics
from ._sequences import is_ragged, lengths_of, read_sequences
from ._steps import check_order_of_columns, check_order_of_steps
from ._tables import read_table
from ._texts import input_type_of, read_texts
from ._torchvision import torchvision_explained
from ._trained import Trained
from ._units import check_units, learn_units

__all__ = [
    "IMPUTE",
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
    "check_channel_names",
    "check_finite",
    "check_numbers",
    "check_one_schedule",
    "check_order_of_columns",
    "check_order_of_steps",
    "check_units",
    "deep_estimator",
    "given_vectors",
    "input_type_of",
    "is_ragged",
    "learn_units",
    "lengths_of",
    "none_known",
    "one_column",
    "other_spellings",
    "plain_container",
    "plain_parameters",
    "read_sequences",
    "read_table",
    "read_texts",
    "rows_of_numbers",
    "torchvision_explained",
    "weights_of",
]
