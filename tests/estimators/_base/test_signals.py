"""Signals of unequal length: which X are such, what is learned, and what is told of others."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from skdl.estimators import CNNClassifier
from skdl.estimators._base._signals import are_unequal_signals

SMALL = {"channels": (4,), "max_epochs": 1, "device": "cpu", "random_state": 0}
RNG = np.random.default_rng(0)
LENGTHS = [4, 9, 6, 1, 30, 7, 5, 12]
X = [RNG.normal(size=n) for n in LENGTHS]
WIDE = [RNG.normal(size=(n, 3)) for n in LENGTHS]
EQUAL = [RNG.normal(size=8) for _ in LENGTHS]
Y = np.arange(8) % 2


def classifier(**params):
    return CNNClassifier(**{**SMALL, **params})


def objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


# What is read ------------------------------------------------------------------------------------

CONTAINERS = {
    "tuple": tuple,
    "objects": objects,
    "Series": lambda x: pd.Series(x, index=range(len(x), 0, -1)),
    "lists": lambda x: [item.tolist() for item in x],
    "tensors": lambda x: [torch.tensor(item) for item in x],
    "frames": lambda x: [pd.DataFrame(item) for item in x],
    "named columns": lambda x: [pd.DataFrame(item).add_prefix("sensor ") for item in x],
}


@pytest.mark.parametrize("convert", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("kind", ["auto", "signal"])
@pytest.mark.parametrize("signals", [X, WIDE], ids=["one channel", "three"])
def test_containers_do_not_matter(signals, kind, convert):
    expected = classifier().fit(signals, Y).predict_proba(signals)
    given = convert(signals)
    model = classifier(kind=kind).fit(given, Y)
    np.testing.assert_array_equal(model.predict_proba(given), expected)
    assert (model.kind_, model.n_channels_in_) == ("signal", signals[0].ndim * 2 - 1)
    assert model.input_shape_ == (None, model.n_channels_in_)
    assert not hasattr(model, "n_features_in_")


def test_cells_of_a_frame_are_channels():
    frame = pd.DataFrame({"a": [x[:, 0] for x in WIDE], "b": [x[:, 1] for x in WIDE]})
    two = [x[:, :2] for x in WIDE]
    expected = classifier().fit(two, Y).predict_proba(two)
    model = classifier().fit(frame, Y)
    np.testing.assert_array_equal(model.predict_proba(frame), expected)
    assert model.channel_names_in_.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("shapes", "dtype", "expected"),
    [
        ([(3,), (4,)], float, True),
        ([(3,), (3,)], float, False),
        ([(3,), (4, 1)], float, True),
        ([(3, 2), (4, 2)], float, True),
        ([(3, 2), (3, 4)], float, False),
        ([(3, 2, 1), (4, 2, 1)], float, False),
        ([(9, 8), (7, 8)], "uint8", False),
        ([(9, 4), (7, 4)], "uint8", True),
        ([(9, 8), (7, 8)], "int64", True),
    ],
)
def test_which_items_are_signals(shapes, dtype, expected):
    items = [np.full(shape, 2, dtype) for shape in shapes]
    assert are_unequal_signals(items, "auto", None) is expected
    assert are_unequal_signals(items, "signal", None) is (len(set(shapes)) > 1)
    assert not are_unequal_signals(items, "auto", (3, 4))
    assert not are_unequal_signals(items, "image", None)
    fractions = [np.full(shape, 0.5) for shape in shapes]
    of_many = len(shapes[0]) == 2 and shapes[0][1] > 4
    assert are_unequal_signals(fractions, "auto", None) is (expected and not of_many)


def test_bytes_that_may_be_images_are_signals_if_that_is_said():
    items = [np.full((n, 6), 8 * n, np.uint8) for n in LENGTHS]
    for given in (items, [x.astype(float) for x in items], [x.tolist() for x in items]):
        with pytest.raises(ValueError, match=r'must have the same shape.*with kind="signal"'):
            classifier().fit(given, Y)
        assert classifier(kind="signal").fit(given, Y).n_channels_in_ == 6
    for other in (
        [8.0 * x + 300 for x in items],
        [x - 100.0 for x in items],
        [x / 9 for x in items],
    ):
        assert classifier().fit(other, Y).n_channels_in_ == 6


def test_a_fit_on_an_array_forgets_the_lengths_of_the_one_before():
    model = classifier().fit(X, Y).fit(np.stack(EQUAL), Y)
    assert (model.input_shape_, model.n_features_in_) == ((8, 1), 8)
    with pytest.raises(ValueError, match="fitted on 8 steps for all"):
        model.predict(X)
    assert model.fit(X, Y).predict(EQUAL).shape == (8,)
    assert not hasattr(model, "n_features_in_")


# Any length in prediction ------------------------------------------------------------------------


@pytest.mark.parametrize("n_steps", [1, 2, 8, 77])
def test_lengths_that_fit_never_saw(n_steps):
    model, other = classifier().fit(X, Y), RNG.normal(size=(5, n_steps))
    expected = model.predict_proba(list(other))
    for given in (
        other,
        other[..., None],
        other.tolist(),
        pd.DataFrame(other),
        torch.tensor(other),
    ):
        if n_steps == 1 and not isinstance(given, list):
            continue
        np.testing.assert_allclose(model.predict_proba(given), expected, atol=1e-6)
    mixed = model.predict_proba([*other, *X])
    np.testing.assert_allclose(mixed[:5], expected, atol=1e-6)


def test_a_list_of_signals_of_one_length_allows_for_others():
    model = classifier().fit(EQUAL, Y)
    assert (model.input_shape_, model.n_features_in_) == ((8, 1), 8)
    alone = np.concatenate([model.predict_proba([x]) for x in X])
    np.testing.assert_allclose(model.predict_proba(X), alone, atol=1e-6)
    one_length = [x[:5] for x in EQUAL]
    assert model.predict(one_length).shape == (8,)
    for array in (np.stack(one_length), np.stack(one_length)[..., None]):
        with pytest.raises(ValueError, match="Or pass them in a list, ") as error:
            model.predict(array)
        code = re.search(r"in a list, (list\(.*\)): in fit", str(error.value))[1]
        expected = model.predict_proba(one_length)
        np.testing.assert_array_equal(
            model.predict_proba(eval(code, {"np": np, "X": array})), expected
        )


def test_after_a_fit_on_an_array_other_lengths_are_told_as_advised():
    for array in (np.stack(EQUAL), np.stack(EQUAL)[..., None]):
        model = classifier(kind="signal").fit(array, Y)
        message = "X has signals of 1 to 30 steps, but CNNClassifier was fitted on 8 steps for all"
        with pytest.raises(ValueError, match=f"{message}.*fit on a list of signals"):
            model.predict(X)
        with pytest.raises(ValueError, match="Or fit on a list of signals, such as list"):
            model.predict(array[:, :5])
        assert model.fit(list(array), Y).predict(X).shape == (8,)


# What cannot be read -----------------------------------------------------------------------------

SPOILT = [np.where(np.arange(len(x)) == 5, np.nan, x) for x in X]
BAD = {
    "empty": ([*X[:7], np.ones(0)], {}, r"Signal 7 in X must be .*one step; got shape \(0,\)"),
    "other channels": ([*WIDE[:7], WIDE[7][:, :2]], {"kind": "signal"}, "signal 7 has 2"),
    "other dimensions": ([*X[:7], WIDE[7]], {"kind": "signal"}, "signal 0 has 1, signal 7 has 3"),
    "NaN": (SPOILT, {}, "NaN, first at signal 1, step 5, channel 0"),
    "infinity": ([*X[:7], [1, np.inf]], {}, "infinity .*first at signal 7, step 1, channel 0"),
    "words": ([*X[:7], ["a", "b"]], {}, "Item 7 of X is not a numeric array"),
    "image_shape": (X, {"kind": "signal", "image_shape": (8, 1)}, "holds signals of 1 to 30 steps"),
    "images": (WIDE, {"kind": "image"}, "must have the same shape"),
    "images of unequal height": ([x[None] for x in WIDE], {}, "must have the same shape"),
    "fewer labels": (X[:7], {}, "X has 7 samples, but y has 8"),
}


@pytest.mark.parametrize(("signals", "params", "message"), BAD.values(), ids=BAD)
def test_bad_signals_are_told_and_nothing_is_half_fitted(signals, params, message):
    model = classifier(**params)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.fit(signals, Y)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_gaps_are_filled_as_advised():
    for spoilt in (SPOILT, pd.Series(SPOILT), [pd.Series(x) for x in SPOILT]):
        with pytest.raises(ValueError, match="Fill the gaps in each signal first") as error:
            classifier().fit(spoilt, Y)
        code = re.search(r"for example (\[.*\]), or leave such signals out", str(error.value))[1]
        filled = eval(code, {"np": np, "pd": pd, "X": spoilt})
        assert classifier().fit(filled, Y).predict(filled).shape == (8,)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_nan_that_pads_shorter_signals_is_left_out_as_advised(n_channels):
    array = np.full((8, 30, n_channels), np.nan)
    signals = [x.reshape(len(x), -1)[:, :n_channels] for x in WIDE]
    for row, x in zip(array, signals, strict=True):
        row[: len(x)] = x
    forms = [array, array[..., 0], pd.DataFrame(array[..., 0])] if n_channels == 1 else [array]
    expected = classifier().fit(signals, Y).predict_proba(signals)
    for form in forms:
        with pytest.raises(ValueError, match=r"first at signal 0, step 4.*NaN pads") as error:
            classifier(kind="signal").fit(form, Y)
        code = str(error.value).partition("without it: ")[2].removesuffix(".")
        cut = eval(code, {"np": np, "pd": pd, "X": form})
        np.testing.assert_array_equal(classifier().fit(cut, Y).predict_proba(cut), expected)
    model = classifier(kind="signal").fit(np.nan_to_num(array), Y)
    with pytest.raises(ValueError, match="first at signal 0") as error:
        model.predict(array)
    assert "pads" not in str(error.value)  # this fit takes one length


def test_a_single_signal_is_told_from_many():
    model = classifier(kind="signal").fit(WIDE, Y)
    with pytest.raises(ValueError, match=r"X has 1 channels, but.* of 3 channels.*pass .X."):
        model.predict(WIDE[4])
    with pytest.raises(ValueError, match="X has 2 channels"):
        model.predict([x[:, :2] for x in WIDE])
    model = classifier().fit([x for x in X if len(x) > 1], Y[:7])
    with pytest.warns(UserWarning, match="30 signals of 1 step.*For one signal of 30 steps pass"):
        model.predict(X[4][:, None])


def test_other_units_are_told():
    model = classifier().fit([np.abs(np.tanh(x)) for x in X], Y)
    with pytest.warns(UserWarning, match="in other units"):
        model.predict([np.round(200 * np.abs(np.tanh(x))) + 16 for x in X])


def test_the_network_is_made_for_the_weighted_median_length():
    def length_of(lengths, weights=None):
        model = classifier()
        signals = [RNG.normal(size=n) for n in lengths]
        model.fit(signals, np.arange(len(lengths)) % 2, sample_weight=weights)
        return model.module_.features[0][0].stride[0] if len(model.module_.features) > 1 else 1

    assert length_of([20, 20, 20, 5000, 20, 20]) == 1
    assert length_of([1200, 20, 1500, 1400, 20, 1100]) == 3
    weights = [1, 1e-6, 1, 1e-6, 1e-6, 1e-6]
    assert length_of([1200, 20, 1500, 20, 20, 20], weights) == 3


def test_an_array_with_channels_first_after_signals_of_unequal_length_is_told():
    model, X = classifier(kind="signal").fit(WIDE, Y), np.zeros((4, 3, 30))
    with pytest.raises(ValueError, match=r"Channels come first here: use (.*)\.$") as told:
        model.predict(X)
    advised = eval(re.search(r"use (.*)\.$", str(told.value))[1], {"np": np, "X": X})
    assert model.predict(advised).shape == (4,)


@pytest.mark.parametrize("usual", [(), (3,)])
def test_a_signal_of_other_channels_among_many_is_named(usual):
    items = [RNG.normal(size=(30 + i % 7, *usual)) for i in range(40)]
    items[3] = RNG.normal(size=(20, 7))
    with pytest.raises(ValueError, match=f"signal 0 has {(1, *usual)[-1]}, signal 3 has 7"):
        classifier().fit(items, np.arange(40) % 2)


def test_signals_of_one_step_may_have_several_channels():
    items = [RNG.normal(size=(1, 3)) for _ in Y]
    assert classifier(kind="signal").fit(items, Y).input_shape_ == (1, 3)


def test_more_channels_than_steps_are_read_where_the_values_show_the_steps():
    walks = RNG.normal(size=(40, 20, 60)).cumsum(1)
    assert classifier(kind="signal").fit(walks, np.arange(40) % 2).input_shape_ == (20, 60)
    with pytest.raises(ValueError, match="look as if channels came first"):
        classifier(kind="signal").fit(RNG.normal(size=(40, 60, 20)).cumsum(1).swapaxes(1, 2), Y[:1])
