"""What a fit borrows and gives back: device, random state, threads, precision."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

# Below this many multiply-adds in a batch's largest matrix product, a second thread costs more
# than it brings (measured, see benchmarks/threads.py).
WORK_PER_THREAD = 2_000_000
# The same for modules that say how much work a row is. Beside another busy process a second thread
# can cost far more than it brings, so it must bring much.
CONVOLUTION_PER_THREAD = 8_000_000


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device meant by ``device``; "auto" is CUDA when there is one, else CPU.

    Raises
    ------
    ValueError
        If the device does not exist on this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f'device must be "auto", "cpu", "cuda" or "cuda:<index>", got {device!r}.'
        ) from error
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device={str(device)!r} asks for CUDA, but torch finds {torch.cuda.device_count()} "
            'CUDA devices here; use device="cpu" or device="auto".'
        )
    if resolved.type not in ("cpu", "cuda"):
        raise ValueError(f'device must be "auto", "cpu" or a CUDA device, got {device!r}.')
    return resolved


def resolve_dtype(precision: str) -> torch.dtype:
    """The dtype in which weights and data are kept."""
    return torch.float64 if precision == "float64" else torch.float32


def autocast(
    module: nn.Module, device: torch.device, precision: str
) -> contextlib.AbstractContextManager:
    """bfloat16 autocast when asked for, or with "auto" where it is faster and safe.

    A module says with ``bfloat16_safe`` that it is. Then it is faster in training on CUDA and on
    CPUs with matrix units; predictions stay in float32, and so do not depend on how rows are
    batched.
    """
    safe = precision == "auto" and getattr(module, "bfloat16_safe", False)
    faster = module.training and (device.type == "cuda" or cpu_multiplies_bfloat16())
    if precision == "bfloat16" or (safe and faster):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


@functools.cache
def cpu_multiplies_bfloat16() -> bool:
    """Whether the CPU has matrix units for bfloat16 (AMX)."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16", False))


def draw_seed(random_state: int | np.random.RandomState | None) -> int:
    """A seed for torch. None draws fresh entropy: numpy's global state is left alone."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


class OneAtATime:
    """A lock for the threads of this process, free in a process that is forked from it."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.lock = threading.RLock()


RANDOM_STATE = OneAtATime()


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers of torch from ``seed`` inside, the global state as it was outside.

    torch has one such state for all threads, so that one at a time is inside.
    """
    cuda = [device] if device.type == "cuda" else []
    with RANDOM_STATE.lock, torch.random.fork_rng(devices=cuda):
        torch.random.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


@contextlib.contextmanager
def scoped_threads(n_threads: int) -> Iterator[None]:
    """At most ``n_threads`` threads inside torch operations, never more than were allowed."""
    before = torch.get_num_threads()
    if n_threads < before:
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        if n_threads < before:
            torch.set_num_threads(before)


def threads_for(module: nn.Module, batch_size: int, device: torch.device) -> int:
    """How many threads are worth their cost, from the work of one batch's largest product.

    A module whose weights meet a row more than once (a convolution) says in ``work_per_row`` how
    many multiply-adds that is. One with a step of its own starts threads by itself, if any.
    """
    if device.type != "cpu" or hasattr(module, "train_on"):
        return 1
    work, per_thread = getattr(module, "work_per_row", None), CONVOLUTION_PER_THREAD
    if work is None:
        weights = (weight.numel() for weight in module.parameters() if weight.ndim > 1)
        work, per_thread = max(weights, default=0), WORK_PER_THREAD
    return max(1, min(torch.get_num_threads(), batch_size * work // per_thread))
