"""The two output layers: negative samples, and the Huffman tree of the hierarchical softmax."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor, nn


class NegativeSampler(nn.Module):
    """Draws negative samples: words in proportion to weights, by the alias method.

    Parameters
    ----------
    weights : Tensor of shape (V,), float64
        Not negative: the words' counts to the power ``ns_exponent``.

    Attributes
    ----------
    threshold, alias : Tensors of shape (V,)
        See :func:`alias_table`.
    max_probability : float
        Probability of the most frequent negative sample.
    """

    threshold: Tensor
    alias: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        threshold, alias = alias_table(weights)
        self.register_buffer("threshold", threshold)
        self.register_buffer("alias", alias)
        self.max_probability = float(weights.max() / weights.sum())

    def draw(
        self, n_blocks: int, n_groups: int, n_samples: int, generator: torch.Generator
    ) -> Tensor:
        """Samples for each group of tokens of each block, (n_blocks, n_groups, n_samples).

        They are stratified: the vocabulary is divided into equal parts, and each sample of a block
        comes from a part of its own, so that each group has samples of the whole vocabulary. This
        takes fewer samples than independent ones for vectors of the same quality.
        """
        n_words, device = len(self.alias), self.alias.device
        n_parts = n_groups * n_samples
        # Neighbouring parts go to different groups, so that each group covers the vocabulary.
        part = torch.arange(n_parts, device=device).view(n_samples, n_groups)
        size = (n_blocks, n_samples, n_groups)
        # float64: float32 has too few digits for the number of a word in a large vocabulary.
        within = torch.rand(size, dtype=torch.float64, generator=generator, device=device)
        word = ((within + part) * (n_words / n_parts)).long().clamp_(max=n_words - 1)
        drawn = torch.rand(size, generator=generator, device=device)
        accepted = drawn < self.threshold.take(word)
        word = torch.where(accepted, word, self.alias.take(word))
        return word.transpose(1, 2).contiguous()


def alias_table(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Tables that turn two random numbers into a word drawn in proportion to (V,) weights.

    M. D. Vose, "A linear algorithm for generating random numbers with a given distribution"
    (1991).

    Returns
    -------
    threshold : Tensor of shape (V,), float32
        Draw one of the V words uniformly: with this probability it is the result.
    alias : Tensor of shape (V,), int64
        Otherwise this word is.
    """
    # The mean of ``scaled`` is 1: each word below it is filled up by one above it.
    scaled = (weights / weights.sum() * len(weights)).tolist()
    alias = list(range(len(scaled)))
    small = [word for word, value in enumerate(scaled) if value < 1]
    large = [word for word, value in enumerate(scaled) if value >= 1]
    while small and large:
        short, long = small.pop(), large[-1]
        alias[short] = long
        scaled[long] -= 1 - scaled[short]
        if scaled[long] < 1:
            small.append(large.pop())
    for word in (*small, *large):
        scaled[word] = 1.0  # up to rounding
    return torch.tensor(scaled, dtype=torch.float32), torch.tensor(alias)


class HuffmanTree(nn.Module):
    """The binary tree of the hierarchical softmax: frequent words have short paths.

    Parameters
    ----------
    counts : list of int
        Number of occurrences of each word.

    Attributes
    ----------
    nodes, codes, lengths : Tensors
        See :func:`huffman_paths`.
    """

    nodes: Tensor
    codes: Tensor
    lengths: Tensor

    def __init__(self, counts: list[int]) -> None:
        super().__init__()
        nodes, codes, lengths = huffman_paths(counts)
        self.register_buffer("nodes", nodes)
        self.register_buffer("codes", codes)
        self.register_buffer("lengths", lengths)

    def copy_paths(self, other: HuffmanTree) -> None:
        """Take over the paths of another tree of as many words."""
        self.nodes, self.codes, self.lengths = other.nodes, other.codes, other.lengths


def huffman_paths(counts: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """The path from the root of the Huffman tree to each word, for the hierarchical softmax.

    D. A. Huffman, "A method for the construction of minimum-redundancy codes" (1952). Of nodes
    with equal counts the older one is joined first, words being the oldest, in their order.

    Parameters
    ----------
    counts : list of int
        Number of occurrences of each of the V words.

    Returns
    -------
    nodes : Tensor of shape (V, depth), int64
        Inner nodes on the path to each word, the root first; 0 after the end of a path. Inner
        nodes have the numbers 0 to V - 2, the root is the last.
    codes : Tensor of shape (V, depth), bool
        Which of its two branches the path takes at each node.
    lengths : Tensor of shape (V,), int64
        Number of nodes on each path.
    """
    n_words = len(counts)
    parents, branches = _join(counts)
    parent, branch = torch.tensor(parents), torch.tensor(branches)
    root, node = 2 * n_words - 2, torch.arange(n_words)
    lengths = torch.zeros_like(node)
    upwards: list[tuple[Tensor, Tensor]] = []
    while bool((node != root).any()):  # all words climb at once, one level at a time
        lengths += node != root
        upwards.append((parent[node], branch[node]))
        node = torch.where(node == root, root, parent[node])
    depth = max(1, len(upwards))
    step = lengths[:, None] - 1 - torch.arange(depth)  # the same path downwards
    on_path = step >= 0
    nodes, codes = torch.zeros(n_words, depth, dtype=torch.int64), torch.zeros_like(on_path)
    if upwards:
        up_nodes, up_codes = (torch.stack(column, 1) for column in zip(*upwards, strict=True))
        nodes = torch.where(on_path, up_nodes.gather(1, step.clamp(min=0)) - n_words, 0)
        codes = up_codes.gather(1, step.clamp(min=0)) & on_path
    return nodes, codes, lengths


def _join(counts: list[int]) -> tuple[list[int], list[bool]]:
    """The parent of each node, words first, and whether the node is its second child.

    Words sorted by count are one queue. Inner nodes are a second one: they are made in the order
    of their counts. So the two nodes of the lowest counts are always at the heads of the queues.
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
