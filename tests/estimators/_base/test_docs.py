"""Docstrings and signatures put together from what is said once."""

import inspect
from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import ClassVar

import pytest
from sklearn.base import BaseEstimator, clone

from skdl._sklearn import Interval
from skdl.estimators._base._docs import ATTRIBUTES, PARAMETERS, deep_estimator


@dataclass(repr=False, eq=False, match_args=False)
class Base(BaseEstimator):
    hidden_size: int = 64
    _: KW_ONLY
    lr: float = 0.1
    optimizer: str = "adam"

    _learned: ClassVar[tuple[str, ...]] = ("history_",)
    _parameter_constraints: ClassVar[dict] = {"hidden_size": [int], "lr": ["old"]}


@deep_estimator
class Toy(Base):
    """A toy.

    More words.

    Notes
    -----
    A note.

    Examples
    --------
    None.
    """

    lr: float = 0.2
    dropout: float = 0.5

    _learned: ClassVar[tuple[str, ...]] = ("classes_",)
    _parameter_constraints: ClassVar[dict] = {"lr": [Interval(Real, 0, None, closed="neither")]}


@deep_estimator
class ToyRegressor(Base):
    """A toy.

    Notes
    -----
    A note.
    """

    _learned: ClassVar[tuple[str, ...]] = ("y_mean_, y_scale_",)


def test_init_is_written_from_the_annotations():
    parameters = inspect.signature(Toy).parameters
    assert set(parameters) == {"hidden_size", "lr", "optimizer", "dropout"}
    assert parameters["lr"].default == 0.2
    assert parameters["optimizer"].kind is inspect.Parameter.KEYWORD_ONLY
    assert Toy(8).get_params() == {"hidden_size": 8, "lr": 0.2, "optimizer": "adam", "dropout": 0.5}
    assert clone(Toy(3)).hidden_size == 3
    assert repr(Toy(3)) == "Toy(hidden_size=3)", "scikit-learn's, not the dataclass's"


def test_constraints_of_all_bases_are_joined_the_last_word_wins():
    assert set(Toy._parameter_constraints) == {"hidden_size", "lr"}
    assert isinstance(Toy._parameter_constraints["lr"][0], Interval)
    assert Base._parameter_constraints["lr"] == ["old"]


def test_sections_stand_in_numpydocs_order():
    doc = inspect.getdoc(Toy)
    titles = [
        "A toy.\n\nMore words.",
        "Parameters\n---",
        "Attributes\n---",
        "Notes\n---",
        "Examples",
    ]
    places = [doc.index(title) for title in titles]
    assert places == sorted(places)


def test_parameters_say_type_default_and_meaning():
    doc = inspect.getdoc(Toy)
    for name, default in {"hidden_size": "64", "lr": "0.2", "optimizer": '"adam"'}.items():
        kind, text = PARAMETERS[name]
        assert f"{name} : {kind}, default={default}\n    {text.splitlines()[0]}" in doc
    assert "weight_decay" not in doc


def test_attributes_are_those_that_the_bases_name():
    classifier, regressor = inspect.getdoc(Toy), inspect.getdoc(ToyRegressor)
    assert "classes_ :" in classifier
    assert "classes_ :" not in regressor
    assert "y_mean_, y_scale_ :" in regressor
    assert "y_mean_, y_scale_ :" not in classifier
    assert "history_ :" in classifier
    assert "history_ :" in regressor


def test_an_undocumented_parameter_is_an_error():
    with pytest.raises(KeyError, match="n_wheels"):

        @deep_estimator
        class Car(Base):
            """A car."""

            n_wheels: int = 4


@pytest.mark.parametrize("entries", [PARAMETERS, ATTRIBUTES])
def test_entries_are_sentences_of_fitting_width(entries):
    for name, (kind, text) in entries.items():
        assert kind, name
        assert text.endswith("."), name
        assert all(len(line) <= 96 for line in text.splitlines()), name
