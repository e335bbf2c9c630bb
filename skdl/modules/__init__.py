"""The architectures: ``nn.Module`` only, no scikit-learn, no skorch."""

from ._architectures import ARCHITECTURES, BEST_ARCHITECTURE, POOL_GRID, Pool
from ._augment import AUGMENTATIONS, BatchAugmentation
from ._cnn import (
    Backbone,
    ConvolutionalNetwork,
    CustomNetwork,
    MeanPool,
    StandardizedNetwork,
    UnusableOutputError,
    blocks_of,
    channels_first,
    one_tensor,
    work_per_row,
)
from ._pretrained import PretrainedNetwork
from ._recurrent import (
    LineAndRecurrence,
    RecurrentEncoder,
    RecurrentNetwork,
    is_real,
    last_steps,
    standardized,
)
from ._transformer import (
    POSITIONS,
    PatchEmbedding,
    TokenEmbedding,
    TransformerEncoder,
    TransformerNetwork,
)
from ._word2vec import Word2Vec

__all__ = [
    "ARCHITECTURES",
    "AUGMENTATIONS",
    "BEST_ARCHITECTURE",
    "POOL_GRID",
    "POSITIONS",
    "Backbone",
    "BatchAugmentation",
    "ConvolutionalNetwork",
    "CustomNetwork",
    "LineAndRecurrence",
    "MeanPool",
    "PatchEmbedding",
    "Pool",
    "PretrainedNetwork",
    "RecurrentEncoder",
    "RecurrentNetwork",
    "StandardizedNetwork",
    "TokenEmbedding",
    "TransformerEncoder",
    "TransformerNetwork",
    "UnusableOutputError",
    "Word2Vec",
    "blocks_of",
    "channels_first",
    "is_real",
    "last_steps",
    "one_tensor",
    "standardized",
    "work_per_row",
]
