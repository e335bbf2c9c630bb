"""The Transformer classifier on texts: odd ones, tokens, attention maps, embeddings, bad input."""

import pickle
import re
import types
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from tokenizers import Tokenizer, models

from skdl.datasets import make_sequences
from skdl.estimators.transformer import _tokenization
from skdl.estimators.transformer._checkpoints import load_model
from skdl.estimators.transformer._network import POSITIONS
from skdl.estimators.transformer._tokenizers import CACHE, KINDS
from tests.estimators.transformer.classifiers import (
    NUMBERS,
    NUMBERS_Y,
    RAGGED,
    X_TEST,
    X,
    Y,
    assert_close,
    assert_same,
    classifier,
    every,
    every_own,
    fit_answers,
    fitted,
)
from tests.texts import CHINESE, ODD_TEXTS, word_tokenizer

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


def test_parameters_set_after_a_fit_do_not_change_the_tokens():
    model = classifier().fit(X, Y)
    tokens = model.tokenize(X_TEST[:2])
    assert model.set_params(pooling="cls").tokenize(X_TEST[:2]) == tokens


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


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_word_vectors_for_numbers_are_told(method):
    """Ids of tokens, as other libraries take them, would be read as series."""
    ids, y = np.random.default_rng(0).integers(0, 9, (20, 6)), np.arange(20) % 2
    model = classifier(embeddings={"a": np.ones(8)})
    with pytest.raises(ValueError, match=r"embeddings needs texts.*texts themselves"):
        getattr(model, method)(ids, y)
    model.set_params(embeddings=None).fit(ids, y)


@pytest.mark.parametrize("params", [{"tokenizer": "char"}, {"d_model": 16}, {"max_length": 9}])
def test_what_was_built_cannot_change_under_warm_start(params):
    model = fitted(classifier(warm_start=True)).set_params(**params)
    with pytest.raises(ValueError, match=next(iter(params))):
        model.fit(X, Y)


def test_the_column_of_a_frame_is_known_by_its_name():
    model = classifier().fit(pd.DataFrame({"text": X}), Y)
    assert model.feature_names_in_.tolist() == ["text"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pd.DataFrame({"other": X}))
    assert not hasattr(model.fit(X, Y), "feature_names_in_")


@pytest.mark.parametrize(
    ("odd", "error", "message"),
    [
        ([text.encode() for text in X], ValueError, "bytes in row 0.*Decode it"),
        ([text.split() for text in X], ValueError, "list in row 0.*join its words"),
        (
            [{"text": text} for text in X],
            ValueError,
            "dict in row 0.*pass the value",
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
