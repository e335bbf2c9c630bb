"""Invalid input of Word2VecTransformer, and extreme documents and parameters."""

import numpy as np
import pandas as pd
import pytest

from tests.estimators.word2vec.transformers import TEXTS, every_model, fit, learned, word2vec
from tests.ids import short

# Invalid and extreme input -----------------------------------------------------------------------

ON_DOCUMENTS = [
    ([], ValueError, "Found no document in X"),
    ([""], ValueError, "no document in X has a word"),
    ("the cat", ValueError, r"one str: 'the cat'. Pass \[X\]"),
    (["cat dog", None], ValueError, "missing document, None, first at place 1"),
    (["cat dog", np.nan], ValueError, "missing document, nan, first at place 1"),
    (["cat dog", 3], ValueError, "int at place 1"),
    ([["cat", 3]], ValueError, "must be str, got int in document 0"),
    ([["cat"], ["dog", None]], ValueError, "got NoneType in document 1"),
    (iter(["cat dog"]), TypeError, "readable more than once"),
    ((text for text in TEXTS), TypeError, "readable more than once, got generator"),
    (None, TypeError, "must hold documents"),
    ({"cat": "dog"}, TypeError, "got dict"),
    (np.ones((3, 2)), ValueError, r"shape \(3, 2\)"),
    (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "DataFrame of shape"),
]


@pytest.mark.parametrize(("X", "error", "message"), ON_DOCUMENTS, ids=short)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform", "transform"])
def test_invalid_documents(X, error, message, method):
    if isinstance(X, list) and X == [""] and method == "transform":
        pytest.skip("a document without a word may come")
    model = fit() if method == "transform" else word2vec()
    before = learned(model)
    with pytest.raises(error, match=message):
        getattr(model, method)(X)
    assert learned(model) == before


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (["cat cat dog"], {"min_count": 5}, r"min_count=5 .* 'cat', occurs 2 time\(s\)"),
        (["cat", "dog"] * 5, {}, "No document has two words .* Pass documents of two"),
        (["cat"], {"objective": "hierarchical"}, "at least two words, .* has one"),
        (TEXTS, {"negative": 0}, r"got negative=0.*negative=5"),
        (TEXTS, {"min_lr": 0.1, "lr": 0.05}, "min_lr=0.1, lr=0.05"),
        (TEXTS, {"tokenizer": str.lower}, "tokenizer or analyzer must return a list of str"),
        (TEXTS, {"token_pattern": "("}, "token_pattern must be a regular expression"),
        (TEXTS, {"stop_words": "french"}, "stop_words must be"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_parameters_that_contradict_each_other(method, X, params, message):
    model = word2vec(**params)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X)
    assert learned(model) == set()


def test_the_hierarchical_softmax_needs_no_negative_samples():
    assert fit(objective="hierarchical", negative=0).n_iter_ == 2


@every_model
def test_smallest_vocabularies(algorithm, objective):
    """One repeated word, two words, vectors of one dimension."""
    chosen = {"algorithm": algorithm, "objective": objective}
    smallest = [["cat cat cat"], ["cat dog"], ["cat dog", "cat"]]
    for documents in smallest[objective == "hierarchical" :]:  # a tree needs two words
        for size in (1, 2):
            model = fit(documents, vector_size=size, **chosen)
            assert np.isfinite(model.vectors_).all()
            assert model.vectors_.shape == (len(set(" ".join(documents).split())), size)
            model.partial_fit(["cat bird"])
            assert np.isfinite(model.transform([*documents, "bird"])).all()


@every_model
def test_long_documents_and_wide_windows(algorithm, objective):
    model = fit([" ".join(TEXTS)], window=50, algorithm=algorithm, objective=objective)
    assert np.isfinite(model.vectors_).all()


REPETITIVE = {
    "one sentence": ["the cat the cat the cat"] * 300,
    "three words": ["one", "two", "one two three"] * 300,
    "twenty words": TEXTS * 9,
}


@every_model
@pytest.mark.parametrize("params", [{}, {"lr": 0.05}, {"lr": 0.1}, {"batch_size": 4096}], ids=str)
@pytest.mark.parametrize("documents", REPETITIVE.values(), ids=REPETITIVE)
def test_repetitive_texts_do_not_diverge(documents, params, algorithm, objective):
    """Updates of a mini-batch do not overshoot; with updates after each word all are below 10."""
    chosen = {"algorithm": algorithm, "objective": objective}
    model = fit(documents, **chosen, **params, max_epochs=5)
    assert np.abs(model.vectors_).max() < 20


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vector_size", [0, 1.5, None]),
        ("window", [0, "5"]),
        ("min_count", [0, None]),
        ("max_vocab", [0, 2.5]),
        ("algorithm", ["skipgram", None]),
        ("objective", ["softmax", None]),
        ("negative", [-1, 1.5]),
        ("ns_exponent", [np.nan, np.inf, "a"]),
        ("sample", [-1e-3, None]),
        ("lr", [0, -1, None]),
        ("min_lr", [-1, None]),
        ("max_epochs", [0, None]),
        ("pooling", ["sum", None]),
        ("normalize", ["yes"]),
        ("lowercase", [None]),
        ("token_pattern", [3]),
        ("tokenizer", ["word"]),
        ("analyzer", ["char_wb", None]),
        ("stop_words", [3]),
        ("batch_size", [0, "big", None]),
        ("deterministic", [None, "no"]),
        ("device", [3]),
        ("random_state", ["a"]),
        ("verbose", ["loud"]),
        ("callbacks", [3]),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_invalid_values_of_parameters(name, values, method):
    for value in values:
        model = word2vec(**{name: value})
        with pytest.raises((ValueError, TypeError), match=name):
            getattr(model, method)(TEXTS)
        assert learned(model) == set()
