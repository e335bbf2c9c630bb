"""RandomConvolutions: features of series by random convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .._reading import Sequences
from ._minirocket import (
    BLOCK_VALUES,
    KERNELS,
    LARGEST,
    MAX_BLOCK,
    N_TAPS,
    Block,
    Dilations,
    proportions_above,
    responses,
)

FIT_ROWS = 256  # of which thresholds are learned
HEADROOM, MOST_DEVIATIONS = 2.0, 32.0
GOLDEN = (np.sqrt(5) + 1) / 2
N_POSITIONS = 256


@dataclass
class View:
    """One way to look at the series, and the thresholds of its convolutions.

    Attributes
    ----------
    standardizes : bool
        Whether each series is divided by its standard deviation.
    dilations : Dilations
    channels : list of list of ndarray
        Numbers of the channels that are added, by dilation and first tap.
    limits : ndarray of shape (n_dilations, 7)
        Values beyond which series are clipped.
    thresholds : ndarray of shape (n_features,)
        Of 16 bits.
    """

    standardizes: bool
    dilations: Dilations
    channels: list[list[np.ndarray]]
    limits: np.ndarray
    thresholds: np.ndarray


class Batch:
    """Series of one block, by channel: (C, T, W) of float32, each with mean 0, zero behind its end."""

    def __init__(self, sequences: Sequences, rows: np.ndarray, scale: np.ndarray) -> None:
        values, lengths = sequences.values, sequences.lengths
        if lengths is None:
            x, self.lengths = np.asarray(values[rows], dtype=np.float64), None
            x = x - x.mean(1, keepdims=True)
        else:
            self.lengths = lengths[rows]
            ends = np.cumsum(lengths)[rows]
            x = np.zeros((len(rows), self.lengths.max(), values.shape[1]))
            for place, (end, n) in enumerate(zip(ends, self.lengths, strict=True)):
                x[place, :n] = values[end - n : end]
                x[place, :n] -= x[place, :n].mean(0)
        self.values = np.ascontiguousarray((x / scale).transpose(2, 1, 0), dtype=np.float32)
        self.n_steps = self.lengths if self.lengths is not None else x.shape[1]

    def sum_of(self, channels: np.ndarray, *, standardizes: bool) -> np.ndarray:
        x = self.values[channels].sum(0) if len(channels) > 1 else self.values[channels[0]]
        if standardizes:
            spread = np.sqrt(np.square(x).sum(0) / self.n_steps)
            x = x / np.where(spread > 1e-6, spread, 1)
        return x
