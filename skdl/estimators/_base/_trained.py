"""Attributes of every estimator that has a trained net."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from ..._version import VERSION
from ...engine import Net, resolve_device

HISTORY = ["epoch", "train_loss", "valid_loss", "lr", "seconds"]
# What else the engine records, for callbacks.
INTERNAL = {
    "batches",
    *(f"{prefix}_{name}" for prefix in ("train", "valid") for name in ("loss_best", "batch_count")),
}


class Trained:
    """An estimator that keeps its trained net as ``net_``.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module.
    history_ : DataFrame
        A row per epoch: epoch, train_loss, valid_loss, lr, seconds; then what callbacks recorded,
        such as scores.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        Epoch whose weights are kept; 0 is the start.
    device_ : str
        Where the module is.
    n_parameters_ : int
        Number of weights, trained and fixed.
    """

    # With a leading underscore: the property ``net_`` tells the net which estimator it is of.
    _net: Net
    # Parameters of the last fit that the reading of X depends on.
    _fitted_with: dict[str, Any]
    # Parameters that count as they are when predictions are made, not as they were in ``fit``.
    _used_after_fit: ClassVar[frozenset[str]] = frozenset()

    @property
    def net_(self) -> Net:
        if "_net" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'net_'")
        return self._net.bound_to(self)

    @net_.setter
    def net_(self, net: Net) -> None:
        self._net = net

    @net_.deleter
    def net_(self) -> None:
        del self._net

    def to(self, device: str | torch.device) -> Self:
        """Move the fitted estimator to another device; predictions then run there.

        Parameters
        ----------
        device : str or torch.device
            "auto", "cpu", "cuda" or "cuda:<index>".

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no such device here.
        """
        check_is_fitted(self)
        resolve_device(device)
        if hasattr(self, "net_"):  # vectors from a file have none
            self.net_.to(device)
        return self

    @property
    def history_(self) -> pd.DataFrame:
        rows = self.net_.history
        recorded = dict.fromkeys(name for row in rows for name in row if name not in INTERNAL)
        columns = [*HISTORY, *(name for name in recorded if name not in HISTORY)]
        return pd.DataFrame(rows.to_list(), columns=columns).astype({"valid_loss": float})

    @property
    def module_(self) -> nn.Module:
        return self.net_.module_

    @property
    def device_(self) -> str:
        return str(self.net_.device)

    @property
    def n_parameters_(self) -> int:
        return sum(parameter.numel() for parameter in self.module_.parameters())

    def _keep_parameters(self, names: Iterable[str]) -> None:
        """Keep those that the reading of X depends on; but initial vectors, which may be large."""
        initial = getattr(self, "_fitted_parameter", None)
        self._fitted_with = {name: getattr(self, name) for name in names if name != initial}

    def _as_fitted(self) -> Self:
        """This estimator with the parameters that it was fitted with, for reading X.

        ``set_params`` after ``fit`` is for the next fit: a search sets parameters so.
        """
        twin = object.__new__(type(self))
        vars(twin).update(vars(self) | vars(self).get("_fitted_with", {}))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return dict(super().__getstate__(), _skdl_version=VERSION)  # type: ignore[call-overload]

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        pickled = state.pop("_skdl_version", "before 0.1.0")
        if pickled != VERSION:
            warnings.warn(
                f"This {type(self).__name__} was pickled by skdl {pickled}, and this is skdl "
                f"{VERSION}: it may fail, or predict something else. Fit it again, or install "
                "the version that pickled it.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)  # type: ignore[misc]
        if "_net" in vars(self):  # memory of a card does not wait for Python's garbage collection
            self._net.loosened_from(self)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")
