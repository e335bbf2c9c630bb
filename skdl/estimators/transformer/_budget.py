"""What "auto" means for a Transformer on texts: a number of steps, within a budget of tokens.

The cost of a fit is that of the tokens of all epochs. Beside a linear model a network gains little
by more of them where texts are long: n-grams tell more of a long text than of a short one.
"""

from __future__ import annotations

import numpy as np

MAX_TOKENS = 3_000_000  # of all epochs together
MAX_LENGTH, MIN_LENGTH = 256, 64  # tokens of a text
N_STEPS = 500
MIN_EPOCHS, MAX_EPOCHS = 3, 8  # but less than the minimum where the shortest texts ask for it
NETWORK_WEIGHT, USUAL_LENGTH = 0.25, 64


def longest_within(lengths: np.ndarray) -> int:
    """Maximum number of tokens of a text with which ``MIN_EPOCHS`` are within the budget.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_texts,)
        Number of tokens of each training text.
    """
    candidates = range(MAX_LENGTH, MIN_LENGTH, -8)
    fitting = (n for n in candidates if n_tokens(lengths, n) * MIN_EPOCHS <= MAX_TOKENS)
    return next(fitting, MIN_LENGTH)


def n_tokens(lengths: np.ndarray, longest: int) -> int:
    """Number of tokens of texts cut to a length."""
    return int(np.minimum(lengths, longest).sum())


def epochs_within(n_batches: int, n_tokens: float) -> int:
    """The epochs that make a number of steps, fewer where their tokens exceed the budget."""
    wanted = np.clip(np.ceil(N_STEPS / n_batches), MIN_EPOCHS, MAX_EPOCHS)
    return int(max(1, min(wanted, MAX_TOKENS // max(n_tokens, 1))))


def network_weight(mean_length: float) -> float:
    """The usual weight of the network, that of the linear model being 1: less for long texts."""
    return NETWORK_WEIGHT * min(1.0, USUAL_LENGTH / max(mean_length, 1.0))
