"""Laws of weights: of samples and of classes."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from skdl.estimators._base import _classifier
from tests.laws.common import assert_close, every, has, takes_weights


@every(takes_weights)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_zero_have_no_influence(instance, early_stopping):
    """Their y may be anything."""
    X, y = instance.data()
    weight = np.ones(len(y))
    weight[::3] = 0
    classifies = is_classifier(instance.estimator)
    other = np.where(weight > 0, y, y[::-1] if classifies else 1e3)
    if classifies:
        early_stopping = False  # the split goes by y
    params = {"early_stopping": early_stopping, "validation_fraction": 0.3}
    expected = instance.answers_of_fit(X, y, weight, **params)
    assert_close(instance.answers_of_fit(X, other, weight, **params), expected, atol=1e-4)


@every(takes_weights)
def test_rows_of_weight_zero_are_not_looked_at(instance):
    """Nothing of their X is learned: no scale, no vocabulary."""
    X, y = instance.data()
    odd = instance.kind.take(instance.kind.unlike(X), slice(20))
    both, ys = instance.kind.join(X, odd), np.concatenate([y, y[:20]])
    weight = np.repeat([1.0, 0.0], [len(y), 20])
    got = instance.fitted(both, ys, weight, early_stopping=False)
    expected = instance.fitted(X, y, early_stopping=False)
    assert_close(got.predict(X), expected.predict(X), atol=1e-4)


@every(takes_weights)
def test_tiny_weights_act_as_tiny(instance):
    """Whatever y such rows have, nothing that is learned moves by much."""
    X, y = instance.data()
    weight = np.where(np.arange(len(y)) % 3 == 0, 1e-12, 1.0)
    other = np.where(weight == 1, y, y[::-1] if is_classifier(instance.estimator) else 1e3)
    expected = instance.answers_of_fit(X, y, weight, early_stopping=False)
    got = instance.answers_of_fit(X, other, weight, early_stopping=False)
    assert_close(got, expected, atol=1e-3)


@every(takes_weights)
def test_only_relations_of_weights_count(instance):
    """A thousand times all weights is the same, and so is 1 for all as none."""
    X, y = instance.data()
    params = {"early_stopping": True, "validation_fraction": 0.3}
    weight = np.linspace(0.5, 2, len(y))
    for one, other in [(weight, 1000 * weight), (np.ones(len(y)), None)]:
        answers = (instance.answers_of_fit(X, y, given, **params) for given in (one, other))
        assert_close(*answers, atol=1e-3)


@every(takes_weights)
def test_weights_decide_between_contradicting_rows(instance):
    """The side that weighs more wins."""
    X, y = instance.data(40)
    flipped = 1 - y if is_classifier(instance.estimator) else -y
    both, ys = instance.kind.join(X, X), np.concatenate([y, flipped])
    weight = np.repeat([1.0, 0.05], len(y))
    params = {"max_epochs": 12, "lr": 0.05}
    ahead, behind = (instance.fitted(both, ys, w, **params) for w in (weight, weight[::-1]))
    assert ahead.score(X, y) > behind.score(X, y) + 0.2
    assert ahead.score(X, y) > ahead.score(X, flipped) + 0.2


@every(has("class_weight"))
def test_class_weight_moves_the_probabilities(instance, monkeypatch):
    """A heavier class becomes more probable; class_weight is a weight per row."""
    # Calibration would bring the probabilities of noise together.
    monkeypatch.setattr(_classifier, "FEW_ROWS", range(0))
    X, y = instance.data()
    y = np.random.default_rng(0).permutation(y)  # nothing to learn but how many
    params = {"max_epochs": 6, "lr": 0.1}
    probabilities = [
        instance.answers_of_fit(X, y, class_weight={0: 1, 1: weight}, **params)
        for weight in (0.1, 1, 10)
    ]
    means = [probability[:, 1].mean() for probability in probabilities]
    assert means == sorted(means)
    assert means[2] > means[0] + 0.2
    by_row = instance.answers_of_fit(X, y, np.where(y == 1, 10.0, 1.0), **params)
    assert_close(by_row, probabilities[2])
    rare = np.arange(len(y)) % 6 == 0
    plain, balanced = (
        instance.answers_of_fit(X, rare, class_weight=w, **params) for w in (None, "balanced")
    )
    assert balanced[:, 1].mean() > plain[:, 1].mean() + 0.1


def in_chunks_of_one_class(instance, *, weights=None, n_rows=(20, 20), n_rounds=6, **params):
    """A model that learned from chunks of one class each, and the X of all."""
    X, _ = instance.data(40)
    model = clone(instance.estimator).set_params(lr=0.03, random_state=0, **params)
    for _ in range(n_rounds):
        for label, n in enumerate(n_rows):
            rows = instance.kind.take(X, slice(20 * label, 20 * label + n))
            weight = None if weights is None else np.full(n, weights[label])
            model.partial_fit(rows, np.full(n, label), classes=[0, 1], sample_weight=weight)
    return model, X


@every(has("class_weight"))
def test_weights_count_in_chunks_of_one_class(instance):
    """Files by class: what weighs more becomes more probable, by class and by sample."""
    means = []
    for params in (
        {"weights": [10.0, 1.0]},
        {"weights": [1.0, 10.0]},
        {"class_weight": {0: 1, 1: 10}},
    ):
        model, X = in_chunks_of_one_class(instance, **params)
        means.append(model.predict_proba(X)[:, 1].mean())
    light, heavy, by_class = means
    assert heavy > light + 0.1
    assert_close(by_class, heavy)


@every(has("class_weight"))
def test_balanced_weights_in_chunks_of_one_class(instance):
    """Balancing counts the rows of all chunks: 20 of class 0, then 2 of class 1."""
    params = {"n_rows": (20, 2), "n_rounds": 1}
    by_hand, balanced = (
        in_chunks_of_one_class(instance, **params, **weights)
        for weights in ({"weights": [1.0, 22 / 2 / 2]}, {"class_weight": "balanced"})
    )
    assert_close(balanced[0].predict_proba(balanced[1]), by_hand[0].predict_proba(by_hand[1]))


@every(takes_weights)
def test_only_relations_of_weights_count_in_chunks(instance):
    """A thousand times the weights of all chunks is the same."""
    X, y = instance.data(40)
    answers = []
    for factor in (1.0, 1000.0):
        model = clone(instance.estimator)
        for part, weight in ((slice(20), 1.0), (slice(20, 40), 5.0)):
            weights = np.full(20, factor * weight)
            model.partial_fit(instance.kind.take(X, part), y[part], sample_weight=weights)
        answers.append(model.predict(X))
    assert_close(*answers, atol=1e-3)
