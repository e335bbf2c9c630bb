"""Currents of unequal length: which of eleven appliances was switched on.

PLAID: the current of an appliance as it is switched on, 100 to 1,344 values, of amplitudes that
differ by orders of magnitude. Of 1,074 recordings half train. A list of arrays is all that ``fit``
needs; the rival is a forest on the currents resampled to one length.

    python examples/appliance_currents.py --output output/appliance_currents.png

The data are fetched, or read from the folder that SKDL_DATA names. It takes some minutes.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from matplotlib import figure
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import fetch_ucr
from skdl.estimators import CNNClassifier, RandomForestClassifier, TransformerClassifier
from skdl.inspection import GradCAMDisplay

SEED, LENGTH = 0, 256
APPLIANCES = (  # in the order of the labels
    *("air conditioner", "fluorescent lamp", "fan", "fridge", "hairdryer", "heater"),
    *("incandescent bulb", "laptop", "microwave", "vacuum cleaner", "washing machine"),
)


def resampled(currents):
    """Currents (n, LENGTH), by linear interpolation."""
    places = np.linspace(0, 1, LENGTH)
    return np.array([np.interp(places, np.linspace(0, 1, len(x)), np.ravel(x)) for x in currents])


MODELS = {
    "random forest, resampled": make_pipeline(
        FunctionTransformer(resampled), RandomForestClassifier(500, random_state=SEED)
    ),
    "Transformer": TransformerClassifier(random_state=SEED),
    "CNN": CNNClassifier(random_state=SEED),
}


def measure(model, X, y, X_test, y_test):
    start = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - start
    weight = getattr(model, "network_weight_", np.nan)
    return {"accuracy": model.score(X_test, y_test), "network": weight, "seconds": seconds}


def draw(classifier, X, y, path):
    """A short current of six appliances, behind it where the network recognizes it."""
    lengths = np.array([len(x) for x in X])
    rows = [
        min(np.flatnonzero(y == label), key=lambda row: lengths[row])
        for label in classifier.classes_[:6]
    ]
    picture = figure.Figure(figsize=(12, 6), layout="constrained")
    axes = picture.subplots(2, 3).ravel()
    GradCAMDisplay.from_estimator(classifier, [X[row] for row in rows], ax=axes)
    for ax, row in zip(axes, rows, strict=True):
        ax.set_ylabel("current")
        ax.set_xlabel(f"step (appliance: {y[row]})")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/appliance_currents.png"))
    path = parser.parse_args().output
    (X, y), (X_test, y_test) = (fetch_ucr("PLAID", split=split) for split in ("train", "test"))
    y, y_test = (np.array([APPLIANCES[int(label)] for label in each]) for each in (y, y_test))
    table = {name: measure(model, X, y, X_test, y_test) for name, model in MODELS.items()}
    print(pd.DataFrame(table).T.to_string(float_format="{:.3f}".format))
    draw(MODELS["CNN"], X_test, y_test, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
