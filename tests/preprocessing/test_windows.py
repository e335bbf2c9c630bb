"""sliding_windows: what is in a window, what is to be predicted, and no look-ahead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from skdl.preprocessing import sliding_windows


@st.composite
def _cases(draw):
    """Return n_steps, n_channels, width, horizons and stride that fit together."""
    width = draw(st.integers(1, 6))
    horizons = sorted(draw(st.sets(st.integers(1, 5), min_size=1, max_size=3)))
    n_steps = width + horizons[-1] + draw(st.integers(0, 20))
    return n_steps, draw(st.integers(1, 3)), width, horizons, draw(st.integers(1, 4))


@settings(max_examples=150, deadline=None)
@given(case=_cases())
def test_windows_hold_their_steps_and_y_lies_ahead(case):
    n_steps, n_channels, width, horizons, stride = case
    clock = np.repeat(np.arange(n_steps)[:, None], n_channels, axis=1)  # each value is its step
    for horizon in horizons:
        X, y = sliding_windows(clock, width, horizon, stride)
        starts = np.arange(0, n_steps - width - horizon + 1, stride)
        assert X.shape == (len(starts), width, n_channels)
        np.testing.assert_array_equal(X[:, 0, 0], starts)
        assert (X.max(axis=(1, 2)) == starts + width - 1).all()  # nothing after the last step
        np.testing.assert_array_equal(y.reshape(len(starts), -1)[:, 0], X[:, -1, 0] + horizon)
    _, path = sliding_windows(clock, width, horizons, stride, target=0)
    n_path = (n_steps - width - horizons[-1]) // stride + 1
    X, _ = sliding_windows(clock, width, horizons[-1], stride)
    assert path.shape == (n_path, len(horizons))
    np.testing.assert_array_equal(path, X[:, -1, :1] + horizons)


@settings(max_examples=100, deadline=None)
@given(case=_cases(), data=st.data())
def test_changing_the_future_changes_no_window_before_it(case, data):
    n_steps, n_channels, width, horizons, stride = case
    rng = np.random.default_rng(0)
    series = rng.normal(size=(n_steps, n_channels))
    X, y = sliding_windows(series, width, horizons, stride, target=0)
    i = data.draw(st.integers(0, len(X) - 1))
    last = i * stride + width - 1
    changed = series.copy()
    changed[last + 1 :] = rng.normal(size=changed[last + 1 :].shape) + 100.0
    X_changed, y_changed = sliding_windows(changed, width, horizons, stride, target=0)
    np.testing.assert_array_equal(X_changed[: i + 1], X[: i + 1])
    assert (y_changed[i] != y[i]).all()


def test_shapes_of_y():
    series = np.arange(40.0).reshape(20, 2)
    assert sliding_windows(series[:, 0], 3)[1].shape == (17,)
    assert sliding_windows(series[:, :1], 3)[1].shape == (17,)
    assert sliding_windows(series, 3)[1].shape == (17, 2)
    assert sliding_windows(series, 3, target=-1)[1].shape == (17,)
    assert sliding_windows(series[:, 0], 3, [1])[1].shape == (17, 1)
    assert sliding_windows(series[:, 0], 3, range(1, 5))[1].shape == (14, 4)
    assert sliding_windows(series, 3, np.array([2, 4]), target=1)[1].shape == (14, 2)


def test_paths_of_several_channels_hold_those_of_each():
    series = np.arange(40.0).reshape(20, 2) ** 2
    X, y = sliding_windows(series, 3, [1, 4])
    assert y.shape == (14, 2, 2)  # window, step ahead, channel
    for channel in range(2):
        _, path = sliding_windows(series, 3, [1, 4], target=channel)
        np.testing.assert_array_equal(y[..., channel], path)
    assert Ridge().fit(X[..., 0], y.reshape(len(y), -1)).predict(X[..., 0]).shape == (14, 4)


def test_pandas_input_and_targets_by_name():
    frame = pd.DataFrame({"a": np.arange(8), "b": np.arange(8) * 0.5})
    X, y = sliding_windows(frame, 2, target="b")
    assert X.shape == (6, 2, 2)
    np.testing.assert_array_equal(y, frame["b"][2:])
    X, y = sliding_windows(frame["a"], 2, target="a")
    np.testing.assert_array_equal(y, frame["a"][2:])
    assert X.dtype == frame["a"].dtype


@pytest.mark.parametrize("horizon", [1, 3, [2, 4]])
@pytest.mark.parametrize("stride", [1, 5])
def test_times_are_those_of_the_values_to_predict(horizon, stride):
    days = pd.date_range("2026-01-01", periods=60)
    series = pd.Series(np.arange(60.0), days).drop(days[[20, 21, 45]])
    X, y, times = sliding_windows(series, 4, horizon, stride, gaps="drop", return_times=True)
    first = y if y.ndim == 1 else y[:, 0]
    np.testing.assert_array_equal(series[times], first)
    plain = sliding_windows(series, 4, horizon, stride, gaps="drop")
    np.testing.assert_array_equal(X, plain[0])
    np.testing.assert_array_equal(y, plain[1])
    values = np.arange(60) * 2.0
    _, y, rows = sliding_windows(values, 4, horizon, stride, return_times=True)
    np.testing.assert_array_equal(values[rows], y if y.ndim == 1 else y[:, 0])


def test_missing_values_pass_through():
    series = pd.Series([1, None, 3, 4], dtype="Int64")
    X, y = sliding_windows(series, 2)
    np.testing.assert_array_equal(X[..., 0], [[1, np.nan], [np.nan, 3]])
    np.testing.assert_array_equal(y, [3, 4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_copies_are_contiguous_and_own_their_memory(dtype):
    series = np.arange(20, dtype=dtype)
    series.flags.writeable = False
    X, y = sliding_windows(series, 4, stride=2)
    assert X.flags.c_contiguous
    assert X.flags.writeable
    assert y.flags.writeable
    assert not np.shares_memory(X, series)
    assert not np.shares_memory(y, series)
    assert X.dtype == y.dtype == dtype


def test_the_shortest_series_gives_one_window():
    X, y = sliding_windows([1.0, 2.0, 3.0], width=1, horizon=2)
    np.testing.assert_array_equal(X, [[[1.0]]])
    np.testing.assert_array_equal(y, [3.0])


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be at least 1, got 0"),
        ({"width": 2.0}, TypeError, "width must be an int, got 2.0"),
        ({"width": True}, TypeError, "width must be an int"),
        ({"stride": 0}, ValueError, "stride must be at least 1"),
        ({"horizon": 0}, ValueError, "horizon must be at least 1, got 0"),
        ({"horizon": 1.5}, TypeError, "horizon must be an int"),
        ({"horizon": []}, ValueError, "increasing sequence"),
        ({"horizon": [1, 1]}, ValueError, "increasing sequence"),
        ({"horizon": [0, 1]}, ValueError, "each horizon must be at least 1"),
        ({"width": 10}, ValueError, r"at least width \+ max\(horizon\) = 11 steps, got 10"),
        ({"gaps": "skip"}, ValueError, "gaps must be one of 'error', 'drop', 'ignore', got 'skip'"),
        ({"target": 2}, ValueError, "got 2 for 2 channel"),
        ({"target": "c"}, ValueError, r"got 'c' for the columns \['a', 'b'\]"),
        ({"target": 0.0}, TypeError, "target must be None, an int, or the name"),
    ],
)
def test_bad_parameters_are_refused(kwargs, error, message):
    frame = pd.DataFrame({"a": np.arange(10), "b": np.arange(10)})
    with pytest.raises(error, match=message):
        sliding_windows(frame, **{"width": 3, **kwargs})


@pytest.mark.parametrize(
    "series",
    [
        np.zeros((4, 4, 4)),
        np.float64(3.0),
        np.zeros((10, 0)),
        np.zeros(0),
        pd.DataFrame({"a": []}),
        list("abcdefghij"),
        pd.date_range("2020-01-01", periods=10),
        np.array(pd.date_range("2020-01-01", periods=10), dtype=object),
        np.arange(10) * 1j,
    ],
)
def test_bad_series_are_refused(series):
    with pytest.raises(ValueError, match="series must"):
        sliding_windows(series, 2)


def test_a_dict_of_channels_becomes_a_frame():
    series = {"a": np.arange(40.0), "b": np.arange(40.0)}
    with pytest.raises(TypeError, match=r"pass pd\.DataFrame\(series\)"):
        sliding_windows(series, 4)
    assert sliding_windows(pd.DataFrame(series), 4)[0].shape == (36, 4, 2)
