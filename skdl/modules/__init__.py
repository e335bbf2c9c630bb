"""Layers that several families of networks use: ``nn.Module`` and functions of tensors only."""

from ._dropout import Dropout, FeatureDropout, RandomLayer
from ._linear import BesideLinearModel
from ._normalization import BatchNorm, standardized, with_own_scale
from ._sequences import Pool, last_steps, padding_mask

__all__ = [
    "BatchNorm",
    "BesideLinearModel",
    "Dropout",
    "FeatureDropout",
    "Pool",
    "RandomLayer",
    "last_steps",
    "padding_mask",
    "standardized",
    "with_own_scale",
]
