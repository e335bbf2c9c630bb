"""Features by convolutions: independent of other rows, of scale and offset, of huge values."""

import tracemalloc

import numpy as np
import pytest
import torch

from skdl._minirocket import ConvolutionFeatures, _series
from skdl._minirocket._features import blocks_of_rows
from skdl._reading import Sequences

RNG = np.random.default_rng(0)
OPTIONS = {"max_dilations": 32, "normalize": "both", "max_positions": 256}


def learned(sequences, n_per_kernel=6, **options):
    rng = np.random.default_rng(0)
    return ConvolutionFeatures.learned(sequences, n_per_kernel, rng, **{**OPTIONS, **options})


def ragged(lengths, n_channels=2):
    values = RNG.normal(size=(sum(lengths), n_channels)) * [1, 100][:n_channels] + 5
    return Sequences.of(values, np.array(lengths))


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("competing", [False, True])
def test_each_series_is_alone(n_channels, competing):
    sequences = ragged([40, 3, 17, 90, 1, 12, 300], n_channels)
    model = learned(sequences, competing=competing)
    found = model.transform(sequences)
    assert model.n_of_thresholds == 6 * 84
    assert found.shape == (7, model.n_features)
    assert (model.n_features > 6 * 84) is competing
    assert found.min() >= 0
    assert found.max() <= 1
    for row in range(7):
        alone = model.transform(sequences.rows(np.array([row])))
        np.testing.assert_array_equal(alone[0], found[row])
    on_tensors = model.transform(sequences, device=torch.device("cpu"))
    np.testing.assert_array_equal(on_tensors, found)


def test_one_very_long_series_costs_no_more_than_its_own_length():
    """The others are not padded to it where limits and thresholds are learned."""
    sequences = ragged([*RNG.integers(20, 40, 200), 200_000])
    tracemalloc.start()
    features = learned(sequences)
    assert tracemalloc.get_traced_memory()[1] < 60 * sequences.values.nbytes
    tracemalloc.stop()
    last = sequences.rows(np.array([200]))
    np.testing.assert_array_equal(features.transform(last), features.transform(sequences)[-1:])


def test_threads_change_nothing():
    sequences = Sequences(RNG.normal(size=(3000, 10, 1)))
    model = learned(sequences, 1)
    assert len(list(blocks_of_rows(sequences))) > 1
    np.testing.assert_array_equal(model.transform(sequences, 2), model.transform(sequences))


def test_blocks_hold_each_row_once_and_little_padding():
    lengths = RNG.integers(1, 3000, 500)
    sequences = Sequences(np.zeros((lengths.sum(), 1)), lengths)
    blocks = list(blocks_of_rows(sequences))
    assert np.sort(np.concatenate(blocks)).tolist() == list(range(500))
    padded = sum(len(block) * lengths[block].max() for block in blocks)
    assert padded < 1.5 * lengths.sum()


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12, 1e300])
def test_units_do_not_matter(scale):
    x = RNG.normal(size=(20, 30, 2))
    found = learned(Sequences(x)).transform(Sequences(x))
    scaled = learned(Sequences(scale * x)).transform(Sequences(scale * x))
    # But for series that lie between two integers by rounding.
    assert (found != scaled).mean() < 1e-3
    assert np.isfinite(scaled).all()


def test_standardized_series_have_features_that_scale_and_level_do_not_change():
    x = RNG.normal(size=(20, 60, 1))
    model = learned(Sequences(x), normalize=True)
    found = model.transform(Sequences(x))
    changed = model.transform(Sequences(1e3 * x + 1e4))
    assert np.abs(found - changed).max() <= 2 / 60
    as_it_is = learned(Sequences(x), normalize=False)
    assert (
        np.abs(as_it_is.transform(Sequences(10 * x)) - as_it_is.transform(Sequences(x))).max() > 0.2
    )


def test_both_views_are_taken_where_series_differ_in_level_or_spread():
    x = RNG.normal(size=(20, 60, 1))
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    views = {
        name: [view.standardizes for view in learned(Sequences(each)).views]
        for name, each in {
            "alike": x,
            "levels": x + np.arange(20)[:, None, None],
            "spreads": x * np.arange(1, 21)[:, None, None],
        }.items()
    }
    assert views == {"alike": [True], "levels": [False, True], "spreads": [False, True]}
    # One feature for each kernel: of the two, those that are standardized.
    assert [
        view.standardizes
        for view in learned(Sequences(x * 1e3 ** x.max(1, keepdims=True)), 1).views
    ]


@pytest.mark.parametrize("level", [0.0, 0.1, 1e9])
def test_constant_series_have_no_noise(level):
    """The standard deviation of equal numbers is some rounding error, which must not be scaled."""
    x = RNG.normal(size=(20, 50, 1)) + level
    model = learned(Sequences(x), normalize=True)
    constant = np.full((1, 50, 1), level + 0.3)
    zeros = model.transform(Sequences(np.full((1, 50, 1), 0.0)))
    np.testing.assert_array_equal(model.transform(Sequences(constant)), zeros)


def test_one_huge_value_does_not_hide_the_others():
    x = RNG.normal(size=(100, 80, 1))
    clean = learned(Sequences(x)).transform(Sequences(x[1:]))
    x[0, 0] = 1e9
    found = learned(Sequences(x)).transform(Sequences(x[1:]))
    assert found.std(0).mean() > 0.5 * clean.std(0).mean()


def test_how_many_blocks_are_kept_changes_nothing(monkeypatch):
    sequences = ragged([40, 3, 17, 90])
    model = learned(sequences, competing=True)
    found = model.transform(sequences)
    monkeypatch.setattr(_series, "KEPT_BLOCKS", 1)
    np.testing.assert_array_equal(model.transform(sequences), found)
