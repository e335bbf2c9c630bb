"""How word vectors are judged: word pairs that people scored, and questions of analogies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ._search import unit_rows
from ._vector_files import opened

# Questions are answered in blocks of so many scores, 32 MB of them.
_BLOCK_SCORES = 1 << 23
# How many candidates may turn out to be a word of the question, spelled otherwise, before the
# last of them counts as the answer.
_N_CANDIDATES = 5


class WordPairScores(NamedTuple):
    """How cosines of word pairs agree with the scores that people gave.

    Attributes
    ----------
    pearson : float
        Correlation of cosines and scores.
    pearson_pvalue : float
        Its two-sided p-value.
    spearman : float
        Correlation of their ranks.
    spearman_pvalue : float
        Its two-sided p-value.
    unknown_ratio : float
        The share of pairs with an unknown word, from 0 to 1.
    """

    pearson: float
    pearson_pvalue: float
    spearman: float
    spearman_pvalue: float
    unknown_ratio: float


class AnalogyScores(NamedTuple):
    """How many questions of analogies were answered right.

    Attributes
    ----------
    accuracy : float
        The share of right answers over all sections, 0 where there was no question to answer.
    sections : DataFrame of shape (n_sections, 4)
        Indexed by the names of the sections, in the order of the file: ``accuracy``,
        ``n_correct``, ``n_questions`` (those counted), ``n_unknown`` (those with an unknown word).
    unknown_ratio : float
        The share of questions with an unknown word, from 0 to 1.
    """

    accuracy: float
    sections: pd.DataFrame
    unknown_ratio: float


def rows_by_spelling(
    words: Sequence[str], restrict_vocab: int | None, case_insensitive: bool
) -> dict[str, int]:
    """The row of each word among the first ones; of those that differ in case, the first."""
    rows: dict[str, int] = {}
    for row, word in enumerate(words[:restrict_vocab]):
        rows.setdefault(word.upper() if case_insensitive else word, row)
    return rows


# Word pairs --------------------------------------------------------------------------------------


def evaluate_pairs(
    words: Sequence[str],
    vectors: NDArray[np.float32],
    pairs: str | os.PathLike[str] | pd.DataFrame,
    *,
    restrict_vocab: int | None,
    case_insensitive: bool,
    unknown_as_zero: bool,
) -> WordPairScores:
    """Correlate cosines with the scores of word pairs; see `WordVectors.evaluate_word_pairs`."""
    rows = rows_by_spelling(words, restrict_vocab, case_insensitive)
    table = _pairs_of_frame(pairs) if isinstance(pairs, pd.DataFrame) else _pairs_of_file(pairs)
    asked = [[a.upper(), b.upper()] if case_insensitive else [a, b] for a, b, _ in table]
    found = np.array([[rows.get(word, -1) for word in pair] for pair in asked]).reshape(-1, 2)
    known = (found >= 0).all(axis=1)
    counted = np.ones_like(known) if unknown_as_zero else known
    if not known.any() or counted.sum() < 2:
        raise ValueError(
            "pairs must hold two pairs of known words at least, for a correlation, got "
            f"{known.sum()} of {len(table)} pairs. Check that it is separated by tabs: word, word, "
            "score; or fit on texts with such words."
        )
    first, second = (unit_rows(vectors[side].astype(np.float64)) for side in found[known].T)
    # In float32 every word has cosine 1 with itself, which ties; the last bits would rank noise.
    similarity = np.zeros(len(table), np.float32)
    similarity[known] = np.einsum("ij,ij->i", first, second)
    given = np.array([score for _, _, score in table])[counted]
    pearson = stats.pearsonr(given, similarity[counted])
    spearman = stats.spearmanr(given, similarity[counted])
    return WordPairScores(
        pearson=float(pearson.statistic),
        pearson_pvalue=float(pearson.pvalue),
        spearman=float(spearman.statistic),
        spearman_pvalue=float(spearman.pvalue),
        unknown_ratio=float(1 - known.mean()),
    )


def _pairs_of_file(path: str | os.PathLike[str]) -> list[tuple[str, str, float]]:
    """The lines of word, word, score; others, such as a header, are passed over."""
    pairs = []
    for line in lines_of(path):
        parts = line.split("\t")
        if line.startswith("#") or len(parts) != 3:
            continue
        try:
            pairs.append((parts[0], parts[1], float(parts[2])))
        except ValueError:
            continue
    return [pair for pair in pairs if np.isfinite(pair[2])]


def _pairs_of_frame(frame: pd.DataFrame) -> list[tuple[str, str, float]]:
    if frame.shape[1] != 3:
        raise ValueError(
            "pairs must have three columns, word, word and score, got "
            f"{frame.shape[1]}: {list(frame.columns)}. Select them in this order."
        )
    for row, (first, second, score) in enumerate(frame.itertuples(index=False, name=None)):
        numeric = isinstance(score, (int, float, np.number)) and np.isfinite(score)
        if not (isinstance(first, str) and isinstance(second, str) and numeric):
            raise ValueError(
                "pairs must hold two str and a finite number in each row, got "
                f"{(first, second, score)} in row {row}. Correct it or leave it out."
            )
    return list(frame.itertuples(index=False, name=None))


def lines_of(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a text file, unpacked where its name ends in .gz."""
    with opened(path) as stream:
        found = stream.read()
    try:
        return found.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = found[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{os.fspath(path)} must be text in UTF-8, got {error.reason} in line {line}. Save it "
            "in that encoding."
        ) from error


# Analogies ---------------------------------------------------------------------------------------


def evaluate_questions(
    words: Sequence[str],
    vectors: NDArray[np.float32],
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None,
    case_insensitive: bool,
    unknown_as_zero: bool,
) -> AnalogyScores:
    """Answer questions of analogies; see `WordVectors.evaluate_analogies`."""
    rows = rows_by_spelling(words, restrict_vocab, case_insensitive)
    names, section, questions = _read_questions(path, case_insensitive)
    asked = np.array([[rows.get(word, -1) for word in question] for question in questions])
    known = (asked >= 0).all(axis=1)
    right = np.zeros(len(asked), bool)
    if known.any():
        folded = [word.upper() if case_insensitive else word for word in words[:restrict_vocab]]
        spelling = np.array([rows[word] for word in folded])
        answers = _answers(vectors[: len(spelling)], spelling, asked[known, :3])
        right[known] = answers == asked[known, 3]
    counted = np.ones_like(known) if unknown_as_zero else known
    table = pd.DataFrame({"n_correct": right, "n_questions": counted, "n_unknown": ~known})
    sums = table.groupby(section).sum().reindex(range(len(names)), fill_value=0)
    sums.insert(0, "accuracy", sums["n_correct"] / sums["n_questions"].clip(lower=1))
    sums.index = pd.Index(names, name="section")
    accuracy = right.sum() / max(counted.sum(), 1)
    return AnalogyScores(float(accuracy), sums, float(1 - known.mean()))


def _read_questions(
    path: str | os.PathLike[str], case_insensitive: bool
) -> tuple[list[str], list[int], list[list[str]]]:
    """The names of the sections; of each question its section and its four words."""
    names: list[str] = []
    section, questions = [], []
    for number, line in enumerate(lines_of(path), start=1):
        if line.startswith(": "):
            names.append(line.lstrip(": ").strip())
            continue
        question = (line.upper() if case_insensitive else line).split()
        if question and not names:
            raise ValueError(
                f"{os.fspath(path)} must begin with a section, as in ': capitals', got "
                f"{line!r:.60} in line {number}. Put one before it."
            )
        if len(question) == 4:  # whatever else stands in the file is passed over
            section.append(len(names) - 1)
            questions.append(question)
    if not questions:
        raise ValueError(
            f"{os.fspath(path)} must hold questions, lines of four words, got none in "
            f"{len(names)} sections. Pass a file such as questions-words.txt."
        )
    return names, section, questions


def _answers(
    vectors: NDArray[np.float32], spelling: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The row that answers "a is to b as c is to": nearest to b + c - a, spelled as none of them.

    Parameters
    ----------
    vectors : ndarray of shape (V, d)
    spelling : ndarray of shape (V,)
        For each row the first one that is spelled the same, up to case.
    asked : ndarray of shape (n, 3)
        The rows of a, b and c.

    Returns
    -------
    answers : ndarray of shape (n,)
        In terms of `spelling`; -1 where nothing is left to answer with.
    """
    units = unit_rows(vectors)
    step = max(1, _BLOCK_SCORES // len(units))
    blocks = [asked[start : start + step] for start in range(0, len(asked), step)]
    return np.concatenate([_block_answers(units, spelling, block) for block in blocks])


def _block_answers(
    units: NDArray[np.float32], spelling: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.int64]:
    a, b, c = asked.T
    scores = (units[b] + units[c] - units[a]) @ units.T  # (n, V)
    np.put_along_axis(scores, asked, -np.inf, axis=1)
    answers = np.full(len(asked), -1)
    open_ = np.arange(len(asked))
    for _ in range(_N_CANDIDATES):
        best = (scores if len(open_) == len(scores) else scores[open_]).argmax(axis=1)
        there = scores[open_, best] > -np.inf
        open_, best = open_[there], best[there]
        answers[open_] = spelling[best]
        scores[open_, best] = -np.inf
        open_ = open_[(spelling[best, None] == asked[open_]).any(axis=1)]
        if not len(open_):
            break
    return answers
