"""Laws of documentation: described where declared, joined for each estimator."""

import inspect
import re

import pandas as pd
import pytest

from skdl._sklearn import StrOptions
from skdl.estimators import _base
from skdl.estimators._base._docs import SECTIONS, entries_of
from tests.laws.common import DEEP, every, every_class, tabular

SHARED = [_base.DeepEstimator, _base.TorchEstimator, _base.TorchRegressor, _base.TorchClassifier]
FAMILY_WORDS = r"LSTM|GRU|recurrent|Transformer|CNN|convol|image|picture|token|[Ww]ord|attention"


def shown(default):
    return f'"{default}"' if isinstance(default, str) else str(default)


def declaring(cls):
    """The class and those of its bases that declare parameters."""
    return [base for base in cls.__mro__ if "_described" in vars(base)]


@every_class
def test_each_parameter_is_described_once_with_type_and_default(cls):
    parameters = inspect.signature(cls).parameters
    described = entries_of(cls.__doc__, "Parameters")  # raises where one comes twice
    assert list(described) == list(parameters)
    assert set(parameters) == set(cls._parameter_constraints) == set(cls().get_params())
    for name, (kind, text) in described.items():
        assert kind.endswith(f", default={shown(parameters[name].default)}"), name
        assert text.endswith("."), name


@every_class
def test_parameters_are_described_where_they_are_declared(cls):
    """In the source of the class that declares them, with its own default."""
    for base in declaring(cls):
        own = vars(base)["_described"]["Parameters"]
        parameters = inspect.signature(base).parameters
        assert set(own) <= set(parameters), "a description without a parameter"
        known = {
            name for other in declaring(base)[1:] for name in inspect.signature(other).parameters
        }
        assert set(parameters) - known <= set(own), f"{base.__name__} declares what it leaves out"
        for name, (kind, _) in own.items():
            if ", default=" in kind:
                default = kind.partition(", default=")[2]
                assert default == shown(parameters[name].default), f"{base.__name__}.{name}"


@every_class
def test_every_value_of_an_option_is_named(cls):
    """By the type, and with what it means."""
    described = entries_of(cls.__doc__, "Parameters")
    for name, constraints in cls._parameter_constraints.items():
        kind, text = described[name]
        for options in (c.options for c in constraints if isinstance(c, StrOptions)):
            assert {f'"{option}"' for option in options} == set(
                re.findall(r'"[^"]+"', kind.partition(", default")[0])
            ), name
            assert all(f'"{option}"' in text for option in options), name


@pytest.mark.parametrize("cls", [*SHARED, _base.Trained], ids=lambda cls: cls.__name__)
def test_what_all_share_speaks_of_no_family(cls):
    texts = {
        name: text
        for title in SECTIONS
        for name, (_, text) in entries_of(inspect.getdoc(cls), title).items()
        if "_described" not in vars(cls) or name in vars(cls)["_described"][title]
    }
    texts |= {
        name: inspect.getdoc(method).partition("\nExamples\n")[0]
        for name, method in vars(cls).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }
    assert len(texts) > 3
    for name, text in texts.items():
        assert not re.search(FAMILY_WORDS, text.replace("skorch", "")), name


@every_class
def test_own_parameters_come_before_those_of_all(cls):
    """As they stand in signature and help; among the keyword-only ones."""
    names = [
        name
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    of_bases = {name for base in SHARED for name in inspect.signature(base).parameters}
    redeclared = {
        n
        for base in declaring(cls)
        if base not in SHARED
        for n in vars(base)["_described"]["Parameters"]
    }
    last_own = max([i for i, n in enumerate(names) if n not in of_bases], default=0)
    assert not [n for n in names[:last_own] if n in of_bases - redeclared]


def test_every_deep_estimator_is_held():
    assert len(DEEP) >= 7


@every(tabular)
def test_every_learned_attribute_is_documented(instance):
    """What is there after fit, and nothing else."""
    X, y = instance.data()
    fits = [pd.DataFrame(X).add_prefix("t")]
    if instance.kind.input_kind != "tables":  # a list of frames, one a sample
        shape = getattr(instance.estimator, "image_shape", None) or (-1, 1)
        fits.append([pd.DataFrame(row.reshape(shape)).add_prefix("c") for row in X])
    learned = set()
    for data in fits:
        model = instance.fitted(data, y)
        learned |= {name for name in dir(model) if re.fullmatch(r"[a-z]\w*[^_]_", name)}
    described = entries_of(type(model).__doc__, "Attributes")
    assert learned == {name for names in described for name in names.split(", ")}
