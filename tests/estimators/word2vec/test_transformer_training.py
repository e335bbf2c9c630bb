"""Training of Word2VecTransformer: history, callbacks, interrupts, and what is learned."""

import os
import pickle
import signal
import threading

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from skorch.callbacks import Callback

from skdl.datasets import load_docstrings
from skdl.estimators import Word2VecTransformer
from skdl.estimators.word2vec import _network_outputs
from tests.estimators.word2vec.transformers import (
    ANIMALS,
    DOCSTRINGS,
    NEW,
    OTHERS,
    SMALL,
    TEXTS,
    assert_as_before,
    assert_same,
    distance_of_topics,
    every_model,
    fit,
    learn,
    learned,
    same_model,
    state_of,
    word2vec,
)
from tests.fits import InterruptsIn

# Training ----------------------------------------------------------------------------------------


def test_the_rate_falls_linearly_to_min_lr():
    rates = fit(DOCSTRINGS, max_epochs=4, lr=0.05, min_lr=0.01).history_["lr"]
    np.testing.assert_allclose(rates, [0.04, 0.03, 0.02, 0.01], atol=2e-3)
    constant = fit(lr=0.05, min_lr=0.05).history_["lr"]
    np.testing.assert_allclose(constant, 0.05)


@every_model
def test_loss_falls(algorithm, objective):
    losses = learn(algorithm, objective).history_["train_loss"]
    assert losses.iloc[-1] < 0.95 * losses.iloc[0]


class Watches(Callback):
    """Counts events."""

    def on_train_begin(self, net, **kwargs):
        self.epochs, self.batches, self.ends, self.losses = 0, 0, 0, []

    def on_epoch_end(self, net, **kwargs):
        self.epochs += 1
        self.losses.append(net.history[-1, "train_loss"])

    def on_train_end(self, net, **kwargs):
        self.ends += 1


class WatchesBatches(Watches):
    """And batches."""

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        assert training
        self.batches += 1


def watcher(model):
    return next(callback for _, callback in model.net_.callbacks_)


@pytest.mark.parametrize("cls", [Watches, WatchesBatches])
def test_callbacks_run_and_change_nothing(cls):
    model = fit(max_epochs=3, callbacks=[("watch", cls())])
    seen = watcher(model)
    assert (seen.epochs, seen.ends) == (3, 1)
    assert seen.batches >= 3 * (cls is WatchesBatches)
    np.testing.assert_allclose(seen.losses, model.history_["train_loss"])
    assert same_model(model, fit(max_epochs=3))


def test_callbacks_stop_and_checkpoint(tmp_path):
    stopping = skorch.callbacks.EarlyStopping(
        "train_loss", patience=1, threshold=9, threshold_mode="abs", sink=lambda *_: None
    )
    assert fit(max_epochs=9, callbacks=[stopping]).n_iter_ < 9
    kept = skorch.callbacks.Checkpoint("train_loss_best", dirname=tmp_path, sink=lambda *_: None)
    model = fit(callbacks=[kept])
    weights = torch.load(tmp_path / "params.pt")
    assert_same(weights["input_embedding.weight"], model.vectors_)


def test_progress(capfd):
    fit(verbose=1)
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2" in err
    assert "train_loss=" in err
    fit(verbose=2).partial_fit(TEXTS)
    out, err = capfd.readouterr()
    assert err == ""
    assert len(out.splitlines()) >= 3
    assert "train_loss" in out


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vector_size", [8, 9]),
        ("window", [1, 2, 5]),
        ("algorithm", ["skip-gram", "cbow"]),
        ("objective", ["negative", "hierarchical"]),
        ("negative", [1, 5, 20]),
        ("ns_exponent", [0.75, 0, -0.5]),
        ("sample", [0, 1e-2, 1e-4]),
        ("lr", [0.025, 0.05]),
        ("min_lr", [1e-4, 0.02]),
        ("max_epochs", [1, 2]),
        ("batch_size", [1, 32, 256]),
    ],
)
def test_every_parameter_of_training_counts(name, values):
    found = {fit(**{name: value}).vectors_.tobytes() for value in values}
    assert len(found) == len(values)


def test_batch_size_auto_is_what_it_says():
    documents = TEXTS * 10
    assert same_model(fit(documents, batch_size=512), fit(documents))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_model
def test_cuda(algorithm, objective):
    model = learn(algorithm, objective, device="cuda")
    assert model.device_.startswith("cuda")
    assert distance_of_topics(model) > 0.3
    table = model.transform(TEXTS)
    twin = pickle.loads(pickle.dumps(model)).to("cpu")
    assert twin.device_ == "cpu"
    assert_same(twin.transform(TEXTS), table)
    twin.set_params(device="cpu").partial_fit(TEXTS)
    assert model.partial_fit(["entirely new words"] * 9).vectors_.shape[0] == 23


# Interrupts and failures -------------------------------------------------------------------------


class InterruptsBetween(InterruptsIn):
    """Ctrl-C between two epochs."""

    def on_batch_end(self, net, **kwargs):
        """Nothing."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


class Spoils(InterruptsIn):
    """Makes the vectors NaN."""

    def on_batch_end(self, net, training=False, **kwargs):
        if len(net.history) == self.epoch:
            net.module_.input_embedding.weight.data.fill_(torch.nan)


FAILURES = [
    ({"callbacks": [InterruptsIn(3)]}, KeyboardInterrupt, NEW),
    ({"callbacks": [Spoils(3)]}, ValueError, NEW),
    ({}, ValueError, [*NEW, None]),
    ({"negative": 0}, ValueError, NEW),
    ({"lr": -1.0}, ValueError, NEW),
]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(("params", "error", "X"), FAILURES, ids=lambda v: str(v)[:30])
@every_model
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(
    method, params, error, X, algorithm, objective
):
    """It has all of an earlier fit, or nothing."""
    if objective == "hierarchical" and "negative" in params:
        pytest.skip("it has no negative samples")
    chosen = {"algorithm": algorithm, "objective": objective}
    fresh = word2vec(**chosen, **{**params, "max_epochs": 3})
    n_epochs = {"fit": 3, "partial_fit": 1}[method]
    if "callbacks" in params:
        fresh.callbacks = [type(params["callbacks"][0])(n_epochs)]
    with pytest.raises(error):
        getattr(fresh, method)(X)
    assert learned(fresh) == set()
    model = fit(**chosen)
    before, table, params_before = state_of(model), model.transform(TEXTS), model.get_params()
    model.set_params(**params, max_epochs=3)
    with pytest.raises(error):
        getattr(model, method)(X)
    assert_as_before(model, before)
    model.set_params(**params_before)
    assert_same(model.transform(TEXTS), table)
    assert same_model(model.partial_fit(NEW), fit(**chosen).partial_fit(NEW))


def test_ctrl_c_between_epochs_ends_a_fit():
    model = word2vec(callbacks=[InterruptsBetween(1)], max_epochs=9)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS)
    assert learned(model) == set()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_ends_a_fit_wherever_it_is(n_threads):
    model = word2vec(max_epochs=10**6, deterministic=n_threads == 1)
    n_before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(TEXTS * 30)
        n_after = torch.get_num_threads()
    finally:
        timer.cancel()
        torch.set_num_threads(n_before)
    assert n_after == n_threads
    assert learned(model) == set()
    assert same_model(model.set_params(**SMALL, deterministic=True).fit(TEXTS), fit())


# What is learned ---------------------------------------------------------------------------------


@every_model
def test_words_of_a_topic_are_nearer(algorithm, objective):
    model = learn(algorithm, objective, max_epochs=10)  # more would overfit
    assert distance_of_topics(model) > 0.3
    for word in ANIMALS:
        nearest = [other for other, _ in model.most_similar(word, topn=3)]
        assert set(nearest) <= set(ANIMALS + OTHERS)
    assert distance_of_topics(learn(algorithm, objective, lr=1e-6, min_lr=0)) < 0.1


@every_model
def test_no_window_reaches_into_another_document(algorithm, objective):
    """The last word of a document always precedes the first of the next, with no effect."""
    if objective == "hierarchical":
        pytest.skip("its outputs are not words")
    documents = [[f"first{i}", f"last{i}"] for i in range(40)]

    def scores(X):
        """The score of each word with the next one."""
        model = fit(X, algorithm=algorithm, max_epochs=40, lr=0.05)
        rows = [model.vocabulary_[word] for words in documents for word in words]
        outputs = model.module_.output_embedding.weight.detach().numpy()
        return (model.vectors_[rows[:-1]] * outputs[rows[1:]]).sum(1)

    apart, together = scores(documents * 50), scores([sum(documents, [])] * 50)
    assert apart[::2].mean() > apart[1::2].mean() + 1
    within, between = together[::2], together[1::2]
    chance = np.sqrt(within.var() / len(within) + between.var() / len(between))
    assert abs(within.mean() - between.mean()) < 3 * chance


def tree_of(vectors, words):
    """The paths of gensim's tree, as :func:`huffman_paths` returns them."""
    paths = [(vectors.get_vecattr(w, "point"), vectors.get_vecattr(w, "code")) for w in words]
    lengths = torch.tensor([len(code) for _, code in paths])
    nodes = torch.zeros(len(words), int(lengths.max()), dtype=torch.int64)
    codes = torch.zeros_like(nodes, dtype=torch.bool)
    for row, (points, code) in enumerate(paths):
        nodes[row, : len(code)] = torch.from_numpy(np.asarray(points, dtype=np.int64))
        codes[row, : len(code)] = torch.from_numpy(np.asarray(code, dtype=bool))
    return nodes, codes, lengths


@every_model
def test_neighbours_are_often_those_of_gensim(algorithm, objective, monkeypatch):
    """With the same tree: results depend on how ties of counts are resolved in it."""
    gensim = pytest.importorskip("gensim.models")
    documents = [CountVectorizer().build_analyzer()(text) for text in load_docstrings().data[:500]]
    hierarchical = objective == "hierarchical"
    peer = gensim.Word2Vec(
        documents,
        vector_size=50,
        sg=algorithm == "skip-gram",
        hs=hierarchical,
        negative=0 if hierarchical else 5,
        epochs=15,
        alpha=0.05,
        workers=1,
        seed=1,
    ).wv
    model = Word2VecTransformer(
        50,
        algorithm=algorithm,
        objective=objective,
        min_count=5,
        max_epochs=15,
        lr=0.05,
        device="cpu",
        random_state=0,
    )
    words = list(clone(model).set_params(max_epochs=1).fit(documents).vocabulary_)
    if hierarchical:
        monkeypatch.setattr(_network_outputs, "huffman_paths", lambda counts: tree_of(peer, words))
    model.fit(documents)
    shared = [
        len(
            {other for other, _ in model.most_similar(word, 10)}
            & {other for other, _ in peer.most_similar(word, topn=10)}
        )
        for word in words[:200]
    ]
    chance = 10 * 10 / len(words)
    assert np.mean(shared) > 20 * chance
