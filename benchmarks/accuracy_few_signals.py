"""Accuracy on signals from a handful of rows: default parameters beside 1-nearest-neighbour.

Of the training part of each set of accuracy_signals some rows of each class are drawn, at most half
of them, and the answers for the others (at most 150) are compared. Means over draws; "1NN" is the
nearest neighbour by Euclidean distance, of signals resampled to one length where they are of
unequal length, and "standard error" that of the difference of the CNN and 1NN. Bar: no worse than
1NN.

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import argparse

import numpy as np
import pandas as pd
from _report import Report
from accuracy_signals import BARS, ESTIMATORS, of_one_length, parts
from joblib import Parallel, delayed
from sklearn.neighbors import KNeighborsClassifier

N_ROWS = (1, 2, 4, 8)  # of each class
N_TEST = 150


def drawn(name, n_rows, draw, params):
    """Accuracies of all from the same rows."""
    X, y, _, _ = parts(name)
    rng = np.random.default_rng(draw)
    rows = np.concatenate(
        [
            rng.choice(of_class, min(n_rows, len(of_class) // 2), replace=False)
            for of_class in (np.flatnonzero(y == label) for label in np.unique(y))
        ]
    )
    others = rng.permutation(np.setdiff1d(np.arange(len(y)), rows))[:N_TEST]
    plain = of_one_length(X, int(np.median([len(x) for x in X])))
    nearest = KNeighborsClassifier(1).fit(plain[rows], y[rows])
    result = {"rows": len(rows), "1NN": nearest.score(plain[others], y[others])}
    some, rest = [X[row] for row in rows], [X[row] for row in others]
    for title, make in ESTIMATORS.items():
        model = make(random_state=draw, **params).fit(some, y[rows])
        result[title] = model.score(rest, y[others])
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=[*BARS], choices=[*BARS])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=1)
    report = Report(__doc__, parser)
    args, params = report.args, {"max_epochs": 2} if report.quick else {}
    sets = args.sets[: 1 if report.quick else None]
    tasks = [(name, n, draw) for name in sets for n in N_ROWS for draw in range(args.draws)]
    found = Parallel(n_jobs=args.n_jobs)(delayed(drawn)(*task, params) for task in tasks)
    keys = ["set", "rows of a class", "draw"]
    table = pd.concat([pd.DataFrame(tasks, columns=keys), pd.DataFrame(found)], axis=1)
    table["CNN - 1NN"] = table["CNN"] - table["1NN"]
    groups = table.drop(columns="draw").groupby(keys[:2], sort=False)
    means = groups.mean()
    means["standard error"] = groups["CNN - 1NN"].sem()
    report.table("Accuracy, means of draws", means.reset_index(level=1))
    report.finish()


if __name__ == "__main__":
    main()
