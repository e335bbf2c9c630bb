"""The linear model of n-grams against scikit-learn's LinearSVC on the same features."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics import log_loss
from sklearn.svm import LinearSVC

from skdl.estimators.transformer import _linear_model as _ngram_line
from skdl.estimators.transformer._linear_model import N_FOLDS, SCALES, NgramClassifier, folds_of
from skdl.estimators.transformer._ngrams import Ngrams
from tests.texts import make_texts


def fitted(texts, target, weight=None, n_classes=None, **params):
    n_classes = n_classes or int(target.max()) + 1
    model = NgramClassifier(n_classes, **{"lowercase": True, **params})
    return model.fit(texts, target, weight)


def noisy(n_texts, n_classes=2, random_state=0, noise=0.25):
    """Texts of which some have the label of another class."""
    texts, y = make_texts(n_texts, n_classes, random_state)
    rng = np.random.default_rng(random_state + 100)
    return texts, np.where(rng.random(n_texts) < noise, rng.integers(n_classes, size=n_texts), y)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_the_support_vector_machine(n_classes, weighted):
    texts, y = noisy(80, n_classes)
    weight = np.random.default_rng(0).uniform(0.1, 3, 80) if weighted else None
    model = fitted(texts, y, weight)
    ngrams = Ngrams()
    features = ngrams.fit_transform(texts)
    machine = LinearSVC(tol=1e-6, max_iter=100_000)
    machine.fit(features, y, None if weight is None else weight / weight.mean())
    new, _ = make_texts(60, n_classes, random_state=1)
    expected = machine.decision_function(ngrams.transform(new))
    expected = np.stack([-expected, expected], 1) if n_classes == 2 else expected
    got = model.scores(new) / model.scale
    assert got.shape == (60, n_classes)
    np.testing.assert_allclose(got, expected, atol=0.05)
    assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.999


def test_weights_are_relative():
    texts, y = noisy(60)
    first, second = (fitted(texts, y, np.full(60, w)).scores(texts) for w in (0.01, 100.0))
    np.testing.assert_allclose(first, second, rtol=1e-5)
    np.testing.assert_allclose(first, fitted(texts, y).scores(texts), rtol=1e-5)


def test_a_heavier_class_wins_more_rows():
    texts, y = noisy(80, noise=0.8)
    shares = [
        fitted(texts, y, np.where(y == 1, weight, 1.0)).scores(texts).argmax(1).mean()
        for weight in (0.02, 1.0, 50.0)
    ]
    assert shares[0] < shares[1] < shares[2]


def test_two_fits_are_the_same():
    texts, y = noisy(60, 3)
    np.testing.assert_array_equal(fitted(texts, y).scores(texts), fitted(texts, y).scores(texts))


def test_lowercase_reaches_the_features():
    texts, y = ["Good", "good"] * 10, np.arange(20) % 2
    assert fitted(texts, y, lowercase=False).scores(texts).argmax(1).tolist() == y.tolist()
    small = fitted(texts, y, lowercase=True).scores(texts)
    np.testing.assert_allclose(small[0], small[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_texts_that_are_left_out_are_scored_by_a_model_of_all_others(weighted):
    texts, y = noisy(90, 3)
    weight = np.where(np.arange(90) % 9 == 1, 0.0, 1.5) if weighted else None
    left_out = np.arange(0, 90, 5)
    model = NgramClassifier(3, lowercase=True).fit(texts, y, weight, left_out)
    features = model.ngrams.transform(texts)
    others = np.setdiff1d(np.arange(90) if weight is None else np.flatnonzero(weight), left_out)
    machine = LinearSVC(tol=1e-6, max_iter=100_000).fit(features[others], y[others])
    rows = left_out if weight is None else left_out[weight[left_out] > 0]
    expected = model.scale * machine.decision_function(features[rows])
    np.testing.assert_allclose(model.unseen_scores[rows], expected, atol=0.1 * model.scale)
    assert np.abs(model.unseen_scores[others]).min() > 0


# Classes that lack rows --------------------------------------------------------------------------


@pytest.mark.parametrize("present", [[0, 2], [1, 2, 3], [3]])
def test_a_class_without_rows_never_wins(present):
    texts, y = make_texts(30, len(present))
    target = np.array(present)[y]
    model = fitted(texts, target, n_classes=5)
    scores = model.scores([*texts, "", "never seen"])
    assert scores.shape == (32, 5)
    assert np.isfinite(scores).all()
    absent = [label for label in range(5) if label not in present]
    assert (scores[:30].argmax(1) == target).all()
    assert (scores[:, absent].max(1) < scores[:, present].max(1)).all()


@pytest.mark.parametrize("n_texts", [1, 2, 3, 4, 5])
def test_few_texts(n_texts):
    texts, y = make_texts(n_texts)
    model = fitted(texts, y, n_classes=2)
    scores = model.scores([*texts, "", "new"])
    assert np.isfinite(scores).all()
    assert (scores[:n_texts].argmax(1) == y).all()


@pytest.mark.parametrize("texts", [["", "", "", ""], ["same"] * 4])
def test_texts_that_tell_nothing(texts):
    assert np.isfinite(fitted(texts, np.arange(4) % 2).scores(texts)).all()


# The scale ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_the_scale_suits_rows_never_seen(n_classes, noise):
    """Half of it and twice as much make log-probabilities of new rows worse, or hardly better."""
    texts, y = noisy(400, n_classes, noise=noise)
    new, y_new = noisy(1000, n_classes, random_state=1, noise=noise)
    model = fitted(texts, y)
    scores = model.scores(new)

    def loss(factor):
        return log_loss(y_new, np.exp(log_softmax(factor * scores, 1)))

    assert loss(1) < loss(1 / 4)
    assert loss(1) < loss(4)
    assert loss(1) < min(loss(1 / 2), loss(2)) + 0.01
    assert SCALES[0] <= model.scale <= SCALES[-1]


def test_clear_texts_have_a_larger_scale_than_noisy_ones():
    clear, dim = (fitted(*noisy(200, noise=noise)).scale for noise in (0.0, 0.6))
    assert clear > 1.5 * dim


def test_many_classes_leave_fewer_features(monkeypatch):
    texts, y = make_texts(120, 3)
    whole = fitted(texts, y)
    monkeypatch.setattr(_ngram_line, "MAX_COEFFICIENTS", 400)
    few = fitted(texts, y)
    assert few.coef.size <= 400 < whole.coef.size
    assert (few.scores(texts).argmax(1) == y).mean() > 0.5, "of 3 classes"


def test_texts_of_a_group_are_in_one_fold():
    """Copies of texts are known by heart else, and calibration believes it."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), 12)) for _ in range(40)]
    texts, y = np.repeat(texts, 3).tolist(), np.repeat(np.arange(40) % 2, 3)
    groups = np.repeat(np.arange(40), 3)
    hits, scales = [], []
    for each in (None, groups, np.zeros(120)):
        model = NgramClassifier(2, lowercase=True).fit(texts, y, None, None, each)
        hits.append((model.unseen_scores.argmax(1) == y).mean())
        scales.append(model.scale)
    assert hits[0] > 0.9
    assert hits[1] < 0.75
    assert hits[2] == hits[0]  # one group: there is nothing else
    assert scales[1] < scales[0]


def test_groups_are_dealt_out_evenly_and_the_rest_as_before():
    rng = np.random.default_rng(0)
    target, groups = rng.integers(2, size=200), rng.integers(40, size=200)
    counts, left_out = rng.random(200) > 0.1, np.arange(20)
    fold = folds_of(target, counts, left_out, groups)
    dealt = np.flatnonzero(counts & (np.arange(200) >= 20))
    assert set(fold[dealt]) == {0, 1, 2}
    assert all(len(set(fold[dealt[groups[dealt] == group]])) <= 1 for group in range(40))
    assert np.ptp(np.bincount(fold[dealt])) <= 12
    assert (fold[:20] == N_FOLDS).all()
    stratified = folds_of(target, counts, left_out, None)
    for label in range(2):
        assert np.ptp(np.bincount(stratified[dealt[target[dealt] == label]])) <= 1
