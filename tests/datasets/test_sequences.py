"""fetch_ucr and fetch_indoor_movement: shapes, labels, groups."""

import numpy as np
import pytest

from skdl.datasets import fetch_indoor_movement, fetch_ucr
from skdl.datasets._sequences import _parse_ts

_SHAPES = {  # name: shape of train and test, number of classes
    "ArrowHead": ((36, 251), (175, 251), 3),
    "BasicMotions": ((40, 100, 6), (40, 100, 6), 4),
    "GunPoint": ((50, 150), (150, 150), 2),
    "ItalyPowerDemand": ((67, 24), (1029, 24), 2),
    "OSULeaf": ((200, 427), (242, 427), 6),
    "Plane": ((105, 144), (105, 144), 7),
}


@pytest.mark.realdata("ucr-dev")
@pytest.mark.parametrize("name", sorted(_SHAPES))
def test_sets_of_equal_length(name):
    *shapes, n_classes = _SHAPES[name]
    for split, shape in zip(["train", "test"], shapes, strict=True):
        X, y = fetch_ucr(name, split=split, download_if_missing=False)
        assert X.shape == shape
        assert X.dtype == np.float64
        assert X.flags.c_contiguous
        assert y.shape == shape[:1]
        assert y.dtype.kind == "U"
        assert len(set(y.tolist())) == n_classes


@pytest.mark.realdata("ucr-dev")
@pytest.mark.parametrize(("split", "n", "longest"), [("train", 270, 26), ("test", 370, 29)])
def test_japanese_vowels_are_ragged(split, n, longest):
    X, y = fetch_ucr("JapaneseVowels", split=split, download_if_missing=False)
    assert len(X) == len(y) == n
    assert {x.shape[1] for x in X} == {12}
    assert (min(map(len, X)), max(map(len, X))) == (7, longest)
    assert sorted(set(y.tolist())) == list("123456789")


@pytest.mark.realdata("ucr-dev")
@pytest.mark.parametrize(
    ("split", "shortest_and_longest"), [("train", (100, 1344)), ("test", (134, 1000))]
)
def test_plaid_is_ragged(split, shortest_and_longest):
    X, y = fetch_ucr("PLAID", split=split, download_if_missing=False)
    assert len(X) == len(y) == 537
    assert {x.shape[1] for x in X} == {1}
    assert (min(map(len, X)), max(map(len, X))) == shortest_and_longest
    assert len(set(y.tolist())) == 11


@pytest.mark.realdata("indoor-movement")
def test_indoor_movement():
    movement = fetch_indoor_movement(download_if_missing=False)
    assert len(movement.data) == 314
    assert sum(len(x) for x in movement.data) == 13197
    assert {x.shape[1] for x in movement.data} == {4}
    assert np.unique(movement.target, return_counts=True)[1].tolist() == [156, 158]
    assert np.bincount(movement.groups).tolist() == [0, 104, 106, 104]
    changes = {int(p) for p in np.unique(movement.paths[movement.target == 1])}
    assert changes == {1, 5}  # the path decides the target
    X, y = fetch_indoor_movement(return_X_y=True, download_if_missing=False)
    np.testing.assert_array_equal(X[7], movement.data[7])
    np.testing.assert_array_equal(y, movement.target)


def test_the_ts_format():
    X, y = _parse_ts("#c\n@classLabel true a b\n@data\n1,2,3:a\n-4,5E-1,6:b\n")
    np.testing.assert_array_equal(X, [[1, 2, 3], [-4, 0.5, 6]])
    assert y.tolist() == ["a", "b"]
    X, _ = _parse_ts("@data\n1,2,3:4,5,6:a\n")
    np.testing.assert_array_equal(X, [[[1, 4], [2, 5], [3, 6]]])
    X, _ = _parse_ts("@data\n1,2:3,4:a\n5:6:b\n")
    assert [x.tolist() for x in X] == [[[1, 3], [2, 4]], [[5, 6]]]


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"name must be one of .*got 'Coffee'"):
        fetch_ucr("Coffee", split="train")
    with pytest.raises(ValueError, match=r"split must be one of .*got 'all'"):
        fetch_ucr("GunPoint", split="all")


def test_missing_files_say_where_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"GunPoint_TRAIN\.ts.*SKDL_DATA"):
        fetch_ucr("GunPoint", split="train", data_home=tmp_path, download_if_missing=False)
    with pytest.raises(FileNotFoundError, match=r"IndoorMovement\.zip.*SKDL_DATA"):
        fetch_indoor_movement(data_home=tmp_path, download_if_missing=False)
