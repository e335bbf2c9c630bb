"""Tables of numbers, read or refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator

from skdl.engine import Streamed
from skdl.estimators._base import _checks
from skdl.estimators._base._tables import read_table

X = np.random.default_rng(0).normal(size=(6, 3))


def test_rows_and_columns_are_kept():
    estimator = BaseEstimator()
    frame = pd.DataFrame(X, columns=list("abc"))
    column = read_table(estimator, frame, reset=True).columns["x"]
    assert column.equal(torch.from_numpy(X))
    assert estimator.n_features_in_ == 3
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    assert (
        read_table(estimator, frame.astype("f4"), reset=False).columns["x"].dtype == torch.float32
    )
    with pytest.raises(ValueError, match="feature names"):
        read_table(estimator, frame[["b", "a", "c"]], reset=False)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float16, object])
def test_numbers_of_any_dtype(dtype):
    table = np.clip(np.round(3 * X), 0, 1).astype(dtype)
    column = read_table(BaseEstimator(), table, reset=True).columns["x"]
    assert column.tolist() == table.astype(float).tolist()


BAD = {
    "one dimension": (X[:, 0], "Expected 2D array"),
    "three dimensions": (X[None], "dim 3"),
    "words": (np.array([["a", "b"]]), "must hold numbers, got .*'a'.* in row 0 of column 0"),
    "NaN": (np.where(np.arange(3) == 1, np.nan, X), "NaN, first at row 0, column 1"),
    "infinity": (np.where(X.max() == X, np.inf, X), "infinity"),
    "no rows": (X[:0], "0 sample"),
}


@pytest.mark.parametrize(("table", "message"), BAD.values(), ids=BAD)
def test_what_is_no_table_of_numbers_is_told(table, message):
    with pytest.raises(ValueError, match=message):
        read_table(BaseEstimator(), table, reset=True)


def test_other_columns_than_in_fit_are_told():
    estimator = BaseEstimator()
    read_table(estimator, X, reset=True)
    with pytest.raises(ValueError, match="X has 2 features, but BaseEstimator is expecting 3"):
        read_table(estimator, X[:, :2], reset=False)


def test_a_large_memory_map_stays_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(_checks, "STREAM_BYTES", 10)
    stored = np.memmap(tmp_path / "x", np.float64, "w+", shape=X.shape)
    stored[:] = X
    column = read_table(BaseEstimator(), stored, reset=True).columns["x"]
    assert isinstance(column, Streamed)
    assert column.take(slice(0, 6)).tolist() == X.tolist()
