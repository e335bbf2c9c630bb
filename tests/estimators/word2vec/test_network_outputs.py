"""Negative samples, and the Huffman tree: one drawn by hand, gensim's, the shortest codes."""

import heapq
import itertools
import logging
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec._network_outputs import (
    HuffmanTree,
    NegativeSampler,
    alias_table,
    huffman_paths,
)

# Negative samples --------------------------------------------------------------------------------


def probabilities_of(threshold, alias):
    """The probability of each word in the alias method."""
    n_words = len(alias)
    accepted = threshold.double() / n_words
    return accepted.index_add(0, alias, (1 - threshold.double()) / n_words)


@settings(deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60))
def test_alias_table_draws_in_proportion_to_the_weights(weights):
    weights = torch.tensor(weights, dtype=torch.float64)
    threshold, alias = alias_table(weights)
    assert threshold.dtype == torch.float32
    assert alias.dtype == torch.int64
    assert ((threshold >= 0) & (threshold <= 1)).all()
    assert ((alias >= 0) & (alias < len(weights))).all()
    torch.testing.assert_close(
        probabilities_of(threshold, alias), weights / weights.sum(), rtol=1e-4, atol=1e-7
    )


def test_alias_table_of_a_large_vocabulary():
    weights = 1 / torch.arange(1, 20_001, dtype=torch.float64)
    found = probabilities_of(*alias_table(weights))
    torch.testing.assert_close(found, weights / weights.sum(), rtol=1e-3, atol=1e-9)


def test_alias_table_of_equal_weights_needs_no_alias():
    assert alias_table(torch.full((7,), 3.0, dtype=torch.float64))[0].tolist() == [1.0] * 7


def test_a_word_of_weight_zero_is_never_drawn():
    found = probabilities_of(*alias_table(torch.tensor([1.0, 0.0, 3.0], dtype=torch.float64)))
    assert found.tolist() == [0.25, 0.0, 0.75]


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5])
def test_negative_samples_are_drawn_in_proportion_to_the_weights(ns_exponent):
    weights = torch.tensor([50, 20, 10, 5, 1], dtype=torch.float64) ** ns_exponent
    sampler, expected = NegativeSampler(weights), weights / weights.sum()
    assert sampler.max_probability == pytest.approx(float(expected.max()))
    samples = sampler.draw(100, 100, 40, torch.Generator().manual_seed(0))
    assert samples.shape == (100, 100, 40)
    found = torch.bincount(samples.flatten(), minlength=5) / samples.numel()
    error = (expected * (1 - expected) / samples.numel()).sqrt()
    assert ((found - expected).abs() < 5 * error).all()


def test_samples_are_stratified():
    """Of equal weights, each word comes once in a block, and each group has all parts."""
    sampler = NegativeSampler(torch.ones(64, dtype=torch.float64))
    samples = sampler.draw(3, 4, 16, torch.Generator().manual_seed(0))
    assert samples.shape == (3, 4, 16)
    for block in samples:
        assert sorted(block.flatten().tolist()) == list(range(64))
        assert all(sorted((group // 4).tolist()) == list(range(16)) for group in block)


# The Huffman tree --------------------------------------------------------------------------------

COUNTS = st.lists(st.integers(1, 12), min_size=1, max_size=25)


def paths_of(counts):
    """The nodes and codes of each word's path, without padding, which is checked."""
    nodes, codes, lengths = huffman_paths(counts)
    assert nodes.dtype == lengths.dtype == torch.int64
    assert codes.dtype == torch.bool
    assert nodes.shape == codes.shape == (len(counts), max(1, int(lengths.max())))
    paths = []
    for word, length in enumerate(lengths.tolist()):
        assert not nodes[word, length:].any()
        assert not codes[word, length:].any()
        paths.append((nodes[word, :length].tolist(), codes[word, :length].int().tolist()))
    return paths


def all_sums_differ(counts):
    """Whether there is only one tree: no two nodes to be joined have equal counts."""
    heap = sorted(counts)
    while len(heap) > 1:
        if len(set(heap)) < len(heap):
            return False
        heapq.heapify(heap)
        heapq.heappush(heap, heapq.heappop(heap) + heapq.heappop(heap))
    return True


def tree_of_gensim(counts):
    """The same from gensim, whose words are sorted by their counts, the most frequent first."""
    word2vec = pytest.importorskip("gensim.models.word2vec")
    logging.getLogger("gensim").setLevel(logging.ERROR)
    model = word2vec.Word2Vec(hs=1, negative=0, min_count=1, vector_size=1)
    model.build_vocab_from_freq({f"w{i}": number for i, number in enumerate(counts)})
    vectors, words = model.wv, [f"w{i}" for i in range(len(counts))]
    assert vectors.index_to_key == words
    attributes = ("point", "code")
    return [tuple(list(map(int, vectors.get_vecattr(w, a))) for a in attributes) for w in words]


def shortest_total(counts):
    """The least sum of counts times depths, over all sets of depths that a binary tree can have."""
    n_words, ordered, best = len(counts), sorted(counts, reverse=True), math.inf
    for depths in itertools.combinations_with_replacement(range(n_words), n_words):
        if sum(Fraction(1, 2**depth) for depth in depths) == 1:
            best = min(
                best, sum(number * depth for number, depth in zip(ordered, depths, strict=True))
            )
    return best


def total(counts):
    return sum(
        number * len(codes) for number, (_, codes) in zip(counts, paths_of(counts), strict=True)
    )


def test_a_tree_drawn_by_hand():
    # 1 + 2 = 3 (node 0), 3 + 4 = 7 (node 1), 7 + 8 = 15 (node 2), 15 + 16 = 31 (node 3)
    assert paths_of([16, 8, 4, 2, 1]) == [
        ([3], [1]),
        ([3, 2], [0, 1]),
        ([3, 2, 1], [0, 0, 1]),
        ([3, 2, 1, 0], [0, 0, 0, 1]),
        ([3, 2, 1, 0], [0, 0, 0, 0]),
    ]


def test_words_come_in_any_order():
    # 2 + 3 = 5 (node 0), 5 of the word + 5 of the node = 10 (node 1), 6 + 10 = 16 (node 2)
    assert paths_of([3, 6, 2, 5]) == [
        ([2, 1, 0], [1, 1, 1]),
        ([2], [0]),
        ([2, 1, 0], [1, 1, 0]),
        ([2, 1], [1, 0]),
    ]


def test_of_equal_counts_the_older_is_joined_first():
    # words 0 + 1 (node 0), words 2 + 3 (node 1), then both nodes (node 2)
    assert paths_of([1, 1, 1, 1]) == [
        ([2, 0], [0, 0]),
        ([2, 0], [0, 1]),
        ([2, 1], [1, 0]),
        ([2, 1], [1, 1]),
    ]


def test_one_word_is_the_root():
    assert paths_of([7]) == [([], [])]


def test_two_words_are_the_branches_of_the_root():
    assert paths_of([5, 3]) == [([0], [1]), ([0], [0])]
    assert paths_of([3, 5]) == [([0], [0]), ([0], [1])]


def test_counts_that_grow_as_fast_as_fibonaccis_make_the_deepest_tree():
    counts = [1, 1]
    while len(counts) < 100:  # beyond what 64 bits hold
        counts.append(counts[-1] + counts[-2])
    lengths = huffman_paths(counts)[2]
    assert lengths.tolist() == [99, *range(99, 0, -1)]


def test_a_large_vocabulary_of_one_count_is_balanced():
    assert huffman_paths([3] * 1024)[2].unique().tolist() == [10]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=30, unique=True).filter(all_sums_differ)
)
def test_codes_and_nodes_are_those_of_gensim(counts):
    counts.sort(reverse=True)
    assert paths_of(counts) == tree_of_gensim(counts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=7))
def test_where_counts_tie_the_tree_is_still_a_shortest_one(counts):
    assert total(counts) == shortest_total(counts)


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_the_total_is_the_sum_of_what_is_joined(counts):
    """Of two queues, as J. van Leeuwen (1976) builds the tree: sorted words, and nodes in turn."""
    words, joined, expected = sorted(counts), [], 0
    for _ in range(len(counts) - 1):
        both = 0
        for _ in range(2):
            from_words = not joined or (words and words[0] <= joined[0])
            both += (words if from_words else joined).pop(0)
        joined.append(both)
        expected += both
    assert total(counts) == expected


@settings(deadline=None)
@given(COUNTS)
def test_paths_are_those_of_one_binary_tree(counts):
    branches = {}  # what each branch of each node leads to
    for word, (nodes, codes) in enumerate(paths_of(counts)):
        assert nodes[:1] in ([], [len(counts) - 2]), "the root is the last node"
        after = [*nodes, f"word {word}"][1:]
        for node, code, below in zip(nodes, codes, after, strict=True):
            assert branches.setdefault((node, code), below) == below
    assert len(branches) == 2 * (len(counts) - 1)
    assert {node for node, _ in branches} == set(range(len(counts) - 1))
    assert len(set(branches.values())) == len(branches), "no node or word is reached twice"


@settings(deadline=None)
@given(COUNTS)
def test_a_rarer_word_is_never_nearer_to_the_root(counts):
    lengths = huffman_paths(counts)[2].tolist()
    for (rarer, depth), (other, depth_of_other) in itertools.permutations(
        zip(counts, lengths, strict=True), 2
    ):
        assert rarer >= other or depth >= depth_of_other


def test_a_tree_keeps_its_paths_or_takes_those_of_another():
    tree, other = HuffmanTree([5, 3, 1]), HuffmanTree([1, 3, 5])
    for ours, expected in zip(
        (tree.nodes, tree.codes, tree.lengths), huffman_paths([5, 3, 1]), strict=True
    ):
        assert ours.equal(expected)
    tree.copy_paths(other)
    assert tree.lengths.tolist() == [2, 2, 1]
    assert set(tree.state_dict()) == {"nodes", "codes", "lengths"}
