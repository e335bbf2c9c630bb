"""Real data inside installed packages: what the files hold arrives, and nothing else."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from skdl.datasets import load_digits_images, load_stock_prices


def test_monthly_prices_are_complete_once_a_company_is_listed():
    prices = load_stock_prices()
    frame = prices.data
    assert frame.shape == (389, 10)
    assert (frame.dtypes == np.float64).all()
    assert list(frame.columns) == prices.feature_names
    months = frame.index.to_period("M")
    assert (months == pd.period_range("1990-01", "2022-05", freq="M")).all()
    assert frame.index.is_month_end.all()
    for column in frame:
        listed = frame[column].loc[frame[column].first_valid_index() :]
        assert listed.notna().all()
    assert list(frame.columns[frame.isna().any()]) == ["AMZN", "DELL", "GOOGL"]
    assert (frame.min() > 0).all()
    assert frame.loc["1990-01-31", "^GSPC"] == pytest.approx(329.08, abs=0.01)


def test_daily_prices_are_complete():
    prices = load_stock_prices(frequency="daily")
    frame = prices.data
    assert frame.shape == (1047, 6)
    assert frame.notna().all(axis=None)
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert (frame["low"] <= frame["close"]).all()
    assert (frame["close"] <= frame["high"]).all()
    assert "Google" in prices.DESCR


@pytest.mark.parametrize("frequency", ["monthly", "daily"])
def test_prices_as_arrays(frequency):
    frame = load_stock_prices(frequency=frequency).data
    prices = load_stock_prices(frequency=frequency, as_frame=False)
    assert isinstance(prices.data, np.ndarray)
    np.testing.assert_array_equal(prices.data, frame.to_numpy())
    np.testing.assert_array_equal(prices.dates, frame.index.to_numpy())
    assert prices.dates.dtype.kind == "M"


def test_an_unknown_frequency_is_refused():
    with pytest.raises(ValueError, match=r"frequency must be one of .*'hourly'"):
        load_stock_prices(frequency="hourly")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.cbook", None)
    with pytest.raises(ImportError, match=r"skdl\[plot\]"):
        load_stock_prices()


def test_without_the_sample_data_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "matplotlib.cbook.get_sample_data", lambda name, asfileobj: str(tmp_path / name)
    )
    with pytest.raises(FileNotFoundError, match="sample data"):
        load_stock_prices()


def test_digits_are_the_images_of_scikit_learn():
    digits = load_digits_images()
    assert digits.data.shape == (1797, 8, 8)
    assert digits.data.dtype == np.float32
    np.testing.assert_array_equal(digits.data, load_digits().images)
    np.testing.assert_array_equal(digits.target, load_digits().target)
    X, y = load_digits_images(return_X_y=True)
    np.testing.assert_array_equal(X, digits.data)
    np.testing.assert_array_equal(y, digits.target)
