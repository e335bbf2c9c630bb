"""Passes over a corpus, and tokens of a mini-batch and at one learning rate."""

import pytest
import torch

from skdl.estimators.word2vec._network import LAYOUTS
from skdl.estimators.word2vec._training_sizes import (
    CHUNK_TOKENS,
    CUDA_BLOCK,
    auto_epochs,
    block_size,
    chunk_size,
)

SKIP_GRAM, CBOW = ("skip-gram", "negative"), ("cbow", "negative")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("n_tokens", "expected"),
    [(1, 100), (10_000, 100), (10_001, 100), (40_000, 25), (190_000, 6), (10**6, 5), (10**9, 5)],
)
def test_passes_make_a_million_tokens_within_limits(n_tokens, expected):
    assert auto_epochs(n_tokens) == expected


def test_blocks_are_those_of_the_algorithm_and_on_cuda_larger():
    assert block_size("auto", SKIP_GRAM, CPU) == 512
    assert block_size("auto", CBOW, CPU) == 1024
    for kind in LAYOUTS:
        assert block_size("auto", kind, CPU) == LAYOUTS[kind].block
        assert block_size("auto", kind, CUDA) == CUDA_BLOCK


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
@pytest.mark.parametrize(("batch_size", "block"), [(1, 1), (33, 64), (640, 640), (5000, 5024)])
def test_a_given_block_is_one_of_whole_tiles(batch_size, block, device):
    assert block_size(batch_size, SKIP_GRAM, device) == block


@pytest.mark.parametrize(
    ("n_tokens", "chunk"),
    [(10, 512), (160_000, 10_000), (10**9, CHUNK_TOKENS)],
)
def test_the_rate_falls_in_many_steps_on_a_small_corpus(n_tokens, chunk):
    assert chunk_size(n_tokens, 512, n_workers=1) == chunk


def test_each_worker_has_a_chunk_of_a_large_corpus():
    assert chunk_size(10**9, 512, n_workers=3) == 3 * CHUNK_TOKENS
    assert chunk_size(10**6, 512, n_workers=3) == 62_500
