"""Training and validation loss by epoch (loss curves) as a plot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._matplotlib import import_pyplot

_COLUMNS = ["epoch", "train_loss", "valid_loss", "lr"]
_TRAIN, _VALID, _KEPT, _RATE, _RATE_TEXT = "#1f5a94", "#d1662b", "0.35", "0.8", "0.5"
_FEW_EPOCHS = 25  # each is a dot on the line


class FitHistoryDisplay:
    """Loss curves of a fitted deep estimator, with the epoch whose weights were kept.

    A dashed line and a diamond mark the epoch whose weights the estimator has: with early stopping
    the one of least validation loss, else the last. The line is at 0 where no epoch improved the
    validation loss, so that the initial weights were kept. The learning rate is drawn behind the
    losses, on a second axis. Make one with :meth:`from_estimator`.

    Parameters
    ----------
    history : DataFrame
        One row per epoch, with the columns ``epoch``, ``train_loss``, ``valid_loss`` (NaN where
        there is none) and ``lr``, as in ``history_``.
    best_epoch : int
        The epoch whose weights were kept, 0 for the initial weights.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the losses.
    lr_ax_ : matplotlib Axes or None
        The axes of the learning rate; None where it is not drawn.
    figure_ : matplotlib Figure
        The figure that holds them.
    lines_ : dict of str to matplotlib Line2D
        The lines drawn: "train_loss", "best_epoch" (dashed), and where there are such
        "valid_loss" and "lr".

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of training rows.

    Notes
    -----
    The training loss of an epoch is a mean over its batches, measured with dropout and while the
    weights change; the validation loss is measured after the epoch, without dropout. So the
    training loss may be the higher one.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import LSTMRegressor
    >>> from skdl.inspection import FitHistoryDisplay
    >>> X, y = make_sequences(200, n_steps=12, random_state=0)
    >>> regressor = LSTMRegressor(hidden_size=8, max_epochs=5, random_state=0).fit(X, y)
    >>> display = FitHistoryDisplay.from_estimator(regressor)
    >>> sorted(display.lines_)
    ['best_epoch', 'train_loss', 'valid_loss']
    """

    ax_: Any
    lr_ax_: Any
    figure_: Any
    lines_: dict[str, Any]

    def __init__(self, *, history: pd.DataFrame, best_epoch: int) -> None:
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        ax: Any = None,
        log_scale: bool | str = "auto",
        learning_rate: bool | str = "auto",
    ) -> FitHistoryDisplay:
        """Plot the losses of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted deep estimator, or what holds one: a Pipeline with one at its end, a search
            with one as ``best_estimator_``, or another meta-estimator as ``estimator_`` or
            ``regressor_``.
        ax : matplotlib Axes, default=None
            Axes to draw on. By default a new figure.
        log_scale, learning_rate : bool or "auto", default="auto"
            As in :meth:`plot`.

        Returns
        -------
        display : FitHistoryDisplay
            The display, plotted.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If there is no training history in the estimator.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        fitted = _find_history(estimator)
        display = cls(history=fitted.history_, best_epoch=fitted.best_epoch_)
        return display.plot(ax=ax, log_scale=log_scale, learning_rate=learning_rate)

    def plot(
        self,
        ax: Any = None,
        *,
        log_scale: bool | str = "auto",
        learning_rate: bool | str = "auto",
    ) -> FitHistoryDisplay:
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. By default a new figure.
        log_scale : bool or "auto", default="auto"
            Whether the axis of the losses is logarithmic. "auto": where no loss is below zero
            and they span more than two decades. Losses of exactly zero are not shown on such an
            axis.
        learning_rate : bool or "auto", default="auto"
            Whether to draw the learning rate. "auto": where it varies.

        Returns
        -------
        display : FitHistoryDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `log_scale` or `learning_rate` is not one of the above, or `log_scale` is True and a
            loss is below zero or none is above.
        """
        log_scale = self._choose_log_scale(_choice("log_scale", log_scale))
        learning_rate = _choice("learning_rate", learning_rate)
        if learning_rate == "auto":
            learning_rate = bool(self.history["lr"].min() < self.history["lr"].max())
        if ax is None:
            pyplot = import_pyplot(type(self).__name__)
            _, ax = pyplot.subplots(figsize=(7, 4), layout="constrained")
        self.ax_, self.figure_, self.lr_ax_, self.lines_ = ax, ax.figure, None, {}
        self._draw_losses()
        if learning_rate:
            self._draw_learning_rate()
        last = self.history["epoch"].max()
        margin = max(0.3, 0.02 * last)
        ax.set(
            xlabel="epoch",
            xlim=(-margin, last + margin),  # 0 is before training
            ylabel="loss",
            yscale="log" if log_scale else "linear",
        )
        ax.locator_params(axis="x", integer=True)
        ax.grid(axis="y", color="0.92")
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(handles=list(self.lines_.values()), edgecolor="none")
        return self

    def _losses(self) -> np.ndarray:
        """All finite training and validation losses."""
        losses = self.history[["train_loss", "valid_loss"]].to_numpy(dtype=float)
        return losses[np.isfinite(losses)]

    def _choose_log_scale(self, log_scale: bool | str) -> bool:
        losses = self._losses()
        positive = losses[losses > 0]
        possible = len(positive) > 0 and not (losses < 0).any()
        if log_scale == "auto":
            return bool(possible and positive.max() > 100 * positive.min())
        if log_scale and not possible:
            raise ValueError(
                "log_scale=True needs losses above zero, and none below, got losses from "
                f"{losses.min(initial=0):.3g} to {losses.max(initial=0):.3g}. Pass "
                'log_scale="auto".'
            )
        return bool(log_scale)

    def _draw_losses(self) -> None:
        ax, epochs = self.ax_, self.history["epoch"]
        marker = "o" if len(epochs) <= _FEW_EPOCHS else ""
        for name, label, color in (
            ("train_loss", "training", _TRAIN),
            ("valid_loss", "validation", _VALID),
        ):
            losses = self.history[name]
            if name == "train_loss" or losses.notna().any():
                (self.lines_[name],) = ax.plot(
                    epochs, losses, color=color, label=label, marker=marker, markersize=4
                )
        self._mark_best_epoch()

    def _mark_best_epoch(self) -> None:
        """Draw a line at the epoch, and a diamond on the loss by which it was chosen."""
        ax, epoch = self.ax_, self.best_epoch
        style = {"color": _KEPT, "linestyle": "--", "linewidth": 1, "zorder": 1}
        label = f"weights kept: {f'epoch {epoch}' if epoch else 'the start'}"
        self.lines_["best_epoch"] = ax.axvline(epoch, label=label, **style)
        name = "valid_loss" if "valid_loss" in self.lines_ else "train_loss"
        row = self.history[self.history["epoch"] == epoch]
        color = self.lines_[name].get_color()
        ax.plot(row["epoch"], row[name], color=color, marker="D", markeredgecolor="white")

    def _draw_learning_rate(self) -> None:
        ax = self.lr_ax_ = self.ax_.twinx()
        (self.lines_["lr"],) = ax.plot(
            self.history["epoch"], self.history["lr"], color=_RATE, label="learning rate"
        )
        ax.set_ylim(bottom=0)
        ax.set_ylabel("learning rate", color=_RATE_TEXT)
        ax.yaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
        ax.locator_params(axis="y", nbins=5)
        ax.tick_params(axis="y", colors=_RATE_TEXT, length=0)
        ax.spines[:].set_visible(False)
        self.ax_.set_zorder(ax.get_zorder() + 1)  # the losses lie over it
        self.ax_.patch.set_visible(False)


def _choice(name: str, value: bool | str) -> bool | str:
    if not isinstance(value, (bool, np.bool_)) and value != "auto":
        raise ValueError(f'{name} must be True, False or "auto", got {value!r}.')
    return value


def _find_history(estimator: Any) -> Any:
    """Return the fitted estimator with a history that `estimator` is or holds."""
    inner = estimator
    while not hasattr(inner, "history_"):
        held = _held_by(inner)
        if held is None:
            break
        inner = held
    history = getattr(inner, "history_", None)
    if isinstance(history, pd.DataFrame) and set(_COLUMNS) <= set(history):
        return inner
    check_is_fitted(estimator)
    raise TypeError(
        "FitHistoryDisplay needs a deep estimator of skdl.estimators, with the attributes history_ "
        "and best_epoch_: itself, at the end of a Pipeline, or as best_estimator_ of a search "
        f"(with refit). Got {type(inner).__name__}"
        + (f" in {type(estimator).__name__}." if inner is not estimator else ".")
    )


def _held_by(estimator: Any) -> Any:
    """Return the estimator that a meta-estimator has fitted, if it is one."""
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1][1]
    names = ("best_estimator_", "estimator_", "regressor_")
    return next((getattr(estimator, name) for name in names if hasattr(estimator, name)), None)
