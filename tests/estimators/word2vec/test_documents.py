"""Documents to tokens: scikit-learn's CountVectorizer, invalid parameters, batches of tokens."""

import pickle
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skdl.estimators.word2vec import _documents
from skdl.estimators.word2vec._documents import (
    check_documents,
    make_analyzer,
    token_batches,
    token_error,
)

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


def test_inconsistent_stop_words_do_not_warn():
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
