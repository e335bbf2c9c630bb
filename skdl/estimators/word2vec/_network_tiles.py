"""Running text as blocks of strips: what their tokens learn, and how strongly."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

N_SUMS = 2**13  # places where rates of words are summed: rare words share one with others


class Lessons(NamedTuple):
    """What a piece of text teaches: b blocks of S strips.

    Predictors are the inputs of a strip, or means of them. They meet the outputs of the strip.

    Attributes
    ----------
    inputs : Tensor of shape (b, S, h), int64
        Words whose vectors are the inputs.
    outputs : Tensor of shape (b, S, m), int64
        Rows of the other table: words, or nodes of the tree.
    truth : Tensor of shape (b, 1 or S, 1, m)
        1 for true outputs, 0 for others.
    window_rows, window_table : Tensors of shapes (b, S, strip, 2), int64, and (n, h + k)
        What is in each token's window, see :class:`Windows`.
    meetings : Tensor of shape (b, S, strip, m) or None
        How often each token of a strip meets an output, times the rate; None where the windows say
        it.
    n_words : Tensor of shape (b, S, strip, 1) or None
        Words in each window, where predictors are their means; None where they are the inputs.
    tree : bool
        Whether outputs are nodes of a tree.
    """

    inputs: Tensor
    outputs: Tensor
    truth: Tensor
    window_rows: Tensor
    window_table: Tensor
    meetings: Tensor | None
    n_words: Tensor | None
    tree: bool


class Text(NamedTuple):
    """A piece of text, cut into blocks of strips, the last of which are filled up.

    Attributes
    ----------
    tokens : Tensor of shape (n,), int64
    before, after : Tensors of shape (n,), int64
        Tokens that each one's window reaches on either side, within the document.
    window : int
        Most of them, at least 1.
    strip, block : int
        Tokens of a strip and of a block.
    """

    tokens: Tensor
    before: Tensor
    after: Tensor
    window: int
    strip: int
    block: int

    @classmethod
    def of(
        cls, tokens: Tensor, document: Tensor, before: Tensor, after: Tensor, *sizes: int
    ) -> Text:
        """From the document of each token, over whose ends no window reaches."""
        lengths = torch.unique_consecutive(document, return_counts=True)[1]
        ends = torch.repeat_interleave(lengths.cumsum(0), lengths)
        place = torch.arange(len(tokens), device=tokens.device)
        from_start = place - (ends - torch.repeat_interleave(lengths, lengths))
        to_end = ends - 1 - place
        return cls(tokens, torch.minimum(before, from_start), torch.minimum(after, to_end), *sizes)

    def narrowed(self) -> Text:
        """The same, with a window of no more than its documents let any token reach."""
        longest = int(torch.maximum(self.before, self.after).max())
        return self._replace(window=max(1, longest))

    def part(self, blocks: Tensor, strip: int, block: int) -> Text:
        """Some of the blocks, as text cut otherwise. Where others are left out, windows end."""
        chosen = blocks.repeat_interleave(self.block)[: len(self.tokens)]
        run = chosen.diff(prepend=chosen[:1]).cumsum(0)
        before, after = self.before[chosen], self.after[chosen]
        return Text.of(self.tokens[chosen], run[chosen], before, after, self.window, strip, block)

    @property
    def n_blocks(self) -> int:
        return -(-len(self.tokens) // self.block)

    @property
    def n_around(self) -> int:
        """Tokens of a strip and around it."""
        return self.strip + 2 * self.window

    def within(self, column: Tensor) -> Tensor:
        """A column (n,) cut into strips: (b, S, strip)."""
        padded = column.new_zeros(self.n_blocks * self.block)
        padded[: len(column)] = column
        return padded.view(self.n_blocks, -1, self.strip)

    def around(self, column: Tensor) -> Tensor:
        """The same with what windows reach on both sides: (b, S, n_around)."""
        padded = column.new_zeros(self.n_blocks * self.block + 2 * self.window)
        padded[self.window : self.window + len(column)] = column
        shape = self.n_blocks, self.block // self.strip, self.n_around
        return padded.as_strided(shape, (self.block, self.strip, 1))

    @property
    def n_words(self) -> Tensor:
        """Words in the window of each token (n,)."""
        return self.before + self.after

    def crowding(self, rates: Tensor) -> Tensor:
        """How often the words of each block (b,) are learned in it.

        ``rates`` (n,) are the rates of each token's updates. Their sum for all tokens of a word is
        averaged over them.
        """
        words, rates = self.within(self.tokens).flatten(1), self.within(rates).flatten(1)
        place = words % N_SUMS + N_SUMS * torch.arange(len(words), device=words.device)[:, None]
        sums = rates.new_zeros(len(words) * N_SUMS)
        sums.index_add_(0, place.flatten(), rates.flatten())
        return (sums.take(place) * rates).sum(1) / rates.sum(1).clamp(min=1e-12)


class Windows:
    """What is in the window of each token of a strip: ``times`` where it is, 0 elsewhere.

    The ``n_more`` columns behind hold ``more`` for each word that is. All that a strip can look
    like stands in a table, in one half for each side: to add two of its rows is many times as fast
    as to compare places.
    """

    def __init__(self, text: Text, times: float = 1.0, n_more: int = 0, more: float = 0.0) -> None:
        device, size = text.tokens.device, text.window + 1
        reach, here = torch.arange(size, device=device), torch.arange(text.strip, device=device)
        distance = torch.arange(text.n_around, device=device) - here[:, None, None] - text.window
        sides = torch.stack([-distance, distance])  # (2, strip, 1, n_around)
        inside = ((sides > 0) & (sides <= reach[:, None])).float()
        behind = (reach[:, None] * more).expand(*inside.shape[:3], n_more)
        self.table = torch.cat([inside, behind], 3).mul_(times).flatten(0, 2)
        first = here * size
        self.rows = torch.stack(
            [text.within(text.before) + first, text.within(text.after) + first + text.strip * size],
            dim=3,
        )  # (b, S, strip, 2)


def skip_gram(text: Text, noise: Tensor, negative: int, lr: float) -> Lessons:
    """Each token predicts the words of its window, against noise words.

    ``noise`` (b, S, k) are k words for each strip; they count as ``negative`` for each true word.
    """
    n_noise = noise.shape[2]
    windows = Windows(text, lr, n_noise, negative / n_noise)
    inputs = text.within(text.tokens)
    outputs = torch.cat([text.around(text.tokens), noise], 2)
    truth = (torch.arange(outputs.shape[2], device=outputs.device) < text.n_around).float()
    truth = truth.expand(len(outputs), 1, 1, -1)
    return Lessons(inputs, outputs, truth, windows.rows, windows.table, None, None, tree=False)


def with_tree(text: Text, ways: tuple[Tensor, Tensor, Tensor], lr: float, *, cbow: bool) -> Lessons:
    """The words of each token's window, or their mean, predict its way through the tree.

    ``ways`` are nodes, codes and lengths as :func:`huffman_paths` gives them.
    """
    nodes, codes, lengths = ways
    own, n_words = text.within(text.tokens), text.within(text.n_words)
    n_steps = torch.where(n_words > 0, lengths[own], 0)  # (b, S, c)
    depth = max(1, int(n_steps.max()))
    real = torch.arange(depth, device=own.device) < n_steps.unsqueeze(3)
    # A node with its code, as one number: it comes once in a strip, for all tokens below it.
    steps = torch.where(real, nodes[own, :depth] * 2 + codes[own, :depth], -1).flatten(2)
    outputs, place = distinct_of_rows(steps)
    meetings = torch.zeros(*own.shape, outputs.shape[2], device=own.device)
    meetings.scatter_add_(3, place.view(real.shape), real * lr)
    truth = (outputs % 2 == 0).float().unsqueeze(2)
    outputs, inputs, windows = outputs.clamp_(min=0) // 2, text.around(text.tokens), Windows(text)
    means = n_words.clamp(min=1).unsqueeze(3) if cbow else None
    return Lessons(inputs, outputs, truth, windows.rows, windows.table, meetings, means, tree=True)


def distinct_of_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct values along the last dimension, filled up with -1, and where each one went."""
    ordered, order = values.sort(dim=2)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[:, :, 1:] = ordered[:, :, 1:] != ordered[:, :, :-1]
    slot = new.cumsum(2) - 1
    distinct = values.new_full((*values.shape[:2], int(slot.max()) + 1), -1)
    return distinct.scatter_(2, slot, ordered), torch.empty_like(slot).scatter_(2, order, slot)
