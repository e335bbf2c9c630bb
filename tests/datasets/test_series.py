"""fetch_series: the five series as their sources give them."""

import dataclasses
import hashlib

import pytest

from skdl.datasets import _series, fetch_series

_SHAPES = {
    "airline": (144, 1),
    "temperatures": (3650, 1),
    "sunspots": (2820, 1),
    "pollution": (43824, 8),
    "sp500": (5105, 6),
}


@pytest.mark.realdata("series-dev")
@pytest.mark.parametrize("name", sorted(_SHAPES))
def test_series_are_in_time_order(name):
    frame = fetch_series(name, download_if_missing=False)
    assert frame.shape == _SHAPES[name]
    assert frame.index.name == "date"
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert frame.isna().sum().sum() == (2067 if name == "pollution" else 0)


@pytest.mark.realdata("series-dev")
def test_values_and_names():
    airline = fetch_series("airline", download_if_missing=False)
    assert airline.loc["1960-12-01", "passengers"] == 432
    temperatures = fetch_series("temperatures", download_if_missing=False)
    assert temperatures["temperature"].iloc[0] == 20.7
    pollution = fetch_series("pollution", download_if_missing=False)
    assert list(pollution) == ["pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"]
    assert pollution.loc["2014-12-31 23:00", "pm2.5"] == 12


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of .*'airline'.*got 'trains'"):
        fetch_series("trains")


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"airline-passengers\.csv.*SKDL_DATA"):
        fetch_series("airline", data_home=tmp_path, download_if_missing=False)


def test_a_series_is_downloaded_and_checked(tmp_path, monkeypatch):
    upstream = tmp_path / "upstream.csv"
    upstream.write_text('"Month","Passengers"\n"1949-01",1\n')
    file = dataclasses.replace(_series._SERIES["airline"], url=upstream.as_uri())
    monkeypatch.setitem(_series._SERIES, "airline", file)
    with pytest.raises(ValueError, match="SHA256"):
        fetch_series("airline", data_home=tmp_path)
    digest = hashlib.sha256(upstream.read_bytes()).hexdigest()
    monkeypatch.setitem(_series._SERIES, "airline", dataclasses.replace(file, sha256=digest))
    assert fetch_series("airline", data_home=tmp_path).loc["1949-01-01", "passengers"] == 1
    assert (tmp_path / "series-dev" / "airline-passengers.csv").is_file()
