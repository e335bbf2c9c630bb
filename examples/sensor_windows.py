"""
Telling motions from the sensors of a watch
===========================================

An accelerometer and a gyroscope on the wrist, 10 seconds at a time: is the wearer standing,
walking, running, or playing badminton? A forest and a deep classifier of each family are trained on
40 such windows. The data, BasicMotions of the UEA archive, are fetched, or read from the folder
that ``SKDL_DATA`` names.
"""

# %%
# The windows
# -----------
# Six channels, 10 values a second: X is (windows, steps, channels).

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score

from skdl.datasets import fetch_ucr
from skdl.estimators import (
    CNNClassifier,
    LSTMClassifier,
    RandomForestClassifier,
    TransformerClassifier,
)
from skdl.inspection import GradCAMDisplay
from skdl.pipelines import make_sequence_pipeline

X, y = fetch_ucr("BasicMotions", split="train")
X_test, y_test = fetch_ucr("BasicMotions", split="test")
print(f"Training windows: {X.shape}, test windows: {X_test.shape}")
print(pd.Series(y).value_counts().to_string())

# %%
# The comparison
# --------------
# The shape of X could also be that of grey images, so ``kind="signal"`` tells ``CNNClassifier``
# what these are. The other deep classifiers take nothing but sequences. The forest needs a table:
# ``make_sequence_pipeline`` flattens the windows for it.

models = {
    "random forest": make_sequence_pipeline(RandomForestClassifier(random_state=0)),
    "CNN": CNNClassifier(kind="signal", random_state=0),
    "LSTM": LSTMClassifier(random_state=0),
    "Transformer": TransformerClassifier(random_state=0),
}
table = {}
for name, model in models.items():
    folds = cross_val_score(model, X, y, cv=4)
    start = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - start
    table[name] = {
        "cross-validation": folds.mean(),
        "test": model.score(X_test, y_test),
        "seconds of a fit": seconds,
    }
table = pd.DataFrame(table).T
print(table.round(3))

# %%
# With 40 windows in the test part, one window is 2.5 points, so that small differences are chance.
# These motions are easy to tell apart, but a forest sees each step as a column of its own, and a
# motion may begin at any step.

best = table["test"].max()
names = ", ".join(table.index[table["test"] == best])
print(f"Test accuracy {best:.3f}: {names}.")

# %%
# Where the network recognizes a motion
# -------------------------------------
# One test window of each motion. Behind the curves, dark where they raised the score of the class:
# class activation maps (Grad-CAM) of the CNN.

network = models["CNN"]
rows = [np.flatnonzero(y_test == label)[0] for label in network.classes_]
figure, axes = plt.subplots(2, 2, figsize=(11, 6), sharex=True, layout="constrained")
GradCAMDisplay.from_estimator(network, X_test[rows], ax=axes.ravel())
for ax in axes[1]:
    ax.set_xlabel("step (a tenth of a second)")
channels = ["acceleration x", "y", "z", "rotation x", "y", "z"]
colors = ["#08306b", "#2171b5", "#6baed6", "#00441b", "#238b45", "#74c476"]
for ax in axes.flat:
    for line, color in zip(ax.get_lines(), colors, strict=True):
        line.set_color(color)
_ = figure.legend(axes[0, 0].get_lines(), channels, loc="outside lower center", ncols=6)

# %%
# A script without a display keeps the picture in a file.

path = Path("output/sensor_windows.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
