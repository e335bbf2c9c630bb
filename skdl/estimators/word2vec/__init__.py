"""The word-vector family: vectors of words, learned from documents."""

from ._search import check_count, row_in, unit_rows, word_list
from ._transformer import Word2VecTransformer
from ._word_vectors import WordVectors

__all__ = [
    "Word2VecTransformer",
    "WordVectors",
    "check_count",
    "row_in",
    "unit_rows",
    "word_list",
]
