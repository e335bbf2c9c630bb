"""Multilayer perceptrons on tables: several of one architecture, their parameters stacked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...modules import Dropout, stacked_linear, standardized

FAR = 3.0  # robust standard units; numbers far beyond end here
N_FREQUENCIES, N_PERIODIC, SPREAD = 16, 3, 0.1
EMBEDDING_SIZE = 8
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "logistic": torch.sigmoid,
    "mish": F.mish,
    "relu": F.relu,
    "selu": F.selu,
    "tanh": torch.tanh,
}


class StackedLinear(nn.Module):
    """K linear layers side by side, in the neural tangent parametrization.

    Weights are drawn from N(0, 1) and divided by the root of the number of inputs in use, so that
    one learning rate suits layers of all widths.

    Parameters
    ----------
    n_members, n_in, n_out : int
    """

    def __init__(self, n_members: int, n_in: int, n_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_members, n_in, n_out).mT.contiguous())
        self.bias = nn.Parameter(torch.randn(n_members, n_out))
        self.factor = max(1, n_in) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        """(K, B, n_in) to (K, B, n_out)."""
        return stacked_linear(x, self.weight * self.factor, self.bias)


class StackedActivation(nn.Module):
    """An activation whose strength is learned for each feature: 0 leaves the feature as it is.

    Parameters
    ----------
    n_members, n_features : int
    kind : str
        Of ``ACTIVATIONS``.
    """

    def __init__(self, n_members: int, n_features: int, kind: str) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.ones(n_members, 1, n_features))
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        """(K, B, F), any shape that broadcasts."""
        return torch.lerp(x, ACTIVATIONS[self.kind](x), self.strength)


class PeriodicEmbedding(nn.Module):
    """Each number beside learned features of cosines of it.

    Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical features in tabular deep
    learning" (NeurIPS 2022).

    Parameters
    ----------
    n_members, n_numbers : int
    """

    def __init__(self, n_members: int, n_numbers: int) -> None:
        super().__init__()
        shape = (n_members, 1, n_numbers, N_FREQUENCIES)
        self.frequency = nn.Parameter(SPREAD * torch.randn(shape))
        self.phase = nn.Parameter(math.pi * (2 * torch.rand(shape) - 1))
        self.weight = nn.Parameter(
            torch.randn(n_members, n_numbers, N_FREQUENCIES, N_PERIODIC) * N_FREQUENCIES**-0.5
        )
        self.bias = nn.Parameter(torch.zeros(n_members, 1, n_numbers, N_PERIODIC))

    def forward(self, numbers: Tensor) -> Tensor:
        """(K, B, n_numbers) to (K, B, n_numbers * (1 + N_PERIODIC))."""
        waves = torch.cos(2 * math.pi * numbers[..., None] * self.frequency + self.phase)
        # (K, F, B, n) @ (K, F, n, m): a product for each number.
        features = (waves.transpose(1, 2) @ self.weight).transpose(1, 2) + self.bias
        return torch.cat([features, numbers[..., None]], dim=3).flatten(2)


class TableInputs(nn.Module):
    """Numbers and codes of a table as the inputs of K networks.

    Numbers are centred at their median, divided by their spread and drawn in smoothly beyond;
    missing ones are 0, and of columns that lacked some a further input says so. Categories are
    one-hot columns up to ``max_onehot`` of them (one column of -1 and 1 for two), learned vectors
    above; a code of 0 is all zeros, or a vector of its own.

    Parameters
    ----------
    n_members : int
    median, scale : Tensor of shape (2, n_numbers) and (n_numbers,)
        The median in two rows, as one cannot hold all its digits.
    missing : Tensor of bool of shape (n_numbers,)
        Which numbers were missing in some rows.
    n_categories : sequence of int
        Of each column of categories.
    max_onehot : int
    periodic : bool
        Whether numbers are embedded by cosines.
    """

    mean: Tensor
    scale: Tensor
    flagged: Tensor

    def __init__(
        self,
        n_members: int,
        median: Tensor,
        scale: Tensor,
        missing: Tensor,
        n_categories: Sequence[int],
        *,
        max_onehot: int,
        periodic: bool,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", median)
        self.register_buffer("scale", scale)
        self.register_buffer("flagged", missing.nonzero()[:, 0])
        n_numbers = len(scale)
        self.one_hot = {i: n for i, n in enumerate(n_categories) if n <= max_onehot}
        self.embedded = [i for i in range(len(n_categories)) if i not in self.one_hot]
        self.tables = nn.ParameterList(
            torch.randn(n_members, n_categories[i] + 1, EMBEDDING_SIZE) for i in self.embedded
        )
        self.embedding = PeriodicEmbedding(n_members, n_numbers) if periodic and n_numbers else None
        n_flat = len(self.flagged) + sum(1 if n == 2 else n for n in self.one_hot.values())
        n_numbers *= 1 if self.embedding is None else 1 + N_PERIODIC
        self.n_inputs = n_numbers + n_flat + EMBEDDING_SIZE * len(self.embedded)
        self.n_members = n_members

    def prepare(self, x: Tensor, codes: Tensor | None = None) -> dict[str, Tensor]:
        """What ``forward`` takes: numbers and flat inputs (B, ...), codes of embedded columns."""
        z = standardized(x, self.mean, self.scale)
        parts = [torch.isnan(z[:, self.flagged]).to(z.dtype)]
        z = torch.nan_to_num(z, nan=0.0)
        prepared = {"numbers": z / (1 + (z / FAR).square()).sqrt()}
        if codes is not None:
            parts += [one_hot(codes[:, i], n, z.dtype) for i, n in self.one_hot.items()]
            if self.embedded:
                prepared["codes"] = torch.stack([codes[:, i] for i in self.embedded], dim=1)
        prepared["flat"] = torch.cat(parts, dim=1)
        return prepared

    def forward(self, numbers: Tensor, flat: Tensor, codes: Tensor | None = None) -> Tensor:
        """(K, B, n_inputs)."""
        n = self.n_members
        numbers = numbers.expand(n, *numbers.shape)
        parts = [numbers if self.embedding is None else self.embedding(numbers)]
        parts.append(flat.expand(n, *flat.shape))
        if codes is not None:
            parts += [table[:, codes[:, i]] for i, table in enumerate(self.tables)]
        return torch.cat(parts, dim=2)


def one_hot(codes: Tensor, n: int, dtype: torch.dtype) -> Tensor:
    """Codes (B,) as columns (B, n), without one for the code 0; of two categories -1 and 1."""
    if n == 2:
        return (2 * codes - 3).where(codes > 0, 0).to(dtype)[:, None]
    return (codes[:, None] == torch.arange(1, n + 1, device=codes.device)).to(dtype)


class PerceptronNetwork(nn.Module):
    """K multilayer perceptrons on one table, whose answers are averaged in evaluation.

    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data" (NeurIPS 2024), for the inputs, the learned scale of each, the
    parametrization and the activations.

    Parameters
    ----------
    inputs : TableInputs
    hidden_layer_sizes : sequence of int
    output_shape : tuple of int
    activation : str
    dropout : float
    """

    draws_from_generator = repeats_operators = stackable = True

    def __init__(
        self,
        inputs: TableInputs,
        hidden_layer_sizes: Sequence[int],
        output_shape: tuple[int, ...],
        *,
        activation: str,
        dropout: float,
    ) -> None:
        super().__init__()
        n_members = inputs.n_members
        self.inputs, self.dropout = inputs, Dropout(dropout)
        self.input_scale = nn.Parameter(torch.ones(n_members, 1, inputs.n_inputs))
        sizes = [inputs.n_inputs, *hidden_layer_sizes]
        self.layers = nn.ModuleList(
            StackedLinear(n_members, n_in, n_out) for n_in, n_out in pairwise(sizes)
        )
        self.activations = nn.ModuleList(
            StackedActivation(n_members, size, activation) for size in hidden_layer_sizes
        )
        self.head = StackedLinear(n_members, sizes[-1], math.prod(output_shape))
        nn.init.zeros_(self.head.bias)
        self.output_shape = output_shape
        n_waves = 0 if inputs.embedding is None else len(inputs.scale) * N_FREQUENCIES
        self.values_per_row = n_members * max(n_waves, *sizes)

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Inputs' scales learn faster than weights, cosines, biases and activations slower."""
        linear: list[StackedLinear] = [*self.layers, self.head]
        slow = [layer.bias for layer in linear]
        slow += [each.strength for each in self.activations]  # type: ignore[misc]
        if self.inputs.embedding is not None:
            slow += self.inputs.embedding.parameters()
        weights = [layer.weight for layer in linear] + list(self.inputs.tables)
        return [(slow, 0.1), ([self.input_scale], 6.0), (weights, 1.0)]

    def prepare(
        self,
        x: Tensor,
        codes: Tensor | None = None,
        linear: Tensor | None = None,
        fold: Tensor | None = None,
        left_out: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """What ``forward`` takes, from numbers x (B, F) and codes of categories (B, Q)."""
        others = {"linear": linear, "fold": fold, "left_out": left_out}
        given = {name: value for name, value in others.items() if value is not None}
        return {**self.inputs.prepare(x, codes), **given}

    def encode(
        self,
        numbers: Tensor,
        flat: Tensor,
        codes: Tensor | None = None,
    ) -> Tensor:
        """Features of all members before their heads (B, K * n_hidden)."""
        return self._hidden(numbers, flat, codes).transpose(0, 1).flatten(1)

    def _hidden(self, numbers: Tensor, flat: Tensor, codes: Tensor | None) -> Tensor:
        """Features of each member (K, B, n_hidden)."""
        h = self.inputs(numbers, flat, codes) * self.input_scale
        for layer, activation in zip(self.layers, self.activations, strict=True):
            h = self.dropout(activation(layer(h)))
        return h

    def members(self, numbers: Tensor, flat: Tensor, codes: Tensor | None = None) -> Tensor:
        """Outputs of each member (B, K, *output_shape)."""
        z = self.head(self._hidden(numbers, flat, codes))  # (K, B, n_out)
        return z.transpose(0, 1).unflatten(2, self.output_shape)

    def averaged(self, members: Tensor) -> Tensor:
        """One output (B, *output_shape) of those of the members (B, K, *output_shape)."""
        raise NotImplementedError

    def forward(
        self,
        numbers: Tensor,
        flat: Tensor,
        codes: Tensor | None = None,
        linear: Tensor | None = None,
        fold: Tensor | None = None,
        left_out: Tensor | None = None,
    ) -> Tensor:
        """In training the outputs of each member (B, K, *output_shape), else one of all.

        Where rows are of a ``fold`` (B,), it is that of the member which was not trained on it.
        What is ``left_out`` concerns the objective.
        """
        members = self.members(numbers, flat, codes)
        return members if self.training else self.evaluated(members, linear=linear, fold=fold)

    def evaluated(
        self,
        output: Tensor,
        numbers: Tensor | None = None,
        flat: Tensor | None = None,
        codes: Tensor | None = None,
        linear: Tensor | None = None,
        fold: Tensor | None = None,
        left_out: Tensor | None = None,
    ) -> Tensor:
        """The output in evaluation (B, *output_shape), of those of the members."""
        if fold is not None:
            output = output[torch.arange(len(output), device=output.device), fold][:, None]
        return self.combined(self.averaged(output), linear)

    def combined(self, output: Tensor, linear: Tensor | None) -> Tensor:
        """The output with that of the ``linear`` model, where there is one."""
        raise NotImplementedError


class PerceptronClassifierNetwork(PerceptronNetwork):
    """Scores of classes: logarithms of the mean of the members' probabilities.

    Attributes
    ----------
    network_weight, linear_weight : float, default=0.5
        Factors of the scores and of those of a linear model.
    """

    network_weight: float = 0.5
    linear_weight: float = 0.5

    def averaged(self, members: Tensor) -> Tensor:
        return F.log_softmax(members, dim=2).logsumexp(1) - math.log(members.shape[1])

    def combined(self, output: Tensor, linear: Tensor | None) -> Tensor:
        if linear is None:
            return output
        return self.linear_weight * linear + self.network_weight * output


class PerceptronRegressorNetwork(PerceptronNetwork):
    """Means of the members' values.

    Attributes
    ----------
    lowest, highest : Tensor of shape (n_targets,)
        Limits of the values: those of y in training.
    network_weight : Tensor of shape (n_targets,)
        Factor of the members' mean beside a linear model, whose factor is the rest of 1.
    """

    lowest: Tensor
    highest: Tensor
    network_weight: Tensor

    def __init__(
        self,
        inputs: TableInputs,
        hidden_layer_sizes: Sequence[int],
        output_shape: tuple[int, ...],
        *,
        activation: str,
        dropout: float,
    ) -> None:
        super().__init__(
            inputs, hidden_layer_sizes, output_shape, activation=activation, dropout=dropout
        )
        limits = torch.full(output_shape[:1], torch.inf)
        self.register_buffer("lowest", -limits)
        self.register_buffer("highest", limits)
        self.register_buffer("network_weight", torch.ones(output_shape[:1]))

    def averaged(self, members: Tensor) -> Tensor:
        return members.mean(1)

    def combined(self, output: Tensor, linear: Tensor | None) -> Tensor:
        if linear is not None:
            output = torch.lerp(linear, output, self.network_weight)
        if output.ndim > 2:  # quantiles
            return output.clamp(self.lowest[:, None], self.highest[:, None]).cummax(2).values
        return output.clamp(self.lowest, self.highest)
