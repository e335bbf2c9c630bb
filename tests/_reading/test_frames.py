"""Columns of frames: numbers, and the same in all of many frames."""

import numpy as np
import pandas as pd
import pytest

from skdl._reading._frames import (
    agreed_names,
    check_numbers,
    column_names,
    columns_alike,
    different_columns,
    first_not_numeric,
)

A = pd.DataFrame({"t": [1.0], "f": [2.0]})


def test_the_first_column_that_is_no_number_is_named():
    assert first_not_numeric(A) is None
    frame = A.assign(day=pd.Timestamp("2024-01-01"), note="x")
    assert (
        "Timestamp('2024-01-01 00:00:00') in row 0 of column 'day' (datetime64["
        in first_not_numeric(frame)
    )
    assert "'x' in row 0 of column 'note'" in first_not_numeric(frame.drop(columns="day"))
    texts = pd.DataFrame({"a": ["1", None, "2", "two"]})
    assert first_not_numeric(texts) == f"'two' in row 3 of column 'a' ({texts['a'].dtype})"
    assert "in row 0 of column 'a'" in first_not_numeric(pd.DataFrame({"a": [pd.NaT] * 2}))
    assert first_not_numeric(A.assign(text="1.5", flag=True, none=None)) is None


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (A, ("t", "f")),
        (pd.DataFrame([[1, 2]]), None),
        (pd.DataFrame([[1, 2]], columns=[1, 0]), (1, 0)),
        (np.ones((2, 2)), None),
        (pd.Series([1.0], name="t"), None),
    ],
)
def test_names_of_columns(item, names):
    assert column_names(item) == names


NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_names_that_look_alike_are_told_and_the_advice_helps():
    frame = A.rename(columns={"t": NFD})
    with pytest.raises(ValueError, match=r"'cafe\\u0301' looks like 'caf\\xe9'.*Unicode") as told:
        agreed_names("Owner", [A.rename(columns={"t": NFC}), frame], None, reset=True)
    renamed = eval(str(told.value).partition("columns: ")[2].removesuffix("."), {"X": [frame]})
    assert list(renamed[0]) == [NFC, "f"]
    message = different_columns("y", (NFD, "f"), (NFC, "f"))
    assert list(eval(message.partition("columns: ")[2].removesuffix("."), {"y": frame})) == [
        NFC,
        "f",
    ]
    assert columns_alike(["a", 1, NFC], [NFC, "e", 2], "") == ""


def names_of(items, fitted=None, *, reset):
    return agreed_names("Owner", items, fitted, reset=reset)


def test_names_that_agree():
    assert names_of([A, A], reset=True) == ("t", "f")
    assert names_of([np.ones(2), [1]], reset=True) is None
    assert names_of([A], ("t", "f"), reset=False) == ("t", "f")
    assert names_of([np.ones(2)], None, reset=False) is None


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (A[["f", "t"]], r"item 1 has them in another order: it has \['f', 't'\]"),
        (A[["t"]], r"item 1 lacks \['f'\].*Add what is missing"),
        (A.assign(g=1.0), r"item 1 also has \['g'\]"),
        (A.rename(columns={"f": "F"}), r"lacks \['f'\] and also has \['F'\]"),
        (A.set_axis(["t", "t"], axis=1), r"lacks \['f'\]"),
        (A.set_axis([1, 0], axis=1), r"lacks \['t', 'f'\] and also has \[1, 0\]"),
    ],
)
def test_other_columns_are_told(odd, message):
    with pytest.raises(ValueError, match=rf"columns of item 0, \['t', 'f'\].*{message}"):
        names_of([A, odd], reset=True)
    with pytest.raises(ValueError, match=r"columns of fit, \['t', 'f'\]"):
        names_of([odd], ("t", "f"), reset=False)


def test_names_on_one_side_only_are_warned_of():
    with pytest.warns(UserWarning, match=r"Item 1 of X has no column names, but item 0 had"):
        assert names_of([A, np.ones((1, 2))], reset=True) == ("t", "f")
    with pytest.warns(UserWarning, match=r"Item 0 of X has no column names, but fit had"):
        names_of([np.ones((1, 2))], ("t", "f"), reset=False)
    with pytest.warns(UserWarning, match="X has column names, but Owner was fitted without"):
        names_of([np.ones((1, 2)), A], None, reset=False)


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
