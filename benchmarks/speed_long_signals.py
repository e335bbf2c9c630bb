"""Long signals: seconds of default fits and predictions by length and number of rows.

Signals of two channels with two classes of events in noise; wall-clock seconds with the default
number of threads, the mean accuracy on as many new signals beside. The last columns are how many
times as long a fit and a prediction take as those of a fifth of the length (1,500 to 7,500 steps):
5 where cost is linear, less where the rest of a fit counts.
"""

import argparse
import sys
from time import perf_counter

import numpy as np
import pandas as pd
from _report import Report

from skdl.estimators import CNNClassifier, LSTMClassifier, TransformerClassifier

N_ROWS, N_STEPS = (100, 1000), (1500, 7500, 10_000)
EVENT = 150  # steps
MODELS = {
    "CNN": CNNClassifier(kind="signal", random_state=0),
    "LSTM": LSTMClassifier(random_state=0),
    "Transformer": TransformerClassifier(random_state=0),
}


def signals(n_rows, n_steps, seed):
    """Noise (n, T, 2) with an event at a random place: a wave whose frequency rises or falls."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_steps, 2)).astype(np.float32)
    y = rng.integers(2, size=n_rows)
    phases = np.linspace(0, 1, EVENT)
    rising = np.sin(2 * np.pi * (3 * phases + 6 * phases**2))
    for x, label in zip(X, y, strict=True):
        start = rng.integers(n_steps - EVENT)
        x[start : start + EVENT, 0] += 3 * (rising if label else rising[::-1])
    return X, y


def measure(model, n_rows, n_steps):
    X, y = signals(n_rows, n_steps, 0)
    X_test, y_test = signals(n_rows, n_steps, 1)
    start = perf_counter()
    model.fit(X, y)
    fitted = perf_counter()
    accuracy = model.score(X_test, y_test)
    return {"fit s": fitted - start, "predict s": perf_counter() - fitted, "accuracy": accuracy}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--estimators", nargs="*", default=[*MODELS], choices=[*MODELS])
    report = Report(__doc__, parser)
    lengths = (200, 1000) if report.quick else N_STEPS
    rows = {}
    for name in report.args.estimators:
        for n_rows in (20,) if report.quick else N_ROWS:
            for n_steps in lengths:
                model = MODELS[name]
                if report.quick:
                    model.set_params(max_epochs=1)
                rows[name, n_rows, n_steps] = measure(model, n_rows, n_steps)
                print(name, n_rows, n_steps, rows[name, n_rows, n_steps], file=sys.stderr)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["model", "rows", "steps"])
    for kind in ("fit", "predict"):
        table[f"{kind}, times"] = [
            seconds / rows[name, n, lengths[0]][f"{kind} s"] if steps == lengths[1] else np.nan
            for (name, n, steps), seconds in table[f"{kind} s"].items()
        ]
    report.table("Default fits of long signals", table.reset_index().set_index("model"))
    report.finish()


if __name__ == "__main__":
    main()
