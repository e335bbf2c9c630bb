"""Tiles of text against a double loop over tokens and their contexts."""

from collections import Counter

import pytest
import torch

from skdl.estimators.word2vec._network_tiles import Windows
from tests.estimators.word2vec.tiled_texts import TEXTS, contexts_of, make_text, text_of

# Text and windows --------------------------------------------------------------------------------


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
def test_windows_end_where_documents_do(args):
    tokens, document, radius, *sizes = make_text(*args)
    text = text_of(tokens, document, radius, *sizes)
    for i, places in enumerate(contexts_of(document, radius)):
        assert int(text.before[i]) == sum(j < i for j in places)
        assert int(text.after[i]) == sum(j > i for j in places)
        assert int(text.window_sizes[i]) == len(places)


def test_a_document_is_a_run_of_equal_numbers():
    radius = torch.full((5,), 4)
    text = text_of(torch.arange(5), torch.tensor([8, 8, 3, 3, 8]), radius, 4, 2, 4)
    assert text.before.tolist() == [0, 1, 0, 1, 0]
    assert text.after.tolist() == [1, 0, 1, 0, 0]


def test_text_is_cut_into_tiles_and_padded():
    args = torch.arange(1, 8), torch.zeros(7), torch.ones(7, dtype=torch.int64), 1, 2, 4
    text = text_of(*args)
    assert (text.n_blocks, text.n_context) == (2, 4)
    assert text.tiles(text.tokens).tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 0]]]
    contexts = [[[0, 1, 2, 3], [2, 3, 4, 5]], [[4, 5, 6, 7], [6, 7, 0, 0]]]
    assert text.contexts(text.tokens).tolist() == contexts


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(("weight", "n_extra", "extra"), [(1.0, 0, 0.0), (0.5, 3, 2.0)])
def test_windows_weigh_the_context_of_each_token(args, weight, n_extra, extra):
    tokens, document, radius, window, tile, block = make_text(*args)
    text = text_of(tokens, document, radius, window, tile, block)
    windows = Windows(text, weight, n_extra, extra)
    found = windows.table[windows.rows].sum(3)  # (b, S, tile, n_context + n_extra)
    expected = torch.zeros(text.n_blocks, block // tile, tile, text.n_context + n_extra)
    for i, places in enumerate(contexts_of(document, radius)):
        token = expected[i // block, i % block // tile, i % tile]
        start = i - i % tile - window  # the first token of the tile's context
        for j in places:
            token[j - start] = weight
        token[text.n_context :] = weight * extra * len(places)
    torch.testing.assert_close(found, expected)


# Update density ----------------------------------------------------------------------------------


def density_by_hand(args, rates):
    """For each block the mean, over its rates, of the sum of those of the same word."""
    tokens, block = args[0].tolist(), args[-1]
    means = []
    for start in range(0, len(tokens), block):
        part = list(zip(tokens, rates.tolist(), strict=True))[start : start + block]
        sums = Counter()
        for word, rate in part:
            sums[word] += rate
        total = sum(rate for _, rate in part)
        means.append(sum(sums[word] * rate for word, rate in part) / total if total else 0.0)
    return means


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
def test_update_density_is_the_mean_sum_of_a_words_rates(args):
    args = make_text(*args)
    rates = torch.rand(len(args[0]), generator=torch.Generator().manual_seed(2))
    expected = density_by_hand(args, rates)
    assert text_of(*args).update_density(rates).tolist() == pytest.approx(expected, rel=1e-5)


def test_update_density_by_example():
    radius = torch.ones(8, dtype=torch.int64)
    tokens = torch.tensor([1, 1, 1, 2, 5, 6, 7, 5])
    text = text_of(tokens, torch.zeros(8), radius, 1, 2, 4)
    assert text.update_density(torch.full((8,), 2.0)).tolist() == [(3 * 6 + 2) / 4, (2 * 4 + 4) / 4]
    later = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 3.0])
    assert text.update_density(later).tolist() == pytest.approx([0, (4 * 4 + 1 + 1) / 6])


# Selected blocks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3], [0], [3], [1, 2], [0, 2], [1, 3]])
def test_selected_blocks_keep_their_tokens_and_windows_end_at_gaps(chosen):
    args = make_text([5, 1, 14, 9], 4, 4, 8)  # 29 tokens: the last block is not full
    text = text_of(*args)
    part = text.select_blocks([i in chosen for i in range(4)], 2, 4)
    assert (part.window, part.tile, part.block) == (4, 2, 4)
    places = [i for i in range(29) if i // 8 in chosen]
    assert part.tokens.tolist() == args[0][places].tolist()
    runs = {}  # consecutive places
    for i in places:
        runs[i] = runs.get(i - 1, i)
    contexts = contexts_of(*args[1:3])
    for k, i in enumerate(places):
        seen = [j for j in contexts[i] if runs.get(j) == runs[i]]
        assert int(part.before[k]) == sum(j < i for j in seen)
        assert int(part.after[k]) == sum(j > i for j in seen)


def test_all_blocks_are_the_text_in_other_tiles():
    args = make_text([5, 1, 14, 9], 4, 4, 8)
    part = text_of(*args).select_blocks([True] * 4, 2, 6)
    expected = text_of(*args[:4], 2, 6)
    assert all(map(torch.equal, part[:3], expected[:3]))
    assert part[3:] == expected[3:]
