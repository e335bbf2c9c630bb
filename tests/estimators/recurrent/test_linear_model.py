"""The linear model in closed form, against scikit-learn's Ridge and cases whose answer is known."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch.utils.flop_counter import FlopCounterMode

from skdl.engine import Data
from skdl.estimators.recurrent import _linear_model
from skdl.estimators.recurrent._linear_model import (
    PENALTIES,
    Inputs,
    _candidates,
    _errors,
    _moments,
    _rows,
    _solutions,
    _weights,
    fit_linear_model,
    possible_inputs,
)

RNG = np.random.default_rng(0)


def steps_of(x):
    """All steps of x as they are."""
    _, n_steps, n_channels = x.shape
    return Inputs(*standard(n_channels), n_steps)


def windows(series, width, horizon=1):
    starts = np.arange(len(series) - width - horizon + 1)
    X = series[starts[:, None] + np.arange(width)]
    return X[..., None], series[starts + width + horizon - 1][:, None]


def as_data(X, y, weight=None):
    columns = {"x": torch.tensor(X), "y": torch.tensor(y)}
    return Data(columns if weight is None else {**columns, "weight": torch.tensor(weight)})


def standard(n_channels):
    """Mean 0 and scale 1."""
    return torch.zeros(n_channels).double(), torch.ones(n_channels).double()


def rows_of(x, *others):
    return [_rows(steps_of(x), next(as_data(x, *others).chunks()))]


def same_units(n_channels=1, n_targets=1):
    """Offset and slope of channels that are in the units of the targets."""
    return torch.zeros(n_channels, n_targets).double(), torch.ones(n_channels, n_targets).double()


def coefficients_of(*args, **params):
    return fit_linear_model(*args, **params).coefficients


def candidates(X, y, weight=None):
    moments = _moments(rows_of(X, y, weight))
    return moments, _candidates(moments, same_units(X.shape[2], y.shape[1]), steps_of(X).channels)


def solved(moments, candidate):
    """Coefficients of a family for each penalty, (A, 1 + p, k)."""
    (models,) = next(_solutions(moments[None], [candidate])).of_each_set()
    k = models.start.shape[-1]
    return models.coefficients().unflatten(1, (-1, k)).movedim(1, 0)


X, Y = RNG.normal(size=(50, 4, 2)), RNG.normal(size=(50, 3)) + 5


@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, 50).astype(float)])
@pytest.mark.parametrize("penalty", [0, 7, 12])
def test_the_first_family_is_ridge_regression(penalty, weight):
    moments, (ridge, _, _) = candidates(X, Y, weight)
    total = 50 if weight is None else weight.sum()
    expected = Ridge(float(PENALTIES[penalty]) * total).fit(X.reshape(50, -1), Y, weight)
    got = solved(moments, ridge)[penalty]
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
    coefficients = solved(moments, anchored)[9].numpy()
    np.testing.assert_allclose(
        coefficients[0] + X.reshape(50, -1) @ coefficients[1:], expected, atol=1e-8
    )


def test_the_third_family_ends_in_persistence():
    moments, (_, _, persisting) = candidates(X, X[:, -1, 1:] + 0.1 * Y[:, :1])
    expected = torch.zeros(9, 1).double()
    expected[-1] = 1  # the second channel's last step: it comes nearest to y
    np.testing.assert_allclose(solved(moments, persisting)[-1], expected, atol=1e-9)


def test_persistence_counts_in_units_of_y():
    series = np.cumsum(RNG.normal(size=400))
    raw_x, raw_y = windows(series, 6)
    standardized = as_data((raw_x - 3) / 2, (raw_y + 1) / 5)
    units = torch.tensor([[(3 + 1) / 5]]).double(), torch.tensor([[2 / 5]]).double()
    coefficients = coefficients_of(standardized, steps_of(raw_x), units).numpy()
    predicted = 5 * (coefficients[0] + ((raw_x[:, :, 0] - 3) / 2) @ coefficients[1:]) - 1
    errors = np.abs(predicted - raw_y).mean(), np.abs(raw_x[:, -1] - raw_y).mean()
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-6)


def test_persistence_wins_a_near_tie_and_no_other():
    errors = torch.tensor(RNG.uniform(1.0, 1.2, size=(10, 2, 3, 1)))
    errors[:, :, 0] *= 0.99
    assert _weights(errors, 10_000)[0].flatten().tolist() == [0, 0, 1]
    errors[:, :, 0] *= 0.5
    assert _weights(errors, 10_000)[0][2] == 0


def test_each_target_chooses_by_itself():
    errors = torch.tensor(RNG.uniform(1.0, 1.01, size=(10, 2, 3, 2)))
    errors[:, :, 0, 0] *= 0.5
    errors[:, :, 1, 1] *= 0.5
    weights, _ = _weights(errors, 10_000)
    assert weights.round(decimals=3).tolist() == [[1, 0], [0, 1], [0, 0]]


def test_a_linear_model_without_noise_is_found():
    wave = np.sin(np.arange(300) * 0.3)
    x, y = windows(wave, 8, horizon=5)
    coefficients = coefficients_of(as_data(x, y), steps_of(x), same_units())
    np.testing.assert_allclose(
        coefficients[0].numpy() + x[..., 0] @ coefficients[1:].numpy(), y, atol=1e-3
    )


def test_noise_is_met_with_the_mean():
    noise = RNG.normal(size=(500, 10, 1))
    y = RNG.normal(size=(500, 1)) + 3
    coefficients = coefficients_of(as_data(noise, y), steps_of(noise), same_units())
    assert coefficients[0].item() == pytest.approx(y.mean(), abs=0.1)
    assert coefficients[1:].abs().max() < 0.1


@pytest.mark.parametrize("n_rows", [1, 50])  # from factors, from coefficients
def test_errors_are_sums_over_rows(n_rows):
    moments, families = candidates(X, Y)
    (models,) = next(_solutions(moments[None], families)).of_each_set()
    weight = RNG.uniform(size=50)
    absolute, squared = _errors(rows_of(X, Y, weight), models, n_rows).numpy()
    flat = np.column_stack([np.ones(50), X.reshape(50, -1)])
    coefficients = models.coefficients().unflatten(1, (-1, 3)).movedim(1, 0).numpy()
    miss = flat @ coefficients - Y  # (60, 50, 3)
    np.testing.assert_allclose(absolute, (weight[:, None] * np.abs(miss)).sum(1))
    np.testing.assert_allclose(squared, (weight[:, None] * miss**2).sum(1))
    weights = torch.tensor(RNG.uniform(size=(60, 3)))
    expected = np.einsum("mk,mpk->pk", weights, coefficients)
    np.testing.assert_allclose(models.mean(weights), expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_errors_on_all_blocks_at_once_are_those_on_each(weighted, monkeypatch):
    """Also where the last blocks have a row less than the first ones."""
    data = as_data(X[:47], Y[:47], RNG.uniform(size=47) if weighted else None)
    at_once = fit_linear_model(data, steps_of(X), same_units(X.shape[2], 3))
    monkeypatch.setattr(_linear_model, "MAX_AT_ONCE", 0)
    by_block = fit_linear_model(data, steps_of(X), same_units(X.shape[2], 3))
    torch.testing.assert_close(at_once.coefficients, by_block.coefficients)
    assert at_once.log_error == pytest.approx(by_block.log_error)


def test_many_targets_take_no_coefficients_of_each_penalty():
    """Those would be 20 products of two squares of the inputs for each target, family and block."""
    x, y = RNG.normal(size=(60, 40, 1)), RNG.normal(size=(60, 100))
    with FlopCounterMode(display=False) as counted:
        fit_linear_model(as_data(x, y), steps_of(x), same_units(1, 100), with_residuals=True)
    assert counted.get_total_flops() < 2 * (11 * 3 * 20) * 40**2 * 100


def test_many_rows_choose_and_few_rows_average():
    errors = torch.tensor(RNG.uniform(1.0, 1.2, size=(10, 2, 3, 1)))
    errors[:, :, 2] += 5 + errors[:, :, 2]
    (few, _), (many, _) = _weights(errors, 50), _weights(errors, 100_000)
    assert few.sum() == pytest.approx(1)
    assert few[2] == 0  # far worse: left out
    assert (few[:2] > 0.01).all()
    assert many.max() > 0.999


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_hardly_any_rows(n_rows):
    coefficients = coefficients_of(as_data(X[:n_rows], Y[:n_rows]), steps_of(X), same_units(2, 3))
    assert coefficients.shape == (9, 3)
    assert torch.isfinite(coefficients).all()


def test_constant_channels_and_single_steps():
    constant = np.ones((40, 1, 1))
    y = RNG.normal(size=(40, 1))
    coefficients = coefficients_of(as_data(constant, y), steps_of(constant), same_units())
    predicted = coefficients[0] + coefficients[1]
    assert predicted.item() == pytest.approx(y.mean(), abs=0.35)


def test_residuals_are_of_models_that_have_not_seen_the_row():
    """Of noise and as many features as rows: in sight of it, nothing would be left of them."""
    x, y = RNG.normal(size=(60, 40, 1)), RNG.normal(size=(60, 1))
    fitted = fit_linear_model(as_data(x, y), steps_of(x), same_units(), with_residuals=True)
    assert fitted.residuals.shape == (60, 1)
    assert fitted.residuals.std() > 0.8 * y.std()
    assert fit_linear_model(as_data(x, y), steps_of(x), same_units()).residuals is None


def test_models_are_the_same_in_parts(monkeypatch):
    expected = coefficients_of(as_data(X, Y), steps_of(X), same_units(2, 3))
    monkeypatch.setattr(_linear_model, "MAX_MODEL_VALUES", 1)
    monkeypatch.setattr(_linear_model, "MAX_ERROR_VALUES", 1)
    torch.testing.assert_close(
        coefficients_of(as_data(X, Y), steps_of(X), same_units(2, 3)), expected
    )


def test_of_many_channels_those_that_tell_are_chosen():
    x = RNG.normal(size=(400, 3, 300))
    y = x[:, -1, [7, 280]] + 0.1 * RNG.normal(size=(400, 2))
    (inputs,) = possible_inputs(as_data(x, y), *standard(300), [3])
    assert inputs.n_steps == 1
    assert len(inputs.chosen) == 256
    assert {7, 280} <= set(inputs.chosen.tolist())
    coefficients = inputs.of_all(torch.ones(1 + 256, 2))
    assert coefficients.shape == (301, 2)
    assert coefficients[1 + inputs.chosen].all()
    assert coefficients.sum() == 2 * 257


def test_of_many_steps_the_last_ones_or_those_that_tell_are_possible():
    x = RNG.normal(size=(400, 100, 3))
    y = x[:, [0, 99], [2, 1]] + 0.1 * RNG.normal(size=(400, 2))
    last, screened = possible_inputs(as_data(x, y), *standard(3), [100, 100, 100])
    assert (last.n_steps, last.chosen) == (85, None)
    chosen = screened.chosen
    assert len(chosen) == 256
    assert {2, 297, 298, 299} <= set(chosen.tolist())
    assert (chosen.diff() > 0).all()
    (batch,) = as_data(x, y).chunks()
    assert screened(batch).equal(batch["x"].flatten(1)[:, chosen])
    assert screened.channels.tolist() == (chosen % 3).tolist()
    coefficients = fit_linear_model(as_data(x, y), screened, same_units(3, 2)).coefficients
    np.testing.assert_allclose(coefficients[[3, 299], [0, 1]], 1, atol=0.1)
    assert coefficients.shape == (301, 2)
    assert fit_linear_model(as_data(x, y), last, same_units(3, 2)).coefficients.shape == (256, 2)


def test_screened_steps_relative_to_the_last_one():
    """Of a random walk: what is shrunk to the last step has the differences from its channel's."""
    x = RNG.normal(size=(300, 200, 2)).cumsum(1)
    y = x[:, -1, :1] + 0.05 * (x[:, 0, :1] - x[:, -1, :1])
    _, screened = possible_inputs(as_data(x, y), *standard(2), [200])
    channels = screened.channels
    total = _moments([_rows(screened, next(as_data(x, y).chunks()))])
    _, _, shrunk_to_last = _candidates(total, same_units(2, 1), channels)
    for column in (1, 100, 254):
        (place,) = (shrunk_to_last.basis[:, column] > 0).nonzero().flatten().tolist()
        (last,) = (shrunk_to_last.basis[:, column] < 0).nonzero().flatten().tolist()
        assert last - 255 == channels[place - 1]
    assert shrunk_to_last.fixed.flatten().nonzero().flatten().tolist() == [255]


@pytest.mark.parametrize("lengths", [[85, 85, 85], [10, 90, 300], [1, 1, 1]])
def test_what_is_not_too_many_is_not_screened(lengths):
    x = RNG.normal(size=(50, 300, 3))
    inputs = possible_inputs(as_data(x, x[:, -1]), *standard(3), lengths)
    assert [each.chosen for each in inputs] == [None] * len(inputs)
    assert [each.n_steps for each in inputs] == sorted({min(n, 85) for n in lengths})
