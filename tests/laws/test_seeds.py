"""Laws of seeds: the seed alone decides, whatever ran before or runs at once."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.fits import global_state
from tests.laws.common import answers, assert_same, every


@every()
def test_same_seed_same_predictions_whatever_ran_before(instance):
    X, y = instance.data()
    first = instance.answers_of_fit(X, y)
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
    assert_same(first, instance.answers_of_fit(X, y))
    rng = np.random.RandomState  # an instance moves on
    one, other = (instance.answers_of_fit(X, y, random_state=rng(1)) for _ in range(2))
    assert_same(one, other)


@every()
def test_seeds_matter(instance):
    """Another seed, or none, gives another model."""
    X, y = instance.data()
    params = instance.known(early_stopping=False)  # else the linear model alone may be the best
    got = [
        instance.answers_of_fit(X, y, random_state=seed, **params) for seed in (0, 1, None, None)
    ]
    assert len({row.tobytes() for row in got}) == 4


@every()
@pytest.mark.parametrize("random_state", [0, None])
def test_global_state_is_left_as_it_was(instance, random_state):
    """Random states of numpy, torch and Python, thread count, default dtype and gradients."""
    X, y = instance.data()
    before = global_state()
    params = instance.known(early_stopping=True)
    answers(instance.fitted(X, y, random_state=random_state, **params), X)
    assert global_state() == before


@every()
def test_fits_in_threads_are_those_one_after_the_other(instance):
    """Four at once, of different seeds, with warm starts and parts of data between them."""
    X, y = instance.data()

    def fit(seed):
        model = clone(instance.estimator).set_params(random_state=seed).fit(X, y)
        return answers(model, X), answers(model.partial_fit(X, y), X)

    before = global_state()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    assert global_state() == before
    for seed, both in enumerate(together):
        for got, expected in zip(both, fit(seed), strict=True):
            assert_same(got, expected)
