"""The one table of estimators that the laws are held against."""

from __future__ import annotations

from typing import Any, NamedTuple

from sklearn.base import BaseEstimator
from torch import nn

from skdl.estimators import (
    CNNClassifier,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    TransformerClassifier,
    Word2VecTransformer,
)
from tests.texts import Checkpoint, word_tokenizer

SMALL: dict[str, Any] = {"max_epochs": 2, "batch_size": 16, "device": "cpu", "random_state": 0}
RECURRENT: dict[str, Any] = {**SMALL, "hidden_size": 4}
CONVOLUTIONAL: dict[str, Any] = {**SMALL, "channels": (4,)}
TRANSFORMER: dict[str, Any] = {
    **SMALL,
    "d_model": 8,
    "n_heads": 2,
    "n_layers": 1,
    "min_frequency": 1,
}
PERCEPTRON: dict[str, Any] = {**SMALL, "hidden_layer_sizes": (8,), "n_members": 2}
WORD2VEC: dict[str, Any] = {
    "vector_size": 4,
    "min_count": 1,
    "sample": 0,
    "max_epochs": 2,
    "device": "cpu",
    "random_state": 0,
}

# For scikit-learn's checks. One step per epoch, in float64, nothing drawn per row: rows of weight 2
# are then the same as rows that come twice.
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
# The defaults but for a small network and a higher learning rate.
MINI_BATCH: dict[str, Any] = {"max_epochs": 10, "lr": 0.01, "device": "cpu", "random_state": 0}
RECURRENT_MINI: dict[str, Any] = {**MINI_BATCH, "hidden_size": 8}
PERCEPTRON_FULL: dict[str, Any] = {
    **FULL_BATCH,
    "lr_schedule": "constant",
    "warmup_fraction": 0.0,
    "dropout": 0.0,
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "linear_model": False,
}
PERCEPTRON_MINI: dict[str, Any] = {**MINI_BATCH, "hidden_layer_sizes": (8,), "n_members": 4}
TRANSFORMER_SMALL: dict[str, Any] = {"d_model": 16, "n_heads": 2, "n_layers": 1}


class Convolution(nn.Sequential):
    """A network without batch normalization, which counts rows and knows no weights.

    A class, since the ids of scikit-learn's checks would hold the address of a function.
    """

    def __init__(self, shape: tuple[int, ...], n_classes: int) -> None:
        convolution = nn.Conv1d(shape[0], 8, 3, padding=1)
        linear = nn.Linear(8 * shape[1], n_classes)
        super().__init__(convolution, nn.ReLU(), nn.Flatten(), linear)


CHECKS = "scikit-learn's checks"


class CannotPass(NamedTuple):
    """Behind CHECKS: a check that contradicts what the estimator is."""

    check: str
    reason: str


# A row: an estimator, then all that it is held against. A name of ``KINDS`` (kinds.py) stands for
# every law on data of that kind, CHECKS for all of scikit-learn's estimator checks. Networks are
# small and epochs few, variants stand in rows of their own. An estimator needs a row with each kind
# of its ``_input_kinds``, and one with CHECKS if sequences, signals or tables are among them.
TABLE: list[tuple[Any, ...]] = [
    (LSTMRegressor(**RECURRENT), "sequences", "ragged"),
    (LSTMRegressor(**RECURRENT, linear_model=False), "sequences"),
    (
        LSTMRegressor(**RECURRENT, loss="quantile", pooling="attention", dropout=0.2),
        "sequences",
        "ragged",
    ),
    (LSTMClassifier(**RECURRENT), "sequences", "ragged"),
    (GRURegressor(**RECURRENT), "sequences", "ragged"),
    (GRURegressor(**RECURRENT, linear_model=False), "ragged"),
    (GRUClassifier(**RECURRENT), "sequences", "ragged"),
    (
        GRUClassifier(**RECURRENT, n_layers=2, bidirectional=True, pooling="max", ema_decay=0.9),
        "sequences",
        "ragged",
    ),
    # On rows that come twice, the cross-validation of the ridge regressions, over blocks of rows or
    # single ones, leaves out others than of rows of weight 2: full batches go without them.
    (LSTMRegressor(**RECURRENT_FULL, linear_model=False), CHECKS),
    (LSTMRegressor(**RECURRENT_MINI), CHECKS),
    (LSTMClassifier(**RECURRENT_FULL, linear_model=False), CHECKS),
    (LSTMClassifier(**RECURRENT_MINI), CHECKS),
    (GRURegressor(**RECURRENT_FULL, linear_model=False), CHECKS),
    (GRURegressor(**RECURRENT_MINI), CHECKS),
    (GRUClassifier(**RECURRENT_FULL, linear_model=False), CHECKS),
    (GRUClassifier(**RECURRENT_MINI), CHECKS),
    #
    (CNNClassifier(**CONVOLUTIONAL, kind="signal"), "signals", "ragged"),
    (CNNClassifier(**CONVOLUTIONAL, kind="image", image_shape=(2, 4)), "flat images"),
    (CNNClassifier(**CONVOLUTIONAL), "images", "colour images"),
    (
        CNNClassifier(
            **CONVOLUTIONAL,
            kind="signal",
            architecture="resnet",
            augment="randaugment",
            mixup=0.1,
            label_smoothing=0.05,
        ),
        "signals",
        "ragged",
    ),
    (CNNClassifier(**FULL_BATCH, architecture=Convolution), CHECKS),
    (CNNClassifier(**MINI_BATCH, channels=(8, 8)), CHECKS),
    #
    (TransformerClassifier(**TRANSFORMER), "sequences", "ragged"),
    (
        TransformerClassifier(
            **{**TRANSFORMER, "n_layers": 2}, positional="learned", pooling="cls", token_dropout=0.0
        ),
        "sequences",
        "ragged",
    ),
    (
        TransformerClassifier(**TRANSFORMER, positional="sinusoidal", pooling="attention"),
        "sequences",
        "ragged",
    ),
    (TransformerClassifier(**TRANSFORMER), "texts"),
    (
        TransformerClassifier(
            **TRANSFORMER, tokenizer="char", positional="sinusoidal", pooling="max"
        ),
        "texts",
    ),
    (
        TransformerClassifier(
            **TRANSFORMER, tokenizer="bpe", positional="learned", pooling="cls", linear_model=False
        ),
        "texts",
    ),
    (
        TransformerClassifier(
            **{**TRANSFORMER, "n_layers": 2}, tokenizer="wordpiece", pooling="attention"
        ),
        "texts",
    ),
    (
        TransformerClassifier(
            **{**TRANSFORMER, "batch_size": "auto"}, tokenizer=word_tokenizer(), linear_model=False
        ),
        "texts",
    ),
    (TransformerClassifier(**TRANSFORMER, pretrained=Checkpoint()), "texts"),
    (TransformerClassifier(**TRANSFORMER, pretrained=Checkpoint(), freeze=True), "texts"),
    (
        TransformerClassifier(
            **FULL_BATCH, **TRANSFORMER_SMALL, dropout=0.0, token_dropout=0.0, linear_model=False
        ),
        CHECKS,
    ),
    (TransformerClassifier(**MINI_BATCH, **TRANSFORMER_SMALL), CHECKS),
    #
    (MLPRegressor(**PERCEPTRON), "tables with gaps", "mixed tables"),
    (
        MLPRegressor(**PERCEPTRON, loss="quantile", activation="tanh", numeric_embedding=None),
        "mixed tables",
    ),
    (MLPClassifier(**PERCEPTRON), "tables with gaps", "mixed tables"),
    (
        MLPClassifier(**{**PERCEPTRON, "n_members": 1}, linear_model=False, max_onehot=2),
        "mixed tables",
    ),
    (MLPRegressor(**PERCEPTRON_FULL), CHECKS),
    (MLPRegressor(**PERCEPTRON_MINI), CHECKS),
    (MLPClassifier(**PERCEPTRON_FULL), CHECKS),
    (MLPClassifier(**PERCEPTRON_MINI), CHECKS),
    #
    (Word2VecTransformer(**WORD2VEC), "documents"),
    (Word2VecTransformer(**WORD2VEC, objective="hierarchical", pooling="idf"), "documents"),
    (Word2VecTransformer(**WORD2VEC, algorithm="cbow", pooling="sif"), "documents"),
    (
        Word2VecTransformer(
            **WORD2VEC, algorithm="cbow", objective="hierarchical", pooling="max", normalize=True
        ),
        "documents",
    ),
]


def expected_failed_checks(estimator: BaseEstimator) -> dict[str, str]:
    """The checks of scikit-learn that a row of the table cannot pass, and why."""
    (row,) = [row for row in TABLE if row[0] is estimator]
    failed = dict(each for each in row if isinstance(each, CannotPass))
    if estimator.batch_size != FULL_BATCH["batch_size"]:
        failed["check_sample_weight_equivalence_on_dense_data"] = (
            "rows that come twice are cut into other mini-batches than rows of weight 2"
        )
    return failed
