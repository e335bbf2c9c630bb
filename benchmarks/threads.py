"""One thread or two: measurement for the choice of WORK_PER_THREAD.

Seconds of short trainings and predictions of LSTMs and MLPs of several sizes with 1 and with 2
threads, medians of interleaved rounds. "work" is batch size times the elements of the largest
weight, the multiply-adds of a batch's largest matrix product (in one step of an LSTM), which
``skdl.engine`` divides by ``WORK_PER_THREAD`` to choose the number of threads. A speed-up above 1
means that two threads are faster.
"""

import pandas as pd
import torch
from _peers import LSTM, bare_outputs, hand_loop, make_mlp
from _report import Report, at_threads, interleave, markdown, median

from skdl.engine._threads import WORK_PER_THREAD

N_STEPS = 24
N_FEATURES = 64
HIDDEN_SIZES = {"LSTM": (8, 32, 64, 128, 256), "MLP": (64, 256, 1024, 4096)}
BATCH_SIZES = (64, 128, 512)


def make(kind, hidden_size, n_rows):
    if kind == "LSTM":
        return LSTM(hidden_size), torch.randn(n_rows, N_STEPS, 1)
    return make_mlp(N_FEATURES, hidden_size), torch.randn(n_rows, N_FEATURES)


def speed_ups(kind, hidden_size, batch_size, n_batches, n_rounds):
    module, X = make(kind, hidden_size, n_batches * batch_size)
    y = torch.randn(len(X), 1)

    def fit():
        hand_loop(module, X, y, n_epochs=1, batch_size=batch_size, fused=True)

    def predict():
        bare_outputs(module, X, batch_size)

    jobs = {
        (verb, n): at_threads(job, n)
        for verb, job in {"fit": fit, "predict": predict}.items()
        for n in (1, 2)
    }
    seconds = {key: median(runs) for key, runs in interleave(jobs, n_rounds).items()}
    largest = max(weight.numel() for weight in module.parameters() if weight.ndim > 1)
    return {
        "module": kind,
        "hidden": hidden_size,
        "batch": batch_size,
        "work": batch_size * largest,
        "fit ms per batch, 1 thread": 1000 * seconds["fit", 1] / n_batches,
        "fit speed-up": seconds["fit", 1] / seconds["fit", 2],
        "predict speed-up": seconds["predict", 1] / seconds["predict", 2],
        "skdl takes 2": "yes" if batch_size * largest >= 2 * WORK_PER_THREAD else "no",
    }


def main() -> None:
    report = Report(__doc__)
    n_batches, n_rounds = (2, 1) if report.quick else (20, 5)
    rows = [
        speed_ups(kind, hidden_size, batch_size, n_batches, n_rounds)
        for kind, hidden_sizes in HIDDEN_SIZES.items()
        for hidden_size in (hidden_sizes[:1] if report.quick else hidden_sizes)
        for batch_size in (BATCH_SIZES[:1] if report.quick else BATCH_SIZES)
    ]
    table = pd.DataFrame(rows).sort_values(["module", "work"])
    report.say(markdown(table.set_index("module")), f"WORK_PER_THREAD is {WORK_PER_THREAD:,}.")
    report.finish()


if __name__ == "__main__":
    main()
