"""Batches of CBOW against a double loop over tokens and their contexts.

The steps on them are tested in test_network_steps.py.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec._network_cbow import cbow_batch, starts_of, weighted_sums
from tests.estimators.word2vec.tiled_texts import N_WORDS, TEXTS, contexts_of, make_text, text_of

LR, NEGATIVE = 0.25, 3


class Case:
    """A random text and its batch."""

    def __init__(self, lengths, window, tile, block, *, n_negatives=4, seed=0):
        args = make_text(lengths, window, tile, block, seed)
        text = text_of(*args)
        self.tokens, document, radius, self.window, self.tile, self.block = args
        self.contexts = contexts_of(document, radius)
        generator = torch.Generator().manual_seed(seed + 1)
        shape = text.n_blocks, tile, n_negatives
        self.negatives = torch.randint(N_WORDS, shape, generator=generator)
        self.batch = cbow_batch(text, self.negatives, NEGATIVE, LR)

    def place_of(self, i):
        """The block of a token, and the place of its prediction there."""
        block, place = divmod(i, self.block)
        of_tile, group = divmod(place, self.tile)
        return block, group * (self.block // self.tile) + of_tile

    def check(self):
        batch, window = self.batch, self.window
        n_blocks, n = -(-len(self.tokens) // self.block), self.block
        means = torch.zeros(n_blocks, n, n + 2 * window)
        expected = torch.zeros_like(means)
        means.scatter_add_(2, batch.mean_places.expand(n_blocks, -1, -1), batch.mean_weights)
        taken, expected_taken = torch.zeros_like(means), torch.zeros_like(means)
        places = batch.step_places.expand(n_blocks, -1, -1)
        taken.transpose(1, 2).scatter_add_(2, places, batch.step_weights)
        for i in range(len(self.tokens)):
            (block, place), around = self.place_of(i), self.contexts[i]
            group, of_tile = divmod(place, self.block // self.tile)
            assert batch.targets[block, group, of_tile] == self.tokens[i]
            for j in around:
                in_words = j - block * n + window
                assert batch.words[block, in_words] == self.tokens[j]
                expected[block, place, in_words] = 1 / len(around)
                expected_taken[block, place, in_words] = 1
        torch.testing.assert_close(means, expected)
        torch.testing.assert_close(taken, expected_taken)


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
def test_means_and_their_steps_are_those_of_a_double_loop(args):
    Case(*args).check()


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    window=st.integers(1, 6),
    tile=st.integers(1, 5),
    n_tiles=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_means_and_steps_of_any_text_are_those_of_a_double_loop(
    lengths, window, tile, n_tiles, seed
):
    Case(lengths, window, tile, tile * n_tiles, seed=seed).check()


def test_batches_have_the_documented_shapes():
    window, tile, block, n_negatives = 3, 4, 20, 5
    case = Case([5, 30, 3], window, tile, block, n_negatives=n_negatives)
    n_blocks, size = 2, 2 * window + 1
    assert case.batch.words.shape == (n_blocks, block + 2 * window)
    assert case.batch.targets.shape == (n_blocks, tile, block // tile)
    assert case.batch.negatives is case.negatives
    assert case.batch.mean_weights.shape == (n_blocks, block, size)
    assert case.batch.mean_places.shape == (block, size)
    assert case.batch.step_weights.shape == (n_blocks, block + 2 * window, size)
    assert case.batch.step_places.shape == (block + 2 * window, size)
    assert case.batch.lr == LR
    assert case.batch.negative_lr == pytest.approx(LR * NEGATIVE / n_negatives)


def test_weighted_sums():
    vectors = torch.randn(9, 3)
    places, weights = torch.randint(9, (4, 5)), torch.randn(4, 5)
    found = weighted_sums(vectors, places.flatten(), starts_of(places), weights.flatten())
    torch.testing.assert_close(found, (vectors[places] * weights[:, :, None]).sum(1))
