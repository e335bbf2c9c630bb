"""The linear model beside perceptrons: its features by hand, rows answered without themselves."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from skdl.engine import Data
from skdl.estimators._base import NumberScales
from skdl.estimators._base._ridge import ridge_of_numbers
from skdl.estimators.mlp._linear_model import LinearTableModel, TableFeatures

SCALES = NumberScales(np.array([1.0, 0]), np.array([2.0, np.inf]), np.array([True, False]))


def test_features_by_hand():
    x = torch.tensor([[7.0, 5.0], [torch.nan, 1.0]], dtype=torch.float64)
    data = Data({"x": x, "codes": torch.tensor([[2, 0], [0, 1]])})
    found = TableFeatures(SCALES, [2, 300]).of(data)
    z = 3 / np.sqrt(2)  # three spreads from the median, drawn in
    np.testing.assert_allclose(found, [[z, 0, 0, 0, 1], [0, 0, 1, 0, 0]])


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    return Data({"x": torch.tensor(x)}), x


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_answered_by_models_without_them(weighted):
    """With the penalty that was chosen, as scikit-learn's ridge regression fits it."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 2)) + 5
    weight = rng.uniform(0.5, 2, 30) if weighted else np.ones(30)
    weight /= weight.mean()
    counted = (z - weight @ z / 30) * np.sqrt(weight)[:, None]
    left, singular, _ = np.linalg.svd(counted, full_matrices=False)
    dual, intercept, unseen = ridge_of_numbers(left, singular**2, y, weight)
    coef = counted.T @ dual
    np.testing.assert_allclose(intercept, weight @ y / 30, rtol=1e-6)
    for target in range(2):
        penalties = np.logspace(-6, 2, 17) * (singular**2).sum()
        known = [Ridge(p).fit(z, y[:, target], weight).coef_ for p in penalties]
        place = int(np.argmin([np.abs(each - coef[:, target]).max() for each in known]))
        np.testing.assert_allclose(coef[:, target], known[place], atol=1e-8)
        for row in (0, 7, 29):
            others = np.arange(30) != row
            model = Ridge(penalties[place]).fit(z[others], y[others, target], weight[others])
            assert unseen[row, target] == pytest.approx(model.predict(z[[row]])[0], rel=1e-4)


def test_rows_of_a_group_are_left_out_together():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 1))
    copies, groups = np.repeat(z - z.mean(0), 3, axis=0), np.repeat(np.arange(20), 3)
    left, singular, _ = np.linalg.svd(copies, full_matrices=False)
    of_groups = ridge_of_numbers(left, singular**2, y[groups], np.ones(60), groups)[2]
    one_by_one = ridge_of_numbers(left, singular**2, y[groups], np.ones(60))[2]
    errors = [np.square(unseen - y[groups]).mean() for unseen in (of_groups, one_by_one)]
    assert errors[0] > errors[1], "a copy tells"
    np.testing.assert_allclose(of_groups[::3], of_groups[1::3], rtol=1e-5)


def test_classes_and_numbers_are_learned():
    train, x = table(200)
    features = TableFeatures(NumberScales(np.zeros(2), np.ones(2), np.zeros(2, bool)), [])
    y = (x @ [1.0, -2.0])[:, None]
    model, unseen = LinearTableModel.fit(features, train, y, None, None)
    later, x = table(100, 1)
    assert np.corrcoef(model.answers(later)[:, 0], x @ [1.0, -2.0])[0, 1] > 0.99
    assert np.corrcoef(unseen[:, 0], y[:, 0])[0, 1] > 0.98
    labels = (y[:, 0] > 0).astype(int)
    model, unseen = LinearTableModel.fit(features, train, labels, np.ones(200), 2)
    assert (model.answers(later).argmax(1) == (x @ [1.0, -2.0] > 0)).mean() > 0.95
    assert (unseen.argmax(1) == labels).mean() > 0.95


def test_of_very_many_rows_some_are_learned_from(monkeypatch):
    monkeypatch.setattr("skdl.estimators._base._signal_model.MAX_ROWS", 50)
    train, x = table(300)
    features = TableFeatures(NumberScales(np.zeros(2), np.ones(2), np.zeros(2, bool)), [])
    model, unseen = LinearTableModel.fit(features, train, x[:, :1] * 3, None, None)
    np.testing.assert_allclose(unseen[:, 0], model.answers(train)[:, 0], atol=0.5)
