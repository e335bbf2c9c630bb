"""Transformers and functions that bring data into the shape an estimator takes.

- `RandomConvolutions`: features of series by random convolutions (MiniRocket).
- `Encoder`: the features that a deep estimator has learned, as a table for other estimators.
- `Flatten`: images and sequences as the 2-D tables that classical estimators take.
- `PixelScaler`: standardizes pixels, with one standard deviation for all of them.
- `sliding_windows`: a series as windows and the values that follow them, without look-ahead.

Containers, frames and times are read by `skdl._reading`. How a family reads its X (tokens, images,
documents) is in its own folder of `skdl.estimators`.
"""

from ._convolutions import RandomConvolutions
from ._encoder import Encoder
from ._flatten import Flatten
from ._pixels import PixelScaler
from ._windows import sliding_windows

__all__ = ["Encoder", "Flatten", "PixelScaler", "RandomConvolutions", "sliding_windows"]
