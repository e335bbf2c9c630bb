"""
Images: a perceptron or convolutions?
=====================================

A multilayer perceptron takes pixels as it takes the columns of any table: which of them are
neighbours is nothing to it. A convolution looks at neighbours, with the same weights everywhere.
What that is worth shows on handwritten digits: with few images, when they are shifted by a pixel,
and when their pixels are shuffled, so that no two neighbours are neighbours any more.
"""

# %%
# The digits
# ----------
# 1,797 digits of 8 x 8 pixels come with scikit-learn. 600 are for tests, the others for training.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdl.estimators import CNNClassifier, MLPClassifier

digits = load_digits()
images, labels = digits.images.astype(np.float32), digits.target
train, test, y_train, y_test = train_test_split(
    images, labels, test_size=600, stratify=labels, random_state=0
)


def flat(images):
    """Images as rows of a table, a column for each pixel."""
    return images.reshape(len(images), -1)


def fit_both(images, y):
    """A perceptron on the columns and a CNN on the images."""
    perceptron = MLPClassifier((128, 128), n_members=2, max_epochs=30, random_state=0)
    cnn = CNNClassifier(kind="image", max_epochs=15, random_state=0)
    return {"perceptron": perceptron.fit(flat(images), y), "CNN": cnn.fit(images, y)}


def accuracies(models, images):
    return {
        name: model.score(flat(images) if name == "perceptron" else images, y_test)
        for name, model in models.items()
    }


# %%
# Few images
# ----------
# The smaller the training set, the more it helps to know that neighbours belong together.

sizes = (50, 150, 500)
models = {n: fit_both(train[:n], y_train[:n]) for n in sizes}
by_size = pd.DataFrame({n: accuracies(models[n], test) for n in sizes}).T
print(by_size.round(3).to_string())

# %%
# Weights
# -------
# A convolution has few of them, for it uses each at all places.

both = models[500]
weights = {name: model.n_parameters_ for name, model in both.items()}
print(weights)

# %%
# A pixel to the right
# --------------------
# The same test images, moved by one pixel. To the perceptron all columns have changed. The CNN
# averages over places, but not over the edges that were cut off; with ``augment="shift"`` it sees
# moved images in training.

moved = np.zeros_like(test)
moved[:, :, 1:] = test[:, :, :-1]
augmented = CNNClassifier(kind="image", augment="shift", max_epochs=15, random_state=0)
augmented.fit(train[:500], y_train[:500])
print(f"CNN that was trained on shifts: {augmented.score(moved, y_test):.3f}")

# %%
# Shuffled pixels
# ---------------
# One order of pixels, the same in all images, of training and test: the perceptron has the same
# columns in another order and learns as well; a convolution finds no neighbours.

order = np.random.default_rng(0).permutation(64)


def shuffled(images):
    return flat(images)[:, order].reshape(images.shape)


of_shuffled = fit_both(shuffled(train[:500]), y_train[:500])
cases = pd.DataFrame(
    {
        "as they are": accuracies(both, test),
        "moved by a pixel": accuracies(both, moved),
        "pixels shuffled": accuracies(of_shuffled, shuffled(test)),
    }
).T
print(cases.round(3).to_string())

# %%
# The picture
# -----------

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
by_size.plot(ax=left, marker="o", logx=True, ylim=(0, 1.03))
left.set(xlabel="training images", ylabel="accuracy", title="Few images")
left.set_xticks(sizes, [str(n) for n in sizes])
left.minorticks_off()
cases.plot.bar(ax=right, rot=0, ylim=(0, 1.03), legend=False)
right.set(title="500 images", ylabel="accuracy")

# A perceptron is for tables, whose columns are in no order; convolutions are for images and
# signals.

path = Path("output/perceptron_or_convolutions.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
