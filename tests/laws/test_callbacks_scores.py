"""Laws of callbacks that score or predict while a net is trained."""

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import get_scorer
from skorch.callbacks import BatchScoring, Callback, EpochScoring

from tests.laws.common import answers, assert_close, assert_same, every, one_of_each, predicts

SCORES = {
    "classification": ["accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr"],
    "two classes": ["roc_auc", "average_precision", "neg_brier_score", "neg_log_loss"],
    "regression": ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"],
}


# Of a fit in which nothing is drawn at random but the order of rows.
NOT_AT_RANDOM = {"dropout": 0.0, "token_dropout": 0.0, "augment": None, "mixup": 0.0}


class KeepsRows(Callback):
    """Rows of the last epoch, so that scores can be computed again."""

    def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
        self.train_, self.valid_ = dataset_train, dataset_valid
        self.predicted_ = net.predict(dataset_valid.X)


def without_temperature(model):
    """Probabilities as they were in the last epoch: the temperature is learned after it."""
    if is_classifier(model):
        model._target.temperature = 1.0
    return model


def scored(instance, y, metrics, **params):
    X, _ = instance.data()
    rows, scorings = KeepsRows(), []
    for metric in metrics:
        for use_caching in (True, False):
            name = f"{metric} {use_caching}"
            scorings.append(EpochScoring(metric, name=name, use_caching=use_caching))
    model = instance.fitted(
        X, y, callbacks=[*scorings, rows], max_epochs=1, early_stopping=True, **params
    )
    model.net_.module_.eval()
    return without_temperature(model), rows


@one_of_each(predicts)
def test_scores_by_epoch_are_those_of_scikit_learn(instance):
    """In the user's units and labels, also where these are words."""
    _, y = instance.data()
    if is_classifier(instance.estimator):
        y = np.array(["spam", "ham", "eggs"])[np.searchsorted(np.unique(y), y)]
        two = np.where(np.arange(len(y)) % 3 == 0, 2, 1)  # 1 is the positive label of many metrics
        cases = [(y, SCORES["classification"]), (two, SCORES["two classes"])]
    else:
        cases = [(1e4 + 1e3 * y, SCORES["regression"])]
    # The weights that were scored must be those that are kept.
    params = instance.known(ema_decay=None, linear_model=False)
    for target, metrics in cases:
        model, rows = scored(instance, target, metrics, **params)
        if model.best_epoch_ == 0:  # kept are those of the start
            assert np.isfinite(model.history_[f"{metrics[0]} True"]).all()
        for metric in metrics:
            net, valid = model.net_, rows.valid_
            cached, fresh = (model.history_[f"{metric} {c}"].iloc[-1] for c in (True, False))
            assert cached == pytest.approx(fresh, abs=1e-5)
            if model.best_epoch_ == 1:
                assert get_scorer(metric)(net, valid.X, valid.y) == pytest.approx(fresh, abs=1e-5)
        assert set(np.unique(valid.y).tolist()) <= set(np.asarray(target).tolist()) or (
            is_regressor(model) and valid.y.mean() > 5e3
        )
        assert rows.predicted_.shape == valid.y.shape


@every(predicts)
def test_training_rows_are_scored_as_they_are_predicted(instance):
    """With what stands beside the network, where nothing is random and the weights hardly move.

    Batch normalization has the statistics of the batch in training, others in prediction, and a
    checkpoint has dropout of its own.
    """
    X, y = instance.data()
    metric = "neg_log_loss" if is_classifier(instance.estimator) else "r2"
    scorings = [
        kind(metric, name=f"{kind.__name__} {use_caching}", on_train=True, use_caching=use_caching)
        for kind in (EpochScoring, BatchScoring)
        for use_caching in (True, False)
    ]
    params = instance.known(
        **NOT_AT_RANDOM, ema_decay=None, early_stopping=False, warm_start=True, batch_size=len(y)
    )
    model = instance.fitted(X, y, **params, max_epochs=30)
    model.set_params(callbacks=scorings, max_epochs=1, lr=1e-9).fit(X, y)
    scores = model.history_[[scoring.name for scoring in scorings]].iloc[-1]
    parts = {type(part).__name__ for part in model.module_.modules()}
    near = 0.05 if any("BatchNorm" in p or p == "PretrainedNetwork" for p in parts) else 1e-5
    assert scores.tolist() == pytest.approx([scores["EpochScoring False"]] * 4, abs=near)


@one_of_each(predicts)
def test_a_callback_predicts_on_arrays(instance):
    """With the weights as they are then, in the user's terms; training goes on unchanged."""
    X, y = instance.data()

    class Predicts(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("mine", net.score(X, y))
            self.predicted_ = net.predict(X)

    callback = Predicts()
    params = instance.known(early_stopping=False, ema_decay=None)
    model = instance.fitted(X, y, callbacks=[callback], **params)
    assert_same(callback.predicted_, model.predict(X))
    assert model.history_["mine"].iloc[-1] == model.score(X, y)
    assert_same(answers(model, X), instance.answers_of_fit(X, y, **params))


@one_of_each(predicts)
def test_rows_of_datasets_are_predicted(instance):
    """As the estimator predicts them: all, one, or several of the training and validation rows."""

    class Looks(Callback):
        def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
            self.all_ = net.predict_proba(dataset_train), net.predict_proba(dataset_valid.X)
            for dataset, predicted in zip((dataset_train, dataset_valid), self.all_, strict=True):
                inputs, y = dataset[:3]
                np.testing.assert_allclose(net.predict_proba(inputs), predicted[:3], rtol=1e-4)
                np.testing.assert_array_equal(y, dataset.y[:3])
                of_one, y = dataset[len(dataset) - 1]
                assert y == dataset.y[-1]
                assert {v.ndim + 1 for v in of_one.values()} == {v.ndim for v in inputs.values()}
                with pytest.raises(IndexError):
                    dataset.X[len(dataset)]
            self.rows_ = dataset_train.X.rows, dataset_valid.X.rows

    X, y = instance.data()
    looks = Looks()
    params = instance.known(ema_decay=None) | {"max_epochs": 1, "early_stopping": True}
    model = without_temperature(instance.fitted(X, y, callbacks=[looks], **params))
    if model.best_epoch_ == 1 and getattr(model, "network_weight_", 1) == 1:
        for rows, predicted in zip(looks.rows_, looks.all_, strict=True):
            assert_close(answers(model, X)[rows], predicted.reshape(answers(model, X)[rows].shape))


@every(predicts)
def test_training_rows_are_predicted_as_rows_of_fit(instance):
    """With what stands beside the network."""

    class Predicts(Callback):
        def on_epoch_end(self, net, dataset_train, **kwargs):
            self.predicted_ = net.predict(dataset_train)

    X, y = instance.data()
    predicts_rows = Predicts()
    params = instance.known(ema_decay=None, early_stopping=False)
    model = instance.fitted(X, y, callbacks=[predicts_rows], **params)
    assert_same(predicts_rows.predicted_, model.predict(X))
