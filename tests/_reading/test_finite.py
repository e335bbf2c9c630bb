"""Values are finite, or the place of the first that is not is named."""

import numpy as np
import pytest

from skdl._reading._finite import check_finite

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
