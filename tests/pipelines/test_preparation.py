"""Every estimator gets the preparation that it needs."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from skdl.datasets import make_images
from skdl.estimators import CNNClassifier, LSTMRegressor
from skdl.estimators import MLPClassifier as OurMLPClassifier
from skdl.estimators import classical as _classical
from skdl.estimators._base import TorchRegressor
from skdl.pipelines import make_sequence_pipeline, make_tabular_pipeline
from skdl.pipelines._preparation import Preparation, held, innermost, preparation_of
from skdl.preprocessing import Flatten
from tests.catalogue import instance_of


class Deep(TorchRegressor):
    """The least deep estimator."""

    _input_kinds = frozenset({"sequences"})

    def _read_inputs(self, X, *, reset):
        raise NotImplementedError

    def _make_module(self, train):
        raise NotImplementedError

    def fit(self, X, y):
        return self


class DeepOnTables(Deep):
    """Takes tables alone."""

    _input_kinds = frozenset({"tables"})


class BoostedTrees(BaseEstimator):
    """Of another package."""

    def __init__(self, max_depth=None):
        self.max_depth = max_depth

    def fit(self, X, y):
        return self


class SetParametersAlone(BoostedTrees):
    """``get_params`` leaves out parameters that are not set, as CatBoost's does."""

    def get_params(self, deep=True):
        return {}


class BaseForest(BaseEstimator):
    """Has the name of the base of scikit-learn's forests, and is none."""

    def fit(self, X, y):
        return self


@pytest.mark.parametrize("name", _classical.__all__)
def test_catalogue(name):
    tree = any(word in name for word in ("Tree", "Forest", "Boosting", "Bagging"))
    assert preparation_of(instance_of(name)) is (Preparation.TREE if tree else Preparation.SCALED)


@pytest.mark.parametrize(
    ("estimator", "preparation"),
    [
        (Deep(), Preparation.DEEP),
        (DeepOnTables(), Preparation.TABLE),
        (DummyClassifier(), Preparation.TREE),
        (DummyRegressor(), Preparation.TREE),
        (ExtraTreesClassifier(), Preparation.TREE),
        (GradientBoostingRegressor(), Preparation.TREE),
        (HistGradientBoostingClassifier(), Preparation.TREE),
        (BoostedTrees(), Preparation.TREE),
        (SetParametersAlone(), Preparation.TREE),
        (BaseForest(), Preparation.SCALED),
        (BaggingRegressor(), Preparation.TREE),
        (AdaBoostRegressor(), Preparation.TREE),
        (MultinomialNB(), Preparation.UNSCALED),
        (GaussianNB(), Preparation.SCALED),
        (MLPClassifier(), Preparation.SCALED),
        (OurMLPClassifier(), Preparation.ANY_TABLE),
        (GridSearchCV(OurMLPClassifier(), {}), Preparation.ANY_TABLE),
        (BaggingClassifier(OurMLPClassifier()), Preparation.SCALED),
        (GridSearchCV(BaggingClassifier(OurMLPClassifier()), {}), Preparation.SCALED),
        (VotingRegressor([("tree", DecisionTreeRegressor())]), Preparation.SCALED),
    ],
)
def test_other_estimators(estimator, preparation):
    assert preparation_of(estimator) is preparation


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: GridSearchCV(model, {}),
        MultiOutputRegressor,
        TransformedTargetRegressor,
        BaggingRegressor,
        OneVsRestClassifier,
        make_pipeline,
        lambda model: GridSearchCV(make_pipeline(TransformedTargetRegressor(model)), {}),
    ],
)
@pytest.mark.parametrize(
    ("model", "preparation"),
    [
        (Deep(), Preparation.DEEP),
        (DecisionTreeRegressor(), Preparation.TREE),
        (Ridge(), Preparation.SCALED),
    ],
)
def test_meta_estimators_are_treated_as_what_they_wrap(wrap, model, preparation):
    assert innermost(wrap(model)) is model
    assert preparation_of(wrap(model)) is preparation


def test_held_is_a_parameter_and_its_name():
    ridge = Ridge()
    assert held(MultiOutputRegressor(ridge)) == ("estimator", ridge)
    assert held(TransformedTargetRegressor(ridge)) == ("regressor", ridge)
    assert held(make_pipeline(Deep(), ridge)) == ("ridge", ridge)
    assert held(ridge) is None
    forest = ExtraTreesClassifier()  # has an attribute of that name
    assert held(forest) is None
    assert innermost(forest) is forest


@pytest.mark.parametrize("bad", [LogisticRegression, "ridge", None, object()])
def test_only_instances_with_fit(bad):
    with pytest.raises(TypeError, match="must be an instance with a fit method"):
        preparation_of(bad)


# Voting and stacking -----------------------------------------------------------------------------


@pytest.mark.parametrize("several", [VotingRegressor, StackingRegressor])
def test_members_that_are_deep_get_x_as_it_is(several):
    assert preparation_of(several([("a", Deep()), ("b", Deep())])) is Preparation.DEEP
    search = GridSearchCV(several([("a", make_pipeline(Deep())), ("b", "drop")]), {})
    assert preparation_of(search) is Preparation.DEEP


@pytest.mark.parametrize("several", [VotingRegressor, StackingRegressor])
def test_members_of_both_sorts_are_told_to_be_wrapped(several):
    """Flat rows would be read as sequences of one channel, in silence; the advice works."""
    X = np.random.default_rng(0).normal(size=(40, 6, 2))
    deep = LSTMRegressor(4, n_layers=1, max_epochs=1, random_state=0)
    with pytest.raises(ValueError, match="must take X in one form"):
        make_sequence_pipeline(several([("deep", deep), ("ridge", Ridge())]))
    assert make_tabular_pipeline(several([("deep", deep), ("ridge", Ridge())]))  # both take these
    wrapped = [(type(e).__name__, make_sequence_pipeline(e)) for e in (deep, Ridge())]
    model = several(wrapped).fit(X, X[:, -1, 0])
    assert model.estimators_[0][-1].n_channels_in_ == 2
    assert model.predict(X).shape == (40,)


def test_bagging_of_sequences_and_images_works_as_the_docs_say():
    """It takes two dimensions alone."""
    X = np.random.default_rng(0).normal(size=(40, 6, 2))
    y = X[:, -1, 0]
    deep = LSTMRegressor(4, n_channels=2, max_epochs=1, random_state=0)
    model = make_pipeline(Flatten(), BaggingRegressor(deep, n_estimators=2)).fit(X, y)
    assert model[-1].estimators_[0].n_channels_in_ == 2
    images, labels = make_images(40, size=(6, 6), random_state=0)
    deep = CNNClassifier((4,), image_shape=(6, 6), max_epochs=1, random_state=0)
    model = make_pipeline(Flatten(), BaggingClassifier(deep, n_estimators=2)).fit(images, labels)
    assert model[-1].estimators_[0].input_shape_ == (6, 6, 1)
