"""Word2Vec: word vectors trained on documents, which turn documents into tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import KW_ONLY
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._sklearn import Interval, StrOptions, fit_context
from ...engine import Data, Net, Streamed, as_tensor
from .._base import KeepsFitted, Trained, all_or_nothing, deep_estimator
from ._analyzer import Analyze, make_analyzer
from ._corpus import Corpus, choose_vocabulary, encode, read_corpus
from ._docs_word2vec import OF_WORD2VEC
from ._net import check_parameters, check_sample, check_unchanged, net_for_more, new_net
from ._network import Word2Vec
from ._pooling import (
    common_component,
    inverse_document_frequencies,
    pool,
    ragged,
    sif_weights,
    without_component,
)
from ._search import unit_rows
from ._vector_files import read_word2vec_format
from ._vocabulary import add_words, ids_of_rows
from ._word_vectors import WordVectors


@deep_estimator
class Word2VecTransformer(
    KeepsFitted,
    Trained,
    WordVectors,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Word vectors learned from documents; a document becomes what its words have in common.

    Notes
    -----
    A document is a str, which is cut into words as scikit-learn's ``CountVectorizer`` does, or a
    list of words. Skip-gram and CBOW, negative sampling and the hierarchical softmax, the dynamic
    window, sub-sampling and the falling rate are those of word2vec.c and gensim; parameters of the
    same name mean the same.

    How it differs: some hundred words that follow one another learn at once, from the same vectors,
    as products of matrices, and share noise words. Where a text says the same again and again these
    are fewer, which is slower, and at last the rate is lower. ``history_`` has the loss of a
    sample. For a small corpus train longer and faster: ``max_epochs=20, lr=0.05`` say.

    References
    ----------
    T. Mikolov, K. Chen, G. Corrado, J. Dean, "Efficient estimation of word representations in
    vector space", 2013. T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed
    representations of words and phrases and their compositionality", 2013. S. Ji, N. Satish, S. Li,
    P. Dubey, "Parallelizing word2vec in shared and distributed memory", 2016. S. Arora, Y. Liang,
    T. Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017 (``pooling="sif"``).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdl.estimators import Word2VecTransformer
    >>> texts = ["cats and dogs eat meat", "dogs and cats like meat", "cats eat and sleep"] * 20
    >>> texts += ["cars and trains need fuel", "trains and cars use fuel", "cars need roads"] * 20
    >>> labels = ["animals"] * 60 + ["traffic"] * 60
    >>> words = Word2VecTransformer(16, max_epochs=20, lr=0.1, sample=0, random_state=0)
    >>> classifier = make_pipeline(words, LogisticRegression()).fit(texts, labels)
    >>> classifier.predict(["meat for dogs", "fuel for trains"])
    array(['animals', 'traffic'], dtype='<U7')
    >>> words.similarity("cats", "dogs") > words.similarity("cats", "fuel")
    True
    """

    vector_size: int = 100
    _: KW_ONLY
    window: int = 5
    min_count: int = 5
    max_vocab: int | None = None
    algorithm: str = "skip-gram"
    objective: str = "negative"
    negative: int = 5
    ns_exponent: float = 0.75
    sample: float = 1e-3
    lr: float = 0.025
    min_lr: float = 1e-4
    max_epochs: int = 5
    pooling: str = "mean"
    normalize: bool = False
    lowercase: bool = True
    token_pattern: str | None = r"(?u)\b\w\w+\b"
    tokenizer: Callable[[str], Iterable[str]] | None = None
    analyzer: str | Analyze = "word"
    stop_words: str | Collection[str] | None = None
    init_vectors: Any = None
    batch_size: int | str = "auto"
    deterministic: bool = True
    device: str = "auto"
    random_state: Any = None
    verbose: int = 0
    callbacks: list[Any] | None = None

    _kept: ClassVar[str] = "init_vectors"
    _meanings: ClassVar[dict[str, tuple[str, str]]] = OF_WORD2VEC
    _learned: ClassVar[tuple[str, ...]] = (
        "vocabulary_",
        "vectors_",
        "counts_",
        "idf_",
        "component_",
        "net_",
        "module_",
        "history_",
        "n_iter_",
        "device_",
        "n_parameters_",
    )
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_vocab": [Interval(Integral, 1, None, closed="left"), None],
        "algorithm": [StrOptions({"skip-gram", "cbow"})],
        "objective": [StrOptions({"negative", "hierarchical"})],
        "negative": [Interval(Integral, 0, None, closed="left")],
        "ns_exponent": [Interval(Real, None, None, closed="neither")],
        "sample": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "min_lr": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"mean", "max", "idf", "sif", "none"})],
        "normalize": ["boolean"],
        "lowercase": ["boolean"],
        "token_pattern": [str, None],
        "tokenizer": [callable, None],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "stop_words": [object, None],  # see make_analyzer
        "init_vectors": [object, None],  # see given_vectors
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "deterministic": ["boolean"],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "callbacks": [list, None],
    }

    # Learning -----------------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Learn the vocabulary, then word vectors.

        Parameters
        ----------
        X : iterable of str or of lists of str
            The documents. What can be read more than once: a list, array or Series, or an object
            whose ``__iter__`` opens a file anew, say. They are read once.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If X can be read once only, or is no series of documents.
        ValueError
            If a document or token is none, if no word occurs ``min_count`` times, if no document
            has two words of the vocabulary, or parameters do not go together.
        """
        with all_or_nothing(self):
            check_parameters(self)
            for name in ("net_", "idf_", "component_", "_rare", "_loaded"):
                self.__dict__.pop(name, None)
            words, counts, corpus = read_corpus(X, self._analyzer())
            order = choose_vocabulary(words, counts, self.min_count, self.max_vocab)
            corpus = corpus.renumbered(order, len(words))
            self.vocabulary_ = {words[i]: row for row, i in enumerate(order.tolist())}
            self.counts_ = counts[order]
            self._train(new_net(self), corpus)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Go on learning from more documents: one pass, at the rate ``lr``.

        Words that have now occurred ``min_count`` times, in all calls of ``partial_fit``, join the
        vocabulary behind those that are there; so long as there are fewer than ``max_vocab``. With
        the hierarchical objective new words mean a new tree, whose nodes learn anew. What "idf" and
        "sif" pooling learn of documents is learned from these alone.

        Parameters
        ----------
        X : iterable of str or of lists of str
            As in ``fit``.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            As in ``fit``; if ``vector_size``, ``algorithm`` or ``objective`` changed.
        """
        with all_or_nothing(self):
            check_parameters(self)
            check_unchanged(self)
            before = getattr(self, "vocabulary_", {})
            words, counts, corpus = read_corpus(X, self._analyzer())
            vocabulary, totals, rare = add_words(
                (words, counts),
                before,
                getattr(self, "counts_", None),
                getattr(self, "_rare", {}),
                self.min_count,
                self.max_vocab,
            )
            self.vocabulary_, self.counts_, self._rare = vocabulary, totals, rare
            corpus = corpus.renumbered(*ids_of_rows(words, vocabulary))
            self._train(net_for_more(self, len(before)), corpus, n_epochs=1)
        return self

    def _analyzer(self) -> Analyze:
        return make_analyzer(
            lowercase=self.lowercase,
            token_pattern=self.token_pattern,
            tokenizer=self.tokenizer,
            analyzer=self.analyzer,
            stop_words=self.stop_words,
        )

    def _train(self, net: Net, corpus: Corpus, n_epochs: int | None = None) -> None:
        """Train a net, if there is something to learn, and keep it."""
        if (corpus.lengths > 1).any():
            check_sample(self, net)
            in_memory = not isinstance(corpus.tokens, np.memmap)
            tokens = as_tensor(corpus.tokens) if in_memory else Streamed(corpus.tokens)
            columns = {"tokens": tokens, "document": Streamed(corpus.document_numbers())}
            net.train(Data(columns), n_epochs=n_epochs)
        elif not net.history:
            raise ValueError(
                "No document has two words of the vocabulary, so that there is nothing to learn "
                "from: words are learned from those beside them. Lower min_count, or pass longer "
                "documents."
            )
        for name in ("_loaded", "idf_", "component_"):
            self.__dict__.pop(name, None)
        self.net_ = net.forget_optimizer()
        self.n_iter_ = len(net.history)
        if self.pooling == "idf":
            self.idf_ = inverse_document_frequencies(corpus, len(self.vocabulary_))
        elif self.pooling == "sif":
            self.component_ = common_component(self._pooled(corpus))

    # Documents to tables ------------------------------------------------------------------------

    def transform(self, X: Iterable[Any]) -> Any:
        """Turn each document into one vector, or into those of its words.

        Parameters
        ----------
        X : iterable of str or of lists of str
            The documents, as in ``fit``.

        Returns
        -------
        ndarray of float32 of shape (n_documents, vector_size)
            Zeros for a document without a known word. With ``pooling="none"`` a list of such
            arrays, (n_words, vector_size) for each document, with one row of zeros for one
            without a known word.

        Raises
        ------
        TypeError, ValueError
            If X is no series of documents, as in ``fit``; if ``pooling`` is "idf" or "sif" and was
            not so in ``fit``.
        """
        check_is_fitted(self)
        wanted = getattr(self, "_sklearn_output_config", {}).get("transform")
        if self.pooling == "none" and (wanted or get_config()["transform_output"]) != "default":
            raise ValueError(
                'pooling="none" gives a list of arrays, no table; set_output must be "default".'
            )
        pooling_fits = {"idf": hasattr(self, "idf_"), "sif": hasattr(self, "component_")}
        if not pooling_fits.get(self.pooling, True):
            raise ValueError(
                f'pooling="{self.pooling}" learns from the documents of fit, where pooling was '
                'another one. Fit again, or set "mean" or "max".'
            )
        corpus = encode(X, self._analyzer(), self.vocabulary_)
        if self.pooling == "none":
            nothing = np.zeros((1, self.vectors_.shape[1]), dtype=np.float32)
            found = [words if len(words) else nothing for words in ragged(corpus, self.vectors_)]
            return [unit_rows(words) for words in found] if self.normalize else found
        pooled = self._pooled(corpus)
        if self.pooling == "sif":
            pooled = without_component(pooled, self.component_)
        return unit_rows(pooled) if self.normalize else pooled

    def _pooled(self, corpus: Corpus) -> np.ndarray:
        weights = None
        if self.pooling == "idf":
            weights = self.idf_
        elif self.pooling == "sif":
            weights = sif_weights(self.counts_)
        return pool(corpus, self.vectors_, self.pooling, weights)

    @property
    def vectors_(self) -> NDArray[np.float32]:  # type: ignore[override]
        if hasattr(self, "_loaded"):
            return self._loaded
        table: torch.Tensor = self.module_.input_embedding.weight
        return table.detach().cpu().numpy()

    @property
    def module_(self) -> Word2Vec:
        module: Word2Vec = self.net_.module_
        return module

    @classmethod
    def from_word2vec_format(
        cls,
        path: str | os.PathLike[str],
        *,
        binary: bool = False,
        limit: int | None = None,
        encoding: str = "utf-8",
    ) -> Self:
        """Word vectors from a file as word2vec and gensim write it, ready to transform.

        Parameters
        ----------
        path : str or path-like
            The file, in ".gz" too.
        binary : bool, default=False
            Whether it is in the binary format.
        limit : int or None, default=None
            So many words, the first, are read; all when None.
        encoding : str, default="utf-8"
            Of the words.

        Returns
        -------
        Word2VecTransformer
            Fitted, with the parameter ``vector_size`` of the file and the defaults of the others.
            ``counts_`` are not in such files: they fall by one from word to word, as gensim's.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is malformed; the line is named.
        """
        words, vectors = read_word2vec_format(path, binary, limit, encoding)
        loaded = cls(vectors.shape[1])
        loaded.vocabulary_ = {word: row for row, word in enumerate(words)}
        loaded.counts_ = np.arange(len(words), 0, -1)
        loaded._loaded = vectors
        return loaded

    @property
    def _n_features_out(self) -> int:
        return int(self.vectors_.shape[1])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "vocabulary_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
