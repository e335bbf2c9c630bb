"""
Reading digits with few labels
==============================

A network that was trained on some images knows something about others. Two tasks on scikit-learn's
1,797 images of handwritten digits: the digits 5 to 9 from 10 images each, after a training on 0 to
4; and the sum of two digits from pairs of images, after a training on single digits. In both, the
trained network is the ``backbone`` of a new ``CNNClassifier``, frozen or fine-tuned, and is
compared with networks that start from nothing.
"""

# %%
# Accuracies are on images that no model was trained on. Which images are drawn for training matters
# where they are few, so each task is done for three draws, and the table shows means and standard
# deviations of these.

import copy
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn

from skdl.datasets import load_digits_images
from skdl.estimators import SVC, CNNClassifier
from skdl.inspection import ComparisonDisplay
from skdl.pipelines import make_image_classifier

CHANNELS = (16, 32)  # a small network is enough for 8 x 8 pixels
DRAWS = range(3)
X, y = load_digits_images(return_X_y=True)


def measure(models, draw, X, y, X_test, y_test):
    """Accuracy of each model and seconds of its fit, one row each."""
    rows = []
    for name, model in models.items():
        start = perf_counter()
        model.fit(X, y)
        seconds = perf_counter() - start
        rows.append((name, draw, model.score(X_test, y_test), seconds))
    return pd.DataFrame(rows, columns=["model", "draw", "accuracy", "seconds"])


def tell(runs):
    """Print the table, and what follows from it for the two models with a backbone."""
    table = runs.groupby("model", sort=False).agg(
        accuracy=("accuracy", "mean"), std=("accuracy", "std"), seconds=("seconds", "mean")
    )
    print(table.round(3))
    scores = runs.pivot_table(index="draw", columns="model", values="accuracy", sort=False)
    rival = scores.mean().drop(["frozen", "fine-tuned"]).idxmax()
    for name in ["frozen", "fine-tuned"]:
        gain = 100 * (scores[name] - scores[rival])
        print(
            f"{name}: {abs(gain.mean()):.1f} points {'above' if gain.mean() > 0 else 'below'} "
            f"{rival}, the best without a backbone; above it in {(gain > 0).sum()} of "
            f"{len(gain)} draws."
        )
    return scores


# %%
# Other digits
# ------------
# The first network sees the digits 0 to 4 only. Augmentation makes its features more general, which
# is what counts here.

known = CNNClassifier(CHANNELS, architecture="resnet", augment="randaugment", random_state=0)
known.fit(X[y < 5], y[y < 5])
X_new, y_new = X[y > 4], y[y > 4]

# %%
# Frozen, only a new head is trained, on features that are computed once for each image; fine-tuned,
# all layers are. From scratch is the same network without the training on 0 to 4. SVC stands for
# classical models, which are strong on few images.

runs = []
for draw in DRAWS:
    rng = np.random.default_rng(draw)
    few = [rng.choice(np.flatnonzero(y_new == label), 10, replace=False) for label in range(5, 10)]
    train = np.concatenate(few)
    test = np.setdiff1d(np.arange(len(y_new)), train)
    models = {
        "SVC": make_image_classifier(SVC()),
        "from scratch": CNNClassifier(CHANNELS, architecture="resnet", random_state=draw),
        "frozen": CNNClassifier(backbone=known, freeze=True, random_state=draw),
        "fine-tuned": CNNClassifier(backbone=known, random_state=draw),
    }
    runs.append(measure(models, draw, X_new[train], y_new[train], X_new[test], y_new[test]))
other_digits = tell(pd.concat(runs))

# %%
# The sum of two digits
# ---------------------
# Now only the sum of two digits is known, 0 to 18, for 500 pairs of images. The network comes from
# the first 1,000 images; pairs to test on come from the others, whose writers are mostly new.

X_known, y_known, X_other, y_other = X[:1000], y[:1000], X[1000:], y[1000:]
digits_network = CNNClassifier(CHANNELS, random_state=0).fit(X_known, y_known)


def draw_pairs(X, y, n_pairs, seed):
    """Pairs of images as two channels of one, (n, 8, 8, 2), and their sums."""
    rows = np.random.default_rng(seed).integers(len(X), size=(n_pairs, 2))
    return np.moveaxis(X[rows], 1, -1), y[rows].sum(axis=1)


pairs, sums = draw_pairs(X_other, y_other, 1000, seed=0)
one_by_one = sum(digits_network.predict(pairs[..., place]) for place in range(2))
print(f"Both digits classified, and added: accuracy {np.mean(one_by_one == sums):.3f}.")

# %%
# That is what a model of sums can hope for. A backbone may be any ``torch.nn.Module``: this one
# encodes both images with the same network, and a new layer combines the two codes.


class Pair(nn.Module):
    def __init__(self, classifier, n_codes, n_hidden=128):
        super().__init__()
        self.network = copy.deepcopy(classifier.module_)
        self.mix = nn.Sequential(nn.Linear(2 * n_codes, n_hidden), nn.ReLU())

    def forward(self, x):  # pixels (n, 2, 8, 8), which the network standardizes itself
        images = (image[..., None] for image in x.unbind(1))
        codes = [self.network.encode(self.network.standardize(image)) for image in images]
        return self.mix(torch.cat(codes, 1))  # (n, n_hidden)


def make_pair(seed, *, from_scratch=False):
    """A ``Pair`` with a new layer, and with new weights of the network too if ``from_scratch``."""
    n_codes = digits_network.encode(X_known[:1]).shape[1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pair = Pair(digits_network, n_codes)
        for part in pair.network.modules() if from_scratch else ():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
    return pair


# %%
# ``freeze=1`` freezes the first part of the backbone, the network, and trains the layer behind it.
# "two channels" is a network without a backbone, on images of two channels. ``normalize=False``,
# because the backbone standardizes pixels; ``backbone_lr_factor=1``, because its layer is new.

runs = []
for draw in DRAWS:
    common = {"max_epochs": 20, "random_state": draw}
    backbone = {"normalize": False, "backbone_lr_factor": 1.0, **common}
    models = {
        "two channels": CNNClassifier(CHANNELS, **common),
        "from scratch": CNNClassifier(backbone=make_pair(draw, from_scratch=True), **backbone),
        "frozen": CNNClassifier(backbone=make_pair(draw), freeze=1, **backbone),
        "fine-tuned": CNNClassifier(backbone=make_pair(draw), **backbone),
    }
    runs.append(measure(models, draw, *draw_pairs(X_known, y_known, 500, draw), pairs, sums))
of_sums = tell(pd.concat(runs))

# %%
# The picture
# -----------
# Each dot is a draw, the diamond their mean. Below, pairs of the test part.

figure = plt.figure(figsize=(12, 5), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[2.2, 1])
titles = ["Digits 5 to 9 from 10 images each", "The sum of two digits from 500 pairs"]
for ax, title, scores in zip(top.subplots(1, 2), titles, [other_digits, of_sums], strict=True):
    best_first = scores[scores.mean().sort_values(ascending=False).index]
    ComparisonDisplay(scores=best_first, metric="accuracy").plot(ax=ax)
    ax.set(title=title, xlabel="accuracy of each draw (diamond: mean)")
for ax, pair, total in zip(bottom.subplots(1, 7), pairs, sums, strict=False):
    apart = np.pad(pair, ((0, 0), (1, 1), (0, 0)), constant_values=np.nan)
    ax.imshow(np.hstack([apart[..., 0], apart[..., 1]]), cmap="gray")
    ax.set_title(f"sum {total}", fontsize="medium")
    ax.set_axis_off()

# %%
# A script without a display keeps the picture in a file.

path = Path("output/transfer_digits.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
