"""The Huffman tree over a vocabulary: which inner nodes lie above a word, and on which side."""

from __future__ import annotations

from collections import deque

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
    parents, branches = _join(counts)
    parent, branch = torch.tensor(parents), torch.tensor(branches)
    root, node = 2 * n_words - 2, torch.arange(n_words)
    lengths = torch.zeros_like(node)
    upwards: list[tuple[Tensor, Tensor]] = []
    while bool((node != root).any()):  # all words go up together, a step at a time
        lengths += node != root
        upwards.append((parent[node], branch[node]))
        node = torch.where(node == root, root, parent[node])
    depth = max(1, len(upwards))
    step = lengths[:, None] - 1 - torch.arange(depth)  # the same way down from the root
    real = step >= 0
    nodes, codes = torch.zeros(n_words, depth, dtype=torch.int64), torch.zeros_like(real)
    if upwards:
        up_nodes, up_codes = (torch.stack(column, 1) for column in zip(*upwards, strict=True))
        nodes = torch.where(real, up_nodes.gather(1, step.clamp(min=0)) - n_words, 0)
        codes = up_codes.gather(1, step.clamp(min=0)) & real
    return nodes, codes, lengths


def _join(counts: list[int]) -> tuple[list[int], list[bool]]:
    """The parent of each node, words first, and whether it is the second of its two branches.

    Words in the order of their counts and inner nodes in the order of their making, which is that
    of theirs, are two queues: the rarest two nodes are always at their heads.
    """
    n_words = len(counts)
    parent, branch = [0] * (2 * n_words - 1), [False] * (2 * n_words - 1)
    totals = [*counts, *[0] * (n_words - 1)]
    words = deque(sorted(range(n_words), key=counts.__getitem__))
    inner: deque[int] = deque()
    for node in range(n_words, 2 * n_words - 1):
        pair = []
        for _ in range(2):
            from_words = words and (not inner or totals[words[0]] <= totals[inner[0]])
            pair.append((words if from_words else inner).popleft())
        parent[pair[0]] = parent[pair[1]] = node
        branch[pair[1]] = True
        totals[node] = totals[pair[0]] + totals[pair[1]]
        inner.append(node)
    return parent, branch
