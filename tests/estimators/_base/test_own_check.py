"""Constraints in words."""

from typing import ClassVar

from sklearn.base import BaseEstimator

from skdl._sklearn import StrOptions, fit_context
from skdl.estimators._base._own_check import OwnCheck


class Toy(BaseEstimator):
    """An estimator that checks a parameter itself."""

    _parameter_constraints: ClassVar[dict] = {
        "of": [StrOptions({"a"}), OwnCheck("mapping", "fitted Toy")]
    }

    def __init__(self, of="a"):
        self.of = of

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self):
        return self


def test_scikit_learn_takes_it_for_a_constraint_and_leaves_the_check_to_the_estimator():
    for value in ("a", "b", {}, None):
        assert Toy(value).fit().of == value
    assert str(Toy._parameter_constraints["of"][1]) == "mapping, fitted Toy"
