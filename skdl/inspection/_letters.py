"""Text for matplotlib: fonts that have the glyphs, and line breaks."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import east_asian_width

_MONOSPACED = "DejaVu Sans Mono"  # comes with matplotlib
_NOT_FOR_TEXT = ("Last Resort", "STIXNonUni", "STIXSize", "cm")  # boxes, and parts of formulas
_BLANKS = str.maketrans({"\n": "↵", "\r": "↵", "\t": "⇥"})
_NO_GLYPH = "□"


def n_cells(word: str) -> int:
    """Width of a word in a monospaced font: Chinese characters take two cells."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in word)


def wrap(words: list[str], per_line: int) -> list[list[tuple[int, int]]]:
    """Break words into lines of at most `per_line` cells: index and first cell of each word.

    Words are one cell apart. A longer word has its own line.
    """
    lines: list[list[tuple[int, int]]] = [[]]
    start = 0
    for place, word in enumerate(words):
        width = n_cells(word) + 1
        if lines[-1] and start + width > per_line:
            lines.append([])
            start = 0
        lines[-1].append((place, start))
        start += width
    return lines


def drawable(text: str) -> str:
    """Make white space visible, and replace glyphs that no font has: matplotlib would warn."""
    text = (text if text.strip(" ") else "␣" * max(len(text), 1)).translate(_BLANKS)
    _, missing = _find_fonts(text)
    return "".join(_NO_GLYPH if letter in missing else letter for letter in text)


def fonts_for(text: str) -> list[str]:
    """Names of fonts that together draw a text, the monospaced one first."""
    return [_MONOSPACED, *_find_fonts(drawable(text))[0]]


@lru_cache(maxsize=1024)
def _find_fonts(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Fonts to add to the monospaced one, and the letters that no installed font has."""
    from matplotlib import font_manager

    missing, chosen = set(text), []
    for name, path in _fonts().items():
        if not missing:
            break
        try:
            font = font_manager.get_font(path)
        except (OSError, RuntimeError):  # fonts that matplotlib cannot draw, such as colour emoji
            continue
        found = {letter for letter in missing if font.get_char_index(ord(letter))}
        missing -= found
        if found and name != _MONOSPACED:
            chosen.append(name)
    return tuple(chosen), frozenset(missing)


@lru_cache(maxsize=1)
def _fonts() -> dict[str, str]:
    """Files of the installed upright fonts by name, those shipped with matplotlib first."""
    from matplotlib.font_manager import fontManager

    entries = [entry for entry in fontManager.ttflist if entry.style == "normal"]
    entries.sort(key=lambda entry: (entry.name, entry.weight != 400))
    files: dict[str, str] = {}
    for name in (_MONOSPACED, "DejaVu Sans"):
        files[name] = next(entry.fname for entry in entries if entry.name == name)
    for entry in entries:
        if not entry.name.startswith(_NOT_FOR_TEXT):
            files.setdefault(entry.name, entry.fname)
    return files
