"""Laws of ``net_``: a net of skorch that knows the arrays of its estimator."""

import copy
import gc
import weakref

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import is_classifier

from tests.laws.common import answers, assert_same, every, predicts


@every(predicts)
def test_the_net_answers_as_its_estimator(instance):
    """On the arrays that the estimator takes, in its labels and units."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    net = model.net_
    assert isinstance(net, skorch.NeuralNet)
    assert_same(net.predict(X), model.predict(X))
    assert_same(net.predict_proba(X), answers(model, X))
    assert net.score(X, y) == pytest.approx(model.score(X, y))
    if is_classifier(model):
        labels = net.predict(X)
        assert set(labels.tolist()) <= set(model.classes_.tolist())


@every()
def test_the_net_keeps_its_history(instance):
    model = instance.fitted()
    assert len(model.net_.history) == model.n_iter_
    assert model.net_.history[:, "train_loss"] == model.history_["train_loss"].tolist()
    assert model.net_.history[-1, "epoch"] == model.n_iter_


@every()
def test_weights_are_saved_and_loaded(instance, tmp_path):
    """Into a copy whose weights are lost, which then answers the same."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    model.net_.save_params(f_params=tmp_path / "weights.pt", f_history=tmp_path / "history.json")
    twin = copy.deepcopy(model)
    for weight in twin.module_.state_dict().values():
        weight.fill_(1)
    twin.net_.history.clear()
    assert not np.array_equal(answers(twin, X), answers(model, X))
    twin.net_.load_params(f_params=tmp_path / "weights.pt", f_history=tmp_path / "history.json")
    assert_same(answers(twin, X), answers(model, X))
    assert len(twin.net_.history) == len(model.net_.history)


@every()
def test_weights_are_freed_with_the_estimator(instance):
    """By counting references: memory of a card does not wait for Python's garbage collection."""
    model = instance.fitted()
    answers(model, instance.data()[0])
    assert model.net_.history
    weights = weakref.ref(model.module_)
    enabled = gc.isenabled()
    gc.disable()
    try:
        del model
        assert weights() is None
    finally:
        if enabled:
            gc.enable()
    assert not torch.is_inference_mode_enabled()
