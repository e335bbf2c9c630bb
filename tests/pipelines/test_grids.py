"""search_grid: every estimator has a grid, and takes every value of it."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from torch import nn

import skdl.estimators
from skdl.datasets import make_images
from skdl.estimators import (
    SVC,
    CNNClassifier,
    Lasso,
    LogisticRegression,
    LSTMRegressor,
    Ridge,
    TransformerClassifier,
    Word2VecTransformer,
)
from skdl.estimators._base._estimator import TorchEstimator
from skdl.estimators.cnn._network_architectures import BEST_ARCHITECTURE
from skdl.pipelines import (
    make_image_classifier,
    make_sequence_pipeline,
    make_text_classifier,
    search_grid,
)

MOST = 12
every_name = pytest.mark.parametrize("name", skdl.estimators.__all__)
every_predictor = pytest.mark.parametrize(
    "name",
    [
        name
        for name in skdl.estimators.__all__
        if hasattr(getattr(skdl.estimators, name), "predict")
    ],
)


def make(name):
    estimator = getattr(skdl.estimators, name)()
    if isinstance(estimator, TorchEstimator):
        estimator.set_params(max_epochs=1, device="cpu", random_state=0)
    return estimator


def networks():
    """What a CNNClassifier that was given a network is searched for."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3))
    return [
        CNNClassifier(backbone=network, max_epochs=1, device="cpu"),
        CNNClassifier(architecture=lambda *_: network, max_epochs=1, device="cpu"),
    ]


class KNeighborsClassifier(BaseEstimator):
    """Has the name of scikit-learn's, and other parameters."""

    def fit(self, X, y):
        return self


def test_a_namesake_does_not_inherit_the_grid():
    with pytest.raises(TypeError, match="no grid for KNeighborsClassifier"):
        search_grid(KNeighborsClassifier())


def test_a_subclass_without_the_parameters_does_not_inherit_the_grid():
    with pytest.raises(TypeError, match="no grid for LogisticRegressionCV"):
        search_grid(LogisticRegressionCV())


@every_name
def test_names_are_parameters_and_grids_are_small(name):
    for estimator in (make(name), make_pipeline(make(name)), GridSearchCV(make(name), {})):
        grid = search_grid(estimator)
        assert set(grid) <= set(estimator.get_params())
        assert 2 <= len(ParameterGrid(grid)) <= MOST
        assert all(len(set(map(str, values))) == len(values) >= 2 for values in grid.values())


def fit_each_value(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, values in search_grid(estimator).items():
            for value in values:
                fitted = clone(estimator).set_params(**{name: value}).fit(X, y)
                assert len(fitted.predict(X)) == len(X)


@every_predictor
def test_every_value_is_accepted(name):
    estimator = make(name)
    if getattr(estimator, "_input_kinds", frozenset({"tables"})) <= {"texts", "documents"}:
        X, y = np.array(["a good day", "a bad day"] * 20, dtype=object), np.arange(40) % 2
    else:
        X, y = make_images(40, size=(8, 8), random_state=0)
        X = X.astype(float)
    y = y if is_classifier(estimator) else y + 0.5 * np.random.default_rng(0).normal(size=len(y))
    fit_each_value(make_sequence_pipeline(estimator), X, y)


@pytest.mark.parametrize("estimator", networks())
def test_a_given_network_is_kept(estimator):
    grid = search_grid(estimator)
    assert "architecture" not in grid
    assert set(grid) == ({"freeze", "lr"} if estimator.backbone is not None else {"augment", "lr"})
    fit_each_value(estimator, *make_images(30, size=(8, 8), random_state=0))


def test_a_checkpoint_is_kept():
    model = make_text_classifier(TransformerClassifier(pretrained="a folder"))
    grid = search_grid(model)
    assert set(grid) == {"transformerclassifier__freeze", "transformerclassifier__lr"}
    assert set(grid) <= set(model.get_params())
    assert 2 <= len(ParameterGrid(grid)) <= MOST


def test_naive_bayes_on_texts():
    texts, y = ["a good day", "a bad day", "so good", "so bad"] * 5, [1, 0, 1, 0] * 5
    fit_each_value(make_text_classifier(MultinomialNB()), texts, y)


def test_word_vectors_before_a_classifier():
    texts, y = ["a good day", "a bad day", "so good", "so bad"] * 5, [1, 0, 1, 0] * 5
    words = Word2VecTransformer(4, min_count=1, sample=0, device="cpu", random_state=0)
    model = make_pipeline(words, LogisticRegression())
    for grid in ({f"word2vectransformer__{k}": v} for k, v in search_grid(words).items()):
        for params in ParameterGrid(grid):
            fitted = clone(model).set_params(**params).fit(texts, y)
            assert len(fitted.predict(texts)) == len(texts)


def test_architectures_differ_from_auto():
    architectures = search_grid(CNNClassifier())["architecture"]
    assert not set(architectures) & set(BEST_ARCHITECTURE.values())


def test_names_in_pipelines_and_meta_estimators():
    assert set(search_grid(make_image_classifier())) == {
        "cnnclassifier__augment",
        "cnnclassifier__architecture",
    }
    model = make_sequence_pipeline(TransformedTargetRegressor(Lasso()))
    assert set(search_grid(model)) == {"transformedtargetregressor__regressor__alpha"}


def test_a_search_runs():
    X, y = make_images(30, size=(8, 8), random_state=0)
    model = make_image_classifier(SVC())
    search = GridSearchCV(model, search_grid(model), cv=2).fit(X, y)
    assert set(search.best_params_) == {"svc__C", "svc__gamma"}


def test_the_grid_may_be_changed():
    grid = search_grid(Ridge())
    grid["alpha"].append(1e9)
    grid["fit_intercept"] = [False]
    assert 1e9 not in search_grid(Ridge())["alpha"]
    assert set(search_grid(Ridge())) == {"alpha"}


class MyLSTM(LSTMRegressor):
    """A subclass."""


def test_subclasses_have_the_grid_of_their_base():
    assert search_grid(MyLSTM()) == search_grid(LSTMRegressor())


@pytest.mark.parametrize("unknown", [GradientBoostingClassifier(), make_pipeline(ElasticNet())])
def test_unknown_estimators_are_refused(unknown):
    with pytest.raises(TypeError, match=r"no grid for (GradientB|Elastic).*Write param_grid"):
        search_grid(unknown)


@pytest.mark.parametrize("bad", [SVC, "svc", None])
def test_only_instances(bad):
    with pytest.raises(TypeError, match="must be an instance"):
        search_grid(bad)
