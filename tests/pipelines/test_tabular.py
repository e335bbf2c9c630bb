"""Any estimator takes a mixed table through make_tabular_pipeline."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import MultinomialNB

from skdl.estimators import MLPRegressor
from skdl.estimators._base._estimator import TorchEstimator
from skdl.estimators.classical import DecisionTreeRegressor, RandomForestRegressor, Ridge
from skdl.pipelines import make_tabular_pipeline
from tests.catalogue import CLASSICAL_CLASSIFIERS, CLASSICAL_REGRESSORS, instance_of

IGNORE_CONSTANT = pytest.mark.filterwarnings("ignore:self.within_class_std_dev_ has:UserWarning")


class Deep(TorchEstimator):
    """The least deep estimator."""

    _input_kinds = frozenset({"sequences"})

    def _read_inputs(self, X, *, reset):
        raise NotImplementedError

    def _make_module(self, train):
        raise NotImplementedError

    def fit(self, X, y):
        return self


@pytest.fixture
def table():
    """Every dtype that meets in practice, each with missing values where it can have them."""
    rng = np.random.default_rng(0)
    n = 200
    hole = rng.random(n) < 0.1
    city = rng.choice(["Rome", "Oslo", "Lima"], n)
    size = rng.normal(50, 10, n)
    X = pd.DataFrame(
        {
            "size": np.where(hole, np.nan, size),
            "rooms": pd.array(rng.integers(1, 6, n), dtype="Int64"),
            "lift": rng.random(n) < 0.5,
            "heated": pd.array(rng.random(n) < 0.5, dtype="boolean"),
            "city": pd.Series(city, dtype="str"),
            "street": pd.Series(rng.choice(["a", "b"], n), dtype="string"),
            "grade": pd.Categorical(rng.choice([3, 1, 2], n)),
            "owner": pd.Series(rng.choice(["x", "y"], n), dtype=object),
            "built": pd.Timestamp("1990") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D"),
            "age": pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
            "empty": np.nan,
        }
    )
    X["seen"] = X["built"].dt.tz_localize("UTC")
    for column in ("rooms", "heated", "city", "street", "grade", "owner", "built", "age", "seen"):
        X.loc[rng.random(n) < 0.1, column] = None
    y = size + 20.0 * (city == "Oslo")
    return X, y


@pytest.mark.parametrize("name", CLASSICAL_REGRESSORS)
def test_regressors(name, table):
    model = make_tabular_pipeline(instance_of(name))
    by_distance = name in ("KNeighborsRegressor", "SVR")  # between all columns, most of them noise
    assert cross_val_score(model, *table, cv=3).mean() > (0.1 if by_distance else 0.4)


@IGNORE_CONSTANT
@pytest.mark.parametrize("name", CLASSICAL_CLASSIFIERS)
def test_classifiers(name, table):
    X, y = table
    model = make_tabular_pipeline(instance_of(name))
    assert cross_val_score(model, X, np.where(y > 55, "dear", "cheap"), cv=3).mean() > 0.55


def prepared(estimator, X, **parameters):
    return make_tabular_pipeline(estimator, **parameters)[:-1].fit(X).transform(X)


def test_dense_finite_and_scaled_for_a_linear_model(table):
    Z = prepared(Ridge(), table[0])
    assert isinstance(Z, np.ndarray)
    assert np.isfinite(Z).all()
    np.testing.assert_allclose(Z[:, 0].mean(), 0, atol=1e-9)
    np.testing.assert_allclose(Z[:, 0].std(), 1)


def test_ordinal_codes_and_no_scaling_for_a_tree():
    X = pd.DataFrame({"a": [5.0, None, 9.0], "b": ["v", "u", None]})
    np.testing.assert_array_equal(
        prepared(DecisionTreeRegressor(), X), [[5, 0, 1], [7, 1, 0], [9, 0, -2]]
    )


def test_one_hot_columns_with_missing_as_a_category():
    X = pd.DataFrame({"b": ["v", "u", None]})
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(prepared(Ridge(), X), expected)
    np.testing.assert_array_equal(prepared(Deep(), X), expected)


@pytest.mark.parametrize(
    ("estimator", "scaled", "one_hot"),
    [
        (Ridge(), True, True),
        (Deep(), True, True),
        (MultinomialNB(), False, True),
        (RandomForestRegressor(), False, False),
        (HistGradientBoostingRegressor(), False, False),
        (DummyRegressor(), False, False),
        (TransformedTargetRegressor(DecisionTreeRegressor()), False, False),
        (GridSearchCV(Ridge(), {}), True, True),
    ],
)
def test_preparation_by_family(estimator, scaled, one_hot):
    numbers, _, categories = make_tabular_pipeline(estimator)[0].transformers
    assert ("standardscaler" in numbers[1].named_steps) is scaled
    assert ("onehotencoder" in categories[1].named_steps) is one_hot


def test_days_whatever_the_unit_and_the_time_zone():
    X = pd.DataFrame({"day": pd.to_datetime(["1970-01-02", None]).astype("datetime64[s]")})
    X["zoned"] = X["day"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    X["span"] = pd.to_timedelta([36, None], unit="h")
    Z = prepared(DecisionTreeRegressor(), X)
    np.testing.assert_array_equal(Z[0], [1, 1, 1.5, 0, 0, 0])
    np.testing.assert_array_equal(Z[1], [1, 1, 1.5, 1, 1, 1])  # the median, and marked


@pytest.mark.parametrize("estimator", [Ridge(), DecisionTreeRegressor()])
def test_unknown_categories_and_newly_missing_values_at_predict(estimator, table):
    X, y = table
    known = X["size"].notna() & X["city"].notna()
    model = make_tabular_pipeline(estimator).fit(X[known], y[known])
    new = X.head(3).assign(city=["Atlantis", None, "Rome"], size=[None, 40.0, 50.0])
    assert np.isfinite(model.predict(new)).all()


@pytest.mark.parametrize("estimator", [Ridge(), DecisionTreeRegressor()])
def test_max_categories_bounds_the_columns(estimator):
    X = pd.DataFrame({"code": [f"c{i % 30}" for i in range(300)]})
    Z = prepared(estimator, X, max_categories=5)
    assert (Z.shape[1] if Z.shape[1] > 1 else len(np.unique(Z))) == 5
    assert prepared(Ridge(), X, max_categories=None).shape[1] == 30


def test_order_of_columns_does_not_matter_and_pickles_round_trip(table):
    X, y = table
    model = make_tabular_pipeline(Ridge()).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X[X.columns[::-1]]), model.predict(X))


def test_grid_search_names_and_two_jobs(table):
    grid = {
        "ridge__alpha": [0.1, 1e5],
        "columntransformer__numbers__simpleimputer__strategy": ["mean", "median"],
    }
    search = GridSearchCV(make_tabular_pipeline(Ridge()), grid, cv=3, n_jobs=2).fit(*table)
    assert search.best_params_["ridge__alpha"] == 0.1


def test_the_estimator_is_not_fitted_nor_copied(table):
    estimator = Ridge()
    model = make_tabular_pipeline(estimator)
    assert model[-1] is estimator
    clone(model).fit(*table)
    assert not hasattr(estimator, "coef_")


def test_arrays_and_classes_are_refused():
    with pytest.raises(ValueError, match="pandas dataframe"):
        make_tabular_pipeline(Ridge()).fit(np.zeros((4, 2)), np.zeros(4))
    with pytest.raises(TypeError, match="must be an instance"):
        make_tabular_pipeline(Ridge)


def test_perceptrons_take_the_table_as_it_is(table):
    X, y = table
    model = make_tabular_pipeline(
        MLPRegressor((32, 32), max_epochs=20, n_members=4, random_state=0)
    )
    assert list(model.named_steps) == ["mlpregressor"]
    assert cross_val_score(model, X, y, cv=3).mean() > 0.4
