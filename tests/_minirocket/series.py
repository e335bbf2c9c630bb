"""What tests of features of series share."""

import numpy as np

from skdl._reading import Sequences


def ragged(lengths, rng, n_channels=2):
    """Random series of these lengths, whose channels are of different scales."""
    values = rng.normal(size=(sum(lengths), n_channels)) * [1, 100][:n_channels] + 5
    return Sequences.of(values, np.array(lengths))


def features_of(some, batch):
    """The pieces of the features of a batch as one array (W, n_features)."""
    return np.concatenate([*some.features(batch)]).T
