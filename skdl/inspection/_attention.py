"""Attention weights of a Transformer on a text or a sequence, as a plot."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ._letters import drawable, fonts_for, n_cells, wrap
from ._matplotlib import import_pyplot
from ._reach import reach_classifier

_KINDS = ("rollout", "received", "map")
_MAX_LABELS, _MAX_STEP_LABELS = 40, 16  # on an axis of the map: tokens, steps
_MAX_CHARACTERS, _MAX_LABEL_CHARACTERS = 40, 16  # of a token
_MIN_RANGE = 0.1  # of the colour scale of tokens
_WIDTH = 7.0  # inches of a new figure
_FONT_SIZE, _MIN_FONT_SIZE = 10.0, 4.0  # points
_CELL = 0.602  # width of a character of the monospaced font, in its size
_LINE = 1.7  # height of a line, in the size of the font


class AttentionDisplay:
    """Attention weights of a fitted Transformer for one text or sequence.

    A text is drawn as its tokens, coloured by the attention that they receive; a numeric sequence
    as bars over its steps; with ``kind="map"`` either one as the attention matrix, queries by
    keys. Make one with :meth:`from_estimator`.

    Parameters
    ----------
    attention : ndarray of shape (n_layers, n_heads, L, L)
        Attention weights of each position (row, the query) on all positions (columns, the keys).
        Rows sum to 1. A position is a token of a text, or a patch of a numeric sequence.
    tokens : list of L str, default=None
        The tokens of a text. None for a numeric sequence.
    patch_size : int, default=1
        Number of steps in a patch of a numeric sequence.
    n_steps : int, default=None
        Number of steps of the numeric sequence. The last patch ends with the sequence, so the first
        one may hold fewer steps than the others. By default all patches are full.
    pooled_first : bool, default=False
        Whether the state of the first position is classified (``pooling="cls"``), and not the mean
        over all positions. The first position is then no patch of a numeric sequence.
    title : str, default=""
        Title of the axes.

    Attributes
    ----------
    weights_ : ndarray of shape (L,) or (L, L)
        The values drawn. For "rollout" and "received": attention received, divided by its mean
        over the positions. For "map": attention weights, rows sum to 1.
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    GradCAMDisplay : Class activation maps of a convolutional network.

    Notes
    -----
    Attention weights show which positions a layer read, not whether they are evidence for the
    predicted class. The linear model beside the Transformer (``linear_model``) is not shown.

    Attention rollout multiplies over all layers the mean of the attention matrix (averaged over
    heads) and the identity, which stands for the residual connection. The result is averaged over
    all queries, or taken at the first position where that alone is pooled.

    Characters that no installed font has are drawn as "□". For Chinese, install a font such as
    Noto Sans CJK.

    References
    ----------
    S. Abnar and W. Zuidema, "Quantifying attention flow in transformers", ACL (2020).

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skdl.estimators import TransformerClassifier
    >>> from skdl.inspection import AttentionDisplay
    >>> texts = ["a good day", "a bad day", "so good", "so bad"] * 5
    >>> classifier = TransformerClassifier(d_model=16, max_epochs=5, random_state=0)
    >>> classifier = classifier.fit(texts, ["yes", "no"] * 10)
    >>> display = AttentionDisplay.from_estimator(classifier, "such a good day")
    >>> display.weights_.shape
    (4,)
    """

    weights_: NDArray[Any]
    ax_: Any
    figure_: Any

    def __init__(
        self,
        *,
        attention: NDArray[Any],
        tokens: list[str] | None = None,
        patch_size: int = 1,
        n_steps: int | None = None,
        pooled_first: bool = False,
        title: str = "",
    ) -> None:
        self.attention = attention
        self.tokens = tokens
        self.patch_size = patch_size
        self.n_steps = n_steps
        self.pooled_first = pooled_first
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        *,
        kind: str = "rollout",
        layer: int = -1,
        head: int | None = None,
        ax: Any = None,
        cmap: Any = None,
    ) -> AttentionDisplay:
        """Compute the attention weights of an estimator for one row, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted ``TransformerClassifier`` or another classifier with the method
            ``attention_maps``, or what holds one: a Pipeline with one at its end, a search with one
            as ``best_estimator_``, or another meta-estimator as ``estimator_``.
        X : str, array-like or list
            One text, or one row as `estimator` takes rows: ``[text]``, ``X[:1]``. In a Pipeline,
            the steps before the classifier transform it first.
        kind, layer, head, ax, cmap
            As in :meth:`plot`.

        Returns
        -------
        display : AttentionDisplay
            The display, plotted. The title is the class that the inner classifier predicts and its
            probability, without a calibration around it.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If there is no classifier with the method ``attention_maps`` in the estimator.
        ValueError
            If X is not one row; `kind`, `layer` or `head` does not exist; or a layer or head is
            given for "rollout".
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        X = [X] if isinstance(X, str) else X
        if len(X) != 1:
            raise ValueError(
                f"AttentionDisplay draws one row, got {len(X)}. Pass one of them, such as X[:1]."
            )
        classifier, X = reach_classifier(
            estimator, X, "attention_maps", "AttentionDisplay", "TransformerClassifier"
        )
        probabilities = classifier.predict_proba(X)[0]
        best = probabilities.argmax()
        positions: dict[str, Any] = {}  # they are steps where the classifier says no more
        if hasattr(classifier, "_attention_positions"):
            positions = classifier._attention_positions(X)
        display = cls(
            attention=classifier.attention_maps(X)[0],
            **positions,
            title=f"{classifier.classes_[best]} ({probabilities[best]:.0%})",
        )
        return display.plot(ax, kind=kind, layer=layer, head=head, cmap=cmap)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "rollout",
        layer: int = -1,
        head: int | None = None,
        cmap: Any = None,
    ) -> AttentionDisplay:
        """Draw the attention weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. By default those of a new figure, sized for the number of tokens.
        kind : {"rollout", "received", "map"}, default="rollout"
            - "rollout": attention that each position receives through all layers and heads
            - "received": attention that each position receives in one layer, averaged over queries
            - "map": the attention matrix of one layer, queries by keys
        layer : int, default=-1
            The layer of "received" and "map"; negative numbers count from the last.
        head : int, default=None
            The head of "received" and "map". By default the mean over all.
        cmap : str or matplotlib Colormap, default=None
            The colours, from low to high. By default "Oranges", and "viridis" for the map.

        Returns
        -------
        display : AttentionDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind`, `layer` or `head` does not exist, or a layer or head is given for "rollout".
        """
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {_KINDS}, got {kind!r}.")
        self.weights_ = self._weights_of(kind, layer, head)
        pyplot = import_pyplot(type(self).__name__)
        if kind == "map":
            draw = self._draw_map
        else:
            draw = self._draw_steps if self.tokens is None else self._draw_words
        if ax is None:
            _, ax = pyplot.subplots(figsize=self._figure_size(kind), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.set_title(
            drawable(self.title), fontsize="medium", fontfamily=fonts_for(self.title),
            parse_math=False,
        )  # fmt: skip
        draw(cmap)
        return self

    # Values -------------------------------------------------------------------------------------

    def _weights_of(self, kind: str, layer: int, head: int | None) -> NDArray[Any]:
        """Attention of queries on keys (L, L), or received by each position (L,), 1 on average."""
        n_layers, n_heads, n_positions, _ = self.attention.shape
        if kind == "rollout" and (layer != -1 or head is not None):
            raise ValueError(
                'kind="rollout" combines all layers and heads: layer and head are for "received" '
                'and "map".'
            )
        for name, got, n in (("layer", layer, n_layers), ("head", head, n_heads)):
            if got is not None and not (isinstance(got, Integral) and -n <= got < n):
                raise ValueError(f"{name} must be a whole number from {-n} to {n - 1}, got {got}.")
        if kind == "rollout":
            gathered = np.eye(n_positions)
            for of_layer in self.attention.mean(1, dtype=float):
                gathered = (of_layer @ gathered + gathered) / 2
            pooled = gathered[:1] if self.pooled_first else gathered
        else:
            of_heads = self.attention[layer].astype(float)
            pooled = of_heads.mean(0) if head is None else of_heads[head]
        return pooled if kind == "map" else pooled.mean(0) * n_positions

    def _labels(self) -> list[str]:
        """A name for each position of the map."""
        n_positions = self.attention.shape[-1]
        if self.tokens is not None:
            return _words(self.tokens, _MAX_LABEL_CHARACTERS) or [""] * n_positions
        before = ["[CLS]"] * int(self.pooled_first)
        return [*before, *(str(max(start, 0)) for start in self._starts())]

    def _starts(self) -> NDArray[Any]:
        """The step at which each patch of a numeric sequence begins; the first may be negative."""
        n_positions = self.attention.shape[-1] - int(self.pooled_first)
        index = np.arange(n_positions)
        if self.n_steps is None:
            return index * self.patch_size
        # Of rows of very many patches those in the middle are left out.
        n_patches = -(-self.n_steps // self.patch_size)
        index[n_positions // 2 :] += n_patches - n_positions
        return index * self.patch_size - (n_patches * self.patch_size - self.n_steps)

    # Drawing ------------------------------------------------------------------------------------

    def _figure_size(self, kind: str) -> tuple[float, float]:
        if kind == "map":
            side = float(np.clip(0.22 * self.attention.shape[-1], 3.5, 8.5))
            return side + 1.5, side
        if self.tokens is None:
            return _WIDTH, 2.5
        per_line = int(0.85 * _WIDTH * 72 / (_CELL * _FONT_SIZE))  # beside the colour bar
        n_lines = len(wrap(_words(self.tokens), per_line))
        return _WIDTH, max(1.1, 0.6 + n_lines * _LINE * _FONT_SIZE / 72)

    def _draw_map(self, cmap: Any) -> None:
        labels, ax = self._labels(), self.ax_
        image = ax.imshow(self.weights_, cmap=cmap or "viridis", vmin=0)
        self.figure_.colorbar(image, ax=ax, label="attention weight", shrink=0.8)
        max_labels = _MAX_STEP_LABELS if self.tokens is None else _MAX_LABELS
        places = np.arange(0, len(labels), -(-len(labels) // max_labels))
        style = {
            "fontsize": "small" if len(places) < 25 else "xx-small",
            "fontfamily": fonts_for("".join(labels)),
            "parse_math": False,
        }
        shown = [labels[place] for place in places]
        ax.set_xticks(places, shown, rotation=90, **style)
        ax.set_yticks(places, shown, **style)
        of = "token" if self.tokens is not None else "step"
        ax.set(xlabel=f"key ({of})", ylabel=f"query ({of})")

    def _draw_steps(self, cmap: Any) -> None:
        from matplotlib import colormaps

        weights, ax = self.weights_[int(self.pooled_first) :], self.ax_
        starts = self._starts()
        ends, starts = starts + self.patch_size, starts.clip(min=0)
        color = colormaps.get_cmap(cmap or "Oranges")(0.7)
        ax.bar(starts - 0.5, weights - 1, ends - starts, bottom=1, align="edge", color=color)
        ax.axhline(1, color="0.4", linewidth=1, linestyle="--")  # the mean
        ax.set(xlabel="step", ylabel="attention\n(1 = average)")
        ax.spines[["top", "right"]].set_visible(False)

    def _draw_words(self, cmap: Any) -> None:
        """The tokens line by line, in a monospaced font, each on a box of its colour."""
        from matplotlib import cm, colors
        from matplotlib.patches import Rectangle

        ax, words = self.ax_, _words(self.tokens or [])
        ax.set_axis_off()
        if not words:
            ax.text(0.5, 0.5, "no tokens", color="0.5", ha="center", va="center")
            ax.set(xlim=(0, 1), ylim=(0, 1))
            return
        low, high = self.weights_.min(), self.weights_.max()
        more = max(_MIN_RANGE - (high - low), 0) / 2  # small differences are not exaggerated
        shades = cm.ScalarMappable(colors.Normalize(low - more, high + more), cmap or "Oranges")
        bar = self.figure_.colorbar(shades, ax=ax, pad=0.02, fraction=0.05, aspect=12)
        bar.set_label("attention\n(1 = average)", fontsize="small")
        bar.ax.tick_params(labelsize="small")
        bar.ax.locator_params(nbins=4)
        size, per_line, lines, n_lines = self._fit_to_axes(words)
        fonts, colours = fonts_for("".join(words)), shades.to_rgba(self.weights_)
        for row, line in enumerate(lines):
            for place, start in line:
                width = n_cells(words[place])
                box = Rectangle((start, row + 0.1), width + 0.6, 0.8, color=colours[place])
                ax.add_patch(box)
                ax.text(
                    start + 0.3 + width / 2, row + 0.5, words[place], fontsize=size,
                    fontfamily=fonts, ha="center", va="center_baseline", parse_math=False,
                    color="white" if colours[place][:3] @ (0.3, 0.59, 0.11) < 0.5 else "black",
                )  # fmt: skip
        ax.set(xlim=(0, per_line), ylim=(n_lines, 0))

    def _fit_to_axes(self, words: list[str]) -> tuple[float, int, list[Any], float]:
        """Font size, cells of a line, the lines, and how many lines the axes hold."""
        self.figure_.draw_without_rendering()  # gives the axes their final size
        area = self.ax_.get_window_extent()
        width, height = area.width * 72 / self.figure_.dpi, area.height * 72 / self.figure_.dpi
        size = _FONT_SIZE
        while True:
            per_line = max(int(width / (_CELL * size)), 1)
            lines, n_lines = wrap(words, per_line), height / (_LINE * size)
            if len(lines) <= n_lines or size <= _MIN_FONT_SIZE:
                return size, per_line, lines, max(n_lines, len(lines))
            size -= 0.5


def _words(tokens: list[str], max_length: int = _MAX_CHARACTERS) -> list[str]:
    """Return tokens as they are drawn, long ones truncated."""
    return [drawable(t if len(t) <= max_length else f"{t[: max_length - 1]}…") for t in tokens]
