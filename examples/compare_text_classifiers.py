"""
Telling the subject of a short text
===================================

Linear models on TF-IDF, naive Bayes and a Transformer classify the same short texts on the same
folds. A grid search chooses the tokenizer of the Transformer, and its attention shows which words
of a text it uses. The texts are docstrings of Python's standard library, which every Python has on
its disk.
"""

# %%
# The texts
# ---------
# The first paragraph of a docstring, and the subject of its module: files, mail, mathematics, the
# network and five more. There are some 5,000 docstrings; 1,200 of them are used, so that the
# example is quick, and scores of folds differ by a few points by chance.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import MultinomialNB

from skdl.datasets import load_docstrings
from skdl.estimators import LinearSVC, LogisticRegression, TransformerClassifier
from skdl.inspection import AttentionDisplay, ComparisonDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_text_classifier

docstrings, subjects = load_docstrings(return_X_y=True)
texts = np.array([" ".join(text.split("\n\n")[0].split()) for text in docstrings], dtype=object)
_, distinct = np.unique(texts, return_index=True)
rows = np.random.default_rng(0).permutation(distinct)[:1200]
X, y = texts[rows], subjects[rows]
for text, subject in zip(X[:3], y[:3], strict=True):
    print(f"{subject}: {text}")
print(f"\nMedian number of words: {np.median([len(text.split()) for text in X]):.0f}")

# %%
# The comparison
# --------------
# ``make_text_classifier`` puts ``TfidfVectorizer`` before models that need numbers.
# ``TransformerClassifier`` takes the texts themselves and trains its tokenizer inside ``fit``, on
# the training texts alone.

models = {
    "LogisticRegression": LogisticRegression(),
    "LinearSVC": LinearSVC(),
    "MultinomialNB": MultinomialNB(),
    "TransformerClassifier": TransformerClassifier(),
}
models = {name: make_text_classifier(model) for name, model in models.items()}
comparison = compare(
    models,
    X,
    y,
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring="accuracy",
    random_state=0,
)
print(comparison)

# %%
# In words, computed from the table:

folds = comparison.scores.pivot_table(index="fold", columns="estimator", values="score")
deep = "TransformerClassifier"
best = next(name for name in comparison.table.index if name != deep)
gain = 100 * (folds[deep] - folds[best])
seconds = comparison.table["fit_seconds"]
print(
    f"{deep} classifies {abs(gain.mean()):.1f} points {'more' if gain.mean() > 0 else 'less'} "
    f"correctly than {best}, the best of the others; it is better on {(gain > 0).sum()} of "
    f"{len(gain)} folds. It takes {seconds[deep]:.1f} s to train, {best} {seconds[best]:.2f} s."
)
scores_display = ComparisonDisplay.from_comparison(comparison)
_ = scores_display.ax_.set_title("Subjects of docstrings, on the same folds")

# %%
# Tuning the Transformer
# ----------------------
# The search sees the training texts of the last fold only, in trainings of 4 epochs. Where the
# accuracies of the settings differ by less than a point, the choice is chance. The chosen one is
# then trained in full on these texts.

train, test = comparison.folds[-1]
search = GridSearchCV(
    make_text_classifier(TransformerClassifier(max_epochs=4, random_state=0)),
    {"transformerclassifier__tokenizer": ["word", "wordpiece"]},
    cv=StratifiedKFold(2, shuffle=True, random_state=0),
    refit=False,
)
search.fit(X[train], y[train])
tried = pd.DataFrame(search.cv_results_["params"])
tried.columns = [name.partition("__")[2] for name in tried]
tried["accuracy"] = search.cv_results_["mean_test_score"]
print(tried.to_string(index=False, float_format="{:.3f}".format))

model = make_text_classifier(TransformerClassifier(random_state=0))
model.set_params(**search.best_params_).fit(X[train], y[train])
last = folds.iloc[-1]
print(f"\nChosen: {search.best_params_}.")
print(
    f"Accuracy on the {len(test)} texts of the fold: {model.score(X[test], y[test]):.3f}; with "
    f"default parameters {last[deep]:.3f}, {best} {last[best]:.3f}."
)

# %%
# Which words it uses
# -------------------
# A text that the Transformer classifies correctly and the best of the other models does not: of
# those of at most 20 words, the longest.

linear = models[best].fit(X[train], y[train])
right = model.predict(X[test]) == y[test]
only = right & (linear.predict(X[test]) != y[test])
print(
    f"The Transformer classifies {right.sum()} of {len(test)} texts correctly, {only.sum()} of "
    f"which {best} does not."
)
n_words = np.array([len(text.split()) for text in X[test]])
candidates = np.flatnonzero((only if only.any() else right) & (n_words <= 20))
row = test[candidates[n_words[candidates].argmax()]]
print(f'"{X[row]}" ({y[row]})')

# %%
# A darker token receives more attention, from all positions and through all layers. Attention says
# where the network read, which is a hint at the reason of its answer and no proof of it; where the
# range that is printed is narrow, all tokens count about the same. With words as tokens, ``[UNK]``
# stands for a word that is too rare in the training texts.

figure, ax = plt.subplots(figsize=(9, 1.4), layout="constrained")
shown = AttentionDisplay.from_estimator(model, X[row], ax=ax)
ax.set_title(
    f"Attention of the Transformer; predicted: {shown.title}, true: {y[row]}",
    fontfamily="sans-serif",
    fontsize="large",
)
print(f"Attention that a token receives, relative to the mean: {shown.weights_.min():.2f} to "
      f"{shown.weights_.max():.2f}")  # fmt: skip

# %%
# A script without a display keeps the pictures in files.

folder = Path("output")
folder.mkdir(exist_ok=True)
scores_display.figure_.savefig(folder / "compare_text_classifiers_scores.png", dpi=110)
figure.savefig(folder / "compare_text_classifiers.png", dpi=110)
print(f"Figures: {folder}/compare_text_classifiers*.png")
