"""Documents to ids of words: a corpus read once, its vocabulary, and words looked up in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat
from typing import IO, Any

import numpy as np
import pandas as pd

from ._analyzer import Analyze

SPILL_BYTES = 256 * 2**20  # of word ids held in memory; what is more goes to a temporary file
LOOKUP_TOKENS = 2**14  # looked up at a time, while they are in the processor's cache
PIECE_TOKENS = 2**20  # renumbered or counted at a time


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents as ids of words, one document after the other.

    Parameters
    ----------
    tokens : ndarray of int32 of shape (n_tokens,)
        The known words, as rows of the vocabulary. A memory map where there are very many.
    offsets : ndarray of int64 of shape (n_documents + 1,)
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``.
    """

    tokens: np.ndarray
    offsets: np.ndarray

    @property
    def n_documents(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Known words of each document (n_documents,)."""
        return np.diff(self.offsets)

    def document_numbers(self) -> DocumentNumbers:
        """The document of each token, worked out where it is asked for."""
        return DocumentNumbers(self.offsets)

    def batches(self, n_tokens: int) -> Iterator[tuple[slice, Corpus]]:
        """Which documents, and these, as many as have so many tokens, but at least one."""
        first = 0
        while first < self.n_documents:
            start = self.offsets[first]
            last = int(np.searchsorted(self.offsets, start + n_tokens, side="right")) - 1
            last = max(last, first + 1)
            offsets = self.offsets[first : last + 1]
            yield slice(first, last), Corpus(self.tokens[start : offsets[-1]], offsets - start)
            first = last

    def count(self, n_words: int) -> np.ndarray:
        """How often each of so many words occurs, int64 (n_words,)."""
        counts = np.zeros(n_words, dtype=np.int64)
        for start in range(0, len(self.tokens), PIECE_TOKENS):
            counts += np.bincount(self.tokens[start : start + PIECE_TOKENS], minlength=n_words)
        return counts

    def renumbered(self, order: np.ndarray, n_words: int) -> Corpus:
        """The corpus in rows of a vocabulary, without the words that it leaves out.

        It is written over this one, which must not be used any more. ``order`` are the ids, so
        far, of the words in the vocabulary, out of ``n_words``.
        """
        rows = np.full(n_words, -1, dtype=np.int32)
        rows[order] = np.arange(len(order), dtype=np.int32)
        offsets, n_kept = self.offsets, 0
        for start in range(0, len(self.tokens), PIECE_TOKENS):
            piece = rows[self.tokens[start : start + PIECE_TOKENS]]
            here = slice(*np.searchsorted(offsets, (start, start + len(piece))))
            kept, ends = _without_unknown(piece, offsets[here] - start)
            offsets[here] = n_kept + ends
            self.tokens[n_kept : n_kept + len(kept)] = kept  # never ahead of what is read
            n_kept += len(kept)
        offsets[np.searchsorted(offsets, len(self.tokens)) :] = n_kept
        return Corpus(self.tokens[:n_kept], offsets)


class DocumentNumbers:
    """The number of the document that each token is of, as an array that is not kept in memory."""

    def __init__(self, offsets: np.ndarray) -> None:
        self.offsets = offsets

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def __getitem__(self, tokens: slice) -> np.ndarray:
        start, stop, _ = tokens.indices(len(self))
        first = int(np.searchsorted(self.offsets, start, side="right")) - 1
        last = int(np.searchsorted(self.offsets, stop, side="left"))
        lengths = np.diff(self.offsets[first : last + 1].clip(start, stop))
        return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def _without_unknown(ids: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ids that are not -1, and where documents that ended at ``ends`` end among them."""
    known = ids >= 0
    before = np.zeros(len(ids) + 1, dtype=np.int64)
    np.cumsum(known, out=before[1:])
    return ids[known], before[ends]


def read_corpus(documents: Iterable[Any], analyze: Analyze) -> tuple[list[str], np.ndarray, Corpus]:
    """The words in the order of their first occurrence, their counts, and the corpus in these ids.

    Reads the documents once. Ids go to a temporary file where they are more than `SPILL_BYTES`.

    Parameters
    ----------
    documents : iterable of str or of lists of str
        Strings go through ``analyze``, lists of tokens are taken as they are.
    analyze : callable
        From a str to its tokens, as of `make_analyzer`.

    Raises
    ------
    TypeError, ValueError
        As `check_documents`, and for a document or token that is none, naming its place.
    """
    ids = _Ids()

    def number(tokens: list[str]) -> np.ndarray:
        return np.fromiter(map(ids.__getitem__, tokens), np.int32, len(tokens))

    corpus = _read(documents, analyze, number)
    return list(ids), corpus.count(len(ids)), corpus


class _Ids(dict[str, int]):
    """Words and their ids; one not seen before gets the next."""

    def __missing__(self, word: str) -> int:
        if not isinstance(word, str):
            raise TypeError("A token must be a str.")
        new = self[str(word)] = len(self)  # of numpy's str a plain one
        return new


def choose_vocabulary(
    words: Sequence[str], counts: np.ndarray, min_count: int, max_vocab: int | None
) -> np.ndarray:
    """The ids of the words that occur often enough, at most ``max_vocab``, most frequent first.

    Of equally frequent words the one that came first is first.

    Raises
    ------
    ValueError
        If no word remains.
    """
    if not len(words):
        raise ValueError("The vocabulary is empty: no document in X has a word. Pass some that do.")
    order = np.argsort(-counts, kind="stable")
    most = int(counts[order[0]])
    if most < min_count:
        raise ValueError(
            f"The vocabulary is empty: min_count={min_count} leaves no word; the most frequent "
            f"one, {words[order[0]]!r}, occurs {most} time(s). Lower min_count, or pass more "
            "documents."
        )
    return order[counts[order] >= min_count][:max_vocab]


def encode(documents: Iterable[Any], analyze: Analyze, vocabulary: Mapping[str, int]) -> Corpus:
    """The documents as rows of a vocabulary; words that are not in it are left out.

    Parameters
    ----------
    documents, analyze
        As for `read_corpus`, and what is raised.
    vocabulary : mapping of str to int
    """

    def look_up(tokens: list[str]) -> np.ndarray:
        ids = np.fromiter(map(vocabulary.get, tokens, repeat(-1)), np.int32, len(tokens))
        unknown = map(tokens.__getitem__, np.flatnonzero(ids < 0).tolist())
        if not all(issubclass(kind, str) for kind in set(map(type, unknown))):
            raise TypeError("A token must be a str.")
        return ids

    return _read(documents, analyze, look_up)


def _read(
    documents: Iterable[Any], analyze: Analyze, ids_of: Callable[[list[str]], np.ndarray]
) -> Corpus:
    """The documents in ids, but for those of -1."""
    n_documents, n_tokens, offsets = 0, 0, [np.zeros(1, dtype=np.int64)]
    with _Buffer() as buffer:
        for tokens, lengths in _chunks(check_documents(documents), analyze):
            try:
                ids = ids_of(tokens)
            except TypeError as error:  # one is no str, or not even hashable
                raise _not_a_token(tokens, lengths, n_documents) or error from None
            ids, ends = _without_unknown(ids, np.cumsum(lengths))
            buffer.append(ids)
            offsets.append(n_tokens + ends)
            n_tokens += len(ids)
            n_documents += len(lengths)
        if not n_documents:
            raise ValueError(
                "Found no document in X: 0 sample(s), while a minimum of 1 is required."
            )
        return Corpus(buffer.to_array(), np.concatenate(offsets))


def _chunks(documents: Iterable[Any], analyze: Analyze) -> Iterator[tuple[list[str], list[int]]]:
    """The tokens of some documents one after the other, and how many of each, then of others."""
    tokens: list[str] = []
    lengths: list[int] = []
    for place, document in enumerate(documents):
        if type(document) is not list:
            document = _tokens_of(document, analyze, place)
        tokens += document
        lengths.append(len(document))
        if len(tokens) + len(lengths) >= LOOKUP_TOKENS:  # documents may be empty
            yield tokens, lengths
            tokens, lengths = [], []
    if lengths:
        yield tokens, lengths


def _tokens_of(document: Any, analyze: Analyze, place: int) -> list[str]:
    """The tokens of what is not a list of them."""
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


def _not_a_token(tokens: list[Any], lengths: list[int], n_before: int) -> ValueError | None:
    """What to raise for the first token that is no str, in documents after so many others."""
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            document = n_before + int(np.searchsorted(np.cumsum(lengths), place, side="right"))
            return ValueError(
                f"The tokens of a document must be str, got {type(token).__name__} in document "
                f"{document} of X: {token!r:.60}. Make them str, or leave missing ones out."
            )
    return None


class _Buffer:
    """Ids that become more: in memory, then in a temporary file that has no name to be left."""

    def __init__(self) -> None:
        self.file: BytesIO | IO[bytes] = BytesIO()

    def __enter__(self) -> _Buffer:
        return self

    def __exit__(self, *exception: object) -> None:
        if not isinstance(self.file, BytesIO):
            self.file.close()  # a memory map of it stays valid

    def append(self, ids: np.ndarray) -> None:
        try:
            self.file.write(ids.data)
            if isinstance(self.file, BytesIO) and self.file.tell() > SPILL_BYTES:
                in_memory, self.file = self.file, tempfile.TemporaryFile()  # noqa: SIM115
                self.file.write(in_memory.getbuffer())
        except OSError as error:
            error.add_note(
                f"{tempfile.gettempdir()} holds the words of X as numbers, 4 bytes each. For a "
                "folder with more room set the environment variable TMPDIR."
            )
            raise

    def to_array(self) -> np.ndarray:
        if isinstance(self.file, BytesIO):
            return np.frombuffer(self.file.getbuffer(), dtype=np.int32)
        self.file.flush()
        return np.memmap(self.file, dtype=np.int32, mode="r+")


def check_documents(documents: Any) -> Iterable[Any]:
    """The documents, of a table its only column.

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
            f"X must be readable more than once, got {type(documents).__name__}, which is spent "
            "when read. Pass a list, or an object whose __iter__ returns a new iterator each time."
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
