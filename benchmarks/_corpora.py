"""Corpora, and fits by gensim and by skdl, for word2vec_quality.py and word2vec_speed.py."""

from __future__ import annotations

import lzma
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from itertools import product
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from _report import threads
from skorch.callbacks import Callback

from skdl.datasets import (
    fetch_sms_spam,
    fetch_snips,
    fetch_subj,
    fetch_ud_sentences,
    get_data_home,
)
from skdl.estimators import Word2VecTransformer

GENSIM = "4.4.0"
MODELS = [*product(("skip-gram", "cbow"), ("negative", "hierarchical"))]
# Parameters of both, by skdl's names: the defaults of gensim except for the algorithm.
SHARED: dict[str, Any] = {
    "vector_size": 100,
    "window": 5,
    "min_count": 5,
    "negative": 5,
    "ns_exponent": 0.75,
    "sample": 1e-3,
    "lr": 0.025,
    "min_lr": 1e-4,
}

Documents = Iterable[list[str]]


# Corpora -----------------------------------------------------------------------------------------


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def gutenberg() -> list[list[str]]:
    """The paragraphs of 13 novels, each a list of words in lower case."""
    paragraphs = []
    for novel in novels().values():
        paragraphs += re.split(r"\n\s*\n", novel)
    return [words for words in map(words_of, paragraphs) if words]


@cache
def novels() -> dict[str, str]:
    """Names and texts of 13 novels."""
    texts = {}
    for path in files_in("gutenberg", "*.txt.xz"):
        with lzma.open(path, "rt", encoding="utf-8-sig") as novel:
            texts[path.name.partition("_")[0]] = novel.read()
    return texts


def joined() -> list[list[str]]:
    """The novels, and the texts of sms-spam, subj and the training parts of two others."""
    parts = [fetch_sms_spam(), fetch_subj(), fetch_snips(split="train")]
    parts.append(fetch_ud_sentences("english", split="train"))
    return gutenberg() + [words_of(text) for texts, _ in parts for text in texts]


def poems() -> list[str]:
    """The poems of the Tang dynasty, in traditional characters."""
    path = files_in("tang-poetry", "poet.tang.tsv*")[0]
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
        return [poem for line in lines if (poem := line.rstrip("\n").rpartition("\t")[2])]


def files_in(folder: str, pattern: str) -> list[Any]:
    """The files of a folder of the data home; exits with a message if there are none."""
    found = sorted((get_data_home() / folder).glob(pattern))
    if not found:
        sys.exit(
            f"{folder}/{pattern} must be in the data folder: set SKDL_DATA to one that has it."
        )
    return found


# Fits --------------------------------------------------------------------------------------------


class Fitted(NamedTuple):
    """Words by decreasing frequency, their vectors, and the time of training."""

    words: list[str]
    vectors: np.ndarray
    seconds: float  # of training, without building the vocabulary
    cpu_seconds: float  # of all threads
    model: Any


def need_gensim() -> None:
    """Exit with a message if gensim is missing."""
    if find_spec("gensim") is None:
        sys.exit(
            f"This compares with gensim, which skdl does not need: pip install gensim=={GENSIM}"
        )


def gensim_model(
    algorithm: str, objective: str, *, n_threads: int, n_epochs: int, seed: int, **params: Any
) -> Any:
    """gensim's model with the same parameters."""
    from gensim.models import Word2Vec

    params = {**SHARED, **params}
    if objective == "hierarchical":
        params["negative"] = 0
    return Word2Vec(
        sg=int(algorithm == "skip-gram"),
        hs=int(objective == "hierarchical"),
        alpha=params.pop("lr"),
        min_alpha=params.pop("min_lr"),
        epochs=n_epochs,
        workers=n_threads,
        seed=seed,
        **params,
    )


def fit_gensim(documents: Documents, algorithm: str, objective: str, **options: Any) -> Fitted:
    model = gensim_model(algorithm, objective, **options)
    model.build_vocab(documents)
    start, cpu_start = perf_counter(), process_time()
    model.train(documents, total_examples=model.corpus_count, epochs=model.epochs)
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
    return Fitted(model.wv.index_to_key, model.wv.vectors, seconds, cpu_seconds, model)


class Stopwatch(Callback):
    """Wall-clock and CPU seconds of the last training, on the class: fits copy callbacks."""

    start = seconds = (0.0, 0.0)

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        Stopwatch.start = perf_counter(), process_time()

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        start, cpu_start = Stopwatch.start
        Stopwatch.seconds = perf_counter() - start, process_time() - cpu_start


def fit_skdl(
    documents: Any,
    algorithm: str,
    objective: str,
    *,
    n_threads: int,
    n_epochs: int,
    seed: int,
    device: str = "cpu",
    **params: Any,
) -> Fitted:
    model = Word2VecTransformer(
        algorithm=algorithm,
        objective=objective,
        max_epochs=n_epochs,
        device=device,
        random_state=seed,
        callbacks=[Stopwatch()],
        **{**SHARED, **params},
    )
    with threads(n_threads):
        model.fit(documents)
    return Fitted(list(model.vocabulary_), model.vectors_, *Stopwatch.seconds, model)


def check_same_words(ours: Fitted, peer: Fitted) -> None:
    """Raise RuntimeError if the two vocabularies differ."""
    if differing := set(ours.words) ^ set(peer.words):
        some = sorted(differing)[:5]
        raise RuntimeError(f"The vocabularies differ in {len(differing)} words, such as {some}.")
