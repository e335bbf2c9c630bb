"""Shapes: what they are likely to mean, and advice that works for the X that it is given for."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from skdl.estimators import CNNClassifier, GRUClassifier
from tests.estimators.cnn.classifiers import classifier

RNG = np.random.default_rng(0)
Y = np.arange(20) % 2
GREY = RNG.integers(0, 256, (20, 12, 10)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (20, 12, 10, 3)).astype(np.uint8)
SIGNALS = RNG.normal(size=(20, 30, 3))


def fit(X, **params):
    return CNNClassifier((2,), max_epochs=1, random_state=0, **params).fit(X, Y[: len(X)])


def of_shape(*shape):
    return RNG.normal(size=(4, *shape))


def advised(message, X):
    """The X that the first piece of code about X in a message makes."""
    code = re.search(r"np\.\w+\(X[^)]*\)|X(\[[^\]]*\])?\.mean\(-1\)", message)
    return eval(code.group(), {"np": np, "X": X})


@pytest.mark.parametrize(
    "shape",
    [(2, 40, 60), (2, 64, 101), (6, 40, 50), (13, 64, 64), (5, 60, 80), (3, 8, 9), (2, 4, 4)],
)
def test_channels_first(shape):
    X = of_shape(*shape)
    with pytest.raises(ValueError, match="channels came first") as error:
        fit(X)
    model = fit(advised(str(error.value), X), kind="image")
    assert model.input_shape_ == (*shape[1:], shape[0])
    assert fit(X, image_shape=shape).input_shape_ == shape


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_channels_first_in_flat_rows_are_put_last_as_advised(kind):
    whole = of_shape(3, 8, 9)
    X = kind(whole.reshape(4, -1))
    with pytest.raises(ValueError, match="channels came first") as told:
        fit(X, image_shape=(3, 8, 9))
    ways = r"Use (.*), and image_shape=(.*)\. If .* pass image_shape=(.*\)) and (.*)\.$"
    last, shape, first_shape, as_it_is = (
        eval(code, {"np": np, "X": X}) for code in re.search(ways, str(told.value)).groups()
    )
    np.testing.assert_array_equal(last, np.moveaxis(whole, 1, -1))
    assert fit(last, image_shape=shape).input_shape_ == (8, 9, 3)
    assert fit(as_it_is, image_shape=first_shape).input_shape_ == (3, 8, 9)


@pytest.mark.parametrize("kind", [np.asarray, list])
@pytest.mark.parametrize(
    ("shape", "params", "read"),
    [((3, 8, 9, 2), {}, (8, 9, 2)), ((30, 2, 3), {"kind": "signal"}, (30, 6))],
)
def test_videos_become_images_or_signals_as_advised(kind, shape, params, read):
    X, y = kind(of_shape(*shape)), Y[:4]
    with pytest.raises(ValueError, match=r"takes X of shape .*, got") as told:
        CNNClassifier((2,), max_epochs=1, **params).fit(X, y)
    scope = {"np": np, "X": X, "y": y}
    code = re.search(r"(?:pass|channels:) (.*\))(?:, and|\.$)", str(told.value))[1]
    rows = eval(code, scope)
    repeated = re.search(r"to fit (.*) as y", str(told.value))
    y = y if repeated is None else eval(repeated[1], scope)
    model = CNNClassifier((2,), max_epochs=1, **params).fit(rows, y)
    assert model.input_shape_ == read


@pytest.mark.parametrize("shape", [(103, 9, 9), (10, 16, 16), (5, 9, 9)])
def test_squares_behind_another_size_are_told(shape):
    with pytest.warns(UserWarning, match="9 x 9|16 x 16") as caught:
        model = fit(of_shape(*shape))
    assert model.input_shape_ == shape
    assert "np.moveaxis(X, 1, -1)" in str(caught[0].message)
    fit(of_shape(*shape), kind="image")


@pytest.mark.parametrize("has_axis", [False, True])
@pytest.mark.parametrize("shape", [(3, 128), (22, 500), (2, 40), (22, 250), (19, 256)])
def test_signals_with_channels_first_are_told(shape, has_axis):
    X = of_shape(*shape, 1) if has_axis else of_shape(*shape)
    with pytest.warns(UserWarning, match='more likely.*kind="signal"') as caught:
        model = fit(X)
    assert (model.kind_, model.input_shape_) == ("image", (*shape, 1))
    way = re.search(r"np\.moveaxis\(.*?, 1, -1\)", str(caught[0].message)).group()
    read = fit(eval(way, {"np": np, "X": X}), kind="signal")
    assert read.input_shape_ == shape[::-1]
    fit(X, kind="image")


@pytest.mark.parametrize(("has_axis", "way"), [(False, "X"), (True, "X[..., 0]")])
@pytest.mark.parametrize("shape", [(28, 4), (64, 12), (250, 22)])
def test_narrow_images_of_bytes_are_told_to_be_signals_maybe(shape, has_axis, way):
    X = RNG.integers(0, 256, (4, *shape, 1) if has_axis else (4, *shape)).astype(np.uint8)
    with pytest.warns(UserWarning, match='may hold.*kind="signal"') as caught:
        model = fit(X)
    assert (model.kind_, model.input_shape_) == ("image", (*shape, 1))
    assert (f'kind="signal", of {way}.' in str(caught[0].message)) is has_axis
    assert fit(eval(way, {"X": X}), kind="signal").input_shape_ == shape
    fit(X, kind="image")


@pytest.mark.parametrize("shape", [(128, 3), (128, 9), (64, 12), (250, 22)])
def test_narrow_arrays_with_axis_of_channels_are_images(shape):
    with pytest.warns(UserWarning, match="may hold"):
        assert fit(of_shape(*shape, 1)).kind_ == "image"


@pytest.mark.parametrize(
    "shape",
    [
        (32, 344),
        (28, 28),
        (8, 8),
        (32, 24),
        (128, 64),
        (16, 64),
        (64, 16),
        (40, 60, 4),
        (7, 7, 32),
        (105, 105),
        (2, 2),
        (4, 8),
    ],
)
def test_usual_images_are_read_without_a_word(shape):
    blurred = gaussian_filter(of_shape(*shape), 2, axes=(1, 2))  # neighbouring pixels are alike
    assert fit(blurred).kind_ == "image"


@pytest.mark.parametrize(
    ("X", "one", "params"),
    [
        (GREY, GREY[0], {}),
        (GREY, GREY[0][..., None], {}),
        (GREY, GREY[0].tolist(), {}),
        (COLOUR, COLOUR[0], {}),
        (COLOUR, Image.fromarray(COLOUR[0]), {}),
        (GREY.reshape(20, -1), GREY[0], {"image_shape": (12, 10)}),
        (SIGNALS, SIGNALS[0], {"kind": "signal"}),
    ],
)
def test_a_single_row_is_told(X, one, params):
    model = fit(X, **params)
    with pytest.raises(ValueError, match=r"is a single (image|signal).*X\[:1\]"):
        model.predict(one)
    np.testing.assert_array_equal(model.predict(np.asarray(one)[None]), model.predict(X[:1]))


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    ("fitted_on", "one"),
    [
        (GREY, COLOUR[0]),
        (GREY, COLOUR[0].tolist()),
        (GREY, Image.fromarray(COLOUR[0])),
        (GREY, np.concatenate([COLOUR[0], COLOUR[0, ..., :1]], -1)),
        (COLOUR, GREY[0]),
        (COLOUR, GREY[0][..., None]),
        (COLOUR, Image.fromarray(GREY[0])),
        (np.concatenate([COLOUR, COLOUR[..., :1]], -1), COLOUR[0]),
    ],
)
def test_a_single_image_of_other_channels_is_told_and_the_advice_helps(fitted_on, one, flat):
    if flat:
        model = fit(fitted_on.reshape(20, -1), image_shape=fitted_on.shape[1:])
    else:
        model = fit(fitted_on)
    with pytest.raises(ValueError, match="is a single image of other channels than") as told:
        model.predict(one)
    assert "esize" not in str(told.value)
    if model.input_shape_[-1] < 4:
        advised = eval(str(told.value).split("first: ")[1].removesuffix("."), {"np": np, "X": one})
        assert model.predict(advised).shape == (1,)


def test_a_single_colour_image_of_another_size_is_told():
    with pytest.raises(ValueError, match=r"of other channels.*\.mean\(-1\)\. Resize it first\."):
        fit(GREY).predict(np.repeat(COLOUR[0], 2, 0))


def test_images_whose_shape_may_be_that_of_one_of_many_channels_are_several():
    with pytest.raises(ValueError, match="holds images of 10 x 7 x 1"):
        fit(COLOUR).predict(GREY[:12, :10, :7])


@pytest.mark.parametrize(
    ("fitted_on", "X"),
    [
        (GREY, COLOUR),
        (GREY, np.concatenate([COLOUR, COLOUR[..., :1]], -1)),
        (COLOUR, GREY),
        (COLOUR, GREY[..., None]),
        (COLOUR, np.moveaxis(COLOUR, -1, 1)),
        (GREY, GREY[:, None]),
        (GREY, GREY.swapaxes(1, 2)),
    ],
)
def test_what_makes_other_images_those_of_the_fit(fitted_on, X):
    model = fit(fitted_on)
    with pytest.raises(ValueError, match="was fitted on") as error:
        model.predict(X)
    assert model.predict(advised(str(error.value), X)).shape == (20,)


CONTAINERS = {
    "list": list,
    "Series": lambda X: pd.Series(list(X)),
    "frame of cells": lambda X: pd.DataFrame({"image": list(X)}),
    "tensor": torch.tensor,
    "list of tensors": lambda X: list(torch.tensor(X)),
    "PIL": lambda X: [Image.fromarray(x) for x in X],
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize(
    ("fitted_on", "X"),
    [
        (GREY, COLOUR),
        (GREY, np.concatenate([COLOUR, COLOUR[..., :1]], -1)),
        (COLOUR, np.concatenate([COLOUR, COLOUR[..., :1]], -1)),
        (COLOUR, GREY),
        (COLOUR, np.moveaxis(COLOUR, -1, 1)),
        (GREY, GREY.swapaxes(1, 2)),
        (GREY.reshape(20, -1), GREY),
    ],
    ids=["grey", "grey of four", "three of four", "colours", "last", "swapped", "flat"],
)
def test_advice_can_be_done_with_other_containers(container, fitted_on, X):
    if container is CONTAINERS["PIL"] and X.shape[1] == 3:
        pytest.skip("channels come last in images of PIL")
    model, X = fit(fitted_on), container(X)
    with pytest.raises(ValueError, match="was fitted on") as error:
        model.predict(X)
    code = re.search(r"(: use|first:|such as|there: use) (.+?)(\.$|, or resize)", str(error.value))
    assert model.predict(eval(code.group(2), {"np": np, "X": X})).shape == (20,)


@pytest.mark.parametrize("name", ["list", "Series", "frame of cells", "tensor"])
def test_gaps_in_other_containers_can_be_filled_as_advised(name):
    holed = SIGNALS.copy()
    holed[3, 2, 1] = np.nan
    X = CONTAINERS[name](holed)
    with pytest.raises(ValueError, match="NaN, first at signal 3, step 2, channel 1") as error:
        fit(X, kind="signal")
    code = re.search(r"for example (np.stack\(.+\)), or leave", str(error.value))
    filled = eval(code.group(1), {"np": np, "pd": pd, "X": X})
    np.testing.assert_array_equal(filled[3, 2, 1], SIGNALS[3, 1, 1])  # the step before, not 0
    fit(filled, kind="signal")


def test_grey_images_among_colours_are_told():
    X = [Image.fromarray(x) for x in (*COLOUR[:10], *GREY[10:])]
    with pytest.raises(ValueError, match=r"row 10 has \(12, 10\)\. Give all the same channels"):
        fit(X)
    fit([image.convert("RGB") for image in X])


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (SIGNALS[:, 1:, :2], "Choose the channels .*cut, pad or resample"),
        (SIGNALS.swapaxes(1, 2), r"np.moveaxis\(X, 1, -1\)"),
        (SIGNALS[..., :2], "all channels"),
    ],
)
def test_other_signals(X, words):
    with pytest.raises(ValueError, match=words):
        fit(SIGNALS, kind="signal").predict(X)


@pytest.mark.parametrize("X", [SIGNALS, SIGNALS[..., 0]])
@pytest.mark.parametrize("n_steps", [25, 35])
def test_signals_of_another_length_are_told_and_the_advice_helps(X, n_steps):
    model = fit(X if X.ndim == 3 else X[..., None], kind="signal")
    other = np.concatenate([X, X], axis=1)[:, :n_steps]
    other = other if X.ndim == 3 else other[..., None]
    with pytest.raises(ValueError, match=rf"signals of {n_steps} x .*fitted on 30 x") as told:
        model.predict(other)
    scope = {"np": np, "scipy": scipy, "X": other}
    *codes, signals = re.search(
        r"for example (.*); or, where they last as long in "
        r"other steps, resample them: (.*)\. Or fit on a list of signals, such as (.*), to",
        str(told.value),
    ).groups()
    for code in codes:
        assert model.predict(eval(code, scope)).shape == (20,)
    assert fit(list(X), kind="signal").predict(eval(signals, scope)).shape == (20,)


def test_unequal_images_are_named():
    images = [GREY[0], GREY[1], GREY[2, 1:], COLOUR[0]]
    with pytest.raises(ValueError, match=r"row 2 has \(11, 10\), row 3 has \(12, 10, 3\)"):
        classifier().fit(images, [0, 1, 0, 1])


@pytest.mark.parametrize("shape", [(1, 8), (4, 280), (6, 128), (64, 4)])
def test_other_sequences_are_read_without_a_word(shape):
    X = of_shape(*shape)
    assert GRUClassifier(2, max_epochs=1).fit(X, Y[:4]).n_steps_in_ == shape[0]


def test_vectors_of_unequally_many_words_are_read_without_a_word():
    GRUClassifier(2, max_epochs=1).fit([*of_shape(5, 100), RNG.normal(size=(3, 100))], Y[:5])
