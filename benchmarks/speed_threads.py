"""Fits in threads: two fits one after the other, and at once in two threads.

Each fit takes one thread of torch, so that what is gained comes from fits that run at once: torch
frees Python's interpreter in its kernels. Seconds of both fits, medians of interleaved rounds. The
predictions are compared with those of a fit alone: they are the same bit for bit.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from _report import Report, interleave, median, threads

from skdl.datasets import load_docstrings, make_images, make_sequences
from skdl.estimators import CNNClassifier, LSTMClassifier, TransformerClassifier

SHARED = {"device": "cpu", "random_state": 0}


def cases(quick):
    """Name to (estimator, X, y)."""
    n = 10 if quick else 1
    X, y = make_sequences(1000 // n, n_steps=64, task="classification", random_state=0)
    images, digits = make_images(1000 // n, size=(28, 28), random_state=0)
    texts, topics = (part[:: 2 * n] for part in load_docstrings(return_X_y=True))
    return {
        "LSTMClassifier, hidden 32": (partial(LSTMClassifier, 32, max_epochs=2), X, y),
        "LSTMClassifier, hidden 256": (partial(LSTMClassifier, 256, max_epochs=1), X, y),
        "CNNClassifier, 28 x 28": (partial(CNNClassifier, max_epochs=1), images, digits),
        "TransformerClassifier, texts": (
            partial(TransformerClassifier, max_epochs=1, linear_model=False),
            texts,
            topics,
        ),
    }


def main() -> None:
    report = Report(__doc__)
    rows = {}
    with threads(1), ThreadPoolExecutor(2) as pool:
        for name, (make, X, y) in cases(report.quick).items():

            def fit(_=None, make=make, X=X, y=y):
                return make(**SHARED).fit(X, y)

            alone = fit().predict_proba(X)
            same = all(np.array_equal(m.predict_proba(X), alone) for m in pool.map(fit, range(2)))
            seconds = interleave(
                {
                    "in turn": lambda fit=fit: [fit(), fit()],
                    "at once": lambda fit=fit: list(pool.map(fit, range(2))),
                },
                1 if report.quick else 7,
            )
            in_turn, at_once = (median(seconds[key]) for key in ("in turn", "at once"))
            rows[name] = (in_turn, at_once, in_turn / at_once, "yes" if same else "NO")
    columns = ["s in turn", "s at once", "times as fast", "same predictions"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("two fits")
    report.table("Two fits", table)
    report.finish()


if __name__ == "__main__":
    main()
