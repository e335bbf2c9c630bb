"""The fitted tokenizer of a text estimator, and the token ids and vectors of its network."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._reading import composed
from .._base import given_vectors
from ._network import TokenEmbedding
from ._tokenizers import (
    CACHE,
    KINDS,
    digest,
    import_tokenizers,
    pieces_kept,
    token_strings,
    tokens_of,
    train_tokenizer,
    unknown_of,
    with_unknown,
)


class Tokenization:
    """A trained tokenizer with truncation of long texts.

    Recent results are cached for candidates of a grid search that share tokenizer and fold.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    max_length : int
        Maximum number of tokens of a text.
    key : hashable
        Identifies the tokenizer in the cache.
    truncates : bool, default=False
        Whether the tokenizer itself truncates long texts, to keep its special tokens.
    composes : bool, default=False
        Whether it takes texts in NFC: one that was trained here. Others normalize texts themselves.

    Attributes
    ----------
    mean_length : float
        Mean number of tokens of the training texts of a fit, none of them truncated.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        key: object,
        *,
        truncates: bool = False,
        composes: bool = False,
    ) -> None:
        self.tokenizer, self.max_length, self.truncates = tokenizer, max_length, truncates
        self.composes, self.mean_length = composes, 1.0
        self.key = (key, max_length if truncates else None)

    @classmethod
    def trained(
        cls,
        tokenizer: Any,
        texts: Sequence[str],
        *,
        max_length: int,
        vocab_size: int,
        min_frequency: int | str,
        lowercase: bool,
    ) -> Tokenization:
        """One trained on texts where ``tokenizer`` is the name of a kind, else a copy of it."""
        if not isinstance(tokenizer, str):
            kept = with_unknown(copied(tokenizer))
            return cls(kept, max_length, content_of(kept))
        options = {
            "vocab_size": vocab_size, "min_frequency": min_frequency, "lowercase": lowercase
        }  # fmt: skip
        texts = list(map(composed, texts))
        key = (tokenizer, *options.values(), digest(texts))

        def train() -> tuple[Any, int]:
            made = train_tokenizer(tokenizer, texts, **options)  # type: ignore[arg-type]
            return made, 200 * made.get_vocab_size()

        # A copy, because users may change it.
        return cls(copy.deepcopy(CACHE.get(key, train)), max_length, key, composes=True)

    def ids(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of all texts, concatenated, and their number for each; long texts truncated."""
        values, lengths = self._whole(texts)
        if not self.truncates and lengths.max() > self.max_length:
            values = values[pieces_kept(lengths, self.max_length)]
            lengths = np.minimum(lengths, self.max_length)
        return values, lengths

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """Number of tokens of each text before it is truncated here."""
        return self._whole(texts)[1]

    def _whole(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        texts = self._read(texts)

        def tokenize() -> tuple[tuple[np.ndarray, np.ndarray], int]:
            values, lengths = tokens_of(self.tokenizer, texts)
            return (values, lengths), values.nbytes + lengths.nbytes

        made: tuple[np.ndarray, np.ndarray] = CACHE.get((self.key, digest(texts)), tokenize)
        return made

    def strings(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text, as strings; long texts truncated."""
        tokens = token_strings(self.tokenizer, self._read(texts))
        if self.truncates:
            return tokens
        n_last = self.max_length // 2
        n_first = self.max_length - n_last
        return [
            found
            if len(found) <= self.max_length
            else found[:n_first] + found[len(found) - n_last :]
            for found in tokens
        ]

    def _read(self, texts: Sequence[str]) -> Sequence[str]:
        return list(map(composed, texts)) if self.composes else texts

    def to_tokenizer(self) -> Any:
        """A copy of the tokenizer, which takes texts in any normal form."""
        made = copy.deepcopy(self.tokenizer)
        if self.composes:  # texts are composed before it here, which is faster
            normalizers = import_tokenizers().normalizers
            made.normalizer = normalizers.Sequence([normalizers.NFC(), made.normalizer])
        return made

    @property
    def n_tokens(self) -> int:
        return max(self.tokenizer.get_vocab().values()) + 1

    @property
    def unknown(self) -> int:
        return unknown_of(self.tokenizer)


def check_tokenizer(tokenizer: Any) -> None:
    """Raise ValueError or TypeError unless it is a kind of tokenizer or a trained one."""
    if isinstance(tokenizer, str):
        if tokenizer not in KINDS:
            raise ValueError(
                f"tokenizer must be one of {KINDS} or a tokenizers.Tokenizer, got {tokenizer!r}."
            )
        return
    tokenizer = backend_of(tokenizer)
    if not isinstance(tokenizer, import_tokenizers().Tokenizer):
        raise TypeError(
            f"tokenizer must be one of {KINDS} or a tokenizers.Tokenizer, got "
            f"{type(tokenizer).__name__}."
        )
    if not tokenizer.get_vocab_size():
        raise ValueError("tokenizer has an empty vocabulary: train it first, or pass a name.")


def content_of(tokenizer: Any) -> str:
    """Hash of a tokenizer's content."""
    return hashlib.blake2b(tokenizer.to_str().encode()).hexdigest()


def backend_of(tokenizer: Any) -> Any:
    """The tokenizers.Tokenizer inside one of transformers, else the tokenizer itself."""
    return getattr(tokenizer, "backend_tokenizer", tokenizer)


def copied(tokenizer: Any) -> Any:
    """A copy of the tokenizer without padding and truncation, which are done here."""
    tokenizer = backend_of(tokenizer)
    try:
        kept = type(tokenizer).from_str(tokenizer.to_str())
    except Exception as error:  # parts of it written in Python
        raise ValueError(
            f"tokenizer must be one that can be saved (to_str), or pickles would lack it: {error}"
        ) from error
    kept.no_padding()
    kept.no_truncation()
    return kept


def make_embedding(
    tokenization: Tokenization,
    d_model: int,
    token_dropout: float,
    embeddings: Any,
    dtype: torch.dtype,
) -> TokenEmbedding:
    """The embedding layer of a vocabulary, initialized with ``embeddings`` where they are given."""
    seed = int(torch.randint(2**31, ()))
    return TokenEmbedding(
        tokenization.n_tokens,
        d_model,
        unknown=tokenization.unknown,
        token_dropout=token_dropout,
        vectors=None
        if embeddings is None
        else token_vectors(embeddings, tokenization, dtype, seed),
    )


def token_vectors(
    embeddings: Any, tokenization: Tokenization, dtype: torch.dtype, seed: int
) -> Tensor:
    """Initial vectors (n_tokens, size) of the vocabulary, from given word vectors.

    Vectors of other tokens are drawn from a normal distribution with their mean and variance.

    Parameters
    ----------
    embeddings : mapping of str to array of shape (size,), or fitted Word2VecTransformer

    Raises
    ------
    TypeError, ValueError
        If it is neither, has no token of the vocabulary, or its vectors are not finite and of one
        size.
    """
    rows, known = given_vectors(embeddings, tokenization.tokenizer.get_vocab(), "embeddings")
    drawn = np.random.default_rng(seed).normal(size=(tokenization.n_tokens, known.shape[1]))
    vectors = drawn * known.std(0) + known.mean(0)
    vectors[rows] = known
    return torch.from_numpy(vectors).to(dtype)
