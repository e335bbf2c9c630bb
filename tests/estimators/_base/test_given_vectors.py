"""Vectors that a user hands over: which words have some, in which rows, and what are none."""

import types
from collections import UserDict

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from skdl.estimators import Word2VecTransformer
from skdl.estimators._base._given_vectors import given_vectors

VOCABULARY = {"good": 0, "bad": 1, "odd": 2}


def lookup(given, vocabulary=VOCABULARY):
    return given_vectors(given, vocabulary, "embeddings")


@pytest.mark.parametrize("kind", [dict, UserDict, types.MappingProxyType], ids=lambda k: k.__name__)
@pytest.mark.parametrize("form", [list, tuple, np.array, lambda v: np.array(v, np.float32)])
def test_rows_and_vectors_of_a_mapping(kind, form):
    given = kind({"odd": form([1, 2]), "new": form([7, 8]), "good": form([3, 4])})
    rows, vectors = lookup(given)
    assert rows == [0, 2]
    np.testing.assert_array_equal(vectors, [[3, 4], [1, 2]])


def test_rows_are_in_their_order_however_the_vocabulary_is():
    rows, vectors = lookup({"a": [1.0], "b": [2.0], "c": [3.0]}, {"c": 5, "a": 9, "b": 0})
    assert rows == [0, 5, 9]
    np.testing.assert_array_equal(vectors, [[2], [3], [1]])


def test_other_words_need_not_have_proper_vectors():
    """A file of millions is not read for the sake of a few."""
    rows, _ = lookup({"good": [1.0, 2.0], "unknown": "no vector", "": [np.nan]})
    assert rows == [0]


def test_a_word_in_another_case_is_found():
    """Exactly as it is written where that is there, else its first spelling."""
    given = {"Good": [1.0], "GOOD": [2.0], "bad": [3.0], "Bad": [4.0], "ODD": [5.0]}
    rows, vectors = lookup(given)
    assert rows == [0, 1, 2]
    np.testing.assert_array_equal(vectors, [[1], [3], [5]])
    rows, vectors = lookup(given, {"GOOD": 0, "gOOD": 1, "BAD": 2})
    assert rows == [0, 1, 2]
    np.testing.assert_array_equal(vectors, [[2], [1], [3]])


def test_what_is_given_is_not_changed():
    given = {"good": np.ones(2), "bad": np.zeros(2)}
    _, vectors = lookup(given)
    vectors += 5
    np.testing.assert_array_equal(given["good"], 1)


class Fitted(BaseEstimator):
    """An estimator with words, in rows that are not in the order of its dict."""

    def fit(self, X=None):
        self.vocabulary_ = {"good": 1, "new": 2, "bad": 0}
        self.vectors_ = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        return self


@pytest.mark.parametrize("wrap", [lambda fitted: fitted, FrozenEstimator])
def test_a_fitted_estimator(wrap):
    rows, vectors = lookup(wrap(Fitted().fit()))
    assert rows == [0, 1]
    np.testing.assert_array_equal(vectors, [[3, 4], [1, 2]])


def test_a_fitted_word2vec():
    model = Word2VecTransformer(4, min_count=1, max_epochs=1, random_state=0)
    model.fit(["bad good", "good bad film"])
    rows, vectors = lookup(model)
    assert rows == [0, 1]
    expected = model.vectors_[[model.vocabulary_["good"], model.vocabulary_["bad"]]]
    np.testing.assert_array_equal(vectors, expected)


def test_vectors_of_gensim():
    gensim = pytest.importorskip("gensim.models")
    keyed = gensim.KeyedVectors(2)
    keyed.add_vectors(["bad", "film", "good"], np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    rows, vectors = lookup(keyed)
    assert rows == [0, 1]
    np.testing.assert_array_equal(vectors, [[5, 6], [1, 2]])


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"fine": [1.0]}, ValueError, ["none of the 3", "as it was for them"]),
        ({}, ValueError, ["none of the 3"]),
        ({"good": [1.0], "bad": [1.0, 2.0]}, ValueError, ["one size", "(1,)", "(2,)"]),
        ({"good": 1.0}, ValueError, ["one size"]),
        ({"good": [[1.0, 2.0]]}, ValueError, ["one size", "(1, 2)"]),
        ({"good": []}, ValueError, ["one size"]),
        ({"good": [1.0, np.nan]}, ValueError, ["finite", "NaN"]),
        ({"good": [1.0, -np.inf]}, ValueError, ["finite"]),
        ({"good": [1.0, 1e39]}, ValueError, ["finite", "float32"]),
        ({"good": ["x", "y"]}, ValueError, ["numbers", "'good'"]),
        ({"good": [1.0], "odd": [None]}, ValueError, []),
        ({"good": [[1.0], [1.0, 2.0]]}, ValueError, ["numbers", "'good'"]),
        (Fitted(), ValueError, ["fitted", "Fitted"]),
        (Word2VecTransformer(), ValueError, ["fitted", "Word2VecTransformer", "FrozenEstimator"]),
        (FrozenEstimator(Fitted()), ValueError, ["fitted", "Fitted"]),
        (5, TypeError, ["mapping", "Word2VecTransformer", "int"]),
        (np.ones((3, 2)), TypeError, ["mapping", "ndarray"]),
        ("glove", TypeError, ["mapping", "str"]),
        ([("good", [1.0])], TypeError, ["mapping", "list"]),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("name", ["embeddings", "init_vectors"])
def test_what_are_no_vectors_is_refused_by_the_name_of_the_parameter(given, kind, words, name):
    with pytest.raises(kind) as error:
        given_vectors(given, VOCABULARY, name)
    assert all(word in str(error.value) for word in [name, *words]), str(error.value)


def test_words_that_are_no_text_are_told():
    with pytest.raises(TypeError, match="The words of embeddings must be str, got 3"):
        given_vectors({"a": np.ones(2), 3: np.ones(2)}, {"a": 0}, "embeddings")


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": [1.0, 3.0], "y": [2.0, 4.0]}, index=["a", "b"]),
        pd.Series({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])}),
    ],
    ids=["frame", "series"],
)
def test_advice_for_tables_of_vectors(table):
    with pytest.raises(TypeError, match="must be a mapping") as caught:
        given_vectors(table, {"b": 0}, "embeddings")
    code = str(caught.value).partition("Pass ")[2].removesuffix(".")
    rows, vectors = given_vectors(eval(code, {"embeddings": table}), {"b": 0}, "embeddings")
    assert rows == [0]
    np.testing.assert_array_equal(vectors, [[3, 4]])
