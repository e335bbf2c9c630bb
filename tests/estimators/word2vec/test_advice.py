"""Errors about documents without words to learn from: the setting that they name helps."""

import re

import numpy as np
import pytest

from skdl.estimators import Word2VecTransformer
from skdl.estimators.word2vec._advice import advised
from skdl.estimators.word2vec._vocabulary import NothingToLearnError
from tests.ids import short

FILMS = ["good film", "bad film"] * 10
CHARACTERS = 'set analyzer="char"'


def no_token(text):
    """A tokenizer that finds nothing."""
    return []


HELPED = {
    "Thai": (["ฉันรักแมว", "ฉันเกลียดหมา", "แมวน่ารัก"] * 5, {}, CHARACTERS),
    "Thai of all kinds": (["ฉันรักแมว", "ฉันเกลียดหมา", "แมวน่ารัก"], {}, CHARACTERS),
    "Thai with spaces": (["ฉัน รักแมว", "หมา เกลียด"], {}, CHARACTERS),
    "Chinese": (["我爱猫", "我恨狗"] * 5, {}, CHARACTERS),
    "Japanese": (["私は猫が好き", "こわい犬"] * 5, {}, CHARACTERS),
    "Khmer": (["ខ្ញុំស្រឡាញ់ឆ្មា", "ខ្ញុំស្អប់ឆ្កែ"] * 5, {}, CHARACTERS),
    "Javanese": (["ꦲꦏꦸꦱꦼꦤꦼꦁꦏꦸꦕꦶꦁ"] * 5, {}, CHARACTERS),
    "stop words of Thai": (["ฉันรักแมว"] * 5, {"stop_words": "english"}, "stop_words=None"),
    "emoji": (["😀😀", "😡😡"] * 5, {}, CHARACTERS),
    "emoji apart": (["😀 😀", "😡 😀"] * 5, {}, r'Set token_pattern=r"\S+"'),
    "letters": (["a b", "b c"] * 5, {}, r'Set token_pattern=r"\w+"'),
    "digits": (["1 2", "2 3"] * 5, {}, r'Set token_pattern=r"\w+"'),
    "tags": (["<b>x</b>", "<i>y</i>"] * 5, {}, r'Set token_pattern=r"\w+"'),
    "letters once": (["a b", "c d"], {}, r'Set token_pattern=r"\w+", min_count=1'),
    "rare": (["alpha beta", "gamma delta"], {}, "Set min_count=1, or pass more"),
    "rare beside one": (["good film", "bad film", "dull film"], {}, "Set min_count=1, or pass"),
    "rare in lists": ([["a", "b"], ["c", "d"]], {}, "Set min_count=1, or pass more"),
    "too rare": (FILMS, {"min_count": 100}, "Set min_count=1, or pass more"),
    "few words": (FILMS, {"max_vocab": 1}, "Set max_vocab=None"),
    "stop words": (FILMS, {"stop_words": ["good", "bad", "film"]}, "Set stop_words=None"),
    "stop words in lists": ([["a", "b"]] * 5, {"stop_words": ["a"]}, "Set stop_words=None"),
    "pattern": (FILMS, {"token_pattern": "zzz"}, 'Set token_pattern="auto"'),
    "tokenizer": (FILMS, {"tokenizer": no_token}, "Set tokenizer=None"),
    "analyzer": (FILMS, {"analyzer": no_token}, 'Set analyzer="word"'),
    "one word each": ([f"w{i}" for i in range(20)], {}, f"two words or more, or {CHARACTERS}"),
    "one word twice": (["good", "good"], {}, f"two words or more, or {CHARACTERS}"),
    "tree": (["good"] * 9, {"objective": "hierarchical"}, f"words or more, or {CHARACTERS}"),
    "tree of rare": (FILMS, {"objective": "hierarchical", "min_count": 12}, "Set min_count=1"),
}


def model(**params):
    return Word2VecTransformer(4, max_epochs=1, random_state=0, **params)


def named(message):
    """The settings that a message names."""
    found = re.search(r"[Ss]et ((?:, )?\w+=.*?)(?:$| to |, or |\.$)", message)
    return eval(f"dict({found[1]})")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(("X", "params", "message"), HELPED.values(), ids=HELPED)
def test_the_named_setting_helps(X, params, message, method):
    with pytest.raises(ValueError, match=f"(?i){re.escape(message)}") as error:
        getattr(model(**params), method)(X)
    assert type(error.value) is ValueError
    helped = model(**{**params, **named(str(error.value))})
    if "max_vocab" in params:
        helped.set_params(max_vocab=2)  # "or a larger number"
    getattr(helped, method)(X)  # a warning would be an error
    assert np.isfinite(helped.vectors_).all()


HOPELESS = {
    "letters": ["a", "b"] * 5,
    "punctuation": ["!", "?"] * 5,
    "empty": ["", ""],
    "spaces": ["  ", " "],
    "lists": [["a"], ["b"]] * 5,
    "empty lists": [[], []],
}


@pytest.mark.parametrize("X", HOPELESS.values(), ids=HOPELESS)
def test_where_no_setting_helps_none_is_named(X):
    with pytest.raises(ValueError, match="Pass documents of two words or more") as error:
        model().fit(X)
    assert not re.search("[Ss]et ", str(error.value))
    assert isinstance(X[0], str) == ("two letters, digits or _" in str(error.value))
    model(min_count=1).fit(([["aa", "bb"]] if isinstance(X[0], list) else ["aa bb"]) * 5)


def test_too_few_words_to_leave_some_out():
    with pytest.raises(ValueError, match=r"sample=0\.001 .* Set sample=0, which leaves out none"):
        model(min_count=1).fit(["aa bb"])
    assert model(min_count=1, sample=0).fit(["aa bb"]).vectors_.shape == (2, 4)


@pytest.mark.parametrize("error", [ValueError("other"), KeyError("x")], ids=short)
def test_other_errors_are_left_alone(error):
    with pytest.raises(type(error)) as caught, advised(model(), FILMS):
        raise error
    assert caught.value is error


def test_documents_are_read_by_iterating():
    class Corpus:
        """Texts that are read anew by each loop."""

        def __iter__(self):
            return iter(["a b", "b c"] * 5)

    with pytest.raises(ValueError, match=r"token_pattern"), advised(model(), Corpus()):
        raise NothingToLearnError("Nothing.")
