"""Laws of callbacks: each that skorch ships works in every fit, or says why it cannot."""

import functools
import gc
import json
import pickle
import threading

import numpy as np
import pytest
import skorch.callbacks
import torch
from sklearn.base import clone
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    LoadInitState,
    LRScheduler,
    ParamMapper,
    PassthroughScoring,
    TrainEndCheckpoint,
)
from torch.optim.lr_scheduler import LinearLR, PolynomialLR, ReduceLROnPlateau

from tests.laws.common import answers, assert_same, every, has, one_of_each, predicts


class Service:
    """Stands for a client of TensorBoard, MLflow and the like, which cannot be copied."""

    id = experiment_id = run_id = dir = "x"

    def __init__(self):
        self.lock, self.seen = threading.Lock(), []
        self.info = self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.seen.append((name, args))


# What each callback is made with, where it does not go without; a folder goes into "dirname".
# None stands for those that import a package that is not there.
MADE_WITH = {
    "BatchScoring": {"scoring": None, "name": "mine", "on_train": True},
    "Checkpoint": {"monitor": "train_loss_best", "f_pickle": "net.pkl"},
    "EarlyStopping": {"monitor": "train_loss", "load_best": True},
    "EpochScoring": {"scoring": None, "name": "mine", "on_train": True},
    "Freezer": {"patterns": "*bias*"},
    "GradientNormClipping": {"gradient_clip_value": 1.0},
    "Initializer": {"patterns": "*", "fn": functools.partial(torch.mul, 1)},
    "LRScheduler": {"policy": "StepLR", "step_size": 1},
    "LoadInitState": {"checkpoint": Checkpoint(monitor=None)},
    "MlflowLogger": {"run": Service(), "client": Service()},
    "NeptuneLogger": None,
    "ParamMapper": {"patterns": "*"},
    "PassthroughScoring": {"name": "train_loss", "on_train": True},
    "SacredLogger": {"experiment": Service()},
    "TensorBoard": {"writer": Service()},
    "TrainEndCheckpoint": {},
    "Unfreezer": {"patterns": "*"},
    "WandbLogger": {"wandb_run": Service(), "save_model": False},
    "PrintLog": {"sink": Service().note},
}


def made(name, folder):
    kwargs = MADE_WITH.get(name, {})
    if kwargs is None:
        pytest.skip("needs a package that is not there")
    if name.endswith("Checkpoint"):
        kwargs = {**kwargs, "dirname": str(folder)}
    return getattr(skorch.callbacks, name)(**kwargs)


WORKING = sorted({*skorch.callbacks.__all__} - {"InputShapeSetter", "WarmRestartLR"})
# Of no use where a network trains itself and does not predict.
MAPPERS = {"Freezer", "Initializer", "ParamMapper", "Unfreezer"}
NOT_FOR_OWN_STEPS = {"BatchScoring", "EpochScoring", "GradientNormClipping", *MAPPERS}


@pytest.mark.parametrize("name", WORKING)
@one_of_each()
def test_every_callback_of_skorch_works(instance, name, tmp_path):
    """In fit and partial_fit, under the defaults; else the fit says so before it begins."""
    callback = made(name, tmp_path)
    X, y = instance.data()
    params = instance.known(early_stopping=False)
    model = clone(instance.estimator).set_params(callbacks=[callback], max_epochs=3, **params)
    if name in NOT_FOR_OWN_STEPS and not predicts(instance):
        with pytest.raises(ValueError, match=r"callbacks: .*[Ll]eave it out"):
            model.fit(X, y)
        return
    model.fit(X, y)
    assert model.n_iter_ == len(model.history_) >= 1
    assert np.isfinite(model.history_["train_loss"]).all()
    model.partial_fit(X, y)
    assert model.n_iter_ == len(model.history_)
    if name not in ("MlflowLogger", "SacredLogger", "TensorBoard", "WandbLogger", "PrintLog"):
        assert_same(answers(pickle.loads(pickle.dumps(model)), X), answers(model, X))


@one_of_each()
def test_batches_are_in_the_history_at_the_end_of_an_epoch(instance):
    """Also where no callback watches each batch: as skorch has them."""
    seen = []

    class Looks(Callback):
        def on_epoch_end(self, net, **kwargs):
            sizes = net.history[-1, "batches", :, "train_batch_size"]
            losses = net.history[-1, "batches", :, "train_loss"]
            assert len(sizes) == len(losses) == net.history[-1, "train_batch_count"]
            seen.append(np.average(losses, weights=sizes))

    params = instance.known(early_stopping=False)
    model = instance.fitted(*instance.data(), callbacks=[Looks()], **params)
    assert len(seen) == model.n_iter_
    if predicts(instance):
        np.testing.assert_allclose(seen, model.history_["train_loss"], rtol=1e-5)


# The learning rate -------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [{}, {"lr_schedule": "constant"}])
@one_of_each()
def test_a_scheduler_sets_the_rate(instance, schedule):
    """In place of the schedule; partial_fit goes on where it was."""
    X, y = instance.data()
    callback = LRScheduler("StepLR", step_size=1, gamma=0.5)
    params = instance.known(**schedule, early_stopping=False)
    model = instance.fitted(X, y, callbacks=[callback], max_epochs=3, lr=0.02, **params)
    assert model.history_["lr"].tolist() == pytest.approx([0.02, 0.01, 0.005])
    model.partial_fit(X, y).partial_fit(X, y)
    assert model.history_["lr"].tolist()[3:] == pytest.approx([0.0025, 0.00125])


POLICIES = {
    "StepLR": {"step_size": 2},
    "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 4},
    "CyclicLR": {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 2, "cycle_momentum": False},
    "LambdaLR": {"lr_lambda": lambda epoch: 1 / (1 + epoch)},
    "MultiStepLR": {"milestones": [1, 3]},
    "WarmRestartLR": {"base_period": 2},
}


@pytest.mark.parametrize("policy", POLICIES)
@one_of_each()
def test_schedulers_of_torch_give_their_rates(instance, policy):
    callback = LRScheduler(policy, **POLICIES[policy])
    params = instance.known(early_stopping=False)
    model = instance.fitted(*instance.data(), callbacks=[callback], lr=0.04, max_epochs=5, **params)
    np.testing.assert_allclose(model.history_["lr"], callback.simulate(5, 0.04), rtol=1e-6)


@one_of_each(has("batch_size"))
def test_a_scheduler_may_step_at_every_batch(instance):
    """The rate in the history is that of the last step."""
    params = instance.known(early_stopping=False, batch_size=30)
    if not predicts(instance):
        pytest.skip("its batches are not of rows")
    callback = LRScheduler("StepLR", step_size=1, gamma=0.5, step_every="batch")
    model = instance.fitted(*instance.data(), callbacks=[callback], lr=0.02, **params)
    assert model.history_["lr"].tolist() == pytest.approx([0.01, 0.0025])


RESUMED = [
    ("StepLR", {"step_size": 2}),
    (LinearLR, {"total_iters": 3}),
    (PolynomialLR, {"total_iters": 5}),
    ("ReduceLROnPlateau", {"monitor": "train_loss", "patience": 0, "threshold": 0.5}),
]


@pytest.mark.parametrize(("policy", "made_with"), RESUMED)
@pytest.mark.parametrize("loads_first", [True, False])
@one_of_each()
def test_a_schedule_goes_on(instance, policy, made_with, loads_first, tmp_path):
    """In partial_fit, and where another training is loaded, as in one training."""
    params = instance.known(early_stopping=False) | {"lr": 0.02, "random_state": 0}

    def rates(n_epochs, *others):
        schedule = LRScheduler(policy, **made_with)
        callbacks = [*others, schedule] if loads_first else [schedule, *others]
        model = instance.fitted(
            *instance.data(), callbacks=callbacks, max_epochs=n_epochs, **params
        )
        return model, model.history_["lr"].tolist()

    whole = pytest.approx(rates(4)[1])
    part, _ = rates(2)
    part.partial_fit(*instance.data()).partial_fit(*instance.data())
    if policy != "ReduceLROnPlateau":  # batches, and so losses, are other ones
        assert part.history_["lr"].tolist() == whole
    saved = TrainEndCheckpoint(dirname=str(tmp_path))
    first = rates(2, saved, LoadInitState(saved))[1]
    resumed = rates(2, saved, LoadInitState(saved))[1]
    assert resumed[:2] == first
    if policy != "ReduceLROnPlateau":
        assert resumed == whole
    assert len(resumed) == 4


@pytest.mark.parametrize("epoch", [0, 1, 2])
@one_of_each()
def test_another_callback_may_set_the_rate_too(instance, epoch):
    """From where it is set on: epoch 0 is before training."""

    class Sets(Callback):
        def on_train_begin(self, net, **kwargs):
            self.on_epoch_begin(net)

        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == epoch:
                for group in net.optimizer_.param_groups:
                    group["lr"] = 0.005

    params = instance.known(early_stopping=False)
    model = instance.fitted(*instance.data(), callbacks=[Sets()], max_epochs=4, **params)
    kept = max(epoch - 1, 0)
    assert model.history_["lr"].tolist()[kept:] == [0.005] * (4 - kept)


@one_of_each(has("lr_schedule"))
def test_two_schedules_exclude_each_other(instance):
    X, y = instance.data()
    for params in ({"lr_schedule": "one-cycle"}, {"warmup_fraction": 0.31}):
        with pytest.raises(ValueError, match=f"LRScheduler, which sets.*{next(iter(params))}"):
            instance.fitted(X, y, callbacks=[LRScheduler()], **params)


# Validation rows ---------------------------------------------------------------------------------

NEED_VALIDATION = [
    EarlyStopping(),
    Checkpoint(),
    LRScheduler(ReduceLROnPlateau, monitor="valid_loss"),
    EpochScoring(None, name="mine"),
    BatchScoring(None, name="mine"),
    PassthroughScoring("valid_loss"),
]


@pytest.mark.parametrize("callback", NEED_VALIDATION, ids=lambda callback: type(callback).__name__)
@one_of_each()
def test_what_needs_validation_rows_says_so(instance, callback, tmp_path):
    """At the start; with the advice followed it works on the same X."""
    X, y = instance.data()
    callback = clone(callback, safe=False)
    if isinstance(callback, Checkpoint):
        callback.dirname = str(tmp_path)
    params = instance.known(early_stopping=False)
    with pytest.raises(ValueError, match=f"{type(callback).__name__}.*no validation rows"):
        instance.fitted(X, y, callbacks=[callback], **params)
    with pytest.raises(ValueError, match=f"{type(callback).__name__}.*no validation rows"):
        clone(instance.estimator).set_params(callbacks=[callback]).partial_fit(X, y)
    if params:
        model = instance.fitted(X, y, callbacks=[callback], early_stopping=True)
        assert model.history_["valid_loss"].notna().all()


# Checkpoints -------------------------------------------------------------------------------------


@one_of_each(has("ema_decay"))
def test_a_checkpoint_holds_the_weights_that_predict(instance, tmp_path):
    """Also where these are averaged."""
    X, y = instance.data()
    saved = Checkpoint(monitor=None, dirname=str(tmp_path))
    params = {"callbacks": [saved], "early_stopping": False, "ema_decay": 0.9}
    model = instance.fitted(X, y, max_epochs=3, **params)
    before = answers(model, X)
    for weight in model.module_.state_dict().values():
        weight.fill_(1)
    model.net_.load_params(checkpoint=saved)
    assert_same(answers(model, X), before)


class Answers(Callback):
    """Keeps what is answered after each epoch."""

    def __init__(self, X):
        self.X, self.answers = X, []

    def on_epoch_end(self, net, **kwargs):
        self.answers.append(net.predict_proba(self.X))


@every(predicts)
def test_a_pickle_of_a_checkpoint_answers(instance, tmp_path):
    """What the estimator answered when it was written, on arrays as the estimator takes them."""
    X, y = instance.data()
    nets, answers_then = nets_of_checkpoints(instance, tmp_path)
    for net, expected in zip(nets, answers_then, strict=True):
        assert_same(net.predict_proba(X), expected)
        assert net.score(X, y) == net.estimator.score(X, y)


@one_of_each(predicts)
def test_a_pickle_of_a_checkpoint_needs_nothing_else(instance, tmp_path):
    nets, answers_then = nets_of_checkpoints(instance, tmp_path)
    gc.collect()
    for net, expected in zip(nets, answers_then, strict=True):
        assert_same(net.predict_proba(instance.data()[0]), expected)


def nets_of_checkpoints(instance, folder):
    """The nets of two epochs, and what the estimator answered after each."""
    X, y = instance.data()
    saved = Checkpoint(monitor=None, f_pickle="{last_epoch[epoch]}.pkl", dirname=str(folder))
    seen = Answers(X)
    params = instance.known(early_stopping=False, ema_decay=None)
    instance.fitted(X, y, **params, callbacks=[saved, seen], max_epochs=2)
    nets = [pickle.loads((folder / f"{epoch}.pkl").read_bytes()) for epoch in (1, 2)]
    return nets, seen.answers


@pytest.mark.parametrize("files", [{}, {"f_optimizer": None, "use_safetensors": True}])
@one_of_each(has("early_stopping"))
def test_a_checkpoint_brings_its_best_epoch_back(instance, files, tmp_path):
    """Of its own score: the model is the one that training to that epoch gives."""
    X, y = instance.data()

    class Second(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("second", len(net.history) == 2)

    saved = Checkpoint(monitor="second", load_best=True, dirname=str(tmp_path), **files)
    params = {"lr_schedule": "constant", "warmup_fraction": 0.0, "early_stopping": False}
    model = instance.fitted(X, y, callbacks=[Second(), saved], max_epochs=4, **params)
    assert model.best_epoch_ == 2
    assert_same(answers(model, X), instance.answers_of_fit(X, y, max_epochs=2, **params))


@one_of_each(has("early_stopping"))
def test_early_stopping_of_skorch_brings_its_best_epoch_back(instance):
    X, y = instance.data()

    class Scores(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("mine", float(len(net.history) == 2))

    stops = EarlyStopping(
        monitor="mine", lower_is_better=False, patience=2, load_best=True, sink=lambda _: None
    )
    params = {"lr_schedule": "constant", "warmup_fraction": 0.0, "early_stopping": False}
    model = instance.fitted(X, y, callbacks=[Scores(), stops], max_epochs=9, **params)
    assert (model.n_iter_, model.best_epoch_) == (4, 2)
    assert_same(answers(model, X), instance.answers_of_fit(X, y, max_epochs=2, **params))


@one_of_each()
def test_a_training_goes_on_from_the_files_of_another(instance, tmp_path):
    """Weights, history and count of epochs; the first time there is nothing to go on from."""
    X, y = instance.data()
    saved = TrainEndCheckpoint(dirname=str(tmp_path))
    params = instance.known(early_stopping=False)
    params |= {"callbacks": [saved, LoadInitState(saved)], "max_epochs": 2}
    first = instance.fitted(X, y, **params)
    assert first.n_iter_ == 2
    with (tmp_path / "train_end_history.json").open() as file:
        assert len(json.load(file)) == 2
    second = instance.fitted(X, y, **params)
    assert second.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert second.history_["train_loss"].tolist()[:2] == first.history_["train_loss"].tolist()


# Which callback is used --------------------------------------------------------------------------


class Log(Callback):
    """Holds a file, which cannot be copied."""

    def __init__(self, file):
        self.file = file

    def on_epoch_end(self, net, **kwargs):
        self.file.write("epoch\n")


@one_of_each()
def test_the_callback_that_is_given_is_used(instance, tmp_path):
    with (tmp_path / "log").open("w") as file:
        callback = Log(file)
        model = instance.fitted(*instance.data(), callbacks=[("log", callback)])
        assert model.net_.callbacks_ == [("log", callback)]
    assert (tmp_path / "log").read_text() == "epoch\n" * model.n_iter_


@one_of_each()
def test_a_clone_has_callbacks_of_its_own(instance):
    callback = EarlyStopping(monitor="train_loss")
    model = instance.fitted(*instance.data(), callbacks=[callback])
    twin = clone(model)
    assert twin.callbacks[0] is not callback
    assert twin.fit(*instance.data()).net_.callbacks_[0][1] is twin.callbacks[0]


@one_of_each()
def test_partial_fit_takes_todays_callbacks(instance):
    X, y = instance.data()
    model = clone(instance.estimator).partial_fit(X, y)
    callback = skorch.callbacks.EpochTimer()
    model.set_params(callbacks=[callback]).partial_fit(X, y)
    assert model.history_["dur"].notna().tolist() == [False, True]
    model.set_params(callbacks=None).partial_fit(X, y)
    assert model.history_["dur"].notna().tolist() == [False, True, False]


@one_of_each()
def test_callbacks_compute_and_fit_as_they_like(instance):
    """Functions of torch, operators of tensors, and other estimators."""
    X, y = instance.data()
    expected, inner = answers(instance.fitted(X, y), X), []

    class Computes(Callback):
        def on_epoch_end(self, net, **kwargs):
            weights = [p.detach() for p in net.module_.parameters()]
            norm = sum(((2 - w) ** 2).sum() for w in weights) ** 0.5
            net.history.record("norm", float(norm // 1e-3 * 1e-3))
            inner.append(answers(instance.fitted(X, y), X))

    model = instance.fitted(X, y, callbacks=[Computes()])
    assert model.history_["norm"].gt(0).all()
    for got in (answers(model, X), *inner):
        assert_same(got, expected)


class Fails(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise ZeroDivisionError("of the callback")


@one_of_each()
def test_a_callback_that_raises_leaves_the_estimator_as_it_was(instance):
    X, y = instance.data()
    model = instance.fitted(X, y)
    before = answers(model, X)
    with pytest.raises(ZeroDivisionError, match="of the callback"):
        model.set_params(callbacks=[Fails()]).fit(X, y)
    assert_same(answers(model, X), before)


@one_of_each()
def test_other_libraries_callbacks_are_told(instance):
    class OfKeras:
        def on_epoch_end(self, epoch, logs=None):
            pass

    X, y = instance.data()
    for given in (OfKeras(), EarlyStopping, print):
        with pytest.raises(TypeError, match=r"callbacks must hold.*instances"):
            instance.fitted(X, y, callbacks=[given])


@one_of_each(has("optimizer"))
def test_a_callback_may_change_the_weights(instance):
    """At the end of an epoch; what it sets is what is trained on, and what is kept."""

    def zeroed(parameter):
        with torch.no_grad():
            parameter.zero_()

    class AtTheEnd(ParamMapper):
        def on_epoch_end(self, net, **kwargs):
            super().on_epoch_begin(net)

    X, y = instance.data()
    last = AtTheEnd("*", fn=zeroed, at=3)
    for ema_decay in (None, 0.9):
        params = {"callbacks": [last], "early_stopping": False, "ema_decay": ema_decay}
        model = instance.fitted(X, y, max_epochs=3, **params)
        assert not any(weight.any() for weight in model.module_.parameters())


@one_of_each(has("optimizer"))
def test_frozen_weights_stay(instance):
    X, y = instance.data()
    names = [name for name, _ in instance.fitted(X, y).module_.named_parameters()]
    frozen = names[: len(names) // 2]
    starts = {}

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            starts.update({n: p.detach().clone() for n, p in net.module_.named_parameters()})

    model = instance.fitted(X, y, callbacks=[Start(), Freezer(frozen)], early_stopping=False)
    weights = dict(model.module_.named_parameters())
    assert all(torch.equal(weights[name], starts[name]) for name in frozen)
    assert not all(torch.equal(weights[name], starts[name]) for name in names)
    with pytest.raises(ValueError, match="No weight is left to train"):
        instance.fitted(X, y, callbacks=[Freezer("*")])


@pytest.mark.parametrize("again", [True, False])
@one_of_each(has("warm_start"))
def test_a_fit_goes_on_where_weights_were_frozen(instance, again):
    X, y = instance.data()
    some = [name for name, _ in instance.fitted(X, y).module_.named_parameters()][:2]
    model = instance.fitted(X, y, callbacks=[Freezer(some)], warm_start=True)
    kept = model.module_.get_parameter(some[0]).detach().clone()
    model.set_params(callbacks=[Freezer(some)] if again else None).fit(X, y)
    assert torch.equal(model.module_.get_parameter(some[0]), kept)
    assert model.set_params(callbacks=None).fit(X, y).score(X, y) is not None
