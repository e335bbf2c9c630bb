"""skdl: deep and classical estimators that compose in scikit-learn.

The packages:

- ``skdl.estimators``       what users import: deep estimators, and scikit-learn's beside them

  - ``recurrent``, ``cnn``, ``transformer``, ``mlp``, ``word2vec``: one folder a family, with its
    estimators, how they read X, and their networks (``_network*.py``)
  - ``_base``: what the families share
  - ``classical.py``, ``accelerated.py``: scikit-learn's estimators, and scikit-learn-intelex's

- ``skdl.modules``          layers that several families use (``nn.Module`` only)
- ``skdl.engine``           the training loop (the only importer of skorch)
- ``skdl.preprocessing``    transformers: flattening, scaling of pixels, learned features; sliding
                            windows of a series
- ``skdl.pipelines``        ``make_*``: plain scikit-learn Pipelines for each kind of data, and
                            ``search_grid``
- ``skdl.model_selection``  ``compare``: cross-validation of many estimators on identical folds;
                            splitters for time series
- ``skdl.inspection``       displays: plots of comparisons, loss curves, class activation maps,
                            attention and word vectors
- ``skdl._reading``         X and indices as users pass them, for the other packages: containers,
                            frames, times, texts, units
- ``skdl.show_versions()``  versions of all that is used, for reports of bugs
- ``skdl.datasets``         real data that works offline, benchmark sets to fetch, and seeded
                            generators
"""

import importlib
from types import ModuleType

from ._show_versions import show_versions
from ._version import VERSION

__version__ = VERSION
_PACKAGES = (
    "datasets",
    "engine",
    "estimators",
    "inspection",
    "model_selection",
    "modules",
    "pipelines",
    "preprocessing",
)
__all__ = ["__version__", "show_versions"]


def __getattr__(name: str) -> ModuleType:
    """Packages are imported when they are asked for: `import skdl` alone is fast."""
    if name in _PACKAGES:
        return importlib.import_module(f"skdl.{name}")
    raise AttributeError(f"module 'skdl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_PACKAGES]
