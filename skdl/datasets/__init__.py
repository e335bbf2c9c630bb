"""Real data that works offline, real data to fetch, and seeded generators.

- ``load_*``: real sets that ship inside installed packages.
- ``fetch_*``: the real sets that the benchmarks use, read from the folder that the environment
  variable ``SKDL_DATA`` names, else downloaded once to a cache. Every file is checked against
  its SHA256.
- ``make_*``: generated sequences, images and documents of any size.

Only numpy, pandas and scikit-learn are needed here; torch is not imported.
"""

from skdl.datasets._bundled import load_digits_images, load_stock_prices
from skdl.datasets._docstrings import load_docstrings
from skdl.datasets._documents import make_documents
from skdl.datasets._fetch import get_data_home
from skdl.datasets._images import FASHION_MNIST_CLASSES, fetch_fashion_mnist
from skdl.datasets._sequences import fetch_indoor_movement, fetch_ucr
from skdl.datasets._series import fetch_series
from skdl.datasets._synthetic import make_images, make_sequences
from skdl.datasets._texts import (
    fetch_sms_spam,
    fetch_snips,
    fetch_subj,
    fetch_tang_poetry,
    fetch_ud_sentences,
)

__all__ = [
    "FASHION_MNIST_CLASSES",
    "fetch_fashion_mnist",
    "fetch_indoor_movement",
    "fetch_series",
    "fetch_sms_spam",
    "fetch_snips",
    "fetch_subj",
    "fetch_tang_poetry",
    "fetch_ucr",
    "fetch_ud_sentences",
    "get_data_home",
    "load_digits_images",
    "load_docstrings",
    "load_stock_prices",
    "make_documents",
    "make_images",
    "make_sequences",
]
