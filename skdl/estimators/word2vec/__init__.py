"""The word-vector family: vectors of words, learned from documents."""

from ._transformer import Word2VecTransformer

__all__ = ["Word2VecTransformer"]
