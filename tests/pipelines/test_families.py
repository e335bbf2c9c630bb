"""Every estimator falls in the family that its input asks for."""

import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
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

from skdl.estimators import classical as _classical
from skdl.estimators._base._estimator import TorchEstimator
from skdl.pipelines._families import Family, family_of, held, innermost


class Deep(TorchEstimator):
    """The least deep estimator."""

    def fit(self, X, y):
        return self


class XGBModel:
    """Stands for the base class of xgboost."""

    def fit(self, X, y):
        return self


class XGBRegressor(XGBModel):
    pass


@pytest.mark.parametrize("name", _classical.__all__)
def test_catalogue(name):
    tree = "Tree" in name or "Forest" in name
    assert family_of(getattr(_classical, name)()) is (Family.TREE if tree else Family.SCALED)


@pytest.mark.parametrize(
    ("estimator", "family"),
    [
        (Deep(), Family.DEEP),
        (DummyClassifier(), Family.TREE),
        (DummyRegressor(), Family.TREE),
        (ExtraTreesClassifier(), Family.TREE),
        (GradientBoostingRegressor(), Family.TREE),
        (HistGradientBoostingClassifier(), Family.TREE),
        (XGBRegressor(), Family.TREE),
        (BaggingRegressor(), Family.TREE),
        (AdaBoostRegressor(), Family.TREE),
        (MultinomialNB(), Family.UNSCALED),
        (GaussianNB(), Family.SCALED),
        (MLPClassifier(), Family.SCALED),
        (VotingRegressor([("tree", DecisionTreeRegressor())]), Family.SCALED),
    ],
)
def test_other_estimators(estimator, family):
    assert family_of(estimator) is family


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
    ("model", "family"),
    [(Deep(), Family.DEEP), (DecisionTreeRegressor(), Family.TREE), (Ridge(), Family.SCALED)],
)
def test_meta_estimators_are_treated_as_what_they_wrap(wrap, model, family):
    assert innermost(wrap(model)) is model
    assert family_of(wrap(model)) is family


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
        family_of(bad)
