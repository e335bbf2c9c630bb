"""CONTRIBUTING.md, "Add an estimator in six steps": followed to the letter by a small estimator."""

from typing import Any, ClassVar

import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from skdl._sklearn import StrOptions
from skdl.datasets import make_sequences
from skdl.estimators._base._docs import PARAMETERS, deep_estimator
from skdl.estimators._base._estimator import TorchEstimator
from skdl.estimators._base._sequences import channel_statistics, read_sequences
from skdl.estimators._base._targets import TorchClassifier, TorchRegressor


class Mixer(nn.Module):
    """Mean over time of a linear function of each step and its square."""

    def __init__(self, n_channels, n_outputs, activation, mean, scale):
        super().__init__()
        self.hidden, self.head = nn.Linear(n_channels, 16), nn.Linear(16, n_outputs)
        self.activation = {"relu": torch.relu, "tanh": torch.tanh}[activation]
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def prepare(self, x):
        return {"z": ((x - self.mean) / self.scale).to(self.mean.dtype)}

    def forward(self, z):
        return self.head(self.activation(self.hidden(z)).mean(1))


PARAMETERS.setdefault("activation", ('{"relu", "tanh"}', "What bends each step."))


class Mixing(TorchEstimator):
    activation = "relu"

    def _read_inputs(self, X, *, reset):
        return read_sequences(self, X, n_channels=None, reset=reset)

    def _make_module(self, train, data):
        mean, scale = (value.to(self._dtype) for value in channel_statistics(train))
        (n_outputs,) = self._output_shape()
        return Mixer(self.n_channels_in_, n_outputs, self.activation, mean, scale)


@deep_estimator
class MixerRegressor(TorchRegressor, Mixing):
    """Regression by mixing steps."""

    activation: str = "relu"
    lr: float = 0.03
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "activation": [StrOptions({"relu", "tanh"})]
    }


@deep_estimator
class MixerClassifier(TorchClassifier, Mixing):
    """Classification by mixing steps."""

    activation: str = "relu"
    lr: float = 0.03
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "activation": [StrOptions({"relu", "tanh"})]
    }


@pytest.mark.parametrize("cls", [MixerRegressor, MixerClassifier])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_hold_for_it(cls):
    """But for those that its network is too simple for, and mini-batches."""
    known = {
        "check_sample_weight_equivalence_on_dense_data": "mini-batches",
        "check_regressors_train": "a mean over columns cannot learn each column's weight",
        "check_classifiers_train": "likewise",
        "check_classifiers_classes": "likewise",
    }
    results = check_estimator(cls(max_epochs=5, random_state=0), on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed <= set(known)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_it_learns_in_a_pipeline(task):
    cls = MixerRegressor if task == "regression" else MixerClassifier
    X, y = make_sequences(200, n_steps=6, task=task, random_state=0)
    X, y = (X, (X**2).mean(1)) if task == "regression" else (X, (X**2).mean(1) > 1)
    model = make_pipeline(StandardScaler(), cls(random_state=0)).fit(X, y)
    assert model.score(X, y) > 0.8
    assert "activation : " in cls.__doc__
