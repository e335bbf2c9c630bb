"""Transformers for classification of texts and of numeric sequences."""

from ._classifier import TransformerClassifier

__all__ = ["TransformerClassifier"]
