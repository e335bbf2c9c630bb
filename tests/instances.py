"""The one table of estimators that the common tests run on, and their data."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, is_classifier
from torch import nn

import skdl.estimators
from skdl.datasets import make_sequences
from skdl.estimators import (
    CNNClassifier,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    TransformerClassifier,
)
from skdl.estimators._base._estimator import TorchEstimator

SMALL: dict[str, Any] = {"max_epochs": 3, "batch_size": 16, "device": "cpu", "random_state": 0}
RECURRENT: dict[str, Any] = {**SMALL, "hidden_size": 4}
CONVOLUTIONAL: dict[str, Any] = {**SMALL, "channels": (4,), "kind": "signal"}
TRANSFORMER: dict[str, Any] = {**SMALL, "d_model": 8, "n_heads": 2, "n_layers": 1}

# What the laws are held against: small, a few epochs. The variants come in where they matter.
INSTANCES: list[BaseEstimator] = [
    LSTMRegressor(**RECURRENT),
    LSTMClassifier(**RECURRENT),
    GRURegressor(**RECURRENT),
    GRUClassifier(**RECURRENT),
    LSTMRegressor(**RECURRENT, loss="quantile", pooling="attention", dropout=0.2),
    GRUClassifier(**RECURRENT, n_layers=2, bidirectional=True, pooling="max", ema_decay=0.9),
    CNNClassifier(**CONVOLUTIONAL),
    CNNClassifier(**{**CONVOLUTIONAL, "kind": "image"}, image_shape=(2, 4)),
    CNNClassifier(
        **CONVOLUTIONAL,
        architecture="resnet",
        augment="randaugment",
        mixup=0.1,
        label_smoothing=0.05,
    ),
    TransformerClassifier(**TRANSFORMER),
    TransformerClassifier(
        **{**TRANSFORMER, "n_layers": 2},
        positional="learned",
        pooling="cls",
        token_dropout=0.0,
    ),
    TransformerClassifier(**TRANSFORMER, positional="sinusoidal", pooling="attention"),
]

# One step per epoch, in float64, nothing drawn per row: rows of weight 2 are then the same as rows
# that come twice.
FULL_BATCH: dict[str, Any] = {
    "max_epochs": 80,
    "lr": 0.03,
    "batch_size": 10_000,
    "precision": "float64",
    "early_stopping": False,
    "device": "cpu",
    "random_state": 0,
}
RECURRENT_FULL: dict[str, Any] = {**FULL_BATCH, "dropout": 0.0, "hidden_size": 8}
# The defaults but for a small network and a faster rate.
MINI_BATCH: dict[str, Any] = {"max_epochs": 10, "lr": 0.01, "device": "cpu", "random_state": 0}
RECURRENT_MINI: dict[str, Any] = {**MINI_BATCH, "hidden_size": 8}
TRANSFORMER_SMALL: dict[str, Any] = {"d_model": 16, "n_heads": 2, "n_layers": 1}


def convolution_and_mean(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """A network without batch normalization, which counts rows and knows no weights."""
    convolution = nn.Conv1d(shape[0], 8, 3, padding=1)
    return nn.Sequential(convolution, nn.ReLU(), nn.Flatten(), nn.Linear(8 * shape[1], n_classes))


# What scikit-learn's checks run on. A regressor's line is chosen by cross-validation over blocks
# of rows, and a row that comes twice moves the blocks: full batches go without it.
CHECKED: list[BaseEstimator] = [
    LSTMRegressor(**RECURRENT_FULL, linear_model=False),
    LSTMRegressor(**RECURRENT_MINI),
    LSTMClassifier(**RECURRENT_FULL),
    LSTMClassifier(**RECURRENT_MINI),
    GRURegressor(**RECURRENT_FULL, linear_model=False),
    GRURegressor(**RECURRENT_MINI),
    GRUClassifier(**RECURRENT_FULL),
    GRUClassifier(**RECURRENT_MINI),
    CNNClassifier(**FULL_BATCH, architecture=convolution_and_mean),
    CNNClassifier(**MINI_BATCH, channels=(8, 8)),
    TransformerClassifier(**FULL_BATCH, **TRANSFORMER_SMALL, dropout=0.0, token_dropout=0.0),
    TransformerClassifier(**MINI_BATCH, **TRANSFORMER_SMALL),
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
    """Every deep estimator of the catalogue that predicts from numbers.

    Word2VecTransformer learns from documents: its laws are in tests/estimators/test_word2vec.py.
    """
    catalogue = (getattr(skdl.estimators, name) for name in skdl.estimators.__all__)
    return {cls for cls in catalogue if issubclass(cls, TorchEstimator)}


def takes_ragged(estimator: BaseEstimator) -> bool:
    """Whether rows may be of unequal length."""
    return not isinstance(estimator, CNNClassifier)


def takes_any_shape(estimator: BaseEstimator) -> bool:
    """Whether rows may have other than 8 columns."""
    return estimator.get_params().get("image_shape") is None


def name_of(estimator: BaseEstimator) -> str:
    """An id for pytest: the class and what sets the instance apart."""
    params = estimator.get_params()
    odd = [
        f"{name}={value}"
        for name, value in params.items()
        if name not in {*RECURRENT, *RECURRENT_FULL, "channels"}
        and value != type(estimator)().get_params()[name]
    ]
    return f"{type(estimator).__name__}({', '.join(odd)})"


def data_for(estimator: BaseEstimator, n_samples: int = 60, **params: Any) -> tuple[Any, Any]:
    """X and y that the estimator can learn from, of 8 steps."""
    if is_classifier(estimator):
        params["task"] = "classification"
    return make_sequences(n_samples, **{"n_steps": 8, "random_state": 0, **params})
