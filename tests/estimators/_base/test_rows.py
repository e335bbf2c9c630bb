"""Rows of a fit: what they weigh, which validate, and how they become data."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from skdl.engine import Data
from skdl.estimators._base._rows import Rows
from skdl.estimators._base._targets import ClassificationTarget, RegressionTarget


def regression():
    return RegressionTarget("Owner", "squared_error")


def classification(**params):
    return ClassificationTarget("Owner", **params)


def split(target, y, fraction, seed=0, weight=None, x=None):
    rows = Rows.read(target, y, weight, len(y))
    rows.set_aside(
        target,
        Data({"x": torch.as_tensor(np.zeros(len(y)) if x is None else x)[:, None]}),
        fraction,
        seed,
    )
    return rows


@given(
    st.booleans(),
    st.integers(2, 200),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
    st.integers(2, 5),
)
def test_a_split_parts_all_rows_in_two(classifies, n_samples, fraction, seed, n_classes):
    y = np.arange(n_samples) % n_classes
    make = classification if classifies else regression
    try:
        rows = split(make(), y, fraction, seed)
    except ValueError as error:
        each_alone = classifies and n_samples <= n_classes
        words = ("leaves", "No row") if each_alone else ("leaves",)
        assert any(word in str(error) for word in words)  # noqa: PT017
        return
    assert sorted([*rows.train, *rows.valid]) == list(range(n_samples))
    assert min(len(rows.train), len(rows.valid)) > 0
    again = split(make(), y, fraction, seed)
    assert np.array_equal(again.train, rows.train)
    if classifies:
        assert set(y[rows.train]) == set(y), "no class is lost to validation"


def test_rows_of_classifiers_are_drawn_in_proportion():
    y = np.repeat([0, 1, 2], [100, 40, 10])
    valid = [split(classification(), y, 0.2, seed).valid for seed in range(5)]
    assert all(np.bincount(y[rows]).tolist() == [20, 8, 2] for rows in valid)
    assert len({tuple(rows) for rows in valid}) == 5


def test_rows_of_regressors_are_the_last_of_several_parts():
    """What is different at the end does not decide alone, and neighbours stay together."""
    rows = split(regression(), np.random.default_rng(0).normal(size=200), 0.1)
    assert rows.valid.reshape(5, 4).tolist() == [[*range(n - 4, n)] for n in range(40, 240, 40)]
    assert sorted([*rows.train, *rows.valid]) == list(range(200))


def test_the_parts_of_a_series_are_few():
    """There, each border has neighbours on both sides that are alike."""
    series = np.random.default_rng(0).normal(size=601).cumsum()
    rows = split(regression(), series[1:], 0.1, x=series[:-1])
    assert rows.valid.reshape(3, 20).tolist() == [[*range(n - 20, n)] for n in (200, 400, 600)]


def test_a_few_rows_are_one_part():
    rows = split(regression(), np.zeros(30), 0.2)
    assert rows.valid.tolist() == list(range(24, 30))


@pytest.mark.parametrize("light", [1e-12, 0.05, 0.4])
def test_light_rows_at_the_end_do_not_validate(light):
    weight = np.repeat([1.0, light], [50, 50])
    valid = split(regression(), np.zeros(100), 0.1, weight=weight).valid
    assert valid[-1] == 49
    assert valid[0] > 20
    assert weight[valid].sum() == pytest.approx(0.1 * weight.sum(), abs=1)


@pytest.mark.parametrize("light", [1e-12, 0.05])
def test_light_rows_of_a_class_do_not_validate(light):
    y = np.arange(100) % 2
    weight = np.repeat([1.0, light], [40, 60]) * np.where(y == 1, 30.0, 1.0)
    for seed in range(20):
        valid = split(classification(), y, 0.2, seed, weight=weight).valid
        assert valid.max() < 40
        assert np.bincount(y[valid], minlength=2).min() > 0
        assert len(valid) >= 8 * (1 + 60 / 40 * light) - 1


def test_equal_weights_of_classes_are_no_weights():
    y = np.arange(60) % 3
    weight = np.array([1.0, 5.0, 1e-9])[y]
    valid = split(classification(), y, 0.2, weight=weight).valid
    assert valid.tolist() == split(classification(), y, 0.2).valid.tolist()


def test_equal_weights_are_no_weights():
    valid = split(regression(), np.zeros(100), 0.1, weight=np.full(100, 0.1)).valid
    assert valid.tolist() == split(regression(), np.zeros(100), 0.1).valid.tolist()


def test_heavy_rows_at_the_end_validate_with_their_weight():
    weight = np.repeat([1.0, 10.0], [50, 50])
    valid = split(regression(), np.zeros(100), 0.1, weight=weight).valid
    assert valid.tolist() == [72, 73, 74, 97, 98, 99]  # of two parts of equal weight


@given(st.lists(st.sampled_from([1e-9, 0.1, 1.0, 1e6]), min_size=8, max_size=60))
@example([1e-9] * 3 + [0.1] * 5)
def test_weights_never_leave_training_or_validation_without_rows(weights):
    rows = split(regression(), np.zeros(len(weights)), 0.1, weight=np.array(weights))
    assert min(len(rows.train), len(rows.valid)) > 0
    heaviest_alone = rows.weight.max() > rows.weight.sum() / 2
    if not heaviest_alone:
        assert rows.weight[rows.valid].sum() <= rows.weight.sum() / 2 * (1 + 1e-9)


def test_rows_of_weight_zero_are_not_used():
    weight = np.array([1.0, 0, 2, 0, 1, 1, 0, 1, 1, 1])
    rows = split(regression(), np.arange(10.0), 0.2, weight=weight)
    assert sorted([*rows.train, *rows.valid]) == np.flatnonzero(weight).tolist()
    with pytest.raises(ValueError, match="zero for all samples"):
        Rows.read(classification(class_weight={0: 0, 1: 0}), [0, 1], None, 2)


def test_weights_of_classes_and_samples_are_multiplied():
    rows = Rows.read(classification(class_weight={"a": 2.0, "b": 3.0}), ["a", "b"], [5.0, 7.0], 2)
    assert rows.weight.tolist() == [10, 21]
    assert Rows.read(regression(), [0.0, 1.0], None, 2).weight is None


def test_x_and_y_of_unequal_length_are_told():
    with pytest.raises(ValueError, match="X has 3 samples, but y has 2"):
        Rows.read(regression(), [0.0, 1.0], None, 3)


def test_data_have_targets_and_weights_of_mean_one():
    target, weight = regression(), np.array([0.0, *[1.0] * 5, *[3.0] * 4])
    rows = split(target, np.arange(10.0), 0.3, weight=weight)
    target.learn(rows.target[rows.train], rows.train_weight)
    data = Data({"x": torch.arange(10.0)[:, None]})
    train, valid, used = rows.of(data, target, torch.float32)
    assert len(train) + len(valid) == len(used) == 9
    (batch,) = train.batches(100)
    assert batch["weight"].mean().item() == pytest.approx(1)
    expected = (batch["x"].double().numpy() - target.mean) / target.scale
    np.testing.assert_allclose(batch["y"], expected, atol=1e-6)


def test_weights_of_a_chunk_are_relative_to_all_chunks():
    target, data = regression(), Data({"x": torch.zeros(2, 1)})
    first = Rows.read(target, [0.0, 1.0], [3.0, 1.0], 2)
    target.learn(first.target, None)
    second = Rows.read(target, [0.0, 1.0], [0.0, 10.0], 2, first.seen)
    weights = [
        next(rows.of(data, target, torch.float64)[2].batches(9))["weight"].tolist()
        for rows in (first, second, Rows.read(target, [0.0, 1.0], None, 2, second.seen))
    ]
    # Means of 4 / 2, (4 + 10) / 3 and (4 + 10 + 2) / 5; rows of weight 0 do not count.
    assert weights == [[1.5, 0.5], [pytest.approx(30 / 14)], [pytest.approx(5 / 16)] * 2]


ONES = np.ones(200)


@pytest.mark.parametrize(
    ("weight", "can"),
    [
        (ONES, True),
        (ONES[:9], True),
        (0.97 ** np.arange(400), False),
        (0.99 ** np.arange(400), True),
        (np.exp(np.linspace(-12, 0, 400)), False),
        (np.r_[1e-3 * np.ones(340), np.ones(60)], False),
        (np.r_[1e-3 * np.ones(340), np.ones(100)], True),
        (np.r_[1e-12 * np.ones(340), np.ones(60)], True),  # as weight 0
        (np.r_[np.zeros(340), np.ones(60)], True),
    ],
)
def test_a_few_heavy_rows_cannot_validate(weight, can):
    rows = Rows.read(regression(), np.arange(len(weight)), weight, len(weight))
    assert rows.can_validate(0.1) is can
