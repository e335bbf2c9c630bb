"""Words that are a space or a newline alone, which separate words in files of vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_STAND_INS = {" ": "\u2581", "\n": "\u2424"}
_SEPARATORS = {stand_in: separator for separator, stand_in in _STAND_INS.items()}
_OF_STAND_INS = re.compile("\u2581+|\u2424+")


def with_stand_ins(words: Sequence[Any]) -> tuple[Sequence[Any], bool]:
    """The words without separators, and whether there were any.

    A space is written as "\u2581" (U+2581), a newline as "\u2424" (U+2424). Beside them, words that
    consist of one of these characters alone get one more of it: all words stay distinct.
    """
    if not any(separator in words for separator in _STAND_INS):
        return words, False
    return [_written(word) if isinstance(word, str) else word for word in words], True


def without_stand_ins(words: Sequence[str]) -> list[str]:
    """The words of `with_stand_ins`, from what it returned for words with separators."""
    return [_SEPARATORS.get(word, word[1:] if _repeats(word) else word) for word in words]


def _written(word: str) -> str:
    return _STAND_INS.get(word, word + word[0] if _repeats(word) else word)


def _repeats(word: str) -> bool:
    return _OF_STAND_INS.fullmatch(word) is not None
