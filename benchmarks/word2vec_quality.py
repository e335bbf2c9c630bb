"""Word vectors: quality of Word2VecTransformer compared with gensim.

Both get the same tokens and the same parameters, which are gensim's defaults: 100 dimensions,
windows of up to 5 words, words that occur 5 times, 5 negative samples, sample=1e-3, a learning rate
that falls from 0.025, 5 epochs. gensim has as many workers as there are threads. Ours is there with
``deterministic=True`` (the default) and, as "threads", ``deterministic=False``, where threads
update the same vectors without locks, as gensim's workers do. Means and standard deviations over
seeds; all vectors are scored by the same functions.

- gutenberg: the paragraphs of 13 novels, words in lower case. joined: the same, sms-spam, subj, and
  the training parts of snips and ud-english. Scored by WordSim-353 (Spearman's correlation with
  human ratings) and by Google's analogies (accuracy in percent, on the questions whose words are
  all in the vocabulary).
- poems: Tang poems by characters, scored by those analogies of CA8 that have single characters
  only. These are few and all about opposites: differences of a few points are not significant. The
  questions of CA8 are converted from simplified to traditional characters, as in the poems.
- documents: ``LogisticRegression(max_iter=1000)`` on standardized means of the vectors of a text's
  words. The vectors learn from the training folds alone (5 folds, stratified, shuffled by the
  seed), in 20 epochs, since the texts are few. Accuracies in percent.

    python benchmarks/word2vec_quality.py --write
    python benchmarks/word2vec_quality.py --parts documents --sets subj --seeds 1
    python benchmarks/word2vec_quality.py --keep output/word2vec_quality.csv

The data are read from the folder that SKDL_DATA names: gutenberg, w2v-eval, w2v-eval-zh, and those
of ``skdl.datasets``. Long runs can be divided: with ``--keep FILE`` each fit is added to a table
(CSV), fits that are in it already are skipped, and the report is on all of it. Use a new file when
anything has changed.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from _corpora import (
    MODELS,
    check_same_words,
    files_in,
    fit_gensim,
    fit_skdl,
    gutenberg,
    joined,
    need_gensim,
    poems,
    words_of,
)
from _report import PEER_THREADS, Report
from accuracy_text import Runs
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import fetch_snips, fetch_subj, fetch_ud_sentences
from skdl.estimators import LogisticRegression
from skdl.estimators.word2vec._compression import opened
from skdl.estimators.word2vec._evaluation import evaluate_analogies, evaluate_word_pairs

PARTS = ("gutenberg", "joined", "poems", "documents")
PEER, OURS, HOGWILD = "gensim", "skdl", "skdl, threads"
N_EPOCHS, N_DOCUMENT_EPOCHS, N_FOLDS, N_QUICK = 5, 20, 5, 1500
EVERYTHING = {"restrict_vocab": None, "case_insensitive": True, "unknown_as_zero": False}
MEASURES = {
    "wordsim": "WordSim-353",
    "analogies": "analogies, %",
    "accuracy": "accuracy, %",
}
# Traditional forms, as in the poems, of the simplified characters of CA8.
SIMPLIFIED = "东丑买减动卖后坏宽强松来浅热紧细贫轻这进远静"
TRADITIONAL = "東醜買減動賣後壞寬強鬆來淺熱緊細貧輕這進遠靜"


# Scores of vectors -------------------------------------------------------------------------------


def score_words(fitted):
    """WordSim-353 and Google's analogies."""
    pairs = files_in("w2v-eval", "wordsim353.tsv")[0]
    questions = files_in("w2v-eval", "questions-words.txt*")[0]
    found = evaluate_word_pairs(fitted.words, fitted.vectors, pairs, **EVERYTHING)
    return {
        "wordsim": found.spearman,
        "pairs": round(353 * (1 - found.unknown_ratio)),
        **score_analogies(fitted, questions),
    }


def score_analogies(fitted, questions):
    found = evaluate_analogies(fitted.words, fitted.vectors, questions, **EVERYTHING)
    asked = found.sections["n_questions"].sum()
    return {"analogies": 100 * found.accuracy, "questions": int(asked)}


def score_characters(fitted):
    """CA8's questions of single characters, in traditional ones."""
    traditional = str.maketrans(SIMPLIFIED, TRADITIONAL)
    lines = [": single characters"]
    for path in files_in("w2v-eval-zh", "*.gz"):
        with opened(path) as packed:
            for line in packed.read().decode().split("\n"):
                if [len(word) for word in line.split()] == [1, 1, 1, 1]:
                    lines.append(line.strip().translate(traditional))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "questions.txt")
        path.write_text("\n".join(lines), encoding="utf-8")
        return {"wordsim": np.nan, "pairs": 0, **score_analogies(fitted, path)}


# Corpora: documents for gensim and for skdl, parameters of skdl, function that scores -------------


@cache
def corpus(name, quick):
    if name == "poems":
        texts = poems()[: N_QUICK if quick else None]
        return [list(text) for text in texts], texts, {"analyzer": "char"}, score_characters
    documents = {"gutenberg": gutenberg, "joined": joined}[name]()
    if quick:
        documents = documents[:N_QUICK]
    return documents, documents, {}, score_words


def sides(n_threads, device):
    """Functions that fit each side to documents, algorithm and objective."""
    ours = partial(fit_skdl, n_threads=n_threads, device=device)
    fits = {PEER: partial(fit_gensim, n_threads=n_threads), OURS: partial(ours, deterministic=True)}
    if n_threads > 1:  # with one it is the same
        fits[HOGWILD] = partial(ours, deterministic=False)
    return fits


def vectors(report, runs, name, seeds, fits):
    """Fit and score all models on a corpus."""
    n_epochs = 1 if report.quick else N_EPOCHS
    for seed in seeds:
        for algorithm, objective in MODELS:
            key = {"kind": "vectors", "set": name, "seed": seed, "fold": 0}
            key |= {"algorithm": algorithm, "objective": objective}
            peer = None
            for side, fit in fits.items():
                if runs.has(**key, model=side):
                    continue
                for_peer, for_ours, params, score = corpus(name, report.quick)
                options = {"n_epochs": n_epochs, "seed": seed}
                if side == PEER:
                    fitted = peer = fit(for_peer, algorithm, objective, **options)
                else:
                    fitted = fit(for_ours, algorithm, objective, **options, **params)
                    if peer is not None:
                        check_same_words(fitted, peer)
                row = {"accuracy": np.nan, **score(fitted), "seconds": fitted.seconds}
                runs.add(**key, model=side, **row)


# Documents ---------------------------------------------------------------------------------------


def in_parts(fetch):
    """All sentences of a set that comes in parts."""
    parts = [fetch(split=split) for split in ("train", "valid", "test")]
    return [text for texts, _ in parts for text in texts], np.concatenate([y for _, y in parts])


SETS = {
    "subj": fetch_subj,
    "snips": partial(in_parts, fetch_snips),
    "ud-english": partial(in_parts, partial(fetch_ud_sentences, "english")),
}


def folds(name, seed, quick) -> Iterator[tuple]:
    texts, y = SETS[name]()
    if quick:
        rows = np.random.default_rng(0).permutation(len(y))[:N_QUICK]
        texts, y = [texts[row] for row in rows], y[rows]
    documents = [words_of(text) for text in texts]
    splits = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(y, y)
    for fold, parts in enumerate(splits):
        if not (quick and fold):
            X, X_test = ([documents[row] for row in part] for part in parts)
            yield fold, X, y[parts[0]], X_test, y[parts[1]]


def means(fitted, documents):
    """The mean vector of each document's known words, zeros where it has none."""
    rows = {word: row for row, word in enumerate(fitted.words)}
    pooled = np.zeros((len(documents), fitted.vectors.shape[1]), dtype=np.float32)
    for place, document in enumerate(documents):
        known = [rows[word] for word in document if word in rows]
        if known:
            pooled[place] = fitted.vectors[known].mean(axis=0)
    return pooled


def classify(report, runs, name, seeds, fits):
    """Fit vectors and a linear model on each fold."""
    n_epochs = 1 if report.quick else N_DOCUMENT_EPOCHS
    for seed in seeds:
        for fold, X, y, X_test, y_test in folds(name, seed, report.quick):
            for algorithm, objective in MODELS:
                key = {"kind": "documents", "set": name, "seed": seed, "fold": fold}
                key |= {"algorithm": algorithm, "objective": objective}
                for side, fit in fits.items():
                    if runs.has(**key, model=side):
                        continue
                    fitted = fit(X, algorithm, objective, n_epochs=n_epochs, seed=seed)
                    pooled = partial(means, fitted) if side == PEER else fitted.model.transform
                    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
                    accuracy = 100 * model.fit(pooled(X), y).score(pooled(X_test), y_test)
                    row = {"accuracy": accuracy, "wordsim": np.nan, "pairs": 0}
                    row |= {"analogies": np.nan, "questions": 0, "seconds": fitted.seconds}
                    runs.add(**key, model=side, **row)


# The report --------------------------------------------------------------------------------------


def summary(rows, measures):
    """A row for each model and measure: mean and standard deviation over seeds of each side."""
    keys = ["algorithm", "objective", "model"]
    of_seeds = rows.groupby([*keys, "seed"], sort=False)[[*measures]].mean()  # over folds
    by_side = of_seeds.groupby(keys, sort=False)
    average, spread = by_side.mean(), by_side.std()
    table = []
    for algorithm, objective in rows[keys[:2]].drop_duplicates().itertuples(index=False):
        for measure in measures:
            row = {"model": f"{algorithm}, {objective}", "measure": MEASURES[measure]}
            at = {side: (algorithm, objective, side) for side in (PEER, OURS, HOGWILD)}
            at = {side: key for side, key in at.items() if key in average.index}
            for side, key in at.items():
                row[side] = shown(measure, average.loc[key, measure], spread.loc[key, measure])
            for side in (OURS, HOGWILD):
                if {side, PEER} <= set(at):
                    gap = average.loc[at[side], measure] - average.loc[at[PEER], measure]
                    row[f"{side} - {PEER}"] = shown(measure, gap, sign="+")
            table.append(row)
    return pd.DataFrame(table).fillna("").set_index("model")


def shown(measure, value, spread=np.nan, sign=""):
    digits = 3 if measure == "wordsim" else 2
    text = f"{value:{sign}.{digits}f}"
    return text if np.isnan(spread) else f"{text} ± {spread:.{digits}f}"


def tables(report, runs):
    rows = pd.DataFrame(runs.rows)
    for (kind, name), of_set in rows.groupby(["kind", "set"], sort=False):
        n_seeds = of_set["seed"].nunique()
        title = f"{name}: {n_seeds} seed{'s' * (n_seeds != 1)}"
        if kind == "documents":
            report.table(f"Documents of {title}", summary(of_set, ["accuracy"]))
            continue
        first = of_set.iloc[0]
        measures = ["wordsim", "analogies"] if first["pairs"] else ["analogies"]
        known = f"{first['questions']:,} questions"
        if first["pairs"]:
            known = f"{first['pairs']} of 353 pairs and {known}"
        report.table(title.capitalize(), summary(of_set, measures), f"Known words: {known}.")


def names_of(known, names):
    chosen = names.split(",")
    if unknown := set(chosen) - set(known):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} not in {tuple(known)}")
    return chosen


def make_parser():
    parser = argparse.ArgumentParser()
    for option, known in (("--parts", PARTS), ("--sets", tuple(SETS))):
        parser.add_argument(
            option, type=partial(names_of, known), default=known, help=f"of {', '.join(known)}"
        )
    parser.add_argument("--seeds", type=int, default=3, help="number; 3 by default")
    parser.add_argument("--device", default="cpu", help="of skdl; gensim runs on the CPU only")
    parser.add_argument("--keep", type=Path, help="a file (CSV) for the results")
    return parser


def main() -> None:
    report = Report(__doc__, make_parser())
    need_gensim()
    args, runs = report.args, Runs(report.args.keep)
    n_threads = PEER_THREADS[-1]
    report.say(
        f"gensim {version('gensim')} with {n_threads} worker(s), ours on {args.device} with "
        f"{n_threads} thread(s)."
    )
    seeds, fits = range(1 if report.quick else args.seeds), sides(n_threads, args.device)
    start = perf_counter()
    for name in (part for part in PARTS if part in args.parts):
        if name == "documents":
            for of in args.sets:
                classify(report, runs, of, seeds, fits)
        else:
            vectors(report, runs, name, seeds, fits)
    print(f"  {perf_counter() - start:.0f} s in all", file=sys.stderr)
    tables(report, runs)
    report.finish()


if __name__ == "__main__":
    main()
