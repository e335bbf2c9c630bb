"""Words of texts in any script; characters of scripts that put no spaces between words.

Beside it, settings that find more of them, for messages about texts without any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

# Scripts without spaces between words: Thai and Lao, Burmese, Khmer; Chinese characters.
_SOUTHEAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_UNSPACED = re.compile(f"[{_SOUTHEAST_ASIAN}{_CHINESE}]")


@cache
def _marks() -> str:
    # Marks beyond are those of historical scripts, and make the search many times slower.
    codes = map(chr, range(0x300, 0x10000))
    marks = "".join(code for code in codes if unicodedata.category(code).startswith("M"))
    return marks + "\u200c\u200d"  # joiners, which stand within words of Persian and Sinhala


@cache
def _mark_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_marks()}]")


@cache
def _word_pattern() -> re.Pattern[str]:
    """Two letters, digits, _ or combining marks, or more."""
    return re.compile(rf"\b\w[\w{_marks()}]+")


@cache
def _token_pattern() -> re.Pattern[str]:
    """A character of a script without spaces, with its marks; else as `_word_pattern`."""
    unspaced, marks = _UNSPACED.pattern[1:-1], _marks()
    return re.compile(
        rf"(?=\w)[{unspaced}][{marks}]*|[^\W{unspaced}](?:[^\W{unspaced}]|[{marks}])+"
    )


@cache
def _symbol_pattern() -> re.Pattern[str]:
    """A Chinese character, a word of one letter or more with its marks, or a punctuation mark."""
    marks = _marks()
    letter = rf"[^\W{_CHINESE}]"
    return re.compile(rf"[{_CHINESE}]|{letter}(?:{letter}|[{marks}])*|[^\w\s{marks}]")


def composed(text: str) -> str:
    """The text in Unicode's normal form C (NFC), in which words are compared.

    A letter with its accent, or a Korean syllable, may be written as one character or as several;
    both look alike. NFC makes one of them (Unicode Standard Annex 15).
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def split_words(text: str) -> list[str]:
    """The words of a text, as CountVectorizer finds them, with their combining marks.

    These are vowel signs in Hindi, Telugu and other scripts, and accents that are characters of
    their own; regular expressions of Python do not count them as parts of words.
    """
    return _word_pattern().findall(text)


def split_words_and_characters(text: str) -> list[str]:
    """The words of a text, where a sentence in a script without spaces is no word.

    As `split_words`, but each Chinese character is a token, and each character of Thai, Lao,
    Burmese and Khmer with its combining marks.
    """
    return _token_pattern().findall(text) if has_unspaced(text) else split_words(text)


def split_words_and_punctuation(text: str) -> list[str]:
    """All words with their combining marks, single Chinese characters, and punctuation marks."""
    return _symbol_pattern().findall(text)


def has_unspaced(text: str) -> bool:
    """Whether a text has characters of scripts without spaces between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def wider_patterns(texts: Iterable[str]) -> dict[str, str]:
    """Patterns that may find tokens where `split_words` does not, and what they are for."""
    patterns = {r"\S+": " to find all that stands between spaces"}
    if any(map(_mark_pattern().search, texts)):  # \w would divide words there
        return patterns
    return {r"\w+": " to find words of one letter or digit too", **patterns}


def shown_settings(settings: Mapping[str, Any], prefix: str = "") -> str:
    """Settings as they are written in a call: ``token_pattern=r"\\w+", min_count=1``."""
    return ", ".join(f"{prefix}{name}={_shown(value)}" for name, value in settings.items())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'r"{value}"' if "\\" in value else f'"{value}"'
    return repr(value)
