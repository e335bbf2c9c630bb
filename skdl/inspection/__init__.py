"""Displays: plots of what was learned and measured, in the manner of scikit-learn's."""

from ._comparison import ComparisonDisplay

__all__ = ["ComparisonDisplay"]
