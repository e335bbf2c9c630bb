"""Classifiers: labels, scores, weights of classes and of rows."""

import numpy as np
import pandas as pd
import pytest

from skdl.datasets import make_sequences
from skdl.estimators import GRUClassifier, GRURegressor

SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0}
X, Y = make_sequences(60, n_steps=6, random_state=0)


def regressor(**params):
    return GRURegressor(**{**SMALL, **params})


def classifier(**params):
    return GRUClassifier(**{**SMALL, **params})


def assert_unfitted(model):
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_shapes_of_scores_and_probabilities(n_classes):
    many, labels = make_sequences(60, task="classification", n_classes=n_classes, random_state=0)
    model = classifier().fit(many, labels)
    proba, scores = model.predict_proba(many), model.decision_function(many)
    assert proba.shape == (60, n_classes)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(many)), proba, atol=1e-6)
    if n_classes == 2:
        np.testing.assert_allclose(scores, np.log(proba[:, 1] / proba[:, 0]), atol=1e-4)
    else:
        assert (scores.argmax(1) == proba.argmax(1)).all()


BAD_LABELS = {
    "length": (np.arange(59) % 2, "X has 60 samples, but y has 59|inconsistent numbers of samples"),
    "NaN": (np.where(np.arange(60) == 7, np.nan, np.arange(60) % 2), "y contains NaN"),
    "continuous": (Y, "Unknown label type: continuous"),
    "one class": (np.full(60, "a"), "at least 2 classes, got only one class: .*'a'"),
    "two columns": (np.zeros((60, 2)), "y should be a 1d array"),
    "None": (None, "requires y to be passed, but the target y is None"),
}


@pytest.mark.parametrize(("y", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_y_of_a_classifier_is_told(y, message):
    model = classifier()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [({"x": 1.0}, r"not in class_weight|class_weight"), ("even", "'class_weight' parameter")],
)
def test_bad_class_weights_are_told(class_weight, message):
    model = classifier(class_weight=class_weight)
    with pytest.raises(ValueError, match=message):
        model.fit(X, np.arange(60) % 2)
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(60), "non-zero"),
        (-np.ones(60), "Negative values in data passed to `sample_weight`"),
        (np.full(60, np.nan), "NaN"),
        (np.ones(59), r"\(59,\)|inconsistent"),
        (np.ones((60, 2)), "1D array or scalar"),
    ],
)
@pytest.mark.parametrize("model", [classifier(), regressor()])
def test_bad_sample_weights_are_told(model, weight, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, np.arange(60) % 2, weight)
    assert_unfitted(model)


def test_class_weight_multiplies_sample_weight():
    labels = np.where(Y > 0, "up", "down")
    weight = np.linspace(0.5, 1.5, 60)
    both = classifier(class_weight={"up": 3.0, "down": 1.0}).fit(X, labels, weight)
    by_row = classifier().fit(X, labels, weight * np.where(Y > 0, 3.0, 1.0))
    np.testing.assert_allclose(both.predict_proba(X), by_row.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    "y",
    [
        np.array(["a", None] * 10, dtype=object),
        pd.Series(["a", pd.NA] * 10, dtype="string"),
        ["a", None] * 10,
        np.array([0.0, np.nan] * 10),
    ],
    ids=["objects", "strings", "list", "floats"],
)
def test_missing_labels_are_told_with_their_row(y):
    model = classifier()
    with pytest.raises(ValueError, match=r"y contains NaN.* row 1"):
        model.fit(X[:20], y)
    assert_unfitted(model)


def test_negative_class_weights_are_told():
    with pytest.raises(ValueError, match="class_weight must not be negative"):
        classifier(class_weight={0: -1.0, 1: 1.0}).fit(X, np.arange(60) % 2)


def test_classes_cannot_change_between_chunks():
    model = classifier().partial_fit(X, np.arange(60) % 2, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"\[0, 1, 2, 3\] differ from those of the first call"):
        model.partial_fit(X, np.arange(60) % 2, classes=[0, 1, 2, 3])
    assert model.partial_fit(X, np.arange(60) % 2, classes=[2, 1, 0]).n_iter_ == 2


def test_a_row_of_each_class_cannot_be_split():
    with pytest.raises(ValueError, match="No row of the 20 can be set aside"):
        classifier(early_stopping=True).fit(X[:20], np.arange(20))


def test_log_probabilities_are_finite_where_probabilities_vanish():
    model = classifier().fit(X, np.arange(60) % 2)
    model.module_.head.weight.data.mul_(1e4)
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert (model.predict_proba(X) == 0).any()
