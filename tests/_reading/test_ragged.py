"""Sequences of unequal length as numbers: what is read, and what is told of others."""

import re

import numpy as np
import pandas as pd
import pytest

from skdl._reading import Given, is_ragged, read_each, without_padding
from skdl.estimators import CNNClassifier, GRUClassifier
from tests.ids import short

MIXED = [np.ones(3), [[1, 2], [3, 4]], pd.DataFrame({"a": [5.0], "b": [6.0]})]


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        ([[1, 2], [3, 4]], False),
        ([[1, 2], [3]], True),
        ([np.ones(2), np.ones(2)], True),
        ([1.0, 2.0], False),
        ([], False),
        (np.ones((2, 2)), False),
        (pd.DataFrame([[1, 2]]), False),
        (pd.Series([1.0, 2.0]), False),
        (pd.Series([[1.0], [2.0, 3.0]]), True),
        ((np.ones((2, 3)), np.ones((4, 3))), True),
    ],
)
def test_is_ragged(X, expected):
    assert is_ragged(X) is expected


def test_flat_sequences_have_channels_where_these_are_known():
    X = [np.arange(6.0), np.ones((2, 2))]
    arrays, values = read_each(X, Given(X), n_channels=2)
    assert [array.tolist() for array in arrays] == [[[0, 1], [2, 3], [4, 5]], [[1, 1], [1, 1]]]
    assert values.tolist() == [*arrays[0].tolist(), *arrays[1].tolist()]
    with pytest.raises(ValueError, match="same number of channels; signal 0 has 1, signal 1 has 2"):
        read_each(X, Given(X), name="signal")


BAD = {
    "empty": ([np.ones(3), np.ones(0)], r"Signal 1 in X must be .* one step; got shape \(0,\)"),
    "no channels": ([np.ones((3, 0))], r"Signal 0 in X must .*\(3, 0\)"),
    "images": ([np.ones((2, 3, 4))], r"Signal 0 .*\(2, 3, 4\).*np.reshape\(x, \(len\(x\), -1\)\)"),
    "words": ([np.ones(3), ["a", "b"]], "Signal 1 in X is not a numeric array"),
    "complex": ([np.ones(3, complex)], "Signal 0 in X .*complex data are not supported"),
    "other channels": (MIXED, "All signals .*; signal 0 has 1, signal 1 has 2. Choose the same"),
    "infinity": ([np.ones(3), np.array([1, -np.inf])], "infinity .* signal 1, step 1, channel 0"),
    "NaN": ([np.ones((3, 2)), np.array([[1, 2], [3, np.nan]])], "signal 1, step 1, channel 1"),
}


@pytest.mark.parametrize(("X", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_named_by_row_and_step(X, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        read_each(X, Given(X), name="signal")


CHANNELS_FIRST = [np.arange(2.0 * n).reshape(2, n) for n in (3, 5, 4, 6)]


def put_last(told, X):
    return eval(re.search(r"put them last: (\[.*?\])\.", str(told.value))[1], {"np": np, "X": X})


@pytest.mark.parametrize("kind", [list, pd.Series])
@pytest.mark.parametrize(
    "model", [GRUClassifier(2, max_epochs=1), CNNClassifier((2,), max_epochs=1, kind="signal"),
              CNNClassifier((2,), max_epochs=1)],
    ids=short,
)  # fmt: skip
def test_channels_that_come_first_are_put_last_as_advised(kind, model):
    X = kind(CHANNELS_FIRST)
    with pytest.raises(ValueError, match="If channels come first, put them last: ") as told:
        model.fit(X, [0, 1, 0, 1])
    last = put_last(told, X)
    assert [array.shape for array in last] == [(3, 2), (5, 2), (4, 2), (6, 2)]
    model.fit(last, [0, 1, 0, 1])
    for later in (X, X[1:2]):  # also one
        with pytest.raises(ValueError, match="put them last: ") as told:
            model.predict(later)
        assert len(model.predict(put_last(told, later))) == len(later)
    with pytest.raises(ValueError, match=r"pass \[X\]"):
        model.predict([np.ones((4, 3))])


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 2)])
def test_nan_behind_shorter_rows_is_left_out_as_advised(shape):
    X = np.arange(float(np.prod(shape))).reshape(shape)
    X[1, 4:] = X[2, 1:] = np.nan
    rest = X[1, 4:].reshape(2, -1)
    told = without_padding(rest, Given(X), is_flat=rest.shape[1] == 1, name="row")
    code = told.partition("without it: ")[2].removesuffix(".")
    items = eval(code, {"np": np, "X": X})
    assert [len(item) for item in items] == [6, 4, 1, 6]
    assert without_padding(np.array([[np.nan], [1.0]]), Given(X), is_flat=True, name="row") == ""
