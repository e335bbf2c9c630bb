"""Files of word vectors: what gensim reads and writes, the same numbers back, every wrong file."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec import _vector_files
from skdl.estimators.word2vec._vector_files import read_word2vec_format, write_word2vec_format

WORDS = ["sun", "Mond", "été", "月", "a\tb", "#"]
VECTORS = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
every_form = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
every_name = pytest.mark.parametrize("name", ["vectors", "vectors.gz"])


def keyed(words, vectors):
    gensim = pytest.importorskip("gensim.models")
    vectors_of_gensim = gensim.KeyedVectors(vectors.shape[1])
    vectors_of_gensim.add_vectors(words, vectors)
    return vectors_of_gensim


def same_bits(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@every_form
@every_name
def test_gensim_reads_what_is_written(tmp_path, binary, name):
    expected = keyed(WORDS, VECTORS)
    write_word2vec_format(tmp_path / name, WORDS, VECTORS, binary)
    found = type(expected).load_word2vec_format(str(tmp_path / name), binary=binary)
    assert found.index_to_key == WORDS
    assert same_bits(found.vectors, VECTORS)


@every_form
@every_name
def test_what_gensim_writes_is_read(tmp_path, binary, name):
    keyed(WORDS, VECTORS).save_word2vec_format(str(tmp_path / name), binary=binary)
    words, vectors = read_word2vec_format(tmp_path / name, binary)
    assert words == WORDS
    assert same_bits(vectors, VECTORS)


@every_form
def test_files_are_those_of_gensim_byte_for_byte(tmp_path, binary):
    keyed(WORDS, VECTORS).save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    write_word2vec_format(tmp_path / "ours", WORDS, VECTORS, binary)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_characters=" \n", exclude_categories=["Cs"]))


@st.composite
def _cases(draw):
    words = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    d = draw(st.integers(1, 4))
    row = st.lists(finite, min_size=d, max_size=d)
    vectors = draw(st.lists(row, min_size=len(words), max_size=len(words)))
    return words, np.array(vectors, np.float32)


@settings(max_examples=150, deadline=None)
@given(case=_cases(), binary=st.booleans(), packed=st.booleans())
def test_every_word_and_bit_comes_back(tmp_path_factory, case, binary, packed):
    path = tmp_path_factory.mktemp("files") / ("v.gz" if packed else "v")
    words, vectors = case
    write_word2vec_format(path, words, vectors, binary)
    found_words, found = read_word2vec_format(path, binary)
    assert found_words == words
    assert same_bits(found, vectors)


def test_text_is_the_shortest_that_gives_the_same_float32(tmp_path):
    bits = np.random.default_rng(1).integers(0, 2**32, 20_000, dtype=np.uint32)
    vectors = bits.view(np.float32)
    small = np.random.default_rng(2).normal(scale=0.1, size=20_000).astype(np.float32)
    vectors = np.concatenate([vectors[np.isfinite(vectors)], small, [0.0, -0.0, 1e-45, 0.1]])
    vectors = vectors.astype(np.float32)[:, None]
    words = [f"w{i}" for i in range(len(vectors))]
    write_word2vec_format(tmp_path / "v", words, vectors)
    assert same_bits(read_word2vec_format(tmp_path / "v")[1], vectors)
    lines = (tmp_path / "v").read_text().splitlines()[1:]
    usual = (np.abs(vectors) > 1e-9) & (np.abs(vectors) < 1e5)
    expected = [str(number) for number in vectors[usual]]
    assert [lines[row].split()[1] for row in np.flatnonzero(usual)] == expected


@every_form
def test_blocks_and_chunks_do_not_show(tmp_path, binary, monkeypatch):
    write_word2vec_format(tmp_path / "whole", WORDS, VECTORS, binary)
    monkeypatch.setattr(_vector_files, "_WRITE_ROWS", 4)
    monkeypatch.setattr(_vector_files, "_READ_BYTES", 16)
    write_word2vec_format(tmp_path / "blocks", WORDS, VECTORS, binary)
    assert (tmp_path / "blocks").read_bytes() == (tmp_path / "whole").read_bytes()
    words, vectors = read_word2vec_format(tmp_path / "blocks", binary)
    assert words == WORDS
    assert same_bits(vectors, VECTORS)


def test_the_files_of_the_first_word2vec(tmp_path):
    """It ends each line of text with a space, and each binary vector with a new line."""
    (tmp_path / "text").write_bytes(b"2 2\r\nsun 1.500000 -2.000000 \r\nmoon 0 1e-3 \r\n")
    numbers = np.array([[1.5, -2], [0, 1e-3]], "<f4")
    packed = b"2 2\nsun " + numbers[0].tobytes() + b"\nmoon " + numbers[1].tobytes() + b"\n"
    (tmp_path / "binary").write_bytes(packed)
    for name in ("text", "binary"):
        words, vectors = read_word2vec_format(tmp_path / name, name == "binary")
        assert words == ["sun", "moon"]
        np.testing.assert_array_equal(vectors, numbers)


@every_form
@pytest.mark.parametrize("limit", [1, 4, 6, 100])
def test_limit(tmp_path, binary, limit):
    write_word2vec_format(tmp_path / "v", WORDS, VECTORS, binary)
    words, vectors = read_word2vec_format(tmp_path / "v", binary, limit)
    assert words == WORDS[:limit]
    assert same_bits(vectors, VECTORS[:limit])


def test_words_in_another_encoding(tmp_path):
    (tmp_path / "v").write_bytes("1 1\nété 0.5\n".encode("latin-1"))
    assert read_word2vec_format(tmp_path / "v", encoding="latin-1")[0] == ["été"]
    with pytest.raises(ValueError, match=r"line 2 must hold a word in utf-8.*Pass the encoding"):
        read_word2vec_format(tmp_path / "v")
    packed = "1 1\nété ".encode("latin-1") + np.float32(0.5).tobytes()
    (tmp_path / "v").write_bytes(packed)
    with pytest.raises(ValueError, match=r"entry 1 must hold a word in utf-8.*Pass the encoding"):
        read_word2vec_format(tmp_path / "v", binary=True)


# Wrong files -------------------------------------------------------------------------------------

BAD_TEXTS = {
    "empty": (b"", "an empty file"),
    "no header": (b"sun 1 2\n", "line 1 must hold the number of words.*GloVe"),
    "one number": (b"3\n", "line 1 must hold the number of words"),
    "no words": (b"0 3\n", "two positive integers"),
    "negative": (b"-1 3\n", "two positive integers"),
    "huge": (b"999999999999999 999999999\n", "vectors that fit into memory"),
    "too few": (b"2 2\nsun 1 2\nmoon 1\n", "line 3 must hold .* 2 numbers.*1 numbers"),
    "too many": (b"2 2\nsun 1 2\nnew moon 1 2\n", "line 3 must hold a word without spaces"),
    "one of many": (b"1 1\nsun 1 2\n", "line 2 .* 1 numbers.*2 numbers"),
    "no number": (b"2 2\nsun 1 x2\nmoon 1 2\n", "line 2 .*could not convert.*x2"),
    "ends early": (b"3 2\nsun 1 2\nmoon 1 2\n", "line 4 must be there: .* 3 words.* the end"),
    "goes on": (b"1 2\nsun 1 2\nmoon 1 2\n", "must end after the 1 words.*moon.*Correct line 1"),
    "twice": (b"3 1\na 1\nb 2\na 3\n", "distinct, got 'a' in line 2 and again in line 4"),
    "nan": (b"2 1\na 1\nb nan\n", r"line 3 must hold finite .*\[nan\] for 'b'"),
    "infinite": (b"2 1\na inf\nb 2\n", "line 2 must hold finite"),
    "too large": (b"1 1\na 1e39\n", "line 2 must hold finite"),
}


@pytest.mark.parametrize(("content", "message"), BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_wrong_text(tmp_path, content, message):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_word2vec_format(path)
    assert str(caught.value).startswith(str(path))


def packed(*rows):
    return b"".join(word + b" " + np.array(row, "<f4").tobytes() for word, row in rows)


BAD_BINARIES = {
    "empty": (b"", "an empty file"),
    "ends early": (b"3 2\n" + packed((b"a", [1, 2]), (b"b", [1])), "entry 2 must be there"),
    "ends before": (b"3 2\n", "entry 1 must be there: .* 3 words"),
    "ends in a word": (b"2 1\n" + packed((b"a", [1])) + b"wor", "entry 2 must be there"),
    "goes on": (b"1 1\n" + packed((b"a", [1]), (b"b", [2])), "must end after the 1 words"),
    "twice": (b"2 1\n" + packed((b"a", [1]), (b"a", [2])), "'a' in entry 1 and again in entry 2"),
    "nan": (b"2 1\n" + packed((b"a", [1]), (b"b", [np.nan])), "entry 2 must hold finite"),
}


@pytest.mark.parametrize(("content", "message"), BAD_BINARIES.values(), ids=BAD_BINARIES.keys())
def test_wrong_binary(tmp_path, content, message):
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_word2vec_format(path, binary=True)
    assert str(caught.value).startswith(str(path))


@every_form
def test_text_and_binary_taken_for_each_other(tmp_path, binary):
    write_word2vec_format(tmp_path / "v", WORDS, VECTORS, binary)
    with pytest.raises(ValueError, match=rf"[Pp]ass binary={binary}\.") as caught:
        read_word2vec_format(tmp_path / "v", not binary)
    assert ("entry 1" if not binary else "line 2") in str(caught.value)


@pytest.mark.parametrize("cut", [0, 5, 40, -4])
def test_damaged_gzip(tmp_path, cut):
    path = tmp_path / "v.gz"
    write_word2vec_format(path, WORDS, VECTORS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"must be a whole gzip file|an empty file"):
        read_word2vec_format(path)
    path.write_bytes(b"2 1\na 1\nb 2\n")
    with pytest.raises(ValueError, match="must be a whole gzip file"):
        read_word2vec_format(path)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "3", True])
def test_wrong_limit(limit):
    with pytest.raises(ValueError, match="limit must be"):
        read_word2vec_format("none", limit=limit)


def test_unknown_encoding_and_missing_file(tmp_path):
    with pytest.raises(ValueError, match="one that Python knows, got 'utf-9'"):
        read_word2vec_format("none", encoding="utf-9")
    with pytest.raises(FileNotFoundError):
        read_word2vec_format(tmp_path / "none")


# What cannot be saved ----------------------------------------------------------------------------


@every_form
@pytest.mark.parametrize(
    ("words", "vectors", "message"),
    [
        (["new moon"], [[1]], "no space and no newline.*'new moon'"),
        (["moon\n"], [[1]], "no space and no newline"),
        ([3], [[1]], "words must be str, got 3"),
        (["\ud800"], [[1]], "UTF-8 can encode"),
        (["a", "a"], [[1], [2]], "'a' in row 0 and again in row 1"),
        (["a", "b"], [[1]], r"got \(1, 1\) for 2 words"),
        (["a"], [1], r"got \(1,\) for 1 words"),
        ([], np.empty((0, 3)), "at least one of both"),
        (["a"], [[]], "at least one of both"),
        (["a", "b"], [[1], [np.nan]], r"finite in float32, got \[nan\] in row 1"),
        (["a", "b"], [[1e39], [1]], "finite in float32, got .* in row 0"),
    ],
)
def test_what_cannot_be_saved(tmp_path, binary, words, vectors, message):
    (tmp_path / "v").write_text("old")
    with pytest.raises(ValueError, match=message):
        write_word2vec_format(tmp_path / "v", words, vectors, binary)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"The folder of .* must exist"):
        write_word2vec_format(tmp_path / "none" / "v", WORDS, VECTORS)


@every_name
def test_an_interrupted_save_leaves_the_old_file(tmp_path, name, monkeypatch):
    path = tmp_path / name
    write_word2vec_format(path, WORDS, VECTORS)
    before = path.read_bytes()

    def interrupted(matrix):
        yield b"1 2 3 4 5\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(_vector_files, "_rows_as_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_word2vec_format(path, WORDS, -VECTORS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_vectors_give_the_same_file(tmp_path):
    for name in ("one.gz", "other.gz"):
        write_word2vec_format(tmp_path / name, WORDS, VECTORS)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "other.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()).startswith(b"6 5\n")
