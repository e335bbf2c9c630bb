"""Sliding windows over a series, with the values to predict and no look-ahead."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from .._reading import (
    Given,
    dates_in_numbers,
    first_fall,
    first_not_numeric,
    holds_times,
    in_order,
    irregular_steps,
    plain_container,
)
from ._windows_times import (
    check_not_stacked,
    conversion,
    fall_message,
    filling,
    grouping,
    panel_message,
)

GAPS = ("error", "drop", "ignore")
PANDAS = (pd.Series, pd.DataFrame)


@overload
def sliding_windows(
    series: ArrayLike,
    width: int,
    horizon: int | Sequence[int] = ...,
    stride: int = ...,
    *,
    target: Hashable = ...,
    gaps: str = ...,
    return_times: Literal[False] = ...,
) -> tuple[NDArray[Any], NDArray[Any]]: ...


@overload
def sliding_windows(
    series: ArrayLike,
    width: int,
    horizon: int | Sequence[int] = ...,
    stride: int = ...,
    *,
    target: Hashable = ...,
    gaps: str = ...,
    return_times: Literal[True],
) -> tuple[NDArray[Any], NDArray[Any], pd.Index]: ...


def sliding_windows(
    series: ArrayLike,
    width: int,
    horizon: int | Sequence[int] = 1,
    stride: int = 1,
    *,
    target: Hashable = None,
    gaps: str = "error",
    return_times: bool = False,
) -> tuple[NDArray[Any], NDArray[Any]] | tuple[NDArray[Any], NDArray[Any], pd.Index]:
    """Cut a series into windows of the past and the values that follow them.

    Window i covers steps ``i * stride`` to ``i * stride + width - 1``; what is to be predicted
    lies `horizon` steps after the window's last step. No window holds a value from after its
    last step, whatever the horizon.

    Parameters
    ----------
    series : array-like, Series or DataFrame of shape (n_steps,) or (n_steps, n_channels)
        The series in time order, equally spaced. Numeric; NaN and infinity pass through. The
        index of a Series or DataFrame holds its times: dates, periods, durations or numbers,
        which must rise from row to row.
    width : int
        Steps per window, at least 1.
    horizon : int or increasing sequence of int, default=1
        Steps from the window's last step to the value to predict, at least 1. A sequence, as
        in ``range(1, 25)``, asks for a multi-step forecast: one column of y per step ahead.
    stride : int, default=1
        Steps from the start of one window to the start of the next, at least 1.
    target : int, str or tuple, default=None
        The channel to predict, by index or by the name of the DataFrame's column. An int that is
        the name of one column and the index of another is refused. By default every channel, or
        the only one.
    gaps : {"error", "drop", "ignore"}, default="error"
        What to do where the index of a Series or DataFrame is not equally spaced. "error" raises;
        "drop" leaves out the windows that reach, with what is to be predicted, over a gap;
        "ignore" counts rows, whatever time lies between them, as is usual for trading days. A gap
        is a step in time of more than 1.5 times the median step, or of less than 2/3 of it.
        Weekends are none where all rows are days from Monday to Friday. Numbers that are dates,
        such as 20240131, are an error where they have gaps, and dates for "drop".
    return_times : bool, default=False
        Whether the times of the values to predict are returned, too: to plot forecasts, or as
        ``groups`` of :class:`~skdl.model_selection.ForwardChainingSplit`.

    Returns
    -------
    X : ndarray of shape (n_windows, width, n_channels)
        The windows, a C-contiguous copy of the dtype of `series`; n_channels is 1 for a 1-D
        series. ``n_windows = (n_steps - width - max(horizon)) // stride + 1``, without gaps.
    y : ndarray
        The values to predict, a copy: shape (n_windows,) for one channel or with `target`,
        (n_windows, n_channels) for several channels; for a multi-step forecast
        (n_windows, len(horizon)), and (n_windows, len(horizon), n_channels) for several channels,
        which estimators take as ``y.reshape(len(y), -1)``.
    times : Index of shape (n_windows,)
        Only with ``return_times=True``: of y in the index of `series`, of an array the number of
        its row; for a multi-step forecast that of the first step.

    Raises
    ------
    TypeError
        If `width`, `stride`, `horizon` or `target` has the wrong type.
    ValueError
        If `width`, `stride` or `horizon` is below 1 or `horizon` is not increasing; if `series`
        is not numeric, not 1-D or 2-D, or too short for one window and its horizon; if its index
        does not rise, has gaps (see `gaps`), or holds several series (a MultiIndex) or no times;
        if columns of it show several series, one below the other;
        or if `target` is no channel of it.

    See Also
    --------
    Flatten : Turns windows into rows of lags for classical estimators.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.preprocessing import sliding_windows
    >>> X, y = sliding_windows(np.arange(6), width=3)
    >>> X[..., 0]
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    >>> y
    array([3, 4, 5])

    The next two values of one of two channels:

    >>> series = np.column_stack([np.arange(6), 10 * np.arange(6)])
    >>> X, y = sliding_windows(series, width=3, horizon=[1, 2], target=1)
    >>> X.shape
    (2, 3, 2)
    >>> y
    array([[30, 40],
           [40, 50]])

    When it was:

    >>> import pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=6)
    >>> X, y, times = sliding_windows(pd.Series(range(6), days), width=4, return_times=True)
    >>> for time, value in zip(times, y):
    ...     print(time.date(), value)
    2026-01-05 4
    2026-01-06 5
    """
    width = _positive_int(width, "width")
    stride = _positive_int(stride, "stride")
    steps = _horizon_steps(horizon)
    if gaps not in GAPS:
        raise ValueError(f"gaps must be one of {', '.join(map(repr, GAPS))}, got {gaps!r}.")
    given, series = Given(series), _plain_series(series)
    values = _as_channels(series)  # (T, C)
    broken = _broken_steps(series, gaps)  # (T - 1,)
    check_not_stacked(series, values, given)
    _check_length(len(values), width, int(steps[-1]))
    targets = _select_target(series, values, target)  # (T,) or (T, C)
    starts = np.arange(0, len(values) - width - steps[-1] + 1, stride)
    n_before = np.append(0, np.cumsum(broken))  # (T,)
    starts = starts[n_before[starts] == n_before[starts + width - 1 + steps[-1]]]
    if not len(starts):
        raise ValueError(
            f"series must have width + max(horizon) = {width + steps[-1]} steps without a gap, got "
            f"{broken.sum()} gaps in {len(values)} steps. Pass a smaller width or horizon, or "
            "gaps='ignore' if rows are equally spaced whatever their index says."
        )
    windows = sliding_window_view(values, width, axis=0)[starts]  # (n, C, width)
    X = np.ascontiguousarray(windows.transpose(0, 2, 1))  # (n, width, C)
    ahead = steps if np.ndim(horizon) else steps[0]
    y = targets[np.add.outer(starts + width - 1, ahead)]
    if not return_times:
        return X, y
    rows = starts + width - 1 + steps[0]
    return X, y, series.index[rows] if isinstance(series, PANDAS) else pd.Index(rows)


def _positive_int(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an int, got {value!r}. Pass a whole number of steps.")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}. Pass a positive int.")
    return int(value)


def _horizon_steps(horizon: Any) -> NDArray[np.int64]:
    if np.ndim(horizon) == 0:
        return np.array([_positive_int(horizon, "horizon")], dtype=np.int64)
    steps = [_positive_int(step, "each horizon") for step in horizon]
    if not steps or any(a >= b for a, b in itertools.pairwise(steps)):
        raise ValueError(
            f"horizon must be an int or an increasing sequence of int, got {horizon!r}. "
            "Sort it and drop repeated steps, as in range(1, 25)."
        )
    return np.array(steps, dtype=np.int64)


def _plain_series(series: Any) -> Any:
    """The series in a container that numpy or pandas knows."""
    if isinstance(series, Mapping):
        raise TypeError(
            f"series must be an array, Series or DataFrame, got {type(series).__name__}. Where "
            "each of its values is a channel, pass pd.DataFrame(series)."
        )
    plain = plain_container(series, "series")
    if isinstance(plain, pd.DataFrame) and not isinstance(series, pd.DataFrame):
        found = first_not_numeric(plain)
        if found is not None:
            raise ValueError(
                f"series must be numeric, got {found}. Times belong in the index of a frame of "
                "pandas: pd.DataFrame({name: series[name] for name in names}).set_index(column)."
            )
    one = plain[0] if isinstance(plain, (list, tuple)) and len(plain) else None
    if isinstance(one, pd.Series) or getattr(one, "ndim", 0) > 1:
        raise ValueError(
            f"series must be one series, got a {type(plain).__name__} of {len(plain)}. Cut windows "
            "from each: [sliding_windows(one, ...) for one in series], and join their X and y with "
            "np.concatenate."
        )
    return plain


def _as_channels(series: Any) -> NDArray[Any]:
    """Return the series as a numeric array of shape (n_steps, n_channels)."""
    if isinstance(series, pd.DataFrame) and (found := first_not_numeric(series)) is not None:
        times = None if series.index.nlevels > 1 else in_order(series.index)
        falls = times is not None and first_fall(times, strictly=True) is not None
        several = grouping(series, times) if times is not None and falls else ""
        raise ValueError(
            f"series must be numeric, got {found}. {several}Select the numeric columns, for "
            "example series.select_dtypes('number'), or encode the others before cutting windows. "
            "Times belong in the index: series.set_index(column)."
        )
    values = np.asarray(series)
    if values.dtype == object and not holds_times(values.ravel()):
        values = _objects_to_float(series)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"series must be numeric, got dtype {values.dtype}. Select the numeric columns, or "
            "encode the others before cutting windows."
        )
    if values.ndim not in (1, 2) or 0 in values.shape[1:]:
        raise ValueError(
            "series must have shape (n_steps,) or (n_steps, n_channels), got "
            f"{values.shape}. Cut windows from one series at a time."
        )
    return values[:, None] if values.ndim == 1 else values


def _objects_to_float(series: Any) -> NDArray[np.float64]:
    try:
        if hasattr(series, "to_numpy"):  # pandas, whose missing values become NaN
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(series, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"series must be numeric, got objects that are not numbers ({error}). Select the "
            "numeric columns, or encode the others before cutting windows."
        ) from error


def _broken_steps(series: Any, gaps: str) -> NDArray[np.bool_]:
    """Whether there is a gap behind each step but the last: (n_steps - 1,)."""
    if not isinstance(series, PANDAS):
        return np.zeros(max(len(series) - 1, 0), dtype=bool)
    index = series.index
    if isinstance(index, pd.MultiIndex) and index.nlevels > 1:
        raise ValueError(panel_message(index))
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(0)
    times = in_order(index)
    if times is None:
        raise ValueError(
            f"The index of series must hold its times, got {index.dtype} ({index[0]!r} ...). "
            f"{conversion(index)}if the rows are in time order and equally spaced, pass "
            "series.reset_index(drop=True)."
        )
    row = first_fall(times, strictly=True)
    if row is not None:
        raise ValueError(fall_message(series, index, times, row))
    broken = irregular_steps(index, times)
    if gaps == "error" and broken.any():
        row = int(np.argmax(broken))
        raise ValueError(
            f"series must be equally spaced, but its index goes from {index[row]} to "
            f"{index[row + 1]} (row {row} to {row + 1}); {broken.sum()} of its {len(broken)} steps "
            f"are far from the median step. {filling(index, times)} gaps='drop' to leave out the "
            "windows that reach over a gap, or gaps='ignore' to count rows as steps."
        )
    if gaps == "ignore":
        return np.zeros_like(broken)
    dates = dates_in_numbers(index) if broken.any() else None
    return broken if dates is None else irregular_steps(dates[1], np.asarray(in_order(dates[1])))


def _check_length(n_steps: int, width: int, farthest: int) -> None:
    if n_steps < width + farthest:
        raise ValueError(
            f"series must have at least width + max(horizon) = {width + farthest} steps, got "
            f"{n_steps}. Pass a longer series, or a smaller width or horizon."
        )


def _select_target(series: Any, values: NDArray[Any], target: Any) -> NDArray[Any]:
    """Return the channels to predict: (T,) for one, (T, C) for all of several."""
    n_channels = values.shape[1]
    if target is None:
        return values[:, 0] if n_channels == 1 else values
    names = list(getattr(series, "columns", [getattr(series, "name", None)]))
    if isinstance(target, (str, tuple)):
        labels = names if target in names else list(map(str, names))
        if labels.count(target) != 1:
            raise ValueError(
                f"target must name one column of series, got {target!r} for the columns {names}. "
                "Pass one of these names or a channel's index."
            )
        return values[:, labels.index(target)]
    if isinstance(target, bool) or not isinstance(target, Integral):
        raise TypeError(f"target must be None, an int, or the name of a column, got {target!r}.")
    named = [i for i, name in enumerate(names) if isinstance(name, Integral) and name == target]
    if named and not -n_channels <= target < n_channels:
        return values[:, named[0]]
    if named and named != [target % n_channels]:
        raise ValueError(
            f"target={target} is the name of column {named[0]} of series and the index of column "
            f"{target % n_channels}. Pass the name as text, target='{target}', or an index from "
            "the end, which is negative."
        )
    if not -n_channels <= target < n_channels:
        raise ValueError(
            f"target must be a channel of series, got {int(target)} for {n_channels} channel(s). "
            f"Pass an index from 0 to {n_channels - 1}."
        )
    return values[:, int(target)]
