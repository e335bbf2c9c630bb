"""TF-IDF and a Transformer on the same folds: classification of docstrings by subject.

The docstrings of Python's standard library are real texts that every Python has on its disk. From
the first paragraph of 1,500 of them (nine words in the median), the subject of their module is
predicted: files, mail, mathematics, the network ... nine classes.

1. All estimators get the same texts: ``make_text_classifier`` puts ``TfidfVectorizer`` before those
   that need numbers; ``TransformerClassifier`` takes the texts themselves.
2. A grid search over the tokenizer (words or subwords) and the size of the Transformer; on training
   texts of the last fold only, in short trainings. The chosen one is then trained on all of them,
   and tested on the texts of that fold.
3. Attention of that Transformer in a text that it classifies correctly and the best of the others
   does not.

    python examples/compare_text_classifiers.py --output output/compare_text_classifiers.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib import figure
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import MultinomialNB

from skdl.datasets import load_docstrings
from skdl.estimators import LinearSVC, LogisticRegression, TransformerClassifier
from skdl.inspection import AttentionDisplay, ComparisonDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_text_classifier

DEEP = "TransformerClassifier"
MODELS = {
    "LogisticRegression": LogisticRegression(),
    "LinearSVC": LinearSVC(),
    "MultinomialNB": MultinomialNB(),
    DEEP: TransformerClassifier(),
}
GRID = {
    "transformerclassifier__tokenizer": ["word", "wordpiece"],
    "transformerclassifier__d_model": [64, 128],
}
SEARCH_EPOCHS = 5
N_TEXTS = 1500
N_SHOWN = 40  # maximum number of words of the text that is drawn
SEED = 0


def load_paragraphs():
    """First paragraphs of docstrings, each on one line, and the subject of their modules."""
    texts, y = load_docstrings(return_X_y=True)
    first = np.array([" ".join(text.split("\n\n")[0].split()) for text in texts], dtype=object)
    _, different = np.unique(first, return_index=True)
    rows = np.random.default_rng(SEED).permutation(different)[:N_TEXTS]
    return first[rows], y[rows]


def compare_all(X, y):
    comparison = compare(
        {name: make_text_classifier(model) for name, model in MODELS.items()},
        X,
        y,
        cv=StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring="accuracy",
        random_state=SEED,
    )
    if comparison.errors:  # they are reported in the table; here none is expected
        raise RuntimeError(str(comparison.errors))
    return comparison


def tell(comparison):
    """Print what follows from the table, in words; returns the best of the others."""
    folds = comparison.scores.pivot_table(index="fold", columns="estimator", values="score")
    best = next(name for name in comparison.table.index if name != DEEP)
    gain = 100 * (folds[DEEP] - folds[best])
    print(
        f"- {DEEP}: {abs(gain.mean()):.1f} points {'more' if gain.mean() > 0 else 'less'} than "
        f"{best} (the best of the others), and more on {(gain > 0).sum()} of {len(gain)} folds."
    )
    seconds = comparison.table["fit_seconds"]
    print(f"- It takes {seconds[DEEP]:.1f} s to train, {best} {seconds[best]:.2f} s.")
    return best


def search_network(X, y):
    """Choose tokenizer and size of the network in short trainings."""
    model = make_text_classifier(TransformerClassifier(max_epochs=SEARCH_EPOCHS, random_state=SEED))
    cv = StratifiedKFold(2, shuffle=True, random_state=SEED)
    return GridSearchCV(model, GRID, cv=cv, refit=False).fit(X, y)


def choose_text(X, y, right, others):
    """The longest text, of at most N_SHOWN words, that only the first model classifies correctly.

    Where there is none, one that the first model classifies correctly.
    """
    is_right = right.predict(X) == y
    known = is_right & (others.predict(X) != y)
    print(
        f"- Of {len(X)} texts the Transformer classifies {is_right.sum()} correctly, "
        f"{known.sum()} of which the best of the others does not."
    )
    rows = np.flatnonzero(known if known.any() else is_right)
    n_words = np.array([len(X[row].split()) for row in rows])
    return rows[np.argmax(np.where(n_words <= N_SHOWN, n_words, -n_words))]


# The figure --------------------------------------------------------------------------------------


def draw_grid(search, ax):
    tokenizers, sizes = GRID.values()
    shape = len(sizes), len(tokenizers)
    results = search.cv_results_  # names vary in their order, the last one fastest
    accuracies = 100 * results["mean_test_score"].reshape(shape)
    # The colour scale spans 5 %, so that random differences look small.
    ax.imshow(accuracies, cmap="Blues", aspect="auto", vmin=accuracies.max() - 5)
    for (row, column), accuracy in np.ndenumerate(accuracies):
        best = accuracy == accuracies.max()
        color = "white" if accuracy > accuracies.max() - 2.5 else "black"
        text = f"{accuracy:.1f}" + ("\nchosen" if best else "")
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(shape[1]), tokenizers)
    ax.set_yticks(range(shape[0]), sizes)
    ax.set(xlabel="tokenizer", ylabel="d_model")
    ax.set_title(f"2. GridSearchCV: accuracy (%), {SEARCH_EPOCHS} epochs")


def draw(comparison, search, model, text, label, path):
    picture = figure.Figure(figsize=(12, 6.5), layout="constrained")
    axes = picture.subplot_mosaic([["table", "grid"], ["text"] * 2], height_ratios=[3, 1])
    ComparisonDisplay.from_comparison(comparison, ax=axes["table"])
    axes["table"].set_title("1. Subjects of docstrings, on the same folds")
    draw_grid(search, axes["grid"])
    shown = AttentionDisplay.from_estimator(model, text, ax=axes["text"])
    title = f"3. Attention of the Transformer. Predicted: {shown.title}, true: {label}"
    axes["text"].set_title(title, fontsize="large", fontfamily="sans-serif")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


# All steps ---------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/compare_text_classifiers.png"))
    path = parser.parse_args().output
    X, y = load_paragraphs()

    print(f"\n1. {len(X)} first paragraphs of docstrings, {len(np.unique(y))} classes\n")
    comparison = compare_all(X, y)
    print(comparison)
    best = tell(comparison)

    train, test = comparison.folds[-1]
    print(f"\n2. GridSearchCV over the Transformer, on the {len(train)} training texts\n")
    search = search_network(X[train], y[train])
    chosen = {name.partition("__")[2]: value for name, value in search.best_params_.items()}
    model = make_text_classifier(TransformerClassifier(**chosen, random_state=SEED))
    model.fit(X[train], y[train])
    runs = comparison.scores.query("fold == fold.max()").set_index("estimator")["score"]
    print(f"- Chosen: {chosen}, accuracy {search.best_score_:.3f} in the search.")
    print(
        f"- Trained in full: {model.score(X[test], y[test]):.3f} on the texts of that fold; with "
        f"default parameters {runs[DEEP]:.3f}, {best} {runs[best]:.3f}."
    )

    print("\n3. Its attention\n")
    others = make_text_classifier(MODELS[best]).fit(X[train], y[train])
    row = test[choose_text(X[test], y[test], model, others)]
    print(f'- "{X[row]}" ({y[row]})')
    draw(comparison, search, model, X[row], y[row], path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
