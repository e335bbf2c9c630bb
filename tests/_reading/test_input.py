"""A fit forgets what the fit before has learned by reading X."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skdl.estimators import CNNClassifier, LSTMRegressor, TransformerClassifier

RNG = np.random.default_rng(0)
ARRAY = RNG.normal(size=(12, 6, 2))
Y = np.arange(12) % 2
FRAMES = [pd.DataFrame(x, columns=["u", "v"]) for x in ARRAY]
FORMS = {
    "array": ARRAY,
    "frame": pd.DataFrame(ARRAY[..., 0], columns=[f"t{i}" for i in range(6)]),
    "numbered columns": pd.DataFrame(ARRAY[..., 0], columns=range(2000, 2006)),
    "frames": FRAMES,
    "arrays": pd.DataFrame({"u": list(ARRAY[..., 0]), "v": list(ARRAY[..., 1])}),
}
RAGGED = [frame[row % 3 :] for row, frame in enumerate(FRAMES)]
TEXTS = ["good film", "bad film"] * 6
SMALL = {"max_epochs": 1, "random_state": 0, "device": "cpu"}
TRANSFORMER = TransformerClassifier(8, n_heads=1, n_layers=1, min_frequency=1, **SMALL)
CASES = [
    *(
        (model, before, after)
        for model, others in (
            (LSTMRegressor(2, linear_model=False, **SMALL), {"ragged": RAGGED}),
            (TRANSFORMER, {"ragged": RAGGED, "texts": TEXTS}),
            (CNNClassifier((2,), kind="signal", **SMALL), {}),
        )
        for before in (FORMS | others).items()
        for after in (FORMS | others).items()
        if before[0] != after[0]
    )
]


@pytest.mark.parametrize(
    ("model", "before", "after"),
    CASES,
    ids=[f"{type(model).__name__}-{b[0]}-{a[0]}" for model, b, a in CASES],
)
def test_a_second_fit_is_as_a_first_one(model, before, after):
    again = model.fit(before[1], Y).fit(after[1], Y)
    attributes = {name: value for name, value in vars(again).items() if "_in_" in name}
    fresh = type(model)(**model.get_params()).fit(after[1], Y)
    assert attributes.keys() == {name for name in vars(fresh) if "_in_" in name}
    for name, value in attributes.items():
        np.testing.assert_array_equal(value, getattr(fresh, name))
    np.testing.assert_array_equal(again.predict(after[1]), fresh.predict(after[1]))


@pytest.mark.parametrize("X", [[[1, "x"], [2, "3"]], [["1", "x"], ["2", "3"]], [("1", "x")]])
@pytest.mark.parametrize("model", [LSTMRegressor(2, **SMALL), CNNClassifier((2,), **SMALL)])
def test_text_in_lists_is_named(model, X):
    with pytest.raises(ValueError, match="must hold numbers, got 'x' in row 0 of column 1"):
        model.fit(X, range(len(X)))


@pytest.mark.parametrize("form", [np.array, list, pd.Series])
@pytest.mark.parametrize(
    "model", [LSTMRegressor(2, **SMALL), CNNClassifier((2,), kind="signal", **SMALL)]
)
@pytest.mark.parametrize("X", [RAGGED, ARRAY[..., 0]], ids=["ragged", "array"])
def test_one_row_alone_is_to_be_in_a_list(model, X, form):
    row = form(RNG.normal(size=6))
    fitted = clone(model).fit([x["u"].to_numpy() for x in X] if X is RAGGED else X, Y)
    assert len(fitted.predict([row])) == 1
    with pytest.raises(ValueError, match=r"shape \(6,\) is one-dimensional.*pass \[X\]"):
        fitted.predict(row)
