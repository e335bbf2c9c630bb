"""Recurrent networks: LSTM and GRU layers, pooling over time, and a head."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ...modules import Pool, last_steps, padding_mask, standardized

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


def reverse_within_length(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence backwards within its own length; padding stays at the end."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    index = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # (B, T)
    return x.gather(1, index[..., None].expand_as(x))


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
        pooling: str = "last",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_directions = 2 if bidirectional else 1
        self.n_features = hidden_size * n_directions
        sizes = [n_channels, *[self.n_features] * (n_layers - 1)]
        self.layers = nn.ModuleList(
            nn.ModuleList(
                CELLS[cell](size, hidden_size, batch_first=True) for _ in range(n_directions)
            )
            for size in sizes
        )
        self.dropout = nn.Dropout(dropout)
        self.pooling, self.n_layers = pooling, n_layers
        self.pool = Pool(pooling, self.n_features)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D) of x (B, T, C)."""
        for index, layer in enumerate(self.layers):
            x = self.dropout(x) if index else x
            forwards, *backwards = layer.children()
            outputs = [forwards(x)[0]]  # (B, T, H)
            for direction in backwards:
                h = direction(reverse_within_length(x, lengths))[0]
                outputs.append(reverse_within_length(h, lengths))
            if self.pooling == "last" and index == self.n_layers - 1:
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

    mean: Tensor
    scale: Tensor

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

    def prepare(self, x: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """What ``forward`` takes, from x (B, T, C): nothing that is trained comes in."""
        return _with_lengths(lengths, seen=standardized(x, self.mean, self.scale))

    def encode(self, seen: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D)."""
        return self.encoder(seen, lengths)

    def forward(self, seen: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, *output_shape)."""
        z = self.head(self.dropout(self.encoder(seen, lengths)))
        return z if len(self.output_shape) == 1 else z.unflatten(1, self.output_shape)


def _with_lengths(lengths: Tensor | None, **inputs: Tensor) -> dict[str, Tensor]:
    return inputs if lengths is None else {**inputs, "lengths": lengths}


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The last real step of each sequence: (B, 1, C)."""
    return x[:, -1:] if lengths is None else x[torch.arange(len(x)), lengths - 1][:, None]


class LineAndRecurrence(nn.Module):
    """A fixed line through the last steps, and a recurrent network that corrects it.

    As in LSTNet (Lai et al., 2018) a linear highway stands beside the recurrence, which alone
    cannot follow a level it has not seen. Here the line is given, and the recurrence begins at
    zero: training starts at the line. The recurrence sees each channel twice, clipped and as
    distance from the last step in units of the window's own spread; half of its outputs are
    multiples of that spread.

    Parameters
    ----------
    encoder : RecurrentEncoder
        Of ``2 * n_channels`` channels.
    output_shape : tuple of int
        (k,) or (k, n_quantiles).
    quantiles : list of float, default=None
        Levels of the outputs, 0.5 among them, when there are several.
    dropout : float in [0, 1)
        Before the head.
    mean, scale : Tensor of shape (n_channels,)
        Standardize the channels.
    line : Tensor of shape (1 + n_steps * n_channels, k)
        Coefficients of (1, the last n_steps standardized steps).

    Attributes
    ----------
    spread : Tensor of shape ()
        Mean spread of the training windows.
    residual : Tensor of shape (k,)
        Size of the line's errors in training: the unit of the correction.
    trust : Tensor of shape ()
        How much of the correction counts in evaluation, in [0, 1].
    """

    clip = 3.0
    mean: Tensor
    scale: Tensor
    line: Tensor
    spread: Tensor
    residual: Tensor
    trust: Tensor

    def __init__(
        self,
        encoder: RecurrentEncoder,
        output_shape: tuple[int, ...],
        *,
        dropout: float,
        mean: Tensor,
        scale: Tensor,
        line: Tensor,
        quantiles: list[float] | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.output_shape = output_shape
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.n_features, 2 * math.prod(output_shape))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.median: int | None = None
        if quantiles is not None:
            # Quantiles begin where those of normal errors of the line would be.
            self.median = quantiles.index(0.5)
            normal = torch.special.ndtri(torch.tensor(quantiles)).expand(output_shape)
            with torch.no_grad():
                self.head.bias[: normal.numel()] = normal.flatten()
        for name, value in {"mean": mean, "scale": scale, "line": line}.items():
            self.register_buffer(name, value)
        self.n_line_steps = (len(line) - 1) // len(mean)
        self.register_buffer("spread", torch.ones((), dtype=line.dtype))
        self.register_buffer("residual", torch.ones(line.shape[1], dtype=line.dtype))
        self.register_buffer("trust", torch.ones((), dtype=line.dtype))

    def measure(self, batches: Iterable[dict[str, Tensor]]) -> None:
        """Learn ``spread`` and ``residual`` from batches of x, y and maybe lengths and weight."""
        total, spreads, squares = torch.zeros(3, len(self.residual), dtype=self.mean.dtype)
        for batch in batches:
            x = standardized(batch["x"].to(self.mean), self.mean, self.scale)
            y, lengths = batch["y"].to(self.mean), batch.get("lengths")
            weight = batch.get("weight", torch.ones(len(y))).to(self.mean)[:, None]
            total += weight.sum()
            spreads += (weight * self.views(x, lengths)[1]).sum()
            squares += (weight * (y - self.follow_line(x, lengths)).square()).sum(0)
        self.spread.copy_((spreads / total)[0])
        self.residual.copy_((squares / total).sqrt())

    def views(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """What the recurrence sees of standardized x (B, T, 2 C), and the spreads (B, 1)."""
        from_last = x - last_step(x, lengths)
        if lengths is None:
            spread = from_last.square().mean(1, keepdim=True)  # (B, 1, C)
        else:
            real = padding_mask(x, lengths)
            spread = (from_last.square() * real).sum(1, keepdim=True) / lengths[:, None, None]
        spread = (spread + 1e-4).sqrt()
        seen = torch.cat([x.clamp(-self.clip, self.clip), from_last / spread], 2)
        return seen, spread[:, 0].mean(1, keepdim=True)

    def follow_line(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The line's value (B, k) for standardized x."""
        last = last_steps(x, lengths, self.n_line_steps)  # (B, n_line_steps * C)
        return torch.addmm(self.line[0], last, self.line[1:])

    def prepare(self, x: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """What ``forward`` takes, from x (B, T, C): nothing that is trained comes in."""
        x = standardized(x, self.mean, self.scale)
        seen, spread = self.views(x, lengths)
        units = torch.cat([torch.ones_like(spread), spread / self.spread], 1)  # (B, 2)
        return _with_lengths(lengths, seen=seen, line=self.follow_line(x, lengths), units=units)

    def encode(self, seen: Tensor, lengths: Tensor | None = None, **_: Tensor) -> Tensor:
        """Pooled representation (B, D)."""
        return self.encoder(seen, lengths)

    def forward(
        self, seen: Tensor, line: Tensor, units: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """(B, *output_shape); quantiles in order."""
        z = self.head(self.dropout(self.encoder(seen, lengths)))
        # One half of the head in units of its own, the other in units of the window's spread.
        z = (z.unflatten(1, (2, -1)) * units[..., None]).sum(1)
        if self.median is None:
            z = z if self.training else self.trust * z
            return torch.addcmul(line, self.residual, z)
        z = z.unflatten(1, self.output_shape)  # (B, k, n_quantiles)
        if not self.training:
            z = z - (1 - self.trust) * z[..., self.median, None]  # doubt moves, never widens
        return torch.addcmul(line[..., None], self.residual[:, None], z).sort(-1).values
