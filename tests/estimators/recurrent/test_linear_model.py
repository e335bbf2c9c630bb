"""The linear model in closed form, against scikit-learn's Ridge and cases whose answer is known."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from skdl.engine import Data
from skdl.estimators.recurrent._linear_model import (
    PENALTIES,
    _candidates,
    _errors,
    _moments,
    _solve,
    _weights,
    fit_linear_model,
)

RNG = np.random.default_rng(0)


def steps(batch):
    return batch["x"].flatten(1).double()


def windows(series, width, horizon=1):
    starts = np.arange(len(series) - width - horizon + 1)
    X = series[starts[:, None] + np.arange(width)]
    return X[..., None], series[starts + width + horizon - 1][:, None]


def as_data(X, y, weight=None):
    columns = {"x": torch.tensor(X), "y": torch.tensor(y)}
    return Data(columns if weight is None else {**columns, "weight": torch.tensor(weight)})


def same_units(n_channels=1, n_targets=1):
    """Offset and slope of channels that are in the units of the targets."""
    return torch.zeros(n_channels, n_targets).double(), torch.ones(n_channels, n_targets).double()


def candidates(X, y, weight=None):
    moments = _moments(as_data(X, y, weight), steps)
    return moments, _candidates(moments, same_units(X.shape[2], y.shape[1]))


X, Y = RNG.normal(size=(50, 4, 2)), RNG.normal(size=(50, 3)) + 5


@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, 50).astype(float)])
@pytest.mark.parametrize("penalty", [0, 7, 12])
def test_the_first_family_is_ridge_regression(penalty, weight):
    moments, (ridge, _, _) = candidates(X, Y, weight)
    total = 50 if weight is None else weight.sum()
    expected = Ridge(float(PENALTIES[penalty]) * total).fit(X.reshape(50, -1), Y, weight)
    got = _solve(moments, ridge)[penalty]
    np.testing.assert_allclose(got[0], expected.intercept_, atol=1e-8)
    np.testing.assert_allclose(got[1:], expected.coef_.T, atol=1e-8)


def test_the_second_family_penalises_differences_to_the_last_step_only():
    moments, (_, anchored, _) = candidates(X, Y)
    Z = (X[:, :-1] - X[:, -1:]).reshape(50, -1)
    free = np.column_stack([np.ones(50), X[:, -1]])
    alpha = float(PENALTIES[9]) * 50
    A = np.column_stack([free, Z])
    gram = A.T @ A + alpha * np.diag([0] * 3 + [1] * Z.shape[1])
    expected = A @ np.linalg.solve(gram, A.T @ Y)
    coefficients = _solve(moments, anchored)[9].numpy()
    np.testing.assert_allclose(
        coefficients[0] + X.reshape(50, -1) @ coefficients[1:], expected, atol=1e-8
    )


def test_the_third_family_ends_in_persistence():
    moments, (_, _, persisting) = candidates(X, X[:, -1, 1:] + 0.1 * Y[:, :1])
    expected = torch.zeros(9, 1).double()
    expected[-1] = 1  # the second channel's last step: it comes nearest to y
    np.testing.assert_allclose(_solve(moments, persisting)[-1], expected, atol=1e-9)


def test_persistence_counts_in_units_of_y():
    series = np.cumsum(RNG.normal(size=400))
    raw_x, raw_y = windows(series, 6)
    standardized = as_data((raw_x - 3) / 2, (raw_y + 1) / 5)
    units = torch.tensor([[(3 + 1) / 5]]).double(), torch.tensor([[2 / 5]]).double()
    coefficients = fit_linear_model(standardized, steps, units).numpy()
    predicted = 5 * (coefficients[0] + ((raw_x[:, :, 0] - 3) / 2) @ coefficients[1:]) - 1
    errors = np.abs(predicted - raw_y).mean(), np.abs(raw_x[:, -1] - raw_y).mean()
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-6)


def test_persistence_wins_a_near_tie_and_no_other():
    errors = torch.tensor(RNG.uniform(1.0, 1.2, size=(10, 2, 3)))
    errors[:, :, 0] *= 0.99
    assert _weights(errors, 10_000).tolist() == [0, 0, 1]
    errors[:, :, 0] *= 0.5
    assert _weights(errors, 10_000)[2] == 0


def test_a_linear_model_without_noise_is_found():
    wave = np.sin(np.arange(300) * 0.3)
    x, y = windows(wave, 8, horizon=5)
    coefficients = fit_linear_model(as_data(x, y), steps, same_units())
    np.testing.assert_allclose(
        coefficients[0].numpy() + x[..., 0] @ coefficients[1:].numpy(), y, atol=1e-3
    )


def test_noise_is_met_with_the_mean():
    noise = RNG.normal(size=(500, 10, 1))
    y = RNG.normal(size=(500, 1)) + 3
    coefficients = fit_linear_model(as_data(noise, y), steps, same_units())
    assert coefficients[0].item() == pytest.approx(y.mean(), abs=0.1)
    assert coefficients[1:].abs().max() < 0.1


def test_errors_are_sums_over_rows_and_targets():
    models = torch.tensor(RNG.normal(size=(5, 9, 3)))
    weight = RNG.uniform(size=50)
    got = _errors(as_data(X, Y, weight), steps, models)
    flat = np.column_stack([np.ones(50), X.reshape(50, -1)])
    for coefficients, (absolute, squared) in zip(models.numpy(), got.T.tolist(), strict=True):
        miss = flat @ coefficients - Y
        assert absolute == pytest.approx((weight[:, None] * np.abs(miss)).sum())
        assert squared == pytest.approx((weight[:, None] * miss**2).sum())


def test_many_rows_choose_and_few_rows_average():
    errors = torch.tensor(RNG.uniform(1.0, 1.2, size=(10, 2, 3)))
    errors[:, :, 2] += 5 + errors[:, :, 2]
    few, many = _weights(errors, 50), _weights(errors, 100_000)
    assert few.sum() == pytest.approx(1)
    assert few[2] == 0  # far worse: left out
    assert (few[:2] > 0.01).all()
    assert many.max() > 0.999


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_hardly_any_rows(n_rows):
    coefficients = fit_linear_model(as_data(X[:n_rows], Y[:n_rows]), steps, same_units(2, 3))
    assert coefficients.shape == (9, 3)
    assert torch.isfinite(coefficients).all()


def test_constant_channels_and_single_steps():
    constant = np.ones((40, 1, 1))
    y = RNG.normal(size=(40, 1))
    coefficients = fit_linear_model(as_data(constant, y), steps, same_units())
    predicted = coefficients[0] + coefficients[1]
    assert predicted.item() == pytest.approx(y.mean(), abs=0.35)
