"""Units of X: values on another scale than those of the fit are told."""

import warnings

import numpy as np
import pytest

from skdl._reading._given import Given
from skdl._reading._units import Units
from skdl.estimators import CNNClassifier, LSTMClassifier, LSTMRegressor, TransformerClassifier

BYTES = np.random.default_rng(0).integers(0, 256, (40, 6)).astype(np.uint8)
SHARES = BYTES / 255
PICTURES = np.random.default_rng(1).integers(0, 256, (40, 5, 5)).astype(np.uint8)
OTHER_UNITS = "seems to be in other units"


def told(fitted_on, X):
    units = Units.of_fit(fitted_on)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        units.check(X, "Owner", Given(X))
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("fitted_on", [BYTES, BYTES.astype(float), BYTES.astype(np.int64)])
@pytest.mark.parametrize(
    "X",
    [
        SHARES,
        SHARES.astype(np.float32),
        BYTES / 127.5 - 1,
        list(BYTES / 127.5 - 1),
        SHARES - 0.5,
        SHARES[:1],
        list(SHARES),
    ],
)
def test_fractions_for_whole_numbers(fitted_on, X):
    (message,) = told(fitted_on, X)
    assert "X holds fractions " in message
    assert "whole numbers up to 255" in message
    advised = eval(message.partition("bytes by ")[2].removesuffix("."), {"np": np, "X": X})
    assert not told(fitted_on, advised)
    np.testing.assert_allclose(advised, BYTES[: len(X)], atol=1e-4)


def test_fractions_that_are_no_shares_of_bytes():
    (message,) = told(BYTES, SHARES - 0.3)
    assert "fractions from -0.3 to 0.7," in message
    assert message.endswith("Scale it as in fit.")


@pytest.mark.parametrize("X", [BYTES, BYTES.astype(float), BYTES.astype(np.int16)])
def test_whole_numbers_for_fractions(X):
    (message,) = told(SHARES, X)
    assert "X holds whole numbers up to 255" in message
    assert not told(SHARES, X / 255)


@pytest.mark.parametrize(
    ("fitted_on", "X"),
    [
        (BYTES, BYTES[:1]),
        (BYTES, 0 * SHARES),  # black
        (BYTES, BYTES + 0.5),
        (BYTES, np.concatenate([SHARES, SHARES + 9])),
        (BYTES > 99, SHARES),
        (BYTES % 4, SHARES),  # counts
        (SHARES, BYTES > 99),
        (SHARES, SHARES * 9),
        (SHARES * 9, BYTES),
        (SHARES, SHARES - 0.05),  # a little below 0
        (PICTURES / 255, (PICTURES / 255 - 0.5)[:, :2]),  # few values
        (PICTURES, PICTURES.astype(np.uint16) * 9),
        (PICTURES - 128.0, PICTURES - 129.0),
        (PICTURES % 9, PICTURES > 99),
        (PICTURES, PICTURES // 8),  # dark
        (PICTURES % 40, PICTURES % 40 - 20),  # temperatures
        (PICTURES % 17, PICTURES.astype(int) % 17 * 50),  # counts
        (PICTURES % 9, (PICTURES > 254) * 1),  # counts of rare events
        (np.zeros((3, 20)), PICTURES),
        (list(BYTES), list(BYTES[:2])),
    ],
)
def test_silence(fitted_on, X):
    assert not told(fitted_on, X)


@pytest.mark.parametrize(
    ("fitted_on", "X", "words", "advised"),
    [
        (PICTURES / 255, PICTURES / 127.5 - 1, "many values below 0", lambda X: (X + 1) / 2),
        (
            PICTURES / 255,
            (PICTURES - 128.0) / 60,
            "many values below 0",
            lambda X: X * 60 / 255 + 0.5,
        ),
        (PICTURES, (PICTURES - 128.0) / 60, "many values below 0", lambda X: X * 60 + 128),
        ((PICTURES - 128.0) / 60, PICTURES, "more than 64 times", lambda X: (X - 128.0) / 60),
        (PICTURES, PICTURES.astype(np.uint16) * 257, "more than 64 times", lambda X: X // 257),
        (PICTURES > 99, (PICTURES > 99) * 255, "more than 64 times", lambda X: X > 0),
        ((PICTURES > 99) * 255, PICTURES > 99, "booleans", lambda X: np.asarray(X) * 255),
        (PICTURES, PICTURES / 254, "fractions up to", lambda X: X * 254),
        (PICTURES, PICTURES // 16, "less than 1/8", lambda X: X * 16),
        (PICTURES // 15, PICTURES, "whole numbers up to 2", lambda X: X // 15),
        (PICTURES / 255, PICTURES / 255**2, "less than 1/64", lambda X: X * 255),
        (PICTURES - 128.0, (PICTURES - 128.0) / 99, "less than 1/64", lambda X: X * 99),
    ],
)
def test_other_scales_of_images(fitted_on, X, words, advised):
    for one in (X, X[:1], list(X)):
        (message,) = told(fitted_on, one)
        assert words in message
        assert OTHER_UNITS in message
    assert not told(fitted_on, advised(X))
    assert not told(fitted_on, np.concatenate([fitted_on[:1], X]))


@pytest.mark.parametrize(
    "model", [CNNClassifier((2,), max_epochs=1), LSTMClassifier(2, max_epochs=1)]
)
@pytest.mark.parametrize("rows", [range(0, 40, 2), [7]])
@pytest.mark.parametrize("as_array", [False, True])
def test_rows_on_different_scales(model, rows, as_array):
    """As from files of which some are read as bytes and some as fractions of 1."""
    X, y = [x / 255 if i in rows else x for i, x in enumerate(PICTURES)], np.arange(40) % 2
    if as_array:
        if len(rows) == 1:
            pytest.skip("some rows are looked at, not all")
        X = np.stack(X)
    with pytest.warns(UserWarning, match=r"whole numbers in row .+ and fractions of 1 in row"):
        model.fit(X, y)
    advised = [x / 255 if x.max() > 1 else x for x in X]
    np.testing.assert_allclose(advised, PICTURES / 255)
    model.fit(advised, y)
    with pytest.warns(UserWarning, match="in different units"):
        model.predict(X)


@pytest.mark.parametrize(
    "model",
    [
        CNNClassifier((2,), max_epochs=1),
        LSTMClassifier(2, max_epochs=1),
        LSTMRegressor(2, max_epochs=1),
        TransformerClassifier(4, n_heads=1, n_layers=1, max_epochs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_reader_of_arrays_tells(model):
    y = np.arange(40) % 2
    model.fit(BYTES, y).predict(BYTES)
    for method in (model.predict, model.encode, lambda X: model.partial_fit(X, y)):
        with pytest.warns(UserWarning, match=OTHER_UNITS):
            method(SHARES)
