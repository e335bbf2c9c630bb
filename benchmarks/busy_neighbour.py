"""Fits beside another process that uses one core, and alone.

Seconds of whole fits, medians of interleaved rounds: alone with one thread of torch and with as
many as it has, both fixed, and with the number that skdl finds while it trains, with
``random_state=None`` ("own") and with a seed ("seed"), with which the number changes only where
threads wait a quarter of the time; the same beside a process that computes without end. A fixed
number is that of ``torch.set_num_threads``, kept by ``torch.use_deterministic_algorithms(True)``.

Beside the other process all threads may take some 25 times as long as one: with ``--all`` they are
timed once.

"alone" is the time with skdl's own number over that of the better fixed one; "busy" are times
beside the other process over those alone, of the own number and with a seed.
"""

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any

import pandas as pd
import torch
from _report import Job, Report, interleave, median, threads

from skdl.datasets import load_docstrings, make_images, make_sequences
from skdl.estimators import CNNClassifier, LSTMClassifier, LSTMRegressor, TransformerClassifier

OWN, SEED, ONE, ALL = "own", "seed", "1 thread", "all threads"


def fits(quick: bool) -> dict[str, Job]:
    n, kind = 10 if quick else 1, {"task": "classification", "random_state": 0}
    digits = make_images(2000 // n, size=(28, 28), random_state=0)
    long = make_sequences(100, n_steps=1460 // n, **kind)
    windows = make_sequences(2000 // n, n_steps=64, **kind)
    numbers = make_sequences(2000 // n, n_steps=24, random_state=0)
    texts = tuple(part[:: 4 * n] for part in load_docstrings(return_X_y=True))
    return {
        "CNNClassifier, 2,000 images, 28 x 28": partial(fit, CNNClassifier(max_epochs=4), digits),
        "CNNClassifier, 100 signals, 1,460 steps": partial(
            fit, CNNClassifier(kind="signal", max_epochs=20), long
        ),
        "LSTMClassifier, hidden 256": partial(fit, LSTMClassifier(256, max_epochs=1), windows),
        "LSTMRegressor, hidden 32": partial(fit, LSTMRegressor(32, max_epochs=10), numbers),
        "TransformerClassifier, numbers": partial(
            fit, TransformerClassifier(max_epochs=3), windows
        ),
        "TransformerClassifier, texts": partial(
            fit, TransformerClassifier(max_epochs=1, linear_model=False), texts
        ),
    }


def fit(estimator: Any, data: tuple[Any, Any], seed: int | None = None) -> None:
    estimator.set_params(device="cpu", early_stopping=False, random_state=seed).fit(*data)


def fixed(job: Job, n_threads: int) -> None:
    torch.use_deterministic_algorithms(True)
    try:
        with threads(n_threads):
            job()
    finally:
        torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def busy_process() -> Iterator[None]:
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="all threads beside the process, too")
    parser.add_argument("--rounds", type=int, default=3)
    report = Report(__doc__, parser)
    n_all, n_rounds = torch.get_num_threads(), 1 if report.quick else report.args.rounds
    rows = {}
    for name, job in fits(report.quick).items():
        numbers = {OWN: job, SEED: partial(job, seed=0), ONE: partial(fixed, job, 1)}
        numbers[ALL] = partial(fixed, job, n_all)
        alone = interleave(numbers, n_rounds)
        all_threads = numbers.pop(ALL)
        with busy_process():
            beside = interleave(numbers, n_rounds)
            if report.args.all:
                started = perf_counter()
                all_threads()
                beside[ALL] = [perf_counter() - started]
        seconds = {
            f"s {number}, {where}": median(runs)
            for where, each in (("alone", alone), ("busy", beside))
            for number, runs in each.items()
        }
        own, seeded, *fixed_ones = (median(runs) for runs in alone.values())
        ratios = {
            "alone (bar 1.05)": own / min(fixed_ones),
            "busy (bar 2.2)": median(beside[OWN]) / own,
            "busy, seed (bar 2.2)": median(beside[SEED]) / seeded,
        }
        rows[name] = seconds | ratios
        print(name, *(f"{value:.3g}" for value in rows[name].values()), file=sys.stderr)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("fit")
    report.table("Fits", table)
    report.finish()


if __name__ == "__main__":
    main()
