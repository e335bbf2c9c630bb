"""The Huffman tree over a vocabulary: which inner nodes lie above a word, and on which side."""

from __future__ import annotations

import heapq
from itertools import count

import torch
from torch import Tensor


def huffman_paths(counts: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """The way from the root to each word in the tree that is shortest for these counts.

    D. A. Huffman, "A method for the construction of minimum-redundancy codes" (1952). Of nodes
    with equal counts the older one is joined first, words being the oldest, in their order.

    Parameters
    ----------
    counts : list of int
        How often each of the V words occurs.

    Returns
    -------
    nodes : Tensor of shape (V, depth), int64
        Inner nodes above each word, the root first; 0 behind the end of a way. Inner nodes have
        the numbers 0 to V - 2, the root is the last.
    codes : Tensor of shape (V, depth), bool
        Which of its two branches the way takes at each node.
    lengths : Tensor of shape (V,), int64
        Nodes above each word.
    """
    n_words = len(counts)
    parent, branch = _join(counts)
    root = 2 * n_words - 2
    ways: list[list[tuple[int, bool]]] = []
    for word in range(n_words):
        way, node = [], word
        while node != root:
            way.append((parent[node] - n_words, branch[node]))
            node = parent[node]
        ways.append(way[::-1])
    lengths = torch.tensor([len(way) for way in ways])
    nodes = torch.zeros(n_words, max(1, int(lengths.max())), dtype=torch.int64)
    codes = torch.zeros(nodes.shape, dtype=torch.bool)
    filled = torch.arange(nodes.shape[1]) < lengths[:, None]
    nodes[filled] = torch.tensor([node for way in ways for node, _ in way], dtype=torch.int64)
    codes[filled] = torch.tensor([code for way in ways for _, code in way], dtype=torch.bool)
    return nodes, codes, lengths


def _join(counts: list[int]) -> tuple[list[int], list[bool]]:
    """The parent of each node, words first, and whether it is the second of its two branches."""
    n_words = len(counts)
    parent, branch = [0] * (2 * n_words - 1), [False] * (2 * n_words - 1)
    heap = [(number, node) for node, number in enumerate(counts)]
    heapq.heapify(heap)
    numbers = count(n_words)
    while len(heap) > 1:
        (rarer, first), (other, second) = heapq.heappop(heap), heapq.heappop(heap)
        parent[first] = parent[second] = node = next(numbers)
        branch[second] = True
        heapq.heappush(heap, (rarer + other, node))
    return parent, branch
