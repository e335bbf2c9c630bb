"""Real sets of sequences for classification, read from files with checksums."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from ._fetch import BROWNLEE, RemoteFile, check_known, read_file

_GITHUB = "https://raw.githubusercontent.com/"
_AEON = _GITHUB + "aeon-toolkit/aeon/main/aeon/datasets/data/"
_ELSEWHERE = {
    "PLAID": _GITHUB + "sktime/sktime/main/sktime/datasets/data/",
    "Plane": _GITHUB + "tslearn-team/tslearn/main/docs/datasets/",
}

# SHA256 of the unpacked text, (train, test).
_UCR_SHA256 = {
    "ArrowHead": (
        "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
        "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
    ),
    "BasicMotions": (
        "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
        "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    ),
    "GunPoint": (
        "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5",
        "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e",
    ),
    "ItalyPowerDemand": (
        "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
        "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
    ),
    "JapaneseVowels": (
        "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
        "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    ),
    "OSULeaf": (
        "86b9d6e860414ffd26cebc62fff84ffb37fa588ef3e5bf79e4094a437c36ddfc",
        "6c549dd354f9e42d5985fa5fab75321ca9acefc7873457e71467fc8a31f107ce",
    ),
    "PLAID": (
        "40deb3bc6bd1e1aa0e6db6e6bfd3cecc4a23bf57f6a6d6ab90fb75e4a2c72344",
        "aa6da0dc1461e8d374e068a940ce37d1b0bb1a9844596d818920c8af696d656d",
    ),
    "Plane": (
        "75f51b8698b3594dd7b3735db528398d0888dc519f5dfa70c5113c783ca8762f",
        "63cb3549529f3f64f0b60bf9d4f4a36f87783de9fd7e3ba7152849a4a19e0410",
    ),
}
_SPLITS = ("train", "test")

_INDOOR = RemoteFile(
    "indoor-movement/IndoorMovement.zip",
    "c657ee8635275145b11c9e4ed3b4647b876f8acb638e61e7b1a6a18f27e0472a",
    BROWNLEE + "IndoorMovement.zip",
)


def fetch_ucr(
    name: str,
    *,
    split: str,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[Any, NDArray[np.str_]]:
    """Fetch one part of a set of the UCR and UEA time series classification archives.

    Parameters
    ----------
    name : {"ArrowHead", "BasicMotions", "GunPoint", "ItalyPowerDemand", "JapaneseVowels", \
"OSULeaf", "PLAID", "Plane"}
        - "ArrowHead": outlines of arrow heads, 3 classes, 36 + 175 of 251 steps
        - "BasicMotions": accelerometer and gyroscope, 4 classes, 40 + 40 of 100 steps x 6
        - "GunPoint": a hand that draws a gun or points, 2 classes, 50 + 150 of 150 steps
        - "ItalyPowerDemand": power of a day, 2 seasons, 67 + 1,029 of 24 steps
        - "JapaneseVowels": spoken vowels of 9 speakers, 270 + 370 of 7 to 29 steps x 12
        - "OSULeaf": outlines of leaves, 6 classes, 200 + 242 of 427 steps
        - "PLAID": currents of appliances, 11 classes, 537 + 537 of 100 to 1,344 steps
        - "Plane": outlines of aeroplanes, 7 classes, 105 + 105 of 144 steps
    split : {"train", "test"}
        Which part, as the archive divides the set.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    X : ndarray of shape (n, T) or (n, T, C), or list of n ndarrays of shape (T_i, C)
        Float64; the list where lengths are unequal ("JapaneseVowels", "PLAID").
    y : ndarray of str of shape (n,)
        The labels.

    Raises
    ------
    ValueError
        If `name` or `split` is unknown, or the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    References
    ----------
    Dau et al., "The UCR Time Series Archive", IEEE/CAA J. Autom. Sinica 6, 2019, and Bagnall et
    al., "The UEA multivariate time series classification archive", arXiv:1811.00075, as
    distributed with https://github.com/aeon-toolkit/aeon, https://github.com/sktime/sktime
    ("PLAID") and https://github.com/tslearn-team/tslearn ("Plane"). The archives carry no formal
    licence and ask to be cited.

    Examples
    --------
    >>> from skdl.datasets import fetch_ucr
    >>> X, y = fetch_ucr("BasicMotions", split="train")  # doctest: +SKIP
    >>> X.shape, str(y[0])  # doctest: +SKIP
    ((40, 100, 6), 'Standing')
    """
    digests = _UCR_SHA256[check_known("name", name, tuple(_UCR_SHA256))]
    check_known("split", split, _SPLITS)
    path = f"{name}/{name}_{split.upper()}.ts"
    source = _ELSEWHERE.get(name, _AEON) + path
    file = RemoteFile(f"ucr-dev/{path}", digests[_SPLITS.index(split)], source)
    contents = read_file(file, data_home=data_home, download_if_missing=download_if_missing)
    return _parse_ts(contents.decode("utf-8"))


def fetch_indoor_movement(
    *,
    return_X_y: bool = False,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> Any:
    """Fetch radio signals of people who walk through an office: sequences of unequal length.

    Each sequence holds the strength of the signals, scaled to -1 to 1, that four anchors receive
    from a walker, 8 steps per second, until a marked point. The target is whether the walker then
    changes the room.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return the pair (data, target) instead of a Bunch.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    movement : Bunch
        - data : list of 314 ndarrays of shape (T_i, 4), float64
        - target : ndarray of shape (314,), int: 1 changes the room, -1 stays
        - groups : ndarray of shape (314,), int: the place it was measured, 1 to 3, for
          ``LeaveOneGroupOut``
        - paths : ndarray of shape (314,), int: the path walked, 1 to 6. It decides the target
        - feature_names : list of str, the anchors
        - DESCR : str
    (X, y) : tuple of list and ndarray
        `data` and `target`, if `return_X_y`.

    Raises
    ------
    ValueError
        If the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    References
    ----------
    Bacciu, Barsocchi, Chessa, Gallicchio and Micheli, "An experimental characterization of
    reservoir computing in ambient assisted living applications", Neural Computing and
    Applications 24, 2014 (UCI, CC BY 4.0), from https://github.com/jbrownlee/Datasets.

    Examples
    --------
    >>> from skdl.datasets import fetch_indoor_movement
    >>> X, y = fetch_indoor_movement(return_X_y=True)  # doctest: +SKIP
    >>> len(X), X[0].shape  # doctest: +SKIP
    (314, (27, 4))
    """
    contents = read_file(_INDOOR, data_home=data_home, download_if_missing=download_if_missing)
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        labels = _zipped_table(archive, "dataset/MovementAAL_target.csv")
        ids = labels[:, 0].astype(int)
        X = [_zipped_table(archive, f"dataset/MovementAAL_RSS_{i}.csv") for i in ids]
        places = _zipped_table(archive, "groups/MovementAAL_DatasetGroup.csv")[:, 1].astype(int)
        paths = _zipped_table(archive, "groups/MovementAAL_Paths.csv")[:, 1].astype(int)
    y = labels[:, 1].astype(int)
    if return_X_y:
        return X, y
    return Bunch(
        data=X,
        target=y,
        groups=places,
        paths=paths,
        feature_names=[f"anchor_{i}" for i in range(1, 5)],
        DESCR="Indoor user movement prediction from radio signal strength (UCI, CC BY 4.0).",
    )


def _zipped_table(archive: zipfile.ZipFile, member: str) -> NDArray[np.float64]:
    return np.loadtxt(io.BytesIO(archive.read(member)), delimiter=",", comments="#", ndmin=2)


def _parse_ts(text: str) -> tuple[Any, NDArray[np.str_]]:
    """Parse the .ts format: channels separated by colons, then the label."""
    lines = text.partition("@data")[2].split()
    rows = [line.split(":") for line in lines]
    y = np.array([row[-1] for row in rows])
    X = [_steps_first(row[:-1]) for row in rows]
    if len({x.shape for x in X}) > 1:
        return X, y
    stacked = np.stack(X)  # (n, T, C)
    return (stacked[..., 0] if stacked.shape[2] == 1 else stacked), y


def _steps_first(channels: list[str]) -> NDArray[np.float64]:
    values = np.array([channel.split(",") for channel in channels], dtype=np.float64)  # (C, T)
    return np.ascontiguousarray(values.T)  # (T, C)
