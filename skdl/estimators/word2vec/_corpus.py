"""A corpus: documents as ids of words, read once and kept in memory or in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat
from typing import IO, Any

import numpy as np

from ..._reading import composed
from ...engine import Data, Streamed, as_tensor
from ._documents import Analyze, check_documents, token_batches, token_error
from ._vocabulary import row_of_spelling

SPILL_BYTES = 256 * 2**20  # maximum size of word ids in memory; larger corpora go to a file
PIECE_TOKENS = 2**20  # tokens that are renumbered or counted at once


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents as ids of words, all in one array.

    Parameters
    ----------
    tokens : ndarray of int32 of shape (n_tokens,)
        Ids of the known words: rows of the vocabulary. A memory map for large corpora.
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
        """Number of known words of each document (n_documents,)."""
        return np.diff(self.offsets)

    def document_numbers(self) -> DocumentNumbers:
        """The document of each token, computed when it is read."""
        return DocumentNumbers(self.offsets)

    def batches(self, n_tokens: int) -> Iterator[tuple[slice, Corpus]]:
        """Parts of at most ``n_tokens`` tokens, or of one document: which ones, and these."""
        first = 0
        while first < self.n_documents:
            start = self.offsets[first]
            last = int(np.searchsorted(self.offsets, start + n_tokens, side="right")) - 1
            last = max(last, first + 1)
            offsets = self.offsets[first : last + 1]
            yield slice(first, last), Corpus(self.tokens[start : offsets[-1]], offsets - start)
            first = last

    def count(self, n_words: int) -> np.ndarray:
        """Number of occurrences of each of the words, int64 (n_words,)."""
        counts = np.zeros(n_words, dtype=np.int64)
        for start in range(0, len(self.tokens), PIECE_TOKENS):
            counts += np.bincount(self.tokens[start : start + PIECE_TOKENS], minlength=n_words)
        return counts

    def renumbered(self, order: np.ndarray, n_words: int) -> Corpus:
        """The corpus in rows of a vocabulary, without unknown words.

        It overwrites this one, which must not be used afterwards.

        Parameters
        ----------
        order : ndarray of int of shape (n_rows,)
            The present id of the word in each row of the vocabulary.
        n_words : int
            Number of present ids.
        """
        rows = np.full(n_words, -1, dtype=np.int32)
        rows[order] = np.arange(len(order), dtype=np.int32)
        offsets, n_kept = self.offsets, 0
        for start in range(0, len(self.tokens), PIECE_TOKENS):
            piece = rows[self.tokens[start : start + PIECE_TOKENS]]
            here = slice(*np.searchsorted(offsets, (start, start + len(piece))))
            kept, ends = _without_unknown(piece, offsets[here] - start)
            offsets[here] = n_kept + ends
            self.tokens[n_kept : n_kept + len(kept)] = kept  # behind what is still to be read
            n_kept += len(kept)
        offsets[np.searchsorted(offsets, len(self.tokens)) :] = n_kept
        return Corpus(self.tokens[:n_kept], offsets)


class DocumentNumbers:
    """The number of each token's document: like an array, computed from the offsets when sliced.

    Numbers count from the first document of the slice.
    """

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


class CorpusData(Data):
    """A corpus as the columns that a module is trained on: all tokens and their documents."""

    def __init__(self, corpus: Corpus) -> None:
        in_memory = not isinstance(corpus.tokens, np.memmap)
        tokens = as_tensor(corpus.tokens) if in_memory else Streamed(corpus.tokens)
        super().__init__({"tokens": tokens, "document": Streamed(corpus.document_numbers())})
        self.corpus = corpus


def _without_unknown(ids: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ids other than -1, and the ends of documents among them, which were at ``ends``."""
    known = ids >= 0
    before = np.zeros(len(ids) + 1, dtype=np.int64)
    np.cumsum(known, out=before[1:])
    return ids[known], before[ends]


def read_corpus(documents: Iterable[Any], analyze: Analyze) -> tuple[list[str], np.ndarray, Corpus]:
    """Words in the order of their first occurrence, their counts, and the corpus in their ids.

    The documents are read once. Ids above `SPILL_BYTES` go to a temporary file.

    Parameters
    ----------
    documents : iterable of str or of lists of str
        ``analyze`` splits strings into tokens; lists are taken as they are.
    analyze : callable
        Takes a str and returns its tokens, as made by `make_analyzer`.

    Raises
    ------
    TypeError, ValueError
        As `check_documents`, and for an invalid document or token, with its place.
    """
    ids = _Ids()

    def number(tokens: list[str]) -> np.ndarray:
        return np.fromiter(map(ids.__getitem__, tokens), np.int32, len(tokens))

    corpus = _read(documents, analyze, number)
    return list(ids), corpus.count(len(ids)), corpus


class _Ids(dict[str, int]):
    """Words in NFC and their ids; a new word gets the next id."""

    def __missing__(self, word: str) -> int:
        if not isinstance(word, str):
            raise TypeError("A token must be a str.")
        if not word.isascii() and (same := composed(word)) != word:
            return self[same]
        new = self[str(word)] = len(self)  # a plain str, also for numpy's
        return new


def encode(
    documents: Iterable[Any],
    analyze: Analyze,
    vocabulary: Mapping[str, int],
    spellings: Mapping[str, str] | None = None,
) -> Corpus:
    """The documents as rows of a vocabulary, without unknown words.

    Parameters
    ----------
    documents, analyze
        As for `read_corpus`; so are the errors.
    vocabulary : mapping of str to int
        The row of each word in NFC.
    spellings : mapping of str to str, default=None
        As for `row_of_spelling`.
    """

    def look_up(tokens: list[str]) -> np.ndarray:
        ids = np.fromiter(map(vocabulary.get, tokens, repeat(-1)), np.int32, len(tokens))
        places = np.flatnonzero(ids < 0).tolist()
        unknown = list(map(tokens.__getitem__, places))
        if not all(issubclass(kind, str) for kind in set(map(type, unknown))):
            raise TypeError("A token must be a str.")
        if spellings is not None or not all(map(str.isascii, unknown)):
            ids[places] = [row_of_spelling(token, vocabulary, spellings) for token in unknown]
        return ids

    return _read(documents, analyze, look_up)


def _read(
    documents: Iterable[Any], analyze: Analyze, ids_of: Callable[[list[str]], np.ndarray]
) -> Corpus:
    """The documents in ids, without those that are -1."""
    n_documents, n_tokens, offsets = 0, 0, [np.zeros(1, dtype=np.int64)]
    with _Buffer() as buffer:
        for tokens, lengths in token_batches(check_documents(documents), analyze):
            try:
                ids = ids_of(tokens)
            except TypeError as error:  # a token is not a str, or not hashable
                raise token_error(tokens, lengths, n_documents) or error from None
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


class _Buffer:
    """Collects ids in memory, then in an anonymous temporary file."""

    def __init__(self) -> None:
        self.file: BytesIO | IO[bytes] = BytesIO()

    def __enter__(self) -> _Buffer:
        return self

    def __exit__(self, *exception: object) -> None:
        if not isinstance(self.file, BytesIO):
            self.file.close()  # memory maps of it stay valid

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
