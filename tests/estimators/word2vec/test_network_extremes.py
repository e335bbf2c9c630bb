"""Word2Vec: texts that repeat themselves, and extreme texts and parameters."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimators.word2vec.networks import (
    KINDS,
    N_WORDS,
    assert_moderate,
    assert_same_tables,
    cut_into_pieces,
    every_kind,
    make_module,
    make_text,
    tables_of,
    train,
)

# Texts that repeat themselves --------------------------------------------------------------------


def make_repetitive(n=5400):
    """Texts of a few words, or with such sections, on which summed updates overshoot."""
    generator = torch.Generator().manual_seed(0)
    sentence, document = torch.arange(9), torch.arange(n) // 9
    zipf = (torch.rand(n, generator=generator) ** 3 * 200).long()
    zipf[n // 3 : 2 * (n // 3)] = sentence.repeat(n // 27)
    other = sentence + 9
    turns = torch.cat([part.repeat(n // 27) for part in (sentence, other, sentence)])
    first, then = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 2, 1, 3, 0, 3, 1, 2])
    pairs = torch.cat([first.repeat(n // 8), then.repeat(n // 16)])
    return {
        "one sentence": (sentence.repeat(n // 9), document),
        "one sentence in one document": (sentence.repeat(n // 9), torch.zeros(n)),
        "two sentences in turn": (turns, document[: len(turns)]),
        "a sentence amid others": (zipf, document),
        "one word": (torch.zeros(n, dtype=torch.int64), document),
        "two words": (torch.arange(n) % 2, torch.arange(n) // 1000),
        "pairs that change": (pairs, torch.arange(len(pairs)) // 2),
    }


REPETITIVE = make_repetitive()


@every_kind
@pytest.mark.parametrize(
    ("text", "sample"), [*((text, 0) for text in REPETITIVE), ("a sentence amid others", 1e-3)]
)
def test_repetition_does_not_diverge(algorithm, objective, text, sample):
    tokens, document = REPETITIVE[text]
    counts = (torch.bincount(tokens, minlength=200) + 1).tolist()
    module = make_module(counts, algorithm, objective, vector_size=20, sample=sample)
    losses = train(module, tokens, document, n_passes=3)
    assert_moderate(module, losses)
    assert max(losses) < 5  # not far above guessing, even where a text contradicts itself


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_skewed_texts_do_not_diverge(algorithm, objective, n_workers):
    """A few words are most of the negative samples, and sub-sampling keeps nearly none of them."""
    text = torch.from_numpy(np.random.default_rng(0).zipf(1.5, 40_000) % 5000)
    _, tokens = text.unique(return_inverse=True)
    counts = torch.bincount(tokens).tolist()
    module = make_module(
        counts, algorithm, objective, vector_size=50, sample=1e-4, n_workers=n_workers
    )
    losses = train(module, tokens, torch.arange(len(tokens)) // 500, lr=0.025, n_passes=2)
    assert_moderate(module, losses)
    assert max(losses) < 1


@every_kind
@pytest.mark.parametrize("text", ["one word", "pairs that change", "a sentence amid others"])
@pytest.mark.parametrize("lr", [0.1, 1.0])
def test_repetition_does_not_diverge_at_high_rates(algorithm, objective, text, lr):
    tokens, document = REPETITIVE[text]
    counts = (torch.bincount(tokens, minlength=200) + 1).tolist()
    module = make_module(counts, algorithm, objective, vector_size=20, sample=0, window=10)
    assert_moderate(module, train(module, tokens, document, lr=lr, n_passes=3))


# Extreme texts and parameters --------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    "params",
    [
        {"window": 1},
        {"window": 30},
        {"window": 300},
        {"vector_size": 1},
        {"block_size": 1},
        {"block_size": 33},
        {"block_size": 10_000},
        {"negative": 1},
        {"negative": 50},
        {"sample": 1e-2},
        {"ns_exponent": -1.0},
    ],
    ids=str,
)
def test_extreme_parameters(algorithm, objective, params):
    module = make_module(algorithm=algorithm, objective=objective, **params)
    before = copy.deepcopy(module)
    losses = train(module, *make_text(60), n_passes=2)
    assert_moderate(module, losses, most=20)
    assert losses[0] == pytest.approx(math.log(2), abs=0.15)
    for table, old in zip(tables_of(module), tables_of(before), strict=True):
        assert not table.equal(old)


@every_kind
def test_a_window_may_be_wider_than_all_documents(algorithm, objective):
    """Contexts end with the documents."""
    tokens = torch.tensor([0, 1, 2, 3])
    module = make_module([1] * 4, algorithm, objective, window=300)
    document = torch.tensor([0, 0, 1, 1])
    (loss,) = train(module, tokens, document)
    assert loss == pytest.approx(math.log(2), abs=1e-3)
    assert tables_of(module)[1].any()


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_documents_of_one_token_have_no_effect(algorithm, objective, n_workers):
    module = make_module(algorithm=algorithm, objective=objective, n_workers=n_workers)
    before = copy.deepcopy(module)
    assert train(module, torch.arange(N_WORDS), torch.arange(N_WORDS)) == [0.0]
    assert_same_tables(module, before)


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_text_that_is_left_out_has_no_effect(algorithm, objective, n_workers):
    module = make_module(
        algorithm=algorithm, objective=objective, sample=1e-30, n_workers=n_workers
    )
    before = copy.deepcopy(module)
    assert train(module, *make_text()) == [0.0]
    assert_same_tables(module, before)


@every_kind
def test_pieces_that_are_left_out_do_not_count_in_the_loss(algorithm, objective, monkeypatch):
    cut_into_pieces(100, monkeypatch)
    module = make_module([10] * 3, algorithm, objective)
    module.keep_probability[2] = 0
    tokens = torch.cat([torch.arange(100) % 2, torch.full((300,), 2)])
    (loss,) = train(module, tokens, torch.zeros(400))
    assert loss == pytest.approx(math.log(2), abs=1e-3)


@every_kind
def test_a_vocabulary_of_one_word(algorithm, objective):
    module = make_module([20], algorithm, objective)
    losses = train(module, torch.zeros(20, dtype=torch.int64), torch.zeros(20), n_passes=2)
    assert_moderate(module, losses, most=5)


@every_kind
def test_vectors_that_are_not_finite_make_the_loss_nan(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective)
    module.set_vectors(range(N_WORDS), torch.full((N_WORDS, 8), torch.nan))
    assert not math.isfinite(train(module, *make_text())[0])


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    n_words=st.integers(1, 30),
    window=st.integers(1, 12),
    vector_size=st.integers(1, 9),
    block_size=st.none() | st.integers(1, 70),
    sample=st.sampled_from([0, 1e-2, 1e-4]),
    seed=st.integers(0, 99),
)
def test_any_text_trains(kind, lengths, n_words, window, vector_size, block_size, sample, seed):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(n_words, (sum(lengths),), generator=generator)
    counts = (torch.bincount(tokens, minlength=n_words) + 1).tolist()
    module = make_module(
        counts, *kind, window=window, vector_size=vector_size, block_size=block_size, sample=sample
    )
    document = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    losses = train(module, tokens, document, n_passes=2)
    assert_moderate(module, losses)
    assert all(0 <= loss < 1 for loss in losses)
