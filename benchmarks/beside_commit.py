"""skdl beside another commit of itself.

Both versions are imported in one process, the other one under another name, and run in turn on the
same data. Speed: medians of interleaved rounds, the ratio is that of this version to the other.
Accuracy: means over seeds of test scores; where nothing random differs they are equal.
"""

import argparse
import importlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _report import Report, interleave, median

from skdl.datasets import (
    fetch_fashion_mnist,
    fetch_sms_spam,
    fetch_snips,
    fetch_subj,
    fetch_ucr,
    load_docstrings,
    load_stock_prices,
    make_sequences,
)
from skdl.preprocessing import sliding_windows

ROOT = Path(__file__).parents[1]
# Parameters that the other commit knows by another name.
RENAMED = {"linear_model": "highway"}
SIGNALS = ("ArrowHead", "GunPoint", "ItalyPowerDemand", "JapaneseVowels")


def imported_from(commit: str, folder: Path):
    """skdl.estimators of a commit, as the package ``skdl_other``."""
    archive = subprocess.run(
        ["git", "archive", commit, "skdl"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    (folder / "skdl").rename(folder / "skdl_other")
    for file in (folder / "skdl_other").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^(\s*(?:from|import) )skdl\b", r"\1skdl_other", text, flags=re.M))
    sys.path.insert(0, str(folder))
    return importlib.import_module("skdl_other.estimators")


def maker(package, name, **params):
    """Makes an estimator of either version."""
    cls = getattr(package, name)
    known = cls().get_params()
    params = {k if k in known else RENAMED[k]: v for k, v in params.items()}
    return partial(cls, device="cpu", random_state=0, **params)


def jobs_of(package, quick: bool):
    """Name to a job that is timed: fits and predictions of each family, small and large."""
    n = 10 if quick else 1
    X, y = make_sequences(4000 // n, n_steps=32, random_state=0)
    short, y_short = make_sequences(100, n_steps=24, random_state=0)
    ragged, labels = make_sequences(
        1000 // n, n_steps=60, task="classification", ragged=True, random_state=0
    )
    signals, kinds = make_sequences(1000 // n, n_steps=128, task="classification", random_state=0)
    images = np.random.default_rng(0).integers(0, 256, (1500 // n, 28, 28)).astype(np.uint8)
    digits = np.arange(len(images)) % 10
    texts, topics = load_docstrings(return_X_y=True)
    texts, topics = texts[::n], topics[::n]
    lstm = {"hidden_size": 32, "batch_size": 64, "early_stopping": False}
    make = partial(maker, package)
    jobs = {
        "LSTMRegressor, 5 epochs": (make("LSTMRegressor", max_epochs=5, **lstm), X, y),
        "LSTMRegressor, no linear model": (
            make("LSTMRegressor", max_epochs=5, linear_model=False, **lstm),
            X,
            y,
        ),
        "LSTMRegressor, dropout": (make("LSTMRegressor", max_epochs=5, dropout=0.2, **lstm), X, y),
        "LSTMRegressor, 100 rows": (
            make("LSTMRegressor", hidden_size=8, max_epochs=1, early_stopping=False),
            short,
            y_short,
        ),
        "LSTMClassifier, ragged": (make("LSTMClassifier", max_epochs=3), ragged, labels),
        "CNNClassifier, signals": (make("CNNClassifier", max_epochs=1), signals, kinds),
        "CNNClassifier, images": (make("CNNClassifier", max_epochs=1), images, digits),
        "CNNClassifier, randaugment and mixup": (
            make("CNNClassifier", max_epochs=1, augment="randaugment", mixup=0.2),
            images,
            digits,
        ),
        "TransformerClassifier, numbers": (
            make("TransformerClassifier", max_epochs=1),
            signals,
            kinds,
        ),
        "TransformerClassifier, texts": (
            make("TransformerClassifier", max_epochs=1, linear_model=False),
            texts,
            topics,
        ),
        "Word2VecTransformer, skip-gram": (
            make("Word2VecTransformer", max_epochs=2),
            texts * (1 if quick else 4),
            None,
        ),
        "Word2VecTransformer, cbow": (
            make("Word2VecTransformer", max_epochs=2, algorithm="cbow"),
            texts * (1 if quick else 4),
            None,
        ),
    }
    timed = {f"fit: {name}": fit_job(*job) for name, job in jobs.items()}
    for name, (new, data, target) in jobs.items():
        if "100 rows" in name or "no linear" in name or "randaugment" in name:
            continue
        fitted = new().fit(data, target)
        call = fitted.predict if hasattr(fitted, "predict") else fitted.transform
        timed[f"predict: {name}"] = predict_job(call, data)
    return timed


def fit_job(new, data, target):
    return lambda: new().fit(data, target)


def predict_job(call, data):
    return lambda: call(data)


def measure_speed(report, packages, quick: bool) -> None:
    both = [jobs_of(package, quick) for package in packages]
    rows = {}
    for name in both[0]:
        seconds = interleave(
            {"here": both[0][name], "there": both[1][name]}, 1 if quick else report.args.rounds
        )
        here, there = (median(seconds[key]) for key in ("here", "there"))
        of_rounds = np.array(seconds["here"]) / np.array(seconds["there"])
        rows[name] = (here, there, here / there, float(np.median(of_rounds)))
        print(name, f"{here / there:.3f}", f"{np.median(of_rounds):.3f}", flush=True)
    columns = ["median s here", "there", "ratio of medians", "median of ratios"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("job")
    report.table("Speed", table)


def tasks(quick: bool):
    """Name to (estimator, parameters, X, y, X_test, y_test)."""
    for name in SIGNALS[: 1 if quick else None]:
        data = [part for split in ("train", "test") for part in fetch_ucr(name, split=split)]
        ragged = name == "JapaneseVowels"
        for estimator in ("LSTMClassifier", "TransformerClassifier", "CNNClassifier")[: 3 - ragged]:
            yield f"{name}, {estimator}", estimator, {}, data
    X, y = sliding_windows(load_stock_prices(frequency="daily").data["close"], width=24, horizon=1)
    n = len(X) * 3 // 4
    for params in ({}, {"dropout": 0.2}, {"loss": "quantile"}):
        title = f"stock prices, LSTMRegressor{params or ''}"
        yield title, "LSTMRegressor", params, (X[:n], y[:n], X[n:], y[n:])
    n = 200 if quick else 3000
    train = fetch_fashion_mnist(split="train")
    test = fetch_fashion_mnist(split="test")
    data = (train[0][:n], train[1][:n], test[0][:n], test[1][:n])
    few = {"max_epochs": 12}
    yield "Fashion-MNIST, 3,000 rows, CNNClassifier, 12 epochs", "CNNClassifier", few, data
    augmented = {**few, "augment": "shift", "mixup": 0.2}
    yield "the same, shift and mixup", "CNNClassifier", augmented, data
    for name, fetch in {
        "sms-spam": fetch_sms_spam,
        "subj": fetch_subj,
        "snips": fetch_snips,
    }.items():
        texts, y = fetch()
        texts, y = np.asarray(texts, dtype=object), np.asarray(y)
        order = np.random.default_rng(0).permutation(len(y))[: 200 if quick else 4000]
        half = len(order) // 2
        rows, others = order[:half], order[half:]
        data = (list(texts[rows]), y[rows], list(texts[others]), y[others])
        for linear_model in (True, False):
            params = {"linear_model": linear_model}
            title = f"{name}, TransformerClassifier{'' if linear_model else ', network alone'}"
            yield title, "TransformerClassifier", params, data


def measure_accuracy(report, packages, quick: bool) -> None:
    rows, seeds = {}, range(1 if quick else report.args.seeds)
    for title, name, params, (X, y, X_test, y_test) in tasks(quick):
        params = {**params, **({"max_epochs": 1} if quick else {})}
        scores = [
            [
                maker(p, name, **params)()
                .set_params(random_state=s)
                .fit(X, y)
                .score(X_test, y_test)
                for p in packages
            ]
            for s in seeds
        ]
        here, there = np.mean(scores, 0)
        spread = float(np.std(np.subtract(*np.transpose(scores)))) if len(scores) > 1 else np.nan
        rows[title] = (here, there, here - there, spread)
        print(title, f"{here:.4f} {there:.4f}", flush=True)
    columns = ["here", "there", "difference", "sd of differences"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("task")
    report.table(f"Accuracy, mean of {len(seeds)} seeds", table)
    report.say(f"Mean difference over tasks: {table['difference'].mean():+.4f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--commit", default="HEAD~1", help="what to compare with")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", default="speed,accuracy")
    report = Report(__doc__, parser)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", report.args.commit],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    report.say(f"The other commit: {commit}.")
    with tempfile.TemporaryDirectory() as folder:
        packages = importlib.import_module("skdl.estimators"), imported_from(commit, Path(folder))
        parts = report.args.parts.split(",")
        if "speed" in parts:
            measure_speed(report, packages, report.quick)
        if "accuracy" in parts:
            measure_accuracy(report, packages, report.quick)
    report.finish()


if __name__ == "__main__":
    main()
