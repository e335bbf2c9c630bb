"""Random texts, as tests cut them into blocks of strips, and who is beside whom in them."""

import torch

from skdl.estimators.word2vec._network_tiles import Text

N_WORDS = 7

# Lengths of documents, window, strip and block: some documents are of one token, and blocks end
# inside of others.
TEXTS = {
    "one strip": ([12], 3, 16, 16),
    "several strips": ([12], 3, 4, 12),
    "several blocks": ([31], 2, 4, 8),
    "several documents": ([5, 1, 1, 9, 2, 14], 4, 4, 8),
    "a window wider than a strip": ([3, 17, 6], 9, 2, 4),
    "a window wider than all": ([4, 3], 50, 4, 8),
    "strips of one token": ([6, 3], 2, 1, 3),
    "a block of one strip": ([9, 9], 3, 5, 5),
    "one token": ([1], 3, 4, 8),
    "the last block is full": ([16], 1, 4, 8),
}


def make_text(lengths, window, strip, block, seed=0):
    """Random words, and how far each one's window reaches, in documents of these lengths."""
    generator = torch.Generator().manual_seed(seed)
    n_tokens = sum(lengths)
    tokens = torch.randint(N_WORDS, (n_tokens,), generator=generator)
    reach = torch.randint(1, window + 1, (n_tokens,), generator=generator)
    document = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    return tokens, document, reach, window, strip, block


def text_of(tokens, document, reach, *sizes):
    return Text.of(tokens, document, reach, reach, *sizes)


def neighbours(document, reach):
    """The places of the words in each token's window."""
    n_tokens = len(document)
    return [
        [
            j
            for j in range(n_tokens)
            if j != i and abs(j - i) <= reach[i] and document[j] == document[i]
        ]
        for i in range(n_tokens)
    ]
