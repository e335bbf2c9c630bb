"""How much the network of the Transformer classifier counts beside its linear model."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import log_loss
from skorch.callbacks import EpochScoring

from skdl.estimators import TransformerClassifier
from skdl.estimators._base import _classifier, _linear_weight
from skdl.estimators.transformer._linear_model import NgramClassifier
from tests.texts import make_texts

USUAL = 0.2  # weights 0.25 and 1


def model(**params):
    small = {"d_model": 16, "n_heads": 2, "n_layers": 1, "max_epochs": 6, "lr": 0.02}
    return TransformerClassifier(**{**small, "random_state": 0, "device": "cpu", **params})


@pytest.fixture
def many(monkeypatch):
    """From 50 rows on, some are set aside, as of 500 by default."""
    monkeypatch.setattr(_classifier, "FEW_ROWS", range(50, 50))
    monkeypatch.setattr(_linear_weight, "MANY_ROWS", 50)
    monkeypatch.setattr(_linear_weight, "N_SET_ASIDE", (60, 60))


@pytest.fixture(params=["halves", "set aside", "validation"])
def unseen(request):
    """The three kinds of rows that neither model is trained on, as parameters of a fit."""
    if request.param == "set aside":
        request.getfixturevalue("many")
    stops_early = request.param == "validation"
    return {"early_stopping": stops_early, "validation_fraction": 0.4}


HIDDEN = {"max_length": 1, "token_dropout": 0.0, "min_frequency": 1, "max_epochs": 40}


def hidden(n_texts, seed):
    """Texts between two words of noise, one of which is all that the network sees as HIDDEN.

    Some labels are wrong, so that texts leave room for what noise says.
    """
    texts, y = make_texts(n_texts, 2, random_state=seed)
    rng = np.random.default_rng(seed)
    noise = [f"noise{i}" for i in rng.integers(30, size=n_texts)]
    wrong = rng.random(n_texts) < 0.2
    classes = np.unique(y)
    y = np.where(wrong, classes[1 - np.searchsorted(classes, y)], y)
    return [f"{word} {text} {word}" for word, text in zip(noise, texts, strict=True)], y


# Early stopping keeps a network that has learned no noise.
without_validation = pytest.mark.parametrize("unseen", ["halves", "set aside"], indirect=True)


@without_validation
def test_a_network_of_noise_gets_next_to_no_weight(unseen):
    (X, y), (X_test, y_test) = hidden(240, 0), hidden(400, 1)
    fitted = model(**HIDDEN, **unseen).fit(X, y)
    assert fitted.network_weight_ < USUAL / 2
    alone = NgramClassifier(2, lowercase=True)
    alone.fit(X, np.searchsorted(fitted.classes_, y), None)
    right = (fitted.classes_[alone.scores(X_test).argmax(1)] == y_test).mean()
    assert fitted.score(X_test, y_test) > right - 0.02


def test_a_linear_model_of_noise_gets_little_weight(unseen, monkeypatch):
    fit = NgramClassifier._fitted

    def of_noise(self, features, target, weight, tol=1e-2):
        coef, intercept = fit(self, features, target, weight, tol)
        return np.random.default_rng(0).normal(size=coef.shape).astype(coef.dtype), intercept

    (X, y), (X_test, y_test) = make_texts(300, 2, random_state=4), make_texts(300, 2, 5)
    monkeypatch.setattr(NgramClassifier, "_fitted", of_noise)
    params = {"max_epochs": 30, "lowercase": False, **unseen}  # no other test has this linear model
    fitted = model(**params).fit(X, y)
    assert fitted.network_weight_ > USUAL
    losses = []
    for weights in [_linear_weight.weights_of(fitted.module_), (0.25, 1.0)]:
        _linear_weight.set_weights(fitted.module_, *weights)
        losses.append(log_loss(y_test, fitted.predict_proba(X_test)))
    assert losses[0] < losses[1]


def test_few_rows_and_parts_keep_the_usual_weight():
    X, y = make_texts(40, 2)
    assert model().fit(X, y).network_weight_ == pytest.approx(USUAL)
    fitted = model().partial_fit(X, y)
    assert fitted.network_weight_ == 1


def test_rows_are_set_aside_of_the_network_alone(many):
    X, y = make_texts(240, 2)
    own = [f"{text} own{row}" for row, text in enumerate(X)]
    n_rows = []
    scoring = EpochScoring(lambda net, X, y: n_rows.append(len(y)) or 0.0, on_train=True)
    fitted = model(max_epochs=1, min_frequency=1, callbacks=[scoring]).fit(own, y)
    assert n_rows == [180]
    words = set(fitted.tokenizer_.get_vocab())
    assert all(f"own{row}" in words for row in range(240))
    assert fitted._decide is None


def test_nothing_is_set_aside_where_other_rows_validate(many):
    X, y = make_texts(240, 2)
    n_rows = []
    scoring = EpochScoring(lambda net, X, y: n_rows.append(len(y)) or 0.0, on_train=True)
    model(max_epochs=1, callbacks=[scoring]).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert n_rows == [240]


def test_groups_stay_together(many, monkeypatch):
    X, y = make_texts(240, 2)
    groups, chosen = np.arange(240) % 40, []
    fit = _classifier.rows_set_aside
    monkeypatch.setattr(
        _classifier, "rows_set_aside", lambda *given: chosen.append(fit(*given)) or chosen[-1]
    )
    model(max_epochs=2).fit(X, y, groups=groups)
    (rows,) = chosen
    assert not set(groups[rows]) & set(np.delete(groups, rows))
    monkeypatch.setattr(_linear_weight, "MAX_FRACTION", 0.0)
    assert model(max_epochs=2).fit(X, y, groups=groups).network_weight_ == pytest.approx(USUAL)


@without_validation
def test_a_warm_start_begins_with_the_usual_weight_and_parts_keep_the_weight(unseen):
    X, y = hidden(240, 0)
    fitted = model(warm_start=True, **HIDDEN, **unseen).fit(X, y)
    weight, temperature = fitted.network_weight_, fitted.temperature_
    assert weight != pytest.approx(USUAL)
    fitted.partial_fit(X, y)
    assert (fitted.network_weight_, fitted.temperature_) == (weight, temperature)
    copied = pickle.loads(pickle.dumps(fitted))
    assert copied.network_weight_ == weight
    np.testing.assert_array_equal(copied.predict_proba(X), fitted.predict_proba(X))
    fitted.set_params(early_stopping=False).fit(X[:40], y[:40])
    assert fitted.network_weight_ == pytest.approx(USUAL)


def test_the_network_of_half_of_the_rows_counts_less_unless_it_was_pretrained(
    checkpoint, monkeypatch
):
    (X, y), weights = make_texts(120, 2, random_state=3), []
    for params in ({}, {"pretrained": checkpoint}):
        for factor in (1.0, 1000.0):
            monkeypatch.setattr(_classifier, "OF_HALF", factor)
            weights.append(model(**params, max_epochs=2, token_dropout=0.0).fit(X, y))
    of_new, of_new_less, pretrained, pretrained_less = (each.network_weight_ for each in weights)
    assert of_new_less < of_new
    assert pretrained_less == pretrained
