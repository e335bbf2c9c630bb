"""Words of every script: those of CountVectorizer, combining marks, scripts without spaces."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skdl._reading._words import (
    has_unspaced,
    shown_settings,
    split_words,
    split_words_and_characters,
    split_words_and_punctuation,
    wider_patterns,
)

SPACED = {
    "English": "the cat's hat_1 12",
    "German": "schöne Füße",
    "Hindi": "यह फ़िल्म अच्छी हिन्दी में",
    "Telugu": "ప్రధానమంత్రి కలుసుకున్నారు",
    "Tamil": "தமிழ் மொழி",
    "Bengali": "আমি বাংলায় গান",
    "Gujarati": "બિલાડી કૂતરો",
    "Sinhala": "බළලා බල්ලා",
    "Persian": "می\u200cخواهم نمی\u200cخواهم",  # noqa: RUF001
    "Sinhala, joined": "ශ්\u200dරී ලංකා",
    "Hebrew with points": "שָׁלוֹם עוֹלָם",
    "Arabic with points": "مُحَمَّد كَتَبَ",
    "Korean": "고양이를 좋아해",
    "Vietnamese, apart": unicodedata.normalize("NFD", "tiếng Việt"),
}
UNSPACED = {
    "Chinese": ("我爱猫。", ["我", "爱", "猫"]),
    "rare Chinese": ("\U00020000㐀豈", ["\U00020000", "㐀", "豈"]),
    "Japanese": ("私は猫がすき犬", ["私", "猫", "がすき", "犬"]),
    "Thai": ("ฉันรักแมว", ["ฉั", "น", "รั", "ก", "แ", "ม", "ว"]),
    "Lao": ("ຂ້ອຍ", ["ຂ້", "ອ", "ຍ"]),
    "Burmese": ("ကြောင်", ["ကြော", "င်"]),
    "Khmer": ("ឆ្មា", ["ឆ្", "មា"]),
}


@pytest.mark.parametrize("text", SPACED.values(), ids=SPACED)
def test_words_have_their_marks(text):
    words = text.replace("'s", "").split()
    for split in (split_words, split_words_and_characters):
        assert split(text) == words
        assert split(f"({text}), a {text}!") == words * 2


@pytest.mark.parametrize("text", SPACED.values(), ids=SPACED)
def test_words_and_punctuation(text):
    words = text.replace("'s", " ' s").split()
    assert split_words_and_punctuation(text) == words
    assert split_words_and_punctuation(f"({text}), 猫猫!") == ["(", *words, ")", ",", *"猫猫!"]


def is_mark(char):
    return unicodedata.category(char)[0] == "M" or char in "\u200c\u200d"


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_nothing_but_spaces_and_marks_is_lost(text):
    """Marks and joiners that follow no letter are left out."""
    kept = "".join(split_words_and_punctuation(text))
    lost = [char for char in text if not char.isspace()]
    for char in kept:
        while lost[0] != char:
            assert is_mark(lost.pop(0))
        lost.pop(0)
    assert all(map(is_mark, lost))


@pytest.mark.parametrize(("text", "tokens"), UNSPACED.values(), ids=UNSPACED)
def test_characters_of_scripts_without_spaces(text, tokens):
    assert split_words_and_characters(text) == tokens
    assert split_words_and_characters(f"ab{text}cd x अच्छी") == ["ab", *tokens, "cd", "अच्छी"]


def test_marks_digits_and_punctuation_alone():
    assert split_words_and_characters("\u0e31 ฯ 猫 \u0301 1 ๑๒ 。a") == ["ฯ", "猫", "๑", "๒"]


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["M", "Cs"]), max_size=40))
def test_without_marks_words_are_those_of_count_vectorizer(text):
    assert split_words(text) == CountVectorizer(lowercase=False).build_analyzer()(text)


@settings(deadline=None)
@given(text=st.text(st.characters(max_codepoint=0xDFF, exclude_categories=["Cs"]), max_size=40))
def test_words_beside_chinese_are_the_same(text):
    assert split_words_and_characters(text) == split_words(text)
    assert split_words_and_characters(f"{text} 猫") == [*split_words(text), "猫"]


@pytest.mark.parametrize("text", [text for text, _ in UNSPACED.values()], ids=UNSPACED)
def test_scripts_without_spaces_are_known(text):
    assert has_unspaced(f"a {text}")


@pytest.mark.parametrize("text", SPACED.values(), ids=SPACED)
def test_scripts_with_spaces_are_known(text):
    assert not has_unspaced(text)
    divided = re.findall(r"\w+", text) != re.findall(r"[^\s']+", text.replace("'", " "))
    assert (r"\w+" in wider_patterns(["a", text])) == (not divided)


def test_settings_are_shown_as_they_are_written():
    settings = {"token_pattern": r"\w+", "min_count": 1, "analyzer": "char", "stop_words": None}
    shown = r'token_pattern=r"\w+", min_count=1, analyzer="char", stop_words=None'
    assert shown_settings(settings) == shown
    assert shown_settings({"a": (1, 2)}, "step__") == "step__a=(1, 2)"
