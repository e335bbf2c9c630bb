"""Search in the vocabulary: rows of words, similar spellings of unknown words, neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._reading import composed
from ._vocabulary import row_of_spelling

# Similar spellings are searched among the most frequent words of about the same length.
_N_COMPARED = 5000


class UnknownWordError(KeyError):
    """A word that is not in the vocabulary; the message suggests similar spellings."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


def row_of(
    word: Any, vocabulary: dict[str, int], spellings: Mapping[str, str] | None = None
) -> int:
    """The row of a word, looked up as those of documents are; see `row_of_spelling`.

    Raises
    ------
    UnknownWordError
        If the word is not in the vocabulary.
    ValueError
        If it is not a str.
    """
    if not isinstance(word, str):
        raise ValueError(f"A word must be a str, got {type(word).__name__}: {word!r:.60}.")
    row = row_of_spelling(word, vocabulary, spellings)
    if row < 0:
        raise UnknownWordError(_unknown(composed(word), vocabulary))
    return row


def row_in(holder: Any, word: Any) -> int:
    """The row of a word in the ``vocabulary_`` of a fitted estimator; errors as of `row_of`.

    It is found in any case where the estimator lowercases texts, or its vectors were given.
    """
    spellings = getattr(holder, "_spellings", {} if getattr(holder, "lowercase", False) else None)
    return row_of(word, holder.vocabulary_, spellings)


def _unknown(word: str, vocabulary: dict[str, int]) -> str:
    cases = (word.lower(), word.capitalize(), word.upper())
    similar = [form for form in dict.fromkeys(cases) if form in vocabulary]
    if not similar:
        of_length = (known for known in vocabulary if abs(len(known) - len(word)) <= 2)
        similar = get_close_matches(word, islice(of_length, _N_COMPARED), n=3)
    meant = (
        f"Did you mean {' or '.join(map(repr, similar))}?"
        if similar
        else "No known word is similar."
    )
    return f"A word must be one of the vocabulary_ of {len(vocabulary)}, got {word!r:.80}. {meant}"


def check_vector(vector: ArrayLike, n_dimensions: int) -> NDArray[np.float64]:
    """The vector as an array of shape (n_dimensions,); ValueError for anything else."""
    try:
        checked = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"word must be a str or a vector of {n_dimensions} numbers, got {vector!r:.60}. Pass "
            "one word; several go into analogy."
        ) from error
    if checked.shape != (n_dimensions,) or not np.isfinite(checked).all():
        got = f"shape {checked.shape}" if checked.shape != (n_dimensions,) else f"{checked}"
        raise ValueError(
            f"word must be a str or a vector of {n_dimensions} finite numbers, got {got}. Pass one "
            "vector, such as a row of vectors_."
        )
    return checked


def check_count(value: Any, name: str, *, or_none: bool = False) -> None:
    """Raise ValueError unless the value is an int of at least 1."""
    if or_none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        wanted = "None or an int of at least 1" if or_none else "an int of at least 1"
        raise ValueError(f"{name} must be {wanted}, got {value!r}. Pass a number of words.")


def word_list(words: str | Iterable[str]) -> list[str]:
    """A list of words, also for a single one."""
    return [words] if isinstance(words, str) else list(words)


def unit_rows(vectors: NDArray[Any]) -> NDArray[Any]:
    """The rows (n, d) scaled to length 1; zeros stay zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return vectors / np.where(lengths > 0, lengths, 1)[:, None]


def nearest_rows(
    vectors: NDArray[np.float32], target: NDArray[Any], topn: int, leave_out: list[int]
) -> list[tuple[int, float]]:
    """Rows of (V, d) with the highest cosine similarity to the target (d,), the highest first.

    Rows of equal similarity keep their order.
    """
    unit = unit_rows(target[None].astype(np.float64))[0].astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    cosines = (vectors @ unit) / np.where(lengths > 0, lengths, 1)
    cosines[leave_out] = -np.inf
    count = min(int(topn), len(cosines) - len(set(leave_out)))
    if count == 0:
        return []
    least = np.partition(cosines, -count)[-count]
    near = np.flatnonzero(cosines >= least)
    best = near[np.argsort(-cosines[near], kind="stable")][:count]
    return [(int(row), float(cosines[row])) for row in best]
