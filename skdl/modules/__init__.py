"""Layers that several families of networks use: ``nn.Module`` and functions of tensors only."""

from ._dropout import Dropout, FeatureDropout, RandomLayer
from ._linear import BesideLinearModel
from ._maxima import largest, largest_of_three
from ._members import of_all_members, of_one_member, outside_of_vmap
from ._normalization import FARTHEST, BatchNorm, bounded, standardized, with_own_scale
from ._patches import StridedSteps, short_windows
from ._sequences import Pool, last_steps, padding_mask
from ._stacked_linear import stacked_linear

__all__ = [
    "FARTHEST",
    "BatchNorm",
    "BesideLinearModel",
    "Dropout",
    "FeatureDropout",
    "Pool",
    "RandomLayer",
    "StridedSteps",
    "bounded",
    "largest",
    "largest_of_three",
    "last_steps",
    "of_all_members",
    "of_one_member",
    "outside_of_vmap",
    "padding_mask",
    "short_windows",
    "stacked_linear",
    "standardized",
    "with_own_scale",
]
