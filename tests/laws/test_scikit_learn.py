"""Laws of scikit-learn: its own checks, tags, and what ``fit`` gives back and leaves alone."""

import copy

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.laws.common import (
    CHECKED,
    DEEP,
    INSTANCES,
    answers,
    assert_same,
    clone,
    every,
    every_class,
    has,
    learned,
    predicts,
    takes_weights,
)
from tests.laws.instances import expected_failed_checks

NUMBERS = {"sequences", "signals", "tables"}  # kinds that scikit-learn's checks have data of
BY_CHECKS = [pytest.param(estimator, id=str(estimator)) for estimator in CHECKED]
BY_LAWS = [pytest.param(i.estimator, id=str(i)) for i in INSTANCES if predicts(i)]


@parametrize_with_checks(CHECKED, expected_failed_checks=expected_failed_checks)
def test_scikit_learns_checks(estimator, check):
    """All of scikit-learn's checks pass."""
    check(estimator)


@pytest.mark.parametrize("estimator", BY_CHECKS + BY_LAWS)
def test_no_check_is_skipped_by_a_tag(estimator):
    """No tag tells scikit-learn to check less."""
    tags = get_tags(estimator)
    assert tags.input_tags.two_d_array
    kind = tags.classifier_tags if is_classifier(estimator) else tags.regressor_tags
    loose = [tags.no_validation, tags.non_deterministic, tags._skip_test, kind.poor_score]
    assert not any(loose)
    assert not tags.input_tags.pairwise
    assert tags.input_tags.allow_nan is hasattr(estimator, "categorical_features")
    assert tags.requires_fit


@every_class
def test_every_deep_estimator_is_in_the_table(cls):
    """With every kind of data that it says it takes, and with scikit-learn's checks."""
    kinds = {i.kind.input_kind for i in INSTANCES if type(i.estimator) is cls}
    assert kinds == cls._input_kinds
    assert (cls in {type(estimator) for estimator in CHECKED}) is bool(NUMBERS & cls._input_kinds)


def test_the_table_is_of_the_catalogue():
    assert {type(instance.estimator) for instance in INSTANCES} == set(DEEP)
    assert len({str(instance) for instance in INSTANCES}) == len(INSTANCES)


@every()
def test_fit_returns_self_and_changes_nothing_that_was_given(instance):
    """X, y, weights and parameters are only read."""
    estimator, (X, y) = clone(instance.estimator), instance.data()
    given = [X, y, *([np.ones(len(y))] if takes_weights(instance) else [])]
    params = estimator.get_params()
    before = copy.deepcopy(given)
    assert estimator.fit(*given) is estimator
    answers(estimator, X)
    for one, other in zip(given, before, strict=True):
        assert_same(one, other)
    assert estimator.get_params().keys() == params.keys()
    assert all(value is params[name] for name, value in estimator.get_params().items())


@every()
def test_fitted_attributes(instance):
    """What is learned ends in _ and is born in fit."""
    X, y = instance.data()
    assert not learned(clone(instance.estimator))
    model = instance.fitted(X, y, **instance.known(early_stopping=True))
    assert list(model.history_) == ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
    assert model.history_["epoch"].tolist() == list(range(1, model.n_iter_ + 1))
    history = (
        model.history_
        if has("early_stopping")(instance)
        else model.history_.drop(columns="valid_loss")
    )
    assert np.isfinite(history.to_numpy(float)).all()
    assert model.module_ is model.net_.module_
    assert model.device_ == "cpu"
    assert model.n_parameters_ == sum(p.numel() for p in model.module_.parameters())
    if has("early_stopping")(instance):
        assert 0 <= model.best_epoch_ <= model.n_iter_
    if instance.kind.takes_gaps or isinstance(X, np.ndarray):
        assert model.n_features_in_ == X.shape[1]
    else:
        assert not hasattr(model, "n_features_in_")


@every()
def test_is_silent_by_default(instance, capfd):
    """Nothing is printed."""
    X, y = instance.data()
    answers(instance.fitted().partial_fit(X, y), X)
    assert capfd.readouterr() == ("", "")


@every()
def test_before_fit_says_that_it_is_not_fitted(instance):
    """Every method that needs a fit says so; what only looks finds nothing."""
    X, _ = instance.data()
    methods = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    methods += ["encode", "transform"]
    calls = [(name, X) for name in methods if hasattr(instance.estimator, name)]
    assert calls
    for name, argument in [*calls, ("to", "cpu")]:
        with pytest.raises(NotFittedError):
            getattr(clone(instance.estimator), name)(argument)
    for name in ("net_", "module_", "history_", "device_", "n_parameters_", "n_iter_"):
        assert not hasattr(instance.estimator, name)
