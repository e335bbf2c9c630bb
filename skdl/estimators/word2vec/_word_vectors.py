"""What can be asked of word vectors: neighbours, analogies, how good they are, a file of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ._evaluation import AnalogyScores, WordPairScores, evaluate_pairs, evaluate_questions
from ._search import check_count, check_vector, nearest_rows, row_of, unit_rows
from ._vector_files import write_word2vec_format


class WordVectors:
    """Questions to the word vectors of an estimator, a mixin.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The row of each word, from 0.
    vectors_ : ndarray of shape (n_words, n_dimensions)
        A row for each word, of dtype float32.
    counts_ : ndarray of shape (n_words,)
        How often each word was seen.

    Notes
    -----
    What cannot be done with the words given raises one of a few errors: `UnknownWordError`, a
    KeyError, for a word that is not in the vocabulary, with near spellings in its message;
    ValueError for all else; NotFittedError before `fit`.

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

    Scores of people for pairs of words, questions in the format of Google's, and a file:

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
        """Find the words whose vectors point most nearly the same way.

        Parameters
        ----------
        word : str or array-like of shape (n_dimensions,)
            A word, which is left out of what is found, or a vector.
        topn : int, default=10
            How many words to find, at least 1; there may be fewer.

        Returns
        -------
        neighbours : list of (str, float)
            Words and their cosines, the nearest first. A vector of zeros has cosine 0 with all.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary; the message names near spellings.
        ValueError
            If the vector has another shape or is not finite, or `topn` is below 1.
        """
        check_is_fitted(self, "vectors_")
        if isinstance(word, str):
            row = row_of(word, self.vocabulary_)
            return self._nearest(self.vectors_[row], topn, leave_out=[row])
        return self._nearest(check_vector(word, self.vectors_.shape[1]), topn, leave_out=[])

    def analogy(
        self, positive: str | Sequence[str], negative: str | Sequence[str] = (), topn: int = 10
    ) -> list[tuple[str, float]]:
        """Find the words nearest to a sum of some words less others.

        Man is to king as woman is to ``analogy(["king", "woman"], "man")``. Each vector counts
        with length 1 (3CosAdd of Mikolov et al., 2013).

        Parameters
        ----------
        positive : str or sequence of str
            Words to add. All words passed are left out of what is found.
        negative : str or sequence of str, default=()
            Words to take away.
        topn : int, default=10
            How many words to find, at least 1; there may be fewer.

        Returns
        -------
        answers : list of (str, float)
            Words and their cosines with the sum, the nearest first.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message names near spellings.
        ValueError
            If no word is passed, or `topn` is below 1.
        """
        check_is_fitted(self, "vectors_")
        added, taken = (
            [row_of(word, self.vocabulary_) for word in _listed(w)] for w in (positive, negative)
        )
        rows = added + taken
        if not rows:
            raise ValueError("positive and negative must hold one word at least, got none.")
        signs = np.repeat([1.0, -1.0], [len(added), len(taken)])
        target = signs @ unit_rows(self.vectors_[rows].astype(np.float64))
        return self._nearest(target, topn, leave_out=rows)

    def similarity(self, word: str, other: str) -> float:
        """Measure how nearly the same way the vectors of two words point.

        Parameters
        ----------
        word, other : str
            Two words of the vocabulary.

        Returns
        -------
        cosine : float
            From -1 to 1; 0 where one is a vector of zeros.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message names near spellings.
        """
        check_is_fitted(self, "vectors_")
        rows = [row_of(word, self.vocabulary_), row_of(other, self.vocabulary_)]
        first, second = unit_rows(self.vectors_[rows].astype(np.float64))
        return float(np.clip(first @ second, -1, 1))

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Find the word that fits the others least: farthest from the mean of all.

        Parameters
        ----------
        words : iterable of str
            One at least; each vector counts with length 1 in the mean.

        Returns
        -------
        word : str
            One of `words`.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; the message names near spellings.
        ValueError
            If no words are passed.
        """
        check_is_fitted(self, "vectors_")
        listed = _listed(words)
        if not listed:
            raise ValueError("words must hold one word at least, got none. Pass some to compare.")
        units = unit_rows(
            self.vectors_[[row_of(word, self.vocabulary_) for word in listed]].astype(np.float64)
        )
        return min(zip((units @ units.mean(axis=0)).tolist(), listed, strict=True))[1]

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str] | pd.DataFrame,
        *,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        unknown_as_zero: bool = False,
    ) -> WordPairScores:
        """Correlate the cosines of word pairs with scores that people gave them.

        The figures are those of gensim's method of this name.

        Parameters
        ----------
        pairs : str, path-like or DataFrame of shape (n_pairs, 3)
            Word, word and score: a DataFrame, or a file in UTF-8 with a pair in each line,
            separated by tabs, packed with gzip if its name ends in .gz. Lines that begin with #
            or are something else, such as a header, are passed over.
        restrict_vocab : int, default=300000
            Only so many words, the most frequent, count as known. None for all.
        case_insensitive : bool, default=True
            Whether words that differ in case are the same; the most frequent one stands for all.
        unknown_as_zero : bool, default=False
            Whether pairs with an unknown word count with cosine 0, rather than being left out.

        Returns
        -------
        scores : WordPairScores
            A named tuple of `pearson`, `pearson_pvalue`, `spearman`, `spearman_pvalue` and
            `unknown_ratio`, the share of pairs with an unknown word.

        Raises
        ------
        ValueError
            If fewer than two pairs can be compared, or `pairs` does not hold such columns.
        """
        check_is_fitted(self, "vectors_")
        check_count(restrict_vocab, "restrict_vocab", or_none=True)
        return evaluate_pairs(
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
        """Answer questions of analogies, "a is to b as c is to", and count the right answers.

        The figures are those of gensim's ``evaluate_word_analogies``: an answer is the word
        nearest to b + c - a that is not one of the three.

        Parameters
        ----------
        path : str or path-like
            A file in UTF-8, packed with gzip if its name ends in .gz, in the format of Google's
            questions-words.txt: lines of four words, the last the answer, under lines such as
            ``: capitals`` that begin a section. Other lines are passed over.
        restrict_vocab : int, default=300000
            Only so many words, the most frequent, count as known and as answers. None for all.
        case_insensitive : bool, default=True
            Whether words that differ in case are the same; the most frequent one stands for all.
        unknown_as_zero : bool, default=False
            Whether questions with an unknown word count as wrong, rather than being left out.

        Returns
        -------
        scores : AnalogyScores
            A named tuple of `accuracy`, `sections` (a DataFrame with the figures of each) and
            `unknown_ratio`, the share of questions with an unknown word.

        Raises
        ------
        ValueError
            If the file holds no questions, or one before the first section.
        """
        check_is_fitted(self, "vectors_")
        check_count(restrict_vocab, "restrict_vocab", or_none=True)
        return evaluate_questions(
            self._words(),
            self.vectors_,
            path,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            unknown_as_zero=unknown_as_zero,
        )

    def save_word2vec_format(self, path: str | os.PathLike[str], *, binary: bool = False) -> None:
        """Save words and vectors, the frequent first, into a file that word2vec and gensim read.

        Parameters
        ----------
        path : str or path-like
            The file to write, packed with gzip if its name ends in .gz.
        binary : bool, default=False
            Whether numbers are written as the four bytes of a float32 rather than as text. Both
            give the same float32 when read.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        ValueError
            If a word holds a space or a newline, which part the words in such files.
        """
        check_is_fitted(self, "vectors_")
        write_word2vec_format(path, self._words(), self.vectors_, binary)

    def _words(self) -> list[str]:
        """The words in the order of their rows."""
        words, rows = list(self.vocabulary_), list(self.vocabulary_.values())
        in_order = rows == sorted(rows)  # as they are, unless someone has made the dict anew
        return words if in_order else sorted(words, key=self.vocabulary_.__getitem__)

    def _nearest(
        self, target: NDArray[Any], topn: int, leave_out: list[int]
    ) -> list[tuple[str, float]]:
        check_count(topn, "topn")
        words = self._words()
        found = nearest_rows(self.vectors_, target, topn, leave_out)
        return [(words[row], cosine) for row, cosine in found]


def _listed(words: str | Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)
