"""What X may be, what it means, and what is said when it cannot be read."""

import contextlib
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skdl._reading import _input
from skdl.datasets import make_sequences
from skdl.estimators import GRUClassifier, GRURegressor, LSTMRegressor

SMALL = {"hidden_size": 3, "max_epochs": 2, "random_state": 0, "early_stopping": False}
X3, Y = make_sequences(30, n_steps=6, n_channels=2, random_state=0)
X2 = X3[..., 0]


def regressor(**params):
    return LSTMRegressor(**{**SMALL, **params})


def fit_predict(X, **params):
    return regressor(**params).fit(X, Y).predict(X)


# The same meaning, the same predictions ----------------------------------------------------------


def test_two_dimensions_are_one_channel():
    np.testing.assert_array_equal(fit_predict(X2), fit_predict(X2[..., None]))


def test_flattened_with_n_channels_is_three_dimensions():
    flat = X3.reshape(30, 12)
    np.testing.assert_array_equal(fit_predict(flat, n_channels=2), fit_predict(X3))
    model = regressor(n_channels=2).fit(pd.DataFrame(flat).add_prefix("c"), Y)
    assert (model.n_features_in_, model.n_channels_in_, model.n_steps_in_) == (12, 2, 6)
    np.testing.assert_array_equal(
        model.predict(pd.DataFrame(flat).add_prefix("c")), fit_predict(X3)
    )


def test_a_list_of_equal_lengths_is_an_array():
    np.testing.assert_allclose(fit_predict(list(X3)), fit_predict(X3), atol=1e-6)
    model = regressor().fit(list(X3), Y)
    np.testing.assert_allclose(model.predict(X3), model.predict(list(X3)), atol=1e-6)


def ragged(n=30, n_channels=1):
    return make_sequences(n, n_steps=9, n_channels=n_channels, ragged=True, random_state=0)[0]


def containers(sequences):
    objects = np.empty(len(sequences), dtype=object)
    objects[:] = sequences
    yield [list(x) for x in sequences]
    yield tuple(sequences)
    yield objects
    yield pd.Series(sequences, index=range(100, 100 + len(sequences)))
    yield [np.reshape(x, (len(x), -1)) for x in sequences]
    yield [pd.DataFrame(x) for x in sequences]
    yield [x.astype(np.float64)[::-1].copy()[::-1] for x in sequences]


@pytest.mark.parametrize("n_channels", [1, 2])
def test_containers_of_ragged_sequences_do_not_matter(n_channels):
    expected = fit_predict(ragged(n_channels=n_channels))
    for other in containers(ragged(n_channels=n_channels)):
        np.testing.assert_array_equal(fit_predict(other), expected)


def test_ragged_sequences_set_no_number_of_features():
    model = regressor().fit(pd.DataFrame(X2).add_prefix("t"), Y).fit(ragged(), Y)
    assert model.n_channels_in_ == 1
    for name in ("n_features_in_", "n_steps_in_", "feature_names_in_"):
        assert not hasattr(model, name)


def test_a_model_of_ragged_sequences_predicts_any_length():
    model = regressor().fit(ragged(), Y)
    assert model.predict([np.ones(1), np.ones(50)]).shape == (2,)
    assert model.predict(np.ones((4, 17))).shape == (4,)


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int16, np.int64, np.uint8, bool]),
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=5),
        elements=st.integers(0, 1),
    )
)
def test_any_shape_and_dtype_of_an_array(X):
    model = GRURegressor(2, max_epochs=1, random_state=0).fit(X, np.arange(len(X)))
    assert np.isfinite(model.predict(X)).all()
    assert model.n_features_in_ == X.shape[1]
    assert model.n_channels_in_ == (X.shape[2] if X.ndim == 3 else 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=6), st.integers(1, 3))
def test_any_lengths_of_sequences(lengths, n_channels):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, n_channels)) for length in lengths]
    model = GRUClassifier(2, max_epochs=1, random_state=0).fit(X, np.arange(len(X)) % 2)
    proba = model.predict_proba(X)
    alone = np.concatenate([model.predict_proba([x]) for x in X])
    np.testing.assert_allclose(proba, alone, atol=1e-5)


# What cannot be read -----------------------------------------------------------------------------

NAN, INF = X3.copy(), X2.copy()
NAN[3, 2, 1], INF[4, 5] = np.nan, -np.inf
BAD = {
    "no rows": (np.empty((0, 3)), {}, "0 sample"),
    "empty list": ([], {}, r"0 sample|empty|at least one"),
    "one dimension": (np.zeros(30), {}, "is one-dimensional"),
    "list of numbers": ([1.0] * 30, {}, "is one-dimensional"),
    "four dimensions": (np.zeros((30, 2, 2, 2)), {}, r"n_samples, n_steps, n_channels.*\(30, 2, 2"),
    "no steps": (np.empty((30, 0, 2)), {}, r"at least one|0 step|0 feature"),
    "no columns": (np.empty((30, 0)), {}, r"0 feature|at least one"),
    "no channels": (np.empty((30, 3, 0)), {}, "at least one .*channel"),
    "not divisible": (X2, {"n_channels": 4}, "6 columns, which n_channels=4 does not divide"),
    "other channels": (X3, {"n_channels": 3}, r"n_channels=3, but X.*has 2 channels"),
    "other channels, ragged": (list(X3), {"n_channels": 3}, "n_channels=3, but.*have 2 channels"),
    "unequal channels": (
        [*X3[:-1], X3[-1, :, :1]],
        {},
        "same number of channels; sequence 0 has 2, sequence 29 has 1",
    ),
    "length 0": ([*X2[:-1], X2[-1, :0]], {}, r"Sequence 29 .*at least one step; got shape \(0,\)"),
    "no sequence": ([*X2[:-1], np.ones((2, 2, 2))], {}, r"Sequence 29 .*got shape \(2, 2, 2\)"),
    "words": ([*X2[:-1], ["a", "b"]], {}, "Sequence 29 in X is not a numeric array"),
    "table of words": ([["a", "b"]] * 30, {}, "must hold numbers, got 'a' in row 0 of column 0"),
    "NaN": (NAN, {}, "X contains NaN, first at row 3, step 2, channel 1"),
    "NaN, flat": (NAN.reshape(30, 12), {"n_channels": 2}, "NaN, first at row 3, step 2, channel 1"),
    "infinity": (INF, {}, "X contains infinity.*first at row 4, step 5, channel 0"),
    "NaN, ragged": (list(NAN), {}, "X contains NaN, first at sequence 3, step 2, channel 1"),
    "infinity, ragged": (list(INF), {}, "infinity.*first at sequence 4, step 5, channel 0"),
    "too large": (X2 * 1e300, {}, "infinity or a value too large"),
}


@pytest.mark.parametrize(("X", "params", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_told_and_nothing_is_half_fitted(X, params, message):
    model = regressor(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y[: len(X)])
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize(
    ("fitted_on", "X", "message"),
    [
        (X2, X2[:, :5], "X has 5 features, but LSTMRegressor is expecting 6"),
        (X3, X3[..., :1], "X has 1 channels, but LSTMRegressor was fitted.*2 channels"),
        (X3, X3[:, :3], "sequences of 3 steps and 2 channels, but .* on 6 steps and 2 channels"),
        (X2, X3, "X has 2 channels, but .* 1 channels"),
        (list(X3), list(X2), "X has 1 channels, but .* 2 channels"),
        (X2, ragged(), "sequences of . to . steps.*fitted on an array, with 6 steps"),
        (X2, NAN[..., 1], "X contains NaN, first at row 3, step 2, channel 0"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "encode"])
def test_other_sizes_at_predict_are_told(fitted_on, X, message, method):
    model = regressor().fit(fitted_on, Y)
    before = model.predict(fitted_on)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X)
    np.testing.assert_array_equal(model.predict(fitted_on), before)


def test_values_that_sum_to_infinity_are_finite():
    X = np.full((30, 6), 3e37, dtype=np.float32)
    X[:, 1] *= -1
    assert np.isfinite(fit_predict(X)).all()


# Memory maps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i2", "i8", "u1", "?", ">f4"])
def test_a_streamed_memory_map_predicts_as_an_array(tmp_path, monkeypatch, dtype):
    array = (np.abs(X3) > 1).astype(dtype)
    mapped = np.memmap(tmp_path / "x", dtype, "w+", shape=X3.shape)
    mapped[:] = array
    expected = fit_predict(array)
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    np.testing.assert_allclose(fit_predict(mapped), expected, atol=1e-5)
    flat = mapped.reshape(30, 12)
    np.testing.assert_allclose(fit_predict(flat, n_channels=2), expected, atol=1e-5)


@contextlib.contextmanager
def peak_memory():
    """A list that ends with the bytes that the process needed more inside, maps not counted."""

    def used():
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024

    def watch():
        while not done.wait(0.002):
            seen.append(used())

    before, seen, done = used(), [], threading.Event()
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
        seen.append(max(seen) - before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "shape"),
    [
        (GRUClassifier, (500_000, 25, 6)),
        (GRUClassifier, (1_000, 75, 1_000)),
        (GRURegressor, (500_000, 25, 6)),
    ],
    ids=["many rows", "wide rows", "many rows, with a line"],
)
def test_a_large_memory_map_is_streamed(tmp_path, shape, cls):
    X = np.memmap(tmp_path / "x", np.float32, "w+", shape=shape)  # 300 MB
    y = np.arange(len(X)) % 2
    model = cls(2, max_epochs=1, batch_size=len(X) // 50)
    model.fit(X[: len(X) // 50], y[: len(X) // 50])  # what torch needs once
    with peak_memory() as peak:
        model.fit(X, y)
        model.predict(X)
    assert peak[-1] < 150e6


# Lengths -----------------------------------------------------------------------------------------


def test_flat_rows_in_a_list_are_cut_into_channels():
    flat = X3.reshape(len(X3), -1)
    expected = regressor().fit(X3, Y).predict(X3)
    got = regressor(n_channels=2).fit(list(flat), Y).predict(list(flat))
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_what_is_no_sequence_among_sequences_is_named():
    with pytest.raises(ValueError, match="None in row 1"):
        regressor().fit([np.zeros(4), None, np.zeros(5)], np.zeros(3))
