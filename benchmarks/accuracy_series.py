"""Accuracy of forecasts of real series: default parameters compared with classical baselines.

Windows of 24 and 48 steps, the value one step and 24 steps ahead. The last fifth of
the windows is the test part; before it a gap of ``width + horizon - 1`` windows is left out, so
that no value of the series lies in both parts. (The airline series is too short for that: there
the gap is ``horizon - 1``, with which every training target is known when the first test window
ends.) "ridge" is the better of ``Ridge(1.0)`` and ``RidgeCV``, on scaled lags. Missing values of
PM2.5 are interpolated. MAE is in the units of the series, S&P 500 log returns in percent;
LSTMRegressor has default parameters, mean over the seeds. "ratio" is relative to the better of
persistence and ridge; bar: at most 1.02 on every task, below 1 on most.

Classes of series are in accuracy_signals.

The data are read by ``skdl.datasets.fetch_*``; set SKDL_DATA to a folder that has them.
"""

import argparse
from time import perf_counter

import numpy as np
import pandas as pd
from _report import Report
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import mean_absolute_error

from skdl.datasets import fetch_series
from skdl.estimators import LSTMRegressor
from skdl.model_selection import ForwardChainingSplit
from skdl.pipelines import make_sequence_pipeline
from skdl.preprocessing import sliding_windows

SERIES = ("airline", "temperatures", "sunspots", "pollution", "pollution+weather", "sp500 returns")
AHEAD = 24
REGRESSORS = {"LSTM": LSTMRegressor}


def read(name):
    """A series (n_steps, n_channels); the first channel is the one to predict."""
    if name == "sp500 returns":
        close = fetch_series("sp500")["adjclose"]
        return 100 * np.log(close).diff().dropna().to_frame()
    table = fetch_series(name.partition("+")[0])
    if name == "pollution":
        table = table[["pm2.5"]]
    return table.select_dtypes("number").interpolate().dropna()


def split(X, y, gap):
    """The training windows, and the last fifth."""
    folds = ForwardChainingSplit(n_splits=1, test_size=len(X) // 5, gap=gap)
    train, test = next(folds.split(X))
    return X[train], y[train], X[test], y[test]


def score(model, X_train, y_train, X_test, y_test):
    """Mean absolute error, and seconds of the fit."""
    start = perf_counter()
    model.fit(X_train, y_train)
    seconds = perf_counter() - start
    return mean_absolute_error(y_test, model.predict(X_test)), seconds


def forecast(name, series, width, horizon, seeds, params, gaps=True):
    """The row of one task in the table."""
    X, y = sliding_windows(series.to_numpy(), width, horizon, target=0)  # rows are steps
    farthest = np.max(horizon)
    short = len(X) < 200  # the airline series
    gap = farthest - 1 if short else width + farthest - 1
    parts = split(X, y, gap if gaps else 0)
    X_test, y_test = parts[2:]
    last = X_test[:, -1, :1]  # (n, 1)
    persistence = np.abs(y_test.reshape(len(last), -1) - last).mean()
    ridges = (Ridge(), RidgeCV(np.logspace(-3, 5, 17)))
    ridge = min(score(make_sequence_pipeline(model), *parts)[0] for model in ridges)
    best = min(persistence, ridge)
    row = {
        "series": name,
        "window": width,
        "ahead": "1 to 24" if np.ndim(horizon) else horizon,
        "train": len(parts[0]),
        "test": len(X_test),
        "persistence": persistence,
        "ridge": ridge,
    }
    for family, regressor in REGRESSORS.items():
        runs = [score(regressor(random_state=seed, **params), *parts) for seed in seeds]
        mae, seconds = np.mean(runs, axis=0)
        row |= {family: mae, f"{family} ratio": mae / best, f"{family} fit s": seconds}
    return row


def print_row(row) -> None:
    """Show progress, because some rows take minutes."""
    cells = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values())
    print("  ", *cells, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--no-gap", action="store_true", help="the plain chronological split: no gap")
    add("--series", nargs="*", default=SERIES, choices=SERIES)
    add("--seeds", type=int, default=3)
    add("--paths", action="store_true", help="also all of the next 24 steps at once")
    report = Report(__doc__, parser)
    args, quick = report.args, report.quick
    seeds = range(1 if quick else args.seeds)
    params = {"max_epochs": 2} if quick else {}

    rows = []
    horizons = [1, AHEAD] + ([range(1, AHEAD + 1)] if args.paths else [])
    for name in args.series:
        series = read(name)[-144:] if quick else read(name)
        for horizon in horizons:
            for width in (24,) if quick else (24, 48):
                rows.append(forecast(name, series, width, horizon, seeds, params, not args.no_gap))
                print_row(rows[-1])
    table = pd.DataFrame(rows)
    report.table(
        "Forecasts: MAE" + ", no gap" * args.no_gap, table.set_index("series"), *verdicts(table)
    )
    report.finish()


def verdicts(table):
    for family in REGRESSORS:
        ratio = table[f"{family} ratio"]
        yield (
            f"{family}: at most 1.02 on {(ratio <= 1.02).sum()} of {len(ratio)} tasks, below 1 on "
            f"{(ratio < 1).sum()}; highest ratio {ratio.max():.3f}, median {ratio.median():.3f}."
        )


if __name__ == "__main__":
    main()
