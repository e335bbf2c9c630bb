"""The one table of estimators that the common tests run on, and their data."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, is_classifier

import skdl.estimators
from skdl.datasets import make_sequences
from skdl.estimators import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor
from skdl.estimators._base import TorchEstimator

SMALL: dict[str, Any] = {
    "hidden_size": 4,
    "max_epochs": 3,
    "batch_size": 16,
    "device": "cpu",
    "random_state": 0,
}

# What the laws are held against: small, a few epochs. The variants come in where they matter.
INSTANCES: list[BaseEstimator] = [
    LSTMRegressor(**SMALL),
    LSTMClassifier(**SMALL),
    GRURegressor(**SMALL),
    GRUClassifier(**SMALL),
    LSTMRegressor(**SMALL, loss="quantile", pooling="attention", dropout=0.2),
    GRUClassifier(**SMALL, n_layers=2, bidirectional=True, pooling="max", ema_decay=0.9),
]

# One step per epoch, in float64, nothing drawn per row: rows of weight 2 are then the same as rows
# that come twice.
FULL_BATCH: dict[str, Any] = {
    "dropout": 0.0,
    "hidden_size": 8,
    "max_epochs": 80,
    "lr": 0.03,
    "batch_size": 10_000,
    "precision": "float64",
    "early_stopping": False,
    "device": "cpu",
    "random_state": 0,
}
# The defaults but for a small network and a faster rate.
MINI_BATCH: dict[str, Any] = {
    "hidden_size": 8,
    "max_epochs": 10,
    "lr": 0.01,
    "device": "cpu",
    "random_state": 0,
}

# What scikit-learn's checks run on. A regressor's line is chosen by cross-validation over blocks
# of rows, and a row that comes twice moves the blocks: full batches go without it.
CHECKED: list[BaseEstimator] = [
    LSTMRegressor(**FULL_BATCH, highway=False),
    LSTMRegressor(**MINI_BATCH),
    LSTMClassifier(**FULL_BATCH),
    LSTMClassifier(**MINI_BATCH),
    GRURegressor(**FULL_BATCH, highway=False),
    GRURegressor(**MINI_BATCH),
    GRUClassifier(**FULL_BATCH),
    GRUClassifier(**MINI_BATCH),
]


def expected_failed_checks(estimator: BaseEstimator) -> dict[str, str]:
    """The checks that an instance of ``CHECKED`` cannot pass, and why."""
    if estimator.batch_size == FULL_BATCH["batch_size"]:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "rows that come twice are cut into other mini-batches than rows of weight 2"
        )
    }


def deep_estimators() -> set[type[TorchEstimator]]:
    """Every deep estimator of the catalogue."""
    catalogue = (getattr(skdl.estimators, name) for name in skdl.estimators.__all__)
    return {cls for cls in catalogue if issubclass(cls, TorchEstimator)}


def name_of(estimator: BaseEstimator) -> str:
    """An id for pytest: the class and what sets the instance apart."""
    params = estimator.get_params()
    odd = [
        f"{name}={value}"
        for name, value in params.items()
        if name not in {*SMALL, *FULL_BATCH} and value != type(estimator)().get_params()[name]
    ]
    return f"{type(estimator).__name__}({', '.join(odd)})"


def data_for(estimator: BaseEstimator, n_samples: int = 60, **params: Any) -> tuple[Any, Any]:
    """X and y that the estimator can learn from, of 8 steps."""
    if is_classifier(estimator):
        params["task"] = "classification"
    return make_sequences(n_samples, **{"n_steps": 8, "random_state": 0, **params})
