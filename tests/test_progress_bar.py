"""Progress bars without a console."""

import sys

import numpy as np
import pytest

from skdl.estimators import LSTMRegressor, Ridge
from skdl.model_selection import compare


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_process_without_console_trains_and_compares(monkeypatch, verbose):
    """As of pythonw, services and windowed programs on Windows."""
    X = np.random.default_rng(0).normal(size=(30, 4))
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    LSTMRegressor(4, max_epochs=2, verbose=verbose).fit(X, X[:, -1])
    table = compare(
        {"ridge": Ridge()}, X, X[:, -1], cv=2, verbose=None if verbose == 2 else verbose
    )
    assert not table.errors
