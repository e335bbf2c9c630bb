"""Word2Vec: random numbers, initial vectors, learning, and difficult texts and parameters."""

import copy
import math
import pickle
import random
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec import _network as _word2vec
from skdl.estimators.word2vec._network import LAYOUTS, Layout, Word2Vec
from skdl.estimators.word2vec._network_outputs import NegativeSampler, huffman_paths
from skdl.estimators.word2vec._network_steps import script_or_function

KINDS = list(LAYOUTS)
N_WORDS, N_TOPICS = 40, 4
every_kind = pytest.mark.parametrize(
    ("algorithm", "objective"), KINDS, ids=["-".join(kind) for kind in KINDS]
)


def make_module(counts=None, algorithm="skip-gram", objective="negative", *, seed=0, **params):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        params = {"vector_size": 8, "sample": 0, **params}
        return Word2Vec(
            [10] * N_WORDS if counts is None else counts,
            algorithm=algorithm,
            objective=objective,
            **params,
        )


def make_text(n_documents=300, seed=0):
    """Documents of 10 words, each about one topic; words of a topic are the same modulo 4."""
    generator = torch.Generator().manual_seed(seed)
    topic = torch.randint(N_TOPICS, (n_documents, 1), generator=generator)
    words = torch.randint(N_WORDS // N_TOPICS, (n_documents, 10), generator=generator)
    return (words * N_TOPICS + topic).flatten(), torch.arange(n_documents).repeat_interleave(10)


def train(module, tokens, document, *, lr=0.05, n_passes=1, seed=0):
    """The losses of some passes; the global random state stays."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [float(module.train_on(tokens, document, lr=lr)) for _ in range(n_passes)]


def trained(algorithm="skip-gram", objective="negative", *, text=None, seed=0, **params):
    module = make_module(algorithm=algorithm, objective=objective, **params)
    train(module, *(text or make_text()), seed=seed)
    return module


def cut_into_pieces(n_tokens, monkeypatch):
    """Modules that are made from now on prepare this many tokens at once."""
    for kind, layout in _word2vec.LAYOUTS.items():
        monkeypatch.setitem(_word2vec.LAYOUTS, kind, layout._replace(piece=n_tokens))


def tables_of(module):
    return [module.input_embedding.weight.detach(), module.output_embedding.weight.detach()]


def assert_same_tables(first, second):
    assert all(map(torch.equal, tables_of(first), tables_of(second)))


def assert_moderate(module, losses, most=50.0):
    assert all(map(math.isfinite, losses))
    for table in tables_of(module):
        assert float(table.norm(dim=1).max()) < most


# Sub-sampling, windows and negative samples ------------------------------------------------------


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5])
def test_negative_samples_are_drawn_in_proportion_to_counts_to_a_power(ns_exponent):
    counts = [50, 20, 10, 5, 1]
    sampler = make_module(counts, ns_exponent=ns_exponent).sampler
    weights = torch.tensor(counts, dtype=torch.float64) ** ns_exponent
    expected = NegativeSampler(weights)
    assert sampler.threshold.equal(expected.threshold)
    assert sampler.alias.equal(expected.alias)


@pytest.mark.parametrize("sample", [1e-3, 1e-2, 0.3])
def test_words_are_kept_as_in_word2vec_c(sample):
    counts = np.array([5000, 900, 90, 9, 1])
    frequency = counts / counts.sum()
    expected = np.minimum(1, np.sqrt(sample / frequency) + sample / frequency)
    module = make_module(counts.tolist(), sample=sample)
    np.testing.assert_allclose(module.keep_probability.numpy(), expected, rtol=1e-6)
    assert module.keep_probability.dtype == torch.float32


def test_sample_of_zero_keeps_all_words():
    assert make_module([10**6, 1], sample=0).keep_probability.tolist() == [1.0, 1.0]


def texts_of(module, monkeypatch):
    """All pieces of text that the module will train on."""
    seen, limit = [], module._limit_density

    def watched(text, layout, lr):
        seen.append(text)
        return limit(text, layout, lr)

    monkeypatch.setattr(module, "_limit_density", watched)
    return seen


def test_tokens_are_sub_sampled_and_windows_are_over_the_rest(monkeypatch):
    tokens = torch.arange(40_000) % 2
    module = make_module([9000, 1000], sample=0.05)
    texts = texts_of(module, monkeypatch)
    train(module, tokens, torch.arange(40_000) // 2)
    found = torch.cat([text.tokens for text in texts])
    expected = 20_000 * module.keep_probability.double()
    assert ((torch.bincount(found) - expected).abs() < 5 * expected.sqrt()).all()
    n_together = sum(int(text.before.sum()) for text in texts)
    assert n_together == pytest.approx(20_000 * float(module.keep_probability.prod()), rel=0.1)


def test_without_sub_sampling_all_tokens_are_kept(monkeypatch):
    tokens, document = make_text()
    module = make_module(window=1)
    texts = texts_of(module, monkeypatch)
    train(module, tokens, document)
    (text,) = texts
    assert text.tokens.equal(tokens)
    assert text.before.tolist() == [0, *[1] * 9] * 300


def test_window_sizes_are_uniform(monkeypatch):
    module = make_module(window=4)
    texts = texts_of(module, monkeypatch)
    train(module, make_text(1000)[0], torch.zeros(10_000))
    (text,) = texts
    before, after = text.before[4:-4], text.after[4:-4]
    assert before.equal(after)
    counts = torch.bincount(before)
    assert len(counts) == 5
    assert counts[0] == 0
    assert ((counts[1:] - 2500).abs() < 5 * 50).all()


# Update density ----------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("lr", [0.005, 0.3])
def test_dense_blocks_are_cut_and_then_get_a_lower_rate(algorithm, objective, lr, monkeypatch):
    """Until their density is below the maximum. Others are unchanged, and no token is lost."""
    module = make_module([10] * 3000, algorithm, objective)
    texts = texts_of(module, monkeypatch)
    size = module.block_size
    tokens = torch.arange(5 * size) % 3000
    tokens[size : 2 * size] = torch.arange(size) % 9
    with torch.random.fork_rng():
        module.train_on(tokens, torch.zeros(len(tokens)), lr=lr)
    parts = list(module._limit_density(texts[0], module.layout, lr))
    assert len(parts) > 1
    found = torch.cat([part.tokens for part, _ in parts])
    assert sorted(found.tolist()) == sorted(tokens.tolist())
    if lr == 0.005:
        assert parts[0][0].block == size
        assert (parts[0][0].tokens > 8).sum() > 3.5 * size
    n_outputs = 6 if objective == "negative" else module.tree.lengths
    for part, rate in parts:
        per_word = n_outputs if objective == "negative" else n_outputs[part.tokens]
        density = part.update_density(rate * per_word * part.window_sizes)
        assert density.max() <= _word2vec.MAX_UPDATE_DENSITY
        assert part.block % part.tile == 0
        assert rate == lr or part.block <= _word2vec.SMALL_BLOCK
    assert (min(rate for _, rate in parts) < lr) == (lr == 0.3)


@every_kind
def test_text_of_low_density_is_not_divided(algorithm, objective, monkeypatch):
    module = make_module([10] * 3000, algorithm, objective)
    texts = texts_of(module, monkeypatch)
    train(module, torch.arange(3000), torch.zeros(3000), lr=0.01)
    ((part, rate),) = module._limit_density(texts[0], module.layout, 0.01)
    assert part is texts[0]
    assert rate == 0.01


# Initial values ----------------------------------------------------------------------------------


@every_kind
def test_initial_values_are_those_of_gensim(algorithm, objective):
    counts = list(range(1, 201))
    module = make_module(counts, algorithm, objective, vector_size=50)
    inputs, outputs = tables_of(module)
    assert inputs.shape == (200, 50)
    assert outputs.shape == (200 if objective == "negative" else 199, 50)
    assert not outputs.any()
    assert inputs.abs().max() <= 0.02
    assert inputs.std() == pytest.approx(0.02 / math.sqrt(3), rel=0.05)
    if objective == "hierarchical":
        for ours, expected in zip(
            (module.tree.nodes, module.tree.codes, module.tree.lengths),
            huffman_paths(counts),
            strict=True,
        ):
            assert ours.equal(expected)


def test_given_initial_vectors():
    module, before = make_module(), make_module()
    vectors = torch.arange(16, dtype=torch.float64).view(2, 8)
    module.set_vectors([3, 1], vectors)
    found, others = module.input_embedding.weight, [0, 2, *range(4, N_WORDS)]
    assert found[[3, 1]].equal(vectors.float())
    assert found[others].equal(before.input_embedding.weight[others])
    assert found.requires_grad


def test_forward_looks_vectors_up():
    module = make_module()
    tokens = torch.tensor([[3, 1], [0, 3]])
    assert module(tokens).equal(module.input_embedding.weight[tokens])


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_blocks_have_whole_tiles(block_size):
    for layout in LAYOUTS.values():
        fitted = layout.with_block_size(block_size)
        assert fitted.block % fitted.tile == 0
        assert fitted.tile == min(layout.tile, block_size)
        assert 0 <= fitted.block - block_size < fitted.tile
        assert fitted.negatives == layout.negatives


def test_without_a_block_size_the_layout_is_unchanged():
    assert Layout(32, 512, 3).with_block_size(None) == Layout(32, 512, 3)


# Learning ----------------------------------------------------------------------------------------


@every_kind
def test_words_of_a_topic_become_similar(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective, vector_size=16)
    losses = train(module, *make_text(300), n_passes=20)
    assert losses[-1] < losses[0] - 0.02
    unit = torch.nn.functional.normalize(tables_of(module)[0])
    cosines = unit @ unit.T
    topic = torch.arange(N_WORDS) % N_TOPICS
    same = topic[:, None] == topic
    own = cosines[same & ~torch.eye(N_WORDS, dtype=torch.bool)]
    assert own.mean() > cosines[~same].mean() + 0.3
    assert module.input_embedding.weight.grad is None


@every_kind
def test_the_initial_loss_is_that_of_guessing(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective)
    loss = module.train_on(*make_text(), lr=1e-6)  # nothing is learned in between
    assert loss.shape == ()
    assert float(loss.detach()) == pytest.approx(math.log(2), abs=1e-3)
    assert not loss.requires_grad


@every_kind
def test_the_loss_is_the_mean_over_pieces(algorithm, objective, monkeypatch):
    tokens, document = make_text(60)
    cut_into_pieces(200, monkeypatch)
    module = make_module(algorithm=algorithm, objective=objective)
    losses, piece = [], module._train_on_piece

    def watched(*args):
        losses.append(float(piece(*args)))
        return torch.tensor(losses[-1])

    monkeypatch.setattr(module, "_train_on_piece", watched)
    train(module, tokens, document, n_passes=20)
    (mean,), found = train(module, tokens, document), losses[-3:]
    assert len(losses) == 63
    assert len(set(found)) > 1
    assert mean == pytest.approx(sum(found) / 3, rel=1e-5)


@every_kind
@pytest.mark.parametrize("n_tokens", [1, 2, 7])
def test_a_text_shorter_than_a_block_is_padded(algorithm, objective, n_tokens):
    """Padding has neither loss nor effect."""
    tokens = torch.arange(n_tokens)
    losses = []
    for block_size in (8, 512):
        module = make_module(algorithm=algorithm, objective=objective, block_size=block_size)
        before = copy.deepcopy(module)
        losses += train(module, tokens, torch.zeros_like(tokens), n_passes=1)
        assert tables_of(module)[0][n_tokens:].equal(tables_of(before)[0][n_tokens:])
    expected = math.log(2) if n_tokens > 1 else 0.0
    assert losses == pytest.approx([expected] * 2, abs=1e-3)


def test_tokens_of_fewer_bytes_are_the_same_tokens():
    tokens, document = make_text()
    assert_same_tables(trained(text=(tokens.int(), document)), trained())


@every_kind
def test_a_copy_goes_on_as_the_original(algorithm, objective):
    module = trained(algorithm, objective)
    copies = [copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
    empty = make_module(algorithm=algorithm, objective=objective, seed=3)
    empty.load_state_dict(module.state_dict())
    train(module, *make_text(seed=1))
    for other in (*copies, empty):
        train(other, *make_text(seed=1))
        assert_same_tables(module, other)


# Random numbers ----------------------------------------------------------------------------------


@every_kind
def test_same_seed_same_vectors(algorithm, objective, monkeypatch):
    cut_into_pieces(700, monkeypatch)
    first = trained(algorithm, objective, sample=1e-2)
    torch.rand(5)
    assert_same_tables(first, trained(algorithm, objective, sample=1e-2))
    other = trained(algorithm, objective, sample=1e-2, seed=1)
    assert not tables_of(first)[0].equal(tables_of(other)[0])


def test_pieces_have_random_numbers_of_their_own(monkeypatch):
    """Two passes over the same text in one call are no copies of each other."""
    cut_into_pieces(100, monkeypatch)
    tokens = torch.arange(200) % 2
    module = make_module([50, 50], sample=0.1)
    texts = texts_of(module, monkeypatch)
    train(module, tokens, torch.zeros(200))
    first, second = (text.tokens.tolist() for text in texts)
    assert first != second


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("own", [False, True], ids=["global", "own"])
def test_only_a_seed_for_each_piece_comes_from_outside(n_workers, own, monkeypatch):
    """From the generator that a training run has set, or else from torch's global one."""
    cut_into_pieces(1000, monkeypatch)  # 3 pieces
    module = make_module(n_workers=n_workers)
    with torch.random.fork_rng():
        generator = torch.Generator() if own else torch.random.default_generator
        module.generator = generator if own else None
        generator.manual_seed(0)
        torch.randint(2**62, (3,), generator=generator)
        expected = torch.rand(3, generator=generator)
        generator.manual_seed(0)
        numpys, pythons = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
        torchs = torch.get_rng_state()
        module.train_on(*make_text(), lr=0.05)
        assert torch.get_rng_state().equal(torchs) == own
        assert torch.rand(3, generator=generator).equal(expected)
    assert (np.random.get_state()[1] == numpys).all()  # noqa: NPY002
    assert random.getstate() == pythons


@every_kind
def test_an_own_generator_gives_what_the_global_one_gives(algorithm, objective):
    expected, module = trained(algorithm, objective), make_module(None, algorithm, objective)
    module.generator = torch.Generator().manual_seed(0)
    module.train_on(*make_text(), lr=0.05)
    assert_same_tables(module, expected)


@every_kind
def test_modules_in_threads_learn_what_they_learn_alone(algorithm, objective, monkeypatch):
    cut_into_pieces(300, monkeypatch)
    text = make_text()

    def learn(seed):
        with lock:  # initial vectors come from the global generator
            module = make_module(algorithm=algorithm, objective=objective, seed=seed)
        module.generator = torch.Generator().manual_seed(seed)
        for _ in range(3):
            module.train_on(*text, lr=0.05)
        return module

    lock = threading.Lock()
    alone = [learn(seed) for seed in range(4)]
    script_or_function.cache_clear()  # it is also compiled in threads
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(learn, range(4)))
    for one, other in zip(alone, at_once, strict=True):
        assert_same_tables(one, other)


def test_threads_and_warnings_stay_as_they_were():
    threads, filters = torch.get_num_threads(), list(warnings.filters)
    train(make_module(n_workers=3), *make_text())
    assert torch.get_num_threads() == threads
    assert warnings.filters == filters
    assert torch.is_grad_enabled()


# Several workers ---------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("n_workers", [2])
def test_several_workers_learn_as_one_does(algorithm, objective, n_workers, monkeypatch):
    cut_into_pieces(300, monkeypatch)
    text, losses = make_text(), {}
    for n in (1, n_workers):
        module = make_module(algorithm=algorithm, objective=objective, n_workers=n)
        losses[n] = train(module, *text, n_passes=6)
        assert_moderate(module, losses[n])
    one, several = (sum(found[2:]) / len(found[2:]) for found in losses.values())
    assert several < math.log(2) - 0.02
    assert several == pytest.approx(one, rel=0.15)  # without locks no two runs are the same


@every_kind
@pytest.mark.parametrize("n_tokens", [1, 3, 50])
def test_more_workers_than_pieces(algorithm, objective, n_tokens, monkeypatch):
    cut_into_pieces(2, monkeypatch)
    tokens, document = (column[:n_tokens] for column in make_text())
    module = make_module(algorithm=algorithm, objective=objective, n_workers=8)
    assert_moderate(module, train(module, tokens, document, n_passes=3), most=5)


def test_one_piece_does_not_depend_on_the_worker():
    text = tuple(column[:500] for column in make_text())  # less than a block
    assert_same_tables(trained(text=text, n_workers=4), trained(text=text, n_workers=1))


@pytest.mark.parametrize(
    ("n_tokens", "n_workers", "sizes"),
    [
        (1000, 2, [500, 500]),
        (2500, 2, [625] * 4),
        (2500, 1, [834, 834, 832]),
        (70, 4, [64, 6]),
        (5, 3, [5]),
    ],
)
def test_pieces_are_equally_many_for_each_worker(n_tokens, n_workers, sizes, monkeypatch):
    cut_into_pieces(1000, monkeypatch)
    module, seen = make_module(n_workers=n_workers, block_size=64), []

    def watched(tokens, *args):
        seen.append(len(tokens))

    monkeypatch.setattr(module, "_train_on_piece", watched)
    train(module, torch.zeros(n_tokens, dtype=torch.int64), torch.zeros(n_tokens))
    assert sorted(seen, reverse=True) == sizes


@pytest.mark.parametrize(
    ("window", "length", "size"),
    [(5, 50_000, 50_000), (50, 3, 50_000), (50, 50_000, 10_000), (2000, 50_000, 12_500)],
)
def test_pieces_are_small_where_windows_are_large(window, length, size):
    """As far as documents let them be."""
    module = make_module(window=window)
    assert module._piece_size(torch.arange(50_000) // length) == size


def test_it_is_compiled_once_for_all_workers(monkeypatch):
    n_calls = []

    def script(function):
        n_calls.append(1)
        time.sleep(0.05)
        return function

    script_or_function.cache_clear()
    monkeypatch.setattr(torch.jit, "script", script)
    cut_into_pieces(100, monkeypatch)
    filters = list(warnings.filters)
    try:
        train(make_module(n_workers=6), *make_text())
    finally:
        script_or_function.cache_clear()
    assert len(n_calls) == 1
    assert warnings.filters == filters


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_workers", [1, 2])
def test_an_error_in_a_piece_ends_the_others(error, n_workers, monkeypatch):
    cut_into_pieces(30, monkeypatch)  # 100 pieces
    module = make_module(n_workers=n_workers)
    lock, started, limit = threading.Lock(), [], module._limit_density

    def failing(*args):
        with lock:
            started.append(1)
            if len(started) == 3:
                raise error("in a piece")
        time.sleep(0.005)
        return limit(*args)

    monkeypatch.setattr(module, "_limit_density", failing)
    with pytest.raises(error, match="in a piece"):
        train(module, *make_text())
    assert len(started) < 50
    assert not any("ThreadPool" in thread.name for thread in threading.enumerate())


# Texts that repeat themselves --------------------------------------------------------------------


def make_repetitive(n=5400):
    """Texts of a few words, or with such sections, on which summed updates overshoot."""
    generator = torch.Generator().manual_seed(0)
    sentence, document = torch.arange(9), torch.arange(n) // 9
    zipf = (torch.rand(n, generator=generator) ** 3 * 200).long()
    zipf[n // 3 : 2 * (n // 3)] = sentence.repeat(n // 27)
    other = sentence + 9
    turns = torch.cat([part.repeat(n // 27) for part in (sentence, other, sentence)])
    first, then = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 2, 1, 3, 0, 3, 1, 2])
    pairs = torch.cat([first.repeat(n // 8), then.repeat(n // 16)])
    return {
        "one sentence": (sentence.repeat(n // 9), document),
        "one sentence in one document": (sentence.repeat(n // 9), torch.zeros(n)),
        "two sentences in turn": (turns, document[: len(turns)]),
        "a sentence amid others": (zipf, document),
        "one word": (torch.zeros(n, dtype=torch.int64), document),
        "two words": (torch.arange(n) % 2, torch.arange(n) // 1000),
        "pairs that change": (pairs, torch.arange(len(pairs)) // 2),
    }


REPETITIVE = make_repetitive()


@every_kind
@pytest.mark.parametrize(
    ("text", "sample"), [*((text, 0) for text in REPETITIVE), ("a sentence amid others", 1e-3)]
)
def test_repetition_does_not_diverge(algorithm, objective, text, sample):
    tokens, document = REPETITIVE[text]
    counts = (torch.bincount(tokens, minlength=200) + 1).tolist()
    module = make_module(counts, algorithm, objective, vector_size=20, sample=sample)
    losses = train(module, tokens, document, n_passes=3)
    assert_moderate(module, losses)
    assert max(losses) < 5  # not far above guessing, even where a text contradicts itself


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_skewed_texts_do_not_diverge(algorithm, objective, n_workers):
    """A few words are most of the negative samples, and sub-sampling keeps nearly none of them."""
    text = torch.from_numpy(np.random.default_rng(0).zipf(1.5, 40_000) % 5000)
    _, tokens = text.unique(return_inverse=True)
    counts = torch.bincount(tokens).tolist()
    module = make_module(
        counts, algorithm, objective, vector_size=50, sample=1e-4, n_workers=n_workers
    )
    losses = train(module, tokens, torch.arange(len(tokens)) // 500, lr=0.025, n_passes=2)
    assert_moderate(module, losses)
    assert max(losses) < 1


@every_kind
@pytest.mark.parametrize("text", ["one word", "pairs that change", "a sentence amid others"])
@pytest.mark.parametrize("lr", [0.1, 1.0])
def test_repetition_does_not_diverge_at_high_rates(algorithm, objective, text, lr):
    tokens, document = REPETITIVE[text]
    counts = (torch.bincount(tokens, minlength=200) + 1).tolist()
    module = make_module(counts, algorithm, objective, vector_size=20, sample=0, window=10)
    assert_moderate(module, train(module, tokens, document, lr=lr, n_passes=3))


# Extreme texts and parameters --------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    "params",
    [
        {"window": 1},
        {"window": 30},
        {"window": 300},
        {"vector_size": 1},
        {"block_size": 1},
        {"block_size": 33},
        {"block_size": 10_000},
        {"negative": 1},
        {"negative": 50},
        {"sample": 1e-2},
        {"ns_exponent": -1.0},
    ],
    ids=str,
)
def test_extreme_parameters(algorithm, objective, params):
    module = make_module(algorithm=algorithm, objective=objective, **params)
    before = copy.deepcopy(module)
    losses = train(module, *make_text(60), n_passes=2)
    assert_moderate(module, losses, most=20)
    assert losses[0] == pytest.approx(math.log(2), abs=0.15)
    for table, old in zip(tables_of(module), tables_of(before), strict=True):
        assert not table.equal(old)


@every_kind
def test_a_window_may_be_wider_than_all_documents(algorithm, objective):
    """Contexts end with the documents."""
    tokens = torch.tensor([0, 1, 2, 3])
    module = make_module([1] * 4, algorithm, objective, window=300)
    document = torch.tensor([0, 0, 1, 1])
    (loss,) = train(module, tokens, document)
    assert loss == pytest.approx(math.log(2), abs=1e-3)
    assert tables_of(module)[1].any()


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_documents_of_one_token_have_no_effect(algorithm, objective, n_workers):
    module = make_module(algorithm=algorithm, objective=objective, n_workers=n_workers)
    before = copy.deepcopy(module)
    assert train(module, torch.arange(N_WORDS), torch.arange(N_WORDS)) == [0.0]
    assert_same_tables(module, before)


@every_kind
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_text_that_is_left_out_has_no_effect(algorithm, objective, n_workers):
    module = make_module(
        algorithm=algorithm, objective=objective, sample=1e-30, n_workers=n_workers
    )
    before = copy.deepcopy(module)
    assert train(module, *make_text()) == [0.0]
    assert_same_tables(module, before)


@every_kind
def test_pieces_that_are_left_out_do_not_count_in_the_loss(algorithm, objective, monkeypatch):
    cut_into_pieces(100, monkeypatch)
    module = make_module([10] * 3, algorithm, objective)
    module.keep_probability[2] = 0
    tokens = torch.cat([torch.arange(100) % 2, torch.full((300,), 2)])
    (loss,) = train(module, tokens, torch.zeros(400))
    assert loss == pytest.approx(math.log(2), abs=1e-3)


@every_kind
def test_a_vocabulary_of_one_word(algorithm, objective):
    module = make_module([20], algorithm, objective)
    losses = train(module, torch.zeros(20, dtype=torch.int64), torch.zeros(20), n_passes=2)
    assert_moderate(module, losses, most=5)


@every_kind
def test_vectors_that_are_not_finite_make_the_loss_nan(algorithm, objective):
    module = make_module(algorithm=algorithm, objective=objective)
    module.set_vectors(range(N_WORDS), torch.full((N_WORDS, 8), torch.nan))
    assert not math.isfinite(train(module, *make_text())[0])


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    n_words=st.integers(1, 30),
    window=st.integers(1, 12),
    vector_size=st.integers(1, 9),
    block_size=st.none() | st.integers(1, 70),
    sample=st.sampled_from([0, 1e-2, 1e-4]),
    seed=st.integers(0, 99),
)
def test_any_text_trains(kind, lengths, n_words, window, vector_size, block_size, sample, seed):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(n_words, (sum(lengths),), generator=generator)
    counts = (torch.bincount(tokens, minlength=n_words) + 1).tolist()
    module = make_module(
        counts, *kind, window=window, vector_size=vector_size, block_size=block_size, sample=sample
    )
    document = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    losses = train(module, tokens, document, n_passes=2)
    assert_moderate(module, losses)
    assert all(0 <= loss < 1 for loss in losses)


# Continuing with more words ----------------------------------------------------------------------


@every_kind
def test_new_words_keep_what_was_learned(algorithm, objective):
    old = trained(algorithm, objective)
    counts = [20] * N_WORDS + [5] * 10
    new, untouched = (make_module(counts, algorithm, objective, seed=7) for _ in range(2))
    new.copy_learned(old)
    inputs, outputs = tables_of(new)
    assert inputs[:N_WORDS].equal(tables_of(old)[0])
    assert inputs[N_WORDS:].equal(tables_of(untouched)[0][N_WORDS:])
    if objective == "negative":
        assert outputs[:N_WORDS].equal(tables_of(old)[1])
        assert not outputs[N_WORDS:].any()
    else:  # a new tree, whose nodes have another meaning
        assert not outputs.any()
        assert new.tree.nodes.equal(huffman_paths(counts)[0])
    losses = train(new, torch.arange(N_WORDS + 10).repeat(20), torch.arange(1000) // 50)
    assert_moderate(new, losses, most=10)
    assert tables_of(new)[1].any(1).all()


@every_kind
def test_the_same_words_continue_where_they_were(algorithm, objective):
    """Also with other counts: so long as no word joins, the tree stays."""
    old = trained(algorithm, objective)
    new = make_module(list(range(1, N_WORDS + 1)), algorithm, objective, seed=7, sample=1e-2)
    new.copy_learned(old)
    assert_same_tables(new, old)
    assert not new.keep_probability.equal(old.keep_probability), "it is that of the new counts"
    if objective == "hierarchical":
        for name in ("nodes", "codes", "lengths"):
            assert getattr(new.tree, name).equal(getattr(old.tree, name))
    before = [table.clone() for table in tables_of(old)]
    train(new, *make_text(seed=2))
    assert all(map(torch.equal, tables_of(old), before)), "the other stays as it was"


@every_kind
def test_continued_training_starts_at_a_low_loss(algorithm, objective):
    text = make_text(1000)
    old = make_module(algorithm=algorithm, objective=objective)
    losses = train(old, *text, n_passes=10)
    counts = [250] * N_WORDS + ([1] if objective == "negative" else [])
    new = make_module(counts, algorithm, objective)
    new.copy_learned(old)
    (loss,) = train(new, *text)
    assert loss < (losses[0] + losses[-1]) / 2
