"""
Reading handwritten digits
==========================

Classical classifiers and a convolutional network read the same images of digits on the same folds.
A grid search then chooses how the network is trained, and class activation maps (Grad-CAM) show
which parts of an image decide. The 1,797 images of 8 x 8 pixels ship with scikit-learn.
"""

# %%
# The comparison
# --------------
# ``make_image_classifier`` flattens and scales the images for models that need a table;
# ``CNNClassifier`` takes them as they are.
#
# The images are in the order in which they were written. Folds are not shuffled, so that models are
# tested mostly on writers whom they have not seen: that is harder than on shuffled rows, and closer
# to practice.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skdl.datasets import load_digits_images
from skdl.estimators import SVC, CNNClassifier, KNeighborsClassifier, RandomForestClassifier
from skdl.inspection import ComparisonDisplay, GradCAMDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_image_classifier

X, y = load_digits_images(return_X_y=True)
models = {
    "SVC": SVC(),
    "forest": RandomForestClassifier(),
    "neighbours": KNeighborsClassifier(),
    "CNNClassifier": CNNClassifier(),
}
comparison = compare(
    {name: make_image_classifier(model) for name, model in models.items()},
    X,
    y,
    cv=StratifiedKFold(3),
    scoring="accuracy",
    random_state=0,
)
print(comparison)

# %%
# What the table says, in numbers of errors:

wrong = 100 * (1 - comparison.scores.pivot_table(index="fold", columns="estimator", values="score"))
deep = "CNNClassifier"
best = next(name for name in comparison.table.index if name != deep)
seconds = comparison.table["fit_seconds"]
print(
    f"{deep} misreads {wrong[deep].mean():.1f} % of the digits, {best}, the best of the others, "
    f"{wrong[best].mean():.1f} %. It is better on {(wrong[deep] < wrong[best]).sum()} of "
    f"{len(wrong)} folds, and takes {seconds[deep]:.1f} s to train; {best} takes "
    f"{seconds[best]:.2f} s."
)

# %%
# Each dot is a fold, the diamond their mean. Folds differ in how hard their writers are to read,
# so compare the models fold by fold before trusting a difference of means.

display = ComparisonDisplay.from_comparison(comparison)
_ = display.ax_.set_title("Digits, tested on writers who are mostly unseen")

# %%
# Tuning the network
# ------------------
# ``GridSearchCV`` varies the augmentation and the architecture, as it varies any other parameter.
# To be quick it sees 600 images of the training part of the last fold, for 10 epochs; the images
# stay in their order, so that those of one writer stay together. With 300 images in each test
# part, differences below a percentage point or two are chance.

train, test = comparison.folds[-1]
rows = np.sort(np.random.default_rng(0).permutation(train)[:600])
search = GridSearchCV(
    make_image_classifier(CNNClassifier(max_epochs=10, random_state=0)),
    {
        "cnnclassifier__augment": [None, "shift"],
        "cnnclassifier__architecture": ["plain", "resnet"],
    },
    cv=StratifiedKFold(2),
    refit=False,
)
search.fit(X[rows], y[rows])
tried = pd.DataFrame(search.cv_results_["params"]).fillna("none")
tried.columns = [name.partition("__")[2] for name in tried]
tried["accuracy"] = search.cv_results_["mean_test_score"]
tried["std"] = search.cv_results_["std_test_score"]
print(tried.to_string(index=False, float_format="{:.3f}".format))

# %%
# The chosen network is trained in full, on all training images of that fold.

model = make_image_classifier(CNNClassifier(random_state=0)).set_params(**search.best_params_)
model.fit(X[train], y[train])
default = comparison.scores.query("estimator == 'CNNClassifier'")["score"].iloc[-1]
predicted = model.predict(X[test])
print(f"Chosen: {search.best_params_}.")
print(
    f"Accuracy on the {len(test)} images of the fold: {np.mean(predicted == y[test]):.3f}; with "
    f"default parameters it was {default:.3f}."
)
print(f"{np.sum(predicted != y[test])} digits are misread.")

# %%
# Where the network looks
# -----------------------
# Bright parts of a map raised the score of the digit in the title. Above, digits that the network
# reads correctly. Below, pairs: the same image twice, first with the map of the digit that the
# network took it for, then with that of the digit that it is.

right = np.flatnonzero(predicted == y[test])
misread = np.flatnonzero(predicted != y[test])[:4]
figure, axes = plt.subplots(2, 8, figsize=(13, 4.4), layout="constrained")
shown = test[right[:: len(right) // 8][:8]]
GradCAMDisplay.from_estimator(model, X[shown], ax=axes[0])
for ax in axes[1, 2 * len(misread) :]:
    ax.set_axis_off()
if len(misread):
    pairs = axes[1, : 2 * len(misread)]
    images, labels = X[test[misread]], y[test[misread]]
    GradCAMDisplay.from_estimator(model, images, ax=pairs[::2])
    GradCAMDisplay.from_estimator(model, images, target=labels, ax=pairs[1::2])
    for ax, label in zip(pairs[::2], labels, strict=True):
        ax.set_title(f"{ax.get_title()}\nbut it is {label}", fontsize="medium")
_ = figure.suptitle("Class activation maps: digits read correctly (above), and misread (below)")

# %%
# A script without a display keeps the pictures in files.

folder = Path("output")
folder.mkdir(exist_ok=True)
display.figure_.savefig(folder / "compare_image_classifiers_scores.png", dpi=110)
figure.savefig(folder / "compare_image_classifiers.png", dpi=110)
print(f"Figures: {folder}/compare_image_classifiers*.png")
