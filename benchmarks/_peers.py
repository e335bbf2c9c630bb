"""Peers that skdl is compared with: bare modules, a hand-written training loop, skorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import Tensor, nn
from torch.nn import functional as F


class LSTM(nn.Module):
    """An LSTM, and a linear layer from the state of its last step to one number."""

    def __init__(self, hidden_size: int = 32, n_channels: int = 1) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_channels, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])  # (B, 1)


def make_mlp(n_features: int = 20, hidden_size: int = 64) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_features, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 1))


def hand_loop(
    module: nn.Module,
    X: Tensor,
    y: Tensor,
    *,
    n_epochs: int,
    batch_size: int,
    lr: float = 1e-3,
    fused: bool = False,
    loss: Callable[..., Tensor] = F.mse_loss,
) -> nn.Module:
    """A usual hand-written training loop: shuffle, slice tensors, Adam.

    ``fused`` is a tuned one: Adam's fused kernel and ``index_select``.
    """
    optimizer = torch.optim.Adam(module.parameters(), lr=lr, fused=fused)
    module.train()
    for _ in range(n_epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            if fused:
                x_batch, y_batch = X.index_select(0, rows), y.index_select(0, rows)
            else:
                x_batch, y_batch = X[rows], y[rows]
            optimizer.zero_grad()
            loss(module(x_batch), y_batch).backward()
            optimizer.step()
    return module.eval()


@torch.inference_mode()
def bare_outputs(module: nn.Module, X: Tensor, batch_size: int) -> Tensor:
    return torch.cat([module(batch) for batch in X.split(batch_size)])


SKORCH: dict[str, Any] = {"optimizer": torch.optim.Adam, "train_split": None, "verbose": 0}


def skorch_regressor(module: Any, **params: Any) -> NeuralNetRegressor:
    """skorch's regressor with Adam, silent and without a validation split."""
    return NeuralNetRegressor(module, **SKORCH, **params)


def skorch_classifier(module: Any, **params: Any) -> NeuralNetClassifier:
    """The same for classification, from scores of the classes."""
    return NeuralNetClassifier(module, criterion=nn.CrossEntropyLoss, **SKORCH, **params)
