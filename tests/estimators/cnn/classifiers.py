"""Small images, signals and classifiers that the tests of the classifier share."""

import numpy as np
from torch import nn

from skdl.datasets import make_images, make_sequences
from skdl.estimators import CNNClassifier

SMALL = {"channels": (4,), "max_epochs": 2, "random_state": 0, "device": "cpu"}
X, Y = make_images(40, size=(6, 6), random_state=0)
COLOUR, _ = make_images(40, size=(6, 6), n_channels=3, random_state=0)
SIGNALS, TWO = make_sequences(40, n_steps=12, task="classification", random_state=0)
CHANNELS, _ = make_sequences(40, n_steps=9, n_channels=2, task="classification", random_state=0)


def classifier(**params):
    return CNNClassifier(**{**SMALL, **params})


def linear(shape, n_classes):
    """A callable architecture without normalization, dropout and convolutions."""
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), n_classes))


def assert_unfitted(model):
    assert not [name for name in vars(model) if name.endswith("_")]
