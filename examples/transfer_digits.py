"""What a network has learned of some digits, used for other digits and for another question.

Both on scikit-learn's 1,797 images of handwritten digits, 8 x 8 pixels. Accuracies are on images
that no model has seen, over several draws of the few that it learns from.

1. A network learns the digits 0 to 4. Then there are 10 images each of 5 to 9. A network that
   starts anew is compared with two that have the first one as ``backbone``: frozen, so that only a
   new head is trained (and what the backbone makes of an image is computed once), and fine-tuned.
2. A network learns the digits 0 to 9. Then there are pairs of images, and of each pair only the
   sum is known, 0 to 18. A module of a few lines encodes both images with the network and mixes
   the two codes in a layer of its own; it is the ``backbone`` of another classifier. With
   ``freeze=1`` its first part, the network, is kept; else it is fine-tuned. Beside it stand the
   same module with nothing learned, and a network on images of two channels. Reading the two
   digits one by one and adding them is what could be reached at best.

    python examples/transfer_digits.py --output output/transfer_digits.png
"""

import argparse
import copy
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from matplotlib import figure
from sklearn.utils.parallel import Parallel, delayed
from torch import nn

from skdl.datasets import load_digits_images
from skdl.estimators import SVC, CNNClassifier
from skdl.inspection import ComparisonDisplay
from skdl.pipelines import make_image_classifier

CHANNELS = (16, 32)
N_IMAGES = 10  # of each new digit
N_PAIRS = 500
N_HIDDEN = 128
N_EPOCHS = 25  # on pairs
DRAWS = range(4)  # not those that the recipe was tried on
N_JOBS = 2
SEED = 0


def measure(models, X, y, X_test, y_test):
    """Accuracy of each model and seconds of its fit."""
    rows = []
    for name, model in models.items():
        pipeline = make_image_classifier(model)
        start = perf_counter()
        pipeline.fit(X, y)
        seconds = perf_counter() - start
        rows.append((name, pipeline.score(X_test, y_test), seconds))
    return pd.DataFrame(rows, columns=["model", "accuracy", "seconds"])


def of_all_draws(function, *args):
    """What ``function(*args, seed)`` measures, draw by draw."""
    return pd.concat(
        Parallel(n_jobs=N_JOBS)(delayed(function)(*args, seed) for seed in DRAWS), keys=DRAWS
    )


# Other digits ------------------------------------------------------------------------------------


def learn_others(known, X, y, seed):
    """Learn from a few images of each label, in four ways; test on all others."""
    rng = np.random.default_rng(seed)
    few = [rng.choice(np.flatnonzero(y == label), N_IMAGES, False) for label in np.unique(y)]
    train = np.concatenate(few)
    test = np.setdiff1d(np.arange(len(y)), train)
    models = {
        "SVC": SVC(),
        "from scratch": CNNClassifier(CHANNELS, architecture="resnet", random_state=seed),
        "frozen": CNNClassifier(backbone=known, freeze=True, random_state=seed),
        "fine-tuned": CNNClassifier(backbone=known, random_state=seed),
    }
    return measure(models, X[train], y[train], X[test], y[test])


# The sum of two digits ---------------------------------------------------------------------------


class Pair(nn.Module):
    """The codes that a fitted classifier has for two images, mixed by a layer."""

    def __init__(self, classifier, n_codes):
        super().__init__()
        self.network = copy.deepcopy(classifier.module_)
        self.mix = nn.Sequential(nn.Linear(2 * n_codes, N_HIDDEN), nn.ReLU())

    def forward(self, x):
        """Features (n, N_HIDDEN) of pixels (n, 2, 8, 8); the network standardizes them itself."""
        images = (image[..., None] for image in x.unbind(1))
        codes = [self.network.encode(self.network.see(image)) for image in images]
        return self.mix(torch.cat(codes, 1))


def make_pair(classifier, n_codes, seed, *, forget=False):
    """A ``Pair`` whose layer is new, and the network too if it shall forget what it learned."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pair = Pair(classifier, n_codes)
        for part in pair.network.modules() if forget else ():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
    return pair


def draw_pairs(X, y, n_pairs, seed):
    """Pairs of images (n, 8, 8, 2), and their sums."""
    rows = np.random.default_rng(seed).integers(len(X), size=(n_pairs, 2))
    return np.moveaxis(X[rows], 1, -1), y[rows].sum(axis=1)


def learn_sums(known, X, y, pairs, sums, seed):
    """Learn from pairs of X, in four ways; test on other pairs."""
    n_codes = known.encode(X[:1]).shape[1]
    # Raw pixels shall reach the backbone, whose network knows how to standardize them; the layer
    # is new, and learns as fast as the head.
    common = {"max_epochs": N_EPOCHS, "random_state": seed}
    params = {"normalize": False, "backbone_lr_factor": 1.0, **common}
    new = make_pair(known, n_codes, seed, forget=True)
    pair = make_pair(known, n_codes, seed)
    models = {
        "two channels": CNNClassifier(CHANNELS, **common),
        "from scratch": CNNClassifier(backbone=new, **params),
        "frozen": CNNClassifier(backbone=pair, freeze=1, **params),
        "fine-tuned": CNNClassifier(backbone=pair, **params),
    }
    return measure(models, *draw_pairs(X, y, N_PAIRS, seed), pairs, sums)


# The story ---------------------------------------------------------------------------------------


def tell(runs):
    """The table, and what it says; returns the accuracies by draw (rows) and model (columns)."""
    table = runs.groupby("model", sort=False).agg(["mean", "std"])
    table.columns = [" ".join(names) for names in table.columns]
    print(table.drop(columns="seconds std").to_string(float_format="{:.3f}".format))
    runs = runs.reset_index(0, names="draw")
    accuracies = runs.pivot_table(index="draw", columns="model", values="accuracy")[table.index]
    means = accuracies.mean()
    rival = means.drop(["frozen", "fine-tuned"]).idxmax()
    for name in ("frozen", "fine-tuned"):
        gain = 100 * (means[name] - means[rival])
        print(
            f"- {name}: {abs(gain):.1f} points {'more' if gain > 0 else 'less'} than {rival} (the "
            f"best of the others), and more in {(accuracies[name] > accuracies[rival]).sum()} of "
            f"{len(accuracies)} draws."
        )
    return accuracies


def draw(accuracies, pairs, sums, path):
    picture = figure.Figure(figsize=(13, 5), layout="constrained")
    top, bottom = picture.subfigures(2, 1, height_ratios=[2.2, 1])
    axes = top.subplots(1, 2)
    for ax, (title, scores) in zip(axes, accuracies.items(), strict=True):
        best_first = scores.mean().sort_values(ascending=False).index
        ComparisonDisplay(scores=scores[list(best_first)], metric="accuracy").plot(ax=ax)
        ax.set(title=title, xlabel="accuracy of each draw (diamond: mean)")
    for ax, pair, total in zip(bottom.subplots(1, 7), pairs, sums, strict=False):
        apart = np.pad(pair, ((0, 0), (1, 1), (0, 0)), constant_values=np.nan)
        ax.imshow(np.hstack([apart[..., 0], apart[..., 1]]), cmap="gray")
        ax.set_title(f"sum {total}", fontsize="medium")
        ax.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/transfer_digits.png"))
    path = parser.parse_args().output
    X, y = load_digits_images(return_X_y=True)

    print(f"\n1. Digits 5 to 9 from {N_IMAGES} images each, after 0 to 4\n")
    # There are images enough of these to augment, so that what is learned of them is general.
    known = CNNClassifier(
        CHANNELS, architecture="resnet", augment="randaugment", random_state=SEED
    ).fit(X[y < 5], y[y < 5])
    others = tell(of_all_draws(learn_others, known, X[y > 4], y[y > 4]))

    print(f"\n2. The sum of two digits from {N_PAIRS} pairs\n")
    # The images come in the order of writing: most hands of the test are others.
    X, y, X_test, y_test = X[:1000], y[:1000], X[1000:], y[1000:]
    known = CNNClassifier(CHANNELS, random_state=SEED).fit(X, y)
    pairs, sums = draw_pairs(X_test, y_test, 2000, SEED)
    of_sums = tell(of_all_draws(learn_sums, known, X, y, pairs, sums))
    one_by_one = sum(known.predict(pairs[..., place]) for place in range(2))
    print(f"- Digits read one by one, and added: {np.mean(one_by_one == sums):.3f}.")

    accuracies = {
        f"1. Digits 5 to 9, {N_IMAGES} images each": others,
        f"2. The sum of two digits, {N_PAIRS} pairs": of_sums,
    }
    draw(accuracies, pairs, sums, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
