"""Word2Vec: random numbers, and several workers."""

import math
import random
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from skdl.estimators.word2vec._network_steps import script_or_function
from tests.estimators.word2vec.networks import (
    assert_moderate,
    assert_same_tables,
    cut_into_pieces,
    every_kind,
    make_module,
    make_text,
    tables_of,
    texts_of,
    train,
    trained,
)

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
