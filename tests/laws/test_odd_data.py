"""Laws of small and odd data, and that something is learned at all."""

import copy
import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import train_test_split

from tests.laws.common import (
    answers,
    assert_close,
    assert_same,
    classifies,
    every,
    numeric,
    predicts,
    regresses,
    takes_numbers_alone,
)


@every(regresses)
@pytest.mark.parametrize("value", [0.0, 3.5, -1e6])
def test_constant_target(instance, value):
    """A constant is learned."""
    X, y = instance.data()
    got = instance.answers_of_fit(X, np.full(len(y), value), max_epochs=20, lr=0.03)
    assert_close(got, value, atol=0.5)
    assert np.isfinite(got).all()


@every()
def test_smallest_sizes(instance):
    """One feature, one step, one pixel less, one sample of each class."""
    for X in instance.kind.smallest():
        got = instance.answers_of_fit(X, np.arange(len(X)) % 2)
        assert len(got) == len(X)
        assert np.isfinite(got).all()


@every(regresses)
def test_a_single_sample(instance):
    """One row is enough for a regressor."""
    X, _ = instance.data()
    assert np.isfinite(instance.answers_of_fit(instance.kind.take(X, slice(1)), [2.0])).all()


@every()
def test_constant_x(instance):
    """Channels that do not vary are no division by zero."""
    _, y = instance.data()
    assert np.isfinite(instance.answers_of_fit(instance.kind.constant(len(y)), y)).all()


@every(classifies)
@pytest.mark.parametrize("early_stopping", [False, "auto"])
def test_more_classes_than_rows_in_a_batch(instance, early_stopping):
    """Many small classes, also where the validation split is automatic."""
    X, _ = instance.data(240)
    y = np.arange(240) % 60
    model = instance.fitted(X, y, batch_size=8, max_epochs=1, early_stopping=early_stopping)
    proba = model.predict_proba(X)
    assert proba.shape == (240, 60)
    assert_close(proba.sum(1), 1)
    assert model.decision_function(X).shape == (240, 60)


@every(predicts)
def test_beats_dummy(instance):
    """It learns."""
    X, y = instance.data(300)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = instance.fitted(X, y, max_epochs=15, lr=0.03, batch_size=32)
    dummy = (DummyClassifier if is_classifier(model) else DummyRegressor)().fit(y, y)
    assert model.score(X_test, y_test) > dummy.score(y_test, y_test) + 0.2


@every(numeric, takes_numbers_alone)  # others are scaled by the distance of their quartiles
def test_a_value_of_x_beside_which_all_others_are_the_same_is_named(instance):
    """It decides the scale by which its channel is standardized."""
    X, y = instance.data(120)
    X = copy.deepcopy(X)
    row = X[20]
    if row.dtype.kind != "f":
        pytest.skip("holds bytes, of which none is far from the others")
    row[(0,) * row.ndim] = 12345.0
    with pytest.warns(UserWarning, match=r"X holds 12345 in row 20, step 0, channel 0, which"):
        instance.fitted(X, y, early_stopping=False)


@every(numeric)
def test_an_empty_list_is_told(instance):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        instance.fitted([], [])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        answers(instance.fitted(*instance.data(12), max_epochs=1), [])


@every(numeric)
@pytest.mark.parametrize("value", [1e12, 1e25, -1e37])
def test_a_huge_value_gives_a_number(instance, value):
    """Of a row that is predicted; the squares of huge values do not exist in float32."""
    X, y = instance.data(40)
    model = instance.fitted(X, y, max_epochs=1)
    X = copy.deepcopy(X[:2])
    if X[0].dtype.kind != "f":
        pytest.skip("holds bytes")
    X[0][(0,) * X[0].ndim] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a value in other units may be told
        assert not np.isnan(answers(model, X)).any()


def of_signals(instance):
    return instance.kind.name in {"sequences", "signals", "ragged"}


@every(classifies, of_signals)
def test_how_far_a_value_is_beyond_all_of_fit_does_not_matter(instance):
    """One odd step of a later signal does not decide by its size."""
    X, _ = instance.data()
    model, (before, *after) = instance.as_fitted(), (copy.deepcopy(X) for _ in range(3))
    for spoilt, value in zip(after, (1e3, 1e9), strict=True):
        spoilt[0][(0,) * spoilt[0].ndim] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a value in other units may be told
        expected, *got = (answers(model, each) for each in (before, *after))
    assert_same(got[0], got[1])
    assert_same(got[0][1:], expected[1:])


@every(regresses)
@pytest.mark.parametrize("outlier", [1e3, 1e8])
def test_an_outlier_in_one_target_leaves_the_others_alone(instance, outlier):
    """Whatever stands in one row of another target, a target is learned."""
    X, y = instance.data(300)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    spoilt = np.where(np.arange(len(y)) == 100, outlier, y)
    both = np.stack([y, spoilt], 1)
    model = instance.fitted(X, both, max_epochs=15, lr=0.03, batch_size=32)
    assert r2_score(y_test, model.predict(X_test)[:, 0]) > 0.2


@every(classifies)
def test_noise_is_not_predicted_with_certainty(instance):
    """What says nothing of the labels is overfitted, and predicted about as by guessing."""
    X, _ = instance.data(160)
    y = np.random.default_rng(7).permutation(np.arange(160) % 2)
    X, X_test, y, y_test = train_test_split(X, y, test_size=80, random_state=0)
    model = instance.fitted(X, y, max_epochs=40, lr=0.02, early_stopping=False)
    assert model.temperature_ >= 1
    assert log_loss(y_test, model.predict_proba(X_test)) < 0.9
