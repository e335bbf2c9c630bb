"""The Transformer classifier: the laws for text, fitting again, the linear model."""

import copy
import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tokenizers import Tokenizer

from skdl.estimators.transformer import _linear_model as _ngram_line
from skdl.estimators.transformer._tokenizers import CACHE
from tests.estimators.transformer.classifiers import (
    CONTAINERS,
    NUMBERS,
    NUMBERS_Y,
    RAGGED,
    X_TEST,
    Y_TEST,
    X,
    Y,
    as_objects,
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
from tests.texts import ODD_TEXTS, make_texts

# The laws, on text -------------------------------------------------------------------------------


@every
def test_answers(estimator):
    """Probabilities, labels, scores and representations have the shapes promised."""
    labels = np.array(["no", "yes"])[Y]
    model = fitted(estimator, X, labels)
    proba = model.predict_proba(X_TEST)
    assert proba.shape == (60, 2)
    assert_close(proba.sum(1), 1)
    assert model.classes_.tolist() == ["no", "yes"]
    assert_same(model.predict(X_TEST), model.classes_[proba.argmax(1)])
    scores = model.decision_function(X_TEST)
    assert_same(scores > 0, proba[:, 1] > 0.5)
    encoded = model.encode(X_TEST)
    assert encoded.shape == (60, 16 if model.pretrained else 8)
    assert len(np.unique(encoded, axis=0)) > 40
    assert model.input_type_ == "text"
    assert isinstance(model.tokenizer_, Tokenizer)
    assert not hasattr(model, "n_features_in_")
    assert not hasattr(model, "patch_size_")
    assert np.isfinite(model.history_[["train_loss", "lr"]]).all(axis=None)


@some
def test_before_fit_it_is_not_fitted(estimator):
    assert not [attribute for attribute in vars(estimator) if attribute.endswith("_")]
    for method in ("predict", "predict_proba", "encode", "attention_maps", "tokenize"):
        with pytest.raises(NotFittedError):
            getattr(estimator, method)(X)


@every
def test_clones_pickles_and_copies(estimator):
    model = fitted(estimator)
    before = model.predict_proba(X_TEST)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same(twin.predict_proba(X_TEST), before)
        assert twin.tokenize(X_TEST) == model.tokenize(X_TEST)
        assert_same(twin.attention_maps(X[:1])[0], model.attention_maps(X[:1])[0])
        twin.partial_fit(X, Y)
    assert_same(model.predict_proba(X_TEST), before)
    twin = clone(model)
    assert not hasattr(twin, "net_")
    assert_same(twin.fit(X, Y).predict_proba(X_TEST), before)


@every
def test_fit_changes_nothing_that_was_given(estimator):
    params, texts, y, weight = estimator.get_params(), list(X), Y.copy(), np.ones(40)
    assert estimator.fit(texts, y, weight) is estimator
    estimator.predict(texts)
    assert texts == X
    assert_same(y, Y)
    assert_same(weight, 1)
    assert all(estimator.get_params()[key] is value for key, value in params.items())


@some
def test_a_pickle_is_bounded_by_the_weights_and_the_words(estimator):
    """The same texts ten times take no more room."""
    few, many = (fitted(estimator, n * X, np.tile(Y, n), max_epochs=1) for n in (2, 20))
    sizes = [len(pickle.dumps(model)) for model in (few, many)]
    assert abs(sizes[1] - sizes[0]) < 2_000
    assert sizes[0] < 4 * few.n_parameters_ + 120_000


@every
def test_same_seed_same_predictions_whatever_ran_before(estimator):
    first = fit_answers(estimator)
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
    CACHE.clear()
    assert_same(fit_answers(estimator), first)
    assert not np.array_equal(fit_answers(estimator, random_state=1), first)


@some
@pytest.mark.parametrize("random_state", [0, None])
def test_global_state_is_left_as_it_was(estimator, random_state):
    before = global_state()
    model = fitted(estimator, random_state=random_state, early_stopping=True)
    model.attention_maps(X[:2])
    assert global_state() == before


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


@some
def test_containers_do_not_matter(estimator):
    expected = fit_answers(estimator)
    for container in CONTAINERS.values():
        model = fitted(estimator, container(X), pd.Series(Y))
        assert_same(model.predict_proba(container(X_TEST)), expected)


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


@pytest.mark.parametrize("name", ["word", "wordpiece", "frozen"])
def test_searches_and_scores_in_parallel_are_equal(estimator):
    pipeline = make_pipeline(FunctionTransformer(), estimator)
    grid = {"transformerclassifier__lr": [0.001, 0.01]}
    scores, searches = [], []
    for n_jobs in (1, 2):
        scores.append(cross_val_score(pipeline, X, Y, cv=2, n_jobs=n_jobs, error_score="raise"))
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, scoring="neg_log_loss")
        searches.append(search.fit(pd.Series(X), Y))
    assert_same(*scores)
    one, two = searches
    assert_same(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert np.isfinite(one.cv_results_["mean_test_score"]).all()


@some
def test_works_in_pipelines(estimator):
    weight = np.linspace(0, 2, 40)
    pipeline = make_pipeline(FunctionTransformer(), clone(estimator))
    pipeline.fit(X, Y, transformerclassifier__sample_weight=weight)
    assert_same(pipeline.predict_proba(X_TEST), fit_answers(estimator, X, Y, weight))


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


@some
def test_sample_weight_says_which_label_is_true(estimator):
    """Each text twice with either label: the heavier one is learned."""
    weight = np.concatenate([np.full(40, 20.0), np.full(40, 0.05)])
    both = np.concatenate([Y, 1 - Y])
    params = {"lr": 0.02, "max_epochs": 10, "early_stopping": False}
    ahead, behind = (fitted(estimator, 2 * X, both, w, **params) for w in (weight, weight[::-1]))
    assert ahead.score(X, Y) > behind.score(X, Y) + 0.2


@some
def test_class_weight_moves_the_probabilities(estimator):
    y = np.random.default_rng(0).integers(2, size=40)  # nothing to learn but how many
    params = {"lr": 0.03, "max_epochs": 8}
    shares = [
        fit_answers(estimator, X, y, class_weight={0: 1, 1: weight}, **params)[:, 1].mean()
        for weight in (0.05, 1, 20)
    ]
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > shares[0] + 0.1
    by_row = fit_answers(estimator, X, y, np.where(y == 1, 20.0, 1.0), **params)
    assert_close(by_row, fit_answers(estimator, X, y, class_weight={0: 1, 1: 20}, **params))


@every
def test_validation_texts_stay_out_of_the_vocabulary(estimator):
    """Nor does the line beside see them."""
    own = [f"{a}{b}" for a in "bcdfghjk" for b in "qvxyz"]
    texts = [f"{text} {word}" for text, word in zip(X, own, strict=True)]
    model = fitted(estimator, texts, Y, early_stopping=True, validation_fraction=0.25)
    assert model.history_["valid_loss"].notna().all()
    if model.tokenizer == "word" and not model.pretrained:
        assert sum(word in model.tokenizer_.get_vocab() for word in own) == 30
    line = getattr(model, "_ngram_model", None)
    if line is not None:
        n_words = len(line.ngrams.keys[0])
        known = line.ngrams.transform(own)[:, :n_words].toarray().any(1)
        assert known.sum() == 30


@some
def test_early_stopping_restores_the_best_weights(estimator):
    params = {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.0, "lr": 0.01}
    params |= {"lr_schedule": "constant", "warmup_fraction": 0.0}
    texts, y = make_texts(60, random_state=3)
    noisy = np.where(np.arange(60) % 5 == 0, 1 - y, y)
    model = fitted(estimator, texts, noisy, max_epochs=40, n_iter_no_change=3, **params)
    if model.best_epoch_:
        assert model.best_epoch_ == model.history_["valid_loss"].argmin() + 1
        short = fitted(
            estimator, texts, noisy, max_epochs=model.best_epoch_, n_iter_no_change=99, **params
        )
        assert_same(short.predict_proba(X_TEST), model.predict_proba(X_TEST))
    assert model.n_iter_ == min(40, model.best_epoch_ + 3)


@some
def test_warm_start_goes_on_with_the_same_vocabulary(estimator):
    params = {"max_epochs": 10, "lr": 0.03, "dropout": 0.0, "token_dropout": 0.0}
    model = fitted(estimator, **params)
    first, vocabulary = model.history_["train_loss"], model.tokenizer_.get_vocab()
    model.set_params(warm_start=True).fit(X, Y)
    assert model.history_["train_loss"].iloc[0] < first.iloc[0] - 1e-3
    model.fit([f"{text} new" for text in X], Y)
    assert model.tokenizer_.get_vocab() == vocabulary


@every
def test_partial_fit_in_chunks(estimator):
    params = {"lr": 0.02, "dropout": 0.0, "token_dropout": 0.0}
    model = clone(estimator).set_params(**params)
    for _ in range(6):
        assert model.partial_fit(X[::2], Y[::2], classes=[0, 1]) is model
        model.partial_fit(X[1::2], Y[1::2])
    assert model.n_iter_ == 12
    losses = model.history_["train_loss"]
    assert losses.iloc[-2:].mean() < losses.iloc[:2].mean()
    twin = clone(estimator).partial_fit(X, Y)
    assert_same(
        twin.predict_proba(X_TEST), clone(estimator).partial_fit(X, Y).predict_proba(X_TEST)
    )
    model = clone(estimator).partial_fit(X[::2], Y[::2], classes=[0, 1, 2])
    assert model.predict_proba(X_TEST).shape == (60, 3)


def fit_on_missing(model):
    model.fit([*X[:-1], None], Y)


def fit_on_numbers_of_nan(model):
    model.fit(np.full((40, 3), np.nan), Y)


def fit_that_diverges(model):
    model.set_params(optimizer="sgd", lr=1e30, gradient_clip=None, warmup_fraction=0.0).fit(X, Y)


@every
@pytest.mark.parametrize("fails", [fit_on_missing, fit_on_numbers_of_nan, fit_that_diverges])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(estimator, fails):
    fresh = clone(estimator)
    with pytest.raises(ValueError, match=r"missing|NaN|not finite|needs texts"):
        fails(fresh)
    assert not [attribute for attribute in vars(fresh) if attribute.endswith("_")]
    assert vars(fresh).keys() == vars(clone(estimator)).keys()
    model = fitted(estimator)
    before, attributes = model.predict_proba(X_TEST), set(vars(model))
    with pytest.raises(ValueError, match=r"missing|NaN|not finite|needs texts"):
        fails(model)
    assert set(vars(model)) == attributes
    assert_same(model.predict_proba(X_TEST), before)
    assert model.tokenize(X) == fitted(estimator).tokenize(X)


@every
def test_beats_dummy(estimator):
    texts, y = make_texts(120, 3, random_state=2)
    new, y_new = make_texts(90, 3, random_state=3)
    model = fitted(estimator, texts, y, max_epochs=8, lr=0.02)
    assert model.score(new, y_new) > DummyClassifier().fit(texts, y).score(new, y_new) + 0.2


@pytest.mark.parametrize("name", ["word", "bpe", "wordpiece", "given"])
def test_the_network_learns_without_the_line(estimator):
    """What beats chance is not the n-grams alone."""
    texts, y = make_texts(120, 2, random_state=2)
    model = fitted(estimator, texts, y, max_epochs=12, lr=0.02, linear_model=False)
    assert model.score(X_TEST, Y_TEST) > 0.7


@every
def test_is_silent(estimator, capfd):
    model = fitted(estimator)
    model.predict(X)
    model.attention_maps(X[:2])
    assert capfd.readouterr() == ("", "")


@some
def test_to_moves_and_returns_self(estimator):
    model = fitted(estimator)
    before = model.predict_proba(X_TEST)
    assert model.to("cpu") is model
    assert_same(model.predict_proba(X_TEST), before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")


@every
def test_one_sample_per_class_and_more_classes_than_rows_in_a_batch(estimator):
    model = fitted(estimator, ["good", "bad"], ["a", "b"])
    assert np.isfinite(model.predict_proba(X_TEST)).all()
    texts = [f"text number {i}" for i in range(60)]
    proba = fitted(estimator, texts, np.arange(60) % 30, batch_size=8).predict_proba(X_TEST)
    assert proba.shape == (60, 30)
    assert_close(proba.sum(1), 1)


@pytest.mark.parametrize(
    "labels",
    [
        lambda y: np.array(["no", "yes"])[y],
        lambda y: np.array(["no", "yes"], dtype=object)[y].tolist(),
        lambda y: y.astype(bool),
        lambda y: 10 * y - 5,
        lambda y: pd.Series(np.array(["no", "yes"])[y], dtype="category"),
    ],
)
def test_any_labels(labels):
    y = labels(Y)
    model = fitted(classifier(), X, y)
    assert set(model.predict(X_TEST)) <= set(np.asarray(y).tolist())
    assert_same(model.predict_proba(X_TEST), fit_answers(classifier()))


@some
def test_embedding_many_texts_of_one_length(estimator):
    """Nothing is padded then."""
    texts = [f"{word} film" for word in ["good", "bad"] * 20]
    model = fitted(estimator, texts, Y)
    assert_close(model.predict_proba(texts[:1]), model.predict_proba(texts)[:1])


def test_fits_in_threads_are_those_one_after_the_other():
    models = [classifier(lr=0.01, random_state=seed) for seed in range(4)]
    with parallel_config(backend="threading"):
        together = Parallel(n_jobs=4)(delayed(model.fit)(X, Y) for model in models)
    for model in together:
        assert_same(model.predict_proba(X_TEST), clone(model).fit(X, Y).predict_proba(X_TEST))


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
    """The linear model is fitted anew: it must not hold to the labels of the fit before."""
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
    with_line, without = (
        classifier(linear_model=linear_model, **params).fit(X, Y).history_["valid_loss"][0]
        for linear_model in (True, False)
    )
    assert without == pytest.approx(np.log(2), abs=1e-3)
    assert with_line < 0.9 * without


def test_candidates_share_the_linear_model(monkeypatch):
    """Those of the same texts, labels and weights, whatever their seeds; no others."""
    CACHE.clear()
    fits = []
    fit = _ngram_line.NgramClassifier.fit
    monkeypatch.setattr(
        _ngram_line.NgramClassifier, "fit", lambda *args: fits.append(1) or fit(*args)
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
