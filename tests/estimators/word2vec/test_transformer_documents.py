"""Documents of Word2VecTransformer: how they are read, pooled vectors, the vocabulary."""

import pickle
import tempfile

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline

from skdl.estimators import (
    LSTMClassifier,
    LSTMRegressor,
    TransformerClassifier,
)
from skdl.estimators.word2vec import _corpus
from tests.estimators.word2vec.transformers import (
    ANIMALS,
    DOCSTRINGS,
    LEARNS,
    OTHERS,
    TEXTS,
    TOKENS,
    TOPICS,
    TRAFFIC,
    assert_same,
    every_model,
    every_pooling,
    fit,
    same_model,
    word2vec,
)
from tests.ids import short

# Documents ---------------------------------------------------------------------------------------


class Lines:
    """The lines of a file, which is opened for each iteration."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path, encoding="utf-8") as file:
            yield from file


def test_texts_and_their_tokens_are_the_same():
    model = fit(TEXTS)
    for tokens in (TOKENS, [tuple(words) for words in TOKENS], pd.Series(TOKENS)):
        assert same_model(fit(tokens), model)
        assert_same(model.transform(tokens), model.transform(TEXTS))


def test_tokens_are_taken_as_they_are():
    model = fit([["The Cat", "a", "The Cat"], ["a", "b!"]])
    assert list(model.vocabulary_) == ["The Cat", "a", "b!"]


def test_a_file_is_read_line_by_line(tmp_path):
    (tmp_path / "corpus").write_text("\n".join(TEXTS), encoding="utf-8")
    lines = Lines(tmp_path / "corpus")
    model = fit(lines)
    assert same_model(model, fit())
    assert_same(model.transform(lines), model.transform(TEXTS))
    assert same_model(model.partial_fit(lines), fit().partial_fit(TEXTS))


@every_model
def test_a_corpus_spilled_to_disk_trains_to_the_same_vectors(algorithm, objective, monkeypatch):
    params = {"algorithm": algorithm, "objective": objective, "pooling": "idf", "min_count": 5}
    model, made, make = fit(**params), [], tempfile.TemporaryFile
    monkeypatch.setattr(_corpus, "SPILL_BYTES", 64)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: made.append(make()) or made[-1])
    spilled = fit(**params)
    assert len(made) == 1
    assert same_model(spilled, model)
    assert_same(spilled.idf_, model.idf_)
    assert_same(spilled.transform(TEXTS), model.transform(TEXTS))
    assert same_model(spilled.partial_fit(TEXTS), model.partial_fit(TEXTS))
    assert "memmap" not in str({type(value) for value in vars(spilled).values()})
    pickle.dumps(spilled)


MIXED = ["The cat's hat, THE mat", "", "Ünïcode ΣΑΣ naïve a1", "don't stop a b c", "the hat"] * 2


def first_letters(text):
    return [word[:2] for word in text.split()]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lowercase": False},
        {"token_pattern": r"(?u)\b\w+\b"},
        {"token_pattern": r"(\w)\w*"},
        {"tokenizer": first_letters, "token_pattern": None},
        {"tokenizer": first_letters, "token_pattern": None, "lowercase": False},
        {"analyzer": "char"},
        {"analyzer": "char", "lowercase": False},
        {"analyzer": first_letters},
        {"stop_words": "english"},
        {"stop_words": ["hat", "the"]},
    ],
    ids=short,
)
def test_words_are_those_of_count_vectorizer(params):
    peer = CountVectorizer(**params).fit(MIXED)
    model = fit(MIXED, **params)
    assert set(model.vocabulary_) == set(peer.vocabulary_)
    totals = np.asarray(peer.transform(MIXED).sum(0)).ravel()
    for word, row in model.vocabulary_.items():
        assert model.counts_[row] == totals[peer.vocabulary_[word]]
    counts = peer.transform(MIXED).toarray()[:, [peer.vocabulary_[w] for w in model.vocabulary_]]
    means = counts @ model.vectors_ / np.maximum(counts.sum(1, keepdims=True), 1)
    np.testing.assert_allclose(model.transform(MIXED), means, atol=1e-6)


# Documents to tables -----------------------------------------------------------------------------

ODD = ["", "no such words", "cat", "cat cat dog unknown train", "the the", " ".join(ANIMALS * 9)]


def known_words(model, text):
    return [word for word in text.split() if word in model.vocabulary_]


def by_hand(model, pooling, text):
    """The vector of a document, with a loop over its words; before SIF's component goes."""
    words = known_words(model, text)
    if not words:
        return np.zeros(model.vectors_.shape[1])
    found = np.array([model.vectors_[model.vocabulary_[word]] for word in words], float)
    if pooling == "max":
        return found.max(0)
    if pooling == "idf":
        documents_with = [sum(word in tokens for tokens in TOKENS) for word in words]
        weights = np.log((1 + len(TOKENS)) / (1 + np.array(documents_with))) + 1
        return (weights[:, None] * found).sum(0) / weights.sum()
    if pooling == "sif":
        shares = np.array([model.counts_[model.vocabulary_[word]] for word in words])
        weights = 1e-3 / (1e-3 + shares / model.counts_.sum())
        return (weights[:, None] * found).sum(0) / len(words)
    return found.mean(0)


@pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif"])
@pytest.mark.parametrize("normalize", [False, True])
def test_vectors_of_documents_are_those_by_hand(pooling, normalize):
    model = fit(pooling=pooling, normalize=normalize, min_count=20)
    got = model.transform(TEXTS[:20] + ODD)
    assert got.shape == (20 + len(ODD), 8)
    assert got.dtype == np.float32
    expected = np.array([by_hand(model, pooling, text) for text in TEXTS[:20] + ODD])
    if pooling == "sif":
        of_fit = np.array([by_hand(model, pooling, text) for text in TEXTS])
        common = np.linalg.svd(of_fit)[2][0]
        expected -= (expected @ common)[:, None] * common
        np.testing.assert_allclose(np.abs(model.component_ @ common), 1, atol=1e-5)
    if normalize:
        expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(got, expected, atol=1e-5 if normalize else 1e-6)


def test_idf_is_that_of_tfidf_vectorizer():
    model, peer = fit(pooling="idf"), TfidfVectorizer().fit(TEXTS)
    for word, row in model.vocabulary_.items():
        assert model.idf_[row] == pytest.approx(peer.idf_[peer.vocabulary_[word]])


@every_pooling
@pytest.mark.parametrize("normalize", [False, True])
def test_documents_without_a_known_word_give_zeros(pooling, normalize):
    model = fit(pooling=pooling, normalize=normalize)
    got = model.transform(["", "unheard of words", [], ["unheard"]])
    assert len(got) == 4
    for row in got:
        assert_same(row, np.zeros((1, 8) if pooling == "none" else 8))
    assert all(np.isfinite(row).all() for row in model.transform(TEXTS + ODD))


def test_without_pooling_there_is_a_vector_for_each_word():
    model = fit(pooling="none")
    got = model.transform(TEXTS[:5] + ODD)
    assert isinstance(got, list)
    for text, vectors in zip(TEXTS[:5] + ODD, got, strict=True):
        words = known_words(model, text)
        rows = [model.vocabulary_[word] for word in words]
        assert vectors.dtype == np.float32
        assert_same(vectors, model.vectors_[rows] if words else np.zeros((1, 8)))
    lengths = np.linalg.norm(
        np.concatenate(model.set_params(normalize=True).transform(TEXTS)), axis=1
    )
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier, TransformerClassifier])
def test_vectors_of_words_are_sequences_for_other_estimators(cls):
    params = {"d_model": 8, "n_heads": 2} if cls is TransformerClassifier else {"hidden_size": 8}
    learner = cls(**params, max_epochs=15, lr=0.03, device="cpu", random_state=0)
    pipeline = make_pipeline(word2vec(pooling="none", **LEARNS), learner)
    pipeline.fit(TEXTS[20:], TOPICS[20:])
    assert pipeline.score(TEXTS[:20], TOPICS[:20]) > 0.8
    assert len(pipeline.predict(["", "unknown", "cat", "cat dog bear"])) == 4


def test_transform_does_not_depend_on_the_other_documents():
    for pooling in ("mean", "idf", "sif"):
        model = fit(pooling=pooling)
        together = model.transform(TEXTS)
        alone = np.concatenate([model.transform([text]) for text in TEXTS])
        np.testing.assert_allclose(alone, together, atol=1e-6)
        assert_same(model.transform(TEXTS[::-1])[::-1], together)


def test_transform_changes_nothing():
    """Changing its result does not change the estimator."""
    model = fit(pooling="none")
    before = model.vectors_.copy()
    for vectors in model.transform(TEXTS):
        vectors += 1
    assert_same(model.vectors_, before)


@pytest.mark.parametrize("pooling", ["idf", "sif"])
def test_a_pooling_that_was_not_learned(pooling):
    model = fit()
    with pytest.raises(ValueError, match=f'pooling="{pooling}" learns .* Fit again'):
        model.set_params(pooling=pooling).transform(TEXTS)
    assert model.set_params(pooling="max").transform(TEXTS).shape == (len(TEXTS), 8)
    model.set_params(pooling=pooling).fit(TEXTS).transform(TEXTS)


# The vocabulary ----------------------------------------------------------------------------------


@pytest.mark.parametrize("min_count", [1, 5, 20])
def test_vocabulary_is_that_of_gensim(min_count):
    gensim = pytest.importorskip("gensim.models")
    documents = [text.split() for text in DOCSTRINGS]
    model = fit(documents, min_count=min_count, max_epochs=1)
    peer = gensim.Word2Vec(min_count=min_count, vector_size=2, workers=1)
    peer.build_vocab(documents)
    assert set(model.vocabulary_) == set(peer.wv.key_to_index)
    for word, row in model.vocabulary_.items():
        assert model.counts_[row] == peer.wv.get_vecattr(word, "count")
    assert list(model.vocabulary_.values()) == list(range(len(model.vocabulary_)))
    assert (np.diff(model.counts_) <= 0).all()


@pytest.mark.parametrize("max_vocab", [2, 5, 1000])
def test_max_vocab_keeps_the_most_frequent(max_vocab):
    whole, model = fit(), fit(max_vocab=max_vocab)
    assert list(model.vocabulary_) == list(whole.vocabulary_)[:max_vocab]
    assert_same(model.counts_, whole.counts_[:max_vocab])
    assert len(model.vectors_) == len(model.vocabulary_)


@every_model
def test_tables(algorithm, objective):
    model = fit(algorithm=algorithm, objective=objective)
    n_words = len(ANIMALS + TRAFFIC + OTHERS)
    assert model.vectors_.shape == (n_words, 8)
    assert model.vectors_.dtype == np.float32
    assert model.counts_.shape == (n_words,)
    assert model.counts_.dtype == np.int64
    assert model.counts_.sum() == sum(map(len, TOKENS))
    tables = [m for m in model.module_.modules() if isinstance(m, torch.nn.Embedding)]
    shapes = {tuple(table.weight.shape) for table in tables}
    assert shapes == {(n_words, 8), (n_words - (objective == "hierarchical"), 8)}
    assert len(tables) == 2
    assert_same(model.module_.input_embedding.weight.detach(), model.vectors_)
    assert np.isfinite(model.vectors_).all()
