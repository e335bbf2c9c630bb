"""From a text to its tokens, with the conventions of scikit-learn's CountVectorizer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Set
from functools import partial
from typing import Any

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

Analyze = Callable[[str], Iterable[str]]


def make_analyzer(
    *,
    lowercase: bool = True,
    token_pattern: str | None = r"(?u)\b\w\w+\b",
    tokenizer: Callable[[str], Iterable[str]] | None = None,
    analyzer: str | Analyze = "word",
    stop_words: str | Collection[str] | None = None,
) -> Analyze:
    """From a text to its tokens, as scikit-learn's CountVectorizer finds them.

    It can be pickled where ``tokenizer`` and ``analyzer`` can.

    Parameters
    ----------
    lowercase : bool, default=True
    token_pattern : str, default=r"(?u)\\b\\w\\w+\\b"
        A regular expression of a token, or of one group in it. Unused with a ``tokenizer``.
    tokenizer : callable, default=None
        From a text, in lower case where so asked, to its tokens.
    analyzer : {"word", "char"} or callable, default="word"
        A callable takes the text as it is and replaces all else.
    stop_words : "english", collection of str or None, default=None
        Words left out where ``analyzer="word"``, compared as they are.

    Raises
    ------
    ValueError
        For a value that is none of these.
    """
    if not callable(analyzer) and analyzer not in ("word", "char"):
        raise ValueError(f'analyzer must be "word", "char" or a callable, got {analyzer!r}.')
    if tokenizer is None and analyzer == "word":
        _check_pattern(token_pattern)
    vectorizer = CountVectorizer(
        lowercase=lowercase, token_pattern=token_pattern, tokenizer=tokenizer, analyzer=analyzer
    )
    left_out = _check_stop_words(stop_words)
    analyze = vectorizer.build_analyzer()
    # Given to scikit-learn they would be tokenized, and warned about, with each call.
    return partial(_without, left_out, analyze) if left_out and analyzer == "word" else analyze


def _without(left_out: Set[str], analyze: Analyze, text: str) -> list[str]:
    return [token for token in analyze(text) if token not in left_out]


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
            return frozenset(stop_words)
    elif stop_words == "english":
        return ENGLISH_STOP_WORDS
    raise ValueError(f'stop_words must be "english", a list of str or None, got {stop_words!r:.60}')
