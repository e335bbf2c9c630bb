"""Laws of copies: clones, pickles, deep copies."""

import copy
import multiprocessing
import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.fits import in_fork
from tests.laws.common import answers, assert_same, every


@every()
def test_copies_predict_the_same(instance):
    """Pickles and deep copies; a clone is unfitted and fits to the same."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    expected = answers(model, X)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same(answers(twin, X), expected)
        assert repr(twin.get_params()) == repr(model.get_params())
        twin.partial_fit(X, y)
    assert_same(answers(model, X), expected)
    assert not hasattr(clone(model), "net_")
    assert_same(answers(clone(model).fit(X, y), X), expected)


@every()
def test_copies_that_are_made_in_inference_mode_learn(instance):
    """As of a server that loads its models there."""
    X, y = instance.data()
    model = instance.fitted(X, y).partial_fit(X, y)
    with torch.inference_mode():
        twins = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
        shallow = copy.copy(model)
        assert_same(answers(shallow, X), answers(model, X))
    expected = answers(model.partial_fit(X, y), X)
    for twin in twins:
        assert_same(answers(twin.partial_fit(X, y), X), expected)


@every()
def test_a_copy_goes_on_as_the_original(instance):
    X, y = instance.data()
    model = instance.fitted(X, y).partial_fit(X, y)
    twins = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    expected = answers(model.partial_fit(X, y), X)
    for twin in twins:
        assert_same(answers(twin.partial_fit(X, y), X), expected)


@every()
def test_a_pickle_is_small_and_does_not_grow_with_the_data(instance):
    """Weights and little more, those of a linear model on random convolutions among them."""
    X, y = instance.data()
    small, large = (
        instance.fitted(instance.kind.join(*[X] * n), np.tile(y, n), max_epochs=1) for n in (1, 16)
    )
    of_linear_models = [getattr(each, "_signal_model", None) for each in (small, large)]
    for model in of_linear_models:  # that of more rows may have features that the other has not
        n_coefficients = 0 if model is None else model.coef.size + 2 * len(model.coef)
        assert len(pickle.dumps(model)) < 5 * n_coefficients + 25_000
    sizes = [
        len(pickle.dumps(each)) - len(pickle.dumps(model))
        for each, model in zip((small, large), of_linear_models, strict=True)
    ]
    assert abs(sizes[1] - sizes[0]) < 1_000
    assert sizes[0] < 60_000


@every()
@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_model_that_joblib_maps_from_disk_answers_and_learns(instance, mode, tmp_path):
    """One file for all processes of a server; with "r" its arrays cannot be written to."""
    X, y = instance.data()
    model = instance.as_fitted()
    joblib.dump(model, tmp_path / "model.joblib")

    def loaded(**params):
        return joblib.load(tmp_path / "model.joblib", mmap_mode=mode).set_params(**params)

    assert_same(answers(loaded(), X), answers(model, X))
    expected = answers(copy.deepcopy(model).partial_fit(X, y), X)
    assert_same(answers(loaded().partial_fit(X, y), X), expected)
    again = instance.known(warm_start=True)
    expected = answers(copy.deepcopy(model).set_params(**again).fit(X, y), X)
    assert_same(answers(loaded(**again).fit(X, y), X), expected)


@every()
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_a_forked_child_answers_and_learns_as_its_parent(instance):
    """Also where the parent has computed in several threads."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    child = in_fork(lambda: (answers(model, X), answers(model.partial_fit(X, y), X)))
    assert_same(child[0], answers(model, X))
    assert_same(child[1], answers(model.partial_fit(X, y), X))
