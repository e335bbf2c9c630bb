"""Real data that ships inside installed packages: stock prices and images of digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

_MONTHLY = """\
Monthly closing prices of eight companies and two indices, January 1990 to May 2022.

From `Stocks.csv` in matplotlib's sample data, which took it from https://finance.yahoo.com.
US dollars (index points for ^GSPC, the S&P 500, and ^IXIC, the Nasdaq Composite), adjusted for
splits and dividends by Yahoo. The index is the last day of the month that the price closes.
What was changed: rows that mark a dividend and hold no price are dropped, and so is June 2022,
which the file ends in before the month does. A missing value means that the company was not
listed yet (AMZN, DELL in its present form, GOOGL); nothing is filled in."""

_DAILY = """\
Daily prices of Google (GOOG) on the Nasdaq, 19 August 2004 (its first day) to 14 October 2008.

From `goog.npz` in matplotlib's sample data, taken from https://finance.yahoo.com. US dollars as
traded; volume in shares; adj_close equals close, as no split or dividend fell in the period.
1,047 trading days, none missing; weekends and holidays have no row."""

_FILES = {"monthly": "Stocks.csv", "daily": "goog.npz"}


def load_stock_prices(*, frequency: str = "monthly", as_frame: bool = True) -> Bunch:
    """Load real stock prices from matplotlib's sample data, offline.

    Price levels are close to random walks: for them persistence (the forecast is the last value)
    is a strong baseline; for returns (``prices.pct_change()``), zero is.

    Parameters
    ----------
    frequency : {"monthly", "daily"}, default="monthly"
        "monthly": closing prices of eight companies and two indices, 389 months x 10, January
        1990 to May 2022; missing before a company was listed. "daily": open, high, low, close,
        volume and adjusted close of one company, 1,047 days x 6, complete.
    as_frame : bool, default=True
        Whether `data` is a DataFrame indexed by date; else a float64 array.

    Returns
    -------
    prices : Bunch
        - data : DataFrame or ndarray of shape (n_dates, n_series)
        - dates : ndarray of shape (n_dates,), datetime64; the end of the month when monthly
        - feature_names : list of str, the columns
        - DESCR : str, source, units and treatment of missing values

    Raises
    ------
    ImportError
        If matplotlib is not installed; it comes with the extra ``skdl[plot]``.
    FileNotFoundError
        If the installed matplotlib does not carry the file.
    ValueError
        If `frequency` is unknown.

    Examples
    --------
    >>> from skdl.datasets import load_stock_prices
    >>> prices = load_stock_prices().data
    >>> prices.shape
    (389, 10)
    >>> complete = prices.dropna(axis="columns")
    >>> list(complete.columns)
    ['IBM', 'AAPL', 'MSFT', 'XRX', 'ADBE', '^GSPC', '^IXIC']
    >>> returns = complete.pct_change().iloc[1:]
    >>> load_stock_prices(frequency="daily").feature_names
    ['open', 'high', 'low', 'close', 'volume', 'adj_close']
    """
    if frequency not in _FILES:
        raise ValueError(
            f"frequency must be one of {sorted(_FILES)}, got {frequency!r}. Choose one of these."
        )
    path = _sample_data(_FILES[frequency])
    frame = _read_monthly(path) if frequency == "monthly" else _read_daily(path)
    return Bunch(
        data=frame if as_frame else frame.to_numpy(),
        dates=frame.index.to_numpy(),
        feature_names=list(frame.columns),
        DESCR=_MONTHLY if frequency == "monthly" else _DAILY,
    )


def load_digits_images(*, return_X_y: bool = False) -> Any:
    """Load scikit-learn's handwritten digits as images.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return the pair (data, target) instead of a Bunch.

    Returns
    -------
    digits : Bunch
        - data : ndarray of shape (1797, 8, 8), float32, grey values 0 (paper) to 16 (ink)
        - target : ndarray of shape (1797,), int, the digit
        - target_names : ndarray of shape (10,)
        - DESCR : str, source and description
    (X, y) : tuple of ndarray
        `data` and `target`, if `return_X_y`.

    See Also
    --------
    sklearn.datasets.load_digits : The same values as a table of 64 columns.

    Notes
    -----
    Values are float32 rather than uint8, since uint8 images are taken to span 0 to 255.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49 (the test part of that set).

    Examples
    --------
    >>> from skdl.datasets import load_digits_images
    >>> digits = load_digits_images()
    >>> digits.data.shape, digits.data.dtype, float(digits.data.max())
    ((1797, 8, 8), dtype('float32'), 16.0)
    """
    digits = load_digits()
    images = digits.images.astype(np.float32)
    if return_X_y:
        return images, digits.target
    return Bunch(
        data=images,
        target=digits.target,
        target_names=digits.target_names,
        DESCR=digits.DESCR,
    )


def _sample_data(name: str) -> Path:
    """Return the path of a file in matplotlib's sample data."""
    try:
        from matplotlib.cbook import get_sample_data
    except ImportError as error:
        raise ImportError(
            "load_stock_prices needs matplotlib, whose sample data holds the prices, and it is "
            "not installed. Install it with: pip install 'skdl[plot]'"
        ) from error
    path = Path(get_sample_data(name, asfileobj=False))
    if not path.is_file():
        raise FileNotFoundError(
            f"load_stock_prices needs {name} in matplotlib's sample data, but there is no {path}. "
            "Install matplotlib from PyPI: some distributions leave the sample data out."
        )
    return path


def _read_monthly(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, comment="#", index_col="Date", parse_dates=True)
    # Rows stamped on the first of a month hold that month's close. The others mark dividends,
    # without a price, or repeat the price of the month in which the file was made.
    table = table.dropna(how="all")
    unfinished = table.index[table.index.day != 1]
    months = table.index.to_period("M")
    closed = (table.index.day == 1) & ~months.isin(unfinished.to_period("M"))
    table = table[closed].astype(np.float64)
    table.index = table.index + pd.offsets.MonthEnd(0)
    return table.rename_axis("date")


def _read_daily(path: Path) -> pd.DataFrame:
    with np.load(path, allow_pickle=False) as archive:
        records = archive["price_data"]
    columns = [name for name in records.dtype.names if name != "date"]
    dates = pd.DatetimeIndex(records["date"], name="date")
    return pd.DataFrame({name: records[name].astype(np.float64) for name in columns}, index=dates)
