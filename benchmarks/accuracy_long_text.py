"""Accuracy on long texts: TransformerClassifier() compared with TF-IDF and LinearSVC.

The documents are made of texts that ``skdl.datasets`` reads, and of the novels in the folder
gutenberg of SKDL_DATA. Bar: not below the linear model beside the Transformer but for noise.

- subj-mixed: 12 sentences, 7 of one class of subj and 5 of the other; the label is the class of the
  seven. Test documents are made of sentences of their own. 290 words.
- poets-mixed: 8 poems of four Chinese poets, 5 of them of one; the label is that poet. Test
  documents are made of poems of their own. 660 characters.
- sources-mixed: 12 Chinese sentences, 7 of them of Wikipedia and 5 translated for learners of
  Chinese, or the other way round (the folders ud-chinese-gsdsimp and tatoeba-en-zh of SKDL_DATA);
  the label is the source of the seven. Test documents are made of sentences of their own. 340
  characters. The treebank has 1,000 sentences: they make 120 training documents.
- genres: passages of 300 words of the documents of the English Web Treebank (the folder
  ud-english-ewt of SKDL_DATA); the label is one of five genres. Test passages are of documents of
  their own, a third of all.
- docstrings: those of Python's standard library, 300 words of one module together; the label is the
  module's subject. Test documents are of modules of their own, a third of all.
- novels: passages of 300 words; whether Dickens wrote them. The tests are on books of their own:
  linear models, and cross-validation too, mostly know the training books.

"linear model" is that of n-grams beside the Transformer, alone; "network" is the Transformer alone;
"weight" is ``network_weight_``. "cpu s" is the processor time of a fit.

    SKDL_DATA=... python benchmarks/accuracy_long_text.py --write
    SKDL_DATA=... python benchmarks/accuracy_long_text.py --sets poets-mixed --seeds 1
"""

import argparse
import copy
import lzma
from functools import partial
from time import process_time

import _corpora
import numpy as np
import pandas as pd
from _report import Report
from sklearn.model_selection import StratifiedGroupKFold

from skdl.datasets import fetch_subj, fetch_tang_poetry, fetch_ud_sentences, load_docstrings
from skdl.estimators import LinearSVC, TransformerClassifier
from skdl.pipelines import make_text_classifier

N_TEST = 1000
PASSAGE, FIRST, LAST = 300, 1000, 500  # words; of each book, those of front and back are left out
TRAIN_BOOKS = {
    "Dickens": ("David-Copperfield", "Great-Expectations"),
    "other": ("Middlemarch", "Jane-Eyre", "Moby-Dick", "Dracula"),
}
TEST_BOOKS = {
    "Dickens": ("A-Tale-of-Two-Cities",),
    "other": ("Pride-and-Prejudice", "The-Adventures-of-Sherlock", "Don-Quixote"),
}


# Sets: each gives (X, y, X_test, y_test) ----------------------------------------------------------


def mixed(load, n_parts, n_own, separator, n_train, seed, most=None):
    """Documents of texts of several classes, labelled by the class of most.

    ``most`` is how many training documents there are at most: where texts come back in many of
    them, folds do not tell what generalizes.
    """
    texts, y = load()
    rng = np.random.default_rng(seed)
    is_test = rng.random(len(y)) < 0.3

    def documents(rows, n_documents):
        made, labels = [], []
        for i in range(n_documents):
            label = np.unique(y)[i % len(np.unique(y))]
            own, others = rows[y[rows] == label], rows[y[rows] != label]
            chosen = [
                *rng.choice(own, n_own, replace=False),
                *rng.choice(others, n_parts - n_own, replace=False),
            ]
            made.append(separator.join(texts[row] for row in rng.permutation(chosen)))
            labels.append(label)
        return made, np.array(labels)

    train = documents(np.flatnonzero(~is_test), min(n_train, most or n_train))
    return (*train, *documents(np.flatnonzero(is_test), N_TEST))


def chinese_by_source():
    wikipedia = [
        text
        for split in ("valid", "test")
        for text in fetch_ud_sentences("chinese", split=split)[0]
    ]
    lines = read_lines("tatoeba-en-zh", "cmn.txt.xz")
    translated = dict.fromkeys(line.split("\t")[1] for line in lines)
    translated = [text for text in translated if len(text) >= 15]
    y = ["Wikipedia"] * len(wikipedia) + ["translated"] * len(translated)
    return wikipedia + translated, np.array(y)


def read_lines(folder, name):
    (file,) = _corpora.files_in(folder, name)
    return lzma.decompress(file.read_bytes()).decode().splitlines()


def of_groups(load, n_train, seed):
    """Passages; those of a third of the groups are the test.

    There are no more training passages than some hundreds, whatever ``n_train`` is.
    """
    groups = load()
    found = [
        (" ".join(words[start : start + PASSAGE]), label, group)
        for group, (label, words) in groups.items()
        for start in range(0, len(words), PASSAGE)
        if len(words) - start >= PASSAGE // 2
    ]
    X, y, group = map(np.array, zip(*found, strict=True))
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=seed).split(X, y, group)
    train, test = next(folds)
    train = train[:n_train]
    return X[train].tolist(), y[train], X[test].tolist(), y[test]


def modules():
    """The subject and the words of the docstrings of each module."""
    corpus = load_docstrings()
    found = {}
    for text, subject, module in zip(corpus.data, corpus.target, corpus.groups, strict=True):
        found.setdefault(module, (subject, []))[1].extend(text.split())
    return found


def web_pages():
    """The genre and the words of each document of the treebank."""
    found = {}
    for line in read_lines("ud-english-ewt", "en_ewt-ud-train.conllu.xz"):
        if line.startswith("# newdoc id = "):
            name = line.removeprefix("# newdoc id = ")
            words = found.setdefault(name, (name.split("-")[0], []))[1]
        elif line.startswith("# text = "):
            words += line.removeprefix("# text = ").split()
    return found


def novels(n_train, seed):
    rng = np.random.default_rng(seed)

    def passages_of(books, n_passages):
        made, labels = [], []
        for label, names in books.items():
            for name in names:
                found = passages(name)
                rows = rng.permutation(len(found))[: n_passages // len(books) // len(names)]
                made += [found[row] for row in rows]
                labels += [label] * len(rows)
        return made, np.array(labels)

    return (*passages_of(TRAIN_BOOKS, n_train), *passages_of(TEST_BOOKS, N_TEST))


def passages(book):
    words = next(text for name, text in _corpora.novels().items() if name.startswith(book)).split()
    starts = range(FIRST, len(words) - LAST - PASSAGE, PASSAGE)
    return [" ".join(words[start : start + PASSAGE]) for start in starts]


SETS = {
    "subj-mixed": partial(mixed, fetch_subj, 12, 7, " "),
    "poets-mixed": partial(mixed, partial(fetch_tang_poetry, n_authors=4), 8, 5, ""),
    "sources-mixed": partial(mixed, chinese_by_source, 12, 7, "", most=120),
    "docstrings": partial(of_groups, modules),
    "genres": partial(of_groups, web_pages),
    "novels": novels,
}
CHINESE = {"poets-mixed", "sources-mixed"}


# Measuring ----------------------------------------------------------------------------------------


def measured(name, n_train, seed, params):
    """A row of the table: accuracies and processor times."""
    X, y, X_test, y_test = SETS[name](n_train, seed)
    start = process_time()
    analyzer = "char" if name in CHINESE else "word"
    svc = make_text_classifier(LinearSVC(random_state=seed), analyzer=analyzer).fit(X, y)
    of_svc = process_time() - start
    start = process_time()
    ours = TransformerClassifier(random_state=seed, **params).fit(X, y)
    of_ours = process_time() - start
    scores = ours._ngram_model.scores(list(X_test))
    network = copy.copy(ours)
    network._ngram_model = None
    row = {
        "set": name,
        "train": len(y),
        "ours": ours.score(X_test, y_test),
        "linear model": float(np.mean(ours.classes_[scores.argmax(1)] == y_test)),
        "network": network.score(X_test, y_test),
        "LinearSVC": svc.score(X_test, y_test),
        "weight": ours.network_weight_,
        "epochs": ours.n_iter_,
        "max_length": ours._tokenization.max_length,
        "cpu s": of_ours,
        "cpu s, LinearSVC": of_svc,
    }
    print(*row.values(), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=lambda names: names.split(","), default=[*SETS])
    parser.add_argument("--sizes", type=lambda sizes: [*map(int, sizes.split(","))])
    parser.add_argument("--seeds", type=int, default=2)
    report = Report(__doc__, parser)
    sizes, params = report.args.sizes or [1500, 5000], {}
    if report.quick:
        sizes, params = [120], {"max_epochs": 1, "max_length": 16}
    rows = [
        {**measured(name, size, seed, params), "size": size}
        for name in report.args.sets
        for size in sizes
        for seed in range(1 if report.quick else report.args.seeds)
    ]
    table = pd.DataFrame(rows).groupby(["set", "size"], sort=False).mean()
    report.table("Accuracy, means of seeds", table.reset_index(level=1, drop=True))
    report.finish()


if __name__ == "__main__":
    main()
