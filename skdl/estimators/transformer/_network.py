"""Transformers: self-attention over tokens of text or patches of series, pooled, and a head."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...modules import (
    BatchNorm,
    BesideLinearModel,
    Dropout,
    FeatureDropout,
    Pool,
    RandomLayer,
    bounded,
    padding_mask,
    short_windows,
    standardized,
    with_own_scale,
)

POSITIONS = ("rotary", "sinusoidal", "learned")
MOST_PATCHES = 1024  # of a row
DECAY_LENGTHS = (2, 8)  # patches; over so many from an end, boundary features fall to 1 / e


def angles(n_steps: int, size: int, like: Tensor) -> Tensor:
    """Angles of the positions (T, size / 2): each pair of features turns at a rate of its own."""
    rates = 10_000 ** (-torch.arange(0, size, 2, device=like.device, dtype=like.dtype) / size)
    return torch.arange(n_steps, device=like.device, dtype=like.dtype)[:, None] * rates


def rotated(x: Tensor, turn: Tensor) -> Tensor:
    """x (..., T, D) with each pair of features turned by its angle (T, D / 2).

    Scores then depend on how far apart steps are. Su et al., "RoFormer" (2021).
    """
    first, second = x.chunk(2, -1)
    cos, sin = turn.cos(), turn.sin()
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def cpu_autocast_off(x: Tensor) -> torch.autocast:
    """No autocast on CPUs, where torch's attention is several times slower in bfloat16."""
    enabled = torch.is_autocast_enabled(x.device.type) and x.device.type != "cpu"
    return torch.autocast(x.device.type, enabled=enabled)


class Attention(nn.Module):
    """Multi-head self-attention.

    Parameters
    ----------
    d_model, n_heads : int
    rotary : bool
        Whether queries and keys are turned by their positions.
    """

    def __init__(self, d_model: int, n_heads: int, *, rotary: bool) -> None:
        super().__init__()
        self.n_heads, self.rotary = n_heads, rotary
        self.project = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, H, T, D / H) of x (B, T, D), in the dtype of the weights."""
        projected = self.project(x).to(self.project.weight.dtype)
        q, k, v = projected.unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        if self.rotary:
            turn = angles(q.shape[2], q.shape[3], q)
            q, k = rotated(q, turn), rotated(k, turn)
        return q, k, v

    def weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention weights (B, H, T, T); rows sum to 1."""
        # Written out, because torch's attention does not return its weights.
        q, k, _ = self.heads(x)
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return scores.softmax(-1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.heads(x)
        with cpu_autocast_off(x):
            h = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(h.transpose(1, 2).flatten(2))  # (B, T, D)


class Block(nn.Module):
    """Attention and a feed-forward network, each normalized before and added to what came in.

    Xiong et al., "On layer normalization in the Transformer architecture" (2020).

    Parameters
    ----------
    d_model, n_heads, dim_feedforward : int
    dropout : float in [0, 1)
    rotary : bool
    """

    def __init__(
        self, d_model: int, n_heads: int, dim_feedforward: int, dropout: float, *, rotary: bool
    ) -> None:
        super().__init__()
        self.attention = Attention(d_model, n_heads, rotary=rotary)
        self.feedforward = nn.Sequential(
            nn.Linear(d_model, dim_feedforward),
            nn.GELU(),
            FeatureDropout(dropout),
            nn.Linear(dim_feedforward, d_model),
        )
        self.attention_norm, self.feedforward_norm = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.dropout = FeatureDropout(dropout)

    def weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention weights (B, H, T, T)."""
        return self.attention.weights(self.attention_norm(x), mask)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        return x + self.dropout(self.feedforward(self.feedforward_norm(x)))


class TransformerEncoder(nn.Module):
    """Positions, blocks, a last normalization, pooling.

    Padding has no influence: no step attends to it, and it is not pooled. A row without any step is
    treated as one of a single step, which should be zero.

    Parameters
    ----------
    d_model, n_heads, n_layers, dim_feedforward : int
    dropout : float in [0, 1)
    positional : {"rotary", "sinusoidal", "learned"}
    pooling : {"mean", "cls", "attention", "max"}
        "cls" puts a learned step before the others, and takes its last state.
    max_length : int
        Number of learned positions; later steps share the last one.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_layers: int,
        dim_feedforward: int,
        *,
        dropout: float,
        positional: str,
        pooling: str,
        max_length: int,
    ) -> None:
        super().__init__()
        self.positional, self.pooling = positional, pooling
        self.blocks = nn.ModuleList(
            Block(d_model, n_heads, dim_feedforward, dropout, rotary=positional == "rotary")
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(d_model)
        self.pool = Pool(pooling, d_model)
        self.dropout = FeatureDropout(dropout)
        self.first = nn.Parameter(0.02 * torch.randn(d_model)) if pooling == "cls" else None
        self.learned = (
            nn.Parameter(0.02 * torch.randn(max_length, d_model))
            if positional == "learned"
            else None
        )

    def begin(self, x: Tensor, is_token: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The input of the first block (B, T, D), and the steps that may be attended to (B, T)."""
        # The padding mask gets a step too.
        if self.first is not None:
            x = torch.cat([self.first.to(x.dtype).expand(len(x), 1, -1), x], 1)
            is_token = None if is_token is None else F.pad(is_token, (1, 0), value=True)
        if self.learned is not None:
            steps = torch.arange(x.shape[1], device=x.device).clamp_max(len(self.learned) - 1)
            x = x + self.learned[steps]
        elif self.positional == "sinusoidal":
            turn = angles(x.shape[1], x.shape[2], x)
            x = x + torch.stack([turn.sin(), turn.cos()], -1).flatten(1)[:, : x.shape[2]]
        if is_token is not None:  # a row without any step attends to its first one
            first = is_token[:, :1] | ~is_token.any(1, keepdim=True)
            is_token = torch.cat([first, is_token[:, 1:]], 1)
        return self.dropout(x), is_token

    def forward(self, x: Tensor, is_token: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D) of x (B, T, D); ``is_token`` (B, T) is False on padding."""
        x, is_token = self.begin(x, is_token)
        mask = None if is_token is None else is_token[:, None, None]
        for block in self.blocks:
            x = block(x, mask)
        # Normalized after the blocks: within a block, only what goes into its parts is.
        if self.first is not None:
            return self.norm(x[:, 0])
        return self.pool.over(self.norm(x), None if is_token is None else is_token[..., None])

    def attention_maps(self, x: Tensor, is_token: Tensor | None = None) -> list[Tensor]:
        """Attention weights of each row (n_layers, H, T_i, T_i)."""
        x, is_token = self.begin(x, is_token)
        mask, maps = None if is_token is None else is_token[:, None, None], []
        for block in self.blocks:
            maps.append(block.weights(x, mask))  # type: ignore[operator]
            x = block(x, mask)
        return cut_to_length(torch.stack(maps, 1), None if is_token is None else is_token.sum(1))


def cut_to_length(maps: Tensor, lengths: Tensor | None) -> list[Tensor]:
    """(B, ..., T, T) without padding: a (..., T_i, T_i) for each row."""
    if lengths is None:
        return list(maps)
    n_steps = lengths.clamp_min(1).tolist()
    return [of_row[..., :n, :n] for of_row, n in zip(maps, n_steps, strict=True)]


class TokenEmbedding(RandomLayer):
    """Tokens (B, T) as vectors (B, T, D).

    Parameters
    ----------
    n_tokens, d_model : int
    unknown : int
        The token that replaces dropped ones.
    token_dropout : float in [0, 1)
        Fraction of the tokens that are dropped in training.
    vectors : Tensor of shape (n_tokens, size), default=None
        Initial values of the table; a linear map follows where ``size`` is not ``d_model``.
    """

    def __init__(
        self,
        n_tokens: int,
        d_model: int,
        *,
        unknown: int,
        token_dropout: float,
        vectors: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.unknown, self.token_dropout = unknown, token_dropout
        size = d_model if vectors is None else vectors.shape[1]
        self.table = nn.Embedding(n_tokens, size)
        with torch.no_grad():
            if vectors is None:
                nn.init.normal_(self.table.weight, std=d_model**-0.5)
            else:
                self.table.weight.copy_(vectors)
        self.project = nn.Identity() if size == d_model else nn.Linear(size, d_model, bias=False)

    def fill(self, empty: Tensor) -> Tensor:
        """Numbers between 0 and 1."""
        return empty.uniform_(generator=self.generator)

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if self.training and self.token_dropout:
            drawn = self.drawn(torch.empty_like(x, dtype=torch.float32))
            x = x.masked_fill(drawn < self.token_dropout, self.unknown)
        is_token = None if lengths is None else padding_mask(x, lengths)[..., 0]
        return self.project(self.table(x)), is_token


class PatchEmbedding(RandomLayer):
    """Steps (B, T, C), standardized, as vectors (B, ceil(T / patch_size), D) of patches of them.

    The last patch ends with the last step of its row, so that the end of a row is cut into the same
    patches whatever its length. Of rows of more than 1,024 patches the first and the last 512 are
    kept: attention to more would be quadratic in length. Each vector is a linear map of a window
    around the patch (8 steps, or twice the size of the patch if that is more), of short windows
    within long patches, and of how near the patch is to either end.

    Parameters
    ----------
    n_channels, d_model, patch_size : int
    token_dropout : float in [0, 1)
        Fraction of the patches that are masked in training.
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
        Mean and standard deviation that standardize the channels.
    own_scale : bool, default=False
        Whether each channel is seen standardized by itself too, beside its spread.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        n_channels: int,
        d_model: int,
        patch_size: int,
        *,
        token_dropout: float,
        mean: Tensor,
        scale: Tensor,
        own_scale: bool = False,
    ) -> None:
        super().__init__()
        self.patch_size, self.token_dropout = patch_size, token_dropout
        self.own_scale = own_scale
        n_channels = 3 * n_channels if own_scale else n_channels
        self.kernel_size = max(8, 2 * patch_size)
        # Not a convolution: torch's are wrong in bfloat16 for some shapes on some CPUs.
        self.project = nn.Linear(n_channels * self.kernel_size, d_model)
        self.short = short_windows(n_channels, d_model, patch_size)
        self.position_projection = nn.Linear(2 * len(DECAY_LENGTHS), d_model, bias=False)
        self.norm = nn.LayerNorm(d_model)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def fill(self, empty: Tensor) -> Tensor:
        """Numbers between 0 and 1."""
        return empty.uniform_(generator=self.generator)

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        n_steps = lengths
        if n_steps is None:  # filled, not copied: a copy to the device is waited for
            n_steps = torch.full((1,), x.shape[1], device=x.device)
        inputs = bounded(standardized(x, self.mean, self.scale))
        if self.own_scale:
            mask = None if lengths is None else padding_mask(x, lengths)
            inputs = with_own_scale(inputs, mask)
        n_patches = -(-n_steps // self.patch_size)[:, None]  # of each row
        index = self.kept(n_patches, -(-x.shape[1] // self.patch_size))
        windows = self.windows(inputs, n_steps, index)
        is_token = None if lengths is None else index < n_patches
        # Masked patches are treated as padding: no patch attends to them.
        if self.training and self.token_dropout:
            drawn = self.drawn(windows[..., 0, 0].detach().float())
            seen = drawn >= self.token_dropout
            is_token = seen if is_token is None else seen & is_token
        # Boundary features: how near both ends are, which positions from the start do not tell.
        to_ends = torch.stack([index, n_patches - 1 - index], -1)
        boundary = torch.cat(
            [(-to_ends / length).clamp_max(0).exp() for length in DECAY_LENGTHS], -1
        )
        positions = self.position_projection(boundary.to(windows.dtype))
        vectors = self.project(windows.flatten(2)) + positions
        if self.short is not None:
            vectors = vectors + self.short(windows.mT)
        return self.norm(vectors), is_token

    @staticmethod
    def kept(n_patches: Tensor, most: int) -> Tensor:
        """Numbers of the patches that are kept (B, P) of rows of so many (B, 1)."""
        place = torch.arange(min(most, MOST_PATCHES), device=n_patches.device)
        left_out = (n_patches - MOST_PATCHES).clamp(min=0)
        return place + left_out * (place >= MOST_PATCHES // 2)

    def windows(self, x: Tensor, n_steps: Tensor, index: Tensor) -> Tensor:
        """The window around patches by number (B, P, kernel_size, C), zeros outside of rows."""
        before = (self.kernel_size - self.patch_size) // 2
        first = -before - (-n_steps % self.patch_size)  # step at which the first window begins
        starts = first[:, None] + index * self.patch_size
        steps = starts[..., None] + torch.arange(self.kernel_size, device=x.device)
        inside = (steps >= 0) & (steps < n_steps[:, None, None])
        rows = torch.arange(len(x), device=x.device)[:, None, None]
        windows = x[rows, steps.clamp(0, x.shape[1] - 1)]
        return windows * inside[..., None].to(x.dtype)


class TransformerNetwork(BesideLinearModel, nn.Module):
    """Steps as vectors, a Transformer encoder over them, a linear head.

    Parameters
    ----------
    embed : nn.Module
        Gives vectors (B, T, D) of inputs and their lengths, and the padding mask (B, T) or None.
    encoder : nn.Module
        Gives (B, n_features) of these.
    n_features, n_classes : int
    dropout : float in [0, 1)
        Before the head.
    max_steps : int
        Maximum number of steps of a batch in training.
    work_per_row : int
        Multiply-adds of a row in the largest product.
    normalize : bool, default=False
        Whether features are batch-normalized before the head: means over many tokens differ little
        between rows, and would be learned slowly.
    weights : tuple of float or None, default=None
        Factors of these scores and of those of a linear model, before both are added; None is 0.5
        for each.
    """

    draws_from_generator = True

    def __init__(
        self,
        embed: nn.Module,
        encoder: nn.Module,
        n_features: int,
        n_classes: int,
        *,
        dropout: float,
        max_steps: int,
        work_per_row: int,
        normalize: bool = False,
        weights: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.embed, self.encoder = embed, encoder
        # A scale and a shift of its own would be redundant: a linear head follows.
        self.norm = BatchNorm(n_features, affine=False) if normalize else nn.Identity()
        self.dropout, self.head = Dropout(dropout), nn.Linear(n_features, n_classes)
        # All classes are equally likely at first.
        if normalize:
            nn.init.zeros_(self.head.weight)
        self.max_steps, self.work_per_row = max_steps, work_per_row
        if weights is not None:
            self.network_weight, self.linear_weight = weights
        self.bfloat16_safe = normalize  # short series gain nothing by it

    def encode(
        self, x: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> Tensor:
        """Pooled representation (B, D)."""
        return self.norm(self.encoder(*self.embed(x, lengths)))

    def attention_maps(
        self, x: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> list[Tensor]:
        """Attention weights of each row (n_layers, n_heads, T_i, T_i)."""
        maps: list[Tensor] = self.encoder.attention_maps(*self.embed(x, lengths))  # type: ignore[operator]
        return maps

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> Tensor:
        """Scores (B, n_classes).

        In evaluation with the scores of the ``linear`` model added.
        """
        scores: Tensor = self.head(self.dropout(self.encode(x, lengths)))
        return scores if self.training else self.evaluated(scores, linear=linear)
