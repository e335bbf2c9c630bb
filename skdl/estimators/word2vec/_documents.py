"""Documents to tokens: what documents can be, and scikit-learn's conventions of tokenizing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from ..._reading import composed, split_words

BATCH_TOKENS = 2**14  # tokens that are looked up at once, while they are in the processor's cache

Analyze = Callable[[str], Iterable[str]]
# Parameters that say what the words of a document are: those of `make_analyzer`.
READING = ("lowercase", "token_pattern", "tokenizer", "analyzer", "stop_words")


def make_analyzer(
    *,
    lowercase: bool = True,
    token_pattern: str | None = "auto",
    tokenizer: Callable[[str], Iterable[str]] | None = None,
    analyzer: str | Analyze = "word",
    stop_words: str | Collection[str] | None = None,
    warn: bool = False,
) -> Analyze:
    """A function that splits a text, in NFC, into tokens, as scikit-learn's CountVectorizer does.

    It can be pickled where ``tokenizer`` and ``analyzer`` can.

    Parameters
    ----------
    lowercase : bool, default=True
    token_pattern : str, default="auto"
        A regular expression of a token; with a group, the group is the token. Ignored with a
        ``tokenizer``. "auto" is `split_words`.
    tokenizer : callable, default=None
        Takes a text, in lower case with ``lowercase``, and returns its tokens.
    analyzer : {"word", "char"} or callable, default="word"
        A callable takes the text as it is and returns its tokens; the other parameters are ignored.
    stop_words : "english", collection of str or None, default=None
        Words left out with ``analyzer="word"``. They are compared as they are.
    warn : bool, default=False
        Whether to warn of stop words that cannot be left out.

    Raises
    ------
    ValueError
        For any other value.

    Warns
    -----
    UserWarning
        With ``warn``: if there are stop words and ``analyzer`` is not "word"; with the first text,
        if stop words are divided into tokens that are not among them.
    """
    if not callable(analyzer) and analyzer not in ("word", "char"):
        raise ValueError(f'analyzer must be "word", "char" or a callable, got {analyzer!r}.')
    if tokenizer is None and analyzer == "word":
        if token_pattern == "auto":
            token_pattern, tokenizer = None, split_words
        else:
            _check_pattern(token_pattern)
    vectorizer = CountVectorizer(
        strip_accents=composed,
        lowercase=lowercase,
        token_pattern=token_pattern,
        tokenizer=tokenizer,
        analyzer=analyzer,
    )
    left_out = _check_stop_words(stop_words)
    analyze = vectorizer.build_analyzer()
    if left_out and analyzer == "word":
        return StopWordFilter(left_out, analyze, warn=warn)
    if left_out and warn:
        shown = repr(analyzer) if isinstance(analyzer, str) else "a callable"
        warnings.warn(
            f'stop_words are left out with analyzer="word" alone, and analyzer is {shown}: nothing '
            "is left out. Set stop_words=None, or leave them out in the analyzer.",
            stacklevel=4,
        )
    return analyze


class StopWordFilter:
    """Leaves stop words out of texts, and of lists of words.

    Parameters
    ----------
    left_out : set of str
    analyze : callable
        Splits a text into tokens.
    warn : bool
        Whether to warn, with the first text, of stop words that no token can equal.
    """

    def __init__(self, left_out: Set[str], analyze: Analyze, *, warn: bool) -> None:
        self.left_out, self.analyze, self.warns = left_out, analyze, warn

    def __call__(self, text: str) -> list[str]:
        if self.warns:
            self.warns = False
            self._warn()
        return [token for token in self.analyze(text) if token not in self.left_out]

    def kept(self, tokens: list[Any]) -> list[Any]:
        """The tokens of a list without stop words; what is no str is left for later checks."""
        return [t for t in tokens if not (isinstance(t, str) and composed(t) in self.left_out)]

    def _warn(self) -> None:
        try:
            found = {token for word in sorted(self.left_out) for token in self.analyze(word)}
        except Exception:  # a tokenizer for texts need not take a single word
            return
        missed = sorted(found - self.left_out)
        if missed:
            shown = f"{missed[:5]}"[:-1] + (", ...]" if len(missed) > 5 else "]")
            warnings.warn(
                "stop_words are compared with tokens as they are found in X. Divided in the same "
                f"way, these stop words give {shown}, which are not among them and so are not left "
                "out. Add them to stop_words.",
                stacklevel=2,
            )


def _check_pattern(token_pattern: Any) -> None:
    try:
        re.compile(token_pattern)
    except (TypeError, re.error) as error:
        raise ValueError(
            f"token_pattern must be a regular expression, got {token_pattern!r}: {error}. None "
            "goes with a tokenizer of your own."
        ) from error


def _check_stop_words(stop_words: Any) -> frozenset[str]:
    if stop_words is None:
        return frozenset()
    if not isinstance(stop_words, str) and isinstance(stop_words, Collection):
        if all(isinstance(word, str) for word in stop_words):
            return frozenset(map(composed, stop_words))
    elif stop_words == "english":
        return ENGLISH_STOP_WORDS
    raise ValueError(f'stop_words must be "english", a list of str or None, got {stop_words!r:.60}')


def check_documents(documents: Any) -> Iterable[Any]:
    """The documents; of a table with one column, this column.

    Raises
    ------
    TypeError
        If they have no order or can be read only once.
    ValueError
        For one text instead of several, and for a table of several columns.
    """
    if isinstance(documents, (str, bytes)):
        raise ValueError(
            "X must hold documents: a list, array or Series of texts or of lists of words; got one "
            f"{type(documents).__name__}: {documents!r:.60}. Pass [X]."
        )
    if isinstance(documents, Iterator):
        raise TypeError(
            f"X must be readable more than once, got {type(documents).__name__}, which can be "
            "read only once. Pass a list, or an object whose __iter__ returns a new iterator."
        )
    shape = getattr(documents, "shape", None)
    if isinstance(documents, (Mapping, Set)) or not (
        hasattr(documents, "__iter__") and shape != ()
    ):
        raise TypeError(
            "X must hold documents: a list, array, Series or other iterable of texts or of lists "
            f"of words, in order; got {type(documents).__name__}. Make it a list."
        )
    if shape is None or len(shape) == 1:
        return documents
    if len(shape) != 2 or shape[1] != 1:
        raise ValueError(
            "X must hold documents in one dimension or one column, got "
            f"{type(documents).__name__} of shape {shape}. Choose a column, or make each document "
            "a list of its words."
        )
    return documents.iloc[:, 0] if isinstance(documents, pd.DataFrame) else documents[:, 0]


def token_batches(
    documents: Iterable[Any], analyze: Analyze
) -> Iterator[tuple[list[str], list[int]]]:
    """Batches of whole documents: their tokens in one list, and the length of each document."""
    tokens: list[str] = []
    lengths: list[int] = []
    kept = analyze.kept if isinstance(analyze, StopWordFilter) else None
    for place, document in enumerate(documents):
        if not isinstance(document, str) and kept is not None:
            document = kept(_tokens_of(document, analyze, place))
        elif type(document) is not list:
            document = _tokens_of(document, analyze, place)
        tokens += document
        lengths.append(len(document))
        if len(tokens) + len(lengths) >= BATCH_TOKENS:  # documents may be empty
            yield tokens, lengths
            tokens, lengths = [], []
    if lengths:
        yield tokens, lengths


def _tokens_of(document: Any, analyze: Analyze, place: int) -> list[str]:
    """The tokens of a document that is not a list."""
    if isinstance(document, str):
        found = analyze(str(document))
        if isinstance(found, list):
            return found
        if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Iterable):
            raise ValueError(
                f"tokenizer or analyzer must return a list of str, got {type(found).__name__} for "
                f"document {place} of X: {found!r:.60}."
            )
        return list(found)
    if isinstance(document, (np.ndarray, pd.Series, pd.Index)) and document.ndim == 1:
        return document.tolist()
    if isinstance(document, Sequence) and not isinstance(document, (bytes, bytearray, memoryview)):
        return list(document)
    raise ValueError(_not_a_document(document, place))


def _not_a_document(document: Any, place: int) -> str:
    if document is None or (np.ndim(document) == 0 and pd.isna(document)):
        return (
            f"X holds a missing document, {document!r}, first at place {place}. Leave it out, or "
            'put an empty text "" there.'
        )
    advice = "Pass its text, or the list of its words."
    if isinstance(document, (bytes, bytearray)):
        advice = "Decode it first."
    elif isinstance(document, Iterator):
        advice = "Make it a list."
    return (
        f"A document in X must be a str or a list of str, got {type(document).__name__} at place "
        f"{place}: {document!r:.60}. {advice}"
    )


def token_error(tokens: list[Any], lengths: list[int], n_before: int) -> ValueError | None:
    """The error for the first token that is not a str, after ``n_before`` other documents."""
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            document = n_before + int(np.searchsorted(np.cumsum(lengths), place, side="right"))
            return ValueError(
                f"The tokens of a document must be str, got {type(token).__name__} in document "
                f"{document} of X: {token!r:.60}. Make them str, or leave missing ones out."
            )
    return None
