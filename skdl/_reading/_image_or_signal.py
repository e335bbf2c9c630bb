"""Grey images or signals of several channels: what an array (n, n, n) holds, by its values.

Neighbouring pixels are alike along both sides of an image. Signals are alike from step to step
alone: their channels have no order, and often a scale and a mean of their own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._image_shapes import Shape, is_narrow
from ._time_text import are_numbered
from ._units import BYTES, Arrays, is_whole

MAX_ROWS = 64  # that are looked at
MAX_VALUES = 2**20  # of them; of at least two rows
MIN_STEPS = 6  # fewer do not show what is alike
MIN_STEPS_OF_ONE = 12  # shorter series are rare: so many channels of one step may be steps
MAX_BYTE = 255
# Differences, 1 between unrelated numbers. The limits lie between the images and the windows of
# sensors of the tests of this file.
STEPS = 0.7  # at most, where steps are in order; of noise in few rows more
COLUMNS = 0.85  # at least, between channels; of images of few pixels 0.8
STEPS_BY_DISTANT = 0.8  # at most, where steps are in order
COLUMNS_BY_DISTANT = 0.9  # at least, where columns are in no order; of images 0.8
COLUMNS_IN_NO_ORDER = 0.25  # at least: less may be noise
LEVELS = 0.5  # at least, between the means of channels; of images 0.2
COLUMNS_OF_NARROW = 0.8  # at least, between channels, in a shape that images hardly ever have
TALL = 2  # times as many rows as columns, in which noise is likelier of sensors than an image
# Where there are so many times as many channels as steps, and so many values that chance does not
# decide: at most, along what may be the steps.
EXTREME, MANY_VALUES, STEPS_OF_EXTREME = 16, 5000, 0.95
COLUMNS_BY_STEPS = 8.0  # at least, where images may be signals; of images 3, stretched ones 10


@dataclass(frozen=True)
class Differences:
    """Mean squared differences in rows (T, C), 1 between unrelated numbers.

    Attributes
    ----------
    steps, columns : float
        Between neighbours, of columns scaled to mean 0 and variance 1.
    distant_steps, distant_columns : float
        Between those that are no neighbours.
    levels : float
        Between the means of neighbouring columns, as they are.
    n_columns : int
        Number of columns that vary.
    """

    steps: float
    columns: float
    distant_steps: float
    distant_columns: float
    levels: float
    n_columns: int

    @classmethod
    def of(cls, rows: list[np.ndarray]) -> Differences | None:
        """Those of some rows; None where there are no two columns and steps that vary."""
        if not rows or max(map(len, rows)) < 2:
            return None
        values = np.concatenate(rows)
        largest = np.abs(values).max()  # squares of large numbers would overflow
        if not largest:
            return None
        values = values / largest
        mean, scale = values.mean(0), values.std(0)
        varies = (np.ptp(values, axis=0) > 0) & (scale > 0)
        if varies.sum() < 2:
            return None
        scaled = [(row / largest - mean)[:, varies] / scale[varies] for row in rows]
        steps, distant_steps = _of_neighbours_and_others(scaled)
        columns, distant_columns = _of_neighbours_and_others([row.T for row in scaled])
        levels = float((np.diff(mean) ** 2).mean() / (2 * values.var()))
        return cls(steps, columns, distant_steps, distant_columns, levels, int(varies.sum()))

    @property
    def is_no_image(self) -> bool:
        """Whether columns are not alike: they are in images, whatever these show."""
        return self.columns >= COLUMNS

    @property
    def shows_channels(self) -> str:
        """In words, what shows that columns are channels, whatever the shape; "" if nothing."""
        if self.steps > STEPS:
            return ""
        if self.columns >= COLUMNS:
            return "values are alike from step to step, but not from column to column"
        if self.levels >= LEVELS and self.n_columns > 2:
            return "the columns have levels of their own"
        in_order = self.steps <= STEPS_BY_DISTANT * self.distant_steps
        in_no_order = self.columns >= max(
            COLUMNS_IN_NO_ORDER, COLUMNS_BY_DISTANT * self.distant_columns
        )
        # Fewer columns have too few pairs to show an order.
        if in_order and in_no_order and self.n_columns > 5:
            return "neighbouring columns are no more alike than others"
        return ""


@dataclass(frozen=True)
class Guess:
    """What rows (n, T, C) are: signals where there is a reason, else grey images.

    Attributes
    ----------
    why_signals : str
        What shows that they are signals, in words; "" for images.
    may_be_signals : bool
        Whether the values of images may be those of signals as well, which cannot be told.
    """

    why_signals: str = ""
    may_be_signals: bool = False

    @classmethod
    def of(cls, rows: np.ndarray) -> Guess:
        """By some of the rows, and their shape."""
        n_steps, n_channels = rows.shape[1:]
        some = _looked_at(rows) if _are_measured(rows) else []
        if not some:
            return cls()
        found, of_pixels = Differences.of(some), have_pixel_values(some)
        if found is not None:
            if n_steps >= MIN_STEPS and found.shows_channels:
                return cls(found.shows_channels)
            of_narrow = is_narrow(n_steps, n_channels) and found.columns >= COLUMNS_OF_NARROW
            of_tall = n_steps >= TALL * n_channels and found.is_no_image and not of_pixels
            if n_channels < n_steps and (of_narrow or of_tall):
                return cls("neighbouring columns are not alike, as those of images are")
        if _is_very_tall(n_steps, n_channels) and not of_pixels:
            return cls(f"images of {n_steps} x {n_channels} pixels are rare")
        if n_steps > n_channels and are_one_hot(some):
            return cls(may_be_signals=True)
        if found is None or n_steps < n_channels:
            return cls()
        is_smooth = found.columns >= COLUMNS_BY_STEPS * found.steps
        is_noise = found.is_no_image and not of_pixels and n_steps > n_channels
        return cls(may_be_signals=is_smooth or is_noise)


def show_channels(items: Arrays) -> bool:
    """Whether the values of arrays (T_i, C) show that their columns are channels."""
    some = _looked_at(items) if all(map(_are_measured, items)) else []
    found = Differences.of(some)
    return found is not None and max(map(len, some)) >= MIN_STEPS and bool(found.shows_channels)


def name_channels(names: Iterable[Any]) -> bool:
    """Whether names of columns are words, as of channels, and not numbered, as of pixels."""
    given = list(names)
    of_text = all(isinstance(name, (str, tuple)) for name in given)
    return of_text and not are_numbered([str(name) for name in given])


def are_one_hot(rows: list[np.ndarray]) -> bool:
    """Whether each step has a single 1 among zeros: a symbol, or a pixel of a line."""
    return all(((row == 0) | (row == 1)).all() and (row.sum(1) == 1).all() for row in rows)


def have_pixel_values(rows: list[np.ndarray]) -> bool:
    """Whether all values are from 0 to 1, or whole numbers of bytes."""
    largest = max(row.max() for row in rows)
    if not largest <= MAX_BYTE or min(row.min() for row in rows) < 0:
        return False
    return bool(largest <= 1 or (largest >= BYTES and all(map(is_whole, rows))))


def warn_of_signals(shape: Shape, reason: str) -> None:
    """Say that rows were read as signals, which is likely but not certain."""
    n_steps, n_channels = shape
    warnings.warn(
        f"X is read as signals of {n_steps} steps and {n_channels} channels: {reason}. "
        f'Pass kind="signal" if that is right; if it holds images of {n_steps} x '
        f'{n_channels} pixels, pass kind="image".',
        UserWarning,
        stacklevel=2,
    )


def warn_of_channels_first(rows: np.ndarray) -> None:
    """Warn where arrays (n, T, C) seem to be (n, C, T): as other libraries have them.

    There is one step of many channels; or channels outnumber steps, and values are alike from
    channel to channel, but not from step to step.
    """
    n_steps, n_channels = rows.shape[1:]
    least = MIN_STEPS_OF_ONE if n_steps == 1 else MIN_STEPS
    if n_channels < max(2 * n_steps, least) or not _are_measured(rows):
        return
    if n_steps > 1 and not _are_alike_along_channels(rows):
        return
    steps = "1 step" if n_steps == 1 else f"{n_steps} steps"
    reason = (
        "in which no order of steps can be learned"
        if n_steps == 1
        else "but its values are alike from channel to channel, not from step to step"
    )
    warnings.warn(
        f"X is read as {steps} of {n_channels} channels, {reason}. If channels come first, as in "
        "(n_samples, n_channels, n_steps), pass np.swapaxes(X, 1, 2).",
        UserWarning,
        stacklevel=2,
    )


def _are_alike_along_channels(rows: np.ndarray) -> bool:
    """Whether channels of rows (n, T, C) look like steps, and steps like channels."""
    n_steps, n_channels = rows.shape[1:]
    some = _looked_at(rows)
    found = Differences.of([row.T for row in some])
    if found is None or found.columns < COLUMNS:
        return False
    is_extreme = n_channels >= EXTREME * n_steps and len(some) * some[0].size >= MANY_VALUES
    most, by_distant = (STEPS_OF_EXTREME,) * 2 if is_extreme else (STEPS, STEPS_BY_DISTANT)
    return found.steps <= min(most, by_distant * found.distant_steps)


def _are_measured(values: np.ndarray) -> bool:
    """Whether numbers may be measurements: bytes and flags are pixels."""
    return values.dtype.kind in "iuf" and values.dtype != np.uint8


def _is_very_tall(n_steps: int, n_channels: int) -> bool:
    """Whether images hardly ever have so many pixels one above the other."""
    few = n_channels <= 4 and n_steps >= max(32, 8 * n_channels)
    return few or n_steps > 16 * n_channels


def _looked_at(rows: Arrays) -> list[np.ndarray]:
    """Some rows as floats, without steps that have gaps."""
    n_rows = min(MAX_ROWS, max(2, MAX_VALUES // max(1, rows[0].size)))
    n_steps = MAX_VALUES // (n_rows * max(1, rows[0].shape[1]))
    every = -(-len(rows) // n_rows)
    some = [np.asarray(row[: max(2, n_steps)], dtype=float) for row in rows[::every]]
    some = [row[np.isfinite(row).all(1)] for row in some]
    return [row for row in some if row.size]


def _of_neighbours_and_others(rows: list[np.ndarray]) -> tuple[float, float]:
    """Half of the mean squared differences along axis 0, of neighbours and of all other pairs."""
    near = far = 0.0
    n_near = n_far = 0
    for row in rows:
        n, n_each = row.shape
        of_row = float((np.diff(row, axis=0) ** 2).sum())
        # Over all pairs the squared differences are n * sum(x ** 2) - sum(x) ** 2.
        of_pairs = float((n * (row**2).sum(0) - row.sum(0) ** 2).sum())
        near, n_near = near + of_row, n_near + (n - 1) * n_each
        far, n_far = far + of_pairs - of_row, n_far + (n - 1) * (n - 2) // 2 * n_each
    return near / (2 * max(1, n_near)), max(0.0, far) / (2 * n_far) if n_far else 1.0
