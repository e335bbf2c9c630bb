"""Accuracy on tables: default parameters beside boosting, forests and linear models.

Real tables, scikit-learn's own and made ones, of 300 rows and more, cross-validated on the same
folds: R2 of numbers, accuracy and log loss of classes, means over folds and seeds. "boosting" is
HistGradientBoosting*, "forest" RandomForest*, "linear" LogisticRegression or RidgeCV,
"scikit-learn's MLP" MLPClassifier or MLPRegressor, each in ``make_tabular_pipeline``; "MLP" is
skdl's on the table as it is. Bars: the best mean rank; at most 0.02 (log loss 5 %) behind the best
on any table; above scikit-learn's MLP on all.

Set SKDL_DATA to a folder that has the real tables.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from _report import Report
from _tables import BUNDLED, MADE, REAL, table
from joblib import Parallel, delayed
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier as OtherClassifier
from sklearn.neural_network import MLPRegressor as OtherRegressor

from skdl.estimators import MLPClassifier, MLPRegressor
from skdl.pipelines import make_tabular_pipeline

SIZES = (300, 2000, 10_000)
MODELS = {
    "MLP": (MLPClassifier, MLPRegressor),
    "boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
    "forest": (RandomForestClassifier, RandomForestRegressor),
    "linear": (
        lambda random_state: LogisticRegression(max_iter=1000),
        lambda random_state: RidgeCV(np.logspace(-3, 3, 13)),
    ),
    "scikit-learn's MLP": (OtherClassifier, OtherRegressor),
}


def scores_of(title, name, n_rows, seed, n_folds, params):
    """Scores of a model on the folds of a table: R2 or accuracy, log loss, seconds of a fit."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, y = table(name, n_rows)
    classifies = y.dtype.kind != "f"
    folds = (StratifiedKFold if classifies else KFold)(n_folds, shuffle=True, random_state=seed)
    found = []
    for train, test in folds.split(X, y):
        model = MODELS[title][not classifies](random_state=seed)
        if title == "MLP":
            model.set_params(**params)
        model = make_tabular_pipeline(model)
        start = perf_counter()
        model.fit(X.iloc[train], y[train])
        seconds, rest = perf_counter() - start, X.iloc[test]
        loss = log_loss(y[test], model.predict_proba(rest)) if classifies else np.nan
        found.append((model.score(rest, y[test]), loss, seconds))
    return np.mean(found, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", nargs="*", type=int, default=[*SIZES])
    parser.add_argument("--sets", nargs="*", default=[*REAL, *MADE, *BUNDLED])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=1)
    report = Report(__doc__, parser)
    args, params = report.args, {"max_epochs": 2} if report.quick else {}
    sizes = {name: args.sizes if name not in BUNDLED else [2000] for name in args.sets}
    cases = [(name, size) for name, each in sizes.items() for size in each]
    if report.quick:
        cases = [("diabetes", 2000), ("friedman", 300)]
    tasks = [
        (title, *case, seed, args.folds)
        for case in cases
        for seed in range(args.seeds)
        for title in MODELS
    ]
    found = Parallel(n_jobs=args.n_jobs)(delayed(scores_of)(*task, params) for task in tasks)
    keys = pd.DataFrame(tasks, columns=["model", "table", "rows", "seed", "folds"])
    values = pd.DataFrame(found, columns=["score", "log loss", "seconds"])
    rows = pd.concat([keys.drop(columns="folds"), values], axis=1)
    means = rows.pivot_table([*values], ["table", "rows"], "model", sort=False)
    order = [*MODELS]
    scores = means["score"][order]
    losses = means["log loss"][order].dropna() if "log loss" in means else pd.DataFrame()
    best = scores.drop(columns="MLP").max(axis=1)
    report.say(f"{args.folds} folds, {args.seeds} seeds.")
    report.table(
        "R2 or accuracy", scores.assign(**{"MLP - best": scores["MLP"] - best}).reset_index(level=1)
    )
    if len(losses):
        ratio = losses["MLP"] / losses.drop(columns="MLP").min(axis=1)
        report.table("Log loss", losses.assign(**{"MLP / best": ratio}).reset_index(level=1))
    ranks = scores.rank(axis=1, ascending=False).mean().to_frame("mean rank").T
    report.table("Mean rank of R2 or accuracy", ranks)
    report.table("Seconds of a fit on one thread", means["seconds"][order].reset_index(level=1))
    report.finish()


if __name__ == "__main__":
    main()
