"""Clones share the fitted estimator that a parameter holds."""

import copy
import html
import pickle
import types
from collections import UserDict

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skdl.estimators._base._fitted_parameter import FittedParameterMixin


class Keeper(FittedParameterMixin):
    """One parameter that is kept, one that is not."""

    _fitted_parameter = "scaler"

    def __init__(self, scaler=None, other=None):
        self.scaler, self.other = scaler, other

    def fit(self, X, y=None):
        return self


def scaler(**params):
    return StandardScaler(**params).fit([[1.0], [3.0]])


def test_clones_share_what_is_fitted():
    keeper = Keeper(scaler())
    twin = clone(keeper)
    assert twin is not keeper
    assert twin.scaler is keeper.scaler
    check_is_fitted(clone(twin).scaler)


def test_other_parameters_are_cloned_as_ever():
    keeper = Keeper(scaler(), other=scaler())
    twin = clone(keeper)
    assert twin.other is not keeper.other
    assert not hasattr(twin.other, "mean_")


@pytest.mark.parametrize("value", [None, 5, {"good": [1.0]}], ids=str)
def test_what_is_no_estimator_may_stand_there(value):
    keeper = Keeper(value)
    assert clone(keeper).scaler is value
    assert keeper.get_params() == {"scaler": value, "other": None}


@pytest.mark.parametrize("deep", [True, False])
def test_parameters_of_the_fitted_one_are_not_offered(deep):
    assert set(Keeper(scaler()).get_params(deep=deep)) == {"scaler", "other"}


def test_parameters_of_the_fitted_one_cannot_be_set():
    keeper = Keeper(scaler(with_mean=True))
    with pytest.raises(ValueError, match=r"fitted scaler keeps.*scaler__with_mean"):
        keeper.set_params(scaler__with_mean=False)
    assert keeper.scaler.with_mean is True


def test_parameters_are_set_as_ever():
    keeper = Keeper()
    for params in ParameterGrid({"scaler": [scaler(), None], "other": [1, 2]}):
        assert keeper.set_params(**params) is keeper
        assert keeper.get_params() == params
    with pytest.raises(ValueError, match="nothing"):
        keeper.set_params(nothing=1)


class Uncopied(np.ndarray):
    """A vector that says when it is copied, and when its repr is taken."""

    def __deepcopy__(self, memo):
        raise AssertionError("copied")

    def __repr__(self):
        raise AssertionError("shown")


@pytest.mark.parametrize("kind", [dict, UserDict, types.MappingProxyType], ids=lambda k: k.__name__)
@pytest.mark.parametrize("within", [lambda keeper: keeper, make_pipeline, FrozenEstimator])
def test_a_mapping_is_neither_copied_nor_shown(kind, within):
    """Of 400,000 vectors either takes minutes."""
    given = kind({f"word{i}": np.ones(3).view(Uncopied) for i in range(40)})
    outer = within(Keeper(given))
    shown = f"<{kind.__name__} of 40 items>"
    assert shown in repr(outer).replace("\n", "").replace("  ", "")
    assert html.escape(shown) in outer._repr_html_()
    assert isinstance(clone(Keeper(given)).scaler, kind)
    assert clone(Keeper(given)).scaler is given
    clone(outer)


def test_a_mapping_among_the_parameters_is_an_equal_one():
    given = {"good": [1.0], "bad": [2.0]}
    keeper = Keeper(given)
    shown = keeper.get_params()["scaler"]
    assert shown == given
    assert shown["good"] is given["good"]
    assert list(shown) == list(given)
    assert "bad" in shown
    assert keeper.set_params(**keeper.get_params()).scaler is given
    assert Keeper(**keeper.get_params()).get_params() == keeper.get_params()


def test_a_pickle_holds_a_mapping_once():
    given = {f"word{i}": np.full(50, float(i)) for i in range(50)}
    assert len(pickle.dumps(Keeper(given))) < 1.1 * len(pickle.dumps(given)) + 500


def test_copies_are_whole():
    keeper = Keeper(scaler())
    for twin in (copy.deepcopy(keeper), pickle.loads(pickle.dumps(keeper))):
        assert twin.scaler.mean_ == keeper.scaler.mean_
    assert isinstance(keeper, BaseEstimator)
