"""Values of parameters in words: equal ones after a pickle, others where anything changed."""

import copy
import functools
import pickle
import types
from collections import UserDict

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from torch import nn

from skdl.estimators import CNNClassifier, Word2VecTransformer
from skdl.estimators._base._described import described

TEXTS = ["good film", "bad film"] * 5


class Maker:
    """A callable with attributes."""

    def __init__(self, depth=1):
        self.depth = depth

    def __call__(self):
        return self.depth

    def make(self):
        return self.depth


def make(depth, width=1):
    return depth * width


def maker(depth, log=None):
    def made():
        if log is not None:
            log.append(depth)
        return depth

    return made


def words(seed):
    return Word2VecTransformer(2, min_count=1, max_epochs=1, random_state=seed).fit(TEXTS)


def linear(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(2, 2)


PAIRS = {
    "partial": (functools.partial(make, 1), functools.partial(make, 2)),
    "keyword": (functools.partial(make, width=1), functools.partial(make, width=2)),
    "nested": tuple(functools.partial(functools.partial(make, width=k), 1) for k in (1, 2)),
    "function": (make, maker),
    "callable": (Maker(1), Maker(2)),
    "method": (Maker(1).make, Maker(2).make),
    "module": (linear(0), linear(1)),
    "frozen": (FrozenEstimator(Ridge(1.0)), FrozenEstimator(Ridge(2.0))),
    "estimator": (CNNClassifier(), CNNClassifier(kernel_size=5)),
    "words": (words(0), words(1)),
    "dict": ({"good": np.ones(3)}, {"good": np.zeros(3)}),
    "mapping": (UserDict({"good": [1.0]}), UserDict({"bad": [1.0]})),
}
LOCAL = {
    "lambda": (lambda: 1, lambda: 2),
    "closure": (maker(1), maker(2)),
    "default": tuple(eval(f"lambda depth={depth}: depth") for depth in (1, 2)),
    "bfloat16": tuple(nn.Linear(1, 1).bfloat16().requires_grad_(False) for _ in range(2)),
    "lazy": (nn.LazyLinear(2), nn.LazyLinear(3)),
    "read-only": (types.MappingProxyType({"a": [1.0]}), types.MappingProxyType({"a": [2.0]})),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_what_changed_has_other_words_and_a_pickle_the_same(one, other):
    assert described(one) != described(other)
    assert described(one) == described(pickle.loads(pickle.dumps(one)))
    assert described(one) == described(copy.deepcopy(one))
    assert " at 0x" not in described(one)
    assert len(described(one)) < 100


@pytest.mark.parametrize(("one", "other"), LOCAL.values(), ids=LOCAL)
def test_what_cannot_be_pickled_has_words_too(one, other):
    assert described(one) != described(other)
    assert described(one) == described(one)


def test_the_memory_of_a_function_is_not_what_it_is():
    log = []
    made = maker(1, log)
    before = described(made)
    made()
    assert log
    assert described(made) == before


def test_equal_functions_have_equal_words():
    """Also where a notebook defines one anew."""
    assert described(maker(3)) == described(maker(3))


def test_plain_values_stand_for_themselves():
    values = (1, 2.0, "1.0", None, (1, 2), Ridge(), CNNClassifier(), torch.device("cpu"))
    shown = [described(value) for value in values]
    assert len(set(shown)) == len(shown)
    assert shown[:5] == ["1", "2.0", "1.0", "None", "(1, 2)"]
    assert described([1, 2]) == described(np.array([1, 2])) == "(1, 2)"


def test_vectors_of_gensim():
    gensim = pytest.importorskip("gensim.models")
    keyed = gensim.KeyedVectors(2)
    keyed.add_vectors(["good", "bad"], np.array([[1, 2], [3, 4]], np.float32))
    before = described(keyed)
    keyed.most_similar("good")  # it keeps norms from now on
    assert described(keyed) == before
    keyed.vectors[0] = 5
    assert described(keyed) != before
