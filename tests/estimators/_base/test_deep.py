"""The three ways to learn of an estimator without targets, and where shared parameters stand."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skdl import estimators
from skdl.engine import Data, draw_seed
from skdl.estimators._base import DeepEstimator, FitMode, Split, TorchEstimator, deep_estimator

X = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)


class Bottleneck(nn.Module):
    def __init__(self, n_columns, n_features):
        super().__init__()
        self.encoder, self.decoder = (
            nn.Linear(n_columns, n_features),
            nn.Linear(n_features, n_columns),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def reconstruction_error(module, batch):
    return (module(batch["x"]) - batch["x"]).square().mean()


@deep_estimator
class Autoencoder(DeepEstimator):
    """The least that learns without targets.

    Parameters
    ----------
    n_features : int, default=2
        Numbers that a row is reconstructed from.
    warm_start : bool, default=False
        Whether ``fit`` goes on.
    lr : float, default=0.01
        Learning rate at its peak, above 0.
    """

    n_features: int = 2
    lr: float = 0.01
    warm_start: bool = False

    _input_kinds = frozenset({"tables"})
    _changeable = frozenset({"warm_start"})
    _parameter_constraints = {"n_features": [int], "warm_start": ["boolean"]}  # noqa: RUF012

    def fit(self, X, y=None):
        with self._fitting():
            seed, goes_on = draw_seed(self.random_state), self.warm_start and hasattr(self, "net_")
            if goes_on:
                self._check_architecture()
            data = self._read_inputs(X, reset=not goes_on)
            rows = Split(data, None, data)
            if goes_on:
                self._train_further(rows, seed)
            else:
                self._train_new(rows, seed, FitMode.FIT)
        return self

    def partial_fit(self, X, y=None):
        with self._fitting():
            first = not hasattr(self, "net_")
            data = self._read_inputs(X, reset=first)
            if first:
                seed = draw_seed(self.random_state)
                self._train_new(Split(data, None, data), seed, FitMode.PARTIAL_FIT)
            else:
                self._check_architecture()
                self._train_part(data)
        return self

    def _read_inputs(self, X, *, reset):
        if reset:
            self.n_features_in_ = X.shape[1]
        elif X.shape[1] != self.n_features_in_:
            raise ValueError("X has other columns.")
        return Data({"x": torch.as_tensor(X)})

    def _make_module(self, train):
        return Bottleneck(self.n_features_in_, self.n_features)

    def _make_objective(self):
        return reconstruction_error


def autoencoder(**params):
    return Autoencoder(**{"max_epochs": 5, "random_state": 0, "device": "cpu", **params})


def weights_of(model):
    return torch.cat([weight.detach().flatten() for weight in model.module_.parameters()])


def test_a_fit_learns_by_the_seed():
    model, twin = autoencoder().fit(X), autoencoder().fit(X)
    assert torch.equal(weights_of(model), weights_of(twin))
    assert model.n_iter_ == model.best_epoch_ == 5
    losses = model.history_["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0]
    assert not torch.equal(weights_of(autoencoder(random_state=1).fit(X)), weights_of(model))


def test_a_warm_start_goes_on_from_the_network_before():
    model = autoencoder(warm_start=True).fit(X)
    module, last = model.module_, model.history_["train_loss"].iloc[-1]
    assert model.fit(X).history_["train_loss"].iloc[0] < last
    assert model.module_ is not module


def test_parts_train_one_network_for_an_epoch_each():
    model = autoencoder().partial_fit(X[:20])
    module = model.module_
    model.set_params(lr=0.05).partial_fit(X[20:])
    assert model.module_ is module
    assert model.history_["lr"].tolist() == [0.01, 0.05]
    assert model.n_iter_ == 2


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("params", "X", "message"),
    [({"n_features": 3}, X, "n_features changed"), ({}, X[:, :4], "other columns")],
    ids=["parameter", "X"],
)
def test_what_cannot_go_on_leaves_the_network_as_it_was(method, params, X, message):
    model = autoencoder(warm_start=True).fit(globals()["X"])
    before = weights_of(model)
    with pytest.raises(ValueError, match=message):
        getattr(model.set_params(**params), method)(X)
    assert torch.equal(weights_of(model), before)
    clone(model).fit(X)


def test_what_x_may_be_must_be_said(monkeypatch):
    monkeypatch.delattr(Autoencoder, "_input_kinds")
    with pytest.raises(TypeError, match="Autoencoder must say what X may be, in _input_kinds"):
        autoencoder().fit(X)


def test_shared_parameters_come_last_in_one_order():
    own = list(inspect.signature(Autoencoder).parameters)
    assert own[:3] == ["n_features", "lr", "warm_start"]
    assert own[-4:] == list(DeepEstimator._last_parameters)
    with_targets = list(inspect.signature(TorchEstimator).parameters)
    assert with_targets == list(TorchEstimator._last_parameters)
    assert list(inspect.signature(estimators.LSTMRegressor).parameters)[-19:] == with_targets
