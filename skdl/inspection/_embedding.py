"""Word vectors in two dimensions, by principal components or t-SNE, as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.manifold import TSNE
from sklearn.pipeline import FeatureUnion, Pipeline

from ..estimators.word2vec import WordVectors, check_count, row_in, unit_rows, word_list
from ._labels import draw_labels, letters
from ._letters import drawable
from ._matplotlib import import_pyplot

_METHODS = ("pca", "tsne")
_COMMON = 1e-3  # fraction of all words; Mikolov et al. (2013) subsample more frequent ones
_MIN_WORDS_FOR_TSNE = 4
_MAX_QUALITATIVE_COLOURS = 10
_MAX_ENTRIES = 18  # of a column of the legend


class EmbeddingDisplay:
    """Word vectors in two dimensions: words with similar vectors lie near each other.

    Make one with :meth:`from_estimator`.

    Parameters
    ----------
    positions : ndarray of shape (n_words, 2)
        Coordinates of each word.
    words : list of str of length n_words
        The words, the most important first: labels are placed in this order.
    groups : dict of str to list of str, default=None
        Words to draw in one colour, by their name in the legend. Words of no group are grey.
    shares : tuple of (float, float), default=None
        Fraction of the variance along each axis (explained variance ratio), for its label. By
        default the axes have no labels.

    Attributes
    ----------
    texts_ : list of matplotlib Annotations
        The labels, in the order of the words; those for which there was no room are left out.
    points_ : matplotlib PathCollection
        The dots, one for each word.
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    skdl.estimators.Word2VecTransformer : Learns such vectors.

    Notes
    -----
    Two dimensions cannot preserve all distances. With "pca" the axes are labelled with their
    fraction of the variance; words that are far apart in the plot are far apart, those that are
    near each other may differ in other dimensions. "tsne" preserves neighbourhoods where it can,
    while sizes of clusters and distances between them have no meaning. The exact neighbours of a
    word are given by ``most_similar``.

    Labels are placed where they cover no dot and no other label, with a line to the dot where that
    is farther away. The font size is reduced, down to 5 points, until all labels have room; words
    without room then have a dot only. Characters that no installed font has are drawn as "□".

    References
    ----------
    L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", Journal of Machine Learning
    Research 9 (2008).

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skdl.estimators import Word2VecTransformer
    >>> from skdl.inspection import EmbeddingDisplay
    >>> documents = ["a cat and a dog play", "a cow and a horse eat", "a cat and a cow eat"] * 20
    >>> learned = Word2VecTransformer(8, max_epochs=2, random_state=0).fit(documents)
    >>> display = EmbeddingDisplay.from_estimator(learned, ["cat", "dog", "cow", "horse"])
    >>> display.positions.shape
    (4, 2)
    >>> groups = {"at home": ["cat", "dog"], "on the meadow": ["cow", "horse"]}
    >>> display = EmbeddingDisplay.from_estimator(learned, groups=groups, method="tsne")
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['at home', 'on the meadow']
    """

    texts_: list[Any]
    points_: Any
    ax_: Any
    figure_: Any

    def __init__(
        self,
        *,
        positions: NDArray[Any],
        words: list[str],
        groups: Mapping[str, Iterable[str]] | None = None,
        shares: tuple[float, float] | None = None,
    ) -> None:
        self.positions = positions
        self.words = words
        self.groups = groups
        self.shares = shares

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        words: str | Iterable[str] | None = None,
        *,
        groups: Mapping[str, str | Iterable[str]] | None = None,
        n_words: int = 50,
        method: str = "pca",
        random_state: Any = None,
        ax: Any = None,
        fontsize: float = 9.0,
    ) -> EmbeddingDisplay:
        """Project the vectors of words to two dimensions and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted ``Word2VecTransformer``, or another object with a dict `vocabulary_` of words
            to rows and the rows, `vectors_`; or what holds one: a Pipeline, FeatureUnion or
            ColumnTransformer, a search as ``best_estimator_``, another meta-estimator as
            ``estimator_``.
        words : list of str, default=None
            The words to draw, each once. By default those of `groups` or, without, the `n_words`
            most frequent ones. Words that make up more than a thousandth of all, such as "the" and
            "of", are then left out as long as there are others.
        groups : dict of str to list of str, default=None
            Words to draw in one colour, by the name of the group, which the legend shows. They
            are added to `words` where both are given.
        n_words : int, default=50
            Number of words to draw where neither `words` nor `groups` is given, at least 1.
        method : {"pca", "tsne"}, default="pca"
            Reduction of the vectors, scaled to length 1, to two dimensions: the first two principal
            components of the words drawn, or t-SNE, with a perplexity of half the number of words
            and at most 30. For fewer than four words "pca" is always used. See Notes of the class.
        random_state : int, RandomState instance or None, default=None
            By default "tsne" is initialized with the result of "pca", so that the same words give
            the same plot. With a seed it is initialized at random. Ignored by "pca".
        ax, fontsize
            As in :meth:`plot`.

        Returns
        -------
        display : EmbeddingDisplay
            The display, plotted.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        KeyError
            If a word is not in the vocabulary; the message names near spellings.
        TypeError
            If there are no word vectors in the estimator, or several.
        ValueError
            If there are no words to draw, a word is in two groups, or `method` or `n_words` is not
            one of the above.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        if method not in _METHODS:
            raise ValueError(f"method must be one of {_METHODS}, got {method!r}. Choose one.")
        check_count(n_words, "n_words")
        holder = _reach_vectors(estimator)
        grouped = {str(name): word_list(of_group) for name, of_group in (groups or {}).items()}
        _check_groups(grouped)
        if words is None and groups is None:
            chosen = _frequent(holder, n_words)
        else:
            given = [] if words is None else word_list(words)
            chosen = list(dict.fromkeys(chain(given, *grouped.values())))
        if not chosen:
            raise ValueError(
                "words must hold one word at least, got none. Pass some of vocabulary_, or leave "
                "out words and groups to draw the most frequent ones."
            )
        rows = [row_in(holder, word) for word in chosen]
        units = unit_rows(np.asarray(holder.vectors_)[rows].astype(np.float64))
        shares: tuple[float, float] | None
        positions, shares = _pca(units)
        if method == "tsne" and len(units) >= _MIN_WORDS_FOR_TSNE:
            positions, shares = _tsne(units, positions, random_state), None
        display = cls(positions=positions, words=chosen, groups=grouped or None, shares=shares)
        return display.plot(ax, fontsize=fontsize)

    def plot(self, ax: Any = None, *, fontsize: float = 9.0) -> EmbeddingDisplay:
        """Draw the words.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on, in their final size, for which the labels are placed. By default those
            of a new figure, which is larger for more words.
        fontsize : float, default=9.0
            Size of the labels in points. It is reduced, down to 5, where they lack room.

        Returns
        -------
        display : EmbeddingDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        pyplot = import_pyplot(type(self).__name__)
        if ax is None:
            side = float(np.clip(np.sqrt(len(self.words)), 4.5, 14))
            size = (side + 1.5 * self._n_legend_columns(), side)
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        colours = self._draw_points()
        self.figure_.draw_without_rendering()  # gives the axes their final size
        self.texts_ = draw_labels(ax, self.words, self.positions, colours, fontsize)
        return self

    # Drawing ------------------------------------------------------------------------------------

    def _n_legend_columns(self) -> int:
        return -(-len(self.groups or ()) // _MAX_ENTRIES)

    def _draw_points(self) -> list[Any]:
        """Draw dots, legend and axes; return the colours of the words."""
        ax, groups = self.ax_, self.groups or {}
        hues = dict(zip(groups, _distinct_colours(len(groups)), strict=True))
        of_word = {word: hues[name] for name, words in groups.items() for word in words}
        other = "0.45" if groups else "#1f5a94"
        colours = [of_word.get(word, other) for word in self.words]
        self.points_ = ax.scatter(*self.positions.T, s=14, c=colours, linewidths=0, zorder=3)
        if groups:
            entries = [ax.scatter([], [], s=25, color=hue, label=drawable(name))
                       for name, hue in hues.items()]  # fmt: skip
            legend = ax.legend(handles=entries, loc="upper left", bbox_to_anchor=(1, 1),
                               frameon=False, ncols=self._n_legend_columns(),
                               fontsize="small")  # fmt: skip
            for text in legend.get_texts():
                text.set(**letters(text.get_text()))
        if self.shares is not None:
            first, second = (f"component {i + 1} ({s:.0%})" for i, s in enumerate(self.shares))
            ax.set(xlabel=first, ylabel=second)
        ax.set(xticks=[], yticks=[])
        ax.margins(0.08)
        ax.set_aspect("equal", adjustable="datalim")
        ax.spines[:].set_color("0.8")
        return colours


# Words and vectors -------------------------------------------------------------------------------


def _reach_vectors(estimator: Any) -> Any:
    """Return the one part of an estimator that has word vectors."""
    parts = list(_parts(estimator))
    holders = [part for part in parts if hasattr(part, "vectors_") and hasattr(part, "vocabulary_")]
    if len(holders) == 1:
        return holders[0]
    name = type(estimator).__name__
    if holders:
        raise TypeError(
            f"EmbeddingDisplay draws the word vectors of one estimator, got {len(holders)} in "
            f"{name}. Pass one of them."
        )
    template = getattr(estimator, "estimator", None)  # of a search before it is fitted
    unfitted = hasattr(template, "fit") and not any(part.endswith("_") for part in vars(estimator))
    if unfitted or any(isinstance(part, WordVectors) for part in parts):
        raise NotFittedError(f"This {name} is not fitted, and has no word vectors. Call fit first.")
    raise TypeError(
        "EmbeddingDisplay needs a Word2VecTransformer, or another object with vocabulary_ and "
        f"vectors_: itself, in a Pipeline, or in best_estimator_ of a search (with refit). Got "
        f"{name}."
    )


def _parts(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and all fitted ones in it; parts with vectors are not searched further."""
    yield estimator
    inner: list[Any] = []
    if hasattr(estimator, "vectors_"):
        return
    if isinstance(estimator, Pipeline):
        inner = [step for _, step in estimator.steps]
    elif isinstance(estimator, FeatureUnion):
        inner = [part for _, part in estimator.transformer_list]
    elif isinstance(estimator, ColumnTransformer):
        inner = [part for _, part, _ in getattr(estimator, "transformers_", ())]
    elif isinstance(estimator, FrozenEstimator):
        inner = [estimator.estimator]
    else:  # the parameter `estimator` of other meta-estimators is a template and is not fitted
        found = [getattr(estimator, name, None) for name in ("best_estimator_", "estimator_")]
        calibrated = getattr(estimator, "calibrated_classifiers_", ())
        inner = [part for part in found if part is not None] + [c.estimator for c in calibrated]
    for part in inner:
        yield from _parts(part)


def _check_groups(groups: dict[str, list[str]]) -> None:
    group_of: dict[str, str] = {}
    for name, words in groups.items():
        for word in words:
            if group_of.setdefault(word, name) != name:
                raise ValueError(
                    f"A word must be in one group only, because that decides its colour; got "
                    f"{word!r} in {group_of[word]!r} and {name!r}. Leave it out of one."
                )


def _frequent(holder: Any, n_words: int) -> list[str]:
    """The most frequent words; the very common ones only where there are too few others."""
    words = sorted(holder.vocabulary_, key=holder.vocabulary_.__getitem__)
    counts = getattr(holder, "counts_", None)
    if counts is None:  # vectors from a file, which is sorted by frequency
        return words[:n_words]
    counts = np.asarray(counts)
    order = np.lexsort((-counts, counts > _COMMON * counts.sum()))
    return [words[row] for row in order[:n_words]]


# Two dimensions ----------------------------------------------------------------------------------


def _pca(units: NDArray[Any]) -> tuple[NDArray[Any], tuple[float, float]]:
    """The first two principal components (n, 2), and their explained variance ratios."""
    left, lengths, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    lengths = np.where(lengths > 1e-10 * np.sqrt(len(units)), lengths, 0)  # equal vectors
    along = left * lengths
    signs = np.sign(along[np.abs(along).argmax(axis=0), np.arange(along.shape[1])])
    positions = np.zeros((len(units), 2))
    positions[:, : along.shape[1]] = (along * signs)[:, :2]
    first, second = np.append(lengths**2, 0)[:2] / (np.sum(lengths**2) or 1)
    return positions, (float(first), float(second))


def _tsne(units: NDArray[Any], principal: NDArray[Any], random_state: Any) -> NDArray[Any]:
    """Positions (n, 2) by t-SNE, initialized with the given ones or at random."""
    start: Any = "random"
    if random_state is None:
        start = (1e-4 * principal / (principal.std() or 1)).astype(np.float32)
    perplexity = min(30.0, len(units) / 2)
    tsne = TSNE(perplexity=perplexity, init=start, random_state=random_state)
    return tsne.fit_transform(units.astype(np.float32)).astype(np.float64)


def _distinct_colours(n: int) -> list[Any]:
    from matplotlib import colormaps

    if n <= _MAX_QUALITATIVE_COLOURS:
        return [colormaps["tab10"](i) for i in range(n)]
    return list(colormaps["turbo"](np.linspace(0.05, 0.95, n)))
