"""What validation decides: by the loss that was asked for, its weights, each target by itself."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss, r2_score

from skdl.estimators import GRURegressor, LSTMRegressor
from skdl.preprocessing import sliding_windows

KINDS = [LSTMRegressor, GRURegressor]


def learnable(n_rows, seed=0):
    """X and what a network can learn of it, a linear model cannot."""
    X = np.random.default_rng(seed).normal(size=(n_rows, 4))
    return X, np.abs(X[:, -1])


def learned(model, y, weight=None):
    """R^2 of the first target on rows that were not trained on."""
    X, truth = learnable(600)
    predicted = model.fit(X[:400], y[:400], sample_weight=weight).predict(X[400:])
    return r2_score(truth[400:], predicted.reshape(200, -1)[:, 0])


def test_begins_at_the_quantiles_of_the_residuals():
    """One epoch learns next to nothing; the share below each quantile is right all the same."""
    rng, levels = np.random.default_rng(0), np.array([0.05, 0.5, 0.95])
    series = np.zeros(1500)
    for i, shock in enumerate(rng.exponential(size=1499)):
        series[i + 1] = 0.7 * series[i] + shock
    X, y = sliding_windows(series, 8)
    params = {"loss": "quantile", "quantiles": tuple(levels), "max_epochs": 1, "random_state": 0}
    model = LSTMRegressor(4, **params).fit(X[:1000], y[:1000])
    below = (y[1000:, None] <= model.predict_quantiles(X[1000:])).mean(0)
    np.testing.assert_allclose(below, levels, atol=0.06)


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_begins_at_what_minimises_the_loss(loss):
    X = np.random.default_rng(0).normal(size=(400, 4))
    y = np.random.default_rng(1).exponential(size=400)
    params = {"max_epochs": 1, "lr": 1e-9, "random_state": 0}
    predicted = LSTMRegressor(4, loss=loss, **params).fit(X, y).predict(X)
    assert np.mean(predicted) < np.mean(y) - 0.1
    if loss == "absolute_error":
        assert np.mean(predicted) == pytest.approx(np.median(y), abs=0.1)


PARTNERS = {
    "walk": np.random.default_rng(1).normal(size=600).cumsum(),
    "outlier": np.where(np.arange(600) == 390, 1000.0, np.random.default_rng(2).normal(size=600)),
    "huge outlier": np.where(np.arange(600) == 150, 1e8, learnable(600)[1]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("partner", PARTNERS.values(), ids=PARTNERS)
def test_a_partner_that_cannot_be_learned_does_not_decide(kind, partner):
    _, truth = learnable(600)
    model = kind(8, lr=0.02, random_state=0)
    assert learned(model, np.column_stack([truth, partner])) > 0.5


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("rows", [[399], [5, 77]], ids=str)
def test_outliers_of_the_only_target_do_not_decide(loss, rows):
    """Also among the validation rows."""
    _, y = learnable(600)
    y[rows] = 60.0
    assert learned(LSTMRegressor(8, loss=loss, lr=0.02, random_state=0), y) > 0.7


@pytest.mark.parametrize("weight", [0.0, 1e-12])
def test_tiny_weights_are_like_none(weight):
    _, truth = learnable(600)
    broken = np.arange(600) % 20 == 19
    y = np.where(broken, 100.0 * (-1) ** np.arange(600), truth)
    model = LSTMRegressor(8, lr=0.02, random_state=0)
    assert learned(model, y, np.where(broken, weight, 1.0)[:400]) > 0.5


@pytest.mark.parametrize("linear_model", [True, False])
def test_rows_at_the_end_that_are_noise_do_not_decide(linear_model):
    _, truth = learnable(600)
    y = np.where(np.arange(600) < 360, truth, np.random.default_rng(3).permutation(truth))
    model = LSTMRegressor(8, lr=0.02, linear_model=linear_model, random_state=0)
    assert learned(model, y) > 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_the_end", [True, False])
def test_an_eighth_of_the_rows_that_contradict_does_not_decide(kind, at_the_end):
    _, y = learnable(600)
    rows = np.arange(350, 400) if at_the_end else np.random.default_rng(1).permutation(400)[:50]
    y[rows] = 2 * y.mean() - y[rows]
    assert learned(kind(8, lr=0.02, random_state=0), y) > 0.5


@pytest.mark.parametrize("linear_model", [True, False])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_a_far_quantile_does_not_decide_for_the_median_without_validation(linear_model, size):
    """A tenth of the rows are outliers, and so is what lies beyond a quantile."""
    _, y = learnable(600)
    y[np.random.default_rng(1).permutation(400)[:40]] += size
    params = {"loss": "quantile", "early_stopping": False, "lr": 0.01, "random_state": 0}
    assert learned(LSTMRegressor(8, linear_model=linear_model, **params), y) > 0.5


def test_quantiles_are_in_order_without_a_linear_model_too():
    X, y = learnable(100)
    params = {"loss": "quantile", "linear_model": False, "max_epochs": 1, "random_state": 0}
    model = LSTMRegressor(4, quantiles=np.linspace(0.05, 0.95, 19), **params).fit(X, y)
    assert (np.diff(model.predict_quantiles(X), axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("kind", "seed"), [(LSTMRegressor, 1), (GRURegressor, 1), (GRURegressor, 2)]
)
def test_short_patience_does_not_end_on_the_plateau_at_the_start(kind, seed):
    X = np.random.default_rng(0).normal(size=(800, 4))
    truth = np.abs(X[:, -1]) + X[:, -2] * X[:, -3]
    y = truth + 0.1 * np.random.default_rng(1).normal(size=800)
    model = kind(16, n_iter_no_change=3, random_state=seed).fit(X[:600], y[:600])
    assert r2_score(truth[600:], model.predict(X[600:])) > 0.8
    assert model.n_iter_ <= model.best_epoch_ + 3  # counted as ever once it learns


@pytest.mark.parametrize("n_iter_no_change", [2, 5])
def test_patience_ends_where_nothing_can_be_learned(n_iter_no_change):
    X, noise = np.random.default_rng(0).normal(size=(2, 160, 4))
    params = {"n_iter_no_change": n_iter_no_change, "tol": 0.02, "batch_size": 16}
    model = LSTMRegressor(4, **params, random_state=0).fit(X, noise[:, 0])
    assert model.n_iter_ <= 500 / 9 + 1 + n_iter_no_change  # 9 steps an epoch
    fitted_again = model.set_params(warm_start=True, tol=0.99).fit(X, noise[:, 0])
    assert fitted_again.n_iter_ == n_iter_no_change


def test_quantiles_of_a_short_series_are_not_made_narrow():
    """Windows overlap, so that validation rows are like training rows: gains say little."""
    shocks, series = np.random.default_rng(202).normal(size=730), np.zeros(730)
    for i in range(2, 730):
        series[i] = 1.5 * series[i - 1] - 0.6 * series[i - 2] + shocks[i]
    X, y = sliding_windows(series, 24, 6)
    params = {"loss": "quantile", "lr": 0.01, "random_state": 2}
    model = LSTMRegressor(8, **params).fit(X[:200], y[:200])
    loss = mean_pinball_loss(y[230:], model.predict_quantiles(X[230:])[:, 0], alpha=0.1)
    model.module_.network_weight.zero_()
    constant = mean_pinball_loss(y[230:], model.predict_quantiles(X[230:])[:, 0], alpha=0.1)
    assert loss < 1.02 * constant


@pytest.mark.parametrize("params", [{}, {"early_stopping": False}, {"optimizer": "sgd"}])
def test_many_short_fits_are_a_long_one(params):
    """Bit for bit where each weight that was best is among those at the end of a fit."""
    X, y = learnable(200)
    params = {"lr": 0.01, "random_state": 0, **params}
    at_once = LSTMRegressor(4, max_epochs=6, **params).fit(X, y)
    model = LSTMRegressor(4, max_epochs=2, warm_start=True, **params)
    losses = [loss for _ in range(3) for loss in model.fit(X, y).history_["train_loss"]]
    np.testing.assert_allclose(losses, at_once.history_["train_loss"], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
@pytest.mark.parametrize("params", [{}, {"warm_start": True, "early_stopping": False}])
def test_training_without_validation_goes_on_from_what_was_predicted(kind, loss, params):
    """A correction that was shrunk does not come back whole; it can grow again."""
    X, truth = learnable(300)
    y = np.column_stack([truth, np.random.default_rng(3).permutation(truth)])
    model = kind(8, loss=loss, lr=0.02, n_iter_no_change=10, random_state=0).fit(X, y)
    model.module_.network_weight.copy_(torch.tensor([0.3, 0.0]))
    before = model.predict(X)
    model.set_params(lr=1e-12, max_epochs=1, **params)
    go_on = model.fit if params else model.partial_fit
    np.testing.assert_allclose(go_on(X, y).predict(X), before, atol=1e-5)
    assert (model.network_weight_ == 1).all()
    model.set_params(lr=0.02)
    for _ in range(10):
        go_on(X, y)
    assert np.abs(model.predict(X) - before).mean(0).min() > 0.01


def test_one_short_sequence_does_not_blind_the_others():
    rng = np.random.default_rng(0)
    series = 10 * np.sin(np.arange(500) / 2) + rng.normal(0, 0.3, 500)
    ends = np.arange(60, 499)
    X = [
        series[end - n : end] for end, n in zip(ends, rng.integers(12, 24, len(ends)), strict=True)
    ]
    y = series[ends]
    params = {"max_epochs": 1, "lr": 1e-9, "random_state": 0}

    def error(rows):
        model = LSTMRegressor(4, **params).fit(rows[:300], y[:300])
        return np.abs(model.predict(X[300:]) - y[300:]).mean()

    shortened = [x[-1:] if i == 50 else x for i, x in enumerate(X)]
    assert error(shortened) < 1.2 * error(X)
    assert error(X) < 1


def test_more_channels_than_the_linear_model_takes():
    walks = np.random.default_rng(0).normal(size=(300, 280)).cumsum(0)
    X, y = sliding_windows(walks, 4, target=3)
    model = LSTMRegressor(4, max_epochs=1, random_state=0).fit(X[:220], y[:220])
    error = np.abs(model.predict(X[220:]) - y[220:]).mean()
    assert error < 1.5 * np.abs(X[220:, -1, 3] - y[220:]).mean()


def test_a_step_long_before_the_last_one_decides():
    X = np.random.default_rng(0).normal(size=(600, 300))
    y = 2 * X[:, 10] + X[:, -2]
    model = LSTMRegressor(4, max_epochs=1, random_state=0).fit(X[:450], y[:450])
    assert model.score(X[450:], y[450:]) > 0.95


def with_outliers(n_outliers, size):
    """A linear function of the last steps, and some targets that are far off."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(600, 6))
    truth = X @ [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]
    y = truth + 0.3 * rng.normal(size=600)
    y[rng.choice(400, n_outliers, replace=False)] = size
    return X, y, truth


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
@pytest.mark.parametrize(("n_outliers", "size"), [(1, 1e9), (4, -1e3), (20, 100.0)])
def test_outliers_in_y_do_not_decide_under_robust_losses(loss, n_outliers, size):
    X, y, truth = with_outliers(n_outliers, size)
    model = LSTMRegressor(8, loss=loss, max_epochs=10, random_state=0).fit(X[:400], y[:400])
    assert r2_score(truth[400:], model.predict(X[400:])) > 0.97
    assert np.all(model.y_scale_ < 4 * np.std(truth))


def test_outliers_in_y_do_not_keep_the_network_from_learning():
    y = learnable(600)[1]
    y[np.random.default_rng(3).choice(400, 10, replace=False)] = 1e5
    assert learned(LSTMRegressor(8, loss="absolute_error", lr=0.02, random_state=0), y) > 0.8


def test_outliers_of_one_target_do_not_decide_for_another():
    X, y, truth = with_outliers(20, 1e4)
    both = np.stack([y, truth], 1)
    model = LSTMRegressor(8, loss="absolute_error", max_epochs=10, random_state=0)
    predicted = model.fit(X[:400], both[:400]).predict(X[400:])
    for column in predicted.T:
        assert r2_score(truth[400:], column) > 0.97


def test_without_outliers_robust_losses_have_the_scale_and_linear_model_of_all_rows():
    X, y, _ = with_outliers(0, 0.0)
    robust, squared = (
        LSTMRegressor(4, loss=loss, max_epochs=1, random_state=0).fit(X, y)
        for loss in ("huber", "squared_error")
    )
    np.testing.assert_array_equal(robust.y_scale_, squared.y_scale_)
    one, other = (model.module_.coefficients for model in (robust, squared))
    np.testing.assert_array_equal(one.numpy(), other.numpy())


UNEVEN = {
    "decay": np.exp(np.linspace(-12, 0, 400)),
    "lognormal": np.exp(np.random.default_rng(0).normal(0, 2, 400)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weight", UNEVEN.values(), ids=UNEVEN)
def test_a_few_heavy_rows_do_not_decide(kind, weight):
    """Weights that decay with age, or are as uneven as inverse propensities."""
    _, truth = learnable(600)
    assert learned(kind(8, lr=0.02, random_state=0), truth, weight) > 0.5
