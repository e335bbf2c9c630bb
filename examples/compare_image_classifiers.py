"""Classical and convolutional classifiers on the same folds of scikit-learn's digits.

1,797 images of handwritten digits, 8 x 8 pixels, in the order in which they were written. Folds are
not shuffled: models are tested mostly on writers that they have not seen, which is harder than on
shuffled rows and closer to practice.

1. All estimators get the same images: ``make_image_classifier`` flattens and scales them for those
   that need it.
2. A grid search over the augmentation and the architecture of the network, on the training images
   of the last fold only; the chosen network is then tested on the images of that fold.
3. Grad-CAM of the chosen network: class activation maps of images that it classifies correctly and
   of images that it does not.

    python examples/compare_image_classifiers.py --output output/compare_image_classifiers.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib import figure
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skdl.datasets import load_digits_images
from skdl.estimators import SVC, CNNClassifier, KNeighborsClassifier, RandomForestClassifier
from skdl.inspection import ComparisonDisplay, GradCAMDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_image_classifier

GRID = {
    "cnnclassifier__augment": [None, "shift", "randaugment"],
    "cnnclassifier__architecture": ["plain", "resnet"],
}
SEARCH_ROWS = 600
SEARCH_EPOCHS = 15
N_COLUMNS = 8  # of Grad-CAM
N_JOBS = 2
SEED = 0


def compare_all(X, y):
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
        cv=StratifiedKFold(5),
        scoring="accuracy",
        n_jobs=N_JOBS,
        random_state=SEED,
    )
    if comparison.errors:  # they are reported in the table; here none is expected
        raise RuntimeError(str(comparison.errors))
    return comparison


def tell(comparison):
    """Print what follows from the table, in words."""
    folds = comparison.scores.pivot_table(index="fold", columns="estimator", values="score")
    wrong = 100 * (1 - folds)
    deep = "CNNClassifier"
    best = next(name for name in comparison.table.index if name != deep)
    print(
        f"- The error rate of {deep} is {wrong[deep].mean():.1f} %, that of {best} (the best of "
        f"the others) {wrong[best].mean():.1f} %; it is better on "
        f"{(wrong[deep] < wrong[best]).sum()} of {len(folds)} folds, worse on "
        f"{(wrong[deep] > wrong[best]).sum()}."
    )
    seconds = comparison.table["fit_seconds"]
    print(f"- It takes {seconds[deep]:.1f} s to train, {best} {seconds[best]:.2f} s.")


def search_network(X, y):
    """Choose augmentation and architecture on some of the given images, in short trainings."""
    network = CNNClassifier(max_epochs=SEARCH_EPOCHS, random_state=SEED)
    search = GridSearchCV(
        make_image_classifier(network), GRID, cv=StratifiedKFold(2), n_jobs=N_JOBS, refit=False
    )
    rows = np.random.default_rng(SEED).permutation(len(X))[:SEARCH_ROWS]
    rows.sort()  # images of one writer stay together
    return search.fit(X[rows], y[rows])


# The figure --------------------------------------------------------------------------------------


def draw_grid(search, ax):
    augmentations, architectures = GRID.values()
    shape = len(architectures), len(augmentations)
    results = search.cv_results_  # names vary in their order, the last one fastest
    accuracies = 100 * results["mean_test_score"].reshape(shape)
    spreads = 100 * results["std_test_score"].reshape(shape)
    # The colour scale spans 5 %, so that random differences look small.
    ax.imshow(accuracies, cmap="Blues", aspect="auto", vmin=accuracies.max() - 5)
    for (row, column), accuracy in np.ndenumerate(accuracies):
        best = accuracy == accuracies.max()
        text = f"{accuracy:.1f} ± {spreads[row, column]:.1f}" + ("\nchosen" if best else "")
        color = "white" if accuracy > accuracies.max() - 2.5 else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(shape[1]), map(str, augmentations))
    ax.set_yticks(range(shape[0]), architectures)
    ax.set(xlabel="augment", ylabel="architecture")
    ax.set_title(f"2. GridSearchCV: accuracy (%), mean ± std of {search.n_splits_} folds")


def draw_heat(model, X, y, axes):
    """Grad-CAM of correctly classified images; of others for the predicted and the true class."""
    is_right = model.predict(X) == y
    right, wrong = np.flatnonzero(is_right), np.flatnonzero(~is_right)
    n_columns = axes.shape[1]
    shown = right[:: len(right) // n_columns][:n_columns]
    GradCAMDisplay.from_estimator(model, X[shown], ax=axes[0])
    shown = wrong[: n_columns // 2]
    if len(shown):
        GradCAMDisplay.from_estimator(model, X[shown], ax=axes[1, ::2])
        GradCAMDisplay.from_estimator(model, X[shown], target=y[shown], ax=axes[1, 1::2])
    for ax in axes[1, 2 * len(shown) :]:
        ax.set_axis_off()
    for ax, label in zip(axes[1, ::2], y[shown], strict=False):
        ax.set_title(f"{ax.get_title()}\nbut it is {label}", fontsize="medium")


def draw(comparison, search, model, X, y, path):
    picture = figure.Figure(figsize=(13, 8), layout="constrained")
    top, bottom = picture.subfigures(2, 1, height_ratios=[1, 1.15])
    left, right = top.subplots(1, 2)
    ComparisonDisplay.from_comparison(comparison, ax=left)
    left.set_title("1. Digits, on the same folds")
    draw_grid(search, right)
    bottom.suptitle(
        "3. Class activation maps of the chosen network: images that it classifies correctly "
        "(above) and others (below)"
    )
    draw_heat(model, X, y, bottom.subplots(2, N_COLUMNS))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


# All steps ---------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/compare_image_classifiers.png"))
    path = parser.parse_args().output
    X, y = load_digits_images(return_X_y=True)

    print("\n1. Digits of 8 x 8 pixels\n")
    comparison = compare_all(X, y)
    print(comparison)
    tell(comparison)

    train, test = comparison.folds[-1]
    print(
        f"\n2. GridSearchCV over augmentation and architecture, on {SEARCH_ROWS} training images "
        "of the last fold\n"
    )
    search = search_network(X[train], y[train])
    chosen = {name.partition("__")[2]: value for name, value in search.best_params_.items()}
    model = make_image_classifier(CNNClassifier(**chosen, random_state=SEED))
    model.fit(X[train], y[train])
    runs = comparison.scores
    default = runs[(runs["estimator"] == "CNNClassifier") & (runs["fold"] == runs["fold"].max())]
    print(f"- Chosen: {chosen}, accuracy {search.best_score_:.3f} in the search.")
    print(
        f"- Trained on all {len(train)}: {model.score(X[test], y[test]):.3f} on the images of that "
        f"fold; with default parameters {default['score'].iloc[0]:.3f}."
    )
    n_wrong = (model.predict(X[test]) != y[test]).sum()
    print(f"- Of {len(test)} digits {n_wrong} are misclassified; the figure shows some.")

    draw(comparison, search, model, X[test], y[test], path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
