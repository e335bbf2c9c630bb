"""The Transformer classifier on texts: what the laws leave out, fitting again, the linear model."""

import copy
import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tokenizers import Tokenizer

from skdl.estimators.transformer import _linear_model
from skdl.estimators.transformer._tokenizers import CACHE
from tests.estimators.transformer.classifiers import (
    NUMBERS,
    NUMBERS_Y,
    RAGGED,
    X_TEST,
    Y_TEST,
    X,
    Y,
    assert_close,
    assert_same,
    classifier,
    every,
    every_own,
    fit_answers,
    fitted,
    some,
)
from tests.fits import global_state
from tests.laws.kinds import as_objects
from tests.texts import ODD_TEXTS, make_texts

# What the laws do not hold of texts --------------------------------------------------------------


@every
def test_what_a_fit_on_texts_learns(estimator):
    model = fitted(estimator)
    encoded = model.encode(X_TEST)
    assert encoded.shape == (60, 16 if model.pretrained else 8)
    assert len(np.unique(encoded, axis=0)) > 40
    assert model.input_type_ == "text"
    assert isinstance(model.tokenizer_, Tokenizer)
    assert not hasattr(model, "patch_size_")


@some
def test_before_fit_it_is_not_fitted(estimator):
    for method in ("attention_maps", "tokenize"):
        with pytest.raises(NotFittedError):
            getattr(estimator, method)(X)


@every
def test_copies_tokenize_and_attend_as_the_original(estimator):
    model = fitted(estimator)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert twin.tokenize(X_TEST) == model.tokenize(X_TEST)
        assert_same(twin.attention_maps(X[:1])[0], model.attention_maps(X[:1])[0])


@every
def test_same_seed_same_predictions_whatever_ran_before(estimator):
    first = fit_answers(estimator)
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
    CACHE.clear()
    assert_same(fit_answers(estimator), first)
    assert not np.array_equal(fit_answers(estimator, random_state=1), first)


@some
@pytest.mark.parametrize("random_state", [0, None])
def test_looking_at_attention_is_silent_and_leaves_global_state(estimator, random_state, capfd):
    before = global_state()
    model = fitted(estimator, random_state=random_state, early_stopping=True)
    model.predict(X)
    model.attention_maps(X[:2])
    assert global_state() == before
    assert capfd.readouterr() == ("", "")


@every
def test_predictions_do_not_depend_on_batch_mates_or_order(estimator):
    model = fitted(estimator)
    texts = [*X_TEST, "", "word " * 60, *ODD_TEXTS]
    together = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    assert_close(alone, together)
    assert_close(model.predict_proba(texts[::-1])[::-1], together)
    assert_close(model.predict_proba(3 * texts)[: len(texts)], together)
    assert_close(np.concatenate([model.encode([t]) for t in texts]), model.encode(texts))


@pytest.mark.parametrize("name", ["word", "given", "frozen"])
def test_searches_over_any_container_give_the_same(estimator):
    def search(texts):
        model = clone(estimator).set_params(max_epochs=1)
        grid = GridSearchCV(model, {"lr": [0.001, 0.01]}, cv=2, error_score="raise")
        return grid.fit(texts, Y)

    expected = search(X)
    for container in (as_objects, np.array, pd.Series, lambda texts: pd.DataFrame({"t": texts})):
        found = search(container(X))
        assert_same(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
        assert_same(found.predict_proba(X_TEST), expected.predict_proba(X_TEST))


@every
def test_rows_of_no_weight_have_no_influence(estimator):
    """Nor on the vocabulary."""
    junk = [f"junk{i} bad" for i in range(8)] + ["junk words repeated " * 9] * 2
    weight = np.array([1.0] * 40 + [0.0] * 10)
    y = np.concatenate([Y, np.zeros(10, int)])
    for fit_on in [(X + junk, y, weight), (junk + X, np.roll(y, 10), np.roll(weight, 10))]:
        model = fitted(estimator, *fit_on)
        expected = fitted(estimator)
        assert model.tokenizer_.get_vocab() == expected.tokenizer_.get_vocab()
        assert_close(model.predict_proba(X_TEST), expected.predict_proba(X_TEST), atol=1e-4)
        assert_close(
            model.predict_proba(["junk words"]), expected.predict_proba(["junk words"]), atol=1e-4
        )


@every
def test_validation_texts_stay_out_of_the_vocabulary(estimator):
    """Nor does the linear model see them."""
    own = [f"{a}{b}" for a in "bcdfghjk" for b in "qvxyz"]
    texts = [f"{text} {word}" for text, word in zip(X, own, strict=True)]
    model = fitted(estimator, texts, Y, early_stopping=True, validation_fraction=0.25)
    assert model.history_["valid_loss"].notna().all()
    if model.tokenizer == "word" and not model.pretrained:
        assert sum(word in model.tokenizer_.get_vocab() for word in own) == 30
    linear_model = getattr(model, "_ngram_model", None)
    if linear_model is not None:
        n_words = len(linear_model.ngrams.keys[0])
        known = linear_model.ngrams.transform(own)[:, :n_words].toarray().any(1)
        assert known.sum() == 30


@some
def test_warm_start_goes_on_with_the_same_vocabulary(estimator):
    params = {"max_epochs": 10, "lr": 0.03, "dropout": 0.0, "token_dropout": 0.0}
    model = fitted(estimator, **params)
    first, vocabulary = model.history_["train_loss"], model.tokenizer_.get_vocab()
    model.set_params(warm_start=True).fit(X, Y)
    assert model.history_["train_loss"].iloc[0] < first.iloc[0] - 1e-3
    model.fit([f"{text} new" for text in X], Y)
    assert model.tokenizer_.get_vocab() == vocabulary


def fit_on_numbers_of_nan(model):
    model.fit(np.full((40, 3), np.nan), Y)


@every
def test_a_fit_on_numbers_that_fails_leaves_the_estimator_as_it_was(estimator):
    fresh = clone(estimator)
    with pytest.raises(ValueError, match=r"NaN|needs texts"):
        fit_on_numbers_of_nan(fresh)
    assert not [attribute for attribute in vars(fresh) if attribute.endswith("_")]
    assert vars(fresh).keys() == vars(clone(estimator)).keys()
    model = fitted(estimator)
    before, attributes = model.predict_proba(X_TEST), set(vars(model))
    with pytest.raises(ValueError, match=r"NaN|needs texts"):
        fit_on_numbers_of_nan(model)
    assert set(vars(model)) == attributes
    assert_same(model.predict_proba(X_TEST), before)
    assert model.tokenize(X) == fitted(estimator).tokenize(X)


@pytest.mark.parametrize("name", ["word", "bpe", "wordpiece", "given"])
def test_the_network_learns_without_the_linear_model(estimator):
    """What beats chance is not the n-grams alone."""
    texts, y = make_texts(120, 2, random_state=2)
    model = fitted(estimator, texts, y, max_epochs=12, lr=0.02, linear_model=False)
    assert model.score(X_TEST, Y_TEST) > 0.7


@some
def test_embedding_many_texts_of_one_length(estimator):
    """Nothing is padded then."""
    texts = [f"{word} film" for word in ["good", "bad"] * 20]
    model = fitted(estimator, texts, Y)
    assert_close(model.predict_proba(texts[:1]), model.predict_proba(texts)[:1])


# Fitting again -----------------------------------------------------------------------------------


@every_own
def test_refits_from_text_to_numbers_and_back_leave_nothing_behind(estimator):
    frame = pd.DataFrame(NUMBERS).add_prefix("t")
    model = clone(estimator)
    for _ in range(2):
        for data, y in ((X, Y), (frame, NUMBERS_Y), (RAGGED, NUMBERS_Y), (NUMBERS, NUMBERS_Y)):
            model.fit(data, y)
            fresh = clone(estimator).fit(data, y)
            assert vars(model).keys() == vars(fresh).keys()
            assert_same(model.predict_proba(data), fresh.predict_proba(data))
    assert model.tokenizer_ is None


def test_what_is_kept_of_a_fit_is_its_own():
    """A tokenizer that is changed changes no other classifier, nor the next one."""
    one, two = fitted(classifier()), fitted(classifier(lr=0.01))
    before, texts = two.tokenize(X_TEST), [f"{text} film" for text in X_TEST]
    try:
        one.tokenizer_.enable_padding(length=50)
        assert two.tokenize(X_TEST) == before
        assert fitted(classifier(lr=0.01)).tokenize(X_TEST) == before
        CACHE.clear()
        assert_same(two.predict_proba(texts), fitted(classifier(lr=0.01)).predict_proba(texts))
    finally:
        CACHE.clear()


@pytest.mark.parametrize("linear_model", [True, False])
def test_a_warm_start_learns_other_labels(linear_model):
    """The linear model is fitted again: it must not hold to the labels of the fit before."""
    model = classifier(linear_model=linear_model, max_epochs=20, lr=0.02, warm_start=True).fit(X, Y)
    other = {label: model.classes_[1 - i] for i, label in enumerate(model.classes_[:2])}
    flipped = np.array([other.get(label, label) for label in Y])
    assert model.fit(X, flipped).score(X, flipped) > 0.9


def test_classes_that_come_later_are_learned_in_parts():
    """A linear model of the first part alone would never predict them."""
    texts, y = make_texts(120, n_classes=3)
    model = classifier(lr=0.02)
    late = y == np.unique(y)[-1]
    early = np.flatnonzero(~late)
    some_texts = [texts[row] for row in early]
    model.partial_fit(some_texts, y[early], classes=np.unique(y))
    for _ in range(20):
        model.partial_fit(texts, y)
    assert (model.predict(texts)[late] == y[late]).mean() > 0.8


# The linear model --------------------------------------------------------------------------------


def test_the_linear_model_validates_too():
    """With a network that learns nothing, its scores are all that a validation row has."""
    params = {"lr": 1e-9, "max_epochs": 1, "early_stopping": True}
    with_linear_model, without = (
        classifier(linear_model=linear_model, **params).fit(X, Y).history_["valid_loss"][0]
        for linear_model in (True, False)
    )
    assert without == pytest.approx(np.log(2), abs=1e-3)
    assert with_linear_model < 0.9 * without


def test_candidates_share_the_linear_model(monkeypatch):
    """Those of the same texts, labels and weights, whatever their seeds; no others."""
    CACHE.clear()
    fits = []
    fit = _linear_model.NgramClassifier.fit
    monkeypatch.setattr(
        _linear_model.NgramClassifier, "fit", lambda *args: fits.append(1) or fit(*args)
    )
    models = [classifier(lr=lr).fit(X, Y) for lr in (1e-3, 1e-2)]
    assert len(fits) == 1
    alone = classifier(lr=1e-2)
    CACHE.clear()
    assert_same(alone.fit(X, Y).predict_proba(X_TEST), models[1].predict_proba(X_TEST))
    classifier().fit(X, Y, sample_weight=np.arange(1.0, len(Y) + 1))
    classifier(lowercase=False).fit(X, Y)
    classifier().fit(X, Y[::-1])
    assert len(fits) == 5
    classifier(random_state=None).fit(X, Y[::-1])
    assert len(fits) == 5
