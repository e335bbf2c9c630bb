"""The operators of a step, recorded once and called again without what Python does around them.

What decides a call of an operator in a small network is not its arithmetic: functions of modules,
``torch.vmap`` and the recording of gradients take several times as long. A tape has the operators
of forward and backward pass with the tensors that they were called with, and calls them again on
another batch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten: Any = torch.ops.aten


class NotRepeatableError(RuntimeError):
    """A step depends on values of tensors, so that another batch may need other operators."""


class Recorder(TorchDispatchMode):
    """Keeps the operators that are called inside, with their arguments and results.

    Raises
    ------
    NotRepeatableError
        If the value of a tensor is asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler, which takes a second

    @property
    def most_bytes(self) -> int:
        """Size of the largest result."""
        results = tensors_in([result for *_, result in self.calls])
        return max((result.nbytes for result in results), default=0)

    def __torch_dispatch__(
        self,
        function: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if reads_values(function, args):
            raise NotRepeatableError
        result = function(*args, **(kwargs or {}))
        self.calls.append((function, args, kwargs or {}, result))
        return result


def reads_values(function: Any, args: tuple[Any, ...]) -> bool:
    """Whether an operator asks for values of tensors, so that what follows may depend on them."""
    if function is aten.index.Tensor:  # only by masks the result's size depends on them
        return any(index is not None and index.dtype is torch.bool for index in args[1])
    tags = function.tags
    return torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags


class Tape:
    """A step on tensors of fixed shapes, made of the operators that it consists of.

    Tensors that are neither inputs nor made by a recorded operator, such as weights, are those of
    the recording: what changes them in place changes what the tape computes.

    Parameters
    ----------
    step : callable
        ``step(*inputs)`` gives a list of tensors.
    inputs : sequence of Tensor

    Attributes
    ----------
    outputs : list of Tensor
        What ``step`` gave in the recording. Those of the tape are overwritten by its next call,
        where they are large.

    Raises
    ------
    NotRepeatableError
        If ``step`` asks for the value of a tensor.
    """

    def __init__(self, step: Callable[..., list[Tensor]], inputs: Sequence[Tensor]) -> None:
        # Views of their own: a column that is the same tensor as another would be one input.
        inputs = [tensor.detach() for tensor in inputs]
        with Recorder() as recorder:
            self.outputs = step(*inputs)
        program = Program(inputs)
        for call in recorder.calls:
            program.add(*call)
        self.function = program.compiled(self.outputs)

    @torch.no_grad()
    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """The step on other inputs of the same shapes."""
        result: list[Tensor] = self.function(*inputs)
        return result


class RepeatedStep:
    """Base of steps that are computed by tapes where these compute the same.

    The second of two batches of the same shapes in a row is recorded. The third is computed by the
    tape and without it, and if all results are equal, so are those that follow by the tape alone. A
    tape keeps memory: the last batch of an epoch, if it is smaller, gets none.

    Attributes
    ----------
    tapes : dict
        By the keys of batches; None where there is no tape that computes the same.
    checked : set
        The keys whose tapes do.
    """

    def __init__(self) -> None:
        self.tapes: dict[Any, Tape | None] = {}
        self.checked: set[Any] = set()
        self.previous: Any = None  # the key of the last batch

    def state(self) -> Any:
        """A copy of what a step changes beside its results: buffers and states of generators."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Make it so again."""
        raise NotImplementedError

    def repeated(
        self, key: Any, compute: Callable[..., list[Tensor]], columns: list[Tensor]
    ) -> list[Tensor]:
        """``compute(*columns)``; ``key`` is equal for batches that call the same operators."""
        came, self.previous = self.previous == key, key
        if key not in self.tapes:
            return self._recorded(key, compute, columns) if came else compute(*columns)
        tape = self.tapes[key]
        if tape is None:
            return compute(*columns)
        return tape(*columns) if key in self.checked else self._compared(key, compute, columns)

    def forget(self) -> None:
        """Record anew."""
        self.tapes, self.checked = {}, set()

    def _recorded(
        self, key: Any, compute: Callable[..., list[Tensor]], columns: list[Tensor]
    ) -> list[Tensor]:
        before = self.state()
        try:
            tape = Tape(compute, columns)
        except NotRepeatableError:
            self.tapes[key] = None
            self.restore(before)
            return compute(*columns)
        self.tapes[key] = tape
        outputs, tape.outputs = tape.outputs, []
        return outputs

    def _compared(
        self, key: Any, compute: Callable[..., list[Tensor]], columns: list[Tensor]
    ) -> list[Tensor]:
        tape, before = self.tapes[key], self.state()
        assert tape is not None
        found = [result.clone() for result in tensors_in([tape(*columns), self.state()])]
        self.restore(before)
        results = compute(*columns)
        if all_equal(found, [*tensors_in([results, self.state()])]):
            self.checked.add(key)
        else:
            self.tapes[key] = None
        return results


# Smaller results are allocated anew: that takes less time than finding their place.
BUFFERED_BYTES = 2**14


class Program:
    """Source of a function that calls operators one after the other.

    Large results are written to memory that is kept from call to call, in as few places as can be:
    new memory of the operating system, page by page, takes longer than the arithmetic.

    Parameters
    ----------
    inputs : sequence of Tensor
        Its arguments, as they were in the recording.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self.names = {id(tensor): f"t{number}" for number, tensor in enumerate(inputs)}
        self.arguments = list(self.names.values())
        self.constants: dict[str, Any] = {}
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self.held: dict[float, list[Tensor]] = {}  # buffers, by the call after which they are free
        self.inputs = inputs  # kept, as calls are: no other tensor gets the identity of one

    def add(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """A call of an operator, with the result that it had."""
        self.calls.append((function, args, kwargs, result))

    def compiled(self, outputs: Sequence[Tensor]) -> Callable[..., list[Tensor]]:
        """The function."""
        ends = self._last_uses(outputs)
        free: dict[Any, list[Tensor]] = {}
        body = [f"def function({', '.join(self.arguments)}):"]
        for number, (function, args, kwargs, result) in enumerate(self.calls):
            written = out_variant(function) if is_large(result) else None
            if written is not None:
                pool = free.setdefault(layout_of(result), [])
                buffer = pool.pop() if pool else torch.empty_like(result)
                function, kwargs = written[0], {**kwargs, written[1]: buffer}
                ends[storage_of(result)] = max(ends[storage_of(result)], number)
                self.held.setdefault(ends[storage_of(result)], []).append(buffer)
            parts = [self._source(each) for each in args]
            parts += [f"{name}={self._source(each)}" for name, each in kwargs.items()]
            call = f"{self._constant(function)}({', '.join(parts)})"
            if function is aten.detach.default:  # no gradients are recorded
                call = parts[0]
            body.append(f"    {self._target(result)} = {call}")
            for buffer in self.held.pop(number, []):
                free[layout_of(buffer)].append(buffer)
        body.append(f"    return [{', '.join(map(self._source, outputs))}]")
        scope = self.constants
        exec("\n".join(body), scope)
        compiled: Callable[..., list[Tensor]] = scope.pop("function")
        return compiled

    def _last_uses(self, outputs: Sequence[Tensor]) -> dict[int, float]:
        """The number of the last call that uses each memory; infinity for that of the outputs."""
        ends: dict[int, float] = {}
        for number, (_, args, kwargs, result) in enumerate(self.calls):
            for tensor in tensors_in((args, kwargs, result)):
                ends[storage_of(tensor)] = number
        return {**ends, **{storage_of(output): math.inf for output in outputs}}

    def _target(self, result: Any) -> str:
        if isinstance(result, Tensor):
            return self.names.setdefault(id(result), f"t{len(self.names)}")
        if isinstance(result, (list, tuple)):
            return f"[{''.join(f'{self._target(each)}, ' for each in result)}]"
        return "_"

    def _source(self, value: Any) -> str:
        if isinstance(value, Tensor):
            return self.names.get(id(value)) or self._constant(value)
        if isinstance(value, (list, tuple)) and any(isinstance(each, Tensor) for each in value):
            return f"[{', '.join(map(self._source, value))}]"
        return self._constant(value)

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value.detach() if isinstance(value, Tensor) else value
        return name


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors of nested dicts, lists and tuples."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each)


def all_equal(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return len(first) == len(second) and all(map(torch.equal, first, second))


def storage_of(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def layout_of(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device


def is_large(result: Any) -> bool:
    return isinstance(result, Tensor) and result.nbytes >= BUFFERED_BYTES


@functools.cache
def out_variant(function: Any) -> tuple[Any, str] | None:
    """The overload of an operator that writes its result to a tensor, and the argument for it."""
    schema = function._schema
    if any(value.alias_info is not None for value in schema.returns):
        return None  # a view, or in place
    wanted = [(each.name, str(each.type)) for each in schema.arguments]
    packet = function.overloadpacket
    for overload in packet.overloads():
        candidate = getattr(packet, overload)
        arguments = candidate._schema.arguments
        written = [each.name for each in arguments if each.is_out]
        others = [(each.name, str(each.type)) for each in arguments if not each.is_out]
        if len(written) == 1 and others == wanted:
            return candidate, written[0]
    return None
