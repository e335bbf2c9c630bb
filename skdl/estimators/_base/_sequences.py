"""Sequences as a column of the engine."""

from __future__ import annotations

from dataclasses import KW_ONLY
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import torch

from ..._reading import Sequences, SequencesMixin
from ..._sklearn import Interval
from ...engine import Column, Data, Ragged, Streamed, as_tensor
from ._docs import deep_estimator


@deep_estimator
class SequenceInputMixin(SequencesMixin):
    """Mixin of estimators that take sequences, of equal or unequal lengths.

    The user guide, "sequences", has a table of what X may be.

    Parameters
    ----------
    n_channels : int or None, default=None
        Channels of each step where X is flat: (n_samples, n_steps * n_channels), the channels of
        one step together. None reads a 2-D X as sequences of one channel.

    Attributes
    ----------
    n_features_in_ : int
        Not set where X was a list of sequences.
    n_channels_in_ : int
        Number of channels of X.
    n_steps_in_ : int
        Steps of each sequence; not set where X was a list of sequences.
    """

    _: KW_ONLY
    n_channels: int | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
    }

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """Sequences as data with a column ``x`` (n, T, C), in the dtype of X."""
        return Data({"x": as_column(self._read_sequences(X, reset=reset))})


def as_column(sequences: Sequences) -> Column:
    """Sequences as a column, ragged where their lengths differ."""
    if sequences.lengths is not None:
        return Ragged(as_tensor(sequences.values), torch.from_numpy(sequences.lengths))
    return Streamed(sequences.values) if sequences.is_streamed else as_tensor(sequences.values)


def lengths_of(data: Data) -> np.ndarray:
    """Steps of each sequence in use; of one of them where all have the same number."""
    x = data.columns["x"]
    if not isinstance(x, Ragged):
        return np.array([x.array.shape[1] if isinstance(x, Streamed) else x.shape[1]])
    return x.host_lengths if data.rows is None else x.host_lengths[data.rows]
