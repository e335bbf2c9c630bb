"""Files of word vectors: what gensim reads and writes, the same numbers back, every wrong file."""

import gzip
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec import _vector_files
from skdl.estimators.word2vec._compression import open_compressing
from skdl.estimators.word2vec._vector_files import read_word2vec_format, write_word2vec_format

ENDS = ["", ".gz", ".bz2", ".xz"]
WORDS = ["sun", "Mond", "été", "月", "a\tb", "#"]
VECTORS = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
every_form = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
every_name = pytest.mark.parametrize("name", [f"vectors{end}" for end in ENDS])


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
names |= st.sampled_from([" ", "\n", "\u2581", "\u2581\u2581", "\u2424", "\ufeff"])


@st.composite
def _cases(draw):
    words = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    d = draw(st.integers(1, 4))
    row = st.lists(finite, min_size=d, max_size=d)
    vectors = draw(st.lists(row, min_size=len(words), max_size=len(words)))
    return words, np.array(vectors, np.float32)


@settings(max_examples=150, deadline=None)
@given(case=_cases(), binary=st.booleans(), end=st.sampled_from(ENDS))
def test_every_word_and_bit_comes_back(tmp_path_factory, case, binary, end):
    path = tmp_path_factory.mktemp("files") / f"v{end}"
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
    content = b"2 2\nsun " + numbers[0].tobytes() + b"\nmoon " + numbers[1].tobytes() + b"\n"
    (tmp_path / "binary").write_bytes(content)
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
    with pytest.raises(ValueError, match=r"line 2 must hold a word in utf-8.* the encoding of"):
        read_word2vec_format(tmp_path / "v")
    content = "1 1\nété ".encode("latin-1") + np.float32(0.5).tobytes()
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(ValueError, match=r"entry 1 must hold a word in utf-8.* the encoding of"):
        read_word2vec_format(tmp_path / "v", binary=True)


def gensim_of(path, **options):
    models = pytest.importorskip("gensim.models")
    return models.KeyedVectors.load_word2vec_format(str(path), **options)


@pytest.mark.filterwarnings("ignore:.*unclosed file|.*_io.FileIO")  # by gensim
@every_name
@pytest.mark.parametrize("limit", [None, 2, 100])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_files_that_begin_with_their_first_word(tmp_path, name, limit, end):
    """As GloVe's: also where a word or a number of two looks like a first line."""
    with open(tmp_path / name, "wb") as plain, open_compressing(plain, tmp_path / name) as stream:
        stream.write(f"1999 4\nthe 0.5\n月 -1e-3{end}".encode())
    options = {"no_header": True, "limit": limit}
    words, vectors = read_word2vec_format(tmp_path / name, **options)
    assert words == ["1999", "the", "月"][:limit]
    np.testing.assert_array_equal(vectors, np.float32([[4], [0.5], [-1e-3]])[:limit])
    if end != "\n\n":  # gensim takes an empty line for a word
        theirs = gensim_of(tmp_path / name, **options)
        assert theirs.index_to_key == words
        assert same_bits(theirs.vectors, vectors)


@pytest.mark.parametrize("unicode_errors", ["ignore", "replace", "backslashreplace"])
@every_form
def test_words_that_are_cut_within_a_character(tmp_path, binary, unicode_errors):
    rows = [(b"good", [1, 2]), ("中文".encode()[:-1], [3, 4]), (b"fine", [5, 6])]
    if binary:
        content = b"".join(word + b" " + np.array(row, "<f4").tobytes() for word, row in rows)
    else:
        content = b"".join(b"%b %d %d\n" % (word, *row) for word, row in rows)
    (tmp_path / "v").write_bytes(b"3 2\n" + content)
    options = {"binary": binary, "unicode_errors": unicode_errors}
    words, vectors = read_word2vec_format(tmp_path / "v", **options)
    theirs = gensim_of(tmp_path / "v", **options)
    assert theirs.index_to_key == words
    assert same_bits(theirs.vectors, vectors)
    with pytest.raises(ValueError, match=r"3 |2 must hold a word in utf-8.*unicode_errors"):
        read_word2vec_format(tmp_path / "v", binary)


@every_form
@pytest.mark.parametrize("limit", [None, 4])
def test_of_a_word_that_comes_twice_the_first_counts(tmp_path, binary, limit):
    written = ["a", "b", "a", "c", "b"]
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    rows = zip(written, vectors, strict=True)
    if binary:
        content = b"".join(word.encode() + b" " + row.tobytes() for word, row in rows)
    else:
        content = "".join(f"{word} {row[0]} {row[1]}\n" for word, row in rows).encode()
    (tmp_path / "v").write_bytes(b"5 2\n" + content)
    at = ("entry 3", "entry 1") if binary else ("line 4", "line 2")
    n = {None: "2 of 5", 4: "1 of 4"}[limit]
    with pytest.warns(UserWarning, match=f"{n} entries .* 'a' in {at[0]}, first in {at[1]}"):
        words, found = read_word2vec_format(tmp_path / "v", binary, limit)
    theirs = gensim_of(tmp_path / "v", binary=binary, limit=limit)
    assert list(theirs.key_to_index) == words == ["a", "b", "c"]
    assert same_bits(theirs.vectors[:3], found)


@every_form
def test_separators_that_are_words_come_back(tmp_path, binary):
    """As vectors of characters have them; gensim reads the file."""
    words = ["a", " ", "\n", "\t", "\u3000", "月"]
    write_word2vec_format(tmp_path / "v", words, VECTORS, binary)
    found, vectors = read_word2vec_format(tmp_path / "v", binary)
    assert found == words
    assert same_bits(vectors, VECTORS)
    theirs = gensim_of(tmp_path / "v", binary=binary)
    assert theirs.index_to_key == ["a", "\u2581", "\u2424", "\t", "\u3000", "月"]
    assert same_bits(theirs.vectors, VECTORS)


PIECES = ["\u2581the", "\u2581", "s", "\u2424", "\u2581\u2581"]


@pytest.mark.filterwarnings("ignore:.*unclosed file|.*_io.FileIO")  # by gensim
@pytest.mark.parametrize(("binary", "no_header"), [(False, False), (True, False), (False, True)])
def test_words_of_other_programs_that_look_like_separators_stay(tmp_path, binary, no_header):
    """As pieces of sentencepiece, in which U+2581 stands for the space before a word."""
    rows = zip(PIECES, VECTORS, strict=False)
    if binary:
        content = b"".join(word.encode() + b" " + row.tobytes() for word, row in rows)
    else:
        content = "".join(f"{w} {' '.join(map(repr, r.tolist()))}\n" for w, r in rows).encode()
    (tmp_path / "v").write_bytes((b"" if no_header else b"5 5\n") + content)
    options = {"binary": binary, "no_header": no_header}
    words, vectors = read_word2vec_format(tmp_path / "v", **options)
    assert words == PIECES == gensim_of(tmp_path / "v", **options).index_to_key
    assert same_bits(vectors, VECTORS[:5])
    write_word2vec_format(tmp_path / "again", words, vectors, binary)
    assert gensim_of(tmp_path / "again", binary=binary).index_to_key == PIECES


@every_form
def test_separators_and_the_words_that_they_are_written_as(tmp_path, binary):
    words = [" ", "\u2581", "\u2581\u2581", "\u2424", "\u2581a", "\ufeff"]
    write_word2vec_format(tmp_path / "v", words, VECTORS, binary)
    found, vectors = read_word2vec_format(tmp_path / "v", binary)
    assert found == words
    assert same_bits(vectors, VECTORS)
    theirs = gensim_of(tmp_path / "v", binary=binary).index_to_key
    assert theirs[:3] == ["\u2581", "\u2581\u2581", "\u2581\u2581\u2581"]


@every_form
def test_a_first_word_may_begin_like_a_byte_order_mark(tmp_path, binary):
    write_word2vec_format(tmp_path / "v", ["\ufeff", "a"], VECTORS[:2], binary)
    assert read_word2vec_format(tmp_path / "v", binary)[0] == ["\ufeff", "a"]


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


def entries(*rows):
    return b"".join(word + b" " + np.array(row, "<f4").tobytes() for word, row in rows)


BAD_BINARIES = {
    "empty": (b"", "an empty file"),
    "ends early": (b"3 2\n" + entries((b"a", [1, 2]), (b"b", [1])), "entry 2 must be there"),
    "ends before": (b"3 2\n", "entry 1 must be there: .* 3 words"),
    "ends in a word": (b"2 1\n" + entries((b"a", [1])) + b"wor", "entry 2 must be there"),
    "goes on": (b"1 1\n" + entries((b"a", [1]), (b"b", [2])), "must end after the 1 words"),
    "nan": (b"2 1\n" + entries((b"a", [1]), (b"b", [np.nan])), "entry 2 must hold finite"),
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
@pytest.mark.parametrize(("end", "kind"), [(".gz", "gzip"), (".bz2", "bz2"), (".xz", "xz")])
@pytest.mark.parametrize("no_header", [False, True])
def test_damaged_compressed_files(tmp_path, cut, end, kind, no_header):
    path = tmp_path / f"v{end}"
    write_word2vec_format(path, WORDS, VECTORS)
    path.write_bytes(path.read_bytes()[:cut])
    message = f"must be a whole {kind} file|an empty file|must hold a word and its vector"
    with pytest.raises(ValueError, match=message):
        read_word2vec_format(path, no_header=no_header)
    path.write_bytes(b"2 1\na 1\nb 2\n")
    with pytest.raises(ValueError, match=f"must be a whole {kind} file"):
        read_word2vec_format(path, no_header=no_header)


BAD_WITHOUT_HEADER = {
    "empty": (b"", "line 1 must hold a word and its vector"),
    "one word": (b"sun\n", "line 1 must hold a word and its vector"),
    "too few": (b"sun 1 2\nsky 1 2\nmoon 1\n", "line 3 must hold .* 2 numbers.*1 numbers"),
    "gap": (b"sun 1 2\n\nmoon 1 2\n", "line 2 must hold .* 2 numbers.*0 numbers"),
    "infinite": (b"sun 1 2\nmoon 1 inf\n", "line 2 must hold finite"),
    "no number": (b"sun 1 2\nmoon 1 x\n", "line 2 .*could not convert.*x"),
}


@pytest.mark.parametrize(
    ("content", "message"), BAD_WITHOUT_HEADER.values(), ids=BAD_WITHOUT_HEADER
)
def test_wrong_text_without_header(tmp_path, content, message):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_word2vec_format(tmp_path / "v", no_header=True)


@pytest.mark.parametrize("no_header", [False, True])
def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path, no_header):
    header = b"" if no_header else b"2 1\n"
    (tmp_path / "v").write_bytes(b"\xef\xbb\xbf" + header + b"sun 1\nmoon 2\n")
    assert read_word2vec_format(tmp_path / "v", no_header=no_header)[0] == ["sun", "moon"]


READINGS = [{}, {"binary": True}, {"no_header": True}, {"unicode_errors": "replace"}]


@pytest.mark.parametrize("options", READINGS, ids=str)
@pytest.mark.parametrize("end", [".gz", ".bz2", ".xz"])
def test_a_compressed_file_of_another_name_is_told(tmp_path, end, options):
    write_word2vec_format(tmp_path / f"v{end}", WORDS, VECTORS)
    (tmp_path / f"v{end}").rename(tmp_path / "v")
    with pytest.raises(ValueError, match=rf"Let its name end in \{end}, or unpack it"):
        read_word2vec_format(tmp_path / "v", **options)
    (tmp_path / "v").rename(tmp_path / f"v{end.upper()}")
    assert read_word2vec_format(tmp_path / f"v{end.upper()}")[0] == WORDS


@pytest.mark.parametrize("options", READINGS, ids=str)
def test_a_zip_archive_is_told(tmp_path, options):
    """As GloVe's are shipped; zip begins with a few printable characters."""
    with zipfile.ZipFile(tmp_path / "glove.zip", "w") as archive:
        archive.writestr("glove.txt", "the 1 2\nsun 3 4\n")
    with pytest.raises(ValueError, match=r"a zip archive\. Unpack it, and pass the file"):
        read_word2vec_format(tmp_path / "glove.zip", **options)


def test_the_advice_for_text_that_is_read_as_binary_helps(tmp_path):
    (tmp_path / "v").write_bytes(b"sun 1 2\nmoon 3 4\n")
    with pytest.raises(ValueError, match="pass binary=False if the file is text, and no_header=Tr"):
        read_word2vec_format(tmp_path / "v", binary=True)
    assert read_word2vec_format(tmp_path / "v", no_header=True)[0] == ["sun", "moon"]


def test_the_advice_for_a_file_with_a_header_helps(tmp_path):
    (tmp_path / "v").write_bytes(b"2 2\nsun 1 2\nmoon 3 4\n")
    with pytest.raises(ValueError, match=r"line 2 .* Leave out no_header=True"):
        read_word2vec_format(tmp_path / "v", no_header=True)
    assert read_word2vec_format(tmp_path / "v")[0] == ["sun", "moon"]


def test_the_advice_for_a_file_without_header_helps(tmp_path):
    (tmp_path / "v").write_bytes(b"sun 1 2\nmoon 3 4\n")
    with pytest.raises(ValueError, match="no_header=True"):
        read_word2vec_format(tmp_path / "v")
    assert read_word2vec_format(tmp_path / "v", no_header=True)[0] == ["sun", "moon"]
    with pytest.raises(ValueError, match=r"text file, got binary=True.*one of both"):
        read_word2vec_format(tmp_path / "v", binary=True, no_header=True)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "3", True])
def test_wrong_limit(limit):
    with pytest.raises(ValueError, match="limit must be"):
        read_word2vec_format("none", limit=limit)


def test_unknown_encoding_and_missing_file(tmp_path):
    with pytest.raises(ValueError, match="one that Python knows, got 'utf-9'"):
        read_word2vec_format("none", encoding="utf-9")
    with pytest.raises(ValueError, match=r"unicode_errors must be 'strict'.* got 'no'"):
        read_word2vec_format("none", unicode_errors="no")
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
    for end in ENDS:
        for name in ("one", "other"):
            write_word2vec_format(tmp_path / f"{name}{end}", WORDS, VECTORS)
        one, other = (tmp_path / f"{name}{end}" for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()).startswith(b"6 5\n")


def test_words_with_spaces_in_files_without_header(tmp_path):
    """As the largest of GloVe's has a few; a number more than in line 1 is an error."""
    (tmp_path / "v").write_text("the 1 2\nat name@domain.com 3 4\n. . . 5 6\n")
    words, vectors = read_word2vec_format(tmp_path / "v", no_header=True)
    assert words == ["the", "at name@domain.com", ". . ."]
    assert vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    (tmp_path / "v").write_text("the 1 2\nat 3 4 5\n")
    with pytest.raises(ValueError, match=r"line 2 must hold .* 2 numbers"):
        read_word2vec_format(tmp_path / "v", no_header=True)


TABS = {
    "tabs": "sun\t1.5\t-2\nnew york\t0\t1e-3\n5\t1\t2\n",
    "a tab behind the word": "sun\t1.5 -2\nnew york\t0 1e-3\n5\t1 2\n",
    "tabs at the end": "sun\t1.5\t-2\t\nnew york\t0\t1e-3\t\r\n5\t1\t2\n\n",
}


@pytest.mark.parametrize("no_header", [False, True])
@pytest.mark.parametrize("content", TABS.values(), ids=TABS)
def test_columns_that_tabs_divide(tmp_path, content, no_header):
    (tmp_path / "v").write_text(content if no_header else f"3\t2\n{content}")
    words, vectors = read_word2vec_format(tmp_path / "v", no_header=no_header)
    assert words == ["sun", "new york", "5"]
    np.testing.assert_array_equal(vectors, np.float32([[1.5, -2], [0, 1e-3], [1, 2]]))


def test_a_tab_may_be_a_word(tmp_path):
    words, vectors = ["\t", "a\tb", "\t\t"], np.arange(6, dtype=np.float32).reshape(3, 2)
    write_word2vec_format(tmp_path / "v", words, vectors)
    read, found = read_word2vec_format(tmp_path / "v")
    assert read == words
    np.testing.assert_array_equal(found, vectors)
