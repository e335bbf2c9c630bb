"""Accuracy on signals: default parameters compared with classical classifiers.

The archives' own train and test parts, default parameters, mean over the seeds. The baselines are
a random forest and a ridge classifier on the scaled values of the signals, resampled to one length
where they are of unequal length, and a ridge classifier on RandomConvolutions. With aeon installed
beside (it is no dependency of skdl), its MiniRocket and nearest neighbours with time warping too.
InceptionTime's accuracies are those that its authors published, mean of five ensembles.

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import argparse
import importlib.util
from time import process_time

import numpy as np
import pandas as pd
from _report import Report
from joblib import Parallel, delayed
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import fetch_ucr
from skdl.estimators import (
    CNNClassifier,
    LSTMClassifier,
    RandomForestClassifier,
    TransformerClassifier,
)
from skdl.preprocessing import RandomConvolutions

# Bars of the CNN, and what InceptionTime has (Ismail Fawaz et al., 2020; PLAID: on series
# resampled to one length).
BARS = {
    "GunPoint": 0.995,
    "ItalyPowerDemand": 0.968,
    "ArrowHead": 0.86,
    "BasicMotions": 1.0,
    "Plane": 1.0,
    "JapaneseVowels": 0.985,
    "OSULeaf": 0.975,
    "PLAID": 0.93,
}
INCEPTION_TIME = {"OSULeaf": 0.934, "Plane": 1.0, "PLAID": 0.944}
ESTIMATORS = {
    "CNN": CNNClassifier,
    "LSTM": LSTMClassifier,
    "Transformer": TransformerClassifier,
}
ALPHAS = np.logspace(-3, 3, 10)


def of_one_length(X, length):
    """Signals (n, length * C), resampled linearly where they have other lengths."""
    places = np.linspace(0, 1, length)
    rows = [
        [np.interp(places, np.linspace(0, 1, len(x)), channel) for channel in x.T]
        for x in (np.reshape(x, (len(x), -1)) for x in X)
    ]
    return np.array(rows).reshape(len(X), -1)


def baselines(X, y, X_test, y_test):
    length = int(np.median([len(x) for x in X]))
    flat, flat_test = of_one_length(X, length), of_one_length(X_test, length)
    ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(ALPHAS))
    scores = {
        "forest": RandomForestClassifier(500, random_state=0).fit(flat, y).score(flat_test, y_test),
        "ridge": ridge.fit(flat, y).score(flat_test, y_test),
    }
    convolutions = make_pipeline(
        RandomConvolutions(random_state=0), StandardScaler(), RidgeClassifierCV(ALPHAS)
    )
    scores["convolutions"] = convolutions.fit(X, y).score(X_test, y_test)
    if importlib.util.find_spec("aeon"):
        scores |= peers(flat.reshape(len(X), -1, length), y, flat_test, y_test)
    return scores


def peers(X, y, X_test, y_test):
    from aeon.classification.convolution_based import MiniRocketClassifier
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier

    X_test = X_test.reshape(len(X_test), *X.shape[1:])
    models = {
        "aeon MiniRocket": MiniRocketClassifier(random_state=0),
        "1NN-DTW": KNeighborsTimeSeriesClassifier(distance="dtw"),
    }
    return {name: model.fit(X, y).score(X_test, y_test) for name, model in models.items()}


def parts(name):
    return [each for split in ("train", "test") for each in fetch_ucr(name, split=split)]


def compared(name):
    """The baselines of one set."""
    X, y, X_test, y_test = parts(name)
    row = {"train": len(X), "test": len(X_test), **baselines(X, y, X_test, y_test)}
    return row | {"InceptionTime, published": INCEPTION_TIME.get(name, np.nan)}


def fitted(name, title, seed, params):
    """Accuracy, weight of the network and CPU seconds of one fit."""
    X, y, X_test, y_test = parts(name)
    start = process_time()
    model = ESTIMATORS[title](random_state=seed, **params).fit(X, y)
    seconds = process_time() - start
    return model.score(X_test, y_test), model.network_weight_, seconds


def summary(title, fits):
    accuracies, weights, seconds = zip(*fits, strict=True)
    return {
        title: np.mean(accuracies),
        f"{title}, lowest": min(accuracies),
        f"{title}, network weight": np.mean(weights),
        f"{title}, CPU s": np.mean(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=[*BARS], choices=[*BARS])
    parser.add_argument("--estimators", nargs="*", default=[*ESTIMATORS], choices=[*ESTIMATORS])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=1)
    report = Report(__doc__, parser)
    args, params = report.args, {"max_epochs": 2} if report.quick else {}
    seeds = range(1 if report.quick else args.seeds)
    sets = args.sets[: 1 if report.quick else None]
    parallel = Parallel(n_jobs=args.n_jobs)
    # The longest fits first, so that no process waits long for another.
    tasks = [
        (name, title, seed)
        for name in reversed(sets)
        for title in args.estimators
        for seed in seeds
    ]
    fits = dict(zip(tasks, parallel(delayed(fitted)(*task, params) for task in tasks), strict=True))
    rows = []
    for name, row in zip(sets, parallel(delayed(compared)(name) for name in sets), strict=True):
        for title in args.estimators:
            row |= summary(title, [fits[name, title, seed] for seed in seeds])
        rows.append({"set": name, **row, "bar of the CNN": BARS[name]})
    report.table("Signals: accuracy", pd.DataFrame(rows).set_index("set").T)
    report.finish()


if __name__ == "__main__":
    main()
