"""Word2Vec: two tables of word vectors that train themselves on running text.

A step: tokens that follow one another are cut into strips, and what the tokens of a strip learn
from each other is one small product of matrices, with weights that are 0 for all that do not share
a window. Tokens share noise words, as in S. Ji et al., "Parallelizing Word2Vec in Shared and
Distributed Memory" (2016): in skip-gram those of a strip, in CBOW, where neighbours have nearly the
same window, those at the same place of each strip. The strips of a block learn from the same
vectors, and what they learn is summed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ._network_cbow import cbow, learn_means
from ._network_huffman import huffman_paths
from ._network_steps import compiled, learn_blocks
from ._network_tiles import Text, skip_gram, with_tree

# Words of a block learn from the same vectors. Where a text says the same again and again, many
# updates of few words would be summed and go too far: there blocks are smaller, so that the rates
# of a word sum up to no more than this, on average. Where a small block is still crowded, all of it
# is much the same: it learns at a lower rate, until half of this is left.
CROWDED = 4.0
SMALL_BLOCK = 32
# The same for the most frequent noise word, which all words of a block learn to tell from theirs.
CROWDED_NOISE = 8.0
# Words in all windows that are prepared at once: some numbers of memory for each.
WINDOW_WORDS = 2**20


class Layout(NamedTuple):
    """How text is cut, for the best of speed and quality: found by measuring, on novels."""

    strip: int  # more waste products on words that share no window, fewer read more neighbours
    block: int  # more are faster, fewer truer to learning word by word
    noise: int = 0  # noise words drawn at once, times those that a token alone would draw
    piece: int = 2**16  # tokens that are prepared at once, at most: fewer where windows are large

    def fitted_to(self, block_size: int | None) -> Layout:
        """The same with whole strips in blocks of about another size."""
        if block_size is None:
            return self
        strip = min(self.strip, block_size)
        return self._replace(strip=strip, block=-(-block_size // strip) * strip)


LAYOUTS = {
    ("skip-gram", "negative"): Layout(strip=32, block=512, noise=1),
    ("cbow", "negative"): Layout(strip=32, block=1024, noise=3),
    ("skip-gram", "hierarchical"): Layout(strip=16, block=512, piece=2**14),
    ("cbow", "hierarchical"): Layout(strip=16, block=512, piece=2**14),
}


class Word2Vec(nn.Module):
    """Word vectors that predict, or are predicted by, the words around them.

    T. Mikolov et al., "Efficient Estimation of Word Representations in Vector Space" and
    "Distributed Representations of Words and Phrases and their Compositionality" (2013).

    Parameters
    ----------
    counts : sequence of int
        How often each of the words occurs.
    vector_size : int
    window : int
        Each token's window reaches a number of tokens that is drawn from 1 to this.
    algorithm : {"skip-gram", "cbow"}
    objective : {"negative", "hierarchical"}
    negative : int
        Noise words that count as much as one true word.
    ns_exponent : float
        Noise words are drawn in proportion to their counts to this power.
    sample : float
        Words that are a larger part of the text than this are left out now and then; 0 keeps all.
    block_size : int or None
        Tokens that learn at once, from the same vectors; None takes what is best on CPUs.
    n_workers : int
        Threads that train on pieces of the text beside one another and do not wait.
    """

    input_embedding: nn.Embedding
    output_embedding: nn.Embedding
    keep: Tensor
    noise_threshold: Tensor
    noise_other: Tensor
    nodes: Tensor
    codes: Tensor
    depths: Tensor

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
        self.layout = LAYOUTS[algorithm, objective].fitted_to(block_size)
        self.block_size, self.n_workers = self.layout.block, n_workers
        n_pairs = 1 if algorithm == "cbow" else window + 1  # of a token, on average
        self.n_noise = -(-self.layout.noise * n_pairs * negative // 8) * 8
        n_outputs = len(counts) if objective == "negative" else max(1, len(counts) - 1)
        # Within 1 / vector_size as gensim: from half of that, word2vec.c's, it starts slower.
        inputs = torch.empty(len(counts), vector_size).uniform_(-1, 1).div_(vector_size)
        self.input_embedding = nn.Embedding.from_pretrained(inputs, freeze=False)
        outputs = torch.zeros(n_outputs, vector_size)
        self.output_embedding = nn.Embedding.from_pretrained(outputs, freeze=False)
        self.count(counts)

    def count(self, counts: Sequence[int]) -> None:
        """Learn from the words' counts how often they are left out, and noise or the tree."""
        numbers = torch.as_tensor(counts, dtype=torch.float64)
        excess = self.sample * numbers.sum() / numbers if self.sample else torch.ones_like(numbers)
        self.register_buffer("keep", (excess.sqrt() + excess).clamp(max=1).float())
        if self.objective == "negative":
            weights = numbers**self.ns_exponent
            self.top_noise = float(weights.max() / weights.sum())
            threshold, other = alias_table(weights)
            self.register_buffer("noise_threshold", threshold)
            self.register_buffer("noise_other", other)
        else:
            nodes, codes, depths = huffman_paths([int(number) for number in counts])
            self.register_buffer("nodes", nodes)
            self.register_buffer("codes", codes)
            self.register_buffer("depths", depths)

    @torch.no_grad()
    def set_vectors(self, words: Iterable[int], vectors: Tensor) -> None:
        """Begin with these vectors (n, vector_size) for some words."""
        self.input_embedding.weight[torch.as_tensor(list(words))] = vectors.to(self.keep)

    @torch.no_grad()
    def take_over(self, other: Word2Vec) -> None:
        """Go on from what another has learned, whose words are the first of this one's."""
        n_words = len(other.keep)
        self.input_embedding.weight[:n_words] = other.input_embedding.weight
        if self.objective == "negative":
            self.output_embedding.weight[:n_words] = other.output_embedding.weight
        elif n_words == len(self.keep):  # the nodes mean the same so long as the tree stays
            self.nodes, self.codes, self.depths = other.nodes, other.codes, other.depths
            self.output_embedding.weight[:] = other.output_embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """The vectors of words: (...) to (..., vector_size)."""
        vectors: Tensor = self.input_embedding(tokens)
        return vectors

    # Training ------------------------------------------------------------------------------------

    def train_on(self, tokens: Tensor, document: Tensor, *, lr: float) -> Tensor:
        """Learn from a piece of the corpus; the mean loss of a part of its pairs.

        Parameters
        ----------
        tokens : Tensor of shape (n,)
            Words in the order of the text.
        document : Tensor of shape (n,)
            The number of the document that each is of: no window reaches over its ends.
        lr : float
        """
        size, stop = self._piece_size(document), threading.Event()
        pieces = tokens.split(size)
        # Each piece has random numbers of its own, whichever thread takes it.
        seeds = torch.randint(2**62, (len(pieces),)).tolist()
        jobs = list(zip(pieces, document.split(size), seeds, strict=True))
        learn = compiled(self._learn)  # once, before threads ask for it
        if self.n_workers == 1:
            losses = [self._train_on_piece(*job, lr, learn, stop) for job in jobs]
            return self._mean(losses)
        with ThreadPoolExecutor(self.n_workers) as threads:
            runs = [threads.submit(self._train_on_piece, *job, lr, learn, stop) for job in jobs]
            try:
                return self._mean([run.result() for run in runs])
            finally:
                stop.set()  # Ctrl-C does not wait for the other pieces

    def _piece_size(self, document: Tensor) -> int:
        """Tokens to prepare at once: as many pieces for each thread, but none below a block."""
        longest = int(torch.unique_consecutive(document, return_counts=True)[1].max())
        reach = min(self.window, longest)  # windows end with a piece: it is longer than some
        most = min(self.layout.piece, max(WINDOW_WORDS // (2 * reach + 1), 8 * reach))
        n_rounds = -(-len(document) // (most * self.n_workers))
        size = -(-len(document) // (n_rounds * self.n_workers))
        return max(size, min(self.layout.block, self.layout.piece))

    @torch.inference_mode()  # skips more of autograd than no_grad: a tenth of the time
    def _train_on_piece(
        self,
        tokens: Tensor,
        document: Tensor,
        seed: int,
        lr: float,
        learn: Callable[..., Tensor],
        stop: threading.Event,
    ) -> Tensor | None:
        """Learn from so much text as is prepared at once; its loss, None where nothing is kept."""
        generator = torch.Generator(tokens.device).manual_seed(seed)
        drawn = torch.rand(tokens.shape, generator=generator, device=tokens.device)
        kept = (drawn < self.keep.index_select(0, tokens)).nonzero().squeeze(1)
        if stop.is_set() or not len(kept):
            return None
        tokens, document = tokens[kept].long(), document[kept]
        reach = torch.randint(
            1, self.window + 1, tokens.shape, generator=generator, device=tokens.device
        )
        layout = self.layout.fitted_to(min(self.layout.block, len(tokens)))
        text = Text.of(tokens, document, reach, reach, self.window, *layout[:2]).narrowed()
        losses = [
            learn(*self._tables, *self._lessons(part, rate, generator))
            for part, rate in self._parts(text, layout, lr)
        ]
        return losses[0]

    def _mean(self, losses: list[Tensor | None]) -> Tensor:
        found = [loss for loss in losses if loss is not None]
        return torch.stack(found).mean() if found else self.keep.new_zeros(())

    @property
    def _tables(self) -> tuple[Tensor, Tensor]:
        return self.input_embedding.weight, self.output_embedding.weight

    def _parts(self, text: Text, layout: Layout, lr: float) -> Iterator[tuple[Text, float]]:
        """The text with its rate. Crowded blocks are cut into smaller ones, then learn slower."""
        while True:
            crowded = self._crowding(text, lr) > (1.0 if layout.block > SMALL_BLOCK else 0.5)
            if not crowded.any():
                yield text, lr
                return
            if not crowded.all():
                yield text.part(~crowded, *layout[:2]), lr
            if layout.block > SMALL_BLOCK:
                layout = layout.fitted_to(layout.block // 2)
            else:
                lr /= 2
            text = text.part(crowded, *layout[:2])

    def _crowding(self, text: Text, lr: float) -> Tensor:
        """How crowded each block (b,) is, as a part of what it may be."""
        n_words = text.n_words
        if self.objective == "hierarchical":
            return text.crowding(lr * self.depths[text.tokens] * n_words) / CROWDED
        of_words = text.crowding(lr * (1 + self.negative) * n_words) / CROWDED
        n_pairs = n_words.clamp(max=1) if self._by_means else n_words
        noise = text.within(n_pairs).sum((1, 2)) * (lr * self.negative * self.top_noise)
        return torch.maximum(of_words, noise / CROWDED_NOISE)

    @property
    def _by_means(self) -> bool:
        """Whether means of windows meet noise: these learn in a way of their own."""
        return self.algorithm == "cbow" and self.objective == "negative"

    @property
    def _learn(self) -> Callable[..., Tensor]:
        return learn_means if self._by_means else learn_blocks

    def _lessons(self, text: Text, lr: float, generator: torch.Generator) -> tuple[Any, ...]:
        """What a text teaches this time: noise is drawn."""
        if self.objective == "hierarchical":
            ways = self.nodes, self.codes, self.depths
            return with_tree(text, ways, lr, cbow=self.algorithm == "cbow")
        n_groups = text.strip if self._by_means else text.block // text.strip
        noise = self._noise((text.n_blocks, n_groups), generator)
        return (cbow if self._by_means else skip_gram)(text, noise, self.negative, lr)

    def _noise(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Noise words (b, G, n_noise), by the alias method.

        Those of a block come evenly from all parts of the vocabulary, and so do those of each of
        its groups: fewer of them then say as much as more that are drawn independently.
        """
        (n_blocks, n_groups), n_words, device = shape, len(self.keep), self.keep.device
        n_drawn = n_groups * self.n_noise
        parts = torch.arange(n_drawn, device=device).view(self.n_noise, n_groups)
        size = (n_blocks, self.n_noise, n_groups)
        within = torch.rand(size, dtype=torch.float64, generator=generator, device=device)
        word = ((within + parts) * (n_words / n_drawn)).long().clamp_(max=n_words - 1)
        drawn = torch.rand(size, generator=generator, device=device)
        is_it = drawn < self.noise_threshold.take(word)
        word = torch.where(is_it, word, self.noise_other.take(word))
        return word.transpose(1, 2).contiguous()


def alias_table(weights: Tensor) -> tuple[Tensor, Tensor]:
    """A way to draw from (V,) weights at the cost of two random numbers.

    M. D. Vose, "A linear algorithm for generating random numbers with a given distribution"
    (1991): draw one of the V evenly; with the probability in the first of the two results it is
    it, else the one in the second.
    """
    scaled = (weights / weights.sum() * len(weights)).tolist()
    other = list(range(len(scaled)))
    small = [word for word, value in enumerate(scaled) if value < 1]
    large = [word for word, value in enumerate(scaled) if value >= 1]
    while small and large:
        short, long = small.pop(), large[-1]
        other[short] = long
        scaled[long] -= 1 - scaled[short]
        if scaled[long] < 1:
            small.append(large.pop())
    for word in (*small, *large):
        scaled[word] = 1.0  # rounding left it a little off
    return torch.tensor(scaled, dtype=torch.float32), torch.tensor(other)
