"""Rows of a series, in order, and rows that were sorted."""

import numpy as np
import pytest
import torch

from skdl.engine import Data, Ragged, Streamed
from skdl.estimators import LSTMRegressor
from skdl.estimators._base._series import is_series
from skdl.preprocessing import sliding_windows

RNG = np.random.default_rng(0)
N = 600
CYCLE = np.sin(np.arange(N) / 9) + 0.1 * RNG.normal(size=N)
WALK = RNG.normal(size=N).cumsum()
STEPS = RNG.normal(size=N)


def data_of(X):
    return Data({"x": torch.as_tensor(X if X.ndim > 2 else X[..., None])})


def windows(series, width=12, horizon=1, **kwargs):
    X, y = sliding_windows(series, width, horizon, **kwargs)
    return data_of(X), y.reshape(len(X), -1)


def smoothed(X):
    """The mean square of each window: neighbouring windows share most of their steps."""
    return (X**2).mean(1)[:, None]


OVERLAPPING, _ = sliding_windows(STEPS, 12, 1)
NOISE = RNG.normal(size=(N, 7))
SERIES = {
    "cycle": windows(CYCLE),
    "walk": windows(WALK),
    "far ahead": windows(CYCLE, horizon=24),
    "windows apart": windows(np.sin(np.arange(20 * N) / 99) + STEPS.repeat(20) / 9, stride=20),
    "trend": windows(np.arange(N) + STEPS),
    "one channel among noise": windows(np.column_stack([NOISE, WALK]), target=7),
    "what is smooth of what is not": (data_of(OVERLAPPING), smoothed(OVERLAPPING)),
    "every third window": (data_of(OVERLAPPING[::3]), smoothed(OVERLAPPING[::3])),
    "unequal lengths": (
        Data(
            {
                "x": Ragged(
                    torch.tensor(np.concatenate([WALK[i : i + 5 + i % 3] for i in range(500)]))[
                        :, None
                    ],
                    torch.tensor([5 + i % 3 for i in range(500)]),
                )
            }
        ),
        WALK[8:508, None],
    ),
    "streamed": (Data({"x": Streamed(sliding_windows(WALK, 9, 1)[0][..., None])}), WALK[9:, None]),
}


@pytest.mark.parametrize(("data", "y"), SERIES.values(), ids=SERIES)
def test_windows_in_order_are_a_series(data, y):
    assert is_series(y, data)
    rows = np.random.default_rng(1).permutation(len(y))
    assert not is_series(y[rows], data.subset(rows))


TABLE = RNG.normal(size=(N, 10))
TARGET = np.sign(TABLE[:, -1]) * TABLE[:, -2] * 2 + 0.5 * TABLE[:, -3]
LINEAR = TABLE @ np.linspace(0, 1, 10) + 0.5 * RNG.normal(size=N)
ORDERS = {
    "as drawn": (TARGET, np.arange(N)),
    "by y": (TARGET, np.argsort(TARGET)),
    "by linear y": (LINEAR, np.argsort(LINEAR)),
    "by y, falling": (TARGET, np.argsort(-TARGET)),
    "by rounded y": (TARGET, np.argsort(TARGET.round(), kind="stable")),
    "by a column": (TARGET, np.argsort(TABLE[:, -2])),
    "by groups of y": (TARGET, np.argsort(TARGET.round() % 3, kind="stable")),
}


@pytest.mark.parametrize(("y", "order"), ORDERS.values(), ids=ORDERS)
def test_rows_that_were_sorted_are_no_series(y, order):
    assert not is_series(y[order, None], data_of(TABLE[order]))
    channels = TABLE.reshape(N, 5, 2)
    assert not is_series(y[order, None], data_of(channels[order]))


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_a_few_rows_are_no_series(n_rows):
    assert not is_series(np.arange(n_rows)[:, None], data_of(TABLE[:n_rows]))


def test_rows_in_order_of_y_are_learned_as_others():
    """The extremes do not validate alone, and are not what the linear model is tried on alone."""
    X = np.random.default_rng(2).normal(size=(1500, 10))
    y = np.sign(X[:, -1]) * X[:, -2] * 2 + 0.5 * X[:, -3]
    noisy = y + 0.1 * np.random.default_rng(3).normal(size=len(y))
    order, model = np.argsort(noisy[:400]), LSTMRegressor(32, random_state=0)
    scores = [
        model.fit(X[rows], noisy[rows]).score(X[400:], y[400:]) for rows in (np.arange(400), order)
    ]
    assert min(scores) > 0.6
