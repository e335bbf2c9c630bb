"""A grid search: skdl compared with skorch and hand-written loops.

``GridSearchCV``: 12 candidates (hidden 8 and 16, six learning rates) x 5 folds, 1,000 x 24 x 1,
5 epochs, batch 64, ``n_jobs=2``, no refit. The hand-written loops do the same 60 fits and
scores under ``joblib.Parallel(n_jobs=2)``. Each has run once before, so that joblib's workers are
started. Seconds of whole searches, medians of interleaved rounds; joblib gives each worker one
thread.
"""

from functools import partial

import numpy as np
import torch
from _peers import LSTM, bare_outputs, hand_loop, skorch_regressor
from _report import Report
from joblib import Parallel, delayed
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid

from skdl.estimators import LSTMRegressor

BATCH_SIZE = 64


def grid_search(estimator, grid, X, y, cv):
    GridSearchCV(estimator, grid, cv=cv, n_jobs=2, refit=False).fit(X, y)


def hand_search(grid, X, y, cv, n_epochs):
    tasks = [
        delayed(hand_fit)(X, y, train, test, n_epochs, **params)
        for params in ParameterGrid(grid)
        for train, test in cv.split(X)
    ]
    Parallel(n_jobs=2)(tasks)


def hand_fit(X, y, train, test, n_epochs, *, hidden_size, lr):
    x_train, y_train = torch.from_numpy(X[train]), torch.from_numpy(y[train])
    module = LSTM(hidden_size)
    hand_loop(module, x_train, y_train, n_epochs=n_epochs, batch_size=BATCH_SIZE, lr=lr)
    return r2_score(y[test], bare_outputs(module, torch.from_numpy(X[test]), 512).numpy())


def main() -> None:
    report = Report(__doc__)
    n_samples, n_epochs = (100, 1) if report.quick else (1000, 5)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, 24, 1)).astype(np.float32)
    y = X[:, -8:, 0].sum(1)
    sizes, rates = [8, 16], [3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2]
    grid = {"hidden_size": sizes, "lr": rates}
    cv = KFold(5)

    estimator = partial(
        LSTMRegressor,
        max_epochs=n_epochs,
        batch_size=BATCH_SIZE,
        early_stopping=False,
        device="cpu",
        random_state=0,
    )
    net = skorch_regressor(LSTM, max_epochs=n_epochs, batch_size=BATCH_SIZE)
    net_grid = {"module__hidden_size": sizes, "lr": rates}
    default, plain = "LSTMRegressor()", "LSTMRegressor(linear_model=False)"
    times = report.measure(
        {
            default: lambda: grid_search(estimator(), grid, X, y, cv),
            plain: lambda: grid_search(estimator(linear_model=False), grid, X, y, cv),
        },
        {
            "hand loops": lambda: hand_search(grid, X, y[:, None], cv, n_epochs),
            "skorch": lambda: grid_search(net, net_grid, X, y[:, None], cv),
        },
        n_rounds=5,
        peer_threads=[torch.get_num_threads()],  # of this process, which only waits
    )
    report.table("60 fits", times.drop(columns="threads"))
    report.ratios(
        times, [(default, "hand loops", "at most 1.15"), (plain, "hand loops", "at most 1.15")]
    )
    report.ratios(
        times,
        [(default, "skorch", "at least 1.6"), (plain, "skorch", "at least 1.6")],
        faster=True,
    )
    report.finish()


if __name__ == "__main__":
    main()
