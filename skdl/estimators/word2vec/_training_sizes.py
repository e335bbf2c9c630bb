"""How many passes over the corpus a fit makes, and of how many tokens its steps are."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from ._network import LAYOUTS

# Tokens that are passed in all epochs, and the limits of their number, where max_epochs is "auto".
AUTO_TOKENS, AUTO_EPOCHS = 10**6, (5, 100)
# Tokens of a mini-batch on CUDA, where small steps take as long as large ones.
CUDA_BLOCK = 4096
# Tokens of the corpus at one learning rate, for each thread; fewer for a small corpus, so that the
# learning rate falls in at least so many steps.
CHUNK_TOKENS, FEWEST_CHUNKS = 2**17, 16


class TrainingSizes(NamedTuple):
    """Numbers of epochs and of tokens in a batch, with "auto" resolved.

    Attributes
    ----------
    n_epochs : int
        Passes over the corpus.
    block : int
        Tokens of a mini-batch, whose updates are computed from the same vectors.
    chunk : int
        Tokens at one learning rate.
    """

    n_epochs: int
    block: int
    chunk: int


def training_sizes(
    max_epochs: int | str,
    batch_size: int | str,
    *,
    kind: tuple[str, str],
    n_tokens: int,
    device: torch.device,
    n_workers: int,
) -> TrainingSizes:
    """Sizes for a corpus of ``n_tokens``; those of "auto" were chosen by measurements.

    ``kind`` is algorithm and objective: mini-batches of each have a size of their own on a CPU.
    """
    n_epochs, block, layout = max_epochs, batch_size, LAYOUTS[kind]
    if isinstance(n_epochs, str):
        fewest, most = AUTO_EPOCHS
        n_epochs = min(max(math.ceil(AUTO_TOKENS / max(1, n_tokens)), fewest), most)
    if isinstance(block, str):
        block = CUDA_BLOCK if device.type == "cuda" else layout.block
    block = layout.with_block_size(block).block
    chunk = min(max(n_tokens // FEWEST_CHUNKS, block), CHUNK_TOKENS * n_workers)
    n_epochs = max(1, n_epochs)  # 0 is of fit alone, and partial_fit trains once
    return TrainingSizes(n_epochs, block, chunk)
