"""Passes over a corpus, and tokens of a mini-batch and at one learning rate."""

import pytest
import torch

from skdl.estimators.word2vec._network import LAYOUTS
from skdl.estimators.word2vec._training_sizes import CHUNK_TOKENS, CUDA_BLOCK, training_sizes

SKIP_GRAM, CBOW = ("skip-gram", "negative"), ("cbow", "negative")


def sizes(max_epochs="auto", batch_size="auto", **params):
    known = {"kind": SKIP_GRAM, "n_tokens": 10**6, "n_workers": 1, "device": torch.device("cpu")}
    return training_sizes(max_epochs, batch_size, **{**known, **params})


@pytest.mark.parametrize(
    ("n_tokens", "expected"),
    [(1, 100), (10_000, 100), (10_001, 100), (40_000, 25), (190_000, 6), (10**6, 5), (10**9, 5)],
)
def test_passes_make_a_million_tokens_within_limits(n_tokens, expected):
    assert sizes(n_tokens=n_tokens).n_epochs == expected
    assert sizes(7, n_tokens=n_tokens).n_epochs == 7


def test_there_is_at_least_one_pass():
    assert sizes(0).n_epochs == 1


def test_blocks_are_those_of_the_algorithm_and_on_cuda_larger():
    assert sizes().block == 512
    assert sizes(kind=CBOW).block == 1024
    for kind in LAYOUTS:
        assert sizes(kind=kind).block == LAYOUTS[kind].block
        assert sizes(kind=kind, device=torch.device("cuda")).block == CUDA_BLOCK


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("batch_size", "block"), [(1, 1), (33, 64), (640, 640), (5000, 5024)])
def test_a_given_block_is_one_of_whole_tiles(batch_size, block, device):
    assert sizes(batch_size=batch_size, device=torch.device(device)).block == block


@pytest.mark.parametrize(
    ("n_tokens", "chunk"),
    [(10, 512), (160_000, 10_000), (10**9, CHUNK_TOKENS)],
)
def test_the_rate_falls_in_many_steps_on_a_small_corpus(n_tokens, chunk):
    assert sizes(n_tokens=n_tokens).chunk == chunk


def test_each_worker_has_a_chunk_of_a_large_corpus():
    assert sizes(n_tokens=10**9, n_workers=3).chunk == 3 * CHUNK_TOKENS
    assert sizes(n_tokens=10**6, n_workers=3).chunk == 62_500
