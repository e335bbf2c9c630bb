"""What competing kernels and extremes share: dilations, channels, series and their order."""

import numpy as np
import pytest

from skdl._minirocket import KERNELS, Competition, Extremes
from skdl._minirocket._series import standardized_by_channel
from skdl._reading import Sequences
from tests._minirocket.series import features_of

RNG = np.random.default_rng(0)
BOTH = pytest.mark.parametrize("kind", [Competition, Extremes])


@BOTH
@pytest.mark.parametrize("max_dilations", [1, 5, 16])
def test_there_are_two_features_of_each_kernel_and_dilation(kind, max_dilations):
    batch, *_ = standardized_by_channel(Sequences(RNG.normal(size=(5, 60, 3))))
    rng = np.random.default_rng(0)
    some = kind.learned(batch, 60, 1, rng, max_dilations=max_dilations)
    assert 1 <= len(np.unique(some.dilations)) <= max_dilations
    assert len(some.channels) == len(some.limits) == kind.n_sets * len(some.dilations)
    assert features_of(some, batch).shape == (5, some.n_features)
    assert some.n_features == 2 * len(KERNELS) * len(some.dilations)


@BOTH
def test_few_and_many_series_at_once_give_the_same(kind):
    batch, *_ = standardized_by_channel(Sequences(RNG.normal(size=(400, 50, 1))))
    some = kind.learned(batch, 50, 1, np.random.default_rng(0))
    of_all = features_of(some, batch)
    batch.values = batch.values[:, :, :3]
    np.testing.assert_array_equal(features_of(some, batch), of_all[:3])


@BOTH
@pytest.mark.parametrize("of_differences", [False, True])
def test_level_and_scale_count_unless_series_are_standardized(kind, of_differences):
    X = RNG.normal(size=(6, 40, 1))
    learned, *_ = standardized_by_channel(Sequences(X))
    changed, *_ = standardized_by_channel(Sequences(X))
    changed.values = 0.5 * changed.values
    for standardizes in (True, False):
        rng = np.random.default_rng(0)
        options = {"standardizes": standardizes, "of_differences": of_differences}
        some = kind.learned(learned, 40, 1, rng, **options)
        distance = np.abs(features_of(some, learned) - features_of(some, changed)).max()
        # Which kernel wins does not depend on scale, but for rounding.
        assert bool(distance < 0.25) is (standardizes or kind is Competition)
