"""``__init__``, constraints and docstrings made of declarations."""

import inspect
import re
from dataclasses import KW_ONLY
from numbers import Real
from typing import ClassVar

import pytest
from sklearn.base import BaseEstimator, clone

from skdl._sklearn import Interval
from skdl.estimators._base._docs import deep_estimator, entries_of


@deep_estimator
class Base(BaseEstimator):
    """A base.

    Parameters
    ----------
    size : int, default=64
        How large.
    lr : float, default=0.1
        Learning rate.

        In two paragraphs.
    optimizer : {"adam", "sgd"}, default="adam"
        Which one.

    Attributes
    ----------
    history_ : DataFrame
        A row per epoch.
    """

    size: int = 64
    _: KW_ONLY
    lr: float = 0.1
    optimizer: str = "adam"

    _parameter_constraints: ClassVar[dict] = {"size": [int], "lr": ["old"]}


@deep_estimator
class Toy(Base):
    """A toy.

    More words.

    Parameters
    ----------
    dropout : float, default=0.5
        Fraction that is zeroed.
    optimizer : {"adam", "sgd"}, default="adam"
        Of a toy.

    Attributes
    ----------
    wheels_, doors_ : int
        How many.

    Notes
    -----
    A note.

    Examples
    --------
    None.
    """

    lr: float = 0.2
    dropout: float = 0.5

    _parameter_constraints: ClassVar[dict] = {"lr": [Interval(Real, 0, None, closed="neither")]}


def test_init_is_written_from_the_annotations():
    parameters = inspect.signature(Toy).parameters
    assert set(parameters) == {"size", "lr", "optimizer", "dropout"}
    assert parameters["lr"].default == 0.2
    assert Toy(8).get_params() == {"size": 8, "lr": 0.2, "optimizer": "adam", "dropout": 0.5}
    assert clone(Toy(3)).size == 3
    assert repr(Toy(3)) == "Toy(size=3)", "scikit-learn's, not the dataclass's"


def test_only_those_before_the_mark_are_positional():
    kinds = {name: p.kind for name, p in inspect.signature(Toy).parameters.items()}
    assert kinds.pop("size") is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert set(kinds.values()) == {inspect.Parameter.KEYWORD_ONLY}

    @deep_estimator
    class Small(Base):
        """A base that is small by default."""

        size: int = 1
        lr: float = 1.0

    kinds = {name: p.kind for name, p in inspect.signature(Small).parameters.items()}
    assert kinds["size"] is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert kinds["lr"] is inspect.Parameter.KEYWORD_ONLY
    assert Small().size == 1


def test_own_parameters_come_before_those_of_bases():
    assert list(inspect.signature(Toy).parameters) == ["size", "dropout", "lr", "optimizer"]


def test_constraints_of_all_bases_are_joined_the_last_word_wins():
    assert set(Toy._parameter_constraints) == {"size", "lr"}
    assert isinstance(Toy._parameter_constraints["lr"][0], Interval)
    assert Base._parameter_constraints["lr"] == ["old"]


def test_names_that_may_change_are_joined():
    @deep_estimator
    class Some(Base):
        """Some may change."""

        _changeable: ClassVar[frozenset[str]] = frozenset({"size"})

    @deep_estimator
    class More(Some):
        """More may."""

        _changeable: ClassVar[frozenset[str]] = frozenset({"optimizer"})

    assert Some._changeable == {"size"}
    assert More._changeable == {"size", "optimizer"}
    assert Base._changeable == frozenset()


def test_a_default_without_an_annotation_is_an_error():
    with pytest.raises(TypeError, match=r"Fast sets lr, size without an annotation"):

        @deep_estimator
        class Fast(Base):
            """A fast one."""

            lr = 0.5
            size = 3


def test_sections_stand_in_numpydocs_order():
    doc = inspect.getdoc(Toy)
    titles = ["A toy.\n\nMore words.", *("Parameters", "Attributes", "Notes", "Examples")]
    places = [doc.index(title) for title in titles]
    assert places == sorted(places)
    assert all(doc.count(f"{title}\n---") == 1 for title in titles[1:])


def test_bases_are_joined_and_what_the_class_says_follows():
    doc = inspect.getdoc(Toy)
    assert "size : int, default=64\n    How large." in doc
    assert "lr : float, default=0.2\n    Learning rate.\n\n    In two paragraphs.\n" in doc
    assert 'optimizer : {"adam", "sgd"}, default="adam"\n    Which one. Of a toy.' in doc
    assert doc.count("optimizer : ") == 1
    assert "wheels_, doors_ : int\n    How many.\nhistory_ : DataFrame" in doc
    assert "dropout" not in inspect.getdoc(Base)


def described(base, addition):
    """What a class tells of n that adds words to those of a base."""

    def written(text, *bases):
        doc = f"One.\n\nParameters\n----------\nn : int, default=1\n    {text}"
        return deep_estimator(
            type("Toy", bases, {"__doc__": doc, "__annotations__": {"n": int}, "n": 1})
        )

    toy = written(addition, written(base, BaseEstimator))
    return entries_of(toy.__doc__, "Parameters")["n"][1]


def test_what_auto_means_takes_the_place_of_what_it_means_in_the_base():
    base = 'Number of n, at least 1.\n    "auto" is 1.5 of ``m``,\n    rounded. Not more.'
    assert described(base, '"auto" is 7.') == 'Number of n, at least 1. Not more. "auto" is 7.'
    kept = 'Number of n, at least 1. "auto" is 1.5 of ``m``, rounded. Not more.'
    assert described(base, 'Even; "auto" too.') == f'{kept} Even; "auto" too.'


def test_words_of_both_are_one_paragraph_of_lines_that_end_where_those_of_the_source_do():
    text = described("First one.\n\n    Words.", f"{'More ' * 30}words.\n\n    Last one.")
    first, both, last = text.split("\n\n")
    assert (first, last) == ("First one.", "Last one.")
    assert both.startswith("Words. More More")
    assert max(map(len, both.splitlines())) <= 92


def test_an_undocumented_parameter_is_an_error():
    with pytest.raises(TypeError, match="Car declares the parameter n_wheels, which no docstring"):

        @deep_estimator
        class Car(Base):
            """A car."""

            n_wheels: int = 4


def test_a_description_of_no_parameter_is_an_error():
    with pytest.raises(TypeError, match="Wide describes width, which is no parameter"):

        @deep_estimator
        class Wide(Base):
            """A wide one.

            Parameters
            ----------
            width : int, default=16
                How wide.
            """

            width = 16  # no annotation


def test_a_parameter_that_is_described_twice_is_an_error():
    with pytest.raises(TypeError, match="n is described twice"):
        entries_of("Parameters\n---\nn : int\n    One.\nn : int\n    Two.\n", "Parameters")


def test_entries_end_with_their_section():
    doc = "A.\n\nParameters\n----------\na : int\n    One.\n\nNotes\n-----\nb : no entry\n"
    assert entries_of(doc, "Parameters") == {"a": ("int", "One.")}
    assert entries_of(doc, "Attributes") == {}
    assert re.search("Notes", doc)
