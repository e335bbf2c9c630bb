"""Layers that several families of networks use: ``nn.Module`` and functions of tensors only."""

from ._normalization import BatchNorm, standardized
from ._sequences import Pool, last_steps, padding_mask

__all__ = ["BatchNorm", "Pool", "last_steps", "padding_mask", "standardized"]
