"""Laws of fitting again: from nothing, from the fit before, part by part; and of fits that fail."""

import copy
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from skorch.callbacks import Callback

from tests.laws.common import (
    INSTANCES,
    answers,
    any_shape,
    assert_same,
    classifies,
    every,
    has,
    numeric,
    takes_weights,
)


@every(any_shape)
def test_refit_forgets_the_fit_before(instance):
    """Other steps, channels, words, targets and classes: as if it were the first fit."""
    other = instance.kind.other(60)
    _, y = instance.data()
    model = instance.fitted(other, y)
    X, y = instance.data()
    y = np.char.add("c", (np.arange(60) % 3).astype(str)) if is_classifier(model) else y
    fresh = clone(instance.estimator).fit(X, y)
    assert_same(answers(model.fit(X, y), X), answers(fresh, X))
    assert set(vars(model)) == set(vars(fresh))
    for name in ("n_features_in_", "n_channels_in_", "n_steps_in_", "input_shape_"):
        assert getattr(model, name, None) == getattr(fresh, name, None)


@every(has("warm_start"))
def test_warm_start_goes_on(instance):
    """A second fit starts from the weights of the first."""
    X, y = instance.data()
    params = {"max_epochs": 15, "lr": 0.01, "early_stopping": False}
    params |= instance.known(dropout=0.0)
    model = instance.fitted(X, y, **params)
    first, cold = model.history_["train_loss"], answers(model, X)
    assert_same(answers(model.fit(X, y), X), cold)
    module = model.set_params(warm_start=True).module_
    model.fit(X, y)
    second = model.history_["train_loss"]
    assert second.iloc[0] < first.iloc[0]
    assert second.iloc[-1] < first.iloc[-1]
    assert model.module_ is not module, "a fit that fails leaves the old one"


@every(has("partial_fit"))
def test_partial_fit_trains_an_epoch_per_call(instance):
    """Chunks of rows; the scales are those of the first."""
    X, y = instance.data()
    model, take = clone(instance.estimator).set_params(lr=0.01), instance.kind.take
    halves = [(take(X, rows), y[rows]) for rows in (slice(0, None, 2), slice(1, None, 2))]
    for epoch in range(1, 16):
        assert model.partial_fit(*halves[0]) is model
        assert model.partial_fit(*halves[1]).n_iter_ == 2 * epoch
    assert model.history_["epoch"].tolist() == list(range(1, 31))
    assert getattr(model, "best_epoch_", 30) == 30
    losses = model.history_["train_loss"]
    assert losses.iloc[-2:].mean() < losses.iloc[:2].mean()
    twin = clone(instance.estimator).partial_fit(X, y)
    assert_same(answers(twin, X), answers(clone(instance.estimator).partial_fit(X, y), X))


@every(has("partial_fit"))
def test_partial_fit_goes_on_after_fit_and_keeps_the_scales(instance):
    """Later chunks do not change what X and y are measured in."""
    X, y = instance.data()
    model = instance.fitted(X, y, **instance.known(early_stopping=False))
    before = answers(model, X)
    weights = {"sample_weight": np.full(20, 2.0)} if takes_weights(instance) else {}
    model.partial_fit(instance.kind.take(X, slice(20)), y[:20], **weights)
    assert model.n_iter_ == instance.estimator.max_epochs + 1
    assert not np.array_equal(answers(model, X), before)
    if is_regressor(model):
        assert model.y_mean_ == pytest.approx(y.mean())
        assert model.y_scale_ == pytest.approx(y.std())


def reads_numbers(instance):
    return instance.kind.input_kind not in {"texts", "documents"}


@every(has("partial_fit"), reads_numbers)
@pytest.mark.parametrize("n_first", [1, 2, 9])
def test_a_first_part_of_few_rows_decides_nothing(instance, n_first):
    """What is learned before training is learned once there are ten rows."""
    X, y = instance.data()
    take = instance.kind.take
    classes = {} if is_regressor(instance.estimator) else {"classes": np.unique(y)}
    model = clone(instance.estimator).partial_fit(take(X, slice(n_first)), y[:n_first], **classes)
    model.partial_fit(take(X, slice(n_first, None)), y[n_first:])
    whole = clone(instance.estimator).partial_fit(X, y)
    assert_same(answers(model, X), answers(whole, X))


@every(has("partial_fit"), reads_numbers)
def test_rows_one_by_one_are_learned(instance):
    """As a stream of single rows, from a buffer that is used again."""
    X, y = instance.data()
    take = instance.kind.take
    classes = {} if is_regressor(instance.estimator) else {"classes": np.unique(y)}
    model, one = clone(instance.estimator), copy.deepcopy(take(X, slice(1)))
    for row in range(12):
        if isinstance(one, np.ndarray):
            one[:] = take(X, slice(row, row + 1))
        else:
            one = take(X, slice(row, row + 1))
        model.partial_fit(one, y[row : row + 1], **classes)
    assert model.n_iter_ == 3, "ten rows at once, and two more"
    if is_regressor(model):
        assert model.y_mean_ == pytest.approx(y[:10].mean())


@every(has("warm_start"), has("partial_fit"), reads_numbers)
def test_a_warm_start_from_few_rows_is_a_fit(instance):
    X, y = instance.data()
    first = np.sort(np.unique(y, return_index=True)[1])[:3]
    model = instance.fitted(
        instance.kind.take(X, first), y[first], warm_start=True, early_stopping=False
    )
    fresh = instance.fitted(X, y, warm_start=True, early_stopping=False)
    assert_same(answers(model.fit(X, y), X), answers(fresh, X))


@every(has("partial_fit"), numeric)
@pytest.mark.filterwarnings("ignore:X holds values more than 64 times")
def test_later_rows_in_another_range_are_told(instance):
    """Scales are those of the first rows: nothing is learned of values far away from them."""
    X, y = instance.data()
    model = clone(instance.estimator).set_params(max_epochs=1)
    model.set_params(**instance.known(warm_start=True, normalize=True, standardize=True))
    far = instance.kind.map(lambda x: 1e5 + 1e3 * x, X)
    nearer = instance.kind.map(lambda x: 3.0 * x, X)
    for go_on in (model.partial_fit, model.fit):
        go_on(X, y)
        go_on(nearer, y)
        with pytest.warns(UserWarning, match=r"X is far.*channel \d"):
            go_on(far, y)
        if is_regressor(model):
            with pytest.warns(UserWarning, match=r"y is far.*column 0"):
                go_on(X, 1.7e9 + y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            go_on(X, y)
    assert np.isfinite(answers(clone(model).partial_fit(far, y), far)).all(), "the advice"


@every(classifies)
def test_partial_fit_takes_classes_to_come(instance):
    """As scikit-learn's incremental classifiers."""
    X, y = instance.data()
    model = clone(instance.estimator).partial_fit(X, np.zeros(60, int), classes=[0, 1, 2])
    model.partial_fit(X, y + 1)
    assert model.predict_proba(X).shape == (60, 3)
    with pytest.raises(ValueError, match=r"label.*3.*not among the classes"):
        model.partial_fit(X, y + 2)


# Fits that fail ----------------------------------------------------------------------------------


def fit_of_missing_values(instance, model):
    X, y = instance.data()
    model.fit(instance.kind.broken(X), y)


def fit_that_diverges(instance, model):
    X, y = instance.data()
    params = {"optimizer": "sgd", "gradient_clip": None, "warmup_fraction": 0.0}
    model.set_params(**params, lr=1e30, batch_size=4).fit(X, y)


def partial_fit_that_diverges(instance, model):
    X, y = instance.data()
    if hasattr(model, "net_"):
        model.net_.optimizer_.param_groups[0]["lr"] = 1e30
    model.set_params(lr=1e30, batch_size=4, gradient_clip=None).partial_fit(X, y)


class Spoils(Callback):
    """Makes weights NaN in an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            for weight in net.module_.parameters():
                weight.data.fill_(torch.nan)


def fit_of_spoiled_weights(instance, model):
    model.set_params(callbacks=[Spoils(1)]).fit(*instance.data())


def partial_fit_of_missing_values(instance, model):
    X, y = instance.data()
    model.partial_fit(instance.kind.broken(X), y)


ERRORS = r"NaN|None|not finite|infinity"
FAILS = [fit_of_missing_values, partial_fit_of_missing_values, fit_of_spoiled_weights]
DIVERGES = [fit_that_diverges, partial_fit_that_diverges]


each_failure = pytest.mark.parametrize(
    ("instance", "fails"),
    [
        pytest.param(instance, fails, id=f"{instance}-{fails.__name__}")
        for instance in INSTANCES
        for fails in FAILS + (DIVERGES if has("optimizer")(instance) else [])
    ],
)


@each_failure
def test_a_first_fit_that_fails_leaves_nothing(instance, fails):
    fresh = clone(instance.estimator)
    before = set(vars(fresh))
    with pytest.raises((ValueError, TypeError), match=ERRORS):
        fails(instance, fresh)
    assert set(vars(fresh)) == before
    assert not hasattr(fresh, "net_")


@each_failure
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(instance, fails, warm_start):
    """Nothing is half-fitted; an earlier fit goes on predicting."""
    X, _ = instance.data()
    model = instance.as_fitted(**instance.known(warm_start=warm_start, gradient_clip=None))
    before, names = answers(model, X), set(vars(model))
    history = model.history_.copy()
    with pytest.raises((ValueError, TypeError), match=ERRORS):
        fails(instance, model)
    assert set(vars(model)) == names
    assert_same(answers(model, X), before)
    assert model.history_.equals(history)
    assert len(model.net_.history) == model.n_iter_
