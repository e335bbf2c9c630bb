"""Search: rows of words, similar spellings in errors, neighbours in a fixed order."""

import copy
import pickle

import numpy as np
import pytest

from skdl.estimators.word2vec import _search as _word_search
from skdl.estimators.word2vec._search import (
    UnknownWordError,
    check_count,
    check_vector,
    nearest_rows,
    row_of,
    unit_rows,
    word_list,
)

VOCABULARY = {word: row for row, word in enumerate(["king", "Queen", "woman", "NATO", "apple"])}


def test_a_known_word():
    assert row_of("woman", VOCABULARY) == 2


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("KING", "Did you mean 'king'?"),
        ("queen", "Did you mean 'Queen'?"),
        ("nato", "Did you mean 'NATO'?"),
        ("womman", "Did you mean 'woman'?"),
        ("xyzzy", "No known word is similar."),
        ("", "No known word is similar."),
    ],
)
def test_unknown_words_get_similar_spellings(word, meant):
    with pytest.raises(KeyError) as caught:
        row_of(word, VOCABULARY)
    start = f"A word must be one of the vocabulary_ of 5, got {word!r}."
    assert str(caught.value) == f"{start} {meant}"
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(again) is UnknownWordError
        assert str(again) == str(caught.value)


def test_similar_spellings_are_searched_among_a_few_words(monkeypatch):
    compared = []
    monkeypatch.setattr(
        _word_search, "get_close_matches", lambda word, known, n: compared.extend(known) or []
    )
    vocabulary = {f"word{i}": i for i in range(100_000)}
    with pytest.raises(UnknownWordError):
        row_of("wrod1", vocabulary)
    assert len(compared) <= 5000
    assert compared[0] == "word0"


@pytest.mark.parametrize("word", [3, None, b"king", ["king"]])
def test_invalid_words(word):
    with pytest.raises(ValueError, match="A word must be a str, got"):
        row_of(word, VOCABULARY)


def test_vectors_are_checked():
    np.testing.assert_array_equal(check_vector((1, 2), 2), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"a vector of 2 finite numbers, got shape \(3,\)"):
        check_vector([1, 2, 3], 2)
    with pytest.raises(ValueError, match=r"finite numbers, got \[ 1. nan\]"):
        check_vector([1, np.nan], 2)
    with pytest.raises(ValueError, match=r"got \['king', 'man'\]. Pass one word"):
        check_vector(["king", "man"], 2)


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, None])
def test_counts_are_checked(value):
    with pytest.raises(ValueError, match="topn must be an int of at least 1, got"):
        check_count(value, "topn")


def test_counts_that_may_be_none():
    check_count(None, "limit", or_none=True)
    check_count(np.int64(1), "limit")
    with pytest.raises(ValueError, match="limit must be None or an int of at least 1, got 0"):
        check_count(0, "limit", or_none=True)


def test_unit_rows_leave_zeros():
    np.testing.assert_allclose(unit_rows(np.array([[3.0, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_neighbours_in_order_of_cosine_then_row():
    vectors = np.array([[1, 0], [0, 2], [0, 1], [0, 0], [0, 5]], np.float32)
    assert nearest_rows(vectors, np.array([0, 9]), 2, []) == [(1, 1.0), (2, 1.0)]
    assert nearest_rows(vectors, np.array([0, 9]), 9, [1, 1]) == [
        (2, 1.0),
        (4, 1.0),
        (0, 0.0),
        (3, 0.0),
    ]
    assert nearest_rows(vectors, np.zeros(2), 1, []) == [(0, 0.0)]
    assert nearest_rows(vectors[:1], np.ones(2), 1, [0]) == []


def test_one_word_is_a_list_of_one():
    assert word_list("king") == ["king"]
    assert word_list(word for word in ("king", "queen")) == ["king", "queen"]
