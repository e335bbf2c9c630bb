"""partial_fit of Word2VecTransformer: more documents, new words."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from tests.estimators.word2vec.transformers import (
    NEW,
    SMALL,
    TEXTS,
    TRAFFIC,
    assert_as_before,
    assert_same,
    distance_of_topics,
    every_model,
    every_pooling,
    fit,
    same_model,
    state_of,
    word2vec,
)

# More documents ----------------------------------------------------------------------------------


@every_model
def test_partial_fit_works_from_the_start(algorithm, objective):
    chosen = {"algorithm": algorithm, "objective": objective}
    model = word2vec(**chosen)
    assert model.partial_fit(TEXTS) is model
    assert model.n_iter_ == 1
    assert model.vocabulary_ == fit(**chosen).vocabulary_
    assert_same(model.counts_, fit(**chosen).counts_)
    assert same_model(word2vec(**chosen).partial_fit(TEXTS), model)
    constant = fit(**chosen, max_epochs=1, min_lr=SMALL.get("lr", 0.025))
    np.testing.assert_allclose(model.vectors_, constant.vectors_, atol=1e-6)


@every_model
def test_partial_fit_learns_call_by_call(algorithm, objective):
    chosen = {"algorithm": algorithm, "objective": objective}
    model = word2vec(**chosen, vector_size=16, lr=0.05)
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


@every_model
def test_new_words_get_rows_behind_the_old(algorithm, objective):
    chosen = {"algorithm": algorithm, "objective": objective}
    model = fit(**chosen)
    words, before = dict(model.vocabulary_), model.vectors_.copy()
    model.partial_fit(NEW)
    assert list(model.vocabulary_) == [*words, "zebra", "giraffe"]
    assert list(model.vocabulary_.values()) == list(range(len(words) + 2))
    untouched = [row for word, row in words.items() if word in TRAFFIC]
    assert_same(model.vectors_[untouched], before[untouched])
    assert model.counts_[-2:].tolist() == [30, 30]
    cat = words["cat"]
    assert model.counts_[cat] == fit(**chosen).counts_[cat] + 10
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
def test_documents_without_pairs_of_words(documents, pooling):
    """Words may still be new; what is learned stays consistent."""
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
def test_partial_fit_cannot_continue_with_another_model(name, value):
    model = fit()
    before = state_of(model)
    with pytest.raises(ValueError, match=rf"learned with {name}=.*fit a clone"):
        model.set_params(**{name: value}).partial_fit(TEXTS)
    assert_as_before(model, before)
    model.fit(TEXTS)
    assert model.get_params()[name] == value


def test_partial_fit_uses_changed_parameters():
    model = fit(["cat dog"] * 9).set_params(window=2, negative=3, sample=1e-2, stop_words=["the"])
    model.partial_fit(TEXTS)
    assert "the" not in model.vocabulary_
    assert (model.module_.window, model.module_.negative) == (2, 3)
