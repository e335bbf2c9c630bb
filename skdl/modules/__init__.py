"""The architectures: ``nn.Module`` only, no scikit-learn, no skorch."""

from ._augment import AUGMENTATIONS, BatchAugmentation
from ._cnn import (
    ARCHITECTURES,
    BEST_ARCHITECTURE,
    Backbone,
    ConvolutionalNetwork,
    CustomNetwork,
    StandardizedNetwork,
    blocks_of,
    channels_first,
    one_tensor,
    work_per_row,
)
from ._recurrent import (
    LineAndRecurrence,
    RecurrentEncoder,
    RecurrentNetwork,
    is_real,
    last_steps,
    standardized,
)

__all__ = [
    "ARCHITECTURES",
    "AUGMENTATIONS",
    "BEST_ARCHITECTURE",
    "Backbone",
    "BatchAugmentation",
    "ConvolutionalNetwork",
    "CustomNetwork",
    "LineAndRecurrence",
    "RecurrentEncoder",
    "RecurrentNetwork",
    "StandardizedNetwork",
    "blocks_of",
    "channels_first",
    "is_real",
    "last_steps",
    "one_tensor",
    "standardized",
    "work_per_row",
]
