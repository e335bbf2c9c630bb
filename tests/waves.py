"""Waves that a linear model on convolutions tells apart, and a network not at once."""

import numpy as np


def noisy_waves(n, seed=0, noise=0.4):
    """Of 40 steps, random phase and one of two frequencies, (n, 40), and which of them (n,)."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    turns = np.linspace(0, 1, 40) * np.where(y, 3, 5)[:, None] + rng.uniform(size=(n, 1))
    return np.sin(2 * np.pi * turns) + noise * rng.normal(size=(n, 40)), y
