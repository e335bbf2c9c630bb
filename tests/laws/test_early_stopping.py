"""Laws of early stopping: which rows validate, which weights are kept."""

from skorch.callbacks import Callback

from tests.laws.common import answers, assert_same, every, has


@every(has("early_stopping"))
def test_early_stopping_restores_the_best_weights(instance):
    """The model is the one that training to best_epoch_ gives; no valid_loss is lower."""
    X, y = instance.data(120)
    params = {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.0}
    params |= {"lr_schedule": "constant", "warmup_fraction": 0.0}
    params |= instance.known(linear_model=False)  # it alone may be best in epoch 0
    for lr in (0.02, 0.05, 0.005, 0.5):  # one of them is neither too slow nor best at the start
        model = instance.fitted(X, y, lr=lr, max_epochs=60, n_iter_no_change=3, **params)
        assert model.n_iter_ == min(60, model.best_epoch_ + 3)
        if 0 < model.best_epoch_ < 57:
            break
    assert model.best_epoch_ == model.history_["valid_loss"].argmin() + 1 < 58
    params |= {"lr": lr, "max_epochs": model.best_epoch_, "n_iter_no_change": 99}
    assert_same(instance.answers_of_fit(X, y, **params), answers(model, X))


class Sizes(Callback):
    """Rows that a fit trains and validates on."""

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        net.sizes = len(dataset_train), len(dataset_valid or [])


@every(has("early_stopping"))
def test_validation_rows_come_from_the_rows_of_fit(instance):
    """They are set aside from X, and are not trained on."""
    X, y = instance.data()
    params = {"validation_fraction": 0.2, "callbacks": [Sizes()]}
    model = instance.fitted(X, y, early_stopping=True, **params)
    assert model.net_.sizes == (48, 12)
    model = instance.fitted(X, y, early_stopping=False, **params)
    assert model.net_.sizes == (60, 0)
    assert model.history_["valid_loss"].isna().all()
