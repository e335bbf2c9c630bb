"""Small texts, series and classifiers that the tests of the classifier share."""

import numpy as np
import pytest
from sklearn.base import clone

from skdl.datasets import make_sequences
from skdl.estimators import TransformerClassifier
from tests.texts import make_texts, word_tokenizer

SMALL = {
    "d_model": 8,
    "n_heads": 2,
    "n_layers": 1,
    "max_epochs": 2,
    "batch_size": 20,
    "min_frequency": 1,
    "device": "cpu",
    "random_state": 0,
}
CHECKPOINT = "the folder of the tiny BERT"
VARIANTS = {
    "word": {},
    "char": {"tokenizer": "char", "positional": "sinusoidal", "pooling": "max"},
    "bpe": {"tokenizer": "bpe", "positional": "learned", "pooling": "cls", "linear_model": False},
    "wordpiece": {"tokenizer": "wordpiece", "pooling": "attention", "n_layers": 2},
    "given": {"tokenizer": word_tokenizer(), "linear_model": False, "batch_size": "auto"},
    "fine-tuned": {"pretrained": CHECKPOINT},
    "frozen": {"pretrained": CHECKPOINT, "freeze": True},
}
X, Y = make_texts(40)
X_TEST, Y_TEST = make_texts(60, random_state=1)
every = pytest.mark.parametrize("name", VARIANTS)
some = pytest.mark.parametrize("name", ["word", "bpe", "frozen"])
every_own = pytest.mark.parametrize(
    "name", [name for name, params in VARIANTS.items() if "pretrained" not in params]
)


def classifier(**params):
    return TransformerClassifier(**{**SMALL, **params})


def fitted(estimator, texts=X, y=Y, *args, **params):
    return clone(estimator).set_params(**params).fit(texts, y, *args)


def fit_answers(*args, **params):
    return fitted(*args, **params).predict_proba(X_TEST)


def assert_same(first, second):
    np.testing.assert_array_equal(first, second)


def assert_close(first, second, atol=1e-5):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


NUMBERS, NUMBERS_Y = make_sequences(40, n_steps=12, task="classification", random_state=0)
RAGGED, _ = make_sequences(40, n_steps=12, task="classification", random_state=0, ragged=True)
