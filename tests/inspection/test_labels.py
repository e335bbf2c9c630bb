"""Labels: places that cover nothing, by hand and on axes."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

from skdl.inspection._labels import draw_labels, letters, place


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def boxes_of(dots, sizes, offsets):
    return np.hstack([dots + offsets - sizes / 2, dots + offsets + sizes / 2])


def n_overlaps(boxes, others):
    over = (boxes[:, None, :2] < others[:, 2:]) & (boxes[:, None, 2:] > others[:, :2])
    return int(over.all(axis=2).sum())


# Places ------------------------------------------------------------------------------------------


def test_the_nearest_places_in_order():
    dots = np.full((5, 2), 100.0)
    sizes = np.tile([20.0, 4.0], (5, 1))
    offsets = place(dots, sizes, (0, 0, 200, 200))
    beside, above = 10 + 3.5, 2 + 3.5  # half the label and the gap
    expected = [[beside, 0], [-beside, 0], [0, above], [0, -above]]
    np.testing.assert_allclose(offsets[:4], expected, atol=1e-9)
    assert np.linalg.norm(offsets[4]) > beside, "then farther away"


def test_labels_stay_within_the_area():
    dots = np.array([[95.0, 50.0], [50.0, 97.0]])
    offsets = place(dots, np.full((2, 2), 10.0), (0, 0, 100, 100))
    np.testing.assert_allclose(offsets[0], [-8.5, 0])
    boxes = boxes_of(dots, 10.0, offsets)
    assert boxes.min() >= 0
    assert boxes.max() <= 100


def test_other_dots_stay_free():
    dots = np.array([[50.0, 50.0], [60.0, 50.0]])  # the second lies where the first would write
    offsets = place(dots, np.full((2, 2), 10.0), (0, 0, 100, 100))
    np.testing.assert_allclose(offsets, [[-8.5, 0], [8.5, 0]])


def test_no_room():
    offsets = place(np.full((2, 2), 5.0), np.full((2, 2), 20.0), (0, 0, 10, 10))
    assert np.isnan(offsets).all()
    assert place(np.zeros((0, 2)), np.zeros((0, 2)), (0, 0, 1, 1)).shape == (0, 2)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_covered(seed):
    rng = np.random.default_rng(seed)
    dots = rng.normal(250, 60, size=(80, 2))
    sizes = np.column_stack([rng.uniform(10, 60, 80), np.full(80, 10.0)])
    offsets = place(dots, sizes, (0, 0, 500, 500))
    placed = ~np.isnan(offsets).any(axis=1)
    assert placed.sum() > 60
    boxes = boxes_of(dots, sizes, offsets)[placed]
    assert n_overlaps(boxes, boxes) == len(boxes), "each with itself only"
    assert n_overlaps(boxes, np.hstack([dots - 2, dots + 2])) == 0
    np.testing.assert_array_equal(place(dots, sizes, (0, 0, 500, 500)), offsets)


# On axes -----------------------------------------------------------------------------------------


def draw(words, positions, figsize=(6, 6), fontsize=9):
    _, ax = plt.subplots(figsize=figsize)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    texts = draw_labels(ax, words, np.asarray(positions), ["C0"] * len(words), fontsize)
    ax.figure.canvas.draw()
    return ax, texts


def test_labels_are_where_they_were_placed():
    positions = np.random.default_rng(0).uniform(0.1, 0.9, size=(30, 2))
    ax, texts = draw([f"word{i}" for i in range(30)], positions)
    assert len(texts) == 30
    assert {text.get_fontsize() for text in texts} == {9}
    boxes = np.array([text.get_window_extent().extents for text in texts])
    assert n_overlaps(boxes, boxes) == 30
    assert n_overlaps(boxes, np.tile(ax.transData.transform(positions), 2)) == 0
    area = ax.get_window_extent()
    assert boxes[:, :2].min() >= min(area.x0, area.y0)
    assert boxes[:, 2:].max() <= max(area.x1, area.y1)


def test_letters_shrink_where_there_is_little_room():
    positions = np.random.default_rng(0).uniform(0.3, 0.7, size=(40, 2))
    _, texts = draw([f"word{i}" for i in range(40)], positions, figsize=(4.5, 4.5))
    assert len(texts) == 40
    assert 5 <= texts[0].get_fontsize() < 9


def test_labels_without_a_place_are_left_out():
    ax, texts = draw(["a" * 20] * 60, [[0.5, 0.5]] * 60, figsize=(2, 2))
    assert 0 < len(texts) < 60
    assert {text.get_fontsize() for text in texts} == {5}
    assert sum(bool(text.get_text()) for text in ax.texts) == len(texts), "the others are removed"


def test_lines_lead_to_labels_far_away():
    ax, _ = draw(["alone"], [[0.5, 0.5]])
    assert len(ax.texts) == 1
    ax, texts = draw(list("abcdefghijklmnop"), [[0.5, 0.5]] * 16)
    lines = [text for text in ax.texts if not text.get_text()]
    assert 0 < len(lines) < len(texts) == 16
    assert all(line.arrow_patch is not None for line in lines)


@pytest.mark.parametrize(
    "word", ["$x$", "$", "שלום", "مرحبا", "电影", "\ud800", "a\nb", "", " ", "😀"]
)
def test_words_of_any_kind(word):
    _, (text,) = draw([word], [[0.5, 0.5]])
    assert text.get_window_extent().width > 0
    assert "parse_math" in letters(word)


def test_long_words_are_cut():
    _, (text, other) = draw(["a" * 100, "b" * 24], [[0.5, 0.3], [0.5, 0.6]])
    assert text.get_text() == "a" * 23 + "…"
    assert other.get_text() == "b" * 24
