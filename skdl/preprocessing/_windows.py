"""Sliding windows over a series, with the values to predict and no look-ahead."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray


def sliding_windows(
    series: ArrayLike,
    width: int,
    horizon: int | Sequence[int] = 1,
    stride: int = 1,
    *,
    target: int | str | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a series into windows of the past and the values that follow them.

    Window i covers steps ``i * stride`` to ``i * stride + width - 1``; what is to be predicted
    lies `horizon` steps after the window's last step. No window holds a value from after its
    last step, whatever the horizon.

    Parameters
    ----------
    series : array-like, Series or DataFrame of shape (n_steps,) or (n_steps, n_channels)
        The series in time order, equally spaced. Numeric; NaN and infinity pass through.
    width : int
        Steps per window, at least 1.
    horizon : int or increasing sequence of int, default=1
        Steps from the window's last step to the value to predict, at least 1. A sequence, as
        in ``range(1, 25)``, asks for a multi-step forecast: one column of y per step ahead.
    stride : int, default=1
        Steps from the start of one window to the start of the next, at least 1.
    target : int or str, default=None
        The channel to predict, by index or by the name of the DataFrame's column. By default
        every channel, or the only one. A multi-step forecast needs one channel.

    Returns
    -------
    X : ndarray of shape (n_windows, width, n_channels)
        The windows, a C-contiguous copy of the dtype of `series`; n_channels is 1 for a 1-D
        series. ``n_windows = (n_steps - width - max(horizon)) // stride + 1``.
    y : ndarray
        The values to predict, a copy: shape (n_windows,) for one channel or with `target`,
        (n_windows, n_channels) for several channels, (n_windows, len(horizon)) for a multi-step
        forecast.

    Raises
    ------
    TypeError
        If `width`, `stride`, `horizon` or `target` has the wrong type.
    ValueError
        If `width`, `stride` or `horizon` is below 1 or `horizon` is not increasing; if `series`
        is not numeric, not 1-D or 2-D, or too short for one window and its horizon; if `target`
        is no channel of it; or if there are several horizons and several channels.

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
    """
    width = _positive_int(width, "width")
    stride = _positive_int(stride, "stride")
    steps = _horizon_steps(horizon)
    values = _as_channels(series)  # (T, C)
    _check_length(len(values), width, int(steps[-1]))
    targets = _select_target(series, values, target)  # (T,) or (T, C)
    if np.ndim(horizon) and targets.ndim > 1:
        raise ValueError(
            f"Several horizons need one channel to predict, got {values.shape[1]} channels. Name "
            "one with target=, or pass a single horizon."
        )
    starts = np.arange(0, len(values) - width - steps[-1] + 1, stride)
    windows = sliding_window_view(values, width, axis=0)[starts]  # (n, C, width)
    X = np.ascontiguousarray(windows.transpose(0, 2, 1))  # (n, width, C)
    ahead = steps if np.ndim(horizon) else steps[0]
    return X, targets[np.add.outer(starts + width - 1, ahead)]


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


def _as_channels(series: Any) -> NDArray[Any]:
    """Return the series as a numeric array of shape (n_steps, n_channels)."""
    values = np.asarray(series)
    if values.dtype == object:
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
    return values.reshape(len(values), -1)


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
    if isinstance(target, str):
        names = [str(name) for name in getattr(series, "columns", [getattr(series, "name", "")])]
        if names.count(target) != 1:
            raise ValueError(
                f"target must name one column of series, got {target!r} for the columns {names}. "
                "Pass one of these names or a channel's index."
            )
        return values[:, names.index(target)]
    if isinstance(target, bool) or not isinstance(target, Integral):
        raise TypeError(f"target must be None, an int or a str, got {target!r}.")
    if not -n_channels <= target < n_channels:
        raise ValueError(
            f"target must be a channel of series, got {int(target)} for {n_channels} channel(s). "
            f"Pass an index from 0 to {n_channels - 1}."
        )
    return values[:, int(target)]
