"""Images and signals: what X may be, what it means, and what is said when it cannot be read."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skdl._reading import _input
from skdl.engine import Streamed
from skdl.estimators import CNNClassifier

SMALL = {"channels": (2,), "max_epochs": 1, "random_state": 0, "device": "cpu"}
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (8, 6, 5), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (8, 6, 5, 3), dtype=np.uint8)
SIGNALS = RNG.normal(size=(8, 7))
CHANNELS = RNG.normal(size=(8, 7, 2))
Y = np.arange(8) % 2


def classifier(**params):
    return CNNClassifier(**{**SMALL, **params})


def read(X, kind="auto", shape=None, model=None):
    """The column that X becomes."""
    model = classifier(kind=kind, image_shape=shape) if model is None else model
    return model._read_images(X, kind=kind, shape=shape, reset=True).columns["x"]


def objects_of(items):
    objects = np.empty(len(items), dtype=object)
    objects[:] = items
    return objects


def assert_reads(X, expected, dtype=None, **params):
    """X means ``expected`` (n, *space, C)."""
    column = read(X, **params)
    assert tuple(column.shape) == expected.shape
    np.testing.assert_array_equal(column.numpy(), expected)
    assert dtype is None or column.dtype is dtype


# What X may be -----------------------------------------------------------------------------------

IMAGES = {
    "array": (lambda x: x, torch.uint8),
    "nested lists": (lambda x: x.tolist(), None),
    "tuple of nested lists": (lambda x: tuple(x.tolist()), None),
    "list of arrays": (list, torch.uint8),
    "tuple of arrays": (tuple, torch.uint8),
    "object array of arrays": (lambda x: objects_of(list(x)), torch.uint8),
    "series of arrays": (lambda x: pd.Series(list(x), index=range(10, 18)), torch.uint8),
    "series of nested lists": (lambda x: pd.Series([image.tolist() for image in x]), None),
    "list of tensors": (lambda x: list(torch.from_numpy(x)), None),
    "objects": (lambda x: x.astype(object), torch.float64),
    "list of arrays of objects": (lambda x: list(x.astype(object)), torch.float64),
    "float16": (lambda x: x.astype(np.float16), torch.float16),
    "float32": (lambda x: x.astype(np.float32), torch.float32),
    "float64": (lambda x: x.astype(np.float64), torch.float64),
    "big-endian": (lambda x: x.astype(">f4"), None),
    "int64": (lambda x: x.astype(np.int64), torch.int64),
    "uint16": (lambda x: x.astype(np.uint16), torch.uint16),
    "big-endian int16": (lambda x: x.astype(">i2"), torch.int16),
    "Fortran order": (np.asfortranarray, torch.uint8),
    "reversed": (lambda x: x[::-1].copy()[::-1], torch.uint8),
    "part of a wider array": (lambda x: np.repeat(x, 2, 2)[:, :, ::2], torch.uint8),
}


@pytest.mark.parametrize(("convert", "dtype"), IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
def test_containers_and_dtypes_of_images(images, convert, dtype):
    expected = images if images.ndim == 4 else images[..., None]
    assert_reads(convert(images), expected, dtype)


@pytest.mark.parametrize("dtype", [bool, object])
def test_booleans_are_numbers(dtype):
    assert_reads((GREY > 99).astype(dtype), (GREY > 99).astype(float)[..., None])
    assert_reads(list((GREY > 99).astype(dtype)), (GREY > 99).astype(float)[..., None])


FLAT = {
    "array": (lambda x: x, torch.uint8),
    "frame": (pd.DataFrame, torch.uint8),
    "frame of floats": (lambda x: pd.DataFrame(x.astype(np.float32)), torch.float32),
    "frame of objects": (lambda x: pd.DataFrame(x).astype(object), None),
    "frame of pandas' integers": (lambda x: pd.DataFrame(x).astype("UInt8"), None),
    "frame of mixed columns": (lambda x: pd.DataFrame(x).astype({0: float, 3: "int32"}), None),
    "nested lists": (lambda x: x.tolist(), None),
    "list of arrays": (list, torch.uint8),
    "series of arrays": (lambda x: pd.Series(list(x)), torch.uint8),
    "object array of arrays": (lambda x: objects_of(list(x)), torch.uint8),
}


@pytest.mark.parametrize(("convert", "dtype"), FLAT.values(), ids=FLAT)
@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
def test_rows_of_pixels_with_image_shape(images, convert, dtype):
    expected = images if images.ndim == 4 else images[..., None]
    flat = convert(images.reshape(8, -1))
    assert_reads(flat, expected, dtype, shape=images.shape[1:])
    assert_reads(flat, expected, dtype, shape=expected.shape[1:])


@pytest.mark.parametrize("shape", [(6, 5), [6, 5], np.array([6, 5]), (np.int64(6), 5), (6, 5, 1)])
@pytest.mark.parametrize("X", [GREY, GREY[..., None], GREY.reshape(8, -1)], ids=lambda X: X.ndim)
def test_image_shape_may_say_what_is_there(X, shape):
    model = classifier(image_shape=shape).fit(X, Y)
    assert model.input_shape_ == (6, 5, 1)
    assert model.kind_ == "image"
    expected = classifier().fit(GREY, Y).predict_proba(GREY)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1)])
def test_images_and_rows_of_pixels_may_take_turns(shape):
    """With image_shape, whatever was fitted; it may be forgotten afterwards."""
    ways = [GREY, GREY[..., None], list(GREY), GREY.tolist()]
    ways += [flat := GREY.reshape(8, -1), flat.tolist(), pd.DataFrame(flat).to_numpy()]
    expected = classifier().fit(GREY, Y).predict_proba(GREY)
    for fitted_on in ways:
        model = classifier(image_shape=shape).fit(fitted_on, Y)
        assert model.n_features_in_ == 30
        model.set_params(image_shape=None)
        for X in ways:
            np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)


def test_signals():
    assert_reads(SIGNALS, SIGNALS[..., None], torch.float64)
    assert_reads(SIGNALS, SIGNALS[..., None], kind="signal")
    assert_reads(list(SIGNALS), SIGNALS[..., None])
    assert_reads(pd.DataFrame(SIGNALS), SIGNALS[..., None])
    assert_reads(SIGNALS, SIGNALS[..., None], kind="signal", shape=(7,))
    assert_reads(SIGNALS, SIGNALS[..., None], kind="signal", shape=(7, 1))
    assert_reads(GREY[:, 0], GREY[:, 0, :, None], torch.uint8)


@pytest.mark.parametrize(
    "convert",
    [lambda x: x, list, lambda x: x.tolist(), lambda x: pd.Series(list(x))],
    ids=["array", "list", "nested lists", "series"],
)
def test_signals_of_several_channels(convert):
    assert_reads(convert(CHANNELS), CHANNELS, kind="signal")
    assert_reads(convert(CHANNELS), CHANNELS, kind="signal", shape=(7, 2))
    flat = CHANNELS.reshape(8, -1)
    assert_reads(convert(flat), CHANNELS, kind="signal", shape=(7, 2))


def test_what_kind_x_is():
    for X, shape, kind in [
        (SIGNALS, None, "signal"),
        (GREY, None, "image"),
        (COLOUR, None, "image"),
        (GREY.reshape(8, -1), (6, 5), "image"),
    ]:
        model = classifier(image_shape=shape)
        read(X, shape=shape, model=model)
        assert model.kind_ == kind


def test_what_is_learned_of_x():
    model = classifier(image_shape=(6, 5))
    frame = pd.DataFrame(GREY.reshape(8, -1)).add_prefix("p")
    read(frame, shape=(6, 5), model=model)
    assert (model.input_shape_, model.n_channels_in_, model.n_features_in_) == ((6, 5, 1), 1, 30)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    read(COLOUR, model=model)
    assert (model.input_shape_, model.n_channels_in_, model.n_features_in_) == ((6, 5, 3), 3, 6)
    assert not hasattr(model, "feature_names_in_")
    read(CHANNELS, kind="signal", model=model)
    assert (model.kind_, model.input_shape_, model.n_channels_in_) == ("signal", (7, 2), 2)


def test_every_kind_of_x_fits_and_predicts_the_same():
    expected = classifier().fit(GREY, Y).predict_proba(GREY)
    for convert, _ in IMAGES.values():
        model = classifier().fit(convert(GREY), Y)
        np.testing.assert_allclose(model.predict_proba(convert(GREY)), expected, atol=1e-5)
    for convert, _ in FLAT.values():
        flat = convert(GREY.reshape(8, -1))
        model = classifier(image_shape=(6, 5)).fit(flat, Y)
        np.testing.assert_allclose(model.predict_proba(flat), expected, atol=1e-5)


@pytest.mark.parametrize("fitted_on", list(IMAGES))
def test_a_model_predicts_for_other_containers(fitted_on):
    model = classifier().fit(IMAGES[fitted_on][0](GREY), Y)
    expected = model.predict_proba(GREY)
    for convert, _ in IMAGES.values():
        np.testing.assert_allclose(model.predict_proba(convert(GREY)), expected, atol=1e-5)
    np.testing.assert_array_equal(model.predict_proba(GREY[..., None]), expected)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float32, np.float64, np.int32, bool]),
        st.tuples(st.integers(2, 6), st.integers(2, 9), st.integers(2, 9), st.integers(1, 3)),
        elements=st.integers(0, 1),
    )
)
def test_any_shape_and_dtype_of_images(X):
    model = classifier(batch_size=len(X)).fit(X, np.arange(len(X)) % 2)
    assert model.input_shape_ == X.shape[1:]
    proba = model.predict_proba(X)
    assert np.isfinite(proba).all()
    flat = classifier(batch_size=len(X), image_shape=X.shape[1:])
    flat.fit(X.reshape(len(X), -1), np.arange(len(X)) % 2)
    np.testing.assert_array_equal(flat.predict_proba(X.reshape(len(X), -1)), proba)


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float32, np.float64]),
        st.tuples(st.integers(2, 6), st.integers(2, 9), st.integers(1, 3)),
        elements=st.integers(0, 1),
    )
)
def test_any_shape_and_dtype_of_signals(X):
    model = classifier(batch_size=len(X), kind="signal", image_shape=X.shape[1:])
    proba = model.fit(X, np.arange(len(X)) % 2).predict_proba(X)
    assert model.input_shape_ == X.shape[1:]
    flat = X.reshape(len(X), -1)
    other = classifier(batch_size=len(X), kind="signal", image_shape=X.shape[1:])
    np.testing.assert_array_equal(other.fit(flat, np.arange(len(X)) % 2).predict_proba(flat), proba)


def test_x_is_shared_not_copied():
    for X in (GREY, COLOUR.astype(np.float32), GREY.astype(np.float64)):
        assert read(X).data_ptr() == X.ctypes.data
    flat = GREY.reshape(8, -1)
    assert read(flat, shape=(6, 5)).data_ptr() == flat.ctypes.data


# Memory maps -------------------------------------------------------------------------------------


def mapped(X, path):
    array = np.memmap(path / "x", X.dtype, "w+", shape=X.shape)
    array[:] = X
    return array


def test_a_small_memory_map_is_shared(tmp_path):
    X = mapped(GREY, tmp_path)
    column = read(X)
    assert column.dtype is torch.uint8
    assert column.data_ptr() == X.ctypes.data
    readonly = np.memmap(tmp_path / "x", np.uint8, "r", shape=X.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(readonly).data_ptr() == readonly.ctypes.data


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", "f2", "i2", "u2", "i8", "?", ">f4"])
@pytest.mark.parametrize(
    ("params", "shape"),
    [({}, (8, 6, 5)), ({}, (8, 6, 5, 1)), ({"image_shape": (6, 5)}, (8, 30))],
    ids=["grey", "one channel", "flat"],
)
def test_a_streamed_memory_map_fits_and_predicts_as_an_array(
    tmp_path, monkeypatch, dtype, params, shape
):
    X = (GREY > 99).astype(dtype).reshape(shape)
    expected = classifier(**params).fit(X, Y).predict_proba(X)
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    X = mapped(X, tmp_path)
    model = classifier(**params)
    assert isinstance(read(X, shape=model.image_shape), Streamed)
    np.testing.assert_allclose(model.fit(X, Y).predict_proba(X), expected, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(np.asarray(X)), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 7, 2), (8, 14)], ids=str)
def test_a_streamed_memory_map_of_signals(tmp_path, monkeypatch, shape):
    params = {"kind": "signal", "image_shape": (7, 2)}
    expected = classifier(**params).fit(CHANNELS, Y).predict_proba(CHANNELS)
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    X = mapped(CHANNELS.reshape(shape), tmp_path)
    np.testing.assert_allclose(classifier(**params).fit(X, Y).predict_proba(X), expected, atol=1e-5)


def test_bytes_of_a_memory_map_stay_bytes_until_they_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    X = mapped(GREY, tmp_path)
    column = read(X)
    assert column.array.dtype == np.uint8
    assert np.shares_memory(column.array, X)
    assert column.take(slice(0, 2)).dtype is torch.uint8


@pytest.mark.parametrize("what", [np.nan, np.inf])
def test_a_streamed_memory_map_is_searched_for_nan(tmp_path, monkeypatch, what):
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    X = mapped(COLOUR.astype(np.float32), tmp_path)
    X[5, 4, 3, 2] = what
    with pytest.raises(ValueError, match="image 5, row 4, column 3, channel 2"):
        read(X)


# What cannot be read -----------------------------------------------------------------------------


def spoilt(X, place, value):
    X = np.array(X, dtype=float)
    X[place] = value
    return X


SIGNAL = {"kind": "signal"}
BAD = {
    # image_shape
    "columns": (GREY.reshape(8, 30), {"image_shape": (6, 6)}, r"6 x 6 = 36 columns.*\(8, 30\)"),
    "columns, colour": (
        GREY.reshape(8, 30),
        {"image_shape": (6, 5, 3)},
        r"6 x 5 x 3 = 90 columns.*\(8, 30\)",
    ),
    "sides the wrong way": (GREY, {"image_shape": (5, 6)}, r"\(5, 6\).*\(8, 6, 5\)"),
    "other channels": (COLOUR, {"image_shape": (6, 5)}, r"\(6, 5\).*\(8, 6, 5, 3\)"),
    "one side": (GREY.reshape(8, 30), {"image_shape": (30,)}, r"\(H, W\) or \(H, W, C\).*\(30,\)"),
    "four sides": (
        GREY.reshape(8, 30),
        {"image_shape": (6, 5, 1, 1)},
        r"\(H, W\) or \(H, W, C\).*\(6, 5, 1, 1\)",
    ),
    "three sides of a signal": (
        CHANNELS,
        {**SIGNAL, "image_shape": (7, 2, 1)},
        r'\(T, C\) for kind="signal", got \(7, 2, 1\)',
    ),
    "columns of a signal": (
        CHANNELS.reshape(8, 14),
        {**SIGNAL, "image_shape": (7, 3)},
        r"7 x 3 = 21 columns.*\(8, 14\)",
    ),
    "no sides": (GREY, {"image_shape": ()}, r"image_shape must hold whole numbers.*got \(\)"),
    "side of 0": (GREY, {"image_shape": (0, 5)}, r"image_shape must hold whole.*\(0, 5\)"),
    "negative side": (GREY, {"image_shape": (-6, 5)}, r"image_shape must hold whole.*\(-6, 5\)"),
    "side of a fraction": (GREY, {"image_shape": (6.0, 5)}, r"image_shape must hold.*\(6.0, 5\)"),
    "words": (GREY, {"image_shape": ("6", "5")}, "image_shape must hold whole"),
    "nested": (GREY, {"image_shape": [(6, 5)]}, "image_shape must hold whole"),
    "text": (GREY, {"image_shape": "65"}, "'image_shape' parameter of CNNClassifier"),
    "a number": (GREY, {"image_shape": 30}, "'image_shape' parameter of CNNClassifier"),
    # channels first
    "colour first": (np.zeros((8, 3, 32, 32)), {}, r"channels came first.*moveaxis\(X, 1, -1\)"),
    "grey first": (np.zeros((8, 1, 28, 28)), {}, r"channels came first.*moveaxis\(X, 1, -1\)"),
    "small and colour first": (np.zeros((8, 3, 6, 7)), {}, "channels came first"),
    "small and grey first": (np.zeros((8, 1, 6, 6)), {}, "channels came first"),
    "alpha first": (np.zeros((8, 4, 16, 20)), {}, "channels came first"),
    "colour first, flat": (
        np.zeros((8, 3 * 32 * 32)),
        {"image_shape": (3, 32, 32)},
        r"channels came first.*image_shape=\(32, 32, 3\)",
    ),
    "channels of signals first": (
        np.zeros((8, 6, 100)),
        SIGNAL,
        r"6 steps and 100 channels.*channels came first.*moveaxis\(X, 1, -1\)",
    ),
    # sizes
    "one row of pixels": (np.zeros((8, 1, 9)), {}, "at least 2x2 pixels, got 1x9"),
    "one column of pixels": (
        np.zeros((8, 9, 1)),
        {"kind": "image"},
        "at least 2x2 pixels, got 9x1",
    ),
    "one pixel": (np.zeros((8, 1, 1, 3)), {}, "at least 2x2 pixels, got 1x1"),
    "no channels": (np.zeros((8, 4, 4, 0)), {}, "0 channels"),
    "no channels of a signal": (np.zeros((8, 4, 0)), SIGNAL, "at least one step and one channel"),
    "no steps": (np.zeros((8, 0, 2)), SIGNAL, "at least one step and one channel"),
    "no pixels": (np.zeros((8, 0, 4)), {}, "at least 2x2 pixels, got 0x4"),
    "a table as images": (
        SIGNALS,
        {"kind": "image"},
        r"need image_shape=\(H, W\) or \(H, W, C\).*\(8, 7\)",
    ),
    "unequal sizes": (
        [*GREY[:-1], GREY[-1, 1:]],
        {},
        r"same shape, got 2 shapes: row 0 has \(6, 5\), row 7 has \(5, 5\)",
    ),
    "unequal images of fractions": ([*(GREY / 255)[:-1], GREY[-1, 1:] / 255], {}, "same shape"),
    "grey and colour": ([*GREY[:-1], COLOUR[-1]], {}, r"same shape, got 2 shapes"),
    "unequal sizes, nested": ([*GREY[:-1].tolist(), GREY[-1, 1:].tolist()], {}, "same shape"),
    "None among images": ([*GREY[:-1], None], {}, "None in row 7"),
    "five dimensions": (np.zeros((8, 2, 2, 2, 2)), {}, r"\(n, H, W, C\), got \(8, 2, 2, 2, 2\)"),
    "four dimensions of a signal": (COLOUR, SIGNAL, r"\(n, T, C\), got \(8, 6, 5, 3\)"),
    "no images": (np.zeros((0, 4, 4)), {}, "0 sample"),
    "empty list": ([], {}, "0 sample|Expected 2D array"),
    "one dimension": (np.zeros(8), {}, "is one-dimensional"),
    "list of numbers": ([1.0] * 8, {}, "is one-dimensional"),
    "a number as X": (3.0, {}, "Expected 2D array, got scalar"),
    "None": (None, {}, "Expected 2D array, got scalar|None"),
    # values
    "NaN": (
        spoilt(COLOUR, (3, 2, 1, 0), np.nan),
        {},
        "contains NaN, first at image 3, row 2, column 1, channel 0",
    ),
    "NaN, grey": (
        spoilt(GREY, (3, 2, 1), np.nan),
        {},
        "contains NaN, first at image 3, row 2, column 1, channel 0",
    ),
    "NaN, flat": (
        spoilt(COLOUR, (7, 5, 4, 2), np.nan).reshape(8, -1),
        {"image_shape": (6, 5, 3)},
        "contains NaN, first at image 7, row 5, column 4, channel 2",
    ),
    "NaN, list": (
        list(spoilt(GREY, (3, 2, 1), np.nan)),
        {},
        "contains NaN, first at image 3, row 2, column 1, channel 0",
    ),
    "NaN, signal": (
        spoilt(SIGNALS, (0, 6), np.nan),
        {},
        "contains NaN, first at signal 0, step 6, channel 0",
    ),
    "infinity": (
        spoilt(CHANNELS, (4, 5, 1), -np.inf),
        SIGNAL,
        "contains infinity.*first at signal 4, step 5, channel 1",
    ),
    "too large": (spoilt(GREY, (1, 0, 0), 1e300), {}, "infinity or a value too large.*image 1"),
    "words as pixels": (np.full((8, 4, 4), "a"), {}, "could not convert string to float"),
    "objects of words": (np.full((8, 4, 4), "a", object), {}, "could not convert string to float"),
    "list of words": ([np.full((4, 4), "a")] * 8, {}, "must hold numbers, got .a. in row 0"),
    "list of dicts": ([np.full((4, 4), {}, object)] * 8, {}, "is not a numeric array"),
    "names of files": (["a.png"] * 8, {}, r"'str' as in row 0.*load them first.*Image.open"),
    "complex": (np.zeros((8, 4, 4), complex), {}, "Complex data not supported"),
    "list of complex": ([np.zeros((4, 4), complex)] * 8, {}, "[Cc]omplex|numbers"),
}


@pytest.mark.parametrize(("X", "params", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_told_and_nothing_is_half_fitted(X, params, message):
    model = classifier(**params)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.fit(X, Y)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (scipy.sparse.csr_matrix(np.eye(8)), "Sparse data was passed"),
        (scipy.sparse.csr_array(np.eye(8)), "Sparse data was passed"),
        (np.full((8, 6, 5), {}, object), "not 'dict'"),
        ([{}] * 8, "not 'dict'"),
    ],
    ids=["sparse matrix", "sparse array", "objects of dicts", "dicts"],
)
def test_what_is_no_array_is_told(X, message):
    model = classifier()
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "net_")
    model.fit(GREY, Y)
    with pytest.raises(TypeError, match=message):
        model.predict(X)


@pytest.mark.parametrize(
    "shape", [(8, 3, 4, 4), (8, 4, 4, 4), (8, 3, 9, 3), (8, 3, 9), (8, 5, 8, 9)]
)
def test_what_may_be_channels_last_is_taken_so(shape):
    model = classifier()
    read(np.zeros(shape), model=model)
    assert model.input_shape_ == (*shape[1:], *([1] if len(shape) == 3 else []))


def test_low_images_of_several_channels_when_said_so():
    X = np.zeros((8, 4, 6, 6))
    with pytest.raises(ValueError, match="channels came first"):
        read(X)
    model = classifier(image_shape=(4, 6, 6))
    read(X, shape=(4, 6, 6), model=model)
    assert model.input_shape_ == (4, 6, 6)


def test_short_signals_of_many_channels_when_said_so():
    X = np.zeros((8, 6, 100))
    model = classifier(kind="signal", image_shape=(6, 100))
    read(X, kind="signal", shape=(6, 100), model=model)
    assert model.input_shape_ == (6, 100)


# Other sizes at predict --------------------------------------------------------------------------

OTHER = {
    "height": (GREY, GREY[:, 1:], {}, "images of 5 x 5 x 1 .*fitted on 6 x 5 x 1"),
    "width": (GREY, GREY[:, :, 1:], {}, "images of 6 x 4 x 1 .*fitted on 6 x 5 x 1"),
    "channels": (GREY, COLOUR, {}, "images of 6 x 5 x 3 .*fitted on 6 x 5 x 1"),
    "grey": (COLOUR, GREY, {}, "images of 6 x 5 x 1 .*fitted on 6 x 5 x 3"),
    "channels first": (COLOUR, np.moveaxis(COLOUR, -1, 1), {}, "images of 3 x 6 x 5"),
    "list": (GREY, list(GREY[:, 1:]), {}, "images of 5 x 5 x 1"),
    "a table": (GREY, SIGNALS, {}, "image_shape|images of|7 features"),
    "one image": (GREY, GREY[0], {}, r"a single image.*X\)\[None\]"),
    "five dimensions": (GREY, GREY[..., None, None], {}, r"got \(8, 6, 5, 1, 1\)"),
    "unequal": (GREY, [GREY[0], GREY[0, 1:]], {}, "same shape"),
    "fewer columns": (
        GREY.reshape(8, -1),
        GREY.reshape(8, -1)[:, 1:],
        {"image_shape": (6, 5)},
        "X has 29 features, but CNNClassifier is expecting 30",
    ),
    "steps": (SIGNALS, SIGNALS[:, 1:], {}, "X has 6 features, but CNNClassifier is expecting 7"),
    "images for signals": (SIGNALS, COLOUR, {}, r"\(n, T\) or \(n, T, C\), got \(8, 6, 5, 3\)"),
    "steps of channels": (CHANNELS, CHANNELS[:, 1:], SIGNAL, "signals of 6 x 2 .*fitted on 7 x 2"),
    "channels of a signal": (CHANNELS, CHANNELS[..., 1:], SIGNAL, "signals of 7 x 1 .*on 7 x 2"),
    "one channel": (CHANNELS, SIGNALS, SIGNAL, "signals of 7 x 1 .*fitted on 7 x 2"),
    "several channels": (SIGNALS, CHANNELS, SIGNAL, "signals of 7 x 2 .*fitted on 7 x 1"),
    "NaN": (GREY, spoilt(GREY, (3, 2, 1), np.nan), {}, "NaN, first at image 3, row 2, column 1"),
}


@pytest.mark.parametrize(("fitted_on", "X", "params", "message"), OTHER.values(), ids=OTHER)
def test_other_sizes_at_predict_are_told(fitted_on, X, params, message):
    model = classifier(**params).fit(fitted_on, Y)
    before = model.predict_proba(fitted_on)
    for method in (model.predict, model.predict_proba, model.decision_function, model.encode):
        with pytest.raises(ValueError, match=message):
            method(X)
    np.testing.assert_array_equal(model.predict_proba(fitted_on), before)


def test_a_signal_of_one_channel_may_say_so():
    model = classifier().fit(SIGNALS, Y)
    expected = model.predict_proba(SIGNALS)
    np.testing.assert_array_equal(model.predict_proba(SIGNALS[..., None]), expected)
    np.testing.assert_array_equal(model.predict_proba(list(SIGNALS)), expected)


def test_the_kind_is_that_of_the_fit():
    model = classifier().fit(GREY, Y)
    expected = model.predict_proba(GREY)
    model.set_params(kind="signal")
    np.testing.assert_array_equal(model.predict_proba(GREY), expected)
    assert model.kind_ == "image"


@pytest.mark.parametrize("shape", [(2, 28, 28), (12, 32, 32), (3, 6, 6), (4, 30, 8)])
def test_whole_images_that_look_swapped_are_taken_when_their_shape_is_said(shape):
    X = np.zeros((3, *shape), np.float32)
    with pytest.raises(ValueError, match="look as if channels came first"):
        CNNClassifier()._read_images(X, kind="auto", shape=None, reset=True)
    data = CNNClassifier()._read_images(X, kind="auto", shape=shape, reset=True)
    assert data.columns["x"].shape == X.shape


def test_flat_rows_are_taken_by_who_was_fitted_on_whole_images():
    X = np.arange(72.0).reshape(2, 6, 6)
    model = CNNClassifier()
    whole = model._read_images(X, kind="auto", shape=None, reset=True).columns["x"]
    flat = model._read_images(X.reshape(2, -1), kind="auto", shape=None, reset=False).columns["x"]
    assert flat.equal(whole)
