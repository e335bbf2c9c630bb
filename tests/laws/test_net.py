"""Laws of ``net_``: a net of skorch that knows the arrays of its estimator."""

import copy
import gc
import weakref

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone, is_classifier
from skorch.callbacks import Callback, Checkpoint

from tests.laws.common import answers, assert_same, every, has, predicts


@every(predicts)
def test_the_net_answers_as_its_estimator(instance):
    """On the arrays that the estimator takes, in its labels and units."""
    X, y = instance.data()
    model = instance.as_fitted()
    net = model.net_
    assert isinstance(net, skorch.NeuralNet)
    assert_same(net.predict(X), model.predict(X))
    assert_same(net.predict_proba(X), answers(model, X))
    assert net.score(X, y) == pytest.approx(model.score(X, y))
    if is_classifier(model):
        labels = net.predict(X)
        assert set(labels.tolist()) <= set(model.classes_.tolist())


@every(predicts)
def test_the_module_takes_what_its_prepare_returns(instance):
    """As the docs of ``module_`` say; in evaluation mode, as ``fit`` leaves it."""
    X, y = instance.data()
    model = instance.as_fitted()
    module, (batch,) = model.module_, model._read_again(X).batches(len(y))
    inputs = module.prepare(**batch) if hasattr(module, "prepare") else batch
    with torch.no_grad():
        outputs = module(**inputs)
    torch.testing.assert_close(outputs, model.net_.forward(X), rtol=1e-4, atol=1e-5)


@every()
def test_the_net_keeps_its_history(instance):
    model = instance.as_fitted()
    assert len(model.net_.history) == model.n_iter_
    assert model.net_.history[:, "train_loss"] == model.history_["train_loss"].tolist()
    assert model.net_.history[-1, "epoch"] == model.n_iter_


@every()
def test_parameters_of_the_net_are_public(instance):
    model = instance.as_fitted()
    assert not [name for name in model.net_.get_params(deep=False) if name.startswith("_")]


@every(predicts)
def test_what_the_net_cannot_do_names_what_can(instance):
    X, y = instance.data()
    model = instance.as_fitted()
    net = model.net_
    for cannot, words in (
        (lambda: clone(net), "clone its estimator"),
        (lambda: net.fit(X, y), "trained by its estimator"),
        (lambda: net.infer(torch.zeros(2, 3)), r"Use forward\(X\)"),
    ):
        with pytest.raises(TypeError, match=words):
            cannot()
    (batch,) = net.prepared(model._read_again(X)).batches(len(y))
    with torch.no_grad():
        torch.testing.assert_close(net.infer(batch), net.forward(X), rtol=1e-4, atol=1e-5)


@every()
def test_weights_are_saved_and_loaded(instance, tmp_path):
    """Into a copy whose weights are lost, which then answers the same."""
    X, _ = instance.data()
    model = instance.as_fitted()
    model.net_.save_params(f_params=tmp_path / "weights.pt", f_history=tmp_path / "history.json")
    twin = copy.deepcopy(model)
    for weight in twin.module_.state_dict().values():
        weight.fill_(1)
    twin.net_.history.clear()
    assert not np.array_equal(answers(twin, X), answers(model, X))
    twin.net_.load_params(f_params=tmp_path / "weights.pt", f_history=tmp_path / "history.json")
    assert_same(answers(twin, X), answers(model, X))
    assert len(twin.net_.history) == len(model.net_.history)


@pytest.mark.parametrize("is_copied", [False, True])
@every()
def test_weights_are_freed_with_the_estimator(instance, is_copied):
    """By counting references: memory of a card does not wait for Python's garbage collection."""
    model = instance.as_fitted()
    answers(model, instance.data()[0])
    assert model.net_.history
    if is_copied:
        model = copy.deepcopy(model)
    weights = weakref.ref(vars(model)["_net"].module_)
    enabled = gc.isenabled()
    gc.disable()
    try:
        del model
        assert weights() is None
    finally:
        if enabled:
            gc.enable()
    assert not torch.is_inference_mode_enabled()


@every(has("partial_fit"))
def test_weights_come_back_from_a_checkpoint(instance, tmp_path):
    """As skorch's users load the best epoch."""
    saved = Checkpoint(monitor=None, dirname=tmp_path)
    X, y = instance.data()
    params = instance.known(callbacks=[saved], early_stopping=False, ema_decay=None)
    model = instance.fitted(X, y, **params)
    twin = copy.deepcopy(model)
    for weight in twin.module_.state_dict().values():
        weight.fill_(1)
    twin.net_.load_params(checkpoint=saved)
    assert_same(answers(twin, X), answers(model, X))


@every(lambda instance: not predicts(instance))
def test_the_net_of_a_transformer_says_that_it_does_not_predict(instance):
    X, _ = instance.data()
    model = instance.as_fitted()
    net = model.net_
    for call in (net.predict, net.predict_proba, net.forward, lambda X: net.score(X, None)):
        with pytest.raises(TypeError, match=r"takes no X for .*use transform of the estimator"):
            call(X)


class DrawsAtEveryEvent(Callback):
    """Draws from what seem to be torch's global numbers, and changes the gradient by them."""

    def on_train_begin(self, net, **kwargs):
        torch.rand(1)

    on_epoch_begin = on_batch_begin = on_batch_end = on_epoch_end = on_train_end = on_train_begin

    def on_grad_computed(self, net, named_parameters, **kwargs):
        for _, parameter in named_parameters:
            if parameter.grad is not None:
                parameter.grad.add_(torch.randn_like(parameter.grad))


@every(has("optimizer"))
def test_callbacks_draw_from_the_numbers_of_the_fit(instance):
    """At every event: the seed alone decides, and the global state is left alone."""
    params = {"callbacks": [DrawsAtEveryEvent()], "early_stopping": False}
    X, y = instance.data()
    before = torch.get_rng_state()
    first = instance.answers_of_fit(X, y, **params)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert_same(instance.answers_of_fit(X, y, **params), first)
    torch.set_rng_state(before)
    assert not np.array_equal(instance.answers_of_fit(X, y, early_stopping=False), first)
