"""Placement of labels beside dots without overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._letters import drawable, fonts_for

_MAX_CHARACTERS = 24  # of a label
_MIN_FONT_SIZE = 5.0  # points
_GAP, _RING, _RINGS = 3.5, 9.0, 7  # points: smallest distance of a label, steps to larger ones
_DOT, _MARGIN = 2.0, 1.0  # points: radius of a dot, free space around a label

# Directions from a dot to its label, the preferred ones first.
_ANGLES = np.deg2rad([0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 67, 293, 113, 247])


def draw_labels(
    ax: Any, words: Sequence[str], positions: NDArray[Any], colours: Sequence[Any], fontsize: float
) -> list[Any]:
    """Draw words beside their dots, in a smaller font than asked for where there is little room.

    Limits and size of the axes must be final.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes drawn on.
    words : sequence of n str
        The labels, the most important first: they are placed in this order.
    positions : ndarray of shape (n, 2)
        The dots, in data coordinates.
    colours : sequence of n matplotlib colours
        Colours of the dots; the words are darker.
    fontsize : float
        Largest font size, in points.

    Returns
    -------
    texts : list of matplotlib Annotations
        The labels drawn; those for which there is no room at 5 points are left out.

    Examples
    --------
    >>> import matplotlib, numpy as np
    >>> matplotlib.use("Agg")
    >>> from matplotlib import pyplot
    >>> from skdl.inspection._labels import draw_labels
    >>> _, ax = pyplot.subplots()
    >>> texts = draw_labels(ax, ["near", "by"], np.array([[0.5, 0.5], [0.51, 0.5]]), "kk", 9)
    >>> [text.get_text() for text in texts]
    ['near', 'by']
    """
    last = _MAX_CHARACTERS - 1
    shown = [word if len(word) <= _MAX_CHARACTERS else f"{word[:last]}…" for word in words]
    texts = [
        ax.annotate(
            drawable(word), position, xytext=(0, 0), textcoords="offset points", ha="center",
            va="center", color=_darker(colour), fontsize=fontsize, zorder=4, **letters(word),
        )
        for word, position, colour in zip(shown, positions, colours, strict=True)
    ]  # fmt: skip
    placed = []
    offsets, sizes = _fit(ax, texts, positions, fontsize)
    for text, offset, size in zip(texts, offsets, sizes, strict=True):
        if np.isnan(offset).any():
            text.remove()
        else:
            text.xyann = tuple(offset)
            _draw_line(ax, text.xy, offset, size)
            placed.append(text)
    return placed


def letters(text: str) -> dict[str, Any]:
    """Properties of a matplotlib Text that draw a word literally, in any script."""
    return {"fontfamily": ["sans-serif", *fonts_for(text)], "parse_math": False}


def place(dots: NDArray[Any], sizes: NDArray[Any], area: Sequence[float]) -> NDArray[Any]:
    """Place labels one by one: the nearest position that covers no dot and no earlier label.

    Parameters
    ----------
    dots : ndarray of shape (n, 2)
        Centres of the dots, in points.
    sizes : ndarray of shape (n, 2)
        Widths and heights of the labels.
    area : sequence of 4 float
        Bounds of the labels: left, bottom, right, top.

    Returns
    -------
    offsets : ndarray of shape (n, 2)
        From each dot to the centre of its label; NaN where there is no room.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.inspection._labels import place
    >>> place(np.array([[50.0, 50.0], [50.0, 50.0]]), np.full((2, 2), 10.0), (0, 0, 100, 100))
    array([[ 8.5,  0. ],
           [-8.5,  0. ]])
    """
    directions = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1).round(12)
    gaps = _GAP + _RING * np.arange(_RINGS)
    taken = np.concatenate([dots - _DOT, dots + _DOT], axis=1)
    offsets = np.full(dots.shape, np.nan)
    for row, (dot, size) in enumerate(zip(dots, sizes, strict=True)):
        tried = ((gaps[:, None, None] + size / 2) * directions).reshape(-1, 2)
        low, high = dot + tried - size / 2, dot + tried + size / 2
        inside = (low >= area[:2]).all(axis=1) & (high <= area[2:]).all(axis=1)
        reach = gaps[-1] + size + _MARGIN
        near = (taken[:, 2:] > dot - reach).all(axis=1) & (taken[:, :2] < dot + reach).all(axis=1)
        lows, highs = taken[near, :2] - _MARGIN, taken[near, 2:] + _MARGIN
        over = (low[:, None] < highs) & (high[:, None] > lows)
        free = np.flatnonzero(inside & ~over.all(axis=2).any(axis=1))
        if len(free):
            offsets[row] = tried[free[0]]
            taken = np.vstack([taken, [*low[free[0]], *high[free[0]]]])
    return offsets


def _fit(
    ax: Any, texts: list[Any], positions: NDArray[Any], fontsize: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Set the largest font size at which all have room; return offsets and sizes in points."""
    scale = ax.figure.dpi / 72  # pixels per point
    dots = ax.transData.transform(positions) / scale
    area = np.array(ax.get_window_extent().extents) / scale
    boxes = [text.get_window_extent() for text in texts]
    largest = np.array([(box.width, box.height) for box in boxes]) / scale
    size = fontsize
    while True:
        sizes = largest * size / fontsize  # measuring each size would take far longer
        offsets = place(dots, sizes, area.tolist())
        if not np.isnan(offsets).any() or size <= _MIN_FONT_SIZE:
            break
        size = max(size - 1, _MIN_FONT_SIZE)
    for text in texts:
        text.set_fontsize(size)
    return offsets, sizes


def _draw_line(ax: Any, dot: Any, offset: NDArray[Any], size: NDArray[Any]) -> None:
    """Draw a line from a dot to its label where that is far away."""
    edge = np.sign(offset) * np.maximum(np.abs(offset) - size / 2, 0)
    if np.hypot(*edge) > _GAP + _RING / 2:
        style = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(
            "", dot, xytext=tuple(edge), textcoords="offset points", arrowprops=style, zorder=2
        )


def _darker(colour: Any) -> tuple[float, ...]:
    """A darker shade of a colour, for contrast of thin letters."""
    from matplotlib.colors import to_rgb

    return tuple(0.75 * np.array(to_rgb(colour)))
