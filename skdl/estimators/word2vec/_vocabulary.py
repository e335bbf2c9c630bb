"""A vocabulary that grows with each part of a corpus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ._corpus import choose_vocabulary


def add_words(
    found: tuple[list[str], np.ndarray],
    vocabulary: Mapping[str, int],
    counts: np.ndarray | None,
    rare: Mapping[str, int],
    min_count: int,
    max_vocab: int | None,
) -> tuple[dict[str, int], np.ndarray, dict[str, int]]:
    """Count the words of one more part; those that are frequent enough now join the vocabulary.

    Parameters
    ----------
    found : words and their counts (n,)
        Of the new part.
    vocabulary, counts
        Words to rows, and their counts (n_words,), None at the start. Rows keep their places.
    rare : mapping of str to int
        Counts of the words seen so far that are not in the vocabulary.
    min_count, max_vocab
        As in Word2VecTransformer.

    Returns
    -------
    vocabulary, counts, rare
        The same, grown.

    Raises
    ------
    ValueError
        If there is no word in the vocabulary yet.
    """
    words, numbers = found
    grown, waiting = dict(vocabulary), dict(rare)
    totals = np.zeros(0, dtype=np.int64) if counts is None else counts.copy()
    rows = np.fromiter((grown.get(word, -1) for word in words), np.int64, len(words))
    totals[rows[rows >= 0]] += numbers[rows >= 0]
    for i in np.flatnonzero(rows < 0).tolist():
        waiting[words[i]] = waiting.get(words[i], 0) + int(numbers[i])
    candidates, of_candidates = list(waiting), np.array(list(waiting.values()), dtype=np.int64)
    room = None if max_vocab is None else max(0, max_vocab - len(grown))
    if grown and not (of_candidates >= min_count).any():
        return grown, totals, waiting
    joining = choose_vocabulary(candidates, of_candidates, min_count, room)
    for i in joining.tolist():
        grown[candidates[i]] = len(grown)
        del waiting[candidates[i]]
    return grown, np.concatenate([totals, of_candidates[joining]]), waiting


def ids_of_rows(words: list[str], vocabulary: Mapping[str, int]) -> tuple[np.ndarray, int]:
    """The id, a place in ``words``, of each row of a vocabulary, and the number of ids.

    Words of the vocabulary that are not among them get ids behind.
    """
    ids = np.arange(len(words), len(words) + len(vocabulary))
    for i, word in enumerate(words):
        row = vocabulary.get(word)
        if row is not None:
            ids[row] = i
    return ids, len(words) + len(ids)
