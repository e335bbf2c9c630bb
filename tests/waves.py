"""Waves that a linear model on convolutions tells apart, and a network not at once."""

import numpy as np


def noisy_waves(n, seed=0, noise=0.4):
    """Of 40 steps, random phase and one of two frequencies, (n, 40), and which of them (n,)."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    turns = np.linspace(0, 1, 40) * np.where(y, 3, 5)[:, None] + rng.uniform(size=(n, 1))
    return np.sin(2 * np.pi * turns) + noise * rng.normal(size=(n, 40)), y


def short_events(n_rows, n_steps, seed):
    """Noise with an event of 6 steps somewhere: high before low, or up and down."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_rows)
    X = 0.7 * rng.normal(size=(n_rows, n_steps))
    for x, label in zip(X, y, strict=True):
        start = rng.integers(n_steps - 6)
        x[start : start + 6] += 2.4 * np.where(
            np.arange(6) % 2 if label else np.arange(6) < 3, 1, -1
        )
    return X, y
