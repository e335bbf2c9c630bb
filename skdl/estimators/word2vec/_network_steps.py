"""How Word2Vec learns from blocks of text: the arithmetic, block after block.

It runs as TorchScript, which needs no lock of Python's: several threads then train beside one
another. Where torch no longer has it, it runs as the Python that it is.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# The nodes at the top of a tree are learned by nearly all words of a block, from the same vector:
# their steps are shortened where the curvature of the loss along them is above this.
MOST_CURVED = 0.5


def learn_blocks(
    input_table: Tensor,
    output_table: Tensor,
    inputs: Tensor,
    outputs: Tensor,
    truth: Tensor,
    window_rows: Tensor,
    window_table: Tensor,
    meetings: Tensor | None,
    n_words: Tensor | None,
    tree: bool,
    loss_every: int = 16,
) -> Tensor:
    """Move both tables by what each block of :class:`Lessons` teaches; the mean loss."""
    loss = torch.zeros([], device=inputs.device)
    for i in range(len(inputs)):
        predictors = rows_of(input_table, inputs[i])  # (S, h, d)
        windows = windows_of(window_rows[i], window_table)  # (S, c, h + k)
        weight = windows
        if n_words is not None:
            predictors = torch.bmm(windows / n_words[i], predictors)  # (S, c, d)
        if meetings is not None:
            weight = meetings[i]
            if n_words is None:
                weight = torch.bmm(windows.transpose(1, 2), weight)
        targets = rows_of(output_table, outputs[i])  # (S, m, d)
        chance = torch.bmm(predictors, targets.transpose(1, 2)).sigmoid_()  # (S, r, m)
        error = truth[i] - chance
        if i % loss_every == 0:
            of_words = sizes(predictors) != 0  # means of no words are zero
            loss += mean_log_loss(error, weight * of_words)
        gradient = error.mul_(weight)
        for_inputs = torch.bmm(gradient, targets)
        for_outputs = torch.bmm(gradient.transpose(1, 2), predictors)
        if n_words is not None:
            # As in word2vec.c, each word of a window takes the whole step of their mean.
            for_inputs = torch.bmm(windows.transpose(1, 2), for_inputs)
        if tree:
            bound = most_curved(chance).mul_(weight).transpose(1, 2)
            curvature = torch.bmm(bound, sizes(predictors))
            shorten(for_outputs, outputs[i], curvature, output_table.shape[0])
        add_rows(input_table, inputs[i], for_inputs)
        add_rows(output_table, outputs[i], for_outputs)
    return loss / (1 + (len(inputs) - 1) // loss_every)


def rows_of(table: Tensor, rows: Tensor) -> Tensor:
    """Rows (a, b) of a table, (a, b, d)."""
    return table.index_select(0, rows.flatten()).view(rows.shape[0], rows.shape[1], table.shape[1])


def windows_of(rows: Tensor, table: Tensor) -> Tensor:
    """Sums of two rows (S, c, 2) of a table, (S, c, m)."""
    starts = torch.arange(0, rows.numel(), 2, device=rows.device)
    found = torch.embedding_bag(table, rows.flatten(), starts, False, 0)[0]
    return found.view(rows.shape[0], rows.shape[1], table.shape[1])


def sizes(vectors: Tensor) -> Tensor:
    """Squared lengths (a, b, 1)."""
    return vectors.square().sum(2, keepdim=True)


def most_curved(chance: Tensor) -> Tensor:
    """A bound of the log-loss's second derivative that holds for steps of any length.

    (p - 1 / 2) / logit(p), from T. Jaakkola and M. Jordan, "Bayesian parameter estimation via
    variational methods" (2000). Unlike p (1 - p) it does not vanish where the model is sure, and
    wrong.
    """
    score = torch.logit(chance, 1e-6)
    return torch.where(score.abs() < 1e-3, 0.25, (chance - 0.5) / score)


def shorten(
    steps: Tensor, rows: Tensor, curvature: Tensor, n_rows: int, most: float = MOST_CURVED
) -> None:
    """Shorten the steps of rows along which the curvature is above ``most`` in all."""
    rows = rows.flatten()
    sums = curvature.new_zeros(n_rows).index_add_(0, rows, curvature.flatten())
    shares = (most / sums).clamp_(max=1).index_select(0, rows)
    steps.mul_(shares.view(steps.shape[0], steps.shape[1], 1))


def add_rows(table: Tensor, rows: Tensor, steps: Tensor) -> None:
    """Add steps (a, b, d) to rows (a, b) of a table."""
    table.index_add_(0, rows.flatten(), steps.flatten(0, 1))


def mean_log_loss(error: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of the log-loss of chances that are off the truth by ``error``."""
    weight = weight.expand_as(error)
    losses = torch.log1p(-error.abs().clamp_(max=1 - 1e-6)).mul_(weight)
    return -losses.sum() / weight.sum().clamp(min=1e-12)


@functools.cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as TorchScript, or itself where there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            script: Callable[..., Any] = torch.jit.script(function)
        except (AttributeError, OSError, RuntimeError):
            return function
    return script
