"""Accuracy on signals: default parameters compared with classical classifiers.

The archives' own train and test parts, default parameters, mean over the seeds. The baselines are
a random forest and an SVM on the flattened and scaled signals. Bars: GunPoint 0.98,
ItalyPowerDemand 0.955, ArrowHead 0.82, BasicMotions 1.0 (6 channels).

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import argparse
from time import perf_counter

import numpy as np
import pandas as pd
from _report import Report

from skdl.datasets import fetch_ucr
from skdl.estimators import SVC, CNNClassifier, RandomForestClassifier
from skdl.pipelines import make_sequence_pipeline

BARS = {"GunPoint": 0.98, "ItalyPowerDemand": 0.955, "ArrowHead": 0.82, "BasicMotions": 1.0}


def classify(name, seeds, params):
    """The row of one set in the table."""
    X, y = fetch_ucr(name, split="train")
    X_test, y_test = fetch_ucr(name, split="test")
    row = {"set": name, "train": len(X), "test": len(X_test)}
    for title, model in {"forest": RandomForestClassifier(random_state=0), "SVC": SVC()}.items():
        row[title] = make_sequence_pipeline(model).fit(X, y).score(X_test, y_test)
    accuracies, seconds = [], []
    for seed in seeds:
        start = perf_counter()
        model = CNNClassifier(kind="signal", random_state=seed, **params).fit(X, y)
        seconds.append(perf_counter() - start)
        accuracies.append(model.score(X_test, y_test))
    return row | {
        "CNN": np.mean(accuracies),
        "lowest": min(accuracies),
        "bar": BARS[name],
        "fit s": np.mean(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=[*BARS], choices=[*BARS])
    parser.add_argument("--seeds", type=int, default=5)
    report = Report(__doc__, parser)
    seeds = range(1 if report.quick else report.args.seeds)
    params = {"max_epochs": 2} if report.quick else {}
    rows = [classify(name, seeds, params) for name in report.args.sets]
    report.table("Signals: accuracy", pd.DataFrame(rows).set_index("set"))
    report.finish()


if __name__ == "__main__":
    main()
