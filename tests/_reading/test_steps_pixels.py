"""The order of pixels in frames of flat images, by the names of their columns."""

import re

import numpy as np
import pandas as pd
import pytest

from skdl._reading._steps import check_order_of_pixels
from skdl.estimators import CNNClassifier

SIDE = range(12)
PIXELS = {
    "numbers": [f"pixel{i}" for i in range(144)],
    "no words": [str(i) for i in range(144)],
    "rows and columns": [f"pixel_{i}_{j}" for i in SIDE for j in SIDE],
    "columns and rows": [f"x{j}y{i}" for i in SIDE for j in SIDE],
    "crosses": [f"{i}x{j}" for i in range(1, 13) for j in range(1, 13)],
    "dashes": [f"{i}-{j}" for i in range(1, 13) for j in range(1, 13)],
}


@pytest.mark.parametrize("names", PIXELS.values(), ids=PIXELS)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_pixels_in_the_order_of_text_are_told_and_the_advice_helps(names, n_channels):
    if n_channels == 3:
        names = [f"{name}_{c}" for name in names for c in "rgb"]
    X = pd.DataFrame(np.random.default_rng(0).integers(0, 256, (4, len(names))), columns=names)
    model = CNNClassifier((2,), max_epochs=1, image_shape=(12, 12, n_channels))
    model.fit(X, [0, 1, 0, 1]).predict(X)
    places = np.argsort(names[::n_channels])  # each pixel with its channels
    by_text = X[[name for i in places for name in names[n_channels * i :][:n_channels]]]
    with pytest.raises(ValueError, match=r"Columns are pixels .* in place .* after"):
        model.fit(by_text, [0, 1, 0, 1])
    for advised in (by_text[names], by_text.to_numpy()):
        model.fit(advised, [0, 1, 0, 1])


def test_pixels_of_one_channel_together_are_told_and_the_advice_helps():
    X = pd.DataFrame(
        np.arange(32).reshape(4, 8),
        columns=[f"{c}_{i}" for c in ("red", "green") for i in range(4)],
    )
    with pytest.raises(ValueError, match="hold the pixels of one channel together") as told:
        check_order_of_pixels(X, 2)
    advised = eval(re.search(r"Pass (.*)\.$", str(told.value))[1])
    np.testing.assert_array_equal(advised[:, ::2], X.to_numpy()[:, :4])


@pytest.mark.parametrize("names", [list("cadb"), [f"{c}_{i}" for i in range(2) for c in "rg"]])
def test_other_names_of_pixels_are_taken(names):
    check_order_of_pixels(pd.DataFrame(np.eye(4), columns=names), 2)
