"""Word2Vec: tables of input and output vectors that train themselves on running text.

Consecutive tokens are cut into tiles. All scores of a tile, between its tokens, those of their
windows and its negative samples, are one small matrix product, in which pairs outside of each
other's window have weight 0. Tokens share negative samples, as in S. Ji et al., "Parallelizing
Word2Vec in Shared and Distributed Memory" (2016): in skip-gram the tokens of a tile; in CBOW, where
neighbours have nearly the same window, those at the same place of each tile of a block. A block is
a mini-batch: all its tiles read the same vectors, and the sum of their updates is added.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...modules import RandomLayer
from . import _network_host as host
from ._network_cbow import cbow_batch, train_cbow_blocks
from ._network_outputs import HuffmanTree, NegativeSampler
from ._network_steps import compiled, hierarchical_batch, skip_gram_batch, train_blocks
from ._network_tiles import Text

# Where a text repeats itself, a block sums many updates of few words, all computed from the same
# vectors, and the sum overshoots. Update density (see Text.update_density) measures that. Blocks
# above the maximum are halved down to the small block; then the learning rate is, until the
# density is below half of the maximum.
MAX_UPDATE_DENSITY = 4.0
SMALL_BLOCK = 32
# The same for the most frequent negative sample, which all tokens of a block may share.
MAX_NEGATIVE_DENSITY = 8.0
# Maximum number of window entries that are prepared at once: memory for a few numbers each.
MAX_WINDOW_ENTRIES = 2**20


class Layout(NamedTuple):
    """How text is cut. Values were chosen by speed and quality measured on novels.

    Attributes
    ----------
    tile : int
        Tokens of a tile. Longer tiles multiply more pairs of weight 0, shorter ones read more
        context vectors.
    block : int
        Tokens of a block. Longer ones are faster, shorter ones are closer to updates after each
        word.
    negatives : int
        Negative samples of a group of tokens, as a multiple of those that a single token draws.
    piece : int
        Maximum number of tokens that are prepared at once; fewer where windows are large.
    """

    tile: int
    block: int
    negatives: int = 0
    piece: int = 2**16

    def with_block_size(self, block_size: int | None) -> Layout:
        """The same with blocks of whole tiles of at least the given size; unchanged for None."""
        if block_size is None:
            return self
        tile = min(self.tile, block_size)
        return self._replace(tile=tile, block=-(-block_size // tile) * tile)


LAYOUTS = {
    ("skip-gram", "negative"): Layout(tile=32, block=512, negatives=1),
    ("cbow", "negative"): Layout(tile=32, block=1024, negatives=3),
    ("skip-gram", "hierarchical"): Layout(tile=16, block=512, piece=2**14),
    ("cbow", "hierarchical"): Layout(tile=16, block=512, piece=2**14),
}


class Word2Vec(RandomLayer):
    """Skip-gram and CBOW, with negative sampling or the hierarchical softmax.

    T. Mikolov et al., "Efficient Estimation of Word Representations in Vector Space" and
    "Distributed Representations of Words and Phrases and their Compositionality" (2013).

    Parameters
    ----------
    counts : sequence of int
        Number of occurrences of each word.
    vector_size : int
    window : int
        Maximum distance of context words; that of each token is drawn from 1 to this.
    algorithm : {"skip-gram", "cbow"}
    objective : {"negative", "hierarchical"}
    negative : int
        Number of negative samples for each positive word.
    ns_exponent : float
        Negative samples are drawn in proportion to their counts to this power.
    sample : float
        Threshold of sub-sampling, as a fraction of the text; 0 keeps all tokens.
    block_size : int or None
        Tokens of a block; None takes what is best on CPUs.
    n_workers : int
        Threads that train on pieces of the text at the same time, without locks (Hogwild).

    Attributes
    ----------
    longest_document : int or None
        Maximum number of tokens of a document, where it is known. On a device it bounds windows;
        on a CPU they are looked at.
    """

    longest_document: int | None = None

    input_embedding: nn.Embedding
    output_embedding: nn.Embedding
    keep_probability: Tensor
    sampler: NegativeSampler
    tree: HuffmanTree
    draws_from_generator = True

    def __init__(
        self,
        counts: Sequence[int],
        vector_size: int = 100,
        *,
        window: int = 5,
        algorithm: str = "skip-gram",
        objective: str = "negative",
        negative: int = 5,
        ns_exponent: float = 0.75,
        sample: float = 1e-3,
        block_size: int | None = None,
        n_workers: int = 1,
    ) -> None:
        super().__init__()
        self.window, self.negative = window, negative
        self.algorithm, self.objective = algorithm, objective
        self.ns_exponent, self.sample = ns_exponent, sample
        self.layout = LAYOUTS[algorithm, objective].with_block_size(block_size)
        self.block_size, self.n_workers = self.layout.block, n_workers
        n_pairs = 1 if algorithm == "cbow" else window + 1  # of a token, on average
        self.n_negatives = -(-self.layout.negatives * n_pairs * negative // 8) * 8
        n_outputs = len(counts) if objective == "negative" else max(1, len(counts) - 1)
        # Within 1 / vector_size as gensim: half of that, as in word2vec.c, learns more slowly.
        inputs = torch.empty(len(counts), vector_size).uniform_(-1, 1).div_(vector_size)
        self.input_embedding = nn.Embedding.from_pretrained(inputs, freeze=False)
        outputs = torch.zeros(n_outputs, vector_size)
        self.output_embedding = nn.Embedding.from_pretrained(outputs, freeze=False)
        self._set_counts(counts)

    def _set_counts(self, counts: Sequence[int]) -> None:
        """Sub-sampling, and negative samples or the tree, from the counts of words."""
        numbers = torch.as_tensor(counts, dtype=torch.float64)
        excess = self.sample * numbers.sum() / numbers if self.sample else torch.ones_like(numbers)
        self.register_buffer("keep_probability", (excess.sqrt() + excess).clamp(max=1).float())
        if self.objective == "negative":
            self.sampler = NegativeSampler(numbers**self.ns_exponent)
        else:
            self.tree = HuffmanTree([int(number) for number in counts])

    @torch.no_grad()
    def set_vectors(self, words: Iterable[int], vectors: Tensor) -> None:
        """Set the input vectors (n, vector_size) of some words."""
        weight = self.input_embedding.weight
        weight[torch.as_tensor(list(words))] = vectors.to(weight)

    @torch.no_grad()
    def copy_learned(self, other: Word2Vec) -> None:
        """Take over what another module has learned; its words are the first of this one's."""
        n_words = len(other.keep_probability)
        self.input_embedding.weight[:n_words] = other.input_embedding.weight
        if self.objective == "negative":
            self.output_embedding.weight[:n_words] = other.output_embedding.weight
        elif n_words == len(self.keep_probability):  # nodes keep their meaning with the same tree
            self.tree.copy_paths(other.tree)
            self.output_embedding.weight[:] = other.output_embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """The vectors of words: (...) to (..., vector_size)."""
        vectors: Tensor = self.input_embedding(tokens)
        return vectors

    # Training ------------------------------------------------------------------------------------

    def train_on(self, tokens: Tensor, document: Tensor, *, lr: float) -> Tensor:
        """Train on consecutive tokens of the corpus; return the mean loss of some of their pairs.

        Parameters
        ----------
        tokens : Tensor of shape (n,)
            Words, in the order of the text.
        document : Tensor of shape (n,)
            Number of the document of each token: windows are cut off at its ends.
        lr : float
            Learning rate.
        """
        size, stop = self._piece_size(document), threading.Event()
        pieces = tokens.split(size)
        # A seed for each piece: its random numbers do not depend on which thread takes it.
        seeds = self._draw_seeds(len(pieces))
        jobs = list(zip(pieces, document.split(size), seeds, strict=True))
        step = compiled(self._step)  # before the threads start
        if self.n_workers == 1:
            losses = [self._train_on_piece(*job, lr, step, stop) for job in jobs]
            return self._mean(losses)
        with ThreadPoolExecutor(self.n_workers) as threads:
            runs = [threads.submit(self._train_on_piece, *job, lr, step, stop) for job in jobs]
            try:
                return self._mean([run.result() for run in runs])
            finally:
                stop.set()  # Ctrl-C does not wait for the other pieces

    def _draw_seeds(self, n_seeds: int) -> list[int]:
        seeds = torch.randint(2**62, (n_seeds,), generator=host.host_generator(self.generator))
        return [int(seed) for seed in seeds.tolist()]

    def _max_radius(self, document: Tensor) -> int:
        """Upper bound of the radii of windows within documents."""
        longest = self.longest_document
        if host.is_on_host(document):
            longest = int(torch.unique_consecutive(document, return_counts=True)[1].max())
        return self.window if longest is None else min(self.window, longest)

    def _piece_size(self, document: Tensor) -> int:
        """Tokens to prepare at once: as many pieces for each worker, none shorter than a block."""
        radius = self._max_radius(document)  # a piece ends windows: it is several times as long
        limit = min(self.layout.piece, max(MAX_WINDOW_ENTRIES // (2 * radius + 1), 8 * radius))
        n_rounds = -(-len(document) // (limit * self.n_workers))
        size = -(-len(document) // (n_rounds * self.n_workers))
        return max(size, min(self.layout.block, self.layout.piece))

    @torch.inference_mode()  # has less overhead than no_grad: a tenth of the time of a step
    def _train_on_piece(
        self,
        tokens: Tensor,
        document: Tensor,
        seed: int,
        lr: float,
        step: Callable[..., Tensor],
        stop: threading.Event,
    ) -> Tensor | None:
        """Sub-sample a piece of text and train on it; its loss, None where no token is kept."""
        generator = torch.Generator(tokens.device).manual_seed(seed)
        # Sub-sampling of frequent words.
        drawn = torch.rand(tokens.shape, generator=generator, device=tokens.device)
        kept = host.nonzero_on_host(drawn < self.keep_probability.index_select(0, tokens))
        if stop.is_set() or not len(kept):
            return None
        tokens, document = tokens.index_select(0, kept).long(), document.index_select(0, kept)
        # The radius of each window is drawn from 1 to the maximum: near words count more often.
        radius = torch.randint(
            1, self.window + 1, tokens.shape, generator=generator, device=tokens.device
        )
        layout = self.layout.with_block_size(min(self.layout.block, len(tokens)))
        window = self.window if host.is_on_host(tokens) else self._max_radius(document)
        text = Text.from_documents(
            tokens, document, radius, radius, window, layout.tile, layout.block
        ).with_smallest_window()
        losses = [
            step(*self._tables, *self._batch(part, rate, generator))
            for part, rate in self._limit_density(text, layout, lr)
        ]
        return losses[0]

    def _mean(self, losses: list[Tensor | None]) -> Tensor:
        found = [loss for loss in losses if loss is not None]
        return torch.stack(found).mean() if found else self.keep_probability.new_zeros(())

    @property
    def _tables(self) -> tuple[Tensor, Tensor]:
        return self.input_embedding.weight, self.output_embedding.weight

    def _limit_density(self, text: Text, layout: Layout, lr: float) -> Iterator[tuple[Text, float]]:
        """Parts of the text with their learning rates, none above the maximum update density.

        Blocks above it are cut into smaller ones; small blocks get a lower learning rate.
        """
        while True:
            limit = 1.0 if layout.block > SMALL_BLOCK else 0.5
            dense = host.flags_on_host(self._relative_density(text, lr) > limit)
            if not any(dense):
                yield text, lr
                return
            if not all(dense):
                sparse = [not flag for flag in dense]
                yield text.select_blocks(sparse, layout.tile, layout.block), lr
            if layout.block > SMALL_BLOCK:
                layout = layout.with_block_size(layout.block // 2)
            else:
                lr /= 2
            text = text.select_blocks(dense, layout.tile, layout.block)

    def _relative_density(self, text: Text, lr: float) -> Tensor:
        """Update density of each block (b,), divided by the maximum one."""
        sizes = text.window_sizes
        if self.objective == "hierarchical":
            rates = lr * self.tree.lengths[text.tokens] * sizes
            return text.update_density(rates) / MAX_UPDATE_DENSITY
        of_words = text.update_density(lr * (1 + self.negative) * sizes) / MAX_UPDATE_DENSITY
        # CBOW compares negative samples with one mean per token, skip-gram with each pair.
        n_pairs = sizes.clamp(max=1) if self._is_cbow_negative else sizes
        rate = lr * self.negative * self.sampler.max_probability
        of_negatives = text.tiles(n_pairs).sum((1, 2)) * rate
        return torch.maximum(of_words, of_negatives / MAX_NEGATIVE_DENSITY)

    @property
    def _is_cbow_negative(self) -> bool:
        """Whether batches and steps are those of :mod:`._network_cbow`."""
        return self.algorithm == "cbow" and self.objective == "negative"

    @property
    def _step(self) -> Callable[..., Tensor]:
        return train_cbow_blocks if self._is_cbow_negative else train_blocks

    def _batch(self, text: Text, lr: float, generator: torch.Generator) -> tuple[Any, ...]:
        """The training batch of a text, with newly drawn negative samples."""
        if self.objective == "hierarchical":
            paths = self.tree.nodes, self.tree.codes, self.tree.lengths
            return hierarchical_batch(text, paths, lr, cbow=self.algorithm == "cbow")
        n_groups = text.tile if self._is_cbow_negative else text.block // text.tile
        negatives = self.sampler.draw(text.n_blocks, n_groups, self.n_negatives, generator)
        make = cbow_batch if self._is_cbow_negative else skip_gram_batch
        return make(text, negatives, self.negative, lr)
