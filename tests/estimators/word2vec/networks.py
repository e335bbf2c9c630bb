"""What tests of the word2vec network share: modules, texts, and what is compared."""

import math

import pytest
import torch

from skdl.estimators.word2vec import _network as _word2vec
from skdl.estimators.word2vec._network import LAYOUTS, Word2Vec

KINDS = list(LAYOUTS)
N_WORDS, N_TOPICS = 40, 4
every_kind = pytest.mark.parametrize(
    ("algorithm", "objective"), KINDS, ids=["-".join(kind) for kind in KINDS]
)


def make_module(counts=None, algorithm="skip-gram", objective="negative", *, seed=0, **params):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        params = {"vector_size": 8, "sample": 0, **params}
        return Word2Vec(
            [10] * N_WORDS if counts is None else counts,
            algorithm=algorithm,
            objective=objective,
            **params,
        )


def make_text(n_documents=300, seed=0):
    """Documents of 10 words, each about one topic; words of a topic are the same modulo 4."""
    generator = torch.Generator().manual_seed(seed)
    topic = torch.randint(N_TOPICS, (n_documents, 1), generator=generator)
    words = torch.randint(N_WORDS // N_TOPICS, (n_documents, 10), generator=generator)
    return (words * N_TOPICS + topic).flatten(), torch.arange(n_documents).repeat_interleave(10)


def train(module, tokens, document, *, lr=0.05, n_passes=1, seed=0):
    """The losses of some passes; the global random state stays."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [float(module.train_on(tokens, document, lr=lr)) for _ in range(n_passes)]


def trained(algorithm="skip-gram", objective="negative", *, text=None, seed=0, **params):
    module = make_module(algorithm=algorithm, objective=objective, **params)
    train(module, *(text or make_text()), seed=seed)
    return module


def cut_into_pieces(n_tokens, monkeypatch):
    """Modules that are made from now on prepare this many tokens at once."""
    for kind, layout in _word2vec.LAYOUTS.items():
        monkeypatch.setitem(_word2vec.LAYOUTS, kind, layout._replace(piece=n_tokens))


def tables_of(module):
    return [module.input_embedding.weight.detach(), module.output_embedding.weight.detach()]


def assert_same_tables(first, second):
    assert all(map(torch.equal, tables_of(first), tables_of(second)))


def assert_moderate(module, losses, most=50.0):
    assert all(map(math.isfinite, losses))
    for table in tables_of(module):
        assert float(table.norm(dim=1).max()) < most


def texts_of(module, monkeypatch):
    """All pieces of text that the module will train on."""
    seen, limit = [], module._limit_density

    def watched(text, layout, lr):
        seen.append(text)
        return limit(text, layout, lr)

    monkeypatch.setattr(module, "_limit_density", watched)
    return seen
