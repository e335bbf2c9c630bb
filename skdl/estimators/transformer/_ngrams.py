"""tf-idf of n-grams of words and of characters within words: features of a linear model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import scipy.sparse as sp

from ..._reading import composed, split_words_and_punctuation

CHARACTERS = (3, 4, 5)
# Odd numbers: products with them, modulo 2 ** 64, are different for different keys.
FACTORS = np.random.default_rng(0).integers(2**63, size=8, dtype=np.uint64) | np.uint64(1)


def mixed(keys: np.ndarray) -> np.ndarray:
    """Hash of 64-bit integers (splitmix64, Steele et al., 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def hashed(symbols: np.ndarray, size: int) -> np.ndarray:
    """Hash of each window of ``size`` symbols (n - size + 1,)."""
    n_windows = max(0, len(symbols) - size + 1)
    keys = np.full(n_windows, size, dtype=np.uint64)
    for place in range(size):
        keys = mixed(keys * FACTORS[0] + symbols[place : place + n_windows])
    return keys


class Ngrams:
    """tf-idf of words, pairs of words, and character n-grams of 3 to 5 characters within words.

    A feature is (1 + log count) * (1 + log((1 + n) / (1 + df))). The features of words and pairs
    are scaled to length 1, those of character n-grams to the root of the share of words that have
    any (in Chinese text a few numbers and names), then both together to length 1. Unknown words are
    represented by their character n-grams.

    Parameters
    ----------
    lowercase : bool
    max_features : int
        Maximum number of features: where there are more, those in the fewest texts are left out.
    """

    def __init__(self, *, lowercase: bool = True, max_features: int = 2**25) -> None:
        self.lowercase, self.max_features = lowercase, max_features

    def fit_transform(self, texts: Sequence[str]) -> sp.csr_array:
        """The features (n_texts, n_features) of the texts that they are learned from."""
        blocks = []
        self.keys, self.idf = [], []
        counted, share = self._counts(texts)
        dfs = [np.bincount(counts.indices, minlength=counts.shape[1]) for _, counts in counted]
        for (keys, counts), df, kept in zip(counted, dfs, self._kept(dfs), strict=True):
            self.keys.append(keys[kept])
            self.idf.append(np.log((1 + len(texts)) / (1 + df[kept])).astype(np.float32) + 1)
            blocks.append(self._weighted(counts[:, kept], self.idf[-1]))
        return self._joined(blocks, share)

    def _kept(self, dfs: list[np.ndarray]) -> list[np.ndarray]:
        """Which words and character n-grams are features, by their document frequencies."""
        for more in count():
            least = (1 + more, 2 + more)
            kept = [np.flatnonzero(df >= n) for df, n in zip(dfs, least, strict=True)]
            if sum(map(len, kept)) <= self.max_features:
                break
        return kept

    def transform(self, texts: Sequence[str]) -> sp.csr_array:
        """The features of any texts."""
        blocks = []
        counted, share = self._counts(texts)
        for (keys, counts), known, idf in zip(counted, self.keys, self.idf, strict=True):
            place = np.searchsorted(known, keys).clip(max=max(0, len(known) - 1))
            found = known[place] == keys if len(known) else np.zeros(len(keys), dtype=bool)
            to_known = sp.csr_array(
                (np.ones(found.sum(), np.float32), (np.flatnonzero(found), place[found])),
                shape=(len(keys), len(known)),
            )
            blocks.append(self._weighted(counts @ to_known, idf))
        return self._joined(blocks, share)

    @property
    def n_features(self) -> int:
        return sum(map(len, self.keys))

    def _counts(
        self, texts: Sequence[str]
    ) -> tuple[list[tuple[np.ndarray, sp.csr_array]], np.ndarray]:
        """Keys (n,) and counts (n_texts, n), of words and pairs, and of character n-grams.

        And the share of the words of each text that have character n-grams (n_texts,).
        """
        index: dict[str, int] = {}
        words, lengths = [], []
        for text in map(composed, texts):
            found = split_words_and_punctuation(text.lower() if self.lowercase else text)
            lengths.append(len(found))
            words += [index.setdefault(word, len(index)) for word in found]
        row = np.repeat(np.arange(len(texts)), lengths)
        # Words, and pairs of neighbouring words of one text.
        of_text = np.array(words, dtype=np.int64)
        piece_of, word_of, word_keys = _character_ngrams(list(index))
        singles = word_keys[of_text]
        same = row[1:] == row[:-1]
        pairs = hashed(singles, 2)[same]
        rows = np.concatenate([row, row[1:][same]])
        counts_of_words = _count(np.concatenate([singles, pairs]), rows, len(texts))
        # Character n-grams, counted once for each distinct word: a text's counts are a product.
        keys, column = np.unique(piece_of, return_inverse=True)
        pieces = sp.csr_array(
            (np.ones(len(column), np.float32), (word_of, column)), shape=(len(index), len(keys))
        )
        of_words = sp.csr_array(
            (np.ones(len(row), np.float32), (row, of_text)), shape=(len(texts), len(index))
        )
        share = _share(row, of_text, list(index), len(texts))
        return [counts_of_words, (keys, of_words @ pieces)], share

    @staticmethod
    def _weighted(counts: sp.csr_array, idf: np.ndarray) -> sp.csr_array:
        counts = sp.csr_array(counts, dtype=np.float32)
        # The logarithm is of whole counts.
        counts.sum_duplicates()
        counts.data = (1 + np.log(counts.data)) * idf[counts.indices]
        return counts

    @staticmethod
    def _joined(blocks: list[sp.csr_array], share: np.ndarray) -> sp.csr_array:
        squares = np.stack([block.multiply(block).sum(1) for block in blocks])  # (2, n)
        # Each block is scaled to the root of its share, and both together to length 1.
        shares = np.stack([np.ones(len(share)), share]) * (squares > 0)
        scales = np.sqrt(shares / np.maximum(squares * shares.sum(0), 1e-12))
        scaled = [
            sp.diags_array(scale) @ block for block, scale in zip(blocks, scales, strict=True)
        ]
        features = sp.csr_array(sp.hstack(scaled), dtype=np.float32)
        features.indices = features.indices.astype(np.int32)  # what scikit-learn's models take
        features.indptr = features.indptr.astype(np.int32)
        return features


def _count(keys: np.ndarray, rows: np.ndarray, n_rows: int) -> tuple[np.ndarray, sp.csr_array]:
    unique, column = np.unique(keys, return_inverse=True)
    ones = np.ones(len(keys), np.float32)
    counts = sp.csr_array((ones, (rows, column)), shape=(n_rows, len(unique)))
    counts.sum_duplicates()  # older versions of scipy have not
    return unique, counts


def _share(row: np.ndarray, of_text: np.ndarray, words: list[str], n_texts: int) -> np.ndarray:
    """The share of a text's words that have character n-grams (n_texts,)."""
    is_long = np.array([len(word) > 1 for word in words], dtype=bool)
    is_word = is_long | np.array([word.isalnum() for word in words], dtype=bool)
    n_long, n_words = (np.bincount(row, each[of_text], n_texts) for each in (is_long, is_word))
    share: np.ndarray = n_long / np.maximum(n_words, 1)
    return share


def _character_ngrams(words: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys of the character n-grams of all words, the word of each, and the keys of the words."""
    lengths = np.array([len(word) + 2 for word in words], dtype=np.int64)
    # All words as one array of code points; brackets mark where a word begins and ends.
    text = "".join(f"<{word}>" for word in words)
    symbols = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    symbols = symbols.astype(np.uint64)
    word_of = np.repeat(np.arange(len(words)), lengths)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(symbols)) - np.repeat(starts, lengths)
    left = np.repeat(lengths, lengths) - place  # symbols from here to the end of the word
    long_enough = np.repeat(lengths > 3, lengths)  # words of one character have no n-grams
    keys, owners = [], []
    for size in CHARACTERS:
        windows = hashed(symbols, size)
        inside = (left >= size)[: len(windows)] & long_enough[: len(windows)]
        keys.append(windows[inside])
        owners.append(word_of[: len(windows)][inside])
    # The key of a whole word: a sum over its characters, each hashed with its place.
    powers = mixed(place.astype(np.uint64) * FACTORS[1] + symbols * FACTORS[2])
    whole = mixed(np.add.reduceat(powers, starts)) if len(words) else powers
    return np.concatenate(keys), np.concatenate(owners), whole
