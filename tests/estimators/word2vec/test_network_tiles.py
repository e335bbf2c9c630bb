"""Strips of text against a double loop over tokens and their neighbours."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec._network_huffman import huffman_paths
from skdl.estimators.word2vec._network_tiles import Windows, distinct_of_rows, skip_gram, with_tree
from tests.cut_texts import N_WORDS, TEXTS, make_text, neighbours, text_of

LR, NEGATIVE = 0.25, 3
COUNTS = [9, 7, 5, 4, 3, 2, 1]
LESSONS = ["skip-gram", "skip-gram with tree", "cbow with tree"]


def noise_for(text, n_noise=4, seed=1):
    shape = text.n_blocks, text.block // text.strip, n_noise
    return torch.randint(N_WORDS, shape, generator=torch.Generator().manual_seed(seed))


def teach(kind, args, noise=None):
    """The lessons of a text, of one of their kinds."""
    text = text_of(*args)
    if "tree" in kind:
        return with_tree(text, huffman_paths(COUNTS), LR, cbow=kind.startswith("cbow"))
    noise = noise_for(text) if noise is None else noise
    return skip_gram(text, noise, NEGATIVE, LR)


def bag(words, each=1.0):
    """Words with what part of a predictor each of them is, in a form that can be counted."""
    parts = Counter()
    for word in words:
        parts[int(word)] += each
    return tuple(sorted((word, round(part, 5)) for word, part in parts.items()))


def meetings_of(lessons):
    """All that meets in lessons: rates by (block, predictor, row of outputs, truth)."""
    found = Counter()
    for block in range(len(lessons.inputs)):
        windows = lessons.window_table[lessons.window_rows[block]].sum(2)  # (S, strip, h + k)
        weight = windows
        if lessons.meetings is not None:
            weight = lessons.meetings[block]
            if lessons.n_words is None:
                weight = windows.transpose(1, 2) @ weight
        weight = weight.expand(lessons.outputs.shape[1], -1, -1)  # (B, r, m)
        truth = lessons.truth[block, :, 0].expand(lessons.outputs.shape[1], -1)
        for part, r, m in weight.nonzero().tolist():
            words = lessons.inputs[block, part]
            if lessons.n_words is None:
                predictor = bag(words[r : r + 1])
            else:
                of_window = windows[part, r] / lessons.n_words[block, part, r]
                chosen = of_window.nonzero()[:, 0]
                parts = torch.zeros(N_WORDS).index_add_(0, words[chosen], of_window[chosen])
                predictor = tuple((w, round(float(parts[w]), 5)) for w in parts.nonzero()[:, 0])
                predictor = tuple((int(w), part) for w, part in predictor)
            if predictor:  # the mean of no word teaches and learns nothing
                key = block, predictor, int(lessons.outputs[block, part, m]), float(truth[part, m])
                found[key] += float(weight[part, r, m])
    return found


def meetings_by_hand(kind, args, noise=None):
    """The same, token by token."""
    tokens, document, reach, _window, strip, block = args
    ways = huffman_paths(COUNTS)
    expected = Counter()
    for i, places in enumerate(neighbours(document, reach)):
        if not places:
            continue
        b, of_strip = i // block, i % block // strip
        around, own = tokens[places].tolist(), int(tokens[i])
        if "tree" in kind:
            predictors = [bag(around, 1 / len(around))] if "cbow" in kind else map(bag, zip(around))
            nodes, codes, lengths = (column[own].tolist() for column in ways)
            for predictor in predictors:
                for node, code in zip(nodes[:lengths], codes, strict=False):
                    expected[b, predictor, node, float(not code)] += LR
            continue
        drawn = noise[b, of_strip].tolist()
        for word in around:
            expected[b, bag([own]), word, 1.0] += LR
        for word in drawn:
            expected[b, bag([own]), word, 0.0] += LR * len(around) * NEGATIVE / len(drawn)
    return expected


def assert_equal_counts(found, expected):
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-5), key


# Text and windows --------------------------------------------------------------------------------


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
def test_windows_end_where_documents_do(args):
    tokens, document, reach, *sizes = make_text(*args)
    text = text_of(tokens, document, reach, *sizes)
    for i, places in enumerate(neighbours(document, reach)):
        assert int(text.before[i]) == sum(j < i for j in places)
        assert int(text.after[i]) == sum(j > i for j in places)
        assert int(text.n_words[i]) == len(places)


def test_documents_count_by_where_they_lie_not_by_their_numbers():
    reach = torch.full((5,), 4)
    text = text_of(torch.arange(5), torch.tensor([8, 8, 3, 3, 8]), reach, 4, 2, 4)
    assert text.before.tolist() == [0, 1, 0, 1, 0]
    assert text.after.tolist() == [1, 0, 1, 0, 0]


def test_text_is_cut_into_strips_and_filled_up():
    args = torch.arange(1, 8), torch.zeros(7), torch.ones(7, dtype=torch.int64), 1, 2, 4
    text = text_of(*args)
    assert (text.n_blocks, text.n_around) == (2, 4)
    assert text.within(text.tokens).tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 0]]]
    around = [[[0, 1, 2, 3], [2, 3, 4, 5]], [[4, 5, 6, 7], [6, 7, 0, 0]]]
    assert text.around(text.tokens).tolist() == around


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(("times", "n_more", "more"), [(1.0, 0, 0.0), (0.5, 3, 2.0)])
def test_windows_hold_what_each_token_reaches(args, times, n_more, more):
    tokens, document, reach, window, strip, block = make_text(*args)
    text = text_of(tokens, document, reach, window, strip, block)
    windows = Windows(text, times, n_more, more)
    found = windows.table[windows.rows].sum(3)  # (b, S, strip, n_around + n_more)
    expected = torch.zeros(text.n_blocks, block // strip, strip, text.n_around + n_more)
    for i, places in enumerate(neighbours(document, reach)):
        token = expected[i // block, i % block // strip, i % strip]
        start = i - i % strip - window  # what the strip reaches first
        for j in places:
            token[j - start] = times
        token[text.n_around :] = times * more * len(places)
    torch.testing.assert_close(found, expected)


# Lessons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("kind", LESSONS)
def test_lessons_are_those_of_a_double_loop(kind, args):
    args = make_text(*args)
    noise = noise_for(text_of(*args))
    lessons = teach(kind, args, noise)
    assert_equal_counts(meetings_of(lessons), meetings_by_hand(kind, args, noise))


@pytest.mark.parametrize("kind", LESSONS)
@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    window=st.integers(1, 6),
    strip=st.integers(1, 5),
    n_strips=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_lessons_of_any_text_are_those_of_a_double_loop(
    kind, lengths, window, strip, n_strips, seed
):
    args = make_text(lengths, window, strip, strip * n_strips, seed)
    noise = noise_for(text_of(*args), seed=seed)
    lessons = teach(kind, args, noise)
    assert_equal_counts(meetings_of(lessons), meetings_by_hand(kind, args, noise))


@pytest.mark.parametrize("kind", LESSONS)
def test_lessons_have_the_shapes_that_are_said(kind):
    args = make_text([5, 30, 3], 3, 4, 20)
    lessons = teach(kind, args)
    n_blocks, n_strips, strip = 2, 5, 4
    m = lessons.outputs.shape[2]
    n_inputs = strip if kind == "skip-gram" else strip + 2 * 3
    assert lessons.inputs.shape == (n_blocks, n_strips, n_inputs)
    assert lessons.outputs.shape == (n_blocks, n_strips, m)
    assert lessons.truth.shape in {(n_blocks, 1, 1, m), (n_blocks, n_strips, 1, m)}
    assert lessons.window_rows.shape == (n_blocks, n_strips, strip, 2)
    assert lessons.tree == ("tree" in kind)
    assert (lessons.n_words is None) == kind.startswith("skip-gram")
    if lessons.n_words is not None:
        assert lessons.n_words.shape == (n_blocks, n_strips, strip, 1)
    if kind == "skip-gram":
        assert lessons.meetings is None
    else:
        assert lessons.meetings.shape == (n_blocks, n_strips, strip, m)


@pytest.mark.parametrize("kind", ["skip-gram with tree", "cbow with tree"])
def test_a_node_comes_once_in_a_strip_for_each_of_its_branches(kind):
    lessons = teach(kind, make_text([40], 3, 8, 16))
    for nodes, truth, rates in zip(
        lessons.outputs.flatten(0, 1),
        lessons.truth.flatten(0, 2),
        lessons.meetings.flatten(0, 1),
        strict=True,
    ):
        used = rates.any(0)
        pairs = list(zip(nodes[used].tolist(), truth[used].tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("kind", ["skip-gram with tree", "cbow with tree"])
def test_words_without_a_neighbour_teach_the_tree_nothing(kind):
    assert not meetings_of(teach(kind, make_text([1] * 9, 3, 4, 8)))


# Crowded blocks ----------------------------------------------------------------------------------


def crowding_by_hand(args, rates):
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
def test_crowding_is_the_mean_sum_of_a_words_rates(args):
    args = make_text(*args)
    rates = torch.rand(len(args[0]), generator=torch.Generator().manual_seed(2))
    expected = crowding_by_hand(args, rates)
    assert text_of(*args).crowding(rates).tolist() == pytest.approx(expected, rel=1e-5)


def test_crowding_by_example():
    reach = torch.ones(8, dtype=torch.int64)
    tokens = torch.tensor([1, 1, 1, 2, 5, 6, 7, 5])
    text = text_of(tokens, torch.zeros(8), reach, 1, 2, 4)
    assert text.crowding(torch.full((8,), 2.0)).tolist() == [(3 * 6 + 2) / 4, (2 * 4 + 4) / 4]
    later = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 3.0])
    assert text.crowding(later).tolist() == pytest.approx([0, (4 * 4 + 1 + 1) / 6])


# Parts of a text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3], [0], [3], [1, 2], [0, 2], [1, 3]])
def test_a_part_has_the_tokens_of_its_blocks_and_their_windows_within_it(chosen):
    args = make_text([5, 1, 14, 9], 4, 4, 8)  # 29 tokens: the last block is not full
    text = text_of(*args)
    part = text.part(torch.isin(torch.arange(4), torch.tensor(chosen)), 2, 4)
    assert (part.window, part.strip, part.block) == (4, 2, 4)
    places = [i for i in range(29) if i // 8 in chosen]
    assert part.tokens.tolist() == args[0][places].tolist()
    runs = {}  # places that follow one another
    for i in places:
        runs[i] = runs.get(i - 1, i)
    around = neighbours(*args[1:3])
    for k, i in enumerate(places):
        seen = [j for j in around[i] if runs.get(j) == runs[i]]
        assert int(part.before[k]) == sum(j < i for j in seen)
        assert int(part.after[k]) == sum(j > i for j in seen)


def test_all_of_a_text_is_a_part_that_is_only_cut_otherwise():
    args = make_text([5, 1, 14, 9], 4, 4, 8)
    part = text_of(*args).part(torch.ones(4, dtype=torch.bool), 2, 6)
    expected = text_of(*args[:4], 2, 6)
    assert all(map(torch.equal, part[:3], expected[:3]))
    assert part[3:] == expected[3:]


# Distinct values ---------------------------------------------------------------------------------


def test_distinct_values_of_rows():
    values = torch.tensor([[[4, 2, 4, 7], [1, 1, 1, 1]]])
    distinct, place = distinct_of_rows(values)
    assert distinct.tolist() == [[[2, 4, 7], [1, -1, -1]]]
    assert place.tolist() == [[[1, 0, 1, 2], [0, 0, 0, 0]]]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-1, 6), min_size=5, max_size=5), min_size=1, max_size=4))
def test_distinct_values_give_the_values_back(rows):
    values = torch.tensor(rows)[None]
    distinct, place = distinct_of_rows(values)
    assert distinct.gather(2, place).equal(values)
    for row, found in zip(rows, distinct[0].tolist(), strict=True):
        n_distinct = len(set(row))
        assert found[:n_distinct] == sorted(set(row))
        assert set(found[n_distinct:]) <= {-1}
