"""Importing skdl.estimators compared with importing its dependencies.

Seconds of the import statement in a new interpreter, medians of interleaved rounds. ``import
sklearn`` imports none of its estimators; the catalogue has 14 of them.
"""

import subprocess
import sys

from _report import Report

STATEMENTS = {
    "skdl.estimators": "import skdl.estimators",
    "torch": "import torch",
    "torch, sklearn and skorch": "import torch, sklearn, skorch",
    "torch, skorch and the classics of sklearn": (
        "import torch, skorch; from sklearn import ensemble, linear_model, neighbors, svm, tree"
    ),
}


def seconds_of(statement: str) -> float:
    timed = (
        f"from time import perf_counter; start = perf_counter(); {statement}; "
        "print(perf_counter() - start)"
    )
    run = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    report = Report(__doc__)
    jobs = {name: lambda code=code: seconds_of(code) for name, code in STATEMENTS.items()}
    ours = {"skdl.estimators": jobs.pop("skdl.estimators")}
    times = report.measure(ours, jobs, n_rounds=11, peer_threads=[1])
    report.table("Imports", times.drop(columns="threads"))
    bars = dict.fromkeys([*jobs][1:], "at most 1.10")
    report.ratios(times, [("skdl.estimators", peer, bars.get(peer, "")) for peer in jobs])
    report.finish()


if __name__ == "__main__":
    main()
