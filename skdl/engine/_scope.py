"""Device, precision and modes of torch, which are restored after a fit."""

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

from ._contract import attribute_or_default
from ._threads import LIMITED, scoped_threads


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

    It is safe for modules with ``bfloat16_safe``, and faster in training on CUDA and on CPUs with
    matrix units. Predictions are in float32, so that they do not depend on the batch size.
    """
    safe = precision == "auto" and attribute_or_default(module, "bfloat16_safe")
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


class Float32ByDefault:
    """float32 as torch's default dtype while any thread is inside: all threads share that dtype."""

    def __init__(self) -> None:
        self.lock, self.before = threading.Lock(), torch.float32
        self.inside: list[int] = []  # Python threads, each as often as it has entered

    def enter(self) -> None:
        with self.lock:
            if not self.inside:
                self.before = torch.get_default_dtype()
                torch.set_default_dtype(torch.float32)
            self.inside.append(threading.get_ident())

    def leave(self) -> None:
        with self.lock:
            self.inside.remove(threading.get_ident())
            if not self.inside:
                torch.set_default_dtype(self.before)

    def after_fork(self) -> None:
        """In a forked child only the thread that forked is left."""
        self.lock = threading.Lock()
        others_only = self.inside and threading.get_ident() not in self.inside
        self.inside = [each for each in self.inside if each == threading.get_ident()]
        if others_only:
            torch.set_default_dtype(self.before)


FLOAT32_BY_DEFAULT = Float32ByDefault()


forked: list[int] = []  # this process, if it is a fork: its pool of threads is gone


def after_fork() -> None:
    """Make torch usable in a child process that was forked.

    The child has none of the parent's threads, but torch's thread pool counts on them: where the
    parent has computed in several threads, the child would never return. One thread needs no pool.
    """
    torch.set_num_threads(1)
    forked.append(os.getpid())
    LIMITED.clear()
    FLOAT32_BY_DEFAULT.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)


@contextlib.contextmanager
def default_torch_modes() -> Iterator[None]:
    """Inside, torch's default modes; afterwards, the modes are as they were before.

    Gradients are recorded, also within ``torch.no_grad`` and ``torch.inference_mode``; autocast is
    off; tensors are made on the CPU, in float32. So the result of a fit does not depend on the
    modes that the caller has set.
    """
    FLOAT32_BY_DEFAULT.enter()
    try:
        with contextlib.ExitStack() as stack:
            if forked:  # whatever number of threads the child has asked for
                stack.enter_context(scoped_threads(1))
            for context in other_modes():
                stack.enter_context(context)
            yield
    finally:
        FLOAT32_BY_DEFAULT.leave()


def other_modes() -> list[contextlib.AbstractContextManager[Any]]:
    """Contexts that replace the modes of torch that are not the default ones."""
    contexts: list[contextlib.AbstractContextManager[Any]] = []
    if torch.is_inference_mode_enabled():
        contexts.append(torch.inference_mode(False))
    if not torch.is_grad_enabled():
        contexts.append(torch.enable_grad())
    contexts += [
        torch.autocast(kind, enabled=False)
        for kind in ("cpu", "cuda")
        if torch.is_autocast_enabled(kind)
    ]
    if torch.get_default_device().type != "cpu":
        contexts.append(torch.device("cpu"))
    return contexts
