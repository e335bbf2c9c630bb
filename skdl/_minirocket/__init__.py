"""Features of series by MiniRocket, for ``RandomConvolutions`` and the classifiers of signals."""

from ._features import ConvolutionFeatures
from ._kernels import KERNELS
from ._levels import level_features

__all__ = ["KERNELS", "ConvolutionFeatures", "level_features"]
