"""Deep and classical regressors on the same folds of real series: what ``make demo`` runs.

Three tasks, all from data that ship with installed packages:

1. the next day's price of Google's share, from the last 24 days (levels);
2. the next day's return of the same share, in percent;
3. the height of the ground 220 m ahead, from the last 1.8 km of a walk from west to east across
   the Jacksboro fault in Tennessee (an elevation model; one walk every 740 m, from north to
   south).

All estimators get the same sequences: ``make_sequence_pipeline`` flattens and scales them for those
that need it. Every fold trains on the past (in task 3 on the walks further north) and tests on what
follows, with a gap between. Persistence, the forecast that the last value stays, has its own row: a
model that is not better has no use. The sentences below the tables are computed from them.

    python examples/compare_regressors.py --output output/compare_regressors.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib import cbook, figure
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
CELL = 0.0744  # km from one height to the next
CELLS_AHEAD = 3  # 220 m
CLASSICAL = ("Ridge", "Lasso", "tree", "forest", "SVR")
N_JOBS = 2
SEED = 0


class Persistence(RegressorMixin, BaseEstimator):
    """Predicts the last value: a simple baseline that is hard to beat."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return X[:, -1, 0]


# The data ----------------------------------------------------------------------------------------


def load_prices():
    return load_stock_prices(frequency="daily").data["adj_close"].to_numpy()


def load_walks():
    """Heights in metres along walks from west to east, from north to south: (n_walks, n_cells)."""
    with cbook.get_sample_data("jacksboro_fault_dem.npz") as dem:
        return dem["elevation"][::8].astype(float)


def windows_of_walks(walks):
    """Windows of all walks, the height ahead of each, and the number of its walk."""
    cut = [sliding_windows(walk, WIDTH, CELLS_AHEAD, stride=4) for walk in walks]
    X, y = (np.concatenate(parts) for parts in zip(*cut, strict=True))
    return X, y, np.repeat(np.arange(len(walks)), len(cut[0][0]))


# The comparison ----------------------------------------------------------------------------------


def make_estimators():
    """One model of each kind, on sequences."""
    models = {
        "mean": DummyRegressor(),
        "Ridge": Ridge(),
        "Lasso": at_unit_scale(Lasso(alpha=0.001, max_iter=50_000)),
        "tree": DecisionTreeRegressor(min_samples_leaf=10),
        "forest": RandomForestRegressor(n_estimators=50, min_samples_leaf=3),
        "SVR": at_unit_scale(SVR()),
        "LSTMRegressor": LSTMRegressor(),
    }
    pipelines = {name: make_sequence_pipeline(model) for name, model in models.items()}
    return {"persistence": Persistence(), **pipelines}


def at_unit_scale(model):
    """The model with y standardized, so that its penalty does not depend on the unit of y."""
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def compare_all(X, y, unit, cv, groups=None, **more):
    comparison = compare(
        make_estimators() | more,
        X,
        y,
        cv=cv,
        groups=groups,
        scoring={f"-MAE ({unit})": "neg_mean_absolute_error", "r2": "r2"},
        n_jobs=N_JOBS,
        random_state=SEED,
    )
    if comparison.errors:  # they are reported in the table; here none is expected
        raise RuntimeError(str(comparison.errors))
    return comparison


def tell(comparison):
    """Print what follows from the table, in words."""
    errors = fold_errors(comparison)
    order = list(comparison.table.index)
    deep, classical = "LSTMRegressor", next(name for name in order if name in CLASSICAL)
    print(versus(errors, deep, "persistence"))
    print(versus(errors, deep, classical, " (the best classical model)"))
    if order[0] not in (deep, *CLASSICAL):
        print(f'- "{order[0]}", a baseline that learns next to nothing, is better than all models.')


def fold_errors(comparison):
    """MAE of each fold (rows) and estimator (columns)."""
    runs = comparison.scores[comparison.scores["metric"] == comparison.metrics[0]]
    return -runs.pivot_table(index="fold", columns="estimator", values="score")


def versus(errors, name, other, remark=""):
    change = 100 * (errors[name].mean() / errors[other].mean() - 1)
    word = "lower" if change < 0 else "higher"
    n_lower = (errors[name] < errors[other]).sum()
    return (
        f"- The error of {name} is {abs(change):.1f} % {word} than that of {other}{remark}; it is "
        f"lower on {n_lower} of {len(errors)} folds."
    )


def search_lstm(X, y, walks):
    """Choose the size and the learning rate of the LSTM on the given walks."""
    grid = {
        "lstmregressor__hidden_size": [16, 64],
        "lstmregressor__lr": [1e-3, 3e-3, 1e-2],
    }
    search = GridSearchCV(
        make_sequence_pipeline(LSTMRegressor(random_state=SEED)),
        grid,
        cv=ForwardChainingSplit(n_splits=3, gap=1),
        scoring="neg_mean_absolute_error",
        n_jobs=N_JOBS,
    )
    return search.fit(X, y, groups=walks)


# The figure --------------------------------------------------------------------------------------


def draw_grid(search, ax):
    results = search.cv_results_
    sizes, rates = search.param_grid.values()
    errors = -results["mean_test_score"].reshape(len(sizes), len(rates))
    spreads = results["std_test_score"].reshape(errors.shape)
    # The colour scale spans at least 10 %, so that random differences look small.
    ax.imshow(errors, cmap="Blues_r", aspect="auto", vmin=errors.min(), vmax=1.1 * errors.min())
    for (row, column), error in np.ndenumerate(errors):
        best = error == errors.min()
        text = f"{error:.3g} ± {spreads[row, column]:.2g}" + ("\nchosen" if best else "")
        color = "white" if error < 1.05 * errors.min() else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.set_yticks(range(len(sizes)), sizes)
    ax.set(xlabel="lr", ylabel="hidden_size")
    ax.set_title(f"4. GridSearchCV: MAE (m), mean ± std of {search.n_splits_} folds")


def draw_walk(search, walk, ax):
    """A walk of the test part: true heights, persistence, and the LSTM that the search chose."""
    X, y = sliding_windows(walk, WIDTH, CELLS_AHEAD)
    place = CELL * (WIDTH + CELLS_AHEAD - 1 + np.arange(len(y)))  # km
    predicted = search.predict(X)
    ax.fill_between(place, y, walk.min() - 20, color="0.88", linewidth=0)
    ax.plot(place, y, color="0.35", label="the ground")
    ax.plot(
        place, X[:, -1, 0], color="#d1662b", linewidth=1, linestyle="--",
        label=f"persistence, MAE {mean_absolute_error(y, X[:, -1, 0]):.0f} m",
    )  # fmt: skip
    ax.plot(
        place, predicted, color="#1f5a94", linewidth=1.5,
        label=f"LSTMRegressor, MAE {mean_absolute_error(y, predicted):.0f} m",
    )  # fmt: skip
    ax.set(
        xlabel="km from the west end",
        ylabel="height (m)",
        title="The southernmost walk, unseen in training; each height predicted 220 m before it",
        xlim=(place[0], place[-1]),
        ylim=(walk.min() - 20, walk.max() + 90),
    )
    ax.legend(frameon=False, ncols=3, loc="upper right")
    ax.spines[["top", "right"]].set_visible(False)


def draw(comparisons, search, walk, path):
    picture = figure.Figure(figsize=(16, 8.5), layout="constrained")
    grid = picture.add_gridspec(2, 3)
    for column, (title, comparison) in enumerate(comparisons.items()):
        ax = picture.add_subplot(grid[0, column])
        ComparisonDisplay.from_comparison(comparison, ax=ax)
        ax.set_title(title)
    draw_grid(search, picture.add_subplot(grid[1, 0]))
    draw_walk(search, walk, picture.add_subplot(grid[1, 1:]))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


# All steps ---------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/compare_regressors.png"))
    path = parser.parse_args().output
    days = ForwardChainingSplit(n_splits=5, gap=WIDTH)

    print("\n1. The next day's price of GOOG (levels)\n")
    prices = load_prices()
    levels = compare_all(*sliding_windows(prices, WIDTH), "dollars", days)
    print(levels)
    tell(levels)
    r2 = levels.table.loc["persistence", "mean_r2"]
    print(
        f"- R2 of persistence, which learns nothing, is {r2:.2f}: a high R2 on levels means little."
    )

    print("\n2. The next day's return of GOOG\n")
    returns = 100 * np.diff(np.log(prices))
    zero = DummyRegressor(strategy="constant", constant=0.0)  # the price persists
    X, y = sliding_windows(returns, WIDTH)
    changes = compare_all(X, y, "percent", days, zero=zero)
    print(changes)
    print(versus(fold_errors(changes), "LSTMRegressor", "zero", " (the price persists)"))
    tell(changes)
    print(f"- The highest R2 of a row is {changes.table['mean_r2'].max():.3f}.")

    print("\n3. The height of the ground 220 m ahead\n")
    walks = load_walks()
    X, y, walk = windows_of_walks(walks)
    forward = ForwardChainingSplit(n_splits=5, gap=1)
    heights = compare_all(X, y, "m", forward, groups=walk)
    print(heights)
    tell(heights)

    print("\n4. GridSearchCV over the LSTM, on the training walks of the last fold\n")
    train, test = heights.folds[-1]
    search = search_lstm(X[train], y[train], walk[train])
    error = mean_absolute_error(y[test], search.predict(X[test]))
    default = fold_errors(heights)["LSTMRegressor"].iloc[-1]
    print(f"- Chosen: {search.best_params_}, MAE {-search.best_score_:.3g} m in the search.")
    print(f"- On the walks after it: {error:.3g} m; with default parameters {default:.3g} m.")

    comparisons = {
        "1. Price of GOOG, next day": levels,
        "2. Return of GOOG, next day": changes,
        "3. Height of the ground, 220 m ahead": heights,
    }
    draw(comparisons, search, walks[-1], path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
