"""Recurrent networks: LSTM and GRU layers, pooling over time, and a head."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
Pooling = Literal["last", "mean", "max", "attention"]


def reverse_within_length(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence backwards within its own length; padding stays at the end."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    index = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # (B, T)
    return x.gather(1, index[..., None].expand_as(x))


def is_real(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, 1) booleans: False on padding."""
    return (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]


class Pool(nn.Module):
    """(B, T, D) to (B, D) over the real steps of each sequence.

    "last" takes the last real step; "attention" a softmax-weighted mean whose scores are a
    learned linear function of each step.
    """

    def __init__(self, kind: Pooling, n_features: int) -> None:
        super().__init__()
        self.kind = kind
        self.score = nn.Linear(n_features, 1) if kind == "attention" else None

    def forward(self, h: Tensor, lengths: Tensor | None = None) -> Tensor:
        if self.kind == "last":
            return h[:, -1] if lengths is None else h[torch.arange(len(h)), lengths - 1]
        if self.kind == "mean":
            if lengths is None:
                return h.mean(1)
            return (h * is_real(h, lengths)).sum(1) / lengths[:, None]
        if self.kind == "max":
            return (h if lengths is None else h.masked_fill(~is_real(h, lengths), -torch.inf)).amax(1)
        assert self.score is not None
        scores = self.score(h)  # (B, T, 1)
        if lengths is not None:
            scores = scores.masked_fill(~is_real(h, lengths), -torch.inf)
        return (scores.softmax(1) * h).sum(1)


class RecurrentEncoder(nn.Module):
    """Stacked LSTM or GRU layers over padded sequences, pooled over time.

    Directions run as layers of their own, the backward one over each sequence reversed within
    its length. So no packing is needed, and padding never reaches an answer.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    n_channels, hidden_size, n_layers : int
    bidirectional : bool
    pooling : {"last", "mean", "max", "attention"}
    dropout : float in [0, 1)
        Between the layers.
    """

    def __init__(
        self,
        cell: str,
        n_channels: int,
        hidden_size: int,
        n_layers: int,
        *,
        bidirectional: bool = False,
        pooling: Pooling = "last",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_directions = 2 if bidirectional else 1
        self.n_features = hidden_size * n_directions
        sizes = [n_channels, *[self.n_features] * (n_layers - 1)]
        self.layers = nn.ModuleList(
            nn.ModuleList(CELLS[cell](size, hidden_size, batch_first=True) for _ in range(n_directions))
            for size in sizes
        )
        self.dropout = nn.Dropout(dropout)
        self.pooling = pooling
        self.pool = Pool(pooling, self.n_features)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D) of x (B, T, C)."""
        for index, directions in enumerate(self.layers):
            x = self.dropout(x) if index else x
            outputs = [directions[0](x)[0]]  # (B, T, H)
            if len(directions) == 2:
                backward = directions[1](reverse_within_length(x, lengths))[0]
                outputs.append(reverse_within_length(backward, lengths))
            if self.pooling == "last" and index == len(self.layers) - 1:
                # The backward direction's last step is the first one of the sequence.
                ends = [self.pool(outputs[0], lengths), *(h[:, 0] for h in outputs[1:])]
                return ends[0] if len(ends) == 1 else torch.cat(ends, -1)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)  # (B, T, D)
        return self.pool(x, lengths)


class RecurrentNetwork(nn.Module):
    """Standardized channels, recurrent encoder, linear head.

    Parameters
    ----------
    encoder : RecurrentEncoder
    output_shape : tuple of int
        Shape of one row's output.
    dropout : float in [0, 1)
        Before the head.
    mean, scale : Tensor of shape (n_channels,)
        What is taken off and divided by first.
    """

    def __init__(
        self,
        encoder: RecurrentEncoder,
        output_shape: tuple[int, ...],
        *,
        dropout: float,
        mean: Tensor,
        scale: Tensor,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.output_shape = output_shape
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.n_features, math.prod(output_shape))
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def encode(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D) of x (B, T, C)."""
        return self.encoder((x - self.mean) / self.scale, lengths)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, *output_shape)."""
        z = self.head(self.dropout(self.encode(x, lengths)))
        return z.unflatten(1, self.output_shape) if len(self.output_shape) > 1 else z
