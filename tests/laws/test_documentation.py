"""Laws of documentation: described where declared, joined for each estimator."""

import inspect
import os
import re
from numbers import Integral, Real

import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator

from skdl._sklearn import Interval, StrOptions
from skdl.estimators import _base
from skdl.estimators._base._docs import SECTIONS, entries_of, own_entries
from tests.laws.common import DEEP, every, every_class, tabular

SHARED = [_base.DeepEstimator, _base.TorchEstimator, _base.TorchRegressor, _base.TorchClassifier]
FAMILY_WORDS = r"LSTM|GRU|recurrent|Transformer|CNN|convol|image|picture|token|[Ww]ord|attention"

# Of several classes that declare a name, those that mean something else by it, and what. Their
# words need not begin as those of the others do.
OWN_MEANING = {
    ("_Perceptron", "linear_model"): "one of the columns of a table, not of steps",
    ("TorchRegressor", "standardize"): "y is scaled; X only where a regressor says so",
    ("MLPClassifier", "network_weight_"): "of the scores of several networks, no factor of one",
    ("MLPRegressor", "network_weight_"): "of the mean of networks, not of a correction",
    ("SignalClassifier", "linear_model"): "one of convolutions beside the network, none of steps",
    ("SignalClassifier", "network_weight_"): "of two scores, no factor of a correction",
    ("Word2VecTransformer", "normalize"): "vectors are scaled that come out, no channels of X",
    ("Word2VecTransformer", "pooling"): "of the vectors of words, to one of a document",
    ("Word2VecTransformer", "tokenizer"): "a function, none that is trained in fit",
}


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


def sentences(text):
    return re.split(r"(?<=\.) ", " ".join(text.split()))


def not_of_auto(said):
    """A class may say in place of its base what "auto" means."""
    return [sentence for sentence in said if not sentence.startswith('"auto"')]


@every_class
@pytest.mark.parametrize("title", SECTIONS)
def test_words_of_a_base_come_first_and_a_class_only_adds_to_them(cls, title):
    for names, (kind, text) in entries_of(cls.__doc__, title).items():
        told = [own_entries(base, title)[names] for base in describing(cls, title, names)]
        said = sentences(text)
        assert len(said) == len(set(said)), f"{names}: a sentence stands there twice"
        words = [sentence for _, own in told for sentence in not_of_auto(sentences(own))]
        assert not_of_auto(said) == words, names
        assert kind.partition(", default")[0] == told[0][0].partition(", default")[0], names
        starts = [first_words(own) for _, own in told]
        assert starts[0] not in starts[1:], f"{names}: said by the base"


def first_words(text):
    return re.findall(r"\w+", text)[:3]


def describing(cls, title, names):
    """The classes that describe a name, the one that declares it first."""
    return [base for base in reversed(cls.__mro__) if names in own_entries(base, title)]


@pytest.mark.parametrize("title", SECTIONS)
def test_what_several_classes_declare_begins_with_the_same_sentence(title):
    """A name that no common base declares, unless it means something else in one of them."""
    declared = {}
    for cls in DEEP:
        for names in entries_of(cls.__doc__, title):
            origin = describing(cls, title, names)[0]
            first = sentences(own_entries(origin, title)[names][1])[0]
            declared.setdefault(names, {})[origin] = first
    assert len(declared) > 5
    for name, of_classes in declared.items():
        own = {cls for cls in of_classes if (cls.__name__, name) in OWN_MEANING}
        shared = {first for cls, first in of_classes.items() if cls not in own}
        assert len(shared) <= 1, f"{name} is described in different words: {of_classes}"
        for cls in own:
            assert {of_classes[cls]} != shared, f"{cls.__name__}.{name} needs no reason"


@pytest.mark.parametrize(("name", "attribute"), OWN_MEANING)
def test_no_reason_stands_here_in_vain(name, attribute):
    (title,) = [t for t in SECTIONS if attribute.endswith("_") == (t == "Attributes")]
    origins = {
        describing(cls, title, attribute)[0].__name__
        for cls in DEEP
        if attribute in entries_of(cls.__doc__, title)
    }
    assert name in origins
    assert len(origins) > 1


# As types name what constraints of scikit-learn allow.
KIND_WORDS = {
    None: ["None"],
    callable: ["callable"],
    "boolean": ["bool"],
    "array-like": ["array-like"],
    "random_state": ["int", "RandomState instance", "None"],
    "verbose": ["int"],
    os.PathLike: ["path"],
    torch.nn.Module: ["torch.nn.Module"],
    BaseEstimator: ["fitted"],
}


def kinds_of(constraint):
    """The kinds of values that a constraint allows, in the words of a type."""
    if isinstance(constraint, StrOptions):
        return [f'"{option}"' for option in constraint.options]
    if isinstance(constraint, Interval):
        return [{Integral: "int", Real: "float"}[constraint.type]]
    if isinstance(constraint, _base.OwnCheck):
        return list(constraint.kinds)
    if constraint in KIND_WORDS:
        return KIND_WORDS[constraint]
    assert isinstance(constraint, type), f"{constraint} has no words yet: add them to KIND_WORDS"
    assert constraint is not object, "object tells nothing of what is accepted: see OwnCheck"
    module = "" if constraint.__module__ == "builtins" else f"{constraint.__module__}."
    return [f"{module}{constraint.__qualname__}"]


def not_told(cls, name):
    """What the type, or where it needs a meaning the text, leaves out or adds."""
    kind, text = entries_of(cls.__doc__, "Parameters")[name]
    told = re.split(r", | or ", re.sub(r"[{}]", "", kind.partition(", default")[0]))
    allowed = {word for each in cls._parameter_constraints[name] for word in kinds_of(each)}
    for word in allowed:
        if not any(part == word or part.startswith(f"{word} ") for part in told):
            yield f"{name}: the type lacks {word}"
        if (word in {"None", "callable"} or word[0] == '"') and word not in text:
            yield f"{name}: the text does not say what {word} means"
    default = inspect.signature(cls).parameters[name].default
    if isinstance(default, str) and shown(default) not in text:
        yield f"{name}: the text does not say what {default} means"
    for part in told:
        if not any(part == word or part.startswith(f"{word} ") for word in allowed):
            yield f"{name}: no constraint allows {part}"


@every_class
def test_every_kind_of_value_is_told(cls):
    """By the type; each value of an option, None and callables with what they mean too."""
    for name in inspect.signature(cls).parameters:
        assert not [*not_told(cls, name)]


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
