"""Displays: plots of fitted estimators and of scores, with the interface of scikit-learn's."""

from ._attention import AttentionDisplay
from ._comparison import ComparisonDisplay
from ._embedding import EmbeddingDisplay
from ._fit_history import FitHistoryDisplay
from ._grad_cam import GradCAMDisplay

__all__ = [
    "AttentionDisplay",
    "ComparisonDisplay",
    "EmbeddingDisplay",
    "FitHistoryDisplay",
    "GradCAMDisplay",
]
