"""Recurrent networks: LSTM and GRU layers, pooling over time, and a head."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ...modules import (
    FARTHEST,
    BesideLinearModel,
    Dropout,
    Pool,
    StridedSteps,
    bounded,
    last_steps,
    padding_mask,
    standardized,
    with_own_scale,
)

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

    Each direction is a layer of its own, the backward one over each sequence reversed within its
    length. So no packing is needed, and padding has no influence.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    n_channels, hidden_size, n_layers : int
    bidirectional : bool
    pooling : {"last", "mean", "max", "attention"}
    dropout : float in [0, 1)
        Between the layers.
    own_scale : bool, default=False
        Whether each channel is seen standardized by itself too, beside its spread.
    stride : int, default=1
        Above 1 a convolution with this stride reduces the number of steps first.
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
        own_scale: bool = False,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.own_scale = own_scale
        n_directions = 2 if bidirectional else 1
        self.n_features = hidden_size * n_directions
        n_channels = 3 * n_channels if own_scale else n_channels
        self.strided = StridedSteps(n_channels, hidden_size, stride) if stride > 1 else None
        n_inputs = n_channels if self.strided is None else hidden_size
        sizes = [n_inputs, *[self.n_features] * (n_layers - 1)]
        self.layers = nn.ModuleList(
            nn.ModuleList(
                CELLS[cell](size, hidden_size, batch_first=True) for _ in range(n_directions)
            )
            for size in sizes
        )
        self.dropout = Dropout(dropout)
        self.pooling, self.n_layers = pooling, n_layers
        self.pool = Pool(pooling, self.n_features)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D) of x (B, T, C)."""
        if self.own_scale:
            x = with_own_scale(x, None if lengths is None else padding_mask(x, lengths))
        if self.strided is not None:
            x, lengths = self.strided(x, lengths)
        for index, layer in enumerate(self.layers):
            # Between layers only, as in torch.nn.LSTM.
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


class Head(nn.Linear):
    """Linear head; the gradients of some outputs may be kept from the features.

    Attributes
    ----------
    isolated : Tensor of bool of shape (out_features,) or None
        Outputs that do not shape the features in training; None where all do.
    """

    isolated: Tensor | None

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.register_buffer("isolated", None, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, out_features)."""
        outputs = super().forward(features)
        if self.isolated is None or not self.training:
            return outputs
        return torch.where(self.isolated, super().forward(features.detach()), outputs)

    def isolate(self, of_outputs: Tensor) -> None:
        """Isolate the outputs where ``of_outputs`` (n_outputs,) is true, in each of their parts."""
        n_parts = self.out_features // len(of_outputs)
        self.isolated = of_outputs.repeat(n_parts) if of_outputs.any() else None


def in_order(outputs: Tensor, median: int) -> Tensor:
    """Quantiles (..., Q) of which none crosses another; number ``median`` stays as it is.

    Sorting would put a far quantile that was estimated badly in the place of the median.
    """
    above = outputs[..., median:].cummax(-1).values
    below = outputs[..., : median + 1].flip(-1).cummin(-1).values.flip(-1)
    return torch.cat([below[..., :median], above], -1)


class RecurrentNetwork(nn.Module):
    """Standardized channels, recurrent encoder, linear head.

    Parameters
    ----------
    encoder : RecurrentEncoder
    output_shape : tuple of int
        Shape of one row's output.
    dropout : float in [0, 1)
        Before the head.
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
        Mean and standard deviation of the channels.
    median : int, default=0
        Which of the quantiles is the median, where there are any.

    Attributes
    ----------
    network_weight : None
        There is no linear model that the network's output is added to.
    """

    draws_from_generator = True
    network_weight = None
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
        median: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.output_shape, self.median = output_shape, median
        self.dropout = Dropout(dropout)
        self.head = Head(encoder.n_features, math.prod(output_shape))
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def prepare(self, x: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """The arguments of ``forward`` from x (B, T, C), without any trained weight."""
        return _with_lengths(lengths, inputs=bounded(standardized(x, self.mean, self.scale)))

    def encode(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled representation (B, D)."""
        return self.encoder(inputs, lengths)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, *output_shape); quantiles in order, except in training."""
        z = self.head(self.dropout(self.encoder(inputs, lengths)))
        if len(self.output_shape) == 1:
            return z
        z = z.unflatten(1, self.output_shape)
        return z if self.training else in_order(z, self.median)


class RecurrentClassifierNetwork(BesideLinearModel, RecurrentNetwork):  # type: ignore[misc]
    """A recurrent network for classification, which may stand beside a linear model."""

    def prepare(
        self, x: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The arguments of ``forward`` from x (B, T, C), without any trained weight."""
        prepared = super().prepare(x, lengths)
        return prepared if linear is None else {**prepared, "linear": linear}

    def encode(
        self, inputs: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> Tensor:
        """Pooled representation (B, D)."""
        return super().encode(inputs, lengths)

    def forward(
        self, inputs: Tensor, lengths: Tensor | None = None, linear: Tensor | None = None
    ) -> Tensor:
        """Scores (B, n_classes); in evaluation with those of the ``linear`` model added."""
        scores = super().forward(inputs, lengths)
        return scores if self.training else self.evaluated(scores, linear)


def _with_lengths(lengths: Tensor | None, **inputs: Tensor) -> dict[str, Tensor]:
    return inputs if lengths is None else {**inputs, "lengths": lengths}


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The last step before the padding of each sequence: (B, 1, C)."""
    if lengths is None:
        return x[:, -1:]
    return x[torch.arange(len(x), device=x.device), lengths - 1][:, None]


class ResidualRecurrentNetwork(nn.Module):
    """A fixed linear model of the last steps, and a recurrent network that learns its residuals.

    As in LSTNet (Lai et al., 2018) a linear model is added to the recurrent network, which alone
    cannot extrapolate to levels outside of the training data. Here the linear model is given, and
    the network's output is 0 at first. The network's inputs are each channel clipped, and its
    differences from the last step divided by their root mean square in the window (the spread);
    half of its outputs are multiples of the spread.

    Parameters
    ----------
    encoder : RecurrentEncoder
        Of ``2 * n_channels`` channels.
    output_shape : tuple of int
        (k,) or (k, n_quantiles).
    dropout : float in [0, 1)
        Before the head.
    mean, scale : Tensor of shape (2, n_channels) and (n_channels,)
        Standardize the channels.
    median : int, default=0
        Which of the quantiles is the median, where there are any.

    Attributes
    ----------
    coefficients : Tensor of shape (1 + n_steps * n_channels, k)
        Coefficients of (1, the last n_steps standardized steps); 0 of one step at first.
    spread : Tensor of shape ()
        Mean spread of the training windows.
    residual_scale : Tensor of shape (k,)
        Root mean square of the linear model's residuals in training: the unit of the network.
    initial_output : Tensor of shape output_shape
        Output before training, in that unit, that is added to the linear model's prediction: the
        constants of least loss, such as quantiles of the residuals.
    network_weight : Tensor of shape (k,)
        Factor of the network's correction in evaluation (shrinkage), for each target, in [0, 1].
    """

    draws_from_generator = True
    clip = 3.0
    mean: Tensor
    scale: Tensor
    coefficients: Tensor
    spread: Tensor
    initial_output: Tensor
    residual_scale: Tensor
    network_weight: Tensor

    def __init__(
        self,
        encoder: RecurrentEncoder,
        output_shape: tuple[int, ...],
        *,
        dropout: float,
        mean: Tensor,
        scale: Tensor,
        median: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.output_shape, self.median = output_shape, median
        self.dropout = Dropout(dropout)
        self.head = Head(encoder.n_features, 2 * math.prod(output_shape))
        # The output is 0 at first, so that training begins with the linear model's predictions.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        n_targets = output_shape[0]
        buffers = {
            "mean": mean,
            "scale": scale,
            "coefficients": scale.new_zeros(1 + len(scale), n_targets),
            "spread": scale.new_ones(()),
            "initial_output": scale.new_zeros(output_shape),
            "residual_scale": scale.new_ones(n_targets),
            "network_weight": scale.new_ones(n_targets),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value)

    @property
    def on_plateau(self) -> bool:
        """Whether the encoder does not learn yet: its gradients are products with the head."""
        return not self.head.weight.any()

    @property
    def n_linear_steps(self) -> int:
        return (len(self.coefficients) - 1) // len(self.scale)

    def set_linear_model(
        self,
        coefficients: Tensor,
        batches: Iterable[dict[str, Tensor]],
        limits: Tensor | None = None,
    ) -> None:
        """Set the linear model; learn ``spread`` and ``residual_scale`` from batches with x and y.

        Residuals beyond ``limits`` (k,), where there are any, count as that large.
        """
        self.coefficients = coefficients.to(self.scale)
        total, spreads, squares = torch.zeros(3, len(self.residual_scale), dtype=self.scale.dtype)
        for batch in batches:
            x = standardized(batch["x"], self.mean, self.scale)  # offsets may exceed float32
            y, lengths = batch["y"].to(self.scale), batch.get("lengths")
            weight = batch.get("weight", torch.ones(len(y))).to(self.scale)[:, None]
            total += weight.sum()
            spreads += (weight * self.encoder_inputs(x, lengths)[1]).sum()
            residuals = y - self.linear_prediction(x, lengths)
            if limits is not None:
                residuals = residuals.clamp(-limits.to(y), limits.to(y))
            squares += (weight * residuals.square()).sum(0)
        self.spread.copy_((spreads / total)[0])
        self.residual_scale.copy_((squares / total).sqrt())

    @torch.no_grad()
    def set_initial_output(self, constants: Tensor) -> None:
        """Set the initial output to constants (k,) or (k, n_quantiles), of standardized y."""
        # Where the linear model is perfect the unit is 0, and the constants must stay finite.
        unit = self.residual_scale.clamp_min(torch.finfo(self.initial_output.dtype).tiny)
        unit = unit.view(-1, *[1] * (self.initial_output.ndim - 1))
        self.initial_output.copy_((constants / unit).clamp(-1e4, 1e4))
        self.head.bias[: self.initial_output.numel()] = self.initial_output.flatten()

    @torch.no_grad()
    def shrink_head(self) -> None:
        """Shrink the head by ``network_weight``, which becomes 1; outputs stay as they are.

        Further training then begins with the predictions as they are.
        """
        if self.network_weight.eq(1).all():
            return
        n_outputs = self.initial_output.numel()
        of_targets = self.network_weight.view(-1, *[1] * (self.initial_output.ndim - 1))
        factors = of_targets.expand_as(self.initial_output).flatten()
        # Twice: outputs in units of 1, and in units of the window's spread.
        self.head.weight.mul_(factors.repeat(2)[:, None])
        self.head.bias.mul_(factors.repeat(2))
        self.head.bias[:n_outputs].add_((1 - factors) * self.initial_output.flatten())
        self.network_weight.fill_(1)

    def encoder_inputs(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Inputs (B, T, 2 C) of the encoder from standardized x (B, T, C), and spreads (B, 1)."""
        from_last = x - last_step(x, lengths)
        if lengths is not None:
            from_last = from_last * padding_mask(x, lengths)
        # Huge values are divided first: their squares do not exist.
        unit = (from_last.abs().amax(1, keepdim=True) / FARTHEST).clamp_min(1)
        squares = (from_last / unit).square()
        n_steps = x.shape[1] if lengths is None else lengths[:, None, None]
        # The constant keeps the differences finite in windows that do not vary.
        spread = unit * (squares.sum(1, keepdim=True) / n_steps + 1e-4).sqrt()  # (B, 1, C)
        # Levels are clipped, because the network cannot extrapolate; the linear model can.
        inputs = torch.cat([x.clamp(-self.clip, self.clip), from_last / spread], 2)
        return inputs, spread[:, 0].mean(1, keepdim=True)

    def linear_prediction(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The linear model's prediction (B, k) for standardized x."""
        last = last_steps(x, lengths, self.n_linear_steps)  # (B, n_linear_steps * C)
        return torch.addmm(self.coefficients[0], last, self.coefficients[1:])

    def prepare(self, x: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """The arguments of ``forward`` from x (B, T, C), without any trained weight."""
        x = standardized(x, self.mean, self.scale)
        inputs, spread = self.encoder_inputs(x, lengths)
        units = torch.cat([torch.ones_like(spread), spread / self.spread], 1)  # (B, 2)
        return _with_lengths(
            lengths, inputs=inputs, linear=self.linear_prediction(x, lengths), units=units
        )

    def encode(
        self,
        inputs: Tensor,
        linear: Tensor | None = None,
        units: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Pooled representation (B, D)."""
        return self.encoder(inputs, lengths)

    def forward(
        self, inputs: Tensor, linear: Tensor, units: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """(B, *output_shape); quantiles in order, except in training."""
        z = self.head(self.dropout(self.encoder(inputs, lengths)))
        # Half of the head's outputs in units of 1, half in units of the window's spread.
        z = (z.unflatten(1, (2, -1)) * units[..., None]).sum(1).view(-1, *self.output_shape)
        # Shrinkage towards the initial output.
        if not self.training:
            z = torch.lerp(
                self.initial_output, z, self.network_weight.view(-1, *[1] * (z.ndim - 2))
            )
        return self._in_units(linear, z)

    def uncorrected(self, linear: Tensor) -> Tensor:
        """The output (B, *output_shape) without the network's correction."""
        return self._in_units(linear, self.initial_output.expand(len(linear), *self.output_shape))

    def _in_units(self, linear: Tensor, z: Tensor) -> Tensor:
        """The output for corrections z (B, *output_shape) in units of the residuals."""
        if z.ndim == 2:
            return torch.addcmul(linear, self.residual_scale, z)
        outputs = torch.addcmul(linear[..., None], self.residual_scale[:, None], z)
        return outputs if self.training else in_order(outputs, self.median)
