"""Clones share the fitted estimator that a parameter holds."""

import copy
import pickle

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skdl.estimators._base._fitted_parameter import FittedParameterMixin


class Keeper(FittedParameterMixin):
    """One parameter that is kept, one that is not."""

    _fitted_parameter = "scaler"

    def __init__(self, scaler=None, other=None):
        self.scaler, self.other = scaler, other


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


def test_copies_are_whole():
    keeper = Keeper(scaler())
    for twin in (copy.deepcopy(keeper), pickle.loads(pickle.dumps(keeper))):
        assert twin.scaler.mean_ == keeper.scaler.mean_
    assert isinstance(keeper, BaseEstimator)
