"""EmbeddingDisplay: which words, where they lie, what it is asked and where it finds vectors."""

import sys
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from skdl.estimators import Word2VecTransformer
from skdl.inspection import EmbeddingDisplay

mpl.use("Agg")
from matplotlib import pyplot as plt

TEXTS = ["a cat and a dog play", "a cow and a horse eat", "a cat and a cow eat"] * 8
LABELS = np.array([0, 1, 1] * 8)
SMALL = {"vector_size": 6, "max_epochs": 1, "token_pattern": r"\w+", "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def learned():
    return Word2VecTransformer(**SMALL).fit(TEXTS)


def vectors_of(words, vectors, counts=None):
    """What any object with word vectors looks like."""
    held = SimpleNamespace(
        vocabulary_={word: row for row, word in enumerate(words)}, vectors_=np.asarray(vectors)
    )
    if counts is not None:
        held.counts_ = np.asarray(counts)
    return held


def blobs(n_words=40, n_groups=4, seed=0):
    """Words "a0", "b1", "c2", ...: words of one letter point about the same way."""
    rng = np.random.default_rng(seed)
    middles = 3 * np.eye(10)[:n_groups]
    names = [f"{'abcd'[i % n_groups]}{i}" for i in range(n_words)]
    vectors = [middles[i % n_groups] + 0.2 * rng.normal(size=10) for i in range(n_words)]
    return vectors_of(names, np.float32(vectors))


def show(*args, **kwargs):
    """Make a display, and draw it as a file is: what warns does so here."""
    display = EmbeddingDisplay.from_estimator(*args, **kwargs)
    display.figure_.canvas.draw()
    return display


def labels_of(display):
    return [text.get_text() for text in display.texts_]


# Which words -------------------------------------------------------------------------------------


def test_words_as_given_each_once(learned):
    display = show(learned, ["dog", "cow", "dog", "cat"])
    assert display.words == labels_of(display) == ["dog", "cow", "cat"]
    assert display.positions.shape == (3, 2)
    assert len(display.points_.get_offsets()) == 3
    assert show(learned, "dog").words == ["dog"], "a str is one word"
    assert show(learned, (word for word in ("cat", "cow"))).words == ["cat", "cow"]


def test_the_most_frequent_without_the_very_common_ones():
    words = ["the", "of", *(f"w{i}" for i in range(3000))]
    held = vectors_of(words, np.ones((3002, 3)), [9000, 5000, *range(3000, 0, -1)])
    assert 0.001 * held.counts_.sum() > 3000
    assert show(held, n_words=3).words == ["w0", "w1", "w2"]


def test_very_common_ones_where_others_are_too_few():
    held = vectors_of(["of", "rare", "the", "some"], np.eye(4), [3000, 1, 7000, 10])
    assert show(held, n_words=3).words == ["some", "rare", "the"]
    assert show(held).words == ["some", "rare", "the", "of"]


def test_the_first_ones_where_counts_are_unknown():
    held = vectors_of(["c", "a", "b"], np.eye(3))
    held.vocabulary_ = {"b": 2, "a": 1, "c": 0}  # in another order than the rows
    assert show(held, n_words=2).words == ["c", "a"]


def test_of_an_estimator(learned):
    display = show(learned)
    assert set(display.words) == set(learned.vocabulary_)
    assert labels_of(display) == display.words


# Groups ------------------------------------------------------------------------------------------


def test_groups_have_their_colours_and_a_legend(learned):
    groups = {"home": ["cat", "dog"], "meadow": ("cow", "horse"), "one": "eat"}
    display = show(learned, groups=groups)
    assert display.words == ["cat", "dog", "cow", "horse", "eat"]
    colours = [tuple(colour) for colour in display.points_.get_facecolors()]
    assert colours[0] == colours[1] != colours[2] == colours[3] != colours[4]
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["home", "meadow", "one"]
    shown = [tuple(handle.get_facecolor()[0]) for handle in legend.legend_handles]
    assert shown == [colours[0], colours[2], colours[4]]
    texts = [text.get_color() for text in display.texts_]
    assert texts[0] == texts[1] != texts[2] == texts[3] != texts[4]


def test_groups_and_other_words(learned):
    display = show(learned, ["play", "cat"], groups={"home": ["cat", "dog"]})
    assert display.words == ["play", "cat", "dog"]
    grey, *others = display.points_.get_facecolors()
    assert grey[0] == grey[1] == grey[2]
    np.testing.assert_array_equal(*others)


@pytest.mark.parametrize("n", [1, 10, 11, 30])
def test_as_many_hues_as_groups(n):
    held = blobs(30)
    groups = {f"${i}$": [word] for i, word in enumerate(list(held.vocabulary_)[:n])}
    display = show(held, groups=groups)
    assert len(np.unique(display.points_.get_facecolors(), axis=0)) == n
    assert display.ax_.get_legend().get_texts()[0].get_text() == "$0$"


def test_without_groups_there_is_no_legend(learned):
    assert show(learned).ax_.get_legend() is None


# Where they lie ----------------------------------------------------------------------------------


def test_pca_by_hand():
    vectors = [[2, 0, 0], [0, 3, 0], [-4, 0, 0], [0, -1, 0]]  # their lengths do not count
    display = show(vectors_of("abcd", vectors))
    distances = np.linalg.norm(display.positions[:, None] - display.positions, axis=2)
    np.testing.assert_allclose(distances[0], [0, np.sqrt(2), 2, np.sqrt(2)], atol=1e-12)
    assert sum(display.shares) == pytest.approx(1)
    assert display.ax_.get_xlabel() == "component 1 (50%)"
    assert display.ax_.get_ylabel() == "component 2 (50%)"


def test_pca_says_how_much_it_shows():
    held = blobs()
    first, second = show(held).shares
    units = held.vectors_ / np.linalg.norm(held.vectors_, axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(np.cov(units.T))[::-1]
    np.testing.assert_allclose([first, second], variances[:2] / variances.sum(), rtol=1e-5)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_same_each_time(method):
    held = blobs()
    positions = show(held, method=method).positions
    np.testing.assert_array_equal(show(held, method=method).positions, positions)
    held.vectors_ = 5 * held.vectors_
    if method == "pca":
        np.testing.assert_allclose(show(held, method=method).positions, positions, atol=1e-6)


@pytest.mark.parametrize("random_state", [None, 0])
def test_tsne_keeps_neighbours(random_state):
    held = blobs()
    display = show(held, method="tsne", random_state=random_state)
    assert display.shares is None
    assert display.ax_.get_xlabel() == ""
    assert trustworthiness(held.vectors_, display.positions, n_neighbors=5) > 0.9
    distances = np.linalg.norm(display.positions[:, None] - display.positions, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = [display.words[i][0] for i in distances.argmin(axis=1)]
    assert nearest == [word[0] for word in display.words]


def test_tsne_from_random_places():
    held = blobs()
    seeded = [show(held, method="tsne", random_state=seed).positions for seed in (0, 0, 1)]
    np.testing.assert_array_equal(seeded[0], seeded[1])
    assert not np.allclose(seeded[0], seeded[2])


def test_global_random_state_is_left_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    show(blobs(), method="tsne")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("n_dimensions", [1, 2, 5])
def test_few_words_of_few_dimensions(method, n, n_dimensions):
    vectors = np.random.default_rng(0).normal(size=(n, n_dimensions))
    display = show(vectors_of("abcdefgh"[:n], vectors), method=method)
    assert display.positions.shape == (n, 2)
    assert np.isfinite(display.positions).all()
    assert labels_of(display) == list("abcdefgh"[:n])


def test_one_word_and_two():
    held = vectors_of("ab", [[0, 2.0], [3, 0]])
    np.testing.assert_array_equal(show(held, "a").positions, [[0, 0]])
    positions = show(held).positions
    np.testing.assert_allclose(np.abs(positions), [[np.sqrt(0.5), 0]] * 2, atol=1e-12)
    assert positions[0, 0] == pytest.approx(-positions[1, 0])


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("vectors", ["zeros", "one of zeros", "equal"])
def test_vectors_that_point_nowhere_or_all_the_same_way(method, vectors):
    held = blobs(12)
    if vectors == "one of zeros":
        held.vectors_[3] = 0
    else:
        held.vectors_[:] = vectors == "equal"
    display = show(held, method=method)
    assert np.isfinite(display.positions).all()
    if vectors != "one of zeros":
        np.testing.assert_array_equal(display.positions, np.zeros((12, 2)))
        assert len(display.texts_) == 12, "round about the one place"


# Where the vectors are ---------------------------------------------------------------------------


def held_by(make):
    """Fit what `make` makes of a Word2VecTransformer."""
    return make(Word2VecTransformer(**SMALL))


def as_column(texts):
    import pandas as pd

    return pd.DataFrame({"text": texts})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: make_pipeline(w, LogisticRegression()).fit(TEXTS, LABELS),
        lambda w: make_pipeline(make_union(w, TfidfVectorizer()), LogisticRegression()).fit(
            TEXTS, LABELS
        ),
        lambda w: make_column_transformer((w, "text")).fit(as_column(TEXTS)),
        lambda w: FrozenEstimator(w.fit(TEXTS)),
        lambda w: make_pipeline(FrozenEstimator(w.fit(TEXTS)), LogisticRegression()).fit(
            TEXTS, LABELS
        ),
        lambda w: GridSearchCV(
            make_pipeline(w, LogisticRegression()), {"logisticregression__C": [1.0]}, cv=2
        ).fit(TEXTS, LABELS),
        lambda w: CalibratedClassifierCV(
            make_pipeline(w, LogisticRegression()), ensemble=False, cv=2
        ).fit(TEXTS, LABELS),
    ],
    ids=["pipeline", "union", "columns", "frozen", "frozen step", "search", "calibrated"],
)
def test_through_what_holds_one(learned, wrap):
    display = show(held_by(wrap), ["cat", "dog", "cow"])
    np.testing.assert_allclose(
        display.positions, show(learned, ["cat", "dog", "cow"]).positions, atol=1e-5
    )


def test_several_are_refused(learned):
    union = make_union(Word2VecTransformer(**SMALL), Word2VecTransformer(**SMALL)).fit(TEXTS)
    with pytest.raises(TypeError, match=r"of one estimator, got 2 in FeatureUnion\. Pass one"):
        show(union)


@pytest.mark.parametrize(
    "unfitted",
    [
        Word2VecTransformer(),
        make_pipeline(Word2VecTransformer(), LogisticRegression()),
        GridSearchCV(Word2VecTransformer(), {}),
        GridSearchCV(make_pipeline(Word2VecTransformer()), {}),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_not_fitted(unfitted):
    name = type(unfitted).__name__
    with pytest.raises(NotFittedError, match=f"This {name} is not fitted.* Call fit first"):
        show(unfitted)


def test_others_are_refused():
    message = r"needs a Word2VecTransformer, or .*\(with refit\)\. Got "
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    with pytest.raises(TypeError, match=message + "Pipeline"):
        show(pipeline)
    with pytest.raises(TypeError, match=message + "NoneType"):
        show(None)
    search = GridSearchCV(
        make_pipeline(Word2VecTransformer(**SMALL), LogisticRegression()),
        {"logisticregression__C": [1.0]},
        cv=2,
        refit=False,
    )
    with pytest.raises(TypeError, match=message + "GridSearchCV"):
        show(search.fit(TEXTS, LABELS))


# What it is asked --------------------------------------------------------------------------------


def test_unknown_words(learned):
    with pytest.raises(KeyError, match=r"got 'Dgo'\. No known word is similar"):
        show(learned, ["cat", "Dgo"])
    with pytest.raises(KeyError, match=r"got 'hrse'\. Did you mean 'horse'"):
        show(learned, groups={"meadow": ["cow", "hrse"]})
    with pytest.raises(ValueError, match="A word must be a str, got int"):
        show(learned, [3])


def test_words_in_another_case(learned):
    asked, known = (show(learned, ["cat", word]).positions for word in ("Dog", "dog"))
    np.testing.assert_array_equal(asked, known)


@pytest.mark.parametrize("asked", [{"words": []}, {"groups": {}}, {"groups": {"none": []}}])
def test_no_words(learned, asked):
    with pytest.raises(ValueError, match=r"words must hold one word at least, got none\. Pass"):
        show(learned, **asked)


def test_a_word_in_two_groups(learned):
    message = "A word must be in one group only.* got 'cat' in 'home' and 'meadow'"
    with pytest.raises(ValueError, match=message):
        show(learned, groups={"home": ["cat", "dog"], "meadow": ["cow", "cat"]})
    assert show(learned, groups={"home": ["cat", "cat"]}).words == ["cat"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "umap"}, r"method must be one of \('pca', 'tsne'\), got 'umap'\. Choose one"),
        ({"n_words": 0}, "n_words must be an int of at least 1, got 0"),
        ({"n_words": 2.5}, r"n_words must be an int of at least 1, got 2\.5"),
    ],
)
def test_what_is_not_there_is_refused(learned, params, message):
    with pytest.raises(ValueError, match=message):
        show(learned, **params)
    assert not plt.get_fignums(), "no empty figure is left behind"


def test_on_axes_of_the_user(learned):
    _, (left, right) = plt.subplots(1, 2)
    display = show(learned, ax=right, fontsize=7)
    assert display.ax_ is right
    assert display.figure_ is right.figure
    assert {text.get_fontsize() for text in display.texts_} == {7}
    assert display.plot(left).ax_ is left
    assert len(left.texts) >= len(display.words)


def test_positions_of_the_user():
    display = EmbeddingDisplay(positions=np.eye(2), words=["x", "y"]).plot()
    np.testing.assert_array_equal(display.points_.get_offsets(), np.eye(2))
    assert display.ax_.get_xlabel() == ""


def test_missing_matplotlib(learned, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match="EmbeddingDisplay needs matplotlib"):
        EmbeddingDisplay.from_estimator(learned)
