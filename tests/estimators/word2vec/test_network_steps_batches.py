"""Training batches of tiles against a double loop over tokens and their contexts."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec._network_outputs import huffman_paths
from skdl.estimators.word2vec._network_steps import (
    distinct_of_rows,
    hierarchical_batch,
    skip_gram_batch,
)
from tests.estimators.word2vec.tiled_texts import N_WORDS, TEXTS, contexts_of, make_text, text_of

LR, NEGATIVE = 0.25, 3
COUNTS = [9, 7, 5, 4, 3, 2, 1]
KINDS = ["skip-gram", "hierarchical skip-gram", "hierarchical cbow"]


def negatives_for(text, n_negatives=4, seed=1):
    shape = text.n_blocks, text.block // text.tile, n_negatives
    return torch.randint(N_WORDS, shape, generator=torch.Generator().manual_seed(seed))


def make_batch(kind, args, negatives=None):
    """The training batch of a text."""
    text = text_of(*args)
    if "hierarchical" in kind:
        return hierarchical_batch(text, huffman_paths(COUNTS), LR, cbow="cbow" in kind)
    negatives = negatives_for(text) if negatives is None else negatives
    return skip_gram_batch(text, negatives, NEGATIVE, LR)


def bag(words, each=1.0):
    """Words with their fraction of a predictor, hashable."""
    parts = Counter()
    for word in words:
        parts[int(word)] += each
    return tuple(sorted((word, round(part, 5)) for word, part in parts.items()))


def pairs_of(batch):
    """Weights of all pairs by (block, predictor, row of outputs, label)."""
    found = Counter()
    for block in range(len(batch.inputs)):
        windows = batch.window_table[batch.window_rows[block]].sum(2)  # (S, tile, h + k)
        weight = windows
        if batch.pair_weights is not None:
            weight = batch.pair_weights[block]
            if batch.window_sizes is None:
                weight = windows.transpose(1, 2) @ weight
        weight = weight.expand(batch.outputs.shape[1], -1, -1)  # (B, r, m)
        labels = batch.labels[block, :, 0].expand(batch.outputs.shape[1], -1)
        for part, r, m in weight.nonzero().tolist():
            words = batch.inputs[block, part]
            if batch.window_sizes is None:
                predictor = bag(words[r : r + 1])
            else:
                of_window = windows[part, r] / batch.window_sizes[block, part, r]
                chosen = of_window.nonzero()[:, 0]
                parts = torch.zeros(N_WORDS).index_add_(0, words[chosen], of_window[chosen])
                predictor = tuple((w, round(float(parts[w]), 5)) for w in parts.nonzero()[:, 0])
                predictor = tuple((int(w), part) for w, part in predictor)
            if predictor:  # the mean of an empty window has no effect
                key = block, predictor, int(batch.outputs[block, part, m]), float(labels[part, m])
                found[key] += float(weight[part, r, m])
    return found


def pairs_by_hand(kind, args, negatives=None):
    """The same, token by token."""
    tokens, document, radius, _window, tile, block = args
    paths = huffman_paths(COUNTS)
    expected = Counter()
    for i, places in enumerate(contexts_of(document, radius)):
        if not places:
            continue
        b, of_tile = i // block, i % block // tile
        around, own = tokens[places].tolist(), int(tokens[i])
        if "hierarchical" in kind:
            predictors = [bag(around, 1 / len(around))] if "cbow" in kind else map(bag, zip(around))
            nodes, codes, lengths = (column[own].tolist() for column in paths)
            for predictor in predictors:
                for node, code in zip(nodes[:lengths], codes, strict=False):
                    expected[b, predictor, node, float(not code)] += LR
            continue
        drawn = negatives[b, of_tile].tolist()
        for word in around:
            expected[b, bag([own]), word, 1.0] += LR
        for word in drawn:
            expected[b, bag([own]), word, 0.0] += LR * len(around) * NEGATIVE / len(drawn)
    return expected


def assert_equal_counts(found, expected):
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-5), key


# Batches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_pairs_are_those_of_a_double_loop(kind, args):
    args = make_text(*args)
    negatives = negatives_for(text_of(*args))
    batch = make_batch(kind, args, negatives)
    assert_equal_counts(pairs_of(batch), pairs_by_hand(kind, args, negatives))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    window=st.integers(1, 6),
    tile=st.integers(1, 5),
    n_tiles=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_pairs_of_any_text_are_those_of_a_double_loop(kind, lengths, window, tile, n_tiles, seed):
    args = make_text(lengths, window, tile, tile * n_tiles, seed)
    negatives = negatives_for(text_of(*args), seed=seed)
    batch = make_batch(kind, args, negatives)
    assert_equal_counts(pairs_of(batch), pairs_by_hand(kind, args, negatives))


@pytest.mark.parametrize("kind", KINDS)
def test_batches_have_the_documented_shapes(kind):
    args = make_text([5, 30, 3], 3, 4, 20)
    batch = make_batch(kind, args)
    n_blocks, n_tiles, tile = 2, 5, 4
    m = batch.outputs.shape[2]
    n_inputs = tile if kind == "skip-gram" else tile + 2 * 3
    assert batch.inputs.shape == (n_blocks, n_tiles, n_inputs)
    assert batch.outputs.shape == (n_blocks, n_tiles, m)
    assert batch.labels.shape in {(n_blocks, 1, 1, m), (n_blocks, n_tiles, 1, m)}
    assert batch.window_rows.shape == (n_blocks, n_tiles, tile, 2)
    assert batch.hierarchical == ("hierarchical" in kind)
    assert (batch.window_sizes is None) == ("skip-gram" in kind)
    if batch.window_sizes is not None:
        assert batch.window_sizes.shape == (n_blocks, n_tiles, tile, 1)
    if kind == "skip-gram":
        assert batch.pair_weights is None
    else:
        assert batch.pair_weights.shape == (n_blocks, n_tiles, tile, m)


@pytest.mark.parametrize("kind", ["hierarchical skip-gram", "hierarchical cbow"])
def test_a_node_comes_once_in_a_tile_for_each_of_its_branches(kind):
    batch = make_batch(kind, make_text([40], 3, 8, 16))
    for nodes, labels, weights in zip(
        batch.outputs.flatten(0, 1),
        batch.labels.flatten(0, 2),
        batch.pair_weights.flatten(0, 1),
        strict=True,
    ):
        used = weights.any(0)
        pairs = list(zip(nodes[used].tolist(), labels[used].tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("kind", ["hierarchical skip-gram", "hierarchical cbow"])
def test_words_without_context_have_no_pairs(kind):
    assert not pairs_of(make_batch(kind, make_text([1] * 9, 3, 4, 8)))


# Distinct values ---------------------------------------------------------------------------------


def test_distinct_values_of_rows():
    values = torch.tensor([[[4, 2, 4, 7], [1, 1, 1, 1]]])
    distinct, place = distinct_of_rows(values, 5)
    assert distinct.tolist() == [[[2, 4, 7], [1, -1, -1]]]
    assert place.tolist() == [[[1, 0, 1, 2], [0, 0, 0, 0]]]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-1, 6), min_size=5, max_size=5), min_size=1, max_size=4))
def test_distinct_values_give_the_values_back(rows):
    values = torch.tensor(rows)[None]
    distinct, place = distinct_of_rows(values, 5)
    assert distinct.gather(2, place).equal(values)
    for row, found in zip(rows, distinct[0].tolist(), strict=True):
        n_distinct = len(set(row))
        assert found[:n_distinct] == sorted(set(row))
        assert set(found[n_distinct:]) <= {-1}
