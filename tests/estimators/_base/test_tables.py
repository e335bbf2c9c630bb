"""Tables of numbers, read or refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator

from skdl._reading import _input
from skdl.engine import Streamed
from skdl.estimators._base._tables import TableInputMixin

X = np.random.default_rng(0).normal(size=(6, 3))


class Reader(TableInputMixin, BaseEstimator):
    """An estimator that only reads."""


def read(table, reader=None):
    """The column that a table becomes, in a fit or like that of ``reader``."""
    data = (reader or Reader())._read_inputs(table, reset=reader is None)
    return data.columns["x"]


def test_rows_and_columns_are_kept():
    reader, frame = Reader(), pd.DataFrame(X, columns=list("abc"))
    column = reader._read_inputs(frame, reset=True).columns["x"]
    assert column.equal(torch.from_numpy(X))
    assert reader.n_features_in_ == 3
    assert reader.feature_names_in_.tolist() == ["a", "b", "c"]
    assert read(frame.astype("f4"), reader).dtype == torch.float32
    with pytest.raises(ValueError, match="feature names"):
        read(frame[["b", "a", "c"]], reader)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float16, object])
def test_numbers_of_any_dtype(dtype):
    table = np.clip(np.round(3 * X), 0, 1).astype(dtype)
    column = read(table)
    assert column.tolist() == table.astype(float).tolist()


BAD = {
    "one dimension": (X[:, 0], "is one-dimensional"),
    "three dimensions": (X[None], "dim 3"),
    "words": (np.array([["a", "b"]]), "must hold numbers, got .*'a'.* in row 0 of column 0"),
    "NaN": (np.where(np.arange(3) == 1, np.nan, X), "NaN, first at row 0, column 1"),
    "infinity": (np.where(X.max() == X, np.inf, X), "infinity"),
    "no rows": (X[:0], "0 sample"),
    "unequal rows": ([X[0], X[1, :2]], "row 0 has 3 values and row 1 has 2"),
    "texts": (["good film", "bad one"], "'str' as in row 0: 'good film'"),
}


@pytest.mark.parametrize(("table", "message"), BAD.values(), ids=BAD)
def test_what_is_no_table_of_numbers_is_told(table, message):
    with pytest.raises(ValueError, match=message):
        read(table)


def test_other_columns_than_in_fit_are_told():
    reader = Reader()
    reader._read_inputs(X, reset=True)
    with pytest.raises(ValueError, match="X has 2 features, but Reader is expecting 3"):
        read(X[:, :2], reader)


def test_a_large_memory_map_stays_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(_input, "STREAM_BYTES", 10)
    stored = np.memmap(tmp_path / "x", np.float64, "w+", shape=X.shape)
    stored[:] = X
    column = read(stored)
    assert isinstance(column, Streamed)
    assert column.take(slice(0, 6)).tolist() == X.tolist()
