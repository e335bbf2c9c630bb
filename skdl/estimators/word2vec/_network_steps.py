"""Training batches of skip-gram and of the hierarchical softmax, and the steps on their blocks.

A training step runs as TorchScript, which does not hold Python's global interpreter lock: threads
then train at the same time. Where torch has no TorchScript any more, it runs as plain Python.
"""

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import _network_host as host
from ._network_tiles import Text, Windows

# Nearly all words of a block update the nodes at the top of the tree, all from the same vectors:
# updates of a node are scaled down where the summed curvature of the loss is above this.
MAX_CURVATURE = 0.5


class TrainingBatch(NamedTuple):
    """The pairs of words that b blocks of S tiles are trained on.

    In each tile, predictors are its inputs, or means of them, and each predictor makes a score for
    each of the outputs.

    Attributes
    ----------
    inputs : Tensor of shape (b, S, h), int64
        Rows of the input table.
    outputs : Tensor of shape (b, S, m), int64
        Rows of the output table: words, or nodes of the tree.
    labels : Tensor of shape (b, 1 or S, 1, m)
        1 for positive outputs, 0 for negative ones.
    window_rows, window_table : Tensors of shapes (b, S, tile, 2), int64, and (n, h + k)
        The window of each token, see :class:`~._network_tiles.Windows`.
    pair_weights : Tensor of shape (b, S, tile, m) or None
        Number of times that each token is paired with each output, times the learning rate; None
        where the windows are these weights.
    window_sizes : Tensor of shape (b, S, tile, 1) or None
        Number of words in each window, at least 1, where their means are the predictors; None
        where the inputs are.
    hierarchical : bool
        Whether outputs are nodes of the tree.
    """

    inputs: Tensor
    outputs: Tensor
    labels: Tensor
    window_rows: Tensor
    window_table: Tensor
    pair_weights: Tensor | None
    window_sizes: Tensor | None
    hierarchical: bool


def skip_gram_batch(text: Text, negatives: Tensor, negative: int, lr: float) -> TrainingBatch:
    """Each token predicts the words of its window against negative samples.

    ``negatives`` (b, S, k) are k samples for each tile; together they weigh as much as
    ``negative`` of them would for each positive word.
    """
    n_negatives = negatives.shape[2]
    windows = Windows(text, lr, n_negatives, negative / n_negatives)
    inputs = text.tiles(text.tokens)
    outputs = torch.cat([text.contexts(text.tokens), negatives], 2)
    labels = (torch.arange(outputs.shape[2], device=outputs.device) < text.n_context).float()
    labels = labels.expand(len(outputs), 1, 1, -1)
    return TrainingBatch(
        inputs, outputs, labels, windows.rows, windows.table, None, None, hierarchical=False
    )


def hierarchical_batch(
    text: Text, paths: tuple[Tensor, Tensor, Tensor], lr: float, *, cbow: bool
) -> TrainingBatch:
    """Each word of a token's window, or with ``cbow`` their mean, predicts the token's path.

    ``paths`` are nodes, codes and lengths as :func:`huffman_paths` returns them.
    """
    nodes, codes, lengths = paths
    own, window_sizes = text.tiles(text.tokens), text.tiles(text.window_sizes)
    n_steps = torch.where(window_sizes > 0, lengths[own], 0)  # (b, S, tile)
    depth = max(1, int(n_steps.max())) if host.is_on_host(n_steps) else nodes.shape[1]
    on_path = torch.arange(depth, device=own.device) < n_steps.unsqueeze(3)
    # A node and its code as one number: it is one output of a tile, shared by all tokens below it.
    steps = torch.where(on_path, nodes[own, :depth] * 2 + codes[own, :depth], -1).flatten(2)
    outputs, place = distinct_of_rows(steps, max_distinct_steps(text.tile, depth))
    pair_weights = torch.zeros(*own.shape, outputs.shape[2], device=own.device)
    pair_weights.scatter_add_(3, place.view(on_path.shape), on_path * lr)
    labels = (outputs % 2 == 0).float().unsqueeze(2)
    outputs, inputs, windows = outputs.clamp_(min=0) // 2, text.contexts(text.tokens), Windows(text)
    sizes = window_sizes.clamp(min=1).unsqueeze(3) if cbow else None
    return TrainingBatch(
        inputs, outputs, labels, windows.rows, windows.table, pair_weights, sizes, hierarchical=True
    )


def max_distinct_steps(n_paths: int, depth: int) -> int:
    """Maximum number of distinct steps of so many paths, or -1 for none, in a binary tree.

    There are two steps from the root, four from the nodes below it, and so on.
    """
    return 1 + sum(min(n_paths, 2 ** (level + 1)) for level in range(depth))


def distinct_of_rows(values: Tensor, max_distinct: int) -> tuple[Tensor, Tensor]:
    """The distinct values along the last dimension, padded with -1, and the place of each value.

    On a device there are ``max_distinct`` columns, which must suffice; on a CPU as many as are
    needed.
    """
    ordered, order = values.sort(dim=2)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[:, :, 1:] = ordered[:, :, 1:] != ordered[:, :, :-1]
    slot = new.cumsum(2) - 1
    n_columns = int(slot.max()) + 1 if host.is_on_host(slot) else min(max_distinct, values.shape[2])
    distinct = values.new_full((*values.shape[:2], n_columns), -1)
    return distinct.scatter_(2, slot, ordered), torch.empty_like(slot).scatter_(2, order, slot)


# TorchScript from here on ------------------------------------------------------------------------


def train_blocks(
    input_table: Tensor,
    output_table: Tensor,
    inputs: Tensor,
    outputs: Tensor,
    labels: Tensor,
    window_rows: Tensor,
    window_table: Tensor,
    pair_weights: Tensor | None,
    window_sizes: Tensor | None,
    hierarchical: bool,
    loss_every: int = 16,
) -> Tensor:
    """Update both tables, block after block of a :class:`TrainingBatch`; return the mean loss.

    The loss is that of every ``loss_every``-th block, from the first.
    """
    loss = torch.zeros([], device=inputs.device)
    for i in range(len(inputs)):
        # Predictors, and the weight of each pair of predictor and output.
        predictors = gather_rows(input_table, inputs[i])  # (S, h, d)
        windows = window_weights(window_rows[i], window_table)  # (S, tile, h + k)
        weight = windows
        if window_sizes is not None:
            predictors = torch.bmm(windows / window_sizes[i], predictors)  # (S, tile, d)
        if pair_weights is not None:
            weight = pair_weights[i]
            if window_sizes is None:
                weight = torch.bmm(windows.transpose(1, 2), weight)
        # Scores and errors.
        targets = gather_rows(output_table, outputs[i])  # (S, m, d)
        probability = torch.bmm(predictors, targets.transpose(1, 2)).sigmoid_()  # (S, r, m)
        error = labels[i] - probability
        if i % loss_every == 0:
            has_words = squared_norms(predictors) != 0  # means of empty windows are zero
            loss += mean_log_loss(error, weight * has_words)
        # Steps of both tables, from the vectors before either changes.
        gradient = error.mul_(weight)
        input_step = torch.bmm(gradient, targets)
        output_step = torch.bmm(gradient.transpose(1, 2), predictors)
        if window_sizes is not None:
            # As in word2vec.c, each word of a window gets the whole step of their mean.
            input_step = torch.bmm(windows.transpose(1, 2), input_step)
        if hierarchical:
            bound = curvature_bound(probability).mul_(weight).transpose(1, 2)
            curvature = torch.bmm(bound, squared_norms(predictors))
            limit_steps(output_step, outputs[i], curvature, output_table.shape[0])
        add_rows(input_table, inputs[i], input_step)
        add_rows(output_table, outputs[i], output_step)
    return loss / (1 + (len(inputs) - 1) // loss_every)


def gather_rows(table: Tensor, rows: Tensor) -> Tensor:
    """Rows (a, b) of a table, (a, b, d)."""
    return table.index_select(0, rows.flatten()).view(rows.shape[0], rows.shape[1], table.shape[1])


def add_rows(table: Tensor, rows: Tensor, steps: Tensor) -> None:
    """Add steps (a, b, d) to rows (a, b) of a table."""
    table.index_add_(0, rows.flatten(), steps.flatten(0, 1))


def window_weights(rows: Tensor, table: Tensor) -> Tensor:
    """Sums of two rows (S, tile, 2) of a table, (S, tile, m)."""
    starts = torch.arange(0, rows.numel(), 2, device=rows.device)
    found = torch.embedding_bag(table, rows.flatten(), starts, False, 0)[0]
    return found.view(rows.shape[0], rows.shape[1], table.shape[1])


def squared_norms(vectors: Tensor) -> Tensor:
    """Squared lengths (a, b, 1) of vectors (a, b, d)."""
    return vectors.square().sum(2, keepdim=True)


def curvature_bound(probability: Tensor) -> Tensor:
    """An upper bound of the log-loss's second derivative, valid for steps of any length.

    (p - 1 / 2) / logit(p), from T. Jaakkola and M. Jordan, "Bayesian parameter estimation via
    variational methods" (2000). Unlike p (1 - p) it does not vanish where a wrong prediction has a
    probability near 1.
    """
    score = torch.logit(probability, 1e-6)
    return torch.where(score.abs() < 1e-3, 0.25, (probability - 0.5) / score)


def limit_steps(
    steps: Tensor, rows: Tensor, curvature: Tensor, n_rows: int, limit: float = MAX_CURVATURE
) -> None:
    """Scale down the steps of rows whose curvature, summed over all their places, exceeds a limit.

    ``steps`` (a, b, d) change in place; ``rows`` (a, b), ``curvature`` (a, b, 1).
    """
    rows = rows.flatten()
    sums = curvature.new_zeros(n_rows).index_add_(0, rows, curvature.flatten())
    scale = (limit / sums).clamp_(max=1).index_select(0, rows)
    steps.mul_(scale.view(steps.shape[0], steps.shape[1], 1))


def mean_log_loss(error: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of the log-loss of probabilities that differ from their labels by ``error``."""
    weight = weight.expand_as(error)
    losses = torch.log1p(-error.abs().clamp_(max=1 - 1e-6)).mul_(weight)
    return -losses.sum() / weight.sum().clamp(min=1e-12)


# Compiling ---------------------------------------------------------------------------------------

_COMPILING = threading.Lock()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as TorchScript, compiled once in a process; itself where that is not possible."""
    with _COMPILING:
        return script_or_function(function)


@functools.cache
def script_or_function(function: Callable[..., Any]) -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            script: Callable[..., Any] = torch.jit.script(function)
        except (AttributeError, OSError, RuntimeError):
            return function
    return script
