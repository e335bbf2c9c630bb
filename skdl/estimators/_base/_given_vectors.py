"""Word vectors that a user hands over: a mapping, or a fitted estimator that has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from ..._reading import composed


class WordVectorTable(Mapping[str, np.ndarray]):
    """Word vectors as a mapping: the rows of a matrix by their words, nothing copied.

    Parameters
    ----------
    rows : mapping of str to int
        The row of each word.
    vectors : ndarray of shape (n_words, size)
    """

    def __init__(self, rows: Mapping[str, int], vectors: np.ndarray) -> None:
        self.rows, self.vectors = rows, vectors

    def __getitem__(self, word: str) -> np.ndarray:
        vector: np.ndarray = self.vectors[self.rows[word]]
        return vector

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    def __repr__(self) -> str:
        return f"<{len(self)} word vectors of {self.vectors.shape[1]} numbers>"

    def __deepcopy__(self, memo: Any) -> WordVectorTable:
        return self  # never changed, so that copies may share it


def given_vectors(
    given: Any, vocabulary: Mapping[str, int], name: str
) -> tuple[list[int], np.ndarray]:
    """The rows of a vocabulary that ``given`` has vectors for, and these (n, size).

    A word that ``given`` does not have as it is written gets the vector of its first spelling
    there in another normal form of Unicode, else of the first that differs in case too.

    Parameters
    ----------
    given : mapping of str to array of shape (size,), or fitted Word2VecTransformer
    vocabulary : mapping of str to int
        The row of each word.
    name : str
        The parameter that it came by.

    Raises
    ------
    TypeError, ValueError
        If it is none, knows no word, or its vectors are no finite numbers of one size.
    """
    vector_of = as_lookup(given, name)
    in_order = sorted(vocabulary.items(), key=lambda item: item[1])
    spelled = {word: word for word, _ in in_order if word in vector_of}
    forms = {word: composed(word) for word in vocabulary if word not in spelled}
    others = {*forms.values(), *map(str.lower, forms.values())}
    found = spellings_of(others, words_of(vector_of)) if others else {}
    known: dict[int, np.ndarray] = {}
    for word, row in in_order:
        spelling = spelled.get(word)
        if spelling is None:
            spelling = found.get(forms[word]) or found.get(forms[word].lower())
        if spelling is not None:
            known[row] = _numbers(vector_of[spelling], spelling, name)
    if not known:
        raise ValueError(none_known(name, f"the {len(vocabulary)} different tokens"))
    return list(known), _matrix(list(known.values()), name)


def all_given_vectors(given: Any, name: str) -> WordVectorTable:
    """All vectors that ``given`` has, in its order, as float32.

    Parameters and errors are those of :func:`given_vectors`.
    """
    vector_of = as_lookup(given, name)
    if isinstance(vector_of, WordVectorTable) and vector_of.vectors.dtype == np.float32:
        return vector_of
    words = list(words_of(vector_of))
    if not words:
        raise ValueError(f"{name} must hold vectors of words, and holds none.")
    vectors = _matrix([_numbers(vector_of[word], word, name) for word in words], name)
    rows = {word: row for row, word in enumerate(words)}
    return WordVectorTable(rows, vectors.astype(np.float32))


def none_known(name: str, tokens: str = "the tokens") -> str:
    """The message where ``name`` has vectors for none of the words in X."""
    return (
        f"{name} has a vector for none of {tokens} in X; it must be made "
        "for words as they are found here. Set how texts are divided into words as it was for "
        "them, or pass vectors of these words."
    )


def other_spellings(words: Iterable[str]) -> dict[str, str]:
    """From words in lower case to their first spelling in another case; words are in NFC."""
    found: dict[str, str] = {}
    for word in words:
        lower = word.lower()
        if lower != word:
            found.setdefault(lower, word)
    return found


def spellings_of(wanted: set[str], words: Iterable[str]) -> dict[str, str]:
    """From words in NFC, in whatever case or lower case, to their first spelling among ``words``.

    One that differs in normal form alone comes before one that differs in case.
    """
    found: dict[str, str] = {}
    same: dict[str, str] = {}
    for word in words:
        form = word if word.isascii() else composed(word)
        if form in wanted:
            same.setdefault(form, word)
        lower = form.lower()
        if lower in wanted:
            found.setdefault(lower, word)
    return {**found, **same}


def _numbers(vector: Any, word: str, name: str) -> np.ndarray:
    try:
        return np.asarray(vector, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must hold vectors of numbers; that of {word!r} is none: {error}"
        ) from error


def _matrix(vectors: list[np.ndarray], name: str) -> np.ndarray:
    shapes = {vector.shape for vector in vectors}
    if len(shapes) > 1 or len(shape := next(iter(shapes))) != 1 or not shape[0]:
        raise ValueError(f"{name} must hold vectors of one size, got shapes {sorted(shapes)}.")
    matrix = np.stack(vectors)
    with np.errstate(over="ignore"):
        finite = np.isfinite(matrix.astype(np.float32)).all()
    if not finite:
        raise ValueError(f"{name} must hold finite numbers of float32, and holds NaN or infinity.")
    return matrix


def unfrozen(given: Any) -> Any:
    """The fitted estimator in a FrozenEstimator; all else as it is."""
    return given.estimator if isinstance(given, FrozenEstimator) else given


def words_of(lookup: Any) -> Iterable[str]:
    """The words of what ``as_lookup`` returned; gensim's vectors are no mapping."""
    words: Iterable[str] = getattr(lookup, "key_to_index", lookup)
    return words


def as_lookup(given: Any, name: str) -> Any:
    """A mapping from words to vectors, whose words can be listed."""
    given = unfrozen(given)
    if hasattr(given, "vectors_") and hasattr(given, "vocabulary_"):
        return WordVectorTable(given.vocabulary_, given.vectors_)
    kept = getattr(given, "_kept_vectors", None)  # what fit would take over as it is
    if kept is not None:
        return as_lookup(kept, name)
    if hasattr(given, "fit"):
        raise ValueError(
            f"{name} must be fitted, and this {type(given).__name__} has no vectors_. (clone, and "
            f"so a grid over {name}, makes estimators unfitted: wrap it as "
            f"sklearn.frozen.FrozenEstimator({name}) there.)"
        )
    if not (isinstance(given, Mapping) or hasattr(given, "key_to_index")):
        is_table = hasattr(given, "index") and hasattr(given, "to_numpy")
        way = f" Pass dict(zip({name}.index, {name}.to_numpy()))." if is_table else ""
        raise TypeError(
            f"{name} must be a mapping from words to vectors or a fitted Word2VecTransformer, got "
            f"{type(given).__name__}.{way}"
        )
    other = next((word for word in words_of(given) if not isinstance(word, str)), None)
    if other is not None:
        raise TypeError(f"The words of {name} must be str, got {other!r:.60}.")
    return given
