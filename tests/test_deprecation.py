"""What is deprecated works, warns where it is called, and keeps its signature."""

import inspect

import pytest
from sklearn.base import clone

from skdl._deprecation import deprecated
from skdl.estimators import LSTMRegressor
from skdl.estimators._base import deep_estimator


@deprecated("Use ``double``.", since="0.2", removal="0.4")
def twice(x, *, times=2):
    """Return x as often as ``times`` says."""
    return times * x


def test_a_call_warns_and_works():
    with pytest.warns(
        FutureWarning, match="since skdl 0.2, removed in 0.4. Use ``double``"
    ) as all_:
        assert twice(3, times=4) == 12
    assert all_[0].filename == __file__


def test_signature_and_docstring_are_kept():
    assert str(inspect.signature(twice)) == "(x, *, times=2)"
    assert twice.__doc__ == "Return x as often as ``times`` says."


def test_a_class_warns_by_its_init():
    class Old:
        @deprecated("Use ``New``.", since="0.2", removal="0.4")
        def __init__(self, n=1):
            self.n = n

    with pytest.warns(FutureWarning, match="New"):
        assert Old(2).n == 2
    assert [*inspect.signature(Old).parameters] == ["n"]


def test_an_estimator_warns_and_can_be_cloned():
    @deprecated("Use ``LSTMRegressor``.", since="0.2", removal="0.4")
    @deep_estimator
    class OldRegressor(LSTMRegressor):
        """An LSTM under another name."""

    @deep_estimator
    class Heir(OldRegressor):
        """Not itself deprecated."""

    with pytest.warns(FutureWarning, match="Use ``LSTMRegressor``"):
        old = OldRegressor(8, lr=0.1)
    with pytest.warns(FutureWarning, match="Use ``LSTMRegressor``"):
        assert clone(old).get_params() == old.get_params()
    assert inspect.signature(OldRegressor) == inspect.signature(LSTMRegressor)
    Heir(8)
