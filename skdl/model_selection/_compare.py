"""Cross-validation of several estimators on identical folds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._progress_bar import progress_bar
from .._sklearn import safe_split
from ._checks import Scorer, as_metrics, check_estimators, check_lengths, make_scorers
from ._comparison import Comparison

Run = tuple[dict[str, Any], dict[str, float]]
Folds = list[tuple[NDArray[Any], NDArray[Any]]]


def compare(
    estimators: Mapping[str, Any],
    X: Any,
    y: ArrayLike,
    *,
    cv: Any = 5,
    scoring: Any = None,
    groups: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int | None = None,
) -> Comparison:
    """Cross-validate several estimators on identical folds.

    The folds are drawn once, and a clone of every estimator is fitted and scored on each. An
    estimator that raises is reported in its row, and the others go on; Ctrl-C ends all.

    Parameters
    ----------
    estimators : dict of str to estimator
        Names and unfitted estimators, Pipelines or searches. They are cloned, never changed.
    X : array-like of n_samples rows
        Whatever the estimators take: an array of any number of dimensions, a DataFrame, a sparse
        matrix, a list of sequences of unequal length, a list of str.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    cv : int, splitter or iterable of (train, test), default=5
        As in ``cross_val_score``: an int asks for that many folds in the order of the rows,
        stratified if there is a classifier among the estimators and y holds classes. For
        series use ``ForwardChainingSplit``.
    scoring : str, callable, list of str or dict, default=None
        One metric: a name that ``sklearn.metrics.get_scorer`` takes, or a callable
        ``scorer(estimator, X, y)`` where greater is better. Several: a list of names, or a dict
        of name to either, or one callable that returns a dict of metrics; the table is sorted by
        the first. By default "accuracy" for classifiers and "r2" for regressors.
    groups : array-like of shape (n_samples,), default=None
        Passed to the splitter: groups to keep together, or the times of the rows for
        ``ForwardChainingSplit``.
    n_jobs : int, default=None
        Fits that run at the same time, through joblib: None is 1 or what the active
        ``joblib.parallel_config`` sets (with its backend, Dask among them), -1 all cores.
    random_state : int, RandomState or None, default=None
        With an int the result can be reproduced: folds of an int `cv` are shuffled with this seed,
        and every ``random_state`` parameter that is None (nested ones too) is set to it. From a
        RandomState one such int is drawn. None leaves both as they are.
    verbose : int, default=None
        1 shows one progress bar over all fits on stderr, 0 none. By default it is shown where
        stderr is a terminal.

    Returns
    -------
    comparison : Comparison
        With ``table`` (mean, std, fit seconds, predict seconds per 1000 rows, device, error; best
        first), ``scores`` (the long form), ``errors`` and ``folds``.

    Raises
    ------
    TypeError
        If `estimators` is not a dict of str to estimator instances.
    ValueError
        If `estimators` is empty, y has another length than X, `scoring` is unknown, or is None
        where classifiers and regressors are mixed or does not return numbers, or the splitter
        yields no fold.

    See Also
    --------
    skdl.pipelines.make_sequence_pipeline : Lets any estimator take the same X.
    skdl.inspection.ComparisonDisplay : Plots the result.

    Notes
    -----
    ``predict`` is timed in a separate call, before the metrics are computed. With ``n_jobs`` above
    1, fits share the cores, and take longer than alone.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.dummy import DummyRegressor
    >>> from skdl.estimators import RandomForestRegressor, Ridge
    >>> from skdl.model_selection import compare
    >>> X, y = load_diabetes(return_X_y=True)
    >>> comparison = compare(
    ...     {
    ...         "mean": DummyRegressor(),
    ...         "ridge": Ridge(alpha=0.1),
    ...         "forest": RandomForestRegressor(n_estimators=20),
    ...     },
    ...     X, y, random_state=0,
    ... )
    >>> comparison.table[["mean", "std", "device"]].round(2)
               mean   std device
    estimator
    ridge      0.49  0.09    cpu
    forest     0.40  0.09    cpu
    mean      -0.00  0.00    cpu
    """
    check_estimators(estimators)
    check_lengths(X, y)
    scorers = make_scorers(scoring, estimators)
    seed = _make_seed(random_state)
    folds = _make_folds(cv, X, y, groups, any(map(is_classifier, estimators.values())), seed)
    tasks = [
        delayed(_run)(name, estimator, X, y, fold, *folds[fold], scorers, seed)
        for name, estimator in estimators.items()
        for fold in range(len(folds))
    ]
    runs = []
    shown = None if verbose is None else bool(verbose)
    with progress_bar(len(tasks), unit="fit", desc="compare", shown=shown) as bar:
        for run in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(tasks):
            runs.append(run)
            bar.set_postfix_str(run[0]["estimator"], refresh=False)
            bar.update()
    order = {name: place for place, name in enumerate(estimators)}
    runs.sort(key=lambda run: (order[run[0]["estimator"]], run[0]["fold"]))
    return Comparison(pd.DataFrame(_in_long_form(runs, list(scorers))), folds)


def _run(
    name: str,
    estimator: Any,
    X: Any,
    y: Any,
    fold: int,
    train: NDArray[Any],
    test: NDArray[Any],
    scorers: dict[str, Scorer],
    seed: int | None,
) -> Run:
    """Fit and score one estimator on one fold: its row of the long form, and scores by metric."""
    row = {
        "estimator": name, "fold": fold, "metric": "", "score": np.nan,
        "fit_seconds": np.nan, "predict_seconds": np.nan,
        "n_train": len(train), "n_test": len(test), "device": "", "error": "",
    }  # fmt: skip
    results: dict[str, Any] = {}
    try:
        model = _seeded(clone(estimator), seed)
        X_train, y_train = safe_split(model, X, y, train)
        X_test, y_test = safe_split(model, X, y, test, train)
        start = perf_counter()
        model.fit(X_train, y_train)
        row["fit_seconds"] = perf_counter() - start
        row["device"] = ", ".join(sorted(set(_devices(model)))) or "cpu"
        if hasattr(model, "predict"):
            start = perf_counter()
            model.predict(X_test)
            row["predict_seconds"] = perf_counter() - start
        results = {metric: score(model, X_test, y_test) for metric, score in scorers.items()}
    except Exception as error:
        row["error"] = f"{type(error).__name__}: {error}"
    return row, as_metrics(results) if results else {}


def _in_long_form(runs: list[Run], scorers: list[str]) -> Iterator[dict[str, Any]]:
    """A row per run and metric; of a metric that a run does not have, NaN and an error."""
    metrics = dict.fromkeys(metric for _, scores in runs for metric in scores) or scorers
    for row, scores in runs:
        others = (
            f"scoring returned no {{!r}} here, but {list(scores)}. It must return the same metrics "
            "for every estimator and fold."
        )
        for metric in metrics:
            has_none = metric not in scores and not row["error"]
            yield row | {
                "metric": metric,
                "score": scores.get(metric, np.nan),
                "error": others.format(metric) if has_none else row["error"],
            }


def _devices(fitted: Any) -> Iterator[str]:
    """Yield the ``device_`` of a fitted estimator and of those it holds, such as "cuda:0"."""
    if hasattr(fitted, "device_"):
        yield str(fitted.device_)
    if isinstance(fitted, Pipeline):
        held = [step for _, step in fitted.steps]
    else:
        names = ("best_estimator_", "estimator_", "regressor_", "final_estimator_")
        held = [getattr(fitted, name, None) for name in names]
        several = getattr(fitted, "estimators_", None)
        held += several if isinstance(several, list) else []
    for inner in held:
        if inner is not None:
            yield from _devices(inner)


def _seeded(estimator: Any, seed: int | None) -> Any:
    """Set every ``random_state`` that is None, nested ones too, unless seed is None."""
    if seed is not None:
        states = {
            name: seed
            for name, value in estimator.get_params(deep=True).items()
            if name.split("__")[-1] == "random_state" and value is None
        }
        estimator.set_params(**states)
    return estimator


def _make_seed(random_state: int | np.random.RandomState | None) -> int | None:
    if random_state is None or isinstance(random_state, Integral):
        return None if random_state is None else int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _make_folds(cv: Any, X: Any, y: Any, groups: Any, classifier: bool, seed: int | None) -> Folds:
    cv = 5 if cv is None else cv
    splitter = check_cv(cv, y, classifier=classifier)
    if isinstance(cv, Integral) and seed is not None:
        splitter = type(splitter)(cv, shuffle=True, random_state=seed)
    folds = list(splitter.split(X, y, groups))
    if not folds:
        raise ValueError("cv must yield at least one (train, test) pair, got none. Pass an int.")
    return folds
