"""Word vectors from the docstrings of Python: neighbours, analogies, classification.

The docstrings of Python's standard library are real texts that every Python has on its disk: some
180,000 words. That is little for word vectors: the example shows what they learn from it, and where
it is too little.

1. ``Word2VecTransformer`` is fitted to all of them, without labels. Words in similar contexts get
   similar vectors. Nearest neighbours of some words, and the rank of the right answer to ten
   analogies.
2. Documents as means of their word vectors, in a Pipeline before a logistic regression, compared
   with TF-IDF on the same folds: the subject of a docstring's module, of nine classes.
3. A grid search over the window and the pooling of word vectors, as over any other parameters.
4. The vectors saved in a file of the word2vec format, and loaded.
5. Some words in two dimensions.

    python examples/word_vectors.py --output output/word_vectors.png
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib import figure
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import load_docstrings
from skdl.estimators import LogisticRegression, Word2VecTransformer
from skdl.inspection import EmbeddingDisplay

SEED = 0
SEARCH_EPOCHS = 8
LITTLE_TEXT = {"max_epochs": 15, "lr": 0.05}  # more epochs, a higher rate than by default
SHOWN = ["thread", "socket", "directory", "month", "float"]
ANALOGIES = [  # the first is to the second as the third is to the last
    ("file", "files", "class", "classes"),
    ("string", "strings", "object", "objects"),
    ("read", "reading", "write", "writing"),
    ("encode", "encoded", "decode", "decoded"),
    ("ipv4address", "ipv6address", "ipv4network", "ipv6network"),
    ("min", "max", "minimum", "maximum"),
    ("start", "end", "first", "last"),
    ("read", "write", "input", "output"),
    ("server", "client", "request", "response"),
    ("width", "height", "left", "right"),
]
GRID = {
    "word2vectransformer__window": [2, 10],
    "word2vectransformer__pooling": ["mean", "max"],
}
GROUPS = {
    "time": ["year", "month", "day", "hour", "minute", "second", "week", "timezone"],
    "network": ["socket", "server", "client", "http", "connection", "port", "host", "url"],
    "files": ["file", "directory", "path", "filename", "folder", "zip", "archive"],
    "types": ["int", "float", "str", "bytes", "list", "tuple", "dict"],
    "concurrency": ["thread", "process", "lock", "queue", "coroutine", "task", "semaphore"],
    "windows": ["widget", "window", "button", "screen", "color", "canvas", "menu"],
}


def tell_neighbours(vectors):
    for word in SHOWN:
        near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.most_similar(word, 5))
        print(f"- {word}: {near}")


def tell_analogies(vectors):
    """Print the rank of the right answer among the ten best."""
    ranks = []
    for a, b, c, answer in ANALOGIES:
        found = [word for word, _ in vectors.analogy([b, c], a, topn=10)]
        ranks.append(found.index(answer) + 1 if answer in found else None)
        rank = f"answer {ranks[-1]}" if ranks[-1] else "not among the ten best answers"
        print(f"- {a} : {b} = {c} : {found[0]}?  {answer} is {rank}.")
    first, known = ranks.count(1), len(ranks) - ranks.count(None)
    print(
        f"- Of {len(ranks)} questions {first} answered right, {known} among the ten best answers."
    )


def classifiers():
    """Two representations of documents, each before a logistic regression."""
    words = Word2VecTransformer(**LITTLE_TEXT, random_state=SEED)
    return {
        "TF-IDF": make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
        "word vectors": make_pipeline(words, StandardScaler(), LogisticRegression(C=0.1)),
    }


def compare(X, y):
    cv = StratifiedKFold(3, shuffle=True, random_state=SEED)
    means = {}
    for name, model in classifiers().items():
        start = time.perf_counter()
        scores = cross_val_score(model, X, y, cv=cv)
        means[name] = scores.mean()
        seconds = time.perf_counter() - start
        print(f"- {name}: accuracy {means[name]:.3f} ({scores.min():.3f} to {scores.max():.3f}), "
              f"{seconds:.1f} s")  # fmt: skip
    best, worst = sorted(means, key=means.get, reverse=True)
    points = 100 * (means[best] - means[worst])
    print(f"- {best} is {points:.1f} points better on these texts.")


def search(X, y):
    """Choose parameters of the word vectors by the accuracy of the classifier."""
    model = classifiers()["word vectors"]
    model.set_params(word2vectransformer__max_epochs=SEARCH_EPOCHS)
    cv = StratifiedKFold(2, shuffle=True, random_state=SEED)
    found = GridSearchCV(model, GRID, cv=cv, refit=False).fit(X, y)
    results = found.cv_results_
    for params, score in zip(results["params"], results["mean_test_score"], strict=True):
        chosen = " (chosen)" if params == found.best_params_ else ""
        named = ", ".join(f"{name.partition('__')[2]}={value}" for name, value in params.items())
        print(f"- {named}: {score:.3f}{chosen}")


def through_a_file(vectors):
    """Save word vectors, and load them as an estimator."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "docstrings.txt.gz"
        vectors.save_word2vec_format(path)
        size = path.stat().st_size
        again = Word2VecTransformer.from_word2vec_format(path)
    same = np.array_equal(again.vectors_, vectors.vectors_)
    print(f"- {len(again.vocabulary_)} words in {size / 1e6:.1f} MB; the same vectors: {same}.")
    return again


def draw(vectors, path):
    picture = figure.Figure(figsize=(14, 6.5), layout="constrained")
    left, right = picture.subplots(1, 2)
    known = {name: [w for w in words if w in vectors.vocabulary_] for name, words in GROUPS.items()}
    EmbeddingDisplay.from_estimator(vectors, groups=known, ax=left)
    left.set_title("Six groups of words, by principal components")
    EmbeddingDisplay.from_estimator(vectors, n_words=80, method="tsne", ax=right, fontsize=8)
    right.set_title("The most frequent words but the very common ones, by t-SNE")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("output/word_vectors.png"))
    path = parser.parse_args().output
    X, y = load_docstrings(return_X_y=True)
    rows = np.random.default_rng(SEED).permutation(len(X))  # they are sorted by module
    X, y = [X[row] for row in rows], y[rows]

    start = time.perf_counter()
    vectors = Word2VecTransformer(**LITTLE_TEXT, random_state=SEED).fit(X)
    seconds = time.perf_counter() - start
    print(f"\n1. {len(X)} docstrings, {len(vectors.vocabulary_)} words, {seconds:.1f} s\n")
    tell_neighbours(vectors)
    tell_analogies(vectors)

    print("\n2. Classification of docstrings by the subject of their module, 3 folds\n")
    compare(X, y)

    print(f"\n3. GridSearchCV over the word vectors, {SEARCH_EPOCHS} epochs, 2 folds\n")
    search(X, y)

    print("\n4. Through a file of the word2vec format\n")
    again = through_a_file(vectors)
    near = ", ".join(word for word, _ in again.most_similar("thread", 3))
    print(f"- The nearest words to thread after loading: {near}.")

    draw(vectors, path)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
