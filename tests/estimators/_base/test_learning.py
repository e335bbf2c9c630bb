"""One schedule of the rate, parameters in words, and fits that fail."""

import numpy as np
import pytest
from skorch.callbacks import EpochScoring, LRScheduler

from skdl.estimators import CNNClassifier, LSTMRegressor, Word2VecTransformer

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
    cls(**{"callbacks": [("rate", SCHEDULER)], **params})._check_one_schedule()


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
        model.set_params(callbacks=[SCHEDULER])._check_one_schedule()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_no_trace(error):
    model = LSTMRegressor()
    model.coef_ = before = [1.0]

    def fail():
        with model._learning():
            model.coef_, model.intercept_ = [2.0], 3.0
            raise error

    with pytest.raises(error):
        fail()
    assert model.coef_ is before
    assert not hasattr(model, "intercept_")


def test_numbers_of_numpy_are_plain_inside_and_come_back():
    given = {"lr": np.float64(2.0), "max_epochs": np.int64(7), "warm_start": np.bool_(True)}
    model = LSTMRegressor(**given)
    with model._learning():
        assert [type(getattr(model, name)) for name in given] == [float, int, bool]
    assert all(getattr(model, name) is value for name, value in given.items())
    network = CNNClassifier(channels=(np.int32(8), 16))
    with network._learning():
        assert network.channels == (8, 16)
        assert type(network.channels[0]) is int
    assert type(network.channels[0]) is np.int32
