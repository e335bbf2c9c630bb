"""Callbacks, parameters in words, and fits that fail."""

import numpy as np
import pytest
from skorch.callbacks import EpochScoring

from skdl.estimators import CNNClassifier, Ridge
from skdl.estimators._base._checks import (
    all_or_nothing,
    check_callbacks,
    plain_parameters,
)


@pytest.mark.parametrize("callbacks", [None, [], [EpochScoring("r2")], [("a", EpochScoring("r2"))]])
def test_callbacks_of_skorch_pass(callbacks):
    check_callbacks(callbacks)


@pytest.mark.parametrize(
    "callback", [print, "checkpoint", ("a", "b"), ("a", EpochScoring("r2"), 1)]
)
def test_anything_else_is_told(callback):
    with pytest.raises(TypeError, match=r"skorch callbacks or pairs \(name, callback\), got"):
        check_callbacks([callback])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_no_trace(error):
    model = Ridge()
    model.coef_ = before = [1.0]

    def fail():
        with all_or_nothing(model):
            model.coef_, model.intercept_ = [2.0], 3.0
            raise error

    with pytest.raises(error):
        fail()
    assert model.coef_ is before
    assert not hasattr(model, "intercept_")


def test_numbers_of_numpy_are_plain_inside_and_come_back():
    given = {"alpha": np.float64(2.0), "max_iter": np.int64(7), "positive": np.bool_(True)}
    ridge = Ridge(**given)
    with plain_parameters(ridge):
        assert (type(ridge.alpha), type(ridge.max_iter), type(ridge.positive)) == (float, int, bool)
    assert all(getattr(ridge, name) is value for name, value in given.items())
    network = CNNClassifier(channels=(np.int32(8), 16))
    with plain_parameters(network):
        assert network.channels == (8, 16)
        assert type(network.channels[0]) is int
    assert type(network.channels[0]) is np.int32
