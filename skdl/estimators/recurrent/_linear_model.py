"""The linear model of the recurrent regressors: ridge regression on the last steps.

It is fitted from second moments that are summed batch by batch, for data of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from ...engine import Batch, Data, weighted_quantiles
from ...modules import last_steps, standardized
from .._base import is_series, outlier_limits

MAX_FEATURES = 256  # time grows with the cube of their number
N_BLOCKS, PERSISTENCE_ERRORS = 10, 1.5
MAX_MODEL_VALUES = 2**22  # numbers of the factors of models that are fitted at once
# Of robust fits: y is clipped to so many robust standard deviations around predictions, in at most
# so many rounds.
OUTLIER_DEVIATIONS, N_ROUNDS = 5, 5
MAX_ERROR_VALUES = 2**20  # errors of models that are computed at once
MAX_AT_ONCE = 2**18  # coefficients or errors of models that are computed at once for all blocks
Rows = tuple[Tensor, Tensor, Tensor]  # (1, x) (B, 1 + p), y (B, k), weights (B, 1)
# Penalties, relative to the number of rows; the last one leaves only unpenalised coefficients.
PENALTIES = torch.cat([torch.logspace(-6, 3, 19, dtype=torch.float64), torch.tensor([1e12])])


@dataclass
class LinearModel:
    """A fitted linear model.

    Attributes
    ----------
    coefficients : Tensor of shape (1 + p, k)
        Of (1, x).
    log_error : float
        How large its errors are in cross-validation: mean over targets of the logarithm of mean
        absolute error times root mean squared error.
    residuals : Tensor of shape (n, k) or None
        Errors of rows, y less prediction, by models that were fitted without them.
    of_series : bool
        Whether neighbouring rows are alike, as windows of a series are.
    """

    coefficients: Tensor
    log_error: float
    residuals: Tensor | None = None
    of_series: bool = False


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


@dataclass
class Ridges:
    """Families of ridge regressions for all penalties, fitted to the same rows, in factors.

    The coefficients of penalty a are ``start + directions @ (shrink[:, a, :, None] * rotated)``.
    Of many targets they take more time and memory than the predictions of a few rows, which need
    only the factors.

    Attributes
    ----------
    start : Tensor of shape (F, 1 + p, k)
        Coefficients of (1, x) with an infinite penalty.
    directions : Tensor of shape (F, 1 + p, p)
        Eigenvectors, as combinations of (1, x); behind them zeros.
    rotated : Tensor of shape (F, p, k)
        Coordinates of the target in these directions.
    shrink : Tensor of shape (F, A, p)
        Factors of the coordinates, for each penalty.
    """

    start: Tensor
    directions: Tensor
    rotated: Tensor
    shrink: Tensor

    def coefficients(self) -> Tensor:
        """Those of all regressions, (1 + p, F * A * k); of several sets of rows, (n_sets, ...)."""
        shrunk = self.shrink[..., None] * self.rotated[..., None, :, :]  # (..., F, A, p, k)
        sizes = (self.shrink.shape[-2], self.rotated.shape[-1])
        of_all = self.directions @ shrunk.transpose(-3, -2).flatten(-2)  # (..., F, 1 + p, A * k)
        of_all = of_all.unflatten(-1, sizes) + self.start[..., None, :]
        return of_all.transpose(-4, -3).flatten(-3)

    def of_each_set(self) -> Iterator[Ridges]:
        """Those of one set of rows after another, where there is a first dimension of sets."""
        return map(Ridges, self.start, self.directions, self.rotated, self.shrink)

    def errors(self, x: Tensor, y: Tensor, coefficients: Tensor | None) -> Tensor:
        """Predictions less y (B, k) of all regressions: (F, A, B, k), or (B, F * A * k).

        The latter with what ``coefficients`` returned.
        """
        if coefficients is not None:
            miss = (x @ coefficients).unflatten(1, (-1, y.shape[1]))
            return miss.sub_(y[:, None]).flatten(1)
        shrunk = self.shrink[:, :, None] * (x @ self.directions)[:, None]  # (F, A, B, p)
        miss = (shrunk.flatten(1, 2) @ self.rotated).unflatten(1, shrunk.shape[1:3])
        return miss.add_((x @ self.start).sub_(y)[:, None])

    def mean(self, weights: Tensor) -> Tensor:
        """The mean (1 + p, k) of all regressions, weighted by target (F * A, k)."""
        of_families = weights.unflatten(0, self.shrink.shape[:2])
        shrunk = (self.shrink.mT @ of_families).mul_(self.rotated)
        return (self.start * of_families.sum(1, True) + self.directions @ shrunk).sum(0)


def fit_linear_model(
    data: Data,
    inputs: Inputs,
    persistence: tuple[Tensor, Tensor],
    *,
    with_residuals: bool = False,
) -> LinearModel:
    """Fit coefficients (1 + n_steps * C, k) of y on (1, the last steps); 0 for unused inputs.

    The candidates are three families of ridge regressions, each over a grid of penalties: shrunk
    towards the mean of y, towards a free multiple of the last step, and towards the last step
    itself. They are scored by cross-validation over contiguous blocks of rows: mean absolute error
    times root mean squared error. Where the rows are a series, the blocks beside the one that is
    predicted are left out too, for their windows overlap with it (Racine, "Consistent
    cross-validatory model-selection for dependent data: hv-block cross-validation", 2000). The
    result is, for each target by itself, the best candidate; with few rows, a weighted mean of
    those that are as good within the standard error over blocks; persistence (the last step),
    where the best is not better by 1.5 standard errors (as in the one-standard-error rule of
    Breiman et al., "Classification and Regression Trees", 1984), because on random walks many
    linear models seem to predict.

    Parameters
    ----------
    data : Data
        With a column y (k,), and a column weight where rows are weighted.
    inputs : Inputs
        One of ``possible_inputs``.
    persistence : pair of Tensors of shape (C, k)
        Offset and slope that convert a step of each channel to the units of each target.
    """
    # Moments add up: those without a block are the total less those of the block.
    blocks = _blocks(data, inputs)
    moments = torch.stack([_moments(block()) for block in blocks])
    total = moments.sum(0)
    of_series = len(blocks) == N_BLOCKS and is_series(data.column("y").double().numpy(), data)
    candidates = _candidates(total, persistence, inputs.channels)
    if len(blocks) == 1:  # of one row: nothing is left without it
        models = list(next(_solutions(total[None], candidates)).of_each_set())
        weights, log_error = _persistence_weights(total, candidates), 0.0
    else:
        # Without each block in turn, and last with all.
        left_out = _with_neighbours(moments) if of_series else moments
        sets = torch.cat([total - left_out, total[None]])
        solved = list(_solutions(sets, candidates))
        models = [each for some in solved for each in some.of_each_set()]
        errors = _errors_without_blocks(blocks, solved, models, len(data))
        weights, log_error = _weights(errors, len(data))
    fitted = LinearModel(inputs.of_all(models[-1].mean(weights)), log_error, of_series=of_series)
    if with_residuals:
        held_out = (each.mean(weights) for each in models)
        of_blocks = zip(blocks, held_out, strict=False)
        residuals = [y - x @ model for block, model in of_blocks for x, y, _ in block()]
        fitted.residuals = torch.cat(residuals)
    return fitted


def _blocks(data: Data, inputs: Inputs) -> list[Callable[[], Iterable[Rows]]]:
    """Contiguous blocks of rows: each gives its rows, in parts where they are many."""
    chunk = next(data.chunks())
    if len(chunk["y"]) == len(data):  # few rows: they are read once
        columns = (each.tensor_split(N_BLOCKS) for each in _rows(inputs, chunk))
        return [partial(iter, [rows]) for rows in zip(*columns, strict=True) if len(rows[0])]
    of_rows = torch.arange(len(data)).tensor_split(N_BLOCKS)
    return [partial(_parts, inputs, data.subset(rows)) for rows in of_rows]


def _parts(inputs: Inputs, block: Data) -> Iterator[Rows]:
    return map(partial(_rows, inputs), block.chunks())


def _with_neighbours(moments: Tensor) -> Tensor:
    """The moments of each block and of those beside it."""
    none = torch.zeros_like(moments[:1])
    return moments + torch.cat([none, moments[:-1]]) + torch.cat([moments[1:], none])


def fit_robustly(fit: Callable[[Data], LinearModel], data: Data) -> LinearModel:
    """Fit by least squares to y whose outliers are replaced by pseudo-values.

    A pseudo-value is at most ``OUTLIER_DEVIATIONS`` from the prediction of models that were fitted
    without the row; predictions and pseudo-values are computed in turn (the H-algorithm of Huber
    and Dutter, 1974). The residuals are those of the original y, less the mean of those of the
    pseudo-values.

    Parameters
    ----------
    fit : callable
        Gives a model of data, with residuals.
    data : Data
        With a column y.
    """
    y, weight = data.column("y").double(), data.row_weights()
    errors = y - weighted_quantiles(y, weight, [0.5])[:, 0]
    moved, limits = None, outlier_limits(errors, weight)
    for _ in range(N_ROUNDS):
        before = moved
        moved = torch.where(errors.abs() <= limits, y, y - errors + errors.clamp(-limits, limits))
        if before is not None and torch.allclose(moved, before, atol=1e-2):
            break
        model = fit(data.with_columns_of_rows(y=moved))
        assert model.residuals is not None
        # The model's errors are those of the pseudo-values: back to those of y.
        of_pseudo_values = model.residuals
        errors = of_pseudo_values + (y - moved)
        limits = outlier_limits(errors, weight, OUTLIER_DEVIATIONS)
    # Less their mean, which is not 0 where the models extrapolate.
    model.residuals = errors - weight @ of_pseudo_values / weight.sum()
    return model


def _solutions(sets: Tensor, candidates: list[Candidate]) -> Iterator[Ridges]:
    """All candidates, fitted to moments (n_sets, 1 + p, 1 + p + k), for several sets at once."""
    n_x = len(candidates[0].basis)
    n_values = len(candidates) * n_x * (2 * sets.shape[-1] - n_x)
    for some in sets.split(max(1, MAX_MODEL_VALUES // n_values)):
        families = zip(*(_solve(some, each) for each in candidates), strict=True)
        yield Ridges(*(torch.stack(factors, 1) for factors in families))


def _persistence_weights(total: Tensor, candidates: list[Candidate]) -> Tensor:
    """Weights (M, k) of persistence alone."""
    n_targets = total.shape[-1] - len(candidates[0].basis)
    weights = total.new_zeros(len(candidates) * len(PENALTIES), n_targets)
    weights[-1] = 1
    return weights


@dataclass
class Inputs:
    """The inputs of the linear model: some values of the last steps, standardized.

    The last step of its channels is among them, at the end.

    Parameters
    ----------
    mean, scale : Tensor of shape (n_channels,)
        Of all channels.
    n_steps : int
        Number of the last steps. A sequence that is shorter is extended backwards.
    chosen : Tensor of shape (p,) or None
        Places in the flattened steps (n_steps * n_channels), ascending; None is all.
    """

    mean: Tensor
    scale: Tensor
    n_steps: int
    chosen: Tensor | None = None

    def __call__(self, batch: Batch) -> Tensor:
        """The inputs (B, p) of a batch, in float64."""
        x = standardized(batch["x"].double(), self.mean, self.scale)
        last = last_steps(x, batch.get("lengths"), self.n_steps)
        return last if self.chosen is None else last[:, self.chosen]

    @property
    def channels(self) -> Tensor:
        """The channel of each input (p,)."""
        n_channels = len(self.mean)
        places = self.chosen
        if places is None:
            places = torch.arange(self.n_steps * n_channels)
        return places % n_channels

    def of_all(self, coefficients: Tensor) -> Tensor:
        """Coefficients of (1, all values of the last steps): 0 for those not chosen."""
        if self.chosen is None:
            return coefficients
        full = coefficients.new_zeros(1 + self.n_steps * len(self.mean), coefficients.shape[1])
        full[0], full[1 + self.chosen] = coefficients[0], coefficients[1:]
        return full


def possible_inputs(
    data: Data, mean: Tensor, scale: Tensor, lengths: Sequence[int]
) -> list[Inputs]:
    """Candidate inputs of the linear model, at most 256 values.

    All channels of the last steps, as many as each of ``lengths``. Where these are more values, as
    many steps as are not, or the last step and those earlier values that are most correlated with
    any column of y; with more than 256 channels the last steps of the most correlated ones.
    Screening by correlation keeps what matters as long as that is not hidden by other values (Fan
    and Lv, "Sure independence screening", 2008).
    """
    n_channels = len(mean)
    if n_channels > MAX_FEATURES:
        last = Inputs(mean, scale, 1)
        last.chosen = correlations(data, last).topk(MAX_FEATURES).indices.sort().values
        return [last]
    most = MAX_FEATURES // n_channels
    inputs = [Inputs(mean, scale, n) for n in sorted({min(n, most) for n in lengths})]
    n_steps = min(lengths)
    if n_steps > most > 1:
        screened = Inputs(mean, scale, n_steps)
        earlier, last_step = torch.arange(n_steps * n_channels).tensor_split([-n_channels])
        places = correlations(data, screened)[earlier].topk(MAX_FEATURES - n_channels).indices
        screened.chosen = torch.cat([places.sort().values, last_step])
        inputs.append(screened)
    return inputs


def correlations(data: Data, inputs: Inputs) -> Tensor:
    """The highest absolute correlation (p,) of each input with any column of y."""
    # Sums in one pass, for data that may be larger than memory; in float64, as they are subtracted.
    total = sums = squares = sums_y = squares_y = products = torch.zeros((), dtype=torch.float64)
    for one_and_x, y, weight in _parts(inputs, data):
        x = one_and_x[:, 1:]
        total = total + weight.sum()
        sums, sums_y = sums + (weight * x).sum(0), sums_y + (weight * y).sum(0)
        squares = squares + (weight * x.square()).sum(0)
        squares_y = squares_y + (weight * y.square()).sum(0)
        products = products + (weight * x).T @ y  # (p, k)
    tiny = torch.finfo(torch.float64).tiny
    of_x = (squares / total - (sums / total).square()).clamp_min(tiny)
    of_y = (squares_y / total - (sums_y / total).square()).clamp_min(tiny)
    covariance = products / total - torch.outer(sums, sums_y) / total.square()
    return (covariance.abs() / torch.outer(of_x, of_y).sqrt()).amax(1)


def _rows(inputs: Inputs, batch: Batch) -> Rows:
    x, y = inputs(batch), batch["y"].double()
    one = torch.ones_like(x[:, :1])
    weight = batch["weight"].double()[:, None] if "weight" in batch else one
    return torch.cat([one, x], 1), y, weight


def _moments(block: Iterable[Rows]) -> Tensor:
    """Weighted moments of (1, x) with (1, x, y) on a block: (1 + p, 1 + p + k)."""
    moments = torch.zeros((), dtype=torch.float64)  # takes the shape of what is added
    for x, y, weight in block:
        moments = moments + (weight * x).T @ torch.cat([x, y], 1)
    return moments


def _errors_without_blocks(
    blocks: list[Callable[[], Iterable[Rows]]],
    solved: list[Ridges],
    models: list[Ridges],
    n_rows: int,
) -> Tensor:
    """Sums of absolute and squared errors (n_blocks, 2, M, k) of models fitted without each block.

    ``solved`` holds the models of all sets, the last one with all rows, ``models`` those of each.
    """
    some, n_blocks = solved[0], len(blocks)
    n_features, n_targets = some.rotated.shape[2:]
    n_values = some.shrink[..., 0].numel() * n_targets  # of all sets
    largest = max(n_features, -(-n_rows // n_blocks))
    if len(solved) > 1 or 4 * n_targets > n_rows // n_blocks or n_values * largest > MAX_AT_ONCE:
        by_block = zip(blocks, models[:-1], strict=True)
        return torch.stack([_errors(block(), each, n_rows // n_blocks) for block, each in by_block])
    # Few rows: the time of each call counts, so the blocks are padded by rows of no weight.
    rows = (map(torch.cat, zip(*block(), strict=True)) for block in blocks)
    x, y, weight = (
        pad_sequence(list(column), batch_first=True) for column in zip(*rows, strict=True)
    )
    miss = (x @ some.coefficients()[:-1]).unflatten(2, (-1, n_targets)).sub_(y[:, :, None])
    miss = miss.flatten(2)
    squared, absolute = weight.mT @ miss.square(), weight.mT @ miss.abs_()  # (n_blocks, 1, M * k)
    return torch.cat([absolute, squared], 1).unflatten(2, (-1, n_targets))


def _errors(block: Iterable[Rows], models: Ridges, n_rows: int) -> Tensor:
    """Sums of absolute and of squared errors of models on a block of n_rows: (2, M, k)."""
    n_features, n_targets = models.rotated.shape[1:]
    n_models = models.shrink[..., 0].numel()
    few = 4 * n_targets <= n_rows and n_models * n_features * n_targets <= MAX_MODEL_VALUES
    coefficients = models.coefficients() if few else None
    absolute = squared = torch.zeros((), dtype=torch.float64)
    n_each = max(1, MAX_ERROR_VALUES // (n_models * (n_targets if few else n_features + n_targets)))
    for rows in block:
        for x, y, weight in zip(*(each.split(n_each) for each in rows), strict=True):
            miss = models.errors(x, y, coefficients)
            squared = squared + weight.T @ miss.square()
            absolute = absolute + weight.T @ miss.abs_()
    return torch.stack([absolute, squared]).view(2, n_models, n_targets)


def _weights(errors: Tensor, n_rows: int) -> tuple[Tensor, float]:
    """Weights (M, k) of candidates from their errors (n_blocks, 2, M, k) on each block.

    The last candidate is persistence. Also the logarithm of the errors of what is chosen.
    """
    tiny, half = torch.finfo(torch.float64).tiny, torch.tensor([1.0, 0.5])[:, None, None]
    # log(MAE * RMSE): outliers count less than in squares, spikes that are predicted count more
    # than in MAE.
    score = ((errors.sum(0) + tiny).log() * half).sum(0)  # (M, k)
    of_blocks = ((errors + tiny).log() * half).sum(1)  # (n_blocks, M, k)
    lowest, best = score.min(0)  # (k,)
    worse = score - lowest
    # The standard error of differences to the best one: blocks that are hard for all do not count.
    spread = (of_blocks - of_blocks.gather(1, best.expand(len(errors), 1, -1))).std(0)
    spread = spread / len(errors) ** 0.5
    # Few rows: candidates within the standard error share the weight. Many rows: the best has it.
    weights = torch.exp(-0.5 * (worse / (min(1.0, 100 / n_rows) * spread + 1e-12)) ** 2)
    weights[worse > 0.5] = 0
    # Many models of a random walk seem to predict: the last step is left only for clear gains.
    persists = worse[-1] <= PERSISTENCE_ERRORS * spread[-1]  # (k,)
    weights[:, persists] = 0
    weights[-1, persists] = 1
    chosen = torch.where(persists, score[-1], lowest)
    return weights / weights.sum(0), float(chosen.mean())


def _candidates(
    total: Tensor, persistence: tuple[Tensor, Tensor], channels: Tensor
) -> list[Candidate]:
    """The three families, in order of ``fit_linear_model``, from the moments of all rows."""
    offset, slope = (each[channels[-len(each) :]] for each in persistence)  # (C, k)
    n_channels, k = slope.shape
    p = len(total) - 1
    one_and_steps = torch.eye(1 + p, dtype=total.dtype)
    one, last = one_and_steps[:, :1], one_and_steps[:, 1 + p - n_channels :]
    # Earlier values less the last one of the same channel: the penalty shrinks their coefficients,
    # and so the model towards the last step.
    to_last = one_and_steps[:, 1 : 1 + p - n_channels] - last[:, channels[: p - n_channels]]
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


def _solve(moments: Tensor, candidate: Candidate) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The factors of ``Ridges`` of one family, from moments (..., 1 + p, 1 + p + k)."""
    basis, f, n_x = candidate.basis, candidate.n_free, len(candidate.basis)
    xx, xy = moments[..., :n_x, :n_x], moments[..., :n_x, n_x:]
    target = basis.T @ (xy - xx @ candidate.fixed)
    gram = basis.T @ xx @ basis
    # Without the free coefficients, one eigendecomposition gives the solutions of all penalties.
    # A pseudo-inverse, because channels may be constant or equal.
    inverse = torch.linalg.pinv(gram[..., :f, :f], hermitian=True)
    from_shrunk, from_target = inverse @ gram[..., :f, f:], inverse @ target[..., :f, :]
    values, vectors = torch.linalg.eigh(gram[..., f:, f:] - gram[..., f:, :f] @ from_shrunk)
    rotated = vectors.mT @ (target[..., f:, :] - gram[..., f:, :f] @ from_target)
    penalty = PENALTIES[:, None] * moments[..., :1, :1]  # (..., A, 1)
    # Eigenvalues of a singular matrix are rounded to below 0.
    shrink = 1 / (values.clamp_min(0)[..., None, :] + penalty)  # (..., A, q - f)
    start = candidate.fixed + basis[:, :f] @ from_target
    directions = (basis[:, f:] - basis[:, :f] @ from_shrunk) @ vectors  # (..., 1 + p, q - f)
    n_zeros = n_x - 1 - values.shape[-1]  # so that all families have factors of one shape
    if n_zeros:
        directions, shrink = pad(directions, (0, n_zeros)), pad(shrink, (0, n_zeros))
        rotated = pad(rotated, (0, 0, 0, n_zeros))
    return start, directions, rotated, shrink
