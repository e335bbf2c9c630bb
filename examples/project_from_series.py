"""
A whole project: from a raw series to a saved model
===================================================

How much will the price of a share move tomorrow? From a raw table of daily prices this story leads
through cleaning, windows, a comparison of models, a grid search, one test on the end of the series
that was held out, and a file with the model, to what the model looks at. Everything is
scikit-learn's way of working; the deep model is one row of a table.
"""

# %%
# The raw table
# -------------
# Daily prices and volume of Google's share ship with matplotlib. Before anything is computed: what
# is there, is anything missing, and are the rows in the order of time?

from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import load_stock_prices
from skdl.estimators import SVR, LSTMRegressor, RandomForestRegressor, Ridge
from skdl.inspection import ComparisonDisplay
from skdl.model_selection import ForwardChainingSplit, compare
from skdl.pipelines import search_grid
from skdl.preprocessing import sliding_windows

raw = load_stock_prices(frequency="daily").data
print(raw.head(3))
print(
    f"{len(raw)} rows, {raw.isna().sum().sum()} missing values, dates in order and distinct: "
    f"{raw.index.is_monotonic_increasing and raw.index.is_unique}"
)

# %%
# What is predicted, and from what
# --------------------------------
# The *direction* of a share's price can hardly be predicted, the *size* of its moves can: restless
# days follow restless days. The target is the range of a day, the logarithm of high over low. It is
# positive and skewed, so its logarithm is taken: an error of 0.1 then means about 10 %.
#
# Three channels are known at the end of each day: the range, the return, and the volume.

channels = pd.DataFrame(
    {
        "range": np.log(np.log(raw["high"] / raw["low"])),
        "return": np.log(raw["close"]).diff(),
        "volume": np.log(raw["volume"]),
    }
).iloc[1:]  # the first day has no return
print(channels.describe().loc[["mean", "std", "min", "max"]].round(3))

# %%
# ``sliding_windows`` cuts the series into windows of 20 trading days and the range of the day that
# follows each. No window holds a value from after its last day. Weekends are no gaps here: steps
# are trading days, so rows are counted, whatever time lies between them.
#
# The windows are written as a plain table, one column for each day and channel, so that Ridge, a
# forest and an LSTM take the same X.

WIDTH = 20
windows, y = sliding_windows(channels, WIDTH, target="range", gaps="ignore")  # (n, 20, 3)
X = windows.reshape(len(windows), -1)  # (n, 60), the three channels of a day side by side
dates = channels.index[WIDTH:]  # of what is predicted

# %%
# The end of the series is set aside now, and looked at once, when everything is decided. (Who wrote
# this page saw its errors several times on the way, so they may flatter the model a little. Of a
# series of your own, keep to once.)

N_HELD_OUT = 200
X_work, y_work = X[:-N_HELD_OUT], y[:-N_HELD_OUT]
X_end, y_end = X[-N_HELD_OUT:], y[-N_HELD_OUT:]
print(f"Work on {len(X_work)} days until {dates[-N_HELD_OUT - 1]:%d %B %Y}.")
print(f"Held out: {N_HELD_OUT} days until {dates[-1]:%d %B %Y}.")

# %%
# The comparison
# --------------
# Two simple forecasts are the baseline: the range of the last day, and the mean range of the last
# 20 days. The second is hard to beat.


class LastDays(RegressorMixin, BaseEstimator):
    """Predicts the mean range of the last days of a window."""

    def __init__(self, n_days=1):
        self.n_days = n_days

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        ranges = X.reshape(len(X), -1, 3)[:, -self.n_days :, 0]
        return ranges.mean(axis=1)


models = {
    "last day": LastDays(1),
    "mean of 20 days": LastDays(20),
    "Ridge": make_pipeline(StandardScaler(), Ridge()),
    "forest": RandomForestRegressor(min_samples_leaf=3),
    "SVR": make_pipeline(StandardScaler(), SVR()),
    "LSTM": LSTMRegressor(n_channels=3),
}
folds = ForwardChainingSplit(n_splits=5, gap=WIDTH)
comparison = compare(
    models,
    X_work,
    y_work,
    cv=folds,
    scoring={"-MAE (log range)": "neg_mean_absolute_error"},
    random_state=0,
)
print(comparison)
display = ComparisonDisplay.from_comparison(comparison)
_ = display.ax_.set_title("Range of the next day, each fold after its training part")

# %%
# Choosing
# --------
# The rule is made before the grid search: tune the first of the table that learns, with the small
# grid that ``search_grid`` gives for it, on the same folds. Where several models are as good as
# each other, as the dots of the folds show, the simplest of them is a fair choice too, and which of
# them comes first is partly chance: on three folds instead of five a forest did, whose error on the
# end of the series is higher than that of the mean of 20 days.

chosen = next(
    name for name in comparison.table.index if name not in ("last day", "mean of 20 days")
)
model = models[chosen]
if "random_state" in model.get_params():
    model.set_params(random_state=0)
search = GridSearchCV(
    model, search_grid(model), cv=comparison.folds, scoring="neg_mean_absolute_error"
)
search.fit(X_work, y_work)
tried = pd.DataFrame(search.cv_results_["params"])
tried["MAE"] = -search.cv_results_["mean_test_score"]
print(f"Chosen: {chosen}, {search.best_params_}")
print(tried.sort_values("MAE").head().to_string(index=False, float_format="{:.4g}".format))

# %%
# The end of the series
# ---------------------
# The search has fitted the chosen model to all days before the end. Its error there is what to
# expect in use; if it disappoints, going back to choose another model by this number would make
# the number worthless.

forecast = search.predict(X_end)
end_errors = pd.Series(
    {
        chosen: mean_absolute_error(y_end, forecast),
        "mean of 20 days": mean_absolute_error(y_end, models["mean of 20 days"].predict(X_end)),
        "last day": mean_absolute_error(y_end, models["last day"].predict(X_end)),
    },
    name="MAE, held out",
)
print(end_errors.round(4).to_string())
change = 100 * (end_errors[chosen] / end_errors["mean of 20 days"] - 1)
print(
    f"The error of {chosen} is {abs(change):.1f} % {'lower' if change < 0 else 'higher'} than that "
    f"of the mean of 20 days, on {N_HELD_OUT} days: a few per cent could be chance."
)

# %%
# The model was trained before the autumn of 2008, and has never seen days like its last ones.

end_dates = dates[-N_HELD_OUT:]
figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
ax.plot(end_dates, 100 * np.exp(y_end), ".", color="0.55", label="range of the day")
ax.plot(end_dates, 100 * np.exp(forecast), color="#1f5a94", label=f"{chosen}, one day ahead")
ax.set_yscale("log")
ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
ax.minorticks_off()
ax.set(ylabel="high over low (%)", title="The end of the series, which was held out")
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)

# %%
# Saving
# ------
# The model is a scikit-learn estimator, so joblib saves it. Besides the model, the file holds what
# its user must know to build the same windows. Load such files only from sources that you trust,
# and with the versions of the packages with which they were written.

folder = Path("output")
folder.mkdir(exist_ok=True)
path = folder / "project_from_series.joblib"
joblib.dump({"model": search.best_estimator_, "width": WIDTH, "channels": list(channels)}, path)
saved = joblib.load(path)
same = np.array_equal(saved["model"].predict(X_end), forecast)
print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, the same predictions after loading: {same}.")

# %%
# The loaded model forecasts the day after the last one of the table.

window = channels[saved["channels"]].iloc[-saved["width"] :].to_numpy().reshape(1, -1)
tomorrow = 100 * np.exp(saved["model"].predict(window)[0])
print(f"Range forecast for the day after {channels.index[-1]:%d %B %Y}: {tomorrow:.1f} %.")

# %%
# What the model looks at
# -----------------------
# The deep regressors of skdl begin with a linear model and add a network to it, as far as
# validation rows show that it helps: ``network_weight_`` runs from 0, the linear model alone, to 1.

weight = np.ravel(getattr(saved["model"], "network_weight_", np.nan))[0]
if weight == 0:
    print(f"The network adds nothing: the forecasts of {chosen} are those of its linear model.")
elif weight > 0:
    print(f"The network corrects the linear model, with a weight of {weight:.2f}.")
else:
    print(f"{chosen} has no network.")

# %%
# scikit-learn's permutation importance: how much the error grows when one column, a channel of one
# day, is shuffled. It is measured on the end of the series; that comes after all decisions, and
# none follows from it. Columns resemble each other, as ranges of neighbouring days do, and share
# their importance.

importance = permutation_importance(
    saved["model"], X_end, y_end, scoring="neg_mean_absolute_error", n_repeats=5, random_state=0
)
by_day = pd.DataFrame(
    importance.importances_mean.reshape(WIDTH, 3),
    index=pd.RangeIndex(-WIDTH, 0, name="day before the forecast"),
    columns=list(channels),
)
print(by_day.tail(5).round(4))
print(f"Sums over all days: {by_day.sum().round(3).to_dict()}")

importance_figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
by_day.plot(ax=ax, marker=".", color=["#1f5a94", "#d1662b", "0.5"])
ax.axhline(0, color="0.8", linewidth=1, zorder=0)
ax.set_xticks(range(-WIDTH, 0, 2))
ax.set(xlabel="trading day (-1 is the last one known)", ylabel="growth of the error (MAE)")
ax.set_title(f"Permutation importance of the columns for {chosen}")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# A script without a display keeps the pictures in files.

display.figure_.savefig(folder / "project_from_series_scores.png", dpi=110)
importance_figure.savefig(folder / "project_from_series_importance.png", dpi=110)
figure.savefig(folder / "project_from_series.png", dpi=110)
print(f"Figures: {folder}/project_from_series*.png")
