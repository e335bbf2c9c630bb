"""Comparing estimators on identical folds, and folds that respect time."""

from ._compare import compare
from ._comparison import Comparison
from ._split import ForwardChainingSplit

__all__ = ["Comparison", "ForwardChainingSplit", "compare"]
