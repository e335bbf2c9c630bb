"""Default fits of signals beside those of another commit of skdl: processor seconds.

Both versions are imported in one process and fitted in turn to the training parts of the sets of
accuracy_signals, with default parameters and one thread. Bar: at most 3 times the time in sum, the
other commit being the last one without a linear model beside the networks (cc7b457, whose
CNNClassifier takes no signals of unequal length). Accuracies are those on the test parts.

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import argparse
import sys
from time import process_time

import pandas as pd
import torch
from _other_commit import add_commit, both_versions, maker
from _report import Report
from accuracy_signals import BARS, ESTIMATORS, parts

NAMES = {"CNN": "CNNClassifier", "LSTM": "LSTMClassifier", "Transformer": "TransformerClassifier"}
RAGGED = ("JapaneseVowels", "PLAID")
CANNOT = {("CNN", name) for name in RAGGED}


def fitted(package, title, name, quick):
    """Seconds of a fit, and its accuracy."""
    X, y, X_test, y_test = parts(name)
    params = {"kind": "signal"} if title == "CNN" else {}
    model = maker(package, NAMES[title], **params, **({"max_epochs": 1} if quick else {}))()
    start = process_time()
    model.fit(X, y)
    return process_time() - start, model.score(X_test, y_test)


def main() -> None:
    parser = argparse.ArgumentParser()
    add_commit(parser)
    parser.add_argument("--sets", nargs="*", default=[*BARS], choices=[*BARS])
    report = Report(__doc__, parser)
    torch.set_num_threads(1)
    rows = {}
    with both_versions(report) as (_, packages):
        for title in ESTIMATORS:
            for name in report.args.sets[: 1 if report.quick else None]:
                if (title, name) in CANNOT:
                    continue
                (here, ours), (there, other) = (
                    fitted(package, title, name, report.quick) for package in packages
                )
                rows[title, name] = (here, there, here / there, ours, other)
                print(title, name, *rows[title, name], file=sys.stderr, flush=True)
    columns = ["cpu s here", "there", "ratio", "accuracy here", "accuracy there"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index = pd.MultiIndex.from_tuples(table.index, names=["estimator", "set"])
    report.table("Fits", table.reset_index("set"))
    sums = table[columns[:2]].groupby("estimator", sort=False).sum()
    sums.loc["all"] = sums.sum()
    sums["ratio"] = sums[columns[0]] / sums[columns[1]]
    report.table("Sums", sums)
    report.finish()


if __name__ == "__main__":
    main()
