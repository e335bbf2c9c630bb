"""The linear model of signals: what it learns from, what it chooses, and what it leaves out."""

import pickle

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skdl._minirocket import Competition, Extremes
from skdl._reading import Sequences
from skdl.estimators._base import _signal_model
from skdl.estimators._base._signal_model import (
    ConvolutionModel,
    is_better,
    rows_to_learn,
)
from tests.waves import noisy_waves, short_events

RNG = np.random.default_rng(0)
N_LEVELS = 149  # of one channel


def made(n, seed=0):
    X, y = noisy_waves(n, seed)
    return Sequences(X[..., None]), y


def test_it_learns_and_knows_how_well():
    sequences, y = made(400)
    train, test = np.arange(200), np.arange(200, 400)
    model = ConvolutionModel(2).fit(sequences.rows(train), y[train], None)
    fresh, own = model.scores(sequences.rows(test)), model.unseen_scores
    assert (fresh.argmax(1) == y[test]).mean() > 0.9
    losses = [
        -log_softmax(scores, 1)[np.arange(200), y[rows]].mean()
        for scores, rows in ((fresh, test), (own, train))
    ]
    assert losses[1] == pytest.approx(losses[0], abs=0.08)


@pytest.mark.parametrize("n", [20, 100])
def test_on_noise_it_is_not_certain(n):
    losses = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n + 200, 30, 1)), np.arange(n + 200) % 2
        model = ConvolutionModel(2).fit(Sequences(x[:n]), y[:n], None)
        scores = log_softmax(model.scores(Sequences(x[n:])), 1)
        losses.append(-scores[np.arange(200), y[n:]].mean())
    assert np.mean(losses) < 0.85  # of a guess by class: 0.69


def test_levels_alone_are_learned():
    """Convolutions within a series do not see its level; the means of its parts do."""
    x = RNG.normal(size=(200, 30, 1)) * 0.1
    y = np.arange(200) % 2
    x[y == 1] += 0.5
    model = ConvolutionModel(2).fit(Sequences(x[:100]), y[:100], None)
    assert (model.scores(Sequences(x[100:])).argmax(1) == y[100:]).mean() > 0.98


def test_rows_of_next_to_no_weight_are_not_learned_from():
    weight = np.where(np.arange(60) < 30, 1.0, 1e-9)
    assert rows_to_learn(weight, 60).tolist() == list(range(30))
    assert rows_to_learn(None, 60).tolist() == list(range(60))


def test_of_many_rows_random_ones_are_learned_from():
    rows = rows_to_learn(None, 20_000)
    assert len(set(rows.tolist())) == len(rows) == 8192
    assert (np.diff(rows) > 0).all()
    assert abs(rows.mean() - 10_000) < 300


def test_of_many_rows_there_are_fewer_features(monkeypatch):
    monkeypatch.setattr(_signal_model, "FEW_ROWS", 50)
    monkeypatch.setattr(_signal_model, "FEW_PER_KERNEL", 1)
    sequences, y = made(300)
    model = ConvolutionModel(2).fit(sequences, y, None)
    assert model.convolutions.n_of_thresholds == 84
    assert (model.unseen_scores.argmax(1) == y).mean() > 0.85
    fresh, y = made(200, seed=1)
    assert (model.scores(fresh).argmax(1) == y).mean() > 0.85


@pytest.mark.parametrize("kind", ["events", "shapes"])
def test_one_more_row_than_few_does_not_cost_accuracy(monkeypatch, kind):
    """What tells of short events, and of classes of several shapes, counts of many rows too."""
    X, y = short_events(400, 600, 0) if kind == "events" else several_shapes(400)
    train, test = np.arange(200), np.arange(200, 400)
    sequences, accuracy = Sequences(X[:, :, None]), []
    for few_rows in (200, 199):
        monkeypatch.setattr(_signal_model, "FEW_ROWS", few_rows)
        model = ConvolutionModel(2).fit(sequences.rows(train), y[train], None)
        scores = model.scores(sequences.rows(test))
        accuracy.append((scores.argmax(1) == y[test]).mean())
    assert accuracy[1] > accuracy[0] - 0.03
    assert accuracy[1] > 0.9


def several_shapes(n_rows):
    """Random walks of 60 steps in noise, 15 of each of two classes."""
    rng = np.random.default_rng(0)
    walks, number = rng.normal(size=(30, 60)).cumsum(1), rng.integers(0, 30, n_rows)
    return walks[number] + rng.normal(size=(n_rows, 60)), number % 2


def test_the_length_of_series_may_decide():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    lengths = rng.integers(20, 40, 400) + 20 * y
    sequences = Sequences.of(rng.normal(size=(lengths.sum(), 1)), lengths)
    train, test = np.arange(100), np.arange(100, 400)
    model = ConvolutionModel(2).fit(sequences.rows(train), y[train], None)
    assert (model.scores(sequences.rows(test)).argmax(1) == y[test]).mean() > 0.94


def test_a_pickle_has_no_scores_of_the_rows():
    sequences, y = made(30)
    model = ConvolutionModel(2).fit(sequences, y, None)
    copy = pickle.loads(pickle.dumps(model))
    assert not hasattr(copy, "unseen_scores")
    np.testing.assert_array_equal(copy.scores(sequences), model.scores(sequences))


def test_kernels_compete_where_that_helps():
    """Which of two frequencies comes first is seen by neither convolutions nor levels."""
    rng, steps = np.random.default_rng(0), np.arange(128)
    n = 120
    y = np.arange(n) % 2
    slow, fast = np.sin(steps / 3), np.sin(steps)
    X = np.where(rng.random((n, 128)) < 0.25 + 0.5 * y[:, None], slow, fast)
    X = X + 0.1 * rng.normal(size=X.shape)
    model = ConvolutionModel(2).fit(Sequences(X[:, :, None]), y, None)
    of_features = len(model.mean), len(model.spread), len(model.coef)
    assert {model.convolutions.n_features + N_LEVELS} == set(of_features)
    scores = model.scores(Sequences(X[:, :, None]))
    assert (scores.argmax(1) == y).mean() > 0.9


def test_features_that_do_not_count_are_dropped(monkeypatch):
    """The scores stay those of all features."""
    X, y = noisy_waves(60)
    sequences = Sequences(X[:, :, None])
    model = ConvolutionModel(2).fit(sequences, y, None)
    monkeypatch.setattr(ConvolutionModel, "_drop", lambda *_: None)
    whole = ConvolutionModel(2).fit(sequences, y, None)
    for each in (model, whole):
        assert len(each.coef) == each.convolutions.n_features + N_LEVELS
    assert len(model.coef) < len(whole.coef)
    np.testing.assert_allclose(
        model.scores(sequences), whole.scores(sequences), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("n_steps", [150, 1000, 3000])
def test_short_events_in_long_signals_decide(n_steps):
    """The proportions of MiniRocket hardly tell of them, the largest convolutions do."""
    X, y = short_events(150, n_steps, 0)
    X_test, y_test = short_events(200, n_steps, 1)
    model = ConvolutionModel(2).fit(Sequences(X[:, :, None]), y, None)
    assert (model.scores(Sequences(X_test[:, :, None])).argmax(1) == y_test).mean() > 0.9
    assert model.convolutions.n_of(Extremes)


@pytest.mark.parametrize("kind", ["three steps", "an offset"])
def test_single_steps_may_decide(kind):
    """As columns of a table do; linear models on them are the peers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 30))
    y = (X[:, 3] - X[:, 11] + X[:, 24] > 0).astype(int)
    if kind == "an offset":
        X = rng.normal(size=(700, 100)).cumsum(1)
        X[:, 40:44] += np.where(y, 2, -2)[:, None]
    model = ConvolutionModel(2).fit(Sequences(X[:200, :, None]), y[:200], None)
    right = (model.scores(Sequences(X[200:, :, None])).argmax(1) == y[200:]).mean()
    peer = LogisticRegression(max_iter=1000).fit(X[:200], y[:200]).score(X[200:], y[200:])
    assert right > peer - 0.03


def shapes(n_shapes, n_rows, noise, seed):
    """Two classes of so many random walks each, and rows of them in turn with noise: twice."""
    rng = np.random.default_rng(seed)
    walks = rng.normal(size=(2, n_shapes, 60)).cumsum(2)

    def drawn(n):
        y = np.arange(n) % 2
        return walks[y, np.arange(n) // 2 % n_shapes] + noise * rng.normal(size=(n, 60)), y

    return *drawn(2 * n_shapes * n_rows), *drawn(300)


@pytest.mark.parametrize(("n_shapes", "n_rows"), [(20, 2), (60, 2), (10, 5)])
def test_classes_of_several_shapes_are_no_worse_than_to_nearest_neighbours(n_shapes, n_rows):
    X, y, X_test, y_test = shapes(n_shapes, n_rows, 1, 0)
    model = ConvolutionModel(2).fit(Sequences(X[:, :, None]), y, None)
    right = (model.scores(Sequences(X_test[:, :, None])).argmax(1) == y_test).mean()
    assert right > KNeighborsClassifier(1).fit(X, y).score(X_test, y_test) - 0.03


def test_of_very_many_rows_some_choose_what_counts(monkeypatch):
    X, y, X_test, y_test = shapes(60, 2, 1, 0)
    rights = []
    for most in (240, 120):
        monkeypatch.setattr(_signal_model, "ROWS_TO_CHOOSE", most)
        model = ConvolutionModel(2).fit(Sequences(X[:, :, None]), y, None)
        assert len(model.unseen_scores) == 240
        rights.append((model.scores(Sequences(X_test[:, :, None])).argmax(1) == y_test).mean())
    assert rights[1] > rights[0] - 0.1


def test_of_one_row_a_class_all_features_count():
    """Left out, it tells nothing: levels do not decide alone, nor convolutions."""
    right, of_nearest = [], []
    for seed in range(10):
        X, y = noisy_waves(60, seed)
        rows = np.array([np.flatnonzero(y == label)[0] for label in (0, 1)])
        model = ConvolutionModel(2).fit(Sequences(X[rows, :, None]), y[rows], None)
        assert model.convolutions.n_of(Competition)
        right.append(model.scores(Sequences(X[:, :, None])).argmax(1) == y)
        of_nearest.append(KNeighborsClassifier(1).fit(X[rows], y[rows]).score(X, y))
    assert np.mean(right) > max(0.7, np.mean(of_nearest))


def test_rows_of_a_group_do_not_tell_of_each_other():
    """Copies of rows with random labels are learned by heart, and leaving one out shows nothing."""
    rng = np.random.default_rng(0)
    X, y = np.repeat(rng.normal(size=(30, 40, 1)), 3, axis=0), np.repeat(np.arange(30) % 2, 3)
    groups = np.repeat(np.arange(30), 3)
    hits = [
        (ConvolutionModel(2).fit(Sequences(X), y, None, each).unseen_scores.argmax(1) == y).mean()
        for each in (None, groups, np.zeros(90))
    ]
    assert hits[0] > 0.95
    assert hits[1] < 0.75
    assert hits[2] == hits[0]  # one group: there is nothing else to leave out


def test_glitches_do_not_decide():
    """Classes by level, and 5 of 100 values 30 times as far: as a forest, that sees no sizes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    X = rng.normal(size=(600, 100)) + 0.35 * y[:, None] + 0.2 * rng.normal(size=(600, 1))
    X = np.where(rng.random(X.shape) < 0.05, X + 30 * rng.normal(size=X.shape), X)
    train, test = Sequences(X[:150, :, None]), Sequences(X[150:, :, None])
    model = ConvolutionModel(2).fit(train, y[:150], None)
    assert (model.scores(test).argmax(1) == y[150:]).mean() > 0.7


def test_a_class_may_be_a_range_of_lengths():
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 120, 600)
    y = ((lengths > 45) & (lengths < 90)).astype(int)

    def of(rows):
        return Sequences.of(rng.normal(size=(lengths[rows].sum(), 1)), lengths[rows])

    model = ConvolutionModel(2).fit(of(slice(150)), y[:150], None)
    assert (model.scores(of(slice(150, None))).argmax(1) == y[150:]).mean() > 0.88


class RidgeAlone(ConvolutionModel):
    def _choose_share(self, fit, *_):
        self.unseen_scores, self.neighbours = fit.unseen_scores, None


def bands_of_levels(n, n_channels, seed):
    """Bands of the level of one channel, of two classes in turn; other channels are noise."""
    rng = np.random.default_rng(seed)
    level, X = rng.uniform(0, 8, n), rng.normal(size=(n, 30, n_channels))
    X[..., 0] = level[:, None] + 0.1 * rng.normal(size=(n, 30))
    return X, level.astype(int) % 2


@pytest.mark.parametrize("n_channels", [1, 5, 20])
def test_neighbours_in_the_channel_that_tells_decide(n_channels):
    (X, y), (X_test, y_test) = (bands_of_levels(n, n_channels, n) for n in (150, 200))
    model = ConvolutionModel(2).fit(Sequences(X), y, None)
    assert model.neighbours is not None or n_channels == 1  # the kernel of similarities does there
    found = model.scores(Sequences(X_test)).argmax(1)
    assert (found == y_test).mean() > 0.9
    nearest = KNeighborsClassifier(1).fit(X.reshape(150, -1), y)
    assert (found == y_test).mean() > nearest.score(X_test.reshape(200, -1), y_test) - 0.01
    assert (model.unseen_scores.argmax(1) == y).mean() > 0.9


def test_levels_of_two_sorts_in_two_channels_decide_together():
    """Of 10 channels; as often as to the nearest neighbour."""

    def make(n, seed):
        rng = np.random.default_rng(seed)
        signs, X = rng.choice([-1, 1], (n, 2)), rng.normal(size=(n, 30, 10))
        X[..., [3, 7]] = signs[:, None] + 0.3 * rng.normal(size=(n, 30, 2))
        return X, (signs.prod(1) > 0).astype(int)

    (X, y), (X_test, y_test) = make(30, 0), make(300, 1)
    model = ConvolutionModel(2).fit(Sequences(X), y, None)
    assert (model.scores(Sequences(X_test)).argmax(1) == y_test).mean() > 0.98


def test_copies_in_a_group_are_no_evidence():
    losses, others = np.random.default_rng(0).normal(1, 1, (2, 20))  # better by 1 standard error
    others = others - 0.1
    assert not is_better(losses, others)
    copies, groups = np.repeat([losses, others], 50, axis=1), np.repeat(np.arange(20), 50)
    assert is_better(*copies)
    assert not is_better(*copies, groups)


def test_neighbours_that_tell_nothing_are_left_out():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 60, 3)), np.arange(100) % 2
    X[y == 1] = X[y == 1].cumsum(1)  # at random places: shapes of no two are alike
    model = ConvolutionModel(2).fit(Sequences(X), rng.permutation(y), None)
    assert model.neighbours is None


def test_neighbours_do_not_make_more_rows_wrong():
    """A lower loss by scores that are only more certain does not count."""
    rng = np.random.default_rng(0)
    for n in (20, 60):
        y = np.arange(n) % 2
        X = rng.normal(size=(n, 24, 1)) + y[:, None, None]
        both = (model(2).fit(Sequences(X), y, None) for model in (ConvolutionModel, RidgeAlone))
        wrong = [(each.unseen_scores.argmax(1) != y).sum() for each in both]
        assert wrong[0] <= wrong[1]
