"""Long real time series for forecasting, read from files with checksums."""

from __future__ import annotations

import io
import os

import pandas as pd

from ._fetch import BROWNLEE, RemoteFile, check_known, read_file

_VEGA = "https://raw.githubusercontent.com/vega/vega-datasets/main/data/"

_SERIES = {
    name: RemoteFile(f"series-dev/{file}", sha256, base + file)
    for name, base, file, sha256 in [
        ("airline", BROWNLEE, "airline-passengers.csv",
         "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621"),
        ("temperatures", BROWNLEE, "daily-min-temperatures.csv",
         "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da"),
        ("sunspots", BROWNLEE, "monthly-sunspots.csv",
         "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3"),
        ("pollution", BROWNLEE, "pollution.csv",
         "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2"),
        ("sp500", _VEGA, "sp500-2000.csv",
         "9409e9342d0657c747324e4cfabce8a8c7f663bc485b95a3378f36b0a160f8c8"),
    ]
}  # fmt: skip
_COLUMNS = {"Passengers": "passengers", "Temp": "temperature", "Sunspots": "sunspots"}


def fetch_series(
    name: str,
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> pd.DataFrame:
    """Fetch one long real time series, for forecasting.

    Parameters
    ----------
    name : {"airline", "temperatures", "sunspots", "pollution", "sp500"}
        - "airline": international passengers per month in thousands, 1949-1960 (144 rows)
        - "temperatures": daily minimum in Melbourne in degrees Celsius, 1981-1990 (3,650; the
          last days of 1984 and 1988 are absent)
        - "sunspots": Zurich sunspot number per month, 1749-1983 (2,820)
        - "pollution": PM2.5 in Beijing per hour in micrograms per cubic metre, with weather,
          2010-2014 (43,824; 2,067 hours of ``pm2.5`` are NaN, and ``cbwd``, the direction of
          the wind, is text)
        - "sp500": daily open, high, low, close and adjusted close of the S&P 500 in index
          points, and the volume, 2000-2020 (5,105)
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    series : DataFrame of shape (n_steps, n_channels)
        In time order, indexed by date; months by their first day.

    Raises
    ------
    ValueError
        If `name` is unknown, or the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    References
    ----------
    Airline: Box and Jenkins, "Time Series Analysis", 1976. Temperatures: Australian Bureau of
    Meteorology. Sunspots: Andrews and Herzberg, "Data", 1985. All three by way of the Time Series
    Data Library. Pollution: Liang et al., "Assessing Beijing's PM2.5 pollution", Proc. R. Soc. A
    471, 2015 (UCI, CC BY 4.0). These four from https://github.com/jbrownlee/Datasets. S&P 500:
    https://github.com/vega/vega-datasets (BSD-3).

    Examples
    --------
    >>> from skdl.datasets import fetch_series
    >>> fetch_series("airline").tail(2)  # doctest: +SKIP
                passengers
    date
    1960-11-01         390
    1960-12-01         432
    """
    file = _SERIES[check_known("name", name, tuple(_SERIES))]
    contents = read_file(file, data_home=data_home, download_if_missing=download_if_missing)
    table = pd.read_csv(io.BytesIO(contents))
    if name == "pollution":
        table.index = pd.DatetimeIndex(pd.to_datetime(table[["year", "month", "day", "hour"]]))
        table = table.drop(columns=["No", "year", "month", "day", "hour"])
    else:
        first = str(table.columns[0])
        table.index = pd.DatetimeIndex(pd.to_datetime(table[first]))
        table = table.drop(columns=first).rename(columns=_COLUMNS)
    return table.rename_axis("date")
