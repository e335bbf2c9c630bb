"""Which nets can be trained as one pack."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..modules import Dropout
from ._callback_checks import has_batch_hooks
from ._contract import attribute_or_default
from ._data import Data, Ragged
from ._net import Net
from ._objectives import Supervised, inputs_of
from ._pack_weights import STACKED
from ._scope import default_torch_modes
from ._tape import Recorder

# Parts of modules that are stacked, or that training sets.
NOT_COMPARED = {"_parameters", "_buffers", "_modules", "generator", "training"}


# The largest result of a layer, of all members together, in bytes: what no longer fits the caches
# of a CPU takes as long as members one after the other. On two cores of an EPYC (1 MiB a core, 32
# MiB shared), layers of 256 for batches of 256 were 1.3, 1.5 and 0.97 times as fast in packs of 4,
# 8 and 16.
MOST_BYTES = 2 * 2**20


def groups_of(nets: Sequence[Net], train: Sequence[Data]) -> list[list[int]]:
    """The numbers of nets that are trained as one pack, in order."""
    groups = []
    for group in similar(nets, train):
        first = group[0]
        most = len(group) if len(group) == 1 else most_members(nets[first], train[first])
        n_packs = math.ceil(len(group) / most)
        groups += [group[number::n_packs] for number in range(n_packs)]
    return groups


def most_members(net: Net, data: Data) -> int:
    """How many members of a pack are computed faster at once than in two packs."""
    if net.device.type != "cpu":
        return sys.maxsize
    n_rows = min(net.batch_size, len(data))
    batch = net.prepared(data.subset(torch.arange(n_rows))).take(torch.arange(n_rows))
    net.module_.eval()
    with default_torch_modes(), torch.no_grad(), Recorder() as recorder:
        net.module_(**inputs_of(batch))
    return max(2, MOST_BYTES // max(1, recorder.most_bytes))


def similar(nets: Sequence[Net], train: Sequence[Data]) -> list[list[int]]:
    """The numbers of nets that can be members of one pack, in order."""
    groups: list[list[int]] = []
    for k, (net, data) in enumerate(zip(nets, train, strict=True)):
        for group in groups:
            first = group[0]
            if reason_against((nets[first], net), (train[first], data)) is None:
                group.append(k)
                break
        else:
            groups.append([k])
    return groups


def reason_against(nets: tuple[Net, Net], train: tuple[Data, Data]) -> str | None:
    """Why two nets cannot be members of one pack; None if they can."""
    for net, data in zip(nets, train, strict=True):
        if reason := reason_alone(net, data):
            return reason
    first, second = nets
    for name in ("optimizer", "device", "precision", "batch_size", "n_epochs_before"):
        if value_of(first, name) != value_of(second, name):
            return f"{name} differ"
    if not same_architecture(first.module_, second.module_):
        return "architectures differ"
    if not same_objective(first.criterion_, second.criterion_):
        return "objectives differ"
    return same_batches(first, *train)


def value_of(net: Net, name: str) -> Any:
    return len(net.history) if name == "n_epochs_before" else getattr(net, name)


def reason_alone(net: Net, data: Data) -> str | None:
    """Why a net can be in no pack; None if it can."""
    if not attribute_or_default(net.module_, "stackable"):
        return "the module does not say that it is stackable"
    if not attribute_or_default(net.criterion_, "stackable"):
        return "the objective does not say that it is stackable"
    if net.optimizer not in STACKED:
        return f"the optimizer is none of {', '.join(STACKED)}"
    if any(has_batch_hooks(callback) for _, callback in net.callbacks_):
        return "a callback acts on batches"
    if any(isinstance(column, Ragged) for column in data.columns.values()):
        return "rows are of unequal length"
    return None


def same_batches(net: Net, first: Data, second: Data) -> str | None:
    """Whether two data have equally many batches, of the same shapes but for their rows."""
    sizes = [each.parts(net.batch_size) for each in (first, second)]
    if len(sizes[0]) != len(sizes[1]):
        return "numbers of batches differ"
    mixes = attribute_or_default(net.module_, "uses_batch_statistics")
    if mixes and len(first) != len(second):
        return "numbers of rows differ, and the module normalizes the rows of a batch together"
    if first.columns.keys() != second.columns.keys():
        return "columns differ"
    shapes = [
        {name: getattr(column, "shape", (0,))[1:] for name, column in each.columns.items()}
        for each in (first, second)
    ]
    return None if shapes[0] == shapes[1] else "shapes of rows differ"


def same_objective(first: Any, second: Any) -> bool:
    """Whether two objectives differ at most in numbers of their training losses."""
    if type(first) is not type(second) or not isinstance(first, Supervised):
        return False
    if first.loss != second.loss or first.output_shape != second.output_shape:
        return False
    one, other = first.training_loss, second.training_loss
    if isinstance(one, partial) and isinstance(other, partial):
        return one.func == other.func and one.keywords.keys() == other.keywords.keys()
    return bool(one == other)


def same_architecture(first: nn.Module, second: nn.Module) -> bool:
    """Whether two modules differ only in parameters, buffers and rates of dropout."""
    if tensors_of(first) != tensors_of(second):
        return False
    modules = dict(first.named_modules()), dict(second.named_modules())
    return modules[0].keys() == modules[1].keys() and all(
        same_layer(layer, modules[1][name]) for name, layer in modules[0].items()
    )


def tensors_of(module: nn.Module) -> dict[str, tuple[Any, ...]]:
    """Shape, dtype and training of each parameter and buffer."""
    tensors = (*module.named_parameters(), *module.named_buffers())
    return {name: (each.shape, each.dtype, each.requires_grad) for name, each in tensors}


def same_layer(first: nn.Module, second: nn.Module) -> bool:
    if type(first) is not type(second):
        return False
    left_out = NOT_COMPARED | ({"p"} if isinstance(first, (Dropout, nn.Dropout)) else set())
    values = [
        {name: value for name, value in vars(each).items() if name not in left_out}
        for each in (first, second)
    ]
    return values[0].keys() == values[1].keys() and all(
        same_value(value, values[1][name]) for name, value in values[0].items()
    )


def same_value(first: Any, second: Any) -> bool:
    """Whether two attributes are equal; what cannot be compared is not."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and bool(torch.equal(first, second))
    if isinstance(first, (list, tuple)) and type(first) is type(second):
        return len(first) == len(second) and all(map(same_value, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            same_value(value, second[name]) for name, value in first.items()
        )
    try:
        return bool(first == second)
    except (TypeError, ValueError, RuntimeError):
        return False
