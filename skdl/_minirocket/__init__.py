"""Features of series by MiniRocket, for ``RandomConvolutions`` and the classifiers of signals."""

from ._competition import Competition
from ._extremes import Extremes
from ._features import ConvolutionFeatures
from ._kernels import KERNELS
from ._levels import Levels
from ._neighbours import Labels, Neighbours, losses_of_rows
from ._pooled import Pooled
from ._similarities import Similarities

__all__ = [
    "KERNELS",
    "Competition",
    "ConvolutionFeatures",
    "Extremes",
    "Labels",
    "Levels",
    "Neighbours",
    "Pooled",
    "Similarities",
    "losses_of_rows",
]
