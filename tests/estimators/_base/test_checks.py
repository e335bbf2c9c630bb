"""Values: numbers, and finite, or the place of the first that is not."""

import numpy as np
import pandas as pd
import pytest

from skdl.estimators._base._checks import check_finite, check_numbers

TABLE = np.random.default_rng(0).normal(size=(700_000, 2))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_finite_values_pass(dtype):
    largest = min(np.finfo(dtype).max, np.finfo(np.float32).max)
    check_finite(np.array([[largest, -largest], [0, 1]], dtype), ("row", "column"))


@pytest.mark.parametrize("row", [0, 5, 524_288, 699_999])
@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"), (1e39, "too large")],
)
def test_the_first_value_that_is_not_finite_is_named(row, value, words):
    table = TABLE.copy()
    table[[row, -1], 1] = value
    with pytest.raises(ValueError, match=f"{words}.*, first at item 3, row {row}, column 1"):
        check_finite(table, ("row", "column"), "item 3, ")


def test_advice_may_depend_on_the_place():
    table = np.array([[0, np.nan]])
    with pytest.raises(ValueError, match=r"Impute them first.*SimpleImputer"):
        check_finite(table, ("row", "column"))
    with pytest.raises(ValueError, match=r"column 1\. Drop \(0, 1\)"):
        check_finite(table, ("row", "column"), advice=lambda place: f"Drop {place}")


NO_NUMBERS = {
    "a column of text": pd.DataFrame({"a": [1, 2], "b": ["1", "x"]}),
    "a column of dates": pd.DataFrame({"b": pd.to_datetime(["2020", "2021"])}),
    "an array of text": np.array([["1", "x"]]),
    "an array of dates": np.array(["2020"], dtype="M8[D]"),
    "a Series of dates": pd.Series(pd.to_datetime(["2020", "2021"])),
}


@pytest.mark.parametrize("X", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_holds_no_numbers_is_told(X):
    with pytest.raises(ValueError, match=r"^Item 2 must hold numbers, got .+ dates become days"):
        check_numbers(X, "Item 2")


@pytest.mark.parametrize(
    "X",
    [
        np.eye(2),
        pd.DataFrame({"a": [True, False], "b": [1.5, None]}),
        pd.DataFrame({"a": ["1", "2.5"]}),
        pd.Series([1, 2]),
        [[1, 2]],
    ],
    ids=["array", "nullable", "numbers as text", "Series", "lists"],
)
def test_numbers_pass(X):
    check_numbers(X)
