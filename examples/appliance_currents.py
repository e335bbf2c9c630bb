"""
Telling appliances by their currents
====================================

Which of eleven appliances was switched on? PLAID holds their currents, 100 to 1,344 values long and
of amplitudes that differ by orders of magnitude. A list of arrays of unequal length is all that
``fit`` needs; the rival is a forest on currents that are resampled to one length. The data are
fetched, or read from the folder that ``SKDL_DATA`` names, and the fits take some minutes.
"""

# %%
# The currents
# ------------
# 1,074 recordings, half of which train.

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import fetch_ucr
from skdl.estimators import CNNClassifier, RandomForestClassifier, TransformerClassifier
from skdl.inspection import GradCAMDisplay

APPLIANCES = np.array(  # in the order of the labels
    [
        *("air conditioner", "fluorescent lamp", "fan", "fridge", "hairdryer", "heater"),
        *("incandescent bulb", "laptop", "microwave", "vacuum cleaner", "washing machine"),
    ]
)
X, y = fetch_ucr("PLAID", split="train")
X_test, y_test = fetch_ucr("PLAID", split="test")
y, y_test = APPLIANCES[y.astype(int)], APPLIANCES[y_test.astype(int)]

lengths = np.array([len(current) for current in X])
print(f"{len(X)} currents train, {len(X_test)} test; {lengths.min()} to {lengths.max()} values.")
print(pd.Series(y).value_counts().to_string())

# %%
# The comparison
# --------------
# The forest needs columns, so each current is resampled to 256 values by linear interpolation,
# which loses how long it was. The networks take the currents as they are.


def resampled(currents):
    places = np.linspace(0, 1, 256)
    return np.array([np.interp(places, np.linspace(0, 1, len(x)), np.ravel(x)) for x in currents])


models = {
    "random forest, resampled": make_pipeline(
        FunctionTransformer(resampled), RandomForestClassifier(500, random_state=0)
    ),
    "Transformer": TransformerClassifier(random_state=0),
    "CNN": CNNClassifier(random_state=0),
}
table = {}
for name, model in models.items():
    start = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - start
    table[name] = {
        "accuracy": model.score(X_test, y_test),
        "network_weight_": getattr(model, "network_weight_", np.nan),
        "seconds of a fit": seconds,
    }
table = pd.DataFrame(table).T
print(table.round(3))

# %%
# Beside each network stands a linear model on random convolutions; ``network_weight_`` says how
# much the network counts in the answer.
#
# Which appliances are confused
# -----------------------------
# The five most frequent confusions of the CNN.

predicted = models["CNN"].predict(X_test)
wrong = pd.DataFrame({"true": y_test, "predicted": predicted})[predicted != y_test]
print(wrong.value_counts().head().to_string())

# %%
# Where the network recognizes them
# ---------------------------------
# The shortest test current of six appliances. Behind it, dark where it raised the score of the
# class that is named above: class activation maps (Grad-CAM) of the CNN.

test_lengths = np.array([len(current) for current in X_test])
rows = [
    min(np.flatnonzero(y_test == name), key=lambda row: test_lengths[row])
    for name in APPLIANCES[:6]
]
figure, axes = plt.subplots(2, 3, figsize=(12, 6), layout="constrained")
GradCAMDisplay.from_estimator(models["CNN"], [X_test[row] for row in rows], ax=axes.ravel())
for ax, row in zip(axes.flat, rows, strict=True):
    ax.set(ylabel="current", xlabel=f"step (appliance: {y_test[row]})")

# %%
# A script without a display keeps the picture in a file.

path = Path("output/appliance_currents.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
