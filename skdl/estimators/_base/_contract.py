"""The hooks of a deep estimator that a family of estimators implements, in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from ...engine import Data, Net, Objective

if TYPE_CHECKING:
    from ._rows import Rows


class FitMode(Enum):
    """The three ways to learn.

    Attributes
    ----------
    FIT
        ``fit`` from nothing.
    WARM_START
        ``fit`` with ``warm_start=True`` after another fit: all that was learned before training
        stays, and the network is trained further.
    PARTIAL_FIT
        ``partial_fit``: rows that are one part of the data.
    """

    FIT = "fit"
    WARM_START = "warm_start"
    PARTIAL_FIT = "partial_fit"


class Split(NamedTuple):
    """The rows of a fit by their use.

    Attributes
    ----------
    train : Data
        The training rows.
    valid : Data or None
        The rows that validate.
    used : Data
        The training rows and those set aside for validation.
    """

    train: Data
    valid: Data | None
    used: Data


class Family(ABC):
    """The hooks of a family: two that it must write, eight that it may.

    Some bases and mixins have one of their own: ``_as_unseen`` of ``TorchClassifier``,
    ``_takes_signal_model`` of ``SignalClassifier``,
    ``_fitted_parameter`` of ``FittedParameterMixin``, ``_used_after_fit`` of ``Trained``. A family
    that trains in another way replaces steps of ``DeepEstimator``, such as ``_new_net``.

    The optional methods and attributes of a module, beyond ``forward``, are in
    :mod:`skdl.engine._contract`, those that displays draw at the end of this file. How y is read is
    in :mod:`skdl.estimators._base._targets`.
    """

    # Kinds of X that ``fit`` takes, of "sequences", "ragged" (sequences or signals of unequal
    # length), "signals", "images", "texts", "documents", "tables" and "mixed tables" (DataFrames
    # with columns of any types, with gaps).
    _input_kinds: ClassVar[frozenset[str]]
    # Parameters that may change between fits of one network (warm_start, partial_fit), beside
    # those that all deep estimators share.
    _changeable: ClassVar[frozenset[str]] = frozenset()

    # Required hooks ------------------------------------------------------------------------------

    @abstractmethod
    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        """X validated, as columns named like the arguments of the module.

        With ``reset`` X is that of a fit: what is learned by looking (``n_features_in_`` and the
        like) is set. Without, it is compared with that.
        """

    @abstractmethod
    def _make_module(self, train: Data) -> nn.Module:
        """The untrained module; with targets its outputs have ``self._target.output_shape``.

        ``train`` holds the training rows, with targets a column ``y`` and maybe ``weight``. Initial
        weights may be drawn from torch's global generator, which all threads share: fits in other
        threads wait meanwhile, so what takes long and draws nothing is for
        ``_learn_before_training``.
        """

    # Optional hooks ------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        """Raise ValueError or TypeError where parameters do not go together, before any work."""

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        """The columns of all rows, where reading them is learned from the training rows.

        Not called by a ``partial_fit`` after the first.
        """
        return data

    def _learn_before_training(self, module: nn.Module, train: Data, used: Data) -> None:
        """Let a new module learn what it needs before training, such as a linear model.

        ``used`` holds the training rows and those set aside for validation.
        """

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        """Batch size and maximum number of epochs, as "auto" means them.

        ``batch_size`` is what the user chose, None for "auto".
        """
        n_rows = len(train)
        chosen = int(np.clip(2 ** np.floor(np.log2(n_rows / 8)), 8, 64))
        return batch_size or chosen, 100

    def _make_objective(self) -> Objective | None:
        """The objective: by default the loss of the target, where there is one.

        None is for a module with a training step of its own.
        """
        return None

    def _prepare_module(self, module: nn.Module, mode: FitMode) -> None:
        """Set what parameters may change in a module before each training, new or old.

        Classifiers set the weights of network and linear model back here: call ``super()``.
        """

    def _after_training(self, net: Net, train: Data, valid: Data | None, mode: FitMode) -> None:
        """Let a module learn more after training, from the validation rows if there are any.

        Such as the temperature of its scores.
        """

    def _search_grid(self) -> dict[str, list[Any]]:
        """A small ``param_grid`` to begin a search with."""
        return {"lr": [1e-3, 3e-3, 1e-2]}


def batch_size_between(n_rows: int, usual: float, largest: int) -> int:
    """The usual batch size; smaller for few rows, larger for many, for batches of like size.

    At least 4 batches of few rows, at most 40 of many; from 8 to ``largest`` rows.
    """
    wanted = 2 ** np.round(np.log2(max(min(n_rows / 4, usual), n_rows / 40, 1)))
    n_batches = np.ceil(n_rows / np.clip(wanted, 8, largest))
    return int(np.ceil(n_rows / n_batches))


class HasActivationInputs(Protocol):
    """A classifier that ``GradCAMDisplay`` draws."""

    def _activation_inputs(self, X: Any, batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """Batches of X: the rows, and what ``module_`` takes of them, (B, *space, C) both.

        What layers give for them is (B, n_features, *space), the scores are (B, n_classes). Rows of
        unequal length come one by one, without padding.
        """


class HasAttentionMaps(Protocol):
    """A classifier that ``AttentionDisplay`` draws."""

    def attention_maps(self, X: Any) -> list[np.ndarray]:
        """For each row, the weights (n_layers, n_heads, L, L) of queries (third axis) on keys."""

    def _attention_positions(self, X: Any) -> dict[str, Any]:
        """What the L positions of the first row are, as arguments of ``AttentionDisplay``.

        It may be missing where the positions are steps.
        """
