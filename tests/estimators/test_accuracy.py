"""Default parameters on real data (``SKDL_DATA``); benchmarks/accuracy_series.py has it all."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skdl.datasets import fetch_series, fetch_ucr, get_data_home
from skdl.estimators import LSTMClassifier, LSTMRegressor
from skdl.preprocessing import sliding_windows

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (get_data_home() / "series-dev").is_dir(), reason="SKDL_DATA names no folder with it"
    ),
]


@pytest.mark.parametrize(("name", "column"), [("temperatures", 0), ("sunspots", 0)])
@pytest.mark.parametrize("horizon", [1, 24])
def test_regression_does_not_lose_to_persistence_or_a_line(name, column, horizon):
    series = fetch_series(name).iloc[:, column].to_numpy(float)
    X, y = sliding_windows(series, 24, horizon)
    train, test = slice(0, int(0.8 * len(X)) - 24 - horizon), slice(int(0.8 * len(X)), None)
    flat = X[..., 0]

    def error(predicted):
        return np.abs(predicted - y[test]).mean()

    best = min(
        error(flat[test][:, -1]), error(Ridge().fit(flat[train], y[train]).predict(flat[test]))
    )
    model = LSTMRegressor(random_state=0).fit(X[train], y[train])
    assert error(model.predict(X[test])) < 1.03 * best


@pytest.mark.parametrize(("name", "accuracy"), [("JapaneseVowels", 0.95), ("BasicMotions", 0.9)])
def test_classification(name, accuracy):
    model = LSTMClassifier(random_state=0).fit(*fetch_ucr(name, split="train"))
    assert model.score(*fetch_ucr(name, split="test")) >= accuracy
