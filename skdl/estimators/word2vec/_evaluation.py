"""Evaluation of word vectors: human similarity scores of word pairs, and analogy questions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ..._reading import composed
from ._compression import damage_reported, open_decompressed
from ._search import unit_rows

# Analogy questions are answered in blocks of this many scores, 32 MB.
_BLOCK_SCORES = 1 << 23
# Candidates that differ from a word of the question only in case are passed over, up to this many;
# then the last one is the answer.
_N_CANDIDATES = 5


class WordPairScores(NamedTuple):
    """Correlation of cosine similarities of word pairs with human scores.

    Attributes
    ----------
    pearson : float
        Pearson correlation of similarities and scores.
    pearson_pvalue : float
        Its two-sided p-value.
    spearman : float
        Spearman rank correlation.
    spearman_pvalue : float
        Its two-sided p-value.
    unknown_ratio : float
        Fraction of pairs with an unknown word, from 0 to 1.
    """

    pearson: float
    pearson_pvalue: float
    spearman: float
    spearman_pvalue: float
    unknown_ratio: float


class AnalogyScores(NamedTuple):
    """Accuracy on analogy questions.

    Attributes
    ----------
    accuracy : float
        Fraction of correct answers over all sections; 0 without questions.
    sections : DataFrame of shape (n_sections, 4)
        Indexed by the names of the sections, in the order of the file: ``accuracy``,
        ``n_correct``, ``n_questions`` (those counted), ``n_unknown`` (those with an unknown word).
    unknown_ratio : float
        Fraction of questions with an unknown word, from 0 to 1.
    """

    accuracy: float
    sections: pd.DataFrame
    unknown_ratio: float


def rows_by_spelling(
    words: Sequence[str], restrict_vocab: int | None, case_insensitive: bool
) -> dict[str, int]:
    """The row of each of the first words; of words that differ only in case, the first row."""
    rows: dict[str, int] = {}
    for row, word in enumerate(words[:restrict_vocab]):
        rows.setdefault(_compared(word, case_insensitive), row)
    return rows


def _compared(text: str, case_insensitive: bool) -> str:
    """The text as words are compared: in NFC, and where case does not count in upper case."""
    return composed(text).upper() if case_insensitive else composed(text)


# Word pairs --------------------------------------------------------------------------------------


def evaluate_word_pairs(
    words: Sequence[str],
    vectors: NDArray[np.float32],
    pairs: str | os.PathLike[str] | pd.DataFrame,
    *,
    restrict_vocab: int | None,
    case_insensitive: bool,
    unknown_as_zero: bool,
) -> WordPairScores:
    """See `WordVectors.evaluate_word_pairs`."""
    rows = rows_by_spelling(words, restrict_vocab, case_insensitive)
    table = _pairs_of_frame(pairs) if isinstance(pairs, pd.DataFrame) else _pairs_of_file(pairs)
    spelled = [[_compared(word, case_insensitive) for word in pair[:2]] for pair in table]
    found = np.array([[rows.get(word, -1) for word in pair] for pair in spelled]).reshape(-1, 2)
    known = (found >= 0).all(axis=1)
    counted = np.ones_like(known) if unknown_as_zero else known
    if not known.any() or counted.sum() < 2:
        raise ValueError(
            "pairs must hold at least two pairs of known words, for a correlation, got "
            f"{known.sum()} of {len(table)} pairs. Check that it is separated by tabs: word, word, "
            "score; or fit on texts with such words."
        )
    first, second = (unit_rows(vectors[side].astype(np.float64)) for side in found[known].T)
    # In float32 all words have cosine 1 with themselves, so ranks are tied, not rounding errors.
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
    """The lines of word, word, score; others, such as a header, are skipped."""
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
    """The lines of a text file, decompressed where its name ends in .gz, .bz2 or .xz."""
    with damage_reported(path), open_decompressed(path) as stream:
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


def evaluate_analogies(
    words: Sequence[str],
    vectors: NDArray[np.float32],
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None,
    case_insensitive: bool,
    unknown_as_zero: bool,
) -> AnalogyScores:
    """See `WordVectors.evaluate_analogies`."""
    rows = rows_by_spelling(words, restrict_vocab, case_insensitive)
    names, section, questions = _read_questions(path, case_insensitive)
    queries = np.array([[rows.get(word, -1) for word in question] for question in questions])
    known = (queries >= 0).all(axis=1)
    correct = np.zeros(len(queries), bool)
    if known.any():
        folded = [_compared(word, case_insensitive) for word in words[:restrict_vocab]]
        spelling = np.array([rows[word] for word in folded])
        answers = _answers(vectors[: len(spelling)], spelling, queries[known, :3])
        correct[known] = answers == queries[known, 3]
    counted = np.ones_like(known) if unknown_as_zero else known
    table = pd.DataFrame({"n_correct": correct, "n_questions": counted, "n_unknown": ~known})
    sums = table.groupby(section).sum().reindex(range(len(names)), fill_value=0)
    sums.insert(0, "accuracy", sums["n_correct"] / sums["n_questions"].clip(lower=1))
    sums.index = pd.Index(names, name="section")
    accuracy = correct.sum() / max(counted.sum(), 1)
    return AnalogyScores(float(accuracy), sums, float(1 - known.mean()))


def _read_questions(
    path: str | os.PathLike[str], case_insensitive: bool
) -> tuple[list[str], list[int], list[list[str]]]:
    """The names of the sections, and the section and four words of each question."""
    names: list[str] = []
    section, questions = [], []
    for number, line in enumerate(lines_of(path), start=1):
        if line.startswith(": "):
            names.append(line.lstrip(": ").strip())
            continue
        question = _compared(line, case_insensitive).split()
        if question and not names:
            raise ValueError(
                f"{os.fspath(path)} must begin with a section, as in ': capitals', got "
                f"{line!r:.60} in line {number}. Put one before it."
            )
        if len(question) == 4:  # other lines are skipped
            section.append(len(names) - 1)
            questions.append(question)
    if not questions:
        raise ValueError(
            f"{os.fspath(path)} must hold questions, lines of four words, got none in "
            f"{len(names)} sections. Pass a file such as questions-words.txt."
        )
    return names, section, questions


def _answers(
    vectors: NDArray[np.float32], spelling: NDArray[np.int64], queries: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The row that answers "a is to b as c is to": the most similar to b + c - a.

    Parameters
    ----------
    vectors : ndarray of shape (V, d)
    spelling : ndarray of shape (V,)
        The first row with the same spelling, up to case, for each row.
    queries : ndarray of shape (n, 3)
        The rows of a, b and c.

    Returns
    -------
    answers : ndarray of shape (n,)
        Values of `spelling`; -1 where no word is left as an answer.
    """
    units = unit_rows(vectors)
    step = max(1, _BLOCK_SCORES // len(units))
    blocks = [queries[start : start + step] for start in range(0, len(queries), step)]
    return np.concatenate([_block_answers(units, spelling, block) for block in blocks])


def _block_answers(
    units: NDArray[np.float32], spelling: NDArray[np.int64], queries: NDArray[np.int64]
) -> NDArray[np.int64]:
    a, b, c = queries.T
    scores = (units[b] + units[c] - units[a]) @ units.T  # (n, V)
    np.put_along_axis(scores, queries, -np.inf, axis=1)
    answers = np.full(len(queries), -1)
    open_ = np.arange(len(queries))
    for _ in range(_N_CANDIDATES):
        best = (scores if len(open_) == len(scores) else scores[open_]).argmax(axis=1)
        there = scores[open_, best] > -np.inf
        open_, best = open_[there], best[there]
        answers[open_] = spelling[best]
        scores[open_, best] = -np.inf
        open_ = open_[(spelling[best, None] == queries[open_]).any(axis=1)]
        if not len(open_):
            break
    return answers
