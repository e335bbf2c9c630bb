"""What errors about sequences advise can be done with the X that raised them."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import torch
from sklearn.base import clone
from sklearn.impute import SimpleImputer

from skdl.estimators import CNNClassifier, GRUClassifier, LSTMRegressor, TransformerClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 6, 2))
Y = np.arange(20) % 2
MODELS = [
    LSTMRegressor(2, max_epochs=1, random_state=0),
    GRUClassifier(2, max_epochs=1, random_state=0),
    TransformerClassifier(8, 2, 1, max_epochs=1, random_state=0),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


def objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def advised(model, data, match):
    """What the error says in code, evaluated for X; the message must match."""
    with pytest.raises(ValueError, match=match) as error:
        model.fit(data, Y)
    message = str(error.value)
    code = message.partition("for example ")[2].partition(", or leave such ")[0]
    cut = message.partition("without it: ")[2].removesuffix(".")
    scope = {"np": np, "pd": pd, "X": data}
    return [eval(text, scope) for text in (code, cut) if text.startswith(("[", "np."))]


def holed(*, all_of_a_channel=False, tail=False):
    data = X.copy()
    data[3, 2, 1] = data[5, 0] = np.nan
    if all_of_a_channel:
        data[7, :, 0] = np.nan
    if tail:
        data = X.copy()
        data[3, 4:] = data[9, 1:] = np.nan
    return data


@every_model
@pytest.mark.parametrize("all_of_a_channel", [False, True])
def test_gaps_in_arrays_of_several_channels(model, all_of_a_channel):
    data = holed(all_of_a_channel=all_of_a_channel)
    (filled,) = advised(model, data, "NaN, first at row 3, step 2, channel 1.*Fill the gaps")
    assert filled.shape == data.shape
    assert filled[3, 2, 1] == data[3, 1, 1]  # nothing from later, where there is a value before
    model.fit(filled, Y)


@every_model
@pytest.mark.parametrize(
    "kind",
    [
        list,
        objects,
        pd.Series,
        lambda items: [x.tolist() for x in items],
        lambda items: [pd.DataFrame(x, columns=["a", "b"]) for x in items],
        lambda items: [pd.DataFrame(x, columns=["a", "b"]).convert_dtypes() for x in items],
    ],
    ids=["list", "objects", "Series", "lists", "frames", "nullable frames"],
)
def test_gaps_in_sequences_of_unequal_length(model, kind):
    data = kind([x[: 3 + i % 4] for i, x in enumerate(holed(all_of_a_channel=True))])
    (filled,) = advised(model, data, "NaN, first at sequence 3, step 2, channel 1.*Fill the gaps")
    model.fit(filled, Y)
    if isinstance(data[0], pd.DataFrame):
        assert model.channel_names_in_.tolist() == ["a", "b"]


@every_model
def test_gaps_in_flat_rows_in_a_list(model):
    flat = [x.ravel() for x in holed()]
    model = type(model)(**{**model.get_params(), "n_channels": 2})
    (filled,) = advised(model, flat, "NaN, first at sequence 3, step 2, channel 1.*Fill the gaps")
    model.fit(filled, Y)
    table = np.array(flat)
    with pytest.raises(ValueError, match=r"step 2, channel 1.*SimpleImputer\(keep_empty"):
        model.fit(table, Y)
    table[:, 1] = np.nan  # a column of nothing but gaps
    model.fit(SimpleImputer(keep_empty_features=True).fit_transform(table), Y)


@every_model
def test_gaps_in_series_of_one_channel(model):
    data = [pd.Series(x[: 3 + i % 4, 1]) for i, x in enumerate(holed())]
    (filled,) = advised(model, data, "sequence 3, step 2")
    model.fit(filled, Y)


@every_model
def test_padding_with_nan(model):
    filled, cut = advised(model, holed(tail=True), "row 3, step 4.*Where NaN pads")
    assert [len(x) for x in cut][3] == 4
    model.fit(cut, Y)
    model.fit(filled, Y)
    table = holed(tail=True)[..., 0]
    (cut,) = advised(model, table, "SimpleImputer.*Where NaN pads")
    assert [len(x) for x in cut][9] == 1
    model.fit(cut, Y)
    for frame in (pd.DataFrame(table), pd.DataFrame(table).convert_dtypes()):
        (cut,) = advised(model, frame, "Where NaN pads")
        model.fit(cut, Y)
    (cut,) = advised(model, table.tolist(), "Where NaN pads")
    model.fit(cut, Y)


@every_model
def test_infinity_is_clipped(model):
    data = np.where(np.arange(2) == 1, X * 1e300, X)
    data[4, 1, 0] = np.inf
    for given in (data, list(data), data[..., 1]):
        with pytest.raises(ValueError, match=r"infinity.*np\.clip"):
            model.fit(given, Y)
        model.fit([np.clip(x, -9, 9) for x in given], Y)


@every_model
def test_one_sequence_alone_goes_in_a_list(model):
    fits = [X, list(X), [x[: 2 + i % 5] for i, x in enumerate(X)]]
    for data in fits:
        model.fit(data, Y)
        with pytest.raises(ValueError, match=r"single sequence.*\[X\]"):
            model.predict(X[0])
        assert len(model.predict([X[0]])) == 1
    named = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    for frames in (named, [x[["a"]] for x in named]):
        model.fit(frames, Y)
        with pytest.raises(ValueError, match=r"single sequence.*\[X\]"):
            model.predict(frames[0])
        assert len(model.predict([frames[0]])) == 1
    square = X[:, :2]
    model.fit(square, Y)  # as many steps as channels
    with pytest.raises(ValueError, match=r"single sequence.*\[X\]"):
        model.predict(square[0])
    flat = type(model)(**{**model.get_params(), "n_channels": 2}).fit(X.reshape(20, 12), Y)
    with pytest.raises(ValueError, match=r"single sequence.*\[X\]"):
        flat.predict(X[0])
    assert len(flat.predict([X[0]])) == 1


@every_model
def test_several_dimensions_of_a_step_become_channels(model):
    grids = RNG.normal(size=(20, 6, 2, 3))
    with pytest.raises(ValueError, match=r"make all that belongs to a step channels: ") as error:
        model.fit(grids, Y)
    code = str(error.value).partition("channels: ")[2].removesuffix(".")
    assert model.fit(eval(code, {"np": np, "X": grids}), Y).n_channels_in_ == 6


@every_model
@pytest.mark.parametrize(
    "data", [X, [x[: 2 + i % 5] for i, x in enumerate(X)]], ids=["3-D", "list"]
)
def test_a_number_of_channels_that_x_does_not_have(model, data):
    with pytest.raises(ValueError, match=r"flat rows: fit with n_channels=None"):
        clone(model).set_params(n_channels=3).fit(data, Y)
    assert clone(model).set_params(n_channels=None).fit(data, Y).n_channels_in_ == 2


@every_model
def test_columns_that_are_not_whole_steps(model):
    with pytest.raises(ValueError, match=r"5 does not divide: .* With n_channels=None each column"):
        clone(model).set_params(n_channels=5).fit(X.reshape(20, 12), Y)
    assert clone(model).set_params(n_channels=None).fit(X.reshape(20, 12), Y).n_steps_in_ == 12


@every_model
def test_sequences_of_other_channels_are_left_out(model):
    data = [*X[:15], *X[15:18, :, :1], *X[18:]]
    with pytest.raises(ValueError, match=r"sequence 15 has 1\. .* leave such sequences out, of y"):
        model.fit(data, Y)
    kept = [row for row, x in enumerate(data) if x.shape[1] == 2]
    model.fit([data[row] for row in kept], Y[kept])
    model.fit([x[:, :1] for x in data], Y)


def test_arrays_for_a_model_of_named_frames_are_warned_of():
    frames = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    model = MODELS[0].fit(frames, Y)
    with pytest.warns(UserWarning, match=r"fitted on frames with the columns \['a', 'b'\]"):
        got = model.predict(X)
    np.testing.assert_allclose(got, model.predict(frames), atol=1e-6)


@every_model
def test_flat_rows_and_whole_sequences_may_take_turns(model):
    whole, flat = X, X.reshape(len(X), -1)
    of_whole = clone(model).fit(whole, Y)
    of_flat = clone(model).set_params(n_channels=2).fit(flat, Y)
    for fitted in (of_whole, of_flat):
        np.testing.assert_array_equal(fitted.predict(flat), fitted.predict(whole))
        np.testing.assert_array_equal(fitted.encode(flat[:1]), fitted.encode(whole[:1]))
    np.testing.assert_array_equal(of_flat.predict(whole), of_whole.predict(whole))


@every_model
def test_sequences_of_another_shape_than_in_fit(model):
    fitted = clone(model).fit(X, Y)
    with pytest.raises(ValueError, match=r"Channels come first here: .*np\.swapaxes"):
        fitted.predict(X.swapaxes(1, 2))
    turned = np.swapaxes(np.asarray(X.swapaxes(1, 2)), 1, 2)
    np.testing.assert_array_equal(fitted.predict(turned), fitted.predict(X))
    longer = np.concatenate([X, X], axis=1)
    with pytest.raises(ValueError, match=r"12 steps .* Cut them, for example X\[:, -6:\]"):
        fitted.predict(longer)
    np.testing.assert_array_equal(fitted.predict(longer[:, -6:]), fitted.predict(X))
    with pytest.raises(ValueError, match=r"Fit on a list of sequences, list\(X\)"):
        fitted.predict(X[:, 2:])
    assert len(clone(model).fit(list(X), Y).predict(X[:, 2:])) == len(X)


@every_model
def test_one_sequence_as_a_column_is_told_where_lists_were_fitted_on(model):
    one = [x[: 2 + i % 3, 0] for i, x in enumerate(X)]
    fitted = clone(model).fit(one, Y)
    for column in (one[1][:, None], one[1][:, None, None]):
        with pytest.warns(UserWarning, match=r"read as 3 sequences of 1 step.*3 steps pass \[X\]"):
            assert len(fitted.predict(column)) == 3
        np.testing.assert_array_equal(fitted.predict([column[..., 0]]), fitted.predict(one)[1:2])
    short = clone(model).fit([*one[:-1], one[0][:1]], Y)
    assert len(short.predict(one[1][:, None])) == 3  # without a word


@every_model
def test_several_dimensions_of_a_step_in_a_list_become_channels(model):
    data = [np.stack([x[: 3 + i % 3]] * 2, -1) for i, x in enumerate(X)]
    with pytest.raises(ValueError, match=r"channels: \[np\.reshape.* for x in X"):
        clone(model).fit(data, Y)
    assert clone(model).fit([np.reshape(x, (len(x), -1)) for x in data], Y).n_channels_in_ == 4


# Flat rows of another length ---------------------------------------------------------------------

FLAT = X.reshape(20, 12)
CNN = CNNClassifier((2,), kind="signal", max_epochs=1, random_state=0)
LENGTHS = [*((model, "steps") for model in MODELS), (CNN, "length")]
FORMS = {
    "array": np.array,
    "list of lists": np.ndarray.tolist,
    "frame": pd.DataFrame,
    "tensor": torch.tensor,
}


def of_length(n_steps):
    return np.concatenate([X, X, X], axis=1)[:, :n_steps]


@pytest.mark.parametrize(("model", "unit"), LENGTHS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("n_steps", [3, 5, 7, 11])
def test_flat_rows_of_another_length_are_told_with_both_lengths(
    model, unit, form, n_channels, n_steps
):
    way = {"n_channels": n_channels}
    if model is CNN:
        way = {"image_shape": (6, 2)} if n_channels == 2 else {}
    model = clone(model).set_params(**way)
    fitted, other = (of_length(n)[..., :n_channels].reshape(20, -1) for n in (6, n_steps))
    model.fit(fitted, Y)
    data = form(other)
    message = rf"expecting .* features as input\. These are \w+ of .*{n_steps}.*those of fit .*6"
    with pytest.raises(ValueError, match=message) as told:
        model.predict(data)
    scope = {"np": np, "pd": pd, "scipy": scipy, "X": data}
    text = str(told.value)
    if unit == "length":
        text, signals = re.search(
            r"(.*) Or fit on a list of signals, such as (list\(.*\))(?:, and image_shape=None)?, "
            r"to predict for any length\.$",
            text,
        ).groups()
        assert ("image_shape=None" in str(told.value)) is (n_channels == 2)
        longer = clone(model).set_params(image_shape=None).fit(list(X[..., :n_channels]), Y)
        assert longer.predict(eval(signals, scope)).shape == (20,)
    *others, resampled = re.search(
        r"(?:for example (.*)|on a list of sequences, (.*), which .*); or, where they last as "
        r"long in other steps, resample them: (.*)\.$",
        text,
    ).groups()
    if others[1] is not None:
        longer = clone(model).set_params(n_channels=None).fit(list(X[..., :n_channels]), Y)
        assert longer.predict(eval(others[1], scope)).shape == (20,)
    for code in filter(None, [others[0], resampled]):
        assert model.predict(eval(code, scope)).shape == (20,)


def test_flat_images_of_another_size_are_told():
    model = CNNClassifier((2,), image_shape=(3, 4), max_epochs=1).fit(FLAT, Y)
    with pytest.raises(ValueError, match=r"expecting 12 features as input\..*an image of 3 x 4"):
        model.predict(FLAT[:, :10])


@pytest.mark.parametrize(("model", "unit"), LENGTHS, ids=lambda m: type(m).__name__)
def test_flat_rows_that_are_no_whole_steps_are_told(model, unit):
    way = {"image_shape": (6, 2)} if model is CNN else {"n_channels": 2}
    model = clone(model).set_params(**way).fit(FLAT, Y)
    with pytest.raises(ValueError, match=r"expecting 12 features as input\..*channels.* together"):
        model.predict(FLAT[:, :7])
