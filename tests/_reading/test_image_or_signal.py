"""Grey images and windows of sensors are told apart by their values."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy.signal import lfilter, resample, spectrogram
from sklearn.datasets import load_digits, load_sample_image

from skdl._reading import Guess, name_channels, show_channels, warn_of_channels_first
from skdl._reading._image_or_signal import MAX_VALUES, Differences, _looked_at, have_pixel_values
from skdl.datasets import (
    fetch_fashion_mnist,
    fetch_indoor_movement,
    fetch_series,
    fetch_ucr,
    make_images,
    make_sequences,
)
from skdl.estimators import GRUClassifier
from skdl.preprocessing import RandomConvolutions

RNG = np.random.default_rng(0)
UNLIKE = "alike from step to step, but not from column to column"
NOT_ALIKE = "neighbouring columns are not alike"


@pytest.fixture(autouse=True)
def same_numbers_in_each_test():
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def scaled(X, axis=None):
    """X with mean 0 and variance 1, as a whole or by column."""
    scale = X.std(axis, keepdims=True)
    return (X - X.mean(axis, keepdims=True)) / np.where(scale, scale, 1)


def from_0_to_1(X):
    """X from 0 to 1, by column."""
    least = X.min((0, 1))
    return (X - least) / (X.max((0, 1)) - least)


# Images ------------------------------------------------------------------------------------------

DIGITS = load_digits().images


def photographs(height, width):
    grey = load_sample_image("china.jpg").mean(-1)
    corners = [
        (RNG.integers(0, grey.shape[0] - height), RNG.integers(0, grey.shape[1] - width))
        for _ in range(60)
    ]
    return np.stack([grey[i : i + height, j : j + width] for i, j in corners])


def lines_of_text():
    words = np.array(["quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"])
    images = []
    for _ in range(40):
        image = Image.new("L", (344, 32), 255)
        text = " ".join(RNG.permutation(words)[:6])
        ImageDraw.Draw(image).text((2, 2), text, font=ImageFont.load_default(size=22), fill=0)
        images.append(np.asarray(image, dtype=float))
    return np.stack(images)


def spectrograms():
    times = np.arange(6500)
    tones = [np.sin(times * RNG.uniform(0.1, 2)) + RNG.normal(size=6500) for _ in range(30)]
    powers = [spectrogram(tone, nperseg=126, noverlap=62)[2][:64, :100] for tone in tones]
    return np.log(np.stack(powers) + 1e-9)


TEXT = lines_of_text()
IMAGES = {
    "digits": DIGITS,
    "digits, scaled": scaled(DIGITS),
    "digits, each pixel scaled": scaled(DIGITS, 0),
    "few digits, each pixel scaled": scaled(DIGITS[:20], 0),
    "half digits": scaled(DIGITS[:, :, 4:]),
    "digits, stretched": scaled(DIGITS.repeat(4, 1)),
    "photographs": photographs(32, 32),
    "photographs, each pixel scaled": scaled(photographs(64, 16), 0),
    "photographs, wide": scaled(photographs(16, 64)),
    "photographs, tall": scaled(photographs(100, 20)),
    "photographs, a strip of bytes": np.rint(photographs(128, 3)),
    "photographs, a strip from 0 to 1": photographs(200, 6) / 255,
    "photographs, a strip": scaled(photographs(28, 4)),
    "text": TEXT,
    "text, scaled": scaled(TEXT),
    "text, turned": scaled(TEXT.swapaxes(1, 2)),
    "stripes": scaled(make_images(60, size=(28, 28), random_state=0)[0].astype(float)),
    "spectrograms": spectrograms(),
    "spectrograms, each frequency scaled": scaled(spectrograms(), (0, 2)),
    "spectrograms, turned": spectrograms().swapaxes(1, 2),
    "noise from 0 to 1": RNG.random(size=(20, 64, 16)),
    "noise, square": RNG.normal(size=(20, 16, 16)),
    "noise on grey": RNG.normal(size=(60, 1, 1)) + 0.7 * RNG.normal(size=(60, 30, 20)),
    "small noise": RNG.normal(size=(40, 8, 8)),
    "bytes of sensors": (40 * RNG.normal(size=(20, 128, 3)).cumsum(1)).astype(np.uint8),
    "flags": RNG.normal(size=(20, 128, 3)).cumsum(1) > 0,
    "two columns of few pixels": DIGITS[:, :5, :2],
    "all the same": np.ones((4, 128, 3)),
    "nothing": np.zeros((4, 128, 3)),
    "horizontal bands": RNG.normal(size=(40, 30, 1)).cumsum(1) + 0.1 * RNG.normal(size=(40, 30, 8)),
    "infinity": np.full((4, 128, 3), np.inf),
}


@pytest.mark.parametrize("X", IMAGES.values(), ids=IMAGES)
def test_images(X):
    assert Guess.of(X).why_signals == ""


@pytest.mark.parametrize("shape", [(8, 2, 5), (8, 4, 2), (2, 5, 4), (3, 8, 3), (4, 8, 8)])
def test_a_few_small_images_of_noise(shape):
    assert not any(Guess.of(RNG.random(shape)).why_signals for _ in range(100))


def test_strips_of_digits():
    """Two columns may have levels far apart, as those at the edge have."""
    assert Differences.of(list(DIGITS[:, :, 1:3])).levels > 0.5
    assert not Guess.of(DIGITS[:, :, 1:3]).why_signals
    assert not any(Guess.of(DIGITS[:, :, i : i + 3]).why_signals for i in range(6))


@pytest.mark.realdata("fashion-mnist")
def test_fashion_images():
    X = fetch_fashion_mnist(split="test")[0][:500]
    for images in (X / 255, X / 127.5 - 1, scaled(X), scaled(X, 0), X[:, :, 3:7] / 255):
        assert Guess.of(images) == Guess()
        assert Guess.of(scaled(images)) == Guess()
    # A few columns do not show whether they have an order.
    small = X[:, ::2, ::2] / 255
    for i in range(7):
        for strips in (small[:, i : i + 8, 5:9], small[:, i : i + 6, 5:8]):
            assert Guess.of(strips).why_signals == ""


# Windows of sensors ------------------------------------------------------------------------------


def autoregressive(n_steps, n_channels, coefficient=0.8):
    return lfilter([1], [1, -coefficient], RNG.normal(size=(60, n_steps, n_channels)), axis=1)


def phone(n=200):
    """Accelerations of the body, rotations and accelerations with gravity, as a phone has them."""
    steps = 2 * np.pi * RNG.uniform(0.02, 0.12, (n, 1, 1)) * np.arange(128)[:, None]
    moving = RNG.integers(0, 2, (n, 1, 1)) * np.sin(steps + RNG.uniform(0, 6.28, (n, 1, 9)))
    X = moving * RNG.uniform(0.2, 0.6, 9) + 0.05 * RNG.normal(size=(n, 128, 9))
    gravity = RNG.normal(size=(n, 1, 3))
    X[..., 6:] += gravity / np.linalg.norm(gravity, axis=-1, keepdims=True)
    return X


COMMON = RNG.normal(size=(60, 40, 1)).cumsum(1)
COMMON = scaled(COMMON, 1) + 0.6 * RNG.normal(size=(60, 40, 8))
WINDOWS = {
    "phone": (phone(), UNLIKE),
    "phone, scaled": (scaled(phone(), (0, 1)), UNLIKE),
    "phone, each window scaled": (scaled(phone(), 1), UNLIKE),
    "phone, from 0 to 1": (from_0_to_1(phone()), UNLIKE),
    "whole numbers": (np.rint(2048 * phone()[..., 6:]).astype(np.int16), UNLIKE),
    "mixtures": (autoregressive(64, 9, 0.9) @ RNG.normal(size=(9, 9)), UNLIKE),
    "noise at 3 axes": (RNG.normal(size=(20, 128, 3)), NOT_ALIKE),
    "noise at 12 sensors": (RNG.uniform(size=(20, 64, 12)), NOT_ALIKE),
    "noise of 8 channels": (RNG.normal(size=(20, 30, 8)), NOT_ALIKE),
    "noise of 2 channels": (RNG.normal(size=(20, 12, 2)), NOT_ALIKE),
    "noise of 20 channels": (autoregressive(50, 20, 0.3)[:20], NOT_ALIKE),
    "noise of 64 channels": (autoregressive(256, 64, 0.3), NOT_ALIKE),
    "one of 3 axes varies": (
        np.array([1.0, 0, 0]) * RNG.normal(size=(20, 128, 1)),
        "images of 128 x 3 pixels are rare",
    ),
    "levels": (np.array([20, 1013, 55, 3]) + COMMON[..., :4], "levels of their own"),
    "a common cause": (COMMON, "neighbouring columns are no more alike than others"),
    "the same at 3 axes": (np.repeat(COMMON[..., :1], 3, 2), "images of 40 x 3 pixels are rare"),
    "electrodes, alike": (
        autoregressive(500, 1) + 0.1 * autoregressive(500, 20),
        "images of 500 x 20 pixels are rare",
    ),
}


@pytest.mark.parametrize(("X", "reason"), WINDOWS.values(), ids=WINDOWS)
def test_windows(X, reason):
    assert reason in Guess.of(X).why_signals
    assert reason in Guess.of(1e300 * X / np.abs(X).max()).why_signals
    assert reason in Guess.of((X * 1e-3).astype(np.float32)).why_signals


@pytest.mark.parametrize("n_channels", [2, 3, 6, 12, 20])
@pytest.mark.parametrize("n_steps", [16, 32, 64, 128, 500])
def test_generated_windows(n_steps, n_channels):
    waves = np.arange(n_steps)[:, None] * RNG.uniform(0.05, 0.5, (60, 1, n_channels))
    waves = np.sin(waves + RNG.uniform(0, 6.28, (60, 1, n_channels)))
    for X in (
        make_sequences(60, n_steps=n_steps, n_channels=n_channels, random_state=0)[0],
        RNG.normal(size=(60, n_steps, n_channels)).cumsum(1),
        autoregressive(n_steps, n_channels),
        waves + 0.3 * RNG.normal(size=waves.shape),
    ):
        assert Guess.of(X).why_signals


@pytest.mark.realdata("ucr-dev", "indoor-movement", "series-dev")
def test_windows_of_real_sensors():
    motions = fetch_ucr("BasicMotions", split="train")[0]
    vowels = [resample(x, 24) for x in fetch_ucr("JapaneseVowels", split="train")[0]]
    indoor = [np.asarray(x)[:19] for x in fetch_indoor_movement(return_X_y=True)[0]]
    weather = fetch_series("pollution")[["DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]].to_numpy()
    for X in (
        motions,
        motions[:, :16],
        np.stack(vowels),
        np.stack([x[:7] for x in vowels]),
        np.stack(indoor),
        np.stack([weather[i : i + 24] for i in range(0, 20000, 101)]),
    ):
        for windows in (X, scaled(X, (0, 1)), from_0_to_1(X)):
            assert Guess.of(windows).why_signals


def test_what_cannot_be_told_may_be_signals():
    """Much alike at all sensors, in a shape that images may have."""
    X = RNG.normal(size=(60, 60, 1)).cumsum(1) + 0.5 * RNG.normal(size=(60, 60, 20)).cumsum(1)
    assert Guess.of(X) == Guess(may_be_signals=True)
    assert Guess.of(X.swapaxes(1, 2)) == Guess()
    assert Guess.of(photographs(60, 20)) == Guess()
    assert Guess.of(RNG.normal(size=(40, 64, 40))) == Guess(may_be_signals=True)
    symbols = np.eye(20)[RNG.integers(20, size=(40, 60))]
    assert Guess.of(symbols) == Guess(may_be_signals=True)
    assert (
        Guess.of(RNG.random(size=(40, 64, 40))) == Guess.of(RNG.normal(size=(9, 64, 64))) == Guess()
    )
    wide = RNG.normal(size=(60, 20, 30)).cumsum(1).cumsum(1) + np.zeros((60, 20, 30))
    wide = RNG.normal(size=(60, 20, 1)).cumsum(1).cumsum(1) + 0.3 * wide
    assert Guess.of(wide) == Guess()


# What is looked at -------------------------------------------------------------------------------


def test_gaps_are_passed_over():
    X = phone()
    for row, length in enumerate(RNG.integers(20, 128, len(X))):
        X[row, length:] = np.nan
    assert UNLIKE in Guess.of(X).why_signals


@pytest.mark.parametrize("shape", [(3000, 128, 9), (2, 2**19, 9), (5000, 2, 2), (2, 2, 2**19)])
def test_some_of_many_values_are_looked_at(shape):
    some = _looked_at(np.broadcast_to(RNG.normal(size=shape[-1]), shape))
    assert 2 <= len(some) <= 64
    assert min(map(len, some)) >= 2
    assert sum(row.size for row in some) <= 2 * MAX_VALUES


def test_differences_by_hand():
    rows = [RNG.normal(size=(n, 5)).cumsum(0) * [1, 5, 2, 1, 3] + np.arange(5) for n in (9, 30, 7)]
    values = np.concatenate(rows)
    X = [(row - values.mean(0)) / values.std(0) for row in rows]

    def mean_squares(rows, distance):
        pairs = [
            (x[i], x[j]) for x in rows for j in range(len(x)) for i in range(j) if distance(j - i)
        ]
        return np.mean(np.concatenate([(a - b) ** 2 for a, b in pairs])) / 2

    turned = [x.T for x in X]
    found = Differences.of(rows)
    # Columns of longer rows count as often as their steps.
    expected = [
        mean_squares(X, lambda d: d == 1),
        mean_squares(turned, lambda d: d == 1),
        mean_squares(X, lambda d: d > 1),
        mean_squares(turned, lambda d: d > 1),
        np.mean(np.diff(values.mean(0)) ** 2) / 2 / values.var(),
    ]
    got = [found.steps, found.columns, found.distant_steps, found.distant_columns, found.levels]
    np.testing.assert_allclose(got, expected)
    assert found.n_columns == 5


def test_columns_that_do_not_vary_do_not_count():
    X = RNG.normal(size=(50, 4)).cumsum(0)
    wide = np.insert(X, [1, 3], 0.1, axis=1)
    expected, found = Differences.of([X]), Differences.of([wide])
    assert (found.n_columns, found.steps, found.columns) == pytest.approx(
        (4, expected.steps, expected.columns)
    )


def test_cropped_images_and_scaled_sensors_of_unequal_length():
    lengths = RNG.integers(20, 42, 40)
    images = [x[:n] / 255 for x, n in zip(photographs(41, 12), lengths, strict=False)]
    sensors = [x[:n] for x, n in zip(from_0_to_1(phone()), lengths, strict=False)]
    assert not show_channels(images)
    assert show_channels(sensors)
    assert not show_channels([x[:5] for x in sensors])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["x", "y", "z"], True),
        (["acc x", "heart rate"], True),
        (["acc1", "gyro1"], True),
        (["p0", "p1", "p2"], False),
        ([0.5, 1.0, 1.5], False),
        ([("acc", "x"), ("acc", "y")], True),
        ([("p", 0), ("p", 1)], False),
    ],
)
def test_names_of_channels(names, expected):
    assert name_channels(names) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 0.5, 1], True), ([0, 3, 255], True), ([0, 1.5, 255], False), ([-1, 200], False),
     ([0, 256], False), ([0, 20], False)],
)  # fmt: skip
def test_values_of_pixels(values, expected):
    assert have_pixel_values([np.array(values, dtype=float)]) is expected


# Channels first ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_rows", "n_channels", "n_steps"), [(20, 3, 60), (5, 6, 200), (2, 2, 9)])
def test_signals_with_channels_first_are_warned_of(n_rows, n_channels, n_steps):
    X = RNG.normal(size=(n_rows, n_channels, n_steps)).cumsum(2)
    with pytest.warns(UserWarning, match=r"swapaxes\(X, 1, 2\)"):
        warn_of_channels_first(X)
    warn_of_channels_first(np.swapaxes(X, 1, 2))


def test_noisy_signals_with_channels_first_are_warned_of():
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(100) / 3 + rng.uniform(0, 6, (100, 1))) + rng.normal(size=(100, 100))
    X = np.stack([wave, *rng.normal(size=(2, 100, 100))], axis=1)
    with pytest.warns(UserWarning, match="3 steps of 100 channels, but its values"):
        warn_of_channels_first(X)
    warn_of_channels_first(np.swapaxes(X, 1, 2))


@pytest.mark.parametrize("make", [np.asarray, list])
@pytest.mark.parametrize(
    "model", [GRUClassifier(2, max_epochs=1), RandomConvolutions(84)], ids=["GRU", "convolutions"]
)
def test_one_step_of_many_channels_is_warned_of(model, make):
    X = RNG.normal(size=(10, 1, 30))
    with pytest.warns(UserWarning, match="1 step of 30 channels, in which no order"):
        model.fit(make(X), np.arange(10) % 2)
    warn_of_channels_first(X[..., :8])  # a table with few columns


def test_many_channels_of_few_steps_are_not_warned_of():
    rng = np.random.default_rng(0)
    warn_of_channels_first(rng.normal(size=(50, 3, 100)) + rng.normal(size=(50, 3, 1)))
    warn_of_channels_first(rng.normal(size=(50, 5, 30)))  # in no order
    walks = rng.normal(size=(50, 5, 30)).cumsum(1)
    warn_of_channels_first(walks)
    warn_of_channels_first(rng.normal(size=(50, 10, 40)).cumsum(1).cumsum(2))  # alike along both
    warn_of_channels_first(rng.integers(0, 2, (50, 3, 30)).astype(np.uint8))
    waves = np.sin(np.arange(2000) / 9 + rng.uniform(0, 6, (20, 1)))
    spectra = np.log(spectrogram(waves + rng.normal(size=waves.shape), nperseg=128)[2])
    warn_of_channels_first(np.swapaxes(spectra, 1, 2))


@pytest.mark.realdata("ucr-dev")
def test_windows_of_sensors_with_channels_first_are_warned_of():
    X, _ = fetch_ucr("BasicMotions", split="train")
    with pytest.warns(UserWarning, match="channels come first"):
        warn_of_channels_first(np.swapaxes(np.stack(X), 1, 2))
