"""Reading signals of unequal length."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np

from ..._reading import (
    MAX_CHANNELS,
    ChannelNamesMixin,
    Given,
    InputMixin,
    Sequences,
    Shape,
    check_n_channels,
    check_one_scale,
    have_pixel_values,
    read_each,
    show_channels,
    way_of_channels,
)
from ...engine import Column, Data
from ._sequences import as_column, lengths_of


class SignalInputMixin(ChannelNamesMixin, InputMixin):
    """Mixin for signals of any length, one part of ``ImageInputMixin``.

    Estimators that have "ragged" among their ``_input_kinds`` take lists of signals of unequal
    length. After a fit on a list of signals, later ones may have any length.
    """

    _input_kinds: ClassVar[frozenset[str]]
    _any_length: bool  # whether later signals may have other lengths than those of ``fit``
    _shortest: int  # steps of the shortest signal of such a fit
    kind_: str
    input_shape_: tuple[Any, ...]  # the steps are None where lengths differ
    n_channels_in_: int

    def _one_length_because(self) -> str:
        """What in the parameters takes signals of one length only, in words; "" if nothing does."""
        return ""

    def _may_be_unequal(self) -> bool:
        """Whether the estimator, as it is set, takes signals of unequal length."""
        return "ragged" in self._input_kinds and not self._one_length_because()

    def _way_of_lists(self, given: Given, array: str | None = None) -> str:
        """What to do, besides, about an array of signals of another length than in ``fit``."""
        if self.kind_ == "image" or not self._may_be_unequal():
            return ""
        rows = f"list({array or given.array})"
        if self._any_length:
            return f" Or pass them in a list, {rows}: in fit they were in one too."
        without = ", and image_shape=None" if getattr(self, "image_shape", None) is not None else ""
        return f" Or fit on a list of signals, such as {rows}{without}, to predict for any length."

    def _learn_unequal(self, items: list[np.ndarray], shape: Shape | None, given: Given) -> Column:
        """The column of a fit on signals of unequal length."""
        arrays, values = read_each(items, given, name="signal")
        lengths = np.array([len(array) for array in arrays])
        got = f"X holds signals of {lengths.min()} to {lengths.max()} steps"
        if shape is not None:
            raise ValueError(
                f"image_shape={shape} is one shape of all rows, but {got}. Fit with "
                "image_shape=None for a list of signals of unequal length."
            )
        reason = self._one_length_because()
        if reason:
            raise ValueError(
                f"Signals must have one length with {reason}, which would take their padding for "
                f"steps, but {got}. Cut or resample them to one length first, or use "
                'architecture="fcn", "plain" or "resnet", without a backbone or with a '
                f"{type(self).__name__} that has one of these."
            )
        check_one_scale(arrays, given)
        self._check_units(arrays, given, reset=True)
        self.kind_, self.n_channels_in_ = "signal", values.shape[1]
        self.input_shape_ = (None, self.n_channels_in_)
        self._any_length, self._shortest = True, int(lengths.min())
        return as_column(Sequences.of(values, lengths))

    def _learn_length(self, train: Data) -> int:
        """Steps for which a network is made: the weighted median of the training rows.

        The longest of them would decide for all. Where the first rows of ``partial_fit`` had one
        length and others have joined them since, the attributes become those of a fit on all.
        """
        if train.by_length() is not None and self.input_shape_[0] is not None:
            self.input_shape_ = (None, *self.input_shape_[1:])
            self.__dict__.pop("n_features_in_", None)
        lengths, weights = lengths_of(train), train.row_weights().numpy()
        if len(lengths) == 1:
            return int(lengths[0])
        order = np.argsort(lengths)
        total = weights[order].cumsum()
        return int(lengths[order][np.searchsorted(total, total[-1] / 2)])

    def _read_unequal(self, items: list[np.ndarray], given: Given) -> Column:
        """The column of later signals, one after the other in a list."""
        arrays, values = read_each(items, given, name="signal")
        lengths = np.array([len(array) for array in arrays])
        if not self._any_length:
            wanted, owner = self.input_shape_[0], type(self).__name__
            way = "Cut or resample them to that length first."
            if self._may_be_unequal():
                way += " Or fit on a list of signals to predict for any length."
            raise ValueError(
                f"X has signals of {lengths.min()} to {lengths.max()} steps, but {owner} was "
                f"fitted on {wanted} steps for all. {way}"
            )
        way = way_of_channels(arrays, self.n_channels_in_, given, "signal")
        n_fitted, owner = self.n_channels_in_, type(self).__name__
        check_n_channels(values.shape[1], n_fitted, owner, "signal", way)
        check_one_scale(arrays, given)
        self._check_units(arrays, given, reset=False)
        return as_column(Sequences.of(values, lengths))


def are_unequal_signals(items: list[np.ndarray], kind: str, shape: Shape | None) -> bool:
    """Whether items are signals of unequal length, where ``kind`` and ``shape`` allow for it.

    With kind="auto" they are (T,) or (T, C), of unequal T alone, and no likely images.
    """
    if kind == "image" or len({item.shape for item in items}) == 1:
        return False
    if kind == "signal":
        return True
    if shape is not None or any(item.ndim > 2 for item in items):
        return False
    channels = Counter(item.shape[1:] or (1,) for item in items)
    (usual, n_usual), *_ = channels.most_common(1)
    is_usual = usual[0] <= MAX_CHANNELS and 2 * n_usual > len(items)
    if is_usual or min(item.ndim for item in items) < 2:
        return True  # what reads signals names those of other channels
    return len(channels) == 1 and not _are_likely_images(items)


def _are_likely_images(items: list[np.ndarray]) -> bool:
    """Whether items (T, C) are grey images, cropped: many channels, of bytes or from 0 to 1.

    Unless the values are alike from step to step alone, as those of scaled sensors.
    """
    if items[0].ndim < 2 or items[0].shape[1] <= MAX_CHANNELS or not all(x.size for x in items):
        return False
    if all(item.dtype == np.uint8 for item in items):
        return True
    return have_pixel_values(items) and not show_channels(items)
