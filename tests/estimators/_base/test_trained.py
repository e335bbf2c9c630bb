"""What estimators show of their trained net, on an estimator that has nothing else."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skdl.engine import Data, Net
from skdl.estimators import GRUClassifier, LSTMRegressor, Word2VecTransformer
from skdl.estimators._base._trained import HISTORY, Trained


def squared(module, batch):
    return module(batch["x"]).square().mean()


class Shows(Trained, BaseEstimator):
    """A linear map that is trained to nothing."""

    def fit(self, X, valid=None):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module = nn.Linear(3, 2)
        net = Net(module, squared, max_epochs=4, lr=0.01, batch_size=2).initialize()
        valid = None if valid is None else Data({"x": torch.as_tensor(valid)})
        self.net_ = net.train(Data({"x": torch.as_tensor(X)}), valid)
        return self


X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def test_history_is_a_table_of_epochs():
    model = Shows().fit(X)
    assert list(model.history_) == HISTORY == ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
    assert model.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert model.history_["valid_loss"].isna().all()
    assert model.history_["valid_loss"].dtype == float
    losses = [row["train_loss"] for row in model.net_.history]
    assert model.history_["train_loss"].tolist() == losses
    assert np.isfinite(Shows().fit(X, X).history_["valid_loss"]).all()


def test_history_is_made_anew():
    """What a user does to it is the user's."""
    model = Shows().fit(X)
    table = model.history_
    table["train_loss"] = 7.0
    assert (model.history_["train_loss"] != 7).all()


def test_module_device_and_size():
    model = Shows().fit(X)
    assert model.module_ is model.net_.module_
    assert isinstance(model.module_, nn.Linear)
    assert model.device_ == "cpu"
    assert model.n_parameters_ == 3 * 2 + 2


def test_is_fitted_when_there_is_a_net():
    with pytest.raises(NotFittedError):
        check_is_fitted(Shows())
    check_is_fitted(Shows().fit(X))


@pytest.mark.parametrize("name", ["net_", "history_", "module_", "device_", "n_parameters_"])
def test_before_fit_nothing_is_there(name):
    assert not hasattr(Shows(), name)


def test_the_net_knows_its_estimator():
    model = Shows().fit(X)
    assert model.net_ is model.net_
    assert model.net_.estimator is model
    twin = copy.copy(model)
    assert twin.net_.estimator is twin
    assert model.net_.estimator is model
    del model.net_
    with pytest.raises(AttributeError, match="'Shows' object has no attribute 'net_'"):
        model.net_  # noqa: B018
    assert twin.net_.estimator is twin


def test_to():
    model = Shows().fit(X)
    before = model.module_.weight.detach().clone()
    assert model.to("cpu") is model
    assert model.to(torch.device("cpu")) is model
    assert model.to("auto") is model
    assert torch.equal(model.to("cpu").module_.weight, before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")
    assert model.device_ == "cpu"
    with pytest.raises(NotFittedError):
        Shows().to("cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_to_cuda_and_back():
    model = Shows().fit(X)
    before = model.module_.weight.detach().clone()
    assert model.to("cuda").device_.startswith("cuda")
    assert model.module_.weight.is_cuda
    assert torch.equal(model.to("cpu").module_.weight, before)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_show_the_same(copied):
    model = Shows().fit(X)
    twin = copied(model)
    assert twin.history_.equals(model.history_)
    assert torch.equal(twin.module_.weight, model.module_.weight)
    assert twin.module_ is not model.module_


@pytest.mark.parametrize("cls", [GRUClassifier, Word2VecTransformer])
def test_estimators_show_it_this_way(cls):
    """Those that predict and those that transform."""
    assert issubclass(cls, Trained)
    for name in ("history_", "device_", "n_parameters_", "to"):
        assert getattr(cls, name) is getattr(Trained, name)


def test_a_pickle_of_another_version_warns(monkeypatch):
    model = LSTMRegressor(2, max_epochs=1, linear_model=False, random_state=0)
    model.fit(np.arange(40.0).reshape(10, 4), np.arange(10.0))
    pickled = pickle.dumps(model)
    pickle.loads(pickled)  # warnings are errors
    monkeypatch.setattr("skdl.estimators._base._trained.VERSION", "9.9")
    with pytest.warns(UserWarning, match=r"LSTMRegressor was pickled by skdl .* this is skdl 9\.9"):
        assert pickle.loads(pickled).n_iter_ == 1
