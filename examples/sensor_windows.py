"""Windows of sensors: which of four motions a watch has measured, by classifiers of each family.

BasicMotions of the UEA archive: 10 seconds of an accelerometer and a gyroscope, six channels, 10
times a second. Of 80 windows half train. X is (n, 100, 6), an array like one of grey images:
``kind="auto"`` of ``CNNClassifier`` tells that these are signals, and says so.

    python examples/sensor_windows.py --output output/sensor_windows.png

The data are fetched, or read from the folder that SKDL_DATA names.
"""

import argparse
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from matplotlib import figure
from sklearn.model_selection import cross_val_score

from skdl.datasets import fetch_ucr
from skdl.estimators import (
    CNNClassifier,
    LSTMClassifier,
    RandomForestClassifier,
    TransformerClassifier,
)
from skdl.inspection import GradCAMDisplay

SEED = 0
CHANNELS = ["acceleration x", "y", "z", "rotation x", "y", "z"]


class FlatForest(RandomForestClassifier):
    """A random forest on the values of all steps and channels, which takes 2-D X alone."""

    def fit(self, X, y):
        return super().fit(np.reshape(X, (len(X), -1)), y)

    def predict_proba(self, X):
        return super().predict_proba(np.reshape(X, (len(X), -1)))


MODELS = {
    "random forest": FlatForest(random_state=SEED),
    "CNN": CNNClassifier(random_state=SEED),
    "LSTM": LSTMClassifier(random_state=SEED),
    "Transformer": TransformerClassifier(random_state=SEED),
}


def measure(model, X, y, X_test, y_test):
    """Accuracy in cross-validation and on the test part, and seconds of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folds = cross_val_score(model, X, y, cv=4)
        start = perf_counter()
        model.fit(X, y)
    for message in {str(each.message) for each in caught}:
        print(f"{type(model).__name__} warns: {message}\n")
    seconds = perf_counter() - start
    return {"folds": folds.mean(), "test": model.score(X_test, y_test), "seconds": seconds}


def draw(classifier, X, y, path):
    """One window of each motion, behind it where the network recognizes it."""
    rows = [np.flatnonzero(y == label)[0] for label in classifier.classes_]
    picture = figure.Figure(figsize=(11, 6), layout="constrained")
    axes = picture.subplots(2, 2, sharex=True).ravel()
    GradCAMDisplay.from_estimator(classifier, X[rows], ax=axes)
    for ax in axes[2:]:
        ax.set_xlabel("step (a tenth of a second)")
    picture.legend(axes[0].get_lines(), CHANNELS, loc="outside lower center", ncols=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/sensor_windows.png"))
    path = parser.parse_args().output
    (X, y), (X_test, y_test) = (
        fetch_ucr("BasicMotions", split=split) for split in ("train", "test")
    )
    table = {name: measure(model, X, y, X_test, y_test) for name, model in MODELS.items()}
    print(pd.DataFrame(table).T.to_string(float_format="{:.3f}".format))
    draw(MODELS["CNN"], X_test, y_test, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
