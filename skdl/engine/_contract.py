"""Protocols of what a module may have beyond ``forward``, and an objective beyond its call.

All of it is optional. The engine reads it with ``attribute_or_default``; the defaults are in
``DEFAULTS``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn

from ._data import Batch

if TYPE_CHECKING:
    from ._objectives import TargetConverter


class HasPrepare(Protocol):
    """A module whose inputs first get another form that depends on no trainable weight.

    With ``prepare_is_costly`` that is done once per fit for data of every kind, else where the
    prepared columns fit into memory beside the stored ones.
    """

    prepare_is_costly: bool

    def prepare(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The arguments of ``forward`` from the input columns of a batch."""


class HasParameterGroups(Protocol):
    """A module whose parts train at different learning rates."""

    def parameter_groups(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """Parameters and the factor of their learning rate, the last one 1."""


class HasOwnStep(Protocol):
    """A module with a training step of its own, in place of gradient and optimizer.

    Rows then come in their order, and no copy of the weights is kept to return to.
    """

    def train_on(self, *, lr: float, **columns: Tensor) -> Tensor:
        """Change the weights by one batch; its loss, a scalar tensor."""


class HasEncode(Protocol):
    """A module with a representation before its head; what ``encode`` of an estimator gives.

    The engine does without it; a law asks it of the module of every estimator.
    """

    def encode(self, **inputs: Tensor) -> Tensor:
        """The representation (B, n_features) of the arguments of ``forward``."""


class HasEvaluated(Protocol):
    """A module that adds something to its output in evaluation alone, such as a linear model's.

    Callbacks get the outputs of training batches with it, as those of validation batches.
    """

    def evaluated(self, output: Tensor, **inputs: Tensor) -> Tensor:
        """What ``forward`` gives in evaluation, from its output and the inputs it had."""


class HasMaxSteps(Protocol):
    """A module whose memory and time depend on the steps of a batch more than on its rows.

    Attributes
    ----------
    max_steps : int
        Maximum number of steps of a training batch, padding included: a batch of more is cut into
        several. Predictions are made with a quarter of it.
    """

    max_steps: int


class HasBatchStatistics(Protocol):
    """A module that normalizes the rows of a training batch together, as batch normalization does.

    Rows of unequal length then come in random order. Sorted by length there would be less padding,
    but what goes with length, such as the scale of the values or the class, would be normalized
    away in training and not in prediction.

    Attributes
    ----------
    uses_batch_statistics : bool
    """

    uses_batch_statistics: bool


class HasWorkPerRow(Protocol):
    """A module that uses its weights several times for a row, as a convolution does.

    Attributes
    ----------
    work_per_row : int
        Number of multiply-adds of a row in the largest product; it decides the number of threads.
    """

    work_per_row: int


class HasValuesPerRow(Protocol):
    """A module that makes many values of a row, more than the row itself has.

    Rows are validated and predicted in batches whose values fit the caches.

    Attributes
    ----------
    values_per_row : int
        Size of the largest result of a layer, for one row.
    """

    values_per_row: int


class HasBfloat16Safe(Protocol):
    """A module that is as accurate when trained in mixed precision with bfloat16.

    Attributes
    ----------
    bfloat16_safe : bool
    """

    bfloat16_safe: bool


class HasDrawsFromGenerator(Protocol):
    """A module or an objective all of whose random numbers come from given generators.

    Each part of it with an attribute ``generator`` (see :class:`skdl.modules.RandomLayer`) gets the
    generator of the fit there while it trains. Without this attribute, a module may use torch's
    global generator: its calls of torch are then intercepted, so that it draws from the generator
    of the fit too. That takes some microseconds for each call of torch.

    Attributes
    ----------
    draws_from_generator : bool
    """

    draws_from_generator: bool
    generator: torch.Generator | None


class HasStackable(Protocol):
    """A module or an objective that ``torch.vmap`` computes for many members of a pack at once.

    All that differs between two such modules are parameters, buffers and rates of dropout; random
    numbers come from a :class:`skdl.modules.RandomLayer` or ``torch.nn.Dropout``; and nothing in
    ``forward`` depends on values of tensors but by tensors. Linear layers, embeddings,
    normalization, activations, convolutions and attention of torch are so, recurrent layers are
    not.

    Attributes
    ----------
    stackable : bool
    """

    stackable: bool


class HasRepeatsOperators(Protocol):
    """A module whose training step calls the same operators for each batch of the same shapes.

    They are then recorded, and called again without what Python does around them: steps of many
    small operators take half of the time. Nothing in ``forward`` may depend on the number of calls,
    on the time or on other numbers that are no tensors, but for rates of :class:`Dropout`.

    Attributes
    ----------
    repeats_operators : bool
    """

    repeats_operators: bool


class HasOnPlateau(Protocol):
    """A module whose loss may only fall after some hundred steps.

    Attributes
    ----------
    on_plateau : bool
        Whether that is so now, as where the last layer is zero before training. Patience then waits
        as :class:`EarlyStopping` says, for 500 steps at most.
    """

    on_plateau: bool


class HasCount(Protocol):
    """An objective whose loss is a mean over something else than rows, such as real tokens."""

    def count(self, batch: Batch) -> int:
        """How many terms the loss of a batch is the mean of, computed on the host."""


class HasRowLosses(Protocol):
    """An objective that gives the losses of each row and target, which decide early stopping.

    Without it the mean loss of the validation rows decides.

    Attributes
    ----------
    error_power : int or None
        2 where they are squared errors, 1 where they grow like absolute ones, None for others: an
        outlier among them must not decide.
    """

    error_power: int | None

    def row_losses(self, module: nn.Module, batch: Batch) -> Tensor:
        """The losses (B,) or (B, k), without the weights of rows."""


class HasConverter(Protocol):
    """An objective that converts outputs and targets to the user's labels or units.

    Attributes
    ----------
    converter : TargetConverter or None
        ``net_.predict`` on data of the engine, and callbacks that score, use it. Without one they
        get the outputs of the module.
    """

    converter: TargetConverter | None


DEFAULTS: dict[str, Any] = {
    "prepare": None,
    "prepare_is_costly": False,
    "parameter_groups": None,
    "train_on": None,
    "evaluated": None,
    "max_steps": None,
    "uses_batch_statistics": False,
    "work_per_row": None,
    "values_per_row": None,
    "bfloat16_safe": False,
    "draws_from_generator": False,
    "stackable": False,
    "repeats_operators": False,
    "on_plateau": False,
    "count": None,
    "row_losses": None,
    "error_power": None,
    "converter": None,
}


def attribute_or_default(owner: object, name: str) -> Any:
    """An optional attribute of a module or an objective, or its default in ``DEFAULTS``."""
    return getattr(owner, name, DEFAULTS[name])
