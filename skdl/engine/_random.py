"""Random numbers of a training run: all are drawn from generators of its own."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from ._contract import attribute_or_default


class ForkSafeLock:
    """A lock for the threads of a process, which is free in a child process that is forked."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.lock = threading.RLock()


GLOBAL_STATE = ForkSafeLock()


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's global generators seeded inside, their states as they were outside.

    For drawing initial weights. All threads share these generators, so one at a time is inside.
    """
    cuda = [device] if device.type == "cuda" else []
    with GLOBAL_STATE.lock, torch.random.fork_rng(devices=cuda):
        torch.random.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


class Generators:
    """The generators of one training run.

    Parameters
    ----------
    seed : int
        Of the net.
    n_before : int
        Epochs of earlier runs: each run draws other numbers.
    device : torch.device
    stream : int, default=0
        Generators of another stream draw other numbers, for the callbacks of the run.

    Attributes
    ----------
    shuffle : torch.Generator
        Orders rows, on the host.
    host, device : torch.Generator
        What else is drawn, on the host and on the device; one and the same on a CPU.
    """

    def __init__(self, seed: int, n_before: int, device: torch.device, stream: int = 0) -> None:
        # Shuffling has a generator of its own: the order of rows does not depend on how many
        # numbers a module draws.
        sequence = np.random.SeedSequence((seed, n_before), spawn_key=(stream,) if stream else ())
        (other,) = sequence.generate_state(1)
        self.shuffle = torch.Generator().manual_seed(seed + n_before)
        self.host = torch.Generator().manual_seed(int(other))
        on_host = device.type == "cpu"
        self.device = self.host if on_host else torch.Generator(device).manual_seed(int(other))

    def of(self, device: torch.device) -> torch.Generator | None:
        """The generator for numbers on a device, if there is one."""
        for generator in (self.device, self.host):
            if generator.device.type == device.type:
                return generator
        return None

    def state(self) -> list[Tensor]:
        return [generator.get_state() for generator in (self.shuffle, self.host, self.device)]

    def restore(self, state: list[Tensor]) -> None:
        for generator, kept in zip((self.shuffle, self.host, self.device), state, strict=True):
            generator.set_state(kept)

    def as_global(self, parts: Sequence[Any] = ()) -> AsGlobal:
        """Inside, torch's global generators have the states of these; one thread at a time.

        ``parts`` with an attribute ``generator`` draw from the global generators too.
        """
        return AsGlobal(self, parts)


class AsGlobal:
    """See ``Generators.as_global``; a class, which is entered faster than a generator function.

    It is entered at each step of a module that may use torch's global generators.
    """

    def __init__(self, generators: Generators, parts: Sequence[Any]) -> None:
        self.pairs = [(torch.random.default_generator, generators.host)]
        if generators.device is not generators.host:
            index = generators.device.device.index or 0
            self.pairs.append((torch.cuda.default_generators[index], generators.device))
        self.parts = parts

    def __enter__(self) -> None:
        # No other thread may draw between reading and setting the states.
        GLOBAL_STATE.lock.acquire()
        self.states = [shared.get_state() for shared, _ in self.pairs]
        self.generators = [part.generator for part in self.parts]
        for shared, own in self.pairs:
            shared.set_state(own.get_state())
        for part in self.parts:
            part.generator = None

    def __exit__(self, *_: object) -> None:
        for part, generator in zip(self.parts, self.generators, strict=True):
            part.generator = generator
        # The run's generators continue after what was drawn inside.
        for (shared, own), state in zip(self.pairs, self.states, strict=True):
            own.set_state(shared.get_state())
            shared.set_state(state)
        GLOBAL_STATE.lock.release()


@contextlib.contextmanager
def drawing_from(generator: torch.Generator, parts: list[Any]) -> Iterator[None]:
    """Inside, the attribute ``generator`` of these parts is the one given."""
    before = [part.generator for part in parts]
    try:
        for part in parts:
            part.generator = generator
        yield
    finally:
        for part, kept in zip(parts, before, strict=True):
            part.generator = kept


class DrawnTwiceError(RuntimeError):
    """Random numbers of a forward pass are drawn again in the backward pass.

    Gradient checkpointing does so, from a state of torch's global generators that it has kept.
    """


class EnteredModes(threading.local):
    """The modes that a thread is inside of."""

    def __init__(self) -> None:
        self.modes: list[RandomFunctionMode] = []


ENTERED = EnteredModes()


@contextlib.contextmanager
def outside_of_runs() -> Iterator[None]:
    """Inside, torch draws as outside of a run: for a fit that a callback of another fit makes."""
    modes = [mode for mode in ENTERED.modes if not mode.is_suspended]
    for mode in modes:
        mode.is_suspended = True
    try:
        yield
    finally:
        for mode in modes:
            mode.is_suspended = False


class RandomFunctionMode(TorchFunctionMode):
    """Intercepts torch functions that draw from global generators: they draw from those of a run.

    For modules, augmentations and callbacks that do not take a generator: ``torch.nn.Dropout``,
    ``torch.rand``, ``torch.distributions``, an LSTM's dropout. Functions with a parameter
    ``generator`` get one; the others run while the global state is exchanged, one thread at a time.

    Attributes
    ----------
    is_differentiated : bool
        Whether a backward pass follows: what is computed again then is an error.
    in_backward : bool
        Whether the backward pass is running.

    Raises
    ------
    DrawnTwiceError
        If ``is_differentiated`` and gradient checkpointing, or the like, draws.
    """

    def __init__(self, generators: Generators) -> None:
        super().__init__()
        self.generators = generators
        self.is_differentiated = self.in_backward = self.is_suspended = False

    def __enter__(self) -> RandomFunctionMode:
        ENTERED.modes.append(self)
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        ENTERED.modes.remove(self)
        super().__exit__(*error)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        # First and cached: nearly all calls draw nothing.
        if not draws(function) or self.is_suspended:
            return function(*args, **kwargs)
        has_own = any(isinstance(given, torch.Generator) for given in (*args, *kwargs.values()))
        if has_own or dropout_is_off(function, args, kwargs):
            return function(*args, **kwargs)
        if self.is_differentiated and (self.in_backward or is_checkpointed()):
            raise DrawnTwiceError
        generator = self.generators.of(device_of(args, kwargs))
        if generator is None:  # on a device without numbers, such as "meta"
            return function(*args, **kwargs)
        if takes_generator(function):
            return function(*args, **{**kwargs, "generator": generator})
        if function is F.dropout:  # the most frequent one that takes no generator
            return dropout(*args, generator=generator, **kwargs)
        with self.generators.as_global():
            return function(*args, **kwargs)


# Functions written in Python that draw, beside those named like an operator that does.
DRAWING = {
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.fractional_max_pool2d,
    F.fractional_max_pool2d_with_indices,
    F.fractional_max_pool3d,
    F.fractional_max_pool3d_with_indices,
    F.gumbel_softmax,
    F.multi_head_attention_forward,
}
RECURRENT = {"gru", "lstm", "rnn_relu", "rnn_tanh"}


@functools.cache
def operators(function: Callable[..., Any]) -> list[Any]:
    """Overloads of torch's operator that a function is named after."""
    if isinstance(function, torch._ops.OpOverload):
        return [function]
    name = getattr(function, "__name__", "").split(".")[0]
    found = getattr(torch.ops.aten, name, None)
    if not isinstance(found, torch._ops.OpOverloadPacket):
        return []
    return [getattr(found, overload) for overload in found.overloads()]


@functools.cache
def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Parameters of a function that is written in Python."""
    if not isinstance(function, FunctionType):
        return ()
    # Operators of tensors, such as **, are Python's around functions that have no signature.
    return tuple(inspect.signature(function, follow_wrapped=False).parameters)


@functools.cache
def takes_generator(function: Callable[..., Any]) -> bool:
    if isinstance(function, FunctionType):
        return "generator" in parameters(function)
    return any(
        argument.name == "generator"
        for operator in operators(function)
        for argument in operator._schema.arguments
    )


@functools.cache
def draws(function: Callable[..., Any]) -> bool:
    """Whether a function of torch may draw random numbers."""
    return (
        function in DRAWING
        or takes_generator(function)
        or any(torch.Tag.nondeterministic_seeded in each.tags for each in operators(function))
    )


def dropout_is_off(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Whether the arguments of a function with dropout switch the dropout off."""
    name = getattr(function, "__name__", "")
    if name in RECURRENT:  # rows of one length, or packed ones with their sizes
        place = 5 if isinstance(args[3], bool) else 6
        return not (args[place] and args[place + 1])
    if name == "scaled_dot_product_attention":
        return not kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0)
    given = {**dict(zip(parameters(function), args, strict=False)), **kwargs}
    rate = given.get("dropout_p", given.get("p", 0.5) if "training" in given else 0.5)
    return not (rate and given.get("training", True))


def is_checkpointed() -> bool:
    """Whether this is called by torch's gradient checkpointing."""
    # torch has no public flag for it; the call stack shows it.
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") != "torch.utils.checkpoint":
        frame = frame.f_back
    return frame is not None


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: torch.Generator,
) -> Tensor:
    """``torch.nn.functional.dropout`` with a generator."""
    # 0 and 1 draw nothing, and other values are errors of torch.
    if not 0 < p < 1:
        return F.dropout(input, p, training, inplace)
    mask = torch.empty_like(input).bernoulli_(1 - p, generator=generator).div_(1 - p)
    return input.mul_(mask) if inplace else input * mask


def device_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.device:
    """The device on which a function of torch draws."""
    if kwargs.get("device") is not None:
        return torch.device(kwargs["device"])
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            return value.device
    return torch.get_default_device()


def has_generator(part: object) -> bool:
    """Whether ``generator`` of a part is a torch.Generator or None, not a network of that name."""
    return isinstance(getattr(part, "generator", 0), torch.Generator | None)


class RandomNumbers:
    """The generators of a training run, and how module, objective and callbacks draw from them.

    Parameters
    ----------
    seed, n_before, device
        See :class:`Generators`.
    module : nn.Module
    objective : callable or None

    Attributes
    ----------
    generators, of_callbacks : Generators
        A callback that draws does not change what the training draws.
    parts : list
        The objective and the layers with an attribute ``generator``.
    callback_mode : RandomFunctionMode
        To be entered around callbacks.
    may_use_global_generators : bool
        Whether module or objective do not declare ``draws_from_generator``.
    """

    def __init__(
        self, seed: int, n_before: int, device: torch.device, module: nn.Module, objective: Any
    ) -> None:
        self.generators = Generators(seed, n_before, device)
        self.of_callbacks = Generators(seed, n_before, device, stream=1)
        self.parts = [part for part in (objective, *module.modules()) if has_generator(part)]
        self.callback_mode = RandomFunctionMode(self.of_callbacks)
        self.buffers, self.has_stepped = list(module.buffers()), False
        known = [part for part in (module, objective) if part is not None]
        self.may_use_global_generators = not all(
            attribute_or_default(part, "draws_from_generator") for part in known
        )
        # Compiled and scripted code calls torch where nothing can be intercepted.
        self.needs_global_state = self.may_use_global_generators and any(
            isinstance(part, torch.jit.ScriptModule) or type(part).__name__ == "OptimizedModule"
            for part in module.modules()
        )

    def state(self) -> list[list[Tensor]]:
        return [self.generators.state(), self.of_callbacks.state()]

    def restore(self, state: list[list[Tensor]]) -> None:
        self.generators.restore(state[0])
        self.of_callbacks.restore(state[1])

    def with_generators(self) -> contextlib.AbstractContextManager[None]:
        """To be entered around passes over data: the parts have the run's generator."""
        return drawing_from(self.generators.device, self.parts)

    def redirected(self) -> contextlib.AbstractContextManager[Any]:
        """To be entered around module and objective: they draw from the run's generators.

        Where no other thread runs, the global generators get the states of those of the run, which
        takes less time than intercepting calls of torch. On a CPU both draw the same numbers.
        """
        if not self.may_use_global_generators:
            return contextlib.nullcontext()
        is_alone = self.generators.device.device.type == "cpu" and threading.active_count() == 1
        if self.needs_global_state or is_alone:
            return self.generators.as_global(self.parts)
        return RandomFunctionMode(self.generators)

    def loss_and_gradients(self, loss: Callable[[], Tensor], parameters: list[Tensor]) -> Tensor:
        """The loss and gradients of a module that may use torch's global generators.

        ``parameters`` have no gradients before.
        """
        mode = self.redirected()
        if isinstance(mode, RandomFunctionMode):
            return self._intercepted(mode, loss, parameters)
        with mode:
            value = loss()
            value.backward()
        return value

    def _intercepted(
        self, mode: RandomFunctionMode, loss: Callable[[], Tensor], parameters: list[Tensor]
    ) -> Tensor:
        """The same in a mode; a step that draws twice is undone and repeated without the mode."""
        state = self.generators.state()
        # A forward pass changes statistics in buffers. Copies are needed for the first step only: a
        # module that draws twice does so in its first step.
        buffers = [] if self.has_stepped else [buffer.clone() for buffer in self.buffers]
        try:
            with mode:
                mode.is_differentiated = True
                value = loss()
                mode.in_backward = True
                backward(value)
        except DrawnTwiceError:
            self.needs_global_state = True
            self.generators.restore(state)
            for buffer, before in zip(self.buffers, buffers, strict=False):
                buffer.copy_(before)
            for parameter in parameters:
                parameter.grad = None
            return self.loss_and_gradients(loss, parameters)
        self.has_stepped = True
        return value


def backward(loss: Tensor) -> None:
    """``loss.backward()`` without its own dispatch, which would suspend ``RandomFunctionMode``."""
    if loss.numel() != 1:
        loss.backward()  # says that it must be a scalar
    engine = torch.autograd.Variable._execution_engine
    engine.run_backward(
        (loss,),
        (torch.ones_like(loss),),
        False,  # keep the graph
        False,  # make a graph of the gradients
        (),
        allow_unreachable=True,
        accumulate_grad=True,
    )
