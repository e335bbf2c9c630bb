"""Default fits of many and of long texts: wall-clock seconds on all cores.

TransformerClassifier() with default parameters, on passages of the novels in the folder gutenberg
of SKDL_DATA, labelled by whether Dickens wrote them: 10,000 documents of 300 words (bar: 180 s),
50,000 of 20 to 60 words, as short reviews are (bar: 240 s), and 5,000 of 300. Beside them a linear
support vector machine on tf-idf of words and pairs of words. Predictions are for the training rows.
"""

import sys
from time import perf_counter

import numpy as np
import pandas as pd
from _corpora import novels
from _report import Report

from skdl.estimators import LinearSVC, TransformerClassifier
from skdl.pipelines import make_text_classifier

DICKENS = ("David-Copperfield", "Great-Expectations", "A-Tale-of-Two-Cities")
# Name: (number of documents, words of each, bar in seconds)
TASKS = {
    "5,000 x 300 words": (5000, (300, 300), np.nan),
    "10,000 x 300 words": (10_000, (300, 300), 180),
    "50,000 x 20 to 60 words": (50_000, (20, 60), 240),
}


def documents(n_documents, n_words):
    """Passages in random order and their labels."""
    rng = np.random.default_rng(0)
    made, labels = [], []
    for name, text in novels().items():
        words = text.split()
        ends = np.cumsum(rng.integers(n_words[0], n_words[1] + 1, size=len(words) // n_words[0]))
        ends = ends[ends <= len(words)]
        starts = np.concatenate([[0], ends[:-1]])
        made += [" ".join(words[a:b]) for a, b in zip(starts, ends, strict=True)]
        labels += [name.startswith(DICKENS)] * len(ends)
    rows = rng.permutation(len(made))[:n_documents]
    return [made[row] for row in rows], np.array(labels)[rows]


def seconds(call, *args):
    start = perf_counter()
    result = call(*args)
    return result, perf_counter() - start


def main() -> None:
    report = Report(__doc__)
    rows = {}
    for name, (n_documents, n_words, bar) in TASKS.items():
        X, y = documents(n_documents // (100 if report.quick else 1), n_words)
        ours, fit = seconds(TransformerClassifier(random_state=0).fit, X, y)
        _, predict = seconds(ours.predict, X)
        _, svc = seconds(make_text_classifier(LinearSVC(random_state=0)).fit, X, y)
        rows[name] = {
            "documents": len(X),
            "fit s": fit,
            "bar": bar,
            "predict s": predict,
            "fit s, LinearSVC": svc,
            "epochs": ours.n_iter_,
            "max_length": ours._tokenization.max_length,
            "weight": ours.network_weight_,
        }
        print(name, rows[name], file=sys.stderr)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("texts")
    report.table("Default fits of texts", table)
    report.finish()


if __name__ == "__main__":
    main()
