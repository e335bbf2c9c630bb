"""Tables of any columns as numbers and codes: containers, later tables, what is learned of them."""

import numpy as np
import pandas as pd
import pytest

from skdl.estimators import MLPRegressor
from skdl.estimators._base import MixedTableInputMixin, joined_tables

SMALL = {"hidden_layer_sizes": (4,), "n_members": 2, "max_epochs": 1, "device": "cpu"}
FRAME = pd.DataFrame({"size": [1.0, 2.0, None], "city": [*"aba"], "n": [1, 2, 3]})


def read(X, **params):
    """The mixin alone, and the columns of X as in ``fit``."""
    reader = MixedTableInputMixin(**params)
    data = reader._read_inputs(X, reset=True)
    return reader, {name: column.numpy() for name, column in data.columns.items()}


@pytest.mark.parametrize(
    "X",
    [
        FRAME,
        FRAME.astype(object),
        FRAME.to_numpy(),
        FRAME.to_numpy().tolist(),
        FRAME.assign(city=FRAME["city"].astype("category")),
        FRAME.assign(city=FRAME["city"].astype("string"), n=FRAME["n"].astype("Int64")),
    ],
)
def test_containers_of_mixed_columns(X):
    reader, columns = read(X)
    np.testing.assert_array_equal(columns["x"], [[1, 1], [2, 2], [np.nan, 3]])
    assert columns["codes"].tolist() == [[1], [2], [1]]
    assert reader.n_features_in_ == 3
    later = reader._read_inputs(X[:2], reset=False)
    assert later.columns["codes"].tolist() == [[1], [2]]


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.array([[1.0, np.nan], [3, 4]], dtype=np.float32),
        np.array([[1, None], [3, 4]], dtype=object),
        [[1, None], [3, 4]],
        pd.DataFrame({"a": [1.0, None], "b": [True, False]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1.0, 2.0]}),
    ],
)
def test_plain_numbers_are_one_column(X):
    reader, columns = read(X)
    assert [*columns] == ["x"]
    assert columns["x"].shape == (2, 2)
    assert reader._mixed is None
    if isinstance(X, np.ndarray) and X.dtype != object:
        assert columns["x"].dtype == X.dtype, "no copy in another dtype"


def test_large_memory_maps_stay_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("skdl._reading._input.STREAM_BYTES", 100)
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    X[5, 1] = np.nan
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    y = X[:, 0]
    model = MLPRegressor(**SMALL, random_state=0).fit(mapped, y)
    expected = MLPRegressor(**SMALL, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict(mapped), expected.predict(X), atol=1e-5)


def test_text_where_all_were_numbers_is_named():
    reader, _ = read(FRAME[["size", "n"]])
    with pytest.raises(ValueError, match=r"X must hold numbers, got 'a' in row 0 of column 'n'"):
        reader._read_inputs(FRAME[["size", "n"]].assign(n=[*"aba"]), reset=False)


def test_infinity_is_named_by_its_column():
    with pytest.raises(ValueError, match=r"infinity .*first at row 1, column 'n'"):
        read(FRAME.assign(n=[1.0, -np.inf, 2.0]))


@pytest.mark.parametrize("X", [FRAME[:0], FRAME[[]], np.empty((3, 0)), []])
def test_empty_tables_are_told(X):
    with pytest.raises(ValueError, match=r"0 (sample|feature)\(s\)"):
        read(X)


def test_first_rows_and_later_ones_are_joined():
    both = joined_tables(FRAME[:1], FRAME[1:].to_numpy())
    assert [*both] == [*FRAME]
    assert both["city"].tolist() == [*"aba"]
    arrays = joined_tables(np.ones((1, 2)), [[2, 3]])
    np.testing.assert_array_equal(arrays, [[1, 1], [2, 3]])
