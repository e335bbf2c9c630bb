"""The convolutional classifier: what it learns, what comes out, going on, searches, errors."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skdl.datasets import make_images
from skdl.estimators.cnn._augmentation import AUGMENTATIONS
from tests.estimators.cnn.classifiers import (
    COLOUR,
    SIGNALS,
    TWO,
    X,
    Y,
    assert_unfitted,
    classifier,
    linear,
)
from tests.fits import InterruptsIn
from tests.ids import short

# Learning ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["plain", "resnet"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_stripes_are_told_apart(architecture, n_channels):
    rows, labels = make_images(360, size=(10, 9), n_channels=n_channels, random_state=0)
    model = classifier(channels=(8, 8), architecture=architecture, max_epochs=12)
    model.fit(rows[:240], labels[:240])
    assert model.score(rows[240:], labels[240:]) > 0.85
    assert rows.dtype == np.uint8


@pytest.mark.parametrize("architecture", ["plain", "resnet", "fcn"])
def test_where_a_bump_is_and_how_wide_is_told_apart(architecture):
    """Signals of two channels: the width of a bump in the second one, anywhere in time."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 2
    rows = 0.2 * rng.normal(size=(300, 40, 2))
    center, width = rng.uniform(8, 32, size=(300, 1)), np.where(labels, 3.0, 1.0)[:, None]
    rows[..., 1] += np.exp(-(((np.arange(40) - center) / width) ** 2))
    model = classifier(channels=(8, 8), architecture=architecture, kind="signal", max_epochs=12)
    model.fit(rows[:200], labels[:200])
    assert model.score(rows[200:], labels[200:]) > 0.85


def test_the_kind_decides_between_images_and_signals():
    as_image, as_signal = (classifier(kind=kind).fit(X, Y) for kind in ("image", "signal"))
    assert (as_image.kind_, as_signal.kind_) == ("image", "signal")
    assert as_image.input_shape_ == (6, 6, 1)
    assert as_signal.input_shape_ == (6, 6)
    layers = [{type(part) for part in m.module_.modules()} for m in (as_image, as_signal)]
    assert nn.Conv2d in layers[0] - layers[1]
    assert nn.Conv1d in layers[1] - layers[0]


@pytest.mark.parametrize(
    "params",
    [
        {"channels": (5,)},
        {"channels": (4, 4)},
        {"architecture": "resnet"},
        {"kernel_size": 5},
        {"dropout": 0.7},
        {"normalize": False},
        {"mixup": 0.4},
        {"label_smoothing": 0.3},
        *({"augment": name} for name in AUGMENTATIONS),
    ],
    ids=str,
)
def test_every_parameter_changes_the_model(params):
    plain = classifier(architecture="plain", dropout=0.0).fit(X, Y).predict_proba(X)
    model = classifier(**{"architecture": "plain", "dropout": 0.0, **params})
    assert not np.array_equal(model.fit(X, Y).predict_proba(X), plain)


# What comes out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("auto", np.float32),
        ("float32", np.float32),
        ("bfloat16", np.float32),
        ("float64", np.float64),
    ],
)
def test_scores_and_probabilities(n_classes, precision, dtype):
    labels = np.arange(40) % n_classes
    model = classifier(precision=precision, max_epochs=1).fit(X, labels)
    proba, scores = model.predict_proba(X), model.decision_function(X)
    assert proba.shape == (40, n_classes)
    assert proba.dtype == scores.dtype == dtype
    np.testing.assert_allclose(
        proba.sum(1, dtype=float), 1, atol=1e-6 if dtype == np.float32 else 1e-14
    )
    assert ((proba >= 0) & (proba <= 1)).all()
    assert scores.shape == ((40,) if n_classes == 2 else (40, n_classes))
    if n_classes == 2:
        np.testing.assert_allclose(scores, np.log(proba[:, 1] / proba[:, 0]), atol=1e-2)
        np.testing.assert_array_equal(model.predict(X), (scores > 0).astype(int))
    else:
        odds = np.log(proba) - np.log(proba[:, :1])
        np.testing.assert_allclose(scores - scores[:, :1], odds, atol=1e-2)
        np.testing.assert_array_equal(model.predict(X), scores.argmax(1))


@pytest.mark.parametrize("architecture", ["plain", "resnet", "fcn"])
def test_scores_are_linear_in_the_representation(architecture):
    rows, labels = (SIGNALS, TWO) if architecture == "fcn" else (X, Y)
    rows, labels = np.concatenate([rows] * 4), np.concatenate([labels] * 4)
    rows = rows + np.random.default_rng(0).normal(size=rows.shape)
    labels = labels + 5 * (np.arange(160) % 2)
    model = classifier(channels=(3,), architecture=architecture, linear_model=False)
    model.fit(rows, labels)
    encoded, scores = model.encode(rows), model.decision_function(rows)
    assert encoded.shape[0] == 160
    design = np.column_stack([encoded, np.ones(160)]).astype(float)
    assert design.shape[1] < 120
    rest = scores - design @ np.linalg.lstsq(design, scores, rcond=None)[0]
    assert np.abs(rest).max() < 1e-3 * np.abs(scores).max()
    np.testing.assert_allclose(model.encode(rows[7:8])[0], encoded[7], atol=1e-4)


def test_encode_feeds_classical_estimators():
    rows, labels = make_images(240, size=(8, 8), random_state=0)
    encoder = classifier(channels=(8, 8), max_epochs=8).fit(rows[:120], labels[:120])
    pipeline = make_pipeline(FunctionTransformer(encoder.encode), LogisticRegression(max_iter=2000))
    assert pipeline.fit(rows[:120], labels[:120]).score(rows[120:], labels[120:]) > 0.8


# Going on ----------------------------------------------------------------------------------------


def test_chunks_with_classes_to_come():
    model = classifier().partial_fit(COLOUR[:8], np.zeros(8, int), classes=[0, 1, 2])
    for start in range(8, 40, 8):
        model.partial_fit(COLOUR[start : start + 8], Y[start : start + 8])
    assert model.n_iter_ == 4, "the first eight rows are too few: they begin anew with the next"
    assert model.predict_proba(COLOUR).shape == (40, 3)
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(COLOUR[:1], [3])
    with pytest.raises(ValueError, match="fitted on 6 x 6 x 3"):
        model.partial_fit(X, Y)
    assert model.n_iter_ == 4


@pytest.mark.parametrize(
    "changed",
    [
        {"augment": "flip"},
        {"augment": None},
        {"mixup": 0.5},
        {"label_smoothing": 0.2},
        {"class_weight": "balanced"},
        {"backbone_lr_factor": 0.5},
        {"batch_size": 10, "early_stopping": True, "optimizer": "sgd"},
    ],
    ids=str,
)
def test_a_warm_start_may_change_how_it_is_trained(changed):
    model = classifier(augment="shift", warm_start=True).fit(X, Y)
    weights = [param.clone() for param in model.module_.parameters()]
    model.set_params(**changed, max_epochs=1, lr=1e-8).fit(X, Y)
    for before, now in zip(weights, model.module_.parameters(), strict=True):
        torch.testing.assert_close(now, before, atol=1e-4, rtol=0)
    model.partial_fit(X, Y)


@pytest.mark.parametrize(
    "changed",
    [
        {"channels": (5,)},
        {"channels": (4, 4)},
        {"architecture": "resnet"},
        {"architecture": linear},
        {"kernel_size": 5},
        {"dropout": 0.0},
        {"normalize": False},
        {"kind": "signal"},
        {"image_shape": (9, 4)},
        {"precision": "float64"},
        {"backbone": nn.Identity()},
    ],
    ids=short,
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_warm_start_cannot_change_the_network(changed, method):
    model = classifier(architecture="plain", warm_start=True).fit(X, Y)
    before = model.predict_proba(X)
    [name] = changed
    with pytest.raises(ValueError, match=f"{name} changed since it was built"):
        getattr(model.set_params(**changed), method)(X, Y)
    model.set_params(**{name: classifier(architecture="plain").get_params()[name]})
    np.testing.assert_array_equal(model.predict_proba(X), before)


def of_width(width, shape, n_classes):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(width), nn.ReLU(), nn.Linear(width, n_classes))


CALLABLES = {
    "partial": tuple(partial(of_width, width) for width in (3, 4)),
    "lambda": (lambda s, n: of_width(3, s, n), lambda s, n: of_width(4, s, n)),
    "closure": tuple((lambda w: lambda s, n: of_width(w, s, n))(width) for width in (3, 4)),
}


@pytest.mark.parametrize(("one", "other"), CALLABLES.values(), ids=CALLABLES)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_warm_start_notices_that_a_function_is_another(one, other, method):
    model = classifier(architecture=one, warm_start=True).fit(X, Y)
    getattr(model, method)(X, Y)
    with pytest.raises(ValueError, match="architecture changed since it was built"):
        getattr(model.set_params(architecture=other), method)(X, Y)
    getattr(model.set_params(architecture=one), method)(X, Y)


@pytest.mark.parametrize("params", [{}, {"augment": "randaugment", "mixup": 0.2}], ids=str)
def test_stopping_early(params):
    noise = np.random.default_rng(0).integers(0, 2, 40)
    model = classifier(
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=3,
        max_epochs=200,
        lr=0.01,
        **params,
    ).fit(X, noise)
    assert model.n_iter_ < 200
    losses = model.history_.valid_loss
    assert model.best_epoch_ == 0 or losses[model.best_epoch_ - 1] == losses.min()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    "params", [{"augment": "crop-flip"}, {"backbone": nn.Conv2d(1, 3, 3), "freeze": True}], ids=str
)
def test_ctrl_c_ends_a_fit_and_leaves_the_estimator_as_it_was(method, params):
    fresh = classifier(callbacks=[InterruptsIn(1)], **params)
    with pytest.raises(KeyboardInterrupt):
        getattr(fresh, method)(X, Y)
    assert_unfitted(fresh)
    model = classifier(callbacks=[InterruptsIn(3)], **params).fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        getattr(model.set_params(max_epochs=9, warm_start=True), method)(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert (model.n_iter_, len(model.history_)) == (2, 2)


# Searches ----------------------------------------------------------------------------------------


def test_a_search_over_what_is_special_here():
    grid = [
        {"augment": [None, "shift", "randaugment"], "mixup": [0.0, 0.3]},
        {"architecture": ["plain", "resnet", linear], "channels": [(2,), (3, 3)]},
        {"label_smoothing": np.array([0.0, 0.1]), "kernel_size": np.array([1, 3])},
        {"normalize": np.array([True, False])},
    ]
    search = GridSearchCV(classifier(max_epochs=1), grid, cv=2, error_score="raise")
    search.fit(COLOUR, Y)
    assert len(search.cv_results_["params"]) == 6 + 6 + 4 + 2
    expected = clone(search.best_estimator_).fit(COLOUR, Y).predict_proba(COLOUR)
    np.testing.assert_array_equal(search.predict_proba(COLOUR), expected)


@pytest.mark.parametrize(
    ("rows", "params"),
    [(X, {"augment": "randaugment", "mixup": 0.2}), (X.reshape(40, -1), {"image_shape": (6, 6)})],
    ids=["images", "flat"],
)
def test_folds_in_parallel_are_folds(rows, params):
    scores = [
        cross_val_score(classifier(**params), rows, Y, cv=3, n_jobs=n, error_score="raise")
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)


# What is refused ---------------------------------------------------------------------------------

NAMED = {
    "architecture": ["vgg", None, 3],
    "kernel_size": [0, -1, 3.0, "3"],
    "kind": ["video", None],
    "channels": [4, "48", None],
    "image_shape": [36, "66"],
    "dropout": [1.0, -0.1, "half"],
    "normalize": ["yes", 2],
    "augment": ["rotate", 3, ["shift"]],
    "mixup": [-0.1, "auto", np.inf],
    "label_smoothing": [1.0, -0.1],
    "backbone_lr_factor": [0.0, -1.0],
    "max_epochs": [0, "some", 1.5],
    "batch_size": [0, "some"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in NAMED for value in NAMED[name]]
)
def test_parameters_out_of_range_are_told(name, value):
    model = classifier(**{name: value})
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of CNNClassifier must be"):
            method(X, Y)
    assert_unfitted(model)


@pytest.mark.parametrize(
    "channels",
    [
        (),
        (0,),
        (4, 0),
        (-1,),
        (4.0,),
        ("4",),
        (None,),
        [[4]],
        np.array([4.0]),
        np.zeros((1, 1), int),
    ],
    ids=repr,
)
def test_bad_channels_are_told(channels):
    model = classifier(channels=channels)
    with pytest.raises(ValueError, match="channels must hold whole numbers of at least 1, got"):
        model.fit(X, Y)
    assert_unfitted(model)


@pytest.mark.parametrize("channels", [[3, 2], np.array([3, 2]), (np.int64(3), 2)], ids=repr)
def test_channels_in_any_container(channels):
    expected = classifier(channels=(3, 2)).fit(X, Y).predict_proba(X)
    model = classifier(channels=channels).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    model.partial_fit(X, Y).set_params(channels=(3, 2)).partial_fit(X, Y)


@pytest.mark.parametrize("kernel_size", [2, 4, np.int64(8)])
def test_even_kernels_are_told(kernel_size):
    model = classifier(kernel_size=kernel_size)
    with pytest.raises(ValueError, match=f"kernel_size must be odd, got {kernel_size}"):
        model.fit(X, Y)
    assert_unfitted(model)


BAD_LABELS = {
    "length": (np.arange(39) % 2, "X has 40 samples, but y has 39|inconsistent numbers of samples"),
    "NaN": (np.where(np.arange(40) == 7, np.nan, np.arange(40) % 2), "y contains NaN"),
    "continuous": (np.linspace(0, 1, 40), "Unknown label type: continuous"),
    "one class": (np.full(40, "a"), "at least 2 classes, got only one class: .*'a'"),
    "two columns": (np.zeros((40, 2)), "y should be a 1d array"),
    "one-hot": (np.eye(3, dtype=int)[Y], "y should be a 1d array"),
    "None": (None, "requires y to be passed, but the target y is None"),
}


@pytest.mark.parametrize(("y", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_told(y, message):
    model = classifier()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert_unfitted(model)
