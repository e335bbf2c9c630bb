"""Regressors: units, targets, losses, quantiles."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from skdl.datasets import make_sequences
from skdl.estimators import GRURegressor, LSTMRegressor

SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0}
X, Y = make_sequences(60, n_steps=6, random_state=0)
FAR = 1e5  # so that y is certainly not in the units of X


def regressor(**params):
    return GRURegressor(**{**SMALL, **params})


def assert_unfitted(model):
    assert not [name for name in vars(model) if name.endswith("_")]


# Regression: shapes and units --------------------------------------------------------------------


def test_shapes_and_dtypes_of_predictions():
    one = regressor().fit(X, Y).predict(X)
    assert one.shape == (60,)
    column = regressor().fit(X, Y[:, None]).predict(X)
    assert column.shape == (60, 1)
    np.testing.assert_allclose(column[:, 0], one, rtol=1e-6)
    model = regressor().fit(X, np.column_stack([Y, -Y, Y**2]))
    assert model.predict(X).shape == (60, 3)
    assert model.n_targets_ == 3
    frame = regressor().fit(X, pd.DataFrame({"a": Y, "b": -Y})).predict(X)
    assert frame.shape == (60, 2)


def test_each_target_is_learned_in_units_of_its_own():
    many, several = make_sequences(200, n_steps=6, n_targets=2, random_state=0)
    several = several * [1e-3, 1e6] + [5.0, -1e7]
    model = regressor(max_epochs=20, lr=0.02).fit(many, several)
    assert (r2_score(several, model.predict(many), multioutput="raw_values") > 0.3).all()


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e6, 1e30])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_units_of_y_do_not_matter(scale, offset):
    expected = regressor().fit(X, FAR * Y).predict(X) / FAR
    got = regressor().fit(X, scale * (Y + offset)).predict(X)
    np.testing.assert_allclose(got / scale - offset, expected, atol=1e-3)


def test_a_huge_offset_does_not_swallow_the_prediction():
    expected = regressor().fit(X, FAR * Y).predict(X) / FAR
    got = regressor().fit(X, Y + 1e9).predict(X)
    np.testing.assert_allclose(got - 1e9, expected, atol=1e-3)


def test_intervals_of_times_in_seconds_are_those_of_near_times():
    times = np.cumsum(3600 + 5 * np.random.default_rng(0).normal(size=300))
    levels, nexts = np.lib.stride_tricks.sliding_window_view(times, 6)[:-1], times[6:]
    got, expected = (
        regressor(loss="quantile").fit(levels + far, nexts + far).predict_quantiles(levels + far)
        for far in (1.7e9, 0.0)
    )
    assert got.dtype == np.float64
    np.testing.assert_allclose(
        np.ptp(got, axis=1).mean(), np.ptp(expected, axis=1).mean(), rtol=0.1
    )
    np.testing.assert_allclose(np.ptp(got, axis=1).mean(), 2 * 1.28 * 5, rtol=0.3)


def test_values_that_float32_cannot_tell_apart_are_warned_of_without_standardize():
    params = {"standardize": False, "max_epochs": 1}
    for far in (1.7e9, -1e12):
        with pytest.warns(UserWarning, match=r"in steps of .*standardize=True"):
            regressor(**params).fit(X, Y + far)
        regressor(**params, precision="float64").fit(X, Y + far)
    regressor(**params).fit(X, Y + 100)
    regressor(**params).fit(X, np.full(len(X), 1.7e9))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_common_units_of_x_and_y_do_not_matter(scale, offset):
    levels, nexts = X[:, :-1], X[:, -1]
    expected = regressor().fit(levels, nexts).predict(levels)
    other = scale * (levels + offset)
    got = regressor().fit(other, scale * (nexts + offset)).predict(other)
    np.testing.assert_allclose(got / scale - offset, expected, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_units_beyond_float32_stay_finite_and_apart(scale):
    got = regressor().fit(X, scale * Y).predict(X)
    assert np.isfinite(got).all()
    assert np.ptp(got) > 0


@pytest.mark.parametrize("shift", [1.0, 1e4])
def test_units_of_x_do_not_matter(shift):
    expected = regressor().fit(X, FAR * Y).predict(X) / FAR
    got = regressor().fit(1e3 * (X + shift), FAR * Y).predict(1e3 * (X + shift)) / FAR
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_without_standardize_units_stay():
    model = regressor(standardize=False).fit(X, 3 * Y + 5)
    assert model.y_mean_ == [0]
    assert model.y_scale_ == [1]


def test_scales_are_learned_from_weighted_training_rows():
    weight = np.arange(60.0)
    model = regressor(early_stopping=False).fit(X, Y, weight)
    mean = np.average(Y, weights=weight)
    assert model.y_mean_ == pytest.approx(mean)
    assert model.y_scale_ == pytest.approx(np.sqrt(np.average((Y - mean) ** 2, weights=weight)))


def test_scales_do_not_look_at_the_validation_rows():
    odd = Y.copy()
    model = regressor(early_stopping=True, validation_fraction=0.25).fit(X, odd)
    kept = [np.isclose(np.delete(odd, row).mean(), odd.mean()) for row in range(60)]
    assert not all(kept)
    assert not np.isclose(model.y_mean_[0], odd.mean())
    moved = 0
    for row in range(60):  # far-off values move the mean of the rows that are trained on only
        far = odd.copy()
        far[row] += 1e6
        mean = regressor(early_stopping=True, validation_fraction=0.25, max_epochs=1)
        moved += mean.fit(X, far).y_mean_[0] > 1e3
    assert moved == 45


# Regression: losses and quantiles ----------------------------------------------------------------


def outliers(random_state=0):
    """A line in X; a tenth of y is far off, on one side."""
    rng = np.random.default_rng(random_state)
    many = rng.normal(size=(400, 4))
    clean = many.sum(1)
    spoilt = clean + np.where(rng.random(400) < 0.1, 100.0, 0.0)
    return many, clean, spoilt


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_robust_losses_stand_outliers(loss):
    many, clean, spoilt = outliers()
    params = {"max_epochs": 40, "lr": 0.03, "early_stopping": False}
    plain = regressor(**params).fit(many, spoilt)
    robust = regressor(loss=loss, **params).fit(many, spoilt)
    errors = [mean_absolute_error(clean, model.predict(many)) for model in (plain, robust)]
    assert errors[1] < 0.7 * errors[0]


def test_other_losses_have_no_quantiles():
    assert regressor().fit(X, Y).quantiles_ is None


def quantile_model(quantiles=None, **params):
    return regressor(loss="quantile", quantiles=quantiles, **params)


@pytest.mark.parametrize("quantiles", [None, (0.1, 0.5, 0.9), (0.25, 0.75), (0.3,), [0.05, 0.5]])
def test_shapes_of_quantiles(quantiles):
    n_quantiles = 3 if quantiles is None else len(quantiles)
    one = quantile_model(quantiles).fit(X, Y)
    assert one.predict(X).shape == (60,)
    assert one.predict_quantiles(X).shape == (60, n_quantiles)
    assert one.quantiles_ == [*((0.1, 0.5, 0.9) if quantiles is None else quantiles)]
    two = quantile_model(quantiles).fit(X, np.column_stack([Y, -Y]))
    assert two.predict(X).shape == (60, 2)
    assert two.predict_quantiles(X).shape == (60, 2, n_quantiles)


def test_predict_gives_the_median():
    model = quantile_model((0.1, 0.5, 0.9)).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), model.predict_quantiles(X)[:, 1], rtol=1e-6)
    assert model.predict(X).dtype == np.float32
    other = quantile_model((0.1, 0.9)).fit(X, Y)
    low, high = other.predict_quantiles(X).T
    assert ((low <= other.predict(X)) & (other.predict(X) <= high)).all()


@pytest.mark.parametrize("max_epochs", [1, 30])
def test_quantiles_never_cross(max_epochs):
    levels = tuple(np.linspace(0.05, 0.95, 19))
    noise = np.random.default_rng(0).normal(size=60)
    model = quantile_model(levels, max_epochs=max_epochs, lr=0.05).fit(X, noise)
    for data in (X, 100 * X, X[::-1] - 5):
        assert (np.diff(model.predict_quantiles(data), axis=-1) >= 0).all()


def test_quantiles_cover():
    rng = np.random.default_rng(0)
    many = rng.normal(size=(3000, 3))
    noisy = many[:, -1] + np.exp(many[:, 0] / 2) * rng.normal(size=3000)
    model = quantile_model(max_epochs=20, lr=0.005, hidden_size=8, early_stopping=False)
    model.fit(many[:1000], noisy[:1000])
    covered = (noisy[1000:, None] < model.predict_quantiles(many[1000:])).mean(0)
    np.testing.assert_allclose(covered, [0.1, 0.5, 0.9], atol=0.06)


def test_quantiles_need_their_loss():
    with pytest.raises(AttributeError, match="predict_quantiles"):
        regressor().fit(X, Y).predict_quantiles(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss": "quantile", "quantiles": (0.0, 0.5)}, r"between 0 and 1, got \(0.0, 0.5\)"),
        ({"loss": "quantile", "quantiles": (0.5, 1.0)}, "between 0 and 1"),
        ({"loss": "quantile", "quantiles": (0.5, np.nan)}, "between 0 and 1"),
        ({"loss": "quantile", "quantiles": ()}, "quantiles must"),
        ({"loss": "quantile", "quantiles": (0.6, 0.5)}, "sorted"),
        ({"loss": "quantile", "quantiles": (0.5, 0.5)}, "sorted and distinct"),
        ({"quantiles": (0.1, 0.9)}, "needs loss=\"quantile\", got loss='squared_error'"),
        ({"loss": "squared"}, "The 'loss' parameter of GRURegressor must be a str among"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_losses_and_quantiles_are_told(params, message, method):
    model = regressor(**params)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, Y)
    assert_unfitted(model)


BAD_Y = {
    "length": (Y[:-1], "X has 60 samples, but y has 59|inconsistent numbers of samples"),
    "NaN": (
        np.where(np.arange(60) == 7, np.nan, Y),
        r"y contains NaN, first in row 7\. Leave such rows out",
    ),
    "infinity": (np.where(np.arange(60) == 7, np.inf, Y), "y contains infinity.*first in row 7"),
    "dimensions": (np.zeros((60, 1, 1)), r"got shape \(60, 1, 1\).*reshape"),
    "words": (
        np.array(["a"] * 60),
        "y must hold numbers: could not convert string to float.*Labels",
    ),
    "dates": (list(pd.date_range("2024", periods=60)), "y must hold numbers.*Timedelta"),
    "None": (None, "requires y to be passed, but the target y is None"),
}


@pytest.mark.parametrize(("y", "message"), BAD_Y.values(), ids=BAD_Y)
def test_bad_y_of_a_regressor_is_told(y, message):
    for model in (regressor(), LSTMRegressor(**SMALL, loss="quantile")):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)
        assert_unfitted(model)


def test_other_targets_in_a_later_chunk_are_told():
    model = regressor().partial_fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 targets, but fitted were 1"):
        model.partial_fit(X, np.column_stack([Y, Y]))
