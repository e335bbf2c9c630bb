"""Documents of two topics, and small Word2VecTransformers, for several files of tests."""

import numpy as np
import pytest

from skdl.datasets import load_docstrings
from skdl.estimators import Word2VecTransformer

ANIMALS = ["cat", "dog", "horse", "mouse", "sheep", "goat", "bear", "wolf"]
TRAFFIC = ["car", "train", "ship", "plane", "tram", "truck", "ferry", "bike"]
OTHERS = ["the", "and", "very", "with"]
SMALL = {
    "vector_size": 8,
    "min_count": 1,
    "max_epochs": 2,
    "sample": 0,
    "device": "cpu",
    "random_state": 0,
}
MODELS = [(a, o) for a in ("skip-gram", "cbow") for o in ("negative", "hierarchical")]
every_model = pytest.mark.parametrize(("algorithm", "objective"), MODELS)
every_pooling = pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif", "none"])


def make_topics(n_documents=120, n_words=8, seed=0):
    """Documents of one of two topics, with some words of neither, and the topics."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_documents) % 2
    texts = []
    for topic in y:
        words = rng.choice([ANIMALS, TRAFFIC][topic], n_words).tolist()
        words[rng.integers(n_words)] = str(rng.choice(OTHERS))
        texts.append(" ".join(words))
    return texts, y


TEXTS, TOPICS = make_topics()
TOKENS = [text.split() for text in TEXTS]
DOCSTRINGS = load_docstrings().data[:300]


def word2vec(**params):
    return Word2VecTransformer(**{**SMALL, **params})


def fit(documents=TEXTS, **params):
    return word2vec(**params).fit(documents)


def assert_same(one, other):
    np.testing.assert_array_equal(one, other)


def same_model(one, other):
    """Whether words, counts and vectors are the same, bit for bit."""
    return (
        list(one.vocabulary_.items()) == list(other.vocabulary_.items())
        and one.counts_.tolist() == other.counts_.tolist()
        and one.vectors_.tobytes() == other.vectors_.tobytes()
    )


def learned(estimator):
    return {name for name in vars(estimator) if name not in estimator.get_params()}


LEARNS = {"max_epochs": 20, "lr": 0.05}  # as the docstring advises for small corpora


def learn(algorithm, objective, **params):
    chosen = {"algorithm": algorithm, "objective": objective}
    return fit(TEXTS * 2, **{**chosen, "vector_size": 16, **LEARNS, **params})


def distance_of_topics(model):
    """Mean cosine of words of the same topic minus that of words of different topics."""
    rows = [model.vocabulary_[word] for word in ANIMALS + TRAFFIC]
    units = model.vectors_[rows] / np.linalg.norm(model.vectors_[rows], axis=1, keepdims=True)
    cosines, same = units @ units.T, np.kron(np.eye(2), np.ones((8, 8))).astype(bool)
    others = same & ~np.eye(16, dtype=bool)
    return cosines[others].mean() - cosines[~same].mean()


def state_of(model):
    return [model.vectors_.copy(), model.counts_.copy(), *map(str, sorted(learned(model)))], {
        "vocabulary": dict(model.vocabulary_),
        "history": model.history_.to_json(),
        "n_iter": model.n_iter_,
        "rows": len(model.net_.history),
    }


def assert_as_before(model, before):
    now = state_of(model)
    for one, other in zip(now[0], before[0], strict=True):
        assert_same(one, other)
    assert now[1] == before[1]


NEW = ["zebra giraffe cat zebra", "giraffe zebra dog giraffe"] * 10
