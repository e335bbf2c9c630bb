"""Letters that no font has, lines that fit."""

import matplotlib as mpl
import pytest

from skdl.inspection._letters import drawable, fonts_for, n_cells, wrap

mpl.use("Agg")
from matplotlib import pyplot as plt

NO_FONT_HAS = "\ue123"  # for private use


def test_plain_letters_stay():
    text = "naïve Größe привет שלום $x^2$ [UNK] ##ing"
    assert drawable(text) == text
    assert fonts_for("plain") == ["DejaVu Sans Mono"]


@pytest.mark.parametrize(("blank", "shown"), [(" ", "␣"), ("\n", "↵"), ("  ", "␣␣"), ("", "␣")])
def test_blanks_are_seen(blank, shown):
    assert drawable(blank) == shown


def test_blanks_within_words_stay():
    assert drawable("New York") == "New York"
    assert drawable("\t a\n") == "⇥ a↵"  # in one line


def test_letters_that_no_font_has():
    assert drawable(f"a{NO_FONT_HAS}b") == "a□b"
    assert fonts_for(NO_FONT_HAS) == ["DejaVu Sans Mono"]


ANY = [
    "天氣很好",
    "한글",
    "नमस्ते",
    "ﷺ",
    "😀🤖",
    "👩\u200d🚀",
    "e\u0301",
    "\ud800",
    "\x00\x07",
    NO_FONT_HAS,
]


@pytest.mark.parametrize("text", ANY)
def test_any_text_is_drawn_without_warnings(text):
    figure = plt.figure()
    figure.text(0.5, 0.5, drawable(text), fontfamily=fonts_for(text), parse_math=False)
    figure.canvas.draw()
    plt.close(figure)


def test_a_font_beside_the_monospaced_one():
    text = "a\N{OGHAM LETTER BEITH}"  # not in the monospaced one
    assert drawable(text) == text
    assert fonts_for(text) == ["DejaVu Sans Mono", "DejaVu Sans"]


def test_wide_characters_take_two_cells():
    assert n_cells("abc") == 3
    assert n_cells("天氣a") == 5


def test_lines():
    assert wrap(["ab", "cd", "e"], 6) == [[(0, 0), (1, 3)], [(2, 0)]]
    assert wrap(["ab"], 3) == [[(0, 0)]]
    assert wrap(["a", "much too long", "b"], 5) == [[(0, 0)], [(1, 0)], [(2, 0)]]
    assert wrap(["天", "氣"], 6) == [[(0, 0), (1, 3)]]
