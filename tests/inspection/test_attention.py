"""AttentionDisplay: weights computed by hand, texts of any kind, what it is asked."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import make_sequences
from skdl.estimators import LinearSVC, TransformerClassifier
from skdl.inspection import AttentionDisplay

mpl.use("Agg")
from matplotlib import pyplot as plt

SMALL = {
    "d_model": 8, "n_heads": 2, "n_layers": 2, "max_epochs": 2, "device": "cpu", "random_state": 0,
}  # fmt: skip
TEXTS = ["what a good day it was", "a bad day , so bad", "good !", "so bad and so sad"] * 6
LABELS = np.array(["yes", "no"] * 12)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def classifier():
    return TransformerClassifier(**SMALL).fit(TEXTS, LABELS)


def lower(texts):
    return [text.lower() for text in texts]


def show(*args, **kwargs):
    """Make a display, and draw it as a file is: what warns does so here."""
    display = AttentionDisplay.from_estimator(*args, **kwargs)
    display.figure_.canvas.draw()
    return display


def words_of(display):
    return [text.get_text() for text in display.ax_.texts]


# The weights -------------------------------------------------------------------------------------

TWO_LAYERS = np.array(  # (2, 1, 2, 2)
    [[[[1.0, 0.0], [0.5, 0.5]]], [[[0.0, 1.0], [0.2, 0.8]]]]
)


def test_rollout_by_hand():
    display = AttentionDisplay(attention=TWO_LAYERS, tokens=["a", "b"]).plot()
    first = np.array([[1, 0], [0.25, 0.75]])  # half attention, half identity
    second = np.array([[0.5, 0.5], [0.1, 0.9]])
    gathered = second @ first
    np.testing.assert_allclose(display.weights_, gathered.mean(0) * 2)
    pooled = AttentionDisplay(attention=TWO_LAYERS, tokens=["a", "b"], pooled_first=True).plot()
    np.testing.assert_allclose(pooled.weights_, gathered[0] * 2)


def test_received_and_map_by_hand():
    attention = np.concatenate([TWO_LAYERS, TWO_LAYERS[::-1]], axis=1)  # (2, 2, 2, 2)
    display = AttentionDisplay(attention=attention, tokens=["a", "b"])
    np.testing.assert_allclose(display.plot(kind="received", head=0).weights_, [0.2, 1.8])
    np.testing.assert_allclose(display.plot(kind="received", head=1, layer=0).weights_, [0.2, 1.8])
    mean = [[0.5, 0.5], [0.35, 0.65]]
    np.testing.assert_allclose(display.plot(kind="received").weights_, np.mean(mean, axis=0) * 2)
    np.testing.assert_allclose(display.plot(kind="map").weights_, mean)
    np.testing.assert_allclose(
        display.plot(kind="map", layer=0, head=-2).weights_, TWO_LAYERS[0, 0]
    )


@pytest.mark.parametrize("pooling", ["mean", "cls", "attention", "max"])
def test_of_an_estimator(pooling):
    fitted = TransformerClassifier(**SMALL, pooling=pooling).fit(TEXTS, LABELS)
    (attention,) = fitted.attention_maps(TEXTS[:1])
    n_tokens = len(fitted.tokenize(TEXTS[:1])[0])
    assert attention.shape == (2, 2, n_tokens, n_tokens)
    display = show(fitted, TEXTS[0])
    assert display.weights_.shape == (n_tokens,)
    assert display.weights_.mean() == pytest.approx(1, abs=1e-5)
    assert display.pooled_first == (pooling == "cls")
    for layer, head in [(0, 1), (-1, None)]:
        shares = show(fitted, TEXTS[:1], kind="map", layer=layer, head=head).weights_
        expected = attention[layer].mean(0) if head is None else attention[layer, head]
        np.testing.assert_allclose(shares, expected, rtol=1e-5)


def test_leaves_the_estimator_alone(classifier):
    before = classifier.predict_proba(TEXTS)
    was_training = classifier.module_.training
    show(classifier, TEXTS[0])
    np.testing.assert_array_equal(classifier.predict_proba(TEXTS), before)
    assert classifier.module_.training == was_training


# The picture -------------------------------------------------------------------------------------


def test_words_over_their_shades(classifier):
    display = show(classifier, "what a good day it was")
    assert words_of(display) == classifier.tokenize(["what a good day it was"])[0]
    colours = [box.get_facecolor() for box in display.ax_.patches]
    darkest = np.argmin([sum(colour[:3]) for colour in colours])
    assert display.weights_[darkest] > display.weights_.max() - 0.01  # shades come in steps
    label, share = display.ax_.get_title().split(" ")
    assert label == classifier.predict(["what a good day it was"])[0]
    best = classifier.predict_proba(["what a good day it was"]).max()
    assert share == f"({best:.0%})"


def test_what_hardly_differs_looks_alike():
    even = np.full((1, 1, 4, 4), 0.25) + np.array([1e-4, -1e-4, 0, 0])
    display = AttentionDisplay(attention=even, tokens=list("abcd")).plot()
    colours = np.array([box.get_facecolor() for box in display.ax_.patches])
    assert np.ptp(colours, axis=0).max() < 0.02


@pytest.mark.parametrize("axes", ["own", "given"])
def test_long_texts_stay_within_the_axes(classifier, axes):
    text = " ".join(TEXTS * 4)
    ax = plt.subplots(figsize=(4, 3))[1] if axes == "given" else None
    display = show(classifier, text, ax=ax)
    n_tokens = len(classifier.tokenize([text])[0])
    assert n_tokens > 200
    assert len(display.ax_.texts) == n_tokens
    area = display.ax_.get_window_extent()
    for word in display.ax_.texts:
        box = word.get_window_extent()
        assert area.x0 - 3 <= box.x0 <= box.x1 <= area.x1 + 3
        assert area.y0 - 3 <= box.y0 <= box.y1 <= area.y1 + 3
    lines = {round(word.get_position()[1], 3) for word in display.ax_.texts}
    assert len(lines) > 5


def test_long_texts_label_some_places_of_the_map(classifier):
    display = show(classifier, " ".join(TEXTS * 4), kind="map")
    assert len(display.weights_) > 200
    assert 20 <= len(display.ax_.get_xticks()) <= 40
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    tokens = display.tokens
    assert labels == [tokens[place] for place in display.ax_.get_yticks()]


@pytest.fixture(scope="module", params=["word", "char", "bpe"])
def reader(request):
    """A classifier that knows letters of several scripts."""
    texts = [*TEXTS, *["天氣很好 😀 שלום $5$ \\frac{a}{b} \n\t", "壞天氣 x" + "x" * 80] * 6]
    params = {**SMALL, "max_epochs": 1, "tokenizer": request.param}
    return TransformerClassifier(**params).fit(texts, ["yes", "no"] * 18)


@pytest.mark.parametrize("kind", ["rollout", "received", "map"])
@pytest.mark.parametrize(
    "text", ["", " ", "good", "天氣很好", "😀 good 😀", "שלום good", "$5$ \\frac{a}{b}", "x" * 500]
)
def test_texts_of_any_kind(reader, kind, text):
    show(reader, text, kind=kind)


def test_a_text_without_tokens():
    display = AttentionDisplay(attention=np.ones((1, 1, 1, 1)), tokens=[])
    assert words_of(display.plot()) == ["no tokens"]
    display.plot(kind="map").figure_.canvas.draw()
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == [""]


def test_long_words_are_cut():
    tokens = ["a" * 100, "b"]
    display = AttentionDisplay(attention=TWO_LAYERS, tokens=tokens).plot()
    assert words_of(display) == ["a" * 39 + "…", "b"]
    display.plot(kind="map")
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["a" * 15 + "…", "b"]


def test_labels_that_look_like_formulas():
    display = AttentionDisplay(attention=TWO_LAYERS, tokens=["$a$", "$"], title="$\\x$ (5%)").plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_title() == "$\\x$ (5%)"


# Numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("n_steps", [10, 130, 200])
def test_numeric_sequences(pooling, n_steps):
    X, y = make_sequences(24, n_steps=n_steps, random_state=0)
    fitted = TransformerClassifier(**SMALL, pooling=pooling).fit(X, y > np.median(y))
    display = show(fitted, X[:1])
    n_patches = -(-n_steps // fitted.patch_size_)
    bars = display.ax_.patches
    assert len(bars) == n_patches == len(display.weights_) - (pooling == "cls")
    assert bars[0].get_x() == -0.5, "where the patch begins before the series too"
    ends = [bar.get_x() + bar.get_width() + 0.5 for bar in bars]
    assert ends == [n_steps - i * fitted.patch_size_ for i in range(n_patches)][::-1]
    assert [bar.get_y() for bar in bars] == [1] * n_patches, "bars rise from the average"
    heights = [bar.get_height() + 1 for bar in bars]
    np.testing.assert_allclose(heights, display.weights_[-n_patches:])
    display = show(fitted, X[:1], kind="map")
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert len(labels) <= 16
    assert labels[0] == ("[CLS]" if pooling == "cls" else "0")


@pytest.mark.parametrize("fitted_with", ["mean", "cls"])
def test_what_is_pooled_is_what_was_fitted(fitted_with):
    fitted = TransformerClassifier(**SMALL, pooling=fitted_with).fit(TEXTS, LABELS)
    before = show(fitted, TEXTS[:1]).weights_
    fitted.set_params(pooling="cls" if fitted_with == "mean" else "mean")
    np.testing.assert_array_equal(show(fitted, TEXTS[:1]).weights_, before)


def test_sequences_of_unequal_length():
    X = [np.random.default_rng(i).normal(size=(5 + i, 2)) for i in range(20)]
    fitted = TransformerClassifier(**SMALL).fit(X, [0, 1] * 10)
    assert len(show(fitted, X[3:4]).weights_) == 8 // fitted.patch_size_


# What it is asked --------------------------------------------------------------------------------


def test_through_pipelines_searches_and_other_wrappers(classifier):
    pipeline = make_pipeline(FunctionTransformer(lower), TransformerClassifier(**SMALL))
    text = "WHAT a good day"
    for wrapped in (
        pipeline.fit(TEXTS, LABELS),
        GridSearchCV(pipeline, {"transformerclassifier__lr": [3e-3]}, cv=2).fit(TEXTS, LABELS),
        FrozenEstimator(pipeline),
        FixedThresholdClassifier(TransformerClassifier(**SMALL)).fit(TEXTS, LABELS),
    ):
        display = show(wrapped, text)
        assert display.tokens == classifier.tokenize(["what a good day"])[0]


def test_kinds_of_rows(classifier):
    expected = show(classifier, TEXTS[0]).weights_
    for X in (TEXTS[:1], np.array(TEXTS[:1]), np.array(TEXTS[:1], dtype=object)):
        np.testing.assert_array_equal(show(classifier, X).weights_, expected)


@pytest.mark.parametrize("n", [0, 2])
def test_other_numbers_of_rows_are_refused(classifier, n):
    with pytest.raises(ValueError, match=rf"draws one row, got {n}\. Pass one"):
        AttentionDisplay.from_estimator(classifier, TEXTS[:n])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "heat"}, r"kind must be one of .*, got 'heat'"),
        ({"kind": "map", "layer": 2}, r"layer must be a whole number from -2 to 1, got 2"),
        ({"kind": "map", "layer": -3}, r"layer must be a whole number from -2 to 1, got -3"),
        ({"kind": "received", "head": 2}, r"head must be a whole number from -2 to 1, got 2"),
        ({"kind": "received", "head": 0.5}, r"head must be a whole number from -2 to 1, got 0.5"),
        ({"head": 0}, r'kind="rollout" combines all layers and heads'),
        ({"layer": 0}, r'kind="rollout" combines all layers and heads'),
    ],
)
def test_what_is_not_there_is_refused(classifier, params, message):
    with pytest.raises(ValueError, match=message):
        AttentionDisplay.from_estimator(classifier, TEXTS[:1], **params)


def test_not_fitted():
    for unfitted in (
        TransformerClassifier(),
        make_pipeline(FunctionTransformer(), TransformerClassifier()),
        GridSearchCV(TransformerClassifier(), {}),
    ):
        with pytest.raises(NotFittedError):
            AttentionDisplay.from_estimator(unfitted, TEXTS[:1])


def test_other_estimators_are_refused():
    model = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(TEXTS, LABELS)
    with pytest.raises(TypeError, match=r"attention_maps, such as Transf.*Got LinearSVC in Pipe"):
        AttentionDisplay.from_estimator(model, TEXTS[:1])
    with pytest.raises(TypeError, match="Got NoneType"):
        AttentionDisplay.from_estimator(None, TEXTS[:1])


class OtherClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of another kind that offers what the display asks for."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.tile([0.25, 0.75], (len(X), 1))

    def attention_maps(self, X):
        return [TWO_LAYERS for _ in X]


class OtherReader(OtherClassifier):
    """One whose positions are words."""

    def _attention_positions(self, X):
        return {"tokens": X[0].split()}


def test_another_classifier_that_offers_it():
    display = show(OtherClassifier().fit(None, LABELS), np.zeros((1, 2)), kind="map")
    np.testing.assert_array_equal(display.weights_, TWO_LAYERS[-1, 0])
    assert display.title == "yes (75%)"
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["0", "1"]
    reader = make_pipeline(FunctionTransformer(lower), OtherReader()).fit(TEXTS, LABELS)
    assert words_of(show(reader, ["Good DAY"])) == ["good", "day"]


def test_on_axes_of_the_user_with_colours_of_the_user(classifier):
    _, ax = plt.subplots()
    display = show(classifier, TEXTS[0], ax=ax, cmap="Blues")
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    _, ax = plt.subplots()
    assert show(classifier, TEXTS[0], ax=ax, kind="map", cmap="magma").ax_ is ax
    assert ax.get_images()[0].get_cmap().name == "magma"


def test_missing_matplotlib(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match="AttentionDisplay needs matplotlib"):
        AttentionDisplay.from_estimator(classifier, TEXTS[:1])
