"""
Forecasting demand
==================

How many loaves shall a bakery bake tomorrow? A forecast of the mean is half of the answer: an
unsold loaf costs less than a customer who goes home without one, so what is needed is a quantile.
This story forecasts the demand of a shop with the weekday, campaigns and the weather, compares a
network with simpler models on folds in the order of time, and counts what each way of baking costs.
"""

# %%
# The shop
# --------
# The data are simulated, so that all is known about them: three years of days with a weekly and a
# yearly rhythm, rain that keeps people at home, and campaigns of a week. During a campaign demand
# grows, most on the first days, and for a week after it people still have bread. That is what has
# to be found.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit

from skdl.estimators import LSTMRegressor, RandomForestRegressor, Ridge
from skdl.model_selection import compare
from skdl.pipelines import make_sequence_pipeline
from skdl.preprocessing import sliding_windows


def simulated_days(n_days, random_state):
    """Demand, rain and campaigns of consecutive days."""
    rng = np.random.default_rng(random_state)
    days = pd.date_range("2023-01-02", periods=n_days, name="day")
    rain = rng.random(n_days) < 0.3
    starts = np.flatnonzero(rng.random(n_days) < 1 / 25)
    starts = starts[np.diff(starts, prepend=-99) > 14]
    campaign, effect = np.zeros(n_days), np.zeros(n_days)
    for start in starts:
        campaign[start : start + 7] = 1
        course = np.concatenate([0.6 * 0.8 ** np.arange(7), -0.25 * 0.8 ** np.arange(7)])
        effect[start : start + 14] = course[: n_days - start]
    week = np.array([0.9, 0.85, 0.9, 1.0, 1.25, 1.5, 0.6])[days.day_of_week]
    year = 1 + 0.15 * np.cos(2 * np.pi * days.day_of_year / 365.25)
    mean = 120 * week * year * (1 + effect) * np.where(rain, 0.85, 1)
    demand = rng.negative_binomial(60, 60 / (60 + mean))
    return pd.DataFrame({"demand": demand, "rain": rain * 1.0, "campaign": campaign}, index=days)


shop = simulated_days(3 * 365, random_state=0)
print(shop.head(3))
demand = shop["demand"]
print(f"{len(shop)} days, {demand.mean():.0f} loaves a day, at most {demand.max()}.")

# %%
# Windows that know tomorrow
# --------------------------
# A window holds 28 days. Campaigns are planned and weather is forecast, so that tomorrow's are
# known today: these columns are moved up by a day. Then ``sliding_windows`` may cut as ever, and no
# window holds a demand that is not known yet.

weekday = np.asarray(shop.index.day_of_week)
known = pd.DataFrame(
    {
        "rain": shop["rain"],
        "campaign": shop["campaign"],
        **{f"is day {day}": (weekday == day) * 1.0 for day in range(7)},
    },
    index=shop.index,
)
table = pd.concat([shop["demand"], known.shift(-1).add_prefix("tomorrow: ")], axis=1).iloc[:-1]
X, y = sliding_windows(table, width=28, target="demand")
print(X.shape, y.shape)

# %%
# The last half year is kept for the end. Everything is chosen on what lies before.

is_test = np.arange(len(y)) >= len(y) - 182
X_train, y_train, X_test, y_test = X[~is_test], y[~is_test], X[is_test], y[is_test]

# %%
# Which model?
# ------------
# ``TimeSeriesSplit`` trains on the past and tests on what follows, three times. The measure of what
# is worth a model is a rule of thumb: what was sold on the same weekday a week ago.

models = {
    "ridge": Ridge(),
    "forest": RandomForestRegressor(random_state=0),
    "LSTM": LSTMRegressor(random_state=0),
}
folds = TimeSeriesSplit(3, test_size=182)
comparison = compare(
    {name: make_sequence_pipeline(model) for name, model in models.items()},
    X_train,
    y_train,
    cv=folds,
    scoring="neg_mean_absolute_error",
    random_state=0,
)
print(comparison)
tests = np.concatenate([test for _, test in folds.split(X_train)])
week_ago = np.abs(X_train[tests, -7, 0] - y_train[tests]).mean()
print(f"As a week ago: off by {week_ago:.1f} loaves on average.")

# %%
# How many to bake
# ----------------
# A loaf that is sold earns 3, one that is left over costs 1. Baking one more pays as long as it is
# sold with a probability above 1/4: the right number is the 0.75 quantile of tomorrow's demand (the
# newsvendor problem). ``loss="quantile"`` learns quantiles; those of 0.1 and 0.9 are for the
# picture.

EARNED, LOST = 3, 1
level = EARNED / (EARNED + LOST)
levels = [0.1, level, 0.9]
baker = LSTMRegressor(loss="quantile", quantiles=levels, random_state=0)
quantiles = baker.fit(X_train, y_train).predict_quantiles(X_test)
low, to_bake, high = quantiles.T
mean = LSTMRegressor(random_state=0).fit(X_train, y_train).predict(X_test)
plans = {
    "as a week ago": X_test[:, -7, 0],
    "the mean": mean,
    "the mean and 20 % more": 1.2 * mean,
    f"the {level} quantile": to_bake,
    "with tomorrow's demand known": y_test,
}
rows = []
for name, plan in plans.items():
    baked = np.round(plan)
    sold = np.minimum(baked, y_test)
    rows.append(
        {
            "plan": name,
            "baked": baked.mean(),
            "left over": (baked - sold).mean(),
            "asked for in vain": (y_test - sold).mean(),
            "a day earns": (EARNED * sold - LOST * (baked - sold)).mean(),
        }
    )
earned = pd.DataFrame(rows).set_index("plan")
print(earned.to_string(float_format="{:.1f}".format))

# %%
# A quantile is right when that share of the days lies below it. Half a year of days tells so to
# within some 3 points. Those of a network tend to be too close together, as it knows the days that
# it was trained on: where that costs, choose the level on days that were kept apart.

for each, predicted in zip(levels, quantiles.T, strict=True):
    print(f"{np.mean(y_test <= predicted):.2f} of the days are below the {each} quantile.")

# %%
# Ten weeks in a picture
# ----------------------

shown = slice(-70, None)
day = table.index[-len(y_test) :][shown]
figure, ax = plt.subplots(figsize=(11, 4), layout="constrained")
ax.fill_between(day, low[shown], high[shown], alpha=0.25, label="80 % of the days lie here")
ax.plot(day, to_bake[shown], label=f"baked: the {level} quantile")
ax.plot(day, y_test[shown], "o", color="black", markersize=3, label="demand")
campaign = shop["campaign"].loc[day].to_numpy()
for start in np.flatnonzero(np.diff(campaign, prepend=0) > 0):
    ax.axvspan(day[start], day[min(start + 6, len(day) - 1)], color="gold", alpha=0.3, lw=0)
ax.set_ylabel("loaves")
ax.set_title("Demand and what was baked; campaigns in yellow")
_ = ax.legend(loc="upper left", ncols=3)

# %%
# A script without a display keeps the picture in a file.

folder = Path("output")
folder.mkdir(exist_ok=True)
figure.savefig(folder / "forecasting_demand.png", dpi=110)
print(f"Figure: {folder}/forecasting_demand.png")
