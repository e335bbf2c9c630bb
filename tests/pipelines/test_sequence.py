"""Any estimator takes sequences and images through make_sequence_pipeline."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline

from skdl.estimators._base._estimator import TorchEstimator
from skdl.estimators.classical import LinearSVC, RandomForestRegressor, Ridge
from skdl.estimators.recurrent._estimators import LSTMRegressor
from skdl.pipelines import make_sequence_pipeline
from tests.catalogue import CLASSICAL_CLASSIFIERS, CLASSICAL_REGRESSORS, instance_of


class KeepsX(TorchEstimator):
    """A deep estimator that remembers what reached it."""

    _input_kinds = frozenset({"sequences"})

    def _read_inputs(self, X, *, reset):
        raise NotImplementedError

    def _make_module(self, train):
        raise NotImplementedError

    def fit(self, X, y):
        self.X_ = X
        return self


@pytest.fixture
def series():
    X = np.random.default_rng(0).normal(size=(120, 6, 2))
    return X, X[:, -1, 0] + 0.5 * X[:, 0, 1]


def steps(estimator):
    return list(make_sequence_pipeline(estimator).named_steps)


def test_steps_by_family():
    assert steps(Ridge()) == ["flatten", "standardscaler", "ridge"]
    assert steps(LinearSVC()) == ["flatten", "standardscaler", "linearsvc"]
    assert steps(RandomForestRegressor()) == ["flatten", "randomforestregressor"]
    assert steps(DummyRegressor()) == ["flatten", "dummyregressor"]
    assert steps(MultinomialNB()) == ["flatten", "multinomialnb"]
    assert steps(KeepsX()) == ["keepsx"]
    assert steps(TransformedTargetRegressor(KeepsX())) == ["transformedtargetregressor"]


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_ has:UserWarning")  # blank pixels
@pytest.mark.parametrize("name", CLASSICAL_CLASSIFIERS)
def test_classifiers_take_images(name):
    images, y = load_digits().images[:400], load_digits().target[:400]
    classes = np.array(["zero", "one", *"23456789"])[y]
    estimator = instance_of(name)
    model = make_sequence_pipeline(estimator)
    assert type(model) is Pipeline
    assert model.fit(images[:300], classes[:300]).score(images[300:], classes[300:]) > 0.6


@pytest.mark.parametrize("name", CLASSICAL_REGRESSORS)
def test_regressors_take_multichannel_sequences(name, series):
    estimator = instance_of(name)
    if name in ("Lasso", "ElasticNet"):
        estimator.set_params(alpha=0.01)
    assert cross_val_score(make_sequence_pipeline(estimator), *series, cv=3).mean() > 0.2


def test_flattens_uint8_images_for_dummies():
    X = np.zeros((10, 4, 4, 3), dtype=np.uint8)
    assert make_sequence_pipeline(DummyClassifier()).fit(X, [0, 1] * 5).score(X, [0] * 10) == 1


def test_x_reaches_a_deep_estimator_untouched():
    X = [np.zeros((3, 2)), np.zeros((5, 2))]
    assert make_sequence_pipeline(KeepsX()).fit(X, [0, 1])[-1].X_ is X


def test_deep_and_classical_meet_one_x_in_one_loop(series):
    X, y = series
    for estimator in (Ridge(), RandomForestRegressor(5), LSTMRegressor(4, max_epochs=2)):
        assert make_sequence_pipeline(estimator).fit(X, y).predict(X).shape == y.shape
    ragged = [sequence[: 3 + i % 4] for i, sequence in enumerate(X)]
    model = make_sequence_pipeline(LSTMRegressor(max_epochs=2))
    model.set_params(lstmregressor__hidden_size=4)
    assert model.fit(ragged, y).predict(ragged).shape == y.shape


def test_grid_search_over_the_pipeline_with_two_jobs(series):
    search = GridSearchCV(
        make_sequence_pipeline(Ridge()), {"ridge__alpha": [0.1, 1e4]}, cv=3, n_jobs=2
    )
    assert search.fit(*series).best_params_ == {"ridge__alpha": 0.1}


def test_a_search_may_be_the_last_step(series):
    model = make_sequence_pipeline(GridSearchCV(Ridge(), {"alpha": [0.1, 1e4]}, cv=3))
    assert clone(model).fit(*series)[-1].best_params_ == {"alpha": 0.1}


def test_unequal_lengths_give_a_clear_error_with_a_classical_estimator():
    X = [np.zeros((3, 2)), np.zeros((5, 2))]
    with pytest.raises(ValueError, match="samples of one shape"):
        make_sequence_pipeline(Ridge()).fit(X, [0.0, 1.0])


def test_a_class_is_refused():
    with pytest.raises(TypeError, match=r"must be an instance"):
        make_sequence_pipeline(Ridge)
