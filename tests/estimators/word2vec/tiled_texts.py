"""Random texts in blocks of tiles, and the context of each of their tokens."""

import torch

from skdl.estimators.word2vec._network_tiles import Text

N_WORDS = 7

# Lengths of documents, window, tile and block: some documents have one token, and blocks end
# inside of others.
TEXTS = {
    "one tile": ([12], 3, 16, 16),
    "several tiles": ([12], 3, 4, 12),
    "several blocks": ([31], 2, 4, 8),
    "several documents": ([5, 1, 1, 9, 2, 14], 4, 4, 8),
    "a window wider than a tile": ([3, 17, 6], 9, 2, 4),
    "a window wider than all": ([4, 3], 50, 4, 8),
    "tiles of one token": ([6, 3], 2, 1, 3),
    "a block of one tile": ([9, 9], 3, 5, 5),
    "one token": ([1], 3, 4, 8),
    "the last block is full": ([16], 1, 4, 8),
}


def make_text(lengths, window, tile, block, seed=0):
    """Random words and window sizes, in documents of these lengths."""
    generator = torch.Generator().manual_seed(seed)
    n_tokens = sum(lengths)
    tokens = torch.randint(N_WORDS, (n_tokens,), generator=generator)
    radius = torch.randint(1, window + 1, (n_tokens,), generator=generator)
    document = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    return tokens, document, radius, window, tile, block


def text_of(tokens, document, radius, *sizes):
    return Text.from_documents(tokens, document, radius, radius, *sizes)


def contexts_of(document, radius):
    """The places of the tokens in each token's window."""
    n_tokens = len(document)
    return [
        [
            j
            for j in range(n_tokens)
            if j != i and abs(j - i) <= radius[i] and document[j] == document[i]
        ]
        for i in range(n_tokens)
    ]
