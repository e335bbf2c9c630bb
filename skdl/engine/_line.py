"""A straight line to start from: ridge regression on the last steps of sequences.

Everything comes from moments that are summed batch by batch, so data of any size will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ._data import Batch, Data

N_BLOCKS = 10
# Penalties as a part of the number of rows; the last one leaves only what is not penalised.
PENALTIES = torch.cat([torch.logspace(-6, 3, 19, dtype=torch.float64), torch.tensor([1e12])])


@dataclass
class Candidate:
    """A family of lines: theta = (free, shrunk) in a basis of the steps, and a fixed part.

    Attributes
    ----------
    basis : Tensor of shape (1 + p, q)
        Columns: what the coefficients multiply, in terms of (1, x). The first ``n_free`` are not
        penalised.
    n_free : int
    fixed : Tensor of shape (1 + p, k)
        Coefficients of (1, x) that are given.
    """

    basis: Tensor
    n_free: int
    fixed: Tensor


def fit_line(
    train: Data, steps: Callable[[Batch], Tensor], persistence: tuple[Tensor, Tensor]
) -> Tensor:
    """Coefficients (1 + n_steps * C, k) of y on (1, the last n_steps steps).

    Three families compete: shrunk towards the mean of y, towards a free multiple of the last
    step, and towards the last step itself. Family and penalty are chosen by cross-validation
    over contiguous blocks of rows, by squared error.

    Parameters
    ----------
    train : Data
        With a column y (k,) and maybe weight.
    steps : callable
        The last steps of a batch, flattened: (B, n_steps * C) in float64.
    persistence : pair of Tensors of shape (C, k)
        Offset and slope: what each channel of the steps is in the units of each target.
    """
    blocks = torch.stack(list(_block_moments(train, steps)))
    total = blocks.sum(0)
    best, lowest = None, torch.inf
    for candidate in _candidates(total, persistence):
        lines = _solve(total - blocks, candidate)  # (n_blocks, A, 1 + p, k)
        errors = _squared_errors(blocks, lines).sum((0, 2))  # (A,)
        if errors.min() < lowest:
            best, lowest = (candidate, int(errors.argmin())), float(errors.min())
    if best is None:  # one row, or errors beyond floating point
        k = persistence[0].shape[1]
        return total.new_zeros(len(total) - k, k)
    return _solve(total, best[0])[best[1]]


def _block_moments(train: Data, steps: Callable[[Batch], Tensor]) -> Iterator[Tensor]:
    """Per block of rows, the weighted moments of (1, x, y): (1 + p + k, 1 + p + k)."""
    n_rows = len(train)
    n_blocks = min(N_BLOCKS, n_rows)
    bounds = torch.linspace(0, n_rows, n_blocks + 1).round().long()
    for start, stop in pairwise(bounds.tolist()):
        moments = torch.zeros((), dtype=torch.float64)
        for batch in train.subset(torch.arange(start, stop)).batches(4096):
            x = steps(batch)
            rows = torch.cat([torch.ones_like(x[:, :1]), x, batch["y"].double()], 1)
            weighted = rows * batch["weight"].double()[:, None] if "weight" in batch else rows
            moments = moments + weighted.T @ rows
        yield moments


def _candidates(total: Tensor, persistence: tuple[Tensor, Tensor]) -> list[Candidate]:
    offset, slope = persistence  # (C, k) each
    n_channels, k = slope.shape
    p = len(total) - 1 - k
    n_steps = p // n_channels
    one_and_steps = torch.eye(1 + p, dtype=total.dtype)
    one, last = one_and_steps[:, :1], one_and_steps[:, 1 + p - n_channels :]
    to_last = one_and_steps[:, 1 : 1 + p - n_channels] - last.repeat(1, n_steps - 1)
    nothing = total.new_zeros(1 + p, k)

    # Persistence: the channel whose last step, in the units of X, comes nearest to each target.
    persisting = nothing.expand(n_channels, -1, -1).clone()
    persisting[:, 0] = offset
    for channel in range(n_channels):
        persisting[channel, 1 + p - n_channels + channel] = slope[channel]
    errors = _squared_errors(total, persisting)  # (C, k)
    persisting = persisting[errors.argmin(0), :, torch.arange(k)].T  # (1 + p, k)
    return [
        Candidate(one_and_steps, 1, nothing),
        Candidate(torch.cat([one, last, to_last], 1), 1 + n_channels, nothing),
        Candidate(torch.cat([one, to_last], 1), 0, persisting),
    ]


def _solve(moments: Tensor, candidate: Candidate) -> Tensor:
    """Coefficients of (1, x) for moments (..., m, m) and each penalty: (..., A, 1 + p, k)."""
    basis, f, n_x = candidate.basis, candidate.n_free, len(candidate.basis)
    xx, xy = moments[..., :n_x, :n_x], moments[..., :n_x, n_x:]
    target = basis.T @ (xy - xx @ candidate.fixed)
    gram = basis.T @ xx @ basis
    # Eliminate the free coefficients, then one eigendecomposition serves all penalties.
    inverse = torch.linalg.pinv(gram[..., :f, :f], hermitian=True)
    from_shrunk, from_target = inverse @ gram[..., :f, f:], inverse @ target[..., :f, :]
    values, vectors = torch.linalg.eigh(gram[..., f:, f:] - gram[..., f:, :f] @ from_shrunk)
    rotated = vectors.mT @ (target[..., f:, :] - gram[..., f:, :f] @ from_target)
    penalty = PENALTIES[:, None] * moments[..., :1, :1]  # (..., A, 1)
    shrink = 1 / (values.clamp_min(0)[..., None, :] + penalty)  # (..., A, q - f)
    shrunk = vectors[..., None, :, :] @ (shrink[..., None] * rotated[..., None, :, :])
    free = from_target[..., None, :, :] - from_shrunk[..., None, :, :] @ shrunk
    return candidate.fixed + basis @ torch.cat([free, shrunk], -2)


def _squared_errors(block: Tensor, coefficients: Tensor) -> Tensor:
    """Sums of squared errors on rows of moments (..., m, m), for lines (..., A, 1 + p, k).

    Returns (..., A, k).
    """
    n_x = coefficients.shape[-2]
    xx, xy = block[..., None, :n_x, :n_x], block[..., None, :n_x, n_x:]
    yy = block[..., n_x:, n_x:].diagonal(dim1=-2, dim2=-1)[..., None, :]
    return yy + (coefficients * (xx @ coefficients - 2 * xy)).sum(-2)
