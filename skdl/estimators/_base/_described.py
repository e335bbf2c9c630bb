"""Values of parameters in words, to see whether one has changed since a network was built."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

SCALARS = (str, bytes, int, float, complex, type(None), torch.device, torch.dtype)
MAX_DEPTH = 8  # objects in objects; what lies deeper is known by its type alone


def described(value: Any) -> str:
    """A parameter in words that do not change when it is pickled: no address in memory.

    Functions, networks, estimators and mappings are named, with a digest of what they consist of:
    the code of a function and what it is bound to, the weights of a network, what an estimator has
    learned, words and vectors.
    """
    if isinstance(value, (list, tuple, np.ndarray)):
        return str(tuple(np.asarray(value).tolist()))
    if not (callable(value) or hasattr(value, "get_params") or _words_of(value) is not None):
        return str(value)
    digest = hashlib.blake2b(digest_size=6)
    for part in _parts(value, MAX_DEPTH):
        digest.update(part)
    name = getattr(value, "__qualname__", type(value).__qualname__)
    return f"<{name}, digest {digest.hexdigest()}>"


def _parts(value: Any, depth: int) -> Iterator[bytes]:
    """All that a value consists of, in bytes that are the same for an equal one."""
    yield type(value).__qualname__.encode()
    if isinstance(value, SCALARS):
        yield repr(value).encode()
    elif depth == 0 or isinstance(value, type):
        yield getattr(value, "__qualname__", "").encode()
    elif isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, torch.Tensor):
        yield value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    else:
        yield from _of_several(_contents(value), depth - 1)


def _of_several(values: Iterable[Any], depth: int) -> Iterator[bytes]:
    for value in values:
        yield from _parts(value, depth)


def _contents(value: Any) -> Iterable[Any]:
    """What an object is made of."""
    words = _words_of(value)
    if words is not None:
        vectors = getattr(value, "vectors", None)
        return [*words, *value.values()] if vectors is None else [*words, vectors]
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, (list, tuple, np.ndarray)):
        return value
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, value.co_consts]
    if isinstance(value, nn.Module):
        weights = value.state_dict().values()
        return [repr(value), *(weight for weight in weights if not is_lazy(weight))]
    if hasattr(value, "get_params") and not isinstance(value, type):
        learned = (getattr(value, name, None) for name in ("vocabulary_", "vectors_", "module_"))
        return [value.get_params(deep=False), *learned]
    if inspect.ismethod(value):
        return [value.__func__, value.__self__]
    if inspect.isfunction(value):
        return [value.__qualname__, value.__code__, value.__defaults__, *_closure(value)]
    return _of_other(value)


def _of_other(value: Any) -> Iterable[Any]:
    """An object by its repr, where that says more than where it is in memory, or its attributes."""
    if type(value).__repr__ is not object.__repr__ and " at 0x" not in repr(value):
        return [repr(value)]
    return [getattr(value, "__qualname__", ""), getattr(value, "__dict__", {})]


def _closure(function: Any) -> Iterable[Any]:
    """What a function closes over; a container may be its memory, which every call changes."""
    cells = [cell for cell in function.__closure__ or () if _is_filled(cell)]
    values = [cell.cell_contents for cell in cells]
    return [type(v) if isinstance(v, (list, dict, set)) else v for v in values]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that was never assigned
        return False


def _words_of(value: Any) -> Iterable[Any] | None:
    """The keys of a mapping or of gensim's vectors, else None."""
    if isinstance(value, Mapping):
        return value
    return getattr(value, "key_to_index", None)
