"""Running text cut into blocks of tiles, and which tokens are in each token's window."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from . import _network_host as host

# Update rates of a block's words are summed in this many places, a word's by its number modulo
# this: rare words share a place with others.
N_SUMS = 2**13


class Text(NamedTuple):
    """A piece of text in blocks of tiles of consecutive tokens; the last ones are padded.

    Attributes
    ----------
    tokens : Tensor of shape (n,), int64
        Words, as rows of the input table.
    before, after : Tensors of shape (n,), int64
        Number of tokens of each one's window on either side, within its document.
    window : int
        Upper bound of ``before`` and ``after``, at least 1.
    tile, block : int
        Number of tokens of a tile and of a block, which has a whole number of tiles.
    """

    tokens: Tensor
    before: Tensor
    after: Tensor
    window: int
    tile: int
    block: int

    @classmethod
    def from_documents(
        cls, tokens: Tensor, document: Tensor, before: Tensor, after: Tensor, *sizes: int
    ) -> Text:
        """From the document of each token: windows are cut off at its ends."""
        n_tokens = len(tokens)
        place = torch.arange(n_tokens, device=tokens.device)
        changes = document[1:] != document[:-1]
        first, last = torch.zeros_like(place), torch.full_like(place, n_tokens - 1)
        # Maxima so far, and minima from here on: no size depends on the number of documents.
        first[1:] = place[1:] * changes
        first = first.cummax(0)[0]
        last[:-1] = torch.where(changes, place[:-1], n_tokens - 1)
        last = last.flip(0).cummin(0)[0].flip(0)
        return cls(
            tokens, torch.minimum(before, place - first), torch.minimum(after, last - place), *sizes
        )

    def with_smallest_window(self) -> Text:
        """The same text with the smallest ``window`` that bounds all windows.

        On a device it stays as it is: to look for it would be to wait.
        """
        if not host.is_on_host(self.tokens):
            return self
        longest = int(torch.maximum(self.before, self.after).max())
        return self._replace(window=max(1, longest))

    def select_blocks(self, blocks: list[bool], tile: int, block: int) -> Text:
        """Some blocks, cut into tiles and blocks of other sizes.

        Windows are cut off where the blocks before or after are not selected.
        """
        places = torch.arange(len(self.tokens), device=self.tokens.device)
        columns = []
        for run in runs_of(blocks, self.block):
            here = places[run]
            before = torch.minimum(self.before[run], here - run.start)
            after = torch.minimum(self.after[run], run.start + len(here) - 1 - here)
            columns.append((self.tokens[run], before, after))
        tokens, before, after = (torch.cat(column) for column in zip(*columns, strict=True))
        return Text(tokens, before, after, self.window, tile, block)

    @property
    def n_blocks(self) -> int:
        return -(-len(self.tokens) // self.block)

    @property
    def n_context(self) -> int:
        """Number of tokens of a tile together with those that its windows can reach."""
        return self.tile + 2 * self.window

    def tiles(self, column: Tensor) -> Tensor:
        """A column (n,) cut into tiles, padded with zeros: (b, S, tile)."""
        padded = column.new_zeros(self.n_blocks * self.block)
        padded[: len(column)] = column
        return padded.view(self.n_blocks, -1, self.tile)

    def contexts(self, column: Tensor) -> Tensor:
        """The tiles of a column (n,) with what their windows can reach: (b, S, n_context)."""
        padded = column.new_zeros(self.n_blocks * self.block + 2 * self.window)
        padded[self.window : self.window + len(column)] = column
        # A view: neighbouring contexts overlap, and nothing is copied.
        shape = self.n_blocks, self.block // self.tile, self.n_context
        return padded.as_strided(shape, (self.block, self.tile, 1))

    @property
    def window_sizes(self) -> Tensor:
        """Number of tokens in the window of each token (n,)."""
        return self.before + self.after

    def update_density(self, rates: Tensor) -> Tensor:
        """How often the same words are updated within each block (b,).

        ``rates`` (n,) are learning rates, times the number of updates, of each token. They are
        summed over all tokens of a word; the result is the mean of these sums, weighted by the
        rates.
        """
        words, rates = self.tiles(self.tokens).flatten(1), self.tiles(rates).flatten(1)
        # A table of the vocabulary for each block would be too large.
        place = words % N_SUMS + N_SUMS * torch.arange(len(words), device=words.device)[:, None]
        sums = rates.new_zeros(len(words) * N_SUMS)
        sums.index_add_(0, place.flatten(), rates.flatten())
        return (sums.take(place) * rates).sum(1) / rates.sum(1).clamp(min=1e-12)


def runs_of(blocks: list[bool], block: int) -> list[slice]:
    """Where the tokens of consecutive selected blocks are."""
    runs = [list(run) for _, run in groupby(range(len(blocks)), blocks.__getitem__)]
    return [slice(run[0] * block, (run[-1] + 1) * block) for run in runs if blocks[run[0]]]


class Windows:
    """Weights of the context of each token: ``weight`` for tokens in its window, 0 for others.

    ``n_extra`` columns follow that hold ``extra_weight`` for each token in the window. A row of
    weights depends on the place in the tile and on the size of the window alone. So there is a
    table of all possible rows, one half of it for each side of the window: adding two of its rows
    is many times as fast as comparing places.

    Attributes
    ----------
    rows : Tensor of shape (b, S, tile, 2), int64
        The two rows of ``table`` whose sum are the weights of a token.
    table : Tensor of shape (2 * tile * (window + 1), n_context + n_extra)
    """

    def __init__(
        self, text: Text, weight: float = 1.0, n_extra: int = 0, extra_weight: float = 0.0
    ) -> None:
        device, size = text.tokens.device, text.window + 1
        radius, here = torch.arange(size, device=device), torch.arange(text.tile, device=device)
        distance = torch.arange(text.n_context, device=device) - here[:, None, None] - text.window
        sides = torch.stack([-distance, distance])  # (2, tile, 1, n_context)
        inside = ((sides > 0) & (sides <= radius[:, None])).float()
        extra = (radius[:, None] * extra_weight).expand(*inside.shape[:3], n_extra)
        self.table = torch.cat([inside, extra], 3).mul_(weight).flatten(0, 2)
        first = here * size
        self.rows = torch.stack(
            [text.tiles(text.before) + first, text.tiles(text.after) + first + text.tile * size],
            dim=3,
        )  # (b, S, tile, 2)
