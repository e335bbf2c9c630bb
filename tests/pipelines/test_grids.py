"""search_grid: every estimator has a grid, and takes every value of it."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import BayesianRidge, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from torch import nn

import skdl.estimators
from skdl.datasets import make_images
from skdl.estimators import (
    PCA,
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
from tests.catalogue import instance_of

MOST = 12
# Members of voting and stacking have the parameters; no score of a search judges a clustering.
WITHOUT = {
    *("VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor"),
    *("AgglomerativeClustering", "DBSCAN", "KMeans"),
}
NAMES = [name for name in skdl.estimators.__all__ if name not in WITHOUT]
every_name = pytest.mark.parametrize("name", NAMES)
every_predictor = pytest.mark.parametrize(
    "name", [name for name in NAMES if hasattr(getattr(skdl.estimators, name), "predict")]
)


def make(name):
    estimator = instance_of(name)
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
        assert all(len(set(map(str, values))) == len(values) >= 1 for values in grid.values())


def test_a_value_alone_is_one_that_others_need():
    """The values of all other parameters are searched, two or more."""
    alone = {(n, p) for n in NAMES for p, values in search_grid(make(n)).items() if len(values) < 2}
    assert alone == {("LinearDiscriminantAnalysis", "solver")}


def fit_each_value(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        grid = search_grid(estimator)
        needed = {name: values[0] for name, values in grid.items() if len(values) == 1}
        for name, values in grid.items():
            for value in values:
                fitted = clone(estimator).set_params(**{**needed, name: value}).fit(X, y)
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


@pytest.mark.parametrize("unknown", [AdaBoostClassifier(), make_pipeline(BayesianRidge())])
def test_unknown_estimators_are_refused(unknown):
    with pytest.raises(TypeError, match=r"no grid for (AdaBoost|Bayesian).*Write param_grid"):
        search_grid(unknown)


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_those_without_a_grid_say_so(name):
    with pytest.raises(TypeError, match=rf"no grid for {name}.*Write param_grid"):
        search_grid(instance_of(name))


def test_principal_components_before_a_classifier():
    X = make_images(40, size=(8, 8), random_state=0)[0]
    for params in ParameterGrid(search_grid(PCA())):
        components = PCA().set_params(**params).fit_transform(X.reshape(len(X), -1))
        assert 1 <= components.shape[1] < 40


@pytest.mark.parametrize("bad", [SVC, "svc", None])
def test_only_instances(bad):
    with pytest.raises(TypeError, match="must be an instance"):
        search_grid(bad)
