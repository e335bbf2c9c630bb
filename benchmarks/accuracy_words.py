"""Accuracy of word vectors learned from few texts, compared with TF-IDF.

``make_pipeline(Word2VecTransformer(), LogisticRegression())`` with default parameters, beside
``make_pipeline(TfidfVectorizer(), LogisticRegression())``; "5 passes, 5 times" has
``max_epochs=5, min_count=5``, the defaults of word2vec, which are those for large corpora. All have
``max_iter=1000``. Means over seeds, which draw the texts: a number of training texts, tested on
others of the training part of the same set. No test part of a set was used, here or when the
defaults were chosen.

- subj: subjective or objective sentences of reviews. snips: intents of short commands. ud-english:
  the genre of a sentence.

TF-IDF is mostly the better choice where nothing but a linear model of these texts is wanted, by
more the more rare words decide: vectors of 100 numbers hold less than a column per word. Vectors
are for what TF-IDF cannot do: neighbours of words, dense features for other models, and what was
learned from other, larger corpora.

    python benchmarks/accuracy_words.py --write
    python benchmarks/accuracy_words.py --sets subj --seeds 1

The data are read by ``skdl.datasets``; set SKDL_DATA to a folder that has them.
"""

import argparse
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
from _report import Report
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skdl.datasets import fetch_snips, fetch_subj, fetch_ud_sentences
from skdl.estimators import LogisticRegression, Word2VecTransformer

SETS = {
    "subj": fetch_subj,
    "snips": partial(fetch_snips, split="train"),
    "ud-english": partial(fetch_ud_sentences, "english", split="train"),
}
SIZES, N_TESTS = (300, 1000, 4000), 1500
OURS, LARGE, PEER = "word vectors", "5 passes, 5 times", "TF-IDF"


def models(seed):
    steps = {
        OURS: Word2VecTransformer(random_state=seed),
        LARGE: Word2VecTransformer(max_epochs=5, min_count=5, random_state=seed),
        PEER: TfidfVectorizer(),
    }
    return {
        name: make_pipeline(step, LogisticRegression(max_iter=1000)) for name, step in steps.items()
    }


def parts(name, seed, n_texts, n_tests):
    texts, y = SETS[name]()
    train, test = train_test_split(
        np.arange(len(y)), train_size=n_texts, test_size=n_tests, stratify=y, random_state=seed
    )
    return [texts[row] for row in train], y[train], [texts[row] for row in test], y[test]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", default=",".join(SETS), help="of " + ", ".join(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    report = Report(__doc__, parser)
    sizes, seeds = (SIZES[:1], 1) if report.quick else (SIZES, report.args.seeds)
    rows = []
    for name in report.args.sets.split(","):
        for n_texts in sizes:
            for seed in range(seeds):
                X, y, X_test, y_test = parts(name, seed, n_texts, N_TESTS)
                for title, model in models(seed).items():
                    start = perf_counter()
                    model.fit(X, y)
                    row = {"set": name, "texts": n_texts, "model": title}
                    row["seconds"] = perf_counter() - start
                    rows.append({**row, "accuracy": 100 * model.score(X_test, y_test)})
    runs = pd.DataFrame(rows)
    means = runs.pivot_table(["accuracy", "seconds"], ["set", "texts"], "model", sort=False)
    table = means["accuracy"][[OURS, LARGE, PEER]].round(1)
    table[f"{OURS} - {PEER}"] = (table[OURS] - table[PEER]).map("{:+.1f}".format)
    table["fit s"] = means["seconds"][OURS].round(2)
    shown = table.reset_index().set_index("set")
    report.table(f"Texts: accuracy in percent, means of {seeds} seeds", shown)
    report.finish()


if __name__ == "__main__":
    main()
