"""The net of an estimator: skorch's verbs on arrays, and on data of the engine."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import torch
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from skorch import NeuralNet
from torch import nn

from skdl.engine import Data, Net, Ragged, Supervised, cross_entropy, squared_error
from tests.engine.by_hand import Labels, Thousands

X = np.linspace(-1, 1, 60).reshape(20, 3)
VALUES = X.sum(1, keepdims=True).astype(np.float32)
LABELS = np.where(X[:, 0] > 0, "right", "left")


class Named(nn.Linear):
    def forward(self, x):
        return super().forward(x)


def net_for(n_outputs, objective, y, **params):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Named(3, n_outputs)
    params = {"max_epochs": 9, "batch_size": 4, "lr": 0.1, **params}
    net = Net(module, objective, **params).initialize()
    return net.train(Data({"x": torch.tensor(X, dtype=torch.float32), "y": torch.as_tensor(y)}))


class Estimator:
    def _read_again(self, X):
        return Data({"x": torch.as_tensor(np.asarray(X, dtype=np.float32))})


class Regressor(Estimator):
    """In units of its own: a thousand to one."""

    def fit(self):
        self._net = net_for(1, Supervised(squared_error, Thousands()), VALUES)
        return self

    @property
    def net_(self):
        return self._net.bound_to(self)

    def predict(self, X):
        return 1000 * self._net.outputs(self._read_again(X)).numpy()[:, 0]

    def score(self, X, y, sample_weight=None):
        return r2_score(y, self.predict(X), sample_weight=sample_weight)


class Classifier(Estimator):
    classes_ = np.array(["left", "right"])

    def fit(self):
        labels = np.searchsorted(self.classes_, LABELS)
        self._net = net_for(2, Supervised(cross_entropy, Labels("left", "right")), labels)
        return self

    @property
    def net_(self):
        return self._net.bound_to(self)

    def predict_proba(self, X):
        return self._net.outputs(self._read_again(X)).softmax(1).numpy()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]

    def score(self, X, y, sample_weight=None):
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)


def test_a_net_of_a_regressor_answers_in_its_units():
    model, y = Regressor().fit(), 1000 * VALUES[:, 0]
    net = model.net_
    assert isinstance(net, NeuralNet)
    np.testing.assert_array_equal(net.predict(X), model.predict(X))
    np.testing.assert_array_equal(net.predict_proba(X), model.predict(X))
    assert net.score(X, y) == model.score(X, y) > 0.5
    weight = np.linspace(0, 1, 20)
    assert net.score(X, y, weight) == model.score(X, y, weight) != model.score(X, y)


def test_a_net_of_a_classifier_answers_in_its_labels():
    model = Classifier().fit()
    net = model.net_
    np.testing.assert_array_equal(net.predict(X), model.predict(X))
    np.testing.assert_array_equal(net.predict_proba(X), model.predict_proba(X))
    assert net.score(X, LABELS) == model.score(X, LABELS) > 0.9


@pytest.mark.parametrize("kind", [Regressor, Classifier])
def test_forward_gives_outputs_of_the_module(kind):
    net = kind().fit().net_
    x = torch.tensor(X, dtype=torch.float32)
    with torch.no_grad():
        expected = net.module_(x)
    model = kind()  # only to keep one alive
    assert net.bound_to(model).forward(X).equal(expected)
    assert torch.cat(list(net.forward_iter(X))).equal(expected)
    assert net.forward(Data({"x": x})).equal(expected)


def test_data_of_the_engine_is_answered_in_the_terms_of_the_user():
    x = torch.tensor(X, dtype=torch.float32)
    regressor, classifier = Regressor().fit(), Classifier().fit()
    data = Data({"x": x})
    for model in (regressor, classifier):
        np.testing.assert_array_equal(model.net_.predict(data), model.predict(X))
    np.testing.assert_array_equal(classifier.net_.predict_proba(data), classifier.predict_proba(X))
    np.testing.assert_array_equal(regressor.net_.predict_proba(data), regressor.predict(X))
    y = 1000 * VALUES[:, 0]
    assert regressor.net_.score(data, y) == regressor.score(X, y)
    assert classifier.net_.score(data, LABELS) == classifier.score(X, LABELS)
    first = regressor.net_.predict({"x": x[:4]})
    np.testing.assert_allclose(first, regressor.predict(X)[:4], rtol=1e-5)


def test_outputs_that_mean_nothing_to_a_user_are_given_as_they_are():
    net = net_for(2, Supervised(cross_entropy), np.searchsorted(Classifier.classes_, LABELS))
    data = Data({"x": torch.tensor(X, dtype=torch.float32)})
    np.testing.assert_array_equal(net.predict(data), net.outputs(data))
    np.testing.assert_array_equal(net.predict_proba(data), net.outputs(data))


def test_scikit_learn_knows_what_the_net_is():
    regressor, classifier = Regressor().fit(), Classifier().fit()
    assert is_regressor(regressor.net_)
    assert not hasattr(regressor.net_, "classes_")
    assert is_classifier(classifier.net_)
    assert classifier.net_.classes_.tolist() == ["left", "right"]
    plain = net_for(1, Supervised(squared_error), VALUES)
    assert not is_classifier(plain)
    assert not is_regressor(plain)


def test_data_is_prepared_once_for_whoever_asks():
    class Prepares(Named):
        def prepare(self, x):
            return {"x": 2 * x}

    net = Net(Prepares(3, 1), Supervised(squared_error)).initialize()
    data = Data({"x": torch.ones(5, 3)})
    np.testing.assert_allclose(net.predict(data), net.outputs(data), rtol=1e-6)
    assert not np.allclose(net.predict(data), net.module_(torch.ones(5, 3)).detach())


def test_rows_of_unequal_length_are_answered_in_their_order():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x, lengths):
            return self.scale * x.sum(1)

    lengths = torch.tensor([3, 1, 5, 2])
    net = Net(Sum(), Supervised(squared_error)).initialize()
    got = net.predict(Data({"x": Ragged(torch.ones(11, 1), lengths)}))
    assert got[:, 0].tolist() == [6, 2, 10, 4]


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_every_precision_is_answered_in_numpy(precision):
    dtype = torch.float64 if precision == "float64" else torch.float32
    net = Net(Named(3, 1), Supervised(squared_error), precision=precision).initialize()
    assert net.predict(Data({"x": torch.ones(4, 3, dtype=dtype)})).shape == (4, 1)


# Without an estimator ----------------------------------------------------------------------------


def test_arrays_need_an_estimator():
    net = net_for(1, Supervised(squared_error), VALUES)
    for ask in (net.predict, net.predict_proba, net.forward, lambda X: net.score(X, X)):
        with pytest.raises(TypeError, match="Keep the estimator in a variable"):
            ask(X)


def test_the_estimator_is_not_kept_alive():
    """Nor is a net that nobody refers to: references are counted, there is no cycle."""
    model = Regressor().fit()
    net, weights = model.net_, weakref.ref(model.net_.module_)
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
        with pytest.raises(TypeError, match="Keep the estimator"):
            net.predict(X)
        del net
        assert weights() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_have_an_estimator_of_their_own(copied):
    """They keep it alive, as nothing else does."""
    model = Regressor().fit()
    expected, twin = model.predict(X).tolist(), copied(model.net_)
    assert twin.estimator is not model
    assert twin.estimator.net_ is twin
    assert model.net_.estimator is model
    del model
    assert twin.predict(X).tolist() == expected
    again = copied(twin)
    assert again.estimator is not twin.estimator
    assert again.predict(X).tolist() == expected


def test_a_net_of_another_machines_card_has_its_estimator():
    """It is copied to the CPU for its pickle; here there may be no card."""
    model = Regressor().fit()
    expected, twin = model.predict(X).tolist(), copy.deepcopy(model.net_)
    twin.device = torch.device("cuda:99")
    again = pickle.loads(pickle.dumps(twin))
    assert again.device.type == "cpu"
    assert again.predict(X).tolist() == expected


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_of_a_net_alone_know_no_estimator(copied):
    with pytest.raises(TypeError, match="Keep the estimator"):
        copied(net_for(1, Supervised(squared_error), VALUES)).predict(X)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copied_estimator_is_that_of_its_net(copied):
    model = Classifier().fit()
    twin = copied(model)
    assert twin.net_ is not model.net_
    assert twin.net_.estimator is twin
    assert model.net_.estimator is model
    assert twin.net_.predict(X).tolist() == model.predict(X).tolist()


# Weights and history -----------------------------------------------------------------------------


def test_parameters_and_history_are_saved_and_loaded(tmp_path):
    files = {f"f_{name}": tmp_path / name for name in ("params", "history", "optimizer")}
    net = net_for(1, Supervised(squared_error), VALUES)
    net.save_params(**files)
    other = net_for(1, Supervised(squared_error), -VALUES, max_epochs=1)
    other.load_params(**files)
    data = Data({"x": torch.tensor(X, dtype=torch.float32)})
    assert other.outputs(data).equal(net.outputs(data))
    assert [row["train_loss"] for row in other.history] == net.history[:, "train_loss"]
    for ours, theirs in zip(
        net.optimizer_.state.values(), other.optimizer_.state.values(), strict=True
    ):
        assert ours["exp_avg"].equal(theirs["exp_avg"])


def test_parameters_of_the_net_are_shown():
    net = net_for(1, Supervised(squared_error), VALUES, lr=0.2)
    params = net.get_params(deep=False)
    assert (params["lr"], params["batch_size"]) == (0.2, 4)
    assert "Named" in repr(net)


@pytest.mark.parametrize("verb", ["fit", "partial_fit", "fit_loop"])
def test_training_is_the_estimators(verb):
    net = Regressor().fit().net_
    with pytest.raises(TypeError, match=r"trained by its estimator.*warm_start=True"):
        getattr(net, verb)(X, VALUES)
