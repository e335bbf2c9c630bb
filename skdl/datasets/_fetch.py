"""Files of the real data sets: location, checksum, download."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import tempfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

BROWNLEE = "https://raw.githubusercontent.com/jbrownlee/Datasets/master/"
_TIMEOUT = 30.0  # seconds
# How a file in the data folder may be packed: suffix, name, what unpacks it.
_PACKED = ((".gz", "gzip", gzip.decompress), (".xz", "xz", lzma.decompress))


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set: its path under the data folder, SHA256 of its contents, its source.

    Where the source ends in ``.gz`` or ``.xz`` and the path does not, the source is compressed: it
    is saved as it is, under the path with the suffix appended, and `sha256` is that of the
    uncompressed contents.

    `made_how` is set where the file cannot be downloaded in one piece: it tells how to make it
    from the files at `url`.
    """

    path: str
    sha256: str
    url: str
    made_how: str = ""

    @property
    def saved_as(self) -> str:
        """Path under the data folder where a download is saved: `path`, or with a suffix."""
        for suffix, *_ in _PACKED:
            if self.url.endswith(suffix) and not self.path.endswith(suffix):
                return self.path + suffix
        return self.path


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds the real data sets, one folder per set.

    Parameters
    ----------
    data_home : str or path, default=None
        The folder; None takes the environment variable ``SKDL_DATA``, else ``~/.cache/skdl``.
        Downloads are saved there. The first download creates it.

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
    """Return the checked contents of a file, unpacked where it is stored as ``.gz`` or ``.xz``.

    Raises
    ------
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.
    ValueError
        If the SHA256 of the contents is not the expected one.
    """
    home = get_data_home(data_home)
    path = home / file.path
    if path.is_file():
        return _checked(path.read_bytes(), file, path)
    for suffix, *_ in _PACKED:
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            return _checked(_unpack(packed.read_bytes(), packed), file, packed)
    if file.made_how or not download_if_missing:
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
    """Unpack what `source`, by its suffix, is packed with."""
    ends = str(source).endswith
    kind, unpack = next((kind, unpack) for suffix, kind, unpack in _PACKED if ends(suffix))
    try:
        return unpack(packed)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(
            f"{source} must be a whole {kind} file, and unpacking it failed: {error}. Delete the "
            "file and fetch it again."
        ) from error


def _checked(contents: bytes, file: RemoteFile, source: Path | str) -> bytes:
    got = hashlib.sha256(contents).hexdigest()
    if got != file.sha256:
        raise ValueError(
            f"{source} must hold the contents with SHA256 {file.sha256}, got {got}: it is damaged "
            "or another version. Delete the file and fetch it again; nothing was read from it."
        )
    return contents


def _where_to_get(file: RemoteFile, home: Path) -> str:
    place = home / file.saved_as
    if file.made_how:
        how = f"It cannot be downloaded: make it from {file.url}, and save it as {place}: "
        how += f"{file.made_how}. Or"
    else:
        how = f"Save {file.url} as {place}, or"
    return (
        f"The data file {file.path} must be under {home}, but is not there. {how} set the "
        "environment variable SKDL_DATA (or pass data_home=) to the folder that holds it."
    )
