"""Cross-validation of several estimators on identical folds, and splitters for time series."""

from ._compare import compare
from ._comparison import Comparison
from ._split import ForwardChainingSplit

__all__ = ["Comparison", "ForwardChainingSplit", "compare"]
