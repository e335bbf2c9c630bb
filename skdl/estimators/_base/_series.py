"""Whether the rows of a fit are those of a series, in order."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...engine import Data
from ...modules import last_steps

N_PAIRS, N_VALUES = 512, 2**20  # of neighbouring rows whose X is looked at, at most
N_OVERLAPS, MAX_STRIDE = 16, 64


def is_series(values: np.ndarray, data: Data) -> bool:
    """Whether neighbouring rows are alike in y (n, k), and in X too, as windows of a series are.

    Where y alone is, or few columns of X, the rows were sorted by that, and are independent.
    """
    n_rows = len(values)
    if n_rows < 2:
        return False
    alike = float(_correlations(values[:-1], values[1:]).max())
    if alike <= 4 / np.sqrt(n_rows):
        return False
    n_pairs = min(n_rows - 1, N_PAIRS, max(N_OVERLAPS, data.chunk_size(N_VALUES)))
    first = np.unique(np.linspace(0, n_rows - 2, n_pairs).astype(int))
    earlier, later = (_steps(data, rows) for rows in (first, first + 1))
    if _overlap(earlier, later):
        return True
    # (T, C): neighbouring rows are alike in a channel where they are so in half of its steps. Rows
    # that were sorted by one step are alike in that step only.
    of_channels = np.median(_correlations(earlier, later), 0)
    return bool(of_channels.max() > max(4 / np.sqrt(len(first)), alike / 2))


def _steps(data: Data, rows: np.ndarray) -> np.ndarray:
    """X of some rows as (m, T, C): of sequences of unequal length the last step."""
    stored = data[rows]
    x: Tensor = stored["x"].to(torch.float64)
    if "lengths" in stored:
        x = last_steps(x, stored["lengths"], 1)[:, None]
    x = x[..., None] if x.ndim == 2 else x
    return x.flatten(1, -2).cpu().numpy()


def _overlap(earlier: np.ndarray, later: np.ndarray) -> bool:
    """Whether rows (m, T, C) hold steps of the row before, as overlapping windows do."""
    some = np.linspace(0, len(earlier) - 1, min(len(earlier), N_OVERLAPS)).astype(int)
    earlier, later = earlier[some], later[some]
    n_steps = earlier.shape[1]
    strides = range(1, min(n_steps, MAX_STRIDE + 1))
    same = ((later[:, : n_steps - s] == earlier[:, s:]).all((1, 2)).mean() for s in strides)
    return any(fraction > 0.5 for fraction in same)


def _correlations(earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Of each column over rows (n, ...), with that of the rows after; 0 where it is constant."""
    earlier, later = (part - part.mean(0) for part in (earlier, later))
    size = np.sqrt((later**2).sum(0) * (earlier**2).sum(0))
    return np.divide((later * earlier).sum(0), size, where=size > 0, out=np.zeros(size.shape))
