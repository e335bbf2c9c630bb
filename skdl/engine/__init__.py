"""The training loop, for every architecture: batches, optimisation, stopping, prediction.

The only importer of skorch. ``Net`` is what an estimator builds in ``fit``; ``TrainingRun`` is one
training of it, epoch by epoch. ``_contract.py`` lists the optional methods of a module.
"""

from ._callback_checks import check_callbacks, check_validated, sets_rate
from ._data import (
    Batch,
    Column,
    Data,
    Ragged,
    Streamed,
    as_tensor,
    host_lengths,
)
from ._loop import PLATEAU_STEPS, TrainingRun
from ._losses import (
    ErrorLoss,
    Loss,
    Pinball,
    absolute_error,
    cross_entropy,
    error_power,
    huber,
    squared_error,
    weighted_quantiles,
)
from ._net import Net, Output, forward
from ._objectives import (
    Augmented,
    Objective,
    Supervised,
    TargetConverter,
    inputs_of,
    losses_of_targets,
    mean_loss,
)
from ._optim import LR_SCHEDULES, OPTIMIZERS, set_lr
from ._pack import train_pack
from ._random import outside_of_runs, seeded
from ._scope import (
    default_torch_modes,
    draw_seed,
    resolve_device,
    resolve_dtype,
)
from ._stopping import LIMIT_RMS, Snapshot, error_limit, without_outliers
from ._threads import scoped_threads

__all__ = [
    "LIMIT_RMS",
    "LR_SCHEDULES",
    "OPTIMIZERS",
    "PLATEAU_STEPS",
    "Augmented",
    "Batch",
    "Column",
    "Data",
    "ErrorLoss",
    "Loss",
    "Net",
    "Objective",
    "Output",
    "Pinball",
    "Ragged",
    "Snapshot",
    "Streamed",
    "Supervised",
    "TargetConverter",
    "TrainingRun",
    "absolute_error",
    "as_tensor",
    "check_callbacks",
    "check_validated",
    "cross_entropy",
    "default_torch_modes",
    "draw_seed",
    "error_limit",
    "error_power",
    "forward",
    "host_lengths",
    "huber",
    "inputs_of",
    "losses_of_targets",
    "mean_loss",
    "outside_of_runs",
    "resolve_device",
    "resolve_dtype",
    "scoped_threads",
    "seeded",
    "set_lr",
    "sets_rate",
    "squared_error",
    "train_pack",
    "weighted_quantiles",
    "without_outliers",
]
