"""The vocabulary that grows: counts over calls, rows that stay, words that join."""

import numpy as np
import pytest

from skdl.estimators.word2vec._vocabulary import add_words, ids_of_rows


def counted(**counts):
    return list(counts), np.array(list(counts.values()), dtype=np.int64)


def test_the_first_part_makes_the_vocabulary():
    vocabulary, counts, rare = add_words(counted(a=2, b=5, c=3), {}, None, {}, 3, None)
    assert vocabulary == {"b": 0, "c": 1}
    assert counts.tolist() == [5, 3]
    assert rare == {"a": 2}


def test_words_join_behind_when_they_were_seen_often_enough_in_all():
    first = add_words(counted(a=2, b=5), {}, None, {}, 3, None)
    vocabulary, counts, rare = add_words(counted(a=2, b=1, c=9, d=1), *first, 3, None)
    assert list(vocabulary.items()) == [("b", 0), ("c", 1), ("a", 2)]
    assert counts.tolist() == [6, 9, 4]
    assert rare == {"d": 1}


def test_what_was_there_is_not_changed():
    vocabulary, counts, rare = {"b": 0}, np.array([5]), {"a": 2}
    add_words(counted(a=2, b=1), vocabulary, counts, rare, 3, None)
    assert (vocabulary, counts.tolist(), rare) == ({"b": 0}, [5], {"a": 2})


def test_max_vocab_holds_for_all_parts_together():
    first = add_words(counted(a=5, b=4), {}, None, {}, 1, 3)
    vocabulary, counts, rare = add_words(counted(c=9, d=10), *first, 1, 3)
    assert list(vocabulary) == ["a", "b", "d"]
    assert counts.tolist() == [5, 4, 10]
    assert rare == {"c": 9}


def test_without_a_word_there_is_no_vocabulary():
    with pytest.raises(ValueError, match=r"min_count=3 leaves no word; .* 'b', occurs 2 time"):
        add_words(counted(a=1, b=2), {}, None, {}, 3, None)


def test_ids_of_rows():
    ids, n_ids = ids_of_rows(["x", "b", "a"], {"a": 0, "gone": 1, "b": 2})
    assert ids[[0, 2]].tolist() == [2, 1]
    assert 3 <= ids[1] < n_ids  # an id that no word of the part has
