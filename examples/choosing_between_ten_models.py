"""
Choosing between ten models
===========================

Seven classical and three deep classifiers in one call of ``compare``, on the same folds of the same
data. What takes thought is not the call but the reading: which differences are more than chance,
and what they cost. The data are 800 images of handwritten digits, which ship with scikit-learn.
"""

# %%
# One X for all
# -------------
# X is (images, 8, 8). ``CNNClassifier`` reads it as grey images; ``LSTMClassifier`` and
# ``TransformerClassifier`` as sequences of 8 rows with 8 values each. For the others
# ``make_sequence_pipeline`` flattens the images to 64 columns, and scales these where a model
# depends on scale. So each model has what it needs, and all have the same rows.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold

from skdl.datasets import load_digits_images
from skdl.estimators import (
    SVC,
    CNNClassifier,
    DecisionTreeClassifier,
    KNeighborsClassifier,
    LinearSVC,
    LogisticRegression,
    LSTMClassifier,
    Perceptron,
    RandomForestClassifier,
    TransformerClassifier,
)
from skdl.inspection import ComparisonDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_sequence_pipeline

X, y = load_digits_images(return_X_y=True)
X, y = X[:800], y[:800]
models = {
    "perceptron": Perceptron(),
    "logistic regression": LogisticRegression(),
    "linear SVM": LinearSVC(),
    "neighbours": KNeighborsClassifier(),
    "decision tree": DecisionTreeClassifier(),
    "random forest": RandomForestClassifier(),
    "SVM": SVC(),
    "CNN": CNNClassifier(kind="image"),
    "LSTM": LSTMClassifier(),
    "Transformer": TransformerClassifier(),
}

# %%
# The comparison
# --------------
# Folds are not shuffled, because the images are in the order in which they were written: a model
# should be tested on writers whom it has not seen. ``random_state`` seeds every model. A model that
# raised an error would say so in its row, and the others would go on.

comparison = compare(
    {name: make_sequence_pipeline(model) for name, model in models.items()},
    X,
    y,
    cv=StratifiedKFold(4),
    scoring="accuracy",
    random_state=0,
)
print(comparison)

# %%
# Which differences count
# -----------------------
# The standard deviation of a row is mostly that of the folds: some writers are harder to read for
# every model. The folds are the same for all, so compare two models fold by fold. This table shows
# by how many points each model is behind the first one, and on how many folds.

scores = comparison.scores.pivot_table(index="fold", columns="estimator", values="score")
scores = 100 * scores[list(comparison.table.index)]  # the best first
first = scores.columns[0]
behind = scores.rsub(scores[first], axis=0)  # points, (folds, models)
reading = behind.agg(["mean", "min", "max"]).T.add_prefix("behind, ")
reading["folds behind"] = (behind > 0).sum()
reading["seconds of a fit"] = comparison.table["fit_seconds"]
print(reading.round(2).to_string())

# %%
# A model that is behind on every fold is worse, as far as four folds can tell. Among the others,
# cost decides: the time of a fit here, but it may as well be memory, or what can be explained.

rivals = reading[reading["folds behind"] < len(scores)]
quickest = rivals["seconds of a fit"].idxmin()
print(f"First: {first}. Not behind it on every fold: {', '.join(rivals.index.drop(first))}.")
print(
    f"Quickest of these: {quickest}, {reading.loc[quickest, 'behind, mean']:.1f} points behind in "
    f"the mean, {reading.loc[quickest, 'seconds of a fit']:.2f} s instead of "
    f"{reading.loc[first, 'seconds of a fit']:.2f} s for a fit."
)

# %%
# The picture
# -----------
# On the left, each dot is a fold, the box holds their middle half, and the diamond is the mean.
# Boxes that overlap do not make two models equal: the table above compares fold by fold. On the
# right, the time of a fit, on a logarithmic scale.

table = comparison.table
deep = np.isin(table.index, ["CNN", "LSTM", "Transformer"])
figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.6), sharey=True, width_ratios=[2, 1], layout="constrained"
)
ComparisonDisplay.from_comparison(comparison, ax=left)
left.set_title("Ten models on the same four folds")
right.scatter(table["fit_seconds"], range(len(table)), c=np.where(deep, "#1f5a94", "#d1662b"))
right.set_xscale("log")
right.grid(axis="x", color="0.9")
right.set(xlabel="seconds of a fit (deep: blue)", title="What they cost")
right.tick_params(axis="y", length=0)
right.spines[["top", "right", "left"]].set_visible(False)

# %%
# A script without a display keeps the picture in a file.

path = Path("output/choosing_between_ten_models.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
