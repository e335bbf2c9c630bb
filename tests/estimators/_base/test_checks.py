"""One schedule of the rate, parameters in words, and fits that fail."""

import numpy as np
import pytest
from skorch.callbacks import EpochScoring, LRScheduler

from skdl.estimators import CNNClassifier, LSTMRegressor, Ridge, Word2VecTransformer
from skdl.estimators._base._checks import (
    all_or_nothing,
    check_one_schedule,
    plain_parameters,
)

SCHEDULER = LRScheduler("StepLR", step_size=1)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lr_schedule": "constant"},
        {"warmup_fraction": 0.0},
        {"lr_schedule": "linear", "callbacks": None},
        {"lr_schedule": "linear", "callbacks": [EpochScoring("r2")]},
    ],
)
@pytest.mark.parametrize("cls", [CNNClassifier, LSTMRegressor])
def test_one_schedule_passes(cls, params):
    check_one_schedule(cls(**{"callbacks": [("rate", SCHEDULER)], **params}))


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (CNNClassifier(lr_schedule="one-cycle"), "lr_schedule='one-cycle'"),
        (LSTMRegressor(lr_schedule="plateau"), "lr_schedule='plateau'"),
        (LSTMRegressor(warmup_fraction=0.3), "warmup_fraction=0.3"),
        (Word2VecTransformer(min_lr=0.01), "min_lr=0.01"),
    ],
)
def test_two_schedules_are_told(model, named):
    with pytest.raises(ValueError, match=f"LRScheduler, which sets.*so does {named}"):
        check_one_schedule(model.set_params(callbacks=[SCHEDULER]))


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
