"""Tables for benchmarks: real ones, scikit-learn's, and made ones, each (X, y).

The real ones are read from the folder that SKDL_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

ADULT = [
    *("age", "workclass", "weight", "education", "years", "marital", "occupation"),
    *("relationship", "race", "sex", "gain", "loss", "hours", "country", "income"),
]


def folder():
    return Path(os.environ.get("SKDL_DATA", Path.home() / ".cache" / "skdl"))


def housing():
    """Logarithms of house prices in California (1990): numbers with gaps, a category."""
    frame = pd.read_csv(folder() / "california-housing" / "housing.csv.gz")
    return frame, np.log(frame.pop("median_house_value").to_numpy())


def adult():
    """Whether an income is above 50,000 dollars (1994): numbers and categories with gaps."""
    parts = [
        pd.read_csv(
            folder() / "adult" / f"adult-{part}.csv.xz",
            names=ADULT,
            skipinitialspace=True,
            na_values="?",
            comment="|",
        )
        for part in ("train", "test")
    ]
    frame = pd.concat(parts, ignore_index=True).dropna(subset=["income"])
    numbers = [*("age", "weight", "years", "gain", "loss", "hours")]
    frame[numbers] = frame[numbers].apply(pd.to_numeric)
    return frame, frame.pop("income").str.rstrip(".").to_numpy()


def wine(colour):
    """Marks of wines by their chemistry."""
    path = folder() / "wine-quality" / f"winequality-{colour}.csv.gz"
    frame = pd.read_csv(path, sep=None, engine="python", header=None)
    frame = frame.apply(pd.to_numeric, errors="coerce").dropna()
    frame.columns = [f"w{i}" for i in range(frame.shape[1])]
    return frame, frame.pop("w11").to_numpy(float)


def wine_colour():
    """Red or white, by chemistry."""
    both = {colour: wine(colour)[0] for colour in ("red", "white")}
    return pd.concat(both.values(), ignore_index=True), np.repeat(
        [*both], [*map(len, both.values())]
    )


def of_scikit_learn(name):
    return getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)


def named(X):
    return pd.DataFrame(X).add_prefix("x")


def friedman(n, rng):
    """Friedman's first function of 5 of 10 columns."""
    X = rng.random((n, 10))
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return named(X), y + 10 * X[:, 3] + 5 * X[:, 4] + rng.normal(size=n)


def heavy_tails(n, rng):
    """A sum of steps and waves of columns with heavy tails."""
    X = rng.standard_t(2, size=(n, 8))
    y = np.sin(X[:, 0]) + np.sign(X[:, 1]) * np.log1p(np.abs(X[:, 2]))
    return named(X), y + 0.3 * rng.normal(size=n)


def many_categories(n, rng):
    """Sums of effects of categories, up to 400 of them in a column, and an interaction."""
    sizes = (3, 8, 20, 100, 400)
    codes = np.stack([rng.integers(0, size, n) for size in sizes], axis=1)
    effects = np.random.default_rng(7)
    z = sum(effects.normal(size=size)[codes[:, i]] for i, size in enumerate(sizes))
    X = named(rng.normal(size=(n, 3)))
    z = z + X["x0"] * np.where(codes[:, 0] == 1, 2, -1)
    for i in range(len(sizes)):
        X[f"c{i}"] = [f"v{code}" for code in codes[:, i]]
    return X, np.where(z + 0.7 * rng.logistic(size=n) > 1, "yes", "no")


def dates(n, rng):
    """Demand by hour, weekday and season, with a trend, and by the weather."""
    when = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 24 * 365 * 6, n), unit="h")
    warm = rng.normal(15, 8, n)
    y = 10 + 3 * np.sin(2 * np.pi * (when.hour - 7) / 24) + 2 * (when.day_of_week >= 5)
    y = y + 2 * np.cos(2 * np.pi * when.day_of_year / 365) + 0.05 * np.abs(warm - 18)
    y = y + 0.001 * (when - when.min()).days + 0.5 * rng.normal(size=n)
    return pd.DataFrame({"when": when, "warm": warm, "noise": rng.normal(size=n)}), y.to_numpy()


def few_signals(n, rng):
    """Four of 200 columns tell, two of them as a product."""
    X = rng.normal(size=(n, 200))
    z = X[:, 0] * X[:, 1] + X[:, 2] - X[:, 3]
    return named(X), (z + 0.5 * rng.logistic(size=n) > 0).astype(int)


def rare(n, rng):
    """A class of one row in twenty."""
    X, y = datasets.make_classification(
        n, 20, n_informative=8, n_clusters_per_class=3, weights=[0.95], flip_y=0.01,
        random_state=int(rng.integers(1000)),
    )  # fmt: skip
    return named(X), y


REAL = {
    "housing": housing,
    "adult": adult,
    "red wine": lambda: wine("red"),
    "white wine": lambda: wine("white"),
    "wine colour": wine_colour,
}
BUNDLED = ("diabetes", "breast_cancer", "wine", "iris", "digits")
MADE = {
    "friedman": friedman,
    "heavy tails": heavy_tails,
    "many categories": many_categories,
    "dates": dates,
    "few signals": few_signals,
    "rare class": rare,
}


def table(name, n_rows):
    """A table of at most so many rows: real ones are drawn from at random."""
    rng = np.random.default_rng(n_rows)
    if name in MADE:
        return MADE[name](n_rows, rng)
    X, y = REAL[name]() if name in REAL else of_scikit_learn(name)
    rows = rng.permutation(len(X))[:n_rows]
    return X.iloc[rows].reset_index(drop=True), np.asarray(y)[rows]
