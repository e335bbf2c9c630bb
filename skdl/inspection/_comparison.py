"""Cross-validated scores of several estimators as a box plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._matplotlib import import_pyplot

if TYPE_CHECKING:
    from ..model_selection import Comparison


class ComparisonDisplay:
    """Box plot of the fold scores of several estimators, one row each, the best on top.

    Each fold is a dot, at the same height in every row; the box spans the quartiles, the bar in it
    is the median and the diamond the mean. The axis is limited so that scores far below the better
    half do not compress all others; a mean beyond the limit is written in its row. Make one with
    :meth:`from_comparison`.

    Parameters
    ----------
    scores : DataFrame of shape (n_folds, n_estimators)
        One column per estimator, in the order to be shown; NaN where an estimator raised.
    metric : str
        Name of the metric, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    skdl.model_selection.compare : Makes the comparison.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl.estimators import DecisionTreeRegressor, Ridge
    >>> from skdl.inspection import ComparisonDisplay
    >>> from skdl.model_selection import compare
    >>> estimators = {"ridge": Ridge(), "tree": DecisionTreeRegressor(max_depth=3)}
    >>> comparison = compare(estimators, *load_diabetes(return_X_y=True), random_state=0)
    >>> display = ComparisonDisplay.from_comparison(comparison)
    >>> display.ax_.get_xlabel()
    'r2 of each fold (diamond: mean)'
    """

    ax_: Any
    figure_: Any

    def __init__(self, *, scores: pd.DataFrame, metric: str) -> None:
        self.scores = scores
        self.metric = metric

    @classmethod
    def from_comparison(
        cls, comparison: Comparison, *, metric: str | None = None, ax: Any = None
    ) -> ComparisonDisplay:
        """Plot a result of ``compare``.

        Parameters
        ----------
        comparison : Comparison
            The comparison.
        metric : str, default=None
            One of ``comparison.metrics``. By default the first.
        ax : matplotlib Axes, default=None
            Axes to draw on. By default those of a new figure, sized for the number of estimators.

        Returns
        -------
        display : ComparisonDisplay
            The display, plotted.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `metric` is not one of ``comparison.metrics``.
        """
        metric = comparison.metrics[0] if metric is None else metric
        if metric not in comparison.metrics:
            raise ValueError(f"metric must be one of {comparison.metrics}, got {metric!r}.")
        runs = comparison.scores[comparison.scores["metric"] == metric]
        scores = runs.pivot(index="fold", columns="estimator", values="score")  # noqa: PD010
        best_first = scores.mean(skipna=False).reindex(comparison.table.index)
        best_first = best_first.sort_values(ascending=False, kind="stable", na_position="last")
        return cls(scores=scores[list(best_first.index)], metric=metric).plot(ax=ax)

    def plot(self, ax: Any = None) -> ComparisonDisplay:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. By default a new figure.

        Returns
        -------
        display : ComparisonDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        n_estimators = self.scores.shape[1]
        if ax is None:
            pyplot = import_pyplot(type(self).__name__)
            _, ax = pyplot.subplots(figsize=(7, 1.2 + 0.38 * n_estimators), layout="constrained")
        low, high = _limits(self.scores)
        for place, (_, scores) in enumerate(self.scores.items()):
            _draw_row(ax, place, scores.to_numpy(dtype=float), low, high)
        ax.set(
            xlim=(low, high),
            ylim=(n_estimators - 0.4, -0.6),
            xlabel=f"{self.metric} of each fold (diamond: mean)",
        )
        ax.set_yticks(range(n_estimators), self.scores.columns)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _limits(scores: pd.DataFrame) -> tuple[float, float]:
    """Return the limits of the axis: those of all scores but the ones far below the better half."""
    values = np.sort(scores.to_numpy(dtype=float).ravel())
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0, 1.0
    high, middle = values[-1], np.median(values)
    low = max(values[0], high - 4 * (high - middle)) if high > middle else values[0]
    margin = 0.05 * (high - low) or 0.05 * max(abs(high), 1.0)
    return low - margin, high + margin


def _draw_row(ax: Any, place: int, scores: np.ndarray, low: float, high: float) -> None:
    """Draw the scores of one estimator, and its mean as text where it is beyond the axis."""
    if np.isnan(scores).any():
        ax.text(0.01, place, "raised an error", transform=ax.get_yaxis_transform(), va="center",
                color="0.5", style="italic")  # fmt: skip
        return
    ax.boxplot(
        scores, positions=[place], orientation="horizontal", widths=0.55, whis=(0, 100),
        manage_ticks=False, patch_artist=True, whiskerprops={"color": "0.6"}, showcaps=False,
        boxprops={"facecolor": "#dce8f4", "edgecolor": "0.6"},
        medianprops={"color": "#1f5a94", "linewidth": 1.5},
    )  # fmt: skip
    spread = place + 0.14 * np.linspace(-1, 1, len(scores))
    ax.scatter(scores, spread, s=14, color="#1f5a94", alpha=0.7, linewidths=0, zorder=3)
    ax.scatter(
        scores.mean(), place, s=34, marker="D", color="#d1662b", edgecolors="white", zorder=4
    )
    if scores.mean() < low:
        behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        ax.text(0.01, place, f"◂ mean {scores.mean():.3g}, off the axis", va="center", zorder=5,
                transform=ax.get_yaxis_transform(), color="#d1662b", bbox=behind)  # fmt: skip
