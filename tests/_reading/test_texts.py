"""What is text, how it is read, and what is said about what is none."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdl._reading._texts import holds_text, read_texts
from tests.ids import short

TEXTS = ["one text", "", "zwei Texte", "三"]


def as_objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": as_objects,
    "U array": np.array,
    "array of StringDType": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "column": lambda texts: as_objects(texts)[:, None],
    "Series": pd.Series,
    "Series of object": lambda texts: pd.Series(texts, dtype=object),
    "Series of string": lambda texts: pd.Series(texts, dtype="string"),
    "Series with an index": lambda texts: pd.Series(texts, index=range(9, 9 - len(texts), -1)),
    "categories": lambda texts: pd.Series(texts, dtype="category"),
    "DataFrame": lambda texts: pd.DataFrame({"text": texts}),
}
every_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


@every_container
def test_texts_are_read_from_any_container(container):
    X = container(TEXTS)
    assert holds_text(X)
    got = read_texts(X)
    assert got == TEXTS
    assert {type(text) for text in got} == {str}


NUMBERS = {
    "list": [1.0, 2.0],
    "list of lists": [[1, 2], [3, 4]],
    "list of arrays": [np.ones(2), np.ones(3)],
    "array": np.ones((3, 2)),
    "1-D array": np.ones(3),
    "3-D array": np.ones((3, 2, 1)),
    "object array": as_objects([np.ones(2), np.ones(3)]),
    "DataFrame": pd.DataFrame({"a": [1.0], "b": [2.0]}),
    "Series": pd.Series([1.0, 2.0]),
    "empty": [],
}
every_number = pytest.mark.parametrize("X", NUMBERS.values(), ids=NUMBERS)


@every_number
def test_numbers_are_no_text(X):
    assert not holds_text(X)
    with pytest.raises(ValueError, match=r"text"):
        read_texts(X)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones((3, 2)), ["ndarray", r"\(3, 2\)", "Series", "list"]),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ["DataFrame", r"\(1, 2\)", "one column"]),
        ([1.5, 2.5], ["float", "row 0", "1.5"]),
        (["a", 7, "b"], ["int", "row 1", "7", "cannot be mixed"]),
        (["a", "b", 2.5], ["float", "row 2"]),
        (["a", ["b", "c"]], ["list", "row 1"]),
        (["a", b"bytes"], ["bytes", "row 1", "[Dd]ecode"]),
        ([b"bytes", b"only"], ["bytes", "row 0", "[Dd]ecode"]),
        (np.array([b"bytes", b"only"]), ["bytes", "[Dd]ecode"]),
        ("a single text", ["one text", "a single text", r"\[X\]"]),
        ([], ["0 sample", "minimum of 1"]),
        (np.array([], dtype=str), ["0 sample", "minimum of 1"]),
        (pd.Series([], dtype=str), ["0 sample", "minimum of 1"]),
        (5, ["int"]),
        ({"a"}, ["set"]),
        (b"a single text", ["one text", "Decode it, and pass", r"\[X\]"]),
        (np.array([["a", "b"]]), [r"\(1, 2\)", r"Pass its only row, X\[0\]"]),
        (np.array([["a", "b"], ["c", "d"]]), ["Choose the column"]),
        (np.ones((3, 2)), ["It holds numbers: pass the texts"]),
        ([["a", "b"]], ["list", "row 0", "join its words"]),
        (["a", ("b", "c")], ["tuple", "row 1", "join its words"]),
        ([np.array(["a", "b"])], ["ndarray", "join its words"]),
        ([pd.Series(["a", "b"])], ["Series", "join its words"]),
        (["a", {"b"}], ["set", "join its words"]),
        ([{"text": "a"}], ["dict", "pass the value that is the text"]),
        (["a", np.ones(2)], ["ndarray", "row 1", "cannot be mixed"]),
        ([np.ones(2), np.ones(2), "a"], ["ndarray", "row 0", "row 2 is one of 1 texts among 3"]),
        (["a", Path("b")], ["Path", "row 1", "Make it a str"]),
        ((text for text in "ab"), ["generator", r"Make it a list, list\(X\)"]),
        ({0: "a"}, ["dict", r"list\(X\.values\(\)\)"]),
    ],
    ids=short,
)
def test_what_is_no_list_of_texts_is_named(X, words):
    with pytest.raises((ValueError, TypeError)) as error:
        read_texts(X)
    for word in words:
        assert re.search(word, str(error.value))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, float("nan")], ids=str)
@pytest.mark.parametrize(
    "container",
    [list, as_objects, lambda x: pd.Series(x, dtype=object), lambda x: pd.DataFrame({"a": x})],
    ids=["list", "array", "Series", "DataFrame"],
)
@pytest.mark.parametrize("row", [0, 2])
def test_a_missing_text_is_named_by_its_row(missing, container, row):
    items = ["a", "b", "c", None]
    items[row] = missing
    X = container(items)
    assert holds_text(X)
    for words in ("missing", f"row {row}", 'an empty text ""'):
        with pytest.raises(ValueError, match=words):
            read_texts(X)


@pytest.mark.parametrize("dtype", ["str", "string", "category"])
def test_missing_texts_in_pandas_own_types(dtype):
    with pytest.raises(ValueError, match=r"missing.*row 1"):
        read_texts(pd.Series(["a", None, "b"], dtype=dtype))


def test_a_long_text_is_not_all_in_the_message():
    with pytest.raises(ValueError, match="one text") as error:
        read_texts("word " * 10_000)
    assert len(str(error.value)) < 200
    with pytest.raises(ValueError, match="row 1") as error:
        read_texts(["a", b"word " * 10_000])
    assert len(str(error.value)) < 300


def test_the_row_is_counted_not_the_index():
    with pytest.raises(ValueError, match="row 1"):
        read_texts(pd.Series(["a", None], index=[7, 8], dtype=object))


def test_subclasses_of_str_become_str():
    class Text(str):
        """A text of another type."""

    assert type(read_texts([Text("a")])[0]) is str


class OnDisk:
    """Texts that are read anew by each loop, and counted by none."""

    def __iter__(self):
        return iter(TEXTS)


@pytest.mark.parametrize("X", [OnDisk(), dict(enumerate(TEXTS)).values()], ids=["file", "values"])
def test_texts_that_can_only_be_iterated_over(X):
    assert read_texts(X) == TEXTS


@pytest.mark.parametrize("container", [list, np.array, pd.Series], ids=["list", "array", "Series"])
def test_bytes_are_decoded_where_it_is_said_how(container):
    X = container([text.encode() for text in TEXTS])
    assert read_texts(X, decode=bytes.decode) == TEXTS
    with pytest.raises(ValueError, match=r"Pass \[X\]"):
        read_texts(b"a", decode=bytes.decode)
