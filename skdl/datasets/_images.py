"""Real sets of images for classification, read from files with checksums."""

from __future__ import annotations

import math
import os

import numpy as np
from numpy.typing import NDArray

from ._fetch import RemoteFile, check_known, read_file

FASHION_MNIST_CLASSES: tuple[str, ...] = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""Names of the labels 0 to 9 of `fetch_fashion_mnist`, in this order."""

_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"

# Images and labels of each part; SHA256 of the unpacked contents.
_FASHION_MNIST = {
    split: tuple(
        RemoteFile(f"fashion-mnist/{name}", sha256, f"{_ZALANDO}{name}.gz")
        for name, sha256 in files
    )
    for split, files in {
        "train": [
            ("train-images-idx3-ubyte",
             "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            ("train-labels-idx1-ubyte",
             "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        ],
        "test": [
            ("t10k-images-idx3-ubyte",
             "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            ("t10k-labels-idx1-ubyte",
             "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ],
    }.items()
}  # fmt: skip


def fetch_fashion_mnist(
    *,
    split: str,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Fetch one part of Fashion-MNIST: grey images of clothes, shoes and bags in 10 classes.

    Parameters
    ----------
    split : {"train", "test"}
        Which part, as its authors divided the set: 60,000 images, 6,000 of each class, or 10,000.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the two files (26 MB; for the test part 4 MB) when the folder lacks
        them.

    Returns
    -------
    X : ndarray of shape (n, 28, 28), uint8
        The images, row by row from the top: 0 is the background, 255 the brightest.
    y : ndarray of shape (n,), int64
        The labels, 0 to 9; ``FASHION_MNIST_CLASSES`` of this package holds their names.

    Raises
    ------
    ValueError
        If `split` is unknown, or a file's SHA256 is not the expected one.
    FileNotFoundError
        If a file is absent and is not downloaded, or the download fails.

    See Also
    --------
    load_digits_images : Small real images that need no download.

    References
    ----------
    Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", arXiv:1708.07747, from https://github.com/zalandoresearch/fashion-mnist
    (MIT licence).

    Examples
    --------
    >>> from skdl.datasets import FASHION_MNIST_CLASSES, fetch_fashion_mnist
    >>> FASHION_MNIST_CLASSES[9]
    'Ankle boot'
    >>> X, y = fetch_fashion_mnist(split="train")  # doctest: +SKIP
    >>> X.shape, FASHION_MNIST_CLASSES[y[0]]  # doctest: +SKIP
    ((60000, 28, 28), 'Ankle boot')
    """
    images, labels = _FASHION_MNIST[check_known("split", split, tuple(_FASHION_MNIST))]

    def read(file: RemoteFile, n_axes: int) -> NDArray[np.uint8]:
        contents = read_file(file, data_home=data_home, download_if_missing=download_if_missing)
        return _parse_idx(contents, n_axes, file.path)

    X, y = read(images, 3), read(labels, 1)
    if len(X) != len(y):
        raise ValueError(
            f"{images.path} and {labels.path} must hold one label per image, got {len(X)} images "
            f"and {len(y)} labels. Delete both files and fetch them again."
        )
    return X, y.astype(np.int64)


def _parse_idx(contents: bytes, n_axes: int, name: str) -> NDArray[np.uint8]:
    """Parse the idx format: a magic number, the size of each axis, then the bytes row-major."""
    magic, start = bytes([0, 0, 8, n_axes]), 4 + 4 * n_axes  # 8: unsigned bytes
    if contents[:4] != magic or len(contents) < start:
        raise ValueError(
            f"{name} must begin with the bytes {magic.hex()} and {n_axes} sizes, as an idx file of "
            f"unsigned bytes with {n_axes} axes does, got {contents[:4].hex()!r} in a file of "
            f"{len(contents)} bytes. Delete the file and fetch it again."
        )
    shape = tuple(np.frombuffer(contents, dtype=">u4", count=n_axes, offset=4).tolist())
    if len(contents) - start != math.prod(shape):
        raise ValueError(
            f"{name} must hold {math.prod(shape)} bytes after its header, which gives the shape "
            f"{shape}, got {len(contents) - start}. Delete the file and fetch it again."
        )
    return np.frombuffer(contents, dtype=np.uint8, offset=start).reshape(shape).copy()
