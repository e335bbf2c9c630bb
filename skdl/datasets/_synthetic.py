"""Seeded generators of sequences and images for regression and classification."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils import check_random_state


def make_sequences(
    n_samples: int = 200,
    *,
    n_steps: int = 24,
    n_channels: int = 1,
    task: str = "regression",
    n_classes: int = 2,
    n_targets: int = 1,
    ragged: bool = False,
    min_steps: int | None = None,
    noise: float = 0.1,
    random_state: int | RandomState | None = None,
) -> tuple[Any, NDArray[Any]]:
    """Make sequences whose target is a nonlinear function of the steps in their order.

    Each channel is a stationary autoregressive series with standard deviation 1. The target is
    the last value of ``h[t] = 0.8 h[t-1] + tanh(u[t] + u[t] u[t-1])``, where u is a random linear
    combination of the channels with variance 1. Late steps have the largest effect, and each
    interacts with the one before, so that a linear model explains only part of the target.

    Parameters
    ----------
    n_samples : int, default=200
        Number of sequences, at least 1; for classification at least `n_classes`.
    n_steps : int, default=24
        Steps of a sequence, the longest when `ragged`; at least 2.
    n_channels : int, default=1
        Values per step.
    task : {"regression", "classification"}, default="regression"
        Whether y is the target itself, standardized, or its class: `n_classes` classes of equal
        size, by quantiles of the target.
    n_classes : int, default=2
        Number of classes, at least 2; classification only.
    n_targets : int, default=1
        Number of targets, each with its own combination of channels and its own coefficient in
        place of 0.8 (0.8 for the first, down to 0.4 for the last); regression only.
    ragged : bool, default=False
        Whether sequences have unequal lengths, uniform from `min_steps` to `n_steps`.
    min_steps : int, default=None
        Shortest length when `ragged`, at least 2; None means half of `n_steps`.
    noise : float, default=0.1
        Standard deviation of the noise on the target, relative to that of the target: the expected
        R2 of any model is at most ``1 / (1 + noise ** 2)``.
    random_state : int, RandomState or None, default=None
        Seed. None draws a new seed; numpy's global state is neither read nor changed.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps) or (n_samples, n_steps, n_channels), or list
        Float64; the first shape for one channel. When `ragged`, a list of arrays of shape
        (T_i,) or (T_i, n_channels).
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Float64 for regression, int labels from 0 for classification.

    Raises
    ------
    ValueError
        If a size is too small, `noise` negative, or `task` unknown.

    Examples
    --------
    >>> from skdl.datasets import make_sequences
    >>> X, y = make_sequences(100, n_channels=3, random_state=0)
    >>> X.shape, y.shape
    ((100, 24, 3), (100,))
    >>> X, y = make_sequences(4, ragged=True, task="classification", random_state=0)
    >>> [len(x) for x in X], sorted(y.tolist())
    ([24, 21, 18, 17], [0, 0, 1, 1])
    """
    _check_choice("task", task, ("classification", "regression"))
    classify = task == "classification"
    check_between("n_classes", n_classes, 2)
    check_between("n_samples", n_samples, n_classes if classify else 1)
    for name, size, least in [("n_steps", n_steps, 2), ("n_channels", n_channels, 1)]:
        check_between(name, size, least)
    check_between("n_targets", n_targets, 1)
    check_between("noise", noise, 0)
    shortest = _shortest(n_steps, min_steps) if ragged else n_steps
    rng = check_rng(random_state)
    X = _autoregressive(rng, (n_samples, n_steps, n_channels))
    lengths = rng.randint(shortest, n_steps + 1, size=n_samples)
    y = _standardized_targets(rng, X, lengths, 1 if classify else n_targets)
    y += noise * rng.normal(size=y.shape)
    target = _ranked_classes(y[:, 0], n_classes) if classify else y[:, 0] if n_targets == 1 else y
    values = X[..., 0] if n_channels == 1 else X  # (n, T) or (n, T, C)
    return [
        x[:k].copy() for x, k in zip(values, lengths, strict=True)
    ] if ragged else values, target


def make_images(
    n_samples: int = 200,
    *,
    size: tuple[int, int] = (8, 8),
    n_channels: int = 1,
    n_classes: int = 3,
    noise: float = 0.1,
    random_state: int | RandomState | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Make images of stripes, whose class is the orientation of the stripes.

    Class k has stripes at the angle ``k * 180 / n_classes`` degrees, about two in an image. Their
    phase is random, so that the mean image of each class is grey: a linear model stays near
    chance, while convolutional filters separate the classes.

    Parameters
    ----------
    n_samples : int, default=200
        Number of images, at least `n_classes`.
    size : tuple of two int, default=(8, 8)
        Height and width in pixels, at least 4 each.
    n_channels : int, default=1
        Colour channels. Each image has a random colour, independent of its class.
    n_classes : int, default=3
        Number of orientations, at least 2.
    noise : float, default=0.1
        Standard deviation of the noise on each pixel, as a fraction of the range 0 to 255.
    random_state : int, RandomState or None, default=None
        Seed. None draws a new seed; numpy's global state is neither read nor changed.

    Returns
    -------
    X : ndarray of shape (n_samples, H, W) or (n_samples, H, W, n_channels), uint8
        The first shape for one channel.
    y : ndarray of shape (n_samples,), int64
        Labels from 0; class sizes differ by at most 1.

    Raises
    ------
    ValueError
        If a size is too small or `noise` negative.

    Examples
    --------
    >>> from skdl.datasets import make_images
    >>> X, y = make_images(30, size=(12, 16), n_channels=3, random_state=0)
    >>> X.shape, X.dtype
    ((30, 12, 16, 3), dtype('uint8'))
    """
    check_between("n_classes", n_classes, 2)
    check_between("n_samples", n_samples, n_classes)
    check_between("n_channels", n_channels, 1)
    check_between("noise", noise, 0)
    for side in size:
        check_between("each side of size", side, 4)
    rng = check_rng(random_state)
    y = balanced_labels(rng, n_samples, n_classes)
    height, width = size
    rows, columns = np.mgrid[:height, :width] / min(size)
    angle = np.pi * y[:, None, None] / n_classes
    phase = rng.uniform(0, 2 * np.pi, size=(n_samples, 1, 1))
    place = np.cos(angle) * columns + np.sin(angle) * rows  # (n, H, W)
    stripes = np.sin(4 * np.pi * place + phase)
    colour = rng.uniform(0.5, 1.0, size=(n_samples, 1, 1, n_channels))
    pixels = 127.5 + 100 * stripes[..., None] * colour  # (n, H, W, C)
    pixels += 255 * noise * rng.normal(size=pixels.shape)
    X = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return X[..., 0] if n_channels == 1 else X, y


def check_rng(random_state: int | RandomState | None) -> RandomState:
    """Return a random generator; None means a new seed instead of numpy's global state."""
    return check_random_state(secrets.randbits(32) if random_state is None else random_state)


def _check_choice(name: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {got!r}. Choose one of these.")


def check_between(name: str, got: float, least: float, most: float = np.inf) -> None:
    if not least <= got <= most:
        bound = f"at least {least}" if most == np.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be {bound}, got {got!r}. Pass a value in that range.")


def _shortest(n_steps: int, min_steps: int | None) -> int:
    shortest = max(2, n_steps // 2) if min_steps is None else min_steps
    check_between("min_steps", shortest, 2, n_steps)
    return shortest


def _autoregressive(rng: RandomState, shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return stationary AR(1) series of variance 1, (n, T, C)."""
    rho = 0.7
    X = rng.normal(size=shape)
    X[:, 1:] *= np.sqrt(1 - rho**2)
    for t in range(1, shape[1]):
        X[:, t] += rho * X[:, t - 1]
    return X


def _standardized_targets(
    rng: RandomState, X: NDArray[np.float64], lengths: NDArray[np.int64], n_targets: int
) -> NDArray[np.float64]:
    """Return the standardized targets of sequences of these lengths, (n, n_targets)."""
    weights = rng.normal(size=(X.shape[2], n_targets))
    u = X @ (weights / np.linalg.norm(weights, axis=0))  # (n, T, K)
    decay = np.linspace(0.8, 0.4, n_targets)
    h = np.zeros_like(u)
    h[:, 0] = np.tanh(u[:, 0])
    for t in range(1, u.shape[1]):
        h[:, t] = decay * h[:, t - 1] + np.tanh(u[:, t] + u[:, t] * u[:, t - 1])
    last = h[np.arange(len(h)), lengths - 1]  # (n, K)
    spread = last.std(axis=0)
    return (last - last.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _ranked_classes(score: NDArray[np.float64], n_classes: int) -> NDArray[np.int64]:
    """Cut scores into classes of equal size, lowest scores first."""
    rank = np.argsort(np.argsort(score))
    return rank * n_classes // len(score)


def balanced_labels(rng: RandomState, n_samples: int, n_classes: int) -> NDArray[np.int64]:
    return rng.permutation(np.arange(n_samples) % n_classes)
