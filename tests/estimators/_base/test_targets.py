"""Targets: y to the numbers that are trained on, and back."""

import numpy as np
import pytest
import torch

from skdl.estimators._base._targets import (
    ClassificationTarget,
    RegressionTarget,
    decided_by_outliers,
)

RNG = np.random.default_rng(0)
Y = RNG.normal(3.0, 5.0, size=(40, 2))


def learned(y, **params):
    target = RegressionTarget("Owner", **{"loss_name": "squared_error", **params})
    target.learn(target.read(y), None)
    return target


@pytest.mark.parametrize("y", [Y, Y[:, 0], Y[:, :1]], ids=["two", "flat", "one column"])
def test_what_is_trained_on_comes_back_in_units(y):
    target = learned(y)
    column = target.column(target.read(y), torch.float64)
    np.testing.assert_allclose(column.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(column.std(0, correction=0), 1, atol=1e-12)
    assert target.output_shape == (column.shape[1],)
    back = target.predictions(column.numpy())
    assert back.shape == y.shape
    np.testing.assert_allclose(back, y)


def test_statistics_are_those_of_the_given_rows_and_weights():
    target, weight = RegressionTarget("Owner", "huber"), RNG.uniform(size=40)
    target.learn(target.read(Y), weight)
    np.testing.assert_allclose(target.mean, np.average(Y, axis=0, weights=weight))
    deviations = (Y - target.mean) ** 2
    np.testing.assert_allclose(target.scale**2, np.average(deviations, axis=0, weights=weight))


def test_without_standardizing_units_are_kept():
    target = learned(Y, standardize=False)
    assert target.column(Y, torch.float64).equal(torch.from_numpy(Y))


def test_quantiles_hold_the_median_and_come_back_as_asked():
    target = learned(Y[:, 0], loss_name="quantile", levels=(0.1, 0.9))
    assert target.quantiles == [0.1, 0.5, 0.9]
    assert target.output_shape == (1, 3)
    outputs = np.array([[[-1.0, 0.0, 1.0]]])
    assert target.predictions(outputs).item() == pytest.approx(target.mean.item())
    low, high = target.quantile_predictions(outputs)[0]
    assert high - low == pytest.approx(2 * target.scale.item())


def test_the_second_y_must_be_like_the_first():
    target = learned(Y)
    with pytest.raises(ValueError, match="y has 1 targets, but fitted were 2"):
        target.read(Y[:, 0])
    classes = ClassificationTarget("Owner")
    assert classes.read(["b", "a", "b"]).tolist() == [1, 0, 1]
    assert classes.read(["b", "b"]).tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"label 'c', which is not among.*clone"):
        classes.read(["a", "c"])


def test_announced_classes_need_not_be_there():
    target = ClassificationTarget("Owner", declared_classes=[2, 0, 1])
    assert target.read([1, 1]).tolist() == [1, 1]
    assert target.output_shape == (3,)
    assert target.predictions(np.eye(3)).tolist() == [0, 1, 2]


def test_balanced_classes_weigh_the_same():
    target = ClassificationTarget("Owner", "balanced")
    values = target.read(["a"] * 6 + ["b"] * 2)
    weights = target.weights(values, target.counts(values, None))
    assert weights[values == 0].sum() == pytest.approx(weights[values == 1].sum())


def test_balanced_classes_are_counted_over_all_chunks():
    target = ClassificationTarget("Owner", "balanced", declared_classes=["a", "b"])
    counts = target.counts(target.read(["a"] * 6), None)
    values = target.read(["b"] * 2)
    counts = target.counts(values, counts)
    assert counts.tolist() == [6, 2]
    assert target.weights(values, counts).tolist() == [2, 2]  # 8 rows, 2 classes, 2 of them "b"


def test_only_regressors_stop_early_by_default():
    assert learned(Y).stops_early_by_default(8)
    assert not learned(Y).stops_early_by_default(7)
    assert not ClassificationTarget("Owner").stops_early_by_default(1000)


def test_which_quantiles_outliers_decide():
    """Those beyond which outliers are more than a quarter of the rows; never the median."""
    noise = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    above, few = noise.clone(), noise.clone()
    above[:100], few[:10] = 1e4, 1e4
    residuals, levels = torch.cat([noise, above, -above, few], 1), (0.1, 0.5, 0.9)
    decided = decided_by_outliers(residuals, torch.ones(1000).double(), levels)
    expected = [[False] * 3, [False, False, True], [True, False, False], [False] * 3]
    assert decided.view(4, 3).tolist() == expected
    weight = torch.where(above[:, 0] > 1e3, 1e-3, 1.0).double()
    assert not decided_by_outliers(above, weight, levels).any()
