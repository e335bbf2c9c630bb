"""Vectors of documents from those of words, compared with loops over documents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from skdl.estimators.word2vec import _pooling
from skdl.estimators.word2vec._corpus import Corpus, read_corpus
from skdl.estimators.word2vec._pooling import (
    common_component,
    inverse_document_frequencies,
    pool,
    ragged,
    sif_weights,
    without_component,
)
from skdl.estimators.word2vec._vocabulary import choose_vocabulary

RNG = np.random.default_rng(0)
N_WORDS = 30
VECTORS = RNG.normal(size=(N_WORDS, 5)).astype(np.float32)
WEIGHTS = RNG.uniform(0.1, 2, size=N_WORDS)
LENGTHS = st.lists(st.integers(0, 5) | st.integers(0, 400), min_size=1, max_size=12)


def make_corpus(lengths, seed=0):
    tokens = np.random.default_rng(seed).integers(N_WORDS, size=sum(lengths), dtype=np.int32)
    return Corpus(tokens, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def by_hand(corpus, pooling):
    pooled = np.zeros((corpus.n_documents, 5))
    for row, (start, stop) in enumerate(zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)):
        tokens = corpus.tokens[start:stop]
        if len(tokens) == 0:
            continue
        found, weights = VECTORS[tokens].astype(float), WEIGHTS[tokens]
        pooled[row] = {
            "mean": lambda found, weights: found.mean(axis=0),
            "max": lambda found, weights: found.max(axis=0),
            "idf": lambda found, weights: np.average(found, axis=0, weights=weights),
            "sif": lambda found, weights: (weights @ found) / len(found),
        }[pooling](found, weights)
    return pooled


@pytest.fixture(params=["as usual", "small batches"])
def batches(request, monkeypatch):
    if request.param == "small batches":
        monkeypatch.setattr(_pooling, "BATCH_TOKENS", 7)
        monkeypatch.setattr(_pooling, "GATHERED_TOKENS", 7)
        monkeypatch.setattr(_pooling, "RUN", 2)


@pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif"])
@settings(deadline=None, max_examples=30)
@given(lengths=LENGTHS, n_tokens=st.sampled_from([1, 7, 2**14]), run=st.sampled_from([2, 32]))
def test_pooling_equals_a_loop_over_documents(pooling, lengths, n_tokens, run):
    corpus = make_corpus(lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pooling, "BATCH_TOKENS", n_tokens)
        patch.setattr(_pooling, "GATHERED_TOKENS", n_tokens)
        patch.setattr(_pooling, "RUN", run)
        weights = WEIGHTS if pooling in ("idf", "sif") else None
        pooled = pool(corpus, VECTORS, pooling, weights)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, by_hand(corpus, pooling), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif"])
def test_documents_without_a_known_word_are_zeros(pooling):
    weights = np.zeros(N_WORDS) if pooling in ("idf", "sif") else None
    for lengths in ([0], [0, 0], [0, 3, 0]):
        pooled = pool(make_corpus(lengths), VECTORS, pooling, weights)
        assert np.isfinite(pooled).all()
        assert not pooled[np.array(lengths) == 0].any()


def test_a_document_does_not_depend_on_the_others():
    corpus = make_corpus([40, 3, 0, 1])
    alone = Corpus(corpus.tokens[40:43], np.array([0, 3]))
    for pooling in ("mean", "max"):
        whole = pool(corpus, VECTORS, pooling)
        np.testing.assert_array_equal(pool(alone, VECTORS, pooling)[0], whole[1])


def test_negative_maxima_stay_negative():
    corpus = make_corpus([5, 20, 2])
    assert (pool(corpus, -np.abs(VECTORS) - 1, "max") <= -1).all()


# Weights -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("batches")
def test_idf_is_that_of_tfidf_vectorizer():
    texts = ["a b a", "b c", "", "a a a d", "b b c c a b"] * 3
    peer = TfidfVectorizer(token_pattern=r"\w").fit(texts)
    words, counts, corpus = read_corpus(texts, str.split)
    order = choose_vocabulary(words, counts, 1, None)
    corpus = corpus.renumbered(order, len(words))
    idf = inverse_document_frequencies(corpus, len(order))
    wanted = [peer.idf_[peer.vocabulary_[words[i]]] for i in order]
    np.testing.assert_allclose(idf, wanted)


def test_weights_of_sif():
    np.testing.assert_allclose(
        sif_weights(np.array([60, 30, 10]), a=0.1), [0.1 / 0.7, 0.1 / 0.4, 0.1 / 0.2]
    )
    assert sif_weights(np.array([1]))[0] == pytest.approx(1e-3 / 1.001)


# The common component ----------------------------------------------------------------------------


@pytest.mark.usefixtures("batches")
def test_common_component_is_the_first_singular_vector():
    pooled = RNG.normal(loc=[1, -3, 0, 2, 1], size=(200, 5)).astype(np.float32)
    component = common_component(pooled)
    first = np.linalg.svd(pooled.astype(float))[2][0]
    np.testing.assert_allclose(component, first * np.sign(first[1]), atol=1e-5)
    peer = TruncatedSVD(1, algorithm="arpack", random_state=0).fit(pooled).components_[0]
    assert abs(peer @ component) == pytest.approx(1, abs=1e-5)
    assert component.dtype == np.float32
    np.testing.assert_array_equal(common_component(pooled), component)
    np.testing.assert_array_equal(common_component(-pooled), component)


def test_nothing_in_common():
    assert not common_component(np.zeros((3, 5), np.float32)).any()
    assert not common_component(np.zeros((0, 5), np.float32)).any()


def test_what_remains_is_orthogonal_to_the_component():
    pooled = RNG.normal(size=(20, 5)).astype(np.float32)
    pooled[3] = 0
    component = common_component(pooled)
    rest = without_component(pooled, component)
    np.testing.assert_allclose(rest @ component, 0, atol=1e-5)
    assert not rest[3].any()
    assert rest.dtype == np.float32


# One vector for each word ------------------------------------------------------------------------


def test_ragged_holds_the_vectors_of_each_document():
    corpus = make_corpus([3, 0, 2])
    found = ragged(corpus, VECTORS)
    assert [array.shape for array in found] == [(3, 5), (0, 5), (2, 5)]
    assert all(array.dtype == np.float32 for array in found)
    np.testing.assert_array_equal(found[2], VECTORS[corpus.tokens[3:]])
