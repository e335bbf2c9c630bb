"""Advice in code works on X as the user has it."""

import array
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from skdl._reading._given import Given
from skdl.estimators import CNNClassifier, GRURegressor, LSTMClassifier, TransformerClassifier

IMAGES = np.random.default_rng(0).integers(1, 256, (12, 6, 5)).astype(np.uint8)
SIGNALS = IMAGES[:, :, :2].astype(float)
Y = np.arange(12) % 2
SMALL = {"max_epochs": 1, "random_state": 0, "device": "cpu"}


def objects_of(items):
    objects = np.empty(len(items), dtype=object)
    objects[:] = list(items)
    return objects


def with_polars(convert):
    return lambda x: convert(pytest.importorskip("polars"), x)


def with_pyarrow(convert):
    return lambda x: convert(pytest.importorskip("pyarrow"), x)


WHOLE = {
    "array": lambda x: x,
    "tensor": torch.as_tensor,
    "list": list,
    "tuple": tuple,
    "objects": objects_of,
    "Series": lambda x: pd.Series(list(x)),
    "lists": lambda x: x.tolist(),
    "tensors": lambda x: list(torch.as_tensor(x)),
    "images": lambda x: [Image.fromarray(row) for row in x.astype(np.uint8)],
    "frame of one column": lambda x: pd.DataFrame({"image": list(x)}),
    "polars Series": with_polars(lambda pl, x: pl.Series(x.tolist())),
    "polars frame": with_polars(lambda pl, x: pl.DataFrame({"image": x.tolist()})),
    "pyarrow": with_pyarrow(lambda pa, x: pa.table({"image": x.tolist()})),
}
CHANNELS = {
    "frame": lambda x: pd.DataFrame({"a": list(x[..., 0]), "b": list(x[..., 1])}),
    "polars": with_polars(
        lambda pl, x: pl.DataFrame({"a": x[..., 0].tolist(), "b": x[..., 1].tolist()})
    ),
    "pyarrow": with_pyarrow(
        lambda pa, x: pa.table({"a": x[..., 0].tolist(), "b": x[..., 1].tolist()})
    ),
}
FLAT = {
    "array": lambda x: x,
    "frame": pd.DataFrame,
    "lists": lambda x: x.tolist(),
    "arrays of the standard library": lambda x: [array.array("d", row) for row in x],
    "polars": with_polars(lambda pl, x: pl.DataFrame(x)),
}
ALL = WHOLE | {f"flat {name}": convert for name, convert in FLAT.items()}
HOLED = WHOLE | {f"channels, {name}": convert for name, convert in CHANNELS.items()}


def run(code, X):
    return eval(code, {"X": X, "np": np, "pd": pd})


def advised(message, pattern):
    """The code in a message."""
    found = re.search(pattern, message)
    assert found, message
    return found[1]


def warning_of(function, *args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args)
    messages = [str(warning.message) for warning in caught]
    (message,) = [each for each in messages if "feature names" not in each]
    return message


@pytest.mark.parametrize("convert", WHOLE.values(), ids=WHOLE)
def test_one_array_of_all(convert):
    X = convert(IMAGES)
    np.testing.assert_array_equal(run(Given(X).array, X), IMAGES)


@pytest.mark.parametrize("convert", CHANNELS.values(), ids=CHANNELS)
def test_columns_of_arrays_are_channels(convert):
    X = convert(SIGNALS)
    np.testing.assert_array_equal(run(Given(X).array, X), SIGNALS)


@pytest.mark.parametrize("convert", FLAT.values(), ids=FLAT)
def test_tables(convert):
    X = convert(SIGNALS[..., 0])
    assert Given(X).is_table is (not isinstance(X, list))
    np.testing.assert_array_equal(run(Given(X).array, X), SIGNALS[..., 0])


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("convert", ALL.values(), ids=ALL)
def test_units_can_be_changed_as_advised(convert):
    images = IMAGES if convert in WHOLE.values() else IMAGES[:, 0]
    model = CNNClassifier((2,), **SMALL).fit(images, Y)
    expected = model.predict_proba(images)
    if convert is not WHOLE["images"]:
        X = convert(images / 255)
        message = warning_of(model.predict, X)
        code = advised(message, r"for images of bytes by (.*)\.$")
        np.testing.assert_allclose(model.predict_proba(run(code, X)), expected, atol=1e-5)
    model, X = CNNClassifier((2,), **SMALL).fit(images / 255, Y), convert(images)
    code = advised(warning_of(model.predict, X), r"for images of bytes by (.*)\.$")
    expected = model.predict_proba(images / 255)
    np.testing.assert_allclose(model.predict_proba(run(code, X)), expected, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "images"])
def test_rows_can_be_scaled_alike_as_advised(name):
    mixed = IMAGES / np.where(Y, 255, 1)[:, None, None]
    X = WHOLE[name](mixed)
    model = CNNClassifier((2,), **SMALL)
    code = advised(warning_of(model.fit, X, Y), r"some are bytes by (.*)\.$")
    expected = model.fit(IMAGES / 255, Y).predict_proba(IMAGES / 255)
    X = run(code, X)
    np.testing.assert_allclose(model.fit(X, Y).predict_proba(X), expected, atol=1e-5)


@pytest.mark.parametrize("convert", HOLED.values(), ids=HOLED)
@pytest.mark.parametrize(
    "model",
    [
        CNNClassifier((2,), kind="signal", **SMALL),
        LSTMClassifier(2, **SMALL),
        GRURegressor(2, **SMALL),
        TransformerClassifier(8, n_heads=1, n_layers=1, **SMALL),
    ],
    ids=lambda model: type(model).__name__,
)
def test_gaps_can_be_filled_as_advised(convert, model):
    if convert is WHOLE["images"]:
        pytest.skip("images have no gaps")
    holed = SIGNALS.copy()
    holed[3, 2, 1] = np.nan
    X = convert(holed)
    with pytest.raises(ValueError, match="NaN, first at") as error:
        model.fit(X, Y)
    code = advised(str(error.value), r"for example (?:by 0 )?(?:with )?(.*?)(?:, or leave|\.$)")
    model.fit(run(code, X), Y).predict(run(code, X))


@pytest.mark.parametrize("convert", WHOLE.values(), ids=WHOLE)
def test_images_that_look_swapped_are_taken_by_their_shape(convert):
    if convert is WHOLE["images"]:
        pytest.skip("channels of images of PIL come last")
    X = convert(np.moveaxis(np.stack([IMAGES] * 3, -1), -1, 1))
    with pytest.raises(ValueError, match="look as if channels came first") as error:
        CNNClassifier((2,), **SMALL).fit(X, Y)
    code = advised(str(error.value), r"Use (np\.moveaxis.*?), and image_shape")
    CNNClassifier((2,), **SMALL).fit(run(code, X), Y)
    shape = run(advised(str(error.value), r"pass image_shape=(.*)\.$"), X)
    assert CNNClassifier((2,), image_shape=shape, **SMALL).fit(X, Y).input_shape_ == shape


@pytest.mark.parametrize("convert", FLAT.values(), ids=FLAT)
def test_padding_can_be_cut_off_as_advised(convert):
    padded = SIGNALS[..., 0].copy()
    padded[3, 4:] = np.nan
    X = convert(padded)
    with pytest.raises(ValueError, match="NaN, first at") as error:
        LSTMClassifier(2, **SMALL).fit(X, Y)
    if isinstance(X, list) and isinstance(X[0], array.array):
        pytest.skip("sequences of their own are not padded")
    code = advised(str(error.value), r"pass a list of them without it: (.*)\.$")
    assert [len(x) for x in run(code, X)] == [6, 6, 6, 4, *[6] * 8]
    LSTMClassifier(2, **SMALL).fit(run(code, X), Y)
