"""Laws of words: every parameter and attribute is described in the docstring of its class."""

import re

import pandas as pd

from skdl._sklearn import StrOptions
from tests.laws.common import DEEP, every, every_class, tabular


def documented_parameters(cls):
    """Name to text, of the docstring's section Parameters."""
    section = re.search(r"Parameters\n-+\n(.*?)\n\n", cls.__doc__, re.DOTALL).group(1)
    entries = re.split(r"^(?=\S)", section, flags=re.MULTILINE)[1:]
    return {entry.split(" : ")[0]: entry for entry in entries}


@every_class
def test_every_parameter_is_documented_and_constrained(cls):
    """Name, type, default and meaning, every value of an option."""
    documented, params = documented_parameters(cls), cls().get_params()
    assert set(documented) == set(params) == set(cls._parameter_constraints)
    for name, text in documented.items():
        default = params[name]
        shown = f'"{default}"' if isinstance(default, str) else str(default)
        assert f"default={shown}" in text
        for options in (o for o in cls._parameter_constraints[name] if isinstance(o, StrOptions)):
            assert all(f'"{option}"' in text for option in options.options), name


@every_class
def test_a_parameter_reads_the_same_wherever_the_same_class_describes_it(cls):
    """Word for word, but for the default; a family may describe a shared one in its own words."""
    for other in DEEP:
        words, own = documented_parameters(other), documented_parameters(cls)
        for name in set(words) & set(own):
            if describing_class(other, name) is describing_class(cls, name):
                both = words[name], own[name]
                first, second = (re.sub(r", default=.*", "", text).strip() for text in both)
                assert first == second


def describing_class(cls, name):
    """The most derived class whose own docstring describes a parameter."""
    return next(base for base in cls.__mro__ if name in own_entries(base))


def own_entries(cls):
    return vars(cls).get("_described", {}).get("Parameters", {})


def documented_attributes(cls):
    section = re.search(r"Attributes\n-+\n(.*?)\n\n", cls.__doc__, re.DOTALL).group(1)
    return set(re.findall(r"\w+", " ".join(re.findall(r"^(\S.*?) : ", section, re.MULTILINE))))


@every(tabular)
def test_every_learned_attribute_is_documented(instance):
    """What is there after fit, and nothing else."""
    X, y = instance.data()
    model = instance.fitted(pd.DataFrame(X).add_prefix("t"), y)
    names = {name for name in dir(model) if re.fullmatch(r"[a-z]\w*[^_]_", name)}
    assert names == documented_attributes(type(model))
