"""Warnings of numbers that stand for missing values."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from skdl.estimators import CNNClassifier, LSTMClassifier, LSTMRegressor, TransformerClassifier
from skdl.estimators._base._placeholders import warn_of_placeholders

RNG = np.random.default_rng(0)
COLUMN = RNG.normal(10, 2, 200)
DEEP = [
    LSTMRegressor(4, max_epochs=1),
    LSTMClassifier(4, max_epochs=1),
    CNNClassifier((4,), kind="signal", max_epochs=1),
    TransformerClassifier(8, n_heads=2, n_layers=1, max_epochs=1),
]


def marked(value, n_times=3, column=COLUMN):
    column = column.copy()
    column[7 : 7 + n_times] = value
    return torch.tensor(column)[:, None]


@pytest.mark.parametrize("value", [-99, -999, -9999, 9999, 99999, -32768, 2147483647, 1e20, -3e38])
def test_placeholders_are_told(value):
    with pytest.warns(UserWarning, match=re.escape(f"X holds {value:g} 3 times in channel 0")):
        warn_of_placeholders(marked(value), "X", "channel")


@pytest.mark.parametrize(
    ("value", "n_times"), [(-9999, 1), (65535, 1), (999.9, 2), (-99.9, 5), (-777, 3), (-200, 5)]
)
def test_so_are_those_that_are_far_from_all_else(value, n_times):
    often = "once" if n_times == 1 else f"{n_times} times"
    with pytest.warns(UserWarning, match=re.escape(f"X holds {value:g} {often} in channel 0")):
        warn_of_placeholders(marked(value, n_times), "X", "channel")


@pytest.mark.parametrize(
    "values",
    [
        marked(99, n_times=1),  # an outlier
        marked(-1000, n_times=2),
        marked(0.0),
        marked(99, column=RNG.normal(90, 30, 200)),  # as far as others
        torch.full((200, 1), -999.0),
        torch.tensor([[-999.0], [-999.0]]),
        torch.tensor([[99.0], [0.0]]).repeat(50, 1),
    ],
    ids=["once", "no nines", "zero", "near", "constant", "two rows", "two values"],
)
def test_other_numbers_are_not_told(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_placeholders(values, "X", "channel")


@pytest.mark.parametrize("model", DEEP, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("at_end", [False, True])
def test_fits_warn_of_x(model, at_end):
    X, y = RNG.normal(size=(40, 6, 2)), np.arange(40) % 2
    X[3:5, -1 if at_end else 2, 1] = -999
    with pytest.warns(UserWarning, match="X holds -999 2 times in channel 1.*Leave such rows out"):
        model.fit(X, y)


def test_padding_is_not_looked_at():
    X = [RNG.normal(50, 1, size=(n, 1)) for n in (3, 9, 5, 6, 4, 8, 7, 3, 9, 5)]
    LSTMRegressor(4, max_epochs=1).fit(X, np.arange(10.0))


def test_fits_warn_of_y():
    X, y = RNG.normal(size=(40, 6)), RNG.normal(size=(40, 2))
    y[[3, 9], 1] = -9999
    with pytest.warns(UserWarning, match="y holds -9999 2 times in target 1"):
        LSTMRegressor(4, max_epochs=1).fit(X, y)


def test_what_the_warning_advises_works():
    """Rows left out, or values filled."""
    series = pd.Series(np.sin(np.arange(80) / 5))
    series[[20, 21, 50]] = -999
    filled = series.replace(-999, np.nan).interpolate().to_numpy()
    X = np.lib.stride_tricks.sliding_window_view(filled[:-1], 8)
    LSTMRegressor(4, max_epochs=1).fit(X, filled[8:])


@pytest.mark.parametrize("model", DEEP, ids=lambda model: type(model).__name__)
def test_rows_that_count_for_nothing_are_not_told(model):
    X, y = RNG.normal(size=(40, 6, 2)), np.arange(40) % 2
    weight = np.where(np.arange(40) < 5, 1e-12, 1.0)
    X[:5] = -999
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y, sample_weight=weight)
    with pytest.warns(UserWarning, match="X holds -999 30 times"):
        model.fit(X, y, sample_weight=np.ones(40))
