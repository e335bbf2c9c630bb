"""Files of real data: found, unpacked, checked, downloaded once, and clear errors when not."""

import gzip
import hashlib
import lzma
from pathlib import Path

import pytest

from skdl.datasets import get_data_home
from skdl.datasets._fetch import RemoteFile, read_file

_CONTENTS = b"a,b\n1,2\n"
PACKED = gzip.compress(_CONTENTS, mtime=0)  # the time would be in ids


@pytest.fixture
def file(tmp_path):
    """Return a file whose upstream is a folder on this disk."""
    upstream = tmp_path / "upstream" / "table.csv"
    upstream.parent.mkdir()
    upstream.write_bytes(_CONTENTS)
    digest = hashlib.sha256(_CONTENTS).hexdigest()
    return RemoteFile("set/table.csv", digest, upstream.as_uri())


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def _save(home, name, contents):
    path = home / "set" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(contents)


def test_the_data_home_is_the_argument_else_the_variable_else_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SKDL_DATA", str(tmp_path))
    assert get_data_home() == tmp_path
    assert get_data_home(tmp_path / "other") == tmp_path / "other"
    monkeypatch.delenv("SKDL_DATA")
    assert get_data_home() == Path.home() / ".cache" / "skdl"
    assert get_data_home("~/data") == Path.home() / "data"


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("table.csv", _CONTENTS),
        ("table.csv.gz", PACKED),
        ("table.csv.xz", lzma.compress(_CONTENTS)),
    ],
)
def test_a_local_file_is_read_plain_or_packed(file, home, name, contents):
    _save(home, name, contents)
    assert read_file(file, data_home=home, download_if_missing=False) == _CONTENTS


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("table.csv", b"a,b\n1,3\n"),
        ("table.csv.gz", gzip.compress(b"a,b\n1,3\n", mtime=0)),
        ("table.csv.xz", lzma.compress(b"a,b\n1,3\n")),
    ],
)
def test_a_changed_file_is_refused(file, home, name, contents):
    _save(home, name, contents)
    with pytest.raises(
        ValueError, match=f"{name} must hold the contents with SHA256 {file.sha256}"
    ):
        read_file(file, data_home=home, download_if_missing=True)


@pytest.mark.parametrize(
    "broken",
    [PACKED[:-4], PACKED[:10] + b"\xff" * 20, _CONTENTS],
    ids=["cut off", "damaged", "not packed"],
)
def test_a_broken_gzip_is_refused(file, home, broken):
    _save(home, "table.csv.gz", broken)
    with pytest.raises(ValueError, match="must be a whole gzip file"):
        read_file(file, data_home=home, download_if_missing=True)


@pytest.mark.parametrize(
    "broken", [lzma.compress(_CONTENTS)[:-4], b"\xff" * 30], ids=["cut off", "not packed"]
)
def test_a_broken_xz_is_refused(file, home, broken):
    _save(home, "table.csv.xz", broken)
    with pytest.raises(ValueError, match="must be a whole xz file"):
        read_file(file, data_home=home, download_if_missing=True)


def test_a_missing_file_says_where_to_get_it(file, home):
    with pytest.raises(FileNotFoundError, match="SKDL_DATA") as caught:
        read_file(file, data_home=home, download_if_missing=False)
    assert file.url in str(caught.value)
    assert str(home) in str(caught.value)
    assert not home.exists()


def test_a_download_is_saved_and_made_once(file, home):
    assert read_file(file, data_home=home, download_if_missing=True) == _CONTENTS
    assert [path.name for path in (home / "set").iterdir()] == ["table.csv"]
    gone = RemoteFile(file.path, file.sha256, file.url + ".gone")
    assert read_file(gone, data_home=home, download_if_missing=True) == _CONTENTS


def test_a_download_of_other_contents_is_refused_and_not_saved(file, home):
    other = RemoteFile(file.path, "0" * 64, file.url)
    with pytest.raises(ValueError, match="must hold the contents with SHA256 000"):
        read_file(other, data_home=home, download_if_missing=True)
    assert not home.exists()


def test_a_failed_download_says_why(file, home):
    gone = RemoteFile(file.path, file.sha256, file.url + ".gone")
    with pytest.raises(FileNotFoundError, match=r"SKDL_DATA.*The download failed: .*\.gone"):
        read_file(gone, data_home=home, download_if_missing=True)
    assert not home.exists()


@pytest.fixture
def packed(file, tmp_path):
    """Return the same file with an upstream that holds it as gzip."""
    upstream = tmp_path / "upstream" / "table.csv.gz"
    upstream.write_bytes(gzip.compress(_CONTENTS))
    return RemoteFile(file.path, file.sha256, upstream.as_uri())


def test_a_packed_download_is_saved_as_it_is_and_made_once(packed, home):
    assert read_file(packed, data_home=home, download_if_missing=True) == _CONTENTS
    (saved,) = (home / "set").iterdir()
    assert saved.name == "table.csv.gz"
    assert gzip.decompress(saved.read_bytes()) == _CONTENTS
    gone = RemoteFile(packed.path, packed.sha256, packed.url.replace("upstream", "gone"))
    assert read_file(gone, data_home=home, download_if_missing=True) == _CONTENTS


def test_a_missing_packed_file_is_to_be_saved_packed(packed, home):
    with pytest.raises(FileNotFoundError, match="SKDL_DATA") as caught:
        read_file(packed, data_home=home, download_if_missing=False)
    assert f"Save {packed.url} as {home / 'set' / 'table.csv.gz'}," in str(caught.value)


def test_a_packed_download_that_is_broken_or_changed_is_not_saved(packed, home, tmp_path):
    other = RemoteFile(packed.path, "0" * 64, packed.url)
    with pytest.raises(ValueError, match="must hold the contents with SHA256 000"):
        read_file(other, data_home=home, download_if_missing=True)
    (tmp_path / "upstream" / "table.csv.gz").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"table\.csv\.gz must be a whole gzip file"):
        read_file(packed, data_home=home, download_if_missing=True)
    assert not home.exists()


def test_a_set_that_is_itself_a_gzip_is_not_unpacked(packed, home, tmp_path):
    contents = (tmp_path / "upstream" / "table.csv.gz").read_bytes()
    whole = RemoteFile("set/table.csv.gz", hashlib.sha256(contents).hexdigest(), packed.url)
    assert read_file(whole, data_home=home, download_if_missing=True) == contents
    assert read_file(whole, data_home=home, download_if_missing=False) == contents


def test_a_source_packed_as_xz(file, home, tmp_path):
    upstream = tmp_path / "upstream" / "table.csv.xz"
    upstream.write_bytes(lzma.compress(_CONTENTS))
    packed = RemoteFile(file.path, file.sha256, upstream.as_uri())
    assert read_file(packed, data_home=home, download_if_missing=True) == _CONTENTS
    assert [path.name for path in (home / "set").iterdir()] == ["table.csv.xz"]
    assert read_file(packed, data_home=home, download_if_missing=False) == _CONTENTS


def test_a_file_that_no_download_gives_says_how_to_make_it(file, home):
    made = RemoteFile(file.path, file.sha256, file.url, made_how="one line for each row")
    with pytest.raises(FileNotFoundError, match="SKDL_DATA") as caught:
        read_file(made, data_home=home, download_if_missing=True)
    assert "It cannot be downloaded" in str(caught.value)
    assert "one line for each row" in str(caught.value)
    assert file.url in str(caught.value)
    assert not home.exists()
    _save(home, "table.csv", _CONTENTS)
    assert read_file(made, data_home=home, download_if_missing=True) == _CONTENTS
