"""Speed of skdl beside another commit of itself.

Both versions are imported in one process, the other one under another name, and run in turn on the
same data: fits and predictions of each family, a network of somebody else's, a grid search, and
imports in new interpreters. Medians of interleaved rounds, which change places: an even round
begins with the other version. Ratios are that of this version to the other; that of medians, and
the median of those of each round, with an interval of about 95 % from order statistics.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
from _other_commit import ROOT, add_commit, both_versions, maker
from _report import Report, median
from scipy.stats import binom
from sklearn.model_selection import GridSearchCV
from torch import nn

from skdl.datasets import load_docstrings, make_sequences

SHORTEST_S = 0.2  # shorter jobs are repeated within a round


class Backbone(nn.Sequential):
    """A network that knows nothing of skdl, with dropout of torch's."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(4),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(16 * 49, 32),
            nn.Dropout(0.2),
        )


ONE_EPOCH = {"max_epochs": 1}


def estimators_of(package, quick: bool):
    """Name to (function that makes an estimator, X, y)."""
    make, n = partial(maker, package), 10 if quick else 1
    return {**on_sequences(make, n), **on_images(make, n), **on_texts(make, n)}


def on_sequences(make, n: int):
    """Of series and signals, of the n-th part of the rows."""
    X, y = make_sequences(4000 // n, n_steps=32, random_state=0)
    short, y_short = make_sequences(100, n_steps=24, random_state=0)
    ragged, labels = make_sequences(
        1000 // n, n_steps=60, task="classification", ragged=True, random_state=0
    )
    signals, kinds = make_sequences(1000 // n, n_steps=128, task="classification", random_state=0)
    lstm = partial(
        make, "LSTMRegressor", hidden_size=32, batch_size=64, early_stopping=False, max_epochs=5
    )
    cnn, transformer = (
        make("CNNClassifier", **ONE_EPOCH),
        make("TransformerClassifier", **ONE_EPOCH),
    )
    return {
        "LSTMRegressor": (lstm(), X, y),
        "LSTMRegressor, no linear model": (lstm(linear_model=False), X, y),
        "LSTMRegressor, dropout": (lstm(dropout=0.2), X, y),
        "LSTMRegressor, 100 rows": (lstm(hidden_size=8, max_epochs=1), short, y_short),
        "LSTMClassifier, ragged": (make("LSTMClassifier", max_epochs=3), ragged, labels),
        "CNNClassifier, signals": (cnn, signals, kinds),
        "TransformerClassifier, numbers": (transformer, signals, kinds),
    }


def on_images(make, n: int):
    images = np.random.default_rng(0).integers(0, 256, (1500 // n, 28, 28)).astype(np.uint8)
    digits = np.arange(len(images)) % 10
    cnn = partial(make, "CNNClassifier", **ONE_EPOCH)
    return {
        "CNNClassifier, images": (cnn(), images, digits),
        "CNNClassifier, randaugment and mixup": (
            cnn(augment="randaugment", mixup=0.2),
            images,
            digits,
        ),
        "CNNClassifier, backbone": (cnn(backbone=Backbone()), images, digits),
    }


def on_texts(make, n: int):
    texts, topics = load_docstrings(return_X_y=True)
    texts, topics = texts[::n], topics[::n]
    corpus = texts * (4 if n == 1 else 1)
    transformer = make("TransformerClassifier", **ONE_EPOCH, linear_model=False)
    word2vec = partial(make, "Word2VecTransformer", max_epochs=2)
    return {
        "TransformerClassifier, texts": (transformer, texts, topics),
        "Word2VecTransformer, skip-gram": (word2vec(), corpus, None),
        "Word2VecTransformer, cbow": (word2vec(algorithm="cbow"), corpus, None),
    }


def jobs_of(package, folder, quick: bool):
    """Name to a job that is timed."""
    made = estimators_of(package, quick)
    jobs = {f"fit: {name}": fit_job(*job) for name, job in made.items()}
    for name, (new, X, y) in made.items():
        if name.partition(", ")[2] not in {"100 rows", "no linear model", "dropout", "cbow"}:
            fitted = new().fit(X, y)
            call = fitted.predict if hasattr(fitted, "predict") else fitted.transform
            jobs[f"predict: {name}"] = partial(call, X)
    new, X, y = made["LSTMRegressor, 100 rows"]
    grid = {"lr": [1e-3, 3e-3, 1e-2], "hidden_size": [4, 8]}
    for n_jobs in (1, 2):
        search = partial(GridSearchCV, cv=5, n_jobs=n_jobs)
        jobs[f"GridSearchCV, n_jobs={n_jobs}"] = search_job(search, new, grid, X, y)
    jobs["import of skdl.estimators"] = partial(seconds_of_import, package, folder)
    return jobs


def fit_job(new, X, y):
    return lambda: new().fit(X, y)


def search_job(search, new, grid, X, y):
    return lambda: search(new(), grid).fit(X, y)


def seconds_of_import(package, folder) -> float:
    code = (
        f"import sys; sys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]; "
        "from time import perf_counter; start = perf_counter(); "
        f"import {package.__name__}; print(perf_counter() - start)"
    )
    # As installed packages are: compiled, which the first import does where it may write.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    return float(run.stdout)


def timed(job: Callable[[], object], n_times: int) -> float:
    start = perf_counter()
    result = [job() for _ in range(n_times)]
    elapsed = perf_counter() - start
    return sum(result) if isinstance(result[0], float) else elapsed


def compare(here, there, n_rounds: int):
    """Seconds of both jobs in each round."""
    shortest = min(timed(job, 1) for job in (here, there) for _ in range(2))
    n_times = max(1, min(50, round(SHORTEST_S / shortest)))
    seconds = {here: [], there: []}
    for n_round in range(n_rounds):
        for job in (here, there) if n_round % 2 else (there, here):
            seconds[job].append(timed(job, n_times) / n_times)
    return seconds[here], seconds[there]


def median_with_interval(values) -> tuple[float, float, float]:
    """The median, and the order statistics that enclose it with about 95 %."""
    values = np.sort(values)
    below = max(0, int(binom.ppf(0.025, len(values), 0.5)) - 1)
    return float(np.median(values)), float(values[below]), float(values[-1 - below])


def main() -> None:
    parser = argparse.ArgumentParser()
    add_commit(parser)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="jobs whose name has this")
    report = Report(__doc__, parser)
    rows, slower = {}, []
    n_rounds = 1 if report.quick else report.args.rounds
    with both_versions(report) as (folder, packages):
        jobs_here, jobs_there = (jobs_of(package, folder, report.quick) for package in packages)
        for name in (name for name in jobs_here if report.args.only in name):
            seconds = compare(jobs_here[name], jobs_there[name], n_rounds)
            here, there = map(median, seconds)
            of_rounds, low, high = median_with_interval(np.divide(*seconds))
            interval = f"{low:.3f} to {high:.3f}"
            if low > 1:
                slower.append(name)
            rows[name] = (here, there, here / there, of_rounds, interval)
            print(name, f"{here:.4f} {here / there:.3f} {of_rounds:.3f} {interval}", flush=True)
    columns = ["median s here", "there", "ratio of medians", "median of ratios", "95 %"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("job")
    report.table(f"{n_rounds} rounds", table)
    for column in columns[2:4]:
        ratios = table[column]
        report.say(
            f"{column.capitalize()}: median {ratios.median():.3f}, highest {ratios.max():.3f} "
            f"({ratios.idxmax()})."
        )
    report.say(f"Slower, by the whole interval: {', '.join(slower) or 'none'}.")
    report.finish()


if __name__ == "__main__":
    main()
