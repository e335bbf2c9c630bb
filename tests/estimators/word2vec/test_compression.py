"""Compressed files by their names, and the errors of damaged ones."""

import bz2
import gzip
import lzma

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
