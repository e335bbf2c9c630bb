"""The vocabulary: which words are chosen, and how it grows: counts, rows, rare words."""

import logging

import numpy as np
import pytest

from skdl.estimators.word2vec._corpus import read_corpus
from skdl.estimators.word2vec._vocabulary import Vocabulary, choose_vocabulary

# Chosen words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("min_count", [1, 2, 3])
def test_vocabulary_is_that_of_gensim(min_count):
    word2vec = pytest.importorskip("gensim.models.word2vec")
    logging.getLogger("gensim").setLevel(logging.ERROR)
    rng = np.random.default_rng(0)
    documents = [[f"w{i}" for i in rng.zipf(1.5, size=20)] for _ in range(50)]
    model = word2vec.Word2Vec(min_count=min_count, vector_size=2)
    model.build_vocab(documents)
    words, counts, _ = read_corpus(documents, str.split)
    order = choose_vocabulary(words, counts, min_count, None)
    peer = model.wv.index_to_key
    of_peer = [model.wv.get_vecattr(word, "count") for word in peer]
    assert counts[order].tolist() == of_peer
    # gensim puts the word that came last first among equals.
    rank = {word: place for place, word in enumerate(words)}
    peer = sorted(peer, key=lambda word: (-model.wv.get_vecattr(word, "count"), rank[word]))
    assert [words[i] for i in order] == peer


def test_ties_go_to_the_word_that_came_first():
    words, counts = ["z", "a", "m", "b"], np.array([2, 3, 3, 2])
    assert choose_vocabulary(words, counts, 1, None).tolist() == [1, 2, 0, 3]
    assert choose_vocabulary(words, counts, 1, 3).tolist() == [1, 2, 0]
    assert choose_vocabulary(words, counts, 3, 9).tolist() == [1, 2]


def test_no_word_frequent_enough():
    words, counts, _ = read_corpus([["a", "b", "a"], [], ["c"], ["b", "a", "d"]], str.split)
    with pytest.raises(ValueError, match=r"min_count=5 .* 'a', occurs 3 time\(s\)"):
        choose_vocabulary(words, counts, 5, None)


def test_documents_without_a_word():
    words, counts, corpus = read_corpus(["", [], "  "], str.split)
    assert (words, len(counts), corpus.n_documents) == ([], 0, 3)
    with pytest.raises(ValueError, match="no document in X has a word"):
        choose_vocabulary(words, counts, 1, None)


# More documents ----------------------------------------------------------------------------------


def extended(vocabulary, min_count, max_vocab=None, **counts):
    words, numbers = list(counts), np.array(list(counts.values()), dtype=np.int64)
    return vocabulary.extended(words, numbers, min_count=min_count, max_vocab=max_vocab)


def test_the_first_documents_make_the_vocabulary():
    vocabulary = extended(Vocabulary(), 3, a=2, b=5, c=3)
    assert vocabulary.rows == {"b": 0, "c": 1}
    assert vocabulary.counts.tolist() == [5, 3]
    assert vocabulary.rare == {"a": 2}


def test_words_join_behind_when_they_are_frequent_enough_in_all_documents():
    first = extended(Vocabulary(), 3, a=2, b=5)
    vocabulary = extended(first, 3, a=2, b=1, c=9, d=1)
    assert list(vocabulary.rows.items()) == [("b", 0), ("c", 1), ("a", 2)]
    assert vocabulary.counts.tolist() == [6, 9, 4]
    assert vocabulary.rare == {"d": 1}


def test_a_vocabulary_is_not_changed():
    vocabulary = Vocabulary({"b": 0}, np.array([5]), {"a": 2})
    extended(vocabulary, 3, a=2, b=1)
    assert vocabulary.rows == {"b": 0}
    assert (vocabulary.counts.tolist(), vocabulary.rare) == ([5], {"a": 2})


def test_max_vocab_holds_for_all_documents_together():
    first = extended(Vocabulary(), 1, 3, a=5, b=4)
    vocabulary = extended(first, 1, 3, c=9, d=10)
    assert list(vocabulary.rows) == ["a", "b", "d"]
    assert vocabulary.counts.tolist() == [5, 4, 10]
    assert vocabulary.rare == {"c": 9}


def test_an_empty_vocabulary_is_an_error():
    with pytest.raises(ValueError, match=r"min_count=3 leaves no word; .* 'b', occurs 2 time"):
        extended(Vocabulary(), 3, a=1, b=2)


def test_ids_of_rows():
    vocabulary = Vocabulary({"a": 0, "gone": 1, "b": 2}, np.array([3, 2, 1]))
    ids, n_ids = vocabulary.ids_of_rows(["x", "b", "a"])
    assert ids[[0, 2]].tolist() == [2, 1]
    assert 3 <= ids[1] < n_ids  # an id that no word of the documents has
