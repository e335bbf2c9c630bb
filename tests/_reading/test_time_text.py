"""Times in text."""

import pandas as pd
import pytest

from skdl._reading._time_text import (
    keys_of_time,
    orders_of_names,
    text_as_dates,
    turned,
    year_is_last,
)


@pytest.mark.parametrize(
    ("names", "is_date"),
    [
        (["2024-01", "2024-02"], True),
        (["2024-01-31", "2024-02-01 10:00"], True),
        (["2024-01-31T10:00+05:00"], True),
        (["2024-13"], False),
        (["2024"], False),
        (["2024-01", "x"], False),
        ([2024, 2025], False),
    ],
)
def test_dates_of_iso_8601(names, is_date):
    assert isinstance(text_as_dates(pd.Index(names)), pd.DatetimeIndex) == is_date


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["31.01.2024", "01.02.2024"], True),
        (["31.01.24", "01.02.24"], True),
        (["Jan 2024"], True),
        (["Q4 2023"], True),
        (["Q4-23", "Q1-24"], True),
        (["W52 23"], True),
        (["2H23"], True),
        (["12/23"], True),
        (["0.10", "0.25"], False),
        (["Q4", "Q1"], False),
        (["24-01-31", "24-02-01", "24-02-02"], False),
        (["2024-01-31"], False),
        (["9:30:00", "10:30:00"], False),
        (["x_1_2_3"], False),
        (["week 9"], False),
        (["Jan"], False),
    ],
)
def test_where_the_year_stands(names, expected):
    assert year_is_last(names) == expected


@pytest.mark.parametrize(
    "names",
    [
        ["week 9", "week 10"],
        ["Jan 9", "Feb 1"],
        ["11:30 pm", "11:45 p.m."],
        ["12 am", "1 am", "12 pm", "1 pm"],
        ["2024-01-01T00:00+05:00", "2024-01-01T00:00Z"],
    ],
)
def test_keys_rise_with_time(names):
    keys = keys_of_time(names)[0]
    assert keys == sorted(keys)


def test_names_of_several_patterns_have_no_order():
    assert orders_of_names(["a1", "b2"]) == []
    assert orders_of_names(["a", "b"]) == []
    assert turned([11, 12, 1, 2]) == [1, 2, 11, 12]
