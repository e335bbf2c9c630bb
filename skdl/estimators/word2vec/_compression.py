"""Files that are compressed where their names say so, as in gensim."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedWriter
from pathlib import Path
from typing import cast


def open_decompressed(path: str | os.PathLike[str]) -> BufferedIOBase:
    """The file opened for reading bytes, decompressed where its name ends in .gz, .bz2 or .xz."""
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        return gzip.open(path, "rb")
    if suffix == ".bz2":
        return bz2.open(path, "rb")
    if suffix == ".xz":
        return lzma.open(path, "rb")
    return open(path, "rb")


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
        kind = Path(path).suffix.lower().lstrip(".").replace("gz", "gzip")
        raise ValueError(f"{path} must be a whole {kind} file: {error}. Get it again.") from error


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
