"""How many threads torch takes: limits of a scope, and what steps take the least time with."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import torch
from torch import nn

from ._contract import attribute_or_default
from ._data import ServedBatch

Result = TypeVar("Result")

# Below this many multiply-adds in a batch's largest matrix product, a second thread costs more
# than it brings (measured, see benchmarks/threads.py).
WORK_PER_THREAD = 2_000_000
# The same for modules with ``work_per_row``.
CONVOLUTION_PER_THREAD = 8_000_000

# How numbers of threads are compared:
TRIAL_STEPS = 2  # steps that are timed with each number, after a first one that is not counted
TOO_SLOW = 2.0  # a number whose first step takes so many times the least is not tried further
STOP_SEARCH = 1.3  # nor are numbers beyond one that takes so many times the least
# When they are compared:
FIRST_STEPS = 60  # steps after which they are at the latest
BUSY = 0.75  # or where threads get less than this fraction of the processors' time
# Where a seed shall decide the results: or where the thread that calls the others, which on an idle
# machine always computes or looks for them, waits for more than this fraction of so many seconds
# (two cores: idle 0.02, at most 0.15; beside one process 0.37, steps take four times as long).
WAITS, LONG_WINDOW = 0.25, 0.25
SLOWER = 1.5  # or where steps with the largest number take so many times what they took
WINDOW = 0.02  # seconds of steps over which that is looked at
# A number below the largest is compared again after so many seconds, each time it was right after
# twice as many; never so soon that comparisons take more than this fraction of the time.
MIN_WAIT, MAX_WAIT, TRIAL_FRACTION = 0.25, 60.0, 0.03
KEPT_SECONDS = 30.0  # how long a new run begins with the number of the last one


# The Python threads inside of ``scoped_threads``, by identity, and what each was allowed before.
LIMITED: dict[int, int] = {}


def allowed_threads() -> int:
    """How many threads torch may use in this Python thread.

    Torch keeps a number for each Python thread, and a new one begins with the number that was set
    last, in whichever thread. One that begins during a fit in another thread would inherit the
    limit of that fit; it gets instead what that fit was allowed.
    """
    of_others = LIMITED.copy()
    if of_others.pop(threading.get_ident(), None) is not None:
        return torch.get_num_threads()
    return max(torch.get_num_threads(), *of_others.values(), 1)


@contextlib.contextmanager
def scoped_threads(n_threads: int) -> Iterator[None]:
    """At most ``n_threads`` threads inside torch operations, never more than were allowed."""
    # The outermost call registers what its thread was allowed, for ``allowed_threads`` of others.
    before, thread = allowed_threads(), threading.get_ident()
    is_outermost = thread not in LIMITED
    LIMITED.setdefault(thread, before)
    set_threads(min(n_threads, before))
    try:
        yield
    finally:
        set_threads(before)
        if is_outermost:
            LIMITED.pop(thread, None)


def set_threads(n_threads: int) -> None:
    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)


def threads_for(module: nn.Module, batch_size: int, device: torch.device) -> int:
    """Number of threads, from the number of multiply-adds in one batch's largest product.

    That is the largest weight's size times the batch size, or ``work_per_row`` of the module times
    the batch size. A module with a step of its own starts its threads itself.
    """
    if device.type != "cpu" or attribute_or_default(module, "train_on"):
        return 1
    work, per_thread = attribute_or_default(module, "work_per_row"), CONVOLUTION_PER_THREAD
    if work is None:
        weights = (weight.numel() for weight in module.parameters() if weight.ndim > 1)
        work, per_thread = max(weights, default=0), WORK_PER_THREAD
    return max(1, min(allowed_threads(), batch_size * work // per_thread))


@dataclass
class Steps:
    """What some steps with one number of threads took."""

    n: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    size: float = 0.0

    @property
    def cost(self) -> float:
        return self.seconds / self.size


class ThreadCount:
    """The number of threads with which the steps of a run take the least time.

    On an idle machine that is about ``largest``. Where other processes compute too, threads wait
    for the one that does not get its processor, and a step in two threads may take ten times as
    long as in one. So numbers are compared by timing steps of the run: once in each long run, when
    threads get little of the processors, when steps become slower, and while the number is not the
    largest from time to time.

    The number of threads changes results by rounding, which training may amplify: where results
    shall be the same in each run, it stays ``largest`` until threads wait for other processes a
    quarter of the time. Under ``torch.use_deterministic_algorithms(True)`` it always does.

    Parameters
    ----------
    largest : int
        The most that may pay, as :func:`threads_for` gives it.
    repeatable : bool, default=False
        Whether the number is to be ``largest`` wherever that is bearable.

    Attributes
    ----------
    number : int
        The number for the next step.
    """

    # The number that was found last, of how many, and when: where a new run begins.
    latest: ClassVar[tuple[int, int, float]] = (1, 1, -math.inf)

    def __init__(self, largest: int, *, repeatable: bool = False) -> None:
        fixed = torch.are_deterministic_algorithms_enabled()
        smaller = set() if fixed else {largest - 1, largest // 2, 1} - {0}
        self.numbers, self.repeatable = sorted(smaller | {largest}), repeatable
        found, of, when = self.latest
        is_recent = found < of and time.perf_counter() - when < KEPT_SECONDS
        is_known = is_recent and not (fixed or repeatable)
        self.number = max(each for each in self.numbers if each <= (found if is_known else largest))
        # Seconds of steps that are looked at before numbers have been compared, and the steps after
        # which they are even so.
        self.first_window, self.first_steps = WINDOW, float(FIRST_STEPS)
        if repeatable:
            self.first_window, self.first_steps = LONG_WINDOW, math.inf
        self.seconds, self.n_steps = 0.0, 0  # of all steps
        self.wait = MIN_WAIT
        self.next_comparison = MIN_WAIT  # in seconds of steps, when numbers are compared again
        self.costs: dict[int, float] = {}  # of the last comparison
        self.untried: list[int] = []  # of the one that is under way
        self.steps, self.is_first = Steps(), True

    def timed(self, step: Callable[[ServedBatch], Result], batch: ServedBatch) -> Result:
        """``step(batch)``."""
        if len(self.numbers) == 1:
            return step(batch)
        set_threads(self.number)
        cpu_time = time.thread_time if self.repeatable else time.process_time
        started, cpu_started = time.perf_counter(), cpu_time()
        result = step(batch)
        self.record_step(batch.size, time.perf_counter() - started, cpu_time() - cpu_started)
        return result

    def record_step(self, size: int, seconds: float, cpu_seconds: float) -> None:
        """Choose the number for the next step, from what this one took.

        ``size`` is what costs are relative to: steps differ. ``cpu_seconds`` are those of all
        threads, with ``repeatable`` those of the calling thread.
        """
        self.seconds += seconds
        self.n_steps += 1
        is_first, self.is_first = self.is_first, False
        steps = self.steps
        if not is_first:  # threads have to wake up
            steps.n += 1
            steps.seconds += seconds
            steps.cpu_seconds += cpu_seconds
            steps.size += size
        if not self.untried:
            window = WINDOW if self.costs else self.first_window
            if steps.n and (steps.seconds > window or self.n_steps == self.first_steps):
                self._compare_if_due()
        elif is_first and seconds / size > TOO_SLOW * min(self.costs.values()):
            self._record_trial(seconds / size)
        elif steps.n == TRIAL_STEPS:
            self._record_trial(steps.cost)

    def _compare_if_due(self) -> None:
        """After some steps with the best number: compare it with the others, or go on."""
        steps, self.steps = self.steps, Steps()
        if self.number < self.numbers[-1]:
            compare = self.seconds > self.next_comparison
        elif self.costs:
            compare = steps.cost > SLOWER * self.costs[self.number]
        else:
            least = 1 - WAITS if self.repeatable else BUSY * self.number
            is_busy = steps.cpu_seconds < least * steps.seconds
            compare = is_busy or self.n_steps >= self.first_steps
        if compare:
            self.costs, self.started = {self.number: steps.cost}, self.seconds
            others = [each for each in self.numbers if each != self.number]
            self.untried = sorted(others, key=lambda each: abs(each - self.number))
            self._use(self.untried[0])

    def _record_trial(self, cost: float) -> None:
        """One more cost is known; with the last one use the best number."""
        tried, before = self.untried.pop(0), next(iter(self.costs))
        self.costs[tried] = cost
        if cost > STOP_SEARCH * min(self.costs.values()):
            is_more = tried > before
            self.untried = [each for each in self.untried if (each > tried) != is_more]
        if self.untried:
            self._use(self.untried[0])
            return
        best = min(self.costs, key=self.costs.__getitem__)
        proved_right = best == before
        wait = min(2 * self.wait, MAX_WAIT) if proved_right else MIN_WAIT
        self.wait = max(wait, (self.seconds - self.started) / TRIAL_FRACTION)
        self.next_comparison = self.seconds + self.wait
        ThreadCount.latest = best, self.numbers[-1], time.perf_counter()
        self._use(best)

    def _use(self, number: int) -> None:
        self.number, self.steps, self.is_first = number, Steps(), True
