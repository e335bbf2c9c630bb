"""Queries on word vectors: neighbours, analogies, similarities, evaluation, saving."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ._evaluation import AnalogyScores, WordPairScores, evaluate_analogies, evaluate_word_pairs
from ._search import check_count, check_vector, nearest_rows, row_in, unit_rows, word_list
from ._vector_files import write_word2vec_format


class WordVectors:
    """Mixin of estimators with word vectors: queries, evaluation and saving.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The row of each word, from 0. Words are in Unicode's normal form C (NFC).
    vectors_ : ndarray of shape (n_words, n_dimensions)
        The vector of each word, float32.
    counts_ : ndarray of shape (n_words,)
        Number of occurrences of each word.

    Notes
    -----
    Methods find words in each normal form of Unicode, and in any case where ``lowercase`` is set or
    the vectors were given. They raise `UnknownWordError`, a KeyError, for a word that is not in the
    vocabulary, with similar spellings in its message; ValueError for other invalid input;
    NotFittedError before `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from skdl.estimators.word2vec._word_vectors import WordVectors
    >>> class Learned(WordVectors, BaseEstimator):
    ...     def fit(self, X=None, y=None):
    ...         self.vocabulary_ = {"king": 0, "queen": 1, "man": 2, "woman": 3, "apple": 4}
    ...         self.vectors_ = np.array([[5, 5], [5, -5], [1, 5], [1, -5], [9, 0]], np.float32)
    ...         self.counts_ = np.array([9, 7, 5, 3, 1])
    ...         return self
    >>> learned = Learned().fit()
    >>> learned.most_similar("king", topn=2)
    [('man', 0.83...), ('apple', 0.70...)]
    >>> learned.most_similar([0, -1], topn=1)
    [('woman', 0.98...)]
    >>> learned.analogy(positive=["king", "woman"], negative="man", topn=1)
    [('queen', 0.9...)]
    >>> learned.similarity("king", "man")
    0.83...
    >>> learned.doesnt_match(["king", "apple", "man"])
    'apple'
    >>> learned.similarity("king", "Quen")
    Traceback (most recent call last):
    ...
    skdl.estimators.word2vec._search.UnknownWordError: A word must be one of the vocabulary_ of 5,
    got 'Quen'. Did you mean 'queen'?

    Evaluation on similarity scores of word pairs and on analogy questions, and saving to a file:

    >>> import pandas as pd
    >>> pairs = [("king", "man", 8), ("king", "woman", 3), ("queen", "apple", 5), ("a", "b", 1)]
    >>> found = learned.evaluate_word_pairs(pd.DataFrame(pairs))
    >>> round(found.spearman, 3), found.unknown_ratio
    (1.0, 0.25)
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "questions.txt")
    ...     with open(path, "w") as file:
    ...         _ = file.write(": family\\nman king woman queen\\nking man queen woman\\n")
    ...     found = learned.evaluate_analogies(path)
    ...     learned.save_word2vec_format(os.path.join(folder, "vectors.txt.gz"))
    >>> found.accuracy
    1.0
    >>> found.sections
            accuracy  n_correct  n_questions  n_unknown
    section
    family       1.0          2            2          0
    """

    vocabulary_: dict[str, int]
    vectors_: NDArray[np.float32]
    counts_: NDArray[np.int64]

    def most_similar(self, word: str | ArrayLike, topn: int = 10) -> list[tuple[str, float]]:
        """Find the words with the most similar vectors.

        Parameters
        ----------
        word : str or array-like of shape (n_dimensions,)
            A word, which is not among the results, or a vector.
        topn : int, default=10
            Maximum number of words to find, at least 1.

        Returns
        -------
        neighbours : list of (str, float)
            Words and their cosine similarities, the most similar first; 0 with a vector of zeros.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary; the message suggests similar spellings.
        ValueError
            If the vector has another shape or is not finite, or `topn` is below 1.
        """
        check_is_fitted(self, "vectors_")
        if isinstance(word, str):
            row = row_in(self, word)
            return self._nearest(self.vectors_[row], topn, leave_out=[row])
        return self._nearest(check_vector(word, self.vectors_.shape[1]), topn, leave_out=[])

    def analogy(
        self, positive: str | Sequence[str], negative: str | Sequence[str] = (), topn: int = 10
    ) -> list[tuple[str, float]]:
        """Solve an analogy: find the words most similar to a sum and difference of others.

        Man is to king as woman is to ``analogy(["king", "woman"], "man")``. Vectors are scaled to
        length 1 first (3CosAdd of Mikolov et al., 2013).

        Parameters
        ----------
        positive : str or sequence of str
            Words to add. No word that is passed is among the results.
        negative : str or sequence of str, default=()
            Words to subtract.
        topn : int, default=10
            Maximum number of words to find, at least 1.

        Returns
        -------
        answers : list of (str, float)
            Words and their cosine similarities, the most similar first.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message suggests similar spellings.
        ValueError
            If no word is passed, or `topn` is below 1.
        """
        check_is_fitted(self, "vectors_")
        added, taken = ([row_in(self, word) for word in word_list(w)] for w in (positive, negative))
        rows = added + taken
        if not rows:
            raise ValueError("positive and negative must hold at least one word, got none.")
        signs = np.repeat([1.0, -1.0], [len(added), len(taken)])
        target = signs @ unit_rows(self.vectors_[rows].astype(np.float64))
        return self._nearest(target, topn, leave_out=rows)

    def similarity(self, word: str, other: str) -> float:
        """Compute the cosine similarity of two words.

        Parameters
        ----------
        word, other : str
            Two words of the vocabulary.

        Returns
        -------
        cosine : float
            From -1 to 1; 0 for a vector of zeros.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message suggests similar spellings.
        """
        check_is_fitted(self, "vectors_")
        rows = [row_in(self, word), row_in(self, other)]
        first, second = unit_rows(self.vectors_[rows].astype(np.float64))
        return float(np.clip(first @ second, -1, 1))

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Find the word that does not match the others: the least similar to their mean.

        Parameters
        ----------
        words : iterable of str
            At least one. Vectors are scaled to length 1 before the mean is taken.

        Returns
        -------
        word : str
            One of `words`.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message suggests similar spellings.
        ValueError
            If no words are passed.
        """
        check_is_fitted(self, "vectors_")
        listed = word_list(words)
        if not listed:
            raise ValueError("words must hold at least one word, got none. Pass some to compare.")
        units = unit_rows(self.vectors_[[row_in(self, word) for word in listed]].astype(np.float64))
        return min(zip((units @ units.mean(axis=0)).tolist(), listed, strict=True))[1]

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str] | pd.DataFrame,
        *,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        unknown_as_zero: bool = False,
    ) -> WordPairScores:
        """Correlate cosine similarities of word pairs with human similarity scores.

        The results are those of gensim's method of this name.

        Parameters
        ----------
        pairs : str, path-like or DataFrame of shape (n_pairs, 3)
            Word, word and score: a DataFrame, or a file in UTF-8 with a pair in each line,
            separated by tabs, compressed if its name ends in .gz, .bz2 or .xz. Lines that begin
            with # or have another form, such as a header, are skipped.
        restrict_vocab : int, default=300000
            Number of words, the most frequent ones, that count as known. None for all.
        case_insensitive : bool, default=True
            Whether to ignore case; of words that differ only in case the most frequent is used.
        unknown_as_zero : bool, default=False
            Whether pairs with an unknown word have similarity 0 instead of being left out.

        Returns
        -------
        scores : WordPairScores
            A named tuple of `pearson`, `pearson_pvalue`, `spearman`, `spearman_pvalue` and
            `unknown_ratio`, the fraction of pairs with an unknown word.

        Raises
        ------
        ValueError
            If fewer than two pairs can be compared, or `pairs` does not have these columns.
        """
        check_is_fitted(self, "vectors_")
        check_count(restrict_vocab, "restrict_vocab", or_none=True)
        return evaluate_word_pairs(
            self._words(),
            self.vectors_,
            pairs,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            unknown_as_zero=unknown_as_zero,
        )

    def evaluate_analogies(
        self,
        path: str | os.PathLike[str],
        *,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        unknown_as_zero: bool = False,
    ) -> AnalogyScores:
        """Compute the accuracy on analogy questions, "a is to b as c is to".

        The results are those of gensim's ``evaluate_word_analogies``: the answer is the word most
        similar to b + c - a that is not one of the three.

        Parameters
        ----------
        path : str or path-like
            A file in UTF-8, compressed if its name ends in .gz, .bz2 or .xz, in the format of
            Google's questions-words.txt: lines of four words, the last the answer, under lines
            such as ``: capitals`` that begin a section. Other lines are skipped.
        restrict_vocab : int, default=300000
            Number of words, the most frequent ones, that count as known and can be answers. None
            for all.
        case_insensitive : bool, default=True
            Whether to ignore case; of words that differ only in case the most frequent is used.
        unknown_as_zero : bool, default=False
            Whether questions with an unknown word count as wrong instead of being left out.

        Returns
        -------
        scores : AnalogyScores
            A named tuple of `accuracy`, `sections` (a DataFrame with the results of each) and
            `unknown_ratio`, the fraction of questions with an unknown word.

        Raises
        ------
        ValueError
            If the file holds no questions, or one before the first section.
        """
        check_is_fitted(self, "vectors_")
        check_count(restrict_vocab, "restrict_vocab", or_none=True)
        return evaluate_analogies(
            self._words(),
            self.vectors_,
            path,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            unknown_as_zero=unknown_as_zero,
        )

    def save_word2vec_format(self, path: str | os.PathLike[str], *, binary: bool = False) -> None:
        """Save words and vectors to a file that word2vec and gensim can read.

        Parameters
        ----------
        path : str or path-like
            The file to write, compressed if its name ends in .gz, .bz2 or .xz.
        binary : bool, default=False
            Whether numbers are written as the four bytes of a float32 instead of text. Reading
            either gives the same float32.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        ValueError
            If a word contains a space or a newline, which separate words in such files. Where one
            of them is a whole word, as in vectors of characters, it is written as "\u2581" (U+2581)
            or "\u2424" (U+2424), and the number of dimensions in the first line with a zero before
            it, by which ``from_word2vec_format`` turns them back, and leaves these characters as
            they are in files of other programs, such as those of sentencepiece.
        """
        check_is_fitted(self, "vectors_")
        write_word2vec_format(path, self._words(), self.vectors_, binary)

    def _words(self) -> list[str]:
        """The words in the order of their rows."""
        words, rows = list(self.vocabulary_), list(self.vocabulary_.values())
        in_order = rows == sorted(rows)  # unless the dict was replaced by a user
        return words if in_order else sorted(words, key=self.vocabulary_.__getitem__)

    def _nearest(
        self, target: NDArray[Any], topn: int, leave_out: list[int]
    ) -> list[tuple[str, float]]:
        check_count(topn, "topn")
        words = self._words()
        found = nearest_rows(self.vectors_, target, topn, leave_out)
        return [(words[row], cosine) for row, cosine in found]
