"""Convolutional networks for classification of images and signals."""

from ._classifier import CNNClassifier

__all__ = ["CNNClassifier"]
