"""Competing kernels, against plain loops; each series is answered as if alone."""

import numpy as np
import pytest

from skdl._minirocket import KERNELS
from skdl._minirocket._competition import GROUP, Competition
from skdl._minirocket._kernels import LARGEST, N_TAPS
from skdl._minirocket._series import standardized_by_channel
from skdl._reading import Sequences
from tests._minirocket.series import features_of, ragged

RNG = np.random.default_rng(0)


def rounded(series, competition, number):
    """One series (T, C) of ``fit`` as integers, by plain arithmetic."""
    x = series[:, competition.channels[number]].sum(1)
    x = (x - x.mean()) / x.std() if x.std() > 1e-12 else 0 * x
    if competition.of_differences:
        x = np.append(np.diff(x), 0)
    scaled = x * (LARGEST / competition.limits[number])
    return np.rint(scaled.clip(-LARGEST, LARGEST)).astype(int)


def wins(x, dilation, stride):
    """Proportions of the positions, of each kernel: by group, the largest before the smallest."""
    middle, convolutions = N_TAPS // 2, []
    for kernel in KERNELS:
        weights = [2 if tap in kernel else -1 for tap in range(N_TAPS)]
        places = [
            [(weight, t + (tap - middle) * dilation) for tap, weight in enumerate(weights)]
            for t in range(0, len(x), stride)
        ]
        convolutions.append(
            [sum(w * x[at] for w, at in place if 0 <= at < len(x)) for place in places]
        )
    found = []
    for first in range(0, len(KERNELS), GROUP):
        group = np.array(convolutions[first : first + GROUP])
        found += [*(group == group.max(0)).mean(1), *(group == group.min(0)).mean(1)]
    return found


@pytest.mark.parametrize("of_differences", [False, True])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("lengths", [[30] * 4, [40, 3, 17, 1, 26]], ids=["equal", "unequal"])
def test_features_are_those_of_plain_loops(lengths, stride, of_differences):
    batch, mean, scale = standardized_by_channel(sequences := ragged(lengths, RNG))
    rng = np.random.default_rng(0)
    competition = Competition.learned(
        batch, int(np.median(lengths)), stride, rng, of_differences=of_differences
    )
    found = features_of(competition, batch)
    assert found.shape == (len(lengths), competition.n_features)
    for row, series in enumerate(sequences.each(np.arange(len(lengths)))):
        series = (series - mean) / scale
        expected = [
            wins(rounded(series, competition, number), int(dilation), stride)
            for number, dilation in enumerate(competition.dilations)
        ]
        np.testing.assert_allclose(found[row], np.sqrt(np.concatenate(expected)), rtol=1e-6)


def test_scale_and_level_do_not_change_them():
    x = RNG.normal(size=(20, 60, 1))
    batch, *_ = standardized_by_channel(Sequences(x))
    competition = Competition.learned(batch, 60, 1, np.random.default_rng(0), of_differences=False)
    changed, *_ = standardized_by_channel(Sequences(x * RNG.uniform(1, 9, (20, 1, 1)) + 3))
    found = (features_of(competition, each) ** 2 for each in (changed, batch))
    differences = np.abs(np.subtract(*found))
    assert differences.max() <= 2 / 60 + 1e-6
