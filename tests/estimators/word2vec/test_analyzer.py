"""Texts to tokens, as scikit-learn's CountVectorizer finds them, and parameters that find none."""

import pickle
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skdl.estimators.word2vec._analyzer import make_analyzer

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


def test_inconsistent_stop_words_warn_nobody():
    analyze = make_analyzer(stop_words=["don't", "the"])  # a warning would be an error
    assert analyze("Don't the cat") == ["don", "cat"]


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_analyzed_as_by_count_vectorizer(text):
    assert make_analyzer()(text) == CountVectorizer().build_analyzer()(text)
    assert make_analyzer(analyzer="char")(text) == CountVectorizer(
        analyzer="char"
    ).build_analyzer()(text)


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
def test_parameters_that_make_no_analyzer(params, message):
    with pytest.raises(ValueError, match=message):
        make_analyzer(**params)
