"""Plain scikit-learn Pipelines that let any estimator of the catalogue take the data."""

from ._grids import search_grid
from ._image import make_image_classifier
from ._sequence import make_sequence_pipeline
from ._tabular import make_tabular_pipeline
from ._text import make_text_classifier

__all__ = [
    "make_image_classifier",
    "make_sequence_pipeline",
    "make_tabular_pipeline",
    "make_text_classifier",
    "search_grid",
]
