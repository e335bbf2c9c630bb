"""Word2Vec: word vectors trained on documents, which turn documents into tables."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import KW_ONLY
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._sklearn import (
    ClassNamePrefixFeaturesOutMixin,
    Interval,
    StrOptions,
    TransformerMixin,
    fit_context,
)
from ...engine import Data, Net, as_tensor, check_validated, draw_seed, resolve_device
from .._base import (
    DeepEstimator,
    FitMode,
    FittedParameterMixin,
    OwnCheck,
    Split,
    WordVectorTable,
    all_given_vectors,
    deep_estimator,
    given_vectors,
    none_known,
    other_spellings,
)
from ._advice import advised
from ._corpus import Corpus, CorpusData, encode, read_corpus
from ._documents import READING, Analyze, make_analyzer
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
from ._training_sizes import auto_epochs, block_size, chunk_size
from ._vector_files import read_word2vec_format
from ._vocabulary import (
    NothingToLearnError,
    Vocabulary,
    choose_vocabulary,
    composed_rows,
    least_count,
)
from ._word_vectors import WordVectors

# What a fit learns beside vocabulary and counts, of which some is not there after every fit.
LEARNED = ("_net", "_built_with", "_rare", "_loaded", "_spellings", "idf_", "component_")


@deep_estimator
class Word2VecTransformer(
    FittedParameterMixin,
    WordVectors,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DeepEstimator,
):
    r"""Word2vec: word vectors learned from documents; documents become pooled word vectors.

    Parameters
    ----------
    vector_size : int, default=100
        Number of dimensions of the word vectors, at least 1.
    window : int, default=5
        Maximum distance between a word and the words of its context, at least 1. The distance is
        drawn for each token, uniformly from 1 to this.
    min_count : int or "auto", default="auto"
        Minimum number of occurrences of a word in the vocabulary, at least 1. "auto" is 2 for less
        than 100,000 tokens, else 5.
    max_vocab : int or None, default=None
        Maximum number of words in the vocabulary, at least 1: the most frequent ones are kept. None
        keeps all.
    algorithm : {"skip-gram", "cbow"}, default="skip-gram"
        What predicts what: with "skip-gram" a word predicts each word of its context, with "cbow"
        (continuous bag of words) the mean of the context predicts the word. "cbow" is faster, and
        less accurate for rare words.
    objective : {"negative", "hierarchical"}, default="negative"
        Loss of a prediction: "negative" is negative sampling, in which the predicted word is
        distinguished from random words; "hierarchical" is the hierarchical softmax, in which its
        path in the Huffman tree of the vocabulary is predicted.
    negative : int, default=5
        Number of negative samples for each predicted word, at least 1 with
        ``objective="negative"``; ignored with "hierarchical".
    ns_exponent : float, default=0.75
        Negative samples are drawn in proportion to the counts of words to this power: 1 draws from
        the distribution of the corpus, 0 from the uniform one.
    sample : float, default=0.001
        Threshold of sub-sampling, 0 or more: of words that are a larger fraction of the corpus,
        tokens are left out at random, the more the more frequent a word is. 0 leaves out none.
    lr : float, default=0.025
        ``fit`` starts with it; in ``partial_fit`` it is constant.
    min_lr : float, default=0.0001
        Learning rate at the end of ``fit``, from 0 to ``lr``; it falls linearly.
    max_epochs : int or "auto", default="auto"
        "auto" is the number that makes a million tokens, but at least 5 and at most 100. Here 0 is
        allowed, which keeps ``init_vectors`` as they are: they are the vocabulary, and ``fit``
        learns nothing but what ``pooling`` needs; there is no ``net_`` then, nor what is read from
        it.
    pooling : {"mean", "max", "idf", "sif", "none"}, default="mean"
        How the vectors of the words of a document are combined: "mean" is their mean, "max" their
        maximum in each dimension, "idf" their mean weighted by inverse document frequency. "sif"
        is smooth inverse frequency (Arora et al. 2017): a mean with weights a / (a + p), where p is
        the fraction of the corpus that the word is and a is 0.001, minus its projection on the
        common component of all documents. "none" keeps one vector per word, as sequences for LSTMs
        and Transformers.
    normalize : bool, default=False
        Whether ``transform`` scales vectors to length 1.
    lowercase : bool, default=True
        Whether texts are lowercased before they are tokenized. Lists of tokens are not.
    token_pattern : str or None, default="auto"
        Regular expression of a token, with ``analyzer="word"`` and without ``tokenizer``. "auto"
        finds words of two letters, digits or _ or more, as CountVectorizer does, together with
        their combining marks, such as the vowel signs of Hindi and Telugu. It can be None if there
        is a ``tokenizer``.
    tokenizer : callable or None, default=None
        A callable takes a text and returns its tokens, with ``analyzer="word"``. None uses
        ``token_pattern``.
    analyzer : {"word", "char"} or callable, default="word"
        What tokens are: "word" takes words, "char" characters. A callable takes a text as it is and
        returns its tokens.
    stop_words : {"english"}, list of str or None, default=None
        Words left out with ``analyzer="word"``, compared with the tokens of texts and lists.
        "english" is scikit-learn's list; None leaves out none.
    init_vectors : mapping, KeyedVectors, fitted Word2VecTransformer or None, default=None
        Initial vectors, from words to arrays of shape (vector_size,): a mapping, gensim's
        KeyedVectors or a fitted estimator. A word that is not there as it is written starts with
        the vector of its first spelling that differs in case or normal form of Unicode alone, other
        words with random vectors, as all do with None. Clones share it. In a grid of candidates a
        fitted estimator must be wrapped as ``sklearn.frozen.FrozenEstimator(fitted)``, because
        scikit-learn clones the candidates, which makes them unfitted.
    batch_size : int or "auto", default="auto"
        It counts consecutive tokens: their updates are all computed from the same vectors. Larger
        ones are faster and further from word2vec's updates after each word. "auto" is 512, with
        "cbow" and negative sampling 1024, on CUDA 4096.
    deterministic : bool, default=True
        Whether the same seed gives the same vectors, bit for bit, on the same CPU. True trains in
        one thread. False trains in as many threads as torch may use (``torch.set_num_threads``),
        which update the vectors without locks, like gensim's workers: faster, with slightly
        different results each time. On CUDA sums have no fixed order either way.
    random_state : int, RandomState instance or None, default=None
        Initial vectors, sub-sampling, window sizes and negative samples are random.
    callbacks : list or None, default=None
        An ``LRScheduler`` takes the place of the fall to ``min_lr``. Those that need gradients,
        predictions or validation rows are an error.

    Attributes
    ----------
    module_ : torch.nn.Module
        It takes rows of the vocabulary and returns their vectors.
    idf_ : ndarray of shape (n_words,)
        Smooth inverse document frequency of each word, with ``pooling="idf"``.
    component_ : ndarray of shape (vector_size,)
        Common component of the documents, with ``pooling="sif"``: the first right singular vector
        of their weighted means.
    history_ : DataFrame
        The loss is the mean log-loss of some of the pairs of words; valid_loss is NaN, and lr the
        one at the end of the epoch.

    Notes
    -----
    A document is a str, which is split into words as by scikit-learn's ``CountVectorizer``, or a
    list of words. Words are compared in Unicode's normal form C (NFC), in which an accent is one
    character with its letter; a callable ``analyzer`` gets texts as they are. Skip-gram and CBOW,
    negative sampling and the hierarchical softmax, the random window size, sub-sampling and the
    falling learning rate are those of word2vec.c and gensim; parameters of the same name mean the
    same.

    The difference: some hundred consecutive words are a mini-batch, computed as products of
    matrices, and words of a mini-batch share negative samples. Where a text repeats itself,
    mini-batches are smaller, which is slower, and the learning rate is lower if that is not enough.

    Where a linear model is to classify the texts that the vectors are learned from, TF-IDF
    (``sklearn.feature_extraction.text.TfidfVectorizer``) is mostly the better choice, by more the
    more rare words decide: vectors of 100 numbers hold less than a column for each word. Vectors
    are for neighbours of words, for models that want few dense features, and for what was learned
    from other texts.

    Loaded vectors (``from_word2vec_format``), and any with ``init_vectors=vectors, max_epochs=0``,
    stay as they are in a Pipeline, ``cross_val_score`` and searches, whose clones are fitted again.
    An estimator that was fitted to other documents learns again there; to keep what it has learned
    wrap it as ``sklearn.frozen.FrozenEstimator(fitted)``.

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
    min_count: int | str = "auto"
    max_vocab: int | None = None
    algorithm: str = "skip-gram"
    objective: str = "negative"
    negative: int = 5
    ns_exponent: float = 0.75
    sample: float = 1e-3
    lr: float = 0.025
    min_lr: float = 1e-4
    max_epochs: int | str = "auto"
    pooling: str = "mean"
    normalize: bool = False
    lowercase: bool = True
    token_pattern: str | None = "auto"
    tokenizer: Callable[[str], Iterable[str]] | None = None
    analyzer: str | Analyze = "word"
    stop_words: str | Collection[str] | None = None
    init_vectors: Any = None
    batch_size: int | str = "auto"
    deterministic: bool = True

    _fitted_parameter: ClassVar[str] = "init_vectors"
    _used_after_fit: ClassVar[frozenset[str]] = frozenset({"pooling", "normalize"})
    _input_kinds: ClassVar[frozenset[str]] = frozenset({"documents"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_vocab": [Interval(Integral, 1, None, closed="left"), None],
        "algorithm": [StrOptions({"skip-gram", "cbow"})],
        "objective": [StrOptions({"negative", "hierarchical"})],
        "negative": [Interval(Integral, 0, None, closed="left")],
        "ns_exponent": [Interval(Real, None, None, closed="neither")],
        "sample": [Interval(Real, 0, None, closed="left")],
        "min_lr": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "pooling": [StrOptions({"mean", "max", "idf", "sif", "none"})],
        "normalize": ["boolean"],
        "lowercase": ["boolean"],
        "token_pattern": [str, None],
        "tokenizer": [callable, None],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "stop_words": [StrOptions({"english"}), OwnCheck("list of str"), None],
        "init_vectors": [OwnCheck("mapping", "KeyedVectors", "fitted Word2VecTransformer"), None],
        "deterministic": ["boolean"],
    }

    # Learning ------------------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Learn the vocabulary, then word vectors; with ``max_epochs=0`` keep ``init_vectors``.

        Parameters
        ----------
        X : iterable of str or of lists of str
            The documents. It must be possible to read them more than once: a list, array or
            Series, or an object whose ``__iter__`` opens a file each time. They are read once here.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If X can be read only once, or is not a series of documents.
        ValueError
            If a document or token is invalid, if no word occurs ``min_count`` times, if no document
            has two words of the vocabulary, or if parameters contradict each other. Where another
            setting would give words to learn from, the message names it.

        Warns
        -----
        UserWarning
            If ``stop_words`` holds words that cannot be left out, because they are divided into
            tokens that are not among them, or because ``analyzer`` is not "word".
        """
        with self._fitting(), advised(self, X):
            for name in LEARNED:
                self.__dict__.pop(name, None)
            if self.max_epochs == 0:
                self._take_over_vectors()
                self._learn_pooling_alone(X)
            else:
                self._train_words(self._read_inputs(X, reset=True), FitMode.FIT)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Go on learning from more documents: one epoch at the constant learning rate ``lr``.

        Words that have now occurred ``min_count`` times in all calls of ``partial_fit`` are added
        to the vocabulary behind the present ones, while there are fewer than ``max_vocab``. With
        the hierarchical softmax, new words need a new tree, whose output vectors start from zero.
        "idf" and "sif" pooling take their statistics from these documents alone.

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
        with self._fitting(), advised(self, X):
            self._check_architecture()
            if self.max_epochs == 0 and not hasattr(self, "vocabulary_"):
                self._take_over_vectors()
            self._train_words(self._read_part(X), FitMode.PARTIAL_FIT)
        return self

    def _train_words(self, corpus: CorpusData, mode: FitMode) -> None:
        """Train a new network, in ``partial_fit`` larger than the one before by the new words."""
        self._train_new(Split(corpus, None, corpus), draw_seed(self.random_state), mode)

    # Documents to tables -------------------------------------------------------------------------

    def transform(self, X: Iterable[Any]) -> Any:
        """Turn each document into one vector, or into the vectors of its words.

        Parameters
        ----------
        X : iterable of str or of lists of str
            The documents, as in ``fit``.

        Returns
        -------
        ndarray of float32 of shape (n_documents, vector_size)
            Zeros for a document without a known word. With ``pooling="none"`` a list of arrays of
            shape (n_words, vector_size), one for each document, with a row of zeros for a document
            without a known word.

        Raises
        ------
        TypeError, ValueError
            If X is not a series of documents, as in ``fit``; if ``pooling`` is "idf" or "sif" and
            was another one in ``fit``.
        """
        check_is_fitted(self)
        self._check_pooling()
        corpus = self._as_fitted()._read_inputs(X, reset=False).corpus
        if self.pooling == "none":
            empty = np.zeros((1, self.vectors_.shape[1]), dtype=np.float32)
            found = [words if len(words) else empty for words in ragged(corpus, self.vectors_)]
            return [unit_rows(words) for words in found] if self.normalize else found
        pooled = self._pool(corpus)
        if self.pooling == "sif":
            pooled = without_component(pooled, self.component_)
        return unit_rows(pooled) if self.normalize else pooled

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
        unicode_errors: str = "strict",
        no_header: bool = False,
    ) -> Self:
        """Load word vectors from a file of word2vec, gensim, GloVe or fastText, ready to transform.

        Parameters
        ----------
        path : str or path-like
            The file, compressed if its name ends in .gz, .bz2 or .xz.
        binary : bool, default=False
            Whether it is in the binary format.
        limit : int or None, default=None
            Maximum number of words, from the first. None reads all.
        encoding : str, default="utf-8"
            Encoding of the words.
        unicode_errors : {"strict", "replace", "ignore"}, default="strict"
            What is done with words that are not in this encoding, as in ``bytes.decode``: the first
            word2vec cut long words within a character.
        no_header : bool, default=False
            Whether the file begins with its first word, as those of GloVe do, instead of a line
            with the numbers of words and dimensions.

        Returns
        -------
        Word2VecTransformer
            Fitted, with the vectors of the file as ``init_vectors`` and ``max_epochs=0``: ``fit``
            and clones, in a Pipeline, ``cross_val_score`` or a search, keep them. For ``fit`` to
            learn from them on set another ``max_epochs``; ``partial_fit`` always does.
            ``lowercase`` is False if a word has capitals. A word that is not there as it is written
            is looked up in lower case, and then in any other case. Such files have no counts: as in
            gensim, ``counts_`` fall by one from word to word.

        Raises
        ------
        FileNotFoundError
            If the file does not exist.
        ValueError
            If the file is malformed, with the line.

        Warns
        -----
        UserWarning
            If a word comes more than once; the first vector counts, as in gensim.
        """
        words, vectors = read_word2vec_format(
            path, binary, limit, encoding, unicode_errors=unicode_errors, no_header=no_header
        )
        rows = {word: row for row, word in enumerate(words)}
        loaded = cls(vectors.shape[1], init_vectors=WordVectorTable(rows, vectors), max_epochs=0)
        loaded._take_over_vectors()
        loaded.lowercase = not loaded._spellings
        return loaded

    # Steps of fit and partial_fit ----------------------------------------------------------------

    def _make_analyzer(self, *, warn: bool = False) -> Analyze:
        return make_analyzer(
            warn=warn,
            lowercase=self.lowercase,
            token_pattern=self.token_pattern,
            tokenizer=self.tokenizer,
            analyzer=self.analyzer,
            stop_words=self.stop_words,
        )

    def _encode(self, X: Iterable[Any], *, warn: bool = False) -> Corpus:
        """The documents as rows of the vocabulary; words of given vectors in any case."""
        spellings = getattr(self, "_spellings", None)
        return encode(X, self._make_analyzer(warn=warn), self.vocabulary_, spellings)

    def _take_over_vectors(self) -> None:
        """Make ``init_vectors`` the vectors of all their words, nothing learned."""
        if self.init_vectors is None:
            raise ValueError(
                "max_epochs=0 keeps init_vectors as they are, and there are none. Pass some, or "
                'set max_epochs="auto".'
            )
        given = all_given_vectors(self.init_vectors, "init_vectors")
        self._check_size(given.vectors)
        self.vocabulary_, self._loaded = composed_rows(given.rows), given.vectors
        self.counts_ = np.arange(len(given), 0, -1)
        self._spellings = other_spellings(self.vocabulary_)

    def _learn_pooling_alone(self, X: Iterable[Any]) -> None:
        """Count the words of the documents, and learn what pooling needs; vectors stay."""
        corpus = self._encode(X, warn=True)
        if not len(corpus.tokens):
            raise ValueError(none_known("init_vectors"))
        self.counts_ = corpus.count(len(self.vocabulary_))
        self.n_iter_ = self.best_epoch_ = 0
        self._learn_pooling(corpus)

    @property
    def _kept_vectors(self) -> Any:
        """What ``fit`` would keep as it is, else None."""
        return self.init_vectors if self.max_epochs == 0 else None

    # Hooks ---------------------------------------------------------------------------------------

    def _reading_parameters(self) -> Iterable[str]:
        return READING

    def _fixed_parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("vector_size", "algorithm", "objective")}

    def _read_inputs(self, X: Iterable[Any], *, reset: bool) -> CorpusData:
        """The documents as rows of the vocabulary, which is learned with ``reset``."""
        if not reset:
            return CorpusData(self._encode(X))
        words, counts, corpus = read_corpus(X, self._make_analyzer(warn=True))
        min_count = least_count(self.min_count, counts)
        chosen = choose_vocabulary(words, counts, min_count, self.max_vocab)
        self.vocabulary_ = {words[i]: row for row, i in enumerate(chosen.tolist())}
        self.counts_ = counts[chosen]
        return CorpusData(corpus.renumbered(chosen, len(words)))

    def _read_part(self, X: Iterable[Any]) -> CorpusData:
        """The same with the words that were known before, behind which new ones come."""
        known = Vocabulary()
        if hasattr(self, "vocabulary_"):
            known = Vocabulary(self.vocabulary_, self.counts_, getattr(self, "_rare", {}))
        words, counts, corpus = read_corpus(X, self._make_analyzer(warn=True))
        rare = list(known.rare.values())
        min_count = least_count(self.min_count, counts, known.counts, rare)
        found = known.extended(words, counts, min_count=min_count, max_vocab=self.max_vocab)
        self.vocabulary_, self.counts_, self._rare = found.rows, found.counts, found.rare
        return CorpusData(corpus.renumbered(*found.ids_of_rows(words)))

    def _make_module(self, train: Data) -> Word2Vec:
        if self.objective == "hierarchical" and len(self.counts_) < 2:
            raise NothingToLearnError(
                'objective="hierarchical" needs a tree of at least two words, and the vocabulary '
                "has one."
            )
        return Word2Vec(
            self.counts_.tolist(),
            self.vector_size,
            window=self.window,
            algorithm=self.algorithm,
            objective=self.objective,
            negative=self.negative,
            ns_exponent=self.ns_exponent,
            sample=self.sample,
            block_size=self._block_size,
        )

    def _learn_before_training(self, module: Any, train: Any, used: Data) -> None:
        module.longest_document = int(train.corpus.lengths.max())
        if self.init_vectors is not None:
            rows, given = given_vectors(self.init_vectors, self.vocabulary_, "init_vectors")
            self._check_size(given)
            module.set_vectors(rows, as_tensor(given))

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        module.n_workers = self._n_workers

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        """Tokens at one learning rate, and epochs; ``batch_size`` is that of the module."""
        n_tokens = int(self.counts_.sum())
        return chunk_size(n_tokens, self._block_size, self._n_workers), auto_epochs(n_tokens)

    @property
    def _block_size(self) -> int:
        kind = self.algorithm, self.objective
        return block_size(self.batch_size, kind, resolve_device(self.device))

    @property
    def _n_workers(self) -> int:
        single = self.deterministic or resolve_device(self.device).type != "cpu"
        return 1 if single else torch.get_num_threads()

    def _net_options(self) -> dict[str, Any]:
        return {"min_lr": self.min_lr, "lr_schedule": "linear", "precision": "float32"}

    def _new_net(self, module: Any, train: Data, seed: int, mode: FitMode) -> Net:
        """In ``partial_fit``, with what the net before has learned, and its history."""
        net = super()._new_net(module, train, seed, mode)
        if hasattr(self, "net_"):
            net.module_.copy_learned(self.module_)
            net.history_, net.seed = copy.copy(self.net_.history), self.net_.seed
        elif hasattr(self, "_loaded"):
            net.module_.set_vectors(range(len(self._loaded)), as_tensor(self._loaded))
        return net

    def _train(self, net: Net, train: Any, valid: Data | None, mode: FitMode) -> None:
        """Train a net, if the corpus has pairs of words, and keep it."""
        for name in ("_loaded", "_spellings", "idf_", "component_"):
            self.__dict__.pop(name, None)
        if (train.corpus.lengths > 1).any():
            self._check_sample(net, 1 if mode is FitMode.PARTIAL_FIT else net.max_epochs)
            super()._train(net, train, valid, mode)
            return
        if not net.history:
            raise NothingToLearnError(
                "No document has two words of the vocabulary, so that there is nothing to learn "
                "from: words are learned from the other words of their document."
            )
        self.net_, self.n_iter_, self.best_epoch_ = net, len(net.history), len(net.history)
        self._after_training(net, train, valid, mode)

    def _after_training(self, net: Net, train: Any, valid: Data | None, mode: FitMode) -> None:
        self._learn_pooling(train.corpus)

    def _learn_pooling(self, corpus: Corpus) -> None:
        """The statistics of the documents that pooling needs."""
        if self.pooling == "idf":
            self.idf_ = inverse_document_frequencies(corpus, len(self.vocabulary_))
        elif self.pooling == "sif":
            self.component_ = common_component(self._pool(corpus))

    def _pool(self, corpus: Corpus) -> np.ndarray:
        weights = None
        if self.pooling == "idf":
            weights = self.idf_
        elif self.pooling == "sif":
            weights = sif_weights(self.counts_)
        return pool(corpus, self.vectors_, self.pooling, weights)

    # Checks --------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        """Raise ValueError where parameters contradict each other."""
        check_validated(self.callbacks, "Words are learned from all documents: leave it out")
        if self.objective == "negative" and self.negative == 0:
            raise ValueError(
                'objective="negative" needs negative samples, got negative=0: nothing would be '
                'learned. Set negative=5, or objective="hierarchical".'
            )
        if self.min_lr > self.lr:
            raise ValueError(
                "min_lr must not be above lr, where training starts; got "
                f"min_lr={self.min_lr:g}, lr={self.lr:g}."
            )

    def _check_size(self, given: np.ndarray) -> None:
        if given.shape[1] != self.vector_size:
            raise ValueError(
                f"init_vectors must have vector_size={self.vector_size} numbers for each word, got "
                f"{given.shape[1]}. Set vector_size={given.shape[1]}."
            )

    def _check_architecture(self) -> None:
        """Raise ValueError where partial_fit cannot continue with the present vectors."""
        before: dict[str, Any] = {}
        if hasattr(self, "vocabulary_"):
            before["vector_size"] = self.vectors_.shape[1]
        if hasattr(self, "net_"):
            before["algorithm"] = self.module_.algorithm
            before["objective"] = self.module_.objective
        changed = [f"{n}={value!r}" for n, value in before.items() if getattr(self, n) != value]
        if changed:
            raise ValueError(
                "partial_fit continues with the present vectors, which were learned with "
                f"{', '.join(changed)}. Set it so again, or fit a clone."
            )

    def _check_sample(self, net: Net, n_epochs: int) -> None:
        """Raise ValueError where sub-sampling leaves next to nothing of the corpus."""
        counts = torch.as_tensor(self.counts_).double()
        n_kept = float(net.module_.keep_probability.double().cpu() @ counts)
        if n_kept * n_epochs < 0.1:
            raise ValueError(
                f"sample={self.sample:g} leaves out nearly all words, so that nothing would be "
                "learned. Set sample=0, which leaves out none, or a larger one."
            )

    def _check_pooling(self) -> None:
        """Raise ValueError where transform cannot do the pooling that is set."""
        wanted = getattr(self, "_sklearn_output_config", {}).get("transform")
        if self.pooling == "none" and (wanted or get_config()["transform_output"]) != "default":
            raise ValueError(
                'pooling="none" gives a list of arrays, not a table; set_output must be "default".'
            )
        learned = {"idf": hasattr(self, "idf_"), "sif": hasattr(self, "component_")}
        if not learned.get(self.pooling, True):
            raise ValueError(
                f'pooling="{self.pooling}" learns from the documents of fit, where pooling was '
                'another one. Fit again, or set "mean" or "max".'
            )

    # For scikit-learn and the catalogue ----------------------------------------------------------

    def _search_grid(self) -> dict[str, list[Any]]:
        """A small ``param_grid`` to begin a search with."""
        return {"window": [2, 5, 10], "pooling": ["mean", "idf", "sif"]}

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
