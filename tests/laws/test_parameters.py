"""Laws of parameters: how they are given, and the torch that they are given under."""

import contextlib
import inspect
from dataclasses import KW_ONLY
from itertools import takewhile

import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.fits import global_state
from tests.laws.common import answers, assert_same, every, every_class

SCALARS = {bool: np.bool_, int: np.int64, float: np.float64, str: np.str_}


@every()
def test_scalars_of_numpy_are_taken_wherever_pythons_are(instance):
    X, y = instance.data()
    params = instance.estimator.get_params()
    numpys = {k: SCALARS[type(v)](v) for k, v in params.items() if type(v) in SCALARS}
    assert numpys
    assert_same(instance.answers_of_fit(X, y, **numpys), instance.answers_of_fit(X, y))


@pytest.mark.parametrize("kind", [np.array, torch.tensor], ids=["array", "tensor"])
@every_class
def test_arrays_without_dimensions_are_told_as_scikit_learn_does(cls, kind):
    """Or taken: never a failure inside."""
    parameters = inspect.signature(cls).parameters.items()
    names = [n for n, p in parameters if type(p.default) in (bool, int, float)]
    assert names
    for name in names:
        model = cls(**{name: kind(getattr(cls(), name))})
        with pytest.raises(ValueError, match=rf"'{name}' parameter of {cls.__name__} must be"):
            clone(model).fit(["some words", "other words"], [0, 1])


@every()
def test_parameters_set_after_fit_are_for_the_next_fit(instance):
    """A prediction reads X as the fit did, whatever the parameters have become: none is used."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    expected = answers(model, X)
    later = set(model.get_params(deep=False)) - model._used_after_fit
    vars(model).update(dict.fromkeys(later, object()))
    assert_same(answers(model, X), expected)
    if hasattr(model, "encode"):
        model.encode(X)
    if hasattr(model, "predict"):
        assert_same(model.net_.predict(X), model.predict(X))


@every()
def test_the_next_fit_takes_the_parameters_set_after_the_last(instance):
    X, y = instance.data()
    changes = {name: values[-1] for name, values in instance.estimator._search_grid().items()}
    model = instance.fitted(X, y).set_params(**changes).fit(X, y)
    assert_same(answers(model, X), instance.answers_of_fit(X, y, **changes))


@every_class
def test_parameters_are_keyword_only_but_for_those_declared_otherwise(cls):
    """A subclass that gives a new default does not make a parameter positional."""
    declared = {}  # the last class that has it is the one that declared it
    for base in cls.__mro__:
        own = inspect.get_annotations(base) if "__dataclass_fields__" in vars(base) else {}
        marked = any(kind is KW_ONLY or "KW_ONLY" in str(kind) for kind in own.values())
        first = set(takewhile(lambda name: name != "_", own)) if marked else set()
        declared |= {name: name in first for name in own}
    for name, parameter in inspect.signature(cls).parameters.items():
        positional = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        assert positional is declared[name], name


def default_dtype(dtype):
    """A default dtype of torch; all threads share it."""

    @contextlib.contextmanager
    def inside():
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(torch.float32)

    inside.__name__ = str(dtype)
    return inside


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def default_device():
    """One that has no numbers: what is made there by mistake cannot be used."""
    return torch.device("meta")


AMBIENT = [
    torch.no_grad,
    torch.inference_mode,
    autocast,
    default_device,
    deterministic,
    *map(default_dtype, (torch.float16, torch.bfloat16, torch.float64)),
]


@every()
@pytest.mark.parametrize("ambient", AMBIENT, ids=lambda ambient: ambient.__name__)
def test_what_is_around_a_fit_does_not_matter(instance, ambient):
    """Modes of torch: a fit learns and a prediction predicts as ever, and both leave them alone."""
    X, y = instance.data()
    expected = instance.as_fitted()
    before = global_state()
    with ambient():
        around = global_state()
        inside = clone(instance.estimator).fit(X, y)
        assert_same(answers(inside, X), answers(expected, X))
        assert global_state() == around
        if hasattr(inside, "encode"):
            assert_same(inside.encode(X), expected.encode(X))
        if hasattr(inside, "predict"):
            assert_same(inside.net_.forward(X).numpy(), expected.net_.forward(X).numpy())
    assert global_state() == before
    assert_same(answers(inside, X), answers(expected, X))
    with ambient():
        inside.partial_fit(X, y)
    assert_same(answers(inside, X), answers(expected.partial_fit(X, y), X))
