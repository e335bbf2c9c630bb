"""A pretrained encoder such as BERT, pooling over its last states, and a new linear head."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ...modules import BesideLinearModel, Dropout, Pool, padding_mask
from ._network import cut_to_length


class PretrainedNetwork(BesideLinearModel, nn.Module):
    """A pretrained model over tokens, pooling over its last states, a linear head.

    Models of transformers look in each forward pass whether there is any padding, which waits for
    the device once a step.

    Parameters
    ----------
    model : nn.Module
        Called with ``input_ids`` and ``attention_mask`` (B, T), gives ``last_hidden_state``
        (B, T, D) as models of transformers do.
    n_features, n_classes : int
    dropout : float in [0, 1)
        Before the head.
    pooling : {"mean", "cls", "attention", "max"}
        "cls" takes the first token.
    freeze : bool or int
        Which part of the model is not trained: all, nothing, or that number of first blocks, of
        which the embeddings are one.
    lr_factor, lr_decay : float
        Rate of the last block, as a fraction of the head's; that of each block before, as a
        fraction of the next one's. Howard and Ruder, "Universal language model fine-tuning" (2018).
    max_length : int
        Maximum number of tokens of a row: the model has no positions for padding behind them.
    max_steps, work_per_row : int
        As in :class:`TransformerNetwork`.
    """

    bfloat16_safe = True
    network_weight = 1.0
    linear_weight = 0.25  # of the scores of a linear model, which are added to these in evaluation

    def __init__(
        self,
        model: nn.Module,
        n_features: int,
        n_classes: int,
        *,
        dropout: float,
        pooling: str,
        freeze: bool | int,
        lr_factor: float,
        lr_decay: float,
        max_length: int,
        max_steps: int,
        work_per_row: int,
    ) -> None:
        super().__init__()
        self.model, self.pooling = model, pooling
        self.pool = Pool(pooling, n_features)
        self.dropout, self.head = Dropout(dropout), nn.Linear(n_features, n_classes)
        self.freeze, self.lr_factor, self.lr_decay = freeze, lr_factor, lr_decay
        self.max_length, self.max_steps, self.work_per_row = max_length, max_steps, work_per_row
        for param in self.frozen():
            param.requires_grad_(False)

    @property
    def prepare_is_costly(self) -> bool:
        """Pooled states of a frozen model are computed once per fit, unless pooling is learned."""
        return self.freeze is True and self.pooling != "attention"

    def frozen(self) -> list[nn.Parameter]:
        blocks = stacked(self.model)
        return sum(blocks if self.freeze is True else blocks[: int(self.freeze)], [])

    def train(self, mode: bool = True) -> PretrainedNetwork:
        super().train(mode)
        if self.freeze is True:
            self.model.eval()
        return self

    def parameter_groups(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """Parameters, and the factor of their learning rate."""
        groups: list[tuple[Iterable[nn.Parameter], float]] = []
        rate = self.lr_factor
        for block in reversed(stacked(self.model)):
            groups.append((block, rate))
            rate *= self.lr_decay
        return [*groups, ([*self.pool.parameters(), *self.head.parameters()], 1.0)]

    def prepare(
        self, x: Tensor, lengths: Tensor, linear: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The arguments of ``forward``: features where they do not change, else the same."""
        inputs = {"x": x, "lengths": lengths}
        if self.prepare_is_costly:
            inputs = {"encoded": self.encode(x, lengths)}
        return inputs if linear is None else {**inputs, "linear": linear}

    def encode(
        self,
        x: Tensor | None = None,
        lengths: Tensor | None = None,
        encoded: Tensor | None = None,
        linear: Tensor | None = None,
    ) -> Tensor:
        """Pooled states (B, D) of tokens (B, T), or ``encoded`` if given."""
        if encoded is not None:
            return encoded
        assert x is not None
        assert lengths is not None
        states = self._states(self.model, x, lengths).last_hidden_state
        return states[:, 0] if self.pooling == "cls" else self.pool(states, lengths.clamp_min(1))

    def _states(self, model: Any, x: Tensor, lengths: Tensor, **asked: bool) -> Any:
        x = x[:, : self.max_length]
        return model(input_ids=x, attention_mask=mask_of(x, lengths), **asked)

    def attention_maps(
        self, x: Tensor, lengths: Tensor, linear: Tensor | None = None
    ) -> list[Tensor]:
        """Attention weights of each row (n_layers, n_heads, T_i, T_i)."""
        # Of a copy with its weights: asking leaves hooks on a model, and changes how it attends.
        shared = {id(weight): weight for weight in self.model.parameters()}
        model: Any = copy.deepcopy(self.model, shared)
        model.set_attn_implementation("eager")
        states = self._states(model, x, lengths, output_attentions=True)
        maps = states.get("attentions") or ()
        if not maps or maps[0].shape[-2] != maps[0].shape[-1]:
            raise ValueError(f"{type(self.model).__name__} does not give its attention weights.")
        return cut_to_length(torch.stack(maps, 1), lengths)

    def forward(
        self,
        x: Tensor | None = None,
        lengths: Tensor | None = None,
        encoded: Tensor | None = None,
        linear: Tensor | None = None,
    ) -> Tensor:
        """Scores (B, n_classes); in evaluation with those of a ``linear`` model added."""
        scores: Tensor = self.head(self.dropout(self.encode(x, lengths, encoded)))
        return scores if self.training else self.evaluated(scores, linear=linear)


def mask_of(x: Tensor, lengths: Tensor) -> Tensor:
    """1 for tokens, 0 for padding (B, T)."""
    return padding_mask(x, lengths.clamp_min(1))[..., 0].long()


def stacked(model: nn.Module) -> list[list[nn.Parameter]]:
    """Parameters by block: of all but the layers (the embeddings), then of each layer.

    The layers are the longest list of modules.
    """
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    layers = [list(layer.parameters()) for layer in max(lists, key=len, default=())]
    of_layers = {id(param) for layer in layers for param in layer}
    return [[param for param in model.parameters() if id(param) not in of_layers], *layers]
