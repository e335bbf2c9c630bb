"""Convolutional networks for images (B, C, H, W) and signals (B, C, T), from scratch or reused."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...modules import (
    BesideLinearModel,
    Dropout,
    bounded,
    padding_mask,
    standardized,
    with_own_scale,
)
from ._network_architectures import CONVOLUTIONS
from ._network_padding import Blocks, Packing, behind, through

# Signals are packed where so much of the padded batch remains, or less.
MOST_PACKED = 0.8


def channels_first(x: Tensor) -> Tensor:
    """(B, *space, C) to (B, C, *space), channels last in memory: the fast format of convolutions.

    A view. The first reshape sets the strides of a single channel, by which torch recognizes the
    format.
    """
    return x.reshape(-1).view(x.shape).movedim(-1, 1)


class StandardizedNetwork(nn.Module):
    """Base of networks for images and signals: standardizes the channels.

    Parameters
    ----------
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
        Mean and standard deviation of the channels.

    Attributes
    ----------
    learns_scales : bool
        Whether mean and scale are learned from the training rows; a fitted backbone brings its own.
    takes_lengths : bool
        Whether signals may be padded: ``prepare``, ``encode`` and ``forward`` then take the number
        of steps of each, (B,), as ``lengths``.
    """

    mean: Tensor
    scale: Tensor
    learns_scales = True
    uses_batch_statistics = True
    max_steps: int | None = None  # of a training batch of signals of unequal length
    takes_lengths = False
    work_per_row: int | None = None
    bfloat16_safe = False
    draws_from_generator = False  # a network of the user may use torch's global generator

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def standardize(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Standardized x (B, *space, C), channels last in memory; 0 on the padding of signals."""
        inputs = bounded(standardized(x, self.mean, self.scale))
        return inputs if lengths is None else inputs * padding_mask(inputs, lengths)

    def prepare(self, x: Tensor) -> dict[str, Tensor]:
        """The arguments of ``forward`` from x (B, *space, C), without any trained weight."""
        return {"inputs": self.standardize(x)}

    def encode(self, inputs: Tensor) -> Tensor:
        """Features (B, F) of standardized inputs (B, *space, C)."""
        raise NotImplementedError


class ConvolutionalNetwork(BesideLinearModel, StandardizedNetwork):
    """Standardized channels, features, pooling over space or time, a linear head.

    Parameters
    ----------
    features : nn.Module
        Gives (B, F) or (B, F, *space) for (B, C, *space).
    pool : nn.Module
        Gives (B, n_features) for what ``features`` gives.
    n_features, n_classes : int
    dropout : float in [0, 1)
        Before the head.
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
        Mean and standard deviation of the channels.
    freeze : bool or int, default=False
        Which part of ``features`` is not trained and keeps its statistics: all, or that number of
        first blocks.
    fixed : bool, default=False
        Whether neither ``features`` nor their inputs change in training: they are then computed
        once per fit.
    lr_factor : float, default=1.0
        Learning rate of ``features``, as a fraction of the head's.
    own_scale : bool, default=False
        Whether ``features`` take 3 C channels: each signal standardized by itself too, and its
        spread.
    """

    def __init__(
        self,
        features: nn.Module,
        pool: nn.Module,
        n_features: int,
        n_classes: int,
        *,
        dropout: float,
        mean: Tensor,
        scale: Tensor,
        freeze: bool | int = False,
        fixed: bool = False,
        lr_factor: float = 1.0,
        own_scale: bool = False,
    ) -> None:
        super().__init__(mean, scale)
        self.own_scale = own_scale
        self.features, self.pool = features, pool
        self.dropout = Dropout(dropout)
        self.head: nn.Module = nn.Linear(n_features, n_classes)
        self.freeze, self.fixed, self.lr_factor = freeze, fixed, lr_factor
        # A backbone may come with frozen weights; what is frozen here is decided by ``freeze``.
        for param in features.parameters():
            param.requires_grad_(param.is_floating_point())
        for part in self.frozen():
            part.requires_grad_(False)

    def frozen(self) -> list[nn.Module]:
        return [self.features] if self.freeze is True else blocks_of(self.features)[: self.freeze]

    def drop_head(self) -> None:
        """Replace the head by the identity, and freeze nothing."""
        self.head, self.freeze = nn.Identity(), False

    def train(self, mode: bool = True) -> ConvolutionalNetwork:
        super().train(mode)
        for part in self.frozen():
            part.eval()  # batch normalization keeps its statistics
        return self

    @property
    def prepare_is_costly(self) -> bool:
        return self.fixed

    @property
    def takes_lengths(self) -> bool:  # type: ignore[override]
        if isinstance(self.features, Backbone):
            return getattr(self.features.network, "takes_lengths", False)
        return isinstance(self.features, Blocks)

    @property
    def draws_from_generator(self) -> bool:  # type: ignore[override]
        return getattr(self.features, "draws_from_generator", True)

    def parameter_groups(self) -> list[tuple[Iterator[nn.Parameter], float]]:
        """Parameters, and the factor of their learning rate."""
        return [(self.features.parameters(), self.lr_factor), (self.head.parameters(), 1.0)]

    def prepare(
        self, x: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The arguments of ``forward`` from x (B, *space, C), without any trained weight."""
        inputs = self.standardize(x, lengths)
        if self.fixed:
            return {"encoded": self.encode(inputs, lengths=lengths)}
        others = {"lengths": lengths, "linear": linear}
        return {"inputs": inputs} | {k: v for k, v in others.items() if v is not None}

    def encode(
        self,
        inputs: Tensor | None = None,
        encoded: Tensor | None = None,
        lengths: Tensor | None = None,
        linear: Tensor | None = None,
    ) -> Tensor:
        """Features (B, F) of standardized inputs (B, *space, C), or ``encoded`` if given.

        Of signals with ``lengths`` (B,) the inputs are 0 behind their ends.
        """
        if encoded is not None:
            return encoded
        assert inputs is not None
        mask = None if lengths is None else padding_mask(inputs, lengths)  # (B, T, 1)
        if self.own_scale:
            inputs = with_own_scale(inputs, mask)
        if lengths is None or mask is None:
            return through(self.pool, self.features(channels_first(inputs)), None)
        if isinstance(self.features, Blocks) and may_pack(inputs):
            packing = Packing(lengths, self.features)
            if packing.n_steps <= MOST_PACKED * mask.numel():
                packed, of_packed = packing.pack(inputs)
                features = self.features(channels_first(packed), of_packed)
                return through(self.pool, *packing.unpack(features))
        features = through(self.features, channels_first(inputs), mask.mT)
        return through(self.pool, features, behind(self.features, mask.mT))

    def forward(
        self,
        inputs: Tensor | None = None,
        encoded: Tensor | None = None,
        lengths: Tensor | None = None,
        linear: Tensor | None = None,
    ) -> Tensor:
        """Scores (B, n_classes); in evaluation with those of the ``linear`` model added."""
        scores: Tensor = self.head(self.dropout(self.encode(inputs, encoded, lengths)))
        return scores if self.training else self.evaluated(scores, linear)


class CustomNetwork(StandardizedNetwork):
    """Standardized channels before a network of the user.

    Parameters
    ----------
    network : nn.Module
        Gives scores (B, n_classes) for (B, C, *space).
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
    """

    def __init__(self, network: nn.Module, mean: Tensor, scale: Tensor) -> None:
        super().__init__(mean, scale)
        self.network = network
        linear = [name for name, part in network.named_modules() if isinstance(part, nn.Linear)]
        self.head_name = linear[-1] if linear else None

    def encode(self, inputs: Tensor) -> Tensor:
        """The input of the network's last linear layer, flattened (B, F).

        Raises
        ------
        UnusableOutputError
            If it has none.
        """
        if self.head_name is None:
            raise UnusableOutputError(
                "The module of architecture has no torch.nn.Linear, whose input would be the "
                "representation: let it end in one."
            )
        # The network's forward is the user's: the only way to the head's input is to run it until
        # there.
        head = self.network.get_submodule(self.head_name)
        hook = head.register_forward_pre_hook(stop_here)
        try:
            self.network(channels_first(inputs))
        except ReachedHead as reached:
            return reached.taken.flatten(1)
        finally:
            hook.remove()
        raise UnusableOutputError(
            f"The last torch.nn.Linear of the module of architecture, {self.head_name!r}, takes no "
            "part in prediction: define the head last."
        )

    def drop_head(self) -> None:
        """Replace the last linear layer by the identity."""
        if self.head_name:
            self.network.set_submodule(self.head_name, nn.Identity())
        elif self.head_name is not None:
            self.network = nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores (B, n_classes)."""
        return one_tensor("architecture", self.network(channels_first(inputs)))


def may_pack(x: Tensor) -> bool:
    """Whether padded signals may be packed: on a card their lengths would be waited for."""
    return x.device.type == "cpu"


class ReachedHead(Exception):  # noqa: N818
    """Ends a forward pass before the head."""

    def __init__(self, taken: Tensor) -> None:
        super().__init__()
        self.taken = taken


def stop_here(_: nn.Module, given: tuple[Tensor]) -> None:
    raise ReachedHead(given[0])


class MeanPool(nn.Module):
    """(B, F, *space) to its mean over space (B, F); (B, F) is left as it is."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).mean(2) if x.ndim > 2 else x


class Backbone(nn.Module):
    """A pretrained network as features.

    Parameters
    ----------
    network : nn.Module
    n_repeats : int, default=1
        How often each channel is repeated: grey images for a network of colour images.
    """

    takes_mask = True

    def __init__(self, network: nn.Module, n_repeats: int = 1) -> None:
        super().__init__()
        self.network, self.n_repeats = network, n_repeats
        self.draws_from_generator = bool(getattr(network, "draws_from_generator", False))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features (B, F) or (B, F, *space) of (B, C, *space).

        Padded signals, with their mask (B, 1, T), are for a network that takes lengths.
        """
        if self.n_repeats > 1:
            x = x.repeat(1, self.n_repeats, *[1] * (x.ndim - 2))
        if isinstance(self.network, StandardizedNetwork):  # x is standardized by now
            lengths = {} if mask is None else {"lengths": mask.sum((1, 2))}
            return self.network.encode(x.movedim(1, -1), **lengths)
        return one_tensor("backbone", self.network(x))


class UnusableOutputError(ValueError):
    """The output of a network of the user cannot be used."""


def one_tensor(name: str, output: object) -> Tensor:
    """The output of a network of the user, if it is one tensor of floats."""
    if isinstance(output, Tensor) and output.is_floating_point():
        return output
    got = output.dtype if isinstance(output, Tensor) else type(output).__name__
    raise UnusableOutputError(f"{name} must give one tensor of floats, in training too, got {got}.")


def blocks_of(module: nn.Module) -> list[nn.Module]:
    """The blocks of a network in order: its children with weights.

    A module that only wraps another one is replaced by that one.
    """
    while True:
        children = [child for child in module.children() if any(True for _ in child.parameters())]
        only_wraps = len(children) == 1 and not isinstance(module, nn.Sequential)
        if not only_wraps or not list(children[0].children()):
            return children
        module = children[0]


@torch.no_grad()
def work_per_row(module: StandardizedNetwork, probe: Tensor) -> int:
    """Multiply-adds of one row of the input (n, C, *space) in the module's largest product."""
    works, kinds = [0], (*CONVOLUTIONS.values(), nn.Linear)

    def measure(part: nn.Module, _: object, output: Tensor) -> None:
        # A convolution uses its weights once for each position of its output.
        places = 1 if isinstance(part, nn.Linear) else output[0, 0].numel()
        works.append(part.weight.numel() * places)  # type: ignore[operator]

    parts = [part for part in module.modules() if isinstance(part, kinds)]
    hooks = [part.register_forward_hook(measure) for part in parts]
    try:
        module(probe.movedim(1, -1))
    finally:
        for hook in hooks:
            hook.remove()
    return max(works)
