"""Callbacks that could not do what they are for are errors before the training begins."""

from unittest import mock

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, make_scorer
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LRScheduler,
    ParamMapper,
    PassthroughScoring,
    TrainEndCheckpoint,
    Unfreezer,
    WarmRestartLR,
)
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from skdl.engine._callback_checks import (
    check_callbacks,
    check_monitors,
    check_own_step,
    check_validated,
    has_batch_hooks,
    sets_rate,
)
from tests.ids import short


class KerasCallback:
    """As Keras has them: some of its events have skorch's names."""

    def on_epoch_end(self, epoch, logs=None):
        pass

    on_train_begin = on_train_end = on_epoch_begin = on_batch_begin = on_batch_end = on_epoch_end


class OnGradients(Callback):
    def on_grad_computed(self, net, **kwargs):
        pass


@pytest.mark.parametrize(
    "callbacks",
    [None, [], [EpochScoring("r2")], [("a", EpochScoring("r2"))], [mock.Mock(spec=Callback)]],
)
def test_callbacks_of_skorch_pass(callbacks):
    check_callbacks(callbacks)


@pytest.mark.parametrize(
    "callback",
    [print, "checkpoint", ("a", "b"), ("a", EpochTimer(), 1), (1, EpochTimer()), None, dict]
    + [KerasCallback(), KerasCallback, {"on_epoch_end": print}, np.float64(1)],
    ids=short,
)
def test_anything_else_is_told(callback):
    with pytest.raises(TypeError, match=r"instances of skorch.*pairs \(name, callback\), got"):
        check_callbacks([EpochTimer(), callback])


def test_long_values_are_cut_in_the_message():
    with pytest.raises(TypeError) as error:
        check_callbacks([list(range(10_000))])
    assert len(str(error.value)) < 700


@pytest.mark.parametrize("callback", [EpochTimer, EarlyStopping, ("name", Checkpoint)])
def test_a_class_is_told_to_be_made_an_instance(callback):
    with pytest.raises(TypeError, match=r"hold instances, got the class (\w+)\. Give \1\(\)"):
        check_callbacks([callback])


@pytest.mark.parametrize(
    "scheduler", [WarmRestartLR, StepLR, StepLR(torch.optim.SGD([torch.ones(1)]), 1)]
)
def test_a_scheduler_of_torch_is_told_its_callback(scheduler):
    with pytest.raises(TypeError, match=r"LRScheduler\(policy=(StepLR|WarmRestartLR)\)"):
        check_callbacks([scheduler])


def test_the_shape_of_the_network_is_the_estimators():
    with pytest.raises(ValueError, match=r"InputShapeSetter.*Leave it out"):
        check_callbacks([InputShapeSetter()])


@pytest.mark.parametrize(
    ("callback", "monitor"),
    [
        (EarlyStopping(), "train_loss"),
        (Checkpoint(), "train_loss_best"),
        (LRScheduler(ReduceLROnPlateau, monitor="valid_loss"), "train_loss"),
        (LRScheduler("ReduceLROnPlateau", monitor="valid_loss"), "train_loss"),
    ],
)
def test_what_monitors_the_validation_rows_needs_some(callback, monitor):
    with pytest.raises(ValueError, match=f"no validation rows. Do this, or use.*'{monitor}'"):
        check_validated([callback], "Do this")
    check_validated([type(callback)(**{**callback.get_params(), "monitor": monitor})], "")


@pytest.mark.parametrize(
    "callback", [EpochScoring("r2"), BatchScoring("r2"), PassthroughScoring("valid_loss")]
)
def test_what_scores_the_validation_rows_needs_some(callback):
    with pytest.raises(ValueError, match=r"no validation rows. Do this, or score.*on_train=True"):
        check_validated([("score", callback)], "Do this")
    check_validated([callback.__class__(**{**callback.get_params(), "on_train": True})], "")


@pytest.mark.parametrize(
    "callback",
    [
        LRScheduler("StepLR", step_size=1, monitor="valid_loss"),
        Checkpoint(monitor=None),
        Checkpoint(monitor=lambda net: True),
        EarlyStopping(monitor="mine"),
        TrainEndCheckpoint(),
    ],
)
def test_others_need_no_validation_rows(callback):
    check_validated([callback], "")


def ready(*callbacks):
    return [callback.initialize() for callback in callbacks]


@pytest.mark.parametrize(
    "callbacks",
    [
        (EarlyStopping(), Checkpoint()),
        (EpochScoring("r2"), EarlyStopping("r2"), Checkpoint("r2_best")),
        (EpochScoring("r2", name="mine"), EarlyStopping("mine")),
        (PassthroughScoring("mine"), Checkpoint("mine_best")),
        (EpochTimer(), EarlyStopping("dur")),
        (LRScheduler(), EarlyStopping("event_lr")),
        (Checkpoint(), EarlyStopping("event_cp")),
        (OnGradients(), EarlyStopping("mine")),
        (Checkpoint(None), Checkpoint(len)),
    ],
)
def test_monitors_that_are_recorded_pass(callbacks):
    check_monitors(ready(*callbacks), validated=True)


@pytest.mark.parametrize(
    "callbacks",
    [
        (EarlyStopping("f1"),),
        (EarlyStopping("r2"), EpochScoring("r2")),
        (EpochScoring("r2", lower_is_better=None), Checkpoint("r2_best")),
        (EpochTimer(), LRScheduler(ReduceLROnPlateau, monitor="mine")),
        (EarlyStopping("mine"), OnGradients()),
    ],
)
def test_monitors_that_nothing_records_are_told(callbacks):
    with pytest.raises(ValueError, match=r"has monitor='\w+', which nothing records before it"):
        check_monitors(ready(*callbacks), validated=True)


@pytest.mark.parametrize("scoring", ["r2", None, log_loss, make_scorer(log_loss)])
def test_a_net_that_does_not_predict_is_not_scored(scoring):
    with pytest.raises(ValueError, match=r"EpochScoring scores predictions.*score\(net, X, y\)"):
        check_own_step([("a", EpochScoring(scoring))])


def test_a_net_without_gradients_is_not_clipped():
    with pytest.raises(ValueError, match=r"GradientNormClipping.*without gradients.*Leave it out"):
        check_own_step([("a", GradientNormClipping())])


@pytest.mark.parametrize("kind", [Freezer, Unfreezer, Initializer, ParamMapper])
def test_weights_of_own_steps_are_not_frozen(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}.*steps of its own.*Leave it out"):
        check_own_step([("a", kind("*"))])


def test_a_function_may_score_any_net():
    check_own_step([("a", EpochScoring(lambda net, X, y: 1.0)), ("b", EpochTimer())])


def test_who_sets_the_rate():
    assert sets_rate([EpochTimer(), ("rate", LRScheduler())])
    assert not sets_rate([EpochTimer()])
    assert not sets_rate(None)


def events_of(instance):
    instance.on_batch_end = lambda net, **kwargs: None
    return instance


@pytest.mark.parametrize(
    ("callback", "watches"),
    [
        (Callback(), False),
        (EarlyStopping(), False),
        (OnGradients(), True),
        (EpochScoring("r2"), True),
        (events_of(Callback()), True),
    ],
)
def test_who_has_batch_hooks(callback, watches):
    assert has_batch_hooks(callback) is watches


def test_policies_that_skorch_does_not_know_are_told():
    """With what helps: a class of torch, or a name that there is."""
    check_callbacks([LRScheduler("StepLR", step_size=1), LRScheduler(StepLR, step_size=1)])
    check_callbacks([LRScheduler(lambda optimizer, last_epoch: StepLR(optimizer, 1))])
    with pytest.raises(ValueError, match="import LinearLR, policy=LinearLR"):
        check_callbacks([LRScheduler("LinearLR")])
    with pytest.raises(ValueError, match=r"LambdaLR, .*WarmRestartLR\. Give one of them"):
        check_callbacks([LRScheduler("Steps")])
    schedule = StepLR(torch.optim.SGD([torch.ones(1, requires_grad=True)]), 1)
    with pytest.raises(TypeError, match=r"got an instance of StepLR\. Give the class"):
        check_callbacks([LRScheduler(schedule)])
