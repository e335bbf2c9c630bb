"""How many passes over the corpus a fit makes, and of how many tokens its steps are."""

from __future__ import annotations

import math

import torch

from ._network import LAYOUTS

# Tokens that are passed in all epochs, and the limits of their number, where max_epochs is "auto".
AUTO_TOKENS, AUTO_EPOCHS = 10**6, (5, 100)
# Tokens of a mini-batch on CUDA, where small steps take as long as large ones.
CUDA_BLOCK = 4096
# Tokens of the corpus at one learning rate, for each thread; fewer for a small corpus, so that the
# learning rate falls in at least so many steps.
CHUNK_TOKENS, FEWEST_CHUNKS = 2**17, 16


def auto_epochs(n_tokens: int) -> int:
    """What ``max_epochs="auto"`` means for a corpus of so many tokens."""
    fewest, most = AUTO_EPOCHS
    return min(max(math.ceil(AUTO_TOKENS / max(1, n_tokens)), fewest), most)


def block_size(batch_size: int | str, kind: tuple[str, str], device: torch.device) -> int:
    """Tokens of a mini-batch, whose updates are computed from the same vectors.

    ``kind`` is algorithm and objective, each of which has an "auto" of its own on a CPU, by
    measurements.
    """
    layout = LAYOUTS[kind]
    if isinstance(batch_size, str):
        batch_size = CUDA_BLOCK if device.type == "cuda" else layout.block
    return layout.with_block_size(batch_size).block


def chunk_size(n_tokens: int, block: int, n_workers: int) -> int:
    """Tokens of the corpus at one learning rate."""
    return min(max(n_tokens // FEWEST_CHUNKS, block), CHUNK_TOKENS * n_workers)
