"""The laws that every deep estimator keeps (section 5 of the design)."""

import copy
import pickle
import random
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.callbacks import Callback

from tests.fits import global_state
from tests.instances import (
    CHECKED,
    INSTANCES,
    data_for,
    deep_estimators,
    expected_failed_checks,
    name_of,
    takes_any_shape,
    takes_ragged,
)

every = pytest.mark.parametrize("estimator", INSTANCES, ids=name_of)
every_classifier = pytest.mark.parametrize(
    "estimator", [e for e in INSTANCES if is_classifier(e)], ids=name_of
)
every_regressor = pytest.mark.parametrize(
    "estimator", [e for e in INSTANCES if is_regressor(e)], ids=name_of
)
every_length = pytest.mark.parametrize(
    ("estimator", "ragged"),
    [(e, ragged) for e in INSTANCES for ragged in (False, True) if takes_ragged(e) or not ragged],
    ids=lambda value: name_of(value) if hasattr(value, "fit") else f"ragged={value}",
)
every_of_any_shape = pytest.mark.parametrize(
    "estimator", [e for e in INSTANCES if takes_any_shape(e)], ids=name_of
)
every_classifier_of_any_shape = pytest.mark.parametrize(
    "estimator", [e for e in INSTANCES if takes_any_shape(e) and is_classifier(e)], ids=name_of
)


def answers(estimator, X):
    """Probabilities or predictions: what tells two fits apart."""
    return (estimator.predict_proba if is_classifier(estimator) else estimator.predict)(X)


def known(estimator, **params):
    """Those of the parameters that this estimator has: the laws are for every architecture."""
    return {name: value for name, value in params.items() if name in estimator.get_params()}


def fitted(estimator, *args, **params):
    X, y, *rest = args or data_for(estimator)
    return clone(estimator).set_params(**params).fit(X, y, *rest)


def fit_answers(estimator, X, y, *args, **params):
    return answers(fitted(estimator, X, y, *args, **params), X)


def assert_same(first, second):
    np.testing.assert_array_equal(first, second)


def assert_close(first, second, atol=1e-5):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


# scikit-learn's contract -------------------------------------------------------------------------


@parametrize_with_checks(CHECKED, expected_failed_checks=expected_failed_checks)
def test_scikit_learns_checks(estimator, check):
    """All of scikit-learn's checks pass."""
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED + INSTANCES, ids=str)
def test_no_check_is_skipped_by_a_tag(estimator):
    """No tag tells scikit-learn to check less."""
    tags = get_tags(estimator)
    assert tags.input_tags.two_d_array
    kind = tags.classifier_tags if is_classifier(estimator) else tags.regressor_tags
    loose = [tags.no_validation, tags.non_deterministic, tags._skip_test, kind.poor_score]
    assert not any(loose)
    assert not any([tags.input_tags.allow_nan, tags.input_tags.pairwise])
    assert tags.requires_fit


def test_every_deep_estimator_is_in_the_table():
    """An estimator of the catalogue cannot be forgotten here."""
    assert {type(estimator) for estimator in INSTANCES} == deep_estimators()
    assert {type(estimator) for estimator in CHECKED} == deep_estimators()


@every
def test_fit_returns_self_and_changes_nothing_that_was_given(estimator):
    """X, y, weights and parameters are only read."""
    estimator, (X, y) = clone(estimator), data_for(estimator)
    given = [X, y, np.ones(len(y)), estimator.get_params()]
    before = copy.deepcopy(given)
    assert estimator.fit(*given[:3]) is estimator
    answers(estimator, X)
    for one, other in zip([*given[:3]], before[:3], strict=True):
        assert_same(one, other)
    assert estimator.get_params() == before[3]


@every
def test_fitted_attributes(estimator):
    """What is learned ends in _ and is born in fit."""
    X, y = data_for(estimator)
    assert not [name for name in vars(clone(estimator)) if name.endswith("_")]
    model = fitted(estimator, X, y, early_stopping=True)
    assert list(model.history_) == ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
    assert model.history_["epoch"].tolist() == list(range(1, model.n_iter_ + 1))
    assert np.isfinite(model.history_.to_numpy(float)).all()
    assert model.module_ is model.net_.module_
    assert model.device_ == "cpu"
    assert model.n_parameters_ == sum(p.numel() for p in model.module_.parameters())
    assert model.n_features_in_ == X.shape[1]
    assert 0 <= model.best_epoch_ <= model.n_iter_


@every
def test_is_silent_by_default(estimator, capfd):
    """Nothing is printed."""
    model = fitted(estimator)
    answers(model, data_for(model)[0])
    assert capfd.readouterr() == ("", "")


@every
def test_before_fit_says_that_it_is_not_fitted(estimator):
    """Every method that needs a fit says so."""
    X, _ = data_for(estimator)
    for call in (lambda e: e.predict(X), lambda e: e.to("cpu")):
        with pytest.raises(NotFittedError):
            call(clone(estimator))


# Seeds -------------------------------------------------------------------------------------------


@every_length
def test_same_seed_same_predictions_whatever_ran_before(estimator, ragged):
    """The seed alone decides."""
    X, y = data_for(estimator, ragged=ragged)
    first = fit_answers(estimator, X, y)
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
    assert_same(first, fit_answers(estimator, X, y))
    rng = np.random.RandomState  # an instance moves on
    one, other = (fit_answers(estimator, X, y, random_state=rng(1)) for _ in range(2))
    assert_same(one, other)


@every
def test_seeds_matter(estimator):
    """Another seed, or none, gives another model."""
    X, y = data_for(estimator)
    params = {"early_stopping": False}  # else a line alone may be the best
    got = [fit_answers(estimator, X, y, random_state=seed, **params) for seed in (0, 1, None, None)]
    assert len({row.tobytes() for row in got}) == 4


@every
@pytest.mark.parametrize("random_state", [0, None])
def test_global_state_is_left_as_it_was(estimator, random_state):
    """Random states of numpy, torch and Python, thread count and default dtype."""

    X, y = data_for(estimator)
    before = global_state()
    fit_answers(estimator, X, y, random_state=random_state, early_stopping=True)
    assert global_state() == before


# Rows are predicted one by one -------------------------------------------------------------------


@every_length
def test_predictions_do_not_depend_on_batch_mates_or_order(estimator, ragged):
    """Alone, in small batches, backwards or all together: the same to 1e-5."""
    X, _ = data_for(estimator, ragged=ragged)
    model = fitted(estimator, *data_for(estimator, ragged=ragged))
    together = answers(model, X)
    assert_close(np.concatenate([answers(model, X[i : i + 1]) for i in range(60)]), together)
    assert_close(np.concatenate([answers(model, X[i : i + 7]) for i in range(0, 60, 7)]), together)
    assert_close(answers(model, X[::-1])[::-1], together)


# Copies ------------------------------------------------------------------------------------------


@every
def test_copies_predict_the_same(estimator):
    """Pickles and deep copies; a clone is unfitted and fits to the same."""
    X, y = data_for(estimator)
    model = fitted(estimator, X, y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same(answers(twin, X), answers(model, X))
        assert twin.get_params() == model.get_params()
        twin.partial_fit(X, y)
    assert not hasattr(clone(model), "net_")
    assert_same(fit_answers(clone(model), X, y), answers(model, X))


@every
def test_a_pickle_is_small_and_does_not_grow_with_the_data(estimator):
    """Weights and little more."""
    small, large = (
        len(pickle.dumps(fitted(estimator, *data_for(estimator, n)))) for n in (60, 1000)
    )
    assert abs(large - small) < 1_000
    assert small < 60_000


# Composition -------------------------------------------------------------------------------------


@every_length
def test_works_in_pipelines_and_searches_with_equal_results_in_parallel(estimator, ragged):
    """Pipeline, cross_val_score and GridSearchCV, n_jobs 1 and 2."""
    X, y = data_for(estimator, ragged=ragged)
    pipeline = make_pipeline(FunctionTransformer() if ragged else StandardScaler(), estimator)
    step = pipeline.steps[-1][0]
    scores = [cross_val_score(pipeline, X, y, cv=2, n_jobs=n, error_score="raise") for n in (1, 2)]
    assert_same(*scores)
    grid = {f"{step}__lr": [0.001, 0.01]}
    one, two = (
        GridSearchCV(pipeline, grid, cv=2, n_jobs=n, error_score="raise").fit(X, y) for n in (1, 2)
    )
    assert_same(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert_same(answers(one.best_estimator_, X), answers(two.best_estimator_, X))


@every
def test_fit_parameters_pass_through_a_pipeline(estimator):
    """Weights reach the estimator."""
    X, y = data_for(estimator)
    weight = np.linspace(0, 1, len(y))
    pipeline = make_pipeline(FunctionTransformer(), clone(estimator))
    pipeline.fit(X, y, **{f"{pipeline.steps[-1][0]}__sample_weight": weight})
    assert_same(answers(pipeline, X), fit_answers(estimator, X, y, weight))


# Kinds of X and y --------------------------------------------------------------------------------


def as_memory_map(X, path):
    np.save(path / "x.npy", X)
    return np.load(path / "x.npy", mmap_mode="r")


@every
def test_layout_of_the_memory_does_not_matter(estimator, tmp_path):
    """Strided, reversed, Fortran-ordered, read-only and memory-mapped arrays."""
    X, y = data_for(estimator)
    expected = fit_answers(estimator, X, y)
    frozen = X.copy()
    frozen.setflags(write=False)
    layouts = [
        np.repeat(X, 2, axis=1)[:, ::2],
        X[::-1].copy()[::-1],
        np.asfortranarray(X),
        frozen,
        as_memory_map(X, tmp_path),
        X.astype(">f8"),
    ]
    for other in layouts:
        assert_same(fit_answers(estimator, other, y), expected)


@every
def test_containers_do_not_matter(estimator):
    """Lists of lists, frames, lists, object arrays and Series of arrays mean the same."""
    X, y = data_for(estimator)
    expected = fit_answers(estimator, X, y)
    objects = np.empty(len(X), dtype=object)
    objects[:] = list(X)
    containers = [X.tolist(), pd.DataFrame(X), list(X), objects, pd.Series(list(X))]
    containers += [X[..., None]] if takes_any_shape(estimator) else []
    for other in containers:
        assert_close(fit_answers(estimator, other, pd.Series(y)), expected)
        assert_close(fit_answers(estimator, other, y.tolist()), expected)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, bool, object])
def test_dtypes_of_x(estimator, dtype):
    """Any numeric dtype is read as its values."""
    X, y = data_for(estimator)
    X = np.clip(np.round(3 * X), 0, 1 if dtype is bool else 9)
    assert_close(fit_answers(estimator, X.astype(dtype), y), fit_answers(estimator, X, y))


@every
def test_feature_names(estimator):
    """Names of a frame are kept, and checked at predict as scikit-learn does."""
    X, y = data_for(estimator)
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(X.shape[1])])
    model = fitted(estimator, frame, y)
    assert_same(model.feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


@every_classifier
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([-5, 40]),
        np.array([0.0, 1.0]),
        pd.Categorical(["no", "yes"]),
        pd.array(["no", "yes"], dtype="string"),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_any_labels(estimator, labels):
    """Labels come back as they went in; only their order matters."""
    X, y = data_for(estimator)
    model = fitted(estimator, X, pd.Series(labels).take(y))
    assert_same(model.predict_proba(X), fitted(estimator, X, y).predict_proba(X))
    assert model.classes_.tolist() == list(labels)
    assert set(model.predict(X)) <= set(labels)
    assert_same(model.predict(X), model.classes_[model.predict_proba(X).argmax(1)])
    assert_same(model.decision_function(X) > 0, model.predict(X) == labels[1])


# Weights -----------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_zero_have_no_influence(estimator, early_stopping):
    """Their y may be anything."""
    X, y = data_for(estimator)
    weight = np.ones(len(y))
    weight[::3] = 0
    other = np.where(weight > 0, y, y[::-1] if is_classifier(estimator) else 1e3)
    if is_classifier(estimator):
        early_stopping = False  # the split goes by y
    params = {"early_stopping": early_stopping, "validation_fraction": 0.3}
    expected = fit_answers(estimator, X, y, weight, **params)
    assert_close(fit_answers(estimator, X, other, weight, **params), expected, atol=1e-4)


@every
def test_weights_decide_between_contradicting_rows(estimator):
    """The side that weighs more wins."""
    X, y = data_for(estimator)
    flipped = 1 - y if is_classifier(estimator) else -y
    both, ys = np.concatenate([X, X]), np.concatenate([y, flipped])
    weight = np.repeat([1.0, 0.05], len(y))
    params = {"max_epochs": 20, "lr": 0.03}
    ahead, behind = (fitted(estimator, both, ys, w, **params) for w in (weight, weight[::-1]))
    assert ahead.score(X, y) > behind.score(X, y) + 0.2
    assert ahead.score(X, y) > ahead.score(X, flipped) + 0.2


@every_classifier
def test_class_weight_moves_the_probabilities(estimator):
    """A heavier class becomes more probable; class_weight is a weight per row."""
    X, y = data_for(estimator)
    params = {"max_epochs": 10, "lr": 0.03}
    shares = [
        fit_answers(estimator, X, y, class_weight={0: 1, 1: weight}, **params)[:, 1].mean()
        for weight in (0.1, 1, 10)
    ]
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 0.2
    by_row = fit_answers(estimator, X, y, np.where(y == 1, 10.0, 1.0), **params)
    assert_close(by_row, fit_answers(estimator, X, y, class_weight={0: 1, 1: 10}, **params))
    rare = np.arange(60) % 6 == 0
    X = X + 0.1 * rare[:, None]
    plain, balanced = (
        fit_answers(estimator, X, rare, class_weight=w, **params) for w in (None, "balanced")
    )
    assert balanced[:, 1].mean() > plain[:, 1].mean() + 0.1


# Early stopping ----------------------------------------------------------------------------------


@every_length
def test_early_stopping_restores_the_best_weights(estimator, ragged):
    """The model is the one that training to best_epoch_ gives; no valid_loss is lower."""
    X, y = data_for(estimator, 120, ragged=ragged)
    params = {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.0}
    params |= {"lr": 0.05, "lr_schedule": "constant", "warmup_fraction": 0.0}
    if not takes_any_shape(estimator):
        params |= {"lr": 0.003}  # at a higher rate the start is the best on images of 2x4
    if is_regressor(estimator):
        params |= known(estimator, linear_model=False)  # its line may be best in epoch 0
    model = fitted(estimator, X, y, max_epochs=60, n_iter_no_change=3, **params)
    assert model.best_epoch_ == model.history_["valid_loss"].argmin() + 1
    assert model.n_iter_ == model.best_epoch_ + 3 < 60
    short = fitted(estimator, X, y, max_epochs=model.best_epoch_, n_iter_no_change=99, **params)
    assert_same(answers(short, X), answers(model, X))


class Sizes(Callback):
    """Rows that a fit trains and validates on."""

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        net.sizes = len(dataset_train), len(dataset_valid or [])


@every
def test_validation_rows_come_from_the_rows_of_fit(estimator):
    """They are set aside from X, and are not trained on."""
    X, y = data_for(estimator)
    params = {"validation_fraction": 0.2, "callbacks": [Sizes()]}
    model = fitted(estimator, X, y, early_stopping=True, **params)
    assert model.net_.sizes == (48, 12)
    model = fitted(estimator, X, y, early_stopping=False, **params)
    assert model.net_.sizes == (60, 0)
    assert model.history_["valid_loss"].isna().all()


# Small and odd data ------------------------------------------------------------------------------


@every_regressor
@pytest.mark.parametrize("value", [0.0, 3.5, -1e6])
def test_constant_target(estimator, value):
    """A constant is learned."""
    X, _ = data_for(estimator)
    got = fitted(estimator, X, np.full(60, value), max_epochs=20, lr=0.03).predict(X)
    assert_close(got, value, atol=0.5)
    assert np.isfinite(got).all()


@every_of_any_shape
@pytest.mark.parametrize("shape", [(60, 1), (60, 1, 1), (60, 3, 5), (60, 2, 1), (2, 4)], ids=str)
def test_smallest_sizes(estimator, shape):
    """One feature, one step, one sample of each class."""
    X = np.random.default_rng(0).normal(size=shape)
    got = fit_answers(estimator, X, np.arange(shape[0]) % 2)
    assert len(got) == shape[0]
    assert np.isfinite(got).all()


@every_regressor
def test_a_single_sample(estimator):
    """One row is enough for a regressor."""
    assert np.isfinite(fit_answers(estimator, np.ones((1, 4)), [2.0])).all()


@every_of_any_shape
def test_constant_x(estimator):
    """Channels that do not vary are no division by zero."""
    _, y = data_for(estimator)
    assert np.isfinite(fit_answers(estimator, np.full((60, 4), 7.0), y)).all()


@every_classifier_of_any_shape
@pytest.mark.parametrize("early_stopping", [False, "auto"])
def test_more_classes_than_rows_in_a_batch(estimator, early_stopping):
    """Many small classes, also where the validation split is automatic."""
    X = np.random.default_rng(0).normal(size=(240, 6))
    y = np.arange(240) % 60
    model = fitted(estimator, X, y, batch_size=8, early_stopping=early_stopping)
    proba = model.predict_proba(X)
    assert proba.shape == (240, 60)
    assert_close(proba.sum(1), 1)
    assert model.decision_function(X).shape == (240, 60)


@every_length
def test_beats_dummy(estimator, ragged):
    """It learns."""
    X, y = data_for(estimator, 300, ragged=ragged)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = fitted(estimator, X, y, max_epochs=15, lr=0.03, batch_size=32)
    dummy = (DummyClassifier if is_classifier(model) else DummyRegressor)().fit(y, y)
    assert model.score(X_test, y_test) > dummy.score(y_test, y_test) + 0.2


# Fitting again -----------------------------------------------------------------------------------


@every_of_any_shape
def test_refit_forgets_the_fit_before(estimator):
    """Other steps, channels, targets and classes: as if it were the first fit."""
    ragged = takes_ragged(estimator)
    model = fitted(estimator, *data_for(estimator, ragged=ragged, n_channels=3))
    X, y = data_for(estimator)
    y = np.char.add("c", (np.arange(60) % 3).astype(str)) if is_classifier(model) else y
    assert_same(answers(model.fit(X, y), X), fit_answers(estimator, X, y))
    assert model.n_features_in_ == 8
    assert model.n_channels_in_ == 1


@every
def test_warm_start_goes_on(estimator):
    """A second fit starts from the weights of the first."""
    X, y = data_for(estimator)
    params = {"max_epochs": 15, "lr": 0.01, "early_stopping": False}
    params |= known(estimator, dropout=0.0)
    model = fitted(estimator, X, y, **params)
    first, cold = model.history_["train_loss"], answers(model, X)
    assert_same(answers(model.fit(X, y), X), cold)
    module = model.set_params(warm_start=True).module_
    model.fit(X, y)
    second = model.history_["train_loss"]
    assert second.iloc[0] < first.iloc[0]
    assert second.iloc[-1] < first.iloc[-1]
    assert model.module_ is not module, "a fit that fails leaves the old one"


@every
def test_partial_fit_trains_an_epoch_per_call(estimator):
    """Chunks of rows; the scales are those of the first."""
    X, y = data_for(estimator)
    model = clone(estimator).set_params(lr=0.01)
    for epoch in range(1, 31):
        assert model.partial_fit(X[::2], y[::2]) is model
        assert model.partial_fit(X[1::2], y[1::2]).n_iter_ == 2 * epoch
    assert model.history_["epoch"].tolist() == list(range(1, 61))
    assert model.best_epoch_ == 60
    losses = model.history_["train_loss"]
    assert losses.iloc[-2:].mean() < losses.iloc[:2].mean()
    twin = clone(estimator).partial_fit(X, y)
    assert_same(answers(twin, X), answers(clone(estimator).partial_fit(X, y), X))


@every
def test_partial_fit_goes_on_after_fit_and_keeps_the_scales(estimator):
    """Later chunks do not change what X and y are measured in."""
    X, y = data_for(estimator)
    model = fitted(estimator, X, y, early_stopping=False)
    before = answers(model, X)
    model.partial_fit(X[:20], y[:20], sample_weight=np.full(20, 2.0))
    assert model.n_iter_ == 4
    assert not np.array_equal(answers(model, X), before)
    if is_regressor(model):
        assert model.y_mean_ == pytest.approx(y.mean())
        assert model.y_scale_ == pytest.approx(y.std())


@every_classifier
def test_partial_fit_takes_classes_to_come(estimator):
    """As scikit-learn's incremental classifiers."""
    X, y = data_for(estimator)
    model = clone(estimator).partial_fit(X, np.zeros(60, int), classes=[0, 1, 2])
    model.partial_fit(X, y + 1)
    assert model.predict_proba(X).shape == (60, 3)
    with pytest.raises(ValueError, match=r"label.*3.*not among the classes"):
        model.partial_fit(X, y + 2)


def fit_of_nan(model):
    X, y = data_for(model)
    model.fit(np.where(np.arange(8) == 5, np.nan, X), y)


def fit_that_diverges(model):
    X, y = data_for(model)
    model.set_params(optimizer="sgd", lr=1e30, batch_size=4).fit(X, y)


def partial_fit_that_diverges(model):
    X, y = data_for(model)
    if hasattr(model, "net_"):
        model.net_.optimizer_.param_groups[0]["lr"] = 1e30
    model.set_params(lr=1e30, batch_size=4).partial_fit(X, y)


@every
@pytest.mark.parametrize("fails", [fit_of_nan, fit_that_diverges, partial_fit_that_diverges])
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(estimator, fails, warm_start):
    """Nothing is half-fitted; an earlier fit goes on predicting."""
    X, y = data_for(estimator)
    with pytest.raises(ValueError, match=r"NaN|not finite"):
        fails(fresh := clone(estimator))
    assert not [name for name in vars(fresh) if name.endswith("_")]
    model = fitted(estimator, X, y, warm_start=warm_start, gradient_clip=None)
    before, names = answers(model, X), set(vars(model))
    history = model.history_.copy()
    with pytest.raises(ValueError, match=r"NaN|not finite"):
        fails(model)
    assert set(vars(model)) == names
    assert_same(answers(model, X), before)
    assert model.history_.equals(history)
    assert len(model.net_.history) == model.n_iter_


# Devices -----------------------------------------------------------------------------------------


@every
def test_to_moves_and_returns_self(estimator):
    """The device can be changed after fit, to one that there is."""
    model, (X, _) = fitted(estimator), data_for(estimator)
    before = answers(model, X)
    assert model.to("cpu") is model
    assert model.device_ == "cpu"
    assert_same(answers(model, X), before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")
    assert_same(answers(model, X), before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_length
def test_cpu_and_cuda_agree(estimator, ragged):
    """Fits are alike, moved models predict the same."""
    X, y = data_for(estimator, ragged=ragged)
    params = {"precision": "float32", **known(estimator, dropout=0.0)}
    on_cpu = fitted(estimator, X, y, **params)
    on_cuda = fitted(estimator, X, y, device="cuda", **params)
    assert on_cuda.device_.startswith("cuda")
    expected = answers(on_cpu, X)
    assert_close(answers(on_cuda, X), expected, atol=1e-2)
    assert_close(answers(on_cpu.to("cuda"), X), expected, atol=1e-4)
    assert_close(answers(pickle.loads(pickle.dumps(on_cpu)).to("cpu"), X), expected, atol=1e-4)


# Words -------------------------------------------------------------------------------------------


def documented_parameters(cls):
    """Name to text, of the docstring's section Parameters."""
    section = re.search(r"Parameters\n-+\n(.*?)\n\n", cls.__doc__, re.S).group(1)
    entries = re.split(r"^(?=\S)", section, flags=re.M)[1:]
    return {entry.split(" : ")[0]: entry for entry in entries}


@pytest.mark.parametrize("cls", sorted(deep_estimators(), key=lambda cls: cls.__name__))
def test_every_parameter_is_documented_constrained_and_reads_the_same(cls):
    """Name, type, default and meaning; word for word what the others say."""
    documented, params = documented_parameters(cls), cls().get_params()
    assert set(documented) == set(params) == set(cls._parameter_constraints)
    for name, text in documented.items():
        default = params[name]
        shown = f'"{default}"' if isinstance(default, str) else str(default)
        assert f"default={shown}" in text
    for other in deep_estimators():
        words = documented_parameters(other)
        for name in set(words) & set(documented):
            both = words[name], documented[name]
            first, second = (re.sub(r", default=.*", "", text).strip() for text in both)
            assert first == second


@pytest.mark.parametrize("cls", sorted(deep_estimators(), key=lambda cls: cls.__name__))
def test_every_learned_attribute_is_documented(cls):
    """What is there after fit, and nothing else."""
    estimator = next(instance for instance in INSTANCES if type(instance) is cls)
    X, y = data_for(estimator)
    model = fitted(estimator, pd.DataFrame(X).add_prefix("t"), y)
    section = re.search(r"Attributes\n-+\n(.*?)\n\n", cls.__doc__, re.S).group(1)
    names = set(re.findall(r"\w+", " ".join(re.findall(r"^(\S.*?) : ", section, re.M))))
    learned = {name for name in dir(model) if re.fullmatch(r"[a-z]\w*[^_]_", name)}
    assert learned == names
