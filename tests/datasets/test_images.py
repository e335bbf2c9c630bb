"""fetch_fashion_mnist: the images and labels as the idx files hold them."""

import dataclasses
import gzip
import hashlib
import struct

import numpy as np
import pytest

from skdl.datasets import FASHION_MNIST_CLASSES, _images, fetch_fashion_mnist
from skdl.datasets._images import _parse_idx


def to_idx(array, *, magic=None, shape=None):
    """Return an array as the contents of an idx file of unsigned bytes."""
    shape = array.shape if shape is None else shape
    magic = 0x0800 + len(shape) if magic is None else magic
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def upstream(tmp_path, monkeypatch):
    """Let the files of the test split come from a folder on this disk; return how to fill them."""

    def fill(*arrays):
        files = []
        for file, array in zip(_images._FASHION_MNIST["test"], arrays, strict=True):
            contents = to_idx(array)
            place = tmp_path / file.url.rpartition("/")[2]
            place.write_bytes(gzip.compress(contents))
            digest = hashlib.sha256(contents).hexdigest()
            files.append(dataclasses.replace(file, sha256=digest, url=place.as_uri()))
        monkeypatch.setitem(_images._FASHION_MNIST, "test", tuple(files))

    return fill


@pytest.mark.realdata("fashion-mnist")
@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_the_real_set(split, n):
    X, y = fetch_fashion_mnist(split=split, download_if_missing=False)
    assert X.shape == (n, 28, 28)
    assert X.dtype == np.uint8
    assert X.flags.c_contiguous
    assert X.flags.writeable
    assert X.min() == 0
    assert X.max() == 255
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == [n // 10] * 10
    assert FASHION_MNIST_CLASSES[y[0]] == "Ankle boot"  # the first image of both parts


@pytest.mark.realdata("fashion-mnist")
def test_images_stand_upright():
    X, y = fetch_fashion_mnist(split="test", download_if_missing=False)
    trousers = X[y == FASHION_MNIST_CLASSES.index("Trouser")].mean(axis=0)
    assert trousers[:, 14].argmax() < 14  # the legs part below
    assert trousers.any(axis=1).sum() >= trousers.any(axis=0).sum()  # higher than wide


def test_a_set_is_downloaded_packed_and_checked(upstream, tmp_path):
    X = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    upstream(X, np.array([9, 3]))
    home = tmp_path / "home"
    for download in (True, False):
        images, labels = fetch_fashion_mnist(
            split="test", data_home=home, download_if_missing=download
        )
        np.testing.assert_array_equal(images, X)
        assert labels.tolist() == [9, 3]
    assert sorted(path.name for path in (home / "fashion-mnist").iterdir()) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ]


def test_the_idx_format():
    array = np.arange(24).reshape(2, 3, 4)
    parsed = _parse_idx(to_idx(array), 3, "images")
    np.testing.assert_array_equal(parsed, array)
    assert parsed.dtype == np.uint8
    assert parsed.flags.writeable
    assert _parse_idx(to_idx(np.arange(300) % 10), 1, "labels").shape == (300,)
    assert _parse_idx(to_idx(np.zeros((0, 28, 28))), 3, "images").shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "images must begin with the bytes 00000803 and 3 sizes.*got '' in a file of 0"),
        (to_idx(np.zeros(4)), "got '00000801' in a file of 12 bytes"),
        (to_idx(np.zeros((1, 2, 2)), magic=0x0D03), "got '00000d03'"),  # 32-bit floats
        (to_idx(np.zeros((1, 2, 2)))[:15], "got '00000803' in a file of 15 bytes"),
        (to_idx(np.zeros((1, 2, 2)), shape=(2, 2, 2)), r"8 bytes .* shape \(2, 2, 2\), got 4"),
        (to_idx(np.zeros((1, 2, 2))) + b"\0", r"4 bytes .* shape \(1, 2, 2\), got 5"),
    ],
)
def test_what_is_not_such_an_idx_file_is_refused(contents, message):
    with pytest.raises(ValueError, match=message):
        _parse_idx(contents, 3, "images")


def test_images_without_their_labels_are_refused(upstream, tmp_path):
    upstream(np.zeros((3, 28, 28)), np.zeros(2))
    with pytest.raises(ValueError, match="one label per image, got 3 images and 2 labels"):
        fetch_fashion_mnist(split="test", data_home=tmp_path / "home")


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"split must be one of .*got 'all'"):
        fetch_fashion_mnist(split="all")


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte\.gz.*SKDL_DATA"):
        fetch_fashion_mnist(split="train", data_home=tmp_path, download_if_missing=False)


def test_the_classes_are_named():
    assert len(set(FASHION_MNIST_CLASSES)) == 10
