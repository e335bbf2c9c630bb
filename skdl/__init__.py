"""skdl: deep and classical estimators that compose in scikit-learn.

Where things live:

- ``skdl.estimators``       what users import: one file per family, and scikit-learn's classics
- ``skdl.modules``          the architectures (``nn.Module`` only)
- ``skdl.engine``           the training loop (the only importer of skorch)
- ``skdl.preprocessing``    transformers: flattening, windows; tokens and n-grams of text,
                            corpora of word vectors
- ``skdl.pipelines``        ``make_*_pipeline``: plain scikit-learn Pipelines for each kind of data
- ``skdl.model_selection``  ``compare`` and splitters for series
- ``skdl.inspection``       Displays
- ``skdl.datasets``         real data that works offline, and seeded generators
"""

__version__ = "0.1.0"
