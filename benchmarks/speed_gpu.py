"""CUDA compared with the CPU: times of the same fits and predictions, and their differences.

Run by ``make gpu-check``. Medians of interleaved rounds, after a warm-up round.
"""

import sys
from functools import partial

import numpy as np
import torch
from _report import Report

from skdl.estimators import LSTMClassifier, LSTMRegressor

SIZES = [(4_000, 32, 1, 32, 64), (20_000, 48, 8, 128, 512), (20_000, 48, 8, 512, 1024)]


def fit(cls, device, X, y, hidden_size, batch_size):
    model = cls(
        hidden_size,
        max_epochs=3,
        batch_size=batch_size,
        early_stopping=False,
        device=device,
        random_state=0,
    )
    return model.fit(X, y)


def compare_devices(report, cls, size, devices=("cuda", "cpu")) -> None:
    n_samples, n_steps, n_channels, hidden_size, batch_size = size
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_steps, n_channels)).astype(np.float32)
    signal = X.mean((1, 2))
    y = signal > 0 if cls is LSTMClassifier else signal
    models = {}

    def job(device):
        models[device] = fit(cls, device, X, y, hidden_size, batch_size)
        models[device].predict(X)

    times = report.measure({device: partial(job, device) for device in devices}, {}, n_rounds=3)
    gap = np.abs(models[devices[0]].encode(X[:512]) - models[devices[-1]].encode(X[:512])).max()
    report.table(
        f"{cls.__name__}: {n_samples:,} x {n_steps} x {n_channels}, hidden {hidden_size}, "
        f"batch {batch_size}, 3 epochs and a prediction",
        times,
        f"Largest difference of the representations after training: {gap:.2g}.",
    )
    report.ratios(times, [(devices[0], devices[-1], "")], faster=True)


def main() -> None:
    report = Report(__doc__)
    if not torch.cuda.is_available():
        sys.exit("This needs a CUDA device, and torch finds none here.")
    report.say(f"Device: {torch.cuda.get_device_name()}.")
    for size in SIZES[:1] if report.quick else SIZES:
        for cls in (LSTMRegressor, LSTMClassifier):
            compare_devices(report, cls, size)
    report.finish()


if __name__ == "__main__":
    main()
