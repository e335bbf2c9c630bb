"""Flatten: samples of any shape become rows, in row-major order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl.preprocessing import Flatten


@parametrize_with_checks([Flatten()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3), (5, 4, 3, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int64, bool])
def test_rows_are_row_major_and_keep_the_dtype(shape, dtype):
    X = (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)
    flatten = Flatten()
    out = flatten.fit_transform(X)
    np.testing.assert_array_equal(out, X.reshape(len(X), -1))
    assert out.dtype == dtype
    assert flatten.n_features_in_ == shape[1]
    assert flatten.shape_in_ == shape[1:]
    assert len(flatten.get_feature_names_out()) == out.shape[1]


def _in_object_array(arrays):
    out = np.empty(len(arrays), dtype=object)
    out[:] = arrays
    return out


@pytest.mark.parametrize("container", [list, tuple, _in_object_array, pd.Series])
@pytest.mark.parametrize("shape", [(6,), (3, 2)])
def test_containers_of_equal_arrays_are_one_array(container, shape):
    X = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    out = Flatten().fit_transform(container(list(X)))
    np.testing.assert_array_equal(out, X.reshape(4, -1))
    assert out.dtype == np.float32


def test_lists_of_lists_and_of_objects():
    nested = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    np.testing.assert_array_equal(Flatten().fit_transform(nested), [[1, 2, 3, 4], [5, 6, 7, 8]])
    objects = [np.array([1, 2.5], dtype=object), np.array([3, 4], dtype=object)]
    out = Flatten().fit_transform(objects)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out, [[1, 2.5], [3, 4]])


def test_non_contiguous_and_read_only_input():
    base = np.arange(48.0).reshape(4, 3, 4)
    X = base.transpose(0, 2, 1)[::-1]
    X.flags.writeable = False
    out = Flatten().fit_transform(X)
    np.testing.assert_array_equal(out, np.ascontiguousarray(X).reshape(4, -1))


def test_dataframes_keep_their_names():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=["r", "s"])
    out = Flatten().set_output(transform="pandas").fit_transform(frame)
    pd.testing.assert_frame_equal(out, frame)


def test_pandas_output_of_nd_input_names_the_place():
    X = np.arange(12.0).reshape(2, 3, 2)
    out = Flatten().set_output(transform="pandas").fit_transform(X)
    assert list(out.columns) == ["x0_0", "x0_1", "x1_0", "x1_1", "x2_0", "x2_1"]
    np.testing.assert_array_equal(out.to_numpy(), X.reshape(2, -1))
    images = Flatten().fit(np.zeros((2, 2, 2, 3)))
    assert images.get_feature_names_out()[-1] == "x1_1_2"
    assert images.get_feature_names_out(["top", "bottom"])[0] == "top_0_0"


def test_nan_passes_and_infinity_does_not():
    X = np.zeros((3, 2, 2))
    X[1, 0, 1] = np.nan
    assert np.isnan(Flatten().fit_transform(X)[1, 1])
    X[1, 0, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        Flatten().fit(X)


@pytest.mark.parametrize("fitted", [(4, 8, 8), (4, 8, 8, 3)])
@pytest.mark.parametrize("got", [(4, 8, 7), (4, 64), (4, 8)])
def test_another_shape_at_transform_names_both(fitted, got):
    flatten = Flatten().fit(np.zeros(fitted))
    with pytest.raises(ValueError, match="shape seen in fit") as caught:
        flatten.transform(np.zeros(got))
    assert str(fitted[1:]) in str(caught.value)
    assert str(got[1:]) in str(caught.value)
    with pytest.raises(ValueError, match="shape seen in fit"):
        Flatten().fit(np.zeros(got)).transform(np.zeros(fitted))


def test_ragged_rows_are_named():
    X = [np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((5, 2))]
    with pytest.raises(ValueError, match=r"row 2 has shape \(5, 2\).*[Pp]ad or truncate"):
        Flatten().fit(X)
    many = [np.zeros(2)] * 10 + [np.zeros(3 + i) for i in range(8)]
    with pytest.raises(ValueError, match=r"row 10 .* and 3 more"):
        Flatten().fit(many)
    with pytest.raises(ValueError, match="row 1 of X is itself ragged"):
        Flatten().fit([[[1, 2], [3, 4]], [[1, 2], [3]]])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "0 sample"),
        ([1.0, 2.0], "Expected 2D array"),
        (np.zeros(3), "Expected 2D array"),
        (np.zeros((0, 2, 2)), "0 sample"),
        (np.zeros((2, 3, 0)), "at least one value per sample"),
        ([["a", "b"], ["c", "d"]], "numeric|convert"),
    ],
)
def test_bad_input_is_refused(X, message):
    flatten = Flatten()
    with pytest.raises(ValueError, match=message):
        flatten.fit(X)
    assert not hasattr(flatten, "shape_in_")


def test_in_a_pipeline_and_cross_validation():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4, 2))
    y = np.where(X[:, 1, 0] > 0, "up", "down")
    X[0, 0, 0] = np.nan
    pipe = make_pipeline(Flatten(), SimpleImputer(), LogisticRegression())
    assert cross_val_score(clone(pipe), X, y, cv=3).mean() > 0.8
    assert cross_val_score(pipe, list(X), y, cv=3).mean() > 0.8


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), r"X must.*'x' in row 0 of column 'b'"),
        (
            [pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": ["x"]})],
            "Item 1 of X must.*'x' in row 0",
        ),
        ([pd.DataFrame({"a": [pd.Timestamp("2024")]})], r"Item 0 of X must.*dates become days"),
    ],
)
def test_text_and_dates_are_no_numbers(X, words):
    with pytest.raises(ValueError, match=words):
        Flatten().fit(X)


BYTES = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)


@pytest.mark.parametrize("as_list", [False, True])
def test_other_units_than_in_fit_are_told(as_list):
    def given(X):
        return list(X) if as_list else X

    flatten = Flatten().fit(given(BYTES))
    for X, words in [
        (BYTES / 255, "X holds fractions up to 1, but Flatten was fitted on whole numbers"),
        (BYTES // 16, "X holds values up to 15, less than 1/8"),
        (np.concatenate([BYTES, BYTES / 255]), "whole numbers in row 0 and fractions of 1"),
    ]:
        with pytest.warns(UserWarning, match=words):
            flatten.transform(given(X))
    flatten.transform(given(BYTES + 0.5))


def test_units_are_those_of_rows_without_gaps():
    gaps = np.where(BYTES > 250, np.nan, BYTES)
    gaps[0] = BYTES[0]
    flatten = Flatten().fit(gaps)
    flatten.transform(gaps)
    with pytest.warns(UserWarning, match="other units"):
        flatten.transform(gaps / 255)
    Flatten().fit(np.full((3, 4), np.nan)).transform(BYTES[:, 0, :4] / 255)  # none are known
