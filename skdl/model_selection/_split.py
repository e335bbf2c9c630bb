"""Cross-validation of time series: training rows lie before test rows."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator

from .._reading import (
    as_index,
    fall_in_words,
    first_fall,
    first_fall_of_numbers,
    first_unordered,
    in_order,
    is_in_time,
    keys_of_time,
    lags_of,
    text_as_dates,
    with_whole_years,
    years_of,
)
from .._sklearn import num_samples


class ForwardChainingSplit(BaseCrossValidator):
    """Forward-chaining cross-validation for time series, with a gap before each test block.

    The last ``n_splits * test_size`` time steps are divided into consecutive test blocks. The
    training rows of each are those that lie more than `gap` steps before it::

        fold 0   train train gap  TEST  .     .
        fold 1   train train train gap  TEST  .
        fold 2   train train train train gap  TEST

    Without `groups` each row is one time step and rows must be in time order, as must dates or
    numbers in the index of X: this is scikit-learn's ``TimeSeriesSplit``. Rows of several series
    at once (ten stocks, many patients) share their time steps, and dividing them by row would
    train on the future of one to predict the past of another. Pass the time of each row as
    `groups` (to ``cross_val_score``, ``GridSearchCV.fit``, ``compare`` ...): rows of one time then
    stay together, steps are counted in distinct times, and rows may be in any order.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 1.
    gap : int, default=0
        Time steps left out between the last training step and the first test step, at least 0.
        For rows from ``sliding_windows(series, width, horizon, stride)``:
        ``ceil(max(horizon) / stride) - 1`` is the smallest gap with which every training target
        is known when the first test window ends (0 for one step ahead); with
        ``ceil((width + max(horizon)) / stride) - 1`` training and test rows share no value of the
        series.
    test_size : int, default=None
        Time steps in each test block, at least 1. By default
        ``n_times // (n_splits + 1)``, so that the first training part has about that length too.
    max_train_size : int, default=None
        Maximum number of time steps to train on, at least 1: a rolling window. By default all.

    See Also
    --------
    skdl.preprocessing.sliding_windows : Cuts a series into rows in time order.
    sklearn.model_selection.TimeSeriesSplit : The same for rows that are time steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.model_selection import ForwardChainingSplit
    >>> for train, test in ForwardChainingSplit(n_splits=3, gap=1).split(np.zeros((8, 1))):
    ...     train.tolist(), test.tolist()
    ([0], [2, 3])
    ([0, 1, 2], [4, 5])
    ([0, 1, 2, 3, 4], [6, 7])

    Two series over the same four days, one below the other:

    >>> days = np.array([1, 2, 3, 4, 1, 2, 3, 4])
    >>> folds = ForwardChainingSplit(n_splits=2)
    >>> for train, test in folds.split(np.zeros((8, 1)), groups=days):
    ...     days[train].tolist(), days[test].tolist()
    ([1, 2, 1, 2], [3, 3])
    ([1, 2, 3, 1, 2, 3], [4, 4])
    """

    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        n_splits: int = 5,
        *,
        gap: int = 0,
        test_size: int | None = None,
        max_train_size: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.gap = gap
        self.test_size = test_size
        self.max_train_size = max_train_size

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        n_splits : int
            The number of folds.
        """
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the training and test rows of each fold, earliest test block first.

        Parameters
        ----------
        X : sized of length n_samples
            An array, DataFrame or list. Only its length is used, and the index of a DataFrame
            or Series where there are no `groups`: dates and numbers in it must rise.
        y : array-like of n_samples targets, default=None
            Its index too is looked at; else it is ignored.
        groups : array-like of shape (n_samples,), default=None
            The time of each row: numbers, dates, ordered categories, or text that sorts by time,
            such as "2024-01-31" or "week 07", also in bytes. Years that are marked, as in "FY98"
            and "'01", are in the order of the years. Words ("pre", "post") have no order in time:
            make them ordered categories. By default rows are time steps in order.

        Yields
        ------
        train : ndarray of int of shape (n_train,)
            Training rows, in the order of X.
        test : ndarray of int of shape (n_test,)
            Test rows, in the order of X.

        Raises
        ------
        TypeError
            If a parameter is not an int.
        ValueError
            If a parameter is too small, there are too few time steps for the folds and the gap,
            or `groups` has another length than X, missing values, or text that does not sort
            by time; if there are no `groups`, and dates or numbers in the index of X do not rise.
        """
        self._check_parameters()
        times = _rows_as_times(X, y) if groups is None else _check_times(groups, X)
        distinct, position = np.unique(times, return_inverse=True)  # position: the row's step
        test_size = self._test_size(len(distinct))
        for start in range(len(distinct) - self.n_splits * test_size, len(distinct), test_size):
            end = start - self.gap
            begin = max(0, end - self.max_train_size) if self.max_train_size else 0
            train = np.flatnonzero((position >= begin) & (position < end))
            yield train, np.flatnonzero((position >= start) & (position < start + test_size))

    def _check_parameters(self) -> None:
        for name, least in (("n_splits", 1), ("gap", 0), ("test_size", 1), ("max_train_size", 1)):
            value = getattr(self, name)
            if value is None and name in ("test_size", "max_train_size"):
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise TypeError(f"{name} must be an int, got {value!r}. Pass a whole number.")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}.")

    def _test_size(self, n_times: int) -> int:
        test_size = self.test_size or max(1, n_times // (self.n_splits + 1))
        needed = 1 + self.gap + self.n_splits * test_size
        if n_times < needed:
            raise ValueError(
                f"{self.n_splits} folds that test {test_size} time steps each, after a gap of "
                f"{self.gap} and at least one step to train on, need {needed} time steps, got "
                f"{n_times}. Ask for fewer n_splits, a smaller test_size or a smaller gap."
            )
        return test_size


def _rows_as_times(X: Any, y: Any) -> NDArray[Any]:
    """Rows are time steps, in the order of the dates that X and y may have."""
    for name, data in (("X", X), ("y", y)):
        if isinstance(data, (pd.DataFrame, pd.Series)):
            _check_dates_rise(data.index, name)
    return np.arange(num_samples(X))


def _check_dates_rise(index: pd.Index, name: str) -> None:
    row = _first_out_of_order(index)
    if row is not None:
        raise ValueError(
            "Without groups, rows must be of one series and in time order, but the index of "
            f"{name} has {fall_in_words(index, row)}. Pass the times as groups: "
            f"groups={name}.index, or of a MultiIndex {name}.index.get_level_values(level). Where "
            f"rows are in time order whatever their index says, pass {name}.reset_index(drop=True)."
        )


def _first_out_of_order(index: pd.Index) -> int | None:
    """The first row that is not later than the one above, where the index holds times or numbers.

    Levels of a MultiIndex that hold no dates, but numbers beside the names of series, are times.
    Numbers that come twice are no times of one series; they may start again.
    """
    if isinstance(index, pd.MultiIndex):
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        numbers = [each for each in map(in_order, levels) if each is not None]
        dates = [text_as_dates(level) for level in levels]
        index = next((level for level in dates if is_in_time(level)), index)
        if len(levels) == 1:
            index = levels[0]
        elif index.nlevels > 1:
            is_one = not numbers or len(numbers) == len(levels)  # such as years and months
            return None if is_one else first_fall(numbers[0], strictly=True)
    index = text_as_dates(index)
    times: Any = in_order(index) if is_in_time(index) else years_of(index)
    if times is not None:
        return first_fall(np.asarray(times), strictly=True)
    times = None if index.hasnans or index.has_duplicates else in_order(index)
    return first_fall_of_numbers(index) if times is None else first_fall(times, strictly=True)


def _check_times(groups: ArrayLike, X: Any) -> NDArray[Any]:
    """The times of the rows, in a dtype that sorts by time."""
    values = groups if hasattr(groups, "dtype") else np.asarray(groups)
    shape = np.shape(values)
    if shape != (num_samples(X),):
        raise ValueError(
            f"groups must hold one time per row of X, shape ({num_samples(X)},), got shape "
            f"{shape}. Pass the time of every row, or leave groups out."
        )
    missing = np.asarray(pd.isna(values))
    if missing.any():
        raise ValueError(
            "groups must hold a time for every row, got missing values first at row "
            f"{int(np.argmax(missing))}. Drop those rows or fill in their times."
        )
    times = in_order(as_index(values))
    return _text_as_times(np.asarray(values)) if times is None else times


def _text_as_times(values: NDArray[Any]) -> NDArray[Any]:
    """Text, also in bytes, that sorts by time, or other objects that can be sorted."""
    items, decoding = values.tolist(), ""
    if all(isinstance(item, bytes) for item in items):
        items, decoding = _decoded(items), "Decode it, [time.decode() for time in groups]. "
    is_text = [isinstance(item, str) for item in items]
    if any(is_text) and not all(is_text):
        row = is_text.index(not is_text[0])
        raise ValueError(
            f"groups must hold times of one type, got {items[0]!r} in row 0 and {items[row]!r} in "
            f"row {row}. Convert them, [str(time) for time in groups], and say their order: "
            "pd.Categorical(groups, categories=[...], ordered=True)."
        )
    if not all(is_text):
        _check_sortable(items)
        return values
    names = sorted(set(items))
    centuries = with_whole_years(names)
    found = _first_not_by_time(names, centuries)
    if found is not None:
        raise ValueError(
            f"groups must sort by time, but text sorts by the alphabet, {found[0]!r} before "
            f"{found[1]!r}{found[2]}. {decoding}Convert it, for example with "
            "pd.to_datetime(groups, format=...), or say the order: pd.Categorical(groups, "
            "categories=[...], ordered=True)."
        )
    whole = dict(zip(names, centuries[0], strict=True))
    return np.array([whole[item] for item in items])


def _decoded(items: list[bytes]) -> list[str]:
    try:
        return [item.decode() for item in items]
    except UnicodeDecodeError as error:
        row = items.index(error.object)
        raise ValueError(
            f"groups must hold times, got {items[row]!r} in row {row}, which is no text in UTF-8. "
            "Decode them, [time.decode(encoding) for time in groups]."
        ) from error


def _check_sortable(items: list[Any]) -> None:
    """Raise ValueError for objects that have no order, such as members of an enumeration."""
    try:
        sorted(items)
    except TypeError as error:
        raise ValueError(
            f"groups must hold times that can be sorted, got {items[0]!r} of type "
            f"{type(items[0]).__name__} in row 0 ({error}). Say their order: pd.Categorical("
            "groups, categories=[...], ordered=True)."
        ) from error


def _first_not_by_time(names: list[str], centuries: list[list[str]]) -> tuple[str, str, str] | None:
    """Two of the sorted names whose order is not surely that of time, and what is to be added.

    ``centuries`` are the names with whole years, for each century that they may be of.
    """
    if len(centuries) > 1:
        return names[0], names[1], " (and nothing here says of which century they are)"
    given = dict(zip(centuries[0], names, strict=True))
    spelled = sorted(given)
    orders, lags = keys_of_time(spelled), lags_of(spelled)
    if lags is not None:
        orders.append([-lag for lag in lags])  # "t-2" comes before "t-1"
    for keys in orders:
        by_time = [name for _, name in sorted(zip(keys, spelled, strict=True))]
        for name, earlier in zip(spelled, by_time, strict=True):
            if name != earlier:
                return given[name], given[earlier], ""
    if isinstance(text_as_dates(pd.Index(spelled)), pd.DatetimeIndex):
        return None
    pair = first_unordered(spelled)
    if pair is None:
        return None
    return given[pair[0]], given[pair[1]], " (and nothing here says which comes first)"
