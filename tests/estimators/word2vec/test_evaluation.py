"""Word pairs and analogies: gensim's figures on equal vectors, and clear errors."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdl.datasets import get_data_home
from skdl.estimators.word2vec import _evaluation as _word_evaluation
from skdl.estimators.word2vec._evaluation import evaluate_analogies, evaluate_word_pairs

DEFAULTS = {"restrict_vocab": 300_000, "case_insensitive": True, "unknown_as_zero": False}
every_option = pytest.mark.parametrize(
    "options",
    [
        {},
        {"case_insensitive": False},
        {"unknown_as_zero": True},
        {"restrict_vocab": 25},
        {"restrict_vocab": 25, "unknown_as_zero": True, "case_insensitive": False},
    ],
    ids=str,
)
_FOLDER = "w2v-eval"


def keyed(words, vectors):
    gensim = pytest.importorskip("gensim.models")
    vectors_of_gensim = gensim.KeyedVectors(vectors.shape[1])
    vectors_of_gensim.add_vectors(words, vectors)
    return vectors_of_gensim


def of_gensim(options):
    options = {**DEFAULTS, **options}
    options["dummy4unknown"] = options.pop("unknown_as_zero")
    return options


def some_words(random_state=0, n_dimensions=6):
    """Words that differ in case only among them, with vectors at random."""
    words = [f"{stem}{i}" for i in range(12) for stem in ("word", "Word", "WORD", "ß", "ǆ")]
    rng = np.random.default_rng(random_state)
    words = rng.permutation(words).tolist()
    return words, rng.normal(size=(len(words), n_dimensions)).astype(np.float32)


def check_pairs(words, vectors, path, options):
    found = evaluate_word_pairs(words, vectors, path, **{**DEFAULTS, **options})
    expected = keyed(words, vectors).evaluate_word_pairs(str(path), **of_gensim(options))
    figures = [*expected[0], *expected[1], expected[2] / 100]
    np.testing.assert_allclose(found, figures, rtol=1e-4, atol=1e-6)
    return found


def check_questions(words, vectors, path, options):
    found = evaluate_analogies(words, vectors, path, **{**DEFAULTS, **options})
    theirs = keyed(words, vectors).evaluate_word_analogies(str(path), **of_gensim(options))
    accuracy, sections = theirs
    assert found.accuracy == accuracy
    assert found.sections.index.tolist() == [s["section"] for s in sections[:-1]]
    correct = [len(s["correct"]) for s in sections[:-1]]
    assert found.sections["n_correct"].tolist() == correct
    counted = [len(s["correct"]) + len(s["incorrect"]) for s in sections[:-1]]
    assert found.sections["n_questions"].tolist() == counted
    shares = [c / n if n else 0 for c, n in zip(correct, counted, strict=True)]
    assert found.sections["accuracy"].tolist() == shares
    return found


# Word pairs --------------------------------------------------------------------------------------


def pairs_file(folder, words, random_state=0):
    rng = np.random.default_rng(random_state)
    lines = ["# a comment", "first\tsecond\tscore", "", "only\ttwo", "one\ttwo\tthree\t4"]
    for _ in range(60):
        first, second = rng.choice([*words, "unknown"], 2)
        if first.upper() == second.upper():  # gensim ranks these by the noise of rounding
            continue
        lines.append(f"{first}\t{second.swapcase()}\t{rng.uniform(0, 10):.2f}")
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "pairs.tsv"


@every_option
def test_pairs_are_judged_as_gensim_does(tmp_path, options):
    words, vectors = some_words()
    check_pairs(words, vectors, pairs_file(tmp_path, words), options)


def test_pairs_in_a_frame_are_those_of_the_file(tmp_path):
    words, vectors = some_words()
    path = pairs_file(tmp_path, words)
    frame = pd.read_csv(path, sep="\t", skiprows=5, header=None)
    packed = tmp_path / "pairs.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    expected = evaluate_word_pairs(words, vectors, path, **DEFAULTS)
    assert evaluate_word_pairs(words, vectors, frame, **DEFAULTS) == expected
    assert evaluate_word_pairs(words, vectors, packed, **DEFAULTS) == expected


def test_pairs_with_a_vector_of_zeros():
    frame = pd.DataFrame([("a", "b", 1), ("b", "c", 2), ("a", "c", 3)])
    vectors = np.array([[1, 0], [0, 0], [1, 1]], np.float32)
    found = evaluate_word_pairs(["a", "b", "c"], vectors, frame, **DEFAULTS)
    assert np.isfinite(found).all()


def test_words_paired_with_themselves_tie():
    words, vectors = some_words()
    rows = [(word, word, 10) for word in words] + [(words[0], words[1], 1)]
    options = {**DEFAULTS, "case_insensitive": False}
    assert evaluate_word_pairs(words, vectors, pd.DataFrame(rows), **options).spearman == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "b")], r"three columns, word, word and score, got 2"),
        ([("a", "b", 1), ("a", 2, 1)], r"two str and a finite number .* in row 1"),
        ([("a", "b", "1")], r"two str and a finite number .* in row 0"),
        ([("a", "b", np.nan)], r"two str and a finite number .* in row 0"),
        ([("a", "b", 1), ("a", "x", 1)], r"at least two pairs of known words.* got 1 of 2 pairs"),
    ],
)
def test_wrong_frames(rows, message):
    vectors = np.eye(2, dtype=np.float32)
    with pytest.raises(ValueError, match=message):
        evaluate_word_pairs(["a", "b"], vectors, pd.DataFrame(rows), **DEFAULTS)


@pytest.mark.parametrize("unknown_as_zero", [False, True])
def test_files_without_pairs(tmp_path, unknown_as_zero):
    options = {**DEFAULTS, "unknown_as_zero": unknown_as_zero}
    vectors = np.eye(2, dtype=np.float32)
    for content in ("", "a b 1\n", "x\ty\t1\nx\tz\t2\nz\ty\tnan\n"):
        (tmp_path / "pairs").write_text(content)
        with pytest.raises(ValueError, match="at least two pairs of known words"):
            evaluate_word_pairs(["a", "b"], vectors, tmp_path / "pairs", **options)


def test_files_in_another_encoding(tmp_path):
    (tmp_path / "pairs").write_bytes("a\tb\t1\nété\tb\t2\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"text in UTF-8, got .* in line 2"):
        evaluate_word_pairs(["a", "b"], np.eye(2, dtype="f4"), tmp_path / "pairs", **DEFAULTS)


# Analogies ---------------------------------------------------------------------------------------


def questions_file(folder, words, random_state=0, n_sections=3):
    rng = np.random.default_rng(random_state)
    lines = []
    for section in range(n_sections):
        lines += [f": section {section % 2}", "a line of five words", "", "# no comment"]
        for _ in range(50):
            lines.append(" ".join(rng.choice([*words, "unknown"], 4)))
        lines.append(lines[-1])  # questions that come twice count twice
    lines.append(": none")
    (folder / "questions").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "questions"


@every_option
@pytest.mark.parametrize("n_dimensions", [2, 6])
def test_questions_are_judged_as_gensim_does(tmp_path, options, n_dimensions):
    """In few dimensions candidates are often the words of the question, in another case."""
    words, vectors = some_words(n_dimensions=n_dimensions)
    check_questions(words, vectors, questions_file(tmp_path, words), options)


def test_many_spellings_of_the_words_of_a_question(tmp_path):
    """The fifth candidate counts as the answer where the five are spelled as the question."""
    rng = np.random.default_rng(0)
    forms = ["abcd", "Abcd", "aBcd", "abCd", "abcD", "ABcd", "aBCd", "abCD", "ABCD"]
    words = [*forms, "king", "queen", "man"]
    vectors = rng.normal(size=(len(words), 8)).astype(np.float32)
    vectors[: len(forms)] = vectors[0] + 0.01 * rng.normal(size=(len(forms), 8))
    lines = ": all\nking king abcd abcd\nking king abcd queen\nman queen abcd man\n"
    (tmp_path / "questions").write_text(lines)
    found = check_questions(words, vectors, tmp_path / "questions", {})
    assert found.sections["n_correct"].tolist() == [1]


@pytest.mark.parametrize("n_scores", [1, 200, 1000])
def test_blocks_do_not_show(tmp_path, monkeypatch, n_scores):
    words, vectors = some_words()
    path = questions_file(tmp_path, words)
    expected = evaluate_analogies(words, vectors, path, **DEFAULTS)
    monkeypatch.setattr(_word_evaluation, "_BLOCK_SCORES", n_scores)
    found = evaluate_analogies(words, vectors, path, **DEFAULTS)
    pd.testing.assert_frame_equal(found.sections, expected.sections)
    assert found.accuracy == expected.accuracy


def test_few_words_and_vectors_of_zeros(tmp_path):
    (tmp_path / "questions").write_text(": all\na b c d\na b c a\na a a b\n")
    vectors = np.array([[1, 0], [0, 0], [1, 1], [2, 1]], np.float32)
    found = evaluate_analogies(["a", "b", "c", "d"], vectors, tmp_path / "questions", **DEFAULTS)
    assert found.sections["n_correct"].tolist() == [1]  # b is a vector of zeros, never nearest
    found = evaluate_analogies(["a", "b", "c"], vectors[:3], tmp_path / "questions", **DEFAULTS)
    assert found.sections.loc["all"].tolist() == [0.0, 0.0, 2.0, 1.0]


def test_no_question_with_known_words(tmp_path):
    (tmp_path / "questions").write_text(": all\na b c d\n")
    found = evaluate_analogies(["x"], np.ones((1, 2), "f4"), tmp_path / "questions", **DEFAULTS)
    assert found.accuracy == 0
    assert found.unknown_ratio == 1
    assert found.sections.loc["all"].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must hold questions, lines of four words, got none in 0 sections"),
        (": one\n: two\na b c\n", "got none in 2 sections"),
        ("\na b c d\n", "must begin with a section.*'a b c d' in line 2"),
        (":one\na b c d\n", "must begin with a section.*':one' in line 1"),
    ],
)
def test_wrong_files(tmp_path, content, message):
    (tmp_path / "questions").write_text(content)
    with pytest.raises(ValueError, match=message):
        evaluate_analogies(["a"], np.ones((1, 2), "f4"), tmp_path / "questions", **DEFAULTS)


# Real data ---------------------------------------------------------------------------------------


def lines_of_gz(path):
    return gzip.decompress(Path(path).read_bytes()).decode().splitlines()


def words_of_the_sets(n_dimensions=20):
    """Most words of both sets, some in two cases, with vectors that answer some questions."""
    folder = get_data_home() / _FOLDER
    lines = lines_of_gz(folder / "questions-words.txt.gz")
    questions = [line.split() for line in lines if not line.startswith(":")]
    rng = np.random.default_rng(0)
    known = dict.fromkeys(word for question in questions for word in question)
    base = {word: rng.normal(size=n_dimensions) for word in known}
    for a, b, c, d in questions:
        base[d] = (base[d] + base[b] + base[c] - base[a]) / 2
    pairs = (folder / "wordsim353.tsv").read_text(encoding="utf-8").splitlines()
    others = [word for line in pairs if line[0] != "#" for word in line.split("\t")[:2]]
    words = rng.permutation(list(dict.fromkeys([*known, *others, *map(str.lower, known)])))
    words = words[: int(0.95 * len(words))].tolist()
    means = np.stack([base.get(word, np.zeros(n_dimensions)) for word in words])
    noise = 0.3 * rng.normal(size=means.shape)
    return words, (means + noise).astype(np.float32)


@pytest.mark.realdata(_FOLDER)
def test_real_pairs_and_questions_are_judged_as_gensim_does():
    folder = get_data_home() / _FOLDER
    words, vectors = words_of_the_sets()
    pairs = check_pairs(words, vectors, folder / "wordsim353.tsv", {})
    assert 0 < pairs.unknown_ratio < 0.2
    found = check_questions(words, vectors, folder / "questions-words.txt.gz", {})
    assert 0.2 < found.accuracy < 1
    assert found.sections["n_unknown"].sum() + found.sections["n_questions"].sum() == 19544
