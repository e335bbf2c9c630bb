"""Predicting signals: classifiers compared with their bare networks and linear models.

Milliseconds of one call of ``predict_proba`` from a numpy array, on one thread, medians of
interleaved rounds. The bare network is the fitted module under ``inference_mode``, in batches of
the size that was best in a trial before; the linear model's scores are computed beside it by a call
of its own. With ``linear_model=False`` there is the network alone.
"""

from functools import partial

import numpy as np
import pandas as pd
import torch
from _report import Report, interleave, median, threads
from sklearn.base import clone

from skdl._reading import Sequences
from skdl.datasets import make_sequences
from skdl.estimators import CNNClassifier, LSTMClassifier, TransformerClassifier

SIZES = ((200, 150, 1), (200, 100, 6), (20, 1500, 1), (20, 150, 1))  # rows, steps, channels
BATCH_SIZES = (16, 64, 256, 1024)
KIND = {"task": "classification", "random_state": 0}
MODELS = {
    "CNN": CNNClassifier(kind="signal"),
    "LSTM": LSTMClassifier(),
    "Transformer": TransformerClassifier(),
}


@torch.inference_mode()
def outputs(module, x, batch_size):
    prepare = getattr(module, "prepare", lambda some: {"x": some})
    return torch.cat([module(**prepare(some)) for some in x.split(batch_size)]).numpy()


def bare_network(module, x):
    """The network of a fitted classifier at its best batch size, as a job."""
    jobs = {size: partial(outputs, module.eval(), x, size) for size in BATCH_SIZES}
    seconds = interleave(jobs, 3)
    return jobs[min(seconds, key=lambda size: median(seconds[size]))]


def measure(name, size, n_rounds):
    n_rows, n_steps, n_channels = size
    X, y = make_sequences(60 + n_rows, n_steps=n_steps, n_channels=n_channels, **KIND)
    params = {"max_epochs": 1, "device": "cpu", "random_state": 0}
    both, alone = (
        clone(MODELS[name]).set_params(linear_model=is_there, **params).fit(X[:60], y[:60])
        for is_there in (True, False)
    )
    X = np.ascontiguousarray(X[60:], dtype=np.float32)
    sequences = Sequences(X.reshape(n_rows, n_steps, n_channels))
    network = bare_network(alone.module_, torch.from_numpy(sequences.values))
    linear = partial(both._signal_model.scores, sequences)
    jobs = {
        "default": partial(both.predict_proba, X),
        "network and linear model": lambda: (network(), linear()),
        "linear_model=False": partial(alone.predict_proba, X),
        "network": network,
    }
    ms = {job: 1000 * median(s) for job, s in interleave(jobs, n_rounds).items()}
    return {
        **ms,
        "default (bar 1.2)": ms["default"] / ms["network and linear model"],
        "alone (bar 1.2)": ms["linear_model=False"] / ms["network"],
        "default / network": ms["default"] / ms["network"],
    }


def main() -> None:
    report = Report(__doc__)
    rows = {}
    with threads(1):
        for name in MODELS:
            for size in SIZES[-1:] if report.quick else SIZES:
                rows[name, *size] = measure(name, size, 1 if report.quick else 5)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["model", "rows", "steps", "channels"])
    report.table("Milliseconds of predict_proba", table)
    report.finish()


if __name__ == "__main__":
    main()
