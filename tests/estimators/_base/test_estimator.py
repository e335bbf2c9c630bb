"""What every deep estimator shares: splits, stopping, devices, interrupts, callbacks."""

import signal
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Checkpoint, EpochScoring, TrainEndCheckpoint

from skdl.datasets import make_sequences
from skdl.engine import seeded
from skdl.estimators import CNNClassifier, GRUClassifier, GRURegressor, LSTMRegressor
from tests.fits import InterruptsIn
from tests.laws.instances import Convolution

SMALL = {"hidden_size": 3, "max_epochs": 3, "random_state": 0}
X, Y = make_sequences(60, n_steps=6, random_state=0)
LABELS = np.where(Y > 0, "up", "down")


def regressor(**params):
    return GRURegressor(**{**SMALL, **params})


# Rows that validate ------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier])
def test_weights_of_zero_among_the_validation_rows(cls):
    """Rows that do not count cannot say that training is no use."""
    weight = np.ones(60)
    weight[-20:] = 0
    params = {"hidden_size": 3, "max_epochs": 5, "lr": 0.02, "random_state": 0}
    model = cls(**params, early_stopping=True).fit(X, LABELS == "up", weight)
    assert (model.history_["valid_loss"] > 0).all()


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier])
def test_weights_of_zero_among_the_training_rows(cls):
    weight = np.zeros(60)
    weight[-3:] = 1
    model = cls(3, max_epochs=2, early_stopping=True, random_state=0)
    try:
        model.fit(X, LABELS == "up", weight)
    except ValueError as error:
        assert "leaves" in str(error)  # noqa: PT017
        return
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier])
@pytest.mark.parametrize(("n_samples", "fraction"), [(3, 0.1), (5, 0.99)])
def test_a_split_that_leaves_nothing_is_told(cls, n_samples, fraction):
    model = cls(early_stopping=True, validation_fraction=fraction, **SMALL)
    rows = np.argsort(Y)[np.linspace(0, 59, n_samples).astype(int)]
    if cls is GRURegressor and fraction < 0.5:
        rows = rows[:1]  # they set more than that aside
    message = r"leaves .* rows for training .*early_stopping=False"
    with pytest.raises(ValueError, match=message):
        model.fit(X[rows], Y[rows] if cls is GRURegressor else LABELS[rows])
    assert not hasattr(model, "net_")
    model.set_params(early_stopping=False).fit(
        X[rows], Y[rows] if cls is GRURegressor else LABELS[rows]
    )


# All or nothing ----------------------------------------------------------------------------------


def test_all_or_nothing():
    def half_fit(model):
        model.kept_, model.new_ = 2, 3
        raise KeyboardInterrupt

    model = regressor()
    model.kept_ = 1
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt), model._learning():
        half_fit(model)
    assert vars(model) == before
    with model._learning():
        model.new_ = 3
    assert model.new_ == 3


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ctrl_c_ends_a_fit_and_leaves_the_estimator_as_it_was(method):
    fresh = regressor(callbacks=[InterruptsIn(1)])
    with pytest.raises(KeyboardInterrupt):
        getattr(fresh, method)(X, Y)
    assert not hasattr(fresh, "net_")
    model = regressor(callbacks=[InterruptsIn(4)], max_epochs=3).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(KeyboardInterrupt):
        getattr(model.set_params(max_epochs=9, warm_start=True), method)(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert (model.n_iter_, len(model.history_), len(model.net_.history)) == (3, 3, 3)


SEARCH = """
import sys
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from skdl.datasets import make_sequences
from skdl.estimators import GRURegressor

class Ready(Callback):
    def on_epoch_end(self, net, **kwargs):
        sys.stdout.write("ready\\n")
        sys.stdout.flush()

X, y = make_sequences(60, n_steps=6, random_state=0)
model = GRURegressor(2, max_epochs=10**9, early_stopping=False, callbacks=[Ready()])
GridSearchCV(model, {"hidden_size": [1, 2]}, cv=2, error_score=0.0).fit(X, y)
"""


def test_other_threads_draw_while_a_linear_model_is_fitted(monkeypatch):
    """Only initial weights are drawn under the lock of torch's global generators."""
    fit, drawn = GRURegressor._fit_linear_model, []

    def draw():
        with seeded(0, torch.device("cpu")):
            drawn.append(float(torch.rand(())))

    def fit_while_another_draws(*args, **params):
        other = threading.Thread(target=draw, daemon=True)
        other.start()
        other.join(timeout=20)
        assert drawn, "the other thread waits"
        return fit(*args, **params)

    monkeypatch.setattr(GRURegressor, "_fit_linear_model", fit_while_another_draws)
    regressor(max_epochs=1).fit(X, Y)
    assert len(drawn) == 1


def test_ctrl_c_ends_a_grid_search():
    process = subprocess.Popen(
        [sys.executable, "-c", SEARCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(20):  # well inside the first fit
            assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")


# Divergence --------------------------------------------------------------------------------------


class Spoils(Callback):
    """Makes the weights NaN in an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            for weight in net.module_.parameters():
                weight.data.fill_(torch.nan)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_loss_that_turns_nan_stops_with_the_last_good_weights(early_stopping):
    params = {"early_stopping": early_stopping}
    with pytest.warns(ConvergenceWarning, match=r"epoch 3.*smaller lr.*gradient_clip"):
        model = regressor(callbacks=[Spoils(3)], max_epochs=9, **params).fit(X, Y)
    assert model.n_iter_ == 3
    assert model.best_epoch_ <= 2
    expected = regressor(max_epochs=2, **params).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_a_loss_that_is_nan_at_once_is_an_error():
    model = regressor(callbacks=[Spoils(1)])
    with pytest.raises(ValueError, match=r"not finite.*epoch 1.*smaller lr"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


# Parameters --------------------------------------------------------------------------------------


BAD_PARAMETERS = {
    "max_epochs": 0,
    "batch_size": "all",
    "lr": 0.0,
    "optimizer": "lion",
    "weight_decay": -1.0,
    "lr_schedule": "step",
    "warmup_fraction": 1.0,
    "gradient_clip": 0.0,
    "early_stopping": "never",
    "validation_fraction": 1.0,
    "n_iter_no_change": 0,
    "tol": -1.0,
    "ema_decay": 1.0,
    "device": 1.5,
    "precision": "int8",
    "warm_start": "yes",
    "random_state": "seed",
    "verbose": -1,
    "callbacks": "EarlyStopping",
}


@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS.items())
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_out_of_range_are_told(name, value, method):
    model = regressor(**{name: value})
    with pytest.raises(ValueError, match=f"The '{name}' parameter of GRURegressor must be"):
        getattr(model, method)(X, Y)
    assert not hasattr(model, "net_")


def test_cuda_without_cuda_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    model = regressor(device="cuda")
    with pytest.raises(ValueError, match=r'asks for CUDA.*device="cpu" or device="auto"'):
        model.fit(X, Y)
    assert not hasattr(model, "net_")
    model = regressor(device="cpu").fit(X, Y)
    with pytest.raises(ValueError, match="asks for CUDA"):
        model.to("cuda")
    assert model.device_ == "cpu"


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu"), "auto"])
def test_devices_are_kept_as_given(device):
    model = regressor(device=device).fit(X, Y)
    assert clone(model).device == model.device == device
    assert model.to(device).device_ in ("cpu", "cuda")


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "sgd"},
        {"optimizer": "adagrad"},
        {"optimizer": "rmsprop"},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"lr_schedule": "one-cycle"},
        {"lr_schedule": "cosine", "warmup_fraction": 0.2},
        {"gradient_clip": 0.01},
        {"ema_decay": 0.9},
        {"batch_size": 1000},
        {"precision": "bfloat16"},
        {"weight_decay": 1.0},
        {"max_epochs": 4},
    ],
    ids=str,
)
def test_every_parameter_reaches_the_training(params):
    plain = regressor(early_stopping=False, batch_size=10).fit(X, Y).predict(X)
    other = regressor(**{"early_stopping": False, "batch_size": 10, **params}).fit(X, Y).predict(X)
    assert np.isfinite(other).all()
    assert not np.array_equal(other, plain)


def test_patience_and_tol_reach_early_stopping():
    params = {"early_stopping": True, "max_epochs": 50, "tol": 0.99}
    epochs = [regressor(n_iter_no_change=n, **params).fit(X, Y).n_iter_ for n in (2, 5)]
    assert epochs == [2, 5]


def test_by_default_patience_does_not_end_before_some_hundred_steps():
    """The loss of a network that begins at zero may only fall then."""
    model = regressor(early_stopping=True, max_epochs=200, tol=0.99, batch_size=8).fit(X, Y)
    n_steps = -(-(len(X) - round(0.1 * len(X)) - 1) // 8)
    assert model.n_iter_ == -(-500 // n_steps)


@pytest.mark.parametrize(("verbose", "streams"), [(0, ""), (1, "err"), (2, "out")])
def test_verbose(capfd, verbose, streams):
    regressor(verbose=verbose).fit(X, Y)
    out, err = capfd.readouterr()
    assert (bool(out), bool(err)) == (streams == "out", streams == "err")
    assert verbose != 2 or len(out.splitlines()) == 3


# Callbacks ---------------------------------------------------------------------------------------


def test_skorchs_scoring_of_a_regressor():
    scoring = EpochScoring("r2", lower_is_better=False, on_train=True)
    model = regressor(callbacks=[scoring], early_stopping=False).fit(X, Y)
    assert len(model.net_.history[:, "r2"]) == 3
    assert model.net_.history[-1, "r2"] == pytest.approx(model.score(X, Y), abs=0.1)


def test_skorchs_scoring_of_a_classifier():
    scoring = EpochScoring("accuracy", lower_is_better=False)
    model = GRUClassifier(**SMALL, callbacks=[scoring], early_stopping=True).fit(X, LABELS)
    assert all(0 <= score <= 1 for score in model.net_.history[:, "accuracy"])


def test_callbacks_are_neither_changed_nor_shared():
    scoring = EpochScoring("r2", lower_is_better=False, on_train=True)
    before = dict(vars(scoring))
    model = regressor(callbacks=[("score", scoring)])
    search = GridSearchCV(model, {"hidden_size": [2, 3]}, cv=2, error_score="raise").fit(X, Y)
    assert vars(scoring) == before
    assert search.best_estimator_.callbacks[0][1] is not scoring
    names = [name for name, _ in search.best_estimator_.net_.callbacks_]
    assert "score" in names


# History -----------------------------------------------------------------------------------------


def test_history_is_plain_numbers():
    history = LSTMRegressor(**SMALL, early_stopping=True).fit(X, Y).history_
    assert isinstance(history, pd.DataFrame)
    assert history["epoch"].dtype.kind == "i"
    assert set(history.drop(columns="epoch").dtypes) == {np.dtype(float)}
    assert (history["seconds"] > 0).all()
    assert (history["lr"] > 0).all()


# After fit -------------------------------------------------------------------------------------


def test_parameters_set_after_fit_do_not_change_what_was_fitted():
    X, y = make_sequences(60, n_steps=5, random_state=0)
    model = LSTMRegressor(4, max_epochs=2, loss="quantile", quantiles=(0.1, 0.9), random_state=0)
    expected = model.fit(X, y).predict_quantiles(X), model.predict(X)
    for changed in ({"quantiles": (0.01, 0.4, 0.6)}, {"loss": "huber", "quantiles": None}):
        model.set_params(**changed)
        np.testing.assert_array_equal(model.predict_quantiles(X), expected[0])
        np.testing.assert_array_equal(model.predict(X), expected[1])


@pytest.mark.parametrize("changed", [{"hidden_size": 5}, {"loss": "quantile"}, {"pooling": "max"}])
def test_going_on_with_another_architecture_is_told(changed):
    X, y = make_sequences(60, n_steps=5, random_state=0)
    model = LSTMRegressor(4, max_epochs=2, warm_start=True, random_state=0).fit(X, y)
    before = model.predict(X)
    model.set_params(**changed)
    for go_on in (model.fit, model.partial_fit):
        named = f"{next(iter(changed))} changed since it was built"
        with pytest.raises(ValueError, match=named) as error:
            go_on(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
    advice = str(error.value).partition("Set ")[2].partition(", or fit a clone")[0]
    model.set_params(**eval(f"dict({advice})")).partial_fit(X, y)
    clone(model).set_params(**changed).fit(X, y)


def test_a_function_that_changed_is_told_by_name():
    X, y = np.zeros((20, 8)) + np.arange(20)[:, None] % 2, np.arange(20) % 2
    architecture = partial(Convolution)
    model = CNNClassifier(architecture=architecture, kind="signal", max_epochs=1).fit(X, y)
    model.set_params(architecture="resnet")
    with pytest.raises(ValueError, match="Set architecture to what it was, <partial, digest"):
        model.partial_fit(X, y)
    model.set_params(architecture=architecture).partial_fit(X, y)


def test_quantiles_of_a_fit_without_are_told_by_the_loss_of_the_fit():
    X, y = make_sequences(60, n_steps=5, random_state=0)
    model = LSTMRegressor(4, max_epochs=1, warm_start=True, random_state=0).fit(X, y)
    model.set_params(loss="quantile")
    with pytest.raises(AttributeError) as error:
        model.predict_quantiles(X)
    assert "was fitted with loss='squared_error'" in str(error.value.__cause__)
    model.set_params(loss="quantile", warm_start=False).fit(X, y).predict_quantiles(X)


def test_other_targets_are_for_a_clone():
    X, y = make_sequences(60, n_steps=5, random_state=0)
    model = LSTMRegressor(4, max_epochs=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"y has 2 targets, but fitted were 1\. .* a clone"):
        model.partial_fit(X, X[:, :2])
    assert clone(model).partial_fit(X, X[:, :2]).n_targets_ == 2


def test_partial_fit_takes_todays_rate_and_batch_size():
    X, y = make_sequences(60, n_steps=5, random_state=0)
    model = LSTMRegressor(4, random_state=0).partial_fit(X[:10], y[:10])
    model.set_params(lr=0.5, batch_size=7).partial_fit(X, y)
    assert model.history_["lr"].tolist() == [0.003, 0.5]
    assert model.net_.batch_size == 7


class Fails(Callback):
    def on_batch_end(self, net, **kwargs):
        raise RuntimeError("enough")


def test_a_partial_fit_that_fails_leaves_the_rates_as_they_were():
    model = regressor(lr=0.01, batch_size=16).partial_fit(X, Y)
    params = {"lr": 0.5, "batch_size": 7, "callbacks": [Fails()]}
    with pytest.raises(RuntimeError, match="enough"):
        model.set_params(**params).partial_fit(X, Y)
    assert model.net_.callbacks_ == []
    assert (model.net_.lr, model.net_.batch_size) == (0.01, 16)
    assert model.net_.optimizer_.param_groups[0]["lr"] == 0.01


def test_what_is_no_callback_is_told():
    with pytest.raises(TypeError, match=r"skorch.callbacks.Callback or pairs .* got 3"):
        LSTMRegressor(callbacks=[3]).fit(*make_sequences(20, random_state=0))


def test_skorchs_checkpoints_find_their_loss(tmp_path):
    X, y = make_sequences(80, n_steps=5, random_state=0)
    best, end = str(tmp_path / "best"), str(tmp_path / "end")
    callbacks = [Checkpoint(dirname=best), TrainEndCheckpoint(dirname=end)]
    stopping = {"early_stopping": True, "linear_model": False, "lr": 0.01}
    LSTMRegressor(4, max_epochs=3, callbacks=callbacks, random_state=0, **stopping).fit(X, y)
    assert list((tmp_path / "best").iterdir())
    assert list((tmp_path / "end").iterdir())


def test_divergence_never_keeps_weights_far_worse_than_the_start():
    X = np.random.default_rng(0).normal(size=(200, 12))
    model = LSTMRegressor(
        4, lr=3.0, optimizer="sgd", early_stopping=False, linear_model=False, random_state=0
    )
    with pytest.raises(ValueError, match="not finite any more in epoch"):
        model.fit(X, X[:, -1])
    assert not hasattr(model, "net_")
