"""CBOW's blocks against a double loop over tokens and their neighbours.

What they learn from it is tested beside the other ways, in test_word2vec_steps.py.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec._network_cbow import bags_of, cbow, starts_of
from tests.cut_texts import N_WORDS, TEXTS, make_text, neighbours, text_of

RATE, NEGATIVE = 0.25, 3


class Case:
    """A random text, and what it teaches."""

    def __init__(self, lengths, window, strip, block, *, n_noise=4, seed=0):
        args = make_text(lengths, window, strip, block, seed)
        text = text_of(*args)
        self.tokens, document, reach, self.window, self.strip, self.block = args
        self.neighbours = neighbours(document, reach)
        generator = torch.Generator().manual_seed(seed + 1)
        shape = text.n_blocks, strip, n_noise
        self.noise = torch.randint(N_WORDS, shape, generator=generator)
        self.lessons = cbow(text, self.noise, NEGATIVE, RATE)

    def place_of(self, i):
        """The block of a token, and where its prediction stands there."""
        block, place = divmod(i, self.block)
        of_strip, group = divmod(place, self.strip)
        return block, group * (self.block // self.strip) + of_strip

    def check(self):
        lessons, window = self.lessons, self.window
        n_blocks, n = -(-len(self.tokens) // self.block), self.block
        means = torch.zeros(n_blocks, n, n + 2 * window)
        expected = torch.zeros_like(means)
        means.scatter_add_(2, lessons.places.expand(n_blocks, -1, -1), lessons.shares)
        taken, expected_taken = torch.zeros_like(means), torch.zeros_like(means)
        places = lessons.step_places.expand(n_blocks, -1, -1)
        taken.transpose(1, 2).scatter_add_(2, places, lessons.steps)
        for i in range(len(self.tokens)):
            (block, place), around = self.place_of(i), self.neighbours[i]
            group, of_strip = divmod(place, self.block // self.strip)
            assert lessons.own[block, group, of_strip] == self.tokens[i]
            for j in around:
                in_words = j - block * n + window
                assert lessons.words[block, in_words] == self.tokens[j]
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
    strip=st.integers(1, 5),
    n_strips=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_lessons_of_any_text_are_those_of_a_double_loop(lengths, window, strip, n_strips, seed):
    Case(lengths, window, strip, strip * n_strips, seed=seed).check()


def test_lessons_have_the_shapes_that_are_said():
    window, strip, block, n_noise = 3, 4, 20, 5
    case = Case([5, 30, 3], window, strip, block, n_noise=n_noise)
    n_blocks, size = 2, 2 * window + 1
    assert case.lessons.words.shape == (n_blocks, block + 2 * window)
    assert case.lessons.own.shape == (n_blocks, strip, block // strip)
    assert case.lessons.noise is case.noise
    assert case.lessons.shares.shape == (n_blocks, block, size)
    assert case.lessons.places.shape == (block, size)
    assert case.lessons.steps.shape == (n_blocks, block + 2 * window, size)
    assert case.lessons.step_places.shape == (block + 2 * window, size)
    assert case.lessons.rate == RATE
    assert case.lessons.noise_rate == pytest.approx(RATE * NEGATIVE / n_noise)


def test_bags_are_weighted_sums():
    vectors = torch.randn(9, 3)
    places, weights = torch.randint(9, (4, 5)), torch.randn(4, 5)
    found = bags_of(vectors, places.flatten(), starts_of(places), weights.flatten())
    torch.testing.assert_close(found, (vectors[places] * weights[:, :, None]).sum(1))
