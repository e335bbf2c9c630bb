"""Perceptrons on tables: rows that members leave out, the linear model beside, mixed columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.engine import cross_entropy
from skdl.estimators import MLPClassifier, MLPRegressor
from skdl.estimators.mlp._estimators import OfMembers, folds_of

SMALL = {"hidden_layer_sizes": (16,), "n_members": 4, "device": "cpu", "random_state": 0}


def city_table(n=300, seed=0):
    """Rents by size, city and weekday, with gaps."""
    rng = np.random.default_rng(seed)
    size, city = rng.uniform(20, 120, n), rng.choice(["Lima", "Oslo", "Rome"], n)
    day = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 364, n), "D")
    rent = 8 * size + 300 * (city == "Oslo") * (size > 60) + 200 * (day.day_of_week >= 5)
    frame = pd.DataFrame({"size": size, "city": city, "day": day})
    return frame, rent + 20 * rng.normal(size=n)


# Rows that are left out ---------------------------------------------------------------------------


class Linear(torch.nn.Module):
    """Three members of one weight each."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([0.1, 0.2, 0.3]))

    def forward(self, x, **_):
        members = x[:, None] * self.weight  # (B, K)
        return torch.stack([members, -members], dim=2)


def test_a_row_teaches_all_members_but_the_one_that_leaves_it_out():
    module, objective = Linear(), OfMembers(cross_entropy)
    batch = {"x": torch.ones(4), "y": torch.tensor([0, 1, 0, 1])}
    objective(module, {**batch, "left_out": torch.tensor([1, 1, 1, 1])}).backward()
    left_out, module.weight.grad = module.weight.grad, None
    objective(module, batch).backward()
    assert left_out[1] == 0
    torch.testing.assert_close(left_out[[0, 2]], module.weight.grad[[0, 2]] * 3 / 2)


def test_a_row_of_weight_two_counts_twice():
    module, objective = Linear(), OfMembers(cross_entropy)
    rows = {"x": torch.tensor([1.0, 2.0]), "y": torch.tensor([0, 1])}
    fold = torch.tensor([0, 2])
    weight = torch.tensor([2.0, 1.0]) * 2 / 3
    once = objective(module, {**rows, "left_out": fold, "weight": weight})
    index = torch.tensor([0, 0, 1])
    twice = {name: column[index] for name, column in {**rows, "left_out": fold}.items()}
    torch.testing.assert_close(once, objective(module, twice))


@pytest.mark.parametrize("n_folds", [2, 8])
def test_folds_are_alike(n_folds):
    """Each of the classes, and high and low values, are spread over all."""
    y = np.repeat([0, 1, 2], [40, 24, 8])
    folds = folds_of(y, n_folds)
    table = np.stack([np.bincount(folds[y == label], minlength=n_folds) for label in range(3)])
    assert (np.ptp(table, axis=1) <= 2).all()
    assert np.ptp(np.bincount(folds)) <= 1
    np.testing.assert_array_equal(folds, folds_of(y, n_folds))


def test_groups_are_in_one_fold():
    groups = np.repeat(np.arange(20), 5)
    folds = folds_of(np.random.default_rng(0).normal(size=100), 4, groups)
    assert all(len(set(folds[groups == group])) == 1 for group in range(20))
    assert np.bincount(folds).tolist() == [25] * 4


def test_no_row_is_lost_and_losses_of_rows_left_out_decide():
    X, y = make_friedman1(200, noise=1.0, random_state=0)
    model = MLPRegressor(**SMALL, max_epochs=5).fit(X, y)
    assert np.isfinite(model.history_["valid_loss"]).all()
    assert 0 <= model.best_epoch_ <= 5
    alone = MLPRegressor(**SMALL, max_epochs=5, early_stopping=False).fit(X, y)
    assert alone.history_["valid_loss"].isna().all()


def test_labels_of_noise_are_not_believed():
    """The rows that members left out tell that nothing was learned."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 2, 200)
    model = MLPClassifier(**SMALL, max_epochs=100, n_iter_no_change=100).fit(X, y)
    assert np.abs(model.predict_proba(X) - 0.5).mean() < 0.2


# The linear model ---------------------------------------------------------------------------------


def test_the_linear_model_decides_where_y_is_linear():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 5))
    y = X @ [1.0, 2.0, 0.0, -1.0, 0.5] + 0.3 * rng.normal(size=100)
    X_test = rng.normal(size=(500, 5))
    y_test = X_test @ [1.0, 2.0, 0.0, -1.0, 0.5]
    model = MLPRegressor(**SMALL, max_epochs=20).fit(X, y)
    ridge = RidgeCV().fit(X, y)
    assert model.network_weight_ <= 0.5
    assert model.score(X_test, y_test) > ridge.score(X_test, y_test) - 0.05


def test_the_networks_decide_where_y_is_a_product():
    rng = np.random.default_rng(0)
    X, X_test = rng.normal(size=(400, 3)), rng.normal(size=(300, 3))
    params = {**SMALL, "hidden_layer_sizes": (64, 64), "max_epochs": 40}
    model = MLPRegressor(**params).fit(X, X[:, 0] * X[:, 1])
    assert model.network_weight_ >= 0.8
    assert model.score(X_test, X_test[:, 0] * X_test[:, 1]) > 0.7
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = MLPClassifier(**params).fit(X, y)
    assert model.network_weight_ >= 0.5
    assert model.score(X_test, X_test[:, 0] * X_test[:, 1] > 0) > 0.85


def test_each_target_has_a_weight_of_its_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    Y = np.stack([X[:, 0] + 0.5 * rng.normal(size=300), X[:, 0] * X[:, 1]], axis=1)
    model = MLPRegressor(**{**SMALL, "hidden_layer_sizes": (64, 64)}, max_epochs=60).fit(X, Y)
    assert model.network_weight_.shape == (2,)
    assert model.network_weight_[0] < model.network_weight_[1]
    assert model.predict_members(X).shape == (4, 300, 2)


@pytest.mark.parametrize("cls", [MLPRegressor, MLPClassifier])
def test_without_a_linear_model_the_networks_answer_alone(cls):
    X, y = city_table()
    y = y > np.median(y) if cls is MLPClassifier else y
    model = cls(**SMALL, max_epochs=3, linear_model=False).fit(X, y)
    assert model.network_weight_ == 1
    if cls is MLPRegressor:
        members = model.predict_members(X)
        inside = (members.mean(0) > y.min()) & (members.mean(0) < y.max())
        np.testing.assert_allclose(model.predict(X)[inside], members.mean(0)[inside], rtol=1e-4)
    else:
        members = model.predict_proba_members(X)
        np.testing.assert_allclose(members.sum(2), 1, rtol=1e-5)
        assert ((members[..., 1] > 0.5).mean(0) > 0.5).astype(int).shape == (300,)


@pytest.mark.parametrize(
    ("model", "linear", "load"),
    [
        (MLPClassifier(max_epochs=30, **SMALL), LogisticRegression(), load_breast_cancer),
        (MLPRegressor(max_epochs=30, **SMALL), RidgeCV(np.logspace(-3, 3, 13)), load_diabetes),
    ],
)
def test_few_rows_are_learned_as_well_as_by_a_linear_model(model, linear, load):
    X, X_test, y, y_test = train_test_split(*load(return_X_y=True), train_size=60, random_state=0)
    expected = make_pipeline(StandardScaler(), linear).fit(X, y).score(X_test, y_test)
    assert model.fit(X, y).score(X_test, y_test) > expected - 0.03


# Mixed columns ------------------------------------------------------------------------------------


def test_a_mixed_table_is_learned_as_it_is():
    X, y = city_table(400)
    X_test, y_test = city_table(300, seed=1)
    X.loc[::7, "city"] = None
    params = {**SMALL, "hidden_layer_sizes": (64, 64), "max_epochs": 40}
    model = MLPRegressor(**params).fit(X, y)
    assert model.score(X_test, y_test) > 0.9
    assert model.n_features_in_ == 3


def test_categories_that_are_not_known_are_as_missing():
    X, y = city_table()
    X.loc[::5, "city"] = None
    model = MLPRegressor(**SMALL, max_epochs=3).fit(X, y)
    new, missing = (model.predict(X.assign(city=value)) for value in ("Quito", None))
    np.testing.assert_array_equal(new, missing)


@pytest.mark.parametrize("max_onehot", [0, 2, 9])
def test_categories_are_one_hot_columns_or_vectors(max_onehot):
    X, y = city_table(600)
    model = MLPRegressor(**SMALL, max_epochs=40, max_onehot=max_onehot, linear_model=False)
    model = model.fit(X[["size", "city"]], y)
    assert len(model.module_.inputs.tables) == (0 if max_onehot == 9 else 1)
    means = [model.predict(X[["size"]].assign(city=c)).mean() for c in ("Lima", "Oslo", "Rome")]
    assert means[1] > max(means[0], means[2]) + 100


def test_scales_and_categories_are_of_the_training_rows_alone():
    X, y = city_table()
    far = X.assign(size=X["size"] * 1e6, city="Quito")
    model = MLPRegressor(**SMALL, max_epochs=2).fit(X, y, X_val=far, y_val=y)
    assert model.module_.inputs.scale[0] < 100
    assert (
        model.module_.inputs.n_inputs
        == MLPRegressor(**SMALL, max_epochs=2).fit(X, y).module_.inputs.n_inputs
    )


def test_that_a_value_is_missing_is_told():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    missing = rng.random(400) < 0.5
    X = np.where(missing, np.nan, x)[:, None]
    model = MLPClassifier(**SMALL, max_epochs=20).fit(X, missing.astype(int))
    assert model.score(X, missing) == 1


def test_columns_that_do_not_vary_do_no_harm():
    X, y = make_friedman1(200, noise=1.0, random_state=0)
    constant = np.concatenate([X, np.full((200, 3), 1e9), X[:, :1]], axis=1)
    model = MLPRegressor(**SMALL, max_epochs=30).fit(constant, y)
    assert model.score(constant, y) > 0.5


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_no_column_needs_to_be_scaled(unit):
    X, y = make_friedman1(200, noise=1.0, random_state=0)
    expected = MLPRegressor(**SMALL, max_epochs=5).fit(X, y).predict(X)
    scaled = MLPRegressor(**SMALL, max_epochs=5).fit(unit * X, y).predict(unit * X)
    np.testing.assert_allclose(scaled, expected, rtol=1e-3)


def test_categories_may_be_named():
    """Numbers of regions, of which the order says nothing."""
    rng = np.random.default_rng(0)
    region = rng.integers(0, 12, 600)
    X = pd.DataFrame({"region": region, "noise": rng.normal(size=600)})
    y = (np.arange(12) % 2)[region]
    for named in (["region"], [0], [True, False]):
        model = MLPClassifier(**SMALL, max_epochs=30, categorical_features=named)
        assert model.fit(X[:400], y[:400]).score(X[400:], y[400:]) == 1


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["town"], r"names 'town', which is no column of X: it has the columns \['size', 'city'"),
        ([3], "names 3, which is no column of X: it has 3 columns"),
        ([True, False], "a boolean for each of the 3 columns"),
    ],
)
def test_categories_that_are_no_columns_are_named(named, said):
    X, y = city_table()
    with pytest.raises(ValueError, match=said):
        MLPRegressor(**SMALL, categorical_features=named).fit(X, y)


@pytest.mark.parametrize("sizes", [(), (0,), (8, -1), (1.5,), ((8, 8),)])
def test_sizes_of_layers_are_checked(sizes):
    X, y = city_table()
    with pytest.raises(ValueError, match="hidden_layer_sizes must be integers of at least 1"):
        MLPRegressor(hidden_layer_sizes=sizes).fit(X, y)


def test_chunks_of_mixed_tables_are_learned():
    X, y = city_table(400)
    model = MLPRegressor(**SMALL)
    for start in range(0, 400, 100):
        model.partial_fit(X[start : start + 100], y[start : start + 100])
    assert model.n_iter_ == 4
    assert model.network_weight_ == 1, "a chunk has no linear model"
    assert np.isfinite(model.predict(X)).all()


def test_values_beyond_those_of_fit_are_not_predicted_but_learned_later():
    """Nor is a part of the data all of it."""
    X = np.linspace(0, 1, 200)[:, None]
    y = 10 * X[:, 0]
    model = MLPRegressor(**SMALL, max_epochs=20, warm_start=True).fit(X[:100], y[:100])
    assert model.predict(10 * X).max() <= y[99] + 1e-4
    model.fit(X, y)
    assert y[120] < model.predict(X).max() <= y.max() + 1e-4
    parts = MLPRegressor(**SMALL, lr=0.05)
    for _ in range(60):
        parts.partial_fit(X[:100], y[:100]).partial_fit(X[100:], y[100:])
    assert parts.predict(X).max() > y[140]


def test_rows_of_a_group_do_not_tell_of_each_other():
    """Copies of rows whose labels are noise make nothing certain."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 20)), rng.normal(size=60)
    groups = np.repeat(np.arange(60), 5)
    many = MLPRegressor(**SMALL, max_epochs=30).fit(X[groups], y[groups], groups=groups)
    assert many.predict(rng.normal(size=(200, 20))).std() < 0.5 * y.std()


def test_quantiles_are_ordered_and_cover():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(1500, 2))
    y = X[:, 0] + (0.1 + X[:, 1]) * rng.normal(size=1500)
    params = {**SMALL, "hidden_layer_sizes": (32, 32), "max_epochs": 25}
    model = MLPRegressor(loss="quantile", **params).fit(X[:700], y[:700])
    low, median, high = model.predict_quantiles(X[700:]).T
    assert (low <= median).all()
    assert (median <= high).all()
    assert 0.7 < ((low <= y[700:]) & (y[700:] <= high)).mean() < 0.9
    np.testing.assert_array_equal(model.predict(X[700:]), median)
