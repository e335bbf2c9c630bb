"""The number of threads of a run, and limits of a scope."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from skdl.engine import _threads
from skdl.engine._threads import (
    CONVOLUTION_PER_THREAD,
    LIMITED,
    WORK_PER_THREAD,
    ThreadCount,
    allowed_threads,
    scoped_threads,
    threads_for,
)

CPU = torch.device("cpu")


def in_thread(function):
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(function).result()


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


# Limits of a scope -------------------------------------------------------------------------------


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize(("asked", "inside"), [(1, 1), (3, 3), (4, 4), (9, 4)])
def test_scoped_threads_never_more_than_allowed(asked, inside):
    with scoped_threads(asked):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_scoped_threads_are_given_back_after_an_error():
    with pytest.raises(RuntimeError, match="inside"), scoped_threads(1):
        raise RuntimeError("inside")
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_threads_grow_with_the_work_of_a_batch():
    module = nn.Linear(1000, 1000)
    per_thread = WORK_PER_THREAD // 1_000_000
    assert threads_for(module, 1, CPU) == 1
    assert threads_for(module, 2 * per_thread, CPU) == 2
    assert threads_for(module, 100 * per_thread, CPU) == 4, "never more than allowed"
    assert threads_for(module, 100 * per_thread, torch.device("cuda")) == 1


@pytest.mark.usefixtures("four_threads")
def test_a_module_may_say_how_much_work_a_row_is():
    module = nn.Conv2d(1, 1, 3)
    assert threads_for(module, 100, CPU) == 1
    module.work_per_row = CONVOLUTION_PER_THREAD
    assert threads_for(module, 3, CPU) == 3


@pytest.mark.usefixtures("four_threads")
def test_a_module_without_products_takes_one_thread():
    assert threads_for(nn.LayerNorm(8), 10**9, CPU) == 1


# Threads beside one another ----------------------------------------------------------------------


@pytest.mark.usefixtures("four_threads")
def test_a_thread_that_begins_amid_a_limited_one_may_use_what_that_one_may():
    """Torch gives a new thread the number that was set last, by whichever thread."""
    seen = []

    def begins():
        seen.append(torch.get_num_threads())  # as torch has it
        seen.append(allowed_threads())
        with scoped_threads(3):
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    def limited():
        with scoped_threads(1):
            in_thread(begins)
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 4

    in_thread(limited)
    assert seen == [1, 4, 3, 4]
    assert torch.get_num_threads() == 4
    assert LIMITED == {}


@pytest.mark.usefixtures("four_threads")
def test_limits_that_overlap_leave_what_was_allowed():
    """The second begins amid the first and ends after it."""
    inside, ended = threading.Event(), threading.Event()

    def first():
        with scoped_threads(1):
            inside.set()
            ended.wait(10)

    def second():
        with scoped_threads(1):
            ended.set()
            one.result()
            assert torch.get_num_threads() == 1
        return torch.get_num_threads()

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(first)
        inside.wait(10)
        assert threads.submit(second).result() == 4
    assert in_thread(torch.get_num_threads) == 4, "new threads too"


@pytest.mark.usefixtures("four_threads")
def test_limits_in_limits_narrow():
    with scoped_threads(3):
        assert allowed_threads() == 3
        with scoped_threads(4):
            assert torch.get_num_threads() == 3
        with scoped_threads(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == allowed_threads() == 4


# The number of a run -----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(ThreadCount, "latest", (1, 1, -math.inf))


def idle(number, _):
    """Seconds and processor time of a step on an idle machine: more threads are faster."""
    return 0.01 + 0.1 / number, 0.01 + 0.1


def beside_one(n_cores):
    """A machine whose other process uses one core: all cores at once are ten times slower."""

    def step(number, _):
        seconds, cpu = idle(number, 0)
        return (10 * seconds, number * seconds) if number == n_cores else (seconds, cpu)

    return step


def run(threads, step, n_steps, size=1):
    """Seconds of so many steps, and the number of threads of each."""
    numbers, seconds = [], 0.0
    for i in range(n_steps):
        took, cpu = step(threads.number, i)
        numbers.append(threads.number)
        threads.record_step(size, took * size, cpu * size)
        seconds += took * size
    return seconds, numbers


@pytest.mark.parametrize("n_cores", [2, 4, 16])
def test_an_idle_machine_keeps_the_largest_number(n_cores):
    threads = ThreadCount(n_cores)
    seconds, numbers = run(threads, idle, 300)
    assert threads.number == n_cores
    assert set(numbers) - {n_cores}, "smaller numbers are tried once"
    assert seconds < 1.05 * 300 * idle(n_cores, 0)[0]


@pytest.mark.parametrize("n_cores", [2, 4, 16])
@pytest.mark.parametrize("size", [1, 100])
def test_beside_a_busy_process_the_best_number_is_found_soon(n_cores, size):
    threads, step = ThreadCount(n_cores), beside_one(n_cores)
    seconds, numbers = run(threads, step, 300, size)
    best = min(step(number, 0)[0] for number in threads.numbers)
    assert step(threads.number, 0)[0] == best
    assert numbers[4] < n_cores
    assert seconds < 1.25 * 300 * size * best


@pytest.mark.parametrize("n_cores", [2, 4])
def test_a_process_that_begins_and_ends_later(n_cores):
    def step(number, i):
        return (beside_one(n_cores) if 100 <= i < 400 else idle)(number, i)

    threads = ThreadCount(n_cores)
    _, numbers = run(threads, step, 2000)
    assert numbers[99] == n_cores
    assert numbers[110] < n_cores
    assert threads.number == n_cores


@pytest.mark.parametrize("first", range(50, 62))
def test_a_comparison_may_end_at_any_step(first):
    """Also just before the step by which numbers are compared at the latest."""

    def step(number, i):
        seconds, cpu = idle(number, i)
        return seconds, cpu if i < first else 0.0  # the processors are told to be taken

    threads = ThreadCount(2)
    run(threads, step, 100)
    assert threads.number == 2


def test_steps_of_unequal_size_are_compared_by_size():
    threads = ThreadCount(2)
    for i in range(300):
        size = 1 + 9 * (i % 2)
        seconds, cpu = idle(threads.number, i)
        threads.record_step(size, size * seconds, size * cpu)
    assert threads.number == 2


def test_the_next_run_begins_with_the_number_of_the_last_one():
    run(ThreadCount(4), beside_one(4), 50)
    assert ThreadCount(4).number == 3
    assert ThreadCount(2).number == 2
    assert ThreadCount(1).number == 1


def test_what_was_found_long_ago_does_not_count(monkeypatch):
    run(ThreadCount(4), beside_one(4), 50)
    monkeypatch.setattr(_threads, "KEPT_SECONDS", 0.0)
    assert ThreadCount(4).number == 4


def test_deterministic_algorithms_fix_the_number():
    torch.use_deterministic_algorithms(True)
    try:
        threads = ThreadCount(4)
    finally:
        torch.use_deterministic_algorithms(False)
    assert threads.numbers == [4]


def of_calling_thread(step):
    """Steps with the processor time of the calling thread: all, unless others starve."""

    def timed(number, i):
        seconds, _ = step(number, i)
        return seconds, seconds if seconds <= idle(number, i)[0] else 0.1 * seconds

    return timed


@pytest.mark.parametrize("n_cores", [2, 4, 16])
def test_where_a_seed_decides_an_idle_machine_keeps_the_largest_number(n_cores):
    run(ThreadCount(n_cores), beside_one(n_cores), 50)  # what another run found does not count
    threads = ThreadCount(n_cores, repeatable=True)
    _, numbers = run(threads, of_calling_thread(idle), 300)
    assert set(numbers) == {n_cores}


@pytest.mark.parametrize("n_cores", [2, 4, 16])
def test_where_a_seed_decides_starved_threads_are_fewer(n_cores):
    threads, step = ThreadCount(n_cores, repeatable=True), beside_one(n_cores)
    seconds, _ = run(threads, of_calling_thread(step), 300)
    best = min(step(number, 0)[0] for number in threads.numbers)
    assert step(threads.number, 0)[0] == best
    assert seconds < 1.5 * 300 * best


@pytest.mark.parametrize("waiting", ["a little", "for a moment"])
def test_where_a_seed_decides_a_little_waiting_changes_nothing(waiting):
    threads = ThreadCount(2, repeatable=True)
    of_step = {
        "a little": lambda i: 0.0085,
        "for a moment": lambda i: 0.0 if 10 <= i < 14 else 0.01,
    }
    _, numbers = run(threads, lambda _, i: (0.01, of_step[waiting](i)), 3000)
    assert set(numbers) == {2}


def compute(seconds=0.1):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        torch.ones(1000).sum()


def test_where_a_seed_decides_the_calling_thread_is_timed():
    def step(_):
        other = threading.Thread(target=compute)
        other.start()
        other.join()

    threads = ThreadCount(2, repeatable=True)
    with scoped_threads(2):
        for _ in range(2):  # the first step does not count
            threads.timed(step, SimpleNamespace(size=1))
    assert threads.steps.cpu_seconds < 0.5 * threads.steps.seconds


def test_one_thread_is_not_timed(monkeypatch):
    monkeypatch.setattr(ThreadCount, "record_step", lambda *_: pytest.fail("timed"))
    assert ThreadCount(1).timed(lambda batch: batch + 1, 1) == 2
