"""Rows of the user's own that validate, and groups that stay together."""

import numpy as np
import pandas as pd
import pytest
import torch

from skdl.datasets import make_sequences
from skdl.engine import Data
from skdl.estimators import LSTMClassifier, LSTMRegressor
from skdl.estimators._base._held_out import HeldOut, groups_set_aside, prefixed_errors, read_groups
from skdl.estimators._base._targets import ClassificationTarget


@pytest.mark.parametrize(
    "groups",
    [
        [3, 3, 1, 2],
        ["c", "c", "a", "b"],
        np.array([3.0, 3.0, 1.0, 2.0]),
        pd.Series(["c", "c", "a", "b"], index=[9, 8, 7, 6]),
        pd.Categorical(["c", "c", "a", "b"]),
        [("c", 1), ("c", 1), ("a", 1), ("b", 1)],
        np.array([["c"], ["c"], ["a"], ["b"]]),
        pd.DataFrame({"patient": ["c", "c", "a", "b"]}),
        torch.tensor([3, 3, 1, 2]),
        list(torch.tensor([3, 3, 1, 2])),
    ],
    ids=str,
)
def test_groups_of_any_kind_become_numbers(groups):
    assert read_groups(groups, 4).tolist() == [0, 0, 1, 2]


def test_equal_elements_of_a_tensor_are_one_group_wherever_they_lie_in_memory():
    groups = torch.arange(2000) % 2
    for container in (groups, list(groups)):
        assert read_groups(container, 2000).tolist() == [0, 1] * 1000


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_group_is_told(missing):
    with pytest.raises(ValueError, match="no value in row 2"):
        read_groups(["a", "b", missing, "a"], 4)


def test_one_group_for_each_row():
    with pytest.raises(ValueError, match="X has 5 samples, but groups has 4"):
        read_groups([1, 2, 3, 4], 5)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (np.zeros((4, 2)), r"must be \(n_samples,\), got \(4, 2\)"),
        (pd.DataFrame(np.zeros((4, 2))), r"must be \(n_samples,\), got \(4, 2\)"),
        ([[1], [1], [2], [3]], "numbers, str or tuples: unhashable"),
        (5, "^groups: Expected sequence"),
    ],
)
def test_groups_that_are_none_are_told(groups, words):
    with pytest.raises((ValueError, TypeError), match=words):
        read_groups(groups, 4)


def set_aside(groups, classes=None, weight=None, fraction=0.2, order=None):
    groups = np.asarray(groups)
    classes = np.zeros(len(groups), dtype=int) if classes is None else np.asarray(classes)
    weight = np.ones(len(groups)) if weight is None else np.asarray(weight, dtype=float)
    order = np.arange(groups.max() + 1) if order is None else np.asarray(order)
    return groups_set_aside(groups, classes, weight, fraction, order)


def test_whole_groups_up_to_the_fraction():
    groups = np.repeat(np.arange(10), 4)
    assert set_aside(groups).tolist() == list(range(8))
    assert set_aside(groups, order=np.arange(10)[::-1]).tolist() == list(range(32, 40))


def test_a_group_too_large_is_passed_over():
    groups = np.repeat([0, 1, 2, 3], [30, 5, 5, 10])
    assert set(groups[set_aside(groups)]) == {1, 2}


def test_the_smallest_excess_where_all_are_too_large():
    groups = np.repeat([0, 1, 2], [40, 20, 40])
    assert set(groups[set_aside(groups, fraction=0.05)]) == {1}


def test_classes_are_set_aside_in_proportion():
    for seed in range(5):
        draws = np.random.default_rng(seed)
        groups, classes = np.repeat(np.arange(60), 5), np.repeat(np.arange(60) % 3 == 0, 5)
        chosen = set_aside(groups, classes.astype(int), order=draws.permutation(60))
        assert len(chosen) == 60
        assert classes[chosen].sum() == 20


def test_the_last_group_of_a_class_trains():
    groups, classes = np.repeat(np.arange(6), 2), np.repeat([0, 0, 0, 0, 0, 1], 2)
    assert 5 not in groups[set_aside(groups, classes, order=[5, 4, 3, 2, 1, 0])]
    assert not len(set_aside([0, 0, 1, 1], [0, 0, 1, 1]))
    assert not len(set_aside([0, 0, 0, 0], [0, 0, 1, 1]))


def test_rows_weigh():
    groups = np.repeat(np.arange(4), 5)
    weight = np.repeat([0.2, 1.0, 1.8, 1.0], 5)
    assert set(groups[set_aside(groups, weight=weight, fraction=0.45, order=[0, 2, 1, 3])]) == {
        0,
        2,
    }
    assert set(groups[set_aside(groups, weight=weight, fraction=0.05)]) == {0}


def test_errors_say_which_argument():
    with pytest.raises(TypeError, match=r"^X_val: not this$"), prefixed_errors("X_val"):
        raise TypeError("not this")


def test_rows_of_weight_zero_do_not_validate():
    target = ClassificationTarget("C", class_weight={"a": 1.0, "b": 0.0, "c": 3.0})
    target.read(["a", "b", "c"])
    held_out = HeldOut(np.zeros((4, 2)), ["a", "b", "c", "a"], [1, 1, 1, 0])
    data = held_out.data(lambda X: Data({"x": torch.tensor(X)}), target, torch.float64)
    assert data.rows.tolist() == [0, 2]
    assert data.columns["weight"][data.rows].tolist() == [0.5, 1.5]
    with pytest.raises(ValueError, match="zero for all"):
        HeldOut(np.zeros((1, 2)), ["b"]).data(
            lambda X: Data({"x": torch.tensor(X)}), target, torch.float64
        )


def test_a_label_that_is_not_in_y_is_told():
    X, y = make_sequences(40, n_steps=5, random_state=0)
    labels = np.where(y > 0, "up", "down")
    with pytest.raises(ValueError, match=r"^y_val: .*'sideways', which is not among"):
        LSTMClassifier(max_epochs=1).fit(X, labels, X_val=X[:1], y_val=["sideways"])


def test_groups_keep_the_validation_loss_honest():
    """Labels that belong to the group and mean nothing for others."""
    draws = np.random.default_rng(1)
    group = np.repeat(np.arange(60), 4)
    X = draws.normal(size=(60, 8))[group] + 0.05 * draws.normal(size=(240, 8))
    y = draws.permutation(np.arange(60) % 2)[group]
    params = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 40, "lr": 0.03}
    best = [
        LSTMClassifier(16, random_state=0, **params).fit(X, y, groups=groups).history_["valid_loss"]
        for groups in (None, group)
    ]
    assert best[0].min() < 0.5 < 0.65 < best[1].min()


def test_a_fit_that_refuses_its_validation_rows_changes_nothing():
    X, y = make_sequences(40, n_steps=5, random_state=0)
    model = LSTMRegressor(4, max_epochs=2, random_state=0).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match=r"^X_val: "):
        model.fit(X, y, X_val=X[:, :0], y_val=y)
    np.testing.assert_array_equal(model.predict(X), before)
