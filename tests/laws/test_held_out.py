"""Laws of the rows that validate a fit: those of the user's own, and groups kept together."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import has_fit_parameter
from skorch.callbacks import Callback

from tests.laws.common import answers, assert_same, every


def validates(instance):
    return has_fit_parameter(instance.estimator, "X_val")


class Rows(Callback):
    """Numbers of the rows that train and validate."""

    def on_train_begin(self, net, X, **kwargs):
        self.train_ = X.rows

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        self.valid_ = None if dataset_valid is None else dataset_valid.X.rows


@every(validates)
def test_own_rows_validate_as_rows_of_fit_do(instance):
    """Given those that a fit sets aside, the others give the same model, bit for bit."""
    X, y = instance.data()
    rows = Rows()
    # The linear model learns from the rows that a fit sets aside, too.
    params = {"callbacks": [rows], "max_epochs": 4, "lr": 0.01} | instance.known(linear_model=False)
    model = instance.fitted(X, y, early_stopping=True, validation_fraction=0.2, **params)
    train, valid = rows.train_.numpy(), rows.valid_.numpy()
    assert len(train) == 48
    own = clone(instance.estimator).set_params(**params)
    X_val, y_val = instance.kind.take(X, valid), y[valid]
    own.fit(instance.kind.take(X, train), y[train], X_val=X_val, y_val=y_val)
    assert own.history_["valid_loss"].tolist() == model.history_["valid_loss"].tolist()
    assert own.best_epoch_ == model.best_epoch_
    assert_same(answers(own, X), answers(model, X))


@every(validates)
def test_own_rows_are_not_trained_on(instance):
    """All of X trains; what the own rows are decides the epoch that is kept, and no more."""
    X, y = instance.data()
    rows = Rows()
    model = clone(instance.estimator).set_params(callbacks=[rows], n_iter_no_change=99)
    histories = []
    for shift in (0, 1):
        model.fit(X, y, X_val=X, y_val=np.roll(y, shift))
        assert rows.train_ is None
        assert model.history_["valid_loss"].notna().all()
        histories.append(model.history_)
    assert histories[0]["train_loss"].tolist() == histories[1]["train_loss"].tolist()
    assert histories[0]["valid_loss"].tolist() != histories[1]["valid_loss"].tolist()


@every(validates)
def test_own_rows_are_weighed(instance):
    """Weight 0 is absence, weight 2 is there twice."""
    X, y = instance.data()
    X_val, y_val = instance.kind.take(X, slice(0, 20)), y[:20]
    weight = np.where(np.arange(20) < 10, 0.0, np.where(np.arange(20) < 15, 2.0, 1.0))
    seen = np.r_[10:15, 10:20]
    params = {"max_epochs": 2, "precision": "float64"}
    weighed, repeated = (clone(instance.estimator).set_params(**params) for _ in range(2))
    weighed.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    repeated.fit(X, y, X_val=instance.kind.take(X, seen), y_val=y[seen])
    np.testing.assert_allclose(
        weighed.history_["valid_loss"], repeated.history_["valid_loss"], rtol=1e-6
    )


@every(validates)
def test_groups_stay_together(instance):
    """On one side of the split, whatever they are named; classes are on both sides."""
    X, y = instance.data()
    rows = Rows()
    numbers = np.random.default_rng(0).permutation(np.arange(60) // 5)
    model = clone(instance.estimator).set_params(
        early_stopping=True, validation_fraction=0.25, callbacks=[rows]
    )
    splits = []
    for names in (numbers, np.array([f"patient {number}" for number in numbers]), numbers.tolist()):
        model.fit(X, y, groups=names)
        train, valid = rows.train_.numpy(), rows.valid_.numpy()
        assert not set(numbers[train]) & set(numbers[valid])
        assert 8 <= len(valid) <= 22
        splits.append(valid.tolist())
        if is_classifier(model):
            assert set(y[train]) == set(y)
    if not is_classifier(model):  # the groups that come last
        last = {number: np.flatnonzero(numbers == number).max() for number in range(12)}
        assert max(last, key=last.get) in numbers[valid]
    assert splits[0] == splits[2]


@every(validates)
def test_arguments_that_do_not_go_together_are_told(instance):
    X, y = instance.data()
    for params, arguments, words in (
        ({}, {"X_val": X}, "X_val was given without y_val"),
        ({}, {"y_val": y}, "y_val was given without X_val"),
        ({}, {"sample_weight_val": y}, "sample_weight_val was given without"),
        ({"early_stopping": False}, {"X_val": X, "y_val": y}, "early_stopping=False"),
        ({}, {"X_val": X, "y_val": y, "groups": y}, "Give one of the two"),
        ({}, {"X_val": X, "y_val": y[:-1]}, "X_val has 60 samples, but y_val has 59"),
        ({}, {"groups": y[:-1]}, "X has 60 samples, but groups has 59"),
        ({}, {"groups": [None, *y[1:]]}, "no value in row 0"),
        ({"early_stopping": True}, {"groups": [7] * 60}, "No group of the 1"),
        ({}, {"X_val": instance.kind.broken(X), "y_val": y}, "^X_val: "),
        ({}, {"X_val": X, "y_val": [np.nan] * 60}, "^y_val: .*NaN"),
        ({}, {"X_val": X, "y_val": y, "sample_weight_val": [-1] * 60}, "^sample_weight_val: "),
        ({}, {"X_val": X, "y_val": y, "sample_weight_val": [0] * 60}, "non-zero"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            clone(instance.estimator).set_params(**params).fit(X, y, **arguments)


@every(validates)
def test_own_rows_go_through_scikit_learn(instance):
    """Pipelines, searches and cross-validation hand them on; rows of a fold keep their groups."""
    X, y = instance.data()
    own = {"X_val": instance.kind.take(X, slice(0, 12)), "y_val": y[:12]}
    name = type(instance.estimator).__name__.lower()
    alone = clone(instance.estimator).fit(X, y, **own)
    piped = make_pipeline("passthrough", clone(instance.estimator))
    piped.fit(X, y, **{f"{name}__{key}": value for key, value in own.items()})
    assert_same(answers(piped[-1], X), answers(alone, X))
    search = GridSearchCV(instance.estimator, {"lr": [0.01]}, cv=2).fit(X, y, **own)
    assert search.best_estimator_.history_["valid_loss"].notna().all()
    groups = np.arange(60) % 12
    with config_context(enable_metadata_routing=True):
        model = clone(instance.estimator).set_params(early_stopping=True)
        model.set_fit_request(groups=True)
        scores = cross_val_score(
            model, X, y, cv=GroupKFold(2), params={"groups": groups}, error_score="raise"
        )
    assert np.isfinite(scores).all()
