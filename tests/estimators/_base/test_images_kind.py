"""Whether kind="auto" reads images or signals."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdl._reading import _input
from skdl.datasets import make_images, make_sequences
from skdl.estimators import CNNClassifier
from skdl.inspection import GradCAMDisplay
from skdl.pipelines import make_image_classifier, make_sequence_pipeline

RNG = np.random.default_rng(0)
WINDOWS, Y = make_sequences(40, n_steps=32, n_channels=3, task="classification", random_state=0)
IMAGES = make_images(40, size=(32, 12), random_state=0)[0] / 255 - 0.5
NAMED = [pd.DataFrame(x, columns=["x", "y", "z"]) for x in RNG.integers(0, 256, (40, 9, 3)) / 255]


def classifier(**params):
    return CNNClassifier(**{"channels": (4,), "max_epochs": 1, "random_state": 0, **params})


def objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = list(items)
    return array


CONTAINERS = {
    "array": np.asarray,
    "float32": lambda X: X.astype(np.float32),
    "list": list,
    "nested lists": np.ndarray.tolist,
    "objects": objects,
    "Series": lambda X: pd.Series(list(X)),
    "frames": lambda X: [pd.DataFrame(x) for x in X],
    "numbered columns": lambda X: [pd.DataFrame(x).add_prefix("p") for x in X],
}


@pytest.mark.parametrize("convert", CONTAINERS.values(), ids=CONTAINERS)
def test_windows_are_signals_and_it_is_said(convert):
    X = convert(WINDOWS)
    with pytest.warns(UserWarning, match="read as signals of 32 steps and 3 channels") as caught:
        model = classifier().fit(X, Y)
    assert len(caught) == 1
    assert (model.kind_, model.input_shape_) == ("signal", (32, 3))
    # What the warning names is silent, and the first of it is what was done.
    assert 'kind="signal"' in str(caught[0].message)
    expected = classifier(kind="signal").fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert 'pass kind="image"' in str(caught[0].message)
    assert classifier(kind="image").fit(X, Y).input_shape_ == (32, 3, 1)


def test_images_are_images():
    model = classifier().fit(IMAGES, Y)
    assert (model.kind_, model.input_shape_) == ("image", (32, 12, 1))
    assert classifier(image_shape=(32, 3)).fit(WINDOWS, Y).kind_ == "image"
    with pytest.warns(UserWarning, match="may hold signals"):
        assert classifier().fit(WINDOWS[..., None], Y).kind_ == "image"


def test_what_fit_decides_stays():
    with pytest.warns(UserWarning, match="read as signals"):
        model = classifier(warm_start=True).fit(WINDOWS, Y)
    flat = np.zeros_like(WINDOWS)
    flat[:] = np.linspace(0, 1, 32)[:, None]
    for X in (flat, np.rint(100 + flat).astype(np.uint8) * 2.0, WINDOWS[:1]):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*(units|far).*")
            assert model.predict(X).shape == (len(X),)
            model.fit(X, Y[: len(X)]) if len(X) > 1 else model.partial_fit(X, Y[:1])
        assert model.kind_ == "signal"
    model.set_params(warm_start=False).fit(IMAGES, Y)
    assert model.kind_ == "image"


def test_windows_of_one_channel_are_signals_for_sure():
    X = WINDOWS[..., :1]
    model = classifier().fit(X, Y)
    assert (model.kind_, model.input_shape_) == ("signal", (32, 1))
    np.testing.assert_array_equal(model.predict(X), model.predict(X[..., 0]))


def test_named_columns_are_channels_for_sure():
    model = classifier().fit(NAMED, Y)
    assert (model.kind_, model.channel_names_in_.tolist()) == ("signal", ["x", "y", "z"])
    assert model.predict([x[:5] for x in NAMED]).shape == (40,)  # of any length, as any list
    wide = [pd.concat([x.add_prefix(i) for i in "abcdefgh"], axis=1) for x in NAMED]
    assert classifier().fit(wide, Y).input_shape_ == (9, 24)
    unequal = [x[: 4 + row % 5] for row, x in enumerate(wide)]  # from 0 to 1, as pixels are
    assert classifier().fit(unequal, Y).input_shape_ == (None, 24)
    cells = pd.DataFrame({"x": list(WINDOWS[..., 0]), "y": list(WINDOWS[..., 1])})
    assert classifier().fit(cells, Y).kind_ == "signal"
    assert classifier().fit([x.to_numpy() for x in NAMED], Y).kind_ == "image"


def test_memory_maps(tmp_path, monkeypatch):
    monkeypatch.setattr(_input, "STREAM_BYTES", 0)
    np.save(tmp_path / "x.npy", WINDOWS)
    with pytest.warns(UserWarning, match="read as signals"):
        model = classifier().fit(np.load(tmp_path / "x.npy", mmap_mode="r"), Y)
    assert model.kind_ == "signal"


def test_gaps_are_told_as_those_of_signals():
    X = WINDOWS.copy()
    X[:, 20:] = np.nan
    with pytest.raises(ValueError, match="first at signal 0, step 20, channel 0"):
        classifier().fit(X, Y)


def test_more_channels_than_steps():
    X = RNG.normal(size=(40, 8, 20)).cumsum(1)
    with pytest.warns(UserWarning, match="signals of 8 steps and 20 channels"):
        assert classifier().fit(X, Y).input_shape_ == (8, 20)


@pytest.mark.parametrize("make", [make_pipeline, make_sequence_pipeline, make_image_classifier])
def test_in_pipelines(make):
    with pytest.warns(UserWarning, match="read as signals"):
        model = make(classifier()).fit(WINDOWS, Y)
    assert GradCAMDisplay.from_estimator(model, WINDOWS[:2]).heat_.shape == (2, 32)


def test_scaled_windows_of_unequal_length():
    X = [(x[:n] - x.min()) / np.ptp(x) for x, n in zip(WINDOWS, range(20, 33), strict=False)]
    wide = [np.hstack([x, x[:, ::-1] ** 2]) for x in X]
    model = classifier().fit(wide, Y[: len(wide)])
    assert (model.kind_, model.input_shape_) == ("signal", (None, 6))
