"""Labels: what RandomForestClassifier takes is taken; else row and remedy are told."""

import datetime
import decimal
import enum
import re
import unicodedata
from collections import deque

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from skdl.estimators import CNNClassifier, GRUClassifier, LSTMClassifier, TransformerClassifier
from skdl.estimators._base._labels import read_labels

N_ROWS = 30
CLASS = np.arange(N_ROWS) % 3
X = np.random.default_rng(0).normal(size=(N_ROWS, 8))
SMALL = {"max_epochs": 1, "device": "cpu", "random_state": 0}
CLASSIFIERS = [
    LSTMClassifier(4, **SMALL),
    GRUClassifier(4, **SMALL),
    TransformerClassifier(8, 2, 1, **SMALL),
    CNNClassifier((4,), **SMALL),
]
every_classifier = pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)


class Colour(enum.Enum):
    """Labels that have no order."""

    RED, GREEN, BLUE = range(3)


def objects(*labels):
    """An array of objects that holds these labels in turn."""
    array = np.empty(N_ROWS, dtype=object)
    array[:] = [labels[i % len(labels)] for i in range(N_ROWS)]
    return array


DATES = pd.to_datetime(["2020-01-31", "2021-01-31", "2022-01-31"])
TAKEN = {
    "categories": pd.Categorical(np.array(["lo", "mid", "hi"])[CLASS]),
    "categories with one unused": pd.Series(pd.Categorical(CLASS, categories=[0, 1, 2, 3])),
    "ordered bins": pd.cut(CLASS, 3, labels=["lo", "mid", "hi"]),
    "bins as numbers": pd.cut(CLASS, 3, labels=False),
    "text": objects("a", "b", "c"),
    "text of pandas": pd.Series(objects("a", "b", "c"), dtype="string"),
    "a list of numbers and text": objects(1, "a", 2).tolist(),
    "a list of bool and text": objects(True, "a").tolist(),
    "a list of int and float": objects(1, 1.0, 2).tolist(),
    "a list of bool and numbers": objects(True, 2, 0).tolist(),
    "a list of str of numpy": objects("a", np.str_("a"), "b").tolist(),
    "bool": pd.Series(CLASS > 0, dtype="boolean"),
    "integers of pandas": pd.Series(CLASS, dtype="Int8"),
    "whole floats": CLASS.astype(float),
    "dates": pd.Series(DATES[CLASS]),
    "durations": pd.to_timedelta(CLASS, unit="D"),
    "an index": pd.Index(CLASS),
}
REFUSED = {
    "bins": (pd.cut(CLASS, 3), "Interval(.*) of type Interval in row 0"),
    "bins in a Series": (pd.Series(pd.cut(CLASS, 3)), "of type Interval in row 0"),
    "bins in a frame": (pd.DataFrame({"y": pd.qcut(X[:, 0], 3)}), "of type Interval in row 0"),
    "numbers and text": (objects(1, "a", 2), "1 of type int in row 0 beside the text 'a' in row 1"),
    "text and numbers": (objects("a", "b", 7), "7 of type int in row 2 beside the text 'a'"),
    "in a Series": (pd.Series(objects("a", 1.5)), "1.5 of type float in row 1 beside"),
    "text and bool": (objects("a", True), "True of type bool in row 1"),
    "numbers as objects": (objects(3, 1, 2), "3 of type int in row 0"),
    "decimals": (objects(decimal.Decimal(3), decimal.Decimal(4)), "type Decimal in row 0"),
    "bool as objects": (objects(True, False), "True of type bool in row 0"),
    "bool and numbers": (objects(True, 1, 2), "True of type bool in row 0"),
    "dates as objects": (objects(*[d.date() for d in DATES]), "of type date in row 0"),
    "times": (objects(datetime.time(1), datetime.time(2)), "of type time in row 0"),
    "periods": (pd.Series(DATES[CLASS].to_period("Y")), "of type Period in row 0"),
    "an enumeration": (objects(*Colour), "Colour.RED.* of type Colour in row 0"),
    "tuples": (objects((1, 2), (3, 4)), "of type tuple in row 0"),
    "bytes": (objects(b"a", b"b"), "of type bytes in row 0"),
    "an array of bytes": (objects(b"a", b"b").astype("S"), "b'a' of type bytes in row 0"),
    "a list of bytes": (objects(b"a", b"b").tolist(), "b'a' of type bytes in row 0"),
    "complex": (objects(1j, 2j), "of type complex in row 0"),
    "a column": (objects(1, "a")[:, None], "1 of type int in row 0 beside the text 'a' in row 1"),
    "a deque": (deque(objects(Colour.RED, Colour.BLUE)), "of type Colour in row 0"),
}
MISSING = {
    "None": objects("a", "b", None),
    "a list with None": objects("a", "b", None).tolist(),
    "a tuple with None": tuple(objects("a", "b", None)),
    "a deque with None": deque(objects("a", "b", None)),
    "pd.NA": objects("a", "b", pd.NA),
    "pd.NA of text": pd.Series(objects("a", "b", pd.NA), dtype="string"),
    "pd.NA of integers": pd.Series(objects(0, 1, pd.NA), dtype="Int64"),
    "pd.NA of bool": pd.Series(objects(True, False, pd.NA), dtype="boolean"),
    "NaN": np.where(CLASS == 2, np.nan, CLASS),
    "NaN among text": objects("a", "b", np.nan),
    "NaT": pd.Series(objects(DATES[0], DATES[1], pd.NaT)),
    "outside of the bins": pd.cut(CLASS, [-1, 0, 1]),
    "categories": pd.Series(pd.Categorical(objects("a", "b", None))),
    "in a column": pd.DataFrame({"y": objects("a", "b", None)}),
}


@every_classifier
@pytest.mark.parametrize("y", TAKEN.values(), ids=TAKEN)
def test_what_a_forest_takes_is_taken(model, y):
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    predicted = model.fit(X, y).predict(X)
    if not (isinstance(y, pd.Series) and y.dtype == "boolean"):  # those are bool here, not 0.0, 1.0
        assert model.classes_.dtype == forest.classes_.dtype
    assert model.classes_.tolist() == forest.classes_.tolist()
    assert set(predicted) <= set(forest.classes_)
    assert 0 <= model.score(X, y) <= 1


@every_classifier
@pytest.mark.parametrize(("y", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_other_labels_are_told_and_the_advice_helps(model, y, message):
    with pytest.raises(
        ValueError, match=rf"(?s)Unknown label type: y must hold.*{message}"
    ) as told:
        model.fit(X, y)
    advised = eval(re.search(r"Pass (.*)\.$", str(told.value))[1], {"y": y, "np": np})
    assert len(model.fit(X, advised).classes_) == len(set(map(repr, np.ravel(y).tolist())))
    assert 0 <= model.score(X, advised) <= 1


OTHER_CLASSES = {
    "one of a number and text": ([1, "1", "b"], "1 of type int .* '1' of type str in row 1", 2, 3),
    "one of text and a number": (["b", "1", 1], "'1' of type str in row 1 and 1 of type int", 2, 3),
    "one of bool and text": ([True, "True", "b"], "True of .* 'True' of type str in row 1", 2, 3),
    "one of bool and a number": ([True, 1, 0], "True .* 1 of type int in row 1", 2, 3),
    "one of bytes and text": ([b"a", "a", "b"], "b'a' .* 'a' of type str in row 1", 2, 3),
    "one of two numbers": (
        [2**53, 2**53 + 1, 1.0],
        ".* 9007199254740993 of type int in row 1",
        2,
        3,
    ),
    "two of one number": (
        [1, 1.0, "b"],
        ".* 1.0 of type float in row 1.* two classes, though",
        2,
        3,
    ),
    "two of bool and a number": ([True, 1, "b"], ".* 1 of type int in row 1.* two classes", 2, 3),
    "one that ends in a null": (["a", "a\0", "b"], r".* 'a.x00' of type str in row 1", 2, 3),
    "one in columns": ([[1], ["1"], ["b"]], ".* '1' of type str in row 1", 2, 3),
}


@every_classifier
@pytest.mark.parametrize(
    ("labels", "message", "n_as_one", "n_apart"), OTHER_CLASSES.values(), ids=OTHER_CLASSES
)
@pytest.mark.parametrize("kind", [list, tuple, deque])
def test_classes_that_would_be_others_are_told_and_the_advice_helps(
    model, labels, message, n_as_one, n_apart, kind
):
    y = kind(labels[i % 3] for i in range(N_ROWS))
    with pytest.raises(
        ValueError, match=rf"(?s)y must hold labels of one type, got {message}"
    ) as e:
        model.fit(X, y)
    found = re.search(r"Pass (\[.*\]) to make them one class, or (\[.*\]) to keep", str(e.value))
    for advice, n_classes in zip(found.groups(), (n_as_one, n_apart), strict=True):
        assert len(model.fit(X, eval(advice, {"y": y, "np": np})).classes_) == n_classes


def test_a_duration_and_a_number_are_no_class():
    with pytest.raises(ValueError, match=r"1 of type int in row 1, .* one class. Pass \[repr"):
        read_labels([np.timedelta64(1, "D"), 1, 0])


@every_classifier
@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pd.Categorical])
def test_labels_that_look_alike_are_two_and_the_advice_makes_them_one(model, kind):
    y = kind(["caf\u00e9", "cafe\u0301", "tea"] * (N_ROWS // 3))
    with pytest.warns(
        UserWarning, match=r"alike, 'cafe\\u0301' in row 1 and 'caf\\xe9' in row 0"
    ) as e:
        assert len(model.fit(X, y).classes_) == 3
    advice = re.search(r"pass (.*)\.$", str(e[0].message))[1]
    assert len(model.fit(X, eval(advice, {"y": y, "unicodedata": unicodedata})).classes_) == 2


@every_classifier
@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
def test_missing_labels_are_told_and_the_advice_helps(model, y):
    with pytest.raises(ValueError, match=r"y contains NaN or another .* row 2"):
        model.fit(X, y)
    rows = np.flatnonzero(CLASS != 2)
    kept = y.iloc[rows] if hasattr(y, "iloc") else pd.Series(y).iloc[rows]
    labels = np.ravel(kept).astype(str)
    assert len(model.fit(X[rows], labels).classes_) == 2


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_labels_are_told_with_their_row(bad):
    with pytest.raises(ValueError, match=r"y contains infinity.*first in row 4"):
        read_labels(np.where(np.arange(N_ROWS) == 4, bad, CLASS))


def test_classes_that_are_declared_are_read_as_y():
    model = CLASSIFIERS[0]
    with pytest.raises(ValueError, match=r"classes must hold labels.*7 of type int in row 1"):
        model.partial_fit(X, objects("a", "b"), classes=objects("a", 7))
    with pytest.raises(TypeError, match="at least 1 dimension"):
        model.partial_fit(X, objects("a", "b"), classes={"a", "b"})
    with pytest.raises(ValueError, match=r"classes contains NaN or another missing label.* row 1"):
        model.partial_fit(X, objects("a", "b"), classes=["a", None])
