"""Documents to tokens: scikit-learn's CountVectorizer, invalid parameters, batches of tokens."""

import pickle
import re
import unicodedata
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skdl.estimators.word2vec import _documents
from skdl.estimators.word2vec._documents import (
    check_documents,
    make_analyzer,
    token_batches,
    token_error,
)
from tests.ids import short

TEXTS = ["The cat's  hat, THE mat", "", "don't \t\n stop 12 a1", "Ünïcode ΣΑΣ 漢字 naïve"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lowercase": False},
        {"token_pattern": r"(?u)\b\w+\b"},
        {"token_pattern": r"(\w)\w*"},
        {"tokenizer": str.split, "token_pattern": None},
        {"tokenizer": str.split},
        {"analyzer": "char"},
        {"analyzer": "char", "lowercase": False},
        {"analyzer": str.split},
        {"stop_words": "english"},
        {"stop_words": ["cat", "the"]},
        {"stop_words": {"THE"}, "lowercase": False},
        {"stop_words": "english", "tokenizer": str.split},
        {"stop_words": ["a"], "analyzer": "char"},
        {"stop_words": []},
    ],
    ids=str,
)
def test_tokens_are_those_of_count_vectorizer(params):
    analyze = make_analyzer(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = CountVectorizer(**params).build_analyzer()
    assert [analyze(text) for text in TEXTS] == [peer(text) for text in TEXTS]
    again = pickle.loads(pickle.dumps(analyze))
    assert [again(text) for text in TEXTS] == [peer(text) for text in TEXTS]


MARKED = {
    "Hindi": "यह फ़िल्म अच्छी हिन्दी में",
    "Telugu": "ప్రధానమంత్రి కలుసుకున్నారు",
    "Tamil": "தமிழ் மொழி",
    "Bengali": "আমি বাংলায় গান",
    "Hebrew with points": "שָׁלוֹם עוֹלָם",
    "Arabic with points": "مُحَمَّد كَتَبَ",
    "accents apart": "cafe\u0301 re\u0301sume\u0301 Zo\u0308e",
    "Vietnamese, apart": unicodedata.normalize("NFD", "tiếng Việt"),
}


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_combining_marks_belong_to_their_words(text):
    words = unicodedata.normalize("NFC", text).split()
    assert make_analyzer(lowercase=False)(text) == words
    assert make_analyzer(lowercase=False)(f"({text}), {text}!") == words * 2
    assert make_analyzer(lowercase=False, stop_words=[words[0]])(text) == words[1:]
    peer = CountVectorizer(lowercase=False).build_analyzer()
    assert peer(text) != words


def test_a_mark_is_no_word_and_joins_none():
    assert make_analyzer()("a \u0301 b\u0301c, d-e") == ["b\u0301c"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"stop_words": ["The", "was"]}, r"give \['the'\], which are not"),
        ({"stop_words": ["don't"]}, r"\['don'\].*Add them to stop_words"),
        ({"stop_words": ["DON'T", "New York"]}, r"\['don', 'new', 'york'\]"),
        ({"stop_words": [f"A{i}" for i in range(9)]}, r"\['a0', 'a1', 'a2', 'a3', 'a4', \.\.\.\]"),
        ({"stop_words": "english", "tokenizer": lambda text: [text[:3]]}, "are not among them"),
        ({"stop_words": ["the"], "analyzer": "char"}, "analyzer is 'char': nothing is left out"),
        ({"stop_words": "english", "analyzer": str.split}, "analyzer is a callable: nothing"),
    ],
    ids=short,
)
def test_stop_words_that_cannot_match_warn(params, message):
    """As CountVectorizer does, and once, where it is asked for."""
    text = "Don't the cat"
    silent = make_analyzer(**params)(text)  # a warning would be an error
    with warnings.catch_warnings(record=True) as ours:
        warnings.simplefilter("always")
        analyze = make_analyzer(**params, warn=True)
        for _ in range(2):
            assert list(analyze(text)) == list(silent)
    assert [bool(re.search(message, str(warning.message))) for warning in ours] == [True]
    of_peer = {"token_pattern": None, **params} if "tokenizer" in params else params
    with pytest.warns(UserWarning, match="stop_words"):
        CountVectorizer(**of_peer).fit([text, "cat"])


@pytest.mark.parametrize(
    "params",
    [
        {"stop_words": ["the", "was"]},
        {"stop_words": ["don", "don't"]},
        {"stop_words": ["The"], "lowercase": False},
        {"stop_words": "english"},
        {"stop_words": [], "analyzer": "char"},
        {"stop_words": ["a"], "tokenizer": {"don't the": ["the"]}.__getitem__},
    ],
    ids=short,
)
def test_stop_words_that_match_do_not_warn(params):
    make_analyzer(**params, warn=True)("Don't the")


def test_stop_words_are_left_out_of_lists_too():
    analyze = make_analyzer(stop_words=["the", "The"], warn=True)
    documents = [["the", "cat", "The"], ("the", "dog"), np.array(["the"]), []]
    tokens, lengths = next(iter(token_batches(documents, analyze)))
    assert tokens == ["cat", "dog"]
    assert lengths == [1, 1, 0, 0]
    tokens, _ = next(iter(token_batches([["the", 3, ["the"]]], analyze)))
    assert tokens == [3, ["the"]]  # found by later checks


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["M", "Cs"]), max_size=40))
@example(text="\U0002f800 0\U0002f800")
def test_any_text_is_analyzed_as_by_count_vectorizer(text):
    """In normal form C, in which some characters, such as U+2F800, are others."""
    composed = unicodedata.normalize("NFC", text)
    assert make_analyzer()(text) == CountVectorizer().build_analyzer()(composed)
    of_characters = CountVectorizer(analyzer="char").build_analyzer()
    assert make_analyzer(analyzer="char")(text) == of_characters(composed)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"analyzer": "char_wb"}, 'analyzer must be "word", "char" or a callable, got \'char_wb\''),
        (
            {"token_pattern": r"(\w"},
            "token_pattern must be a regular expression, got .*unterminated",
        ),
        ({"token_pattern": None}, "got None.* None goes with a tokenizer"),
        ({"token_pattern": r"(\w)(\w)"}, "More than 1 capturing group"),
        ({"stop_words": "french"}, 'stop_words must be "english", a list of str or None'),
        ({"stop_words": 3}, "stop_words must be .* got 3"),
        ({"stop_words": ["a", 3]}, "stop_words must be .* got"),
    ],
)
def test_invalid_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        make_analyzer(**params)


def test_checking_documents_does_not_read_them():
    class Unreadable:
        def __iter__(self):
            raise AssertionError

    documents = Unreadable()
    assert check_documents(documents) is documents


def test_batches_hold_whole_documents(monkeypatch):
    monkeypatch.setattr(_documents, "BATCH_TOKENS", 4)
    documents = [["a", "b"], "c d e", ["f"], "", [], ["g"], []]
    found = list(token_batches(documents, str.split))
    assert found[0] == (["a", "b", "c", "d", "e"], [2, 3])
    assert found[1] == (["f"], [1, 0, 0])  # documents count too: they may be empty
    assert found[2:] == [(["g"], [1, 0])]


def test_the_first_invalid_token_is_named():
    error = token_error(["a", "b", 3, 4], [1, 3], n_before=5)
    assert "got int in document 6 of X: 3" in str(error)
    assert token_error(["a"], [1], n_before=0) is None
