"""Spaces and newlines as words: distinct in a file, and the same when read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdl.estimators.word2vec._separators import with_stand_ins, without_stand_ins

WORDS = st.text("a \n\u2581\u2424", max_size=3).filter(lambda w: w in " \n" or " " not in w)


def test_words_without_separators_are_left_alone():
    words = ["a", "\u2581", "\u2581\u2581", "\u2424"]
    assert with_stand_ins(words) == (words, False)


@pytest.mark.parametrize("bad", [3, None, ["a"]])
def test_what_is_no_word_is_left_for_later_checks(bad):
    assert with_stand_ins([" ", bad]) == (["\u2581", bad], True)


@given(words=st.lists(WORDS, unique=True))
def test_words_come_back_and_stay_distinct(words):
    written, has_stand_ins = with_stand_ins(words)
    assert " " not in written
    assert "\n" not in written
    assert len(set(written)) == len(words)
    assert (without_stand_ins(written) if has_stand_ins else written) == words
