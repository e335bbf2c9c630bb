"""Documents that give nothing to learn from, and the setting with which they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from ..._reading import has_unspaced, shown_settings, wider_patterns
from ._corpus import read_corpus
from ._documents import READING, check_documents, make_analyzer
from ._vocabulary import NothingToLearnError, choose_vocabulary, least_count

# Changes of settings, and how a sentence about them ends.
Changes = list[tuple[dict[str, Any], str]]

_LESS_LEFT_OUT: Changes = [
    ({}, ""),
    ({"max_vocab": None}, ", or a larger number"),
    ({"stop_words": None}, ", or leave out fewer words"),
]
_WORDS = {"analyzer": "word", "tokenizer": None}
_CHARACTERS = {"analyzer": "char", "stop_words": None}
_N_DOCUMENTS = 1000  # that decide which setting is tried first
_PASS_MORE = "Pass documents of two words or more"


@contextmanager
def advised(model: Any, documents: Iterable[Any]) -> Iterator[None]:
    """Inside, a NothingToLearnError becomes a ValueError that names a setting that helps.

    Each setting is tried on the documents.

    Parameters
    ----------
    model : Word2VecTransformer
    documents : iterable
        As in its ``fit``.

    Raises
    ------
    ValueError
    """
    try:
        yield
    except NothingToLearnError as error:
        raise ValueError(f"{error} {_advice(model, documents)}") from None


def _advice(model: Any, documents: Iterable[Any]) -> str:
    names = (*READING, "min_count", "max_vocab", "objective")
    settings = {name: getattr(model, name) for name in names}
    first = islice(check_documents(documents), _N_DOCUMENTS)
    texts = [text for text in first if isinstance(text, str)]
    for change, end in _candidates(texts):
        if change and all(settings[name] == value for name, value in change.items()):
            continue
        for more in ({}, {"min_count": 1}):
            changed = {n: v for n, v in {**change, **more}.items() if settings[n] != v}
            if changed and _teaches(documents, {**settings, **changed}):
                end = ", or pass more documents" if set(changed) == {"min_count"} else end
                start = "Set"
                if change is _CHARACTERS and not any(map(has_unspaced, texts)):
                    start = f"{_PASS_MORE}, or set"
                return f"{start} {shown_settings(changed)}{end}."
    default = {**_WORDS, "token_pattern": "auto"}
    if texts and all(settings[name] == value for name, value in default.items()):
        return f"{_PASS_MORE}, each of two letters, digits or _ or more."
    return f"{_PASS_MORE}."


def _candidates(texts: list[str]) -> Changes:
    """Changes that may help, the most likely first."""
    patterns = {"auto": "", **wider_patterns(texts)}
    finer = [({**_WORDS, "token_pattern": pattern}, end) for pattern, end in patterns.items()]
    characters = [(_CHARACTERS, " to learn vectors of characters, or a tokenizer that finds words")]
    if any(map(has_unspaced, texts)):
        return [*_LESS_LEFT_OUT[1:], *characters, *_LESS_LEFT_OUT[:1], *finer]
    return [*_LESS_LEFT_OUT, *finer, *characters]


def _teaches(documents: Iterable[Any], settings: dict[str, Any]) -> bool:
    """Whether a document has two words of the vocabulary."""
    analyze = make_analyzer(**{name: settings[name] for name in READING})
    words, counts, corpus = read_corpus(documents, analyze)
    min_count = least_count(settings["min_count"], counts)
    try:
        chosen = choose_vocabulary(words, counts, min_count, settings["max_vocab"])
    except NothingToLearnError:
        return False
    if settings["objective"] == "hierarchical" and len(chosen) < 2:
        return False
    return bool((corpus.renumbered(chosen, len(words)).lengths > 1).any())
