"""Texts: skdl compared with hand-written loops, the bare module, tokenizers and transformers.

Seconds of whole fits, predictions and searches, medians of interleaved rounds. All train the same
network, that of ``TransformerClassifier(linear_model=False)``, with AdamW at a constant rate, on
10,000 paragraphs of the docstrings of Python's standard library, truncated at 200 words: most are
short, few are long. Each peer runs with 1 and with 2 threads, and its better count is the one
shown.

Fit: one epoch. Ours with training of the tokenizer and tokenization, and with the tokens of an
earlier fit from the cache, as in a grid search; likewise the hand loop, after the tokenizers
library or alone. Batches of both are sorted by length with some noise, padded to their longest
text, in random order; fused AdamW; bfloat16 under ``torch.autocast`` where ours trains in it (CPUs
with matrix units for it). "padded to the longest" is the same loop over shuffled batches, each
padded to the longest text of all. ``transformers.Trainer`` (float32) trains the same module, which
returns the loss, from tokens: with its default random batches, each padded to its longest text, and
with ``train_sampling_strategy="group_by_length"``; without checkpoints, reports and progress bars.

Prediction: raw texts to probabilities. The bare module gets the tokens of the tokenizers library in
batches sorted by length, of the best of some sizes.

Long series: an epoch with default parameters on series of one channel, by their length.

Grid search: 4 candidates that share the tokenizer, 2 folds, one epoch of a small network on long
texts, with and without the cache of tokens.
"""

import argparse
import copy
import tempfile
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import torch
from _report import PEER_THREADS, Report, interleave, median
from sklearn.model_selection import GridSearchCV
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from skdl.datasets import load_docstrings
from skdl.engine._data import LENGTH_NOISE
from skdl.engine._scope import cpu_multiplies_bfloat16
from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer._tokenizers import CACHE, CACHE_BYTES

N_TEXTS, N_WORDS, MAX_LENGTH = 10_000, 200, 256
LR, WEIGHT_DECAY = 1e-3, 0.01
PARTS = ("fit", "trainer", "predict", "tokens", "lengths", "search")
LETTERS = {"a": PARTS[:2]} | {
    letter: (part,) for letter, part in zip("bcde", PARTS[2:], strict=True)
}

# AdamW at a constant rate, like the peers.
estimator = partial(
    TransformerClassifier,
    linear_model=False,
    max_length=MAX_LENGTH,
    max_epochs=1,
    lr=LR,
    weight_decay=WEIGHT_DECAY,
    lr_schedule="constant",
    warmup_fraction=0.0,
    gradient_clip=None,
    ema_decay=None,
    early_stopping=False,
    device="cpu",
    random_state=0,
)


def load_texts(n_texts):
    """Paragraphs of docstrings, and the family of their modules."""
    found = {}
    for text, family in zip(*load_docstrings(return_X_y=True), strict=True):
        for paragraph in text.split("\n\n"):
            words = paragraph.split()
            if len(words) >= 3:
                found.setdefault(" ".join(words[:N_WORDS]), family)
    texts, y = np.array([*found], dtype=object), np.array([*found.values()])
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(texts))[:n_texts]
    if len(rows) < n_texts:  # repeat some
        rows = np.concatenate([rows, rng.choice(rows, n_texts - len(rows))])
    return texts[rows].tolist(), y[rows]


# By hand -----------------------------------------------------------------------------------------


def tokenize_by_hand(texts):
    """Train a tokenizer of words, and tokenize all texts."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=20_000, min_frequency=2, special_tokens=["[PAD]", "[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer, encoded(tokenizer, texts)


def encoded(tokenizer, texts):
    return [torch.tensor(cut(found.ids)) for found in tokenizer.encode_batch_fast(texts)]


def cut(ids):
    """Truncate in the middle to ``MAX_LENGTH`` tokens."""
    half = MAX_LENGTH // 2
    return (ids if len(ids) <= MAX_LENGTH else ids[:half] + ids[-half:]) or [1]


def lengths_of(tokens):
    return torch.tensor([len(of_text) for of_text in tokens])


def padded(tokens, rows, n_steps=None):
    """Tokens (B, T) of some texts, padded to the longest or to ``n_steps``, and their lengths."""
    some = [tokens[row] for row in rows]
    x = pad_sequence(some, batch_first=True)
    if n_steps is not None:
        x = F.pad(x, (0, n_steps - x.shape[1]))
    return x, lengths_of(some)


def fit_by_hand(network, tokens, y, batch_size, *, mixed, by_length=True, n_steps=None):
    """One epoch over batches of texts of about the same length, or over random ones."""
    module = copy.deepcopy(network).train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=True)
    if by_length:
        lengths = lengths_of(tokens)
        order = torch.argsort(lengths * (1 + LENGTH_NOISE * torch.rand(len(tokens))))
    else:
        order = torch.randperm(len(tokens))
    batches = order.tensor_split(-(-len(tokens) // batch_size))
    for i in torch.randperm(len(batches)):
        x, lengths = padded(tokens, batches[i].tolist(), n_steps)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = F.cross_entropy(module(x, lengths), y[batches[i]])
        loss.backward()
        optimizer.step()
    return module.eval()


def tokenize_and_fit(network, texts, y, batch_size, *, mixed):
    return fit_by_hand(network, tokenize_by_hand(texts)[1], y, batch_size, mixed=mixed)


@torch.inference_mode()
def predict_by_hand(module, tokenizer, texts, batch_size):
    tokens = encoded(tokenizer, texts)
    order = torch.argsort(lengths_of(tokens))
    outputs = [module(*padded(tokens, rows.tolist())) for rows in order.split(batch_size)]
    probabilities = torch.cat(outputs).softmax(1)
    return torch.empty_like(probabilities).index_copy_(0, order, probabilities).numpy()


# transformers ------------------------------------------------------------------------------------


class WithLoss(nn.Module):
    """A module for ``transformers.Trainer``: it returns its loss."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, input_ids, lengths, labels):
        scores = self.module(input_ids, lengths)
        return {"loss": F.cross_entropy(scores, labels), "logits": scores}


def collate(rows):
    x, lengths = padded([row["input_ids"] for row in rows], range(len(rows)))
    return {"input_ids": x, "lengths": lengths, "labels": torch.stack([r["labels"] for r in rows])}


def fit_by_trainer(network, tokens, y, batch_size, folder, sampling):
    from transformers import PrinterCallback, Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=1,
        per_device_train_batch_size=batch_size,
        train_sampling_strategy=sampling,
        learning_rate=LR,
        weight_decay=WEIGHT_DECAY,
        optim="adamw_torch_fused",
        lr_scheduler_type="constant",
        max_grad_norm=0.0,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        remove_unused_columns=False,
    )
    rows = [{"input_ids": x, "labels": label} for x, label in zip(tokens, y, strict=True)]
    module = WithLoss(copy.deepcopy(network))
    trainer = Trainer(module, arguments, train_dataset=rows, data_collator=collate)
    trainer.remove_callback(PrinterCallback)
    trainer.train()


# Ours --------------------------------------------------------------------------------------------


def fit_uncached(X, y, **params):
    """A fit with tokenization."""
    CACHE.clear()
    return estimator(**params).fit(X, y)


def untrained(fitted):
    """The network of a fitted classifier with new weights."""
    network = copy.deepcopy(fitted.module_)
    for layer in network.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return network


# Parts -------------------------------------------------------------------------------------------


class Texts:
    """Texts, a classifier fitted to them, and their tokens, for the first parts."""

    def __init__(self, n_texts):
        self.X, y = load_texts(n_texts)
        self.classes, codes = np.unique(y, return_inverse=True)
        self.y, self.labels = y, torch.from_numpy(codes)
        self.fitted = estimator().fit(self.X, y)
        self.batch_size = self.fitted.net_.batch_size
        values, lengths = self.fitted._tokenization.ids(self.X)
        self.tokens = list(torch.from_numpy(values).long().split(lengths.tolist()))
        self.lengths = lengths

    def describe(self):
        middle, most = np.percentile(self.lengths, [50, 90]).astype(int)
        return (
            f"{len(self.X):,} texts of {self.lengths.min()} to {self.lengths.max()} tokens "
            f"(half under {middle}, nine tenths under {most}), batches of {self.batch_size}"
        )


OURS, CACHED, OURS_FLOAT32 = "fit", "fit, tokens cached", "fit, tokens cached, float32"
WITH_LINEAR = "fit, with the linear model"
HAND, HAND_TOKENS = "tokenizers + hand loop", "hand loop"
LONGEST, TRAINER, GROUPED = "padded to the longest", "Trainer", "Trainer, group_by_length"


def fits(report, texts):
    """Fits of skdl and of the hand-written loop over the same batches."""
    X, y, network, mixed = texts.X, texts.y, untrained(texts.fitted), cpu_multiplies_bfloat16()
    labels, batch_size = texts.labels, texts.batch_size
    ours = {
        OURS: lambda: fit_uncached(X, y),
        CACHED: lambda: estimator().fit(X, y),
        WITH_LINEAR: lambda: fit_uncached(X, y, linear_model=True),
    }
    peers = {
        HAND: partial(tokenize_and_fit, network, X, labels, batch_size, mixed=mixed),
        HAND_TOKENS: partial(fit_by_hand, network, texts.tokens, labels, batch_size, mixed=mixed),
    }
    times = report.measure(ours, peers, n_rounds=4)
    report.table(f"Fit: {texts.describe()}", times)
    bar = "at most 1.10"
    report.ratios(times, [(OURS, HAND, bar), (CACHED, HAND_TOKENS, bar), (WITH_LINEAR, HAND, "")])


def other_fits(report, texts):
    """Fits of skdl, of the hand loop with padding to the longest text, and of the Trainer."""
    X, y, network, mixed = texts.X, texts.y, untrained(texts.fitted), cpu_multiplies_bfloat16()
    data = texts.tokens, texts.labels, texts.batch_size
    ours = {
        CACHED: lambda: estimator().fit(X, y),
        OURS_FLOAT32: lambda: estimator(precision="float32").fit(X, y),
    }
    longest = int(texts.lengths.max())
    peers = {
        LONGEST: partial(fit_by_hand, network, *data, mixed=mixed, by_length=False, n_steps=longest)
    }
    missing = [name for name in ("transformers", "accelerate") if find_spec(name) is None]
    with tempfile.TemporaryDirectory() as folder:
        if not missing:
            trainer = partial(fit_by_trainer, network, *data, folder)
            peers[TRAINER] = partial(trainer, "random")
            peers[GROUPED] = partial(trainer, "group_by_length")
        times = report.measure(ours, peers, n_rounds=2, peer_threads=PEER_THREADS[-1:])
    report.table("Fit: padded to the longest text, and the Trainer", times)
    rows = [(CACHED, LONGEST, "at least 2")]
    if missing:
        report.say(f"The Trainer was not measured: {' and '.join(missing)} missing.")
    else:
        rows += [(CACHED, TRAINER, "at least 1.5"), (OURS_FLOAT32, TRAINER, "")]
        rows += [(CACHED, GROUPED, ""), (OURS_FLOAT32, GROUPED, "")]
    report.ratios(times, rows, faster=True)


def predictions(report, texts):
    X, fitted = texts.X, texts.fitted
    module, tokenizer = copy.deepcopy(fitted.module_).eval(), tokenize_by_hand(X)[0]

    def predict(model):
        CACHE.clear()
        return model.predict_proba(X)

    by_default = TransformerClassifier(max_epochs=1, device="cpu", random_state=0)
    by_default.fit(X[: len(X) // 10], texts.y[: len(X) // 10])
    full = "predict_proba, with the linear model"
    peers = {
        f"tokenizers + bare module, batch {size}": partial(
            predict_by_hand, module, tokenizer, X, size
        )
        for size in (32, 64, 128)
    }
    check_same(fitted.predict_proba(X), predict_by_hand(module, tokenizer, X, 64))
    ours = {"predict_proba": partial(predict, fitted), full: partial(predict, by_default)}
    times = report.measure(ours, peers, n_rounds=5)
    report.table(f"Prediction: {len(X):,} texts", times)
    best = times.loc[[*peers], "median s"].idxmin()
    report.ratios(times, [("predict_proba", best, "at most 1.15"), (full, best, "")])


def check_same(ours, theirs):
    """Raise RuntimeError if two results differ: their times could not be compared."""
    error = np.abs(ours - theirs).max()
    if error > 1e-4:
        raise RuntimeError(f"Predictions of the bare module differ by up to {error:.2g}.")


def tokenizing(report, texts):
    X, tokenization = texts.X, texts.fitted._tokenization
    tokenizer = tokenization.tokenizer

    def tokenize():
        CACHE.clear()
        return tokenization.ids(X)

    peers = {
        "encode_batch": lambda: tokenizer.encode_batch(X),
        "encode_batch, ids": lambda: [encoding.ids for encoding in tokenizer.encode_batch(X)],
        "encode_batch_fast": lambda: tokenizer.encode_batch_fast(X),
    }
    times = report.measure({"skdl": tokenize}, peers, n_rounds=9, peer_threads=[1])
    report.table(f"Tokens: {len(X):,} texts", times.drop(columns="threads"))
    report.ratios(times, [("skdl", "encode_batch", "about 1"), ("skdl", "encode_batch, ids", "")])


def series_lengths(report):
    """Time of an epoch with default parameters, by the length of the series."""
    n_series = 32 if report.quick else 256
    lengths = [256, 1024, 2048] if report.quick else [256, 512, 1024, 2048, 4096, 8192]
    rng = np.random.default_rng(0)
    y, jobs, patches = np.arange(n_series) % 2, {}, {}
    for n_steps in lengths:
        X = rng.standard_normal((n_series, n_steps)).astype(np.float32)
        model = TransformerClassifier(max_epochs=1, device="cpu", random_state=0)
        patches[n_steps] = model.fit(X, y).patch_size_
        jobs[n_steps] = partial(model.fit, X, y)
    seconds = interleave(jobs, 1 if report.quick else 5)
    base = median(seconds[1024])
    rows = [
        (n, patches[n], median(runs), median(runs) / base, f"{n / 1024:g}")
        for n, runs in seconds.items()
    ]
    columns = ["steps", "patch_size_", "median s", "times that of 1,024", "if linear"]
    table = pd.DataFrame(rows, columns=columns).set_index("steps")
    report.table(f"Long series: an epoch of {n_series}", table)


def searches(report):
    """A grid search with and without the cache of tokens."""
    n_texts = 30 if report.quick else 200
    documents, y = load_docstrings(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(y))[:n_texts]
    texts = [" ".join(documents[i] for i in rng.choice(len(y), 40)) for _ in rows]
    small = {"d_model": 16, "n_heads": 2, "n_layers": 1, "max_length": 64, "batch_size": 64}
    rows_of_table = {}
    for tokenizer in ("word", "bpe"):
        model = estimator(tokenizer=tokenizer, **small)
        search = partial(search_with, model, texts, y[rows])
        seconds = interleave(
            {"cached": partial(search, CACHE_BYTES), "not cached": partial(search, 0)},
            1 if report.quick else 3,
        )
        cached, uncached = median(seconds["cached"]), median(seconds["not cached"])
        saved = f"{100 * (1 - cached / uncached):.0f} %"
        rows_of_table[f'tokenizer="{tokenizer}"'] = (cached, uncached, saved)
    columns = ["tokens cached, median s", "not cached, median s", "saved"]
    table = pd.DataFrame.from_dict(rows_of_table, orient="index", columns=columns)
    n_words = sum(len(text.split()) for text in texts) // n_texts
    report.table(
        f"Grid search: 4 candidates, 2 folds, {n_texts} texts of {n_words:,} words",
        table.rename_axis("search"),
    )


def search_with(model, X, y, n_bytes):
    CACHE.clear()
    CACHE.max_bytes = n_bytes
    try:
        GridSearchCV(model, {"lr": [3e-4, 1e-3, 3e-3, 1e-2]}, cv=2, refit=False).fit(X, y)
    finally:
        CACHE.max_bytes = CACHE_BYTES


def parts_of(names):
    """The parts of names or letters, separated by commas."""
    parts = [part for name in names.split(",") for part in LETTERS.get(name, (name,))]
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} not in {PARTS}, nor a to e")
    return parts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--parts", type=parts_of, default=PARTS, help=f"separated by commas: {', '.join(PARTS)}"
    )
    report = Report(__doc__, parser)
    parts = report.args.parts
    if set(parts) & set(PARTS[:4]):
        texts = Texts(400 if report.quick else N_TEXTS)
        for part, measure in zip(PARTS, (fits, other_fits, predictions, tokenizing), strict=False):
            if part in parts:
                measure(report, texts)
    if "lengths" in parts:
        series_lengths(report)
    if "search" in parts:
        searches(report)
    report.finish()


if __name__ == "__main__":
    main()
