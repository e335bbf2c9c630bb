"""Word2VecTransformer: a transformer of documents, its vocabulary, what it learns, bad input."""

import copy
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pandas as pd
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils import estimator_checks, get_tags
from skorch.callbacks import Callback

from skdl.datasets import load_docstrings
from skdl.estimators import (
    LSTMClassifier,
    LSTMRegressor,
    TransformerClassifier,
    Word2VecTransformer,
)
from skdl.estimators.word2vec import _corpus
from skdl.estimators.word2vec import _network as _word2vec
from tests.fits import InterruptsIn, global_state

ANIMALS = ["cat", "dog", "horse", "mouse", "sheep", "goat", "bear", "wolf"]
TRAFFIC = ["car", "train", "ship", "plane", "tram", "truck", "ferry", "bike"]
OTHERS = ["the", "and", "very", "with"]
SMALL = {
    "vector_size": 8,
    "min_count": 1,
    "max_epochs": 2,
    "sample": 0,
    "device": "cpu",
    "random_state": 0,
}
EVERY_WAY = [(a, o) for a in ("skip-gram", "cbow") for o in ("negative", "hierarchical")]
every_way = pytest.mark.parametrize(("algorithm", "objective"), EVERY_WAY)
every_pooling = pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif", "none"])


def make_topics(n_documents=120, n_words=8, seed=0):
    """Documents of one of two topics, with words of neither in between, and the topics."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_documents) % 2
    texts = []
    for topic in y:
        words = rng.choice([ANIMALS, TRAFFIC][topic], n_words).tolist()
        words[rng.integers(n_words)] = str(rng.choice(OTHERS))
        texts.append(" ".join(words))
    return texts, y


TEXTS, TOPICS = make_topics()
TOKENS = [text.split() for text in TEXTS]
DOCSTRINGS = load_docstrings().data[:300]


def word2vec(**params):
    return Word2VecTransformer(**{**SMALL, **params})


def fit(documents=TEXTS, **params):
    return word2vec(**params).fit(documents)


def assert_same(one, other):
    np.testing.assert_array_equal(one, other)


def same_model(one, other):
    """Whether words, counts and vectors are the same, bit for bit."""
    return (
        list(one.vocabulary_.items()) == list(other.vocabulary_.items())
        and one.counts_.tolist() == other.counts_.tolist()
        and one.vectors_.tobytes() == other.vectors_.tobytes()
    )


def learned(estimator):
    return {name for name in vars(estimator) if name not in estimator.get_params()}


# scikit-learn's contract -------------------------------------------------------------------------

# The checks that fit no table of numbers. The others' laws are held below, on documents.
WITHOUT_X = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.parametrize("check", WITHOUT_X)
def test_scikit_learns_checks(check):
    getattr(estimator_checks, check)("Word2VecTransformer", Word2VecTransformer())


def test_tags():
    tags = get_tags(Word2VecTransformer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit
    assert tags.transformer_tags is not None
    assert tags.estimator_type is None
    assert not tags.target_tags.required
    loose = [tags.no_validation, tags.non_deterministic, tags._skip_test, tags.input_tags.allow_nan]
    assert not any(loose)


def test_repr_shows_what_is_not_default():
    shown = repr(Word2VecTransformer(50, pooling="sif", tokenizer=str.split))
    assert shown.startswith("Word2VecTransformer(pooling='sif', tokenizer=")
    assert shown.endswith("vector_size=50)")
    assert repr(Word2VecTransformer()) == "Word2VecTransformer()"
    assert "Word2VecTransformer" in make_pipeline(word2vec())._repr_html_()


def test_a_repr_does_not_show_all_given_vectors():
    vectors = {f"word{i}": np.ones(8) for i in range(1_000)}
    assert len(repr(word2vec(init_vectors=vectors))) < 2_000


def test_fit_returns_self_and_changes_nothing_that_was_given():
    texts, tokens = list(TEXTS), copy.deepcopy(TOKENS)
    for X, before in ((texts, list(TEXTS)), (tokens, copy.deepcopy(TOKENS))):
        model = word2vec(stop_words=["the"], callbacks=[Callback()])
        params = model.get_params()
        assert model.fit(X) is model
        assert model.partial_fit(X) is model
        model.transform(X)
        assert before == X
        after = model.get_params()
        assert set(after) == set(params)
        assert all(after[name] is params[name] for name in params)


def test_fitted_attributes():
    """What is learned is born in fit."""
    assert learned(word2vec()) == set()
    model = fit()
    assert {"vocabulary_", "counts_", "net_", "n_iter_"} <= learned(model)
    assert not [name for name in learned(model) if not name.startswith("_") and name[-1] != "_"]
    assert model.n_iter_ == 2
    assert model.device_ == "cpu"
    assert model.n_parameters_ == sum(p.numel() for p in model.module_.parameters())


def test_before_fit_says_that_it_is_not_fitted():
    calls = [
        lambda model: model.transform(TEXTS),
        lambda model: model.to("cpu"),
        lambda model: model.get_feature_names_out(),
        lambda model: model.most_similar("cat"),
        lambda model: model.save_word2vec_format("nowhere"),
    ]
    for call in calls:
        with pytest.raises(NotFittedError):
            call(word2vec())
    for name in ("vectors_", "module_", "history_", "device_", "n_parameters_"):
        assert not hasattr(word2vec(), name)


def test_fit_transform_is_fit_and_transform():
    assert_same(word2vec().fit_transform(TEXTS), fit().transform(TEXTS))
    assert_same(word2vec().fit_transform(TEXTS, TOPICS), fit().transform(TEXTS))


def test_copies_transform_the_same():
    """Pickles and deep copies; a clone is unfitted and fits to the same."""
    for pooling in ("mean", "idf", "sif"):
        model = fit(pooling=pooling)
        for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert same_model(twin, model)
            assert twin.get_params() == model.get_params()
            assert_same(twin.transform(TEXTS), model.transform(TEXTS))
            assert twin.most_similar("cat") == model.most_similar("cat")
            twin.partial_fit(TEXTS)
        assert learned(clone(model)) == set()
        assert same_model(clone(model).fit(TEXTS), model)


def test_a_copy_goes_on_by_itself():
    model = fit()
    before, twin = model.vectors_.copy(), copy.deepcopy(model)
    twin.partial_fit(TEXTS)
    assert_same(model.vectors_, before)
    assert not np.array_equal(twin.vectors_, before)
    assert same_model(twin, model.partial_fit(TEXTS))


def test_a_pickle_is_small_and_does_not_grow_with_the_data():
    small, large = (len(pickle.dumps(fit(TEXTS * n))) for n in (1, 20))
    assert abs(large - small) < 1_000
    assert small < 20_000


def test_is_silent_by_default(capfd):
    fit().partial_fit(TEXTS).transform(TEXTS)
    assert capfd.readouterr() == ("", "")


# Seeds -------------------------------------------------------------------------------------------


@every_way
def test_same_seed_same_vectors_bit_for_bit_whatever_ran_before(algorithm, objective):
    params = {"algorithm": algorithm, "objective": objective}
    first = fit(**params)
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
    assert same_model(fit(**params), first)
    rng = np.random.RandomState  # an instance moves on
    one, other = (fit(random_state=rng(1), **params) for _ in range(2))
    assert same_model(one, other)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_same_vectors_with_any_number_of_threads(n_threads):
    n_before, first = torch.get_num_threads(), fit(DOCSTRINGS)
    torch.set_num_threads(n_threads)
    try:
        again = fit(DOCSTRINGS)
    finally:
        torch.set_num_threads(n_before)
    assert same_model(again, first)


def test_same_vectors_in_another_process():
    """Where strings have other hashes."""
    code = (
        "import sys, json; from skdl.estimators import Word2VecTransformer\n"
        "texts, params = json.load(sys.stdin)\n"
        "print(Word2VecTransformer(**params).fit(texts).vectors_.tobytes().hex())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([TEXTS, SMALL]),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"},
    )
    assert run.stdout.strip() == fit().vectors_.tobytes().hex()


def test_seeds_matter():
    found = [fit(random_state=seed).vectors_ for seed in (0, 1, None, None)]
    assert len({vectors.tobytes() for vectors in found}) == 4


def test_a_refit_is_as_the_first_fit():
    model = fit(["something else entirely"] * 9, pooling="idf").partial_fit(["more words"] * 9)
    assert same_model(model.set_params(pooling="mean").fit(TEXTS), fit())
    assert learned(model) == learned(fit())


@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("deterministic", [True, False])
def test_global_state_is_left_as_it_was(random_state, deterministic):
    """Random states of numpy, torch and Python, thread count and default dtype."""

    before = global_state()
    model = fit(random_state=random_state, deterministic=deterministic)
    model.partial_fit(TEXTS).transform(TEXTS)
    assert global_state() == before


@every_way
def test_threads_that_do_not_wait_learn_too(algorithm, objective):
    n_before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model = learn(algorithm, objective, deterministic=False)
        assert model.module_.n_workers == 2
    finally:
        torch.set_num_threads(n_before)
    assert distance_of_topics(model) > 0.3
    assert same_model(pickle.loads(pickle.dumps(model)), model)


# Composition -------------------------------------------------------------------------------------

LEARNS = {"max_epochs": 20, "lr": 0.05}  # as the docstring advises for small corpora


def test_works_in_pipelines():
    pipeline = make_pipeline(word2vec(**LEARNS), LogisticRegression()).fit(TEXTS[20:], TOPICS[20:])
    assert pipeline.score(TEXTS[:20], TOPICS[:20]) == 1
    assert_same(clone(pipeline).fit(TEXTS, TOPICS).predict(TEXTS[:20]), TOPICS[:20])


def test_works_in_searches_with_equal_results_in_parallel():
    pipeline = make_pipeline(word2vec(), LogisticRegression(C=0.1))
    y = np.where(np.arange(len(TOPICS)) % 7 == 0, 1 - TOPICS, TOPICS)  # not too easy
    one, two = (
        cross_val_score(pipeline, TEXTS, y, cv=3, n_jobs=n, error_score="raise") for n in (1, 2)
    )
    assert_same(one, two)
    grid = {
        "word2vectransformer__window": [1, 5],
        "word2vectransformer__pooling": ["mean", "max", "idf"],
    }
    one, two = (
        GridSearchCV(pipeline, grid, cv=2, n_jobs=n, error_score="raise").fit(TEXTS, y)
        for n in (1, 2)
    )
    assert_same(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert_same(one.predict_proba(TEXTS), two.predict_proba(TEXTS))
    assert one.best_params_ == two.best_params_


def test_stands_in_a_union_in_a_search_by_names():
    union = FeatureUnion([("words", word2vec()), ("counts", TfidfVectorizer())])
    both = union.fit(TEXTS).transform(TEXTS)
    assert both.shape == (len(TEXTS), 8 + len(ANIMALS + TRAFFIC + OTHERS))
    assert_same(both[:, :8].toarray(), fit().transform(TEXTS))
    names = union.get_feature_names_out()
    assert names[:2].tolist() == ["words__word2vectransformer0", "words__word2vectransformer1"]
    assert len(names) == both.shape[1]
    pipeline = Pipeline([("features", union), ("model", LogisticRegression())])
    grid = {"features__words__vector_size": [2, 3], "features__words__algorithm": ["cbow"]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(TEXTS, TOPICS)
    words = search.best_estimator_["features"]["words"]
    assert words.algorithm == "cbow"
    assert words.vectors_.shape[1] == search.best_params_["features__words__vector_size"]


def test_names_of_features_and_output_as_a_frame():
    model = fit()
    names = [f"word2vectransformer{i}" for i in range(8)]
    assert model.get_feature_names_out().tolist() == names
    plain = model.transform(TEXTS)
    frame = model.set_output(transform="pandas").transform(TEXTS)
    assert frame.columns.tolist() == names
    assert_same(frame.to_numpy(), plain)
    assert set(frame.dtypes) == {np.dtype("float32")}
    series = pd.Series(TEXTS, index=np.arange(len(TEXTS)) + 7)
    assert model.transform(series).index.tolist() == series.index.tolist()
    assert isinstance(clone(model).fit_transform(TEXTS), pd.DataFrame)


def test_a_frozen_one_is_not_fitted_again():
    model = fit()
    frozen = make_pipeline(FrozenEstimator(model), LogisticRegression())
    frozen.fit(["quite other words"] * 2 + TEXTS[:4], [0, 1] * 3)
    assert same_model(frozen[0].estimator, fit())


CONTAINERS = [
    tuple,
    np.array,
    lambda texts: np.array(texts, dtype=object),
    pd.Series,
    lambda texts: pd.Series(texts, dtype="string"),
    lambda texts: pd.Series(texts, index=range(len(texts), 0, -1)),
    lambda texts: pd.DataFrame({"text": texts}),
    lambda texts: pd.DataFrame({"text": texts, "y": 0})["text"],
    lambda texts: np.array(texts, dtype=object)[:, None],
]


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_do_not_matter(container):
    model = fit(container(TEXTS))
    assert same_model(model, fit())
    assert_same(model.transform(container(TEXTS)), fit().transform(TEXTS))
    assert same_model(model.partial_fit(container(TEXTS)), fit().partial_fit(TEXTS))


# Documents ---------------------------------------------------------------------------------------


class Lines:
    """The lines of a file, which is opened anew with each reading."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path, encoding="utf-8") as file:
            yield from file


def test_texts_and_their_tokens_are_the_same():
    model = fit(TEXTS)
    for tokens in (TOKENS, [tuple(words) for words in TOKENS], pd.Series(TOKENS)):
        assert same_model(fit(tokens), model)
        assert_same(model.transform(tokens), model.transform(TEXTS))


def test_tokens_are_taken_as_they_are():
    model = fit([["The Cat", "a", "The Cat"], ["a", "b!"]])
    assert list(model.vocabulary_) == ["The Cat", "a", "b!"]


def test_a_file_is_read_line_by_line(tmp_path):
    (tmp_path / "corpus").write_text("\n".join(TEXTS), encoding="utf-8")
    lines = Lines(tmp_path / "corpus")
    model = fit(lines)
    assert same_model(model, fit())
    assert_same(model.transform(lines), model.transform(TEXTS))
    assert same_model(model.partial_fit(lines), fit().partial_fit(TEXTS))


@every_way
def test_a_corpus_spilled_to_disk_trains_to_the_same_vectors(algorithm, objective, monkeypatch):
    params = {"algorithm": algorithm, "objective": objective, "pooling": "idf", "min_count": 5}
    model, made, make = fit(**params), [], tempfile.TemporaryFile
    monkeypatch.setattr(_corpus, "SPILL_BYTES", 64)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: made.append(make()) or made[-1])
    spilled = fit(**params)
    assert len(made) == 1
    assert same_model(spilled, model)
    assert_same(spilled.idf_, model.idf_)
    assert_same(spilled.transform(TEXTS), model.transform(TEXTS))
    assert same_model(spilled.partial_fit(TEXTS), model.partial_fit(TEXTS))
    assert "memmap" not in str({type(value) for value in vars(spilled).values()})
    pickle.dumps(spilled)


MIXED = ["The cat's hat, THE mat", "", "Ünïcode ΣΑΣ naïve a1", "don't stop a b c", "the hat"] * 2


def first_letters(text):
    return [word[:2] for word in text.split()]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lowercase": False},
        {"token_pattern": r"(?u)\b\w+\b"},
        {"token_pattern": r"(\w)\w*"},
        {"tokenizer": first_letters, "token_pattern": None},
        {"tokenizer": first_letters, "token_pattern": None, "lowercase": False},
        {"analyzer": "char"},
        {"analyzer": "char", "lowercase": False},
        {"analyzer": first_letters},
        {"stop_words": "english"},
        {"stop_words": ["hat", "the"]},
    ],
    ids=str,
)
def test_words_are_those_of_count_vectorizer(params):
    peer = CountVectorizer(**params).fit(MIXED)
    model = fit(MIXED, **params)
    assert set(model.vocabulary_) == set(peer.vocabulary_)
    totals = np.asarray(peer.transform(MIXED).sum(0)).ravel()
    for word, row in model.vocabulary_.items():
        assert model.counts_[row] == totals[peer.vocabulary_[word]]
    counts = peer.transform(MIXED).toarray()[:, [peer.vocabulary_[w] for w in model.vocabulary_]]
    means = counts @ model.vectors_ / np.maximum(counts.sum(1, keepdims=True), 1)
    np.testing.assert_allclose(model.transform(MIXED), means, atol=1e-6)


# Documents to tables -----------------------------------------------------------------------------

ODD = ["", "no such words", "cat", "cat cat dog unknown train", "the the", " ".join(ANIMALS * 9)]


def known_words(model, text):
    return [word for word in text.split() if word in model.vocabulary_]


def by_hand(model, pooling, text):
    """The vector of a document, with a loop over its words; before SIF's component goes."""
    words = known_words(model, text)
    if not words:
        return np.zeros(model.vectors_.shape[1])
    found = np.array([model.vectors_[model.vocabulary_[word]] for word in words], float)
    if pooling == "max":
        return found.max(0)
    if pooling == "idf":
        documents_with = [sum(word in tokens for tokens in TOKENS) for word in words]
        weights = np.log((1 + len(TOKENS)) / (1 + np.array(documents_with))) + 1
        return (weights[:, None] * found).sum(0) / weights.sum()
    if pooling == "sif":
        shares = np.array([model.counts_[model.vocabulary_[word]] for word in words])
        weights = 1e-3 / (1e-3 + shares / model.counts_.sum())
        return (weights[:, None] * found).sum(0) / len(words)
    return found.mean(0)


@pytest.mark.parametrize("pooling", ["mean", "max", "idf", "sif"])
@pytest.mark.parametrize("normalize", [False, True])
def test_vectors_of_documents_are_those_by_hand(pooling, normalize):
    model = fit(pooling=pooling, normalize=normalize, min_count=20)
    got = model.transform(TEXTS[:20] + ODD)
    assert got.shape == (20 + len(ODD), 8)
    assert got.dtype == np.float32
    expected = np.array([by_hand(model, pooling, text) for text in TEXTS[:20] + ODD])
    if pooling == "sif":
        of_fit = np.array([by_hand(model, pooling, text) for text in TEXTS])
        common = np.linalg.svd(of_fit)[2][0]
        expected -= (expected @ common)[:, None] * common
        np.testing.assert_allclose(np.abs(model.component_ @ common), 1, atol=1e-5)
    if normalize:
        expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(got, expected, atol=1e-5 if normalize else 1e-6)


def test_idf_is_that_of_tfidf_vectorizer():
    model, peer = fit(pooling="idf"), TfidfVectorizer().fit(TEXTS)
    for word, row in model.vocabulary_.items():
        assert model.idf_[row] == pytest.approx(peer.idf_[peer.vocabulary_[word]])


@every_pooling
@pytest.mark.parametrize("normalize", [False, True])
def test_documents_without_a_known_word_give_zeros(pooling, normalize):
    model = fit(pooling=pooling, normalize=normalize)
    got = model.transform(["", "unheard of words", [], ["unheard"]])
    assert len(got) == 4
    for row in got:
        assert_same(row, np.zeros((1, 8) if pooling == "none" else 8))
    assert all(np.isfinite(row).all() for row in model.transform(TEXTS + ODD))


def test_without_pooling_there_is_a_vector_for_each_word():
    model = fit(pooling="none")
    got = model.transform(TEXTS[:5] + ODD)
    assert isinstance(got, list)
    for text, vectors in zip(TEXTS[:5] + ODD, got, strict=True):
        words = known_words(model, text)
        rows = [model.vocabulary_[word] for word in words]
        assert vectors.dtype == np.float32
        assert_same(vectors, model.vectors_[rows] if words else np.zeros((1, 8)))
    lengths = np.linalg.norm(
        np.concatenate(model.set_params(normalize=True).transform(TEXTS)), axis=1
    )
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier, TransformerClassifier])
def test_vectors_of_words_are_sequences_for_other_estimators(cls):
    params = {"d_model": 8, "n_heads": 2} if cls is TransformerClassifier else {"hidden_size": 8}
    learner = cls(**params, max_epochs=15, lr=0.03, device="cpu", random_state=0)
    pipeline = make_pipeline(word2vec(pooling="none", **LEARNS), learner)
    pipeline.fit(TEXTS[20:], TOPICS[20:])
    assert pipeline.score(TEXTS[:20], TOPICS[:20]) > 0.8
    assert len(pipeline.predict(["", "unknown", "cat", "cat dog bear"])) == 4


def test_transform_does_not_depend_on_the_other_documents():
    for pooling in ("mean", "idf", "sif"):
        model = fit(pooling=pooling)
        together = model.transform(TEXTS)
        alone = np.concatenate([model.transform([text]) for text in TEXTS])
        np.testing.assert_allclose(alone, together, atol=1e-6)
        assert_same(model.transform(TEXTS[::-1])[::-1], together)


def test_transform_changes_nothing():
    """Nor are vectors handed out that can be spoilt."""
    model = fit(pooling="none")
    before = model.vectors_.copy()
    for vectors in model.transform(TEXTS):
        vectors += 1
    assert_same(model.vectors_, before)


@pytest.mark.parametrize("pooling", ["idf", "sif"])
def test_a_pooling_that_was_not_learned(pooling):
    model = fit()
    with pytest.raises(ValueError, match=f'pooling="{pooling}" learns .* Fit again'):
        model.set_params(pooling=pooling).transform(TEXTS)
    assert model.set_params(pooling="max").transform(TEXTS).shape == (len(TEXTS), 8)
    model.set_params(pooling=pooling).fit(TEXTS).transform(TEXTS)


# The vocabulary ----------------------------------------------------------------------------------


@pytest.mark.parametrize("min_count", [1, 5, 20])
def test_vocabulary_is_that_of_gensim(min_count):
    gensim = pytest.importorskip("gensim.models")
    documents = [text.split() for text in DOCSTRINGS]
    model = fit(documents, min_count=min_count, max_epochs=1)
    peer = gensim.Word2Vec(min_count=min_count, vector_size=2, workers=1)
    peer.build_vocab(documents)
    assert set(model.vocabulary_) == set(peer.wv.key_to_index)
    for word, row in model.vocabulary_.items():
        assert model.counts_[row] == peer.wv.get_vecattr(word, "count")
    assert list(model.vocabulary_.values()) == list(range(len(model.vocabulary_)))
    assert (np.diff(model.counts_) <= 0).all()


@pytest.mark.parametrize("max_vocab", [2, 5, 1000])
def test_max_vocab_keeps_the_most_frequent(max_vocab):
    whole, model = fit(), fit(max_vocab=max_vocab)
    assert list(model.vocabulary_) == list(whole.vocabulary_)[:max_vocab]
    assert_same(model.counts_, whole.counts_[:max_vocab])
    assert len(model.vectors_) == len(model.vocabulary_)


@every_way
def test_tables(algorithm, objective):
    model = fit(algorithm=algorithm, objective=objective)
    n_words = len(ANIMALS + TRAFFIC + OTHERS)
    assert model.vectors_.shape == (n_words, 8)
    assert model.vectors_.dtype == np.float32
    assert model.counts_.shape == (n_words,)
    assert model.counts_.dtype == np.int64
    assert model.counts_.sum() == sum(map(len, TOKENS))
    tables = [m for m in model.module_.modules() if isinstance(m, torch.nn.Embedding)]
    shapes = {tuple(table.weight.shape) for table in tables}
    assert shapes == {(n_words, 8), (n_words - (objective == "hierarchical"), 8)}
    assert len(tables) == 2
    assert_same(model.module_.input_embedding.weight.detach(), model.vectors_)
    assert np.isfinite(model.vectors_).all()


# Training ----------------------------------------------------------------------------------------


def test_a_net_of_skorch_with_its_history():
    model = fit(max_epochs=4, lr=0.05, min_lr=0.01)
    assert isinstance(model.net_, skorch.NeuralNet)
    assert model.module_ is model.net_.module_
    assert model.history_.columns.tolist() == ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
    assert model.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert model.net_.history[:, "train_loss"] == model.history_["train_loss"].tolist()
    assert np.isfinite(model.history_["train_loss"]).all()
    assert (model.history_["seconds"] > 0).all()


def test_the_rate_falls_linearly_to_min_lr():
    rates = fit(DOCSTRINGS, max_epochs=4, lr=0.05, min_lr=0.01).history_["lr"]
    np.testing.assert_allclose(rates, [0.04, 0.03, 0.02, 0.01], atol=2e-3)
    constant = fit(lr=0.05, min_lr=0.05).history_["lr"]
    np.testing.assert_allclose(constant, 0.05)


@every_way
def test_loss_falls(algorithm, objective):
    losses = learn(algorithm, objective).history_["train_loss"]
    assert losses.iloc[-1] < 0.95 * losses.iloc[0]


class Watches(Callback):
    """Counts what it is told."""

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


@pytest.mark.parametrize("callbacks", [[3], ["print"], [("name", None)]])
def test_what_is_no_callback(callbacks):
    with pytest.raises(TypeError, match="callbacks must hold skorch callbacks"):
        fit(callbacks=callbacks)


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


def test_to_moves_and_returns_self():
    model = fit()
    before = model.vectors_.copy()
    assert model.to("cpu") is model
    assert_same(model.vectors_, before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")
    with pytest.raises(ValueError, match="device"):
        fit(device="nowhere")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_way
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


def state_of(model):
    return [model.vectors_.copy(), model.counts_.copy(), *map(str, sorted(learned(model)))], {
        "vocabulary": dict(model.vocabulary_),
        "history": model.history_.to_json(),
        "n_iter": model.n_iter_,
        "rows": len(model.net_.history),
    }


def assert_as_before(model, before):
    now = state_of(model)
    for one, other in zip(now[0], before[0], strict=True):
        assert_same(one, other)
    assert now[1] == before[1]


NEW = ["zebra giraffe cat zebra", "giraffe zebra dog giraffe"] * 10
FAILURES = [
    ({"callbacks": [InterruptsIn(3)]}, KeyboardInterrupt, NEW),
    ({"callbacks": [Spoils(3)]}, ValueError, NEW),
    ({}, ValueError, [*NEW, None]),
    ({"negative": 0}, ValueError, NEW),
    ({"lr": -1.0}, ValueError, NEW),
]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(("params", "error", "X"), FAILURES, ids=lambda v: str(v)[:30])
@every_way
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(
    method, params, error, X, algorithm, objective
):
    """Nothing is half-fitted; an earlier fit goes on transforming."""
    if objective == "hierarchical" and "negative" in params:
        pytest.skip("it takes no noise words")
    way = {"algorithm": algorithm, "objective": objective}
    fresh = word2vec(**way, **{**params, "max_epochs": 3})
    n_epochs = {"fit": 3, "partial_fit": 1}[method]
    if "callbacks" in params:
        fresh.callbacks = [type(params["callbacks"][0])(n_epochs)]
    with pytest.raises(error):
        getattr(fresh, method)(X)
    assert learned(fresh) == set()
    model = fit(**way)
    before, table, params_before = state_of(model), model.transform(TEXTS), model.get_params()
    model.set_params(**params, max_epochs=3)
    with pytest.raises(error):
        getattr(model, method)(X)
    assert_as_before(model, before)
    model.set_params(**params_before)
    assert_same(model.transform(TEXTS), table)
    assert same_model(model.partial_fit(NEW), fit(**way).partial_fit(NEW))


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


def learn(algorithm, objective, **params):
    way = {"algorithm": algorithm, "objective": objective}
    return fit(TEXTS * 2, **{**way, "vector_size": 16, **LEARNS, **params})


def distance_of_topics(model):
    """How much nearer words of a topic are than words of two, in cosines."""
    rows = [model.vocabulary_[word] for word in ANIMALS + TRAFFIC]
    units = model.vectors_[rows] / np.linalg.norm(model.vectors_[rows], axis=1, keepdims=True)
    cosines, same = units @ units.T, np.kron(np.eye(2), np.ones((8, 8))).astype(bool)
    others = same & ~np.eye(16, dtype=bool)
    return cosines[others].mean() - cosines[~same].mean()


@every_way
def test_words_of_a_topic_are_nearer(algorithm, objective):
    model = learn(algorithm, objective)
    assert distance_of_topics(model) > 0.3
    for word in ANIMALS:
        nearest = [other for other, _ in model.most_similar(word, topn=3)]
        assert set(nearest) <= set(ANIMALS + OTHERS)
    assert distance_of_topics(learn(algorithm, objective, lr=1e-6, min_lr=0)) < 0.1


@every_way
def test_no_window_reaches_into_another_document(algorithm, objective):
    """The last word of a document always comes before the first of the next, and learns nothing."""
    if objective == "hierarchical":
        pytest.skip("its outputs are no words")
    documents = [[f"first{i}", f"last{i}"] for i in range(40)]

    def scores(X):
        """How likely each word makes the one that comes next."""
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
    """The ways through gensim's tree, as :func:`huffman_paths` gives them."""
    ways = [(vectors.get_vecattr(w, "point"), vectors.get_vecattr(w, "code")) for w in words]
    lengths = torch.tensor([len(code) for _, code in ways])
    nodes = torch.zeros(len(words), int(lengths.max()), dtype=torch.int64)
    codes = torch.zeros_like(nodes, dtype=torch.bool)
    for row, (points, code) in enumerate(ways):
        nodes[row, : len(code)] = torch.from_numpy(np.asarray(points, dtype=np.int64))
        codes[row, : len(code)] = torch.from_numpy(np.asarray(code, dtype=bool))
    return nodes, codes, lengths


@every_way
def test_neighbours_are_often_those_of_gensim(algorithm, objective, monkeypatch):
    """With the same tree: in which order words of equal counts join it, moves them a lot."""
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
        max_epochs=15,
        lr=0.05,
        device="cpu",
        random_state=0,
    )
    words = list(clone(model).set_params(max_epochs=1).fit(documents).vocabulary_)
    if hierarchical:
        monkeypatch.setattr(_word2vec, "huffman_paths", lambda counts: tree_of(peer, words))
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


# Word vectors ------------------------------------------------------------------------------------


def test_questions_to_word_vectors(tmp_path):
    model = learn("skip-gram", "negative")
    assert {word for word, _ in model.most_similar("cat", topn=4)} < set(ANIMALS + OTHERS)
    assert model.most_similar(model.vectors_[model.vocabulary_["cat"]], topn=1)[0][0] == "cat"
    assert model.similarity("cat", "dog") > model.similarity("cat", "train")
    assert model.doesnt_match(["cat", "dog", "horse", "train"]) == "train"
    assert model.analogy(["cat", "dog"], "train", topn=1)[0][0] in ANIMALS
    pairs = [("cat", "dog", 9), ("cat", "car", 1), ("car", "bike", 8), ("wolf", "ferry", 2)]
    assert model.evaluate_word_pairs(pd.DataFrame(pairs)).spearman > 0
    (tmp_path / "questions").write_text(": all\ncat dog car train\n")
    assert model.evaluate_analogies(tmp_path / "questions").unknown_ratio == 0
    with pytest.raises(KeyError, match=r"'hors'\. Did you mean 'horse'"):
        model.similarity("hors", "cat")


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["vectors", "vectors.gz"])
def test_files_of_word_vectors(tmp_path, binary, name):
    model, path = fit(), tmp_path / name
    model.save_word2vec_format(path, binary=binary)
    loaded = Word2VecTransformer.from_word2vec_format(path, binary=binary)
    assert isinstance(loaded, Word2VecTransformer)
    assert loaded.vocabulary_ == model.vocabulary_
    assert loaded.vectors_.tobytes() == model.vectors_.tobytes()
    assert loaded.vector_size == 8
    assert (np.diff(loaded.counts_) < 0).all()
    assert loaded.counts_.min() > 0
    assert_same(loaded.transform(TEXTS), model.transform(TEXTS))
    assert loaded.most_similar("cat") == model.most_similar("cat")
    loaded.save_word2vec_format(tmp_path / "again", binary=binary)
    again = Word2VecTransformer.from_word2vec_format(tmp_path / "again", binary=binary)
    assert again.vectors_.tobytes() == model.vectors_.tobytes()


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_the_file_and_its_own_is_read(tmp_path, binary):
    gensim = pytest.importorskip("gensim.models")
    model, path = fit(), str(tmp_path / "vectors")
    model.save_word2vec_format(path, binary=binary)
    peer = gensim.KeyedVectors.load_word2vec_format(path, binary=binary)
    assert peer.index_to_key == list(model.vocabulary_)
    assert_same(peer.vectors, model.vectors_)
    peer.save_word2vec_format(path, binary=binary)
    loaded = Word2VecTransformer.from_word2vec_format(path, binary=binary)
    assert loaded.vectors_.tobytes() == model.vectors_.tobytes()


@pytest.fixture
def loaded(tmp_path):
    fit(["unrelated words here"] * 3).save_word2vec_format(tmp_path / "other")
    fit().save_word2vec_format(tmp_path / "vectors")
    return Word2VecTransformer.from_word2vec_format(tmp_path / "vectors")


def test_only_the_first_words_of_a_file(tmp_path, loaded):
    few = Word2VecTransformer.from_word2vec_format(tmp_path / "vectors", limit=3)
    assert list(few.vocabulary_) == list(loaded.vocabulary_)[:3]
    assert_same(few.vectors_, loaded.vectors_[:3])
    with pytest.raises(FileNotFoundError):
        Word2VecTransformer.from_word2vec_format(tmp_path / "none")


def test_loaded_vectors_in_use(loaded):
    assert loaded.get_feature_names_out().shape == (8,)
    pipeline = make_pipeline(FrozenEstimator(loaded), LogisticRegression()).fit(TEXTS, TOPICS)
    assert pipeline.predict(TEXTS).shape == TOPICS.shape
    for twin in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
        assert same_model(twin, loaded)
    assert learned(clone(loaded)) == set()
    for pooling, normalize in (("max", False), ("mean", True)):
        loaded.set_params(pooling=pooling, normalize=normalize)
        assert_same(
            loaded.transform(TEXTS), fit(pooling=pooling, normalize=normalize).transform(TEXTS)
        )
    with pytest.raises(ValueError, match="learns"):
        loaded.set_params(pooling="idf").transform(TEXTS)


def test_loaded_vectors_have_no_net_but_move_all_the_same(loaded):
    """There is nothing to move, and no history."""
    assert loaded.to("cpu") is loaded
    for name in ("module_", "history_"):
        assert not hasattr(loaded, name)


@every_way
def test_loaded_vectors_learn_more(loaded, algorithm, objective):
    before, words = loaded.vectors_.copy(), list(loaded.vocabulary_)
    way = {"algorithm": algorithm, "objective": objective}
    loaded.set_params(**way, sample=0, random_state=0, device="cpu")
    loaded.partial_fit(NEW * 50)  # output vectors begin at zero: a block teaches these alone
    assert list(loaded.vocabulary_) == [*words, "zebra", "giraffe"]
    assert loaded.vectors_.shape == (len(words) + 2, 8)
    assert loaded.n_iter_ == len(loaded.history_) == 1
    untouched = [row for word, row in loaded.vocabulary_.items() if word in TRAFFIC]
    assert_same(loaded.vectors_[untouched], before[untouched])
    touched = loaded.vocabulary_["cat"]
    assert not np.array_equal(loaded.vectors_[touched], before[touched])
    loaded.partial_fit(NEW)
    assert loaded.n_iter_ == 2


def test_loaded_vectors_may_be_fitted_anew(loaded):
    refit = loaded.set_params(**SMALL).fit(NEW)
    assert same_model(refit, fit(NEW))


# More documents ----------------------------------------------------------------------------------


@every_way
def test_partial_fit_works_from_the_start(algorithm, objective):
    way = {"algorithm": algorithm, "objective": objective}
    model = word2vec(**way)
    assert model.partial_fit(TEXTS) is model
    assert model.n_iter_ == 1
    assert model.vocabulary_ == fit(**way).vocabulary_
    assert_same(model.counts_, fit(**way).counts_)
    assert same_model(word2vec(**way).partial_fit(TEXTS), model)
    constant = fit(**way, max_epochs=1, min_lr=SMALL.get("lr", 0.025))
    np.testing.assert_allclose(model.vectors_, constant.vectors_, atol=1e-6)


@every_way
def test_partial_fit_learns_call_by_call(algorithm, objective):
    way = {"algorithm": algorithm, "objective": objective}
    model = word2vec(**way, vector_size=16, lr=0.05)
    for _ in range(15):
        model.partial_fit(TEXTS[::2] * 2).partial_fit(TEXTS[1::2] * 2)
    assert distance_of_topics(model) > 0.2
    assert model.n_iter_ == 30
    assert model.history_["epoch"].tolist() == list(range(1, 31))


def test_partial_fit_is_one_pass_at_a_constant_rate():
    model = fit(max_epochs=3, lr=0.02).set_params(lr=0.04, max_epochs=7)
    model.partial_fit(TEXTS)
    assert model.n_iter_ == len(model.history_) == 4
    assert model.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert model.history_["lr"].iloc[-1] == pytest.approx(0.04)
    assert model.history_["lr"].iloc[0] <= 0.02


@every_way
def test_new_words_join_behind_the_old(algorithm, objective):
    way = {"algorithm": algorithm, "objective": objective}
    model = fit(**way)
    words, before = dict(model.vocabulary_), model.vectors_.copy()
    model.partial_fit(NEW)
    assert list(model.vocabulary_) == [*words, "zebra", "giraffe"]
    assert list(model.vocabulary_.values()) == list(range(len(words) + 2))
    untouched = [row for word, row in words.items() if word in TRAFFIC]
    assert_same(model.vectors_[untouched], before[untouched])
    assert model.counts_[-2:].tolist() == [30, 30]
    cat = words["cat"]
    assert model.counts_[cat] == fit(**way).counts_[cat] + 10
    assert model.transform(["zebra", "giraffe"]).any(axis=1).all()


def test_the_output_vectors_of_known_words_are_kept():
    model = fit()
    before = model.module_.output_embedding.weight.detach().clone()
    model.set_params(lr=1e-9, min_lr=0).partial_fit(NEW)
    after = model.module_.output_embedding.weight.detach()
    np.testing.assert_allclose(after[: len(before)], before, atol=1e-6)


def test_rare_words_are_counted_over_calls():
    model = word2vec(min_count=5).partial_fit(TEXTS)
    for times in (1, 2):
        model.partial_fit(["cat dog zebra zebra"] + TEXTS[:4])
        assert "zebra" not in model.vocabulary_, times
        model = pickle.loads(pickle.dumps(model))
    model.partial_fit(["cat dog zebra"])
    row = model.vocabulary_["zebra"]
    assert model.counts_[row] == 5
    assert row == len(model.vocabulary_) - 1
    assert len(model.vectors_) == len(model.vocabulary_)
    refit = clone(model).fit(["cat dog"] * 5).partial_fit(["cat dog zebra zebra"] * 2)
    assert "zebra" not in refit.vocabulary_, "an earlier fit is forgotten"


def test_partial_fit_keeps_to_max_vocab():
    model = fit(max_vocab=22).partial_fit(["cat lion panda panda elk elk elk"] * 5)
    assert list(model.vocabulary_)[20:] == ["elk", "panda"]
    model.partial_fit(["cat lion lion lion"] * 50)
    assert len(model.vocabulary_) == len(model.vectors_) == 22


@pytest.mark.parametrize(
    "documents",
    [["zebra"] * 9, ["zebra", ""] * 9, ["cat", "zebra"] * 9, [""], [["cat"]], ["nothing known"]],
)
@every_pooling
def test_documents_that_teach_nothing(documents, pooling):
    """Words may be new all the same; whatever is there then fits together."""
    model = fit(min_count=5, pooling=pooling)
    before = model.vectors_.copy()
    model.partial_fit(documents)
    assert_same(model.vectors_[: len(before)], before)
    assert len(model.vocabulary_) == len(model.vectors_) == len(model.counts_)
    got = model.transform(["zebra cat zebra", "cat", "zebra"])
    assert all(np.isfinite(row).all() for row in got)
    model.most_similar("cat")
    model.partial_fit(["zebra cat"] * 5)
    assert "zebra" in model.vocabulary_


@pytest.mark.parametrize("pooling", ["idf", "sif"])
def test_pooling_keeps_up_with_new_words(pooling):
    model = fit(pooling=pooling).partial_fit(NEW)
    assert np.isfinite(model.transform(["zebra cat", "giraffe"])).all()
    # What was learned for an earlier vocabulary is not used for a later one.
    model = fit(pooling=pooling).set_params(pooling="mean").partial_fit(NEW)
    model.set_params(pooling=pooling)
    try:
        got = model.transform(["zebra cat", "giraffe"])
    except ValueError as error:
        assert "learns" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(got).all()


@pytest.mark.parametrize(
    ("name", "value"), [("vector_size", 9), ("algorithm", "cbow"), ("objective", "hierarchical")]
)
def test_partial_fit_cannot_go_on_with_something_else(name, value):
    model = fit()
    before = state_of(model)
    with pytest.raises(ValueError, match=rf"learned with {name}=.*fit a clone"):
        model.set_params(**{name: value}).partial_fit(TEXTS)
    assert_as_before(model, before)
    model.fit(TEXTS)
    assert model.get_params()[name] == value


def test_partial_fit_takes_other_parameters_anew():
    model = fit(["cat dog"] * 9).set_params(window=2, negative=3, sample=1e-2, stop_words=["the"])
    model.partial_fit(TEXTS)
    assert "the" not in model.vocabulary_
    assert (model.module_.window, model.module_.negative) == (2, 3)


# Vectors to begin with ---------------------------------------------------------------------------

STILL = {"lr": 1e-12, "min_lr": 0}


def test_init_vectors_of_a_mapping():
    rng = np.random.default_rng(0)
    given = {word: rng.normal(size=8) for word in [*ANIMALS, "unknown"]}
    model = fit(init_vectors=given, **STILL)
    for word in ANIMALS:
        np.testing.assert_allclose(model.vectors_[model.vocabulary_[word]], given[word], atol=1e-6)
    plain = fit(**STILL)
    others = [model.vocabulary_[word] for word in TRAFFIC]
    np.testing.assert_allclose(model.vectors_[others], plain.vectors_[others], atol=1e-6)
    assert not same_model(fit(init_vectors=given), fit())


def test_init_vectors_of_a_fitted_one():
    source = fit(random_state=5)
    before = source.vectors_.copy()
    for given in (source, FrozenEstimator(source)):
        model = fit(init_vectors=given, **STILL)
        np.testing.assert_allclose(model.vectors_, source.vectors_, atol=1e-6)
    fit(init_vectors=source).partial_fit(TEXTS)
    assert_same(source.vectors_, before)


def test_init_vectors_of_gensim():
    gensim = pytest.importorskip("gensim.models")
    keyed = gensim.KeyedVectors(8)
    keyed.add_vectors(ANIMALS, np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
    model = fit(init_vectors=keyed, **STILL)
    for word in ANIMALS:
        np.testing.assert_allclose(model.vectors_[model.vocabulary_[word]], keyed[word], atol=1e-6)


def first_of_cat(model, X):
    """A score that tells vectors apart."""
    return float(model.vectors_[model.vocabulary_["cat"], 0])


def test_clones_share_init_vectors():
    source = fit()
    model = word2vec(init_vectors=source)
    assert clone(model).init_vectors is source
    assert clone(model).get_params()["init_vectors"] is source
    scores = cross_val_score(
        make_pipeline(model, LogisticRegression()), TEXTS, TOPICS, cv=2, error_score="raise"
    )
    assert len(scores) == 2
    grid = {"init_vectors": [None, FrozenEstimator(source)]}  # of others a search takes clones
    search = GridSearchCV(model, grid, cv=2, scoring=first_of_cat, error_score="raise").fit(TEXTS)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    with pytest.raises(ValueError, match="init_vectors"):
        model.set_params(init_vectors__window=3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"cat": np.ones(7)}, ValueError, "vector_size=8 .*got 7"),
        ({"Cat": np.ones(8)}, ValueError, "init_vectors has a vector for none of the 20"),
        ({"cat": np.full(8, np.nan)}, ValueError, "init_vectors must hold finite"),
        ({"cat": ["a"] * 8}, ValueError, "init_vectors must hold vectors of numbers"),
        (Word2VecTransformer(), ValueError, "init_vectors must be fitted"),
        (3, TypeError, "init_vectors must be a mapping"),
        ("file", TypeError, "init_vectors must be a mapping"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_init_vectors_that_do_not_fit(given, error, message):
    model = word2vec(init_vectors=given)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(error, match=message):
            method(TEXTS)
        assert learned(model) == set()


def test_partial_fit_keeps_what_was_learned_over_init_vectors():
    """Given vectors are for the beginning, and for words that come later."""
    given = {word: np.full(8, 3.0) for word in ["cat", "zebra"]}
    model = fit(init_vectors=given)
    before = model.vectors_.copy()
    model.set_params(**STILL).partial_fit(NEW)
    np.testing.assert_allclose(model.vectors_[: len(before)], before, atol=1e-6)
    np.testing.assert_allclose(model.vectors_[model.vocabulary_["zebra"]], 3, atol=1e-5)


def test_a_transformer_begins_with_the_vectors():
    words = learn("skip-gram", "negative")
    classifier = TransformerClassifier(
        16, 2, 1, embeddings=words, max_epochs=3, device="cpu", random_state=0
    )
    assert clone(classifier).embeddings is words
    assert classifier.fit(TEXTS[20:], TOPICS[20:]).score(TEXTS[:20], TOPICS[:20]) > 0.9
    scores = cross_val_score(classifier, TEXTS, TOPICS, cv=2, error_score="raise")
    assert len(scores) == 2


# Bad input ---------------------------------------------------------------------------------------

ON_DOCUMENTS = [
    ([], ValueError, "Found no document in X"),
    ([""], ValueError, "no document in X has a word"),
    ("the cat", ValueError, r"one str: 'the cat'. Pass \[X\]"),
    (["cat dog", None], ValueError, "missing document, None, first at place 1"),
    (["cat dog", np.nan], ValueError, "missing document, nan, first at place 1"),
    (["cat dog", 3], ValueError, "int at place 1"),
    ([["cat", 3]], ValueError, "must be str, got int in document 0"),
    ([["cat"], ["dog", None]], ValueError, "got NoneType in document 1"),
    (iter(["cat dog"]), TypeError, "readable more than once"),
    ((text for text in TEXTS), TypeError, "readable more than once, got generator"),
    (None, TypeError, "must hold documents"),
    ({"cat": "dog"}, TypeError, "got dict"),
    (np.ones((3, 2)), ValueError, r"shape \(3, 2\)"),
    (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "DataFrame of shape"),
]


@pytest.mark.parametrize(("X", "error", "message"), ON_DOCUMENTS, ids=lambda v: str(v)[:30])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform", "transform"])
def test_what_are_no_documents(X, error, message, method):
    if isinstance(X, list) and X == [""] and method == "transform":
        pytest.skip("a document without a word may come")
    model = fit() if method == "transform" else word2vec()
    before = learned(model)
    with pytest.raises(error, match=message):
        getattr(model, method)(X)
    assert learned(model) == before


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (["cat cat dog"], {"min_count": 5}, r"min_count=5 .* 'cat', occurs 2 time\(s\)"),
        (["cat", "dog"] * 5, {}, "No document has two words .* longer documents"),
        (["cat"], {"objective": "hierarchical"}, "at least two words, .* has one"),
        (TEXTS, {"negative": 0}, r"got negative=0.*negative=5"),
        (TEXTS, {"min_lr": 0.1, "lr": 0.05}, "min_lr=0.1, lr=0.05"),
        (TEXTS, {"tokenizer": str.lower}, "tokenizer or analyzer must return a list of str"),
        (TEXTS, {"token_pattern": "("}, "token_pattern must be a regular expression"),
        (TEXTS, {"stop_words": "french"}, "stop_words must be"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_parameters_that_do_not_go_together(method, X, params, message):
    model = word2vec(**params)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X)
    assert learned(model) == set()


def test_no_noise_words_are_needed_for_a_tree():
    assert fit(objective="hierarchical", negative=0).n_iter_ == 2


@every_way
def test_smallest_vocabularies(algorithm, objective):
    """One word beside itself, two words, vectors of one number."""
    way = {"algorithm": algorithm, "objective": objective}
    smallest = [["cat cat cat"], ["cat dog"], ["cat dog", "cat"]]
    for documents in smallest[objective == "hierarchical" :]:  # a tree needs two words
        for size in (1, 2):
            model = fit(documents, vector_size=size, **way)
            assert np.isfinite(model.vectors_).all()
            assert model.vectors_.shape == (len(set(" ".join(documents).split())), size)
            model.partial_fit(["cat bird"])
            assert np.isfinite(model.transform([*documents, "bird"])).all()


@every_way
def test_long_documents_and_wide_windows(algorithm, objective):
    model = fit([" ".join(TEXTS)], window=50, algorithm=algorithm, objective=objective)
    assert np.isfinite(model.vectors_).all()


SAME_AGAIN = {
    "one sentence": ["the cat the cat the cat"] * 300,
    "three words": ["one", "two", "one two three"] * 300,
    "twenty words": TEXTS * 9,
}


@every_way
@pytest.mark.parametrize("params", [{}, {"lr": 0.05}, {"lr": 0.1}, {"batch_size": 4096}], ids=str)
@pytest.mark.parametrize("documents", SAME_AGAIN.values(), ids=SAME_AGAIN)
def test_texts_that_say_the_same_again_and_again_do_no_harm(
    documents, params, algorithm, objective
):
    """Words that learn at once do not go too far together: word by word none grows beyond 10."""
    way = {"algorithm": algorithm, "objective": objective}
    model = fit(documents, **way, **params, max_epochs=5)
    assert np.abs(model.vectors_).max() < 20


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vector_size", [0, 1.5, None]),
        ("window", [0, "5"]),
        ("min_count", [0, None]),
        ("max_vocab", [0, 2.5]),
        ("algorithm", ["skipgram", None]),
        ("objective", ["softmax", None]),
        ("negative", [-1, 1.5]),
        ("ns_exponent", [np.nan, np.inf, "a"]),
        ("sample", [-1e-3, None]),
        ("lr", [0, -1, None]),
        ("min_lr", [-1, None]),
        ("max_epochs", [0, None]),
        ("pooling", ["sum", None]),
        ("normalize", ["yes"]),
        ("lowercase", [None]),
        ("token_pattern", [3]),
        ("tokenizer", ["word"]),
        ("analyzer", ["char_wb", None]),
        ("stop_words", [3]),
        ("batch_size", [0, "big", None]),
        ("deterministic", [None, "no"]),
        ("device", [3]),
        ("random_state", ["a"]),
        ("verbose", ["loud"]),
        ("callbacks", [3]),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_values_that_parameters_cannot_have(name, values, method):
    for value in values:
        model = word2vec(**{name: value})
        with pytest.raises((ValueError, TypeError), match=name):
            getattr(model, method)(TEXTS)
        assert learned(model) == set()
