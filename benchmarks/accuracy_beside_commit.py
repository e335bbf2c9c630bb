"""Accuracy of skdl beside another commit of itself.

The sets of the other accuracy benchmarks, default parameters unless named, each version with the
same seeds on the same rows; both versions are imported in one process. Means over seeds of test
scores (accuracy; mean absolute error for forecasts; Spearman's correlation for word vectors),
"sd" is the standard deviation of their differences. Where the outputs are equal bit for bit with
the first seed, the others are not tried.

- Forecasts: accuracy_series, windows of 24 and 48 steps, 1 and 24 steps ahead.
- Classes of series: accuracy_signals and the numbers of accuracy_text.
- Images: accuracy_images: one fold of the digits and 1,000 images of Fashion-MNIST a seed; all of
  these with one seed.
- Texts: accuracy_text, one fold a seed; MiniLM on 8 texts of each class and on all of snips, the
  latter with one seed.
- Word vectors: word2vec_quality, gutenberg.

The data are read by ``skdl.datasets``; set SKDL_DATA to a folder that has them. Long runs can be
divided: see accuracy_text on ``--keep FILE``.
"""

import argparse
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import accuracy_images
import accuracy_series
import accuracy_signals
import accuracy_text
import numpy as np
import pandas as pd
from _corpora import files_in, gutenberg
from _other_commit import add_commit, both_versions, maker
from _report import Report
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import StratifiedKFold, train_test_split

from skdl.datasets import fetch_fashion_mnist, load_digits_images
from skdl.estimators.word2vec._evaluation import evaluate_word_pairs
from skdl.preprocessing import sliding_windows

HERE, THERE = "here", "there"


class Task(NamedTuple):
    """A row of the table: an estimator on data that a seed decides."""

    name: str
    estimator: str
    params: dict[str, Any]
    data: Any  # of a seed: X, y, X_test, y_test
    n_seeds: int | None = None


def forecasts() -> Iterator[Task]:
    for name in accuracy_series.SERIES:
        for width in (24, 48):
            for horizon in (1, accuracy_series.AHEAD):
                title = f"{name}, {width} steps, {horizon} ahead"
                yield Task(title, "LSTMRegressor", {}, partial(windows, name, width, horizon))


def windows(name, width, horizon, seed):
    del seed  # the parts are fixed
    X, y = sliding_windows(accuracy_series.read(name).to_numpy(), width, horizon, target=0)
    gap = horizon - 1 if len(X) < 200 else width + horizon - 1
    return accuracy_series.split(X, y, gap)


def of_series() -> Iterator[Task]:
    sets = {**accuracy_text.NUMBERS}
    for name in accuracy_signals.BARS:
        sets.setdefault(name, partial(accuracy_text.as_archived, name))
    for name, folds in sets.items():
        data = partial(first, folds)
        for estimator in ("LSTMClassifier", "GRUClassifier", "TransformerClassifier"):
            yield Task(name, estimator, {}, data)
        if name in accuracy_signals.BARS:
            yield Task(name, "CNNClassifier", {"kind": "signal"}, data)


def images() -> Iterator[Task]:
    make = "CNNClassifier"
    yield Task("digits", make, {}, digits)
    yield Task("digits, shift and mixup", make, {"augment": "shift", "mixup": 0.2}, digits)
    yield Task("Fashion-MNIST, 1,000 images", make, {}, few_images)
    epochs = {"max_epochs": 10}
    yield Task("Fashion-MNIST, 60,000 images, 10 epochs", make, epochs, lambda seed: fashion(), 1)


def digits(seed):
    X, y = load_digits_images(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(y, y)
    train, test = list(folds)[seed % 5]
    return X[train], y[train], X[test], y[test]


@cache
def fashion():
    return (*fetch_fashion_mnist(split="train"), *fetch_fashion_mnist(split="test"))


def few_images(seed):
    X, y, *test = fashion()
    X, _, y, _ = train_test_split(
        X, y, train_size=accuracy_images.N_FEW, stratify=y, random_state=seed
    )
    return X, y, *test


def texts() -> Iterator[Task]:
    for name, folds in accuracy_text.TEXTS.items():
        params = {"tokenizer": "char"} if name.endswith("char") else {}
        yield Task(name, "TransformerClassifier", params, partial(first, folds))
        if name.endswith("1000"):
            alone = {"linear_model": False}
            title = f"{name}, no linear model"
            yield Task(title, "TransformerClassifier", alone, partial(first, folds))


def pretrained() -> Iterator[Task]:
    folder = accuracy_text.checkpoint()
    for name in ("subj-8", "snips-8", "snips"):
        data = partial(first, accuracy_text.PRETRAINED[name])
        for freeze in (True, False):
            title = f"MiniLM{', frozen' * freeze}: {name}"
            params = {"pretrained": folder, "freeze": freeze}
            n_seeds = 1 if name == "snips" else None
            yield Task(title, "TransformerClassifier", params, data, n_seeds)


def word_vectors() -> Iterator[Task]:
    for algorithm in ("skip-gram", "cbow"):
        for objective in ("negative", "hierarchical"):
            params = {"algorithm": algorithm, "objective": objective, "min_count": 5}
            title = f"gutenberg, {algorithm}, {objective}"
            yield Task(title, "Word2VecTransformer", params, novels)


def novels(seed):
    del seed
    return gutenberg(), None, None, None


PARTS = {
    "forecasts": forecasts,
    "series": of_series,
    "images": images,
    "texts": texts,
    "pretrained": pretrained,
    "words": word_vectors,
}


def first(folds, seed):
    return next(iter(folds(seed)))


def outputs_and_score(model, X, y, X_test, y_test):
    """What a fitted estimator gives for the test rows, and how good that is."""
    model.fit(X, y)
    if hasattr(model, "predict_proba"):
        outputs = model.predict_proba(X_test)
        return outputs, np.mean(model.classes_[outputs.argmax(1)] == np.asarray(y_test))
    if hasattr(model, "predict"):
        outputs = model.predict(X_test)
        return outputs, mean_absolute_error(y_test, outputs)
    pairs = files_in("w2v-eval", "wordsim353.tsv")[0]
    options = {"restrict_vocab": None, "case_insensitive": True, "unknown_as_zero": False}
    found = evaluate_word_pairs(list(model.vocabulary_), model.vectors_, pairs, **options)
    return model.vectors_, found.spearman


def measure(runs, packages, part, task, seeds, params) -> None:
    """Fit both versions with each seed, until they are equal."""
    for seed in seeds[: task.n_seeds]:
        key = {"part": part, "task": task.name, "estimator": task.estimator}
        data, found, row = task.data(seed), [], {}
        if runs.has(**key, seed=seed) or runs.has(**key, equal=True):
            continue
        for side, package in zip((HERE, THERE), packages, strict=True):
            make = maker(package, task.estimator, **{**task.params, **params}, random_state=seed)
            start = perf_counter()
            outputs, row[side] = outputs_and_score(make(), *data)
            row[f"{side} s"] = perf_counter() - start
            found.append(outputs)
        runs.add(**key, seed=seed, **row, equal=np.array_equal(*found))


def summary(runs) -> Iterator[tuple[str, pd.DataFrame]]:
    rows = pd.DataFrame(runs.rows)
    rows["difference"] = rows[HERE] - rows[THERE]
    for part, of_part in rows.groupby("part", sort=False):
        of_task = of_part.groupby(["task", "estimator"], sort=False)
        table = of_task[[HERE, THERE, "difference"]].mean()
        table["sd"] = of_task["difference"].std()
        table["seeds"] = of_task.size()
        table["equal"] = of_task["equal"].all().map({True: "yes", False: ""})
        yield part, table.reset_index("estimator")


def main() -> None:
    parser = argparse.ArgumentParser()
    add_commit(parser)
    parser.add_argument("--parts", nargs="*", default=[*PARTS], choices=[*PARTS])
    parser.add_argument("--tasks", nargs="*", help="names of tasks; all when absent")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a file (CSV) for the results")
    report = Report(__doc__, parser)
    runs = accuracy_text.Runs(report.args.keep)
    seeds = range(1 if report.quick else report.args.seeds)
    params = {"max_epochs": 1} if report.quick else {}
    with both_versions(report) as (_, packages):
        for part in report.args.parts:
            for task in PARTS[part]():
                if report.args.tasks is not None and task.name not in report.args.tasks:
                    continue
                measure(runs, packages, part, task, seeds, params)
    for part, table in summary(runs):
        report.table(part.capitalize(), table)
    report.finish()


if __name__ == "__main__":
    main()
