"""n-grams against scikit-learn's own, and by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from skdl._reading import split_words_and_punctuation
from skdl.estimators.transformer._ngrams import Ngrams
from tests.texts import CHINESE, ODD_TEXTS, make_texts

TEXTS = [*make_texts(50, 3)[0], "Good, GOOD film!", "it's a film; a film...", "好电影 film"]
NEW = ["good unseen film", "dreadfully good", "never zzz", "", "好坏"]


def words_of(text):
    return split_words_and_punctuation(text.lower())


def word_pairs(text):
    words = words_of(text)
    return [*words, *map(" ".join, pairwise(words))]


def pieces(text):
    """Runs of 3 to 5 characters in each word, its borders marked; not of words of one character."""
    marked = [f"<{word}>" for word in words_of(text) if len(word) > 1]
    return [
        word[i : i + size]
        for word in marked
        for size in (3, 4, 5)
        for i in range(len(word) - size + 1)
    ]


def share_of_pieces(text):
    """The share of a text's words that have pieces."""
    words = [word for word in words_of(text) if len(word) > 1 or word.isalnum()]
    return sum(len(word) > 1 for word in words) / len(words) if words else 0


def grams_of(block, first, second):
    return (block[first] @ block[second].T).toarray()


def blocks_of(ngrams, features):
    """The words' and the pieces' columns."""
    n_words = len(ngrams.keys[0])
    return features[:, :n_words], features[:, n_words:]


@pytest.mark.parametrize(("which", "analyzer", "min_df"), [(0, word_pairs, 1), (1, pieces, 2)])
def test_blocks_are_scikit_learns_tf_idf(which, analyzer, min_df):
    """The same products between rows, so the same columns but for their order and scale."""
    theirs = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=min_df)
    ngrams = Ngrams()
    seen = blocks_of(ngrams, ngrams.fit_transform(TEXTS))[which]
    new = blocks_of(ngrams, ngrams.transform(NEW))[which]
    expected, expected_new = theirs.fit_transform(TEXTS), theirs.transform(NEW)
    assert seen.shape == expected.shape

    def scaled(block):
        """Rows of length 1, where they hold anything."""
        block = block.toarray().astype(float)
        return block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)

    for got, wanted in ((seen, expected), (new, expected_new)):
        got, wanted = scaled(got), scaled(wanted)
        np.testing.assert_allclose(got @ got.T, wanted @ wanted.T, atol=1e-5)
        np.testing.assert_allclose(got @ scaled(seen).T, wanted @ scaled(expected).T, atol=1e-5)
        assert ((got > 0).sum(1) == (wanted > 0).sum(1)).all()


def test_pieces_count_by_the_share_of_words_that_have_them_and_rows_have_length_1():
    ngrams = Ngrams()
    features = ngrams.fit_transform(TEXTS)
    of_words, of_pieces = (
        np.sqrt((block.toarray() ** 2).sum(1)) for block in blocks_of(ngrams, features)
    )
    assert features.shape[1] == ngrams.n_features
    share = np.array(list(map(share_of_pieces, TEXTS)))
    np.testing.assert_allclose(of_words, np.sqrt(1 / (1 + share)), atol=1e-5)
    np.testing.assert_allclose(of_pieces, np.sqrt(share / (1 + share)), atol=1e-5)
    assert share[-3:].tolist() == [1, 2 / 4, 1 / 4]


def test_a_number_in_a_chinese_text_changes_little_of_it():
    """The pieces of a lone number are not half of what the text is."""
    text = "这座桥建成于春天全长约两百米是城里最古老的一座"
    dated = text.replace("春天", "1960年")
    features = Ngrams().fit_transform([text, dated, dated]).toarray()
    assert features[0] @ features[1] > 0.7


def test_one_block_alone_has_length_1_and_nothing_has_length_0():
    ngrams = Ngrams()
    ngrams.fit_transform(["a b", "b c", "好 电", "word", "words"])
    got = ngrams.transform(["a c", "worded", "", "zz"]).toarray()
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), [1, 1, 0, 0], atol=1e-6)
    n_words = len(ngrams.keys[0])
    assert got[0, n_words:].sum() == 0
    assert got[1, :n_words].sum() == 0


def test_words_never_seen_are_known_by_their_pieces():
    ngrams = Ngrams()
    seen = ngrams.fit_transform(["wonderful day", "wonderfully made", "other things", "others too"])
    alike = (ngrams.transform(["wonderfulness"]) @ seen.T).toarray()[0]
    assert alike[:2].min() > 0.1
    assert alike[2:].max() == 0


def test_weights_by_hand():
    """(1 + log count) * (1 + log((1 + n) / (1 + df))), scaled to length 1."""
    ngrams = Ngrams()
    row = ngrams.fit_transform(["a a b", "b", "c"]).toarray()[0]
    idf = {df: 1 + math.log(4 / (1 + df)) for df in (1, 2)}
    a, b, aa, ab = (1 + math.log(2)) * idf[1], idf[2], idf[1], idf[1]
    expected = np.array(sorted([a, b, aa, ab])) / math.hypot(a, b, aa, ab)
    np.testing.assert_allclose(sorted(row[row > 0]), expected, atol=1e-6)


def test_transform_gives_the_features_of_fit():
    ngrams = Ngrams()
    seen = ngrams.fit_transform(TEXTS)
    assert abs(ngrams.transform(TEXTS) - seen).max() < 1e-6
    backwards = ngrams.transform(TEXTS[::-1])[np.arange(len(TEXTS))[::-1]]
    assert abs(backwards - seen).max() < 1e-6


def test_rows_do_not_depend_on_one_another():
    ngrams = Ngrams()
    seen = ngrams.fit_transform(TEXTS).toarray()
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(ngrams.transform([text]).toarray()[0], seen[row], atol=1e-6)


def test_lowercase():
    small, both = Ngrams(lowercase=True), Ngrams(lowercase=False)
    assert abs(np.diff(small.fit_transform(["Aa bB", "aa bb"]).toarray(), axis=0)).max() < 1e-6
    cased = both.fit_transform(["Aa bB", "aa bb"])
    assert grams_of(cased, [0], [1])[0, 0] < 0.5


@pytest.mark.parametrize("texts", [ODD_TEXTS, [""], ["", ""], ["a"]])
def test_odd_texts(texts):
    ngrams = Ngrams()
    features = ngrams.fit_transform(texts)
    assert features.shape == (len(texts), ngrams.n_features)
    assert np.isfinite(features.data).all()
    again = ngrams.transform([*texts, "new"])
    assert again.shape == (len(texts) + 1, ngrams.n_features)
    assert np.isfinite(again.data).all()


FITTED = Ngrams()
FITTED.fit_transform(TEXTS)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=4))
def test_any_text(texts):
    got = FITTED.transform(texts)
    assert got.shape == (len(texts), FITTED.n_features)
    lengths = np.linalg.norm(got.toarray(), axis=1)
    assert (np.isclose(lengths, 1, atol=1e-5) | (lengths == 0)).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("ab好 .", max_size=12), min_size=2, max_size=5))
def test_any_texts_are_as_scikit_learn_has_them(texts):
    """The words' block, of any few letters."""
    if not any(map(words_of, texts)):
        return
    theirs = TfidfVectorizer(analyzer=word_pairs, sublinear_tf=True)
    expected = (lambda m: (m @ m.T).toarray())(theirs.fit_transform(texts))
    ngrams = Ngrams()
    block, of_pieces = (b.toarray() for b in blocks_of(ngrams, ngrams.fit_transform(texts)))
    both = of_pieces.any(1) & block.any(1)
    share = np.array(list(map(share_of_pieces, texts)))
    scale = np.sqrt(np.where(both, 1 + share, 1))[:, None]
    np.testing.assert_allclose((scale * block) @ (scale * block).T, expected, atol=1e-5)


def test_at_most_so_many_features_those_of_most_texts():
    whole, some = Ngrams(), Ngrams(max_features=60)
    n_all, n_some = whole.fit_transform(TEXTS).shape[1], some.fit_transform(TEXTS).shape[1]
    assert n_some == some.n_features <= 60 < n_all
    for keys, idf, kept, kept_idf in zip(whole.keys, whole.idf, some.keys, some.idf, strict=True):
        assert kept_idf.max() < idf.max(), "the rarest are left out"
        left = np.isin(keys, kept)
        np.testing.assert_array_equal(idf[left], kept_idf)
        assert idf[~left].min() > kept_idf.max()
    assert Ngrams(max_features=0).fit_transform(TEXTS).shape == (len(TEXTS), 0)


def test_every_chinese_character_is_a_word():
    expected = ["看", "好", "电", "film42", ",", "ok", "!"]
    assert words_of("看好电 film42, OK!") == expected
    ngrams = Ngrams()
    features = ngrams.fit_transform(CHINESE)
    assert np.isfinite(features.data).all()
    assert (features.toarray().any(1)).all()


def test_marks_belong_to_their_words():
    """Two words of Hindi that differ by vowel signs alone."""
    ngrams = Ngrams()
    features = ngrams.fit_transform(["जैसे", "जिस", "जैसे"]).toarray()
    assert np.array_equal(features[0], features[2])
    # Two words, and the character n-grams that are in two texts.
    assert ngrams.n_features == 2 + len(set(pieces("जैसे")))
