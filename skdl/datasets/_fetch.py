"""Files of the real data sets: where they are, whether they are the right ones, the download."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

BROWNLEE = "https://raw.githubusercontent.com/jbrownlee/Datasets/master/"
_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set: its place under the data folder, its contents' SHA256, its source.

    Where the source ends in ``.gz`` and the place does not, the source is the packed file: it is
    saved as it is, beside the place with ``.gz`` appended, and `sha256` is that of what it holds.
    """

    path: str
    sha256: str
    url: str

    @property
    def saved_as(self) -> str:
        """Where a download goes: to `path`, or packed beside it."""
        packed = self.url.endswith(".gz") and not self.path.endswith(".gz")
        return self.path + ".gz" if packed else self.path


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds the real data sets, one folder per set.

    Parameters
    ----------
    data_home : str or path, default=None
        The folder; None takes the environment variable ``SKDL_DATA``, else ``~/.cache/skdl``.
        Downloads are saved there. The folder itself is made by the first download.

    Returns
    -------
    path : Path
        The folder, which need not exist.

    Examples
    --------
    >>> from skdl.datasets import get_data_home
    >>> get_data_home("somewhere").name
    'somewhere'
    """
    chosen = data_home or os.environ.get("SKDL_DATA") or Path("~/.cache/skdl")
    return Path(chosen).expanduser()


def read_file(
    file: RemoteFile, *, data_home: str | os.PathLike[str] | None, download_if_missing: bool
) -> bytes:
    """Return the checked contents of a file, unpacked where the folder holds it as ``.gz``.

    Raises
    ------
    FileNotFoundError
        If the file is absent, and not to be downloaded or not to be had.
    ValueError
        If the contents are not those that the SHA256 was taken of.
    """
    home = get_data_home(data_home)
    path = home / file.path
    packed = path.with_name(path.name + ".gz")
    if path.is_file():
        return _checked(path.read_bytes(), file, path)
    if packed.is_file():
        return _checked(_unpack(packed.read_bytes(), packed), file, packed)
    if not download_if_missing:
        raise FileNotFoundError(_where_to_get(file, home))
    return _download(file, home)


def check_known(name: str, got: str, known: tuple[str, ...]) -> str:
    """Return `got` if it is one of `known`, else raise ValueError."""
    if got not in known:
        raise ValueError(f"{name} must be one of {known}, got {got!r}. Choose one of these.")
    return got


def _download(file: RemoteFile, home: Path) -> bytes:
    """Fetch the file, check it, and save it under `home` in one step."""
    try:
        with urlopen(file.url, timeout=_TIMEOUT) as response:
            received = response.read()
    except (OSError, HTTPException) as error:
        reason = f" The download failed: {error}."
        raise FileNotFoundError(_where_to_get(file, home) + reason) from error
    path = home / file.saved_as
    contents = received if file.saved_as == file.path else _unpack(received, file.url)
    _checked(contents, file, file.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(received)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return contents


def _unpack(packed: bytes, source: Path | str) -> bytes:
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{source} must be a whole gzip file, and unpacking it failed: {error}. Delete the "
            "file and fetch it anew."
        ) from error


def _checked(contents: bytes, file: RemoteFile, source: Path | str) -> bytes:
    got = hashlib.sha256(contents).hexdigest()
    if got != file.sha256:
        raise ValueError(
            f"{source} must hold the contents with SHA256 {file.sha256}, got {got}: it is damaged "
            "or another version. Delete the file and fetch it anew; nothing was read from it."
        )
    return contents


def _where_to_get(file: RemoteFile, home: Path) -> str:
    return (
        f"The data file {file.path} must be under {home}, and is not there. Save {file.url} as "
        f"{home / file.saved_as}, or set the environment variable SKDL_DATA (or pass data_home=) "
        "to the folder that holds it."
    )
