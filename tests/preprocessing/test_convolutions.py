"""RandomConvolutions: what it takes, what it gives, and what it says of bad input."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl._minirocket import KERNELS
from skdl.preprocessing import RandomConvolutions
from tests.waves import noisy_waves, short_events

RNG = np.random.default_rng(0)
RAGGED = [RNG.normal(size=(n, 2)) for n in (30, 5, 1, 12, 60)]


@parametrize_with_checks([RandomConvolutions(168, random_state=0)])
def test_scikit_learn(estimator, check):
    check(estimator)


def plain_features(X, model):
    """One number after another, from the thresholds and limits that were learned."""
    (view,) = model._convolutions.views
    scale, mean = model._convolutions.scale[0], model._convolutions.mean[0]
    features = []
    for x in X:
        x = (x - mean) / scale
        if view.standardizes:
            x = (x - x.mean()) / x.std()
        x = np.rint(np.clip(x * (2730 / view.limits[0]), -2730, 2730)).astype(int)
        row, thresholds = [], iter(view.thresholds.tolist())
        for place, (dilation, n) in enumerate(zip(*view.dilations, strict=True)):
            for number, kernel in enumerate(KERNELS):
                margin = 0 if (place + number) % 2 == 0 else 4 * dilation
                values = []
                for t in range(margin, len(x) - margin):
                    steps = [t + (tap - 4) * dilation for tap in range(9)]
                    taps = [x[s] if 0 <= s < len(x) else 0 for s in steps]
                    values.append(3 * sum(taps[i] for i in kernel) - sum(taps))
                row += [np.mean(np.array(values) > next(thresholds)) for _ in range(n)]
        features.append(row)
    return np.array(features)


@pytest.mark.parametrize("normalize", [True, False])
def test_features_are_those_of_plain_loops(normalize):
    X, _ = noisy_waves(6, 0)
    model = RandomConvolutions(420, normalize=normalize, random_state=0).fit(X)
    assert len(model.dilations_) > 2
    np.testing.assert_allclose(model.transform(X), plain_features(X, model), atol=1e-6)


def test_a_linear_classifier_on_them_is_accurate():
    (X, y), (X_test, y_test) = noisy_waves(100, 0), noisy_waves(200, 1)
    pipeline = make_pipeline(RandomConvolutions(840, random_state=0), RidgeClassifierCV())
    assert pipeline.fit(X, y).score(X_test, y_test) > 0.95
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    grid = {"randomconvolutions__normalize": [True, False]}
    GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(X, y)


def test_seeds_decide():
    X, _ = noisy_waves(30, 0)
    first, again, other = (RandomConvolutions(168, random_state=s).fit(X) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.transform(X), again.transform(X))
    assert (first.transform(X) != other.transform(X)).any()
    np.testing.assert_array_equal(clone(first).fit_transform(X), first.transform(X))


@pytest.mark.parametrize("n_features", [84, 100, 1000, 10_000])
def test_number_and_names_of_features(n_features):
    X = RNG.normal(size=(20, 50)) * np.arange(1, 21)[:, None]
    model = RandomConvolutions(n_features, random_state=0)
    found, names = model.fit_transform(X), model.get_feature_names_out()
    assert found.shape == (20, model.n_features_out_) == (20, n_features // 84 * 84)
    assert found.dtype == np.float32
    assert len(set(names)) == len(names) == model.n_features_out_
    frame = model.set_output(transform="pandas").transform(X)
    assert frame.columns.tolist() == names.tolist()


def test_extremes_are_behind_the_others_and_named():
    X, y = short_events(150, 400, 0)
    plain = RandomConvolutions(168, random_state=0).fit(X)
    model = RandomConvolutions(168, extremes=True, random_state=0).fit(X)
    found, names = model.transform(X), model.get_feature_names_out()
    np.testing.assert_array_equal(found[:, :168], plain.transform(X))
    assert len(set(names)) == len(names) == found.shape[1] == model.n_features_out_
    extremes = dict(zip(names[168:], found.T[168:], strict=True))
    largest = {name for name in extremes if name.endswith("_largest")}
    assert len(largest) == len(extremes) / 2
    for name in largest:
        assert (extremes[name] >= extremes[name.replace("largest", "smallest")]).all()
    scale = np.abs(X).max() * 2  # beyond which values are clipped, as the notes say
    first = np.convolve(X[0], [-1] * 6 + [2] * 3, "valid").max() / scale
    assert extremes["kernel012_dilation1_largest"][0] == pytest.approx(first, rel=0.02)
    ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(1, 6, 11)))
    assert cross_val_score(ridge, found[:, 168:], y).mean() > 0.9


def test_extremes_of_several_channels_have_names_of_their_own():
    model = RandomConvolutions(168, extremes=True, random_state=0).fit(RNG.normal(size=(9, 60, 4)))
    names = model.get_feature_names_out()
    assert len(set(names)) == len(names) == model.n_features_out_
    assert names[168].startswith("kernel012_dilation1_largest_0")


@pytest.mark.parametrize("n_channels", [5, 20])
def test_extremes_tell_of_events_in_one_of_several_channels(n_channels):
    X, y = short_events(200, 200, 0)
    others = 0.7 * RNG.normal(size=(200, 200, n_channels - 1))
    X = np.concatenate([others, X[:, :, None]], axis=2)
    ridge = make_pipeline(
        RandomConvolutions(168, extremes=True, random_state=0),
        StandardScaler(),
        RidgeClassifierCV(np.logspace(1, 6, 11)),
    )
    assert cross_val_score(ridge, X, y, cv=2).mean() > 0.8


@pytest.mark.parametrize("kind", [list, tuple, pd.Series])
def test_series_of_any_length(kind):
    X = kind(RAGGED)
    model = RandomConvolutions(168, random_state=0).fit(X)
    assert not hasattr(model, "n_steps_in_")
    found = model.transform(X)
    alone = np.concatenate([model.transform([x]) for x in RAGGED])
    np.testing.assert_array_equal(found, alone)
    assert np.isfinite(model.transform([np.ones((200, 2)), np.ones((1, 2))])).all()


def test_flat_rows_are_those_with_channels():
    X = RNG.normal(size=(10, 30, 3))
    model = RandomConvolutions(168, random_state=0).fit(X)
    flat = RandomConvolutions(168, n_channels=3, random_state=0).fit(X.reshape(10, -1))
    np.testing.assert_array_equal(flat.transform(X.reshape(10, -1)), model.transform(X))
    named = [pd.DataFrame(x, columns=list("abc")) for x in X]
    model = RandomConvolutions(168, random_state=0).fit(named)
    with pytest.raises(ValueError, match="columns"):
        model.transform([frame[list("cab")] for frame in named])


def test_long_series_are_convolved_at_some_steps():
    X = np.cumsum(RNG.normal(size=(10, 2000)), axis=1)
    some, of_all = (
        RandomConvolutions(168, max_positions=n, random_state=0).fit(X) for n in (256, None)
    )
    assert {view.stride for view in some._convolutions.views} == {7}
    assert {view.stride for view in of_all._convolutions.views} == {1}
    with_same_thresholds = of_all._convolutions.views[0]
    some._convolutions.views[0].thresholds = with_same_thresholds.thresholds
    close = some.transform(X)[:, :84] - of_all.transform(X)[:, :84]
    assert np.abs(close).mean() < 0.02


def test_no_step_is_left_out_of_series_of_1000_steps():
    X, y = short_events(150, 1000, 0)
    X_test, y_test = short_events(200, 1000, 1)
    scores = [
        make_pipeline(
            RandomConvolutions(5000, max_positions=n, random_state=0),
            StandardScaler(),
            RidgeClassifierCV(np.logspace(1, 6, 11)),
        )
        .fit(X, y)
        .score(X_test, y_test)
        for n in (1024, 250)
    ]
    assert RandomConvolutions().max_positions == 1024
    assert scores[0] > 0.7
    assert scores[0] > scores[1] + 0.05


BAD = {
    "NaN": (np.where(np.arange(24).reshape(4, 6) == 15, np.nan, 1.0), "NaN.* row 2, step 3"),
    "NaN in a list": ([np.ones(4), np.array([1, np.nan])], "NaN.* sequence 1, step 1"),
    "empty": ([np.ones(3), np.ones(0)], "Sequence 1 in X must be"),
    "channels": ([np.ones((3, 2)), np.ones((3, 1))], "same number of channels"),
    "no rows": ([], "minimum of 1 is required"),
}


@pytest.mark.parametrize(("X", "message"), BAD.values(), ids=BAD)
def test_bad_series(X, message):
    with pytest.raises(ValueError, match=message):
        RandomConvolutions().fit(X)


@pytest.mark.parametrize(
    "params",
    [{"n_features": 83}, {"kernels": "rocket"}, {"normalize": "no"}, {"device": "abacus"}],
)
def test_bad_parameters(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        RandomConvolutions(**params).fit(np.ones((3, 9)))


def test_constant_series_single_steps_and_long_kernels():
    for X in (np.ones((4, 30)), np.ones((4, 1)), RNG.normal(size=(4, 5))):
        assert np.isfinite(RandomConvolutions(168, random_state=0).fit_transform(X)).all()
