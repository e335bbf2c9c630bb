"""Padded sequences (B, T, C) and their lengths: the padding mask, last steps, pooling over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def padding_mask(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, 1) booleans: False on padding."""
    return (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]


def last_steps(x: Tensor, lengths: Tensor | None, n_steps: int) -> Tensor:
    """The last ``n_steps`` before the padding of each sequence, flattened: (B, n_steps * C).

    A sequence that is shorter is extended backwards by its first step.
    """
    if lengths is None and x.shape[1] >= n_steps:
        return x[:, -n_steps:].flatten(1)
    if lengths is None:
        lengths = torch.full((len(x),), x.shape[1], device=x.device)
    back = torch.arange(-n_steps, 0, device=x.device)
    # Steps before the first one are the first one.
    index = (lengths[:, None] + back).clamp_min(0)[..., None]  # (B, n_steps, 1)
    return x.gather(1, index.expand(-1, -1, x.shape[2])).flatten(1)


class Pool(nn.Module):
    """(B, T, D) to (B, D) over the steps of each sequence, without padding.

    "last" takes the last step; "attention" a softmax-weighted mean whose scores are a
    learned linear function of each step.
    """

    def __init__(self, kind: str, n_features: int) -> None:
        super().__init__()
        self.kind = kind
        self.score = nn.Linear(n_features, 1) if kind == "attention" else nn.Identity()

    def forward(self, h: Tensor, lengths: Tensor | None = None) -> Tensor:
        if self.kind == "last":
            if lengths is None:
                return h[:, -1]
            return h[torch.arange(len(h), device=h.device), lengths - 1]
        return self.over(h, None if lengths is None else padding_mask(h, lengths))

    def over(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """The same with a padding mask (B, T, 1), False on padding; None pools over all steps."""
        if self.kind == "mean":
            return h.mean(1) if mask is None else (h * mask).sum(1) / mask.sum(1)
        if self.kind == "max":
            return (h if mask is None else h.masked_fill(~mask, -torch.inf)).amax(1)
        scores = self.score(h)  # (B, T, 1)
        # A weight of 0 for padding, after the softmax.
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return (scores.softmax(1) * h).sum(1)
