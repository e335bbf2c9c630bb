"""Tokenizers of estimators: which there are, what is kept of long texts, vectors for tokens."""

import types

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from skdl.estimators.transformer import _tokenizers as _tokens
from skdl.estimators.transformer._tokenization import (
    Tokenization,
    check_tokenizer,
    copied,
    token_vectors,
)
from skdl.estimators.transformer._tokenizers import CACHE, KINDS
from tests.ids import short
from tests.texts import make_texts, word_tokenizer

TEXTS, _ = make_texts(40)
LONG = " ".join(f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst")
every_tokenizer = pytest.mark.parametrize("tokenizer", [*KINDS, word_tokenizer()], ids=str)


def made(tokenizer="word", texts=TEXTS, **params):
    options = {"max_length": 50, "vocab_size": 500, "min_frequency": 1, "lowercase": True}
    return Tokenization.trained(tokenizer, texts, **{**options, **params})


def ids_of(tokenization, texts):
    values, lengths = tokenization.ids(texts)
    return [part.tolist() for part in np.split(values, np.cumsum(lengths)[:-1])]


@pytest.fixture(autouse=True)
def _nothing_kept():
    """What other tests have tokenized is forgotten."""
    CACHE.clear()


@every_tokenizer
def test_ids_are_those_of_the_tokenizer(tokenizer):
    found = made(tokenizer)
    texts = [*TEXTS, "entirely new words"]
    expected = [found.tokenizer.encode(text).ids for text in texts]
    assert ids_of(found, texts) == expected
    assert found.strings(texts) == [found.tokenizer.encode(text).tokens for text in texts]
    assert found.n_tokens > max(map(max, expected))
    assert found.tokenizer.id_to_token(found.unknown) == "[UNK]"


@pytest.mark.parametrize("max_length", [1, 2, 5, 8, 100, 101])
def test_of_long_texts_the_first_and_last_half_are_kept(max_length):
    whole = made(texts=[LONG], max_length=1000)
    short = made(texts=[LONG], max_length=max_length)
    (all_ids,), (words,) = ids_of(whole, [LONG]), whole.strings([LONG])
    n_last = max_length // 2
    n_first = max_length - n_last

    def kept(items):
        return items if len(items) <= max_length else items[:n_first] + items[len(items) - n_last :]

    assert ids_of(short, [LONG, "ak bl", LONG])[0] == kept(all_ids)
    assert ids_of(short, ["ak bl"])[0] == kept(ids_of(whole, ["ak bl"])[0])
    assert short.strings([LONG, "ak bl"]) == [kept(words), kept(["ak", "bl"])]
    assert short.strings(["", LONG])[0] == ["[UNK]"]


def test_texts_that_differ_in_the_middle_only_are_the_same():
    found = made(max_length=6)
    first = "good film with " + "a story " * 50 + "was very bad"
    second = "good film with " + "the actor rather " * 90 + "was very bad"
    assert ids_of(found, [first]) == ids_of(found, [second])
    assert ids_of(found, [first]) != ids_of(found, ["bad " + first])


# What is kept ------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """How often texts are tokenized and tokenizers trained; the work is done all the same."""
    counts = types.SimpleNamespace(tokenized=0, trained=0)
    tokens_of, train_tokenizer = _tokens.tokens_of, _tokens.train_tokenizer

    def counting_tokens(*args):
        counts.tokenized += 1
        return tokens_of(*args)

    def counting_trainer(*args, **kwargs):
        counts.trained += 1
        return train_tokenizer(*args, **kwargs)

    monkeypatch.setattr("skdl.estimators.transformer._tokenization.tokens_of", counting_tokens)
    monkeypatch.setattr(
        "skdl.estimators.transformer._tokenization.train_tokenizer", counting_trainer
    )
    return counts


@every_tokenizer
def test_the_same_work_is_done_once(tokenizer, counted):
    first, second = (ids_of(made(tokenizer), TEXTS) for _ in range(2))
    assert first == second
    assert counted.tokenized == 1
    assert counted.trained == isinstance(tokenizer, str)
    CACHE.clear()
    assert ids_of(made(tokenizer), TEXTS) == first
    assert counted.tokenized == 2


@pytest.mark.parametrize(
    "params",
    [
        {"tokenizer": "char"},
        {"texts": [text.upper() for text in TEXTS], "lowercase": False},
        {"texts": TEXTS[:10]},
        {"vocab_size": 8},
        {"min_frequency": 10},
        {"lowercase": False},
        {"tokenizer": word_tokenizer()},
    ],
    ids=short,
)
def test_other_work_is_not_taken_for_the_same(params, counted):
    plain = ids_of(made(), TEXTS)
    other = made(**params)
    got = ids_of(other, TEXTS)
    assert counted.tokenized == 2
    CACHE.clear()
    assert got == ids_of(made(**params), TEXTS)
    assert got != plain or params == {"lowercase": False}


def test_texts_are_tokenized_once_for_all_lengths(counted):
    whole, cut = made(max_length=1000), made(max_length=2)
    assert max(map(len, ids_of(whole, TEXTS))) > 2 == max(map(len, ids_of(cut, TEXTS)))
    np.testing.assert_array_equal(cut.lengths(TEXTS), [len(ids) for ids in ids_of(whole, TEXTS)])
    assert counted.tokenized == 1


def test_tokenizers_of_one_kind_trained_on_other_texts_are_told_apart():
    first, second = made(texts=["good film"] * 2), made(texts=["film good bad"] * 2)
    assert ids_of(first, ["good bad"]) != ids_of(second, ["good bad"])


def test_two_given_tokenizers_are_told_apart():
    one = word_level({"[UNK]": 0, "good": 1, "bad": 2}, "[UNK]")
    two = word_level({"[UNK]": 0, "good": 2, "bad": 1}, "[UNK]")
    assert ids_of(made(one), ["good bad"]) == [[1, 2]]
    assert ids_of(made(two), ["good bad"]) == [[2, 1]]


# Given tokenizers --------------------------------------------------------------------------------


def word_level(vocabulary, unknown=None):
    params = {"unk_token": unknown} if unknown else {}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, **params))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def test_a_given_tokenizer_is_copied_and_its_padding_and_truncation_left_out():
    given = Tokenizer.from_str(word_tokenizer().to_str())
    given.enable_padding(length=30)
    given.enable_truncation(2)
    before = given.to_str()
    texts = ["the good film was very good", "bad"]
    assert ids_of(made(given), texts) == [word_tokenizer().encode(text).ids for text in texts]
    assert given.to_str() == before
    assert copied(given) is not given
    assert (copied(given).padding, copied(given).truncation) == (None, None)


def test_a_given_tokenizer_with_gaps_between_its_ids():
    found = made(word_level({"[UNK]": 3, "good": 0, "bad": 9}, "[UNK]"))
    values, _ = found.ids(["good bad new"])
    assert values.tolist() == [0, 9, 3]
    assert found.n_tokens == 10
    assert token_vectors({"bad": [1.0]}, found, torch.float32, 0).shape == (10, 1)


def test_a_tokenizer_of_bytes_gets_an_unknown_token():
    """For empty texts, and to stand for dropped tokens; a real word must not."""
    given = Tokenizer(models.BPE())
    given.pre_tokenizer = pre_tokenizers.ByteLevel()
    given.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=300, show_progress=False))
    before = given.to_str()
    found = made(given)
    assert given.to_str() == before, "it is the user's"
    assert found.strings([""]) == [["[UNK]"]]
    assert found.unknown == found.n_tokens - 1 == given.get_vocab_size()
    assert found.strings(TEXTS) == [given.encode(text).tokens for text in TEXTS]


def test_a_given_tokenizer_without_an_unknown_token():
    """Every text has tokens all the same, or the tokenizer is refused with advice."""
    try:
        check_tokenizer(given := word_level({"good": 0, "bad": 1}))
        values, lengths = made(given).ids(["good", "new words", "bad"])
    except ValueError as error:
        assert "unknown" in str(error) or "unk" in str(error)  # noqa: PT017
    else:
        assert lengths.min() > 0
        assert values[0] == 0


@pytest.mark.parametrize("tokenizer", KINDS)
def test_names_of_tokenizers(tokenizer):
    check_tokenizer(tokenizer)


@pytest.mark.parametrize(
    ("tokenizer", "kind", "words"),
    [
        ("words", ValueError, [*KINDS, "'words'", "tokenizers.Tokenizer"]),
        ("", ValueError, [*KINDS]),
        (None, TypeError, [*KINDS, "NoneType"]),
        (str.split, TypeError, [*KINDS, "tokenizers.Tokenizer"]),
        (models.WordLevel({}), TypeError, ["WordLevel"]),
        (Tokenizer(models.BPE()), ValueError, ["empty vocabulary", "train"]),
        (Tokenizer(models.WordLevel({})), ValueError, ["empty vocabulary", "train"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_tokenizer_is_refused(tokenizer, kind, words):
    with pytest.raises(kind) as error:
        check_tokenizer(tokenizer)
    assert all(word in str(error.value) for word in words)


# Vectors -----------------------------------------------------------------------------------------


def vectors_of(embeddings, tokenization, **params):
    return token_vectors(embeddings, tokenization, torch.float64, 0, **params).numpy()


def test_known_words_have_their_vectors_and_others_are_drawn_alike():
    rng = np.random.default_rng(0)
    known = {f"{first}{second}": rng.normal(5, 0.1, 3) for first in "ab" for second in "klmno"}
    found = made(texts=[LONG])
    got = vectors_of(known, found)
    assert got.shape == (found.n_tokens, 3)
    vocabulary = found.tokenizer.get_vocab()
    for word, vector in known.items():
        np.testing.assert_allclose(got[vocabulary[word]], vector)
    rest = np.delete(got, [vocabulary[word] for word in known], 0)
    assert len(np.unique(rest, axis=0)) == len(rest)
    np.testing.assert_allclose(rest.mean(), 5, atol=0.1)
    assert 0.05 < rest.std() < 0.2
    np.testing.assert_array_equal(vectors_of(known, found), got)
    other = token_vectors(known, found, torch.float64, 1).numpy()
    assert not np.array_equal(other, got)
    assert token_vectors(known, found, torch.float32, 0).dtype is torch.float32


def test_the_vectors_of_a_fitted_word2vec():
    fitted = types.SimpleNamespace(
        vocabulary_={"good": 1, "bad": 0}, vectors_=np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    found = made()
    got, vocabulary = vectors_of(fitted, found), found.tokenizer.get_vocab()
    np.testing.assert_array_equal(got[vocabulary["good"]], [3, 4])
    np.testing.assert_array_equal(got[vocabulary["bad"]], [1, 2])


class Unfitted:
    """An estimator before its fit."""

    def fit(self, X):
        """Nothing."""


@pytest.mark.parametrize(
    ("embeddings", "kind", "words"),
    [
        ({"unheard": [1.0]}, ValueError, ["none of the", "as it was for them"]),
        ({}, ValueError, ["none of the"]),
        ({"good": [1.0], "bad": [1.0, 2.0]}, ValueError, ["one size", "(1,)", "(2,)"]),
        ({"good": 1.0}, ValueError, ["one size"]),
        ({"good": [[1.0, 2.0]]}, ValueError, ["one size"]),
        ({"good": [1.0, np.nan]}, ValueError, ["finite", "NaN"]),
        ({"good": [1.0, np.inf]}, ValueError, ["finite"]),
        (Unfitted(), ValueError, ["fitted", "Unfitted"]),
        (5, TypeError, ["mapping", "Word2VecTransformer", "int"]),
        (np.ones((3, 2)), TypeError, ["mapping", "ndarray"]),
        ("glove", TypeError, ["mapping", "str"]),
        ([1.0, 2.0], TypeError, ["mapping", "list"]),
        ({"good": ["x", "y"]}, ValueError, ["number"]),
        ({"good": []}, ValueError, ["embeddings"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_are_no_vectors_is_refused(embeddings, kind, words):
    with pytest.raises(kind) as error:
        vectors_of(embeddings, made())
    assert all(word in str(error.value) for word in words), str(error.value)
