"""Predicting 20,000 rows: skdl compared with the bare module and skorch.

Seconds of one call from a numpy array to the predictions, medians of interleaved rounds. The bare
module runs under ``inference_mode`` at the best batch size of a trial before, with 1 and with 2
threads, of which the better is shown. skorch runs at its default batch size, 128, and at that of
the bare module.

``LSTMRegressor()`` has a linear model beside its LSTM, which reads each channel twice; so does its
own bare module. ``linear_model=False`` is the module of skorch and of the bare LSTM.
"""

from functools import partial

import numpy as np
import torch
from _peers import LSTM, bare_outputs, make_mlp, skorch_regressor
from _report import PEER_THREADS, Report, at_threads, interleave, median
from torch import nn

from skdl.engine import Data, Net, Supervised, squared_error
from skdl.estimators import LSTMRegressor

BATCH_SIZES = (128, 256, 512, 1024, 2048, 4096, 20_000)
N_CALLS = 10  # of the MLP in one timing: a single call is too short


class OwnModule(nn.Module):
    """The module of a fitted skdl estimator, as one function of X."""

    def __init__(self, fitted):
        super().__init__()
        self.module = fitted.module_

    def forward(self, x):
        return self.module(**self.module.prepare(x))


def best_batch_size(module, X, quick):
    sizes = BATCH_SIZES[2:4] if quick else BATCH_SIZES
    jobs = {
        (size, n): at_threads(partial(bare_outputs, module, X, size), n)
        for size in sizes
        for n in (PEER_THREADS[:1] if quick else PEER_THREADS)
    }
    seconds = interleave(jobs, 1 if quick else 3)
    return min(seconds, key=lambda key: median(seconds[key]))[0]


def bare(module, X, quick):
    """The best batch size of a bare module, and the job that predicts with it."""
    x_tensor = torch.from_numpy(X)
    size = best_batch_size(module.eval(), x_tensor, quick)
    return size, lambda: bare_outputs(module, x_tensor, size).numpy()


def lstm(report, X) -> None:
    few = X[:256], X[:256].sum((1, 2))
    estimator = partial(LSTMRegressor, hidden_size=32, max_epochs=1, device="cpu", random_state=0)
    default, plain = estimator().fit(*few), estimator(linear_model=False).fit(*few)
    net = skorch_regressor(LSTM, max_epochs=1).fit(few[0], few[1][:, None])
    size, bare_lstm = bare(LSTM(), X, report.quick)
    own_size, bare_own = bare(OwnModule(default), X, report.quick)
    wide = skorch_regressor(LSTM, iterator_valid__batch_size=size).initialize()
    times = report.measure(
        {
            "LSTMRegressor().predict": lambda: default.predict(X),
            "LSTMRegressor(linear_model=False).predict": lambda: plain.predict(X),
        },
        {
            "bare LSTM": bare_lstm,
            "bare module of LSTMRegressor()": bare_own,
            "skorch, batch 128": lambda: net.predict(X),
            "skorch, best batch": lambda: wide.predict(X),
        },
        n_rounds=9,
    )
    report.table(
        f"LSTM: {len(X):,} x 32 x 1, hidden 32",
        times,
        f"Best batch size of the bare LSTM: {size}; of LSTMRegressor()'s own module: {own_size}.",
    )
    ours = list(times.index[:2])
    report.ratios(
        times,
        [
            (ours[0], "bare LSTM", "at most 1.15"),
            (ours[1], "bare LSTM", "at most 1.15"),
            (ours[0], "bare module of LSTMRegressor()", ""),
        ],
    )
    report.ratios(
        times,
        [(name, "skorch, batch 128", "at least 3") for name in ours]
        + [(name, "skorch, best batch", "") for name in ours],
        faster=True,
    )


def mlp(report, X) -> None:
    module = make_mlp().eval()
    engine = Net(module, Supervised(squared_error), device="cpu").initialize()
    net = skorch_regressor(make_mlp).initialize()
    size, bare_mlp = bare(module, X, report.quick)
    wide = skorch_regressor(make_mlp, iterator_valid__batch_size=size).initialize()
    jobs = {
        "Net.outputs": lambda: engine.outputs(Data({"input": torch.from_numpy(X)})).numpy(),
        "bare MLP": bare_mlp,
        "skorch, batch 128": lambda: net.predict(X),
        "skorch, best batch": lambda: wide.predict(X),
    }
    repeated = {name: partial(repeat, job) for name, job in jobs.items()}
    ours = {"Net.outputs": repeated.pop("Net.outputs")}
    times = report.measure(ours, repeated, n_rounds=9)
    report.table(
        f"The engine alone, MLP 20-64-1: {len(X):,} rows, {N_CALLS} calls",
        times,
        f"Best batch size of the bare MLP: {size}.",
    )
    report.ratios(times, [("Net.outputs", "bare MLP", "at most 2")])
    report.ratios(
        times,
        [
            ("Net.outputs", "skorch, batch 128", "at least 15"),
            ("Net.outputs", "skorch, best batch", ""),
        ],
        faster=True,
    )


def repeat(job):
    for _ in range(N_CALLS):
        job()


def main() -> None:
    report = Report(__doc__)
    n_rows = 2000 if report.quick else 20_000
    rng = np.random.default_rng(0)
    lstm(report, rng.standard_normal((n_rows, 32, 1)).astype(np.float32))
    mlp(report, rng.standard_normal((n_rows, 20)).astype(np.float32))
    report.finish()


if __name__ == "__main__":
    main()
