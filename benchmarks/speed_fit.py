"""Fitting: skdl compared with a hand-written loop and skorch.

Seconds of whole fits, medians of interleaved rounds. Each peer runs with 1 and with 2 threads,
and its better count is the one shown. "tuned hand loop" is a hand-written loop with Adam's fused
kernel and ``index_select``; the bars are set against the plain one, with torch's defaults.

``LSTMRegressor()`` does more than its peers: it standardizes X and y, fits a linear model whose
residuals the network learns, and gives each channel to the LSTM twice, as it is and relative to its
last step. ``linear_model=False`` leaves the linear model out: the module is then that of the peers,
behind a standardization.
"""

from functools import partial

import numpy as np
import torch
from _peers import LSTM, hand_loop, make_mlp, skorch_regressor
from _report import Report

from skdl.engine import Data, Net, Supervised, squared_error
from skdl.estimators import LSTMRegressor

DEFAULT, PLAIN = "LSTMRegressor()", "LSTMRegressor(linear_model=False)"
HAND, TUNED, SKORCH = "hand loop", "tuned hand loop", "skorch"


def lstm_jobs(X, y, *, hidden_size, n_epochs, batch_size=64):
    """Fits of the same size by skdl and by the peers."""
    x_tensor, y_column = torch.from_numpy(X), torch.from_numpy(y)[:, None]
    estimator = partial(
        LSTMRegressor,
        hidden_size=hidden_size,
        max_epochs=n_epochs,
        batch_size=batch_size,
        optimizer="adam",
        early_stopping=False,
        device="cpu",
        random_state=0,
    )
    loop = partial(hand_loop, n_epochs=n_epochs, batch_size=batch_size)
    net = partial(skorch_regressor, LSTM, max_epochs=n_epochs, batch_size=batch_size, lr=1e-3)
    ours = {
        DEFAULT: lambda: estimator().fit(X, y),
        PLAIN: lambda: estimator(linear_model=False).fit(X, y),
    }
    peers = {
        HAND: lambda: loop(LSTM(hidden_size), x_tensor, y_column),
        TUNED: lambda: loop(LSTM(hidden_size), x_tensor, y_column, fused=True),
        SKORCH: lambda: net(module__hidden_size=hidden_size).fit(X, y[:, None]),
    }
    return ours, peers


def mlp_jobs(X, y, *, n_epochs, batch_size=128):
    x_tensor, y_column = torch.from_numpy(X), torch.from_numpy(y)[:, None]
    loop = partial(hand_loop, n_epochs=n_epochs, batch_size=batch_size)
    net = partial(skorch_regressor, make_mlp, max_epochs=n_epochs, batch_size=batch_size, lr=1e-3)

    def engine():
        objective = Supervised(squared_error)
        net = Net(make_mlp(), objective, max_epochs=n_epochs, batch_size=batch_size, device="cpu")
        net.initialize().train(Data({"input": x_tensor, "y": y_column}))

    peers = {
        HAND: lambda: loop(make_mlp(), x_tensor, y_column),
        TUNED: lambda: loop(make_mlp(), x_tensor, y_column, fused=True),
        SKORCH: lambda: net().fit(X, y[:, None]),
    }
    return {"engine": engine}, peers


def make_data(n_samples, *shape):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, *shape)).astype(np.float32)
    return X, X.reshape(n_samples, -1)[:, -8:].sum(1)


def main() -> None:
    report = Report(__doc__)
    quick = report.quick

    X, y = make_data(400 if quick else 4000, 32, 1)
    times = report.measure(*lstm_jobs(X, y, hidden_size=32, n_epochs=1 if quick else 5), n_rounds=9)
    report.table("LSTM: 4,000 x 32 x 1, hidden 32, batch 64, 5 epochs, Adam", times)
    report.ratios(
        times,
        [
            (DEFAULT, HAND, "at most 1.05"),
            (PLAIN, HAND, "at most 1.05"),
            (DEFAULT, TUNED, ""),
            (PLAIN, TUNED, ""),
        ],
    )
    report.ratios(
        times,
        [(DEFAULT, SKORCH, "at least 1.2"), (PLAIN, SKORCH, "at least 1.2")],
        faster=True,
    )

    X, y = make_data(2000 if quick else 20_000, 20)
    times = report.measure(*mlp_jobs(X, y, n_epochs=1 if quick else 5), n_rounds=9)
    report.table("The engine alone, MLP 20-64-1: 20,000 rows, batch 128, 5 epochs, Adam", times)
    report.ratios(times, [("engine", HAND, "at most 1.15"), ("engine", TUNED, "")])
    report.ratios(times, [("engine", SKORCH, "at least 3")], faster=True)

    X, y = make_data(100, 24, 1)
    ours, peers = lstm_jobs(X, y, hidden_size=8, n_epochs=1)
    times = report.measure(ours, peers, n_rounds=50)
    over = 1000 * (times["median s"] - times.loc[HAND, "median s"])
    report.table(
        "A small fit: LSTM, 100 x 24 x 1, hidden 8, batch 64, 1 epoch",
        times.assign(**{"ms over the hand loop": over.round(2)}),
        "Bar: at most 10 ms over the bare loop.",
    )
    report.finish()


if __name__ == "__main__":
    main()
