"""Questions to word vectors: gensim's answers on equal vectors, and clear errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skdl.estimators.word2vec._vector_files import read_word2vec_format
from skdl.estimators.word2vec._word_vectors import WordVectors

N_WORDS, N_DIMENSIONS = 60, 8
NAMES = [f"word{i}" for i in range(N_WORDS)]
VECTORS = np.random.default_rng(0).normal(size=(N_WORDS, N_DIMENSIONS)).astype(np.float32)


class Words(WordVectors, BaseEstimator):
    """Words with vectors that are given, not learned."""

    def fit(self, words, vectors):
        self.vocabulary_ = {word: row for row, word in enumerate(words)}
        self.vectors_ = np.asarray(vectors, np.float32)
        self.counts_ = np.arange(len(words), 0, -1)
        return self


@pytest.fixture
def ours():
    return Words().fit(NAMES, VECTORS)


@pytest.fixture
def theirs():
    gensim = pytest.importorskip("gensim.models")
    vectors = gensim.KeyedVectors(N_DIMENSIONS)
    vectors.add_vectors(NAMES, VECTORS)
    return vectors


def check_same(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    assert all(type(word) is str and type(cosine) is float for word, cosine in found)
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], rtol=1e-4)


@pytest.mark.parametrize("topn", [1, 10, N_WORDS - 1, N_WORDS + 5])
def test_neighbours_are_those_of_gensim(ours, theirs, topn):
    check_same(ours.most_similar("word7", topn), theirs.most_similar("word7", topn=topn))
    vector = 3 * VECTORS[7] + 1
    check_same(ours.most_similar(vector, topn), theirs.similar_by_vector(vector, topn=topn))
    check_same(ours.most_similar(vector.tolist(), topn), theirs.similar_by_vector(vector, topn))


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        (["word1", "word2"], ["word3"]),
        (["word1", "word2"], "word3"),
        ("word1", []),
        ([], "word3"),
        (["word1", "word1", "word5"], ["word3", "word2"]),
        (("word1",), ("word9", "word3")),
    ],
)
@pytest.mark.parametrize("topn", [1, 10, N_WORDS])
def test_analogies_are_those_of_gensim(ours, theirs, positive, negative, topn):
    given = [[w] if isinstance(w, str) else list(w) for w in (positive, negative)]
    expected = theirs.most_similar(positive=given[0], negative=given[1], topn=topn)
    check_same(ours.analogy(positive, negative, topn), expected)


def test_similarities_are_those_of_gensim(ours, theirs):
    found = [ours.similarity("word3", other) for other in NAMES]
    expected = [theirs.similarity("word3", other) for other in NAMES]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert type(found[0]) is float
    assert max(found) == found[3] == pytest.approx(1, abs=1e-12)


def test_what_does_not_match_is_that_of_gensim(ours, theirs):
    rng = np.random.default_rng(3)
    for size in (1, 2, 3, 5, 5, 9):
        words = rng.choice(NAMES, size).tolist()
        assert ours.doesnt_match(words) == theirs.doesnt_match(words)
    assert ours.doesnt_match(iter(["word1", "word1", "word2"])) == "word2"


def test_vectors_of_zeros_are_like_nothing():
    words = Words().fit(["zero", "one", "two"], [[0, 0], [1, 0], [-1, 0]])
    assert words.most_similar("zero") == [("one", 0.0), ("two", 0.0)]
    assert words.most_similar("one") == [("zero", 0.0), ("two", -1.0)]
    assert words.most_similar([0, 0], 1) == [("zero", 0.0)]
    assert words.analogy(["one", "two"], []) == [("zero", 0.0)]
    assert words.similarity("zero", "one") == words.similarity("zero", "zero") == 0
    assert words.doesnt_match(["zero", "one", "one"]) == "zero"


def test_rows_count_not_the_order_of_the_dict(ours):
    mixed = Words().fit(NAMES, VECTORS)
    mixed.vocabulary_ = dict(reversed(ours.vocabulary_.items()))
    assert mixed.most_similar("word7") == ours.most_similar("word7")


def test_evaluations(ours, theirs, tmp_path):
    """How they are computed is held elsewhere."""
    rng = np.random.default_rng(1)
    lines = [" ".join(rng.choice(NAMES, 4)) for _ in range(200)]
    (tmp_path / "questions").write_text(": all\n" + "\n".join(lines))
    found = ours.evaluate_analogies(tmp_path / "questions", restrict_vocab=40)
    score, sections = theirs.evaluate_word_analogies(str(tmp_path / "questions"), 40)
    assert found.accuracy == score
    assert found.sections.loc["all", "n_correct"] == len(sections[0]["correct"])
    pairs = [(*rng.choice(NAMES, 2, replace=False).tolist(), i) for i in range(20)]
    pd.DataFrame(pairs).to_csv(tmp_path / "pairs", sep="\t", header=False, index=False)
    pearson, spearman, ratio = theirs.evaluate_word_pairs(str(tmp_path / "pairs"))
    scores = ours.evaluate_word_pairs(pd.DataFrame(pairs))
    np.testing.assert_allclose(scores, [*pearson, *spearman, ratio / 100], rtol=1e-4)
    assert ours.evaluate_word_pairs(tmp_path / "pairs", restrict_vocab=None) == scores


@pytest.mark.parametrize("binary", [False, True])
def test_saved_files(ours, theirs, tmp_path, binary):
    ours.save_word2vec_format(tmp_path / "v", binary=binary)
    words, vectors = read_word2vec_format(tmp_path / "v", binary)
    assert words == NAMES
    assert vectors.tobytes() == VECTORS.tobytes()
    again = type(theirs).load_word2vec_format(str(tmp_path / "v"), binary=binary)
    assert again.vectors.tobytes() == VECTORS.tobytes()


# Errors ------------------------------------------------------------------------------------------

ASKED = {
    "most_similar": lambda words, word: words.most_similar(word),
    "analogy": lambda words, word: words.analogy("word1", [word]),
    "similarity": lambda words, word: words.similarity("word1", word),
    "doesnt_match": lambda words, word: words.doesnt_match(["word1", word]),
}
every_question = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())


@every_question
def test_unknown_words(ours, ask):
    with pytest.raises(KeyError) as caught:
        ask(ours, "wrod12")
    assert str(caught.value).startswith(
        "A word must be one of the vocabulary_ of 60, got 'wrod12'. Did you mean 'word12'"
    )


@every_question
def test_what_is_no_word(ours, ask):
    with pytest.raises(ValueError, match=r"[wW]ord must be a str"):
        ask(ours, None)


@every_question
def test_before_fit(ask):
    with pytest.raises(NotFittedError):
        ask(Words(), "word1")


def test_the_rest_before_fit(tmp_path):
    for ask in (Words().evaluate_word_pairs, Words().evaluate_analogies):
        with pytest.raises(NotFittedError):
            ask(tmp_path / "none")
    with pytest.raises(NotFittedError):
        Words().save_word2vec_format(tmp_path / "v")
    assert list(tmp_path.iterdir()) == []


def test_no_words(ours):
    with pytest.raises(ValueError, match="positive and negative must hold at least one word"):
        ours.analogy([], [])
    with pytest.raises(ValueError, match="words must hold at least one word"):
        ours.doesnt_match([])


@pytest.mark.parametrize("topn", [0, -1, 1.5, None])
def test_wrong_topn(ours, topn):
    for ask in (ours.most_similar, lambda word, topn: ours.analogy(word, [], topn)):
        with pytest.raises(ValueError, match="topn must be an int of at least 1"):
            ask("word1", topn)


def test_wrong_restrict_vocab(ours, tmp_path):
    for ask in (ours.evaluate_word_pairs, ours.evaluate_analogies):
        with pytest.raises(ValueError, match="restrict_vocab must be None or an int"):
            ask(tmp_path / "none", restrict_vocab=0)


def test_words_with_spaces_cannot_be_saved(tmp_path):
    words = Words().fit(["new moon"], [[1]])
    with pytest.raises(ValueError, match="no space and no newline"):
        words.save_word2vec_format(tmp_path / "v")
