"""
Forecasting the next value of a series
======================================

A deep and several classical regressors forecast three real series on the same folds: the price of
a share, its daily return, and the height of the ground ahead on a walk. The three answers differ,
and only the comparison with simple baselines shows how. All data ship with installed packages, so
nothing is downloaded. This is what ``make demo`` runs.
"""

# %%
# The models
# ----------
# All models get the same sequences of 24 steps. ``make_sequence_pipeline`` flattens and scales
# them for the models that need a table; ``LSTMRegressor`` takes them as they are. The penalties of
# Lasso and SVR depend on the unit of y, so y is standardized for these two.
#
# Two baselines learn next to nothing. "mean" predicts the mean of the training targets;
# "persistence" predicts that the last value stays. A model that is not better has no use.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import cbook
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skdl.datasets import load_stock_prices
from skdl.estimators import (
    SVR,
    DecisionTreeRegressor,
    Lasso,
    LSTMRegressor,
    RandomForestRegressor,
    Ridge,
)
from skdl.inspection import ComparisonDisplay
from skdl.model_selection import ForwardChainingSplit, compare
from skdl.pipelines import make_sequence_pipeline
from skdl.preprocessing import sliding_windows

WIDTH = 24  # steps of a window


class Persistence(RegressorMixin, BaseEstimator):
    """Predicts the last value of each sequence."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return X[:, -1, 0]


def at_unit_scale(model):
    return TransformedTargetRegressor(model, transformer=StandardScaler())


models = {
    "mean": DummyRegressor(),
    "Ridge": Ridge(),
    "Lasso": at_unit_scale(Lasso(alpha=0.001, max_iter=50_000)),
    "tree": DecisionTreeRegressor(min_samples_leaf=10),
    "forest": RandomForestRegressor(n_estimators=50, min_samples_leaf=3),
    "SVR": at_unit_scale(SVR()),
    "LSTMRegressor": LSTMRegressor(),
}
models = {name: make_sequence_pipeline(model) for name, model in models.items()}
models["persistence"] = Persistence()

# %%
# The sentences below each table are computed from it by this function, so that they are true of
# the run that is shown.


def tell(comparison, name, other):
    """Say how the errors of one estimator relate to those of another, in words."""
    runs = comparison.scores[comparison.scores["metric"] == comparison.metrics[0]]
    errors = -runs.pivot_table(index="fold", columns="estimator", values="score")
    change = 100 * (errors[name].mean() / errors[other].mean() - 1)
    n_lower = (errors[name] < errors[other]).sum()
    print(
        f"The error of {name} is {abs(change):.1f} % {'lower' if change < 0 else 'higher'} than "
        f"that of {other}; it is lower on {n_lower} of {len(errors)} folds."
    )


def best_classical(comparison):
    names = {"Ridge", "Lasso", "tree", "forest", "SVR"}
    return next(name for name in comparison.table.index if name in names)


# %%
# The next day's price
# --------------------
# 1,047 daily prices of Google's share, 2004 to 2008. ``sliding_windows`` cuts them into sequences
# of 24 days and the price that follows each. Every fold trains on the past and tests on what comes
# after it, with a gap of 24 days between, so that no price is in both.
#
# Scores are negative mean absolute errors (MAE): higher is better, as everywhere in scikit-learn.

prices = load_stock_prices(frequency="daily").data["adj_close"].to_numpy()
days = ForwardChainingSplit(n_splits=5, gap=WIDTH)
levels = compare(
    models,
    *sliding_windows(prices, WIDTH),
    cv=days,
    scoring={"-MAE (dollars)": "neg_mean_absolute_error", "r2": "r2"},
    random_state=0,
)
print(levels)
tell(levels, "LSTMRegressor", "persistence")
tell(levels, "LSTMRegressor", best_classical(levels))
r2 = levels.table.loc["persistence", "mean_r2"]
print(f"R2 of persistence, which learns nothing, is {r2:.2f}: a high R2 on levels means little.")

# %%
# Trees, forests and SVR cannot predict a price above those that they have seen, and this one rises.
# ``LSTMRegressor`` begins with a linear model that can, and lets the network add to it only what
# validation rows show to help.
#
# The next day's return
# ---------------------
# The same share, but the daily change in percent. "zero" predicts that the price persists.

returns = 100 * np.diff(np.log(prices))
zero = DummyRegressor(strategy="constant", constant=0.0)
changes = compare(
    models | {"zero": zero},
    *sliding_windows(returns, WIDTH),
    cv=days,
    scoring={"-MAE (percent)": "neg_mean_absolute_error", "r2": "r2"},
    random_state=0,
)
print(changes)
tell(changes, "LSTMRegressor", "zero")
tell(changes, "LSTMRegressor", best_classical(changes))
print(f"The first of the table is {changes.table.index[0]}.")
print(f"The highest R2 of a row is {changes.table['mean_r2'].max():.3f}.")

# %%
# An R2 near zero or below it says that the last 24 returns tell next to nothing about the next one.
# No choice of model changes that.
#
# The height of the ground ahead
# ------------------------------
# An elevation model of the Jacksboro fault in Tennessee, one height every 74 m. Walks lead from
# west to east, one every 740 m from north to south; from the last 1.8 km of a walk, the height
# 220 m ahead is predicted. Folds train on the walks further north and test on those that follow:
# ``groups`` holds the number of the walk of each row, and ``ForwardChainingSplit`` takes it for
# time.

CELL, AHEAD = 0.0744, 3  # km from one height to the next; 3 cells are 220 m
with cbook.get_sample_data("jacksboro_fault_dem.npz") as dem:
    walks = dem["elevation"][::8].astype(float)  # (walks, heights)
windows = [sliding_windows(walk, WIDTH, AHEAD, stride=6) for walk in walks]
X, y = (np.concatenate(parts) for parts in zip(*windows, strict=True))
walk_of_row = np.repeat(np.arange(len(walks)), len(windows[0][0]))

heights = compare(
    models,
    X,
    y,
    cv=ForwardChainingSplit(n_splits=4, gap=1),
    groups=walk_of_row,
    scoring={"-MAE (m)": "neg_mean_absolute_error", "r2": "r2"},
    random_state=0,
)
print(heights)
tell(heights, "LSTMRegressor", "persistence")
tell(heights, "LSTMRegressor", best_classical(heights))

# %%
# Tuning
# ------
# ``GridSearchCV`` chooses the size and the learning rate of the LSTM on the training walks of the
# last fold. The walks of its test part were not seen by the search, so they can judge the choice.

train, test = heights.folds[-1]
search = GridSearchCV(
    make_sequence_pipeline(LSTMRegressor(random_state=0)),
    {"lstmregressor__hidden_size": [16, 64], "lstmregressor__lr": [3e-3, 1e-2]},
    cv=ForwardChainingSplit(n_splits=2, gap=1),
    scoring="neg_mean_absolute_error",
)
search.fit(X[train], y[train], groups=walk_of_row[train])
tried = pd.DataFrame(search.cv_results_["params"])
tried["MAE (m)"] = -search.cv_results_["mean_test_score"]
print(tried.to_string(index=False, float_format="{:.4g}".format))

lstm_runs = heights.scores.query("estimator == 'LSTMRegressor' and metric == '-MAE (m)'")
print(f"Chosen: {search.best_params_}.")
print(
    f"On the walks after those of the search its error is "
    f"{mean_absolute_error(y[test], search.predict(X[test])):.2f} m; "
    f"with default parameters it was {-lstm_runs['score'].iloc[-1]:.2f} m."
)

# %%
# The picture
# -----------
# Above, the scores of each fold. ``ComparisonDisplay`` leaves models that are far off outside the
# axis and says so. Below, the southernmost walk, which no model of the search has seen.

figure = plt.figure(figsize=(16, 8.5), layout="constrained")
axes = figure.subplot_mosaic([["levels", "changes", "heights"], ["walk"] * 3])
titles = {
    "levels": "Price of GOOG, next day",
    "changes": "Return of GOOG, next day",
    "heights": "Height of the ground, 220 m ahead",
}
for name, comparison in {"levels": levels, "changes": changes, "heights": heights}.items():
    ComparisonDisplay.from_comparison(comparison, ax=axes[name])
    axes[name].set_title(titles[name])

walk = walks[-1]
X_walk, y_walk = sliding_windows(walk, WIDTH, AHEAD)
kilometres = CELL * (WIDTH + AHEAD - 1 + np.arange(len(y_walk)))
forecasts = {"persistence": X_walk[:, -1, 0], "LSTMRegressor": search.predict(X_walk)}
ax = axes["walk"]
ax.fill_between(kilometres, y_walk, walk.min() - 20, color="0.88", linewidth=0)
ax.plot(kilometres, y_walk, color="0.35", label="the ground")
styles = {"persistence": ("#d1662b", "--"), "LSTMRegressor": ("#1f5a94", "-")}
for name, forecast in forecasts.items():
    color, line = styles[name]
    label = f"{name}, MAE {mean_absolute_error(y_walk, forecast):.0f} m"
    ax.plot(kilometres, forecast, line, color=color, linewidth=1.3, label=label)
ax.set(
    xlabel="km from the west end",
    ylabel="height (m)",
    title="A walk unseen in training; each height is predicted 220 m before it",
    xlim=(kilometres[0], kilometres[-1]),
    ylim=(walk.min() - 20, walk.max() + 90),
)
ax.legend(frameon=False, ncols=3, loc="upper right")
ax.spines[["top", "right"]].set_visible(False)

# %%
# A script without a display keeps the picture in a file.

path = Path("output/compare_regressors.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
