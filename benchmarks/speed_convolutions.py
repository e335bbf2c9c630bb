"""RandomConvolutions beside aeon's MiniRocket: accuracy and speed.

Accuracy: a ridge classifier on standardized features (scikit-learn's RidgeClassifierCV), the
archives' own training and test parts, mean over the seeds. Speed: seconds of ``transform``, warm,
on one core, medians of interleaved rounds; and of the first call of ``fit`` and ``transform`` in a
new process, in which aeon compiles.

aeon is no dependency of skdl: install it beside (``pip install aeon``). The data are read by
``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import subprocess
import sys
import warnings
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from _report import Report, interleave, median
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import fetch_ucr
from skdl.preprocessing import RandomConvolutions

SETS = ("GunPoint", "ItalyPowerDemand", "ArrowHead", "BasicMotions", "Plane", "OSULeaf")
SIZES = ((500, 150), (500, 450), (100, 5000), (40, 150), (1000, 24))
FIRST_CALL = """
import numpy as np; from time import perf_counter
X = np.random.default_rng(0).normal(size=(50, {})).astype(np.float32)
{}
start = perf_counter(); make().fit(X).transform(X); print(perf_counter() - start)
"""
OWN = "from skdl.preprocessing import RandomConvolutions as make"
PEER = "from aeon.transformations.collection.convolution_based import MiniRocket as make"


def peer(seed):
    from aeon.transformations.collection.convolution_based import MiniRocket

    return MiniRocket(random_state=seed, n_jobs=1)


def channels_first(X):
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(X), 2, 1), dtype=np.float32)


def accuracy(make, X, y, X_test, y_test, seeds) -> float:
    scores = []
    for seed in seeds:
        ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        model = make_pipeline(make(seed), StandardScaler(with_mean=False), ridge)
        scores.append(model.fit(X, y).score(X_test, y_test))
    return float(np.mean(scores))


def accuracies(report) -> None:
    seeds, rows = range(1 if report.quick else 5), []
    for name in SETS[: 1 if report.quick else None]:
        (X, y), (X_test, y_test) = (fetch_ucr(name, split=split) for split in ("train", "test"))
        own = accuracy(
            lambda seed: RandomConvolutions(random_state=seed), X, y, X_test, y_test, seeds
        )
        first = channels_first(X), y, channels_first(X_test), y_test
        rows.append({"set": name, "skdl": own, "aeon": accuracy(peer, *first, seeds)})
    table = pd.DataFrame(rows).set_index("set")
    table.loc["mean"] = table.mean()
    report.table("Accuracy of a ridge classifier", table)


def speeds(report) -> None:
    rows = []
    for n, length in SIZES[: 1 if report.quick else None]:
        X = np.random.default_rng(0).normal(size=(n, length)).cumsum(1).astype(np.float32)
        X -= X.mean(1, keepdims=True)
        X /= X.std(1, keepdims=True)
        own, other = RandomConvolutions(random_state=0).fit(X), peer(0).fit(X[:, None])
        jobs = {"skdl": partial(own.transform, X), "aeon": partial(other.transform, X[:, None])}
        for job in jobs.values():
            job()
        seconds = {
            name: median(s) for name, s in interleave(jobs, 3 if report.quick else 9).items()
        }
        rows.append(
            {
                "rows": n,
                "steps": length,
                **seconds,
                "aeon / skdl": seconds["aeon"] / seconds["skdl"],
            }
        )
    report.table("Seconds of transform", pd.DataFrame(rows).set_index(["rows", "steps"]))


def first_calls(report) -> None:
    seconds = {}
    for name, make in {"skdl": OWN, "aeon": PEER}.items():
        shape = "150" if name == "skdl" else "1, 150"
        code = FIRST_CALL.format(shape, make)
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds[name] = float(run.stdout.split()[-1])
    table = pd.DataFrame([seconds], index=pd.Index(["50 rows of 150 steps"], name="data"))
    report.table("Seconds of the first fit and transform of a process", table)


def main() -> None:
    report = Report(__doc__)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    start = perf_counter()
    speeds(report)
    first_calls(report)
    accuracies(report)
    report.say(f"In all {perf_counter() - start:.0f} s.")
    report.finish()


if __name__ == "__main__":
    main()
