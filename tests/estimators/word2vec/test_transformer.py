"""Word2VecTransformer in scikit-learn: its contract, seeds, pipelines and searches."""

import copy
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils import estimator_checks, get_tags

from skdl.estimators import (
    Word2VecTransformer,
)
from tests.estimators.word2vec.transformers import (
    ANIMALS,
    DOCSTRINGS,
    LEARNS,
    OTHERS,
    SMALL,
    TEXTS,
    TOKENS,
    TOPICS,
    TRAFFIC,
    assert_same,
    distance_of_topics,
    every_model,
    fit,
    learn,
    learned,
    same_model,
    word2vec,
)
from tests.fits import global_state

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


def test_lists_of_words_are_left_as_they_are():
    tokens = copy.deepcopy(TOKENS)
    word2vec(stop_words=["the"]).fit(tokens).partial_fit(tokens).transform(tokens)
    assert tokens == TOKENS


def test_fitted_attributes():
    """What is learned is born in fit."""
    assert learned(word2vec()) == set()
    model = fit()
    assert {"vocabulary_", "counts_", "_net", "n_iter_"} <= learned(model)
    assert not [name for name in learned(model) if not name.startswith("_") and name[-1] != "_"]


def test_before_fit_says_that_it_is_not_fitted():
    calls = [
        lambda model: model.get_feature_names_out(),
        lambda model: model.most_similar("cat"),
        lambda model: model.save_word2vec_format("nowhere"),
    ]
    for call in calls:
        with pytest.raises(NotFittedError):
            call(word2vec())
    assert not hasattr(word2vec(), "vectors_")


def test_fit_transform_is_fit_and_transform():
    assert_same(word2vec().fit_transform(TEXTS), fit().transform(TEXTS))
    assert_same(word2vec().fit_transform(TEXTS, TOPICS), fit().transform(TEXTS))


# Seeds -------------------------------------------------------------------------------------------


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


def test_a_refit_is_as_the_first_fit():
    model = fit(["something else entirely"] * 9, pooling="idf").partial_fit(["more words"] * 9)
    assert same_model(model.set_params(pooling="mean").fit(TEXTS), fit())
    assert learned(model) == learned(fit())


@pytest.mark.parametrize("random_state", [0, None])
def test_global_state_is_left_as_it_was_by_threads_that_do_not_wait(random_state):
    """Random states of numpy, torch and Python, thread count and default dtype."""
    before = global_state()
    model = fit(random_state=random_state, deterministic=False)
    model.partial_fit(TEXTS).transform(TEXTS)
    assert global_state() == before


@every_model
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


def test_works_in_pipelines():
    pipeline = make_pipeline(word2vec(**LEARNS), LogisticRegression()).fit(TEXTS[20:], TOPICS[20:])
    assert pipeline.score(TEXTS[:20], TOPICS[:20]) == 1
    assert_same(clone(pipeline).fit(TEXTS, TOPICS).predict(TEXTS[:20]), TOPICS[:20])


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
