"""Medians and spreads of numbers with gaps."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skdl.engine import Data
from skdl.estimators._base import _robust_scales
from skdl.estimators._base._robust_scales import NumberScales, weighted_quantiles_by_column


def scales_of(x, weight=None):
    return NumberScales.of(Data({"x": torch.tensor(x)}), weight)


def test_median_and_distance_of_the_quartiles():
    x = np.array([[1.0, 5, 0, 7], [2, np.nan, 0, 7], [3, 9, 0, 7], [4, 5, 1, 7], [99, 5, 0, 7]])
    found = scales_of(x)
    assert found.median.tolist() == [3, 5, 0, 7]
    assert found.scale.tolist() == [2, 2, 0.5, np.inf]  # then half of the range, then constant
    assert found.missing.tolist() == [False, True, False, False]


def test_a_column_without_a_value():
    found = scales_of(np.array([[np.nan, 1.0], [np.nan, 2.0]]))
    assert found.median.tolist()[0] == 0
    assert found.scale.tolist()[0] == np.inf
    assert not found.missing[0], "that it is missing says nothing"


@given(
    arrays(float, (6, 2), elements=st.sampled_from([0.0, 1.0, 2.5, -3.0, np.nan])),
    arrays(int, 6, elements=st.integers(0, 3)),
)
def test_a_row_of_weight_two_counts_as_two(x, weight):
    if not weight.any():
        weight[0] = 1
    levels = (0.1, 0.25, 0.5, 0.75)
    weighted = weighted_quantiles_by_column(x, weight.astype(float), levels)
    repeated = np.repeat(x, weight, axis=0)
    expected = weighted_quantiles_by_column(repeated, np.ones(len(repeated)), levels)
    for one, other in zip(weighted, expected, strict=True):
        known = ~np.isnan(repeated).all(0)
        np.testing.assert_array_equal(one[known], other[known])


@given(arrays(float, (7, 1), elements=st.floats(-5, 5)))
def test_quantiles_are_those_of_numpy(x):
    (found,) = weighted_quantiles_by_column(x, np.ones(7), (0.5,))
    np.testing.assert_array_equal(found, np.quantile(x, 0.5, axis=0, method="inverted_cdf"))


@pytest.mark.parametrize("weighted", [False, True])
def test_of_very_many_values_some_rows_are_enough(monkeypatch, weighted):
    monkeypatch.setattr(_robust_scales, "MOST_VALUES", 2000)
    x = np.random.default_rng(0).normal(size=(20_000, 2))
    found = scales_of(x, np.ones(len(x)) if weighted else None)
    np.testing.assert_allclose(found.median, 0, atol=0.15)
    np.testing.assert_allclose(found.scale, 1.35, atol=0.2)
