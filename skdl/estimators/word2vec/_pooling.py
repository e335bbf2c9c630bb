"""Pooling: from the vectors of words to one vector per document."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from ._corpus import Corpus

BATCH_TOKENS = 2**16  # tokens that are averaged or counted at once
GATHERED_TOKENS = 2**13  # tokens whose vectors are copied at once
RUN = 32  # maximum length of a run of vectors that are compared one by one


def pool(
    corpus: Corpus,
    vectors: np.ndarray,
    pooling: str,
    word_weights: np.ndarray | None = None,
) -> np.ndarray:
    """One vector for each document, from those of its known words; zeros without any.

    Parameters
    ----------
    corpus : Corpus
        Documents as rows of ``vectors``.
    vectors : ndarray of float32 of shape (n_words, n_features)
    pooling : {"mean", "max", "idf", "sif"}
        "idf" divides the weighted sum by the sum of weights; "sif" by the number of words, as in
        Arora et al.
    word_weights : ndarray of shape (n_words,), default=None
        Not negative, for "idf" and "sif".

    Returns
    -------
    pooled : ndarray of float32 of shape (n_documents, n_features)

    References
    ----------
    Arora, Liang, Ma: "A simple but tough-to-beat baseline for sentence embeddings" (2017).
    """
    if pooling == "max":
        return _pool_max(corpus, vectors)
    pooled = np.empty((corpus.n_documents, vectors.shape[1]), dtype=np.float32)
    for documents, batch in corpus.batches(BATCH_TOKENS):
        weights = np.ones(len(batch.tokens)) if word_weights is None else word_weights[batch.tokens]
        by_word = sp.csr_array(
            (weights.astype(np.float32), batch.tokens, batch.offsets.astype(np.int32)),
            shape=(batch.n_documents, len(vectors)),
        )
        totals = by_word.sum(axis=1) if pooling == "idf" else batch.lengths.astype(np.float32)
        totals[totals == 0] = 1
        np.divide(by_word @ vectors, totals[:, np.newaxis], out=pooled[documents])
    return pooled


def _pool_max(corpus: Corpus, vectors: np.ndarray) -> np.ndarray:
    pooled = np.full((corpus.n_documents, vectors.shape[1]), -np.inf, dtype=np.float32)
    for start in range(0, len(corpus.tokens), GATHERED_TOKENS):
        tokens = corpus.tokens[start : start + GATHERED_TOKENS]
        stop = start + len(tokens)
        first = np.searchsorted(corpus.offsets, start, side="right") - 1
        last = np.searchsorted(corpus.offsets, stop)
        lengths = np.diff(corpus.offsets[first : last + 1].clip(start, stop))
        documents = first + np.flatnonzero(lengths)
        found = _maxima_of_runs(vectors, tokens, lengths[lengths > 0])
        # The first document may have begun in the batch before.
        pooled[documents] = np.maximum(pooled[documents], found)
    pooled[corpus.lengths == 0] = 0
    return pooled


def _maxima_of_runs(vectors: np.ndarray, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The maximum by component over each run, of the given lengths, of ``vectors[rows]``.

    ``np.maximum.reduceat`` takes three times as long: it computes component after component.
    """
    if lengths.max() > RUN:  # the maxima of runs of runs
        n_runs = -(-lengths // RUN)
        of_runs = np.full(n_runs.sum(), RUN)
        of_runs[np.cumsum(n_runs) - 1] = lengths - RUN * (n_runs - 1)
        maxima = _maxima_of_runs(vectors, rows, of_runs)
        return _maxima_of_runs(maxima, np.arange(len(maxima)), n_runs)
    order = np.argsort(-lengths, kind="stable")  # longer runs are always the first
    starts = (np.cumsum(lengths) - lengths)[order]
    maxima = vectors.take(rows[starts], axis=0)
    for place in range(1, lengths.max()):
        n_left = np.count_nonzero(lengths > place)
        following = vectors.take(rows[starts[:n_left] + place], axis=0)
        np.maximum(maxima[:n_left], following, out=maxima[:n_left])
    unsorted = np.empty_like(maxima)
    unsorted[order] = maxima
    return unsorted


def ragged(corpus: Corpus, vectors: np.ndarray) -> list[np.ndarray]:
    """The vectors of each document's known words, float32 (n_tokens, n_features) each."""
    vectors = vectors.astype(np.float32, copy=False)
    return [
        vectors.take(corpus.tokens[start:stop], axis=0)
        for start, stop in pairwise(corpus.offsets.tolist())
    ]


def inverse_document_frequencies(corpus: Corpus, n_words: int) -> np.ndarray:
    """ln((1 + n) / (1 + df)) + 1 of each word (n_words,), smooth as TfidfVectorizer's."""
    frequencies = np.zeros(n_words, dtype=np.int64)
    for _, batch in corpus.batches(BATCH_TOKENS):
        document = np.repeat(np.arange(batch.n_documents), batch.lengths)
        once = np.unique(document * n_words + batch.tokens) % n_words
        frequencies += np.bincount(once, minlength=n_words)
    return np.log((1 + corpus.n_documents) / (1 + frequencies)) + 1


def sif_weights(counts: np.ndarray, a: float = 1e-3) -> np.ndarray:
    """a / (a + p) of each word (n_words,), p its fraction of the corpus; Arora et al. (2017)."""
    return a / (a + counts / counts.sum())


def common_component(pooled: np.ndarray) -> np.ndarray:
    """The first right singular vector (n_features,) of the documents' vectors, not centred.

    Its largest component is positive; it is zero if all vectors are.
    """
    n_features = pooled.shape[1]
    gram = np.zeros((n_features, n_features))
    for start in range(0, len(pooled), GATHERED_TOKENS):
        part = pooled[start : start + GATHERED_TOKENS].astype(np.float64)
        gram += part.T @ part
    if not gram.any():
        return np.zeros(n_features, dtype=np.float32)
    component = np.linalg.eigh(gram).eigenvectors[:, -1]
    component *= np.sign(component[np.argmax(np.abs(component))])
    return component.astype(np.float32)


def without_component(pooled: np.ndarray, component: np.ndarray) -> np.ndarray:
    """The vectors (n_documents, n_features) minus their projection on a unit vector."""
    return pooled - (pooled @ component)[:, np.newaxis] * component
