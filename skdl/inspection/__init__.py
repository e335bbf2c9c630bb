"""Displays: plots of what was learned and measured, in the manner of scikit-learn's."""

from ._comparison import ComparisonDisplay
from ._fit_history import FitHistoryDisplay

__all__ = ["ComparisonDisplay", "FitHistoryDisplay"]
