"""PixelScaler: pixels keep their proportions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl.preprocessing import PixelScaler


@parametrize_with_checks([PixelScaler()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_centres_each_pixel_and_scales_all_alike():
    X = np.random.default_rng(0).normal(5, [0.1, 1, 10], size=(200, 3))
    Z = PixelScaler().fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.var(axis=0).mean(), 1)
    np.testing.assert_allclose(Z.std(axis=0) / X.std(axis=0), Z[0, 0] / (X - X.mean(0))[0, 0])


def test_learns_from_the_rows_of_fit():
    scaler = PixelScaler().fit([[0.0, 2.0], [4.0, 2.0]])
    np.testing.assert_array_equal(scaler.mean_, [2, 2])
    assert scaler.scale_ == pytest.approx(np.sqrt(2))
    np.testing.assert_allclose(scaler.transform([[2.0, 6.0]]), [[0, 4 / np.sqrt(2)]])


def test_bytes_do_not_overflow():
    X = np.full((300, 4), 255, dtype=np.uint8)
    X[::2] = 1
    Z = PixelScaler().fit_transform(X)
    np.testing.assert_allclose(np.unique(Z), [-1, 1])
    assert Z.dtype == np.float64


def test_float32_stays():
    X = np.random.default_rng(0).normal(1e4, 1, size=(1000, 2)).astype(np.float32)
    Z = PixelScaler().fit_transform(X)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=0.1)


def test_constant_pixels_become_zero():
    np.testing.assert_array_equal(PixelScaler().fit_transform(np.full((3, 2), 7.0)), 0)


def test_names_of_a_frame():
    X = pd.DataFrame({"p0": [1.0, 2.0], "p1": [3.0, 5.0]})
    scaler = PixelScaler().set_output(transform="pandas").fit(X)
    assert list(scaler.transform(X).columns) == ["p0", "p1"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_values_are_refused(bad):
    with pytest.raises(ValueError, match="contains"):
        PixelScaler().fit([[1.0, bad], [2.0, 3.0]])
