"""One value that makes most of the variance of its channel."""

import warnings

import numpy as np
import pytest
import torch

from skdl.engine import Data, Ragged
from skdl.estimators._base._scales import channel_scales


def scales(X, weight=None, rows=None):
    columns = {"x": torch.as_tensor(X)}
    if weight is not None:
        columns["weight"] = torch.as_tensor(weight)
    data = Data(columns)
    if rows is not None:
        data = data.subset(torch.as_tensor(rows))
    return channel_scales(data, X.shape[-1], torch.float64, measured=True)


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize(("value", "warns"), [(20.0, False), (60.0, True), (-1e9, True)])
def test_where_it_makes_more_than_half(value, warns):
    X = normal(100, 20, 2)
    X[7, 3, 1] = value
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scales(X)
    assert ["in row 7, step 3, channel 1" in str(each.message) for each in told] == [True] * warns


@pytest.mark.parametrize("draw", ["lognormal", "exponential", "standard_t"])
def test_long_tails_are_usual(draw):
    rng = np.random.default_rng(0)
    size = (400, 10, 1)
    scales(rng.standard_t(3, size) if draw == "standard_t" else getattr(rng, draw)(size=size))


def test_indicators_of_what_is_rare_are_usual():
    X = np.zeros((300, 1, 3))
    X[5, 0, 0] = X[7, 0, 1] = 1
    X[[7, 8], 0, 2] = 1, 40
    scales(X)


def test_rows_are_numbered_as_in_x():
    X = normal(300, 4, 1)
    X[250, 0, 0] = 1e5
    with pytest.warns(UserWarning, match="in row 250"):
        scales(X, rows=np.arange(100, 300))


def test_padding_and_light_rows_do_not_count():
    X = normal(300, 4, 1)
    X[10] = 1e5
    scales(X, weight=np.where(np.arange(300) == 10, 1e-9, 1.0))
    steps = Ragged(torch.from_numpy(1e3 + normal(500, 1)), torch.tensor([1, 2] * 100 + [200]))
    channel_scales(Data({"x": steps}), 1, torch.float64, measured=True)


def test_a_row_of_hardly_any_weight_is_not_the_one_that_is_named():
    X = normal(300, 4, 1)
    X[10], X[20, 2] = 1e7, 1e5
    with pytest.warns(UserWarning, match="holds 100000 in row 20, step 2"):
        scales(X, weight=np.where(np.arange(300) == 10, 1e-12, 1.0))
