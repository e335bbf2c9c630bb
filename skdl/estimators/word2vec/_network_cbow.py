"""CBOW against noise words: the mean of each window predicts its word, block after block."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ._network_steps import mean_log_loss, windows_of
from ._network_tiles import Text, Windows


class MeanLessons(NamedTuple):
    """What a piece of text teaches: b blocks of n tokens.

    The tokens at the same place of each strip are a group: they lie apart and share k noise words.
    Predictions stand in the order of G groups, while words stand in that of the text.

    Attributes
    ----------
    words : Tensor of shape (b, n + 2 * window), int64
        Words of the tokens of a block and around it.
    own : Tensor of shape (b, G, n / G), int64
        The word that each mean predicts.
    noise : Tensor of shape (b, G, k), int64
    shares : Tensor of shape (b, n, 2 * window + 1)
        The part of each mean that is each of the words around its token.
    places : Tensor of shape (n, 2 * window + 1), int64
        Where those are in a row of ``words``.
    steps : Tensor of shape (b, n + 2 * window, 2 * window + 1)
        1 for each prediction around a word whose step it takes, else 0.
    step_places : Tensor of shape (n + 2 * window, 2 * window + 1), int64
        Where those are in the order of groups.
    rate, noise_rate : float
        The learning rate, and that times what one noise word counts.
    """

    words: Tensor
    own: Tensor
    noise: Tensor
    shares: Tensor
    places: Tensor
    steps: Tensor
    step_places: Tensor
    rate: float
    noise_rate: float


def cbow(text: Text, noise: Tensor, negative: int, lr: float) -> MeanLessons:
    """The mean of the words of each token's window predicts the token, against noise words.

    ``noise`` (b, G, k) are k words for each of the G places in a strip; they count as ``negative``.
    """
    block, window, device = text.block, text.window, text.tokens.device
    size = 2 * window + 1
    windows = Windows(text._replace(strip=1))
    inside = windows_of(windows.rows.flatten(0, 1), windows.table).view(-1, block, size)
    shares = inside / text.within(text.n_words).clamp_(min=1).view(-1, block, 1)
    # The predictions around a word are those of the tokens in whose windows it is: what stands
    # askew in ``inside``.
    padded = nn.functional.pad(inside, (0, 0, 2 * window, 2 * window))
    shape, strides = (len(inside), block + 2 * window, size), (padded.stride(0), size, size - 1)
    steps = padded.as_strided(shape, strides, size - 1).contiguous()
    here, around = torch.arange(block, device=device), torch.arange(size, device=device)
    grouped = here.view(-1, text.strip).t()  # (G, tokens of a group)
    group_place = torch.empty_like(here).index_copy_(0, grouped.flatten(), here)
    from_word = torch.arange(shape[1], device=device)[:, None] + around - 2 * window
    return MeanLessons(
        words=text._replace(strip=block).around(text.tokens).flatten(1),
        own=text.within(text.tokens).transpose(1, 2).contiguous(),
        noise=noise,
        shares=shares.index_select(1, grouped.flatten()),
        places=grouped.reshape(-1, 1) + around,
        steps=steps,
        step_places=group_place.take(from_word.clamp_(0, block - 1)),
        rate=lr,
        noise_rate=lr * negative / noise.shape[2],
    )


def learn_means(
    input_table: Tensor,
    output_table: Tensor,
    words: Tensor,
    own: Tensor,
    noise: Tensor,
    shares: Tensor,
    places: Tensor,
    steps: Tensor,
    step_places: Tensor,
    rate: float,
    noise_rate: float,
    loss_every: int = 16,
) -> Tensor:
    """Move both tables by what each block of :class:`MeanLessons` teaches; the mean loss.

    TorchScript, as :func:`learn_blocks`.
    """
    loss = torch.zeros([], device=words.device)
    n_blocks, n_groups, n_noise = noise.shape
    size = input_table.shape[1]
    own, noise = own.flatten(1), noise.flatten(1)
    shares, steps = shares.flatten(1), steps.flatten(1)
    in_block, in_groups = starts_of(places), starts_of(step_places)
    places, step_places = places.flatten(), step_places.flatten()
    for i in range(n_blocks):
        words_here, own_here, noise_here, shares_here = words[i], own[i], noise[i], shares[i]
        around = input_table.index_select(0, words_here)
        means = bags_of(around, places, in_block, shares_here)  # (n, d), group after group
        targets = output_table.index_select(0, own_here)
        missed = (means * targets).sum(1, keepdim=True).neg_().sigmoid_()
        grouped = means.view(n_groups, -1, size)  # (G, n / G, d)
        noise_targets = output_table.index_select(0, noise_here).view(n_groups, n_noise, size)
        chance = torch.bmm(grouped, noise_targets.transpose(1, 2)).sigmoid_()
        if i % loss_every == 0:
            has_words = shares_here.view(len(means), -1).sum(1, keepdim=True) > 0
            loss += loss_of_means(missed, chance.view(len(means), -1), has_words, rate, noise_rate)
        missed.mul_(rate)
        chance.mul_(-noise_rate)
        for_noise = torch.bmm(chance.transpose(1, 2), grouped)
        for_means = targets.mul_(missed)
        for_means.view(n_groups, -1, size).baddbmm_(chance, noise_targets)
        for_own = means.mul_(missed)
        # As in word2vec.c, each word of a window takes the whole step of their mean.
        input_table.index_add_(0, words_here, bags_of(for_means, step_places, in_groups, steps[i]))
        output_table.index_add_(0, own_here, for_own)
        output_table.index_add_(0, noise_here, for_noise.flatten(0, 1))
    return loss / (1 + (n_blocks - 1) // loss_every)


def starts_of(places: Tensor) -> Tensor:
    """Where the rows of places (n, m) start when they are flat."""
    return torch.arange(0, places.numel(), places.shape[1], device=places.device)


def bags_of(vectors: Tensor, places: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums (n, d) of the vectors at the places from each start to the next."""
    return torch.embedding_bag(vectors, places, starts, False, 0, False, weights)[0]


def loss_of_means(
    missed: Tensor, chance: Tensor, has_words: Tensor, rate: float, noise_rate: float
) -> Tensor:
    """Mean log-loss of chances (n, 1) that are missing for true words and (n, k) of noise."""
    weight = torch.cat([torch.full_like(missed, rate), torch.full_like(chance, noise_rate)], 1)
    return mean_log_loss(torch.cat([missed, chance], 1), weight * has_words)
