"""Compressed files by their names, and the errors of damaged ones."""

import bz2
import gzip
import lzma
import pickle
import tarfile
import zipfile
from io import BytesIO

import pytest

from skdl.estimators.word2vec._compression import (
    damage_reported,
    open_compressing,
    open_decompressed,
)

UNPACK = {"": bytes, ".txt": bytes, ".gz": gzip.decompress, ".bz2": bz2.decompress}
UNPACK |= {".xz": lzma.decompress}


@pytest.mark.parametrize("end", UNPACK)
def test_the_name_says_how(tmp_path, end):
    path = tmp_path / f"file{end}"
    with open(path, "wb") as plain, open_compressing(plain, path) as stream:
        stream.write(b"some words " * 50)
    assert UNPACK[end](path.read_bytes()) == b"some words " * 50
    with open_decompressed(path) as stream:
        assert stream.read() == b"some words " * 50
    with open_decompressed(str(path)) as stream:
        assert stream.readline(4) == b"some"


def test_errors_of_the_system_are_its_own(tmp_path):
    with pytest.raises(FileNotFoundError), damage_reported(tmp_path / "none.gz"):
        open_decompressed(tmp_path / "none.gz")


@pytest.mark.parametrize("end", [".gz", ".bz2", ".xz"])
def test_a_file_of_another_kind(tmp_path, end):
    path = tmp_path / f"file{end}"
    path.write_bytes(b"plain text")
    with (
        pytest.raises(ValueError, match=r"must be a whole \w+ file: .*Get it again"),
        damage_reported(path),
    ):
        open_decompressed(path).read()


def zipped(content, **options):
    with BytesIO() as stream:
        with zipfile.ZipFile(stream, "w", **options) as archive:
            archive.writestr("glove.txt", content)
        return stream.getvalue()


def tarred(content, **options):
    with BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w", **options) as archive:
            archive.addfile(tarfile.TarInfo("glove.txt"))
        return stream.getvalue()


CONTENT = b"the 1 2\nsun 3 4\n"
PACKED = {
    "zip": (zipped(CONTENT), "a zip archive. Unpack it, and pass the file that is in it"),
    "deflated zip": (zipped(CONTENT, compression=zipfile.ZIP_DEFLATED), "a zip archive"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "a zip archive"),
    "gzip": (gzip.compress(CONTENT), r"by gzip. Let its name end in \.gz, or unpack it"),
    "bz2": (bz2.compress(CONTENT), r"by bz2. Let its name end in \.bz2, or unpack it"),
    "bz2 of nothing": (bz2.compress(b""), r"by bz2. Let its name end in \.bz2, or unpack it"),
    "xz": (lzma.compress(CONTENT), r"by xz. Let its name end in \.xz, or unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd" + CONTENT, "by zstd. Unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + CONTENT, "a 7z archive. Unpack it"),
    "tar": (tarred(CONTENT), "a tar archive. Unpack it"),
    "tar of GNU": (tarred(CONTENT, format=tarfile.GNU_FORMAT), "a tar archive. Unpack it"),
    "model of fastText": (b"\xba\x16\x4f\x2f\x0c\0\0\0", r"a model of fastText.* \.vec"),
    "pickle": (pickle.dumps({"the": 1}), "a pickle.* save_word2vec_format"),
}


MISNAMED = [
    (kind, end)
    for kind, (_, message) in PACKED.items()
    for end in (".txt", ".bin", ".gz", ".bz2", ".xz")
    if f"\\{end}," not in message
]


@pytest.mark.parametrize(("kind", "end"), MISNAMED)
def test_content_of_another_kind_than_the_name_says(tmp_path, kind, end):
    path, (content, message) = tmp_path / f"file{end}", PACKED[kind]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught, damage_reported(path):
        open_decompressed(path).read()
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_that_are_compressed(tmp_path, kind):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(PACKED[kind][0]))
    with pytest.raises(ValueError, match=f"a {kind} archive. Unpack it"), damage_reported(path):
        open_decompressed(path)


@pytest.mark.parametrize("word", ["PK", "BZh", "BZh9", "7z", "\u20ac", "x" * 400, "\u2581"])
def test_words_that_look_a_little_like_it(tmp_path, word):
    (tmp_path / "file").write_text(f"{word} 1 2\n", encoding="utf-8")
    with open_decompressed(tmp_path / "file") as stream:
        assert stream.read() == f"{word} 1 2\n".encode()
