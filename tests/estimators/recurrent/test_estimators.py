"""The recurrent family: its parameters, representations and what it learns."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.datasets import fetch_series, fetch_ucr, make_sequences
from skdl.estimators import GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor
from skdl.preprocessing import sliding_windows

FAMILY = [LSTMRegressor, LSTMClassifier, GRURegressor, GRUClassifier]
SMALL = {"max_epochs": 3, "random_state": 0, "early_stopping": False}
PLAIN = {**SMALL, "bidirectional": False, "pooling": "last"}
X, Y = make_sequences(60, n_steps=6, n_channels=2, random_state=0)
LABELS = (Y > 0).astype(int)

every = pytest.mark.parametrize("cls", FAMILY)


def answers(model, X):
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


@every
def test_sizes_come_first_the_rest_by_keyword(cls):
    parameters = inspect.signature(cls).parameters
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["hidden_size", "n_layers"]
    assert all(p.kind is p.KEYWORD_ONLY for p in list(parameters.values())[2:])
    of_family = {"bidirectional", "pooling", "dropout", "n_channels", "standardize"}
    own = {"class_weight"} if "Classifier" in cls.__name__ else {"loss", "quantiles"}
    assert of_family | own <= set(parameters)


@every
def test_cells(cls):
    module = cls(4, **PLAIN).fit(X, LABELS).module_
    kind = torch.nn.LSTM if "LSTM" in cls.__name__ else torch.nn.GRU
    cells = [part for part in module.modules() if isinstance(part, torch.nn.RNNBase)]
    assert [type(cell) for cell in cells] == [kind]
    assert cells[0].hidden_size == 4


@pytest.mark.parametrize(
    ("params", "n_cells", "n_features"),
    [
        ({}, 1, 4),
        ({"n_layers": 3}, 3, 4),
        ({"bidirectional": True}, 2, 8),
        ({"bidirectional": True, "n_layers": 2}, 4, 8),
        ({"pooling": "mean"}, 1, 4),
        ({"pooling": "max"}, 1, 4),
        ({"pooling": "attention", "bidirectional": True}, 2, 8),
    ],
    ids=str,
)
@every
@pytest.mark.parametrize("ragged", [False, True])
def test_encode_gives_the_pooled_representation(cls, params, n_cells, n_features, ragged):
    X = make_sequences(60, n_steps=6, n_channels=2, ragged=ragged, random_state=0)[0]
    model = cls(4, **{**PLAIN, **params}).fit(X, LABELS)
    cells = [part for part in model.module_.modules() if isinstance(part, torch.nn.RNNBase)]
    assert len(cells) == n_cells
    encoded = model.encode(X)
    assert encoded.shape == (60, n_features)
    assert (np.abs(encoded) <= 1).all(), "states of a cell"
    np.testing.assert_allclose(encoded[7], model.encode(X[7:8])[0], atol=1e-5)
    assert np.ptp(encoded, axis=0).min() > 0


def test_encode_feeds_classical_estimators():
    encoder = GRURegressor(8, **SMALL).fit(X, Y)
    pipeline = make_pipeline(FunctionTransformer(encoder.encode), Ridge(alpha=1e-3))
    assert pipeline.fit(X, Y).score(X, Y) > 0.3


@pytest.mark.parametrize(
    "params",
    [{"pooling": p} for p in ("mean", "max", "attention")]
    + [{"bidirectional": True}, {"n_layers": 2}, {"dropout": 0.5}, {"standardize": False}],
    ids=str,
)
@every
def test_every_parameter_changes_the_model(cls, params):
    scaled = 5 * X + 1
    plain, other = (cls(4, **{**PLAIN, **more}).fit(scaled, LABELS) for more in ({}, params))
    assert not np.array_equal(answers(plain, scaled), answers(other, scaled))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 0),
        ("n_layers", 0),
        ("bidirectional", "both"),
        ("pooling", "sum"),
        ("dropout", 1.0),
        ("n_channels", 0),
        ("standardize", "yes"),
    ],
)
@every
def test_parameters_out_of_range_are_told(cls, name, value):
    model = cls(**SMALL).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {cls.__name__} must be"):
        model.fit(X, LABELS)
    assert not hasattr(model, "net_")


def test_the_names_of_poolings_and_losses_are_told():
    with pytest.raises(ValueError, match=r"'attention'.*Got 'sum'"):
        LSTMRegressor(pooling="sum").fit(X[:, :, :1], Y)
    with pytest.raises(ValueError, match=r"'huber'.*Got 'mse'"):
        LSTMRegressor(loss="mse").fit(X, Y)


@every
def test_dropout_is_off_in_prediction(cls):
    model = cls(4, n_layers=2, dropout=0.9, **SMALL).fit(X, LABELS)
    np.testing.assert_array_equal(answers(model, X), answers(model, X))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
@every
def test_the_length_of_batch_mates_does_not_matter(cls, pooling, bidirectional):
    short = make_sequences(30, n_steps=5, n_channels=2, ragged=True, random_state=0)[0]
    model = cls(4, bidirectional=bidirectional, pooling=pooling, **SMALL)
    model.fit([*short, *X[:30]], LABELS)
    among_long = answers(model, [*short, 100 * np.ones((80, 2))])[:30]
    np.testing.assert_allclose(among_long, answers(model, short), atol=1e-5)


def order_matters(n_samples=300, n_steps=12):
    """Is the second half of the steps the louder one? No set of values tells."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_steps))
    y = np.arange(n_samples) % 2
    X[:, : n_steps // 2] *= np.where(y, 0.3, 1.0)[:, None]
    X[:, n_steps // 2 :] *= np.where(y, 1.0, 0.3)[:, None]
    return X, y


@pytest.mark.parametrize("cls", [LSTMClassifier, GRUClassifier])
@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_the_order_of_steps_is_learned(cls, pooling):
    X, y = order_matters()
    model = cls(8, pooling=pooling, max_epochs=25, lr=0.03, random_state=0).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.85


@pytest.mark.parametrize("cls", [LSTMRegressor, GRURegressor])
def test_more_than_a_linear_model_is_learned(cls):
    X, y = make_sequences(600, n_steps=8, noise=0.01, random_state=0)
    model = cls(16, max_epochs=25, lr=0.02, random_state=0).fit(X[:400], y[:400])
    linear = Ridge().fit(X[:400], y[:400]).score(X[400:], y[400:])
    assert model.score(X[400:], y[400:]) > linear + 0.03


@pytest.mark.parametrize("cls", [LSTMRegressor, GRURegressor])
def test_a_trending_level_is_followed(cls):
    """Where a bare recurrence fails: levels beyond those of training."""
    series = np.arange(300) * 0.5 + np.sin(np.arange(300))
    windows = np.lib.stride_tricks.sliding_window_view(series, 13)
    X, y = windows[:, :-1], windows[:, -1]
    model = cls(8, max_epochs=10, random_state=0).fit(X[:200], y[:200])
    errors = np.abs(model.predict(X[200:]) - y[200:])
    assert errors.mean() <= 1.02 * np.abs(X[200:, -1] - y[200:]).mean()


def test_a_warm_start_is_validated_without_the_network_weight_of_the_fit_before():
    X = np.random.default_rng(0).normal(size=(200, 6))
    y = (X**2).mean(1)  # nothing for a linear model
    model = LSTMRegressor(8, max_epochs=1, lr=1e-6, warm_start=True, random_state=0).fit(X, y)
    model.module_.network_weight.fill_(0)
    model.set_params(max_epochs=60, lr=0.01).fit(X, y)
    assert model.best_epoch_ > 5
    assert model.score(X, y) > 0.5


# Accuracy of the defaults on real data (benchmarks/accuracy_series.py has it all) ----------------


@pytest.mark.realdata("series-dev")
@pytest.mark.slow
@pytest.mark.parametrize(("name", "column"), [("temperatures", 0), ("sunspots", 0)])
@pytest.mark.parametrize("horizon", [1, 24])
def test_regression_does_not_lose_to_persistence_or_a_linear_model(name, column, horizon):
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


@pytest.mark.realdata("ucr-dev")
@pytest.mark.slow
@pytest.mark.parametrize(("name", "accuracy"), [("JapaneseVowels", 0.95), ("BasicMotions", 0.9)])
def test_classification(name, accuracy):
    model = LSTMClassifier(random_state=0).fit(*fetch_ucr(name, split="train"))
    assert model.score(*fetch_ucr(name, split="test")) >= accuracy
