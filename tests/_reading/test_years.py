"""Years of two digits and of four, and dates in one number."""

import pandas as pd
import pytest

from skdl._reading._years import dates_in_numbers, with_whole_years, years_of

DATES = {
    "days": ([20240131, 20240201], ["2024-01-31", "2024-02-01"]),
    "months": ([202312, 202401], ["2023-12-01", "2024-01-01"]),
    "weeks": ([202352, 202401], ["2023-12-25", "2024-01-01"]),
    "days of years": ([2023365, 2024001], ["2023-12-31", "2024-01-01"]),
    "hours": ([2023123123, 2024010100], ["2023-12-31 23:00", "2024-01-01 00:00"]),
    "seconds": ([20231231235959], ["2023-12-31 23:59:59"]),
    "floats": ([20240131.0], ["2024-01-31"]),
}


@pytest.mark.parametrize(("numbers", "dates"), DATES.values(), ids=DATES)
def test_dates_in_numbers_and_the_code_that_reads_them(numbers, dates):
    index = pd.Index(numbers)
    code, found = dates_in_numbers(index)
    assert found.tolist() == pd.to_datetime(dates).tolist()
    text = index.astype("int64").astype(str)
    assert eval(code.format("text"), {"pd": pd, "text": text}).equals(found)


def test_quarters_in_numbers():
    code, found = dates_in_numbers(pd.Index([20234, 20241]))
    assert found.astype(str).tolist() == ["2023Q4", "2024Q1"]
    text = pd.Index(["20234", "20241"])
    assert eval(code.format("text"), {"pd": pd, "text": text}).equals(found)


@pytest.mark.parametrize(
    "numbers",
    [[20240132], [202460], [18991231], [21010101], [20245], [2024367], [20240101.5], [], [True]],
)
def test_other_numbers_are_no_dates(numbers):
    assert dates_in_numbers(pd.Index(numbers)) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([2024, 2023], [2024, 2023]),
        (["a 2024", "a 2023"], [2024, 2023]),
        (["FY99", "FY00"], [1999, 2000]),
        (["202401"], [202401]),
        (["a 2024", "b 2023"], None),
        (["2024-01"], None),
        ([1899, 2000], None),
        ([2000.5], None),
        (["FY00", "FY50"], None),
        (["x1", "x2"], None),
        ([("a", 2024)], None),
    ],
)
def test_years_of_names(names, expected):
    assert years_of(pd.Index(names, tupleize_cols=False)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["FY98", "FY01"], ["FY1998", "FY2001"]),
        (["Q4FY23", "Q1 FY24"], ["Q4FY2023", "Q1 FY2024"]),
        (["'98", "\u201999"], ["'1998", "\u20191999"]),
        (["FY2024", "COFFY24", "98"], ["FY2024", "COFFY24", "98"]),
    ],
)
def test_marked_years_in_four_digits(names, expected):
    assert with_whole_years(names) == [expected]


def test_marked_years_that_may_be_of_several_centuries():
    several = with_whole_years(["FY00", "FY50"])
    assert several == [["FY2000", "FY1950"], ["FY2000", "FY2050"]]
