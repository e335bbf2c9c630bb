"""Transformers and functions that bring data into the shape an estimator takes.

- `Encoder` turns what an estimator has learned to see in its samples into a table, for others.
- `Flatten` turns images and sequences into the 2-D tables of classical estimators.
- `PixelScaler` brings pixels to one scale, which they share.
- `sliding_windows` cuts a series into windows and the values to predict, with no look-ahead.

Tokens (`_tokens.py`) and n-grams (`_ngrams.py`) of text are what the estimators read it with.

Only numpy, scipy and scikit-learn are needed here, tokenizers for tokens; torch is not imported.
"""

from ._encoder import Encoder
from ._flatten import Flatten
from ._pixels import PixelScaler
from ._windows import sliding_windows

__all__ = ["Encoder", "Flatten", "PixelScaler", "sliding_windows"]
