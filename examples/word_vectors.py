"""
A map of words
==============

Word2Vec learns from texts alone, without labels, which words are used alike. From the docstrings of
Python's standard library this story learns vectors, asks for neighbours and analogies, classifies
documents with them, saves them, and draws two maps. The texts are on the disk of every Python; with
some 180,000 words they are few for word vectors, and the story shows what that is too little for.
"""

# %%
# Learning vectors
# ----------------
# ``Word2VecTransformer`` takes the texts as they are. For so little text it needs more epochs and a
# higher learning rate than by default.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.datasets import load_docstrings
from skdl.estimators import LogisticRegression, Word2VecTransformer
from skdl.inspection import EmbeddingDisplay
from skdl.model_selection import compare

X, y = load_docstrings(return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))  # they are sorted by module
X, y = [X[row] for row in rows], y[rows]

little_text = {"max_epochs": 15, "lr": 0.05}
vectors = Word2VecTransformer(**little_text, random_state=0).fit(X)
print(f"{len(X)} docstrings, vectors of {len(vectors.vocabulary_)} words")

# %%
# Neighbours
# ----------
# Words in similar contexts get similar vectors. The numbers are cosines.

for word in ["thread", "socket", "directory", "month", "float"]:
    near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.most_similar(word, 5))
    print(f"{word}: {near}")

# %%
# Analogies
# ---------
# "file is to files as class is to ...": the nearest words to *files - file + class*. On billions of
# words such questions are mostly answered right; here is what some 180,000 are enough for.

analogies = [
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
ranks = []
for a, b, c, answer in analogies:
    found = [word for word, _ in vectors.analogy([b, c], a, topn=10)]
    ranks.append(found.index(answer) + 1 if answer in found else None)
    place = "not among the ten best" if ranks[-1] is None else f"number {ranks[-1]}"
    print(f"{a} : {b} = {c} : {found[0]}?  ({answer} is {place})")
print(
    f"Of {len(ranks)} questions {ranks.count(1)} are answered right; of "
    f"{len(ranks) - ranks.count(None)} the right answer is among the ten best."
)

# %%
# Classifying documents
# ---------------------
# In a Pipeline a document is the mean of its word vectors. Which of nine subjects a docstring is
# about, by a logistic regression on these means, and on TF-IDF. The vectors are learned anew from
# the training texts of each fold.

models = {
    "TF-IDF": make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
    "word vectors": make_pipeline(
        Word2VecTransformer(**little_text), StandardScaler(), LogisticRegression(C=0.1)
    ),
}
cv = StratifiedKFold(3, shuffle=True, random_state=0)
comparison = compare(models, X, y, cv=cv, scoring="accuracy", random_state=0)
print(comparison)
best, other = comparison.table.index
points = 100 * (comparison.table["mean"][best] - comparison.table["mean"][other])
print(f"{best} is {points:.1f} points better on these texts.")

# %%
# Tuning
# ------
# Parameters of the vectors are tuned by the accuracy of the classifier, as those of any step. The
# folds are two and the epochs five, to be quick.

model = models["word vectors"].set_params(
    word2vectransformer__max_epochs=5, word2vectransformer__random_state=0
)
search = GridSearchCV(
    model,
    {"word2vectransformer__window": [2, 10], "word2vectransformer__pooling": ["mean", "max"]},
    cv=StratifiedKFold(2, shuffle=True, random_state=0),
    refit=False,
)
search.fit(X, y)
tried = pd.DataFrame(search.cv_results_["params"])
tried.columns = [name.partition("__")[2] for name in tried]
tried["accuracy"] = search.cv_results_["mean_test_score"]
print(tried.to_string(index=False, float_format="{:.3f}".format))
print(f"Chosen: {search.best_params_}")

# %%
# Saving
# ------
# The text format of word2vec is read by gensim and many other tools, and by skdl.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "docstrings.txt.gz"
    vectors.save_word2vec_format(file)
    again = Word2VecTransformer.from_word2vec_format(file)
    size = file.stat().st_size / 1e6
same = np.array_equal(again.vectors_, vectors.vectors_)
print(f"{len(again.vocabulary_)} words in {size:.1f} MB; the same vectors after loading: {same}.")

# %%
# The map
# -------
# Two dimensions cannot keep all distances. Principal components, on the left, keep the large ones:
# words that are far apart in the picture are far apart. t-SNE, on the right, keeps neighbours
# together, and distances between its clusters mean nothing.

groups = {
    "time": ["year", "month", "day", "hour", "minute", "second", "week", "timezone"],
    "network": ["socket", "server", "client", "http", "connection", "port", "host", "url"],
    "files": ["file", "directory", "path", "filename", "folder", "zip", "archive"],
    "types": ["int", "float", "str", "bytes", "list", "tuple", "dict"],
    "concurrency": ["thread", "process", "lock", "queue", "coroutine", "task", "semaphore"],
    "windows": ["widget", "window", "button", "screen", "color", "canvas", "menu"],
}
known = {  # another version of Python may lack a word
    name: [word for word in words if word in vectors.vocabulary_] for name, words in groups.items()
}
figure, (left, right) = plt.subplots(1, 2, figsize=(14, 6.5), layout="constrained")
EmbeddingDisplay.from_estimator(vectors, groups=known, ax=left)
left.set_title("Six groups of words, by principal components")
EmbeddingDisplay.from_estimator(vectors, n_words=80, method="tsne", ax=right, fontsize=8)
_ = right.set_title("The most frequent words but the very common ones, by t-SNE")

# %%
# A script without a display keeps the picture in a file.

path = Path("output/word_vectors.png")
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=110)
print(f"Figure: {path}")
