"""
A table of mixed columns: networks beside boosting
==================================================

How many bicycles are taken from a station in an hour? The table has what such tables have: a date,
a category with gaps, numbers with gaps, a flag. A linear model, a forest, boosting, scikit-learn's
perceptron and skdl's ``MLPRegressor`` meet on the same folds; then ``MLPRegressor`` is tuned, and
explained with scikit-learn's own tools. The numbers are made, so that it is known what is right.
"""

# %%
# The table
# ---------
# Demand follows the hour, with two peaks on workdays and one on free days, the temperature, up to
# 28 degrees, and the weather. One temperature in ten and one weather in five is missing, and demand
# varies by a sixth around all of that.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPRegressor as PlainMLPRegressor

from skdl.estimators import (
    HistGradientBoostingRegressor,
    MLPRegressor,
    RandomForestRegressor,
    Ridge,
)
from skdl.inspection import ComparisonDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_tabular_pipeline


def bicycles(n, seed=0):
    """Hours of a year in random order, and the bicycles that were taken."""
    rng = np.random.default_rng(seed)
    when = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 24 * 365, n), unit="h")
    season = np.cos(2 * np.pi * (when.day_of_year.to_numpy() - 200) / 365)
    temperature = 12 + 10 * season + 4 * rng.normal(size=n)
    weather = rng.choice(["clear", "cloudy", "rain", "snow"], n, p=[0.5, 0.3, 0.17, 0.03])
    holiday = rng.random(n) < 0.04
    hour, free = when.hour.to_numpy(), holiday | (when.day_of_week.to_numpy() >= 5)
    peaks = np.exp(-((hour - 8) ** 2) / 4) + 1.3 * np.exp(-((hour - 17.5) ** 2) / 6)
    rides = np.where(free, 0.9 * np.exp(-((hour - 14) ** 2) / 18), peaks) + 0.1
    rides *= (1 + 0.04 * np.minimum(temperature, 28)) * pd.Series(weather).map(
        {"clear": 1.0, "cloudy": 0.9, "rain": 0.5, "snow": 0.3}
    )
    table = pd.DataFrame(
        {
            "when": when,
            "temperature": np.where(rng.random(n) < 0.1, np.nan, temperature),
            "weather": np.where(rng.random(n) < 0.2, None, weather),
            "holiday": holiday,
        }
    )
    return table, (100 * rides * np.exp(rng.normal(0, 0.16, n))).to_numpy()


X, y = bicycles(800)
print(X.head().to_string(index=False))

# %%
# Five models, the same folds
# ---------------------------
# ``make_tabular_pipeline`` gives each model the columns that it needs: filled gaps, one-hot columns
# and scales for the linear model and scikit-learn's perceptron, codes for the trees. Nothing stands
# before ``MLPRegressor``, which reads the table itself. It makes hour, weekday and season of a
# date; the Pipeline makes days of it, so the others get the hour as a column of its own.

with_hour = X.assign(hour=X["when"].dt.hour, weekday=X["when"].dt.day_of_week)
models = {
    "linear": Ridge(),
    "forest": RandomForestRegressor(),
    "boosting": HistGradientBoostingRegressor(),
    "scikit-learn's MLP": PlainMLPRegressor(learning_rate_init=0.01, max_iter=5000),
    "skdl's MLP": MLPRegressor(),
}
comparison = compare(
    {name: make_tabular_pipeline(model) for name, model in models.items()},
    with_hour,
    y,
    cv=KFold(3, shuffle=True, random_state=0),
    scoring="r2",
    random_state=0,
)
print(comparison)

# %%
# Tuning
# ------
# ``GridSearchCV`` over two sizes and two rates of dropout. The search says how little there is to
# win: the defaults are meant to be left alone.

search = GridSearchCV(
    MLPRegressor(n_members=2, random_state=0),
    {"hidden_layer_sizes": [(64, 64), (256, 256, 256)], "dropout": [0.0, 0.15]},
    cv=2,
).fit(X, y)
results = pd.DataFrame(search.cv_results_)
shown = results[["param_hidden_layer_sizes", "param_dropout", "mean_test_score"]]
print(shown.round(3).to_string(index=False))

# %%
# What the model learned
# ----------------------
# Columns are shuffled one by one in hours that the model has not seen; how much R2 falls tells how
# much it needs them. Lines of partial dependence show how the prediction goes with the temperature,
# and with the weather.

model = MLPRegressor(random_state=0).fit(X, y)
X_new, y_new = bicycles(500, seed=1)
importance = permutation_importance(model, X_new, y_new, n_repeats=3, random_state=0)
falls = pd.Series(importance.importances_mean, X.columns).sort_values()
print(f"R2 of new hours: {model.score(X_new, y_new):.3f}")
print("Fall of R2 without:", falls[::-1].round(3).to_dict())

figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
ComparisonDisplay.from_comparison(comparison, ax=axes[0])
axes[0].set_title("R2 on the same three folds")
axes[1].barh(falls.index, falls, color="#1f5a94")
axes[1].spines[["top", "right"]].set_visible(False)
axes[1].set(xlabel="fall of R2 when shuffled", title="What skdl's MLP needs")
dependence = PartialDependenceDisplay.from_estimator(
    model, X_new.dropna(), ["temperature"], ax=axes[2], line_kw={"color": "#d1662b"}
)
dependence.axes_[0, 0].set(title="Bicycles by temperature", ylabel="predicted bicycles")
path = Path("output/compare_tabular.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
