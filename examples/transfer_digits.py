"""Transfer learning: a network trained on digits, for other digits and for sums of digits.

Both on scikit-learn's 1,797 images of handwritten digits, 8 x 8 pixels. Accuracies are on images
that no model was trained on, over several draws of the training images.

1. A network is trained on the digits 0 to 4. From 10 images each of 5 to 9, a network trained from
   scratch is compared with two that have the first one as ``backbone``: frozen, so that only a new
   head is trained (and the features of an image are computed once), and fine-tuned.
2. A network is trained on the digits 0 to 9. Of pairs of images, only the sum is known, 0 to 18. A
   small module encodes both images with the network and combines the two codes in a new layer; it
   is the ``backbone`` of another classifier. With ``freeze=1`` its first part, the network, is
   frozen; else it is fine-tuned. It is compared with the same module trained from scratch, and with
   a network on images of two channels. Classifying the two digits one by one and adding them is the
   upper bound.

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
DRAWS = range(4)  # not those on which the parameters were chosen
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
    """Results of ``function(*args, seed)`` for all draws."""
    return pd.concat(
        Parallel(n_jobs=N_JOBS)(delayed(function)(*args, seed) for seed in DRAWS), keys=DRAWS
    )


# Other digits ------------------------------------------------------------------------------------


def learn_others(known, X, y, seed):
    """Train four models on a few images of each label; test on all others."""
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
    """Features of two images by the network of a fitted classifier, combined by a layer."""

    def __init__(self, classifier, n_codes):
        super().__init__()
        self.network = copy.deepcopy(classifier.module_)
        self.mix = nn.Sequential(nn.Linear(2 * n_codes, N_HIDDEN), nn.ReLU())

    def forward(self, x):
        """Features (n, N_HIDDEN) of pixels (n, 2, 8, 8); the network standardizes them itself."""
        images = (image[..., None] for image in x.unbind(1))
        codes = [self.network.encode(self.network.standardize(image)) for image in images]
        return self.mix(torch.cat(codes, 1))


def make_pair(classifier, n_codes, seed, *, from_scratch=False):
    """A ``Pair`` with a new layer, and with new weights of the network too if ``from_scratch``."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pair = Pair(classifier, n_codes)
        for part in pair.network.modules() if from_scratch else ():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
    return pair


def draw_pairs(X, y, n_pairs, seed):
    """Pairs of images (n, 8, 8, 2), and their sums."""
    rows = np.random.default_rng(seed).integers(len(X), size=(n_pairs, 2))
    return np.moveaxis(X[rows], 1, -1), y[rows].sum(axis=1)


def learn_sums(known, X, y, pairs, sums, seed):
    """Train four models on pairs of X; test on other pairs."""
    n_codes = known.encode(X[:1]).shape[1]
    # The backbone gets raw pixels, because its network standardizes them; its new layer has the
    # learning rate of the head.
    common = {"max_epochs": N_EPOCHS, "random_state": seed}
    params = {"normalize": False, "backbone_lr_factor": 1.0, **common}
    new = make_pair(known, n_codes, seed, from_scratch=True)
    pair = make_pair(known, n_codes, seed)
    models = {
        "two channels": CNNClassifier(CHANNELS, **common),
        "from scratch": CNNClassifier(backbone=new, **params),
        "frozen": CNNClassifier(backbone=pair, freeze=1, **params),
        "fine-tuned": CNNClassifier(backbone=pair, **params),
    }
    return measure(models, *draw_pairs(X, y, N_PAIRS, seed), pairs, sums)


# All steps ---------------------------------------------------------------------------------------


def tell(runs):
    """Print the table and what follows from it; returns accuracies by draw and model."""
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
    # Augmentation makes the features of the backbone more general.
    known = CNNClassifier(
        CHANNELS, architecture="resnet", augment="randaugment", random_state=SEED
    ).fit(X[y < 5], y[y < 5])
    others = tell(of_all_draws(learn_others, known, X[y > 4], y[y > 4]))

    print(f"\n2. The sum of two digits from {N_PAIRS} pairs\n")
    # The images are in the order of writing: most writers of the test part are new.
    X, y, X_test, y_test = X[:1000], y[:1000], X[1000:], y[1000:]
    known = CNNClassifier(CHANNELS, random_state=SEED).fit(X, y)
    pairs, sums = draw_pairs(X_test, y_test, 2000, SEED)
    of_sums = tell(of_all_draws(learn_sums, known, X, y, pairs, sums))
    one_by_one = sum(known.predict(pairs[..., place]) for place in range(2))
    print(f"- Digits classified one by one, and added: {np.mean(one_by_one == sums):.3f}.")

    accuracies = {
        f"1. Digits 5 to 9, {N_IMAGES} images each": others,
        f"2. The sum of two digits, {N_PAIRS} pairs": of_sums,
    }
    draw(accuracies, pairs, sums, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
