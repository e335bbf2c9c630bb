"""The linear model of the recurrent regressors: ridge regression on the last steps.

It is fitted from second moments that are summed batch by batch, for data of any size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...engine._data import Batch, Data

N_BLOCKS, PERSISTENCE_ERRORS = 10, 1.5
# Penalties, relative to the number of rows; the last one leaves only unpenalised coefficients.
PENALTIES = torch.cat([torch.logspace(-6, 3, 19, dtype=torch.float64), torch.tensor([1e12])])


@dataclass
class Candidate:
    """A family of ridge regressions: coefficients in a basis of the steps, and an offset.

    Attributes
    ----------
    basis : Tensor of shape (1 + p, q)
        Each column is one feature as a combination of (1, x).
    n_free : int
        How many of the first features are not penalised.
    fixed : Tensor of shape (1 + p, k)
        Coefficients of (1, x) that are given and not fitted.
    """

    basis: Tensor
    n_free: int
    fixed: Tensor


def fit_linear_model(
    data: Data, steps: Callable[[Batch], Tensor], persistence: tuple[Tensor, Tensor]
) -> Tensor:
    """Coefficients (1 + n_steps * C, k) of y on (1, the last n_steps steps).

    The candidates are three families of ridge regressions, each over a grid of penalties: shrunk
    towards the mean of y, towards a free multiple of the last step, and towards the last step
    itself. They are scored by cross-validation over contiguous blocks of rows: mean absolute error
    times root mean squared error. The result is the best candidate; with few rows, a weighted mean
    of those that are as good within the standard error over blocks; persistence (the last step),
    where the best is not better by 1.5 standard errors (as in the one-standard-error rule of
    Breiman et al., "Classification and Regression Trees", 1984), because on random walks many
    linear models seem to predict.

    Parameters
    ----------
    data : Data
        With a column y (k,), and a column weight where rows are weighted.
    steps : callable
        The last steps of a batch, flattened: (B, n_steps * C) in float64.
    persistence : pair of Tensors of shape (C, k)
        Offset and slope that convert a step of each channel to the units of each target.
    """
    blocks = [data.subset(rows) for rows in torch.arange(len(data)).tensor_split(N_BLOCKS)]
    blocks = [block for block in blocks if len(block)]
    moments = torch.stack([_moments(block, steps) for block in blocks])
    total = moments.sum(0)
    candidates = _candidates(total, persistence)
    # Without each block in turn, and with all: (n_blocks + 1, M, 1 + p, k)
    sets = torch.cat([total - moments, total[None]])
    *unseen, models = torch.cat([_solve(sets, candidate) for candidate in candidates], 1)
    if len(blocks) == 1:
        return models[-1]
    errors = [_errors(block, steps, model) for block, model in zip(blocks, unseen, strict=True)]
    weights = _weights(torch.stack(errors), len(data))
    return (weights[:, None, None] * models).sum(0)


def _rows(batch: Batch, steps: Callable[[Batch], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """(1, x) of a batch (B, 1 + p), y (B, k), weights (B, 1)."""
    x, y = steps(batch), batch["y"].double()
    one = torch.ones_like(x[:, :1])
    weight = batch["weight"].double()[:, None] if "weight" in batch else one
    return torch.cat([one, x], 1), y, weight


def _moments(block: Data, steps: Callable[[Batch], Tensor]) -> Tensor:
    """Weighted moments of (1, x, y) on a block: (1 + p + k, 1 + p + k)."""
    moments = torch.zeros((), dtype=torch.float64)
    for batch in block.chunks():
        x, y, weight = _rows(batch, steps)
        rows = torch.cat([x, y], 1)
        moments = moments + (weight * rows).T @ rows
    return moments


def _errors(block: Data, steps: Callable[[Batch], Tensor], models: Tensor) -> Tensor:
    """Sums of absolute and of squared errors of models (M, 1 + p, k) on a block: (2, M)."""
    errors = torch.zeros(2, len(models), dtype=torch.float64)
    flat = models.movedim(0, 1).flatten(1)  # (1 + p, M * k): one matrix product for all
    for batch in block.chunks():
        x, y, weight = _rows(batch, steps)
        miss = (x @ flat).unflatten(1, (len(models), -1)) - y[:, None]  # (B, M, k)
        errors[0] += (weight * miss.abs().sum(2)).sum(0)
        errors[1] += (weight * miss.square().sum(2)).sum(0)
    return errors


def _weights(errors: Tensor, n_rows: int) -> Tensor:
    """Weights (M,) of candidates from their errors (n_blocks, 2, M) on each block.

    The last candidate is persistence.
    """
    tiny = torch.finfo(torch.float64).tiny
    score = (errors.sum(0) + tiny).log() * torch.tensor([[1.0], [0.5]])
    of_blocks = ((errors + tiny).log() * torch.tensor([[1.0], [0.5]])).sum(1)  # (n_blocks, M)
    worse = score.sum(0) - score.sum(0).min()  # (M,)
    best = int(worse.argmin())
    spread = (of_blocks - of_blocks[:, best : best + 1]).std(0) / len(errors) ** 0.5
    if worse[-1] <= PERSISTENCE_ERRORS * spread[-1]:
        return torch.eye(len(worse), dtype=worse.dtype)[-1]
    weights = torch.exp(-0.5 * (worse / (min(1.0, 100 / n_rows) * spread + 1e-12)) ** 2)
    weights[worse > 0.5] = 0
    return weights / weights.sum()


def _candidates(total: Tensor, persistence: tuple[Tensor, Tensor]) -> list[Candidate]:
    """The three families, in order of ``fit_linear_model``, from the moments of all rows."""
    offset, slope = persistence  # (C, k) each
    n_channels, k = slope.shape
    p = len(total) - 1 - k
    n_steps = p // n_channels
    one_and_steps = torch.eye(1 + p, dtype=total.dtype)
    one, last = one_and_steps[:, :1], one_and_steps[:, 1 + p - n_channels :]
    to_last = one_and_steps[:, 1 : 1 + p - n_channels] - last.repeat(1, n_steps - 1)
    zeros = total.new_zeros(1 + p, k)

    # Persistence: for each target, the channel whose last step has the least squared error.
    persisting = zeros.expand(n_channels, -1, -1).clone()
    persisting[:, 0] = offset
    for channel in range(n_channels):
        persisting[channel, 1 + p - n_channels + channel] = slope[channel]
    xx, xy = total[: 1 + p, : 1 + p], total[: 1 + p, 1 + p :]
    errors = (persisting * (xx @ persisting - 2 * xy)).sum(1)  # (C, k), less a constant
    persisting = persisting[errors.argmin(0), :, torch.arange(k)].T  # (1 + p, k)
    return [
        Candidate(one_and_steps, 1, zeros),
        Candidate(torch.cat([one, last, to_last], 1), 1 + n_channels, zeros),
        Candidate(torch.cat([one, to_last], 1), 0, persisting),
    ]


def _solve(moments: Tensor, candidate: Candidate) -> Tensor:
    """Coefficients of (1, x) for moments (..., m, m) and each penalty: (..., A, 1 + p, k)."""
    basis, f, n_x = candidate.basis, candidate.n_free, len(candidate.basis)
    xx, xy = moments[..., :n_x, :n_x], moments[..., :n_x, n_x:]
    target = basis.T @ (xy - xx @ candidate.fixed)
    gram = basis.T @ xx @ basis
    # Without the free coefficients, one eigendecomposition gives the solutions of all penalties.
    inverse = torch.linalg.pinv(gram[..., :f, :f], hermitian=True)
    from_shrunk, from_target = inverse @ gram[..., :f, f:], inverse @ target[..., :f, :]
    values, vectors = torch.linalg.eigh(gram[..., f:, f:] - gram[..., f:, :f] @ from_shrunk)
    rotated = vectors.mT @ (target[..., f:, :] - gram[..., f:, :f] @ from_target)
    penalty = PENALTIES[:, None] * moments[..., :1, :1]  # (..., A, 1)
    shrink = 1 / (values.clamp_min(0)[..., None, :] + penalty)  # (..., A, q - f)
    shrunk = _times(vectors, shrink[..., None] * rotated[..., None, :, :])  # (..., A, q - f, k)
    free = from_target[..., None, :, :] - _times(from_shrunk, shrunk)
    return candidate.fixed + _times(basis, torch.cat([free, shrunk], -2))


def _times(matrix: Tensor, stack: Tensor) -> Tensor:
    """One matrix (..., r, s) times each of a stack (..., A, s, k)."""
    return torch.einsum("...rs,...ask->...ark", matrix, stack)
