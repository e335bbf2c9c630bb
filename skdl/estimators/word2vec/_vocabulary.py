"""The vocabulary: which words are in it, and how it grows with more documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._reading import composed

# Tokens of a corpus from which on min_count="auto" leaves out what occurs less than 5 times.
SMALL_CORPUS = 10**5


class NothingToLearnError(ValueError):
    """Documents have no two words to learn from each other."""


def choose_vocabulary(
    words: Sequence[str], counts: np.ndarray, min_count: int, max_vocab: int | None
) -> np.ndarray:
    """The ids of the words with at least ``min_count`` occurrences, the most frequent first.

    At most ``max_vocab`` of them. Words of equal counts keep their order.

    Raises
    ------
    NothingToLearnError
        If no word remains.
    """
    if not len(words):
        raise NothingToLearnError("The vocabulary is empty: no document in X has a word.")
    order = np.argsort(-counts, kind="stable")
    most = int(counts[order[0]])
    if most < min_count:
        raise NothingToLearnError(
            f"The vocabulary is empty: min_count={min_count} leaves no word; the most frequent "
            f"one, {words[order[0]]!r}, occurs {most} time(s)."
        )
    return order[counts[order] >= min_count][:max_vocab]


@dataclass(frozen=True)
class Vocabulary:
    """Words with rows and counts, and rare words that may join later.

    Parameters
    ----------
    rows : dict of str to int
        The row of each word.
    counts : ndarray of int64 of shape (n_words,)
        Number of occurrences of each word, by row.
    rare : dict of str to int
        Number of occurrences of words that are not in the vocabulary.
    """

    rows: dict[str, int] = field(default_factory=dict)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rare: dict[str, int] = field(default_factory=dict)

    def extended(
        self, words: list[str], counts: np.ndarray, *, min_count: int, max_vocab: int | None
    ) -> Vocabulary:
        """The vocabulary with the counts of more documents.

        Words that now have at least ``min_count`` occurrences get rows behind the present ones,
        the most frequent first, while there are fewer than ``max_vocab`` words.

        Parameters
        ----------
        words, counts
            The distinct words of the documents, and the number of occurrences of each (n,).

        Raises
        ------
        NothingToLearnError
            If there is still no word in the vocabulary.
        """
        grown, waiting, totals = dict(self.rows), dict(self.rare), self.counts.copy()
        rows = np.fromiter((grown.get(word, -1) for word in words), np.int64, len(words))
        totals[rows[rows >= 0]] += counts[rows >= 0]
        for i in np.flatnonzero(rows < 0).tolist():
            waiting[words[i]] = waiting.get(words[i], 0) + int(counts[i])
        candidates, numbers = list(waiting), np.array(list(waiting.values()), dtype=np.int64)
        if grown and not (numbers >= min_count).any():
            return Vocabulary(grown, totals, waiting)
        room = None if max_vocab is None else max(0, max_vocab - len(grown))
        joining = choose_vocabulary(candidates, numbers, min_count, room)
        for i in joining.tolist():
            grown[candidates[i]] = len(grown)
            del waiting[candidates[i]]
        return Vocabulary(grown, np.concatenate([totals, numbers[joining]]), waiting)

    def ids_of_rows(self, words: list[str]) -> tuple[np.ndarray, int]:
        """The id of each row's word, which is its place in ``words``, and the number of ids.

        Words of the vocabulary that are not among them get ids behind.
        """
        ids = np.arange(len(words), len(words) + len(self.rows))
        for i, word in enumerate(words):
            row = self.rows.get(word)
            if row is not None:
                ids[row] = i
        return ids, len(words) + len(ids)


def row_of_spelling(
    word: str, rows: Mapping[str, int], spellings: Mapping[str, str] | None = None
) -> int:
    """The row of a word as it is written, in NFC, or in another case; -1 if it has none.

    Parameters
    ----------
    word : str
    rows : mapping of str to int
        The row of each word.
    spellings : mapping of str to str, default=None
        From words in lower case to their spelling in ``rows``. With it, words that are unknown as
        they are written are looked up in lower case, and then here.
    """
    if word in rows:
        return rows[word]
    same = composed(word)
    if spellings is None or same in rows:
        return rows.get(same, -1)
    lower = same.lower()
    return rows.get(lower, rows.get(spellings.get(lower, lower), -1))


def composed_rows(rows: Mapping[str, int]) -> dict[str, int]:
    """The rows of words in NFC. A word that is there in NFC too stays as it is written."""
    if all(map(str.isascii, rows)):
        return dict(rows)
    found: dict[str, int] = {}
    for word, row in rows.items():
        same = composed(word)
        found[word if same in found or same in rows else same] = row
    return found


def least_count(asked: int | str, *counts: Any) -> int:
    """The minimum number of occurrences of a word, in a corpus with these numbers of each."""
    if not isinstance(asked, str):
        return asked
    return 2 if sum(map(np.sum, counts)) < SMALL_CORPUS else 5
