"""CBOW with negative sampling: the mean of each window predicts its word, block after block."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ._network_steps import mean_log_loss, window_weights
from ._network_tiles import Text, Windows


class CBOWBatch(NamedTuple):
    """What b blocks of n tokens are trained on.

    The tokens at the same place of each tile are a group of n / G tokens, which are not adjacent
    and share k negative samples. Predictions are in the order of the G groups, words in that of
    the text.

    Attributes
    ----------
    words : Tensor of shape (b, n + 2 * window), int64
        The tokens of a block and of its context.
    targets : Tensor of shape (b, G, n / G), int64
        The word that each mean predicts.
    negatives : Tensor of shape (b, G, k), int64
        Negative samples of each group.
    mean_weights : Tensor of shape (b, n, 2 * window + 1)
        Weights of the words around each token in the mean of its window: 1 divided by the number
        of words in the window, 0 outside.
    mean_places : Tensor of shape (n, 2 * window + 1), int64
        Places of those words in a row of ``words``.
    step_weights : Tensor of shape (b, n + 2 * window, 2 * window + 1)
        1 for each prediction around a word in whose window the word is, else 0: the word gets its
        step.
    step_places : Tensor of shape (n + 2 * window, 2 * window + 1), int64
        Places of those predictions in the order of groups.
    lr, negative_lr : float
        The learning rate, and the same times the weight of one negative sample.
    """

    words: Tensor
    targets: Tensor
    negatives: Tensor
    mean_weights: Tensor
    mean_places: Tensor
    step_weights: Tensor
    step_places: Tensor
    lr: float
    negative_lr: float


def cbow_batch(text: Text, negatives: Tensor, negative: int, lr: float) -> CBOWBatch:
    """The mean of the words of each token's window predicts the token against negative samples.

    ``negatives`` (b, G, k) are k samples for each of the G places in a tile; together they weigh
    as much as ``negative`` of them.
    """
    block, window, device = text.block, text.window, text.tokens.device
    size = 2 * window + 1
    windows = Windows(text._replace(tile=1))
    inside = window_weights(windows.rows.flatten(0, 1), windows.table).view(-1, block, size)
    mean_weights = inside / text.tiles(text.window_sizes).clamp_(min=1).view(-1, block, 1)
    # The windows that a word is in are those of the tokens around it: anti-diagonals of ``inside``.
    padded = nn.functional.pad(inside, (0, 0, 2 * window, 2 * window))
    shape, strides = (len(inside), block + 2 * window, size), (padded.stride(0), size, size - 1)
    step_weights = padded.as_strided(shape, strides, size - 1).contiguous()
    here, around = torch.arange(block, device=device), torch.arange(size, device=device)
    grouped = here.view(-1, text.tile).t()  # (G, tokens of a group)
    place_in_groups = torch.empty_like(here).index_copy_(0, grouped.flatten(), here)
    from_word = torch.arange(shape[1], device=device)[:, None] + around - 2 * window
    return CBOWBatch(
        words=text._replace(tile=block).contexts(text.tokens).flatten(1),
        targets=text.tiles(text.tokens).transpose(1, 2).contiguous(),
        negatives=negatives,
        mean_weights=mean_weights.index_select(1, grouped.flatten()),
        mean_places=grouped.reshape(-1, 1) + around,
        step_weights=step_weights,
        step_places=place_in_groups.take(from_word.clamp_(0, block - 1)),
        lr=lr,
        negative_lr=lr * negative / negatives.shape[2],
    )


def train_cbow_blocks(
    input_table: Tensor,
    output_table: Tensor,
    words: Tensor,
    targets: Tensor,
    negatives: Tensor,
    mean_weights: Tensor,
    mean_places: Tensor,
    step_weights: Tensor,
    step_places: Tensor,
    lr: float,
    negative_lr: float,
    loss_every: int = 16,
) -> Tensor:
    """Update both tables, block after block of a :class:`CBOWBatch`; return the mean loss.

    TorchScript, as :func:`train_blocks`.
    """
    loss = torch.zeros([], device=words.device)
    n_blocks, n_groups, n_negatives = negatives.shape
    size = input_table.shape[1]
    targets, negatives = targets.flatten(1), negatives.flatten(1)
    mean_weights, step_weights = mean_weights.flatten(1), step_weights.flatten(1)
    mean_starts, step_starts = starts_of(mean_places), starts_of(step_places)
    mean_places, step_places = mean_places.flatten(), step_places.flatten()
    for i in range(n_blocks):
        words_here, targets_here, negatives_here = words[i], targets[i], negatives[i]
        weights_here = mean_weights[i]
        # Scores of the positive words and of the negative samples.
        vectors = input_table.index_select(0, words_here)
        means = weighted_sums(vectors, mean_places, mean_starts, weights_here)  # (n, d), by group
        positive = output_table.index_select(0, targets_here)  # (n, d)
        error = (means * positive).sum(1, keepdim=True).neg_().sigmoid_()  # 1 - probability
        grouped = means.view(n_groups, -1, size)  # (G, n / G, d)
        negative = output_table.index_select(0, negatives_here).view(n_groups, n_negatives, size)
        probability = torch.bmm(grouped, negative.transpose(1, 2)).sigmoid_()  # (G, n / G, k)
        if i % loss_every == 0:
            has_words = weights_here.view(len(means), -1).sum(1, keepdim=True) > 0
            errors = torch.cat([error, probability.view(len(means), -1)], 1)
            loss += cbow_loss(errors, has_words, lr, negative_lr)
        # Steps in place, in this order: ``grouped`` is a view of ``means``, which is overwritten
        # last, and ``positive`` becomes the step of the means.
        error.mul_(lr)
        probability.mul_(-negative_lr)
        negative_step = torch.bmm(probability.transpose(1, 2), grouped)
        mean_step = positive.mul_(error)
        mean_step.view(n_groups, -1, size).baddbmm_(probability, negative)
        positive_step = means.mul_(error)
        # As in word2vec.c, each word of a window gets the whole step of their mean.
        input_step = weighted_sums(mean_step, step_places, step_starts, step_weights[i])
        input_table.index_add_(0, words_here, input_step)
        output_table.index_add_(0, targets_here, positive_step)
        output_table.index_add_(0, negatives_here, negative_step.flatten(0, 1))
    return loss / (1 + (n_blocks - 1) // loss_every)


def starts_of(places: Tensor) -> Tensor:
    """Where each row of places (n, m) starts when they are flat."""
    return torch.arange(0, places.numel(), places.shape[1], device=places.device)


def weighted_sums(vectors: Tensor, places: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums (n, d) of the vectors at the places from each start to the next."""
    return torch.embedding_bag(vectors, places, starts, False, 0, False, weights)[0]


def cbow_loss(errors: Tensor, has_words: Tensor, lr: float, negative_lr: float) -> Tensor:
    """Mean log-loss: errors (n, 1 + k) of the positive word and of negative samples."""
    weight = torch.full_like(errors, negative_lr)
    weight[:, 0] = lr
    return mean_log_loss(errors, weight * has_words)
