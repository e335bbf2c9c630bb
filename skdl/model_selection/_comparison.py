"""The result of ``compare``: scores, times and errors of several estimators."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import Any

import pandas as pd
from numpy.typing import NDArray

_ERROR_WIDTH = 60


class Comparison:
    """The scores of several estimators on identical folds.

    Made by :func:`compare`. Prints as its table, in a terminal and in a notebook.

    Parameters
    ----------
    scores : DataFrame
        The long form, see the attribute.
    folds : list of (ndarray of int, ndarray of int)
        The training and test rows of each fold.

    Attributes
    ----------
    scores : DataFrame
        One row per estimator, fold and metric, in the order the estimators were given. Columns:
        ``estimator``, ``fold`` (from 0), ``metric``, ``score`` (NaN where there is an error),
        ``fit_seconds``, ``predict_seconds`` (of one call of ``predict`` on the test rows; NaN
        without ``predict``), ``n_train``, ``n_test`` (rows), ``device`` ("cpu", "cuda:0" ...) and
        ``error`` ("" where there was none).
    folds : list of (ndarray of int, ndarray of int)
        The training and test rows of each fold; pass it as ``cv=`` to score other estimators on
        the same folds.
    metrics : list of str
        Names of the metrics. The table is sorted by the first.
    table : DataFrame
        One row per estimator, the best first, those with an error last. Columns: ``mean`` and
        ``std`` of the first metric over the folds (NaN if any has an error), ``mean_NAME`` and
        ``std_NAME`` of each further metric, ``fit_seconds`` (mean of a fold's),
        ``predict_seconds_per_1000`` (rows), ``device``, and ``error`` ("" where there was none).
    errors : dict of str to str
        For each estimator that raised, or for which ``scoring`` returned other metrics than for
        others, the first such fold and the error.

    See Also
    --------
    compare : Makes one.
    skdl.inspection.ComparisonDisplay : Plots one.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl.estimators import KNeighborsRegressor, Ridge
    >>> from skdl.model_selection import compare
    >>> X, y = load_diabetes(return_X_y=True)
    >>> models = {"neighbours": KNeighborsRegressor(), "ridge": Ridge(alpha=0.1)}
    >>> comparison = compare(models, X, y, scoring="r2")
    >>> comparison.table["mean"].round(2)
    estimator
    ridge         0.48
    neighbours    0.38
    Name: mean, dtype: float64
    >>> comparison.scores.query("fold == 0")[["estimator", "score"]].round(2)
        estimator  score
    0  neighbours   0.35
    5       ridge   0.41
    >>> comparison.errors
    {}
    """

    def __init__(
        self, scores: pd.DataFrame, folds: list[tuple[NDArray[Any], NDArray[Any]]]
    ) -> None:
        self.scores = scores
        self.folds = folds

    @property
    def metrics(self) -> list[str]:
        return list(self.scores["metric"].unique())

    @cached_property
    def table(self) -> pd.DataFrame:
        rows = {
            str(name): _summary(runs, self.metrics)
            for name, runs in self.scores.groupby("estimator", sort=False)
        }
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("estimator")
        return table.sort_values("mean", ascending=False, kind="stable", na_position="last")

    @property
    def errors(self) -> dict[str, str]:
        return {name: error for name, error in self.table["error"].items() if error}

    def __repr__(self) -> str:
        return f"{self._title()}\n{self._printable().to_string(float_format=_number)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>\n{self._printable().to_html(float_format=_number)}"

    def _title(self) -> str:
        return f"{len(self.table)} estimators on {len(self.folds)} folds, by {self.metrics[0]}"

    def _printable(self) -> pd.DataFrame:
        """Return the table with each error cut to one short line, or without that column."""
        if not self.errors:
            return self.table.drop(columns="error")
        lines = self.table["error"].str.replace(r"\s+", " ", regex=True)
        short = lines.where(
            lines.str.len() <= _ERROR_WIDTH, lines.str.slice(0, _ERROR_WIDTH) + " ..."
        )
        return self.table.assign(error=short)


def _number(value: float) -> str:
    return f"{value:.4g}"


def _summary(runs: pd.DataFrame, metrics: list[str]) -> dict[str, Any]:
    """Summarize the runs of one estimator as one row of the table."""
    row: dict[str, Any] = {}
    for metric in metrics:
        score = runs.loc[runs["metric"] == metric, "score"]
        suffix = "" if metric == metrics[0] else f"_{metric}"
        row[f"mean{suffix}"] = score.mean(skipna=False)
        row[f"std{suffix}"] = score.std(ddof=0, skipna=False)
    per_fold = runs[runs["metric"] == metrics[0]]
    row["fit_seconds"] = per_fold["fit_seconds"].mean()
    row["predict_seconds_per_1000"] = 1000 * (
        per_fold["predict_seconds"].sum(skipna=False) / per_fold["n_test"].sum()
    )
    row["device"] = ", ".join(sorted(set(per_fold["device"]) - {""}))
    failed = runs[runs["error"] != ""]
    row["error"] = (
        f"fold {failed['fold'].iloc[0]}: {failed['error'].iloc[0]}" if len(failed) else ""
    )
    return row
