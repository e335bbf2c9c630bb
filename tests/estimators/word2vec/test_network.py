"""Word2Vec: sub-sampling, initial vectors, learning."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec import _network as _word2vec
from skdl.estimators.word2vec._network import LAYOUTS, Layout
from skdl.estimators.word2vec._network_outputs import NegativeSampler, huffman_paths
from tests.estimators.word2vec.networks import (
    N_TOPICS,
    N_WORDS,
    assert_moderate,
    assert_same_tables,
    cut_into_pieces,
    every_kind,
    make_module,
    make_text,
    tables_of,
    texts_of,
    train,
    trained,
)

# Sub-sampling, windows and negative samples ------------------------------------------------------


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5])
def test_negative_samples_are_drawn_in_proportion_to_counts_to_a_power(ns_exponent):
    counts = [50, 20, 10, 5, 1]
    sampler = make_module(counts, ns_exponent=ns_exponent).sampler
    weights = torch.tensor(counts, dtype=torch.float64) ** ns_exponent
    expected = NegativeSampler(weights)
    assert sampler.threshold.equal(expected.threshold)
    assert sampler.alias.equal(expected.alias)


@pytest.mark.parametrize("sample", [1e-3, 1e-2, 0.3])
def test_words_are_kept_as_in_word2vec_c(sample):
    counts = np.array([5000, 900, 90, 9, 1])
    frequency = counts / counts.sum()
    expected = np.minimum(1, np.sqrt(sample / frequency) + sample / frequency)
    module = make_module(counts.tolist(), sample=sample)
    np.testing.assert_allclose(module.keep_probability.numpy(), expected, rtol=1e-6)
    assert module.keep_probability.dtype == torch.float32


def test_sample_of_zero_keeps_all_words():
    assert make_module([10**6, 1], sample=0).keep_probability.tolist() == [1.0, 1.0]


def test_tokens_are_sub_sampled_and_windows_are_over_the_rest(monkeypatch):
    tokens = torch.arange(40_000) % 2
    module = make_module([9000, 1000], sample=0.05)
    texts = texts_of(module, monkeypatch)
    train(module, tokens, torch.arange(40_000) // 2)
    found = torch.cat([text.tokens for text in texts])
    expected = 20_000 * module.keep_probability.double()
    assert ((torch.bincount(found) - expected).abs() < 5 * expected.sqrt()).all()
    n_together = sum(int(text.before.sum()) for text in texts)
    assert n_together == pytest.approx(20_000 * float(module.keep_probability.prod()), rel=0.1)


def test_without_sub_sampling_all_tokens_are_kept(monkeypatch):
    tokens, document = make_text()
    module = make_module(window=1)
    texts = texts_of(module, monkeypatch)
    train(module, tokens, document)
    (text,) = texts
    assert text.tokens.equal(tokens)
    assert text.before.tolist() == [0, *[1] * 9] * 300


def test_window_sizes_are_uniform(monkeypatch):
    module = make_module(window=4)
    texts = texts_of(module, monkeypatch)
    train(module, make_text(1000)[0], torch.zeros(10_000))
    (text,) = texts
    before, after = text.before[4:-4], text.after[4:-4]
    assert before.equal(after)
    counts = torch.bincount(before)
    assert len(counts) == 5
    assert counts[0] == 0
    assert ((counts[1:] - 2500).abs() < 5 * 50).all()


# Update density ----------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("lr", [0.005, 0.3])
def test_dense_blocks_are_cut_and_then_get_a_lower_rate(algorithm, objective, lr, monkeypatch):
    """Until their density is below the maximum. Others are unchanged, and no token is lost."""
    module = make_module([10] * 3000, algorithm, objective)
    texts = texts_of(module, monkeypatch)
    size = module.block_size
    tokens = torch.arange(5 * size) % 3000
    tokens[size : 2 * size] = torch.arange(size) % 9
    with torch.random.fork_rng():
        module.train_on(tokens, torch.zeros(len(tokens)), lr=lr)
    parts = list(module._limit_density(texts[0], module.layout, lr))
    assert len(parts) > 1
    found = torch.cat([part.tokens for part, _ in parts])
    assert sorted(found.tolist()) == sorted(tokens.tolist())
    if lr == 0.005:
        assert parts[0][0].block == size
        assert (parts[0][0].tokens > 8).sum() > 3.5 * size
    n_outputs = 6 if objective == "negative" else module.tree.lengths
    for part, rate in parts:
        per_word = n_outputs if objective == "negative" else n_outputs[part.tokens]
        density = part.update_density(rate * per_word * part.window_sizes)
        assert density.max() <= _word2vec.MAX_UPDATE_DENSITY
        assert part.block % part.tile == 0
        assert rate == lr or part.block <= _word2vec.SMALL_BLOCK
    assert (min(rate for _, rate in parts) < lr) == (lr == 0.3)


@every_kind
def test_text_of_low_density_is_not_divided(algorithm, objective, monkeypatch):
    module = make_module([10] * 3000, algorithm, objective)
    texts = texts_of(module, monkeypatch)
    train(module, torch.arange(3000), torch.zeros(3000), lr=0.01)
    ((part, rate),) = module._limit_density(texts[0], module.layout, 0.01)
    assert part is texts[0]
    assert rate == 0.01


# Initial values ----------------------------------------------------------------------------------


@every_kind
def test_initial_values_are_those_of_gensim(algorithm, objective):
    counts = list(range(1, 201))
    module = make_module(counts, algorithm, objective, vector_size=50)
    inputs, outputs = tables_of(module)
    assert inputs.shape == (200, 50)
    assert outputs.shape == (200 if objective == "negative" else 199, 50)
    assert not outputs.any()
    assert inputs.abs().max() <= 0.02
    assert inputs.std() == pytest.approx(0.02 / math.sqrt(3), rel=0.05)
    if objective == "hierarchical":
        for ours, expected in zip(
            (module.tree.nodes, module.tree.codes, module.tree.lengths),
            huffman_paths(counts),
            strict=True,
        ):
            assert ours.equal(expected)


def test_given_initial_vectors():
    module, before = make_module(), make_module()
    vectors = torch.arange(16, dtype=torch.float64).view(2, 8)
    module.set_vectors([3, 1], vectors)
    found, others = module.input_embedding.weight, [0, 2, *range(4, N_WORDS)]
    assert found[[3, 1]].equal(vectors.float())
    assert found[others].equal(before.input_embedding.weight[others])
    assert found.requires_grad


def test_forward_looks_vectors_up():
    module = make_module()
    tokens = torch.tensor([[3, 1], [0, 3]])
    assert module(tokens).equal(module.input_embedding.weight[tokens])


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_blocks_have_whole_tiles(block_size):
    for layout in LAYOUTS.values():
        fitted = layout.with_block_size(block_size)
        assert fitted.block % fitted.tile == 0
        assert fitted.tile == min(layout.tile, block_size)
        assert 0 <= fitted.block - block_size < fitted.tile
        assert fitted.negatives == layout.negatives


def test_without_a_block_size_the_layout_is_unchanged():
    assert Layout(32, 512, 3).with_block_size(None) == Layout(32, 512, 3)


# Learning ----------------------------------------------------------------------------------------


@every_kind
def test_words_of_a_topic_become_similar(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective, vector_size=16)
    losses = train(module, *make_text(300), n_passes=20)
    assert losses[-1] < losses[0] - 0.02
    unit = torch.nn.functional.normalize(tables_of(module)[0])
    cosines = unit @ unit.T
    topic = torch.arange(N_WORDS) % N_TOPICS
    same = topic[:, None] == topic
    own = cosines[same & ~torch.eye(N_WORDS, dtype=torch.bool)]
    assert own.mean() > cosines[~same].mean() + 0.3
    assert module.input_embedding.weight.grad is None


@every_kind
def test_the_initial_loss_is_that_of_guessing(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective)
    loss = module.train_on(*make_text(), lr=1e-6)  # nothing is learned in between
    assert loss.shape == ()
    assert float(loss.detach()) == pytest.approx(math.log(2), abs=1e-3)
    assert not loss.requires_grad


@every_kind
def test_the_loss_is_the_mean_over_pieces(algorithm, objective, monkeypatch):
    tokens, document = make_text(60)
    cut_into_pieces(200, monkeypatch)
    module = make_module(algorithm=algorithm, objective=objective)
    losses, piece = [], module._train_on_piece

    def watched(*args):
        losses.append(float(piece(*args)))
        return torch.tensor(losses[-1])

    monkeypatch.setattr(module, "_train_on_piece", watched)
    train(module, tokens, document, n_passes=20)
    (mean,), found = train(module, tokens, document), losses[-3:]
    assert len(losses) == 63
    assert len(set(found)) > 1
    assert mean == pytest.approx(sum(found) / 3, rel=1e-5)


@every_kind
@pytest.mark.parametrize("n_tokens", [1, 2, 7])
def test_a_text_shorter_than_a_block_is_padded(algorithm, objective, n_tokens):
    """Padding has neither loss nor effect."""
    tokens = torch.arange(n_tokens)
    losses = []
    for block_size in (8, 512):
        module = make_module(algorithm=algorithm, objective=objective, block_size=block_size)
        before = copy.deepcopy(module)
        losses += train(module, tokens, torch.zeros_like(tokens), n_passes=1)
        assert tables_of(module)[0][n_tokens:].equal(tables_of(before)[0][n_tokens:])
    expected = math.log(2) if n_tokens > 1 else 0.0
    assert losses == pytest.approx([expected] * 2, abs=1e-3)


def test_tokens_of_fewer_bytes_are_the_same_tokens():
    tokens, document = make_text()
    assert_same_tables(trained(text=(tokens.int(), document)), trained())


@every_kind
def test_a_copy_goes_on_as_the_original(algorithm, objective):
    module = trained(algorithm, objective)
    copies = [copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
    empty = make_module(algorithm=algorithm, objective=objective, seed=3)
    empty.load_state_dict(module.state_dict())
    train(module, *make_text(seed=1))
    for other in (*copies, empty):
        train(other, *make_text(seed=1))
        assert_same_tables(module, other)


# Continuing with more words ----------------------------------------------------------------------


@every_kind
def test_new_words_keep_what_was_learned(algorithm, objective):
    old = trained(algorithm, objective)
    counts = [20] * N_WORDS + [5] * 10
    new, untouched = (make_module(counts, algorithm, objective, seed=7) for _ in range(2))
    new.copy_learned(old)
    inputs, outputs = tables_of(new)
    assert inputs[:N_WORDS].equal(tables_of(old)[0])
    assert inputs[N_WORDS:].equal(tables_of(untouched)[0][N_WORDS:])
    if objective == "negative":
        assert outputs[:N_WORDS].equal(tables_of(old)[1])
        assert not outputs[N_WORDS:].any()
    else:  # a new tree, whose nodes have another meaning
        assert not outputs.any()
        assert new.tree.nodes.equal(huffman_paths(counts)[0])
    losses = train(new, torch.arange(N_WORDS + 10).repeat(20), torch.arange(1000) // 50)
    assert_moderate(new, losses, most=10)
    assert tables_of(new)[1].any(1).all()


@every_kind
def test_the_same_words_continue_where_they_were(algorithm, objective):
    """Also with other counts: so long as no word joins, the tree stays."""
    old = trained(algorithm, objective)
    new = make_module(list(range(1, N_WORDS + 1)), algorithm, objective, seed=7, sample=1e-2)
    new.copy_learned(old)
    assert_same_tables(new, old)
    assert not new.keep_probability.equal(old.keep_probability), "it is that of the new counts"
    if objective == "hierarchical":
        for name in ("nodes", "codes", "lengths"):
            assert getattr(new.tree, name).equal(getattr(old.tree, name))
    before = [table.clone() for table in tables_of(old)]
    train(new, *make_text(seed=2))
    assert all(map(torch.equal, tables_of(old), before)), "the other stays as it was"


@every_kind
def test_continued_training_starts_at_a_low_loss(algorithm, objective):
    text = make_text(1000)
    old = make_module(algorithm=algorithm, objective=objective)
    losses = train(old, *text, n_passes=10)
    counts = [250] * N_WORDS + ([1] if objective == "negative" else [])
    new = make_module(counts, algorithm, objective)
    new.copy_learned(old)
    (loss,) = train(new, *text)
    assert loss < (losses[0] + losses[-1]) / 2
