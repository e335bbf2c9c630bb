"""Statistics of channels, and of the columns of tables."""

import numpy as np
import pytest
import torch
from torch import nn

from skdl.engine import Data, Ragged
from skdl.estimators._base._scales import (
    channel_scales,
    channel_statistics,
    differ_in_size,
    learn_channel_scales,
    unit_scales,
)
from skdl.modules import standardized

RNG = np.random.default_rng(0)
X3 = RNG.normal(size=(20, 5, 2))


def test_channel_statistics_are_those_of_the_steps_without_padding():
    sequences = [RNG.normal(size=(n, 2)) for n in (3, 1, 4, 1, 5)]
    lengths = torch.tensor([len(x) for x in sequences])
    column = Ragged(torch.tensor(np.concatenate(sequences)), lengths)
    mean, scale, _ = channel_statistics(Data({"x": column}))
    steps = np.concatenate(sequences)
    np.testing.assert_allclose(mean, steps.mean(0))
    np.testing.assert_allclose(scale, steps.std(0))


def test_channel_statistics_weigh_rows():
    weight = torch.tensor([0.0, 1.0, 2.0])
    data = Data({"x": torch.tensor(X3[:3]), "weight": weight})
    mean, scale, _ = channel_statistics(data)
    steps = X3[[1, 2, 2]].reshape(-1, 2)
    np.testing.assert_allclose(mean, steps.mean(0))
    np.testing.assert_allclose(scale, steps.std(0))


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
def test_channel_statistics_stand_offsets_and_constants(offset):
    X = X3 + offset
    X[..., 1] = 7.0 + offset
    mean, scale, _ = channel_statistics(Data({"x": torch.tensor(X)}))
    np.testing.assert_allclose(mean, X.mean((0, 1)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scale, [X3[..., 0].std(), 1.0], rtol=1e-5)


def test_columns_of_a_table_are_its_channels():
    table = X3[:, 0]
    mean, scale, _ = channel_statistics(Data({"x": torch.tensor(table)}))
    np.testing.assert_allclose(mean, table.mean(0))
    np.testing.assert_allclose(scale, table.std(0))


def test_scales_that_are_not_measured_change_nothing():
    mean, scale = channel_scales(Data({"x": torch.tensor(X3)}), 2, torch.float32, measured=False)
    assert (mean.sum(0).tolist(), scale.tolist()) == ([0, 0], [1, 1])
    assert mean.dtype is scale.dtype is torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_means_in_two_rows_lose_nothing(dtype):
    X = X3 * [1.0, 1e-3] + [1e12, -1.7e9]
    mean, scale = channel_scales(Data({"x": torch.tensor(X)}), 2, dtype, measured=True)
    np.testing.assert_allclose(mean.double().sum(0), X.mean((0, 1)), rtol=1e-15)
    seen = standardized(torch.tensor(X), mean, scale)
    assert seen.dtype is dtype
    np.testing.assert_allclose(seen.mean((0, 1)), 0, atol=1e-2)
    np.testing.assert_allclose(seen.std((0, 1)), 1, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_module_learns_its_scales_in_its_dtype(dtype):
    module, train = nn.Module(), Data({"x": torch.tensor(X3)})
    for name, value in zip(("mean", "scale"), unit_scales(2, dtype), strict=True):
        module.register_buffer(name, value)
    assert (module.mean.sum(), module.scale.sum()) == (0, 2)
    learn_channel_scales(module, train, measured=True)
    expected = channel_scales(train, 2, dtype, measured=True)
    assert set(module.state_dict()) == {"mean", "scale"}
    for got, wanted in zip(module.state_dict().values(), expected, strict=True):
        assert got.dtype is dtype
        assert got.equal(wanted)


@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x, i: x, False),
        (lambda x, i: x + i, False),
        (lambda x, i: x * (1 + i), False),
        (lambda x, i: x + 100 * i, True),
        (lambda x, i: x * 100**i, True),
    ],
    ids=["alike", "levels", "spreads", "other levels", "other spreads"],
)
def test_series_that_differ_by_an_order_of_magnitude(change, expected, is_ragged):
    """In one channel of two."""
    rows = [RNG.normal(size=(20 + is_ragged * row, 2)) for row in range(30)]
    for row, x in enumerate(rows):
        x[:, 1] = change(x[:, 1], row / 29)
    if is_ragged:
        lengths = torch.tensor([len(x) for x in rows])
        data = Data({"x": Ragged(torch.tensor(np.concatenate(rows)), lengths)})
    else:
        data = Data({"x": torch.tensor(np.array(rows))})
    assert differ_in_size(data) is expected
