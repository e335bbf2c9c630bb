"""How much a network counts beside a linear model."""

import numpy as np
import pytest
import torch
from torch import nn

from skdl.engine import Data
from skdl.estimators._base._linear_weight import (
    RATIOS,
    best_ratio,
    has_weights,
    network_fraction,
    rows_set_aside,
    set_weights,
    weights_of,
    without_linear,
)
from skdl.estimators._base._targets import ClassificationTarget


def scores_and_labels(n_rows, network=1.0, linear=1.0, n_classes=3, seed=0):
    """Two independent halves of what decides the label, and noise where a factor is 0."""
    rng = np.random.default_rng(seed)
    parts = 2 * rng.normal(size=(2, n_rows, n_classes))
    chances = torch.from_numpy(network * parts[0] + linear * parts[1]).softmax(1)
    y = torch.multinomial(chances, 1, generator=torch.Generator().manual_seed(seed))[:, 0]
    return *torch.from_numpy(parts), y


def test_a_network_of_noise_gets_next_to_no_weight():
    assert best_ratio(*scores_and_labels(500, network=0.0), None, 0.25) < 0.04


def test_a_linear_model_of_noise_gets_little_weight():
    assert best_ratio(*scores_and_labels(500, linear=0.0), None, 0.25) > 4


@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.0])
def test_the_ratio_is_found(ratio):
    found = best_ratio(*scores_and_labels(5000, network=ratio), None, 0.25)
    assert found == pytest.approx(ratio, rel=0.25)


@pytest.mark.parametrize("certainty", [0.2, 10.0])
def test_how_certain_the_scores_are_does_not_matter(certainty):
    network, linear, y = scores_and_labels(5000, network=0.5)
    found = best_ratio(certainty * network, certainty * linear, y, None, 0.25)
    assert found == pytest.approx(0.5, rel=0.25)


def test_few_rows_change_little():
    network, linear, y = scores_and_labels(500, network=0.0)
    few = [best_ratio(network[:n], linear[:n], y[:n], None, 0.25) for n in (0, 5, 500)]
    assert few[0] == 0.25 >= few[1] > few[2]
    assert few[1] > 0.1


def test_a_network_of_half_of_the_rows_needs_better_reasons():
    network, linear, y = scores_and_labels(100, network=1.0, linear=1.0)
    of_all, of_half = (
        best_ratio(network, linear, y, None, 0.1, of_half=of_half) for of_half in (False, True)
    )
    assert of_all > 1.3 * of_half > 0.13


def test_scores_that_are_not_finite_change_nothing():
    network, linear, y = scores_and_labels(100)
    assert best_ratio(network / 0, linear, y, None, 0.25) == 0.25


def test_heavy_rows_decide():
    network, linear, y = scores_and_labels(500, network=0.0)
    other = scores_and_labels(500, linear=0.0, seed=1)
    both = [torch.cat(pair) for pair in zip((network, linear, y), other, strict=True)]
    is_first = torch.arange(1000) < 500
    first, last = (
        best_ratio(*both, torch.where(heavy, 1.0, 1e-6), 0.25) for heavy in (is_first, ~is_first)
    )
    assert first < 0.1 < 2 < last


def test_many_rows_are_thinned_out_evenly():
    """Sorted by class they would else be of one class."""
    network, linear, y = scores_and_labels(20_000, network=0.0, n_classes=2)
    order = y.argsort()
    assert best_ratio(network[order], linear[order], y[order], None, 0.25) < 0.03


class Sum(nn.Module):
    network_weight, linear_weight = 1.0, 0.25


def test_the_larger_weight_is_one():
    module = Sum()
    assert has_weights(module)
    assert not has_weights(nn.Linear(1, 1))
    assert network_fraction(module) == pytest.approx(0.8)
    for ratio in (RATIOS[0], 0.5, 1.0, 3.0, RATIOS[-1]):
        set_weights(module, ratio, 1.0)
        network, linear = weights_of(module)
        assert network / linear == pytest.approx(ratio)
        assert max(network, linear) == 1
        assert network_fraction(module) == pytest.approx(ratio / (1 + ratio))


# Rows that are set aside -------------------------------------------------------------------------


def set_aside(y, weight=None, groups=None):
    y = np.asarray(y)
    target = ClassificationTarget("Some", classes=np.unique(y))
    return rows_set_aside(target, y, weight, Data({"x": torch.zeros(len(y), 1)}), groups)


@pytest.mark.parametrize(("n_rows", "n_wanted"), [(600, 100), (2000, 200), (20_000, 500)])
def test_rows_of_each_class_are_set_aside_in_proportion(n_rows, n_wanted):
    y = np.arange(n_rows) % 10 // 8
    chosen = set_aside(y)
    assert len(set(chosen)) == len(chosen) == n_wanted
    assert y[chosen].mean() == pytest.approx(0.2, abs=0.01)
    np.testing.assert_array_equal(chosen, set_aside(y))


def test_light_rows_are_not_set_aside():
    weight = np.where(np.arange(1200) % 2, 1.0, 1e-5)
    assert (set_aside(np.arange(1200) % 3, weight) % 2 == 1).all()


def test_of_few_rows_none_is_set_aside():
    """Nor of few that count."""
    y = np.arange(900) % 3
    assert set_aside(y[:499]) is None
    assert len(set_aside(y[:501])) == 100
    assert set_aside(y, np.where(np.arange(900) % 2, 1.0, 1e-5)) is None


def test_the_last_row_of_a_class_trains():
    y = np.zeros(600, dtype=int)
    y[[3, 5]] = 1, 2
    assert not {3, 5} & set(set_aside(y))


def test_groups_are_set_aside_as_a_whole():
    y, groups = np.arange(1000) % 2, np.arange(1000) // 20
    chosen = set_aside(y, groups=groups)
    assert 0 < len(chosen) <= 250
    assert not set(groups[chosen]) & set(np.delete(groups, chosen))


@pytest.mark.parametrize("n_groups", [1, 2])
def test_groups_of_most_rows_all_train(n_groups):
    assert set_aside(np.arange(1000) % 2, groups=np.arange(1000) % n_groups) is None


def test_rows_without_the_scores_of_a_linear_model():
    rows = Data({"x": torch.arange(3), "linear": torch.zeros(3, 2)}).subset(np.array([2, 0]))
    plain = without_linear(rows)
    assert list(plain.columns) == ["x"]
    assert plain.column("x").tolist() == [2, 0]
