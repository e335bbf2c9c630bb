"""What every deep estimator shares: parameters, ``fit``, targets, reading of X, checks, docs."""

from ...preprocessing._containers import one_column, plain_container, rows_of_numbers
from ._classifier import TorchClassifier
from ._contract import FitMode, batch_size_between
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._fitted_parameter import FittedParameterMixin
from ._given import Given
from ._given_vectors import (
    WordVectorTable,
    all_given_vectors,
    given_vectors,
    none_known,
    other_spellings,
)
from ._images import ImageInputMixin
from ._kinds import Kinds
from ._learning import LearningMixin
from ._regressor import TorchRegressor
from ._rows import Rows, weights_of
from ._scales import learn_channel_scales, unit_scales
from ._sequences import SequenceInputMixin, lengths_of
from ._series import is_series
from ._tables import TableInputMixin
from ._targets import outlier_limits
from ._texts import input_type_of, read_texts
from ._torchvision import torchvision_explained
from ._trained import Trained
from ._units import Units

__all__ = [
    "FitMode",
    "FittedParameterMixin",
    "Given",
    "ImageInputMixin",
    "Kinds",
    "LearningMixin",
    "Rows",
    "SequenceInputMixin",
    "TableInputMixin",
    "TorchClassifier",
    "TorchEstimator",
    "TorchRegressor",
    "Trained",
    "Units",
    "WordVectorTable",
    "all_given_vectors",
    "batch_size_between",
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
    "read_texts",
    "rows_of_numbers",
    "torchvision_explained",
    "unit_scales",
    "weights_of",
]
