"""Containers of rows: what they are read as, and what is said of those that cannot be."""

import array
from collections import UserList, deque
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse
from torch.utils.data import DataLoader, TensorDataset

from skdl._reading import one_column, plain_container, rows_of_numbers

ROWS = [np.arange(3.0), np.arange(5.0), np.arange(4.0)]
SAME = np.arange(12.0).reshape(3, 4)


def assert_rows(X, expected=ROWS):
    rows = rows_of_numbers(X)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(row, dtype=float), wanted)


@pytest.mark.parametrize(
    "convert",
    [
        deque,
        UserList,
        lambda rows: [torch.tensor(row) for row in rows],
        lambda rows: [torch.tensor(row, requires_grad=True) for row in rows],
        lambda rows: [torch.tensor(row).bfloat16() for row in rows],
        lambda rows: [pd.Series(row) for row in rows],
        lambda rows: [deque(row) for row in rows],
        lambda rows: [array.array("d", row) for row in rows],
        lambda rows: pd.Series(rows, index=[7, 7, 7]),
        lambda rows: pd.DataFrame({"x": pd.Series(rows, index=[4, 5, 6])}),
        lambda rows: pd.DataFrame({"x": [pd.Series(row) for row in rows]}),
    ],
)
def test_rows_in_containers(convert):
    assert_rows(convert(ROWS))


def test_polars_holds_rows_and_tables():
    pl = pytest.importorskip("polars")
    assert_rows(pl.Series([row.tolist() for row in ROWS]))
    assert_rows(pl.DataFrame({"x": [row.tolist() for row in ROWS]}))
    assert_rows([pl.Series(row) for row in ROWS])
    assert_rows(pl.Series(SAME.tolist(), dtype=pl.Array(pl.Float64, 4)), SAME)
    frame = plain_container(pl.DataFrame(SAME, schema=list("abcd")))
    assert frame.columns.tolist() == list("abcd")
    np.testing.assert_array_equal(frame.to_numpy(), SAME)
    assert list(one_column(pl.DataFrame({"text": ["a", "b"]}))) == ["a", "b"]
    with pytest.raises(ValueError, match="None in row 1"):
        rows_of_numbers(pl.Series([[1.0], None]))
    with pytest.raises(TypeError, match="LazyFrame"):
        plain_container(pl.DataFrame(SAME).lazy())


def test_cells_of_several_columns_are_channels():
    frame = pd.DataFrame({"a": ROWS, "b": [-row for row in ROWS]})
    assert_rows(frame, [np.stack([row, -row], 1) for row in ROWS])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ([row[1:] for row in ROWS], r"shapes \(2,\), \(3,\) in row 0.*'a', 'b'"),
        ([1, 2, 3], r"shapes \(\), \(3,\) in row 0"),
    ],
)
def test_cells_that_are_no_channels(other, words):
    with pytest.raises(ValueError, match=words):
        rows_of_numbers(pd.DataFrame({"a": ROWS, "b": other}))


def test_images_and_tensors_are_arrays():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for one in (Image.fromarray(pixels), torch.tensor(pixels)):
        np.testing.assert_array_equal(plain_container(one), pixels)
        np.testing.assert_array_equal(rows_of_numbers([one])[0], pixels)


def test_byte_order_is_native_and_the_dtype_is_kept():
    read = rows_of_numbers(SAME.astype(">i2"))
    assert read.dtype == np.int16
    np.testing.assert_array_equal(read, SAME)


@pytest.mark.parametrize("X", [SAME, SAME.tolist(), pd.DataFrame(SAME), 3.0, None, "text"])
def test_all_else_is_left_as_it_is(X):
    assert plain_container(X) is X


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, 7])
@pytest.mark.parametrize("place", [0, 2])
def test_rows_that_are_missing_are_named(missing, place):
    rows = list(ROWS)
    rows[place] = missing
    for X in (rows, pd.Series(rows, dtype=object)):
        with pytest.raises(ValueError, match=rf"{missing!r} in row {place}.*Leave such rows out"):
            rows_of_numbers(X)


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        ((row for row in ROWS), TypeError, "generator. Make it a list"),
        (dict(enumerate(ROWS)), TypeError, "dict. Make it a list"),
        ({1, 2}, TypeError, "set. Make it a list"),
        (TensorDataset(torch.zeros(3, 2)), TypeError, r"TensorDataset.*row\[0\]"),
        (DataLoader(torch.zeros(3, 2)), TypeError, "DataLoader.*Pass its rows"),
        (["a.png", "b.png"], ValueError, "'str' as in row 0.*Names of files.*Image.open"),
        ([Path("a"), Path("b")], TypeError, "PosixPath.*row 0.*load them first"),
        (np.array(["a.png", "b.png"]), ValueError, "row 0.*load them first"),
        (pd.Series(["good film", "bad film"], dtype=object), ValueError, "take texts"),
        ([*ROWS, {"array": ROWS[0]}], TypeError, "'dict' as in row 3.*the value"),
        ([*ROWS, iter(ROWS[0])], TypeError, "as in row 3.*Make each row an array"),
        ("images/", TypeError, "must hold numbers, got 'images/'"),
    ],
)
def test_what_holds_no_numbers_is_told(X, error, words):
    with pytest.raises(error, match=words):
        rows_of_numbers(X)


def test_the_advice_for_a_dataset_can_be_followed():
    X = TensorDataset(torch.arange(6.0).view(3, 2), torch.zeros(3))
    rows = rows_of_numbers(np.stack([np.asarray(row[0]) for row in X]))
    assert rows.shape == (3, 2)


def test_packed_and_nested_tensors_are_rows():
    tensors = [torch.tensor(row) for row in ROWS]
    assert_rows(torch.nn.utils.rnn.pack_sequence(tensors, enforce_sorted=False))
    assert_rows(torch.nested.nested_tensor(tensors, layout=torch.jagged))
    assert_rows(torch.tensor(SAME).to_sparse(), SAME)


def test_fields_of_a_structured_array_are_columns():
    frame = pd.DataFrame(SAME, columns=list("abcd"))
    pd.testing.assert_frame_equal(rows_of_numbers(frame.to_records(index=False)), frame)


def test_colours_of_a_palette_are_no_grey_values():
    colours = Image.fromarray(np.random.default_rng(0).integers(0, 4, (4, 4, 3), np.uint8) * 80)
    palette = colours.convert("P")
    np.testing.assert_array_equal(rows_of_numbers([palette])[0], np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("convert", [lambda rows: rows, lambda rows: rows.astype(np.uint8)])
def test_masked_values_are_no_numbers(convert):
    rows = convert(SAME)
    masked = np.ma.masked_equal(rows, 6)
    with pytest.raises(
        ValueError, match=r"X must have no masked values, got one at index \(1, 2\)"
    ):
        rows_of_numbers(masked)
    assert rows_of_numbers(masked.filled(0))[1, 2] == 0
    with pytest.raises(ValueError, match=r"Row 1 of X .*np\.ma\.filled\(x, 0\) for x in X"):
        rows_of_numbers(list(masked))
    assert rows_of_numbers([np.ma.filled(x, 0) for x in masked])[1][2] == 0
    unmasked = rows_of_numbers(np.ma.array(rows))
    assert type(unmasked) is np.ndarray
    assert unmasked.dtype == rows.dtype


def test_rows_beside_something_else_are_told_and_the_advice_helps():
    long = pd.DataFrame({"key": [0, 0, 1, 1], "x": SAME.ravel()[:4]})
    with pytest.raises(TypeError, match=r"groups: \[group for _, group in X\]"):
        rows_of_numbers(long.groupby("key"))
    assert len(rows_of_numbers([group for _, group in long.groupby("key")])) == 2
    with pytest.raises(
        TypeError, match=r"tuple of int, DataFrame in row 0.*\[row\[1\] for row in X"
    ):
        rows_of_numbers(list(long.groupby("key")))
    with pytest.raises(TypeError, match=r"tuple of ndarray, int in row 0.*\[row\[0\] for row in X"):
        rows_of_numbers(list(zip(ROWS, range(3), strict=True)))
    with pytest.raises(TypeError, match=r"list\(X\.values\(\)\)"):
        rows_of_numbers(dict(enumerate(ROWS)))
    with pytest.raises(TypeError, match=r"x\.toarray\(\) for x in X"):
        rows_of_numbers([sparse.csr_array(row[None]) for row in ROWS])
    assert_rows([(1, 2, 3), (4, 5)], [[1, 2, 3], [4, 5]])
    assert_rows([([1.0, 2.0], [3.0, 4.0]), ([5.0, 6.0],)], [[[1, 2], [3, 4]], [[5, 6]]])


@pytest.mark.parametrize("dtype", ["str", "string", "category", object])
@pytest.mark.parametrize("kind", [pd.Series, pd.Index])
def test_columns_of_text_are_no_rows_of_numbers(kind, dtype):
    with pytest.raises(ValueError, match=r"not 'str' as in row 0: '1,2'.*take texts"):
        rows_of_numbers(kind(["1,2", "3,4"], dtype=dtype))


def test_a_lazy_frame_is_to_be_collected():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    with pytest.raises(TypeError, match=r"Compute it first: X\.collect\(\)"):
        plain_container(frame.lazy())
    assert plain_container(frame.lazy().collect()).shape == (2, 2)
