"""Word vectors that a user hands over: a mapping, or a fitted estimator that has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator


def given_vectors(
    given: Any, vocabulary: Mapping[str, int], name: str
) -> tuple[list[int], np.ndarray]:
    """The rows of a vocabulary that ``given`` has vectors for, and these (n, size).

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
    vector_of = _lookup(given, name)
    in_order = sorted(vocabulary.items(), key=lambda item: item[1])
    found = {
        row: _numbers(vector_of[word], word, name) for word, row in in_order if word in vector_of
    }
    if not found:
        raise ValueError(
            f"{name} has a vector for none of the {len(vocabulary)} tokens in X; it must be made "
            "for words as they are found here (lowercase, say)."
        )
    shapes = {vector.shape for vector in found.values()}
    if len(shapes) > 1 or len(shape := next(iter(shapes))) != 1 or not shape[0]:
        raise ValueError(f"{name} must hold vectors of one size, got shapes {sorted(shapes)}.")
    known = np.stack(list(found.values()))
    with np.errstate(over="ignore"):
        finite = np.isfinite(known.astype(np.float32)).all()
    if not finite:
        raise ValueError(f"{name} must hold finite numbers of float32, and holds NaN or infinity.")
    return list(found), known


def _numbers(vector: Any, word: str, name: str) -> np.ndarray:
    try:
        return np.asarray(vector, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must hold vectors of numbers; that of {word!r} is none: {error}"
        ) from error


def _lookup(given: Any, name: str) -> Any:
    """What gives a vector for a word, and knows which words it has."""
    if isinstance(given, FrozenEstimator):
        given = given.estimator
    if hasattr(given, "vectors_") and hasattr(given, "vocabulary_"):
        vectors = given.vectors_
        return {word: vectors[row] for word, row in given.vocabulary_.items()}
    if hasattr(given, "fit"):
        raise ValueError(f"{name} must be fitted, and this {type(given).__name__} has no vectors_.")
    if not (isinstance(given, Mapping) or hasattr(given, "key_to_index")):
        raise TypeError(
            f"{name} must be a mapping from words to vectors or a fitted Word2VecTransformer, got "
            f"{type(given).__name__}."
        )
    return given
