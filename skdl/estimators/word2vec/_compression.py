"""Files that are compressed where their names say so, as in gensim."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedWriter
from pathlib import Path
from typing import Any, cast

_HEAD_BYTES = 300
# How compressed files begin, by the end of their name, and what compresses so.
_COMPRESSED = {
    ".gz": (rb"\x1f\x8b", "gzip"),
    ".bz2": (rb"BZh[1-9](1AY&SY|\x17rE8P)", "bz2"),
    ".xz": (rb"\xfd7zXZ\0", "xz"),
}
_UNPACK = "Unpack it, and pass the file that is in it."
# How other files begin that are taken for text or vectors, what they are, and what to do.
_OTHERS = [
    (rb"PK(\x03\x04|\x05\x06)", "a zip archive", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (rb"(?s)(?=[^\0]{1,100}\0).{257}ustar", "a tar archive", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "a file compressed by zstd", "Unpack it."),
    (
        rb"\xba\x16\x4f\x2f",
        "a model of fastText",
        "Pass the file with its vectors, which is text and ends in .vec.",
    ),
    (
        rb"\x80[\x02-\x05]",
        "a pickle",
        "Load it with what saved it, and save its vectors by save_word2vec_format, which gensim's "
        "KeyedVectors have too.",
    ),
]


def open_decompressed(path: str | os.PathLike[str]) -> BufferedIOBase:
    """The file opened for reading bytes, decompressed where its name ends in .gz, .bz2 or .xz.

    Raises
    ------
    ValueError
        If what it holds is compressed otherwise than its name says, or an archive.
    """
    stream = _open(path)
    try:
        _check_head(path, stream.peek(_HEAD_BYTES)[:_HEAD_BYTES])
    except BaseException:
        stream.close()
        raise
    return cast(BufferedIOBase, stream)


def _open(path: str | os.PathLike[str]) -> Any:
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        return gzip.open(path, "rb")
    if suffix == ".bz2":
        return bz2.open(path, "rb")
    if suffix == ".xz":
        return lzma.open(path, "rb")
    return open(path, "rb")


def _check_head(path: str | os.PathLike[str], head: bytes) -> None:
    """Raise ValueError where the first bytes are those of a compressed file or the like."""
    for end, (pattern, kind) in _COMPRESSED.items():
        if re.match(pattern, head):
            raise ValueError(
                f"{path} must hold text or vectors, got a file compressed by {kind}. Let its name "
                f"end in {end}, or unpack it."
            )
    for pattern, kind, advice in _OTHERS:
        if re.match(pattern, head):
            raise ValueError(f"{path} must hold text or vectors, got {kind}. {advice}")


@contextmanager
def damage_reported(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside, errors of reading a damaged compressed file become a ValueError that names it.

    Raises
    ------
    ValueError
    """
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, not of the content
        end = Path(path).suffix.lower()
        pattern, kind = _COMPRESSED[end]
        with open(path, "rb") as stream:
            head = stream.read(_HEAD_BYTES)
        if not re.match(pattern, head):
            _check_head(path, head)
        raise ValueError(
            f"{path} must be a whole {kind} file: {error}. Get it again, or leave {end} out of its "
            "name if it is not compressed."
        ) from error


@contextmanager
def open_compressing(plain: BufferedWriter, target: Path) -> Iterator[BufferedIOBase]:
    """A stream that compresses into ``plain``, in the format that ``target`` ends in.

    Equal content gives equal files: they hold no time and no name.
    """
    suffix = target.suffix.lower()
    if suffix == ".gz":
        with gzip.GzipFile("", "wb", 6, plain, mtime=0) as stream:
            yield stream
    elif suffix in (".bz2", ".xz"):
        module = bz2 if suffix == ".bz2" else lzma
        with module.open(plain, "wb") as stream:
            yield cast(BufferedIOBase, stream)
    else:
        yield plain
