"""Laws of pausing: a training run that is paused and goes on ends as one that is not."""

import copy

import numpy as np
import torch

from skdl.engine import Net
from tests.laws.common import answers, assert_same, every, has

PLAIN = (torch.Tensor, int, float, str, bool, type(None))


def plain(value):
    """The same, by way of a file, as a user would keep it."""
    leaves = [value]
    while leaves:
        leaf = leaves.pop()
        if isinstance(leaf, dict):
            leaves += leaf.values()
        elif isinstance(leaf, (list, tuple)):
            leaves += leaf
        else:
            assert isinstance(leaf, PLAIN), type(leaf)
    return copy.deepcopy(value)


def train_with_returns(net, data, valid=None, *, n_epochs=None):
    """Each epoch twice: what the first one did is taken back."""
    run = net.start(data, valid, n_epochs=n_epochs)
    while not run.finished:
        state = plain(run.state())
        run.epoch()
        run.restore(state)
        run.epoch()
    run.finish()
    return net


def train_in_another_net(net, data, valid=None, *, n_epochs=None):
    """One epoch here, the others in a copy that was made before."""
    fresh = copy.deepcopy(net)
    run = net.start(data, valid, n_epochs=n_epochs)
    run.epoch()
    state = plain(run.state())
    run.epoch()
    run.abandon()
    run = fresh.start(data, valid, n_epochs=n_epochs)
    run.restore(state)
    while not run.finished:
        run.epoch()
    run.finish()
    vars(net).update(vars(fresh))
    return net


def assert_alike(one, other, X):
    assert_same(answers(one, X), answers(other, X))
    columns = ["epoch", "train_loss", "valid_loss", "lr"]
    np.testing.assert_array_equal(one.history_[columns], other.history_[columns])
    assert one.n_iter_ == other.n_iter_
    assert getattr(one, "best_epoch_", None) == getattr(other, "best_epoch_", None)


@every()
def test_going_on_after_a_pause_is_bit_equal(instance, monkeypatch):
    """Back to the state before an epoch, and on in another net, which has seen nothing."""
    X, y = instance.data()
    params = {"max_epochs": 6, "lr": 0.02}
    params |= instance.known(early_stopping=True, n_iter_no_change=2, lr_schedule="cosine")
    expected = instance.fitted(X, y, **params)
    for train in (train_with_returns, train_in_another_net):
        monkeypatch.setattr(Net, "train", train)
        assert_alike(instance.fitted(X, y, **params), expected, X)


@every(has("partial_fit"))
def test_a_part_that_is_paused_is_bit_equal(instance, monkeypatch):
    X, y = instance.data()
    expected = instance.fitted(X, y).partial_fit(X, y).partial_fit(X, y)
    model = instance.fitted(X, y)
    monkeypatch.setattr(Net, "train", train_with_returns)
    assert_alike(model.partial_fit(X, y).partial_fit(X, y), expected, X)
