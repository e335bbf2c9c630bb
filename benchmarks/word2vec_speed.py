"""Word vectors: speed and memory of Word2VecTransformer compared with gensim.

All have the same tokens and the same parameters, gensim's defaults; the text is 13 novels
("gutenberg"), a list of words for each paragraph. Medians of interleaved rounds, after a warm-up
round.

- train: words of the text per second, before rare words are left out and frequent ones subsampled.
  One epoch; the vocabulary is built before. With one thread there is a second figure, words per
  second of CPU time, which other processes on the machine disturb less; it includes gensim's reader
  of documents, a thread beside its worker. With two threads, ours is there with
  ``deterministic=False``, which trains as gensim's workers do, and with ``deterministic=True``.
- vocabulary: from lists of words to the start of training: ours reads, counts, chooses and numbers
  all words of the text; gensim's ``build_vocab`` counts and chooses, and looks the words up in each
  epoch of the training.
- transform: documents to their mean vectors, compared with the list comprehension over
  ``KeyedVectors`` and with its ``get_mean_vector``; the same vectors.
- memory: the peak resident memory of a process that fits from a file, one document a line; and the
  difference to a process that only imports the library and reads through the file. Also for 300,000
  words that occur five times each, where most of the memory is that of the vectors.
- gpu: training on CUDA, compared with the CPU and gensim's workers; left out where there is no
  CUDA.

    python benchmarks/word2vec_speed.py --write
    python benchmarks/word2vec_speed.py --parts gpu --rounds 3

The novels are read from the folder gutenberg in the one that SKDL_DATA names.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _corpora import (
    MODELS,
    SHARED,
    fit_gensim,
    fit_skdl,
    gensim_model,
    gutenberg,
    need_gensim,
)
from _report import PEER_THREADS, Report, median

from skdl.estimators.word2vec._corpus import read_corpus
from skdl.estimators.word2vec._vocabulary import choose_vocabulary

PARTS = ("train", "vocabulary", "transform", "memory", "gpu")
PEER, OURS, HOGWILD = "gensim", "skdl", "skdl, deterministic=False"


# Training ----------------------------------------------------------------------------------------


def timed(jobs, n_rounds):
    """Wall-clock and CPU seconds of each job in each round after the warm-up."""
    seconds = {key: [] for key in jobs}
    for n_round in range(n_rounds + 1):
        for key, job in jobs.items():
            gc.collect()
            fitted = job()
            if n_round:
                seconds[key].append((fitted.seconds, fitted.cpu_seconds))
            print("  ", *key, f"{fitted.seconds:.2f} s, {fitted.cpu_seconds:.2f}", file=sys.stderr)
    return seconds


def training(report, documents, n_rounds):
    """Training of all models by both sides, with each number of threads."""
    jobs = {}
    for model in MODELS:
        for n_threads in PEER_THREADS:
            options = {"n_threads": n_threads, "n_epochs": 1, "seed": 0}
            sides = {PEER: partial(fit_gensim, **options), OURS: partial(fit_skdl, **options)}
            if n_threads > 1:
                sides[HOGWILD] = partial(fit_skdl, **options, deterministic=False)
            for side, fit in sides.items():
                jobs[(", ".join(model), n_threads, side)] = partial(fit, documents, *model)
    seconds = timed(jobs, n_rounds)
    title = f"Training: {sum(map(len, documents)):,} words, one epoch"
    report.table(title, speeds(documents, seconds))


def speeds(documents, seconds):
    """One row for each job: words per second, and their ratio to gensim's."""
    n_words = sum(map(len, documents)) / 1000
    table = []
    for (model, n_threads, side), runs in seconds.items():
        clock, cpu = ([run[i] for run in runs] for i in (0, 1))
        row = {"model": model, "side": side, "threads": n_threads}
        row["1,000 words/s"] = n_words / median(clock)
        row["slowest"], row["fastest"] = n_words / max(clock), n_words / min(clock)
        peers = seconds.get((model, n_threads, PEER))
        row["times gensim"] = times_as_fast(peers, runs, 0) if side != PEER else ""
        row["1,000 words/s of CPU"] = n_words / median(cpu) if n_threads == 1 else np.nan
        with_cpu = side != PEER and n_threads == 1
        row["times gensim, CPU"] = times_as_fast(peers, runs, 1) if with_cpu else ""
        table.append(row)
    return pd.DataFrame(table).set_index("model")


def times_as_fast(peers, runs, which):
    if peers is None:
        return ""
    return f"{median([run[which] for run in peers]) / median([run[which] for run in runs]):.2f}"


def on_cuda(report, documents, n_rounds):
    """Training on CUDA and on the CPU, and by gensim's workers where it is installed."""
    if not torch.cuda.is_available():
        report.say("CUDA: left out, torch finds no such device here.")
        return
    n_threads, jobs = PEER_THREADS[-1], {}
    options = {"n_threads": n_threads, "n_epochs": 1, "seed": 0}
    for model in MODELS:
        of_model = ", ".join(model), n_threads
        if find_spec("gensim") is not None:
            jobs[(*of_model, PEER)] = partial(fit_gensim, documents, *model, **options)
        ours = partial(fit_skdl, documents, *model, **options)
        jobs[(*of_model, "skdl on cuda")] = partial(ours, device="cuda")
        jobs[(*of_model, f"{HOGWILD}, on the CPU")] = partial(ours, deterministic=False)
    table = speeds(documents, timed(jobs, n_rounds))
    table = table.drop(columns=[name for name in table if "CPU" in name])
    report.table(
        f"CUDA: {sum(map(len, documents)):,} words, one epoch",
        table,
        f"Device: {torch.cuda.get_device_name()}.",
        "" if find_spec("gensim") else "gensim is not installed here.",
    )


# Vocabulary and documents ------------------------------------------------------------------------


def vocabularies(report, documents, n_rounds):
    def ours():
        words, counts, corpus = read_corpus(documents, str.split)
        order = choose_vocabulary(words, counts, SHARED["min_count"], None)
        return {words[i]: row for row, i in enumerate(order)}, corpus.renumbered(order, len(words))

    def peer():
        model = gensim_model("skip-gram", "negative", n_threads=1, n_epochs=1, seed=0)
        model.build_vocab(documents)
        return model.wv.key_to_index

    if differing := set(ours()[0]) ^ set(peer()):
        raise RuntimeError(f"The vocabularies differ in {len(differing)} words.")
    times = report.measure({OURS: ours}, {PEER: peer}, n_rounds=n_rounds, peer_threads=[1])
    title = f"Vocabulary: {sum(map(len, documents)):,} words in {len(documents):,} lists"
    report.table(title, times.drop(columns="threads"))
    report.ratios(times, [(OURS, PEER, "")], faster=True)


def transforms(report, documents, n_rounds):
    from gensim.models import KeyedVectors

    options = {"n_threads": 1, "n_epochs": 1, "seed": 0}
    fitted = fit_skdl(documents[:20_000], "skip-gram", "negative", **options)
    kv = KeyedVectors(fitted.vectors.shape[1])
    kv.add_vectors(fitted.words, fitted.vectors)
    words = list(chain.from_iterable(documents))
    for n_words in (20, 200):
        cut = [words[start : start + n_words] for start in range(0, len(words), n_words)]
        cut = cut[: 400_000 // n_words]
        jobs = {
            "loop over KeyedVectors": partial(by_loop, kv, cut),
            "get_mean_vector": partial(by_method, kv, cut),
        }
        transform = partial(fitted.model.transform, cut)
        for job in jobs.values():
            error = np.abs(transform() - job()).max()
            if error > 1e-4:
                raise RuntimeError(f"The means differ by up to {error:.2g}.")
        times = report.measure({OURS: transform}, jobs, n_rounds=n_rounds, peer_threads=[1])
        title = f"Documents to vectors: {len(cut):,} of {n_words} words, 100 dimensions"
        report.table(title, times.drop(columns="threads"))
        report.ratios(times, [(OURS, name, "") for name in jobs], faster=True)


def by_loop(kv, documents):
    """The usual list comprehension; a document without a known word would be an error."""
    return np.array([np.mean([kv[w] for w in doc if w in kv], axis=0) for doc in documents])


def by_method(kv, documents):
    return np.array([kv.get_mean_vector(doc, pre_normalize=False) for doc in documents])


# Memory ------------------------------------------------------------------------------------------

# Run in a separate process, with the name of the file. "VmHWM" is the peak of the process itself;
# getrusage may report that of the parent.
CHILD = """
import re, sys
{imports}

class Lines:
    def __iter__(self):
        with open(sys.argv[1], encoding="utf-8") as lines:
            yield from map(str.split, lines)

def main():
    {work}

if __name__ == "__main__":
    main()
    with open("/proc/self/status") as status:
        print(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1])
"""
IMPORTS = {
    PEER: "from gensim.models import Word2Vec",
    OURS: "from skdl.estimators import Word2VecTransformer",
}
READ = "for _ in Lines(): pass"
SKDL_FIT = (
    'Word2VecTransformer({2}, algorithm="{0}", objective="{1}", max_epochs=1, device="cpu", '
    "random_state=0).fit(Lines())"
)
GENSIM_FIT = (
    "Word2Vec(Lines(), vector_size={3}, sg={0}, hs={1}, negative={2}, epochs=1, workers=1, seed=0)"
)


def peak_of(imports, work, path):
    """Peak memory in MiB of a process that does the work."""
    code = CHILD.format(imports=imports, work=work)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return int(done.stdout) / 1024


def memory(report, documents, n_rounds):
    if not Path("/proc/self/status").exists():
        report.say("Memory: left out, this system has no /proc/self/status.")
        return
    n_runs = 1 if report.quick else min(3, n_rounds)
    report.table(*memory_table(documents, 100, MODELS, n_runs))
    many = many_words(3_000 if report.quick else 300_000)
    report.table(*memory_table(many, 200, [("skip-gram", "negative"), ("cbow", "negative")], 1))


def many_words(n_words):
    """A corpus in which each word occurs five times: memory depends on the number of vectors."""
    rng = np.random.default_rng(0)
    orders = (rng.permutation(n_words).reshape(-1, 100) for _ in range(5))
    return [[f"word{i}" for i in row] for row in np.concatenate(list(orders)).tolist()]


def memory_table(documents, vector_size, models, n_runs):
    table = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corpus.txt")
        path.write_text("\n".join(map(" ".join, documents)) + "\n", encoding="utf-8")
        base = {
            side: median([peak_of(imports, READ, path) for _ in range(n_runs)])
            for side, imports in IMPORTS.items()
        }
        for algorithm, objective in models:
            tree = objective == "hierarchical"
            for_gensim = int(algorithm == "skip-gram"), int(tree), 0 if tree else 5
            works = {
                PEER: GENSIM_FIT.format(*for_gensim, vector_size),
                OURS: SKDL_FIT.format(algorithm, objective, vector_size),
            }
            for side, work in works.items():
                peak = median([peak_of(IMPORTS[side], work, path) for _ in range(n_runs)])
                row = {"model": f"{algorithm}, {objective}", "side": side, "peak MiB": peak}
                row |= {"imports and reading MiB": base[side], "the rest MiB": peak - base[side]}
                table.append(row)
        size = path.stat().st_size / 2**20
    n_words = len(set(chain.from_iterable(documents)))
    title = (
        f"Memory: a fit from a file of {size:.1f} MiB, {len(documents):,} lines, {n_words:,} "
        f"different words, {vector_size} dimensions, one epoch"
    )
    return title, pd.DataFrame(table).set_index("model")


# The report --------------------------------------------------------------------------------------


def parts_of(names):
    parts = names.split(",")
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} not in {PARTS}")
    return parts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--parts", type=parts_of, default=PARTS, help=f"separated by commas: {', '.join(PARTS)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="after the warm-up; 5 by default")
    parser.add_argument("--words", type=int, help="of the text, all by default")
    report = Report(__doc__, parser)
    parts, n_rounds = report.args.parts, 1 if report.quick else report.args.rounds
    if set(parts) != {"gpu"}:
        need_gensim()
    if find_spec("gensim"):
        report.say(f"gensim {version('gensim')}, medians of {n_rounds} round(s).")
    documents = part_of(gutenberg(), report.args.words or (60_000 if report.quick else None))
    measures = (training, vocabularies, transforms, memory, on_cuda)
    for part, measure in zip(PARTS, measures, strict=True):
        if part in parts:
            measure(report, documents, n_rounds)
    report.finish()


def part_of(documents, n_words):
    """The first documents with about ``n_words`` words in all."""
    if n_words is None:
        return documents
    n_before = np.cumsum([0, *map(len, documents)])
    return list(islice(documents, int(np.searchsorted(n_before, n_words))))


if __name__ == "__main__":
    main()
